"""From words and punctuation apart back to the string they came from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from webapprentice.core.text import pieces, spaced

_PIECE = re.compile(r"[^\W_]+|[^\w\s]|_")
_CLOSES = frozenset(",.;:!?)]}%'’")
_OPENS = frozenset("([{$#")
_BINDS = frozenset("_/\\@")


def unspaced(typed: str, sources: Sequence[str] = ()) -> str:
    """The raw substring of the first source that has the pieces of `typed`, at piece borders; else a good guess.

    Linear in the length of the sources.
    """
    found = pieces(typed)
    if not found:
        return ""
    wanted = f" {' '.join(found)} "
    for source in sources:
        if found[0] in source:
            raw = _cut_from(source, wanted, len(found))
            if raw is not None:
                return raw
    return _guess(found)


def _cut_from(source: str, wanted: str, length: int) -> str | None:
    text = f" {spaced(source)} "
    at = text.find(wanted)
    if at < 0:
        return None
    first = text.count(" ", 0, at)
    start = end = 0
    for index, match in enumerate(_PIECE.finditer(source)):
        if index == first:
            start = match.start()
        if index == first + length - 1:
            end = match.end()
            break
    return source[start:end]


def _guess(found: list[str]) -> str:
    """Spaces where running text has them: none inside addresses and numbers, none before a comma."""
    if "@" in found and len(found) < 16 and not any(piece in ",;!?" for piece in found):
        return "".join(found)
    if found[1:4] == [":", "/", "/"]:
        return "".join(found)
    out = [found[0]]
    quoted = found[0] == '"'  # inside a pair of quotation marks
    for i in range(1, len(found)):
        before, here, after = found[i - 1], found[i], found[i + 1] if i + 1 < len(found) else ""
        joined = (
            (before == '"' and quoted)
            or (here == '"' and quoted)
            or here in _CLOSES
            or before in _OPENS
            or here in _BINDS
            or before in _BINDS
            or (before in ".,:" and i > 1 and found[i - 2].isdigit() and here.isdigit())
            or (before == "." and i > 1 and here[0].islower())
            or (before in "'’" and i > 1 and len(here) <= 2 and here.isalpha())
            or (here == "-" and after != "" and before.isalnum() and after[0].isalnum())
            or (before == "-" and i > 1 and found[i - 2].isalnum() and here[0].isalnum())
        )
        quoted ^= here == '"'
        out.append(here if joined else " " + here)
    return "".join(out)
