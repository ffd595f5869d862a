"""What browsers send, read without trust: always text of a bounded length or a bounded whole number."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

LARGEST = 2**53


def whole(text: str | None, least: int = 0, most: int = LARGEST) -> int | None:
    """The whole number that a text spells; None where it spells none between the two limits."""
    try:
        found = int(text or "")
    except ValueError:
        return None
    return found if least <= found <= most else None


async def sent(request: Request) -> dict[str, str]:
    """The fields of a form that hold text; of several of one name the last. Files are let go of."""
    async with request.form() as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def said(form: Mapping[str, str], name: str, longest: int = 20_000) -> str:
    """What a form says in a field, trimmed and with plain line ends; an empty string where it says nothing."""
    return form.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()[:longest]


def asked(request: Request, name: str, default: str = "", longest: int = 200) -> str:
    """What the address asks for under a name."""
    return request.query_params.get(name, default).replace("\0", "").strip()[:longest]


def like(words: str) -> str:
    """A LIKE pattern for text that contains these words as they stand; to be used with ESCAPE '\\'."""
    plain = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
