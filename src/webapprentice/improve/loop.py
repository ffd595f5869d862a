"""Rounds of self-improvement: attempt → curate → teach → examine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from webapprentice.core.records import Record, Trajectory
from webapprentice.improve.holding import kept_back
from webapprentice.improve.workshop import Workshop
from webapprentice.metrics import compare, episodes_of


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
    seed: int
    """Training seed of the line of models that this round belongs to."""
    model: str
    """Who practised."""
    practice: list[str]
    """Keys of this round's attempts."""
    learnt: list[str]
    """Keys of the attempts that rows were made of: of this round, or of all so far."""
    curated: dict[str, dict[str, Any]]
    synthetic: dict[str, Any] | None = None
    """What was made up, where an arm wanted any."""
    candidates: tuple[Candidate, ...]
    kept: bool
    """Whether the next round starts from this round's first arm."""
    why: str
    warnings: tuple[str, ...] = ()
    """What is missing or got poorer: made-up rows, tasks lost, fewer tasks taught."""


def final(rounds: Sequence[Round], arm: str) -> Round | None:
    """The round whose first model is what came of it all, of the first training seed that came so far: the last that
    was kept, else the first that made a model of this arm."""
    made = [done for done in rounds if done.candidates and done.candidates[0].arm == arm]
    return max(made, key=lambda done: (done.kept, done.number if done.kept else -done.number), default=None)


async def improve(workshop: Workshop) -> tuple[Candidate, list[Round]]:
    """The base's exam and every round of every training seed. Finished stages are taken from the store."""
    config = workshop.config
    base = Candidate(arm="base", round=0, seed=0, model=config.model, exam=await workshop.examine(config.model, "base"))
    rounds: list[Round] = []
    for seed in config.training_seeds:
        best, line = base, list[Round]()
        for number in range(1, config.rounds + 1):
            line.append(await _round(workshop, base, best, line, number, seed))
            workshop.tell(f"round {number}, training seed {seed}: {line[-1].why}")
            for warning in line[-1].warnings:
                workshop.tell(f"warning: {warning}")
            if line[-1].kept:
                best = line[-1].candidates[0]
        rounds += line
    return base, rounds


async def _round(
    workshop: Workshop, base: Candidate, best: Candidate, before: Sequence[Round], number: int, seed: int
) -> Round:
    """One round: attempt, make up, curate, teach, examine."""
    config = workshop.config
    arms = config.arms if number == 1 else config.arms[:1]
    label = str(number) if best is base else f"{number}-s{seed}"
    practice = await workshop.attempt(best.model, number, label)
    inventing = any(config.mixture(arm).synthetic for arm in arms)
    synthetic = await workshop.invent(best.model, label, practice, number) if inventing else None
    earlier = before if config.learn_from == "all" else ()
    attempts = [*(one.practice for one in earlier), practice]
    made = [key for one in earlier if one.synthetic for key in one.synthetic["kept"]]
    made += synthetic["kept"] if synthetic else []
    start = best if config.start_from == "best" else base
    curated: dict[str, dict[str, Any]] = {}
    candidates: list[Candidate] = []
    for arm in arms:
        curated[arm] = await workshop.curate(
            best.model, arm, label, attempts, made if config.mixture(arm).synthetic else []
        )
        if curated[arm]["count"] == 0:
            workshop.tell(f"{arm}: the filter kept nothing to learn from; no model is made")
            continue
        taught = await workshop.teach(start.model, arm, curated[arm]["rows"], seed)
        exam = await workshop.examine(taught["model"], f"{arm}-s{seed}-r{number}")
        candidates.append(
            Candidate(arm=arm, round=number, seed=seed, model=taught["model"], exam=exam, training=taught)
        )
    first = candidates[0] if candidates and candidates[0].arm == arms[0] else None
    kept, why = beats(workshop, first, best)
    if first is not None and config.go_on == "always" and not kept:
        kept, why = True, f"{why}; the next round starts from it all the same"
    return Round(
        number=number,
        seed=seed,
        model=best.model,
        practice=practice,
        learnt=[key for some in attempts for key in some],
        curated=curated,
        synthetic=synthetic,
        candidates=tuple(candidates),
        kept=kept,
        why=why,
        warnings=tuple(poorer(workshop, first, best, curated, before)),
    )


def poorer(
    workshop: Workshop,
    candidate: Candidate | None,
    best: Candidate,
    curated: Mapping[str, Mapping[str, Any]],
    before: Sequence[Round],
) -> list[str]:
    """What a round lacks or lost, in words: made-up rows; tasks solved before and never now, where fewer were gained;
    tasks taught, compared with the round before."""
    found: list[str] = []
    for arm, made in curated.items():
        wanted, there = made.get("synthetic_wanted", 0), made.get("synthetic", 0)
        if there < wanted:
            found.append(f"{arm}: {there:,} made-up rows where {wanted:,} were wanted; have more made up")
    if candidate is not None:
        temperature = max(candidate.exam)
        old, new = (
            {one.task for one in episodes_of(exam_of(workshop, model)[temperature]) if one.solved}
            for model in (best, candidate)
        )
        lost, gained = sorted(old - new), sorted(new - old)
        if len(lost) > len(gained):
            names = ", ".join(lost[:5]) + (", ..." if len(lost) > 5 else "")
            found.append(f"{len(lost)} tasks are never solved any more and {len(gained)} are new: {names}")
    if before:
        for arm, made in curated.items():
            last = before[-1].curated.get(arm)
            if last is None:
                continue
            now, then = (one["report"]["coverage"]["effective"] for one in (made, last))
            if now < 0.8 * then:
                found.append(f"{arm}: what was kept is spread over {now:.1f} tasks where it was {then:.1f}")
    return found


def beats(workshop: Workshop, candidate: Candidate | None, best: Candidate) -> tuple[bool, str]:
    """Whether the paired interval at the highest temperature, on the tasks practised, lies above zero.

    Held-out tasks have no say, so that they stay unseen by selection as well.
    """
    if candidate is None:
        return False, "no model was made"
    temperature = max(candidate.exam)
    kept = kept_back("sites" in workshop.config.exam.tasks)
    old, new = (
        [one for one in episodes_of(exam_of(workshop, model)[temperature]) if one.task not in kept]
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
