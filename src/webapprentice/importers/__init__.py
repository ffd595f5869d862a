"""Floor 3: other people's recordings become trajectories.

    for item in FORMATS["mind2web"](Path("train_0.json")):
        ...  # Ready: a trajectory with its pages; Broken: what was left out, and why

Each format is a module with `read(path)`, which streams: no more than one workflow is in memory.
"""

from typing import Final

from webapprentice.importers import mind2web, own, replayed, scribe_csv
from webapprentice.importers.common import Broken, Item, Read, Ready

__all__ = ["FORMATS", "Broken", "Item", "Read", "Ready"]

FORMATS: Final[dict[str, Read]] = {
    "mind2web": mind2web.reader("cleaned"),
    "mind2web_raw": mind2web.reader("raw"),
    "own": own.read,
    "replayed": replayed.read,
    "scribe": scribe_csv.read,
}
"""Name → what reads it."""
