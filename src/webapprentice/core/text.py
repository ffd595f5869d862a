"""Strings made safe and strings made comparable."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+|[^\w\s]|_", re.UNICODE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean(text: str) -> str:
    """The text without what breaks a file or a terminal: lone surrogates, NUL, control and direction marks."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def squeeze(text: str) -> str:
    """One space for every run of white space, none at the ends."""
    return " ".join(text.split())


def pieces(text: str) -> list[str]:
    """Words, and punctuation marks one by one, in order: `a.b@c` gives `a . b @ c`."""
    return _WORD.findall(text)


def spaced(text: str) -> str:
    """The pieces with one space between them; the same string wherever it stands, so that it tokenises the same."""
    return " ".join(_WORD.findall(text))


def words(text: str) -> list[str]:
    """Case-folded words without punctuation, for comparing."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [piece for piece in _WORD.findall(folded) if piece[0].isalnum()]
