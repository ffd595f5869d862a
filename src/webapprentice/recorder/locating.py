"""Finding a recorded element again, or saying why not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal

from webapprentice.browser import Window
from webapprentice.browser.frames import Frame
from webapprentice.core.records import Element, Observation, Record, Target

SURE = ("role", "attribute", "beside", "label")
"""Locators that go by what an element is for; the others go by where it stands."""
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_PLACEHOLDER = re.compile(r"\{\{\w+:\d+\}\}")


class Trial(Record):
    """What became of one locator."""

    kind: str
    value: tuple[str, ...]
    hits: int
    """How many elements it finds."""
    alone: bool = True
    """When it was recorded it found one."""
    exact: bool
    """It finds exactly one, which has the recorded role and name."""
    node: int | None = None
    """That one."""


class Found(Record):
    """The element, or why it cannot be told which it is."""

    result: Literal["found", "missing", "ambiguous"]
    node: int | None = None
    by: str = ""
    """The locator that decided."""
    message: str = ""
    trials: tuple[Trial, ...] = ()


def script() -> str:
    """What a window needs for `locate`."""
    return (files("webapprentice.recorder") / "locators.js").read_text("utf-8")


async def locate(window: Window, target: Target, seen: Observation) -> Found:
    """Look for the target on the page that was just observed. Raises FaultError."""
    hits = await _search(window, target, seen)
    return decide(target, hits, seen.elements)


async def _search(window: Window, target: Target, seen: Observation) -> list[list[int]]:
    """The node ids that each locator finds, in the frame that was recorded if that is there."""
    home = home_of(window, target, seen)
    config = window.config
    options: dict[str, Any] = {"first": 0, "nodes": config.max_nodes, "millis": config.walk_seconds * 4000}
    options |= {"table": config.table_bytes, "skip": "", "masked": config.mask_passwords}
    wanted = [{"kind": one.kind, "value": one.value} for one in target.locators]
    table = f"__apprentice.observe({json.dumps(options)}).seen.elements"
    call = f"__apprentice.finding.search({table}, {json.dumps(wanted)}, {json.dumps(unlisted(target))})"
    told: Any = await window.evaluate(call, "looking for the recorded element", home=home)
    return [[int(node) for node in nodes] for nodes in told]


def address_of(target: Target, page: str) -> str:
    """The address of the document that the target was in, on a page with this address."""
    first = target.hosts[0] if target.hosts else ""
    return first.removeprefix("frame ") if first.startswith(("frame http:", "frame https:")) else page


def home_of(window: Window, target: Target, seen: Observation) -> Frame | None:
    """The frame of another origin that the target was in."""
    if not address_of(target, ""):
        return None
    homes = {id(home): home for one in seen.elements if (home := window.home(one.id)) is not None}
    places = [home for home in homes.values() if home.session.lost is None]
    return places[0] if len(places) == 1 else _same_place(places, address_of(target, ""), seen, window)


def _same_place(homes: Sequence[Frame], address: str, seen: Observation, window: Window) -> Frame | None:
    """Of several frames, the one whose host element leads to this address."""
    by_id = {element.id: element for element in seen.elements}
    for element in seen.elements:
        home = window.home(element.id)
        host = by_id.get(element.parent) if element.parent is not None else None
        if home is not None and host is not None and window.home(host.id) is None:
            source = host.attributes.get("src", "")
            if home in homes and source.split("?")[0].split("#")[0] == address:
                return home
    return homes[0] if homes else None


def decide(target: Target, hits: Sequence[Sequence[int]], elements: Sequence[Element]) -> Found:
    """Which element it is, from what each locator finds. Pure."""
    by_id = {element.id: element for element in elements}
    trials = []
    for locator, nodes in zip(target.locators, hits, strict=True):
        node = nodes[0] if len(nodes) == 1 else None
        exact = bool(node) and (alike(by_id[node], target) if node in by_id else unlisted(target))
        trials.append(
            Trial(
                kind=locator.kind,
                value=locator.value,
                hits=len(nodes),
                alone=locator.count == 1,
                exact=exact,
                node=node if exact else None,
            )
        )
    for kinds in (SURE, ("text", "css", "xpath", "path")):
        chosen = {trial.node: trial for trial in trials if trial.exact and trial.kind in kinds}
        if len(chosen) > 1:
            names = ", ".join(f"{one.kind} finds [{one.node}]" for one in chosen.values())
            message = f"{called(target)} may be one of {len(chosen)} elements: {names}"
            return Found(result="ambiguous", message=message, trials=tuple(trials))
        for node, trial in chosen.items():
            return Found(result="found", node=node, by=trial.kind, trials=tuple(trials))
    return _by_place(target, hits, by_id, tuple(trials))


def _by_place(
    target: Target, hits: Sequence[Sequence[int]], by_id: dict[int, Element], trials: tuple[Trial, ...]
) -> Found:
    """As many with this role and name as were recorded: then it is the one in the same place."""
    for locator, nodes in zip(target.locators, hits, strict=True):
        if locator.kind == "role" and len(nodes) > 1:
            if len(nodes) == locator.count:
                return Found(result="found", node=nodes[locator.index], by="place", trials=trials)
            message = (
                f"{len(nodes)} elements are {called(target)}, where {locator.count} were; nothing tells them apart"
            )
            return Found(result="ambiguous", message=message, trials=trials)
    other = next((nodes[0] for nodes in hits if len(nodes) == 1 and nodes[0] in by_id), None)
    now = f"; where it was is {_called(by_id[other])}" if other is not None else ""
    return Found(result="missing", message=f"{called(target)} is not on the page{now}", trials=trials)


def unlisted(target: Target) -> bool:
    """Whether it is a field that pages do not show, such as a file field behind a button: it has no role."""
    return target.tag == "input" and not target.role


def alike(element: Element, target: Target) -> bool:
    """Whether the element has the recorded role and name; numbers in a name may have changed."""
    if (element.role or element.tag) != (target.role or target.tag):
        return False
    if _PLACEHOLDER.search(target.name):
        return True
    return _DIGITS.sub("0", element.name) == _DIGITS.sub("0", target.name)


def called(target: Target) -> str:
    """The target in a few words."""
    name = f" “{target.name[:60]}”" if target.name else ""
    return f"{target.role or target.tag}{name}"


def _called(element: Element) -> str:
    return f"{element.role or element.tag} “{element.name[:40]}” [{element.id}]"


def survived(trials: Sequence[Trial]) -> dict[str, tuple[int, int]]:
    """For each kind of locator how many are still exact, of how many that were."""
    found: dict[str, tuple[int, int]] = {}
    for trial in (trial for trial in trials if trial.alone):
        exact, of = found.get(trial.kind, (0, 0))
        found[trial.kind] = (exact + trial.exact, of + 1)
    return found
