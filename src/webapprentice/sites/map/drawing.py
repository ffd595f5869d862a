"""The map as SVG paths: one for each kind of road, the river, a route and marks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from webapprentice.sites.map.roads import point, roads

STYLES = {
    "motorway": ("#d9822b", 60),
    "country": ("#e0b44c", 40),
    "main": ("#f0c75e", 34),
    "street": ("#ffffff", 26),
    "path": ("#7fae6e", 14),
    "steps": ("#b07cc6", 14),
}
"""Colour and width, in metres, of each kind of road, the widest first."""


class Mark(NamedTuple):
    """A letter or number on the map."""

    text: str
    x: float
    y: float


class Drawing(NamedTuple):
    """What the template `picture.html` draws."""

    box: str
    """`viewBox`, in metres."""
    layers: tuple[tuple[str, str, int], ...]
    """Path, colour and width of each kind of road."""
    river: str
    way: str
    """Points of the route; empty where there is none."""
    marks: tuple[Mark, ...]
    size: float
    """Radius of a mark in metres."""
    words: str
    """What the picture shows, for who does not see it."""


def drawing(words: str, marks: Sequence[Mark] = (), way: Sequence[int] = (), least: float = 1500) -> Drawing:
    """A map that shows all marks and the whole route, at least `least` metres wide."""
    graph = roads()
    points = [(mark.x, mark.y) for mark in marks] + [graph.crossings[one][1:3] for one in way]
    points = points or [(one.x, one.y) for one in graph.crossings if one.town == "Larkhaven"]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    width = max(least, (right - left) * 1.15, (bottom - top) * 1.15 / 0.6)
    height = width * 0.6
    box = f"{(left + right - width) / 2:.0f} {(top + bottom - height) / 2:.0f} {width:.0f} {height:.0f}"
    line = " ".join(f"{graph.crossings[one].x:.0f},{graph.crossings[one].y:.0f}" for one in way)
    return Drawing(box, _layers(), _river(), line, tuple(marks), width / 55, words)


def mark(text: str, place: dict[str, float]) -> Mark:
    """A mark at a place."""
    return Mark(text, *point(place["latitude"], place["longitude"]))


@cache
def _layers() -> tuple[tuple[str, str, int], ...]:
    graph = roads()
    made = []
    for kind, (colour, width) in STYLES.items():
        pairs = [(graph.crossings[road.a], graph.crossings[road.b]) for road in graph.roads if road.kind == kind]
        made.append(("".join(f"M{a.x:.0f} {a.y:.0f}L{b.x:.0f} {b.y:.0f}" for a, b in pairs), colour, width))
    return tuple(made)


@cache
def _river() -> str:
    banks = [one for one in roads().crossings if one.town == "Larkhaven" and one.row == 4]
    return (
        "M-2500 1060L" + "L".join(f"{one.x:.0f} {one.y + 110:.0f}" for one in banks) + "L4200 1500L9000 2600L16000 2300"
    )
