"""Mind2Web (arXiv 2306.06070) and Multimodal-Mind2Web: JSON files of tasks with the page before each action."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webapprentice.core.actions import Action, Click, Select, Type
from webapprentice.importers.common import Act, Broken, Item, Unusable, Workflow, opened
from webapprentice.importers.streams import objects


def read(path: Path) -> Iterator[Item]:
    """Tasks of a JSON array or of JSON lines, one at a time."""
    place = -1
    for place, told in enumerate(objects(opened(path))):
        if isinstance(told, Broken):
            yield told
            continue
        name = str(told.get("annotation_id") or f"{path.stem}-{place}")
        try:
            yield _task(path.name, name, told)
        except Unusable as error:
            yield Broken(where=f"task {name}", reason=error.reason, detail=error.detail, whole=True)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            detail = f"{type(error).__name__}: {error}"[:120]
            yield Broken(where=f"task {name}", reason="not a task of Mind2Web", detail=detail, whole=True)
    if place < 0:
        yield Broken(where=path.name, reason="no JSON object in the file", whole=True)


def _task(file: str, name: str, told: dict[str, Any]) -> Item:
    made = Workflow("mind2web", name, " ".join(str(told["confirmed_task"]).split()))
    said = list(map(str, told.get("action_reprs") or ()))
    for place, action in enumerate(told["actions"]):
        operation = action["operation"]
        targets = action.get("pos_candidates") or ()
        if not targets:
            raise Unusable("a step without a target on its page", f"step {place + 1}")
        html = str(action.get("cleaned_html") or action.get("raw_html") or "")
        node = str(_first(targets)["backend_node_id"])
        made.step(
            html,
            f"https://{told.get('website') or 'unknown'}.mind2web.invalid/",
            f'[backend_node_id="{node}"]',
            _action(operation["op"], str(operation.get("value") or "")),
            said[place] if place < len(said) else operation["op"],
        )
    return made.ready(f"{file}#{name}")


def _first(targets: Any) -> dict[str, Any]:
    """The element that the person's event reached, where it is told; it is a JSON string in the multimodal files."""
    found = [json.loads(target) if isinstance(target, str) else target for target in targets]
    marked = [target for target in found if target.get("is_original_target")]
    chosen: dict[str, Any] = (marked or found)[0]
    return chosen


def _action(operation: str, value: str) -> Action | Act:
    match operation.upper():
        case "CLICK" | "HOVER" | "ENTER":  # the benchmark counts all three as a click
            return lambda node: Click(node=node)
        case "TYPE":
            return lambda node: Type(node=node, text=value)
        case "SELECT":
            return lambda node: Select(node=node, options=(value,))
    raise Unusable("an operation that is not known", operation[:40])
