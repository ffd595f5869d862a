"""Every knob of `apprentice synthesize`."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from webapprentice.core.config import Config
from webapprentice.core.pricing import Priced
from webapprentice.models import ModelConfig


class SynthesisLimits(Priced):
    """Bounds of one run of the command, and what tokens cost. A bound that is 0 is off."""

    answers: int = Field(default=0, ge=0)
    """Answers asked for."""
    seconds: float = Field(default=0.0, ge=0.0)
    """Wall time."""


class Lengths(Config):
    """Tokens of one answer at the most, stage by stage."""

    objective: int = Field(default=200, ge=1)
    plan: int = Field(default=1000, ge=1)
    address: int = Field(default=1000, ge=1)
    actions: int = Field(default=3000, ge=1)
    page: int = Field(default=3000, ge=1)


class SynthesisConfig(Config):
    """Everything that may differ between two runs of `apprentice synthesize`."""

    model: str
    """Who writes: an endpoint such as http://host:8000/v1#model, a checkpoint, or any other model's name."""
    name: str = "examples"
    """The result is the collection `synthetic/NAME`."""
    examples: int = Field(default=100, ge=1)
    """How many to keep. With a larger number the same run goes on where it ended."""
    collections: tuple[str, ...] = Field(default=("attempts",), min_length=1)
    """Trajectories of the store whose objectives and addresses are shown, and whose steps are demonstrations."""
    keep: str | None = "kept"
    """File of kept keys, RUN/KEEP.txt: only these demonstrate actions and pages. Empty: all do."""
    shown: int = Field(default=4, ge=1)
    """Pairs of objective and address in the first prompt."""
    shown_own: int = Field(default=2, ge=0)
    """How many of them, at the most, are earlier made-up ones."""
    demonstrations: int = Field(default=2, ge=1)
    """Steps that demonstrate actions and pages; where the prompt is too long for the model, one."""
    demonstration_tokens: int = Field(default=1920, ge=16)
    """Tokens of a demonstration's page text; halved where the prompt is too long for the model."""
    likeness: float = Field(default=0.70, gt=0.0, le=1.0)
    """An objective as close as this (cosine) to another is asked for again."""
    apart_from_seeds: bool = True
    """Objectives are also kept apart from those of the seeds, not only from earlier made-up ones."""
    embedder: str = "auto"
    """What tells how alike objectives are: auto, minilm, lexical, a sentence-transformers model or an endpoint."""
    tries: int = Field(default=5, ge=1)
    """Answers asked for at one stage, at the most; then the sample is given up, with its reasons kept."""
    samples: int = Field(default=0, ge=0)
    """Samples begun at the most; 0 for four times `examples`."""
    least_nodes: int = Field(default=5, ge=1)
    """A page with fewer nodes that say different things is refused."""
    free_text: bool = False
    """Typed and answered text may be made up; otherwise it stands in the objective or on the page."""
    temperature: float = Field(default=1.0, ge=0.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    lengths: Lengths = Lengths()
    prompts: Path | None = None
    """Folder whose files replace the package's prompts of the same names."""
    seed: int = 42
    """Of every choice here, and of sampling."""
    window: int = Field(default=32, ge=1)
    """Samples in flight. It decides which earlier objectives a sample can be shown, so results depend on it."""
    batch: int = Field(default=64, ge=1)
    """Prompts in one call of a local model; an endpoint is asked each by itself, `options.concurrency` at a time."""
    patience: float = Field(default=600.0, gt=0.0)
    """Seconds without any answer from a model that fails, after which the run stops; nothing is given up before."""
    rejected: int = Field(default=10_000, ge=0)
    """Lines of RUN/synthetic.NAME.rejected.jsonl at the most; all are counted."""
    limits: SynthesisLimits = SynthesisLimits()
    options: ModelConfig = ModelConfig()

    @model_validator(mode="after")
    def _shown(self) -> Self:
        if self.shown_own >= self.shown:
            raise ValueError("shown_own must be less than shown: some of the pairs come from the seeds")
        return self

    @property
    def most(self) -> int:
        """Samples begun at the most."""
        return self.samples or 4 * self.examples

    @property
    def decides(self) -> dict[str, object]:
        """The settings that a sample depends on, apart from the model, the seeds and the wording."""
        left_out = {"examples", "samples", "batch", "patience", "rejected", "limits", "options", "prompts"}
        return self.model_dump(mode="json", exclude=left_out | {"collections", "keep", "name", "model", "embedder"})
