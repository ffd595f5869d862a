"""What all pages of the wiki ask."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapprentice.sites.site import NOW, account, database, render, row, rows
from webapprentice.sites.wiki import data

NOW_TEXT = f"{NOW:%Y-%m-%d %H:%M}"


def user(request: Request) -> str:
    """The user name of who is signed in; an empty string for a stranger."""
    found = account(request)
    return found.user if found else ""


def article_of(request: Request) -> dict[str, Any]:
    """The article that the address names. Raises HTTPException 404 where there is none."""
    found = row(request, "SELECT * FROM articles WHERE slug = ?", request.path_params["slug"])
    if found is None:
        raise HTTPException(404)
    return found


def version_of(request: Request, slug: str, number: int | None) -> dict[str, Any]:
    """One version of an article. Raises HTTPException 404 where there is none."""
    found = row(request, "SELECT * FROM revisions WHERE slug = ? AND number = ?", slug, number)
    if found is None:
        raise HTTPException(404)
    return found


def known(request: Request) -> set[str]:
    """Addresses of all articles."""
    return {one["slug"] for one in rows(request, "SELECT slug FROM articles")}


def article_page(
    request: Request, template: str, article: dict[str, Any], status: int = 200, **values: object
) -> Response:
    """A page that belongs to an article: it has the tabs of the article above it."""
    watched = row(request, "SELECT 1 FROM watching WHERE slug = ? AND user = ?", article["slug"], user(request))
    topics = rows(request, "SELECT id FROM talk WHERE slug = ? AND parent IS NULL", article["slug"])
    shown = {"article": article, "watched": watched is not None, "topics": len(topics)}
    return render(request, template, status, **shown, **values)


def store(request: Request, slug: str, title: str, body: str, summary: str) -> int:
    """Make a new version in the name of who is signed in; its number."""
    return data.store(database(request), slug, title, body, user(request), NOW_TEXT, summary)
