"""WebLINX (arXiv 2402.05930): `replay.json` in the folder of its demonstration, with `pages/` beside it.

A demonstration is a talk: an instructor says something, the navigator acts, the instructor says more. Each stretch of
acting becomes a trajectory of its own whose goal is all that the instructor had said by then, so that no step knows
what was only said later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from webapprentice.core.actions import (
    Action,
    Click,
    CloseTab,
    Goto,
    Hover,
    NewTab,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
)
from webapprentice.importers.common import Act, Broken, Item, Unusable, Workflow, opened

MOST_BYTES = 500_000_000
PAGE_BYTES = 50_000_000
ID = "data-webtasks-id"
"""The attribute that names elements in the pages."""
_TYPED = frozenset({"typed", "generated", "keyword", "keyword_generated", "auto_bookmark"})
"""Transitions of the browser that a person asked for."""
Turn = dict[str, Any]


def read(path: Path) -> Iterator[Item]:
    """The stretches of one demonstration; `path` is its replay.json."""
    name = opened(path).resolve().parent.name
    try:
        turns = _turns(path)
    except Unusable as error:
        yield Broken(where=f"demonstration {name}", reason=error.reason, detail=error.detail, whole=True)
        return
    said: list[str] = []
    stretch: list[tuple[int, Turn]] = []
    number = 0
    talk = _Talk(path.parent, name)
    for place, turn in enumerate([*turns, None]):
        speaks = isinstance(turn, dict) and turn.get("type") == "chat" and turn.get("speaker") == "instructor"
        if turn is not None and not speaks:
            stretch.append((place, turn))
            continue
        if said and stretch:
            number += 1
            yield from talk.stretch(number, " ".join(said), stretch)
        stretch = []
        if turn is not None:
            said.append(" ".join(str(turn.get("utterance") or "").split()))


def _turns(path: Path) -> list[Any]:
    if path.stat().st_size > MOST_BYTES:
        raise Unusable("too large for a demonstration", f"more than {MOST_BYTES:,} bytes")
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Unusable("not JSON", str(error)[:120]) from error
    turns = told.get("data") if isinstance(told, dict) else told
    if not isinstance(turns, list):
        raise Unusable("not a demonstration", "there is no list of turns")
    return turns


class _Talk:
    """What outlives a stretch: the tabs, and how far each page was scrolled."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._tabs: list[Any] = []
        self._scrolled: dict[Any, tuple[float, float]] = {}
        self._page = ""
        self._url = ""

    def stretch(self, number: int, goal: str, turns: list[tuple[int, Turn]]) -> Iterator[Item]:
        """The trajectory of the turns between two requests, or why there is none."""
        made = Workflow("weblinx", f"{self._name}-{number}", goal)
        before = ""
        where = ""
        try:
            for place, turn in turns:
                where = f"turn {place + 1}"
                intent = self._intent(turn)
                why = self._left_out(turn, intent, before, place == turns[-1][0])
                if why:
                    yield Broken(where=f"{self._name}, {where}", reason=why)
                else:
                    self._step(made, turn, intent)
                before = intent
            yield made.ready(f"{self._name}/replay.json#{number}")
        except Unusable as error:
            detail = f"{where}: {error.detail}"
            yield Broken(where=f"{self._name}-{number}", reason=error.reason, detail=detail, whole=True)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            detail = f"{where}: {type(error).__name__}: {error}"[:120]
            yield Broken(
                where=f"{self._name}-{number}", reason="a turn that is not understood", detail=detail, whole=True
            )

    @staticmethod
    def _intent(turn: Turn) -> str:
        if turn["type"] == "chat":
            return "say"
        return str(turn["action"]["intent"]).lower().replace("_", "")

    def _left_out(self, turn: Turn, intent: str, before: str, last: bool) -> str:
        """Why a turn is no action of its own; empty where it is one."""
        told = (turn.get("action") or {}).get("arguments") or {}
        properties = told.get("properties") or {}
        match intent:
            case "say":
                return "" if last else "said in the midst of acting"
            case "copy":
                return "copy changes nothing on a page"
            case "submit":
                return "" if before in ("textinput", "change", "paste") else "submit follows from what was done before"
            case "load":
                asked = properties.get("transitionType")
                typed = asked is None or asked in _TYPED
                typed = typed or "from_address_bar" in (properties.get("transitionQualifiers") or ())
                return "" if typed else "load follows from what was done before"
        return ""

    def _step(self, made: Workflow, turn: Turn, intent: str) -> None:
        action = turn.get("action") or {}
        told = action.get("arguments") or {}
        about = told.get("metadata") or {}
        self._url = str(about.get("url") or self._url)
        name = (turn.get("state") or {}).get("page")
        if name is not None:
            self._page = self._read(str(name))
        element = told.get("element") or {}
        key = str((element.get("attributes") or {}).get(ID) or "")
        if intent == "submit":
            done: Action | Act = Press(keys="Enter")
        else:
            done = self._action(intent, turn, told, key)
        aimed = callable(done)
        if aimed and not re.fullmatch(r"[\w-]{1,64}", key):
            raise Unusable("no target", key[:80])
        words = " ".join(str(element.get("textContent") or "").split())[:80]
        made.step(self._page, self._url, f'[{ID}="{key}"]' if aimed else None, done, f"{intent} {words}".strip())

    def _read(self, name: str) -> str:
        """A page of the demonstration, and of no other folder."""
        if not re.fullmatch(r"[\w-]{1,100}\.html?", name):
            raise Unusable("the name of a page leads elsewhere", name[:80])
        path = self._folder / "pages" / name
        if not path.is_file() or path.is_symlink():
            raise Unusable("its page is not there", name)
        if path.stat().st_size > PAGE_BYTES:
            raise Unusable("a page that is too large", name)
        return path.read_text("utf-8", errors="replace")

    def _action(self, intent: str, turn: Turn, told: dict[str, Any], key: str) -> Action | Act:
        properties = told.get("properties") or {}
        match intent:
            case "say":
                return Stop(answer=" ".join(str(turn["utterance"]).split()))
            case "click":
                return lambda node: Click(node=node)
            case "hover":
                return lambda node: Hover(node=node)
            case "textinput":
                text = str(told["text"])
                return lambda node: Type(node=node, text=text)
            case "paste":
                text = str(told["pasted"])
                return lambda node: Type(node=node, text=text, clear=False)
            case "change":
                return self._changed(str(told["value"]), key)
            case "load":
                return Goto(url=str(properties.get("url") or told["url"]))
            case "scroll":
                return self._scroll(told)
            case "tabcreate":
                self._tab(properties.get("tabId"))
                return NewTab()
            case "tabremove":
                if properties.get("tabId") in self._tabs:
                    self._tabs.remove(properties["tabId"])
                return CloseTab()
            case "tabswitch":
                self._tab(properties.get("tabIdOrigin"))
                return SwitchTab(index=self._tab(properties["tabId"]))
        raise Unusable("an intent that is not known", intent[:40])

    def _tab(self, number: Any) -> int:
        """The place of a tab among those that were met."""
        if number not in self._tabs:
            self._tabs.append(number)
        return self._tabs.index(number)

    def _scroll(self, told: dict[str, Any]) -> Scroll:
        """The direction in which the page's position changed since it was last told."""
        tab = str((told.get("metadata") or {}).get("tabId"))
        x, y = float(told["scrollX"]), float(told["scrollY"])
        before = self._scrolled.get(tab, (0.0, 0.0))
        self._scrolled[tab] = (x, y)
        if abs(x - before[0]) > abs(y - before[1]):
            return Scroll(direction="right" if x > before[0] else "left")
        return Scroll(direction="down" if y >= before[1] else "up")

    def _changed(self, value: str, key: str) -> Act:
        """A choice of a drop-down by the text of its option, or a field's new value."""
        if not re.fullmatch(r"[\w-]{1,64}", key):
            raise Unusable("no target", key[:80])
        found = LexborHTMLParser(self._page).css_first(f'[{ID}="{key}"]')
        if found is None or found.tag != "select":
            return lambda node: Type(node=node, text=value)
        for option in found.css("option"):
            text = " ".join((option.text() or "").split())
            if value in (option.attributes.get("value"), text):
                return lambda node: Select(node=node, options=(text,))
        raise Unusable("an option that is not there", value[:80])
