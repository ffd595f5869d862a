"""Attempts made by workers elsewhere: what each of them runs, and how their news gets into the store."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import Annotated, Literal

from pydantic import Base64Bytes, Field, TypeAdapter

from webapprentice import __version__
from webapprentice.core.faults import Fault, Owner, UsageError
from webapprentice.core.protocols import Executor, News, Parcel, Port
from webapprentice.core.records import Ending, Provenance, Record, Source, Step, Trajectory
from webapprentice.evaluate.acting import Cast
from webapprentice.evaluate.setting import PoolConfig, playing
from webapprentice.models import ModelConfig
from webapprentice.models import load as load_model
from webapprentice.rollout import Budget, Job, Progress, Queues, RolloutConfig, play
from webapprentice.store import Episode, Store

ERRAND = "webapprentice.evaluate.remote:work"
_TAKE_SECONDS = 0.5
NOT_SHARED = (
    "workers on a cluster load the model themselves: name an endpoint, a checkpoint folder or Hugging Face name that "
    "each of them can load, scripted:WORDS, or solvers"
)


class Shared(Record):
    """A model as a worker loads it, and the key that it must have there as here."""

    name: str
    key: str


class Setup(Record):
    """What a worker is told before its first job."""

    model: str | None
    """Name to load it by; None: the scripted solvers."""
    key: str
    """Key that the model must have there as here."""
    options: ModelConfig
    roles: dict[str, Shared]
    """Models that an agent asks beside it, by the name that its configuration has for them."""
    rollout: RolloutConfig
    pool: PoolConfig
    collection: str
    benchmark: str
    """Whose tasks they are."""


class Begun(Record):
    """An episode starts; what was said of this job before is void."""

    kind: Literal["begun"] = "begun"
    episode: Episode


class Stepped(Record):
    """One step was taken."""

    kind: Literal["stepped"] = "stepped"
    step: Step


class Kept(Record):
    """Bytes that a step names by their content key."""

    kind: Literal["kept"] = "kept"
    data: Base64Bytes


class Finished(Record):
    """An episode is over; its steps were told before."""

    kind: Literal["finished"] = "finished"
    trajectory: Trajectory
    """Without its steps."""
    steps: int
    """How many it has; when none, those that were told belong to an earlier try."""


_TOLD: TypeAdapter[Begun | Stepped | Kept | Finished] = TypeAdapter(
    Annotated[Begun | Stepped | Kept | Finished, Field(discriminator="kind")]
)


# At the worker


def work(setup: bytes, port: Port) -> None:
    """What every worker does: attempts jobs with a browser of its own until the port is closed."""
    asyncio.run(_work(Setup.model_validate_json(setup), port))


async def _work(setup: Setup, port: Port) -> None:
    model = None if setup.model is None else load_model(setup.model, setup.options)
    if model is not None and model.key != setup.key:
        raise _other(setup.model or "", model.key)
    roles = Cast().models(setup.rollout, {name: one.name for name, one in setup.roles.items()})
    for name, one in roles.items():
        if one.key != setup.roles[name].key:
            raise _other(name, one.key)
    feed = Arriving()
    async with playing(model, setup.pool.contexts, setup.rollout, setup.pool, setup.benchmark, roles) as (
        worlds,
        actor,
        origin,
    ):
        sender = Sender(port)
        doing = asyncio.create_task(
            play(feed, worlds, actor, sender, setup.collection, origin=origin, config=setup.rollout)
        )
        doing.add_done_callback(lambda _: feed.close())
        try:
            while not (port.closed or doing.done()):
                parcel = await asyncio.to_thread(port.take, _TAKE_SECONDS)
                if parcel is not None:
                    feed.add(Job.model_validate_json(parcel.body))
        finally:
            if not doing.done():
                doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
        if not doing.cancelled():
            await doing


def _other(name: str, key: str) -> UsageError:
    return UsageError(f"the model {name} has other weights here ({key}) than with the driver")


class Arriving:
    """A `Feed` whose jobs come one by one."""

    def __init__(self) -> None:
        self._queues = Queues([])
        self._changed = asyncio.Event()
        self._closed = False

    def add(self, job: Job) -> None:
        """One more."""
        self._queues.add(job)
        self._changed.set()

    def close(self) -> None:
        """There will be no more."""
        self._closed = True
        self._changed.set()

    async def next(self, task: str | None) -> Job | None:
        """The next job, as soon as there is one; None after the end."""
        while not self._closed:
            job = await self._queues.next(task)
            if job is not None:
                return job
            task = None
            self._changed.clear()
            await self._changed.wait()
        return None


class Sender:
    """A `Ledger` that sends everything to whoever has the store."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def begin(self, episode: Episode) -> None:
        """Send that an episode starts."""
        self._port.tell(News(episode.key, Begun(episode=episode).model_dump_json().encode()))

    def append(self, key: str, step: Step) -> None:
        """Send one step."""
        self._port.tell(News(key, Stepped(step=step).model_dump_json().encode()))

    def keep(self, key: str, data: bytes) -> None:
        """Send bytes."""
        self._port.tell(News(key, Kept(data=b64encode(data)).model_dump_json().encode()))

    def finish(self, collection: str, trajectory: Trajectory) -> None:  # noqa: ARG002 - the driver knows the collection
        """Send the end of an episode without the steps, which were sent before."""
        brief = Finished(trajectory=trajectory.model_copy(update={"steps": ()}), steps=len(trajectory.steps))
        self._port.tell(News(trajectory.key, brief.model_dump_json().encode(), last=True))

    def together(self) -> AbstractContextManager[None]:
        """Nothing to hold together: what is sent arrives in order."""
        return nullcontext()


# At the driver


async def attempt_elsewhere(
    executor: Executor,
    setup: Setup,
    todo: Sequence[Job],
    store: Store,
    budget: Budget,
    tell: Callable[[Progress], None] | None,
) -> None:
    """Have every job done by workers, and write what they say into the store. Raises LimitError at a run's limit."""
    progress = Progress(total=len(todo), prices=setup.rollout.limits)
    clerk = Clerk(store, setup.collection, {job.key: job for job in todo}, setup.key, setup.rollout)
    told = False
    parcels = [Parcel(job.key, job.model_dump_json().encode()) for job in todo]
    async with budget.within(), aclosing(executor.carry_out(ERRAND, setup.model_dump_json().encode(), parcels)) as days:
        async for batch in days:
            if not told:
                told, progress.started = True, time.monotonic()  # starting workers is not playing
            steps, ended = await asyncio.to_thread(clerk.write, batch)
            for step in steps:
                budget.note(step.usage, setup.rollout.limits)
            for trajectory in ended:
                progress.note(trajectory)
            if tell and ended:
                tell(progress)
            if progress.done < progress.total:
                budget.check()


class Clerk:
    """Writes news into the store, each batch in one commit; keeps in memory only what episodes under way have told."""

    def __init__(self, store: Store, collection: str, jobs: dict[str, Job], model: str, config: RolloutConfig) -> None:
        self._store = store
        self._collection = collection
        self._open = jobs
        self._steps: dict[str, list[Step]] = {}
        self._goals: dict[str, str] = {}
        self._origin = Provenance(version=__version__, config_hash=config.hash, model=model, spelling=config.spelling)

    def write(self, batch: Sequence[News]) -> tuple[list[Step], list[Trajectory]]:
        """Make the batch durable; gives its steps and, whole, the trajectories that it ends."""
        steps, ended = list[Step](), list[Trajectory]()
        with self._store.together():
            for news in batch:
                if news.key not in self._open:
                    continue
                told = self._lost(news) if news.lost else _TOLD.validate_json(news.body)
                match told:
                    case Begun(episode=episode):
                        self._steps[news.key], self._goals[news.key] = [], episode.goal
                        self._store.begin(episode)
                    case Stepped(step=step):
                        self._steps[news.key].append(step)
                        self._store.append(news.key, step)
                        steps.append(step)
                    case Kept(data=data):
                        self._store.put(data)
                    case Finished(trajectory=brief, steps=count):
                        made = tuple(self._steps.pop(news.key, ())) if count else ()
                        ended.append(brief.model_copy(update={"steps": made}))
                        self._store.finish(self._collection, ended[-1])
                        del self._open[news.key]
        return steps, ended

    def _lost(self, news: News) -> Finished:
        """The end of a job whose workers all died: nobody's failure but the environment's."""
        job = self._open[news.key]
        fault = Fault(owner=Owner.ENVIRONMENT, kind="worker_lost", message=news.lost[:300])
        about = self._origin.with_(seed=job.seed, attempt=job.attempt)
        trajectory = Trajectory(
            key=job.key,
            task=job.task,
            goal=self._goals.get(job.key, ""),
            source=Source.ROLLOUT,
            ending=Ending.FAULT,
            fault=fault,
            provenance=about,
        )
        return Finished(trajectory=trajectory, steps=len(self._steps.get(job.key, ())))
