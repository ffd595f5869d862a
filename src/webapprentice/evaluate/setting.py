"""Where a model acts: worlds of one browser, a dialect, and the actors that play in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from webapprentice import __version__
from webapprentice.browser import BrowserConfig
from webapprentice.cluster import ClusterConfig
from webapprentice.core.config import Config
from webapprentice.core.protocols import Model, Sampling
from webapprentice.core.records import Provenance
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.rollout import Actor, Batcher, Job, ModelActor, RolloutConfig, RunLimits, SolverActor
from webapprentice.tasks.environments import solver_of, worlds_of
from webapprentice.tasks.miniwob import MiniWob
from webapprentice.tasks.registry import BENCHMARK as MINIWOB
from webapprentice.tasks.siteworld import SiteWorld
from webapprentice.tasks.webarena.fuzzy import FuzzyConfig

NO_MODEL = "scripted-solvers"
"""Stands in keys and provenance where no model acts."""


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


def dialect_of(config: RolloutConfig) -> Dialect:
    """The dialect of a rollout, with its budget where one was set."""
    dialect = load_dialect(config.dialect)
    return dialect.with_(budget=config.budget) if config.budget else dialect


@asynccontextmanager
async def playing(
    model: Model | None, contexts: int, config: RolloutConfig, pool: PoolConfig, benchmark: str = MINIWOB
) -> AsyncIterator[tuple[Sequence[MiniWob | SiteWorld], Callable[[Job], Actor], Provenance]]:
    """Worlds, who acts in them, and where what they give comes from. Without a model the scripted solvers act.

    Raises UnavailableError when there is no browser.
    """
    dialect = dialect_of(config)
    port = 0 if pool.executor == "ray" else pool.port
    async with worlds_of(benchmark, contexts, pool.browser, port, pool.benchmark) as here:
        origin = Provenance(
            config_hash=config.hash,
            version=__version__,
            model=model.key if model else NO_MODEL,
            browser=here[0].window.browser.version,
            temperature=config.temperature if model else None,
            spelling=config.dialect,
        )
        if model is None:

            def solver(job: Job) -> Actor:
                solve = solver_of(job.task, pool.benchmark)
                assert solve is not None  # `attempt_all` has refused tasks without one
                return SolverActor(job.task, solve, dialect)

            yield here, solver, origin
            return
        batcher = Batcher(model, pool.batch or (contexts + 1) // 2)
        serving = asyncio.create_task(batcher.serve())
        try:
            yield here, _actors(batcher, dialect, config, model), origin
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def _actors(batcher: Batcher, dialect: Dialect, config: RolloutConfig, model: Model) -> Callable[[Job], Actor]:
    def actor(job: Job) -> Actor:
        sampling = Sampling(
            temperature=config.temperature,
            top_p=config.top_p,
            max_tokens=config.max_tokens or dialect.answer,
            seed=int(job.key[:8], 16),
        )
        return ModelActor(batcher, dialect, sampling, model.count, config.grounded)

    return actor
