"""Heads of HTTP/1.1 messages: read strictly from the browser, leniently from servers, written by us."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import NamedTuple

Fields = tuple[tuple[bytes, bytes], ...]

_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]+) HTTP/1\.[01]")
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\x20-\x7e\x80-\xff\t]*))?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*?)[ \t]*")
_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authorization proxy-authenticate te trailer upgrade "
    b"alt-svc host".split()
)
"""Meant for the next machine only, or never to be taken over (`host`, which the address gives, and `alt-svc`)."""


class Request(NamedTuple):
    """What the browser asks the proxy for."""

    method: bytes
    target: str
    fields: Fields


class Answer(NamedTuple):
    """The first part of what a server says."""

    version: int
    status: int
    reason: bytes
    fields: Fields


class Body(NamedTuple):
    """How the end of a body is known: by its length, by chunks, by the end of the connection (length None)."""

    length: int | None
    chunked: bool = False


def read_request(lines: Sequence[bytes]) -> Request:
    """The request of these lines. Raises ValueError when anything about it is out of order."""
    found = _REQUEST.fullmatch(lines[0]) if lines else None
    if found is None:
        raise ValueError("no request line")
    fields = []
    for line in lines[1:]:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise ValueError("no header field")
        fields.append((field[1], field[2]))
    return Request(found[1], found[2].decode("ascii"), tuple(fields))


def read_answer(lines: Sequence[bytes]) -> Answer:
    """The answer of these lines, without those that are no fields. Raises ValueError when it is no HTTP/1."""
    found = _STATUS.fullmatch(lines[0]) if lines else None
    if found is None:
        raise ValueError("no status line")
    fields = [(field[1], field[2]) for line in lines[1:] if (field := _FIELD.fullmatch(line))]
    return Answer(int(found[1]), int(found[2]), found[3] or b"", tuple(fields))


def body_of(fields: Fields, otherwise: Body) -> Body:
    """How the body ends; `otherwise` where the fields say nothing. Raises ValueError where they contradict."""
    codings = _values(fields, b"transfer-encoding")
    lengths = set(_values(fields, b"content-length"))
    if codings:
        if codings != [b"chunked"] or lengths:
            raise ValueError("two ways to tell the length of the body")
        return Body(None, chunked=True)
    if not lengths:
        return otherwise
    length = lengths.pop()
    if lengths or not re.fullmatch(rb"[0-9]{1,18}", length):
        raise ValueError("no length of the body")
    return Body(int(length))


def unambiguous(fields: Fields) -> Fields:
    """A server's fields without the length that its chunks make meaningless."""
    if not _values(fields, b"transfer-encoding"):
        return fields
    return tuple((name, value) for name, value in fields if name.lower() != b"content-length")


def _values(fields: Fields, name: bytes) -> list[bytes]:
    return [part.strip().lower() for key, value in fields if key.lower() == name for part in value.split(b",")]


def closes(fields: Fields) -> bool:
    """Whether the sender will not use this connection again."""
    return b"close" in _values(fields, b"connection")


def kept(fields: Fields) -> Fields:
    """The fields that go on to the other side."""
    dropped = _HOP | set(_values(fields, b"connection"))
    return tuple((name, value) for name, value in fields if name.lower() not in dropped)


def attached(fields: Fields) -> bool:
    """Whether the body is likely to be downloaded and not shown."""
    kind = (_values(fields, b"content-type") or [b""])[0].partition(b";")[0]
    saved = any(value.startswith(b"attachment") for value in _values(fields, b"content-disposition"))
    return saved or kind in (b"application/octet-stream", b"application/zip", b"application/x-tar", b"application/gzip")


def written(first: bytes, fields: Fields) -> bytes:
    """A head as bytes."""
    return b"\r\n".join((first, *(name + b": " + value for name, value in fields), b"", b""))


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1>
<p>{place} was not opened: {why}.</p>
<p>{hint}</p>
"""


def page(status: int, title: str, place: str, why: str, hint: str, *, last: bool) -> bytes:
    """A whole answer of our own, for the person or the model in front of the browser."""
    text = _PAGE.format(
        title=html.escape(title), place=html.escape(place), why=html.escape(why), hint=html.escape(hint)
    )
    body = text.encode("utf-8", "replace")
    fields = (
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Content-Security-Policy", b"default-src 'none'"),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Cache-Control", b"no-store"),
        (b"Connection", b"close" if last else b"keep-alive"),
    )
    return written(b"HTTP/1.1 %d %s" % (status, title.encode("ascii", "replace")[:60]), fields) + body
