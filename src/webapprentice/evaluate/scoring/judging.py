"""One setting's measures: what is kept of each step, and the table that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webapprentice.core.actions import Action
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Step, Trajectory
from webapprentice.curate.sheets import Sheet
from webapprentice.evaluate.scoring.config import ScoreConfig
from webapprentice.evaluate.scoring.labels import Labelled, Ranking
from webapprentice.metrics import Figure, Match, difference, exact_match, match, micro, ratio
from webapprentice.metrics.legacy import LegacyJudged, LegacyWanted, legacy_step, legacy_table
from webapprentice.metrics.mind2web import Judged, Place, Wanted, direct, judge, operation_of, pick


class Question:
    """One step of one trajectory, with all that judging an answer needs."""

    def __init__(self, trajectory: Trajectory, place: int, sheet: Sheet | None, labelled: Labelled | None) -> None:
        self.trajectory = trajectory
        self.place = place
        self.sheet = sheet
        """None: the step has no target on its page, so that nobody is asked."""
        self.labelled = labelled

    @property
    def step(self) -> Step:
        """What was recorded."""
        return self.trajectory.steps[self.place]


class Judge:
    """Gathers one column of a table: one model at one temperature, or one baseline."""

    def __init__(self, config: ScoreConfig, ranking: Ranking | None) -> None:
        self._config = config
        self._ranking = ranking
        self._clusters: list[str] = []
        self._tasks: list[str] = []
        self._names: list[str] = []
        self._matches: list[Match] = []
        self._judged: list[Judged] = []
        self._ranked: list[float] = []
        self._in_context: list[float] = []
        self._legacy: list[LegacyJudged] = []

    def take(self, question: Question, said: Action | None, answers: Sequence[str] | None = None) -> None:
        """Judge what was said of one step; `answers` are all of a model's own words, for the released arithmetic."""
        trajectory, sheet, labelled = question.trajectory, question.sheet, question.labelled
        self._clusters.append(trajectory.task.template or trajectory.task.id)
        self._tasks.append(trajectory.task.id)
        self._names.append(f"{trajectory.key}/{question.place}")
        if labelled is None:
            step = question.step
            assert step.action is not None
            assert sheet is not None
            node = getattr(step.action, "node", None)
            self._matches.append(match(said, step.action, node is None or node in sheet.shown))
            return
        wanted = labelled.wanted
        place = labelled.place(getattr(said, "node", None))
        operation = operation_of(said) if said is not None else None
        shown = sheet is not None and any(node in sheet.shown for node in labelled.nodes(wanted.positives))
        self._in_context.append(float(shown))
        ranking: tuple[str, ...] = ()
        stored: tuple[str, ...] = ()
        if self._config.setting == "mind2web_qa" or answers is not None:
            ranking, stored = self._candidates(question, labelled)
        if self._config.setting == "mind2web_qa":
            cut = ranking[: self._config.top or None]
            self._ranked.append(float(not set(cut).isdisjoint(wanted.positives)))
            chosen = pick(place, ranking, self._config.top)
            place = Place(element=chosen) if chosen is not None else None
        self._judged.append(judge(place, operation, wanted, labelled.words(wanted.positives)))
        if answers is not None:
            self._legacy.append(_by_release(question, labelled, wanted, answers, stored))

    @property
    def right(self) -> list[float]:
        """1 for each step that was right in all, else 0."""
        return [float(one.exact) for one in self._matches] or [one.step for one in self._judged]

    @property
    def by_step(self) -> dict[str, float]:
        """`TRAJECTORY/PLACE` → 1 where that step was right in all, else 0."""
        return dict(zip(self._names, self.right, strict=True))

    def against(self, earlier: Mapping[str, float], name: str) -> tuple[Figure, Figure]:
        """How much more, and how many times as many, steps are right than they were."""
        before = [earlier[step] for step in self._names]
        return (
            difference(f"{name}, now less before", self.right, before, self._clusters),
            ratio(f"{name}, now over before", self.right, before, self._clusters),
        )

    def ahead_of(self, other: Judge, name: str) -> Figure:
        """How many more steps were right than with another, on the same steps."""
        return difference(name, self.right, other.right, self._clusters)

    def figures(self) -> tuple[Figure, ...]:
        """The column."""
        if self._config.setting == "exact":
            return exact_match(self._matches, self._clusters)
        qa = self._config.setting == "mind2web_qa"
        figures = [*direct(self._judged, self._tasks, refined=not qa)]
        figures.append(micro("a positive in context", self._in_context, self._tasks))
        if qa:
            figures.append(micro("a positive among the candidates", self._ranked, self._tasks))
        return (*figures, *(legacy_table(self._legacy, self._tasks) if self._legacy else ()))

    def _candidates(self, question: Question, labelled: Labelled) -> tuple[tuple[str, ...], tuple[str, ...]]:
        trajectory = question.trajectory
        given = None
        if self._ranking is not None:
            name = trajectory.task.id.partition("/")[2]
            given = self._ranking.get(sample := f"{name}_{labelled.told.uid}")
            if given is None and question.sheet is not None:
                raise UsageError(
                    f"the file of candidates has none for {sample}; give one for every step that is scored"
                )
        return labelled.ranking(trajectory.goal, given)


def _by_release(
    question: Question, labelled: Labelled, wanted: Wanted, answers: Sequence[str], stored: Sequence[str]
) -> LegacyJudged:
    sheet = question.sheet
    if sheet is None:
        return LegacyJudged()
    back = {number: node for node, number in (sheet.numbers or {}).items()}

    def shown(nodes: Sequence[int]) -> tuple[int, ...]:
        return tuple(number for node in nodes if (number := sheet.number(node)) is not None)

    def around(number: int) -> Sequence[int]:
        return shown(labelled.around(back.get(number, -1) if sheet.numbers is not None else number))

    positives = labelled.nodes(wanted.positives)
    return legacy_step(
        answers,
        LegacyWanted(
            positives=shown(positives),
            inside=shown(labelled.inside(wanted.positives)),
            operation=wanted.operation,
            description=labelled.told.text,
            in_dom=any(node in sheet.shown for node in positives),
        ),
        shown([node for name in stored for node in labelled.nodes([name])]),
        around,
    )
