"""Choices by rule: what looks drawn by lot in the first rows of a site is the same for ever, on any machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def draw(*key: object) -> int:
    """A number of 64 bits that follows from the key alone."""
    said = "/".join(str(part) for part in key).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big")


def between(low: int, high: int, *key: object) -> int:
    """A number from low to high, both included."""
    return low + draw(*key) % (high - low + 1)


def pick(options: Sequence[T], *key: object) -> T:
    """One of the options."""
    return options[draw(*key) % len(options)]


def some(options: Sequence[T], count: int, *key: object) -> list[T]:
    """That many of the options, or all, in an order that follows from the key."""
    order = sorted(range(len(options)), key=lambda place: draw(*key, place))
    return [options[place] for place in order[:count]]
