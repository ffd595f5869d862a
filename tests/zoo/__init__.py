"""Pages that are hard on a browser. They are made here, written into a folder and served like any others.

A zoo is a dictionary from the name of a page to what it is and what it consists of.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Page(NamedTuple):
    """One page of the zoo."""

    what: str
    """One line that says what it is."""
    body: str | bytes
    """Markup that stands behind a doctype and a title; bytes are the whole file."""
    ending: str = "html"

    def content(self, name: str) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return f"<!doctype html><meta charset=utf-8><title>{name}</title>{self.body}".encode()


Zoo = dict[str, Page]


def every() -> Zoo:
    """All of them."""
    from zoo import busy, content, dialogs, moving, shapes

    found: Zoo = {}
    for part in (busy.PAGES, content.PAGES, dialogs.PAGES, moving.PAGES, shapes.PAGES, shapes.TOO_DEEP):
        assert not found.keys() & part.keys()
        found |= part
    return found


def write(folder: Path) -> None:
    """Write all pages, and what they refer to, into a folder."""
    for name, page in every().items():
        (folder / f"{name}.{page.ending}").write_bytes(page.content(name))
