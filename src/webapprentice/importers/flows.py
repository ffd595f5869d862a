"""User flows of Chrome's DevTools Recorder: the JSON as records, read with every mistake named."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from webapprentice.core.records import Record
from webapprentice.importers.common import Unusable

MOST_BYTES = 20_000_000
"""A flow is a list of clicks; a file larger than this is something else."""
MOST_SELECTORS = 20
"""Alternatives for one element that are tried."""
LONGEST_WAIT = 300.0
"""Seconds that a step may ask to be waited for."""
OURS = "webapprentice"
"""Name of the custom steps that hold one of our own actions."""
Selector = tuple[str, ...]
"""From the outermost shadow host to the element itself."""
BUTTONS: dict[str, Literal["left", "right", "middle"]] = {
    "primary": "left",
    "secondary": "right",
    "auxiliary": "middle",
}
_CODES = {
    "Space": " ",
    "NumpadEnter": "Enter",
    "\r": "Enter",
    "\n": "Enter",
    "NumpadAdd": "+",
    "NumpadSubtract": "-",
    "NumpadMultiply": "*",
    "NumpadDivide": "/",
    "NumpadDecimal": ".",
    "NumpadEqual": "=",
    "Semicolon": ";",
    "Equal": "=",
    "Comma": ",",
    "Minus": "-",
    "Period": ".",
    "Slash": "/",
    "Backquote": "`",
    "BracketLeft": "[",
    "Backslash": "\\",
    "BracketRight": "]",
    "Quote": "'",
}
MODIFIERS = ("Control", "Shift", "Alt", "Meta")


class FlowStep(Record):
    """One step of a flow. What its type does not use is empty."""

    type: str
    selectors: tuple[Selector, ...] = ()
    """Alternatives for one element, the best first."""
    frame: tuple[int, ...] = ()
    """Which frame of which frame; empty for the main document."""
    target: str = "main"
    """`main`, or the address of another tab."""
    url: str = ""
    value: str = ""
    key: str = ""
    """As our own keys are called."""
    button: Literal["left", "right", "middle"] = "left"
    offset: tuple[float, float] | None = None
    size: tuple[int, int] | None = None
    scroll: tuple[float, float] = (0.0, 0.0)
    operator: Literal[">=", "==", "<="] = "=="
    count: int = 1
    name: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    timeout: float | None = None
    """Seconds."""


class Flow(Record):
    """A recorded user flow."""

    title: str
    steps: tuple[FlowStep, ...]


AIMED = frozenset({"click", "doubleClick", "change", "hover", "waitForElement"})
TYPES = AIMED | {
    *("setViewport", "navigate", "keyDown", "keyUp", "scroll", "close", "emulateNetworkConditions"),
    *("waitForExpression", "customStep"),
}


def load(path: Path) -> Flow:
    """The flow in a file. Raises Unusable, with the step that cannot be read."""
    if path.stat().st_size > MOST_BYTES:
        raise Unusable("too large for a flow", f"more than {MOST_BYTES:,} bytes")
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Unusable("not JSON", str(error)[:120]) from error
    return flow_of(told)


def flow_of(told: Any) -> Flow:
    """The flow that this JSON value is. Raises Unusable."""
    if not isinstance(told, dict) or not isinstance(told.get("steps"), list):
        raise Unusable("not a flow of the Recorder", "there is no list of steps")
    steps = []
    for place, step in enumerate(told["steps"]):
        try:
            steps.append(_step(step))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            line = " ".join(str(error).split())[:120]
            raise Unusable("a step that is not understood", f"step {place + 1}: {line}") from error
    return Flow(title=" ".join(str(told.get("title") or "").split())[:500], steps=tuple(steps))


def _step(told: Any) -> FlowStep:
    kind = told["type"]
    if kind not in TYPES:
        raise ValueError(f"no step is of the type {str(kind)[:40]!r}")
    found: dict[str, Any] = {"type": kind, "target": str(told.get("target") or "main")}
    found["frame"] = tuple(int(place) for place in told.get("frame") or ())
    found["selectors"] = tuple(_selector(one) for one in (told.get("selectors") or ())[:MOST_SELECTORS])
    if kind in AIMED and not found["selectors"]:
        raise ValueError(f"a {kind} without selectors")
    if told.get("timeout") is not None:
        found["timeout"] = min(max(_finite(told["timeout"]) / 1000, 0.0), LONGEST_WAIT)
    match kind:
        case "navigate":
            found["url"] = str(told["url"])
        case "click" | "doubleClick":
            button = told.get("button") or "primary"
            if button not in BUTTONS:
                raise ValueError(f"the button {str(button)[:40]!r} presses nothing on a page")
            found["button"] = BUTTONS[button]
            if told.get("offsetX") is not None and told.get("offsetY") is not None:
                found["offset"] = (_finite(told["offsetX"]), _finite(told["offsetY"]))
        case "change":
            found["value"] = str(told["value"])
        case "keyDown" | "keyUp":
            found["key"] = key_of_code(str(told["key"]))
        case "scroll":
            found["scroll"] = (_finite(told.get("x") or 0), _finite(told.get("y") or 0))
        case "setViewport":
            found["size"] = (int(told["width"]), int(told["height"]))
        case "waitForElement":
            found["operator"] = told.get("operator") or "=="
            found["count"] = int(told.get("count", 1))
        case "customStep":
            found["name"] = str(told.get("name") or "")
            parameters = told.get("parameters")
            found["parameters"] = parameters if isinstance(parameters, dict) else {}
    return FlowStep.model_validate(found)


def _finite(told: Any) -> float:
    number = float(told)
    if not math.isfinite(number):
        raise ValueError(f"{number} is no number of pixels or milliseconds")
    return number


def _selector(told: Any) -> Selector:
    parts = [told] if isinstance(told, str) else list(told)
    if not parts or not all(isinstance(part, str) and part for part in parts):
        raise ValueError("a selector is a text or a list of texts")
    return tuple(parts)


def key_of_code(key: str) -> str:
    """Our name of a key that the Recorder names by its character, its name or its code."""
    if key in _CODES:
        return _CODES[key]
    found = re.fullmatch(r"(?:Key|Digit|Numpad)([A-Z0-9])", key)
    if found:
        return found[1].lower()
    found = re.fullmatch(r"(Control|Shift|Alt|Meta)(?:Left|Right)?", key)
    return found[1] if found else key
