"""Whether an environment keeps what the `World` protocol promises: checks that need nothing but the protocol.

report = await examine(Played(load("miniwob/click-test")))
assert report.held
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from webapprentice.core.actions import (
    Action,
    Click,
    Drag,
    Goto,
    Hover,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
    Upload,
    Wait,
)
from webapprentice.core.faults import ApprenticeError, FaultError, UsageError
from webapprentice.core.protocols import Happened, LateWorld, Start, World
from webapprentice.core.records import Observation, Record, Result, Step, Task

T = TypeVar("T")
NOWHERE = 987_654_321
"""A node id that no page has."""
UNSTEADY_SKILL = "time"
"""Tasks with this skill move on their own: there, what two looks show is not compared."""
SEEDS = (1, 2)


class Environment(Protocol):
    """What can be examined: tasks, and worlds to play them in."""

    @property
    def tasks(self) -> Sequence[Task]:
        """The tasks, of which each is examined."""
        ...

    def worlds(self, count: int) -> AbstractAsyncContextManager[Sequence[World]]:
        """So many worlds, closed on the way out."""
        ...


class Finding(Record):
    """What one check found at one task."""

    task: str
    check: str
    state: Literal["held", "broken", "skipped"]
    words: str = ""
    """What was seen instead, or why nothing was asked; one line."""


class Report(Record):
    """Everything that was found, task by task."""

    findings: tuple[Finding, ...]

    @property
    def held(self) -> bool:
        """No check is broken anywhere, and there was something to check."""
        return bool(self.findings) and all(finding.state != "broken" for finding in self.findings)

    def of(self, check: str) -> tuple[Finding, ...]:
        """The findings of one check."""
        return tuple(finding for finding in self.findings if finding.check == check)


class Broken(Exception):  # noqa: N818 - how a check says what it saw instead; never leaves this module
    """What was seen instead of what was promised."""


class Skipped(Exception):  # noqa: N818
    """Why this task cannot be asked."""


Solver = Callable[[str, Observation, Sequence[Step]], Action]


class Scene(NamedTuple):
    """A task with two worlds to play it in."""

    task: Task
    world: World
    other: World
    solution: Solver | None = None
    """What solves the task, where that is known."""

    async def reset(self, seed: int = SEEDS[0], world: World | None = None) -> Start:
        """Begin an episode within the task's time. Whatever the worlds keep from each other is given back first."""
        for each in (self.world, self.other):
            if isinstance(each, LateWorld):
                await each.release()
        return await _within(self.task.limits.seconds, (world or self.world).reset(self.task, seed), "reset")

    async def step(self, action: Action, world: World | None = None) -> Happened:
        """Carry out an action within the task's time for a step."""
        doing = (world or self.world).step(action)
        return await _within(self.task.limits.step_seconds, doing, f"step({action.kind})")

    async def reward(self, happened: Happened | None, answer: str = "", world: World | None = None) -> float:
        """What the world says that the episode is worth, now that it is over."""
        judge = world or self.world
        if isinstance(judge, LateWorld):
            verdict = await _within(self.task.limits.seconds, judge.verdict(answer), "verdict")
            if verdict.fault is not None:
                raise Broken(f"the verdict failed: {verdict.fault.kind}: {verdict.fault.message}")
            if verdict.score is None:
                raise Skipped("only a language model can judge this")
            return verdict.score
        if happened is None or happened.raw_reward is None:
            raise Broken("stopping gave no reward: the episode was never judged")
        return happened.raw_reward


async def _within(seconds: float, doing: Awaitable[T], name: str) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await doing
    except TimeoutError:
        raise Broken(f"{name} took longer than the task's {seconds:g} s") from None
    except FaultError as error:
        raise Broken(f"{name} failed: {error}") from error
    except ApprenticeError:
        raise
    except Exception as error:
        raise Broken(f"{name} raised {type(error).__name__}: {error}") from error


# The checks, in the order in which they are made


async def _begins(scene: Scene) -> None:
    start = await scene.reset()
    if not start.goal.strip():
        raise Broken("the goal is empty")
    if not start.observation.elements:
        raise Broken("the observation has no elements")


async def _same_again(scene: Scene) -> None:
    first = await scene.reset()
    await scene.reset(SEEDS[1])
    again = await scene.reset()
    elsewhere = await scene.reset(world=scene.other)
    _same(scene.task, first, again, "after another episode")
    _same(scene.task, first, elsewhere, "in another world")


async def _round_trip(scene: Scene) -> None:
    seen = (await scene.reset()).observation
    if Observation.model_validate_json(seen.model_dump_json()) != seen:
        raise Broken("the observation comes back changed from JSON")


async def _ids(scene: Scene) -> None:
    seen = (await scene.reset()).observation
    known: set[int] = set()
    for element in seen.elements:
        if element.id in known:
            raise Broken(f"two elements have the id {element.id}")
        if element.parent is not None and element.parent not in known:
            raise Broken(f"element {element.id} stands before its parent {element.parent}, or has none there")
        known.add(element.id)


async def _stable_ids(scene: Scene) -> None:
    _steady(scene.task)
    before = (await scene.reset()).observation
    after = (await scene.step(Wait(seconds=0.0))).observation
    if after is None:
        raise Broken("waiting ended the episode")
    tags = {element.id: element.tag for element in after.elements}
    for element in before.elements:
        if tags.get(element.id) != element.tag:
            raise Broken(f"{element.tag} {element.name!r} was {element.id} and is {tags.get(element.id)} after a wait")


async def _stale(scene: Scene) -> None:
    await scene.reset()
    for action in (
        Click(node=NOWHERE),
        Type(node=NOWHERE, text="x"),
        Hover(node=NOWHERE),
        Select(node=NOWHERE, options=("x",)),
        Scroll(direction="down", node=NOWHERE),
        Drag(node=NOWHERE, to=NOWHERE),
    ):
        happened = await scene.step(action)
        if happened.outcome.result is not Result.STALE:
            raise Broken(f"{action.kind} on an unknown id came to {happened.outcome.result}, not to stale")
        if not happened.outcome.message:
            raise Broken(f"{action.kind} on an unknown id came without a message")
        if happened.outcome.done:
            raise Broken(f"{action.kind} on an unknown id ended the episode")


async def _impossible(scene: Scene) -> None:
    seen = (await scene.reset()).observation
    top = seen.elements[0].id if seen.elements else NOWHERE
    for action in (
        Goto(url="javascript:document.title"),
        SwitchTab(index=97),
        Press(keys="NoSuchKey"),
        Upload(node=top, files=("/no/such/file",)),
        Select(node=top, options=("no such option",)),
    ):
        happened = await scene.step(action)
        if happened.outcome.result is Result.DONE:
            raise Broken(f"{action.kind} cannot be done here and was reported as done")
        if happened.outcome.done:
            raise Broken(f"{action.kind} cannot be done here and ended the episode")


async def _idling(scene: Scene) -> None:
    await scene.reset()
    reward = await scene.reward(await scene.step(Stop()))
    if reward > 0:
        raise Broken(f"doing nothing has a reward of {reward:g}")


async def _solved(scene: Scene) -> None:
    if scene.solution is None:
        raise Skipped("no solution is known")
    if isinstance(scene.other, LateWorld):
        await scene.reset(world=scene.other)
    start = await scene.reset()
    reward = await _played(scene, start, scene.solution)
    if reward < 1.0:
        raise Broken(f"the known solution has a reward of {reward:g}")
    if isinstance(scene.other, LateWorld):
        elsewhere = await scene.reward(None, world=scene.other)
        if elsewhere > 0:
            raise Broken(f"what was done in one world has a reward of {elsewhere:g} in the other")
        await scene.reset()
        again = await scene.reward(None)
        if again > 0:
            raise Broken(f"after a reset, doing nothing has a reward of {again:g}: something of the solution is left")


async def _played(scene: Scene, start: Start, solution: Solver) -> float:
    """The reward of a solution's own run."""
    seen, steps = start.observation, list[Step]()
    for index in range(scene.task.limits.steps):
        try:
            action = solution(start.goal, seen, tuple(steps))
        except FaultError as error:
            raise Broken(f"the known solution goes wrong: {error.fault.message}") from error
        happened = await scene.step(action)
        if happened.outcome.done or isinstance(action, Stop):
            return await scene.reward(happened, action.answer if isinstance(action, Stop) else "")
        if happened.observation is None:
            raise Broken("nothing can be seen in the middle of the known solution")
        steps.append(Step(index=index, observation=seen, said="", action=action, outcome=happened.outcome))
        seen = happened.observation
    raise Broken(f"the known solution does not end within {scene.task.limits.steps} steps")


async def _no_leftovers(scene: Scene) -> None:
    first = await scene.reset()
    seen = first.observation
    for action in _meddling(seen):
        happened = await scene.step(action)
        if happened.outcome.done:
            break
    _same(scene.task, first, await scene.reset(), "after an episode of meddling")


async def _apart(scene: Scene) -> None:
    _steady(scene.task)
    start = await scene.reset(world=scene.other)
    await scene.reset()
    for action in _meddling(start.observation):
        happened = await scene.step(action)
        if happened.outcome.done:
            break
    after = (await scene.step(Wait(seconds=0.0), scene.other)).observation
    if after is None or _told(after) != _told(start.observation):
        raise Broken(f"acting in one world changed the other: {_difference(start.observation, after)}")


def _meddling(seen: Observation) -> Iterator[Action]:
    """A few actions that change what they can."""
    editable = [e for e in seen.elements if e.visible and e.role in ("textbox", "searchbox", "spinbutton")]
    offered = [e for e in seen.elements if e.visible and e.clickable and e not in editable]
    for element in editable[:3]:
        yield Type(node=element.id, text="left over")
    for element in offered[:3]:
        if element.options:
            yield Select(node=element.id, options=element.options[-1:])
        else:
            yield Click(node=element.id)


def _steady(task: Task) -> None:
    if UNSTEADY_SKILL in task.skills:
        raise Skipped("the page moves on its own")


def _same(task: Task, one: Start, other: Start, when: str) -> None:
    if one.goal != other.goal:
        raise Broken(f"the goal was {one.goal[:60]!r} and is {other.goal[:60]!r} {when}")
    if UNSTEADY_SKILL not in task.skills and _told(one.observation) != _told(other.observation):
        raise Broken(f"the page differs {when}: {_difference(one.observation, other.observation)}")


def _told(seen: Observation) -> list[tuple[Any, ...]]:
    """What a reader of the page can tell apart; where it lies to the pixel is not asked."""
    return [
        (
            *(element.id, element.parent, element.tag, element.role, element.name, element.text, element.value),
            *(tuple(sorted(set(element.states) - {"focused"})), element.options, element.visible),
        )
        for element in seen.elements
    ]


def _difference(one: Observation, other: Observation | None) -> str:
    if other is None:
        return "nothing can be seen any more"
    before, after = _told(one), _told(other)
    for was, now in zip(before, after, strict=False):
        if was != now:
            return f"{_brief(was)} is {_brief(now)}"
    return f"there were {len(before)} elements and are {len(after)}"


def _brief(told: tuple[Any, ...]) -> str:
    node, _parent, tag, role, name, text, value, *_rest = told
    return f"{role or tag} {str(name or text or value)[:60]!r} [{node}]"


CHECKS: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "a reset states a goal and shows a page": _begins,
    "the same seed gives the same episode, in another world and after another episode too": _same_again,
    "observations survive JSON": _round_trip,
    "node ids are unique, and parents stand before their children": _ids,
    "an element keeps its id while the page stays": _stable_ids,
    "an id that is not on the page is a named outcome, and the episode goes on": _stale,
    "what cannot be done is a named outcome, never done and never an exception": _impossible,
    "to stop at once is judged, and scores nothing": _idling,
    "the known solution scores 1, in its own world and its own episode alone": _solved,
    "nothing of an episode is left in the next": _no_leftovers,
    "two worlds at once do not disturb each other": _apart,
}
"""What each check asks, in its order, and the check; it raises Broken, or Skipped where a task cannot be asked."""
NAMES = tuple(CHECKS)


async def examine(environment: Environment, tell: Callable[[Finding], None] = lambda _finding: None) -> Report:
    """Make every check on every task. An environment may have a method `solution(task)`, which gives what solves a task
    (`Callable[[goal, observation, steps so far], action]`) or None.

    Raises UnavailableError when the worlds cannot be opened.
    """
    findings: list[Finding] = []
    solution = getattr(environment, "solution", None)
    async with environment.worlds(2) as (world, other):
        for task in environment.tasks:
            for name, check in CHECKS.items():
                finding = await _find(check, name, Scene(task, world, other, solution(task) if solution else None))
                findings.append(finding)
                tell(finding)
    return Report(findings=tuple(findings))


async def _find(check: Callable[[Scene], Awaitable[None]], name: str, scene: Scene) -> Finding:
    try:
        await check(scene)
    except Broken as broken:
        return Finding(task=scene.task.id, check=name, state="broken", words=" ".join(str(broken).split())[:300])
    except Skipped as skipped:
        return Finding(task=scene.task.id, check=name, state="skipped", words=str(skipped))
    return Finding(task=scene.task.id, check=name, state="held")


def named(name: str) -> Environment:
    """The environment that `module:factory` makes. Raises UsageError when there is no such thing."""
    module, _, factory = name.partition(":")
    try:
        found = getattr(import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"{name}: {error}; an environment is named as module:factory") from error
    made: Environment = found() if callable(found) else found
    if not callable(getattr(made, "worlds", None)) or not getattr(made, "tasks", ()):
        raise UsageError(f"{name} gives a {type(made).__name__} without tasks or without worlds(count)")
    return made
