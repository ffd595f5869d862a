"""A model in real pages: worlds, rollout and store put together."""

from __future__ import annotations

import difflib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from webapprentice.cluster import Foreman, connect
from webapprentice.core.faults import Owner, UsageError
from webapprentice.core.protocols import Executor, Model, News, Parcel
from webapprentice.core.records import Record, Task
from webapprentice.evaluate.acting import Cast, player, playing_key
from webapprentice.evaluate.remote import NOT_SHARED, Setup, Shared, attempt_elsewhere
from webapprentice.evaluate.rescoring import RescoreConfig, asker, rescore
from webapprentice.evaluate.setting import PoolConfig, playing
from webapprentice.models import ModelConfig
from webapprentice.rollout import (
    MODELLESS,
    Actor,
    Budget,
    Job,
    Metered,
    Progress,
    RolloutConfig,
    jobs_for,
    rollout,
)
from webapprentice.store import Store
from webapprentice.tasks.environments import benchmark_of, one_state_for_all, solver_of
from webapprentice.tasks.webarena.records import KIND


class Named(Record):
    """How workers elsewhere come by the model."""

    name: str
    options: ModelConfig = ModelConfig()

    @classmethod
    def of(cls, name: str, options: ModelConfig) -> Self:
        """The same model for processes that stand in other folders."""
        adapter = options.adapter and options.adapter.absolute()
        return cls(
            name=str(Path(name).absolute()) if Path(name).is_dir() else name, options=options.with_(adapter=adapter)
        )


@contextmanager
def hired(pool: PoolConfig, say: Callable[[str], None] = lambda _line: None) -> Iterator[Executor | None]:
    """Who plays the episodes of a command: the workers of a cluster, or, as None, this process.

    `say` is told of each worker that died.
    """
    with ExitStack() as stack:
        yield None if pool.executor == "local" else Hired(pool, stack, say)


class Hired:
    """An `Executor` that looks for its cluster when there is something to do."""

    def __init__(self, pool: PoolConfig, stack: ExitStack, say: Callable[[str], None]) -> None:
        self._pool = pool
        self._say = say
        self._stack = stack
        self.foreman: Foreman | None = None

    def carry_out(self, errand: str, setup: bytes, parcels: Sequence[Parcel]) -> AsyncGenerator[list[News]]:
        """As the foreman does. Raises UnavailableError and UsageError as `cluster.connect` does."""
        if self.foreman is None:
            pool = self._pool
            yard = self._stack.enter_context(connect(pool.cluster))
            self.foreman = Foreman(yard, pool.cluster, pool.contexts + pool.cluster.ahead, self._say)
        return self.foreman.carry_out(errand, setup, parcels)


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
    budget: Budget | None = None,
    executor: Executor | None = None,
    named: Named | None = None,
    cast: Cast | None = None,
) -> list[str]:
    """Make every attempt that the collection lacks; returns the keys of all of them, old and new, in order.

    Without a model the scripted solvers act, or the agent that asks none. `cast` keeps the models of an agent's roles
    from one call to the next. An executor has the attempts made by its workers, which load the model as
    `named` says. Raises UnavailableError when there is no browser, UsageError when a task has no solver or workers
    cannot load the model, LimitError when the budget is used up.
    """
    benchmark = pool.benchmark if pool is not None else None
    solvers = model is None and config.agent not in MODELLESS
    unsolved = [task.id for task in tasks if solvers and solver_of(task, benchmark) is None]
    if unsolved:
        raise UsageError(f"{len(unsolved)} tasks have no scripted solver, such as {unsolved[0]}; leave them out")
    cast = cast or Cast()
    jobs = jobs_for(tasks, seeds, attempts, playing_key(model, config, cast.models(config)), config)
    return await attempt_jobs(
        model,
        jobs,
        config,
        store,
        collection,
        pool=pool,
        tell=tell,
        budget=budget,
        executor=executor,
        named=named,
        cast=cast,
    )


async def attempt_jobs(
    model: Model | None,
    jobs: Sequence[Job],
    config: RolloutConfig,
    store: Store,
    collection: str,
    *,
    pool: PoolConfig | None = None,
    tell: Callable[[Progress], None] | None = None,
    budget: Budget | None = None,
    executor: Executor | None = None,
    named: Named | None = None,
    cast: Cast | None = None,
) -> list[str]:
    """As `attempt_all`, for these jobs, which must have been made with the key of what acts."""
    pool = pool or PoolConfig()
    budget = budget or Budget(pool.limits)
    if config.grounded and model is not None and not getattr(model, "holds_to_beginnings", False):
        raise UsageError("this model cannot be held to the page; leave grounded off, or name a model on this machine")
    keys = [job.key for job in jobs]
    asked = asker(pool.judge)
    if pool.again:
        store.abandon(collection, _faulted(store, collection, keys, pool.again))
    finished = store.finished(collection)
    todo = [job for job in jobs if job.key not in finished]
    roles = (cast or Cast()).models(config) if todo else {}
    if todo and executor is not None:
        setup = _setup(model, named, config, pool, collection, todo, roles)
        await attempt_elsewhere(executor, setup, todo, store, budget, tell)
    elif todo:
        await _attempt_here(model, todo, config, store, collection, pool, tell, budget, roles)
    if asked is not None and any(job.task.evaluator.get("kind") == KIND for job in jobs):
        how = RescoreConfig(collection=collection, judge=pool.judge)
        await rescore(store, collection, how, asked, keys)
    return keys


def _faulted(store: Store, collection: str, keys: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Keys of attempts that ended in a fault of these kinds, nobody's of whom is the agent's.

    Raises UsageError for a kind that none of them has and that is nearly one that some have.
    """
    found = store.trajectories(collection, keys, steps=False)
    faults = {one.key: one.fault for one in found if one.fault is not None and one.fault.owner != Owner.AGENT}
    there = sorted({fault.kind for fault in faults.values()})
    for kind in kinds:
        near = difflib.get_close_matches(kind, there, n=1, cutoff=0.8)
        if near and kind not in there:
            raise UsageError(f"pool.again: no attempt of {collection} ended in {kind!r}; did you mean {near[0]}?")
    return [key for key, fault in faults.items() if "all" in kinds or fault.kind in kinds]


async def _attempt_here(
    model: Model | None,
    todo: Sequence[Job],
    config: RolloutConfig,
    store: Store,
    collection: str,
    pool: PoolConfig,
    tell: Callable[[Progress], None] | None,
    budget: Budget,
    roles: Mapping[str, Model],
) -> None:
    contexts = min(pool.contexts, len(todo))
    benchmark = benchmark_of(job.task for job in todo)
    async with budget.within(), playing(model, contexts, config, pool, benchmark, roles) as (worlds, actor, origin):

        def metered(job: Job) -> Actor:
            return Metered(actor(job), budget, config.limits)

        await rollout(todo, worlds, metered, store, collection, origin=origin, config=config, tell=tell)


def _setup(
    model: Model | None,
    named: Named | None,
    config: RolloutConfig,
    pool: PoolConfig,
    collection: str,
    jobs: Sequence[Job],
    roles: Mapping[str, Model],
) -> Setup:
    """What workers are told. Raises UsageError for a model that they cannot have."""
    main = None if config.agent in MODELLESS else model
    if main is not None and (named is None or any(one.startswith("scripted:@") for one in (named.name, *roles))):
        raise UsageError(NOT_SHARED)
    benchmark = benchmark_of(job.task for job in jobs)
    if pool.cluster.workers != 1 and one_state_for_all(benchmark, pool.benchmark):
        raise UsageError(
            f"{benchmark} has one state for everybody, and only one process can see to it that nobody is in another's "
            "way: set pool.cluster.workers=1, or give each browser a state of its own (reset.cookie)"
        )
    each = -(-len(jobs) // max(1, pool.cluster.workers))
    options = config.stages.options
    return Setup(
        model=named.name if main is not None and named is not None else None,
        key=player(model, config),
        options=named.options if named is not None else ModelConfig(),
        roles={name: Shared(name=Named.of(name, options).name, key=one.key) for name, one in roles.items()},
        rollout=config,
        pool=pool.with_(
            contexts=min(pool.contexts, each), benchmark=pool.benchmark and pool.benchmark.absolute()
        ),  # workers stand in other folders
        collection=collection,
        benchmark=benchmark,
    )
