"""Which attempts are worth learning from, decided without looking at the reward, and how good that decision was."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import Field, SerializationInfo, SerializerFunctionWrapHandler, field_validator, model_serializer

from webapprentice.core.config import Config
from webapprentice.core.faults import Owner, UsageError
from webapprentice.core.keys import FOR_KEYS
from webapprentice.core.protocols import Scorer, Whole
from webapprentice.core.records import Ending, Judgment, Record, Trajectory
from webapprentice.curate import rules as single
from webapprentice.curate.coverage import Coverage, coverage
from webapprentice.curate.groups import Critique, Likely, Vote
from webapprentice.curate.judging import Judge, JudgeConfig
from webapprentice.curate.rules import Rule, Single
from webapprentice.dialect import Dialect
from webapprentice.metrics import Agreement, agreement
from webapprentice.page.form import Count

_T = TypeVar("_T")

_BLOCK = 256
"""Attempts that wait, with their steps, until a rule asks a model about all of them."""

PRESETS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "paper": ("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9"),
    "label_free": ("page_end", "no_error", "stuck", "words", "typed", "covered", "named", "proper", "vote"),
    "reward": ("reward",),
}
"""`paper`: Patel et al. 2024. `reward` sees the answer and is there as an upper bound alone."""

RULES = (
    *PRESETS["paper"],
    "page_end",
    "no_error",
    "stuck",
    "words",
    "typed",
    "covered",
    "named",
    "proper",
    "aimed",
    "vote",
    "likely",
    "critique",
    "judge",
    "reward",
)
"""Every rule there is."""


class FilterConfig(Config):
    """Which rules decide, in which order, and their parameters."""

    preset: Literal["none", "paper", "label_free", "reward"] = "label_free"
    """Rules by name of a set; ignored where `rules` is given."""
    rules: tuple[str, ...] | None = None
    """Rules in order; each sees only what those before it left."""
    soft: tuple[str, ...] = ()
    """Rules that may not empty a task: where one would drop all that is left of it, it drops nothing there.

    This buys coverage with precision: on a task that is never solved, it keeps wrong attempts.
    """
    repeats: int = Field(default=3, ge=2)
    """F3: an action that occurs this often anywhere in the trajectory drops it."""
    circles: int = Field(default=2, ge=2)
    """stuck: an action that occurs this often on a page that looks the same drops the trajectory."""
    typed_from: Literal["page", "seen"] = "page"
    """typed: whether pages seen earlier count besides the one that was typed on."""
    vote_ties: Literal["drop", "likelier"] = "likelier"
    """vote: what happens when two ways have equally many votes."""
    vote_share: float = Field(default=0.0, ge=0.0, le=1.0)
    """vote: the winner's least share of the attempts left at its episode."""
    vote_least: int = Field(default=1, ge=1)
    """vote: the winner's least number of votes. Two or more starves tasks that are rarely solved."""
    vote_order: bool = True
    """vote: whether the order of the actions matters."""
    likely_share: float = Field(default=0.5, gt=0.0, le=1.0)
    """likely: the upper share of an episode's attempts that passes."""
    likely_least: float | None = None
    """likely: the least log-probability, nats a step; none: any."""
    critique_threshold: float = Field(default=0.5, ge=0.0, le=1.0)
    """critique: the least probability of yes."""
    critique_share: float = Field(default=1.0, gt=0.0, le=1.0)
    """critique: the upper share of an episode's attempts that passes; near 0 keeps the best alone."""
    critique_pool: Literal["mean", "least"] = "mean"
    """critique: how the steps of a trajectory are put together."""
    reward_least: float = Field(default=1.0, gt=0.0, le=1.0)
    """reward: the least score."""
    judge: JudgeConfig = JudgeConfig()
    """judge: a language model that is asked about each attempt."""
    alone: bool = True
    """Also judge everything by each rule on its own, for the report; rules that ask the model are left out."""

    @field_validator("rules", "soft")
    @classmethod
    def _known(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            if name not in RULES:
                near = difflib.get_close_matches(name, RULES, n=1, cutoff=0.3)
                raise ValueError(f"there is no rule {name!r}; " + (f"did you mean {near[0]}?" if near else str(RULES)))
        return names

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """For keys, what came later is left out where it is off: it changes no older result."""
        found: dict[str, Any] = write(self)
        if info.context is FOR_KEYS:
            if "judge" not in self.ordered:
                del found["judge"]
            if self.likely_least is None:
                del found["likely_least"]
        return found

    @property
    def ordered(self) -> tuple[str, ...]:
        """The rules that decide, in order."""
        return PRESETS[self.preset] if self.rules is None else self.rules


class RuleReport(Record):
    """What one rule did. The agreement with the reward is for people to read; nothing selects by it."""

    name: str
    looks_at: str
    seen: int
    """Trajectories left when its turn came."""
    dropped: int
    undecided: int
    """It could not say; these stay."""
    spared: int
    """Would have been dropped, but were all that was left of their task and the rule is soft."""
    reasons: dict[str, int]
    """Why, with the particulars taken out; most frequent first, ten at the most."""
    so_far: Agreement
    """All that were eligible: left after this rule, against solved."""
    coverage: Coverage
    alone_dropped: int | None = None
    """Of all that were eligible, by this rule on its own; None where it was not asked."""
    alone: Agreement | None = None


class Filtered(Record):
    """The outcome of a filter."""

    kept: tuple[str, ...]
    """Keys, in the order given."""
    seen: int
    faulted: dict[str, int]
    """Left out before any rule because something other than the agent failed, by owner."""
    cancelled: int
    eligible: int
    """What the rules chose from."""
    before: Agreement
    """Keeping everything eligible."""
    rules: tuple[RuleReport, ...]
    coverage: Coverage
    """Of what was kept."""
    judgments: dict[str, tuple[Judgment, ...]]
    """By key: what each rule said of it until one dropped it."""


async def filter(
    trajectories: Sequence[Trajectory],
    config: FilterConfig,
    scorer: Scorer | None = None,
    dialect: Dialect | None = None,
    count: Count | None = None,
    judge: Judge | None = None,
    whole: Whole | None = None,
) -> Filtered:
    """Choose by the rules of `config`, in order.

    `words` needs a dialect, `critique` a dialect, a scorer and `count` (tokens of a text), `judge` a judge. With
    `whole`, which gives the trajectories of some keys, those given need no steps: those of one task at a time are in
    memory, and of what waits for a model. What faulted through no doing of the agent, or was cancelled, is never kept.
    Raises UsageError when a rule lacks what it needs, two trajectories share a key, or `whole` does not give them all.
    """
    turns = [_Turn(_rule(name, config, scorer, dialect, count, judge), config) for name in config.ordered]
    if len({trajectory.key for trajectory in trajectories}) < len(trajectories):
        raise UsageError("two trajectories have the same key; give each attempt once")
    faulted = Counter(
        t.fault.owner.value for t in trajectories if t.fault is not None and t.fault.owner is not Owner.AGENT
    )
    sound = [t for t in trajectories if t.fault is None or t.fault.owner is Owner.AGENT]
    eligible = [t for t in sound if t.ending is not Ending.CANCELLED]
    eligible_by_key = {t.key: t for t in eligible}
    first = next((place for place, turn in enumerate(turns) if turn.asks), len(turns))
    passed: set[str] = set()
    waiting: list[Trajectory] = []
    tasks = _tasks(eligible)
    for number, keys in enumerate(tasks, 1):
        everyone = _complete(eligible_by_key, keys, whole)
        left = everyone
        for turn in turns[:first]:
            left = await turn.take(left)
        for turn in turns:
            await turn.alone(everyone)
        waiting += left
        if len(waiting) >= _BLOCK or first == len(turns) or number == len(tasks):
            for turn in turns[first:]:
                waiting = await turn.take(waiting)
            passed.update(t.key for t in waiting)
            waiting = []
        del everyone, left  # before the next ones are read
    return Filtered(
        kept=tuple(t.key for t in eligible if t.key in passed),
        seen=len(trajectories),
        faulted=dict(sorted(faulted.items())),
        cancelled=len(sound) - len(eligible),
        eligible=len(eligible),
        before=_agreement(eligible, {t.key for t in eligible}),
        rules=tuple(turn.report(eligible) for turn in turns),
        coverage=coverage(eligible, passed),
        judgments={t.key: tuple(turn.said[t.key] for turn in turns if t.key in turn.said) for t in eligible},
    )


def _tasks(eligible: Sequence[Trajectory]) -> list[list[str]]:
    """Keys of the attempts at each task: rules compare nothing across tasks."""
    tasks: dict[str, list[str]] = {}
    for trajectory in eligible:
        tasks.setdefault(trajectory.task.id, []).append(trajectory.key)
    return list(tasks.values())


def _complete(given: Mapping[str, Trajectory], keys: Sequence[str], whole: Whole | None) -> list[Trajectory]:
    if whole is None:
        return [given[key] for key in keys]
    found = list(whole(keys))
    if [t.key for t in found] != list(keys):
        raise UsageError(f"{len(keys) - len(found)} of {len(keys)} attempts at {given[keys[0]].task.id} have gone")
    return found


class _Turn:
    """One rule, and what it said so far."""

    def __init__(self, rule: Rule, config: FilterConfig) -> None:
        self.said: dict[str, Judgment] = {}
        """Of those that were left when its turn came, by key."""
        self._rule = rule
        self._sees = blind if "reward" not in rule.needs else _as_is
        self._soft = rule.name in config.soft
        self._after: set[str] = set()
        self._spared = 0
        self.asks = bool(rule.needs & {"scorer", "judge"})
        """It asks a model, which answers many at once."""
        self._alone: set[str] | None = set() if config.alone and not self.asks else None

    async def take(self, left: list[Trajectory]) -> list[Trajectory]:
        """Judge those that are left of some whole tasks; gives those that pass."""
        said = await self._rule.judge([self._sees(t) for t in left])
        passing = _passing(left, said)
        spared = _spared(left, passing) if self._soft else set()
        self.said.update(zip((t.key for t in left), said, strict=True))
        self._after |= passing | spared
        self._spared += len(spared)
        return [t for t in left if t.key in passing or t.key in spared]

    async def alone(self, everyone: list[Trajectory]) -> None:
        """Judge all attempts at a task by this rule on its own, where that is wanted."""
        if self._alone is not None:
            said = [self.said[t.key] for t in everyone if t.key in self.said]
            if len(said) < len(everyone):
                said = await self._rule.judge([self._sees(t) for t in everyone])
            self._alone |= _passing(everyone, said)

    def report(self, eligible: Sequence[Trajectory]) -> RuleReport:
        """What it did in all."""
        said = [self.said[t.key] for t in eligible if t.key in self.said]
        reasons = Counter(_kind(judgment.reason) for judgment in said if judgment.passed is False)
        return RuleReport(
            name=self._rule.name,
            looks_at=self._rule.looks_at,
            seen=len(said),
            dropped=len(said) - len(self._after),
            undecided=sum(judgment.passed is None for judgment in said),
            spared=self._spared,
            reasons=dict(reasons.most_common(10)),
            so_far=_agreement(eligible, self._after),
            coverage=coverage(eligible, self._after),
            alone_dropped=None if self._alone is None else len(eligible) - len(self._alone),
            alone=None if self._alone is None else _agreement(eligible, self._alone),
        )


def _passing(seen: Sequence[Trajectory], said: Sequence[Judgment]) -> set[str]:
    """What was not dropped; where a rule could not say, it stays."""
    return {t.key for t, judgment in zip(seen, said, strict=True) if judgment.passed is not False}


def blind(trajectory: Trajectory) -> Trajectory:
    """The trajectory without whatever could tell the reward."""
    task = trajectory.task.model_copy(update={"evaluator": {}})
    return trajectory.model_copy(update={"score": None, "raw_reward": None, "judgments": (), "task": task})


def _as_is(trajectory: Trajectory) -> Trajectory:
    return trajectory


def _spared(seen: Sequence[Trajectory], passing: set[str]) -> set[str]:
    """Everything seen of the tasks of which nothing passes."""
    alive = {trajectory.task.id for trajectory in seen if trajectory.key in passing}
    return {trajectory.key for trajectory in seen if trajectory.task.id not in alive}


def _agreement(eligible: Sequence[Trajectory], kept: set[str]) -> Agreement:
    return agreement(
        [trajectory.key in kept for trajectory in eligible],
        [None if trajectory.score is None else trajectory.succeeded for trajectory in eligible],
        [trajectory.task.template or trajectory.task.id for trajectory in eligible],
    )


def _kind(reason: str) -> str:
    """A reason without its particulars: quoted words and numbers."""
    words = reason.split("'")[0].split('"')[0].split()
    return " ".join("…" if word.strip(",").replace(".", "").replace("-", "").isdigit() else word for word in words)


def _rule(
    name: str,
    config: FilterConfig,
    scorer: Scorer | None,
    dialect: Dialect | None,
    count: Count | None,
    judge: Judge | None = None,
) -> Rule:
    """The rule of this name with its parameters. Raises UsageError when it lacks what it needs."""
    if name in single.PAPER:
        looks_at, why_not = single.PAPER[name]
        return Single(name, looks_at, why_not)
    match name:
        case "vote":
            return Vote(config.vote_ties, config.vote_share, config.vote_least, config.vote_order)
        case "likely":
            return Likely(config.likely_share, -math.inf if config.likely_least is None else config.likely_least)
        case "words":
            known = _needed(dialect, name, "a dialect")
            return Single(
                name,
                "whether the words of an action name the element its id points at",
                lambda trajectory: single.misnames(trajectory, known),
                frozenset({"dialect"}),
            )
        case "critique":
            return Critique(
                _needed(scorer, name, "a model that can score answers"),
                _needed(dialect, name, "a dialect"),
                _needed(count, name, "a way to count tokens"),
                config.critique_threshold,
                config.critique_share,
                config.critique_pool,
            )
        case "judge":
            return _needed(judge, name, "a model that judges (filter.judge.model)")
        case "reward":
            return Single(
                name,
                "THE REWARD (an upper bound, not label-free)",
                lambda trajectory: single.unrewarded(trajectory, config.reward_least),
                frozenset({"reward"}),
            )
    looks_at, why_not = _plain(config)[name]
    return Single(name, looks_at, why_not)


def _plain(config: FilterConfig) -> dict[str, tuple[str, Callable[[Trajectory], str | None]]]:
    """Rules that need nothing but a trajectory and perhaps a parameter."""
    return {
        "F3": ("how often one action occurs", lambda trajectory: single.repeats(trajectory, config.repeats)),
        "stuck": (
            "how often one action occurs on a page that looks the same",
            lambda trajectory: single.stuck(trajectory, config.circles),
        ),
        "page_end": ("whether the page ended the episode", single.not_ended_by_page),
        "no_error": ("whether every action was carried out", single.has_error),
        "typed": (
            "whether what was typed stands in the objective or on the page",
            lambda trajectory: single.invents(trajectory, config.typed_from),
        ),
        "named": ("whether what the objective names and the page offers was used", single.ignores),
        "proper": ("whether every proper name of the objective was used", single.forgets),
        "aimed": ("whether the objective names what was pressed", single.strays),
        "covered": ("whether every quoted string of the objective was used", single.leaves_out),
    }


def _needed(thing: _T | None, rule: str, what: str) -> _T:
    if thing is None:
        raise UsageError(f"the rule {rule!r} needs {what}; give one, or leave the rule out")
    return thing
