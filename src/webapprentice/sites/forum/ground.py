"""What all pages of the forum ask: who may do what, and what stands in every header."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapprentice.sites.forms import number
from webapprentice.sites.site import NOW, account, goto, render, row, rows

NOW_TEXT = f"{NOW:%Y-%m-%d %H:%M}"
TITLE_LENGTH = 200


def user(request: Request) -> str:
    """The user name of who is signed in; an empty string for a stranger."""
    found = account(request)
    return found.user if found else ""


def moderates(request: Request, board: str) -> bool:
    """Whether who is signed in moderates a board."""
    return row(request, "SELECT 1 FROM moderators WHERE board = ? AND user = ?", board, user(request)) is not None


def page(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """A page of the forum, with the number of unread messages for its header."""
    unread = row(request, "SELECT count(*) AS n FROM messages WHERE receiver = ? AND unread = 1", user(request))
    return render(request, template, status, unread=unread["n"] if unread else 0, **values)


def found(what: dict[str, Any] | None) -> dict[str, Any]:
    """The row that was looked for. Raises HTTPException 404 where there is none."""
    if what is None:
        raise HTTPException(404)
    return what


def id_of(request: Request) -> int:
    """The number in a path; -1, which nothing has, where it is none."""
    value = number(request.path_params["id"])
    return -1 if value is None else value


def board_of(request: Request, name: str) -> dict[str, Any]:
    """A board with its moderators and the number of its subscribers. Raises HTTPException 404."""
    board = found(
        row(
            request,
            "SELECT *, (SELECT count(*) FROM subscriptions WHERE board = name) AS subscribers, "
            "(SELECT count(*) FROM subscriptions WHERE board = name AND user = ?) AS subscribed "
            "FROM boards WHERE name = ?",
            user(request),
            name,
        )
    )
    names = rows(request, "SELECT user FROM moderators WHERE board = ? ORDER BY user", name)
    return {**board, "moderators": [one["user"] for one in names]}


def votes(request: Request, kind: str) -> dict[int, int]:
    """How who is signed in has voted on threads (`t`) or comments (`c`), by id."""
    cast = rows(request, "SELECT item, value FROM votes WHERE kind = ? AND user = ?", kind, user(request))
    return {vote["item"]: vote["value"] for vote in cast}


def back(place: str, otherwise: str) -> Response:
    """On to a page of this site that a form named, if it is one."""
    return goto(place if place.startswith("/") and not place.startswith(("//", "/\\")) else otherwise)
