"""WebArena's tasks and their evaluators: records, what is looked at when an episode ends, and the verdict on it."""

from webapprentice.tasks.webarena.evidence import Evidence, Target, collect
from webapprentice.tasks.webarena.judging import Part, Verdict, judge
from webapprentice.tasks.webarena.looking import Looker, OpenedPage, Page, ScriptError
from webapprentice.tasks.webarena.mends import corrected
from webapprentice.tasks.webarena.questions import Question
from webapprentice.tasks.webarena.records import (
    TaskRecord,
    changes_state,
    parse_record,
    read_records,
    record_of,
    task_of,
    tasks_from,
)

__all__ = [
    "Evidence",
    "Looker",
    "OpenedPage",
    "Page",
    "Part",
    "Question",
    "ScriptError",
    "Target",
    "TaskRecord",
    "Verdict",
    "changes_state",
    "collect",
    "corrected",
    "judge",
    "parse_record",
    "read_records",
    "record_of",
    "task_of",
    "tasks_from",
]
