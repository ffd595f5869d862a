"""The knobs of the agents that ask more than once for one step."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.models import ModelConfig

Agent = Literal["dialect", "webarena", "scribe", "stages", "trivial", "random"]
Role = Literal["refine", "act", "choose", "translate", "check"]


class RolesConfig(Config):
    """Which model plays which role: a name as in `model`, or empty for the model of the run."""

    refine: str = ""
    """Says the objective in full, once for each task."""
    act: str = ""
    """Proposes next steps from HTML."""
    choose: str = ""
    """Chooses among several proposals."""
    translate: str = ""
    """Turns the chosen step into one action."""
    check: str = ""
    """Decides whether the objective is met, and keeps notes."""

    def named(self) -> dict[Role, str]:
        """Role → name, for the roles that are not the run's own model's."""
        every: dict[Role, str] = {
            "refine": self.refine,
            "act": self.act,
            "choose": self.choose,
            "translate": self.translate,
            "check": self.check,
        }
        return {role: name for role, name in every.items() if name}


class StagesConfig(Config):
    """How the agents `scribe` and `stages` propose, and who plays which role in `stages`."""

    votes: int = Field(default=5, ge=1)
    """Proposals for one element after which no more are asked for."""
    samples: int = Field(default=10, ge=1)
    """Proposals for each chunk of the page at the most; greedy, there is one."""
    tries: int = Field(default=5, ge=1)
    """`stages`: times a stage is asked whose answer cannot be read, before that is a fault; greedy, once."""
    temperature: float = Field(default=1.0, ge=0.0)
    """`stages`: of all roles but `act`, which takes that of the rollout."""
    tokens: int = Field(default=500, ge=1)
    """`stages`: tokens of one answer of a role but `act`."""
    tree: int = Field(default=12_500, ge=1)
    """`stages`: tokens of the accessibility tree that all roles but `act` see."""
    nearby: int = Field(default=50, ge=0)
    """`stages`: elements before and after the target whose HTML is shown to `translate`."""
    roles: RolesConfig = RolesConfig()
    options: ModelConfig = ModelConfig()
    """`stages`: how the models of `roles` are loaded."""
