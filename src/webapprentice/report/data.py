"""What a report shows, as frozen records. Whoever ran the runs fills them; nothing here is computed from pages.

`None` always means "not measured" and is shown in these words; 0 means that somebody looked and found nothing.
Rates and differences are fractions (0.093, not 9.3).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import ConfigDict, Field

from webapprentice.core.actions import Action
from webapprentice.core.records import Ending, Outcome, Record
from webapprentice.metrics import Interval


class Split(StrEnum):
    """Which tasks a number speaks of."""

    ALL = "all"
    ATTEMPTED = "attempted"
    """The model practised on them, on other seeds."""
    HELD_OUT = "held_out"
    """Never attempted while practising."""


class Role(StrEnum):
    """What an arm is for."""

    BASE = "base"
    NO_FILTER = "no_filter"
    LABEL_FREE = "label_free"
    REWARD = "reward"
    """Selected by the programmatic reward: an upper bound, never the result."""
    OTHER = "other"


class Rate(Record):
    """How many episodes were solved."""

    solved: int = Field(ge=0)
    counted: int = Field(ge=0)
    """Judged episodes without a fault of environment, model or evaluator: `Trajectory.countable`."""
    faults: int | None = None
    """Episodes kept out of `counted` because something other than the agent failed."""
    interval: Interval | None = None
    """Wilson, 95 %, of solved / counted."""

    @property
    def value(self) -> float | None:
        """Success rate with faults left out; None when nothing was counted."""
        return self.solved / self.counted if self.counted else None

    @property
    def strict(self) -> float | None:
        """Success rate with every fault read as a failure; None when the faults were not counted."""
        total = self.counted + (self.faults or 0)
        return None if self.faults is None or not total else self.solved / total


class Difference(Record):
    """One arm minus the base, on the same tasks and seeds."""

    value: float
    interval: Interval | None = None
    """Percentile bootstrap, 95 %, tasks resampled as whole clusters, and training seeds where there are several."""
    relative: Interval | None = None
    """Ratio of the two rates minus 1, with the same kind of interval; None where the base may be 0."""
    pairs: int | None = None
    """Episodes that both arms finished without a fault."""
    clusters: int | None = None
    """Tasks."""
    better: int | None = None
    worse: int | None = None
    sign_unit: Literal["tasks", "episodes"] = "tasks"
    """What `better` and `worse` count."""
    sign_p: float | None = None
    """Exact two-sided sign test of `better` against `worse`."""


class Arm(Record):
    """One model under examination."""

    key: str
    """Short and unique in a report: base, none, label_free, reward."""
    title: str
    role: Role = Role.OTHER
    note: str = ""
    training_seeds: tuple[int, ...] = ()
    model: str = ""
    """Content key of the weights."""


class Cell(Record):
    """One number of the full table."""

    arm: str
    temperature: float
    """0 is greedy."""
    split: Split = Split.ALL
    rate: Rate
    tasks: int | None = None
    difference: Difference | None = None
    """Against the base in the same column; None for the base itself."""
    by_seed: tuple[float, ...] = ()
    """Success rate of each training seed apart, in the arm's order; empty where there is one seed."""


class TaskRow(Record):
    """One task before and after, at one temperature."""

    task: str
    split: Split
    """`attempted` or `held_out`."""
    temperature: float
    base: Rate | None = None
    improved: Rate | None = None


class RuleRow(Record):
    """What one rule of the filter did. Rules stand in the order in which they were applied."""

    name: str
    description: str = ""
    seen: int
    dropped: int
    precision: float | None = None
    """Share of what is left after this rule that the programmatic reward calls solved. Never used to select."""
    recall: float | None = None
    """Share of all solved attempts that is left after this rule. Never used to select."""
    tasks: int | None = None
    """Tasks that still have at least one attempt left."""


class Curation(Record):
    """From attempts to training rows."""

    attempts: int
    kept: int
    rules: tuple[RuleRow, ...] = ()
    tasks: int | None = None
    """Tasks attempted."""
    tasks_kept: int | None = None
    """Tasks with at least one kept attempt."""
    base_precision: float | None = None
    """Share of all attempts that the programmatic reward calls solved."""
    rows: int | None = None
    """Training rows made from what was kept."""
    note: str = ""


class LossPoint(Record):
    """Loss after so many updates."""

    step: int
    loss: float


class Training(Record):
    """One training run."""

    arm: str
    """Key of the arm that it made."""
    seed: int | None = None
    method: str | None = None
    """Such as `full` or `LoRA r 8`."""
    loss: tuple[LossPoint, ...] = ()
    validation: tuple[LossPoint, ...] = ()
    rows: int | None = None
    epochs: float | None = None
    updates: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    parameters: int | None = None
    """Trainable parameters."""
    seconds: float | None = None


class ShownStep(Record):
    """One step as a card."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    page: str | None = None
    """The page text that the model read."""
    url: str = ""
    screenshot: bytes | None = None
    """A PNG."""
    viewport: tuple[int, int] = (0, 0)
    """What the screenshot shows, in CSS pixels."""
    box: tuple[int, int, int, int] | None = None
    """x, y, width, height of the action's element in CSS pixels."""
    box_to: tuple[int, int, int, int] | None = None
    """The same of a drag's second element."""
    target: str = ""
    """The element in words."""
    said: str
    action: Action | None = None
    unread: str | None = None
    outcome: Outcome
    probability: float | None = None
    """Of the words said, at temperature 1."""
    seconds: float | None = None


class Attempt(Record):
    """One trajectory, step by step."""

    arm: str
    """Title of the arm that acted."""
    steps: tuple[ShownStep, ...] = ()
    ending: Ending
    score: float | None = None
    fault: str = ""
    dropped_by: str | None = None
    """The rule that refused it; None when it was kept or when no filter looked."""
    temperature: float | None = None
    seconds: float | None = None
    key: str = ""

    @property
    def succeeded(self) -> bool | None:
        """None: never judged."""
        return None if self.score is None else self.score >= 1.0


class CaseKind(StrEnum):
    """Why a case is shown."""

    GAINED = "gained"
    """The base failed, the improved model succeeded."""
    LOST = "lost"
    BOTH_FAIL = "both_fail"
    BOTH_SUCCEED = "both_succeed"
    DROPPED_GOOD = "dropped_good"
    """A rule refused an attempt that the reward calls solved."""
    DROPPED_BAD = "dropped_bad"
    KEPT_GOOD = "kept_good"
    KEPT_BAD = "kept_bad"
    """The filter was fooled."""
    FAULT = "fault"
    OTHER = "other"


class Case(Record):
    """One goal and who tried to reach it: base and improved side by side, or one practice attempt."""

    kind: CaseKind
    task: str
    goal: str
    seed: int | None = None
    split: Split | None = None
    attempts: tuple[Attempt, ...]


class Stage(Record):
    """One part of the run and its wall time."""

    name: str
    seconds: float | None = None
    note: str = ""


class Origin(Record):
    """Enough to make the report again."""

    run: str = ""
    created: str = ""
    command: str = ""
    """What to type to reproduce it."""
    config: str = ""
    """The resolved configuration, as text."""
    config_hash: str = ""
    models: dict[str, str] = Field(default_factory=dict)
    """Arm or role → content key of its weights."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Package → version."""
    commit: str = ""
    browser: str = ""
    machine: str = ""
    cores: int | None = None
    stages: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()


class ReportData(Record):
    """Everything that one report shows."""

    schema_version: Literal[1] = 1
    title: str = "Did the apprentice get better?"
    base: str
    """Key of the arm compared with."""
    improved: str
    """Key of the arm whose gain is claimed or denied."""
    arms: tuple[Arm, ...]
    cells: tuple[Cell, ...] = ()
    tasks: tuple[TaskRow, ...] = ()
    curation: Curation | None = None
    trainings: tuple[Training, ...] = ()
    cases: tuple[Case, ...] = ()
    origin: Origin = Origin()

    @property
    def temperatures(self) -> tuple[float, ...]:
        """All temperatures of the cells, the highest first, so that greedy comes last."""
        return tuple(sorted({cell.temperature for cell in self.cells}, reverse=True))

    def arm(self, key: str) -> Arm | None:
        """The arm of this key; None where there is none."""
        return next((arm for arm in self.arms if arm.key == key), None)

    def cell(self, arm: str, temperature: float, split: Split = Split.ALL) -> Cell | None:
        """One cell of the full table; None where it was not measured."""
        wanted = (arm, temperature, split)
        return next((cell for cell in self.cells if (cell.arm, cell.temperature, cell.split) == wanted), None)

    def without_screenshots(self) -> Self:
        """A lighter copy, for keeping as JSON beside the page."""
        cases = []
        for case in self.cases:
            attempts = [
                attempt.with_(steps=tuple(step.with_(screenshot=None) for step in attempt.steps))
                for attempt in case.attempts
            ]
            cases.append(case.with_(attempts=tuple(attempts)))
        return self.with_(cases=tuple(cases))
