"""Floor 3: many episodes at once, each step saved as it happens."""

from webapprentice.rollout.actors import Actor, ModelActor, Said, SolverActor
from webapprentice.rollout.batching import Batcher
from webapprentice.rollout.config import MODELLESS, RolloutConfig
from webapprentice.rollout.engine import Feed, Job, Progress, Queues, jobs_for, play, rollout
from webapprentice.rollout.limits import Budget, EpisodeLimits, Metered, RunLimits

__all__ = [
    "MODELLESS",
    "Actor",
    "Batcher",
    "Budget",
    "EpisodeLimits",
    "Feed",
    "Job",
    "Metered",
    "ModelActor",
    "Progress",
    "Queues",
    "RolloutConfig",
    "RunLimits",
    "Said",
    "SolverActor",
    "jobs_for",
    "play",
    "rollout",
]
