"""The scripted twin of a cluster: workers are threads of this process and die when the script says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from webapprentice.cluster.foreman import GoneError
from webapprentice.cluster.hand import Hand

_NOW = 0.001
"""Seconds that an errand gets to end when its worker dies: a process would not be asked at all."""


@dataclass(eq=False)
class _Twin:
    number: int
    hand: Hand
    thread: ThreadPoolExecutor
    calls: int = 0
    dead: bool = False


@dataclass
class ThreadYard:
    """A `Yard` without processes. `dies(worker, call)` is asked before each call, both counted from 1."""

    places: int = 2
    dies: Callable[[int, int], bool] = lambda _worker, _call: False
    hired: int = field(default=0, init=False)

    async def size(self) -> int:
        """As many as it was told."""
        return self.places

    def hire(self, errand: str, setup: bytes) -> _Twin:
        """A worker of its own thread."""
        self.hired += 1
        return _Twin(self.hired, Hand(errand, setup), ThreadPoolExecutor(1, f"twin-{self.hired}"))

    def call(self, worker: _Twin, method: str, *given: Any) -> Future[Any]:
        """Call a method in the worker's thread."""
        worker.calls += 1
        if worker.dead or self.dies(worker.number, worker.calls):
            worker.dead = True
            gone: Future[Any] = Future()
            gone.set_exception(GoneError("the script says so"))
            return gone
        return worker.thread.submit(getattr(worker.hand, method), *given)

    async def wait(self, calls: Sequence[Future[Any]], seconds: float) -> list[Future[Any]]:
        """Those that have ended."""
        waiting = [asyncio.wrap_future(call) for call in calls if not call.done()]
        if len(waiting) == len(calls):
            await (asyncio.wait(waiting, timeout=seconds, return_when="FIRST_COMPLETED") if calls else asyncio.sleep(0))
        return [call for call in calls if call.done()]

    def result(self, call: Future[Any]) -> Any:
        """What it gave. Raises GoneError."""
        return call.result(0)

    def dismiss(self, worker: _Twin) -> None:
        """Let the worker's thread go."""
        worker.dead = True
        worker.hand.close(_NOW)
        worker.thread.shutdown(wait=False)
