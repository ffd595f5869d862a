"""The page before each action: what the listener saw, with what only we can know put to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from webapprentice.browser.pictures import decoded, encoded
from webapprentice.core.records import Element, Observation

Box = tuple[int, int, int, int]
MARK = "#c01f2e"
NEAR = 2
"""Pixels of room between a target and its mark."""


class Shot(NamedTuple):
    """A picture, and what it shows."""

    png: bytes
    observation: Observation


class Base(NamedTuple):
    """One tab when it last was at rest."""

    observation: Observation
    html: str | None
    secrets: list[dict[str, Any]]
    version: str
    png: bytes | None
    homes: Mapping[int, str]
    """Node id → the frame of another origin that it stands in."""

    @property
    def shot(self) -> Shot | None:
        """The picture, where there is one."""
        return None if self.png is None else Shot(self.png, self.observation)


def from_top(told: dict[str, Any], base: Base | None) -> Observation:
    """What the main document saw; its frames of other origins as they were when it was at rest."""
    seen = Observation.model_validate(told)
    if base is None or not base.homes:
        return seen
    table = list(seen.elements)
    for host, inner in _blocks(base):
        at = next((n for n, element in enumerate(table) if element.id == host), None)
        if at is None:
            continue
        words = table[at + 1 : at + 2]
        table[at + 1 : at + 1 + sum(one.tag == "#text" and one.parent == host for one in words)] = inner
    return seen.model_copy(update={"elements": tuple(table)})


def _blocks(base: Base) -> list[tuple[int, list[Element]]]:
    """The elements of other origins, by the element of our own that hosts them."""
    found: dict[int, list[Element]] = {}
    up = {element.id: element.parent for element in base.observation.elements}
    for element in base.observation.elements:
        if element.id in base.homes:
            host = element.parent
            while host is not None and host in base.homes:
                host = up.get(host)
            if host is not None:
                found.setdefault(host, []).append(element)
    return list(found.items())


def from_frame(told: dict[str, Any], base: Base | None, frame: str) -> Observation | None:
    """What a frame of another origin saw, in its place in the page; None when its place is not known."""
    inner = Observation.model_validate(told)
    if base is None:
        return None
    outer = base.observation
    own = {node for node, home in base.homes.items() if home == frame}
    old = {element.id: element for element in outer.elements if element.id in own}
    if not old:
        return None
    now = {element.id: element for element in inner.elements}
    shared = next((node for node in now if node in old and any(old[node].box)), None)
    dx, dy = (old[shared].box[n] - now[shared].box[n] for n in (0, 1)) if shared else (0, 0)
    first = next(iter(old.values()))
    hosts = [element.parent for element in old.values() if element.parent not in own]
    made = []
    for element in inner.elements:
        x, y, wide, high = element.box
        changes: dict[str, Any] = {"frame": first.frame}
        if wide or high:
            changes["box"] = (x + dx, y + dy, wide, high)
        if element.parent is None:
            changes["parent"] = hosts[0] if hosts else None
        made.append(element.model_copy(update=changes))
    at = next(n for n, element in enumerate(outer.elements) if element.id in own)
    rest = [element for element in outer.elements[at:] if element.id not in own]
    return outer.model_copy(update={"elements": (*outer.elements[:at], *made, *rest)})


def html_with(html: str, host: int | None, inner: str) -> str:
    """The page's HTML with that of a frame inside the element that hosts it."""
    if host is None:
        return html
    found = re.search(rf'<div apprentice-tag="[^>]*apprentice-node="{host}">', html)
    return html if found is None else html[: found.end()] + inner + html[found.end() :]


def changed(before: Observation, after: Observation) -> list[Box]:
    """Where in a picture there is something that was cleaned: boxes of the elements whose words differ."""
    by_id = {element.id: element for element in before.elements}
    found: dict[Box, None] = {}
    for old, new in zip(before.elements, after.elements, strict=True):
        same = (old.text, old.value, old.name, old.options) == (new.text, new.value, new.name, new.options)
        if same or not old.visible:
            continue
        here: Element | None = old
        while here is not None and not (here.box[2] and here.box[3]):
            here = by_id.get(here.parent) if here.parent is not None else None
        if here is not None:
            found[here.box] = None
    return list(found)


def picture(png: bytes, target: Element | None, covers: list[Box]) -> bytes:
    """A PNG of the page with a frame around the target; `covers` are painted over. Raises UnavailableError."""
    from PIL import ImageDraw

    image = decoded(png)
    draw = ImageDraw.Draw(image)
    for x, y, wide, high in covers:
        if wide > 0 and high > 0:
            draw.rectangle((x, y, x + wide - 1, y + high - 1), fill="#555555")
    if target is not None and any(target.box):
        x, y, wide, high = target.box
        draw.rectangle((x - NEAR, y - NEAR, x + wide + NEAR - 1, y + high + NEAR - 1), outline=MARK, width=2)
    return encoded(image)
