"""Pages of the map: search, places, what is near, directions, lists of one's own."""

from __future__ import annotations

import json
from math import hypot, isfinite
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapprentice.sites.forms import asked, fields, first, number
from webapprentice.sites.map.data import DAYS, address
from webapprentice.sites.map.drawing import Mark, drawing, mark
from webapprentice.sites.map.roads import (
    METRES,
    SPEEDS,
    coordinates,
    metres_from,
    point,
    roads,
    route,
    said_distance,
    said_time,
)
from webapprentice.sites.site import NOW, TODAY, goto, paginate, render, row, rows, tell, write

TEXT = "name || ' ' || category || ' ' || number || ' ' || street || ' ' || district || ' ' || town || ' ' || postcode"
SORTS = {"name": "name", "rating": "rating DESC, name"}
MEANS = {"foot": "On foot", "bike": "By bike", "car": "By car"}
WITHIN = (300, 500, 1000, 2000, 5000)
"""Metres on foot."""
KINDS = ("Wrong telephone number", "Wrong opening hours", "Wrong address", "Closed for good")


async def home(request: Request) -> Response:
    """A search field, the kinds of places, and the city."""
    return render(request, "home.html", categories=_categories(request), picture=drawing("Map of Larkhaven"))


async def search(request: Request) -> Response:
    """Places that have all words, narrowed down and sorted."""
    said, chosen = asked(request, "q"), {name: asked(request, name) for name in ("category", "town", "access", "sort")}
    chosen["sort"] = chosen["sort"] if chosen["sort"] in SORTS else "name"
    parts = said.lower().split()[:8]
    found = rows(
        request,
        f"""SELECT * FROM places WHERE (? = '' OR category = ?) AND (? = '' OR town = ?)
        AND (? = '' OR step_free = 'yes') {"".join(f" AND instr(lower({TEXT}), ?) > 0" for _ in parts)}
        ORDER BY {SORTS[chosen["sort"]]}""",
        *(chosen["category"], chosen["category"], chosen["town"], chosen["town"], chosen["access"], *parts),
    )
    page = paginate([_full(one) for one in found], request.query_params.get("page"), 10)
    marks = [mark(str(n), one) for n, one in enumerate(page.items, 1)]
    return render(
        request,
        "search.html",
        said=said,
        chosen=chosen,
        page=page,
        categories=_categories(request),
        towns=("Larkhaven", "Brackwell", "Oster"),
        sorts=tuple(SORTS),
        picture=drawing(f"Map with {len(marks)} places", marks),
    )


async def suggest(request: Request) -> Response:
    """Places whose name has these letters; those that begin with them first."""
    said = asked(request, "q").lower()
    found = rows(
        request,
        "SELECT id, name FROM places WHERE instr(lower(name), ?) > 0 ORDER BY instr(lower(name), ?) > 1, name LIMIT 6",
        said,
        said,
    )
    return JSONResponse([{"name": one["name"], "at": f"/place/{one['id']}"} for one in found])


async def place(request: Request) -> Response:
    """A place: address, telephone, hours, coordinates."""
    return _place_page(request)


def _place_page(request: Request, status: int = 200, **errors: str) -> Response:
    found = _place_of(request)
    today = found["week"][TODAY.weekday()]
    return render(
        request,
        "place.html",
        status,
        place=found,
        week=list(zip(DAYS, found["week"], strict=True)),
        today_hours=today,
        open_now=today != "closed" and today[:5] <= NOW.strftime("%H:%M") < today[6:],
        lists=rows(request, "SELECT * FROM lists ORDER BY name"),
        on=rows(
            request,
            "SELECT lists.* FROM saved JOIN lists ON lists.id = list WHERE place = ? ORDER BY name",
            found["id"],
        ),
        kinds=KINDS,
        errors=errors,
        picture=drawing(f"Map around {found['name']}", [mark("A", found)], least=900),
    )


async def save(request: Request) -> Response:
    """Put a place on a list, with or without a note."""
    found = _place_of(request)
    form = await fields(request)
    chosen = row(request, "SELECT * FROM lists WHERE id = ?", number(first(form, "list")))
    if chosen is None:
        return _place_page(request, 422, list="Choose one of your lists.")
    write(
        request,
        "INSERT OR REPLACE INTO saved VALUES (?, ?, ?)",
        *(chosen["id"], found["id"], first(form, "note")[:200]),
    )
    tell(request, f"{found['name']} was saved to {chosen['name']}.")
    return goto(f"/place/{found['id']}")


async def report(request: Request) -> Response:
    """Tell the makers of the map what is wrong with a place."""
    found = _place_of(request)
    form = await fields(request)
    kind, words = first(form, "kind"), first(form, "words")
    errors = {}
    if kind not in KINDS:
        errors["kind"] = "Choose what is wrong."
    if not words:
        errors["words"] = "Say what would be right."
    if errors:
        return _place_page(request, 422, **errors)
    write(request, "INSERT INTO reports VALUES (NULL, ?, ?, ?, ?)", found["id"], kind, words, NOW.isoformat())
    tell(request, "Thank you. Your report was sent.")
    return goto(f"/place/{found['id']}")


async def nearby(request: Request) -> Response:
    """Places of one kind or all within a walk, the nearest first."""
    said = asked(request, "place")
    category, within = asked(request, "category"), number(asked(request, "within")) or 1000
    here, others = _resolve(request, said)
    found: list[dict[str, Any]] = []
    if here:
        for one in rows(
            request, "SELECT * FROM places WHERE id != ? AND (? = '' OR category = ?)", here["id"], category, category
        ):
            metres = metres_from(here["crossing"], one["crossing"], "foot")
            if metres is not None and metres <= within:
                found.append({**_full(one), "metres": metres, "distance": said_distance(metres)})
    page = paginate(sorted(found, key=lambda one: (one["metres"], one["name"])), request.query_params.get("page"), 10)
    marks = [mark(str(n), one) for n, one in enumerate(page.items, 1)] + ([mark("A", here)] if here else [])
    return render(
        request,
        "nearby.html",
        said=said,
        here=here,
        others=others,
        category=category,
        within=within,
        choices=WITHIN,
        page=page,
        categories=_categories(request),
        picture=drawing(f"Map with {len(page.items)} places near {here['name'] if here else 'you'}", marks),
    )


async def directions(request: Request) -> Response:
    """The fastest way between two places on foot, by bike or by car."""
    said = {"from": asked(request, "from"), "to": asked(request, "to")}
    by = asked(request, "by", "foot")
    by = by if by in SPEEDS else "foot"
    ends, errors, others = {}, {}, {}
    for name, text in said.items():
        ends[name], others[name] = _resolve(request, text)
        if text and ends[name] is None:
            errors[name] = "Several places match: choose one." if others[name] else "No place of this name is known."
    start, end = ends["from"], ends["to"]
    way = route(start["crossing"], end["crossing"], by) if start and end else None
    marks = [mark(letter, one) for letter, one in (("A", start), ("B", end)) if one]
    return render(
        request,
        "directions.html",
        said=said,
        by=by,
        means=MEANS,
        ends=ends,
        errors=errors,
        others=others,
        way=way,
        distance=said_distance(way.metres) if way else "",
        time=said_time(way.seconds) if way else "",
        legs=[(leg.turn, leg.name, said_distance(leg.metres)) for leg in way.legs] if way else [],
        picture=drawing(
            f"Map with the way from {start['name']} to {end['name']}" if start and end else "Map of Larkhaven",
            marks,
            way.crossings if way else (),
        ),
    )


async def here(request: Request) -> Response:
    """What is at a point given by latitude and longitude."""
    said = {"lat": asked(request, "lat"), "lon": asked(request, "lon")}
    spot, error = _spot(said), ""
    if spot is None and any(said.values()):
        error = "Write latitude and longitude as numbers, such as 58.4 and 3.2."
    found: list[dict[str, Any]] = []
    crossing = None
    if spot is not None:
        x, y = point(*spot)
        for one in rows(request, "SELECT * FROM places"):
            px, py = point(one["latitude"], one["longitude"])
            found.append({**_full(one), "metres": hypot(px - x, py - y)})
        found = sorted(found, key=lambda one: (one["metres"], one["name"]))[:5]
        for one in found:
            one["distance"] = said_distance(one["metres"])
        crossing = min(roads().crossings, key=lambda one: hypot(one.x - x, one.y - y))
        marks = [Mark("X", x, y), *(mark(str(n), one) for n, one in enumerate(found, 1))]
    names = sorted({road.name for road in roads().at[crossing.id]}) if crossing else []
    return render(
        request,
        "here.html",
        said=said,
        error=error,
        found=found,
        streets=names,
        crossing_at=coordinates(crossing.x, crossing.y) if crossing else None,
        picture=drawing("Map around the point", marks) if crossing else drawing("Map of Larkhaven"),
    )


async def lists(request: Request) -> Response:
    """One's own lists, and a form for another."""
    error, name = "", ""
    if request.method == "POST":
        name = first(await fields(request), "name")
        if not 1 <= len(name) <= 60:
            error = "A list needs a name of 1 to 60 characters."
        elif row(request, "SELECT 1 FROM lists WHERE name = ?", name):
            error = "There is already a list of this name."
        else:
            made = write(request, "INSERT INTO lists VALUES (NULL, ?)", name)
            tell(request, "The list was created.")
            return goto(f"/lists/{made}")
    found = rows(
        request,
        "SELECT lists.*, (SELECT count(*) FROM saved WHERE list = lists.id) AS places FROM lists ORDER BY name",
    )
    return render(request, "lists.html", 422 if error else 200, lists=found, error=error, name=name)


async def one_list(request: Request) -> Response:
    """The places of a list; a place can be taken off."""
    found = row(request, "SELECT * FROM lists WHERE id = ?", number(request.path_params["id"]))
    if found is None:
        raise HTTPException(404)
    if request.method == "POST":
        taken = number(first(await fields(request), "place"))
        write(request, "DELETE FROM saved WHERE list = ? AND place = ?", found["id"], taken)
        tell(request, "The place was taken off the list.")
        return goto(f"/lists/{found['id']}")
    places = rows(
        request,
        "SELECT places.*, note FROM saved JOIN places ON places.id = place WHERE list = ? ORDER BY name",
        found["id"],
    )
    marks = [mark(str(n), one) for n, one in enumerate(places, 1)]
    return render(
        request,
        "list.html",
        list=found,
        places=[_full(one) for one in places],
        picture=drawing(f"Map with the places of {found['name']}", marks),
    )


def _place_of(request: Request) -> dict[str, Any]:
    found = row(request, "SELECT * FROM places WHERE id = ?", number(request.path_params["id"]))
    if found is None:
        raise HTTPException(404)
    return _full(found)


def _full(place: dict[str, Any]) -> dict[str, Any]:
    return {**place, "address": address(place), "week": json.loads(place["hours"])}


def _resolve(request: Request, text: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The place that a text means, and otherwise up to eight that it may mean."""
    exact = row(request, "SELECT * FROM places WHERE name = ? COLLATE NOCASE", text)
    if exact or not text:
        return (_full(exact), []) if exact else (None, [])
    parts = text.lower().split()[:8]
    found = rows(
        request,
        f"""SELECT * FROM places WHERE 1 {"".join(f" AND instr(lower({TEXT}), ?) > 0" for _ in parts)}
        ORDER BY name LIMIT 8""",
        *parts,
    )
    return (_full(found[0]), []) if len(found) == 1 else (None, found)


def _categories(request: Request) -> list[dict[str, Any]]:
    return rows(request, "SELECT category AS name, count(*) AS places FROM places GROUP BY category ORDER BY category")


def _spot(said: dict[str, str]) -> tuple[float, float] | None:
    """Latitude and longitude on the drawn map and a little around; None where they are no numbers, or far away."""
    try:
        latitude, longitude = float(said["lat"]), float(said["lon"])
    except ValueError:
        return None
    x, y = point(latitude, longitude) if isfinite(latitude) and isfinite(longitude) else (METRES, METRES)
    return (latitude, longitude) if abs(x) < METRES / 2 and abs(y) < METRES / 2 else None
