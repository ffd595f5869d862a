"""BrowserGym's tasks inside our world: our observation and our actions, the task's own set-up and verdict.

    environment = BrowserGymTasks("browsergym/miniwob.click-test", base_url="http://127.0.0.1:8000/miniwob/")
    async with environment.worlds(1) as (world,):
        start = await world.reset(environment.tasks[0], seed=1)
        happened = await world.step(Click(node=start.observation.elements[-1].id))

Tasks are those that an installed benchmark package registers (`browsergym-miniwob`, `browsergym-webarena`, ...). A task
gets the page that it expects, Playwright's, of the very tab that our window observes and acts in.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from typing import Any

import gymnasium

from webapprentice.browser import Browser, BrowserConfig, Window, act, landed
from webapprentice.browser.guest import Guest, listening
from webapprentice.core.actions import Action, Stop
from webapprentice.core.faults import FaultError, Owner, UsageError, border
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Happened, Start
from webapprentice.core.records import Limits, Observation, Outcome, Result, Task
from webapprentice.language.browsergym import INFEASIBLE
from webapprentice.page import Wall, wall
from webapprentice.tasks.miniwob import OFFSETS, said

ANYWHERE = ("*", "127.0.0.1:*", "localhost:*")
"""What their pages may reach by default: benchmarks often run on this machine."""
NAMESPACE = "browsergym/"
GREETING = "Hi! I am your UI assistant, I can perform web tasks for you. What can I help you with?"
"""How every chat of BrowserGym's begins; some tasks count messages."""
STEPS = 30
"""Actions of an episode, where the registration does not say."""
LIMITS = Limits(steps=STEPS, seconds=600.0, step_seconds=60.0)
SETUP_SECONDS = 120.0
JUDGE_SECONDS = 30.0


class BrowserGymTasks:
    """Tasks by their registered ids, and worlds to play them in, each with a browser of its own."""

    def __init__(self, *ids: str, config: BrowserConfig | None = None, **task_kwargs: Any) -> None:
        self.tasks: Sequence[Task] = [described(one) for one in ids]
        self._config = config or BrowserConfig(origins=ANYWHERE)
        self._task_kwargs = task_kwargs

    @asynccontextmanager
    async def worlds(self, count: int) -> AsyncIterator[list[ForeignWorld]]:
        """So many worlds. A browser starts with the first reset of its world."""
        made = [ForeignWorld(self._config, self._task_kwargs) for _ in range(count)]
        try:
            yield made
        finally:
            for world in made:
                await world.close()


def described(name: str) -> Task:
    """The task of a registered id. Raises UsageError when no installed package registers it."""
    if not name.startswith(NAMESPACE):
        raise UsageError(f"{name!r} is no task of BrowserGym: they begin with {NAMESPACE}")
    if name not in gymnasium.registry:
        benchmark = name.removeprefix(NAMESPACE).partition(".")[0]
        for package in ("browsergym.core", f"browsergym.{benchmark}"):
            with suppress(ImportError):
                import_module(package)
    if name not in gymnasium.registry:
        raise UsageError(f"no installed package registers {name}; install it, or import the package that does")
    steps = gymnasium.spec(name).max_episode_steps or STEPS
    return Task(
        id=name,
        benchmark="browsergym",
        template=name.removeprefix(NAMESPACE),
        limits=LIMITS.with_(steps=steps),
        reset="context",
        evaluator={"kind": "browsergym"},
    )


def _blocked(seen: Observation, goal: str) -> str | None:
    """What keeps the agent out; a consent does not, because the agent may answer it."""
    found = wall(seen, goal)
    return None if found is Wall.COOKIES else found


class ForeignWorld:
    """One browser that plays one of BrowserGym's tasks at a time: a `World`."""

    def __init__(self, config: BrowserConfig, task_kwargs: dict[str, Any]) -> None:
        self._config = config
        self._task_kwargs = task_kwargs
        self._stack = AsyncExitStack()
        self._guest: Guest | None = None
        self._window: Window | None = None
        self._task: Any = None
        """The task of BrowserGym's; None between episodes."""
        self._chat: list[dict[str, Any]] = []
        self._goal = ""
        self._reward = 0.0

    async def reset(self, task: Task, seed: int) -> Start:
        """Begin an episode in a fresh context. Raises FaultError owned by `environment`."""
        with border(Owner.ENVIRONMENT, "reset_failed"):
            try:
                return await self._begin(task, seed)
            except Exception:
                await self.close()  # the next reset begins with a new browser
                raise

    async def _begin(self, task: Task, seed: int) -> Start:
        await self._end()
        registered = gymnasium.make(task.id, disable_env_checker=True, task_kwargs=self._task_kwargs).unwrapped
        guest = await self._ready()
        made = await guest.call(
            lambda: registered.task_entrypoint(seed=seed, **registered.task_kwargs), SETUP_SECONDS, "making the task"
        )
        config = self._config.with_(
            viewport=(made.viewport["width"], made.viewport["height"]),
            locale=made.locale or self._config.locale,
            timezone=made.timezone_id or self._config.timezone,
        )
        window, page = await guest.open(config, made.timeout)
        window.next_id = 1 + seed_for("node ids", task.id, seed) % OFFSETS
        self._task, self._window, self._reward = made, window, 0.0
        goal, _info = await guest.call(lambda: made.setup(page), SETUP_SECONDS, f"setting up {task.id}")
        words = self._goal = _words(goal)
        self._chat = [_message("assistant", GREETING), *([_message("user", words)] if words else [])]
        seen = (await window.observe()).observation
        return Start(goal=words, observation=seen, wall=_blocked(seen, words), picture=await window.picture())

    async def _ready(self) -> Guest:
        if self._guest is None or not self._guest.browser.alive:
            await self.close()
            browser = await self._stack.enter_async_context(Browser.launch(listening(self._config)))
            self._guest = await self._stack.enter_async_context(Guest.connect(browser))
        return self._guest

    async def step(self, action: Action) -> Happened:
        """Carry out one action and ask the task for its verdict. `Stop` says its answer in the task's chat.

        Raises FaultError owned by `environment`, or by `evaluator` where the task's verdict fails.
        """
        window = self._window
        if window is None or self._task is None:
            raise RuntimeError("no episode is under way: call reset first")
        before = window.seen
        if isinstance(action, Stop):
            role = "infeasible" if action.answer == INFEASIBLE else "assistant"
            self._chat.append(_message(role, action.answer))
            outcome = Outcome(result=Result.DONE)
        else:
            outcome = await act(window, action)
        seen = (await window.observe()).observation
        outcome = landed(window, outcome)
        done, words = await self._judged(window)
        changes: dict[str, Any] = {}
        if outcome.result is not Result.DONE:
            changes["last_error"] = f"{outcome.result}: {outcome.message}"
        if words:
            changes["dialog"] = f"message: {words}"
        seen = seen.model_copy(update=changes)
        outcome = outcome.model_copy(update={"done": done, "changed": _changed(before, seen)})
        over = done or isinstance(action, Stop)
        return Happened(
            outcome=outcome,
            observation=seen,
            raw_reward=self._reward if over else None,
            wall=_blocked(seen, self._goal),
            picture=await window.picture(),
        )

    async def _judged(self, window: Window) -> tuple[bool, str]:
        """Whether the task says that it is over, and what it says to the agent."""
        guest, task, chat = self._guest, self._task, self._chat
        assert guest is not None

        def judge() -> tuple[float, bool, str, dict[str, Any]]:
            verdict: tuple[float, bool, str, dict[str, Any]] = task.validate(guest.active(window.target), chat)
            return verdict

        with border(Owner.EVALUATOR, "validate_failed"):
            reward, done, words, _info = await guest.call(judge, JUDGE_SECONDS, "asking for the verdict")
        self._reward += float(reward)
        if words:
            chat.append(_message("user", words))
        return bool(done), str(words or "")

    async def _end(self) -> None:
        task, self._task, self._window = self._task, None, None
        if task is not None and self._guest is not None:
            with suppress(FaultError), border(Owner.ENVIRONMENT, "teardown_failed"):
                await self._guest.call(task.teardown, SETUP_SECONDS, "tearing down the task")

    async def close(self) -> None:
        """End the task, and its browser."""
        await self._end()
        stack, self._stack, self._guest = self._stack, AsyncExitStack(), None
        await stack.aclose()


def _message(role: str, words: str) -> dict[str, Any]:
    return {"role": role, "timestamp": time.time(), "message": words}


def _words(goal: Any) -> str:
    """The goal's text; of a goal in parts, what is text in it."""
    parts = [goal] if isinstance(goal, str) else [part.get("text", "") for part in goal or ()]
    return " ".join(" ".join(parts).split())


def _changed(before: Observation | None, seen: Observation) -> bool:
    return before is None or said(before) != said(seen)
