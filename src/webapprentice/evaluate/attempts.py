"""A model in real pages: worlds, rollout and store put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pydantic import Field

from webapprentice import __version__
from webapprentice.browser import BrowserConfig
from webapprentice.core.config import Config
from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Model, Sampling
from webapprentice.core.records import Provenance, Task
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.rollout import (
    Actor,
    Batcher,
    Job,
    ModelActor,
    Progress,
    RolloutConfig,
    SolverActor,
    jobs_for,
    rollout,
)
from webapprentice.store import Store
from webapprentice.tasks.miniwob import worlds
from webapprentice.tasks.solvers import SOLVERS


class PoolConfig(Config):
    """How fast things run; nothing here may change a result's key."""

    contexts: int = Field(default=24, ge=1, le=256)
    """Browser contexts side by side."""
    batch: int = Field(default=0, ge=0)
    """Prompts answered in one model call; 0 takes half of the contexts, so that browser and model work at once."""
    port: int = Field(default=0, ge=0, le=65535)
    """Port of the task pages on 127.0.0.1; 0 takes a free one."""
    browser: BrowserConfig = BrowserConfig()


def dialect_of(config: RolloutConfig) -> Dialect:
    """The dialect of a rollout, with its budget where one was set."""
    dialect = load_dialect(config.dialect)
    return dialect.with_(budget=config.budget) if config.budget else dialect


async def attempt_all(
    model: Model | None,
    tasks: Sequence[Task],
    seeds: Sequence[int],
    attempts: int,
    config: RolloutConfig,
    store: Store,
    collection: str,
    *,
    pool: PoolConfig | None = None,
    tell: Callable[[Progress], None] | None = None,
) -> list[str]:
    """Make every attempt that the collection lacks; returns the keys of all of them, old and new, in order.

    Without a model the scripted solvers act. Raises UnavailableError when there is no browser, UsageError when a task
    has no solver.
    """
    pool = pool or PoolConfig()
    unsolved = [task.id for task in tasks if model is None and task.id not in SOLVERS]
    if unsolved:
        raise UsageError(f"{len(unsolved)} tasks have no scripted solver, such as {unsolved[0]}; leave them out")
    name = model.key if model else "scripted-solvers"
    jobs = jobs_for(tasks, seeds, attempts, name, config)
    finished = store.finished(collection)
    todo = [job for job in jobs if job.key not in finished]
    if not todo:
        return [job.key for job in jobs]
    contexts = min(pool.contexts, len(todo))
    dialect = dialect_of(config)
    async with worlds(contexts, pool.browser, pool.port) as here:
        origin = Provenance(
            config_hash=config.hash,
            version=__version__,
            model=name,
            browser=here[0].window.browser.version,
            temperature=config.temperature if model else None,
            spelling=config.dialect,
        )
        if model is None:

            def solver(job: Job) -> Actor:
                return SolverActor(job.task, SOLVERS[job.task.id], dialect)

            await rollout(todo, here, solver, store, collection, origin=origin, config=config, tell=tell)
        else:
            batcher = Batcher(model, pool.batch or (contexts + 1) // 2)
            actor = _actors(batcher, dialect, config, model)
            serving = asyncio.create_task(batcher.serve())
            try:
                await rollout(todo, here, actor, store, collection, origin=origin, config=config, tell=tell)
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
    return [job.key for job in jobs]


def _actors(batcher: Batcher, dialect: Dialect, config: RolloutConfig, model: Model) -> Callable[[Job], Actor]:
    def actor(job: Job) -> Actor:
        sampling = Sampling(
            temperature=config.temperature,
            top_p=config.top_p,
            max_tokens=config.max_tokens or dialect.answer,
            seed=int(job.key[:8], 16),
        )
        return ModelActor(batcher, dialect, sampling, model.count)

    return actor
