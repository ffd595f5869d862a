"""What rendering gives, and which roles matter to every form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from webapprentice.core.records import Element, Record

Count = Callable[[str], int]
"""Tokens of a text, as the model's tokenizer counts them. One with a method `each` counts many texts at once."""


def sizes_of(texts: Sequence[str], count: Count) -> list[int]:
    """Tokens of each text."""
    each: Callable[[Sequence[str]], list[int]] | None = getattr(count, "each", None)
    return list(map(count, texts)) if each is None else each(texts)


def word_set(words: str) -> frozenset[str]:
    """The words of a list written as running text."""
    return frozenset(words.split())


class Form(StrEnum):
    """How a page is put into text."""

    HTML = "html"
    AXTREE = "axtree"
    COMPACT = "compact"


class Cut(Record):
    """One kind of thing that was left out of a page text."""

    why: str
    """Such as `invisible`, `empty structure`, `long attribute`, `long text`, `out of view`, `over budget`."""
    nodes: tuple[int, ...]
    """Whose lines, attributes or text; in document order."""
    tokens: int
    """What the page text was shortened by, as the budget is counted."""


class PageText(Record):
    """A page as a model reads it."""

    text: str
    kept: tuple[int, ...] = ()
    """Node ids that the text shows, in document order; runs of text count when their words are shown."""
    cut: tuple[Cut, ...] = ()


INTERACTIVE = frozenset(
    {
        "button",
        "checkbox",
        "combobox",
        "link",
        "listbox",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "option",
        "radio",
        "scrollbar",
        "searchbox",
        "slider",
        "spinbutton",
        "switch",
        "tab",
        "textbox",
        "treeitem",
    }
)
"""Roles that a person operates."""

VALUED = frozenset({"combobox", "listbox", "meter", "progressbar", "searchbox", "slider", "spinbutton", "textbox"})
"""Roles whose value is worth showing; what stands inside them is their value, not their name."""

IMAGES = frozenset({"image", "img"})

_UNVALUED_INPUTS = frozenset({"button", "checkbox", "file", "hidden", "image", "radio", "reset", "submit"})


def shows_value(element: Element) -> bool:
    """Whether the value of this element is something that was typed or chosen."""
    if element.tag == "input":
        return element.attributes.get("type", "text") not in _UNVALUED_INPUTS and element.role not in (
            "button",
            "checkbox",
            "radio",
            "switch",
        )
    return element.role in VALUED or element.tag in ("textarea", "select")
