"""Where a model acts: worlds of one browser, and the actors that play in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from webapprentice import __version__
from webapprentice.browser import BrowserConfig
from webapprentice.cluster import ClusterConfig
from webapprentice.core.config import Config
from webapprentice.core.protocols import Model
from webapprentice.core.records import Provenance
from webapprentice.evaluate.acting import ActorOf, acting, player
from webapprentice.rollout import MODELLESS, RolloutConfig, RunLimits
from webapprentice.tasks.environments import worlds_of
from webapprentice.tasks.miniwob import MiniWob
from webapprentice.tasks.registry import BENCHMARK as MINIWOB
from webapprentice.tasks.siteworld import SiteWorld
from webapprentice.tasks.webarena.fuzzy import FuzzyConfig


class PoolConfig(Config):
    """How fast things run; nothing here may change a result's key."""

    executor: Literal["local", "ray"] = "local"
    """Where episodes are played: `local`, in this process, or `ray`, by workers of a Ray cluster. Also `--executor`."""
    contexts: int = Field(default=24, ge=1, le=256)
    """Browser contexts side by side; on a cluster, in each worker."""
    batch: int = Field(default=0, ge=0)
    """Prompts answered in one model call; 0 takes half of the contexts, so that browser and model work at once."""
    port: int = Field(default=0, ge=0, le=65535)
    """Port of the task pages on 127.0.0.1; 0 takes a free one."""
    benchmark: Path | None = None
    """Benchmark file of a web application of yours, or of WebArena's; its tasks are called `NAME/ID`."""
    again: tuple[str, ...] = ()
    """Kinds of fault whose attempts are set aside and made again, such as site_down, or `all`."""
    judge: FuzzyConfig = FuzzyConfig()
    """Who answers what only a language model can tell of attempts on web sites; asked when all have been made."""
    browser: BrowserConfig = BrowserConfig()
    limits: RunLimits = RunLimits()
    """Where a limit is reached the command stops with exit code 4; run it again to go on."""
    cluster: ClusterConfig = ClusterConfig()


@asynccontextmanager
async def playing(
    model: Model | None,
    contexts: int,
    config: RolloutConfig,
    pool: PoolConfig,
    benchmark: str = MINIWOB,
    roles: Mapping[str, Model] | None = None,
) -> AsyncIterator[tuple[Sequence[MiniWob | SiteWorld], ActorOf, Provenance]]:
    """Worlds, who acts in them, and where what they give comes from. Without a model the scripted solvers act, or the
    agent that asks none; `roles` are the models that an agent asks beside it, by name.

    Raises UnavailableError when there is no browser.
    """
    asks = model is not None and config.agent not in MODELLESS
    port = 0 if pool.executor == "ray" else pool.port
    async with worlds_of(benchmark, contexts, pool.browser, port, pool.benchmark) as here:
        origin = Provenance(
            config_hash=config.hash,
            version=__version__,
            model=player(model, config),
            browser=here[0].window.browser.version,
            temperature=config.temperature if asks else None,
            spelling=config.spelling,
        )
        batch = pool.batch or (contexts + 1) // 2
        async with acting(model, config, batch, roles or {}, pool.benchmark) as actor:
            yield here, actor, origin
