"""Attempts at tasks: a pool of worlds, a queue of jobs, every step on disk before the next one."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from webapprentice import __version__
from webapprentice.core.actions import Stop
from webapprentice.core.config import Config
from webapprentice.core.faults import Fault, FaultError, Owner, UnavailableError
from webapprentice.core.keys import key_of, key_of_bytes
from webapprentice.core.protocols import LateWorld, Verdict, World
from webapprentice.core.records import (
    Ending,
    Judgment,
    Observation,
    Outcome,
    Provenance,
    Record,
    Result,
    Source,
    Step,
    Task,
    Trajectory,
)
from webapprentice.page import Wall
from webapprentice.rollout.actors import Actor, Said
from webapprentice.rollout.config import RolloutConfig
from webapprentice.rollout.limits import EpisodeLimits
from webapprentice.rollout.stopping import over
from webapprentice.rollout.writing import Ledger, Pen
from webapprentice.store import Episode, Store

_UNSEEN = Observation(url="")
_TRIES = 2
"""Times an attempt is made when a fault that is not the agent's ended it; what the first try saved stays."""

_DEAD = "browser_dead"
_DEATHS = 6
"""Times a browser may die under an attempt before that counts as a try: another page may have ended it."""

_GONE = frozenset({"llm_connection", "llm_denied"})
"""Faults after which no other attempt can do better: nobody answers, or nobody who knows us or the model."""


_WALLS = frozenset({Wall.CAPTCHA, Wall.LOGIN})
"""Faults that another try would only meet again."""


class Job(Record):
    """One attempt to be made."""

    key: str
    task: Task
    seed: int
    attempt: int = 0


def jobs_for(tasks: Iterable[Task], seeds: Sequence[int], attempts: int, model: str, config: Config) -> list[Job]:
    """Every (task, seed, attempt); keys depend on contents alone."""
    return [
        Job(key=key_of(__version__, task, seed, attempt, model, config), task=task, seed=seed, attempt=attempt)
        for task in tasks
        for seed in seeds
        for attempt in range(attempts)
    ]


class Feed(Protocol):
    """Where worlds get their jobs from."""

    async def next(self, task: str | None) -> Job | None:
        """The next job for a world that has just done this task; None when there will be no more."""
        ...


@dataclass
class Progress:
    """Counts of a rollout under way."""

    total: int
    done: int = 0
    succeeded: int = 0
    unjudged: int = 0
    steps: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    prices: EpisodeLimits = field(default_factory=EpisodeLimits)
    started: float = field(default_factory=time.monotonic)

    def note(self, trajectory: Trajectory) -> None:
        """Count one finished trajectory."""
        self.done += 1
        self.succeeded += trajectory.succeeded
        self.unjudged += trajectory.score is None and trajectory.fault is None
        self.steps += len(trajectory.steps)
        self.prompt_tokens += sum(step.usage.prompt_tokens for step in trajectory.steps)
        self.completion_tokens += sum(step.usage.completion_tokens for step in trajectory.steps)
        self.endings[trajectory.ending] += 1
        if trajectory.fault:
            self.faults[f"{trajectory.fault.owner}/{trajectory.fault.kind}"] += 1

    @property
    def money(self) -> float:
        """What the tokens of finished trajectories cost."""
        return self.prices.cost(self.prompt_tokens, self.completion_tokens)

    @property
    def seconds(self) -> float:
        """Since the start, by the monotonic clock."""
        return time.monotonic() - self.started


async def rollout(
    jobs: Sequence[Job],
    worlds: Sequence[World],
    actor: Callable[[Job], Actor],
    store: Store,
    collection: str,
    *,
    origin: Provenance | None = None,
    config: RolloutConfig | None = None,
    tell: Callable[[Progress], None] | None = None,
) -> Progress:
    """Make every attempt that the collection does not hold yet; each worker keeps one world busy.

    Raises UnavailableError when the model is out of reach: that attempt stays open, for the next run.
    """
    finished = store.finished(collection)
    todo = [job for job in jobs if job.key not in finished]
    progress = Progress(total=len(todo), prices=(config or RolloutConfig()).limits)

    def note(trajectory: Trajectory) -> None:
        progress.note(trajectory)
        if tell:
            tell(progress)

    await play(
        Queues(todo), worlds[: max(1, len(todo))], actor, store, collection, origin=origin, config=config, note=note
    )
    return progress


async def play(
    feed: Feed,
    worlds: Sequence[World],
    actor: Callable[[Job], Actor],
    store: Ledger,
    collection: str,
    *,
    origin: Provenance | None = None,
    config: RolloutConfig | None = None,
    note: Callable[[Trajectory], None] | None = None,
) -> None:
    """Make every attempt that the feed gives, until it gives no more. Raises as `rollout` does."""
    pen = Pen(store)
    origin = origin or Provenance(version=__version__)
    config = config or RolloutConfig()

    async def work(world: World) -> None:
        task: str | None = None
        last: Trajectory | None = None
        saved = pen.nothing()
        while (job := await feed.next(task)) is not None:
            task = job.task.id
            tries = deaths = 0
            while tries < _TRIES:
                trajectory = await attempt(job, world, actor(job), pen, store, collection, origin, config)
                fault = trajectory.fault
                if fault is None or fault.kind in _WALLS or fault.owner == Owner.EVALUATOR:
                    break  # what could not be judged can be judged again from what was kept
                deaths += fault.kind == _DEAD
                tries += fault.kind != _DEAD or deaths > _DEATHS
            await told(saved, last)
            if trajectory.fault is not None and trajectory.fault.kind in _GONE:
                said = trajectory.fault.message
                raise UnavailableError(f"the model cannot be asked: {said}; run the same command later to go on")
            # The disk takes its time while the next episode begins; nobody hears of a result before it is there.
            saved = pen.begin(partial(store.finish, collection, trajectory))
            trajectory = last = _without_pages(trajectory)
        await told(saved, last)

    async def told(saved: Future[None], trajectory: Trajectory | None) -> None:
        await saved
        if note and trajectory is not None:
            note(trajectory)

    writing = asyncio.create_task(pen.serve())
    try:
        async with asyncio.TaskGroup() as group:
            for world in worlds:
                group.create_task(work(world))
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


def _without_pages(trajectory: Trajectory) -> Trajectory:
    """What is enough to be counted: the pages of an episode may be a hundred megabytes."""
    steps = tuple(step.model_copy(update={"observation": _UNSEEN}) for step in trajectory.steps)
    return trajectory.model_copy(update={"steps": steps, "final": None})


class Queues:
    """Jobs by task. A world stays with its task, because the next episode of the same page needs no loading."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._left: dict[str, deque[Job]] = {}
        self._at = Counter[str]()
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        """One more."""
        self._left.setdefault(job.task.id, deque()).append(job)

    async def next(self, task: str | None) -> Job | None:
        """The next job for a world that has just done this task; None when nothing is left.

        A world that changes goes where most jobs are left for each world that is there already.
        """
        if task is not None and self._left.get(task):
            return self._left[task].popleft()
        if task is not None:
            self._at[task] -= 1
        waiting = [name for name, queue in self._left.items() if queue]
        if not waiting:
            return None
        chosen = max(waiting, key=lambda name: len(self._left[name]) / (1 + self._at[name]))
        self._at[chosen] += 1
        return self._left[chosen].popleft()


async def attempt(
    job: Job,
    world: World,
    actor: Actor,
    pen: Pen,
    store: Ledger,
    collection: str,
    origin: Provenance,
    config: RolloutConfig,
) -> Trajectory:
    """One episode from reset to ending. Faults become data; our own bugs still crash."""
    started = time.monotonic()
    about = origin.with_(seed=job.seed, attempt=job.attempt)
    goal = ""
    steps: list[Step] = []
    acted = 0.0  # seconds; a slow model, or a full queue before it, must not count as the agent's failure
    final: Observation | None = None
    raw: float | None = None
    wall: str | None = None
    fault: Fault | None = None
    verdict: Verdict | None = None
    saved = pen.nothing()

    def keep(seen: Observation, picture: bytes | None) -> Observation:
        if picture is None:
            return seen
        pen.begin(partial(store.keep, job.key, picture))  # written before the step that names it
        return seen.model_copy(update={"screenshot": key_of_bytes(picture)})

    try:
        start = await world.reset(job.task, job.seed)
        goal, seen, wall = start.goal, keep(start.observation, start.picture), start.wall
        episode = Episode(key=job.key, collection=collection, task=job.task, goal=goal, provenance=about)
        saved = pen.begin(partial(store.begin, episode))
        ending = Ending.STEP_LIMIT
        for index in range(config.max_steps or job.task.limits.steps):
            reached = config.limits.reached(job.task, steps, acted)
            if reached is not None:
                ending = reached
                break
            said = await actor.act(goal, seen, steps)
            if said.transcript is not None:
                pen.begin(partial(store.keep, job.key, said.transcript))  # before the step that names it
            await saved  # nothing is done in the world before what came before it is on the disk
            step, final, raw, wall = await _carry_out(world, index, seen, said, keep, wall)
            saved = pen.begin(partial(store.append, job.key, step))
            steps.append(step)
            acted += step.seconds
            reason = over(steps, config.agent)
            if reason is not None:
                ending = reason
                break
            seen = final or seen
        if isinstance(world, LateWorld):
            last = steps[-1].action if steps else None
            verdict = await world.verdict(last.answer if isinstance(last, Stop) else "")
            raw, fault = verdict.score, verdict.fault  # the ending stays what the episode came to
        if wall is not None and not raw:
            ending, fault = (
                Ending.FAULT,
                Fault(owner=Owner.ENVIRONMENT, kind=wall, message="never passed, counted apart"),
            )
    except FaultError as error:
        ending, fault = Ending.FAULT, error.fault
    finally:
        if isinstance(world, LateWorld):
            await world.release()
    await saved
    judged = bool(job.task.evaluator) and (fault is None or fault.owner == Owner.AGENT)
    if verdict is not None:
        judged = judged and verdict.score is not None
    return Trajectory(
        key=job.key,
        task=job.task,
        goal=goal,
        source=Source.ROLLOUT,
        steps=tuple(steps),
        final=final,
        ending=ending,
        fault=fault,
        score=max(0.0, min(1.0, raw if raw is not None else 0.0)) if judged else None,
        raw_reward=raw,
        judgments=await _kept(verdict, job.key, pen, store) if verdict is not None else (),
        provenance=about,
        seconds=time.monotonic() - started,
    )


async def _kept(verdict: Verdict, key: str, pen: Pen, store: Ledger) -> tuple[Judgment, ...]:
    """The judgments, with the evidence on disk before them."""
    if verdict.evidence is None:
        return verdict.judgments
    await pen.write(partial(store.keep, key, verdict.evidence))
    named = key_of_bytes(verdict.evidence)
    return tuple(judgment.with_(evidence=named) for judgment in verdict.judgments)


async def _carry_out(
    world: World,
    index: int,
    seen: Observation,
    said: Said,
    keep: Callable[[Observation, bytes | None], Observation],
    wall: str | None,
) -> tuple[Step, Observation | None, float | None, str | None]:
    started = time.monotonic()
    after: Observation | None = seen
    raw: float | None = None
    if said.action is None:
        outcome = Outcome(
            result=Result.UNREADABLE, message=(said.unread or "no action in the answer")[:200], changed=False
        )
    else:
        happened = await world.step(said.action)  # a `Stop` too: its answer is for the world to judge
        outcome, after, raw, wall = happened.outcome, happened.observation, happened.raw_reward, happened.wall
        if after is not None:
            after = keep(after, happened.picture)
        if outcome.changed is None and after is not None:
            outcome = outcome.with_(changed=after.elements != seen.elements or after.url != seen.url)
        if isinstance(said.action, Stop):
            outcome = outcome.with_(done=True)
    step = Step(
        index=index,
        observation=seen,
        said=said.text,
        action=said.action,
        unread=said.unread,
        outcome=outcome,
        prompt_key=said.prompt_key,
        logprob=said.logprob,
        usage=said.usage,
        transcript=None if said.transcript is None else key_of_bytes(said.transcript),
        seconds=time.monotonic() - started,
    )
    return step, after, raw, wall
