"""Playing a recording without a model: elements found again, real input, a stop where something is unclear."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from webapprentice.browser import Window, act, landed
from webapprentice.core.actions import Action, Goto, Stop, Type, Upload
from webapprentice.core.faults import FaultError, UsageError
from webapprentice.core.records import Observation, Outcome, Record, Result, Step, Trajectory
from webapprentice.recorder.filling import filled
from webapprentice.recorder.locating import Found, Trial, address_of, home_of, locate, survived
from webapprentice.recorder.person import SOON

AGAIN = frozenset({Result.COVERED, Result.HIDDEN, Result.LATE, Result.STALE, Result.DISABLED})
"""Outcomes that may be another a moment later."""


class Played(Record):
    """What became of one step."""

    index: int
    said: str
    result: Literal["played", "missing", "ambiguous", "refused", "needs"]
    """`needs`: a secret or a file that was not given."""
    message: str = ""
    by: tuple[str, ...] = ()
    """Which kind of locator decided, for each element."""
    trials: tuple[Trial, ...] = ()


class Replay(Record):
    """What became of a recording."""

    key: str
    goal: str
    steps: int
    played: tuple[Played, ...]
    url: str = ""
    """Where it ended."""

    @property
    def complete(self) -> bool:
        """Every step was played."""
        return len(self.played) == self.steps and all(one.result == "played" for one in self.played)

    @property
    def done(self) -> int:
        """Steps that were played."""
        return sum(one.result == "played" for one in self.played)

    @property
    def locators(self) -> dict[str, tuple[int, int]]:
        """For each kind of locator how many still find exactly the recorded element, of how many were tried."""
        return survived([trial for one in self.played for trial in one.trials])


async def replay(
    window: Window,
    trajectory: Trajectory,
    *,
    wait_seconds: float = 5.0,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    start: str | None = "",
) -> Replay:
    """Play it in this window, which must have been opened with `locating.script()`.

    `files` gives the path of each file by its name; `environment` the secrets, for the process's own. It begins in a
    clean state at the task's address, or at `start`; None: with the page as it is. Stops at the first step that cannot
    be played. Raises FaultError when the page or the browser fails.
    """
    if start is not None:
        await window.renew()
        first = start or beginning(trajectory)
        await window.goto(filled(first, first, first, environment))
    played: list[Played] = []
    for step in trajectory.steps:
        one = await _play(window, step, wait_seconds, files or {}, environment)
        played.append(one)
        if one.result != "played":
            break
    return Replay(
        key=trajectory.key, goal=trajectory.goal, steps=len(trajectory.steps), played=tuple(played), url=window.url
    )


def beginning(trajectory: Trajectory) -> str:
    """Where a recording begins. Raises UsageError when it does not say."""
    if trajectory.task.start_urls:
        return trajectory.task.start_urls[0]
    if trajectory.steps:
        return trajectory.steps[0].observation.url
    raise UsageError(f"the recording {trajectory.key} has no step and no address; there is nothing to play")


async def _play(
    window: Window, step: Step, wait: float, files: Mapping[str, str], environment: Mapping[str, str] | None
) -> Played:
    told: dict[str, Any] = {"index": step.index, "said": step.said}
    if step.action is None:
        return Played(**told, result="refused", message=f"the step holds no action: {step.unread or ''}")
    until = time.monotonic() + wait
    while True:
        seen = (await window.observe()).observation
        found = [await locate(window, target, seen) for target in step.targets]
        told |= {"by": tuple(one.by for one in found), "trials": tuple(trial for one in found for trial in one.trials)}
        worst = next((one for one in found if one.result != "found"), None)
        if worst is None:
            try:
                action = _action(step, found, files)
                action = await _with_secrets(window, action, step, seen, environment)
            except UsageError as error:
                return Played(**told, result="needs", message=str(error))
            outcome = await _do(window, action)
            if outcome.result is Result.DONE:
                return Played(**told, result="played")
            if outcome.result not in AGAIN or time.monotonic() > until:
                return Played(**told, result="refused", message=f"{outcome.result}: {outcome.message}")
        elif time.monotonic() > until:
            return Played(**told, result=worst.result, message=worst.message)
        await window.evaluate(SOON, "waiting for the page")


async def _do(window: Window, action: Action) -> Outcome:
    if isinstance(action, Stop):
        return Outcome(result=Result.DONE)
    outcome = await act(window, action)
    place = {"at": None, "to_at": None}
    changed = {name: None for name in place if getattr(action, name, None) is not None}
    if outcome.result in AGAIN and changed:  # laid out anew: where in the element it was says nothing any more
        outcome = await act(window, action.model_copy(update=changed))
    if outcome.result is Result.DONE:
        try:
            await window.observe()
        except FaultError:
            if not window.healthy:
                raise
        outcome = landed(window, outcome)
    return outcome


def _action(step: Step, found: Sequence[Found], files: Mapping[str, str]) -> Action:
    """The action with the node ids of today. Raises UsageError when it needs a file that was not given."""
    assert step.action is not None
    now = {target.node: one.node for target, one in zip(step.targets, found, strict=True)}
    changes: dict[str, Any] = {}
    for name in ("node", "to"):
        node = getattr(step.action, name, None)
        if node is not None:
            if now.get(node) is None:
                raise UsageError(f"the recording does not say how to find [{node}]")
            changes[name] = now[node]
    if isinstance(step.action, Upload):
        missing = [name for name in step.action.files if name not in files]
        if missing:
            raise UsageError(f"the recording uploads {missing[0]}; say where it is with --file '{missing[0]}=PATH'")
        changes["files"] = tuple(files[name] for name in step.action.files)
    return step.action.model_copy(update=changes) if changes else step.action


async def _with_secrets(
    window: Window, action: Action, step: Step, seen: Observation, environment: Mapping[str, str] | None
) -> Action:
    if isinstance(action, Type):
        recorded, here = step.observation.url, seen.url
        if step.targets:
            recorded = address_of(step.targets[0], recorded)
            home = home_of(window, step.targets[0], seen)
            if home is not None:
                here = str(await window.evaluate("location.href", "asking a frame where it is", home=home))
        return action.model_copy(update={"text": filled(action.text, recorded, here, environment)})
    if isinstance(action, Goto):
        return action.model_copy(update={"url": filled(action.url, action.url, action.url, environment)})
    return action
