"""Human demonstrations of MiniWoB++, as its recorder (`core/record.js`) writes them: one episode a file, JSON or gzip.

An episode is an utterance, a reward, and states: each holds an event and the tree of visible elements at that moment.
Events are folded into actions, each with the page as it was before the first of its events.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from webapprentice.core.actions import Action, Click, Drag, Press, Type
from webapprentice.importers.common import Act, Broken, Item, Ready, Unusable, Workflow, opened

MOST_BYTES = 300_000_000
"""A demonstration unpacks to a few megabytes; more than this is no demonstration."""
BEFORE = 1
"""Events are told twice: on their way down to the element, and on their way back."""
_FAR = 8
"""CSS pixels that the mouse moves between press and release of what is meant as a drag."""
_DEEPEST = 200
_VOID = frozenset({"input", "img", "br", "hr", "area", "embed", "source", "wbr"})
_KEYS = {
    8: "Backspace",
    9: "Tab",
    13: "Enter",
    27: "Escape",
    33: "PageUp",
    34: "PageDown",
    35: "End",
    36: "Home",
    37: "ArrowLeft",
    38: "ArrowUp",
    39: "ArrowRight",
    40: "ArrowDown",
    46: "Delete",
}
_MODIFIERS = {16: "Shift", 17: "Control", 18: "Alt", 91: "Meta"}
_EDITING = frozenset({8, 35, 36, 37, 39, 46})
"""Keys that change or move within the text of a field: what comes of them is in its value."""


class _Event(NamedTuple):
    """Something that happened, on its way down to its element."""

    kind: str
    dom: dict[str, Any]
    target: dict[str, Any] | None
    """The element that it reached; None for the instruction above the page."""
    x: float
    y: float
    code: int
    character: str


class _Deed(NamedTuple):
    """What events add up to."""

    kind: str
    first: _Event
    last: _Event
    text: str = ""


def read(path: Path) -> Iterator[Item]:
    """The one demonstration of the file."""
    name = opened(path).name.split(".")[0] if path.suffix == ".gz" else path.stem
    try:
        yield _episode(path.name, name, _loaded(path))
    except Unusable as error:
        yield Broken(where=f"demonstration {name}", reason=error.reason, detail=error.detail, whole=True)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        detail = f"{type(error).__name__}: {error}"[:120]
        yield Broken(where=f"demonstration {name}", reason="not a demonstration", detail=detail, whole=True)


def _loaded(path: Path) -> dict[str, Any]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise Unusable("the file is cut off or damaged", str(error)[:120]) from error
    if len(data) > MOST_BYTES:
        raise Unusable("too large for a demonstration", f"more than {MOST_BYTES:,} bytes")
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unusable("not JSON", str(error)[:120]) from error
    if not isinstance(told, dict) or not isinstance(told.get("states"), list):
        raise Unusable("not a demonstration", "there is no list of states")
    return told


def _episode(file: str, name: str, told: dict[str, Any]) -> Item:
    task = str(told.get("taskName") or re.sub(r"_[^_]*(?:_d\d+)?$", "", name))
    utterance = told["utterance"]
    goal = " ".join(str(utterance["utterance"] if isinstance(utterance, dict) else utterance).split())
    made = Workflow("miniwob", task, goal)
    states = told["states"]
    address = f"https://{re.sub(r'[^a-z0-9-]+', '-', task.lower())[:60]}.miniwob.invalid/"
    deeds = _folded(event for state in states if (event := _event(state)) is not None)
    ends = [*(deed.first.dom for deed in deeds[1:]), states[-1]["dom"] if states else {}]
    for deed, after in zip(deeds, ends, strict=False):
        target = deed.first.target
        if target is None:
            continue  # on the instruction above the page
        action = _action(deed, target, after)
        if action is not None:
            said = " ".join(f"{deed.kind} {target.get('text') or target.get('tag')} {deed.text}".split())[:200]
            aimed = None if isinstance(action, Press) else f'[data-ref="{int(target["ref"])}"]'
            made.step(_page(task, deed.first.dom), address, aimed, action, said)
    reward = told.get("rawReward")
    raw = float(reward) if isinstance(reward, int | float) else None
    found = made.ready(f"{file}#{name}", None if raw is None else min(1.0, max(0.0, raw)))
    return Ready(found.trajectory.with_(raw_reward=raw), found.pages)


def _event(state: dict[str, Any]) -> _Event | None:
    told = state.get("action")
    if not told or told.get("timing") != BEFORE:
        return None
    code = int(told.get("keyCode") or 0)
    return _Event(
        kind=str(told["type"]),
        dom=state["dom"],
        target=next((one for one in _elements(state["dom"]) if one.get("recordingTarget")), None),
        x=float(told.get("x") or 0),
        y=float(told.get("y") or 0),
        code=code,
        character=chr(int(told.get("charCode") or 0)) if told["type"] == "keypress" else "",
    )


def _folded(events: Iterator[_Event]) -> list[_Deed]:
    """Presses and releases become clicks and drags, keys of one field one text."""
    deeds: list[_Deed] = []
    press: _Event | None = None
    release: _Event | None = None
    held: set[int] = set()
    for event in events:
        match event.kind:
            case "mousedown":
                if press is not None:
                    deeds.append(_pointed(press, release))
                press, release = event, None
            case "mouseup":
                release = event
            case "click" if press is not None:  # another one comes from a label, for its field
                deeds.append(_pointed(press, release))
                press = release = None
            case "dblclick" if [deed.kind for deed in deeds[-2:]] == ["click", "click"]:
                deeds[-2:] = [_Deed("doubleclick", deeds[-2].first, event)]
            case "keydown" if event.code in _MODIFIERS:
                held.add(event.code)
            case "keyup":
                held.discard(event.code)
            case "keydown" if event.code in _EDITING or held - {16}:
                _typed(deeds, event, "")
            case "keydown" if event.code in _KEYS:
                deeds.append(_Deed("press", event, event, _KEYS[event.code]))
            case "keypress" if event.character.isprintable():
                _typed(deeds, event, event.character)
    if press is not None:  # the episode ended at once
        deeds.append(_pointed(press, release))
    return deeds


def _pointed(press: _Event, release: _Event | None) -> _Deed:
    moved = release is not None and max(abs(release.x - press.x), abs(release.y - press.y)) > _FAR
    return _Deed("drag" if moved else "click", press, release or press)


def _typed(deeds: list[_Deed], event: _Event, character: str) -> None:
    """One more key in a field; what was typed there, or a click into it, right before belongs to the same deed."""
    before = deeds[-1] if deeds else None
    if before is not None and before.kind in ("type", "click") and _ref(before.first) == _ref(event):
        text = before.text if before.kind == "type" else ""
        text = text[:-1] if event.code == 8 else text + character
        first = before.first if before.kind == "type" else event
        deeds[-1] = _Deed("type", first, event, text)
    else:
        deeds.append(_Deed("type", event, event, character))


def _ref(event: _Event) -> int | None:
    return int(event.target["ref"]) if event.target is not None else None


def _action(deed: _Deed, target: dict[str, Any], after: dict[str, Any]) -> Action | Act | None:
    """The action; None where nothing came of the events."""
    left, top = round(float(target["left"])), round(float(target["top"]))
    offset = round(deed.first.x) - left, round(deed.first.y) - top
    if str(target["tag"]).lower() == "select":
        raise Unusable("a drop-down, whose choice is not recorded")
    match deed.kind:
        case "press":
            return Press(keys=deed.text)
        case "drag":
            by = round(deed.last.x - deed.first.x), round(deed.last.y - deed.first.y)
            return lambda node: Drag(node=node, by=by, at=offset)
        case "type":
            return _text(deed, target, after)
    drawn = str(target["tag"]).lower() in ("svg", "canvas")
    return lambda node: Click(node=node, count=2 if deed.kind == "doubleclick" else 1, at=offset if drawn else None)


def _text(deed: _Deed, target: dict[str, Any], after: dict[str, Any]) -> Act | None:
    """What the field held afterwards; the keys themselves where it tells no value."""
    ref = int(target["ref"])
    there = next((one for one in _elements(after) if one.get("ref") == ref), {})
    value = there.get("value", deed.text if "value" not in target else None)
    if str(target["tag"]).lower() == "body" or isinstance(value, bool):
        raise Unusable("typed where there is no field", deed.text[:80])
    text = str(value) if value is not None else deed.text
    if text == target.get("value"):
        return None
    return lambda node: Type(node=node, text=text)


def _elements(dom: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tree's elements in document order."""
    stack = [dom]
    while stack:
        element = stack.pop()
        yield element
        stack += reversed(element.get("children") or [])


def _page(task: str, dom: dict[str, Any]) -> str:
    return f"<!DOCTYPE html><html><head><title>{escape(task)}</title></head>{_html(dom)}</html>"


def _html(element: dict[str, Any], depth: int = 0) -> str:
    """The tree as markup; references are kept as `data-ref`."""
    if depth > _DEEPEST:
        raise Unusable("a page that is too deep")
    tag, _, kind = str(element["tag"]).partition("_")
    tag = tag.lower()
    if tag == "t":
        return escape(str(element.get("text") or "")) + " "
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", tag):
        raise Unusable("a tag that is none", tag[:40])
    given = {"id": element.get("id"), "class": element.get("classes"), "type": kind, "data-ref": int(element["ref"])}
    value = element.get("value")
    if isinstance(value, bool):
        given["checked"] = "checked" if value else ""
    elif tag == "input":
        given["value"] = value
    said = "".join(f' {name}="{escape(str(one))}"' for name, one in given.items() if one not in (None, ""))
    if tag in _VOID:
        return f"<{tag}{said}>"
    inner = "".join(_html(child, depth + 1) for child in element.get("children") or [])
    held = value if tag == "textarea" and isinstance(value, str) else element.get("text")
    return f"<{tag}{said}>{escape(str(held or ''))}{inner}</{tag}>"
