"""One learned secret: what it looks like in the layers of a text, and where it stands in one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from webapprentice.redaction.layers import Layer, fold, layers, squash

SHORTEST = 6
"""Letters and digits that a secret must have to be looked for inside longer words."""
_WORDS = (
    "password passwd hidden submit button checkbox script iframe section header footer action method target select "
    "option textarea search number placeholder autocomplete username content charset stylesheet onclick strong center "
    "canvas object checked selected disabled focused required readonly expanded collapsed pressed invalid multiple "
    "textbox listbox combobox heading article document window function return source template noscript"
)
_MARKUP = frozenset(_WORDS.split())
_CODED = re.compile(r"[A-Za-z0-9+/_%=-]*")
_CODED_END = re.compile(r"[A-Za-z0-9+/_%=-]*$")
_AROUND = 1000
"""Characters of base64 before and after a secret in it that go with it."""
_NAMED = re.compile(
    r"\b(?:pin|cvc|cvv|csc|code|otp|password|passwort|kennwort|passcode|passphrase|pwd|security|secret)\b", re.I
)
_BEFORE = 30
"""Characters before a short secret in which a word such as PIN is looked for."""
_TAIL = 2000
"""Characters of a secret that are looked for at the end of a text that was cut."""
Span = tuple[int, int]


def identity(value: str) -> str:
    """The same for every way to write one secret: with spaces or dashes, in large letters or small."""
    core = squash(fold(value)).replace("\0", "")
    return core if len(core) >= SHORTEST else value


class _Form(NamedTuple):
    text: str
    coded: bool = False
    """The whole run of base64 around it goes with it."""


class Needle:
    """A secret that was learned."""

    def __init__(self, value: str, placeholder: str, thorough: bool = True) -> None:
        self.value = value
        self.placeholder = placeholder
        folded = fold(value)
        core = squash(folded).replace("\0", "")
        self._common = folded.strip() in _MARKUP
        self.weak = (len(core) < SHORTEST and len(value) < SHORTEST + 2) or self._common
        """Too short, or too much a word of every page, to be looked for inside other text."""
        self._folded = folded
        self._digits = core.isdigit()
        self._edges = _edges(value)
        self.thorough = thorough
        """Looked for backwards and coded as well; what has only the shape of a secret is not."""
        forms = _forms(value, core) if thorough else (_Form(core),)
        self._forms = () if self.weak else tuple(form for form in forms if len(form.text) >= SHORTEST)
        self._literal = None if self.weak or len(core) >= SHORTEST else _grouped(folded)
        self._alone = re.compile(
            rf"(?<![\w.,])(?:{re.escape(folded)}|{'|'.join(map(re.escape, _tokens(value)))})(?![\w=]|[.,]\d)"
        )

    def spans(self, text: str, made: Iterable[Layer]) -> Iterator[Span]:
        """Where it stands in the text that these layers were made of, in any spelling."""
        for layer in made:
            if self.weak:
                yield from self._beside_its_name(layer)
            elif self._literal is not None:
                yield from (layer.origin(*found.span()) for found in self._literal.finditer(layer.folded))
            for form in self._forms:
                yield from self._in(layer, text, form)

    def _in(self, layer: Layer, text: str, form: _Form) -> Iterator[Span]:
        """Where one form of it stands in one layer."""
        at = layer.squashed.find(form.text)
        while at >= 0:
            inner = layer.unsquashed(at, at + len(form.text))
            start, end = layer.origin(*inner)
            if form.coded:
                start, last = _widened(text, start, end)
                yield start, last
                # What went with it needs no looking into.
                at += len(form.text) + (len(squash(fold(text[end:last]))) if layer.lowest else 0)
            elif not self._digits or _apart(layer.text, *inner):
                yield self._with_edges(text, start, end)
                at += len(form.text)
            else:
                at += 1
            at = layer.squashed.find(form.text, at)

    def tail(self, text: str) -> Span | None:
        """Where the text ends in the midst of this secret, as a string does that was cut to a length."""
        end = text[-_TAIL:]
        layer = next(layers(end))
        for form in self._forms:
            for size in range(min(len(form.text) - 1, len(layer.squashed)), SHORTEST - 1, -1):
                if layer.squashed.endswith(form.text[:size]):
                    inner = layer.unsquashed(len(layer.squashed) - size, len(layer.squashed))
                    return layer.origin(*inner)[0] + len(text) - len(end), len(text)
        return None

    def bounded(self, text: str) -> Iterator[Span]:
        """Where it stands as a word of its own."""
        yield from (found.span() for found in self._alone.finditer(fold(text)))

    def whole(self, text: str) -> bool:
        """The text is this secret and nothing else."""
        return fold(text).strip() == self._folded.strip()

    def _beside_its_name(self, layer: Layer) -> Iterator[Span]:
        if self._common or self._folded not in layer.folded:
            return
        for found in self._alone.finditer(layer.folded):
            if _NAMED.search(layer.folded, max(0, found.start() - _BEFORE), found.start()):
                yield layer.origin(*found.span())

    def _with_edges(self, text: str, start: int, end: int) -> Span:
        """The signs before its first letter and after its last one belong to it."""
        before, after = self._edges
        if before and text.endswith(before, 0, start):
            start -= len(before)
        if after and text.startswith(after, end):
            end += len(after)
        return start, end


def _forms(value: str, core: str) -> Iterator[_Form]:
    seen = set()
    raw = value.encode("utf-8", "replace")
    grown = squash(fold(value.upper()))  # `ß` is two letters then
    for text in (core, grown, core[::-1], raw.hex()):
        if text not in seen:
            seen.add(text)
            yield _Form(text)
    for shift, skipped in ((0, 0), (1, 2), (2, 3)):
        data = b"\0" * shift + raw
        coded = base64.b64encode(data).decode()[skipped : len(data) * 8 // 6]
        for alphabet in (coded, coded.replace("+", "-").replace("/", "_")):
            text = squash(fold(alphabet))
            if text not in seen:
                seen.add(text)
                yield _Form(text, coded=True)


def _grouped(folded: str) -> re.Pattern[str]:
    """A secret of signs more than letters, forwards or backwards, with or without a space or dash between them."""

    def pattern(text: str) -> str:
        joined = re.escape(text[:1])
        for before, after in pairwise(text):
            joined += ("" if before in " -" or after in " -" else "[ -]?") + re.escape(after)
        return joined

    return re.compile(f"{pattern(folded)}|{pattern(folded[::-1])}")


def _tokens(value: str) -> Iterator[str]:
    """A short secret's coded forms, looked for as words of their own."""
    raw = value.encode("utf-8", "replace")
    yield fold(base64.b64encode(raw).decode())
    yield fold(base64.b64encode(raw).decode().rstrip("="))
    yield raw.hex()


def _edges(value: str) -> tuple[str, str]:
    middle = re.search(r"[^\W_](?:.*[^\W_])?", value, re.DOTALL)
    return (value[: middle.start()], value[middle.end() :]) if middle else ("", "")


def _widened(text: str, start: int, end: int) -> Span:
    """The run of base64 around the span, as far as it is a matter of one secret and a little more."""
    before = _CODED_END.search(text, max(0, start - _AROUND), start)
    after = _CODED.match(text, end, end + _AROUND)
    return before.start() if before else start, after.end() if after else end


def _apart(text: str, start: int, end: int) -> bool:
    """A number that is not part of a longer one, nor two numbers with a point or comma between them."""
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return not any(map(str.isdigit, around)) and not any(sign in text[start:end] for sign in ".,")
