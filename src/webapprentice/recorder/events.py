"""What the listener says that a person did, and what became of the page: the lines of the spool."""

from __future__ import annotations

from typing import Literal

from webapprentice.core.records import Record, Target

Kind = Literal[
    "press",
    "release",
    "double",
    "edit",
    "input",
    "choose",
    "files",
    "key",
    "wheel",
    "hover",
    "dialog",
    "navigated",
    "opened",
    "closed",
    "shown",
    "goal",
    "pause",
    "resume",
    "undo",
    "end",
    "moving",
]


class Event(Record):
    """One thing that happened. Which fields are set follows from `kind`."""

    kind: Kind
    at: float = 0.0
    """Seconds since the epoch."""
    tab: int = 0
    """Which tab, numbered in the order in which they came."""
    seen: str | None = None
    """Key of the blob with the observation of the page before this."""
    node: int | None = None
    target: Target | None = None
    button: Literal["left", "right", "middle"] = "left"
    field: Literal["", "text", "choice", "file"] = ""
    """press: what kind of field was pressed on."""
    spot: tuple[int, int] | None = None
    """press, release: where in the element, from its upper left corner."""
    by: tuple[int, int] = (0, 0)
    """release: how far from the press."""
    far: bool = False
    """release: so far that it was a drag."""
    count: int = 1
    """release: 2 for the second of a double click."""
    text: str | None = None
    """input: what the field holds; of a secret one, its placeholder, None until it is complete. Also of a prompt, a
    goal, an answer."""
    final: bool = False
    """input: the field is left."""
    options: tuple[str, ...] = ()
    """choose: the options' texts; files: the files' names."""
    keys: str = ""
    submits: bool = False
    """key: Enter in a field of one line."""
    way: Literal["up", "down", "left", "right"] = "down"
    revealed: tuple[int, ...] = ()
    """hover: node ids of what came up."""
    accept: bool = False
    """dialog: OK was pressed."""
    asks: str = ""
    """dialog: alert, confirm or prompt."""
    url: str = ""
    how: Literal["page", "typed", "reload", "back", "forward"] = "page"
    """navigated: `page` when the page did it itself; opened: `typed` when the person opened the tab."""
