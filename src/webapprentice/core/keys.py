"""Content-derived names and seeds: the same tomorrow, on another machine, in another order."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

FOR_KEYS: Final = {"for": "keys"}
"""Serialisation context in which a configuration may leave out what is off, so that a new knob changes no old key."""


def canonical(value: Any) -> bytes:
    """One byte string for one value: sorted keys, no white space, records as their JSON form."""

    def plain(item: Any) -> Any:
        if isinstance(item, BaseModel):
            return item.model_dump(mode="json", context=FOR_KEYS)
        if isinstance(item, Path):
            return str(item)
        raise TypeError(f"{type(item).__name__} has no canonical form")

    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=plain).encode()


def key_of(*parts: Any, size: int = 10) -> str:
    """Hexadecimal key (2 × `size` characters) of the parts, in order."""
    return hashlib.blake2b(canonical(parts), digest_size=size).hexdigest()


def key_of_bytes(data: bytes, size: int = 16) -> str:
    """Hexadecimal key of raw bytes."""
    return hashlib.blake2b(data, digest_size=size).hexdigest()


def key_of_files(folder: Path, patterns: tuple[str, ...] = ("*",)) -> str:
    """Key of the contents and names of the files of a folder that match; the order on disk does not matter."""
    digest = hashlib.blake2b(digest_size=10)
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}):
        digest.update(path.name.encode() + b"\0")
        digest.update(hashlib.blake2b(path.read_bytes(), digest_size=20).digest())
    return digest.hexdigest()


def seed_for(*parts: Any) -> int:
    """A 32-bit seed that depends on the parts alone."""
    return int.from_bytes(hashlib.blake2b(canonical(parts), digest_size=4).digest())
