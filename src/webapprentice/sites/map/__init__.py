"""A map: search of places, what is near, and directions over a road graph of its own. No account is needed."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from webapprentice.sites.map import pages
from webapprentice.sites.map.data import build, state
from webapprentice.sites.site import Site

_HERE = Path(__file__).parent

SITE = Site(
    name="map",
    title="Fathom Maps",
    build=build,
    state=state,
    templates=_HERE / "templates",
    tasks=_HERE / "tasks.json",
    gold=_HERE / "gold.yaml",
    routes=[
        Route("/", pages.home),
        Route("/search", pages.search),
        Route("/suggest", pages.suggest),
        Route("/nearby", pages.nearby),
        Route("/directions", pages.directions),
        Route("/here", pages.here),
        Route("/lists", pages.lists, methods=["GET", "POST"]),
        Route("/lists/{id}", pages.one_list, methods=["GET", "POST"]),
        Route("/place/{id}", pages.place),
        Route("/place/{id}/save", pages.save, methods=["POST"]),
        Route("/place/{id}/report", pages.report, methods=["POST"]),
    ],
)
