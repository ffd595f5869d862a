"""Configurations of the single verbs, made of the same parts as `improve`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.curate import CardConfig, DatasetConfig, FilterConfig, SplitConfig
from webapprentice.curate.sheets import Pages
from webapprentice.evaluate import PoolConfig
from webapprentice.improve.config import ExamConfig
from webapprentice.models import ModelConfig
from webapprentice.rollout import RolloutConfig
from webapprentice.train import TrainConfig


class AttemptConfig(Config):
    """Everything that may differ between two runs of `apprentice rollout`."""

    model: str = "seed"
    """`seed`, a checkpoint folder, a name, an endpoint, `solvers` for the scripted solvers, or `none` for agents that
    ask no model."""
    tasks: str = "attempted"
    """Task ids, patterns such as `miniwob/click-*`, or the lists `attempted` and `held_out`; separated by commas, and
    with `-` in front to leave some out."""
    first_seed: int = 0
    """Seeds are counted from here."""
    seeds: int = Field(default=20, ge=1)
    """Seeds of each task."""
    attempts: int = Field(default=4, ge=1)
    """Attempts at each seed."""
    collection: str = "attempts"
    """Name in the store."""
    rollout: RolloutConfig = RolloutConfig()
    options: ModelConfig = ModelConfig()
    """How the model is loaded."""
    pool: PoolConfig = PoolConfig()


class SiftConfig(Config):
    """Everything that may differ between two runs of `apprentice filter`."""

    filter: FilterConfig = FilterConfig()
    collection: str = "attempts"
    """Which trajectories of the store."""
    keep: str = "kept"
    """File of kept keys, RUN/KEEP.txt."""
    dialect: str = "compact"
    """The dialect in which the model acted."""
    model: str = ""
    """For rules that ask a model (critique): its name; empty where no rule does."""
    options: ModelConfig = ModelConfig()


class RowsConfig(Config):
    """Everything that may differ between two runs of `apprentice dataset`."""

    collection: str = "attempts"
    """Which trajectories of the store."""
    keep: str | None = "kept"
    """File of kept keys, RUN/KEEP.txt; empty takes every trajectory."""
    out: str = "rows"
    """File of rows, RUN/OUT.jsonl; validation rows go to RUN/OUT.validation.jsonl."""
    model: str = "seed"
    """Whose tokenizer counts."""
    rollout: RolloutConfig = RolloutConfig()
    """As in the rollout: prompts are rendered again and must agree."""
    dataset: DatasetConfig = DatasetConfig()
    pages: Pages = "default"
    """`default`: our pruning, which never cuts the target. `scribe`: ScribeAgent's rules on the HTML that was kept, the
    chunk that holds the target; with `rollout.dialect=scribe`. `scribe_tail`: its last chunk alone."""
    split: SplitConfig = SplitConfig()
    card: CardConfig = CardConfig()
    formats: tuple[Literal["parquet", "trl"], ...] = ()
    """Beside RUN/OUT.jsonl: `parquet`, and `trl` (JSONL), with the columns that `datasets` and TRL load as they are."""
    workers: int = Field(default=0, ge=0)
    """Processes that render pages; 0: one for each core."""
    options: ModelConfig = ModelConfig()


class TeachConfig(Config):
    """Everything that may differ between two runs of `apprentice train`."""

    rows: str = "rows"
    """File of rows, RUN/ROWS.jsonl; RUN/ROWS.validation.jsonl is watched where it is there."""
    out: str = "model"
    """Folder of the new model, RUN/OUT."""
    train: TrainConfig = TrainConfig(base_model="seed")


class ExamineConfig(Config):
    """Everything that may differ between two runs of `apprentice evaluate`."""

    model: str = "seed"
    """`seed`, a checkpoint or adapter folder, a name, an endpoint, `solvers`, or `none`."""
    label: str = "model"
    """Name of the exam in the store: exam/LABEL/T1 and exam/LABEL/T0."""
    exam: ExamConfig = ExamConfig()
    options: ModelConfig = ModelConfig()
    pool: PoolConfig = PoolConfig()
