"""Rules about the attempts at one episode: the same task with the same seed, tried several times."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from webapprentice.core.actions import Action
from webapprentice.core.protocols import Prompt, Scorer
from webapprentice.core.records import Judgment, Observation, Result, Trajectory
from webapprentice.core.text import spaced
from webapprentice.curate.rules import Needs
from webapprentice.dialect import Dialect
from webapprentice.page.form import Count

_BATCH = 256
"""Answers scored in one call."""

Signature = tuple[str, ...]


def by_episode(trajectories: Iterable[Trajectory]) -> dict[tuple[str, int], list[int]]:
    """Places of the attempts at each (task, seed)."""
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, trajectory in enumerate(trajectories):
        groups[trajectory.task.id, trajectory.provenance.seed].append(place)
    return dict(groups)


def mean_logprob(trajectory: Trajectory) -> float | None:
    """Mean over the steps of the log-probability of what was said, nats a step; None where a step has none."""
    found = [step.logprob for step in trajectory.steps]
    known = [logprob for logprob in found if logprob is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None


def element_name(node: int, observation: Observation) -> str:
    """Role, name and place among its likes: what an element is called without its id.

    Elements that look alike are told apart by their order, so the third of nine nameless squares is not the fourth.
    """
    alike = 0
    words = ""
    for element in reversed(observation.elements):
        if words and _looks(element.role or element.tag, element.name or element.text) == words:
            alike += 1
        elif element.id == node:
            words = _looks(element.role or element.tag, element.name or element.text)
    return f"{words} #{alike}" if words else f"? [{node}]"


def _looks(kind: str, name: str) -> str:
    return f"{kind} {spaced(name)}".casefold()


def spelled(action: Action, observation: Observation) -> str:
    """The action with its elements by name: equal for two attempts that did the same, whatever the ids."""
    fields = action.model_dump(mode="json")
    for end in ("node", "to"):
        if isinstance(fields.get(end), int):
            fields[end] = element_name(fields[end], observation)
    return " ".join(f"{name}={value!r}" for name, value in sorted(fields.items()) if value is not None)


def signature(trajectory: Trajectory, order: bool) -> Signature:
    """What the attempt did, step by step; without order, as a sorted bag. Actions that came to nothing are left out."""
    did = [
        spelled(step.action, step.observation)
        for step in trajectory.steps
        if step.action is not None and step.outcome.result is Result.DONE
    ]
    return tuple(did if order else sorted(did))


@dataclass(frozen=True)
class Vote:
    """Keeps the attempts that did what most of the attempts left at their episode did."""

    ties: Literal["drop", "likelier"] = "likelier"
    min_share: float = 0.0
    min_votes: int = 1
    order: bool = True
    name: str = "vote"
    looks_at: str = "agreement among the attempts left at the same task and seed"
    needs: frozenset[Needs] = frozenset()

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """The winners pass; their score is the share of the votes they had."""
        judgments: dict[int, Judgment] = {}
        for places in by_episode(trajectories).values():
            signatures = {place: signature(trajectories[place], self.order) for place in places}
            votes = Counter(signatures.values())
            winner = self._winner(votes, signatures, trajectories)
            for place, mine in signatures.items():
                judgments[place] = Judgment(
                    judge=self.name,
                    passed=mine == winner,
                    score=votes[mine] / len(places),
                    reason="" if mine == winner else f"{votes[mine]} of {len(places)} did this",
                )
        return [judgments[place] for place in range(len(trajectories))]

    def _winner(
        self, votes: Counter[Signature], signatures: dict[int, Signature], trajectories: Sequence[Trajectory]
    ) -> Signature | None:
        """The signature that most attempts share; None where nothing has enough votes or a tie stays open."""
        most = max(votes.values())
        if most < self.min_votes or most < self.min_share * len(signatures):
            return None
        tied = [mine for mine, count in votes.items() if count == most]
        if len(tied) == 1:
            return tied[0]
        if self.ties == "drop":
            return None
        likelihood: dict[Signature, float] = {}
        for place, mine in signatures.items():
            logprob = mean_logprob(trajectories[place])
            if mine in tied and logprob is not None:
                likelihood[mine] = max(logprob, likelihood.get(mine, -math.inf))
        if not likelihood:
            return None
        best = max(likelihood.values())
        first = [mine for mine, logprob in likelihood.items() if logprob == best]
        return first[0] if len(first) == 1 else None


def best_of(
    name: str, scores: Sequence[float | None], trajectories: Sequence[Trajectory], least: float, share: float
) -> list[Judgment]:
    """Pass what scores at least `least` and is in the upper `share` of its episode's attempts (rounded up).

    An attempt equal to the last one that passes passes too; one without a score is undecided.
    """
    bars: dict[int, float] = {}
    for places in by_episode(trajectories).values():
        known = sorted((score for place in places if (score := scores[place]) is not None), reverse=True)
        bar = known[max(1, math.ceil(share * len(known))) - 1] if known else -math.inf
        bars.update(dict.fromkeys(places, max(bar, least)))
    return [
        Judgment(judge=name, passed=None, reason="no score")
        if score is None
        else Judgment(
            judge=name,
            passed=score >= bars[place],
            score=score,
            reason="" if score >= bars[place] else f"{score:.3g}, needed {bars[place]:.3g}",
        )
        for place, score in enumerate(scores)
    ]


@dataclass(frozen=True)
class Likely:
    """Keeps the attempts that the model itself found likeliest, per episode."""

    share: float = 0.5
    least: float = -math.inf
    name: str = "likely"
    looks_at: str = "mean log-probability of the answers, among the attempts left at the same task and seed"
    needs: frozenset[Needs] = frozenset()

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """The score is in nats a step."""
        scores = [mean_logprob(trajectory) for trajectory in trajectories]
        return best_of(self.name, scores, trajectories, self.least, self.share)


@dataclass(frozen=True)
class Critique:
    """Keeps what the model, asked step by step whether it was right, answers yes to."""

    scorer: Scorer
    dialect: Dialect
    count: Count
    threshold: float = 0.5
    share: float = 1.0
    pool: Literal["mean", "least"] = "mean"
    name: str = "critique"
    looks_at: str = "the model's own yes or no to each step"
    needs: frozenset[Needs] = frozenset({"dialect", "scorer"})

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """The score is the mean (or the least) over the steps of p(yes) / (p(yes) + p(no))."""
        prompts = [self._prompts(trajectory) for trajectory in trajectories]
        found = iter(await self._yes([prompt for of_one in prompts for prompt in of_one]))
        scores: list[float | None] = []
        for of_one in prompts:
            steps = [next(found) for _ in of_one]
            pooled = (min(steps) if self.pool == "least" else sum(steps) / len(steps)) if steps else None
            scores.append(pooled)
        return best_of(self.name, scores, trajectories, self.threshold, self.share)

    def _prompts(self, trajectory: Trajectory) -> list[Prompt]:
        history = [(step.said, step.outcome) for step in trajectory.steps]
        return [
            self.dialect.check(trajectory.goal, step.observation, step.said, self.count, history[:place])
            for place, step in enumerate(trajectory.steps)
        ]

    async def _yes(self, prompts: Sequence[Prompt]) -> list[float]:
        """The probability of yes against no, for each prompt."""
        found: list[float] = []
        for start in range(0, len(prompts), _BATCH // 2):
            some = prompts[start : start + _BATCH // 2]
            asked = [prompt for prompt in some for _ in ("yes", "no")]
            logprobs = await self.scorer.logprobs(asked, ["yes", "no"] * len(some))
            for yes, no in zip(logprobs[::2], logprobs[1::2], strict=True):
                found.append(share_of(yes, no))
        return found


def share_of(yes: float, no: float) -> float:
    """exp(yes) / (exp(yes) + exp(no)), without overflow; half where both are impossible."""
    if not math.isfinite(yes) and not math.isfinite(no):
        return 0.5
    return 1.0 / (1.0 + math.exp(min(700.0, no - yes)))
