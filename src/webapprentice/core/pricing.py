"""What tokens cost, and bounds on tokens and money."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from webapprentice.core.config import Config

_MILLION = 1_000_000


class Priced(Config):
    """Bounds on what a model is asked for. A bound that is 0 is off."""

    tokens: int = Field(default=0, ge=0)
    """Prompt and completion tokens together."""
    money: float = Field(default=0.0, ge=0.0)
    """What the tokens may cost, in the currency of the prices."""
    price_in: float = Field(default=0.0, ge=0.0)
    """Price of a million prompt tokens."""
    price_out: float = Field(default=0.0, ge=0.0)
    """Price of a million completion tokens."""

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.money and not (self.price_in or self.price_out):
            raise ValueError("money can be limited only where price_in or price_out is given")
        return self

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / _MILLION
