"""What stands behind the expensive doors. Each Protocol has a scripted twin that ships with the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from webapprentice.core.actions import Action
from webapprentice.core.records import Judgment, Message, Observation, Outcome, Record, Task, Trajectory, Usage

Prompt = tuple[Message, ...]


class Sampling(Record):
    """How to draw an answer."""

    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    max_tokens: int = 64
    stop: tuple[str, ...] = ()
    seed: int = 0
    """Where the backend can honour it, each prompt of a batch draws from `seed` plus its own content."""


class Completion(Record):
    """One answer."""

    text: str
    logprob: float | None = None
    """Sum over the answer's tokens, nats, at temperature 1; None where the backend does not say."""
    usage: Usage = Usage()
    finished: bool = True
    """False: cut off by `max_tokens`."""


class Model(Protocol):
    """Anything that continues a chat."""

    @property
    def key(self) -> str:
        """Content key of the weights, or the name of an endpoint's model."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text, or the nearest estimate the backend has."""
        ...

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        """One completion a prompt, in order. Raises FaultError owned by `model`."""
        ...


class Scorer(Protocol):
    """A model that can tell how likely a given answer is."""

    async def logprobs(self, prompts: Sequence[Prompt], answers: Sequence[str]) -> list[float]:
        """Sum of the log-probabilities of each answer's tokens, nats."""
        ...


class Start(Record):
    """What a reset gives."""

    goal: str
    observation: Observation


class Happened(Record):
    """What an action gives."""

    outcome: Outcome
    observation: Observation | None
    """None when the environment ended the episode and nothing more can be seen."""
    raw_reward: float | None = None
    """Set when the episode is over and the environment has judged it."""


class World(Protocol):
    """One episode's environment: one tab, one task at a time. Single use at a time, reusable after reset."""

    async def reset(self, task: Task, seed: int) -> Start:
        """Begin an episode. Raises FaultError owned by `environment`."""
        ...

    async def step(self, action: Action) -> Happened:
        """Carry out one action. An action that cannot be carried out is a named outcome, never an exception."""
        ...

    async def close(self) -> None:
        """Let everything go."""
        ...


class Judge(Protocol):
    """Anything that has an opinion about a trajectory."""

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """One judgment a trajectory, in order."""
        ...
