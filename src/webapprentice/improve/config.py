"""Every knob of `apprentice improve`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, field_validator, model_validator

from webapprentice.core.config import Config
from webapprentice.curate import DatasetConfig, FilterConfig
from webapprentice.evaluate import PoolConfig
from webapprentice.models import ModelConfig
from webapprentice.rollout import RolloutConfig
from webapprentice.synthesis import SynthesisConfig, TinyConfig
from webapprentice.train import TrainConfig

T = TypeVar("T")

Preset = Literal["label_free", "paper", "none", "reward"]


class Mixture(Config):
    """What a model is taught: rows of its own attempts, rows it made up, or both."""

    filter: Preset = "label_free"
    """Rules that choose among its attempts."""
    in_domain: bool = True
    """Whether rows of these attempts are taught; without, they only say how many rows there shall be."""
    synthetic: float = Field(default=0.0, ge=0.0, le=20.0)
    """Synthetic rows for each in-domain row, as far as there are so many."""

    @model_validator(mode="after")
    def _something(self) -> Mixture:
        if not self.in_domain and self.synthetic == 0:
            raise ValueError("nothing would be taught; set in_domain=true or synthetic above 0")
        return self


MIXTURES: Mapping[str, Mixture] = {
    "label_free": Mixture(),
    "paper": Mixture(filter="paper"),
    "none": Mixture(filter="none"),
    "reward": Mixture(filter="reward"),
    "mixed": Mixture(synthetic=1.0),
    "synthetic": Mixture(in_domain=False, synthetic=1.0),
}
"""The arms that have a name. Patel et al. (2024) call three of them A, B and C."""
LETTERS = {"A": "label_free", "B": "mixed", "C": "synthetic"}


def _each_once(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) < len(values):
        raise ValueError("name each once")
    return values


def _lettered(arms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(LETTERS.get(arm, arm) for arm in arms)


def _not_below_zero(values: tuple[float, ...]) -> tuple[float, ...]:
    if not all(value >= 0 for value in values):
        raise ValueError("each must be 0 or more")
    return values


class PracticeConfig(Config):
    """What is attempted in a round, from which the training rows come."""

    tasks: str = "attempted"
    """Task ids, patterns such as `miniwob/click-*`, or the lists `attempted` and `held_out`; separated by commas, and
    with `-` in front to leave some out."""
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
    arms: Annotated[tuple[str, ...], AfterValidator(_lettered), AfterValidator(_each_once)] = Field(
        default=("label_free",), min_length=1
    )
    """What to compare: label_free (A), mixed (B), synthetic (C), paper, none, reward, or names of `mixtures`. The
    first goes on to the next round; the others are made in the first round alone."""
    mixtures: dict[str, Mixture] = Field(default={})
    """Further arms by name."""
    training_seeds: Annotated[tuple[int, ...], AfterValidator(_each_once)] = Field(default=(0,), min_length=1)
    """Everything after the first practice is repeated with each: fine-tuning, and the rounds that follow from it."""
    go_on: Literal["better", "always"] = "better"
    """From which model the next round starts: from this round's only where it did better on the practised tasks of the
    exam (which that exam then flatters a little), or from it in any case."""
    learn_from: Literal["all", "last"] = "all"
    """Whose attempts are taught: those of all rounds so far (Patel et al. 2024), or of the last."""
    start_from: Literal["best", "base"] = "best"
    """Which weights a later round fine-tunes: those that practised, or the base again with all that was learnt."""
    practice: PracticeConfig = PracticeConfig()
    exam: ExamConfig = ExamConfig()
    filter: FilterConfig = FilterConfig()
    """Parameters of the rules; its preset is replaced by each arm."""
    synthesis: TinyConfig = TinyConfig()
    """How the model makes up examples, where an arm wants any."""
    author: SynthesisConfig | None = None
    """Examples are made up as `apprentice synthesize` does it, from this round's attempts, and not in the tiny way. Its
    `model` may be `self`: the model that practised. Its `name`, `collections` and `keep` are filled in by the run."""
    synthetic_filter: FilterConfig = FilterConfig(rules=("words", "typed", "aimed", "vote"), vote_share=0.5)
    """Rules that choose among examples made up in the tiny way; an author's are checked while they are written."""
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

    @field_validator("mixtures")
    @classmethod
    def _free(cls, mixtures: dict[str, Mixture]) -> dict[str, Mixture]:
        for name in mixtures:
            if name in LETTERS or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
                raise ValueError(f"{name!r} cannot name a mixture: letters, digits and _, and not A, B or C")
        return mixtures

    @model_validator(mode="after")
    def _known(self) -> ImproveConfig:
        known = {**MIXTURES, **self.mixtures}
        for arm in self.arms:
            if arm not in known:
                raise ValueError(f"arms: there is no arm {arm!r}; there are {', '.join((*LETTERS, *known))}")
        return self

    @property
    def inventing(self) -> tuple[str, ...]:
        """The arms that want made-up examples."""
        return tuple(arm for arm in self.arms if self.mixture(arm).synthetic)

    def mixture(self, arm: str) -> Mixture:
        """What this arm teaches."""
        return self.mixtures[arm] if arm in self.mixtures else MIXTURES[arm]
