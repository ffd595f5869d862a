"""The knobs of training, and what a training run reports."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.records import Record


class TrainConfig(Config):
    """Everything that may differ between two training runs."""

    base_model: str
    """Folder with a transformers checkpoint, or a Hugging Face name."""
    adapter: Path | None = None
    """Adapter to go on with; None starts a new one. Only with method `lora`."""
    method: Literal["lora", "full"] = "lora"
    """`lora` trains an adapter beside the weights, `full` trains the weights themselves."""
    lora_r: int = Field(default=16, ge=1)
    """Rank of the adapter."""
    lora_alpha: int = Field(default=32, ge=1)
    """The adapter's output is multiplied by alpha / r."""
    lora_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the adapter's inputs dropped while training."""
    lora_targets: str | tuple[str, ...] = "all-linear"
    """Layers that get an adapter: `all-linear`, or names such as [q_proj, v_proj]."""
    train_norms: bool = False
    """With `lora`: train the weights of all norms too; they are saved in the adapter."""
    quantize: Literal["none", "nf4"] = "none"
    """With `lora`: hold the base in 4 bits (NF4, twice quantized) while training; needs bitsandbytes."""
    merge: bool = False
    """Also write the weights with the adapter merged into them, in the folder `merged`."""
    learning_rate: float = Field(default=1e-4, gt=0.0)
    """Peak; reached after the warm-up."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls from its peak to zero; `constant` stays there."""
    warmup: float = Field(default=0.03, ge=0.0, lt=1.0)
    """Share of the updates over which the learning rate rises."""
    warmup_steps: int | None = Field(default=None, ge=0)
    """Updates over which it rises; None leaves it to `warmup`."""
    batch_size: int = Field(default=32, ge=1)
    """Rows of one update."""
    micro_batch: int | None = Field(default=None, ge=1)
    """Rows in memory at a time; the update stays the same. None: the whole batch."""
    epochs: float = Field(default=1.0, gt=0.0)
    """Passes over the rows, when `max_steps` is not given."""
    max_steps: int | None = Field(default=None, ge=1)
    """Updates."""
    weight_decay: float = Field(default=0.0, ge=0.0)
    """AdamW's decay."""
    max_grad_norm: float = Field(default=1.0, ge=0.0)
    """Gradients longer than this are shortened; 0 leaves them."""
    max_length: int | None = Field(default=None, ge=2)
    """Longest row in tokens; longer ones are left out and counted. None: the model's own limit."""
    rope: Literal["none", "linear"] = "none"
    """`linear` stretches positions by ceil(max_length / the model's limit) where rows may be longer than that limit."""
    patience: int = Field(default=0, ge=0)
    """Validations without a lower perplexity after which training ends; the best weights are the result. 0: no end."""
    validate_every: int = Field(default=0, ge=0)
    """Updates between validations; 0: one after each pass over the rows. Without validation rows there is none."""
    seed: int = 0
    """Of the order of the rows, the new adapter and dropout."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic; `auto` is bfloat16 where the machine is quick at it; float32 repeats bit for bit."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; `auto` takes a GPU when there is one."""
    threads: int = Field(default=1, ge=1)
    """CPU threads."""
    gradient_checkpointing: bool = False
    """Compute activations twice to hold fewer of them."""
    checkpoint_every: int = Field(default=100, ge=0)
    """Updates between two checkpoints to resume from; 0 writes none."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """Newest checkpoints kept while training; all go when it is finished."""


class TrainReport(Record):
    """What a training run did."""

    schema_version: Literal[1] = 1
    out: str
    """Folder of the result."""
    run: str
    """Key of configuration, base and rows: the same run has the same key."""
    base: str
    """Content key of the weights it started from."""
    key: str
    """Content key of the folder: the loaded model's own key for method `full`, the adapter's part of it for `lora`."""
    method: Literal["lora", "full"]
    rows: int
    """Rows trained on."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """Rows left out, by reason: too_long, template, weight."""
    trained_tokens: int
    """Tokens of the rows that the loss applies to, counted once."""
    row_tokens: int
    """All tokens of the rows, counted once."""
    parameters: int
    """Trained parameters."""
    steps: int
    losses: tuple[float, ...]
    """Weighted mean loss of each update, nats a token."""
    perplexities: tuple[tuple[int, float], ...] = ()
    """Update, and perplexity of the validation rows' completions after it: exp of the mean loss a token."""
    best_step: int | None = None
    """The update whose weights are the result, where `patience` chose them."""
    rope_factor: float = 1.0
    """How far positions are stretched; the base must be loaded with it, which the merged model and we do ourselves."""
    resumed_from: int = 0
    """Update whose checkpoint this run went on from."""
    seconds: float
    """Wall time of the part since then."""
