"""Whether an action that somebody made up could be taken on a page that somebody made up.

Nothing here depends on who wrote the page or in which spelling: an `Action` and an `Observation` are enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from webapprentice.core.actions import (
    Action,
    Click,
    Dialog,
    Drag,
    Goto,
    Hover,
    Press,
    Scroll,
    Select,
    Stop,
    Type,
    Upload,
)
from webapprentice.core.records import Element, Observation
from webapprentice.core.text import pieces, squeeze
from webapprentice.page.form import INTERACTIVE

TYPED_INTO = frozenset({"textbox", "searchbox", "combobox", "spinbutton"})
"""Roles that take text."""
CHOSEN_FROM = frozenset({"combobox", "listbox"})
"""Roles that take a choice of options."""
_NUMBER = re.compile(r"[+-]?[0-9][0-9., :/-]*")


def unfit(action: Action, page: Observation) -> str | None:
    """Why the page cannot take this action, in a few words that many may share; None where it can.

    The element must be there, visible, not disabled, and of a role that takes the action: `click` needs something to
    press, `type` a field that is not read-only (a number where it takes numbers only), `select` a drop-down or list
    box that has the options, `hover` anything but a run of text.
    """
    nodes = _aimed_at(action)
    targets = [page.element(node) for node in nodes]
    for target in targets:
        if target is None:
            return "no such element"
        if not target.visible:
            return "the element cannot be seen"
    first = targets[0] if targets else None
    if first is not None and "disabled" in first.states and not isinstance(action, Hover | Scroll):
        return "the element is disabled"
    match action:
        case Click() | Drag() if first is not None and not (first.clickable or first.role in INTERACTIVE):
            return "nothing to press"
        case Type() if first is not None:
            return _no_field(action, first)
        case Select() if first is not None:
            return _no_choice(action, first)
        case Hover() if first is not None and first.tag == "#text":
            return "a run of text takes no mouse"
        case Upload() if first is not None and first.attributes.get("type") != "file":
            return "no file input"
        case Drag(to=None, by=None, to_at=None):
            return "a drag to nowhere"
        case Press(keys=keys) if not keys.strip():
            return "no key to press"
        case _:
            return None


def invented(action: Action, goal: str, page: Observation) -> str | None:
    """Why the words that the action brings (typed, chosen, answered) come from nowhere; None where they are given.

    They are given when they stand in the objective or in what the page shows, case and spacing aside, word by word:
    `3` does not stand in `13`.
    """
    told = [_folded(goal), *(_folded(text) for text in shown(page))]
    for text in brought(action):
        wanted = _folded(text)
        if not wanted:
            return "empty text"
        if not any(_stands_in(wanted, words) for words in told):
            return "made-up text"
    return None


def objection(action: Action, goal: str, page: Observation, *, free_text: bool = False) -> str | None:
    """The first reason why this action makes no sense here: `unfit`, then, unless `free_text`, `invented`."""
    return unfit(action, page) or (None if free_text else invented(action, goal, page))


def brought(action: Action) -> tuple[str, ...]:
    """The strings that an action brings to the page: typed, chosen or answered, or an address."""
    match action:
        case Type(text=text):
            return (text,)
        case Select(options=options):
            return options
        case Stop(answer=answer):
            return (answer,) if answer else ()
        case Dialog(text=text):
            return (text,) if text else ()
        case Goto(url=url):
            return (url,)
        case _:
            return ()


def shown(page: Observation) -> Iterator[str]:
    """Every string that the page shows; its address is not among them."""
    yield page.title
    for element in page.elements:
        yield element.text
        yield element.name
        yield element.value or ""
        yield from element.options


def _aimed_at(action: Action) -> tuple[int, ...]:
    """Node ids of the elements that the action names."""
    return tuple(node for node in (getattr(action, "node", None), getattr(action, "to", None)) if node is not None)


def _no_field(action: Type, field: Element) -> str | None:
    if field.role not in TYPED_INTO and field.tag not in ("input", "textarea"):
        return "no field to type into"
    if field.role == "combobox" and field.options:
        return "a drop-down takes no typing"
    if "readonly" in field.states:
        return "the field is read-only"
    if field.role == "spinbutton" and not _NUMBER.fullmatch(squeeze(action.text)):
        return "the field takes numbers only"
    return None if action.text.strip() else "empty text"


def _no_choice(action: Select, box: Element) -> str | None:
    if box.role not in CHOSEN_FROM and box.tag != "select":
        return "no options to choose from"
    if not action.options:
        return "no option chosen"
    offered = {squeeze(option).casefold() for option in box.options}
    if offered and any(squeeze(option).casefold() not in offered for option in action.options):
        return "no such option"
    return None


def _folded(text: str) -> tuple[str, ...]:
    return tuple(piece.casefold() for piece in pieces(text))


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    size = len(part)
    return any(whole[start : start + size] == part for start in range(len(whole) - size + 1))
