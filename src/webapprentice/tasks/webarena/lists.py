"""Selections of tasks by name or by what they are about, and what a task is in one line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.records import Record, Task
from webapprentice.core.text import squeeze
from webapprentice.tasks.webarena.records import STRING_CHECKS, Effect, TaskRecord, effect, record_of

PACKAGE: Final = "webarena_verified"
_PACKAGED: Final = {
    "verified": "assets/dataset/webarena-verified.json",
    "hard": "assets/dataset/subsets/webarena-verified-hard.json",
}
SIZES: Final = {"lite": 165, "verified": 812, "hard": 258}
"""How many tasks each named list has."""


def packaged(name: str) -> Path | None:
    """Where the installed `webarena-verified` package keeps a list; None where it does not, or is not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations or name not in _PACKAGED:
        return None
    found = Path(next(iter(spec.submodule_search_locations))) / _PACKAGED[name]
    return found if found.is_file() else None


def selection(name: str, file: Path | str | None = None) -> tuple[str, ...]:
    """The `task_id`s, in WebArena's own numbering, of the list `lite`, `verified` or `hard`, in its order.

    `file` is a list of task records, of numbers, or an object with `task_ids`; WebArena-Lite numbers its tasks anew and
    keeps WebArena's number as `old_task_id`. Without it the installed `webarena-verified` package is asked.

    Raises UsageError where the file is no such list or has another length, UnavailableError where there is no file.
    """
    if name not in SIZES:
        raise UsageError(f"no list is called {name!r}; there are {', '.join(SIZES)}")
    path = Path(file) if file is not None else packaged(name)
    if path is None:
        hint = "name its file" if name == "lite" else "name its file, or pip install webarena-verified"
        raise UnavailableError(f"the list {name!r} is not on this machine; {hint}")
    found = _numbers(path)
    if len(found) != SIZES[name]:
        raise UsageError(f"{path} has {len(found)} tasks; the list {name!r} has {SIZES[name]}: is it another file?")
    return found


def _numbers(path: Path) -> tuple[str, ...]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        rows = held["task_ids"] if isinstance(held, dict) else held
        found = [str(row.get("old_task_id", row["task_id"]) if isinstance(row, dict) else int(row)) for row in rows]
    except OSError as error:
        raise UsageError(f"cannot read the list {path}: {error}; check the path") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{path} is no list of tasks ({error}); it should hold task records or numbers") from error
    return tuple(dict.fromkeys(found))


def select(records: Iterable[TaskRecord], ids: Collection[str]) -> list[TaskRecord]:
    """The records with these numbers, in the order of the numbers. Raises UsageError where one is missing."""
    known = {record.id: record for record in records}
    missing = [number for number in ids if number not in known]
    if missing:
        raise UsageError(
            f"{len(missing)} tasks of the list are not in the records, first {missing[0]}; give all of WebArena's"
        )
    return [known[number] for number in ids]


class Description(Record):
    """What a task is, for listing and searching."""

    id: str
    sites: tuple[str, ...]
    template: str
    """The template's number."""
    words: str
    """The template itself with `{{name}}`; the objective where there is none."""
    values: dict[str, Any]
    """What stands for each name of the template."""
    evaluators: tuple[str, ...]
    """Such as `string_match.must_include`, each once, in the record's order."""
    effect: Effect
    pages: int
    """Pages that the episode starts with."""
    require_reset: bool
    """The record says that the sites must be as new."""

    @property
    def line(self) -> str:
        """All of it in one line of text."""
        sites, kinds = "+".join(self.sites), ", ".join(self.evaluators)
        return squeeze(f"{self.id} [{sites}] {self.effect}, {self.template} {self.words!r}: {kinds}")


def describe(task: Task) -> Description:
    """The description of a task made of a record. Raises UsageError for any other."""
    record = record_of(task)
    return Description(
        id=task.id,
        sites=task.sites,
        template=task.template,
        words=record.template or record.intent,
        values=record.instantiation,
        evaluators=evaluator_kinds(record),
        effect=effect(record),
        pages=len(record.start_urls),
        require_reset=record.require_reset,
    )


def evaluator_kinds(record: TaskRecord) -> tuple[str, ...]:
    """What judges a record: `url_match`, or `string_match` and `program_html` with the way they compare."""
    kinds: list[str] = []
    for kind in record.eval_types:
        if kind == "string_match":
            references = record.eval.get("reference_answers")
            kinds += [f"{kind}.{how}" for how in references] if isinstance(references, dict) else [kind]
        elif kind == "program_html":
            wanted = [target["required_contents"] for target in record.targets]
            kinds += [f"{kind}.{next(how for how in STRING_CHECKS if how in one)}" for one in wanted]
        else:
            kinds.append(kind)
    return tuple(dict.fromkeys(kinds))


def search(
    tasks: Sequence[Task], words: str = "", sites: Collection[str] = (), evaluators: Collection[str] = ()
) -> list[Task]:
    """The tasks whose objective or template has all the words, that use one of the sites, and are judged by one of
    the evaluators (`url_match`, or a beginning such as `string_match`); what is not given does not count.
    """
    wanted = words.casefold().split()
    found = []
    for task in tasks:
        what = describe(task)
        text = f"{task.goal} {what.words}".casefold()
        if (
            all(word in text for word in wanted)
            and (not sites or set(sites) & set(task.sites))
            and (not evaluators or any(kind.startswith(tuple(evaluators)) for kind in what.evaluators))
        ):
            found.append(task)
    return found
