"""Every knob of `apprentice improve`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from webapprentice.core.config import Config
from webapprentice.curate import DatasetConfig, FilterConfig
from webapprentice.evaluate import PoolConfig
from webapprentice.models import ModelConfig
from webapprentice.rollout import RolloutConfig
from webapprentice.train import TrainConfig

Arm = Literal["label_free", "paper", "none", "reward"]
T = TypeVar("T")


def _each_once(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) < len(values):
        raise ValueError("name each once")
    return values


def _not_below_zero(values: tuple[float, ...]) -> tuple[float, ...]:
    if not all(value >= 0 for value in values):
        raise ValueError("each must be 0 or more")
    return values


class PracticeConfig(Config):
    """What is attempted in a round, from which the training rows come."""

    tasks: str = "attempted"
    """Task ids, patterns such as `miniwob/click-*`, or the lists `attempted` and `held_out`; separated by commas."""
    first_seed: int = 0
    """Practice takes the seeds from here on; a further round takes the next ones."""
    seeds: int = Field(default=20, ge=1)
    """Seeds of each task."""
    attempts: int = Field(default=4, ge=1)
    """Attempts at each seed; the vote needs several."""
    rollout: RolloutConfig = RolloutConfig()


class ExamConfig(Config):
    """How a model is examined. The same seeds for every model, so that runs can be paired."""

    tasks: str = "attempted,held_out"
    """As in practice."""
    first_seed: int = Field(default=1_000_000)
    """Far from those of practice; a run that would share seeds with practice is refused."""
    seeds: int = Field(default=20, ge=1)
    """Seeds of each task."""
    temperatures: Annotated[tuple[float, ...], AfterValidator(_each_once), AfterValidator(_not_below_zero)] = Field(
        default=(1.0, 0.0), min_length=1
    )
    """0 is greedy. Sampling at 1 alone can hide or invent a gain: keep both."""
    rollout: RolloutConfig = RolloutConfig()
    """Its temperature is replaced by each of `temperatures`."""


class ImproveConfig(Config):
    """Everything that may differ between two runs of `apprentice improve`."""

    model: str = "seed"
    """`seed` (the tiny model that ships), a checkpoint folder, a name, or an endpoint."""
    rounds: int = Field(default=1, ge=1, le=20)
    """Rounds of practice; each starts from the best model so far."""
    arms: Annotated[tuple[Arm, ...], AfterValidator(_each_once)] = Field(default=("label_free",), min_length=1)
    """Filters to compare: label_free, paper, none, reward. The first is the one that goes on to the next round."""
    training_seeds: Annotated[tuple[int, ...], AfterValidator(_each_once)] = Field(default=(0,), min_length=1)
    """Fine-tuning is repeated with each."""
    practice: PracticeConfig = PracticeConfig()
    exam: ExamConfig = ExamConfig()
    filter: FilterConfig = FilterConfig()
    """Parameters of the rules; its preset is replaced by each arm."""
    dataset: DatasetConfig = DatasetConfig(validation=0.0)
    train: TrainConfig = TrainConfig(
        base_model="seed", method="full", learning_rate=1.5e-3, max_steps=300, threads=2, checkpoint_every=50
    )
    """Base model and seed are filled in by the run; these values suit the seed model."""
    options: ModelConfig = ModelConfig()
    """How models are loaded."""
    pool: PoolConfig = PoolConfig()
    cases: int = Field(default=12, ge=0, le=100)
    """Trajectories shown step by step in the report."""
