"""Solvers for pages where something is dragged, set by keys or marked: outside the split, but proof that drags work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from webapprentice.core.actions import Action, Drag, Press, Type
from webapprentice.core.records import Element
from webapprentice.tasks.solvers.scene import Scene, click, foremost

_PLACES: Final = {"1st": 0, "2nd": 1, "3rd": 2}
_WAYS: Final = {"left": (-25, 0), "right": (25, 0), "up": (0, -25), "down": (0, 25)}
_FURTHER: Final = 8
"""CSS pixels."""
_ROWS: Final = {"top": 0, "center": 1, "bottom": 2}
_COLUMNS: Final = {"left": 0, "center": 1, "right": 2}


def into_box(scene: Scene) -> Action:
    """Drag the small box into the large one, then submit."""
    small, large = scene.one(html_id="draggableSmall"), scene.one(html_id="draggableLarge")
    x, y = (at + size // 2 for at, size in zip(large.box[:2], large.box[2:], strict=True))
    by = (x - small.box[0] - small.box[2] // 2, y - small.box[1] - small.box[3] // 2)
    if any(isinstance(step.action, Drag) for step in scene.past):
        return click(scene.one("button"))
    return Drag(node=small.id, by=by)


def that_way(scene: Scene) -> Action:
    """Drag the shape a little in one direction, then submit."""
    (way,) = scene.said(r"(left|right|up|down) then")
    return scene.first(
        Drag(node=foremost(scene.find(cls="black-circle") + scene.find(cls="black-shape")).id, by=_WAYS[way]),
        click(scene.one("button")),
    )


def mark_text(scene: Scene) -> Action:
    """Drag over a paragraph from its first letter to its last, then submit."""
    place = re.search(r"the (\w+) paragraph", scene.goal)
    text = scene.one(html_id="randomText")
    if place and place[1] in _PLACES:
        text = scene.one("p", within=text, nth=_PLACES[place[1]])
    _, _, width, height = text.box
    mark = Drag(node=text.id, at=(0, 4), to=text.id, to_at=(width - 1, height - 3))
    return scene.first(mark, click(scene.one("button")))


def resize(scene: Scene) -> Action:
    """Drag the right or lower edge of a text area in or out, then submit."""
    side, size = scene.said(r"the (width|height) is (smaller|larger)")
    way = 15 if size == "larger" else -15
    edge = scene.one(cls="ui-resizable-e" if side == "width" else "ui-resizable-s")
    by = (way, 0) if side == "width" else (0, way)
    return scene.first(Drag(node=edge.id, by=by), click(scene.one("button")))


# Lists that are sorted by dragging


def _items(scene: Scene) -> list[Element]:
    return [item for item in scene.find("li") if scene.text(item)]


def _carry(items: list[Element], start: int, end: int) -> Drag:
    """Drag an item over another's place and a little further: it settles when most of the other is covered."""
    away = (to - at for at, to in zip(items[start].box[:2], items[end].box[:2], strict=True))
    x, y = (way + _FURTHER * ((way > 0) - (way < 0)) for way in away)
    return Drag(node=items[start].id, by=(x, y))


def move_item(scene: Scene) -> Action:
    """Drag a list item to another place of the list."""
    items = _items(scene)
    name, where = scene.said(r"Drag ([\w-]+) (?:to the )?(.*)\.")
    start = [scene.text(item) for item in items].index(name)
    ends = {"top": 0, "bottom": len(items) - 1, "up by one position": start - 1, "down by one position": start + 1}
    number = re.match(r"\d", where)
    return _carry(items, start, int(number[0]) - 1 if number else ends[where])


def move_in_grid(scene: Scene) -> Action:
    """Drag an item of a grid of three by three to another place."""
    items = _items(scene)
    name, where = scene.said(r"Drag ([\w-]+) (?:to the )?(.*)\.")
    start = [scene.text(item) for item in items].index(name)
    steps = {"up by one": -3, "down by one": 3, "left by one": -1, "right by one": 1}
    if where in steps:
        return _carry(items, start, start + steps[where])
    row, _, column = where.partition(" ")
    return _carry(items, start, 3 * _ROWS[row] + _COLUMNS[column or "center"])


def sort_numbers(scene: Scene) -> Action:
    """Bring the smallest number that stands too low to its place, until all are sorted."""
    items = _items(scene)
    values = [scene.numbers(item)[0] for item in items]
    for end, value in enumerate(sorted(values)):
        if values[end] != value:
            return _carry(items, values.index(value, end), end)
    return click(scene.one("button"))


# Sliders


def _slide(handle: Element, rail: Element, now: int, wanted: int, span: int) -> Drag:
    _, _, width, height = rail.box
    if width >= height:
        return Drag(node=handle.id, by=(round((wanted - now) * width / span), 0))
    return Drag(node=handle.id, by=(0, -round((wanted - now) * height / span)))


def slide_three(scene: Scene) -> Action:
    """Set three sliders from 0 to 20, then submit."""
    wanted = map(int, scene.said(r"combination \[(\d+),(\d+),(\d+)\]"))
    for number, value in enumerate(wanted, 1):
        (now,) = scene.numbers(scene.one(html_id=f"val-{number}"))
        if now != value:
            rail = scene.one(html_id=f"slider-{number}")
            return _slide(scene.one(cls="ui-slider-handle", within=rail), rail, now, value, 20)
    return click(scene.one("button"))


def slide_and_tick(scene: Scene) -> Action:
    """Set a slider from -10 to 10, tick a box, submit."""
    value, place = scene.said(r"Select (-?\d+) with the slider, click the (\w+) checkbox")
    (now,) = scene.numbers(scene.one(html_id="val"))
    if now != int(value):
        return _slide(scene.one(cls="ui-slider-handle"), scene.one(html_id="slider"), now, int(value), 20)
    return scene.first(click(scene.one("input", nth=_PLACES[place])), click(scene.one("button")))


def slide(scene: Scene) -> Action:
    """Learn the slider's ends by keys, drag it near the number, step to it by keys, submit."""
    (wanted,) = map(int, scene.said(r"Select (-?\d+) with"))
    handle, rail = scene.one(cls="ui-slider-handle"), scene.one(html_id="slider")
    (now,) = scene.numbers(scene.one(html_id="val"))
    if now == wanted:
        return click(scene.one("button"))
    home, end = Press(keys="Home", node=handle.id), Press(keys="End", node=handle.id)
    if not scene.done(end):
        return scene.first(home, end)
    known = [moment.numbers(moment.one(html_id="val"))[0] for moment in (*scene.earlier(), scene)]
    if not any(isinstance(step.action, Drag) for step in scene.past):
        return _slide(handle, rail, now, wanted, max(known) - min(known))
    return Press(keys="ArrowRight" if wanted > now else "ArrowLeft", node=handle.id)


# A terminal


def delete_file(scene: Scene) -> Action:
    """List the files, then delete one with the ending asked for."""
    field = scene.one(html_id="terminal-target")
    listing = Type(node=field.id, text="ls", submit=True)
    if not scene.done(listing):
        return listing
    ending = re.search(r"extension (\.[\w.]+)", scene.goal)
    names = scene.text(scene.find(cls="output")[-1]).split()
    name = foremost(name for name in names if (name.endswith(ending[1]) if ending else "." not in name))
    return Type(node=field.id, text=f"rm {name}", submit=True)


DRAGGING: Final[dict[str, Callable[[Scene], Action]]] = {
    "drag-box": into_box,
    "drag-circle": that_way,
    "drag-single-shape": that_way,
    "drag-items": move_item,
    "drag-items-grid": move_in_grid,
    "drag-sort-numbers": sort_numbers,
    "highlight-text": mark_text,
    "highlight-text-2": mark_text,
    "resize-textarea": resize,
    "use-slider": slide,
    "use-slider-2": slide_three,
    "form-sequence": slide_and_tick,
    "terminal": delete_file,
}
"""Page name → what to do next."""
