"""ScribeAgent alone (arXiv 2411.15004): the next step straight from pruned HTML, and from all of it."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Sampling
from webapprentice.core.records import Observation, Step
from webapprentice.dialect import Dialect, prompt_key
from webapprentice.metrics import elect
from webapprentice.rollout.actors import Said
from webapprentice.rollout.agents.config import StagesConfig
from webapprentice.rollout.agents.proposing import Proposal, Voice, propose
from webapprentice.rollout.agents.transcript import Minutes


class ScribeActor:
    """Asks about every chunk of the page, several times, and does what most answers say; one for each episode."""

    def __init__(self, voice: Voice, dialect: Dialect, sampling: Sampling, config: StagesConfig) -> None:
        self._voice = voice
        self._dialect = dialect
        self._sampling = sampling
        self._config = config

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:
        """The elected answer, word for word; where none can be read, the first of them. Raises FaultError owned by
        `model`."""
        minutes = Minutes()
        history = [(step.said, step.outcome) for step in steps]
        prompts = self._dialect.prompts(goal, seen, history, self._voice.count)
        draw = self._sampling.with_(seed=seed_for(self._sampling.seed, len(steps)))
        config = self._config
        made = await propose(
            self._voice, prompts, draw, self._dialect, goal, seen, config.votes, config.samples, minutes
        )
        one = elected(made) or made[0]
        # A training row shows the page within its budget with the target in it, as the paper trains on the chunk that
        # holds the target: it has the very prompt only where the page is a single chunk.
        whole = len(prompts) == 1
        return Said(
            text=one.answer.text,
            action=one.action,
            unread=one.unread,
            prompt_key=prompt_key(one.prompt) if whole else None,
            logprob=one.answer.logprob if whole else None,
            usage=minutes.usage,
            transcript=minutes.written(goal) if len(made) > 1 else None,
        )


def elected(made: Sequence[Proposal]) -> Proposal | None:
    """The first answer that says what most votes say; None where nobody voted."""
    found = elect([(one.vote, one.action) if one.action is not None else None for one in made])
    return None if found is None else next(one for one in made if one.action == found[1])
