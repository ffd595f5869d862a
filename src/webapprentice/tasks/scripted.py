"""The scripted twin of a browser world: a small page in pure Python, for tests that need no Chromium.

page = ScriptedPage(goal="press save", elements=..., reward=lambda acted: 1.0 if acted[-1].kind == "click" else None)
world = ScriptedWorld({"scripted/save": page})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from webapprentice.browser.keyboard import combination
from webapprentice.core.actions import (
    Action,
    Back,
    Click,
    CloseTab,
    Forward,
    Goto,
    NewTab,
    Press,
    Select,
    Stop,
    SwitchTab,
    Type,
    Upload,
)
from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.protocols import Happened, Start
from webapprentice.core.records import Element, Observation, Outcome, Result, Tab, Task

EDITABLE = ("textbox", "searchbox", "combobox", "spinbutton")
Verdict = Callable[[Sequence[Action], Sequence[Element]], float | None]


@dataclass(frozen=True)
class ScriptedPage:
    """A page and its judge. `verdict` gets the actions that were done and the elements as they stand afterwards, and
    gives the raw reward that ends the episode, or None while it goes on."""

    goal: str
    elements: tuple[Element, ...]
    verdict: Verdict
    fault_at: int | None = None
    """The step, counted from 0, at which the page hangs."""


class ScriptedWorld:
    """Plays `ScriptedPage`s by task id: fields hold what is typed, boxes tick, and everything else stays as it is."""

    def __init__(self, pages: Mapping[str, ScriptedPage | Callable[[int], ScriptedPage]]) -> None:
        self.resets: list[tuple[str, int]] = []
        """Task id and seed of every episode so far."""
        self._pages = pages
        self._page: ScriptedPage | None = None
        self._elements: list[Element] = []
        self._done: list[Action] = []
        self._step = 0

    async def reset(self, task: Task, seed: int) -> Start:
        """Begin an episode; a page given as a function is drawn from the seed."""
        found = self._pages.get(task.id)
        if found is None:
            fault = Fault(owner=Owner.ENVIRONMENT, kind="reset_failed", message=f"no page is scripted for {task.id}")
            raise FaultError(fault)
        self._page = found(seed) if callable(found) else found
        self._elements, self._done, self._step = list(self._page.elements), [], 0
        self.resets.append((task.id, seed))
        return Start(goal=self._page.goal, observation=self._seen())

    async def step(self, action: Action) -> Happened:
        """Carry out one action."""
        if self._page is None:
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="reset_failed", message="step before reset"))
        if self._page.fault_at == self._step:
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="page_hang", message="the scripted page hangs here"))
        self._step += 1
        before = tuple(self._elements)
        outcome = self._carry_out(action)
        raw = None
        if outcome.result is Result.DONE:
            self._done.append(action)
            raw = self._page.verdict(tuple(self._done), tuple(self._elements))
        outcome = outcome.with_(changed=before != tuple(self._elements), done=raw is not None)
        stopped = isinstance(action, Stop) and raw is None
        error = None if outcome.result is Result.DONE else f"{outcome.result}: {outcome.message}"
        return Happened(outcome=outcome, observation=self._seen(error), raw_reward=0.0 if stopped else raw)

    def _carry_out(self, action: Action) -> Outcome:
        refusal = _refusal(action)
        if refusal:
            return Outcome(result=Result.UNSUITABLE, message=refusal)
        node = getattr(action, "node", None)
        if node is None:
            return Outcome(result=Result.DONE)
        place = next((n for n, element in enumerate(self._elements) if element.id == node), None)
        if place is None:
            return Outcome(result=Result.STALE, message=f"[{node}] is not on the page any more")
        element = self._elements[place]
        if not element.visible:
            return Outcome(result=Result.HIDDEN, message=f"{element.role} {element.name} [{node}] is not shown")
        if "disabled" in element.states:
            return Outcome(result=Result.DISABLED, message=f"{element.role} {element.name} [{node}] is disabled")
        after = _after(element, action)
        if after is None:
            return Outcome(result=Result.UNSUITABLE, message=f"{element.role} {element.name} [{node}] cannot take this")
        self._elements[place] = after
        return Outcome(result=Result.DONE)

    def _seen(self, last_error: str | None = None) -> Observation:
        url = "scripted://page"
        tabs = (Tab(url=url, title="scripted", active=True),)
        elements = tuple(self._elements)
        return Observation(
            url=url, title="scripted", tabs=tabs, elements=elements, viewport=(500, 320), last_error=last_error
        )

    async def close(self) -> None:
        """Nothing is held."""


def _refusal(action: Action) -> str:
    """Why no scripted page can do this; empty where one can."""
    match action:
        case Goto() | Back() | Forward() | NewTab() | CloseTab():
            return "a scripted page is the only one, in the only tab"
        case SwitchTab(index=index) if index != 0:
            return f"there is no tab {index}, only tab 0"
        case Press(keys=keys) if combination(keys) is None:
            return f"no key is called {keys[:60]!r}"
    return ""


def _after(element: Element, action: Action) -> Element | None:
    """The element once the action has been carried out; None when it cannot be."""
    match action:
        case Type(text=text, clear=clear):
            if element.role not in EDITABLE or element.options:
                return None
            return element.with_(value=text if clear else (element.value or "") + text)
        case Upload():
            return None
        case Select(options=options):
            return element.with_(value=", ".join(options)) if set(options) <= set(element.options) else None
        case Click() if element.role in ("checkbox", "switch"):
            return element.with_(states=tuple(set(element.states) ^ {"checked"}))
        case Click() if element.role == "radio":
            return element.with_(states=tuple({*element.states, "checked"}))
    return element
