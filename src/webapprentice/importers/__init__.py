"""Floor 3: other people's recordings become trajectories.

    for item in FORMATS["mind2web"](Path("train_0.json")):
        ...  # Ready: a trajectory with its pages; Broken: what was left out, and why

Each format is a module with `read(path)`, which streams: no more than one workflow is in memory. A module is loaded
when its format is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from webapprentice.importers.common import Broken, Item, Read, Ready

__all__ = ["FORMATS", "Broken", "Item", "Read", "Ready"]

_MODULES = {
    "autowebbench": "autowebbench",
    "devtools": "devtools",
    "mind2web": "mind2web:cleaned",
    "mind2web_raw": "mind2web:raw",
    "miniwob": "miniwob_demos",
    "own": "own",
    "replayed": "replayed",
    "scribe": "scribe_csv",
    "weblinx": "weblinx",
}


class _Formats(Mapping[str, "Read"]):
    """Name → what reads it."""

    def __getitem__(self, name: str) -> Read:
        module, _, which = _MODULES[name].partition(":")
        found = import_module(f"webapprentice.importers.{module}")
        read: Read = found.reader(which) if which else found.read
        return read

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


FORMATS: Final[Mapping[str, Read]] = _Formats()
"""Name → what reads it; the names can be had without loading any of it."""


def __getattr__(name: str) -> Any:
    if name not in ("Broken", "Item", "Read", "Ready"):
        raise AttributeError(name)
    return getattr(import_module("webapprentice.importers.common"), name)
