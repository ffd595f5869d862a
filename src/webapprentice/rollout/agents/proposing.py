"""Next steps proposed from all chunks of a page: several answers, one vote each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from webapprentice.core.actions import Action
from webapprentice.core.faults import FaultError, Owner, border
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Observation
from webapprentice.dialect import Dialect
from webapprentice.rollout.agents.transcript import Minutes

Ask = Callable[[Prompt, Sampling], Awaitable[Completion]]
Vote = int | str
"""The element that is voted for, or, of an action without one, its kind."""


class Voice(NamedTuple):
    """A model as one role asks it."""

    ask: Ask
    count: Callable[[str], int]
    """Tokens of a text."""
    key: str
    """Content key of the model."""


class Proposal(NamedTuple):
    """One answer to one chunk."""

    prompt: Prompt
    answer: Completion
    action: Action | None
    """None: it cannot be read, or its element is not on the page; it has no vote."""
    unread: str | None

    @property
    def vote(self) -> Vote | None:
        """What it votes for; None for nothing."""
        return None if self.action is None else vote_of(self.action)


def vote_of(action: Action) -> Vote:
    """The element of an action, or its kind where it has none."""
    node = getattr(action, "node", None)
    return node if isinstance(node, int) else action.kind


async def propose(
    voice: Voice,
    prompts: Sequence[Prompt],
    sampling: Sampling,
    dialect: Dialect,
    goal: str,
    seen: Observation,
    votes: int,
    samples: int,
    minutes: Minutes,
) -> list[Proposal]:
    """Answers in a fixed order, every chunk once and then every chunk again, until one vote has been cast `votes` times
    or every chunk has been asked `samples` times (once, when greedy).

    After the first round no answer is asked for that could not still be needed: as many go out at once as the leading
    vote lacks. Raises FaultError owned by `model`.
    """
    draws = [
        (prompt, sampling.with_(seed=seed_for(sampling.seed, "sample", sample)))
        for sample in range(samples if sampling.temperature > 0 else 1)
        for prompt in prompts
    ]
    made: list[Proposal] = []
    while draws:
        counts = Counter(one.vote for one in made if one.vote is not None)
        lacking = votes - max(counts.values(), default=0)
        if lacking <= 0:
            break
        size = lacking if made else max(lacking, len(prompts))
        wave, draws = draws[:size], draws[size:]
        with border(Owner.MODEL, "llm_failed"):
            answers = await together([voice.ask(prompt, draw) for prompt, draw in wave])
        for (prompt, _), answer in zip(wave, answers, strict=True):
            made.append(_proposal(prompt, answer, dialect, goal, seen))
    for prompt in prompts:
        minutes.note("act", voice.key, prompt, [one.answer for one in made if one.prompt is prompt])
    return made


async def together(asking: Sequence[Awaitable[Completion]]) -> list[Completion]:
    """All answers; the first fault once nothing is under way any more."""
    found = await asyncio.gather(*asking, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if isinstance(one, Completion)]


def absent(action: Action, seen: Observation) -> int | None:
    """The first node id of the action that the page does not have; None where it has them all."""
    nodes = (getattr(action, name, None) for name in ("node", "to"))
    return next((node for node in nodes if isinstance(node, int) and seen.element(node) is None), None)


def _proposal(prompt: Prompt, answer: Completion, dialect: Dialect, goal: str, seen: Observation) -> Proposal:
    read = dialect.read(answer.text, goal, seen)
    if read.action is None:
        return Proposal(prompt, answer, None, read.reason)
    gone = absent(read.action, seen)
    if gone is not None:
        return Proposal(prompt, answer, None, f"no element of the page has the id {gone}")
    return Proposal(prompt, answer, read.action, None)


def named(stage: str, error: FaultError) -> FaultError:
    """The same fault, saying in which stage it came."""
    fault = error.fault
    return FaultError(fault.model_copy(update={"message": f"stage {stage}: {fault.message}"[:300]}))
