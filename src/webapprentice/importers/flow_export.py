"""Our trajectories as user flows of Chrome's DevTools Recorder."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from webapprentice.core.actions import Action, Click, CloseTab, Goto, Hover, Press, Select, Type
from webapprentice.core.records import Element, Observation, Result, Trajectory
from webapprentice.importers.aiming import FRAMES, hosts_of
from webapprentice.importers.flows import BUTTONS, MODIFIERS, OURS

_BUTTON = {ours: theirs for theirs, ours in BUTTONS.items()}
_LONGEST = 64
"""Characters of a text that is used as a selector."""
Json = dict[str, Any]


def flow_json(trajectory: Trajectory) -> str:
    """The flow, as the Recorder's import takes it. Steps that were not done are left out."""
    steps: list[Json] = []
    if trajectory.steps:
        first = trajectory.steps[0].observation
        width, height = first.viewport if all(first.viewport) else (1280, 720)
        steps.append(
            {
                "type": "setViewport",
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "isMobile": False,
                "hasTouch": False,
                "isLandscape": width > height,
            }
        )
        start = next((url for url in trajectory.task.start_urls if url), first.url)
        if start:
            steps.append({"type": "navigate", "url": start, "assertedEvents": [{"type": "navigation", "url": start}]})
    for step in trajectory.steps:
        if step.action is not None and step.outcome.result is Result.DONE:
            steps += _steps(step.action, step.observation)
    return json.dumps({"title": trajectory.goal, "steps": steps}, indent=2, ensure_ascii=False)


def _steps(action: Action, seen: Observation) -> list[Json]:
    element = seen.element(action.node) if getattr(action, "node", None) is not None else None  # type: ignore[union-attr,arg-type]
    target = next((tab.url for place, tab in enumerate(seen.tabs) if tab.active and place), "main")
    match action:
        case Goto(url=url):
            return [{"type": "navigate", "url": url, "target": target}]
        case CloseTab():
            return [{"type": "close", "target": target}]
        case Press(keys=keys, node=None):
            return _keys(keys, target)
    aimed = _aimed(element, seen, target) if element is not None else None
    if aimed is not None and element is not None:
        match action:
            case Click():
                x, y = action.at or (element.box[2] // 2, element.box[3] // 2)
                kind = "doubleClick" if action.count == 2 else "click"
                return [{"type": kind, **aimed, "button": _BUTTON[action.button], "offsetX": x, "offsetY": y}]
            case Hover():
                return [{"type": "hover", **aimed}]
            case Type(clear=True):
                made = [{"type": "change", **aimed, "value": action.text}]
                return made + (_keys("Enter", target) if action.submit else [])
            case Select(options=(option,)):
                return [{"type": "change", **aimed, "value": option}]
    targets = {
        name: described(seen.elements, node)
        for name in ("node", "to")
        if (node := getattr(action, name, None)) is not None
    }
    parameters = {"action": action.model_dump(mode="json"), "targets": targets}
    return [{"type": "customStep", "name": OURS, "parameters": parameters, "target": target}]


def _keys(keys: str, target: str) -> list[Json]:
    """Down in order, up in reverse."""
    parts = ["+"] if keys.strip() == "+" else [part.strip() or " " for part in re.split(r"(?<!^)\+(?!$)", keys)]
    held = [part for part in parts[:-1] if part in MODIFIERS]
    down = [{"type": "keyDown", "target": target, "key": key} for key in (*held, parts[-1])]
    up = [{"type": "keyUp", "target": target, "key": key} for key in (parts[-1], *reversed(held))]
    return down + up


def _aimed(element: Element, seen: Observation, target: str) -> Json | None:
    """The fields that point at an element; None where nothing about it is its own alone."""
    hosts = hosts_of(seen.elements)
    here = [one for one in seen.elements if one.tag != "#text" and hosts[one.id] == hosts[element.id]]
    found: list[str] = []
    if element.name and len([one for one in here if (one.name, one.role) == (element.name, element.role)]) == 1:
        found.append(f'aria/{element.name}[role="{element.role}"]' if element.role else f"aria/{element.name}")
    css = _css(element, here)
    if css:
        found += [css, f"pierce/{css}"]
    text = next((one.text for one in seen.elements if one.tag == "#text" and one.parent == element.id), "")
    if text and len(text) <= _LONGEST and [one.text for one in seen.elements].count(text) == 1:
        found.append(f"text/{text}")
    if not found:
        return None
    path: list[int] = []
    host = hosts[element.id]
    while host is not None:
        inner = [one.id for one in seen.elements if one.tag in FRAMES and hosts[one.id] == hosts[host]]
        path.insert(0, inner.index(host))
        host = hosts[host]
    aimed: Json = {"target": target, "selectors": [[selector] for selector in found]}
    return {**aimed, "frame": path} if path else aimed


def _css(element: Element, here: Sequence[Element]) -> str:
    for name in ("id", "data-testid", "name", "placeholder", "href"):
        value = element.attributes.get(name, "")
        if value and [one.attributes.get(name) for one in here].count(value) == 1:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\a ")
            return f'{element.tag}[{name}="{quoted}"]'
    return ""


def described(elements: Sequence[Element], node: int) -> Json:
    """An element in words that find it again: what it is, and which of those it is."""
    element = next((one for one in elements if one.id == node), None)
    if element is None:
        return {}
    same = [one.id for one in elements if _alike(one) == _alike(element)]
    return {"tag": element.tag, "role": element.role, "name": element.name or element.text, "nth": same.index(node)}


def matching(elements: Sequence[Element], about: object) -> int | None:
    """The node id of the element that `described` has put in words; None where there is none."""
    if not isinstance(about, dict):
        return None
    sought = (about.get("tag"), about.get("role"), about.get("name"))
    same = [one.id for one in elements if _alike(one) == sought]
    nth = about.get("nth")
    return same[nth] if isinstance(nth, int) and 0 <= nth < len(same) else None


def _alike(element: Element) -> tuple[str, str, str]:
    return element.tag, element.role, element.name or element.text
