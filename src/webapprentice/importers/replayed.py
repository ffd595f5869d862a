"""Steps that were re-played with the page before each: JSON lines, the target by XPath, its tag and attributes."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from webapprentice.core.actions import Action, Click, Press, Scroll, Select, Stop, Type
from webapprentice.importers.common import Act, Broken, Item, Unusable, Workflow, css_of_xpath, opened

SKIPPED = frozenset(
    {"navigate", "wait", "evaluate", "find_elements", "search_page", "write_file", "replace_file", "extract"}
)
"""What is no action on a page that was seen: it is counted, and the workflow goes on without it."""


def read(path: Path) -> Iterator[Item]:
    """Runs of the file; the steps of one stand together."""
    rows = _rows(path)
    for (run, task), steps in groupby(rows, key=lambda row: (row.get("run"), row.get("task_id"))):
        group = list(steps)
        lost = [row for row in group if "broken" in row]
        for row in lost:
            yield Broken(where=row["broken"], reason=row.get("reason", "not a JSON object"))
        if len(lost) < len(group):
            yield from _workflow(path.name, f"{run}/{task}", [row for row in group if "broken" not in row])


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    opener = lzma.open if path.suffix == ".xz" else open
    number = 0
    try:
        with opener(opened(path), "rt", encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                told = None
                with suppress(ValueError, RecursionError):
                    told = json.loads(line)
                yield told if isinstance(told, dict) else {"broken": f"line {number}"}
    except (EOFError, lzma.LZMAError):
        yield {"broken": f"line {number + 1}", "reason": "the file is cut off or damaged from here on"}


def _workflow(file: str, name: str, rows: list[dict[str, Any]]) -> Iterator[Item]:
    made = Workflow("replayed", name, " ".join(str(rows[0].get("instruction") or "").split()))
    for row in rows:
        kind = str(row.get("action"))
        where = f"{name}, step {row.get('step')}"
        if kind in SKIPPED:
            yield Broken(where=where, reason=f"{kind} is no action on a page")
            continue
        try:
            if not row.get("html"):
                raise Unusable("no page")
            target = row.get("target") or {}
            selector = css_of_xpath(str(target["xpath"])) if target.get("xpath") else None
            action = _action(kind, row.get("args") or {}, selector is not None)
            made.step(row["html"], str(row.get("url") or ""), selector, action, str(row.get("thought") or kind))
        except Unusable as error:
            yield Broken(where=f"run {name}", reason=error.reason, detail=f"{where}: {error.detail}", whole=True)
            return
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            detail = f"{where}: {type(error).__name__}: {error}"[:120]
            yield Broken(where=f"run {name}", reason="a step that is not understood", detail=detail, whole=True)
            return
    passed = rows[0].get("recorded_passed")
    try:
        yield made.ready(f"{file}#{name}", None if passed is None else float(bool(passed)))
    except Unusable as error:
        yield Broken(where=f"run {name}", reason=error.reason, whole=True)


def _action(kind: str, told: dict[str, Any], aimed: bool) -> Action | Act:
    if kind in ("click", "input", "select_dropdown") and not aimed:
        raise Unusable("no target", kind)
    match kind:
        case "click":
            return lambda node: Click(node=node)
        case "input":
            return lambda node: Type(node=node, text=str(told["text"]), clear=bool(told.get("clear", True)))
        case "select_dropdown":
            return lambda node: Select(node=node, options=(str(told["text"]),))
        case "send_keys":
            return Press(keys=str(told["keys"]))
        case "scroll":
            way = "down" if told.get("down", True) else "up"
            return (lambda node: Scroll(direction=way, node=node)) if aimed else Scroll(direction=way)
        case "done":
            return Stop(answer=str(told.get("text") or ""))
    raise Unusable("a kind of action that is not known", kind[:40])
