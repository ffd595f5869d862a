"""What a scripted solver looks at: one page, the objective, and what was done before."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from webapprentice.core.actions import Action, Click, Hover, Type, Wait
from webapprentice.core.records import Element, Observation
from webapprentice.core.text import squeeze

_T = TypeVar("_T")
PAUSE = 0.2
"""Seconds to wait when what is looked for is not there yet: an animation runs."""
_FRAME = frozenset({"query", "reward-display", "sync-task-cover", "click-canvas"})
"""Html ids of the parts of every page that are not part of its task."""


class Taken(Protocol):
    """A step of the same episode; `core.records.Step` is one."""

    @property
    def action(self) -> Action | None:
        """What was done; None when the words were no action."""
        ...

    @property
    def observation(self) -> Observation:
        """What was seen before."""
        ...


Solver = Callable[[str, Observation, Sequence[Taken]], Action]
"""(objective, what is seen now, steps so far) → the next action. Pure: the same arguments, the same action."""


class MissingError(LookupError):
    """Something a solver expects is not on the page (yet)."""


class Scene:
    """One moment of an episode, with short ways to find elements in it."""

    def __init__(self, goal: str, observation: Observation, past: Sequence[Taken] = ()) -> None:
        self.goal = goal
        self.observation = observation
        self.past = past
        self._by_node = {element.id: element for element in observation.elements}
        self._children: dict[int | None, list[Element]] = defaultdict(list)
        for element in observation.elements:
            self._children[element.parent].append(element)
        framed = {
            part.id for top in observation.elements if _html_id(top) in _FRAME for part in (top, *self.inside(top))
        }
        self.elements = [element for element in observation.elements if element.id not in framed]

    def said(self, pattern: str) -> tuple[str, ...]:
        """The groups of a pattern found in the objective."""
        found = re.search(pattern, self.goal)
        if found is None:
            raise MissingError(f"the objective does not match {pattern}")
        return tuple(group or "" for group in found.groups())

    def find(
        self,
        tag: str | None = None,
        *,
        cls: str | None = None,
        html_id: str | None = None,
        kind: str | None = None,
        text: str | None = None,
        within: Element | None = None,
        hidden: bool = False,
    ) -> list[Element]:
        """Elements that fit everything asked, in document order; invisible ones only when `hidden`."""
        pool = self.elements if within is None else self.inside(within)
        return [
            element
            for element in pool
            if element.tag != "#text"
            and (hidden or element.visible)
            and (tag is None or element.tag == tag)
            and (cls is None or cls in element.attributes.get("class", "").split())
            and (html_id is None or _html_id(element) == html_id)
            and (kind is None or element.attributes.get("type", "text") == kind)
            and (text is None or self.text(element) == text)
        ]

    def one(
        self,
        tag: str | None = None,
        *,
        cls: str | None = None,
        html_id: str | None = None,
        kind: str | None = None,
        text: str | None = None,
        within: Element | None = None,
        nth: int = 0,
        hidden: bool = False,
    ) -> Element:
        """The n-th element that fits, counted from 0; MissingError when there is none."""
        found = self.find(tag, cls=cls, html_id=html_id, kind=kind, text=text, within=within, hidden=hidden)
        if len(found) <= nth:
            raise MissingError(f"no {tag or cls or html_id} {text or ''} on the page")
        return found[nth]

    def sees(self, html_id: str) -> bool:
        """Whether an element of this html id is visible."""
        return bool(self.find(html_id=html_id))

    def inside(self, element: Element) -> list[Element]:
        """All elements and runs of text below one, in document order."""
        return [part for child in self._children[element.id] for part in (child, *self.inside(child))]

    def above(self, element: Element) -> Iterator[Element]:
        """The elements around one, nearest first."""
        while element.parent is not None and element.parent in self._by_node:
            element = self._by_node[element.parent]
            yield element

    def around(self, element: Element, tag: str | None = None, *, cls: str | None = None) -> Element:
        """The nearest element around one that has this tag and class."""
        for outer in self.above(element):
            if (tag is None or outer.tag == tag) and (cls is None or cls in outer.attributes.get("class", "").split()):
                return outer
        raise MissingError(f"nothing around is a {tag or cls}")

    def text(self, element: Element) -> str:
        """All the text inside one element, white space collapsed."""
        return squeeze(" ".join(part.text for part in (element, *self.inside(element)) if part.text))

    def numbers(self, element: Element) -> list[int]:
        """The whole numbers in an element's text."""
        return [int(number) for number in re.findall(r"-?\d+", self.text(element))]

    def done(self, action: Action) -> bool:
        """Whether exactly this was done before in this episode."""
        return any(step.action == action for step in self.past)

    def first(self, *actions: Action) -> Action:
        """The first of the actions that was not done before; when all were, the last again."""
        return next((action for action in actions if not self.done(action)), actions[-1])

    def earlier(self) -> list[Scene]:
        """The scenes of the steps before, oldest first."""
        return [Scene(self.goal, step.observation, self.past[:index]) for index, step in enumerate(self.past)]


def foremost(found: Iterable[_T]) -> _T:
    """The first of what was found; MissingError when nothing was."""
    for item in found:
        return item
    raise MissingError("nothing fits")


def click(element: Element) -> Click:
    """Click in the middle of an element."""
    return Click(node=element.id)


def hover(element: Element) -> Hover:
    """Point at an element."""
    return Hover(node=element.id)


def fill(element: Element, text: str) -> Type:
    """Type text into an element."""
    return Type(node=element.id, text=text)


def solver(decide: Callable[[Scene], Action]) -> Solver:
    """A solver from a function of a scene; it waits a moment where the function misses something."""

    def solve(goal: str, observation: Observation, past: Sequence[Taken] = ()) -> Action:
        try:
            return decide(Scene(goal, observation, past))
        except MissingError:
            return Wait(seconds=PAUSE)

    return solve


def _html_id(element: Element) -> str:
    return element.attributes.get("id", "")
