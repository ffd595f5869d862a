"""Every knob of `apprentice score`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from webapprentice.core.config import Config
from webapprentice.curate.sheets import Pages
from webapprentice.models import ModelConfig

Setting = Literal["exact", "mind2web_direct", "mind2web_qa"]


class ScoreLimits(Config):
    """Bounds of one run of the command. A bound that is 0 is off."""

    answers: int = Field(default=0, ge=0)
    """Answers asked for."""
    tokens: int = Field(default=0, ge=0)
    """Prompt and completion tokens together."""
    seconds: float = Field(default=0.0, ge=0.0)
    """Wall time."""


class ScoreConfig(Config):
    """Everything that may differ between two runs of `apprentice score`."""

    collection: str = "imported/mind2web"
    """Which trajectories of the store."""
    model: str = "seed"
    """`seed`, a checkpoint or adapter folder, a name, or an endpoint."""
    setting: Setting = "exact"
    """`exact`: the recorded action itself. `mind2web_direct`, `mind2web_qa`: Mind2Web's two ways of asking."""
    split: str = "all"
    """`all`, or one of Mind2Web's: train, test_task, test_website, test_domain."""
    keys: Path | None = None
    """File of trajectory keys, one a line, in the run's folder or elsewhere: only these are scored."""
    train_keys: Path | None = None
    """File of keys from which the baselines learn; none: what `keys` and `split` leave of the collection."""
    baselines: bool = True
    """Measure the majority and blind replay beside the model."""
    dialect: str = "scribe"
    """What the model reads and writes: compact, webarena, browsergym or scribe."""
    budget: int = Field(default=0, ge=0)
    """Tokens of page text in one prompt; 0 takes the dialect's own."""
    pages: Pages = "default"
    """`default`: one prompt with the page as in training rows. `scribe`: ScribeAgent's pruning, every chunk asked.
    `scribe_tail`: the same, with the page's last chunk alone, as ScribeAgent's own test."""
    history: Literal["canonical", "described", "said"] = "canonical"
    """How steps that nobody was asked for stand in the history; as `dataset.completion`."""
    temperatures: tuple[float, ...] = Field(default=(0.0, 1.0), min_length=1)
    """Readings; 0 is greedy."""
    samples: int = Field(default=1, ge=1)
    """Answers to each prompt where the temperature is not 0; all of them vote."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_tokens: int = Field(default=0, ge=0)
    """Tokens of one answer; 0 takes the dialect's own."""
    candidates: Path | None = None
    """Multi-stage QA: a ranking as JSON; none: ranks of the import, or our lexical ranker."""
    top: int = Field(default=50, ge=0)
    """Multi-stage QA: candidates that are looked at; 0 for all."""
    against: str | None = None
    """An earlier result of the same steps, RUN/AGAINST.json, to be compared with step by step."""
    legacy: bool = False
    """Also count as ScribeAgent's released code does; every answer is then asked for, decided or not."""
    seed: int = 0
    """Of sampling."""
    batch: int = Field(default=64, ge=1)
    """Prompts in one call of the model."""
    limits: ScoreLimits = ScoreLimits()
    out: str = "score"
    """File of the result, RUN/OUT.json."""
    options: ModelConfig = ModelConfig()
    """How the model is loaded."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.pages != "default" and self.dialect != "scribe":
            raise ValueError(f"ScribeAgent's pages are HTML, so pages={self.pages} needs dialect=scribe")
        if self.legacy and (self.setting == "exact" or self.dialect != "scribe"):
            raise ValueError("legacy counts Mind2Web in ScribeAgent's spelling; set a mind2web setting, dialect=scribe")
        if len(set(self.temperatures)) < len(self.temperatures) or min(self.temperatures) < 0:
            raise ValueError("temperatures are 0 or more, each named once")
        return self
