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
from webapprentice.core.protocols import Scorer
from webapprentice.core.records import Ending, Judgment, Record, Trajectory
from webapprentice.curate import rules as single
from webapprentice.curate.groups import Critique, Likely, Vote
from webapprentice.curate.judging import Judge, JudgeConfig
from webapprentice.curate.rules import Rule, Single
from webapprentice.dialect import Dialect
from webapprentice.metrics import Agreement, agreement
from webapprentice.page.form import Count

_T = TypeVar("_T")

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


class Coverage(Record):
    """How many tasks a set of trajectories still teaches. A precise filter that starves tasks teaches nothing new."""

    tasks: int
    """Tasks with anything to choose from."""
    covered: int
    """Tasks with at least one trajectory in the set."""
    expected: float
    """Tasks that a random choice of as many trajectories would cover on average (hypergeometric): well above
    `covered`, the choice is concentrated on a few easy tasks."""
    effective: float
    """1 / Σ share², over the tasks' shares of the set (Simpson): how many tasks alike it amounts to; 0 when empty."""
    kept: dict[str, int]
    """Trajectories in the set, by task; 0 for a starved one."""

    @property
    def starved(self) -> tuple[str, ...]:
        """Tasks with nothing left."""
        return tuple(task for task, count in self.kept.items() if count == 0)


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
) -> Filtered:
    """Choose by the rules of `config`, in order.

    `words` needs a dialect, `critique` a dialect, a scorer and `count` (tokens of a text), `judge` a judge. What
    faulted through no doing of the agent, or was cancelled, is never kept. Raises UsageError when a rule lacks what it
    needs, or two trajectories share a key.
    """
    chosen = [_rule(name, config, scorer, dialect, count, judge) for name in config.ordered]
    if len({trajectory.key for trajectory in trajectories}) < len(trajectories):
        raise UsageError("two trajectories have the same key; give each attempt once")
    faulted = Counter(
        t.fault.owner.value for t in trajectories if t.fault is not None and t.fault.owner is not Owner.AGENT
    )
    whole = [t for t in trajectories if t.fault is None or t.fault.owner is Owner.AGENT]
    eligible = [t for t in whole if t.ending is not Ending.CANCELLED]
    left = [t.key for t in eligible]
    judgments: dict[str, tuple[Judgment, ...]] = dict.fromkeys(left, ())
    reports = []
    for rule in chosen:
        report, left = await _apply(rule, config, eligible, left, judgments)
        reports.append(report)
    return Filtered(
        kept=tuple(left),
        seen=len(trajectories),
        faulted=dict(sorted(faulted.items())),
        cancelled=len(whole) - len(eligible),
        eligible=len(eligible),
        before=_agreement(eligible, {t.key for t in eligible}),
        rules=tuple(reports),
        coverage=coverage(eligible, set(left)),
        judgments=judgments,
    )


async def _apply(
    rule: Rule,
    config: FilterConfig,
    eligible: Sequence[Trajectory],
    left: Sequence[str],
    judgments: dict[str, tuple[Judgment, ...]],
) -> tuple[RuleReport, list[str]]:
    """One rule's turn: its report and the keys it leaves. `judgments` grows by what it says."""
    remaining = set(left)
    sees = blind if "reward" not in rule.needs else _as_is
    seen = [t for t in eligible if t.key in remaining]
    said = await rule.judge([sees(t) for t in seen])
    passing = {t.key for t, judgment in zip(seen, said, strict=True) if judgment.passed is not False}
    spared = _spared(seen, passing) if rule.name in config.soft else set()
    for trajectory, judgment in zip(seen, said, strict=True):
        judgments[trajectory.key] += (judgment,)
    reasons = Counter(_kind(judgment.reason) for judgment in said if judgment.passed is False)
    after = passing | spared
    alone: set[str] | None = None
    if config.alone and not rule.needs & {"scorer", "judge"}:
        own = said if len(seen) == len(eligible) else await rule.judge([sees(t) for t in eligible])
        alone = {t.key for t, judgment in zip(eligible, own, strict=True) if judgment.passed is not False}
    report = RuleReport(
        name=rule.name,
        looks_at=rule.looks_at,
        seen=len(seen),
        dropped=len(seen) - len(after),
        undecided=sum(judgment.passed is None for judgment in said),
        spared=len(spared),
        reasons=dict(reasons.most_common(10)),
        so_far=_agreement(eligible, after),
        coverage=coverage(eligible, after),
        alone_dropped=None if alone is None else len(eligible) - len(alone),
        alone=None if alone is None else _agreement(eligible, alone),
    )
    return report, [key for key in left if key in after]


def blind(trajectory: Trajectory) -> Trajectory:
    """The trajectory without whatever could tell the reward."""
    task = trajectory.task.model_copy(update={"evaluator": {}})
    return trajectory.model_copy(update={"score": None, "raw_reward": None, "judgments": (), "task": task})


def coverage(eligible: Sequence[Trajectory], kept: set[str]) -> Coverage:
    """How the kept ones spread over the tasks that there were."""
    sizes = Counter(trajectory.task.id for trajectory in eligible)
    counts = dict.fromkeys(sorted(sizes), 0)
    for trajectory in eligible:
        counts[trajectory.task.id] += trajectory.key in kept
    total, chosen = len(eligible), sum(counts.values())
    squares = sum(count * count for count in counts.values())
    return Coverage(
        tasks=len(counts),
        covered=sum(count > 0 for count in counts.values()),
        expected=sum(1.0 - _none_drawn(total, size, chosen) for size in sizes.values()),
        effective=chosen * chosen / squares if squares else 0.0,
        kept=counts,
    )


def _none_drawn(total: int, size: int, drawn: int) -> float:
    """The probability that `drawn` of `total`, without replacement, miss all `size`.

    C(total - size, drawn) / C(total, drawn)
    """
    if drawn > total - size:
        return 0.0
    log = (
        math.lgamma(total - size + 1)
        - math.lgamma(total - size - drawn + 1)
        - math.lgamma(total + 1)
        + math.lgamma(total - drawn + 1)
    )
    return math.exp(log)


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
