"""Solvers for pages of shapes and colours: outside the split, but they prove that the actions work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from webapprentice.core.actions import Action
from webapprentice.core.records import Element
from webapprentice.tasks.solvers.scene import Scene, click, foremost

_FIGURES: Final = {"rect": "rectangle", "circle": "circle", "polygon": "triangle"}
_LARGE: Final = 16
"""Height in CSS pixels from which a shape on the grid is a large one (they are 10 and 20)."""


def coloured_box(scene: Scene) -> Action:
    """Click the box of a colour."""
    (colour,) = scene.said(r"Click on the (\w+) colored box")
    paint = re.compile(rf"background-color: {colour}\b")
    return click(foremost(box for box in scene.find(cls="color") if paint.search(box.attributes.get("style", ""))))


def shades(scene: Scene) -> Action:
    """Mark all shades of red, green or blue, then submit."""
    (colour,) = scene.said(r"shades of (\w+)")
    for box in scene.find("span"):
        channels = [int(part) for part in re.findall(r"\d+", box.attributes.get("style", ""))[:3]]
        fits = len(channels) == 3 and ("red", "green", "blue")[channels.index(max(channels))] == colour
        if fits and "selected" not in box.attributes.get("class", ""):
            return click(box)
    return click(scene.one("button"))


def coordinate(scene: Scene) -> Action:
    """Click the point of a grid."""
    return click(scene.one("circle", html_id=scene.said(r"(\(-?\d,-?\d\))")[0]))


def _shapes(scene: Scene) -> list[Element]:
    return [shape for shape in scene.elements if shape.tag in (*_FIGURES, "text")]


def _fits(scene: Scene, shape: Element, description: str) -> bool:
    *features, noun = description.split()
    text = scene.text(shape)
    kind = "shape" if shape.tag in _FIGURES else "digit" if text.isdigit() else "letter"
    known = {"large" if shape.box[3] >= _LARGE else "small", shape.attributes.get("fill", "")}
    return set(features) <= known and noun in ("item", kind, _FIGURES.get(shape.tag, text))


def described_shape(scene: Scene) -> Action:
    """Click a shape of the grid by its description."""
    (description,) = scene.said(r"Click on a (.*)")
    return click(foremost(shape for shape in _shapes(scene) if _fits(scene, shape, description)))


def count_shapes(scene: Scene) -> Action:
    """Click the button with the number of shapes of a description."""
    (description,) = scene.said(r"How many (.*)s are there")
    amount = sum(_fits(scene, shape, description) for shape in _shapes(scene))
    return click(scene.one("button", text=str(amount)))


def shape_name(scene: Scene) -> Action:
    """Click the button that says what the figure is."""
    shape = foremost(_shapes(scene))
    text = scene.text(shape)
    name = _FIGURES.get(shape.tag) or ("number" if text.isdigit() else "letter")
    return click(scene.one("button", text=name.capitalize()))


def ascending(scene: Scene) -> Action:
    """Click 1, then the squares over the other numbers, which stand in order."""
    numbers = [shape for shape in scene.find("text") if scene.text(shape) == "1"]
    return click(numbers[0] if numbers else scene.one("rect"))


DRAWN: Final[dict[str, Callable[[Scene], Action]]] = {
    "click-color": coloured_box,
    "click-shades": shades,
    "grid-coordinate": coordinate,
    "click-shape": described_shape,
    "count-shape": count_shapes,
    "identify-shape": shape_name,
    "ascending-numbers": ascending,
}
"""Page name → what to do next."""
