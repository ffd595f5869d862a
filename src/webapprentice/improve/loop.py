"""Rounds of self-improvement: attempt → curate → teach → examine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from webapprentice.core.records import Record, Trajectory
from webapprentice.improve.workshop import Workshop
from webapprentice.metrics import compare, episodes_of
from webapprentice.tasks.splits import HELD_OUT


class Candidate(Record):
    """One model that was made and examined."""

    arm: str
    round: int
    seed: int
    model: str
    exam: dict[float, list[str]]
    training: dict[str, Any] = Field(default_factory=dict)


class Round(Record):
    """What one round gave."""

    number: int
    practice: list[str]
    curated: dict[str, dict[str, Any]]
    candidates: tuple[Candidate, ...]
    kept: bool
    """Whether the next round starts from this round's first arm."""
    why: str


async def improve(workshop: Workshop) -> tuple[Candidate, list[Round]]:
    """The base's exam and every round. Finished stages are taken from the store."""
    config = workshop.config
    base = Candidate(arm="base", round=0, seed=0, model=config.model, exam=await workshop.examine(config.model, "base"))
    best, rounds = base, []
    for number in range(1, config.rounds + 1):
        practice = await workshop.attempt(best.model, number)
        curated: dict[str, dict[str, Any]] = {}
        candidates: list[Candidate] = []
        for arm in config.arms:
            curated[arm] = await workshop.curate(best.model, arm, number, practice)
            if curated[arm]["count"] == 0:
                workshop.tell(f"{arm}: the filter kept nothing to learn from; no model is made")
                continue
            for seed in config.training_seeds:
                taught = await workshop.teach(best.model, arm, curated[arm]["rows"], seed)
                exam = await workshop.examine(taught["model"], f"{arm}-s{seed}-r{number}")
                candidates.append(
                    Candidate(arm=arm, round=number, seed=seed, model=taught["model"], exam=exam, training=taught)
                )
        first = next((candidate for candidate in candidates if candidate.arm == config.arms[0]), None)
        kept, why = beats(workshop, first, best)
        rounds.append(
            Round(number=number, practice=practice, curated=curated, candidates=tuple(candidates), kept=kept, why=why)
        )
        workshop.tell(f"round {number}: {why}")
        if kept and first is not None:
            best = first
    return base, rounds


def beats(workshop: Workshop, candidate: Candidate | None, best: Candidate) -> tuple[bool, str]:
    """Whether the paired interval at the highest temperature, on the tasks practised, lies above zero.

    Held-out tasks have no say, so that they stay unseen by selection as well.
    """
    if candidate is None:
        return False, "no model was made"
    temperature = max(candidate.exam)
    old, new = (
        [one for one in episodes_of(exam_of(workshop, model)[temperature]) if one.task not in HELD_OUT]
        for model in (best, candidate)
    )
    comparison = compare(old, new)
    if comparison is None or comparison.micro.difference is None:
        return False, "too little to compare"
    change = comparison.micro.difference
    words = f"{change.estimate:+.1%} [{change.low:+.1%}, {change.high:+.1%}] at T = {temperature:g} on practised tasks"
    return (True, f"kept, {words}") if change.low > 0 else (False, f"not kept, {words}")


def exam_of(workshop: Workshop, candidate: Candidate) -> Mapping[float, Sequence[Trajectory]]:
    """A candidate's exam at each temperature: trajectories without their steps."""
    return {temperature: workshop.trajectories(keys, steps=False) for temperature, keys in candidate.exam.items()}
