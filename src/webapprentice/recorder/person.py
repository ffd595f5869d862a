"""A scripted person: the gestures of a workflow, made with real mouse and keyboard events."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from webapprentice.browser import Window, act
from webapprentice.browser.keyboard import combination, event
from webapprentice.core.actions import (
    Action,
    Back,
    Click,
    CloseTab,
    Dialog,
    Drag,
    Forward,
    Goto,
    Hover,
    NewTab,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
    Upload,
    Wait,
)
from webapprentice.core.records import Element, Observation, Outcome, Record, Result

SOON = """new Promise((resolve) => {
  const end = () => { watch.disconnect(); clearTimeout(limit); resolve(true); };
  const watch = new MutationObserver(end);
  const limit = setTimeout(end, 200);
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
})"""
"""Resolves when the page changes, or a fifth of a second later."""


class Taken(Protocol):
    """Something that was done earlier in the same episode."""

    @property
    def action(self) -> Action | None:
        """What was done."""
        ...

    @property
    def observation(self) -> Observation:
        """What was seen before."""
        ...


Person = Callable[[str, Observation, Sequence[Taken]], Action | None]
"""(objective, what is seen now, what was done) → what to do next; None: what is looked for is not there yet."""


class Gesture(Record):
    """One thing to be done, told by what can be read on the page."""

    do: Literal[
        "click",
        "double",
        "right",
        "middle",
        "type",
        "select",
        "press",
        "scroll",
        "hover",
        "drag",
        "upload",
        "goto",
        "back",
        "forward",
        "new_tab",
        "switch_tab",
        "close_tab",
        "dialog",
        "stop",
    ]
    role: str = ""
    """Role of the element, or its tag where it has none."""
    name: str = ""
    """Its whole name."""
    beside: str = ""
    """Words near it, where several have its role and name."""
    nth: int = 0
    """Which of those that fit, from 0."""
    to: str = ""
    """drag: the name or text of where to."""
    text: str = ""
    """type: the text; press: the keys; goto: the address; scroll: the way; dialog, stop: the answer."""
    submit: bool = False
    options: tuple[str, ...] = ()
    """select: texts of options; upload: files."""
    index: int = 0
    accept: bool = True

    def action(self, seen: Observation) -> Action | None:
        """What this is on this page; None when its element is not there."""
        match self.do:
            case "goto":
                return Goto(url=self.text)
            case "back":
                return Back()
            case "forward":
                return Forward()
            case "new_tab":
                return NewTab()
            case "switch_tab":
                return SwitchTab(index=self.index) if self.index < len(seen.tabs) else None
            case "close_tab":
                return CloseTab()
            case "dialog":
                return Dialog(accept=self.accept, text=self.text or None)
            case "stop":
                return Stop(answer=self.text)
            case "press" if not self.role:
                return Press(keys=self.text)
            case "scroll" if not self.role:
                return Scroll(direction=self.text or "down")
        element = self.element(seen)
        return self._on(element, seen) if element is not None else None

    def _on(self, element: Element, seen: Observation) -> Action | None:
        node = element.id
        match self.do:
            case "click" | "double":
                return Click(node=node, count=2 if self.do == "double" else 1)
            case "right" | "middle":
                return Click(node=node, button=self.do)
            case "type":
                return Type(node=node, text=self.text, submit=self.submit)
            case "select":
                return Select(node=node, options=self.options)
            case "press":
                return Press(keys=self.text, node=node)
            case "scroll":
                return Scroll(direction=self.text or "down", node=node)
            case "hover":
                return Hover(node=node)
            case "upload":
                return Upload(node=node, files=self.options)
            case "drag":
                goal = next((one for one in seen.elements if one.visible and self.to in (one.name, one.text)), None)
                return Drag(node=node, to=_boxed(goal)) if goal is not None else None
        return None

    def element(self, seen: Observation) -> Element | None:
        """The element that is meant."""
        found = [
            one
            for one in seen.elements
            if one.tag != "#text"
            and one.visible
            and self.role in (one.role, one.tag)
            and _named(one, seen) == self.name
        ]
        if self.beside:
            found = _beside(found, self.beside, seen)
        return found[self.nth] if self.nth < len(found) else None


def _named(element: Element, seen: Observation) -> str:
    return element.name or " ".join(one.text for one in seen.elements if one.parent == element.id and one.text)


def _boxed(element: Element) -> int:
    return element.parent if element.tag == "#text" and element.parent is not None else element.id


def _beside(found: list[Element], words: str, seen: Observation) -> list[Element]:
    """Those that share the smallest part of the page with these words."""
    up = {one.id: one.parent for one in seen.elements}

    def above(node: int | None) -> list[int]:
        chain = []
        while node is not None:
            chain.append(node)
            node = up.get(node)
        return chain

    chains = {one.id: set(above(one.id)) for one in found}
    for text in seen.elements:
        if text.visible and words in (text.text, text.name):
            for node in above(text.id):
                inside = [one for one in found if node in chains[one.id]]
                if inside:
                    return inside
    return []


def script(gestures: Sequence[Gesture]) -> Person:
    """A person who makes these gestures one after the other, and then stops."""

    def decide(_goal: str, seen: Observation, done: Sequence[Taken]) -> Action | None:
        return gestures[len(done)].action(seen) if len(done) < len(gestures) else Stop()

    return decide


async def perform(window: Window, action: Action) -> Outcome:
    """Do it as a person would: a drop-down and a date by the keyboard, everything else as `act` does."""
    match action:
        case Select():
            return await _select(window, action)
        case Type(node=node, text=text):
            keys = _segments(window.seen.element(node) if window.seen else None, text)
            if keys is not None:
                return await _press(window, node, keys)
        case Wait() | Stop():
            return Outcome(result=Result.DONE)
    return await act(window, action)


async def _press(window: Window, node: int, keys: list[str]) -> Outcome:
    """Focus the element and press keys one after the other."""
    home = window.home(node)
    await window.evaluate(f"(__apprentice.begin(), __apprentice.node({node}).focus())", "focusing", home=home)
    calls = []
    for name in keys:
        for key in combination(name) or ():
            calls += [("Input.dispatchKeyEvent", event(kind, key)) for kind in ("keyDown", "keyUp")]
    await window.send(calls, window.config.act_seconds + len(calls) * 0.02, "pressing keys")
    return Outcome(result=Result.DONE)


_PLACE = """((select, wanted) => {
  const flat = (text) => __apprentice.squeeze(text, 500);
  const options = [...select.options].filter((option) => !option.disabled);
  const at = options.indexOf(select.selectedOptions[0]);
  return [select.multiple, at, wanted.map((text) => options.findIndex((option) => flat(option.label) === flat(text)))];
})"""
_OPTIONS = """((select, wanted) => wanted.map((text) => {
  const flat = (text) => __apprentice.squeeze(text, 500);
  const option = [...select.options].find((option) => flat(option.label) === flat(text));
  option.scrollIntoView({ block: 'nearest' });
  const box = option.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}))"""


async def _select(window: Window, action: Select) -> Outcome:
    home, wanted = window.home(action.node), json.dumps(action.options)
    found = await window.evaluate(f"{_PLACE}(__apprentice.node({action.node}), {wanted})", "choosing", home=home)
    multiple, at, places = found
    if not places or -1 in places:
        return await act(window, action)  # says what is wrong
    if not multiple:
        steps = places[0] - at
        return await _press(window, action.node, ["ArrowDown" if steps > 0 else "ArrowUp"] * abs(steps) or ["Home"])
    for number, text in enumerate(action.options):
        told = f"{_OPTIONS}(__apprentice.node({action.node}), {json.dumps([text])})"
        ((x, y),) = await window.evaluate(told, "finding an option", home=home)
        if home is not None:
            x, y, _ = await window.lift(home, x, y)
        held = {"x": x, "y": y, "button": "left", "clickCount": 1, "modifiers": 2 if number else 0}
        calls = [("Input.dispatchMouseEvent", {"type": kind, **held}) for kind in ("mousePressed", "mouseReleased")]
        await window.send(calls, window.config.act_seconds, "choosing")
    return Outcome(result=Result.DONE)


def _segments(element: Element | None, text: str) -> list[str] | None:
    """The keys that fill a date or a time, part by part; None for other fields."""
    kind = element.attributes.get("type", "") if element is not None and element.tag == "input" else ""
    day = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    if kind == "date" and day is not None:
        return [*day[2], *day[3], *day[1]]
    american = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    if kind == "date" and american is not None:
        return [*american[1].zfill(2), *american[2].zfill(2), *american[3]]
    hour = re.fullmatch(r"(\d{1,2}):(\d{2})\s*([AaPp])?[Mm]?", text)
    if kind == "time" and hour is not None:
        number = int(hour[1])
        late = hour[3].lower() if hour[3] else "p" if number >= 12 else "a"
        return [*f"{number % 12 or 12:02}", *hour[2], late]
    return None
