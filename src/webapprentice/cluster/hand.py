"""A worker: one errand in a thread of its own, and a box for news that is fetched from outside."""

from __future__ import annotations

import importlib
import os
import queue
import socket
import threading
import time
import traceback

from webapprentice import __version__
from webapprentice.core.faults import ApprenticeError
from webapprentice.core.protocols import News, Parcel

ROOM = 512
"""News that may wait in a worker; then whoever has more to say waits."""
_LINGER = 0.01
"""Seconds that news waits for more, to be fetched together."""

Fields = tuple[str, bytes, bool]
Over = tuple[str, str]
"""Why an errand has ended: the name of the error's class (empty for a good end, `bug` for ours), and what it says."""


class Hand:
    """What runs in a worker's process. Only `str`, `bytes`, `bool`, and lists and tuples of them cross its border.

    It keeps nothing that is needed again: what it has not handed over yet is done again when it dies.
    """

    def __init__(self, errand: str, setup: bytes) -> None:
        self._parcels: queue.SimpleQueue[Parcel] = queue.SimpleQueue()
        self._news: queue.Queue[News] = queue.Queue(ROOM)
        self._closing = threading.Event()
        self._over: Over | None = None
        self._thread = threading.Thread(target=self._work, args=(errand, setup), daemon=True, name="errand")

    def start(self) -> tuple[str, str, int]:
        """Begin; gives version, host name and process id."""
        self._thread.start()
        return __version__, socket.gethostname(), os.getpid()

    def exchange(self, parcels: list[tuple[str, bytes]], seconds: float) -> tuple[list[Fields], Over | None]:
        """Take parcels, and give the news since the last time, waiting at most so long for some."""
        for key, body in parcels:
            self._parcels.put(Parcel(key, body))
        over = self._over  # before the news: nothing is told after it
        found: list[News] = []
        try:
            found.append(self._news.get(timeout=0.0 if over else seconds))
            time.sleep(_LINGER)
            while len(found) < ROOM:
                found.append(self._news.get_nowait())
        except queue.Empty:
            pass
        full = len(found) == ROOM
        return [(one.key, one.body, one.last) for one in found], None if full else over

    def close(self, seconds: float) -> bool:
        """Bring the errand to an end; says whether it has ended."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    # The errand's side: a `Port`

    @property
    def closed(self) -> bool:
        """Whether the errand should end."""
        return self._closing.is_set()

    def take(self, seconds: float) -> Parcel | None:
        """The next parcel."""
        try:
            return self._parcels.get(timeout=seconds)
        except queue.Empty:
            return None

    def tell(self, news: News) -> None:
        """Put news into the box; waits while it is full, and drops it when nobody will fetch it any more."""
        while not self.closed:
            try:
                self._news.put(news, timeout=0.5)
            except queue.Full:
                continue
            return

    def _work(self, errand: str, setup: bytes) -> None:
        try:
            module, _, name = errand.partition(":")
            getattr(importlib.import_module(module), name)(setup, self)
            self._over = ("", "")
        except BaseException as error:
            self._over = _told(error)


def _told(error: BaseException) -> Over:
    while isinstance(error, BaseExceptionGroup):
        known = error.subgroup(ApprenticeError)
        error = (known or error).exceptions[0]
    if isinstance(error, ApprenticeError):
        return type(error).__name__, str(error)
    return "bug", "".join(traceback.format_exception(error))
