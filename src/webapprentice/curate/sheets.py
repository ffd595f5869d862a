"""What a model is asked about a recorded step: prompts like those of training rows, and how its answers are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from webapprentice.core.actions import Action
from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Observation, Outcome, Result, Step, Trajectory
from webapprentice.core.text import clean
from webapprentice.dialect import Dialect
from webapprentice.language import compose, gist, read, undone, write
from webapprentice.page import Scribe, chunks, label
from webapprentice.page.form import Count
from webapprentice.page.numbering import MARK, scribe_numbers

Pages = Literal["default", "scribe", "scribe_tail"]
"""`default`: the page within the budget. `scribe`: ScribeAgent's pruning, in chunks. `scribe_tail`: its last one."""

Blob = Callable[[str], bytes]
"""The bytes that the store has under a key."""

_NODE = re.compile(r'<[a-z][^<>]* node="(\d+)"')
_NOWHERE = -1
"""Stands for a node id that no element of the page has."""


class Sheet(NamedTuple):
    """One step as it is asked: a prompt for each piece of its page."""

    prompts: tuple[Prompt, ...]
    parts: tuple[frozenset[int], ...]
    """Node ids of the element table that each prompt shows."""
    numbers: Mapping[int, int] | None
    """From the element table's ids to those of the prompts; None where they are the same."""
    read: Callable[[str], Action | None]
    """The action of an answer, with the element table's ids."""

    @property
    def shown(self) -> frozenset[int]:
        """Node ids of the element table that some prompt shows."""
        return frozenset().union(*self.parts)

    def holding(self, node: int) -> int | None:
        """The first prompt that shows an element; None where none does."""
        return next((place for place, part in enumerate(self.parts) if node in part), None)

    def number(self, node: int) -> int | None:
        """The id that the prompts have for an element."""
        return node if self.numbers is None else self.numbers.get(node)


class Desk:
    """Makes sheets for one dialect and one way to show pages."""

    def __init__(self, dialect: Dialect, pages: Pages, history: str, count: Count, blob: Blob) -> None:
        self.dialect = dialect
        self._pages = pages
        self._history = history
        self._count = count
        self._blob = blob
        self._scribe = Scribe(count, protect=False)
        self._numbers: dict[str, dict[int, int]] = {}
        self._pruned = ("", "")
        """The last page, by its key."""

    def sheet(self, trajectory: Trajectory, place: int) -> Sheet:
        """The step at this place, with the true steps before it as its history.

        Raises UsageError where ScribeAgent's pages are asked for and the step has no HTML.
        """
        if self._pages != "default":
            return self._chunked(trajectory, place)
        return self._whole(trajectory, place)

    def target(self, step: Step) -> int | None:
        """The node that a step points at."""
        node = getattr(step.action, "node", None)
        return node if isinstance(node, int) else None

    def _whole(self, trajectory: Trajectory, place: int) -> Sheet:
        seen = trajectory.steps[place].observation
        prompt, page = self.dialect.prompt(trajectory.goal, seen, self._told(trajectory, place), self._count)

        def answer(said: str) -> Action | None:
            return self.dialect.read(said, trajectory.goal, seen).action

        return Sheet(prompts=(prompt,), parts=(frozenset(page.kept),), numbers=None, read=answer)

    def _told(self, trajectory: Trajectory, place: int) -> list[tuple[str, Outcome]]:
        """The steps before, as training rows tell them."""
        told = []
        for number, step in enumerate((*trajectory.before, *trajectory.steps[:place]), start=1):
            spell = self._history != "said" and step.prompt_key is None
            said = step.said
            if spell and step.action is not None:
                said = self.dialect.write(step.action, step.observation, number, own_words(step, self._history))
            told.append((said, step.outcome))
        return told

    def _chunked(self, trajectory: Trajectory, place: int) -> Sheet:
        seen = trajectory.steps[place].observation
        numbers = self.numbers(seen)
        back = {number: node for node, number in numbers.items()}
        pieces = self._pieces(seen, self.dialect.budget)
        if self._pages == "scribe_tail":
            pieces = pieces[:1]
        prompts = tuple(self.prompt(trajectory, place, piece) for piece in pieces)
        parts = _shown(pieces, back)

        def answer(said: str) -> Action | None:
            action = read(said, self.dialect.spelling).action
            return None if action is None else renumbered(action, back)

        return Sheet(prompts=prompts, parts=parts, numbers=numbers, read=answer)

    def parts(self, seen: Observation, budget: int) -> tuple[frozenset[int], ...]:
        """Node ids of the element table in each chunk that ScribeAgent's rules make of a page, its end first."""
        return _shown(self._pieces(seen, budget), {number: node for node, number in self.numbers(seen).items()})

    def _pieces(self, seen: Observation, budget: int) -> list[str]:
        key = seen.html or ""
        if key != self._pruned[0]:
            self._pruned = key, self._scribe.prune(self._html(seen)).text
        return chunks(self._pruned[1], budget, self._count) or [""]

    def prompt(self, trajectory: Trajectory, place: int, piece: str) -> Prompt:
        """The prompt with this piece of a page that ScribeAgent's rules made, and a history in its node ids."""
        kept = trajectory.steps[max(0, place - self.dialect.history) : place]
        first = place - len(kept) + 1
        history = [self._did(step, number) for number, step in enumerate(kept, first)]
        url = trajectory.steps[place].observation.url
        return compose(self.dialect.spelling, goal=trajectory.goal, url=url, page_text=piece, history=history)

    def _did(self, step: Step, number: int) -> str:
        words = gist(self.spelled(step, number), self.dialect.spelling)
        result = step.outcome.result
        return words if result is Result.DONE else undone(words, result.value, self.dialect.spelling)

    def spelled(self, step: Step, number: int) -> str:
        """A step in ScribeAgent's spelling and node ids; its own words where it has no action."""
        if step.action is None:
            return step.said
        numbers = self.numbers(step.observation)
        back = {shown: node for node, shown in numbers.items()}

        def words(shown: int) -> str:
            element = step.observation.element(back.get(shown, _NOWHERE))
            if element is None:
                return ""
            return label(element.model_copy(update={"id": shown}), step.observation.elements, self.dialect.form)

        action = renumbered(step.action, numbers)
        return write(action, self.dialect.spelling, words, number, own_words(step, self._history))

    def numbers(self, seen: Observation) -> dict[int, int]:
        """ScribeAgent's node ids of a page's elements."""
        key = seen.html or ""
        if key not in self._numbers:
            if len(self._numbers) > 200:
                self._numbers.clear()
            html = self._html(seen)
            numbers = scribe_numbers(html)
            listed = {element.id for element in seen.elements if element.tag != "#text"}
            if not (MARK in html and numbers.keys() & listed) and numbers.keys() != listed:
                raise UsageError("the node ids of this collection are not those of its HTML; use pages=default")
            self._numbers[key] = numbers
        return self._numbers[key]

    def _html(self, seen: Observation) -> str:
        if seen.html is None:
            raise UsageError(
                "ScribeAgent's pages need the HTML of every page, which this collection lacks; use pages=default"
            )
        return clean(self._blob(seen.html).decode("utf-8", "replace"))


def _shown(pieces: Sequence[str], back: Mapping[int, int]) -> tuple[frozenset[int], ...]:
    return tuple(frozenset(back[int(n)] for n in _NODE.findall(piece) if int(n) in back) for piece in pieces)


def own_words(step: Step, history: str) -> str:
    """How a step is described by whoever did it, where that is asked for."""
    return step.said if history == "described" and step.prompt_key is None else ""


def renumbered(action: Action, numbers: Mapping[int, int]) -> Action:
    """The action with other node ids; an id that is not among them becomes that of no element."""
    changes = {
        name: numbers.get(node, _NOWHERE)
        for name in ("node", "to")
        if isinstance(node := getattr(action, name, None), int)
    }
    return action.model_copy(update=changes)
