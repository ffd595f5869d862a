"""Recordings of scripted people: a page, an objective, gestures; what comes out is as if somebody had sat there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from webapprentice import __version__
from webapprentice.browser import Window, act
from webapprentice.browser.acting import DONE
from webapprentice.core.actions import Action, Stop, Wait
from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Happened, LateWorld, Start, World
from webapprentice.core.records import Ending, Observation, Provenance, Result, Task, Trajectory
from webapprentice.recorder.config import RecordConfig
from webapprentice.recorder.events import Event
from webapprentice.recorder.keeping import Keeper
from webapprentice.recorder.person import SOON, Person, perform
from webapprentice.recorder.recorder import Recorder
from webapprentice.recorder.spool import SUFFIX, Header
from webapprentice.store import Store

LONGEST = 60
"""Gestures of one recording at the most."""
PATIENCE = 25
"""Looks for something that is not there yet."""
_NOT_YET = frozenset({Result.COVERED, Result.HIDDEN, Result.LATE, Result.STALE, Result.DISABLED})
"""Outcomes that a person meets by waiting: something moves, or is not there yet."""


class Done(NamedTuple):
    """A gesture that was made."""

    action: Action
    observation: Observation


class Pages:
    """A world without a judge: an address that a task begins at. Single use at a time."""

    def __init__(self, window: Window) -> None:
        self.window = window

    async def reset(self, task: Task, seed: int) -> Start:  # noqa: ARG002
        """A fresh tab at the task's first address. Raises FaultError."""
        await self.window.renew()
        await self.window.goto(task.start_urls[0])
        seen = await self.window.observe()
        return Start(goal=task.goal or "", observation=seen.observation)

    async def step(self, action: Action) -> Happened:
        """Carry out one action and look."""
        outcome = DONE if isinstance(action, Stop) else await act(self.window, action)
        return Happened(outcome=outcome, observation=(await self.window.observe()).observation)

    async def close(self) -> None:
        """The window belongs to the recorder."""


def key_for(task: Task, seed: int, config: RecordConfig) -> str:
    """The key of this recording: the same whenever it is made again."""
    return key_of("scripted", __version__, task.id, task.goal, seed, config.collection)


async def record_scripted(
    recorder: Recorder, world: World, task: Task, seed: int, person: Person, store: Store, folder: Path
) -> Trajectory:
    """Record one scripted person in the recorder's window, which `world` must play in.

    The trajectory is in the store when this returns, in the recorder's collection, with the world's verdict as its
    score; one that is there already is not made again. `folder` holds the events while it is made. Raises FaultError
    when the page fails or a gesture cannot be made.
    """
    key = key_for(task, seed, recorder.config)
    if key in store.finished(recorder.config.collection):
        return next(store.trajectories(recorder.config.collection, (key,)))
    recorder.keeper = None
    start = await world.reset(task, seed)
    config, window = recorder.config, recorder.window
    about = Provenance(
        version=__version__,
        browser=window.browser.version,
        viewport=window.size,
        locale=config.browser.locale,
        seed=seed,
        model="scripted person",
    )
    header = Header(key=key, collection=config.collection, task=task, goal=start.goal, provenance=about)
    path = folder / f"{header.key}{SUFFIX}"
    path.unlink(missing_ok=True)
    with Keeper.open(store, path, header, config) as keeper:
        try:
            await recorder.begin(keeper)
            return await _live(recorder, keeper, world, start, person)
        finally:
            recorder.keeper = None


async def _live(recorder: Recorder, keeper: Keeper, world: World, start: Start, person: Person) -> Trajectory:
    window, seen = recorder.window, start.observation
    done: list[Done] = []
    waits, raw, over = 0, None, False
    answer: str | None = None
    while not over and len(done) < LONGEST:
        action = person(start.goal, seen, done)
        if isinstance(action, Stop):
            answer = action.answer
            break
        if action is None:
            waits += 1
            if waits > PATIENCE:
                raise _stuck(f"after {len(done)} gestures of “{start.goal[:60]}” the next thing does not appear")
            await window.evaluate(SOON, "waiting for the page")
        elif isinstance(action, Wait):
            done.append(Done(action, seen))
            await act(window, action)
        else:
            if not recorder.viewer.covers(getattr(action, "node", None) or 0):
                await recorder.look()
            outcome = await perform(window, action)
            if outcome.result in _NOT_YET and waits < PATIENCE:
                waits += 1
                await window.evaluate(SOON, "waiting for the page")
            elif outcome.result != DONE.result:
                raise _stuck(f"{action.kind} in “{start.goal[:60]}”: {outcome.result}: {outcome.message}")
            else:
                done.append(Done(action, seen))
                waits = 0
        await recorder.look()
        happened = await world.step(Wait(seconds=0.0))
        seen = happened.observation or seen
        over, raw = happened.outcome.done, happened.raw_reward
    if answer is not None and not over:
        happened = await world.step(Stop(answer=answer))
        raw, seen = happened.raw_reward, happened.observation or seen
    if isinstance(world, LateWorld):
        verdict = await world.verdict(answer or "")
        if verdict.fault is not None:  # a site that fell ill meanwhile: nothing to learn from
            raise FaultError(verdict.fault)
        raw = verdict.score
    return await _finish(recorder, keeper, seen, raw, None if over else answer, over)


async def _finish(
    recorder: Recorder, keeper: Keeper, seen: Observation, raw: float | None, answer: str | None, over: bool
) -> Trajectory:
    await recorder.quiet()
    key = keeper.look(seen, None)
    said = None if answer is None else keeper.clean(answer)
    keeper.take(Event(kind="end", at=recorder.now(), text=said, seen=key))
    score = None if raw is None else max(0.0, min(1.0, raw))
    return keeper.finish(Ending.PAGE if over else Ending.STOPPED, key, score)


def _stuck(message: str) -> FaultError:
    return FaultError(Fault(owner=Owner.AGENT, kind="stuck", message=message[:300]))
