"""What a browser has sent, as plain strings and numbers: nothing that it may send is an error of ours."""

from __future__ import annotations

from starlette.requests import Request

from webapprentice.core.text import clean

LONGEST = 20_000
"""Characters of one field that are kept."""


async def fields(request: Request) -> dict[str, list[str]]:
    """All values of the form by name, cleaned and without space at their ends; uploaded files are left out."""
    found: dict[str, list[str]] = {}
    async with request.form() as form:  # closes what was uploaded
        for name, value in form.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(clean(value)[:LONGEST].replace("\r\n", "\n").strip())
    return found


def first(found: dict[str, list[str]], name: str) -> str:
    """The first value of this name; nothing where there is none."""
    return found.get(name, [""])[0]


def asked(request: Request, name: str, default: str = "") -> str:
    """A value of the address's query."""
    return clean(request.query_params.get(name, default))[:500].strip()


def number(text: str | None) -> int | None:
    """A whole number of at most nine digits; None where the text is none."""
    said = (text or "").strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 9 else None


def like(words: str) -> str:
    """A LIKE pattern for text that contains these words as they stand; to be used with ESCAPE '\\'."""
    plain = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
