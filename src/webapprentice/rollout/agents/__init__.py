"""The agents of the two papers, and two that ask no model. Each is an `Actor`; docs/agents.md tells them apart."""

from webapprentice.rollout.agents.config import Agent, Role, RolesConfig, StagesConfig
from webapprentice.rollout.agents.proposing import Voice
from webapprentice.rollout.agents.scribe import ScribeActor
from webapprentice.rollout.agents.simple import RandomActor, TrivialActor
from webapprentice.rollout.agents.stages import StagesActor
from webapprentice.rollout.agents.transcript import Exchange, Transcript
from webapprentice.rollout.agents.wording import Prompts, copy_prompts

__all__ = [
    "Agent",
    "Exchange",
    "Prompts",
    "RandomActor",
    "Role",
    "RolesConfig",
    "ScribeActor",
    "StagesActor",
    "StagesConfig",
    "Transcript",
    "TrivialActor",
    "Voice",
    "copy_prompts",
]
