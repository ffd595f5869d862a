"""Where a tab has been, and what that says of how it came to where it is."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

TYPED = frozenset({"typed", "generated", "keyword", "keyword_generated", "auto_bookmark", "address_bar", "start_page"})
"""How a person comes to a page who was not led there by another one."""
Way = Literal["page", "typed", "reload", "back", "forward"]


class Past(NamedTuple):
    """A tab's history."""

    at: int
    entries: tuple[int, ...]
    url: str
    transition: str
    """How the present entry was come to, as the browser says."""

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """From what the protocol tells."""
        entry = told["entries"][told["currentIndex"]]
        entries = tuple(one["id"] for one in told["entries"])
        return cls(told["currentIndex"], entries, entry["url"], entry.get("transitionType", ""))


def way(before: Past | None, now: Past) -> Way:
    """How the tab came from one to the other; `page` where a page led there itself."""
    here = now.entries[now.at]
    if before is not None and here in before.entries:
        place = before.entries.index(here)
        if place != before.at:
            return "back" if place < before.at else "forward"
        return "reload" if now.transition == "reload" else "page"
    return "typed" if now.transition in TYPED else "page"
