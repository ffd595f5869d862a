"""The accessibility-tree form: one node a line, `[id] role 'name'` and its properties, tabs for depth.

[4] heading 'Sign in'
[6] textbox 'Username' value: 'bob' required: True
[9] combobox 'Size' value: 'small' options: 'small', 'medium'
[12] list 'Cities'
    [13] StaticText 'Paris'
"""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.records import Element
from webapprentice.core.text import squeeze
from webapprentice.page.form import INTERACTIVE, Count, Cut, PageText, shows_value
from webapprentice.page.outline import Outline, squeeze_in

DEPTH = 40
"""Tabs at the most: beyond it, depth tells nothing and would cost the square of it."""
_RUN = 100
_OPTIONS = 24
_NAMELESS = INTERACTIVE | {"heading", "dialog", "alertdialog", "form", "table", "grid", "row", "main", "iframe"}
"""Roles that are shown even when they have no name."""
_NO_ROLE = frozenset({"", "generic", "none", "presentation", "StaticText", "InlineTextBox", "LineBreak"})
_STATES = ("checked", "selected", "pressed", "expanded", "collapsed", "disabled", "focused", "required", "readonly")


def render_axtree(elements: Sequence[Element], budget: int, count: Count, target: int | None) -> PageText:
    """Lines of at most `budget` tokens; the target's line stays."""
    tree = _Tree(Outline(elements, target))
    cuts = [Cut(why="invisible", nodes=tree.hidden, tokens=0)] if tree.hidden else []
    text = tree.draw()
    size = count(text)
    if size > budget:
        touched = tree.shorten()
        if touched:
            text = tree.draw()
            after = count(text)
            cuts.append(Cut(why="long text", nodes=touched, tokens=max(0, size - after)))
            size = after
    if size > budget:
        text, keep = squeeze_in(tree.sizes(), tree.ranks(), budget, count, tree.draw)
        gone = tuple(e.id for e, line, stays in zip(elements, tree.lines, keep, strict=True) if line and not stays)
        cuts.append(Cut(why="over budget", nodes=gone, tokens=max(0, size - count(text))))
    return PageText(text=text, kept=tuple(tree.drawn), cut=tuple(cuts))


def node_label(element: Element) -> str:
    """Role and name, as the tree shows them."""
    if element.tag == "#text":
        return f"StaticText {squeeze(element.text)[:_RUN]!r}"
    return f"{_role(element)} {squeeze(element.name)[:_RUN]!r}"


def _role(element: Element) -> str:
    if element.role not in _NO_ROLE:
        return element.role
    return "LabelText" if element.tag == "label" else "generic"


def _line(element: Element, limit: int | None = None) -> str:
    if element.tag == "#text":
        return f"[{element.id}] StaticText {squeeze(element.text)[:limit]!r}"
    line = f"[{element.id}] {_role(element)} {squeeze(element.name)[:limit]!r}"
    if shows_value(element) and element.value:
        line += f" value: {squeeze(element.value)[:limit]!r}"
    if element.options:
        line += " options: " + ", ".join(repr(squeeze(option)) for option in element.options[:_OPTIONS])
    if element.states:
        line += "".join(f" {state}: True" for state in _STATES if state in element.states)
    return line


class _Tree:
    """Lines by index; an empty line is a node that is not shown."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.drawn: list[int] = []
        self.lines = [""] * len(outline.elements)
        hidden = []
        said: list[str] = []  # name of the nearest shown node around
        options: list[bool] = []  # inside a drop-down that lists its options itself
        for i, (element, above) in enumerate(zip(outline.elements, outline.parent, strict=True)):
            listed = above >= 0 and options[above]
            around = said[above] if above >= 0 else ""
            options.append(listed or bool(element.options))
            said.append(around)
            if i != outline.target:
                if not element.visible:
                    hidden.append(element.id)
                    continue
                if listed or not _worth_a_line(element, around):
                    continue
                if above >= 0 and _is_value(element, outline.elements[above]):
                    continue
            self.lines[i] = _line(element)
            if element.tag != "#text":
                said[i] = squeeze(element.name)
        self.hidden = tuple(hidden)

    def shorten(self) -> tuple[int, ...]:
        """Names, values and texts cut to 100 characters, but the target's."""
        touched = []
        for i, element in enumerate(self.outline.elements):
            if len(self.lines[i]) > _RUN and i != self.outline.target:
                short = _line(element, _RUN)
                if short != self.lines[i]:
                    self.lines[i] = short
                    touched.append(element.id)
        return tuple(touched)

    def sizes(self) -> list[int]:
        """Characters of each line, its line break and some tabs."""
        return [len(line) + 4 if line else 0 for line in self.lines]

    def ranks(self) -> list[int]:
        """Least first to stay; 0 for the target."""
        target, rank = self.outline.target, self.outline.rank
        return [0 if i == target else rank(i) for i in range(len(self.lines))]

    def draw(self, keep: Sequence[bool] | None = None) -> str:
        """The lines that are kept, indented by the kept nodes around them; notes the node ids in `drawn`."""
        outline = self.outline
        depth = [0] * len(self.lines)
        out: list[str] = []
        self.drawn = []
        for i, line in enumerate(self.lines):
            above = outline.parent[i]
            depth[i] = depth[above] if above >= 0 else 0
            if line and (keep is None or keep[i]):
                out.append("\t" * min(depth[i], DEPTH) + line)
                depth[i] += 1
                self.drawn.append(outline.elements[i].id)
        return "\n".join(out)


def _is_value(element: Element, above: Element) -> bool:
    return element.tag == "#text" and shows_value(above) and bool(above.value)


def _worth_a_line(element: Element, around: str) -> bool:
    if element.tag == "#text":
        words = squeeze(element.text)
        return bool(words) and (not around or f" {words} " not in f" {around} ")
    if element.clickable or element.role in _NAMELESS:
        return True
    return element.role not in _NO_ROLE and bool(element.name.strip())
