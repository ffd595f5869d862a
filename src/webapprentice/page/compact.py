"""The compact form: one line an element, words and punctuation apart, ids as single tokens.

    heading Sign in
    text Enter your name
    textbox Username [22] = bob
    combobox Size [40] = small ( small | medium | large )
    checkbox Milk [31] checked
    item blue [17]

An item, button, link or picture that nothing names takes up to three words of its class or id, and its colour,
`item star [39]`; a drawn shape shows its colour and kind, `item red circle [14]`. A `|` inside an option is spelled
`||`, which no other string gives. At most 40 lines, 6 words of a text, 8 of a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from webapprentice.core.records import Element
from webapprentice.core.text import pieces, spaced
from webapprentice.page.form import IMAGES, INTERACTIVE, VALUED, Count, Cut, PageText, shows_value, word_set

LINES = 40
TEXT_WORDS = 6
NAME_WORDS = 8
VALUE_WORDS = 24
OPTIONS = 12
STATES = ("checked", "selected", "expanded", "disabled", "pressed")
_BORROWS_NOT = VALUED | {"scrollbar"}
"""Roles whose name is never taken from the text inside them."""
HINT_WORDS = 3
_BARE = VALUED | {"checkbox", "heading", "option", "radio", "scrollbar", "switch", "text"}
"""First words of lines that stay nameless when nothing names them."""
_NO_HINT = word_set("- _ : . / icon icons img image btn button ui item link clickable js")
_SHAPES = {name: name for name in ("circle", "ellipse", "line", "path", "polygon", "polyline", "text")}
_SHAPES["rect"] = "rectangle"
"""Tags that SVG draws, and what to call them."""
_COLOUR = re.compile(r"(?:fill|background|background-color):\s*([a-z]+)")
_NUMBER = re.compile(r"-?[0-9.]+")
_LABELS = frozenset({"label", "legend", "th", "dt"})


@dataclass(slots=True)
class Line:
    """One line in the making."""

    element: Element
    word: str
    name: list[str]
    anchor: Line | None = None
    """The line of the nearest element around this one that has a line."""
    borrowed: bool = False
    """The name was put together from the text inside."""
    sources: list[int] = field(default_factory=list)
    """Runs of text that the name was put together from."""
    shown: bool = True
    holds: bool = False
    """Lines of other elements stand inside: such a thing is named by nothing it does not say itself."""

    @property
    def label(self) -> str:
        """Role and name."""
        return " ".join([self.word, *self.name])

    @property
    def text(self) -> str:
        """The line as it stands on the page."""
        if self.word == "text" or (self.word == "heading" and not self.element.clickable):
            return self.label
        return self.label + f" [{self.element.id}]" + _states(self.element) + _value(self.element)


def render_compact(elements: Sequence[Element], budget: int, count: Count, target: int | None) -> PageText:
    """Lines of what can be seen and used; over 40 lines or over budget the least useful go, the target never."""
    lines = survey(elements, target)
    hidden = [e.id for e in elements if not e.visible and e.id != target and (e.clickable or e.role in INTERACTIVE)]
    cuts = [Cut(why="invisible", nodes=tuple(hidden), tokens=0)] if hidden else []
    order = sorted(range(len(lines)), key=lambda i: (_rank(lines[i], target), i))
    keep = set(order[:LINES])
    if len(order) > LINES:
        cuts.append(_cut("more than 40 lines", [lines[i] for i in sorted(order[LINES:])], count))
    text = "\n".join(lines[i].text for i in sorted(keep))
    size = count(text)
    if size > budget:
        before = keep
        text, keep = _within(lines, order[:LINES], budget, count, target)
        gone = tuple(lines[i].element.id for i in sorted(before - keep))
        cuts.append(Cut(why="over budget", nodes=gone, tokens=max(0, size - count(text))))
    kept = dict.fromkeys(node for i in sorted(keep) for node in (lines[i].element.id, *lines[i].sources))
    return PageText(text=text, kept=tuple(kept), cut=tuple(cuts))


def _within(lines: list[Line], order: list[int], budget: int, count: Count, target: int | None) -> tuple[str, set[int]]:
    """As many lines as fit, best first; the target whatever it costs."""
    room, keep = budget, []
    for i in order:
        cost = count(lines[i].text + "\n")
        if cost <= room or lines[i].element.id == target:
            keep.append(i)
            room -= cost
    while True:  # the count of the whole may differ a little from the sum of the lines
        text = "\n".join(lines[i].text for i in sorted(keep))
        last = next((i for i in reversed(keep) if lines[i].element.id != target), None)
        if last is None or count(text) <= budget:
            return text, set(keep)
        keep.remove(last)


def _cut(why: str, lines: list[Line], count: Count) -> Cut:
    return Cut(
        why=why, nodes=tuple(line.element.id for line in lines), tokens=count("\n".join(line.text for line in lines))
    )


def _rank(line: Line, target: int | None) -> int:
    """Least first to keep. It looks at the target only to protect it: a page reads the same while acting."""
    if line.element.id == target:
        return 0
    plain = line.word in ("text", "heading", "image") and not line.element.clickable
    return 1 + plain + 2 * (not line.element.in_view)


def survey(elements: Sequence[Element], target: int | None = None) -> list[Line]:
    """Every line the page would have without limits, in document order; linear in the number of elements."""
    lines: list[Line] = []
    nearest: dict[int, Line | None] = {}
    tags: dict[int, str] = {}
    labels: dict[int, int] = {}
    within_select: set[int] = set()
    used: set[int] = set()
    named: set[str] = set()
    for element in elements:
        anchor = None if element.parent is None else nearest.get(element.parent)
        if element.tag == "#text":
            nearest[element.id] = anchor
            found = pieces(element.text)
            if found and (element.visible or element.id == target):
                lines.append(Line(element, "text", found, anchor))
            continue
        tags[element.id] = element.tag
        if element.tag == "label":
            labels[element.id] = element.id
        elif element.parent in labels:
            labels[element.id] = labels[element.parent]
        if element.tag == "select" or element.parent in within_select:
            within_select.add(element.id)
        option = element.tag != "select" and element.id in within_select
        word = "" if option and element.id != target else _word(element, anchor, element.id == target)
        if not word:
            nearest[element.id] = anchor
            continue
        line = Line(element, word, pieces(element.name)[:NAME_WORDS], anchor)
        nearest[element.id] = line
        lines.append(line)
        if anchor is not None:
            anchor.holds = True
        if element.role in INTERACTIVE:
            used.add(labels.get(element.id, -1))
            named.add(element.attributes.get("id", ""))
    for line in lines:
        if line.word == "text":
            line.shown = not _said_by_anchor(line, line.element.id == target)
    for line in lines:
        line.shown = line.shown and (line.element.id == target or not _redundant(line, used, named))
    kept = _without_echoes(lines, tags, target)
    for line in kept:
        if line.word not in _BARE:
            line.name = _hinted(line)
    return kept


def _word(element: Element, anchor: Line | None, wanted: bool) -> str:
    """The first word of the element's line; empty when it has none."""
    if not element.visible and not wanted:
        return ""
    if element.role in INTERACTIVE:
        # A tab or a menu item with one link of the same words in it is one thing to press, not two.
        inside = element.role == "link" and anchor is not None and anchor.word in INTERACTIVE
        return "" if inside and not wanted and spaced(element.name) == spaced(anchor_name(anchor)) else element.role
    if element.role in IMAGES:
        inside = anchor is not None and anchor.word in INTERACTIVE
        return "" if inside and not wanted and spaced(element.name) in spaced(anchor_name(anchor)) else "image"
    if element.role == "heading":
        return "heading"
    if wanted:
        return "item"
    if not element.clickable or (anchor is not None and anchor.word in INTERACTIVE and anchor.word != "listbox"):
        return ""
    return "item"


def anchor_name(anchor: Line | None) -> str:
    """The full name of a line's element; empty for no line."""
    return "" if anchor is None else anchor.element.name


def _hinted(line: Line) -> list[str]:
    """The name; of a drawn shape also its colour and kind; of a nameless picture or item, words of its class or id."""
    element = line.element
    if line.name and element.tag not in _SHAPES:
        return line.name
    colour = _COLOUR.search(f"fill:{element.attributes.get('fill', '')};{element.attributes.get('style', '')}")
    seen = [colour[1]] if colour and colour[1] not in ("none", "rgb", "rgba", "url", "transparent") else []
    if element.tag in _SHAPES:
        three = element.tag == "polygon" and len(_NUMBER.findall(element.attributes.get("points", ""))) == 6
        drawn = [*seen, "triangle" if three else _SHAPES[element.tag]]
        return [*line.name[: NAME_WORDS - len(drawn)], *drawn]
    for attribute in ("class", "id"):
        hint = [piece for piece in pieces(element.attributes.get(attribute, "")) if piece not in _NO_HINT]
        if hint:
            return hint[:HINT_WORDS] + seen
    return seen


def _said_by_anchor(line: Line, wanted: bool) -> bool:
    """Whether the line around a run of text says it; lends words to a nameless one, and cuts the run to its length."""
    anchor, found = line.anchor, line.name
    line.name = found[:TEXT_WORDS]
    if anchor is None:
        return False
    if anchor.word != "heading" and shows_value(anchor.element):
        return not wanted
    if anchor.word in _BORROWS_NOT or (anchor.word == "item" and anchor.holds and not anchor.element.name):
        return False
    if (not anchor.element.name or anchor.borrowed) and len(anchor.name) < NAME_WORDS:
        anchor.borrowed = True
        anchor.name.extend(found[: NAME_WORDS - len(anchor.name)])
    elif not _holds(anchor.name, line.name):
        return False
    anchor.sources.append(line.element.id)
    return not wanted


def _redundant(line: Line, used: set[int], named: set[str]) -> bool:
    """A label of a control that is shown itself, or a part of an item that says the same."""
    element = line.element
    if line.word != "item":
        return False
    if element.tag == "label" and (element.id in used or element.attributes.get("for", "") in named - {""}):
        return True
    return line.anchor is not None and line.anchor.word == "item" and line.anchor.name == line.name != []


def _without_echoes(lines: list[Line], tags: dict[int, str], target: int | None) -> list[Line]:
    """The lines that stay, without runs of text that the element above or below has as its name."""
    shown = [line for line in lines if line.shown]
    after: list[Line | None] = [None] * len(shown)
    for i in range(len(shown) - 2, -1, -1):
        after[i] = shown[i + 1] if shown[i + 1].word != "text" else after[i + 1]
    kept: list[Line] = []
    before: Line | None = None
    for line, below in zip(shown, after, strict=True):
        if line.word != "text":
            before = line
        elif line.element.id != target:
            part = tags.get(line.element.parent or 0, "") in _LABELS
            echo = next((other for other in (below, before) if other is not None and _echoes(line, other, part)), None)
            if echo is not None:
                echo.sources.append(line.element.id)
                continue
        kept.append(line)
    return kept


def _echoes(line: Line, other: Line, part: bool) -> bool:
    if part:
        return _holds(other.name, line.name)
    return spaced(line.element.text) == spaced(other.element.name)


def _holds(name: list[str], found: list[str]) -> bool:
    return f" {' '.join(found)} " in f" {' '.join(name)} "


def _states(element: Element) -> str:
    if not element.states:
        return ""
    return "".join(f" {state}" for state in STATES if state in element.states)


def _value(element: Element) -> str:
    if not shows_value(element):
        return ""
    value = " ".join(pieces(element.value or "")[:VALUE_WORDS])
    if element.options:
        value = value and option_text(element.value or "")
        listed = " | ".join(option_text(option) for option in element.options[:OPTIONS])
        return (f" = {value}" if value else "") + f" ( {listed} )"
    return f" = {value}" if value else ""


def option_text(option: str) -> str:
    """An option's words; a bar inside it is doubled, because a single bar stands between options."""
    return " ".join("||" if piece == "|" else piece for piece in pieces(option)[:NAME_WORDS])
