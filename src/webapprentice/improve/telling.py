"""Lines of progress, and Ctrl-C in the midst of training."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from webapprentice.improve.stages import Tell
from webapprentice.rollout import Progress
from webapprentice.rollout.progress import line

_TELL_EVERY = 5.0


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end work that keeps the event loop busy; asyncio would wait until it is done."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def trainer_teller(tell: Tell, label: str) -> Callable[[int, int, float], None]:
    """Turns training updates into a line every five seconds, and one at the end."""
    last = time.monotonic()

    def note(step: int, steps: int, loss: float) -> None:
        nonlocal last
        if step == steps or time.monotonic() - last >= _TELL_EVERY:
            last = time.monotonic()
            tell(f"{label}: update {step} of {steps}, loss {loss:.3f}")

    return note


def counter(tell: Tell, label: str, total: int, what: str) -> Callable[[int], None]:
    """Turns a number done into a line every five seconds, and one at the end."""
    last = time.monotonic()

    def note(done: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= _TELL_EVERY:
            last = time.monotonic()
            tell(f"{label}: {done:,} of {total:,} {what}")

    return note


def teller(tell: Tell, label: str) -> Callable[[Progress], None]:
    """Turns counts into a line every five seconds, and one at the end."""
    last = 0.0

    def note(progress: Progress) -> None:
        nonlocal last
        if progress.done == progress.total or progress.seconds - last >= _TELL_EVERY:
            last = progress.seconds
            tell(line(label, progress))

    return note
