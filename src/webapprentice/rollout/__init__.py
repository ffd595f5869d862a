"""Floor 3: many episodes at once, each step saved as it happens."""

from webapprentice.rollout.actors import Actor, ModelActor, Said, SolverActor
from webapprentice.rollout.batching import Batcher
from webapprentice.rollout.engine import Job, Progress, RolloutConfig, jobs_for, rollout

__all__ = [
    "Actor",
    "Batcher",
    "Job",
    "ModelActor",
    "Progress",
    "RolloutConfig",
    "Said",
    "SolverActor",
    "jobs_for",
    "rollout",
]
