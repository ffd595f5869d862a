"""Secrets that are known by their shape alone: cards, tokens, keys, credentials in addresses and headers.

Every pattern is bounded, so that the time is linear in the length of the text whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from webapprentice.redaction.fields import random_looking, secret_name, secret_value
from webapprentice.redaction.layers import fold


class Shape(NamedTuple):
    """A secret found in a text."""

    kind: str
    start: int
    end: int


_CARD = re.compile(r"\d(?<![\w.+/=-]\d)(?:\d{11,18}|(?:[ -]?\d){12,18})(?![\w/=+]|[.-]\d)")
_GROUPS = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{12,19}")
_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d{2}|2(?:22[1-9]|2[3-9]\d|[3-6]\d{2}|7[01]\d|720))\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d{2}|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
_JWT = re.compile(r"eyJ[\w-]{8,4000}\.[\w-]{8,8000}(?:\.[\w-]{0,2000})?")
_BEARER = re.compile(r"(?:bearer|basic|token|apikey)[ :]{1,3}([A-Za-z0-9._~+/-]{16,4000}={0,2})", re.I)
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----")
_PREFIXED = {
    "AKIA": r"AKIA[0-9A-Z]{16}",
    "ASIA": r"ASIA[0-9A-Z]{16}",
    "gh": r"gh[pousr]_[A-Za-z0-9]{36,255}",
    "github_pat_": r"github_pat_\w{22,255}",
    "glpat-": r"glpat-[\w-]{20,100}",
    "sk_": r"sk_(?:live|test)_[A-Za-z0-9]{16,200}",
    "rk_": r"rk_(?:live|test)_[A-Za-z0-9]{16,200}",
    "whsec_": r"whsec_[A-Za-z0-9+/=]{16,200}",
    "sk-": r"sk-[\w-]{0,20}[A-Za-z0-9]{20}[\w-]{0,200}",
    "xox": r"xox[abeoprs]-[A-Za-z0-9-]{10,250}",
    "xapp-": r"xapp-[A-Za-z0-9-]{10,250}",
    "AIza": r"AIza[\w-]{35}",
    "ya29.": r"ya29\.[\w-]{20,500}",
    "npm_": r"npm_[A-Za-z0-9]{36}",
    "pypi-": r"pypi-[\w-]{50,300}",
    "hf_": r"hf_[A-Za-z0-9]{30,40}",
    "SG.": r"SG\.[\w-]{16,32}\.[\w-]{16,64}",
    "dop_v1_": r"dop_v1_[a-f0-9]{64}",
    "shp": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    "EAAC": r"EAAC[A-Za-z0-9]{20,400}",
}
_KEYS = {prefix: re.compile(pattern) for prefix, pattern in _PREFIXED.items()}
_USERINFO = re.compile(r"://([^\s/?#@<>\"'{}]{1,300}+)@")
_COOKIE = re.compile(r"cookie2?[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?=[\w.-]{1,100}=)([^\r\n<>\"']{3,4000})", re.I)
_PAIR = re.compile(r"[\w.%-]{1,100}=([^;,\s]{3,4000})")
_HEADER = re.compile(r"authorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?:[A-Za-z-]{2,12} )?([^\s\"'<>,;{]{6,4000})", re.I)
_PARAMETER = re.compile(r"[?&;#]([\w.\[\]%-]{1,80})=([^&#;\s\"'<>{}\\]{3,4000})")
_GIVEN = re.compile(
    # The commonest attributes and schemes name no secret; to say so here spares most of the work on a page.
    r"[:=](?<!href=)(?<!class=)(?<!src=)(?<!style=)(?<!type=)(?<!http:)(?<!https:)\s{0,2}\\?[\"']?([A-Za-z0-9+/_.~%-]{8,4000}={0,2})"
)
_NAME = re.compile(r"([\w.-]{2,80}?)\\?[\"']?\s{0,2}$")
_PATH = re.compile(
    r"/(?:reset|invite|invitation|verify|confirm|confirmation|activate|magic|token|unsubscribe|password)[\w-]{0,30}/"
    r"([\w.~=-]{16,400})(?=[/?#\s\"'<>]|$)"
)


def shapes(text: str) -> Iterator[Shape]:
    """What looks like a secret; spans may overlap."""
    folded = fold(text)
    yield from _cards(text)
    if "eyJ" in text:
        yield from (Shape("jwt", *found.span()) for found in _JWT.finditer(text))
    for prefix, pattern in _KEYS.items():
        for found in _at(pattern, prefix, text, text):
            if not (found.start() and (text[found.start() - 1].isalnum() or text[found.start() - 1] == "_")):
                yield Shape("key", *found.span())
    if "PRIVATE KEY-----" in text:
        yield from _private_keys(text)
    if "@" in text and "://" in text:
        yield from (Shape("userinfo", *found.span(1)) for found in _USERINFO.finditer(text))
    yield from _headers(text, folded)
    if "=" in text:
        yield from _parameters(text)
    yield from _given(text)
    if "/" in text:
        for found in _PATH.finditer(folded):
            if random_looking(text[slice(*found.span(1))]):
                yield Shape("token", *found.span(1))


def card(text: str) -> bool:
    """The digits are those of a payment card: a brand's prefix and length, and the Luhn sum."""
    digits = "".join(one for one in text if one.isdigit())
    return bool(_BRANDS.fullmatch(digits)) and luhn(digits) and len(set(digits)) > 1


def luhn(digits: str) -> bool:
    """The check sum of ISO/IEC 7812 holds."""
    total = 0
    for place, one in enumerate(reversed(digits)):
        number = int(one) * (1 + place % 2)
        total += number - 9 * (number > 9)
    return total % 10 == 0


def _cards(text: str) -> Iterator[Shape]:
    for found in _CARD.finditer(text):
        if found[0].isascii() and _GROUPS.fullmatch(found[0]) and card(found[0]):
            yield Shape("card", *found.span())


def _private_keys(text: str) -> Iterator[Shape]:
    last = 0
    for found in _PEM.finditer(text):
        if found.start() < last:
            continue
        closing = f"-----END {found[1]}-----"
        end = text.find(closing, found.end())
        yield Shape(
            "private_key", found.start(), end + len(closing) if end >= 0 else min(len(text), found.end() + 5000)
        )


def _headers(text: str, folded: str) -> Iterator[Shape]:
    for word in ("bearer", "basic", "token", "apikey"):
        for found in _at(_BEARER, word, text, folded):
            if random_looking(found[1]):
                yield Shape("token", *found.span(1))
    for found in _at(_HEADER, "authorization", text, folded):
        if any(map(str.isdigit, found[1])) or found[1].endswith("="):
            yield Shape("token", *found.span(1))
    for found in _at(_COOKIE, "cookie", text, folded):
        for pair in _PAIR.finditer(text, *found.span(1)):
            value = pair[1]
            if len(value) >= 8 and not value.startswith(("{{", "/")) and any(map(str.isdigit, value)):
                yield Shape("cookie", *pair.span(1))


def _at(pattern: re.Pattern[str], word: str, text: str, folded: str) -> Iterator[re.Match[str]]:
    """What the pattern finds where this word begins; a search for the word alone is far faster."""
    at = folded.find(word)
    while at >= 0:
        found = pattern.match(text, at)
        if found is not None:
            yield found
        at = folded.find(word, max(at + len(word), found.end() if found is not None else 0))


def _parameters(text: str) -> Iterator[Shape]:
    for found in _PARAMETER.finditer(text):
        kind = secret_value(found[1], found[2])
        if kind:
            yield Shape(kind, *found.span(2))


def _given(text: str) -> Iterator[Shape]:
    """Values after a colon or an equals sign whose name says what they are, as in JSON, scripts and headers."""
    for found in _GIVEN.finditer(text):
        value = found[1]
        if not random_looking(value):
            continue
        start = max(0, found.start() - 90)
        name = _NAME.search(text[start : found.start()])
        if name is None:
            continue
        said = re.split(r"[^\w-]", name[1])[-1]
        kind = secret_value(said, value) or secret_name(said)
        if kind:
            yield Shape(kind, *found.span(1))
