"""AutoWebBench (arXiv 2404.03648): single steps with a shortened page in a notation of its own, and the right command.

    < <h2| Sign in> <a[SA]| <span| Amazon> > <input[E]| Email> >

An element is its tag, a name in brackets where it can be acted on, and what it holds; a bare bracket is a group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from webapprentice.core.actions import Action, Back, Click, Forward, Goto, Hover, Scroll, Select, Stop, SwitchTab, Type
from webapprentice.importers.common import Act, Broken, Item, Unusable, Workflow, opened
from webapprentice.importers.streams import objects
from webapprentice.language.calls import bound, the_call
from webapprentice.language.reading import Unreadable

_LONGEST = 20_000
"""Characters of a command."""
_PIECE = re.compile(r"<(?:([A-Za-z][A-Za-z0-9-]{0,30})(?:\[([A-Za-z0-9]{1,20})\])?\|)?|>|[^<>]+")
_TASK = re.compile(r"^#Task: (.*?)(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_END = "\n\nYou are a helpful assistant"
_VOID = {"input": "placeholder", "img": "alt"}
"""Elements that hold nothing, and the attribute that says what stands in them."""
_ARGUMENTS = {
    "click": ("*element_id",),
    "hover": ("*element_id",),
    "select": ("*element_id", "*option"),
    "type_string": ("*element_id", "*content", "press_enter"),
    "scroll_page": ("*direction",),
    "go": ("*direction",),
    "jump_to": ("*url", "new_tab"),
    "switch_tab": ("*tab_index",),
    "user_input": ("*message",),
    "finish": ("answer",),
}


def read(path: Path) -> Iterator[Item]:
    """One trajectory of one step for each item of the JSON array."""
    place = -1
    for place, told in enumerate(objects(opened(path))):
        if isinstance(told, Broken):
            yield told
            continue
        where = f"item {place + 1}"
        try:
            yield _item(path, place + 1, told)
        except Unusable as error:
            yield Broken(where=where, reason=error.reason, detail=error.detail, whole=True)
        except (Unreadable, KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            detail = f"{type(error).__name__}: {error}"[:120]
            yield Broken(where=where, reason="not an item of AutoWebBench", detail=detail, whole=True)
    if place < 0:
        yield Broken(where=path.name, reason="no JSON object in the file", whole=True)


def _item(path: Path, number: int, told: dict[str, Any]) -> Item:
    page, _, rest = str(told["source"]).partition(_END)
    task = _TASK.search(rest)
    if task is None:
        raise Unusable("no objective")
    command = str(told["target"]).strip()
    if len(command) > _LONGEST:
        raise Unusable("a command that is too long")
    name = f"{path.stem}-{number}"
    made = Workflow("autowebbench", name, " ".join(task[1].split()))
    target, action = _action(command)
    selector = None if target is None else f'[data-ref="{target}"]'
    made.step(markup(page), f"https://{path.stem[:40]}.autowebbench.invalid/", selector, action, command[:2000])
    return made.ready(f"{path.name}#{number}")


def markup(page: str) -> str:
    """The notation as HTML; names stand in `data-ref`. Every text is accepted, in linear time."""
    pieces: list[str] = []
    tags: list[str] = []
    held: list[str] = []
    for found in _PIECE.finditer(page):
        piece = found[0]
        if piece == ">":
            if tags:
                tag = tags.pop()
                if tag in _VOID:
                    said = " ".join(" ".join(held).split())
                    pieces.append(f' {_VOID[tag]}="{escape(said)}">' if said else ">")
                    held.clear()
                else:
                    pieces.append(f"</{tag}>")
        elif tags and tags[-1] in _VOID:
            if piece.startswith("<"):
                tags.append("span")  # closed by a bracket of its own, and never shown
                pieces.append("><span>")
                tags[-2] = "span"
            else:
                held.append(piece)
        elif piece.startswith("<"):
            tag = (found[1] or "div").lower()
            name = f' data-ref="{found[2]}"' if found[2] else ""
            pieces.append(f"<{tag}{name}" if tag in _VOID else f"<{tag}{name}>")
            tags.append(tag)
        else:
            pieces.append(escape(piece))
    while tags:
        tag = tags.pop()
        pieces.append(">" if tag in _VOID else f"</{tag}>")
    return f"<!DOCTYPE html><html><body>{''.join(pieces)}</body></html>"


def _action(command: str) -> tuple[str | None, Action | Act]:
    """Whom the command points at, and what it does. Raises Unusable and Unreadable."""
    verb, call = the_call(command.replace("\r", "").replace("\n", "\\n"))  # answers run over several lines
    if verb not in _ARGUMENTS:
        raise Unusable("a command that is not known", verb[:40])
    told = bound(verb, call, _ARGUMENTS[verb])
    target = str(told["element_id"]) if "element_id" in told else None
    if target is not None and not re.fullmatch(r"[A-Za-z0-9]{1,20}", target):
        raise Unusable("no target", target[:40])
    match verb:
        case "click":
            return target, lambda node: Click(node=node)
        case "hover":
            return target, lambda node: Hover(node=node)
        case "select":
            option = str(told["option"])
            return target, lambda node: Select(node=node, options=(option,))
        case "type_string":
            text, enter = str(told["content"]), bool(told.get("press_enter"))
            return target, lambda node: Type(node=node, text=text, submit=enter)
        case "scroll_page" if told["direction"] in ("up", "down"):
            return None, Scroll(direction="up" if told["direction"] == "up" else "down")
        case "go" if told["direction"] in ("forward", "backward"):
            return None, Forward() if told["direction"] == "forward" else Back()
        case "jump_to":
            return None, Goto(url=str(told["url"]))
        case "switch_tab":
            return None, SwitchTab(index=int(str(told["tab_index"])) - 1)
        case "finish":
            return None, Stop(answer=str(told.get("answer") or ""))
        case "user_input":
            raise Unusable("asks the user, which is no action on a page", str(told["message"])[:80])
    raise Unusable("a direction that is none", command[:80])
