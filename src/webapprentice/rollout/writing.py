"""Durable writes that hold nobody up: one thread, one commit for all the episodes that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Protocol

from webapprentice.core.records import Step, Trajectory
from webapprentice.store import Episode

Write = Callable[[], None]


class Ledger(Protocol):
    """What a rollout writes to: the store, or a worker's line to whoever has the store."""

    def begin(self, episode: Episode) -> None:
        """Note that an episode starts; what an earlier try of the same key left is abandoned."""
        ...

    def append(self, key: str, step: Step) -> None:
        """Keep one step."""
        ...

    def keep(self, key: str, data: bytes) -> None:
        """Keep bytes that a step of this episode names by their content key; before the step."""
        ...

    def finish(self, collection: str, trajectory: Trajectory) -> None:
        """Close an episode."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """Keep everything written inside at once."""
        ...


class Pen:
    """Writes to a ledger from many coroutines.

    `write` returns when its record is on disk. While one commit waits for the disk, further records gather and go into
    the next one together, so a slow disk costs each episode one wait and the event loop none.
    """

    def __init__(self, store: Ledger) -> None:
        self._store = store
        self._waiting: list[tuple[Write, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def write(self, what: Write) -> None:
        """Do this write and return when it is durable. Raises what the store raised."""
        await self.begin(what)

    def begin(self, what: Write) -> asyncio.Future[None]:
        """Hand over a write; the future is done when it is durable, and raises what the store raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((what, done))
        self._arrived.set()
        return done

    @staticmethod
    def nothing() -> asyncio.Future[None]:
        """A write that is durable already."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def serve(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                batch, self._waiting = self._waiting, []
                await self._commit(batch)
        finally:
            # What is finished is kept, whatever ended the run: the commit under way ends first, in the same thread.
            left, self._waiting = self._waiting, []
            self._thread.submit(self._together, [what for what, _ in left])
            self._thread.shutdown()

    def _together(self, writes: list[Write]) -> None:
        if writes:
            with self._store.together():
                for what in writes:
                    what()

    async def _commit(self, batch: list[tuple[Write, asyncio.Future[None]]]) -> None:
        writes = [what for what, _ in batch]
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._together, writes)
        except Exception as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
