"""Large JSON files, one object at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webapprentice.importers.common import Broken

BLOCK = 1 << 20
"""Characters read at a time."""
_MARK = re.compile(r'["\\{}]')


def objects(path: Path, block: int = BLOCK) -> Iterator[dict[str, Any] | Broken]:
    """The objects of a JSON array, or of JSON lines; one that cannot be read is told by its place.

    Every character is looked at once, and no more than one object is held.
    """
    for place, text in enumerate(_pieces(path, block)):
        where = f"object {place + 1}"
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield Broken(where=where, reason="not JSON", detail=str(error)[:120], whole=True)
            continue
        yield told


def _pieces(path: Path, size: int) -> Iterator[str]:
    """Text from each outermost `{` to its `}`; what stands between them is not looked at."""
    depth, inside, escaped = 0, False, False
    held: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        while block := file.read(size):
            start = 0
            skip = -1
            if escaped:
                escaped, skip = False, 0
            for found in _MARK.finditer(block):
                at, sign = found.start(), found[0]
                if at == skip:
                    continue
                if inside:
                    if sign == "\\":
                        skip, escaped = at + 1, at + 1 == len(block)
                    elif sign == '"':
                        inside = False
                elif sign == '"':
                    inside = depth > 0
                elif sign == "{":
                    if depth == 0:
                        start = at
                    depth += 1
                elif sign == "}" and depth:
                    depth -= 1
                    if depth == 0:
                        yield "".join([*held, block[start : at + 1]])
                        held = []
            if depth:
                held.append(block[start:])
    if held:
        yield "".join(held)
