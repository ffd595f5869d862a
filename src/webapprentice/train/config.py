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


class Spent(Record):
    """What a way of learning took, so that ways can be compared at equal compute."""

    episodes: int = 0
    """Played for it."""
    tokens_generated: int = 0
    """Said in them by the model."""
    tokens_trained: int = 0
    """Answers' tokens in the loss, counted in each update that they are in."""
    seconds: float = 0.0
    """Wall time, episodes and updates together."""


class PreferConfig(Config):
    """Everything that may differ between two runs of `apprentice prefer`."""

    pairs: str = "pairs"
    """File of `apprentice pairs`: RUN/PAIRS.dpo.jsonl or RUN/PAIRS.kto.jsonl."""
    out: str = "preferred"
    """Folder of the new model, RUN/OUT."""
    how: Literal["dpo", "kto"] = "dpo"
    """DPO (Rafailov et al. 2023, arXiv 2305.18290) learns from pairs, KTO (Ethayarajh et al. 2024, arXiv 2402.01306)
    from single answers, better or worse."""
    beta: float = Field(default=0.1, gt=0.0)
    """How dear it is to leave the model that one started from."""
    train: TrainConfig = TrainConfig(base_model="seed", method="full", learning_rate=1e-5, batch_size=16)
    """As in `apprentice train`; patience, validation, checkpoints and rope play no part."""


class PreferReport(Record):
    """What learning from preferences did."""

    schema_version: Literal[1] = 1
    out: str
    run: str
    """Key of configuration, base and rows."""
    base: str
    """Content key of the weights it started from."""
    key: str
    """Content key of the folder."""
    how: Literal["dpo", "kto"]
    rows: int
    dropped: dict[str, int]
    """Rows left out, by reason: too_long, template."""
    steps: int
    losses: tuple[float, ...]
    margins: tuple[float, ...]
    """Mean of chosen less rejected implicit reward (beta × log-ratio to the base), of each update."""
    spent: Spent


class GroupConfig(Config):
    """How a policy learns from the reward of its own episodes (GRPO, Shao et al. 2024, arXiv 2402.03300)."""

    updates: int = Field(default=20, ge=1)
    """Of the weights; each is made from new attempts."""
    groups: int = Field(default=8, ge=1)
    """Episodes (task and seed) of one update."""
    attempts: int = Field(default=8, ge=2)
    """Attempts at each; the advantage of one is its reward less the mean of its group, over the standard deviation."""
    epsilon: float = Field(default=0.2, gt=0.0)
    """How far a token's probability may move for its gain to count (the clip of PPO)."""
    beta: float = Field(default=0.0, ge=0.0)
    """Weight of the divergence from the model that one started from; 0: none, and no second model in memory."""
    micro_batch: int = Field(default=32, ge=1)
    """Attempts whose steps are in memory at a time; the update stays the same."""
    train: TrainConfig = TrainConfig(base_model="seed", method="full", learning_rate=1e-5, schedule="constant")
    """As in `apprentice train`; batch_size, epochs, patience, validation and checkpoints play no part."""


class GroupUpdate(Record):
    """One update's episodes."""

    reward: float | None
    """Mean over all attempts; None where every one was lost."""
    spread: float
    """Share of the groups whose attempts differ in reward: only they teach."""
    episodes: int
    lost: int
    """Attempts without a reward, through a fault that is not the model's."""
    steps: int
    """Rows of the update."""
    loss: float | None = None


class GroupReport(Record):
    """What learning from reward did."""

    schema_version: Literal[1] = 1
    out: str
    run: str
    base: str
    key: str
    updates: tuple[GroupUpdate, ...]
    dropped: dict[str, int]
    """Steps left out, by reason: too_long, template."""
    spent: Spent
