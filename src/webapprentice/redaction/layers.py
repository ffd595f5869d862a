"""Texts as a secret may be hidden in them: letters and digits alone, escapes decoded, tags taken out.

Every layer knows where each of its characters stands in the text that it was made of, so that a find in any of them
is a span of the original.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

BREAK = "\0"
"""Stands for a placeholder: nothing is found across it."""
_HELD = r"\{\{[a-z][a-z_]{0,30}:\d{1,9}\}\}"
_ESCAPES = (
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
    r"|(?:%[0-9A-Fa-f]{2})+"
    r"|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\\/\"'])"
)
_PLAIN = re.compile(_HELD)
_DECODED = re.compile(f"{_HELD}|{_ESCAPES}")
_UNTAGGED = re.compile(f"{_HELD}|{_ESCAPES}|<[^<>]*>")
_WORDS = re.compile(r"[^\W_\0]+|\0")
_ASCII = bytes(code + 32 if 65 <= code <= 90 else code for code in range(256))
_DROPPED = bytes(code for code in range(1, 128) if not chr(code).isalnum())


def fold(text: str) -> str:
    """The text without case, accents and wide forms; every character stays in its place."""
    if text.isascii():
        return text.lower()
    return text.translate({ord(one): _folded(one) for one in set(text)})


@lru_cache(maxsize=4096)
def _folded(one: str) -> str:
    plain = unicodedata.normalize("NFKD", one)[:1].lower()
    return plain if len(plain) == 1 else one


def squash(folded: str) -> str:
    """Letters and digits alone, and breaks."""
    if folded.isascii():
        return folded.encode("ascii").translate(_ASCII, _DROPPED).decode("ascii")
    return "".join(_WORDS.findall(folded))


class Layer:
    """A text, and the way back to the text that it was made of."""

    def __init__(self, text: str, below: Layer | None, starts: list[int], origins: list[tuple[int, int]]) -> None:
        self.text = text
        self.folded = fold(text)
        self.squashed = squash(self.folded)
        self._below = below
        self._starts = starts
        self._origins = origins
        self._words: tuple[list[int], list[int]] | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of this text stands in the lowest layer's source."""
        first, last = self._step(start, False), self._step(end - 1, True)
        return self._below.origin(first, last) if self._below is not None else (first, last)

    def _step(self, place: int, after: bool) -> int:
        at = bisect_right(self._starts, place) - 1
        start, end = self._origins[at]
        if end >= 0:
            return end if after else start
        return start + place - self._starts[at] + after

    def unsquashed(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text that a span of the squashed text stands for."""
        if self._words is None:
            squashed, places, length = [], [], 0
            for found in _WORDS.finditer(self.folded):
                squashed.append(length)
                places.append(found.start())
                length += found.end() - found.start()
            self._words = squashed, places
        squashed, places = self._words
        first, last = bisect_right(squashed, start) - 1, bisect_right(squashed, end - 1) - 1
        return places[first] + start - squashed[first], places[last] + end - 1 - squashed[last] + 1


def layers(text: str, tags: bool = False) -> Iterator[Layer]:
    """The text as it is, decoded once and twice; with `tags`, also as a reader sees it, without them."""
    plain = _made(text, _PLAIN, None) or Layer(text, None, [0], [(0, -1)])
    yield plain
    for pattern in (_DECODED, _UNTAGGED) if tags else (_DECODED,):
        below: Layer | None = plain
        for _ in range(2):
            below = _made(below.text, pattern, below) if below is not None else None
            if below is None:
                break
            yield below


def _made(text: str, pattern: re.Pattern[str], below: Layer | None) -> Layer | None:
    """A layer on the one below, or None when there would be no difference."""
    pieces: list[str] = []
    starts: list[int] = []
    origins: list[tuple[int, int]] = []
    length = place = 0
    for found in pattern.finditer(text):
        start, end = found.span()
        for piece, origin in ((text[place:start], (place, -1)), (_decoded(found[0]), (start, end))):
            if piece:
                pieces.append(piece)
                starts.append(length)
                origins.append(origin)
                length += len(piece)
        place = end
    if not place:
        return None
    if place < len(text):
        pieces.append(text[place:])
        starts.append(length)
        origins.append((place, -1))
    return Layer("".join(pieces), below, starts, origins)


def _decoded(token: str) -> str:
    match token[0]:
        case "{":
            return BREAK
        case "<":
            return ""
        case "&":
            return html.unescape(token)
        case "%":
            return unquote(token)
    if token[1] in "ux":
        return chr(int(token[2:], 16))
    return token[1]
