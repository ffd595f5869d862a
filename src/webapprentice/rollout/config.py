"""The knobs of an attempt."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from webapprentice.core.config import Config
from webapprentice.core.keys import FOR_KEYS
from webapprentice.rollout.agents.config import Agent, StagesConfig
from webapprentice.rollout.agents.wording import checked, used
from webapprentice.rollout.limits import EpisodeLimits

_SPEAKS = {"webarena": "webarena", "scribe": "scribe", "stages": "scribe"}
_ASKS_OFTEN = ("scribe", "stages")
MODELLESS = frozenset({"trivial", "random"})
"""Agents that ask no model."""


class RolloutConfig(Config):
    """Everything that may change what an attempt gives. How fast it runs is not among it."""

    agent: Agent = "dialect"
    """Who decides: `dialect`, a model asked once a step in the dialect below; `webarena` and `scribe`, the agents of
    the two papers; `stages`, ScribeAgent's four stages; `trivial`, which stops at once with N/A; `random`."""
    dialect: str = "compact"
    """How the model reads pages and writes actions: compact, scribe (HTML), webarena or browsergym (tree). The agents
    webarena, scribe and stages bring their own."""
    prompts: Annotated[dict[str, str], BeforeValidator(checked)] = Field(default={})
    """Folder of prompts that replace the package's, one by one, for the agents webarena, scribe and stages; see
    `apprentice agents prompts`. What the files say is kept, not where they are."""
    stages: StagesConfig = StagesConfig()
    budget: int = Field(default=0, ge=0)
    """Tokens of page text in a prompt; 0 takes the dialect's own."""
    temperature: float = Field(default=1.0, ge=0.0)
    """0 is greedy."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Nucleus sampling; 1 draws from the whole distribution."""
    max_tokens: int = Field(default=0, ge=0)
    """Tokens of one answer; 0 takes the dialect's own."""
    max_steps: int = Field(default=0, ge=0)
    """Steps of one episode; 0 takes each task's own limit."""
    grounded: bool = False
    """Hold answers to elements that the page shows: no verb without its element's own line. For models on this machine
    and the compact dialect. Practise so to find what the model means; an exam without it says what it has learnt."""
    limits: EpisodeLimits = EpisodeLimits()

    @model_validator(mode="after")
    def _together(self) -> RolloutConfig:
        if self.prompts and not used(self.prompts, self.agent):
            raise ValueError(f"agent={self.agent} asks with none of the prompts given ({', '.join(self.prompts)})")
        if self.grounded and self.agent != "dialect":
            raise ValueError(f"grounded holds answers of agent=dialect to the page, not those of agent={self.agent}")
        return self

    @property
    def spelling(self) -> str:
        """Name of the dialect in which the agent's steps are said."""
        return _SPEAKS.get(self.agent, self.dialect)

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """For keys, what is off is left out, and prices where no money is limited: they change no attempt."""
        found: dict[str, Any] = write(self)
        if info.context is FOR_KEYS:
            limits = self.limits if self.limits.money else self.limits.with_(price_in=0.0, price_out=0.0)
            for name in ("limits", "agent", "prompts", "stages"):
                del found[name]
            if not self.grounded:
                del found["grounded"]
            if limits != EpisodeLimits():
                found["limits"] = limits.model_dump()
            if self.agent != "dialect":
                found |= {"agent": self.agent, "dialect": self.spelling, "prompts": used(self.prompts, self.agent)}
            if self.agent in _ASKS_OFTEN:
                only = {"votes", "samples"} if self.agent == "scribe" else None
                found["stages"] = self.stages.model_dump(mode="json", include=only)
        return found
