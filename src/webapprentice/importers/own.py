"""Our own JSONL, as `apprentice export` writes it; raw pages and pictures stay in the store that it came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from webapprentice.core.records import Trajectory
from webapprentice.importers.common import Broken, Item, Ready, opened


def read(path: Path) -> Iterator[Item]:
    """One trajectory a line; a line that is none is told and passed over."""
    with opened(path).open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                found = Trajectory.model_validate_json(line)
                if [step.index for step in found.steps] != list(range(len(found.steps))):
                    yield Broken(where=f"line {number}", reason="steps out of order", whole=True)
                else:
                    yield Ready(found, {})
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"]))
                detail = f"{where or 'the line'}: {first['msg']}"[:200]
                yield Broken(where=f"line {number}", reason="not a trajectory", detail=detail, whole=True)
