"""The element table as a tree of indices, and the last resort when a page is over budget.

Nothing here recurses: pages of 20,000 levels exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from webapprentice.core.records import Element
from webapprentice.page.form import INTERACTIVE, Count

_BAND = 400
"""CSS pixels; elements out of view are ranked by how many bands away they are."""
_TRIES = 12


class Outline:
    """Parents and children by index in document order; an element whose parent is not before it is a root."""

    def __init__(self, elements: Sequence[Element], target: int | None) -> None:
        self.elements = elements
        self.parent: list[int] = []
        at: dict[int | None, int] = {}
        for i, element in enumerate(elements):
            self.parent.append(at.get(element.parent, -1))
            at.setdefault(element.id, i)
        self.target = -1 if target is None else at.get(target, -1)
        self.ancestors: set[int] = set()
        above = self.target
        while above >= 0:
            self.ancestors.add(above)
            above = self.parent[above]

    @cached_property
    def children(self) -> list[list[int]]:
        """Indices of the elements right inside of each."""
        found: list[list[int]] = [[] for _ in self.elements]
        for i, above in enumerate(self.parent):
            if above >= 0:
                found[above].append(i)
        return found

    @property
    def roots(self) -> list[int]:
        """Indices of the elements inside of none."""
        return [i for i, above in enumerate(self.parent) if above < 0]

    def rank(self, i: int) -> int:
        """How soon this goes when room is short, higher sooner: far from view, then structure, then text."""
        element = self.elements[i]
        band = 0
        if not element.in_view:
            y, height = element.box[1], element.box[3]
            band = 1 + min(20, max(y, -(y + height), 0) // _BAND)
        owner = self.elements[self.parent[i]] if element.tag == "#text" and self.parent[i] >= 0 else element
        if owner.clickable or owner.role in INTERACTIVE or owner.role == "heading":
            kind = 0
        else:
            kind = 1 if element.tag == "#text" else 2
        return 1 + 3 * band + kind


def squeeze_in(
    sizes: Sequence[int],
    ranks: Sequence[int],
    budget: int,
    count: Count,
    draw: Callable[[Sequence[bool]], str],
) -> tuple[str, list[bool]]:
    """The text of as many units as the budget takes, lowest rank first; units of rank 0 stay whatever they cost.

    `sizes` are characters; tokens are counted on a dozen whole drafts at the most, never unit by unit.
    """
    order = sorted(range(len(sizes)), key=ranks.__getitem__)
    keep = [True] * len(sizes)
    room = sum(sizes)
    text = draw(keep)
    for _ in range(_TRIES):
        size = count(text)
        if size <= budget:
            return text, keep
        if budget <= 0:
            break
        room = min(int(room * 0.95), int(room * budget / size))
        keep, left = [False] * len(sizes), room
        for i in order:
            if ranks[i] == 0 or sizes[i] <= left:
                keep[i] = True
                left -= sizes[i]
        text = draw(keep)
    keep = [rank == 0 for rank in ranks]
    return draw(keep), keep
