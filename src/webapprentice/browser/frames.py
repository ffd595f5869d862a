"""Frames of other origins: documents in processes of their own, each asked by itself and put where its host stands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol

from webapprentice.browser.deadline import T, bounded
from webapprentice.browser.pipe import ProtocolError, Session
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Element, Observation, Record

MOST = 100
"""Frames of other origins in one tab; further ones are skipped."""
DEEPEST = 4
"""How many of them may lie in one another; deeper ones are skipped."""
NODES = 5_000
"""Most elements that one frame may show in one observation."""
_BLOCK = 2 * NODES
"""Node ids set aside for it: a frame that is too large is walked twice, and each walk may number so many."""

GONE = "frame_gone"
"""The fault of asking a frame that has left the page."""

# Both run on the element that hosts a frame; target.js says what they give.
WHERE = "function () { return __apprentice.host(this); }"
REACH = "function (x, y) { return __apprentice.host(this, [x, y]); }"


class Spot(Record):
    """Where a frame's viewport begins in that of the document around it."""

    id: int
    x: float
    y: float
    shown: bool
    by: str = ""


class Frame:
    """One document of another origin inside a tab."""

    def __init__(self, session: Session, target: str, above: Session, outer: Frame | None) -> None:
        self.session = session
        self.target = target
        """The frame's own id."""
        self.above = above
        """Whom to ask for the element that hosts it."""
        self.outer = outer
        """The frame of another origin that it lies in; None when that is the tab's main document."""

    async def _on_host(self, function: str, *arguments: float) -> Spot:
        owner = await self.above.send("DOM.getFrameOwner", {"frameId": self.target})
        held = await self.above.send("DOM.resolveNode", {"backendNodeId": owner["backendNodeId"]})
        call = {
            "objectId": held["object"]["objectId"],
            "functionDeclaration": function,
            "arguments": [{"value": value} for value in arguments],
            "returnByValue": True,
        }
        told = await self.above.send("Runtime.callFunctionOn", call)
        self.above.post("Runtime.releaseObject", {"objectId": held["object"]["objectId"]})
        if "value" not in told["result"]:
            raise ProtocolError("the element that hosts a frame does not answer")
        return Spot.model_validate_json(told["result"]["value"])

    async def where(self) -> Spot:
        """Its host's node id, and its place in the document around it. Raises ProtocolError."""
        return await self._on_host(WHERE)

    async def lift(self, x: float, y: float) -> tuple[float, float, str]:
        """A point of this frame as a point of the tab, and what covers it, if anything. Raises ProtocolError."""
        spot = await self._on_host(REACH, x, y)
        x, y = x + spot.x, y + spot.y
        if self.outer is None or spot.by:
            return x, y, spot.by
        return await self.outer.lift(x, y)


class Joined(Protocol):
    """Who is told of a frame before its first script runs; gives commands that are sent before it goes on."""

    def __call__(self, session: Session, *, frame: Frame) -> list[tuple[str, dict[str, Any]]]: ...


class Frames:
    """The frames of other origins of one tab, as they come and go."""

    def __init__(self, scripts: Iterable[str]) -> None:
        self._scripts = tuple(scripts)
        self._frames: dict[str, Frame] = {}
        self._homes: dict[int, Frame] = {}
        self.missed = ""
        """What input for an element of a frame would have landed on, as the last look found out."""
        self.joined: Joined | None = None
        """Told of every frame before its first script runs."""

    def __len__(self) -> int:
        return len(self._frames)

    def watch(self, session: Session, outer: Frame | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Commands for a document's session by which its frames announce themselves; whoever calls sends them."""
        session.hears["Target.attachedToTarget"] = lambda told: self._came(session, outer, told)
        session.hears["Target.detachedFromTarget"] = lambda told: self._went(session, told["sessionId"])
        watching = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        return [("DOM.enable", {}), ("Target.setAutoAttach", watching)]

    def _came(self, above: Session, outer: Frame | None, told: dict[str, Any]) -> None:
        session = above.child(told["sessionId"])
        about = told["targetInfo"]
        if about["type"] == "iframe" and len(self._frames) < MOST:
            frame = Frame(session, about["targetId"], above, outer)
            self._frames[told["sessionId"]] = frame
            session.post("Page.enable")
            for script in self._scripts:
                session.post("Page.addScriptToEvaluateOnNewDocument", {"source": script})
            if self.joined is not None:
                for method, parameters in self.joined(session, frame=frame):
                    session.post(method, parameters)
            for method, parameters in self.watch(session, frame):
                session.post(method, parameters)
            session.post("Runtime.runIfWaitingForDebugger")
            return
        session.post("Runtime.runIfWaitingForDebugger")
        above.post("Target.detachFromTarget", {"sessionId": told["sessionId"]})

    def _went(self, above: Session, name: str) -> None:
        self._frames.pop(name, None)
        above.forget(name, GONE)

    def home(self, node: int) -> Frame | None:
        """The frame that this node of the last observation stands in; None for the tab's own documents."""
        return self._homes.get(node)

    def clear(self) -> None:
        """No node of the last observation stands in a frame of another origin."""
        self._homes = {}

    async def add_to(
        self, seen: Observation, first: int, options: dict[str, Any], seconds: float
    ) -> tuple[Observation, int]:
        """The observation with these frames' elements, and the lowest node id that is free after it.

        Every frame has `seconds` to answer; one that does not is left out and counted in `frames_skipped`.
        """
        self._homes, self.missed = {}, ""
        table = Table(seen)
        read: set[Frame | None] = {None}
        for _ in range(DEEPEST):
            level = [frame for frame in self._frames.values() if frame.outer in read]
            spots = await asyncio.gather(*(_patiently(frame.where(), seconds) for frame in level))
            # In the order of the document and not of arrival, so that a page looked at again is told alike.
            placed = [(spot, frame) for spot, frame in zip(spots, level, strict=True) if spot is not None]
            placed.sort(key=lambda pair: pair[0].id)
            looks = [_look(frame, first + n * _BLOCK, options) for n, (_, frame) in enumerate(placed)]
            inners = await asyncio.gather(*(_patiently(look, seconds) for look in looks))
            first += len(placed) * _BLOCK
            read = set()
            for (spot, frame), inner in zip(placed, inners, strict=True):
                if inner is not None:
                    self._homes |= dict.fromkeys(table.put(spot, inner[0]), frame)
                    self.missed = self.missed or inner[1]
                    read.add(frame)
            if not read:
                break
        return table.observation(), first


async def _look(frame: Frame, first: int, options: dict[str, Any]) -> tuple[Observation, str]:
    chosen = {**options, "held": 0, "first": first, "nodes": min(NODES, options["nodes"]), "cap": 0, "html": False}
    call = {
        "expression": f"__apprentice.look({json.dumps(chosen)}, null)",
        "returnByValue": True,
        "awaitPromise": True,
    }
    told = await frame.session.send("Runtime.evaluate", call)
    look = json.loads(told["result"]["value"])
    return Observation.model_validate({**look["seen"], "elements": look["fresh"]}), str(look["missed"])


async def _patiently(asking: Coroutine[Any, Any, T], seconds: float) -> T | None:
    """What a frame answers; None when it does not in time, or is gone."""
    try:
        return await bounded(asking, seconds, "reading a frame of another origin")
    except (FaultError, AttributeError, KeyError, TypeError, ValueError):  # the frame may answer anything
        return None


class Table:
    """An observation that frames are put into."""

    def __init__(self, seen: Observation) -> None:
        self._seen = seen
        self._elements = list(seen.elements)
        self._added = 0
        self._numbers = max((element.frame for element in seen.elements), default=0)
        self._truncated = seen.truncated

    def put(self, spot: Spot, inner: Observation) -> list[int]:
        """Put a frame's elements behind the element that hosts it; returns their node ids, none without a host."""
        at = next((n for n, element in enumerate(self._elements) if element.id == spot.id), None)
        if at is None or not inner.elements:
            return []
        self._numbers += 1
        self._added += 1
        self._truncated |= inner.truncated
        host = self._elements[at]
        width, height = self._seen.viewport
        # Of a nested host the box says where it is in the tab, less its own border and padding.
        place = (round(spot.x), round(spot.y)) if host.frame == 0 else host.box[:2]
        moved = [_moved(element, host, place, (width, height), self._numbers) for element in inner.elements]
        words = self._elements[at + 1 : at + 2]  # that stood for the frame as long as nobody had read it
        self._elements[at + 1 : at + 1 + sum(one.tag == "#text" and one.parent == host.id for one in words)] = moved
        return [element.id for element in moved]

    def observation(self) -> Observation:
        """The observation, complete."""
        return self._seen.model_copy(
            update={
                "elements": tuple(self._elements),
                "frames_skipped": max(0, self._seen.frames_skipped - self._added),
                "truncated": self._truncated,
            }
        )


def _moved(element: Element, host: Element, place: tuple[int, int], size: tuple[int, int], number: int) -> Element:
    x, y, wide, high = element.box
    x, y = x + place[0], y + place[1]
    inside = x < size[0] and y < size[1] and x + wide > 0 and y + high > 0
    changes: dict[str, Any] = {
        "frame": number,
        "box": (x, y, wide, high) if wide or high else element.box,
        "in_view": element.in_view and host.in_view and inside,
        "visible": element.visible and host.visible,
    }
    if element.parent is None:
        changes["parent"] = host.id
    return element.model_copy(update=changes)
