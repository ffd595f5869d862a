"""Why some tasks have no script."""

from __future__ import annotations

from typing import Final

_DRAWN = (
    "the right point follows from a drawing: a press with an offset reaches it, the geometry is not written as a script"
)
_CLOCK = "the page moves by its own clock: what a press meets depends on how fast the machine is"
_PIXELS = "what is asked for stands in a canvas, whose pixels are not part of an observation without pictures"
_PICKER = "the colour is a place in a picture; its offset from the corner is not written as a script"
_SITE = "a form of an airline's real site with calendars of its own; no script is written for it"
_SHAPES = "shapes lie over one another and have to be told apart and dragged one by one; no script is written for it"
_PIE = "the slices open with an animation that is measured while it runs; the press falls between two states"

WITHOUT: Final[dict[str, str]] = {
    f"miniwob/{name}": why
    for why, names in {
        _DRAWN: ("bisect-angle", "circle-center", "draw-circle", "draw-line", "find-midpoint", "right-angle"),
        _CLOCK: ("button-delay", "chase-circle", "hover-shape", "moving-items", "simon-says", "stock-market"),
        _PIXELS: ("count-sides",),
        _PICKER: ("use-colorwheel", "use-colorwheel-2"),
        _SITE: ("flight.AA", "flight.Alaska", "flight.Alaska-auto", "flight.Alaska-auto-medium"),
        _SHAPES: ("drag-shapes", "drag-shapes-2"),
        _PIE: ("click-pie", "click-pie-nodelay"),
        "boxes are named by synonyms of the words in the objective: it takes a model": ("click-checkboxes-soft",),
        "submenus open under the pointer and close again when it leaves them on its way": ("click-menu-2",),
        "an event is drawn over half-hours of a calendar and then filled in; no script is written for it": (
            "daily-calendar",
        ),
        "how far a drag turns the cube is not told by the page; no script is written for it": ("drag-cube",),
        "the spot is found by feeling around with the pointer; no script is written for it": ("hot-cold",),
        "a figure is to be drawn with boxes; its shape is not on the page": ("number-checkboxes",),
        "words are to be marked inside an editor before they are formatted; no script is written for it": (
            "text-editor",
        ),
        "the other side plays at random, and may win": ("tic-tac-toe",),
    }.items()
    for name in names
}
"""Task id → why no script solves it."""
