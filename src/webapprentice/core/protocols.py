"""What stands behind the expensive doors. Each Protocol has a scripted twin that ships with the package."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from webapprentice.core.actions import Action
from webapprentice.core.faults import Fault
from webapprentice.core.records import Judgment, Message, Observation, Outcome, Record, Task, Trajectory, Usage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Prompt = tuple[Message, ...]

Whole = Callable[[Sequence[str]], Sequence[Trajectory]]
"""Gives the trajectories of these keys with their steps, in the order of the keys."""


class Sampling(Record):
    """How to draw an answer."""

    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    max_tokens: int = 64
    stop: tuple[str, ...] = ()
    seed: int = 0
    """Where the backend can honour it, each prompt of a batch draws from `seed` plus its own content."""
    beginnings: tuple[str, ...] = ()
    """The answer begins with one of these and then goes on freely; none for any answer. A model that can be held to
    them says so by an attribute `holds_to_beginnings`."""


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


class Embedder(Protocol):
    """Turns texts into vectors whose inner products say how alike the texts are."""

    @property
    def key(self) -> str:
        """Content key of the weights with what else decides the vectors, or the name of an endpoint's model."""
        ...

    @property
    def lexical(self) -> bool:
        """True: only words and their spelling are compared, not what they mean."""
        ...

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of length 1 a text, in order, shape (texts, dimensions); a text is cut at the encoder's window.
        Without texts the number of columns may be 0.

        Raises FaultError owned by `model`.
        """
        ...


class Start(Record):
    """What a reset gives."""

    goal: str
    observation: Observation
    wall: str | None = None
    """What keeps the agent from the page; see `Happened`."""
    picture: bytes | None = None
    """PNG of what the observation describes, where pictures are asked for."""


class Happened(Record):
    """What an action gives."""

    outcome: Outcome
    observation: Observation | None
    """None when the environment ended the episode and nothing more can be seen."""
    raw_reward: float | None = None
    """Set when the episode is over and the environment has judged it."""
    wall: str | None = None
    """What keeps the agent from the page, such as blocked_captcha. An episode that ends there unsolved is a fault of
    the environment of that kind."""
    picture: bytes | None = None
    """PNG of what the observation describes, where pictures are asked for."""


class Verdict(Record):
    """What a world says that judges once, when the episode is over."""

    score: float | None
    """None: it could not be judged, or only by somebody who has not been asked yet."""
    judgments: tuple[Judgment, ...] = ()
    evidence: bytes | None = None
    """JSON from which the same verdict can be had again without the world."""
    fault: Fault | None = None
    """Why there is no score, where that is somebody's failure."""


@runtime_checkable
class LateWorld(Protocol):
    """A `World` whose verdict is asked for once, at the end, however the episode came to it."""

    async def verdict(self, answer: str) -> Verdict:
        """Judge what was come to; `answer` is what the agent said last. What goes wrong is in the verdict."""
        ...

    async def release(self) -> None:
        """The episode is over, judged or not: what it kept others from is theirs. Again does nothing."""
        ...


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


class Parcel(NamedTuple):
    """One piece of work for a worker elsewhere."""

    key: str
    """Content key: the same work is known by it wherever and however often it is done."""
    body: bytes
    """JSON."""


class News(NamedTuple):
    """What a worker has to say of one parcel."""

    key: str
    body: bytes
    """JSON; empty when `lost` says why nothing came of it."""
    last: bool = False
    """There is no more to come of this parcel."""
    lost: str = ""
    """Why the parcel was given up: every worker that had it died."""


class Port(Protocol):
    """A worker's end of the line to whoever hands out the work."""

    @property
    def closed(self) -> bool:
        """No more is wanted: come to an end soon."""
        ...

    def take(self, seconds: float) -> Parcel | None:
        """The next parcel; None when none came in so many seconds."""
        ...

    def tell(self, news: News) -> None:
        """Pass on news; waits while too much of it has not been fetched."""
        ...


class Executor(Protocol):
    """Carries out parcels by workers that may be on other machines and may die at any moment."""

    def carry_out(self, errand: str, setup: bytes, parcels: Sequence[Parcel]) -> AsyncGenerator[list[News]]:
        """News of the parcels, in order for each; the last of a parcel comes exactly once.

        `errand` is `module:function`; each worker calls it with `setup` and its `Port`. A parcel whose worker died is
        handed out again, and what was said of it before is void. Raises what an errand raised, and UnavailableError
        when no worker can be had.
        """
        ...


class Judge(Protocol):
    """Anything that has an opinion about a trajectory."""

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """One judgment a trajectory, in order."""
        ...
