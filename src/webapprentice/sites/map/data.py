"""First rows of the map: places with addresses, telephone numbers and hours, by rule, at crossings of the roads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from webapprentice.sites.chance import between, draw, pick, some
from webapprentice.sites.map import words
from webapprentice.sites.map.roads import Crossing, coordinates, roads

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SCHEMA = """
CREATE TABLE places (id INTEGER PRIMARY KEY, name TEXT UNIQUE, category TEXT, street TEXT, number INTEGER,
  district TEXT, town TEXT, postcode TEXT, phone TEXT, website TEXT, latitude REAL, longitude REAL, crossing INTEGER,
  rating REAL, step_free TEXT, hours TEXT);
CREATE TABLE lists (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE saved (list INTEGER, place INTEGER, note TEXT, PRIMARY KEY (list, place));
CREATE TABLE reports (id INTEGER PRIMARY KEY, place INTEGER, kind TEXT, words TEXT, at TEXT);
"""


def build(db: sqlite3.Connection) -> None:
    """Tables and first rows: the same ones every time."""
    db.executescript(SCHEMA)
    for number, (name, category, crossing) in enumerate(_sites(), 1):
        place = _place(number, name, category, crossing)
        db.execute(f"INSERT INTO places VALUES ({', '.join('?' * len(place))})", place)
    db.execute("INSERT INTO lists VALUES (1, 'Favourites')")


def _sites() -> Iterator[tuple[str, str, Crossing]]:
    """Name, category and crossing of every place."""
    crossings = [one for one in roads().crossings if one.town]
    at = {(one.town, one.column, one.row): one for one in crossings}
    for name, column, row in words.STATIONS:
        yield name, "railway station", at["Larkhaven", column, row]
    yield "Brackwell Station", "railway station", at["Brackwell", 2, 3]
    yield "Oster Pier Station", "railway station", at["Oster", 1, 3]
    yield "University of Larkhaven", "university", at["Larkhaven", 4, 1]
    yield "Larkhaven City Hall", "town hall", at["Larkhaven", 6, 4]
    yield "Brackwell Town Hall", "town hall", at["Brackwell", 2, 1]
    for category, (_, called) in words.CATEGORIES.items():
        count = 5 if category in words.RARE else 11
        names = some(words.NAMES, count, "name", category)
        for name, crossing in zip(names, some(crossings, count, "crossing", category), strict=True):
            yield called.format(name), category, crossing


def _place(number: int, name: str, category: str, crossing: Crossing) -> tuple[object, ...]:
    road = pick([one for one in roads().at[crossing.id] if one.kind in ("street", "main")], "road", name)
    house = 1 + 12 * (crossing.column if road.name in words.CITY_ROWS else crossing.row) + between(0, 11, "house", name)
    district = _district(crossing)
    code = {"Larkhaven": "LH", "Brackwell": "BW", "Oster": "OS"}[crossing.town]
    zone = 1 + words.DISTRICTS.index(district) if district in words.DISTRICTS else 1
    x, y = crossing.x + between(-30, 30, "px", name), crossing.y + between(-30, 30, "py", name)
    website = f"www.{name.lower().replace(' ', '-').replace('é', 'e')}.example"
    return (
        *(
            number,
            name,
            category,
            road.name,
            house,
            district,
            crossing.town,
            f"{code}{zone} {between(1, 9, 'pc', name)}XA",
        ),
        *(f"0555 {between(100, 999, 'p1', name)} {between(1000, 9999, 'p2', name)}", website),
        *coordinates(x, y),
        *(crossing.id, between(24, 50, "rating", name) / 10, pick(("yes", "yes", "partly", "no"), "step", name)),
        json.dumps(_hours(name, category)),
    )


def _district(crossing: Crossing) -> str:
    if crossing.town != "Larkhaven":
        return ""
    return words.DISTRICTS[min(crossing.column // 4, 2) + (3 if crossing.row > 4 else 0)]


def _hours(name: str, category: str) -> list[str]:
    """Hours of each day, Monday first; `closed` where it is."""
    usual = words.CATEGORIES.get(category, ("00:00-24:00",))[0]
    if usual == "00:00-24:00":
        return [usual] * 7
    opens, closes = int(usual[:2]), int(usual[6:8])
    shift = between(-1, 1, "shift", name)
    week = [f"{opens + shift:02}:{usual[3:5]}-{closes + (shift > 0):02}:{usual[9:11]}"] * 5
    rest = draw("rest", name) % 3
    if rest and category in ("museum", "restaurant", "bookshop", "theatre", "cinema", "bakery"):
        week[between(0, 2, "rest day", name)] = "closed"
    late = between(0, 4, "late day", name)
    if week[late] != "closed" and category in ("library", "bank", "museum", "bookshop", "pharmacy"):
        week[late] = f"{week[late][:6]}21:00"
    saturday = "closed" if category in ("bank", "school") else f"{opens + 1:02}:00-{min(closes, 20):02}:00"
    sunday = saturday if category in ("cafe", "park", "restaurant", "cinema", "sports centre", "museum") else "closed"
    return [*week, saturday, sunday]


def address(place: dict[str, Any]) -> str:
    """`14 Castle Street, Old Town, Larkhaven LH2 3XA`."""
    town = ", ".join(part for part in (place["district"], place["town"]) if part)
    return f"{place['number']} {place['street']}, {town} {place['postcode']}"


def state(db: sqlite3.Connection) -> dict[str, Any]:
    """Lists with the names of their places, notes on places, and reports, oldest first."""
    saved = [
        dict(row)
        for row in db.execute(
            """SELECT lists.name AS list, places.name AS place, note FROM saved JOIN lists ON lists.id = list
            JOIN places ON places.id = place ORDER BY saved.rowid"""
        )
    ]
    return {
        "lists": [
            {"name": row["name"], "places": [one["place"] for one in saved if one["list"] == row["name"]]}
            for row in db.execute("SELECT name FROM lists ORDER BY id")
        ],
        "saved": [{**one, "key": f"{one['list']}:{one['place']}"} for one in saved],
        "reports": [
            dict(row)
            for row in db.execute(
                "SELECT name AS place, kind, words FROM reports JOIN places ON places.id = place ORDER BY reports.id"
            )
        ],
    }
