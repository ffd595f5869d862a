"""One door to the three forms."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.records import Element
from webapprentice.core.text import pieces
from webapprentice.page.axtree import node_label, render_axtree
from webapprentice.page.compact import NAME_WORDS, render_compact, survey
from webapprentice.page.form import Count, Form, PageText
from webapprentice.page.markup import render_markup, tag_label


def render(
    elements: Sequence[Element], form: Form | str, budget: int, count: Count, target: int | None = None
) -> PageText:
    """The page as text of at most `budget` tokens as `count` counts them.

    The element `target`, and in HTML the tags around it, is never cut, even when it alone is over budget. It changes
    nothing else, so a training row shows what the model would have seen. Time is linear in the number of elements.
    """
    match Form(form):
        case Form.COMPACT:
            return render_compact(elements, budget, count, target)
        case Form.AXTREE:
            return render_axtree(elements, budget, count, target)
        case Form.HTML:
            return render_markup(elements, budget, count, target)


def label(element: Element, elements: Sequence[Element], form: Form | str) -> str:
    """What an action says about the element it points at: `button ok`, `button 'ok'`, or the opening tag."""
    match Form(form):
        case Form.COMPACT:
            return _compact_label(element, elements)
        case Form.AXTREE:
            return node_label(element)
        case Form.HTML:
            return tag_label(element)


def _compact_label(element: Element, elements: Sequence[Element]) -> str:
    line = next((line for line in survey(elements, element.id) if line.element.id == element.id), None)
    if line is not None:
        return line.label
    return " ".join(["item", *pieces(element.name or element.text)[:NAME_WORDS]])
