"""The road graph: crossings with coordinates in metres, roads between them, and the fastest way by each means.

A city on both sides of a river with three bridges, two small towns, a motorway past all three, country roads and a
cycle path along a canal. It is the same graph every time; nothing is read from anywhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import cache, lru_cache
from math import atan2, cos, degrees, hypot, radians
from typing import NamedTuple

from webapprentice.sites.chance import between, draw
from webapprentice.sites.map import words

SPEEDS: dict[str, dict[str, float]] = {
    "foot": {"street": 4.8, "main": 4.8, "country": 4.8, "path": 4.8, "steps": 2.4},
    "bike": {"street": 16.0, "main": 18.0, "country": 20.0, "path": 14.0},
    "car": {"street": 28.0, "main": 45.0, "country": 75.0, "motorway": 110.0},
}
"""Kilometres an hour by means and kind of road; a kind that is not named cannot be used."""
ORIGIN = (58.4000, 3.2000)
"""Latitude and longitude of the point with x = y = 0, in the middle of the North Sea; y grows to the south."""
METRES = 111_320.0
"""A degree of latitude."""


class Crossing(NamedTuple):
    """Where roads meet."""

    id: int
    x: float
    """Metres to the east."""
    y: float
    """Metres to the south."""
    town: str
    """Empty between the towns."""
    column: int
    row: int


class Road(NamedTuple):
    """From one crossing straight to the next; usable both ways."""

    a: int
    b: int
    name: str
    kind: str
    metres: float


class Leg(NamedTuple):
    """A stretch of a route on one road."""

    turn: str
    """`Start`, `Turn left`, `Turn right`, `Go straight on`, `Turn back`."""
    name: str
    metres: float


class Route(NamedTuple):
    """A way from one point to another."""

    metres: float
    seconds: float
    crossings: tuple[int, ...]
    legs: tuple[Leg, ...]


class Roads(NamedTuple):
    """The whole graph."""

    crossings: tuple[Crossing, ...]
    roads: tuple[Road, ...]
    at: tuple[tuple[Road, ...], ...]
    """Roads by crossing."""


@cache
def roads() -> Roads:
    """The graph."""
    crossings: list[Crossing] = []
    lines: list[tuple[int, int, str, str]] = []
    city = _grid(crossings, lines, "Larkhaven", (0, 0), words.CITY_COLUMNS, words.CITY_ROWS, 230)
    brackwell = _grid(crossings, lines, "Brackwell", (7200, -2600), words.BRACKWELL_COLUMNS, words.BRACKWELL_ROWS, 190)
    oster = _grid(crossings, lines, "Oster", (9900, 4300), words.OSTER_COLUMNS, words.OSTER_ROWS, 200)
    west, north, east, south = (
        _add(crossings, *place) for place in ((-900, 900), (3900, -700), (7300, 300), (9000, 3600))
    )
    lines += [
        (west, north, "Motorway M7", "motorway"),
        (north, east, "Motorway M7", "motorway"),
        (east, south, "Motorway M7", "motorway"),
        (west, city[0, 3], "West Link", "main"),
        (north, city[11, 0], "North Link", "main"),
        (east, brackwell[1, 3], "Brackwell Link", "main"),
        (south, oster[0, 0], "Oster Link", "main"),
        (city[11, 2], brackwell[0, 2], "Brackwell Road", "country"),
        (brackwell[4, 3], oster[2, 0], "Coast Road", "country"),
        (city[11, 6], oster[0, 1], "Oster Road", "country"),
        (city[11, 4], brackwell[0, 3], "Canal Path", "path"),
        (city[3, 0], city[4, 1], "Castle Steps", "steps"),
        (city[8, 6], city[9, 7], "Meadow Path", "path"),
        (city[2, 5], city[3, 6], "Ropewalk", "path"),
    ]
    made = [
        Road(a, b, name, kind, round(hypot(crossings[a].x - crossings[b].x, crossings[a].y - crossings[b].y), 1))
        for a, b, name, kind in lines
    ]
    at: list[list[Road]] = [[] for _ in crossings]
    for road in made:
        at[road.a].append(road)
        at[road.b].append(road)
    return Roads(tuple(crossings), tuple(made), tuple(tuple(found) for found in at))


def _add(crossings: list[Crossing], x: float, y: float, town: str = "", column: int = 0, row: int = 0) -> int:
    crossings.append(Crossing(len(crossings), x, y, town, column, row))
    return len(crossings) - 1


def _grid(
    crossings: list[Crossing],
    lines: list[tuple[int, int, str, str]],
    town: str,
    corner: tuple[int, int],
    columns: Sequence[str],
    rows: Sequence[str],
    step: int,
) -> dict[tuple[int, int], int]:
    """Streets in rows and columns, a little crooked, some of them missing."""
    made = {
        (i, j): _add(
            crossings,
            corner[0] + i * step + between(-45, 45, "x", town, i, j),
            corner[1] + j * step + between(-45, 45, "y", town, i, j),
            *(town, i, j),
        )
        for j in range(len(rows))
        for i in range(len(columns))
    }
    inside = town == "Larkhaven"
    for (i, j), a in made.items():
        if i + 1 < len(columns) and not _missing(inside, "row", i, j, len(rows)):
            lines.append((a, made[i + 1, j], rows[j], "main" if inside and j == 2 else "street"))
        if j + 1 < len(rows) and not (inside and j == 4) and not _missing(inside, "column", i, j, len(columns)):
            lines.append((a, made[i, j + 1], columns[i], "main" if inside and i == 6 else "street"))
    if inside:
        lines.append((made[2, 4], made[2, 5], "Old Bridge", "street"))
        lines.append((made[6, 4], made[6, 5], "Market Bridge", "path"))
        lines.append((made[9, 4], made[9, 5], "East Bridge", "main"))
    return made


def _missing(inside: bool, way: str, i: int, j: int, count: int) -> bool:
    """Whether a street of the city stops here: never at the rim, on a main road or beside the river."""
    rim = j in (0, count - 1) if way == "row" else i in (0, count - 1)
    kept = rim or not inside or (way == "row" and j in (2, 4, 5)) or (way == "column" and i == 6)
    return not kept and draw("missing", way, i, j) % 9 == 0


@lru_cache(maxsize=1024)
def _fastest(start: int, by: str) -> tuple[dict[int, float], dict[int, Road]]:
    """Seconds from a crossing to every other, and the road by which each is reached (Dijkstra, 1959)."""
    graph, speeds = roads(), SPEEDS[by]
    times, ways = {start: 0.0}, {}
    waiting = [(0.0, start)]
    while waiting:
        time, here = heapq.heappop(waiting)
        if time > times[here]:
            continue
        for road in graph.at[here]:
            if road.kind not in speeds:
                continue
            there = road.b if road.a == here else road.a
            later = time + road.metres / speeds[road.kind] * 3.6
            if later < times.get(there, float("inf")):
                times[there], ways[there] = later, road
                heapq.heappush(waiting, (later, there))
    return times, ways


def route(start: int, end: int, by: str) -> Route | None:
    """The fastest way between two crossings on foot, by bike or by car; None where there is none."""
    times, ways = _fastest(start, by)
    if end not in times:
        return None
    crossings, taken = [end], []
    while crossings[-1] != start:
        road = ways[crossings[-1]]
        taken.append(road)
        crossings.append(road.a if road.b == crossings[-1] else road.b)
    crossings.reverse()
    taken.reverse()
    return Route(sum(road.metres for road in taken), times[end], tuple(crossings), tuple(_legs(crossings, taken)))


def _legs(crossings: Sequence[int], taken: Sequence[Road]) -> list[Leg]:
    legs: list[Leg] = []
    before = 0.0
    for n, road in enumerate(taken):
        here, there = (roads().crossings[crossings[n + step]] for step in (0, 1))
        heading = degrees(atan2(there.y - here.y, there.x - here.x))
        if legs and legs[-1].name == road.name:
            legs[-1] = legs[-1]._replace(metres=legs[-1].metres + road.metres)
        else:
            legs.append(Leg(_turn(heading - before) if legs else "Start", road.name, road.metres))
        before = heading
    return legs


def _turn(angle: float) -> str:
    angle = (angle + 180) % 360 - 180
    if abs(angle) < 35:
        return "Go straight on"
    if abs(angle) > 150:
        return "Turn back"
    return "Turn right" if angle > 0 else "Turn left"


def coordinates(x: float, y: float) -> tuple[float, float]:
    """Latitude and longitude of a point, five places."""
    latitude = ORIGIN[0] - y / METRES
    return round(latitude, 5), round(ORIGIN[1] + x / (METRES * cos(radians(ORIGIN[0]))), 5)


def point(latitude: float, longitude: float) -> tuple[float, float]:
    """The point at these coordinates, in metres."""
    return (longitude - ORIGIN[1]) * METRES * cos(radians(ORIGIN[0])), (ORIGIN[0] - latitude) * METRES


def said_distance(metres: float) -> str:
    """`850 m`, `3.2 km`."""
    return f"{round(metres / 10) * 10} m" if metres < 995 else f"{metres / 1000:.1f} km"


def said_time(seconds: float) -> str:
    """`7 min`, `1 h 5 min`; whole minutes, rounded up."""
    minutes = max(1, int(-(-seconds // 60)))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def metres_from(start: int, end: int, by: str) -> float | None:
    """Length of the fastest way between two crossings; None where there is none."""
    times, ways = _fastest(start, by)
    if end not in times:
        return None
    total, here = 0.0, end
    while here != start:
        road = ways[here]
        total += road.metres
        here = road.a if road.b == here else road.b
    return total
