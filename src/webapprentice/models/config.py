"""The knobs of every model backend."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from webapprentice.core.config import Config

SEED = "seed"
"""Name of the tiny model that ships with the package."""


class ModelConfig(Config):
    """How a model is loaded and asked. What does not concern a backend is ignored by it."""

    adapter: Path | None = None
    """Local models: folder of a PEFT adapter put over the weights; None for the weights alone."""
    device: str = "auto"
    """Local models: `cpu`, `cuda`, `cuda:1`, ...; `auto` takes the first GPU, else the CPU."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Local models: number format of the weights; `auto` is bfloat16 on a GPU and float32 on a CPU."""
    threads: int = Field(default=1, ge=1)
    """Local models: CPU threads; one is fastest while browsers share the cores."""
    batch: int = Field(default=64, ge=1)
    """Local models: answers decoded side by side at the most."""
    prefill_tokens: int = Field(default=2048, ge=1)
    """Local models: prompt tokens read in one forward pass at the most (a longer prompt goes alone)."""
    context: int | None = Field(default=None, ge=1)
    """Local models: tokens of prompt and answer together; None takes the checkpoint's own limit."""
    thinking: bool = False
    """Local models: let a chat template that knows `enable_thinking` open a thinking block."""
    api_key_env: str = "OPENAI_API_KEY"
    """Endpoints: name of the environment variable that holds the key; the key itself is never configured or stored."""
    timeout: float = Field(default=60.0, gt=0)
    """Endpoints: seconds one request may take."""
    deadline: float = Field(default=180.0, gt=0)
    """Endpoints: seconds one answer may take with all its retries and waits."""
    retries: int = Field(default=6, ge=0)
    """Endpoints: further attempts after a rate limit, a server error or a broken connection."""
    concurrency: int = Field(default=16, ge=1)
    """Endpoints: requests under way at one time."""
