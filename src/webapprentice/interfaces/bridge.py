"""Our asynchronous worlds for callers that wait: one event loop a process, on a thread of its own.

    open_worlds = bridge.enter(worlds(4), 60.0)        # an asynchronous context manager, entered
    start = bridge.call(world.reset(task, 1), 60.0)    # a coroutine, awaited
    bridge.leave(open_worlds)

It works inside a running loop too (a notebook), because the loop is another thread's. What is open when the process
ends is closed then; a forked process gets a loop of its own and leaves its parent's browsers alone.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import AbstractAsyncContextManager, suppress
from threading import Lock, Thread, current_thread
from typing import Any, Generic, ParamSpec, TypeVar

from webapprentice.core.faults import Fault, FaultError, Owner

T = TypeVar("T")
P = ParamSpec("P")
CLOSE_SECONDS = 20.0
"""Deadline of closing one browser; it is killed before that when it does not answer."""


class _Lasting(ThreadPoolExecutor):
    """Threads while the interpreter has any to give; in its last moments the work is done on the spot."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The result to come."""
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError:
            done: Future[T] = Future()
            try:
                done.set_result(fn(*args, **kwargs))
            except Exception as error:
                done.set_exception(error)
            return done


class _Loop:
    """An event loop that runs on a daemon thread for as long as the process lives."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(_Lasting(thread_name_prefix="webapprentice"))
        self.thread = Thread(target=self.loop.run_forever, daemon=True, name="webapprentice")
        self.thread.start()

    def call(self, doing: Coroutine[Any, Any, T], seconds: float, name: str) -> T:
        if current_thread() is self.thread:
            doing.close()
            raise RuntimeError("a waiting call from the event loop's own thread would wait for itself")
        future = asyncio.run_coroutine_threadsafe(doing, self.loop)
        try:
            return future.result(seconds)
        except Late as error:
            if future.done():
                raise  # its own, not ours
            future.cancel()
            message = f"no answer within {seconds:g} s while {name}"
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="page_hang", message=message)) from error
        except BaseException:
            future.cancel()  # interrupted from the keyboard: nobody waits any more
            raise


class Entered(Generic[T]):
    """An asynchronous context manager that was entered, and what it gave."""

    def __init__(self, manager: AbstractAsyncContextManager[T], value: T) -> None:
        self.value = value
        self.pid = os.getpid()
        self.manager = manager


_lock = Lock()
_running: _Loop | None = None
_open: list[Entered[Any]] = []


def _loop() -> _Loop:
    global _running
    with _lock:
        if _running is None or _running.pid != os.getpid():
            _running = _Loop()
        return _running


def call(doing: Coroutine[Any, Any, T], seconds: float, name: str = "waiting for the environment") -> T:
    """The coroutine's result. Raises FaultError of kind page_hang when `seconds` have passed."""
    return _loop().call(doing, seconds, name)


def enter(manager: AbstractAsyncContextManager[T], seconds: float) -> Entered[T]:
    """Enter an asynchronous context manager; it is left by `leave`, or when the process ends."""
    entered = Entered(manager, call(manager.__aenter__(), seconds, "opening the environment"))
    _open.append(entered)
    return entered


def leave(entered: Entered[Any]) -> None:
    """Leave it; what a parent process entered is that process's own to leave, and twice is as good as once.

    On the loop's own thread, where the collector may find a forgotten environment, nobody waits until it is done.
    """
    if entered not in _open:
        return
    _open.remove(entered)
    if entered.pid != os.getpid():
        return
    running = _loop()
    if current_thread() is running.thread:
        asyncio.run_coroutine_threadsafe(_left(entered.manager), running.loop)
    else:
        running.call(_left(entered.manager), CLOSE_SECONDS, "closing the environment")


async def _left(manager: AbstractAsyncContextManager[Any]) -> None:
    await manager.__aexit__(None, None, None)


@atexit.register
def _leave_all() -> None:
    for entered in reversed(_open[:]):
        with suppress(FaultError):
            leave(entered)
