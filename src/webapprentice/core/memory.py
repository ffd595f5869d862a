"""Free memory, handed back."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Hand free memory back to the system: glibc keeps what lies between things in use, so that a process would grow
    with all it has ever done."""
    with suppress(OSError, AttributeError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)
