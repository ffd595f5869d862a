"""One worker at a time in a folder or on a file; a lock goes with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapprentice.core.faults import BusyError, OutputError


@contextmanager
def alone(path: Path, doing: str) -> Iterator[None]:
    """Hold `path`.lock meanwhile. Raises BusyError when another process does, OutputError when the disk refuses."""
    lock = path.with_name(path.name + ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(f"cannot write {lock}: {error.strerror or error}; choose another place") from error
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(f"another process is {doing} at {path}; wait for it, or choose another name") from error
        yield
        lock.unlink(missing_ok=True)
    finally:
        os.close(number)
