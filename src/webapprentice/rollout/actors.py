"""Who decides: a model through its dialect, or a scripted solver through the same action layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from webapprentice.core.actions import Action
from webapprentice.core.faults import Owner, border
from webapprentice.core.keys import key_of, seed_for
from webapprentice.core.protocols import Sampling
from webapprentice.core.records import Observation, Record, Step, Task, Usage
from webapprentice.dialect import Dialect, prompt_key
from webapprentice.rollout.batching import Batcher


class Said(Record):
    """One decision in words and as an action."""

    text: str
    action: Action | None
    unread: str | None = None
    prompt_key: str | None = None
    logprob: float | None = None
    usage: Usage = Usage()
    transcript: bytes | None = None
    """What was asked and said on the way, where that is more than one prompt and one answer: JSON, kept as a blob."""


class Actor(Protocol):
    """Decides what to do next in one episode."""

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:
        """The next decision. Raises FaultError owned by `model`."""
        ...


class ModelActor:
    """A model that reads pages and writes actions in one dialect; one for each episode."""

    def __init__(
        self,
        batcher: Batcher,
        dialect: Dialect,
        sampling: Sampling,
        count: Callable[[str], int],
        grounded: bool = False,
    ) -> None:
        self._grounded = grounded
        """Answers are held to what the page shows."""
        self._batcher = batcher
        self._dialect = dialect
        self._sampling = sampling
        self._count = count

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:
        """Ask the model; what it says is read, never executed."""
        history = [(step.said, step.outcome) for step in steps]
        prompt, page = self._dialect.prompt(goal, seen, history, self._count)
        draw = self._sampling.with_(seed=seed_for(self._sampling.seed, len(steps)))
        if self._grounded:
            draw = draw.with_(beginnings=self._dialect.beginnings(page))
        with border(Owner.MODEL, "llm_failed"):
            answer = await self._batcher.ask(prompt, draw)
        read = self._dialect.read(answer.text, goal, seen)
        return Said(
            text=answer.text,
            action=read.action,
            unread=read.reason,
            prompt_key=prompt_key(prompt),
            logprob=answer.logprob,
            usage=answer.usage,
        )


class SolverActor:
    """A scripted solver, which speaks the dialect so that its trajectories look like all others."""

    def __init__(
        self, task: Task, solver: Callable[[str, Observation, Sequence[Step]], Action], dialect: Dialect
    ) -> None:
        self._solver = solver
        self._dialect = dialect
        self._task = task

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:
        """The solver's action, spelled."""
        action = self._solver(goal, seen, tuple(steps))
        return Said(text=self._dialect.write(action, seen, len(steps) + 1), action=action)

    @property
    def key(self) -> str:
        """Stable name of this solver."""
        return key_of("solver", self._task.id)
