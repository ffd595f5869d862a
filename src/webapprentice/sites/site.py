"""What a local web application is made of, and what its pages may ask of it.

A site is data and plain handlers: it has no state of its own. Every request comes with the database of its browser
session, so that a reset is a copy of some bytes and no session ever sees another's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

TODAY = date(2026, 3, 16)
"""The day on which all sites are: nothing on a page depends on the clock."""
NOW = datetime(2026, 3, 16, 9, 30)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    user: str
    password: str
    name: str
    role: str = "user"
    """`user`, or what the site knows beside it, such as `admin`."""


@dataclass(frozen=True)
class Site:
    """One web application."""

    name: str
    """`shop`; its pages are at http://shop.test/, its placeholder in task files is `__SHOP__`."""
    title: str
    build: Callable[[sqlite3.Connection], None]
    """Makes tables and first rows in an empty database: always the same ones."""
    routes: Sequence[BaseRoute]
    state: Callable[[sqlite3.Connection], dict[str, Any]]
    """What there is to know, as JSON values, for whoever judges: never shown to an agent."""
    templates: Path
    """Folder of Jinja templates; they may extend `base.html` of the sites."""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    """By user name; the first is the one that an agent is signed in as."""
    shares: str = ""
    """Another site whose database this one works on, as the back office of a shop does; `build` is that one's then."""
    login: str = "/login"
    """Page with the fields `user` and `password`."""
    tasks: Path | None = None
    """Task file in WebArena's format."""
    gold: Path | None = None
    """What solves each of them, step by step."""


def database(request: Request) -> sqlite3.Connection:
    """The database of this browser session; rows can be read by column name."""
    found: sqlite3.Connection = request.state.database
    return found


def rows(request: Request, query: str, *values: object) -> list[dict[str, Any]]:
    """All rows of a query, as dictionaries."""
    return [dict(row) for row in database(request).execute(query, values)]


def row(request: Request, query: str, *values: object) -> dict[str, Any] | None:
    """The first row of a query; None where there is none."""
    found = database(request).execute(query, values).fetchone()
    return None if found is None else dict(found)


def write(request: Request, query: str, *values: object) -> int:
    """Change something; the id of the row that was added, if one was."""
    return database(request).execute(query, values).lastrowid or 0


def files(request: Request) -> dict[str, bytes]:
    """Files that were uploaded in this session, by a name of the site's choosing."""
    found: dict[str, bytes] = request.state.files
    return found


def account(request: Request) -> Account | None:
    """Who is signed in; None for a stranger."""
    found: Account | None = request.state.account
    return found


def goto(place: str) -> Response:
    """Go on to another page after a form was taken."""
    return RedirectResponse(place, status_code=303)


def login_first(request: Request) -> Response:
    """Send a stranger to the login page, and back afterwards."""
    site: Site = request.state.site
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{site.login}?next={quote(back)}", status_code=303)


def render(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """A page from a template of the site. `site`, `account`, `today` and `sites` (addresses by name) are always known,
    and so is `flash`, the message that `tell` left for this page."""
    page: Callable[[Request, str, int, dict[str, object]], Response] = request.state.render
    return page(request, template, status, values)


def tell(request: Request, message: str) -> None:
    """Leave a message that the next page of this session shows once."""
    request.state.flashes.append(message)


@dataclass(frozen=True)
class Page:
    """One page of a longer list."""

    items: Sequence[Any]
    number: int
    """From 1."""
    pages: int
    total: int


def paginate(items: Sequence[Any], number: str | int | None, size: int) -> Page:
    """The page of this number; a number that makes no sense is taken as the nearest that does."""
    pages = max(1, -(-len(items) // size))
    try:
        wanted = int(number or 1)
    except ValueError:
        wanted = 1
    chosen = min(max(1, wanted), pages)
    return Page(items[(chosen - 1) * size : chosen * size], chosen, pages, len(items))
