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
# Each alternative begins with a character of its own: so the search runs from one such character to the next.
_ESCAPES = (
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
    r"|%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*"
    r"|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\\/\"'])"
)
_PLAIN = re.compile(_HELD)
_DECODED = re.compile(f"{_HELD}|{_ESCAPES}")
_UNTAGGED = re.compile(f"{_HELD}|{_ESCAPES}|<[^<>]*>")
_WORDS = re.compile(r"[^\W_\0]+|\0")
_FEW = 20
"""Foreign characters that are replaced one after the other."""
_BLOCK = 256
_ASCII = bytes(code + 32 if 65 <= code <= 90 else code for code in range(256))
_DROPPED = bytes(code for code in range(1, 128) if not chr(code).isalnum())


def fold(text: str) -> str:
    """The text without case, accents, wide forms and foreign signs; every character stays in its place."""
    if text.isascii():
        return text.lower()
    foreign = [one for one in set(text) if one > "\x7f"]
    if len(foreign) > _FEW:
        return text.translate({ord(one): _folded(one) for one in set(text)})
    for one in foreign:
        text = text.replace(one, _folded(one))
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.translate({ord(one): _folded(one) for one in set(text)})


@lru_cache(maxsize=4096)
def _folded(one: str) -> str:
    if one > "\x7f" and not one.isalnum():
        return " "
    plain = unicodedata.normalize("NFKD", one)[:1].lower()
    return plain if len(plain) == 1 and plain.isalnum() == one.isalnum() else one


def squash(folded: str) -> str:
    """Letters and digits alone, and breaks."""
    return folded.encode("utf-8", "replace").translate(_ASCII, _DROPPED).decode("utf-8")


class Layer:
    """A text, and the way back to the text that it was made of, which is only looked for where something was found."""

    def __init__(self, text: str, pattern: re.Pattern[str] | None = None, below: Layer | None = None) -> None:
        self.text = text
        self.folded = fold(text)
        self.squashed = squash(self.folded)
        self._pattern = pattern
        self._below = below
        self._pieces: tuple[list[int], list[tuple[int, int]]] | None = None
        self._blocks: list[int] | None = None

    @property
    def lowest(self) -> bool:
        """It is the text itself."""
        return self._below is None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of this text stands in the text of the lowest layer."""
        if self._below is None or self._pattern is None:
            return start, end
        if self._pieces is None:
            self._pieces = _pieces(self._below.text, self._pattern)
        return self._below.origin(self._step(start, False), self._step(end - 1, True))

    def _step(self, place: int, after: bool) -> int:
        starts, origins = self._pieces or ([0], [(0, -1)])
        at = bisect_right(starts, place) - 1
        start, end = origins[at]
        if end >= 0:
            return end if after else start
        return start + place - starts[at] + after

    def unsquashed(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text that a span of the squashed text stands for."""
        return self._letter(start), self._letter(end - 1) + 1

    def _letter(self, number: int) -> int:
        """Where the letter or digit of this number stands."""
        if self._blocks is None:
            self._blocks = [0]
            for at in range(0, len(self.folded), _BLOCK):
                self._blocks.append(self._blocks[-1] + len(squash(self.folded[at : at + _BLOCK])))
        block = bisect_right(self._blocks, number) - 1
        left = number - self._blocks[block]
        for word in _WORDS.finditer(self.folded, block * _BLOCK):
            if left < word.end() - word.start():
                return word.start() + left
            left -= word.end() - word.start()
        raise AssertionError("a letter beyond the last one")


def layers(text: str, tags: bool = False) -> Iterator[Layer]:
    """The text as it is, decoded once and twice; with `tags`, also as a reader sees it, without them."""
    source = Layer(text)
    plain = _made(source, _PLAIN) or source
    yield plain
    for pattern in (_DECODED, _UNTAGGED) if tags else (_DECODED,):
        below: Layer | None = plain
        for _ in range(2):
            below = _made(below, pattern) if below is not None else None
            if below is None:
                break
            yield below


def _made(below: Layer, pattern: re.Pattern[str]) -> Layer | None:
    """A layer on the one below, or None when there would be no difference."""
    text, changes = pattern.subn(_of_match, below.text)
    return Layer(text, pattern, below) if changes else None


def _of_match(found: re.Match[str]) -> str:
    return _decoded(found[0])


def _pieces(text: str, pattern: re.Pattern[str]) -> tuple[list[int], list[tuple[int, int]]]:
    """Where each piece of the decoded text begins, and where it was: a span, or a start and -1 for what was kept."""
    starts: list[int] = []
    origins: list[tuple[int, int]] = []
    length = place = 0
    for found in pattern.finditer(text):
        start, end = found.span()
        for size, origin in ((start - place, (place, -1)), (len(_decoded(found[0])), (start, end))):
            if size:
                starts.append(length)
                origins.append(origin)
                length += size
        place = end
    starts.append(length)
    origins.append((place, -1))
    return starts, origins


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
