"""Truth from a file: which attempts did what was asked, as somebody else judged them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webapprentice.core.faults import UsageError

_WORDS = {
    "true": True,
    "1": True,
    "yes": True,
    "false": False,
    "0": False,
    "no": False,
    "": None,
    "null": None,
    "none": None,
    "unknown": None,
}


def read_labels(path: Path) -> dict[str, bool | None]:
    """Key of an attempt → whether it did what was asked; None where nobody could say.

    The file is JSON lines or CSV (by its ending) with `key` and `label`. Raises UsageError that names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the labels {path}: {error}; give a .jsonl or .csv file") from error
    found: dict[str, bool | None] = {}
    for number, row in _rows(path, text):
        key, label = row.get("key"), row.get("label")
        word = str(label).strip().lower() if label is not None else ""
        if not isinstance(key, str) or not key or "label" not in row or word not in _WORDS:
            raise UsageError(
                f"{path}, line {number}: give `key` and `label`, which is true, false or empty; this was {row!r}"[:300]
            )
        if key in found and found[key] is not _WORDS[word]:
            raise UsageError(f"{path}, line {number}: {key} has two labels; keep one")
        found[key] = _WORDS[word]
    if not found:
        raise UsageError(f"{path} holds no labels; give lines with `key` and `label`")
    return found


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if path.suffix.lower() == ".csv":
        for row in (reader := csv.DictReader(io.StringIO(text))):
            yield reader.line_num, row
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: no JSON: {error}") from error
        if not isinstance(row, dict):
            raise UsageError(f"{path}, line {number}: give an object with `key` and `label`")
        yield number, row
