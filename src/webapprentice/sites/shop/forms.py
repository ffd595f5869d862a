"""What comes in by forms and addresses, read so that nothing a browser sends is a surprise."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date
from functools import wraps
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapprentice.sites.site import Handler, account, login_first, row

LONGEST = 2000
"""Characters of a field that are read."""


async def fields(request: Request) -> dict[str, str]:
    """The fields of a form without the space around them; of several of one name, the last. Files are left out."""
    return (await fields_and_file(request, "", 0))[0]


async def fields_and_file(request: Request, name: str, most: int) -> tuple[dict[str, str], tuple[str, bytes] | None]:
    """The fields, and name and at most `most` + 1 bytes of the file of this name; None where none was chosen."""
    async with request.form() as form:
        given = {name: value.strip()[:LONGEST] for name, value in form.multi_items() if isinstance(value, str)}
        file = form.get(name)
        if not isinstance(file, UploadFile) or not file.filename:
            return given, None
        return given, (file.filename[-120:], await file.read(most + 1))


def asked(request: Request, name: str) -> str:
    """A value of the address, without the space around it."""
    return request.query_params.get(name, "").strip()[:LONGEST]


def whole(text: str, low: int, high: int) -> int | None:
    """A whole number within limits; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        return None
    return int(text) if low <= int(text) <= high else None


def cents(text: str) -> int | None:
    """Cents of a sum such as `12`, `12.5` or `$12.50`; None for anything else."""
    found = re.fullmatch(r"\$?\s*([0-9]{1,6})(?:[.,]([0-9]{1,2}))?", text.strip())
    return None if found is None else int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def day(text: str) -> str | None:
    """An ISO date; None for anything else."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def address_of_mail(text: str) -> bool:
    """Whether this can be an e-mail address."""
    return re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", text) is not None


def found(one: dict[str, Any] | None) -> dict[str, Any]:
    """A row that must be there. Raises HTTPException 404 where it is not."""
    if one is None:
        raise HTTPException(404)
    return one


def customer(request: Request) -> dict[str, Any] | None:
    """The row of who is signed in at the shop; None for a stranger."""
    known = account(request)
    return None if known is None else row(request, "SELECT * FROM customers WHERE user = ?", known.user)


def members(handler: Callable[[Request, dict[str, Any]], Awaitable[Response]]) -> Handler:
    """A page that gets the signed-in customer, and sends strangers to the login page."""

    @wraps(handler)
    async def page(request: Request) -> Response:
        known = customer(request)
        return login_first(request) if known is None else await handler(request, known)

    return page
