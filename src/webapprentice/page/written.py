"""A page that somebody wrote down in the compact form becomes elements again, so that it can be put into any form."""

from __future__ import annotations

import re

from webapprentice.core.records import Element
from webapprentice.page.compact import OPTIONS, STATES
from webapprentice.page.form import INTERACTIVE

_LINE = re.compile(r"(?P<word>[a-z]+)(?P<name>(?: \S+)*?)(?: \[(?P<id>[0-9]{1,6})\](?P<rest>.*))?", re.DOTALL)
_REST = re.compile(r"(?P<states>(?: [a-z]+)*)(?: =(?P<value>(?: (?!\( )\S+)+))?(?: \( (?P<options>.*) \))?")
_INPUTS = {
    "textbox": "text",
    "searchbox": "search",
    "spinbutton": "number",
    "slider": "range",
    "checkbox": "checkbox",
    "radio": "radio",
}
_TAGS = {"button": "button", "link": "a", "image": "img", "heading": "h2", "text": "#text"}
_WORDS = INTERACTIVE | {"item", "image", "heading", "text"}
LONGEST = 1_000
"""Characters of one line; a longer one makes no sense."""
FIRST_TEXT = 1_000_000
"""Node ids from here on belong to runs of text, which show none."""


def read_written(text: str) -> tuple[Element, ...]:
    """Elements of the lines that make sense, in order; the others are left out, as is a line whose id was used before.

    Total: every text gives elements, perhaps none. `render` of what comes back is the page as it will be read.
    """
    found: list[Element] = []
    used: set[int] = set()
    for place, line in enumerate(text.split("\n")):
        element = _element(" ".join(line.split()), FIRST_TEXT + place)
        if element is not None and element.id not in used:
            used.add(element.id)
            found.append(element)
    return tuple(found)


def _element(line: str, own: int) -> Element | None:
    match = _LINE.fullmatch(line) if len(line) <= LONGEST else None
    if match is None or match["word"] not in _WORDS:
        return None
    word, name = match["word"], match["name"].strip()
    if match["id"] is None:
        if word == "text" and name:
            return Element(id=own, tag="#text", text=name)
        return Element(id=own, tag="h2", role="heading", name=name) if word == "heading" and name else None
    rest = _REST.fullmatch(match["rest"])
    if rest is None or word == "text" or not set(states := tuple(rest["states"].split())) <= set(STATES):
        return None
    options = tuple(_option(one) for one in (rest["options"] or "").split(" | ") if one.strip())
    chosen = word in ("combobox", "listbox") and bool(options)
    if len(options) > OPTIONS or (options and not chosen):
        return None
    tag = "select" if chosen else "input" if word in _INPUTS or word == "combobox" else _TAGS.get(word, "div")
    return Element(
        id=int(match["id"]),
        tag=tag,
        role="" if word == "item" else word,
        name=name,
        value=rest["value"].strip() if rest["value"] else None,
        states=states,
        options=options,
        attributes={"type": _INPUTS[word]} if word in _INPUTS else {},
        clickable=word not in ("image",) or bool(states),
    )


def _option(words: str) -> str:
    return " ".join("|" if piece == "||" else piece for piece in words.split())
