"""Bounds of one episode, each with an ending of its own, and of one run, which stops cleanly and can go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.faults import LimitError
from webapprentice.core.pricing import Priced
from webapprentice.core.records import Ending, Observation, Step, Task, Usage
from webapprentice.rollout.actors import Actor, Said


class EpisodeLimits(Priced):
    """Bounds of one episode beyond its steps, and what tokens cost. A bound that is 0 is off.

    One that is reached ends the episode as `time_limit`, `token_limit` or `money_limit`.
    """

    seconds: float = Field(default=0.0, ge=0.0)
    """Time of acting and observing; 0 takes each task's own."""

    def reached(self, task: Task, steps: Sequence[Step], acted: float) -> Ending | None:
        """Which bound lies behind an episode with these steps and `acted` seconds; None when it may go on."""
        if acted > (self.seconds or task.limits.seconds):
            return Ending.TIME_LIMIT
        if not (self.tokens or self.money):
            return None
        read = sum(step.usage.prompt_tokens for step in steps)
        written = sum(step.usage.completion_tokens for step in steps)
        if self.tokens and read + written >= self.tokens:
            return Ending.TOKEN_LIMIT
        return Ending.MONEY_LIMIT if self.money and self.cost(read, written) >= self.money else None


class RunLimits(Config):
    """Bounds of one run of a command, counted from its start. A bound that is 0 is off."""

    steps: int = Field(default=0, ge=0)
    """Steps taken."""
    tokens: int = Field(default=0, ge=0)
    """Prompt and completion tokens together."""
    money: float = Field(default=0.0, ge=0.0)
    """What the tokens cost, at the prices in `rollout.limits`."""
    seconds: float = Field(default=0.0, ge=0.0)
    """Wall time."""


class Budget:
    """What one run has used of its limits. Asked before each decision, so a limit is passed by the calls under way."""

    def __init__(self, limits: RunLimits | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits or RunLimits()
        self.steps = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.money = 0.0
        self._clock = clock
        self._started = clock()

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return self._clock() - self._started

    def note(self, usage: Usage, prices: EpisodeLimits) -> None:
        """Count one step and what its decision cost."""
        self.steps += 1
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.money += prices.cost(usage.prompt_tokens, usage.completion_tokens)

    def check(self) -> None:
        """Raise LimitError when a limit has been reached."""
        limits, tokens = self.limits, self.prompt_tokens + self.completion_tokens
        if limits.steps and self.steps >= limits.steps:
            raise _over("steps", f"{self.steps:,} steps")
        if limits.tokens and tokens >= limits.tokens:
            raise _over("tokens", f"{tokens:,} tokens")
        if limits.money and self.money >= limits.money:
            raise _over("money", f"{self.money:.2f} spent")
        if limits.seconds and self.seconds >= limits.seconds:
            raise _over("seconds", f"{self.seconds:.0f} s")

    @asynccontextmanager
    async def within(self) -> AsyncIterator[None]:
        """End what is done inside when the time is up, even while it waits. Raises LimitError."""
        left = max(0.0, self.limits.seconds - self.seconds) if self.limits.seconds else None
        try:
            async with asyncio.timeout(left) as deadline:
                yield
        except TimeoutError:
            if deadline.expired():
                raise _over("seconds", f"{self.seconds:.0f} s") from None
            raise


def _over(name: str, found: str) -> LimitError:
    return LimitError(
        f"the limit pool.limits.{name} was reached ({found}); what was done is kept, run the same command to go on"
    )


class Metered:
    """An actor whose decisions are counted."""

    def __init__(self, actor: Actor, budget: Budget, prices: EpisodeLimits) -> None:
        self._actor = actor
        self._budget = budget
        self._prices = prices

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:
        """The actor's decision. Raises LimitError when the run has used up what it may."""
        self._budget.check()
        said = await self._actor.act(goal, seen, steps)
        self._budget.note(said.usage, self._prices)
        return said
