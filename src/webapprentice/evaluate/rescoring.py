"""Judging again from what was kept, without a site: by other rules, or with a language model for open questions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Model
from webapprentice.core.records import Ending, Judgment, Record, Trajectory
from webapprentice.models import load
from webapprentice.store import Store
from webapprentice.tasks.siteworld import JUDGE, Held, verdict_of
from webapprentice.tasks.webarena.fuzzy import FuzzyConfig, settle
from webapprentice.tasks.webarena.records import KIND, record_of


class RescoreConfig(Config):
    """Everything that may differ between two runs of `apprentice rescore`."""

    collection: str = "attempts"
    """Which trajectories of the store."""
    verified: bool | None = None
    """True: known faults of the released evaluators mended (docs/webarena-evaluators.md); False: as released; None: as
    each attempt was judged before."""
    judge: FuzzyConfig = FuzzyConfig()
    """Who answers what only a language model can tell."""
    side_by_side: int = Field(default=8, ge=1)
    """Trajectories that are judged at one time."""


class Rescored(Record):
    """What judging again came to."""

    trajectories: int
    """That can be judged again: their evidence was kept."""
    changed: int
    """Scores that differ now."""
    judged: int
    solved: int
    unjudged: int
    """Open questions without a usable reply."""
    faults: dict[str, int] = Field(default_factory=dict)
    """By owner and kind."""
    without_evidence: int = 0
    """That can only be judged by playing them again."""


def asker(config: FuzzyConfig) -> Model | None:
    """The model that answers questions; None where none is named."""
    config.words("fuzzy_match"), config.words("unachievable")
    return load(config.model, config.options) if config.model else None


async def rescore(
    store: Store,
    collection: str,
    config: RescoreConfig,
    model: Model | None,
    keys: Iterable[str] | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Rescored:
    """Judge a collection's trajectories again from their evidence, which stays; judging twice gives the same.

    Raises UsageError where there is none that such evaluators judge.
    """
    found = [one for one in store.trajectories(collection, keys, steps=False) if one.task.evaluator.get("kind") == KIND]
    if not found:
        raise UsageError(
            f"{collection} holds no attempt that WebArena's evaluators judge; `apprentice show` lists what is there"
        )
    gate = asyncio.Semaphore(config.side_by_side)
    changed = 0

    async def one(trajectory: Trajectory, held: Held) -> Trajectory:
        nonlocal changed
        async with gate:
            after = await _again(store, collection, trajectory, held, config, model)
        changed += (after.score, after.fault) != (trajectory.score, trajectory.fault)
        return after

    kept = [(trajectory, held) for trajectory in found if (held := held_by(store, trajectory)) is not None]
    tell(f"rescore: {len(kept)} of {len(found)} attempts have evidence")
    after = await asyncio.gather(*(one(trajectory, held) for trajectory, held in kept))
    return Rescored(
        trajectories=len(after),
        changed=changed,
        judged=sum(one.score is not None for one in after),
        solved=sum(one.succeeded for one in after),
        unjudged=sum(one.score is None and one.fault is None for one in after),
        faults=dict(Counter(f"{one.fault.owner}/{one.fault.kind}" for one in after if one.fault is not None)),
        without_evidence=len(found) - len(after),
    )


def held_by(store: Store, trajectory: Trajectory) -> Held | None:
    """What the trajectory was judged by; None where nothing was kept, or looking failed before there was anything."""
    blobs = [one.evidence for one in _ours(trajectory) if one.evidence is not None]
    return Held.model_validate_json(store.blob(blobs[-1])) if blobs else None


def _ours(trajectory: Trajectory) -> list[Judgment]:
    return [one for one in trajectory.judgments if one.judge.partition("/")[0] == JUDGE]


async def _again(
    store: Store, collection: str, trajectory: Trajectory, held: Held, config: RescoreConfig, model: Model | None
) -> Trajectory:
    record = record_of(trajectory.task)
    last = _ours(trajectory)[-1].judge
    verified = last == f"{JUDGE}/verified" if config.verified is None else config.verified
    found, replies = await settle(record, held.evidence, model, config.judge, held.replies, verified)
    verdict = verdict_of(record, held.with_(replies=replies), verified, found)
    named = store.put(verdict.evidence or b"")
    judgments = tuple(one.with_(evidence=named) for one in verdict.judgments)
    score, fault = verdict.score, verdict.fault
    if trajectory.ending is Ending.FAULT and not score:
        score, fault = None, trajectory.fault  # what stood in the agent's way at the end has not gone away
    after = trajectory.with_(score=score, fault=fault, judgments=judgments)
    store.decide(collection, trajectory.key, score, fault, judgments)
    return after
