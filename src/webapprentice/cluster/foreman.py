"""Hands out parcels, fetches news, and replaces workers that die."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from webapprentice import __version__
from webapprentice.cluster.config import ClusterConfig
from webapprentice.cluster.hand import Fields, Over
from webapprentice.cluster.roster import Roster
from webapprentice.core import faults
from webapprentice.core.faults import ApprenticeError, UnavailableError, UsageError
from webapprentice.core.protocols import News, Parcel

EXCHANGE_SECONDS = 0.25
"""How long a worker holds a call back for news."""
TURN_SECONDS = 1.0
"""How long the foreman waits for any call before he looks at the clock."""
FALSE_STARTS = 5
"""Workers that may die beyond one for each place before anything was ever brought; then something is wrong with all."""


class GoneError(Exception):
    """The worker is dead or out of reach."""


class Yard(Protocol):
    """Where workers live. Handles and calls are the yard's own and opaque to the foreman."""

    async def size(self) -> int:
        """How many workers there is room for."""
        ...

    def hire(self, errand: str, setup: bytes) -> Any:
        """Have a worker made; returns at once."""
        ...

    def call(self, worker: Any, method: str, *given: Any) -> Any:
        """Call a method of `Hand`; returns at once."""
        ...

    async def wait(self, calls: Sequence[Any], seconds: float) -> list[Any]:
        """Those of the calls that have come to an end, after so many seconds at the latest."""
        ...

    def result(self, call: Any) -> Any:
        """What an ended call gave. Raises GoneError."""
        ...

    def dismiss(self, worker: Any) -> None:
        """End a worker's process by force."""
        ...


@dataclass
class _Worker:
    name: str
    handle: Any
    call: Any
    since: float
    """When the call was made."""
    ready: bool = False
    heard: float = 0.0
    """When it last brought news, or had nothing to do."""
    host: str = ""


@dataclass
class Foreman:
    """One crew of workers for one errand; an `Executor` in all but its yard."""

    yard: Yard
    config: ClusterConfig
    most: int
    """Parcels in flight at one worker."""
    say: Callable[[str], None] = lambda _line: None
    """Is told of each worker that died, in one line."""
    lost: int = field(default=0, init=False)
    """Workers that died so far."""

    async def carry_out(self, errand: str, setup: bytes, parcels: Sequence[Parcel]) -> AsyncGenerator[list[News]]:
        """News of all parcels until each has come to its end. See `core.protocols.Executor`."""
        crew = _Crew(self, errand, setup, Roster(parcels, self.config.retries))
        crew.size = min(self.config.workers or await self.yard.size(), max(1, len(parcels)))
        try:
            while crew.roster.open:
                news = await crew.turn()
                if news:
                    yield news
                if crew.error is not None:
                    raise crew.error
        finally:
            await crew.close()


class _Crew:
    def __init__(self, foreman: Foreman, errand: str, setup: bytes, roster: Roster) -> None:
        self.roster = roster
        self.size = 1
        self.error: Exception | None = None
        """What ended an errand, to be raised when the news that came before it has been passed on."""
        self._foreman = foreman
        self._yard, self._config = foreman.yard, foreman.config
        self._errand, self._setup = errand, setup
        self._workers: dict[str, _Worker] = {}
        self._hired = 0
        self._deaths = 0
        """Workers that died since a parcel came to its end."""
        self._heard_any = False

    async def turn(self) -> list[News]:
        """Hand out what can be handed out, wait a moment, and give the news that came."""
        while len(self._workers) < min(self.size, self.roster.open):
            self._hire()
        for worker in self._workers.values():
            self._send(worker)
        calls = {worker.call: worker for worker in self._workers.values() if worker.call is not None}
        news: list[News] = []
        for call in await self._yard.wait(list(calls), TURN_SECONDS):
            news += self._heard(calls[call])
        return news + self._overdue()

    def _hire(self) -> None:
        self._hired += 1
        handle = self._yard.hire(self._errand, self._setup)
        name = f"worker {self._hired}"
        self._workers[name] = _Worker(name, handle, self._yard.call(handle, "start"), time.monotonic())

    def _send(self, worker: _Worker) -> None:
        if not worker.ready or worker.call is not None:
            return
        share = -(-self.roster.open // len(self._workers))  # rounded up, so that no worker hoards the rest
        parcels = self.roster.hand(worker.name, min(self._foreman.most, share))
        if self.roster.held(worker.name):
            if parcels and self.roster.held(worker.name) == len(parcels):
                worker.heard = time.monotonic()
            worker.since = time.monotonic()
            worker.call = self._yard.call(worker.handle, "exchange", [tuple(one) for one in parcels], EXCHANGE_SECONDS)

    def _heard(self, worker: _Worker) -> list[News]:
        call, worker.call = worker.call, None
        try:
            result = self._yard.result(call)
        except GoneError as gone:
            return self._lose(worker, str(gone))
        if not worker.ready:
            version, worker.host, _ = result
            if version != __version__:
                raise UsageError(
                    f"the worker on {worker.host} has webapprentice {version} and this is {__version__}; "
                    "install the same version everywhere"
                )
            worker.ready, worker.heard = True, time.monotonic()
            return []
        fields: list[Fields] = result[0]
        over: Over | None = result[1]
        news = self.roster.hear(worker.name, [News(*one) for one in fields])
        if news:
            worker.heard, self._heard_any = time.monotonic(), True
            if any(one.last for one in news):
                self._deaths = 0
        if over is not None:
            self.error = _error(over, worker.host)
        return news

    def _overdue(self) -> list[News]:
        now, news = time.monotonic(), list[News]()
        for worker in list(self._workers.values()):
            if worker.call is not None and worker.ready and now - worker.since > self._config.call_seconds:
                news += self._lose(worker, f"no answer for {self._config.call_seconds:g} s")
            elif worker.ready and self.roster.held(worker.name) and now - worker.heard > self._config.silence_seconds:
                news += self._lose(worker, f"no news for {self._config.silence_seconds:g} s")
            elif not worker.ready and now - worker.since > self._config.start_seconds:
                self._late(worker)
        return news

    def _late(self, worker: _Worker) -> None:
        """A worker for whom there is no room yet: go on without it, unless it is the only one."""
        self._drop(worker)
        if not any(other.ready for other in self._workers.values()):
            wants = f"{self._config.cpus:g} CPUs" + (f" and {self._config.gpus:g} GPUs" if self._config.gpus else "")
            raise UnavailableError(
                f"no worker started in {self._config.start_seconds:g} s; is there a node with {wants} free, "
                "and webapprentice installed on it?"
            )
        self.size = max(1, len(self._workers))

    def _lose(self, worker: _Worker, why: str) -> list[News]:
        held = self.roster.held(worker.name)
        self._foreman.say(f"{worker.name} ({worker.host or 'not started'}) died, its {held} jobs go to others: {why}")
        self._drop(worker)
        self._foreman.lost += 1
        self._deaths += 1
        bound = (self._config.retries + 1) * (self.size + 2) if self._heard_any else FALSE_STARTS + self.size
        if self._deaths > bound:
            self.error = UnavailableError(
                f"{self._deaths} workers died one after the other and finished nothing, the last: {why}; "
                "what was saved is kept, run the same command to go on"
            )
            return []
        return self.roster.lose(worker.name, why)

    def _drop(self, worker: _Worker) -> None:
        del self._workers[worker.name]
        self._yard.dismiss(worker.handle)

    async def close(self) -> None:
        """Let workers close their browsers; end those that do not."""
        seconds = self._config.close_seconds
        closing = [self._yard.call(one.handle, "close", seconds) for one in self._workers.values() if one.ready]
        end = time.monotonic() + seconds + TURN_SECONDS
        while closing and (left := end - time.monotonic()) > 0:
            for call in await self._yard.wait(closing, min(left, TURN_SECONDS)):
                closing.remove(call)
                with suppress(GoneError):
                    self._yard.result(call)
        for worker in self._workers.values():
            self._yard.dismiss(worker.handle)
        self._workers.clear()


def _error(over: Over, host: str) -> Exception:
    """What an errand raised, raised again here."""
    kind, said = over
    known = getattr(faults, kind, None)
    if isinstance(known, type) and issubclass(known, ApprenticeError) and known is not faults.FaultError:
        return known(f"{said} (worker on {host})")
    return RuntimeError(f"an errand on {host} ended with jobs in hand: {said or 'it returned'}")
