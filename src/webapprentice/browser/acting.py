"""Carrying out actions with real input. What cannot be carried out is a named outcome, never a click elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webapprentice.browser.deadline import fault
from webapprentice.browser.dialing import BLOCKED
from webapprentice.browser.frames import GONE, Frame
from webapprentice.browser.keyboard import MODIFIERS, combination, event, typed
from webapprentice.browser.window import CLOSED, Window
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
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Outcome, Record, Result

Calls = list[tuple[str, dict[str, Any]]]
BUTTONS = {"none": 0, "left": 1, "right": 2, "middle": 4}
DRAG_MOVES = 6
"""Moves between press and release: widgets measure how far the pointer has come."""
_POINTINGS = 40
_REDRAWN = 0.05
"""Seconds between two looks whether the browser has drawn a frame where it now is."""
DONE = Outcome(result=Result.DONE)


class Spot(Record):
    """What `locate` says: where the event lands, or why it would not."""

    result: Result
    message: str = ""
    x: float = 0.0
    y: float = 0.0
    left: float = 0.0
    top: float = 0.0
    wide: float = 0.0
    high: float = 0.0
    set: bool = False
    """The field's value is set as a whole: a date, a time, a colour, a range."""
    draggable: bool = False
    """The browser would start a drag of its own."""
    empty: bool = True

    @property
    def outcome(self) -> Outcome:
        """The spot as an outcome, its message cut to what an outcome holds."""
        return Outcome(result=self.result, message=self.message[:200])


class Refused(Exception):  # noqa: N818 - not an error: how an outcome leaves the nested calls of one action
    """Carries the outcome of an action that was not done."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


async def act(window: Window, action: Action) -> Outcome:
    """Carry out one action in the active tab.

    Raises FaultError owned by `environment` when the page hangs or is gone; when it merely took the input too late
    and still answers, the outcome is `late`.
    """
    window.begin()
    try:
        await _carry_out(window, action)
    except Refused as refused:
        return refused.outcome
    except FaultError as error:
        if error.fault.kind == BLOCKED:
            return Outcome(result=Result.BLOCKED, message=error.fault.message[:200])
        if error.fault.kind == "navigation_failed":
            return Outcome(result=Result.UNSUITABLE, message=error.fault.message[:200])
        if error.fault.kind == GONE:
            return Outcome(result=Result.STALE, message="the frame that it stood in has left the page; observe again")
        if error.fault.kind == CLOSED and window.healthy:
            return DONE  # the tab has closed itself on what was done in it
        if error.fault.kind != "page_hang" or not await _answers(window):
            raise
        return Outcome(result=Result.LATE, message=f"the page was too slow: {error.fault.message}"[:200])
    diverted = window.diverted()
    if diverted is not None:
        return Outcome(result=Result.BLOCKED, message=diverted[:200])
    return landed(window, DONE)


def landed(window: Window, outcome: Outcome) -> Outcome:
    """The outcome, or what became known of it since: `covered` when the page changed under the input, which was then
    kept from it; `blocked` when the page that the action led to is one that the policy refuses.

    Ask again after observing: both, like a redirect into a private network, show only then.
    """
    if window.missed and outcome.result is Result.DONE:
        message = f"the page changed as the input arrived: {window.missed} would have got it, and did not"
        return outcome.with_(result=Result.COVERED, message=message[:200])
    trouble = window.trouble()
    if trouble is None or trouble.code != BLOCKED or outcome.result is not Result.DONE:
        return outcome
    return outcome.with_(result=Result.BLOCKED, message=trouble.message[:200])


async def _answers(window: Window) -> bool:
    try:
        alive = bool(await window.evaluate("true", "asking whether the page lives", 2.0))
    except FaultError:
        return False
    window.healthy = alive
    return alive


async def _carry_out(window: Window, action: Action) -> None:
    match action:
        case Click():
            await _click(window, action)
        case Type():
            await _type(window, action)
        case Select():
            await _locate(window, action.node, "select")
            await _told(window, action.node, f"choose({action.node}, {json.dumps(action.options)})")
        case Hover():
            spot = await _locate(window, action.node, "hover")
            await _input(window, [_mouse("mouseMoved", spot.x, spot.y)])
        case Press():
            await _press(window, action)
        case Scroll():
            await _scroll(window, action)
        case Drag():
            await _drag(window, action)
        case Upload():
            await _upload(window, action)
        case _:
            await _travel(window, action)


async def _travel(window: Window, action: Action) -> None:
    """What needs no element."""
    match action:
        case Goto(url=url):
            if not _openable(url):
                raise Refused(Outcome(result=Result.BLOCKED, message=f"only http and https are opened, not {url[:80]}"))
            await window.goto(url)
        case Back():
            await _history(window, -1)
        case Forward():
            await _history(window, 1)
        case NewTab():
            if window.tabs >= window.config.max_tabs:
                raise Refused(Outcome(result=Result.BLOCKED, message=f"{window.tabs} tabs are open already; close one"))
            await window.open_tab()
        case SwitchTab(index=index):
            if not 0 <= index < window.tabs:
                raise Refused(
                    Outcome(result=Result.UNSUITABLE, message=f"no tab {index}; tabs 0 to {window.tabs - 1} are open")
                )
            window.activate(index)
        case CloseTab():
            if window.tabs == 1:
                raise Refused(Outcome(result=Result.UNSUITABLE, message="the only tab stays open"))
            await window.close_tab()
        case Dialog(accept=accept, text=text):
            # Dialogs are closed as they open, or the page would hang; the answer is for the next one.
            window.reply(accept, text)
        case Wait(seconds=seconds):
            await window.evaluate("__apprentice.begin()", "waiting")
            await asyncio.sleep(seconds)
        case Stop():
            pass


# Parts of an action


def _spot(told: Any) -> Spot:
    try:
        return Spot.model_validate_json(told)
    except ValueError as error:  # the page has put something of its own in our script's place
        raise fault("script_error", f"the page cannot be acted in: {error}") from error


async def _locate(window: Window, node: int, want: str, at: tuple[int, int] | None = None) -> Spot:
    element = window.seen.element(node) if window.seen else None
    was = f"{element.role or element.tag} {element.name or element.text}"[:80] if element else ""
    called = (element.name or element.text)[:200] if element else ""
    arguments = ", ".join(json.dumps(value) for value in (node, want, at, was, called))
    home = window.home(node)
    call = f"__apprentice.locate({arguments})"
    spot = _spot(await window.evaluate(call, "looking for the element", home=home))
    if spot.result is not Result.DONE:
        raise Refused(spot.outcome)
    if home is None:
        return spot
    await window.evaluate("__apprentice.begin()", "acting in a frame")
    x, y, by = await window.lift(home, spot.x, spot.y)
    if by:
        raise Refused(Outcome(result=Result.COVERED, message=f"the frame of {was} [{node}] is covered by {by}"[:200]))
    if want != "upload":
        await _point(window, home, x, y)
    return spot.with_(x=x, y=y, left=spot.left + x - spot.x, top=spot.top + y - spot.y)


async def _point(window: Window, home: Frame, x: float, y: float) -> None:
    """Move the pointer into a frame until the frame has noticed.

    The browser sends events by where frames were when it last drew them: after scrolling, a press could go elsewhere.
    """
    await window.evaluate("__apprentice.pointed()", "pointing", home=home)
    for turn in range(_POINTINGS):
        await _input(window, [_mouse("mouseMoved", x + turn % 2, y)])
        if await window.evaluate("__apprentice.pointed()", "pointing", home=home):
            return
        await asyncio.sleep(_REDRAWN)
    raise Refused(Outcome(result=Result.LATE, message="the frame does not get the pointer's events; observe again"))


async def _told(window: Window, node: int, call: str) -> Spot:
    """Run something in the node's document that answers like `locate` does."""
    home = window.home(node)
    spot = _spot(await window.evaluate(f"__apprentice.{call}", "acting in the page", home=home))
    if spot.result is not Result.DONE:
        raise Refused(spot.outcome)
    return spot


async def _input(window: Window, calls: Calls) -> None:
    seconds = window.config.act_seconds + len(calls) * 0.02
    await window.send(calls, seconds, "handing over input")


def _mouse(
    kind: str, x: float, y: float, button: str = "none", count: int = 0, held: str = "none"
) -> tuple[str, dict[str, Any]]:
    parameters = {"type": kind, "x": x, "y": y, "button": button, "buttons": BUTTONS[held], "clickCount": count}
    return "Input.dispatchMouseEvent", parameters


def _clicks(spot: Spot, button: str = "left", count: int = 1) -> Calls:
    calls = [_mouse("mouseMoved", spot.x, spot.y)]
    for number in range(1, count + 1):
        calls.append(_mouse("mousePressed", spot.x, spot.y, button, number, button))
        calls.append(_mouse("mouseReleased", spot.x, spot.y, button, number))
    return calls


async def _click(window: Window, action: Click) -> None:
    spot = await _locate(window, action.node, "click", action.at)
    await _input(window, _clicks(spot, action.button, action.count))


async def _type(window: Window, action: Type) -> None:
    spot = await _locate(window, action.node, "type")
    if spot.set:
        await _told(window, action.node, f"fill({action.node}, {json.dumps(action.text)})")
    else:
        await _input(window, _clicks(spot))
        held = await _told(window, action.node, f"focus({action.node}, {json.dumps(action.clear)})")
        element = window.seen.element(action.node) if window.seen else None
        calls = typed(action.text, multiline=element is None or element.tag != "input")
        if not calls and action.clear and not held.empty:
            calls = _strokes("Delete")
        await _input(window, calls)
    if action.submit:
        await _input(window, _strokes("Enter"))


def _strokes(keys: str) -> Calls:
    held = combination(keys)
    if not held:
        raise Refused(
            Outcome(result=Result.UNSUITABLE, message=f"no key is called {keys[:60]!r}; say Enter, Tab, Control+a")
        )
    down: Calls = []
    up: Calls = []
    modifiers = 0
    for key in held:
        modifiers |= MODIFIERS.get(key.key, 0)
        down.append(("Input.dispatchKeyEvent", event("keyDown", key, modifiers)))
    for key in reversed(held):
        modifiers &= ~MODIFIERS.get(key.key, 0)
        up.append(("Input.dispatchKeyEvent", event("keyUp", key, modifiers)))
    return down + up


async def _press(window: Window, action: Press) -> None:
    strokes = _strokes(action.keys)
    if action.node is None:
        await window.evaluate("__apprentice.begin()", "pressing a key")
    else:
        await _locate(window, action.node, "click")
        await _told(window, action.node, f"focus({action.node}, null)")
    await _input(window, strokes)


async def _scroll(window: Window, action: Scroll) -> None:
    width, height = window.config.viewport if window.seen is None else window.seen.viewport
    x, y, wide, high = width / 2, height / 2, float(width), float(height)
    home = window.home(action.node) if action.node is not None else None
    if action.node is not None:
        spot = await _locate(window, action.node, "scroll")
        x, y, wide, high = spot.x, spot.y, min(spot.wide, wide), min(spot.high, high)
    else:
        await window.evaluate("__apprentice.begin()", "scrolling")
    way = {"up": (0.0, -0.8), "down": (0.0, 0.8), "left": (-0.8, 0.0), "right": (0.8, 0.0)}[action.direction]
    method, parameters = _mouse("mouseWheel", x, y)
    await _input(window, [(method, {**parameters, "deltaX": way[0] * wide, "deltaY": way[1] * high})])
    shown = json.dumps(action.node is not None)
    await window.evaluate(f"__apprentice.turned({shown})", "scrolling", home=home)


async def _drag(window: Window, action: Drag) -> None:
    if action.to is None and action.by is None:
        raise Refused(Outcome(result=Result.UNSUITABLE, message="a drag needs an element or an offset to go to"))
    spot = await _locate(window, action.node, "drag", action.at)
    x, y = spot.x, spot.y
    if action.to is not None:
        goal = await _locate(window, action.to, "hover", action.to_at)
        # Finding the goal may have scrolled: look for the start again before pressing on it.
        spot = await _locate(window, action.node, "drag", action.at)
        x, y = spot.x, spot.y
        to_x, to_y = goal.x, goal.y
    else:
        to_x, to_y = x + (action.by or (0, 0))[0], y + (action.by or (0, 0))[1]
    if spot.draggable:
        return await _carry(window, (x, y), (to_x, to_y))
    await _input(window, [_mouse("mouseMoved", x, y), _mouse("mousePressed", x, y, "left", 1, "left")])
    for number in range(1, DRAG_MOVES + 1):
        part = number / DRAG_MOVES
        move = _mouse("mouseMoved", x + (to_x - x) * part, y + (to_y - y) * part, "left", 0, "left")
        await _input(window, [move])
    return await _input(window, [_mouse("mouseReleased", to_x, to_y, "left", 1)])


async def _carry(window: Window, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A native drag and drop: the browser hands over what is being dragged, and gets it back over the goal."""
    begin = [_mouse("mouseMoved", *start), _mouse("mousePressed", *start, "left", 1, "left")]
    moves = []
    for number in range(1, DRAG_MOVES + 1):
        part = number / DRAG_MOVES
        x, y = (one + (other - one) * part for one, other in zip(start, end, strict=True))
        moves.append(_mouse("mouseMoved", x, y, "left", 0, "left"))
    async with window.carried() as dragged:
        await _input(window, begin)
        for move in moves:
            await _input(window, [move])
            if dragged.done():
                break
        if dragged.done():
            places = {"x": end[0], "y": end[1], "data": dragged.result(), "modifiers": 0}
            kinds = ("dragEnter", "dragOver", "drop")
            await _input(window, [("Input.dispatchDragEvent", {"type": kind, **places}) for kind in kinds])
    await _input(window, [_mouse("mouseReleased", *end, "left", 1)])


def _openable(url: str) -> bool:
    """Whether a model may open the address: files of this machine and scripts are none of its business."""
    try:
        return urlsplit(url).scheme in ("http", "https") or url == "about:blank"
    except ValueError:
        return False


def _outside(files: Sequence[str], folder: str | None) -> str | None:
    """The first file that does not lie in the folder, links followed; None where all do."""
    allowed = Path(folder).resolve() if folder is not None else None
    return next((path for path in files if allowed is None or not Path(path).resolve().is_relative_to(allowed)), None)


def _absolute(files: Sequence[str]) -> list[str]:
    return [str(Path(path).absolute()) for path in files]


async def _upload(window: Window, action: Upload) -> None:
    outside = await asyncio.to_thread(_outside, action.files, window.config.uploads)
    if outside is not None:
        message = f"only files of the upload folder may go to a page, not {outside}"
        raise Refused(Outcome(result=Result.BLOCKED, message=message[:200]))
    missing = [path for path in action.files if not await asyncio.to_thread(Path(path).is_file)]
    if missing:
        raise Refused(Outcome(result=Result.UNSUITABLE, message=f"no such file: {missing[0]}"[:200]))
    await _locate(window, action.node, "upload")
    home = window.home(action.node)
    held = await window.ask(
        "Runtime.evaluate",
        {"expression": f"__apprentice.node({action.node})"},
        "finding the file field",
        home=home,
    )
    field = held["result"].get("objectId")
    if field is None:
        raise Refused(Outcome(result=Result.STALE, message=f"[{action.node}] is not on the page any more"))
    await window.ask(
        "DOM.setFileInputFiles",
        {"files": _absolute(action.files), "objectId": field},
        "handing over files",
        home=home,
    )


async def _history(window: Window, way: int) -> None:
    try:
        there = await window.history(way)
    except FaultError as error:
        if error.fault.kind != "page_hang":
            raise
        raise Refused(Outcome(result=Result.LATE, message=error.fault.message[:200])) from error
    if not there:
        raise Refused(
            Outcome(result=Result.UNSUITABLE, message=f"there is no page to go {'back' if way < 0 else 'forward'} to")
        )
