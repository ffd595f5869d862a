"""A page form, a spelling, a prompt and a budget, kept together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import SerializationInfo, SerializerFunctionWrapHandler, model_serializer

from webapprentice.core.actions import Action, Select
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import FOR_KEYS, key_of
from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Element, Message, Observation, Outcome, Record, Result
from webapprentice.core.text import pieces, spaced
from webapprentice.language import Read, Spelling, beginnings_compact, compose, compose_check, gist, read, undone, write
from webapprentice.page import Form, PageText, chunks, label, render
from webapprentice.page.form import Count

_FORMS = {
    Spelling.SCRIBE: Form.HTML,
    Spelling.WEBARENA: Form.AXTREE,
    Spelling.COMPACT: Form.COMPACT,
    Spelling.BROWSERGYM: Form.AXTREE,
}
_SHOWN_WORDS = 8
_UNCUT = 10**9
"""Tokens that no page has."""


class Dialect(Record):
    """What one model reads and writes; every method is a pure function of its arguments."""

    spelling: Spelling
    budget: int
    """Tokens of the page text."""
    history: int
    """Last actions that a prompt repeats."""
    answer: int
    """Tokens of one answer, at the most."""
    wording: tuple[Message, ...] = ()
    """A chat to be filled in, in place of our own; see `compose`."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """For keys, our own wording is left out: it was there before there could be another."""
        found: dict[str, Any] = write(self)
        if info.context is FOR_KEYS and not self.wording:
            del found["wording"]
        return found

    @property
    def form(self) -> Form:
        """How pages are put into text for this spelling."""
        return _FORMS[self.spelling]

    def prompt(
        self,
        goal: str,
        observation: Observation,
        said_so_far: Sequence[tuple[str, Outcome]],
        count: Count,
        target: int | None = None,
    ) -> tuple[Prompt, PageText]:
        """The chat that asks for the next action, and the page in it. `target` is never cut from the page."""
        seen = self.describe(observation, count, target)
        return self._asking(goal, observation, said_so_far, seen.text), seen

    def prompts(
        self, goal: str, observation: Observation, said_so_far: Sequence[tuple[str, Outcome]], count: Count
    ) -> tuple[Prompt, ...]:
        """One chat for each piece of a page that is over budget, its end first; for any other, what `prompt` gives.

        Pieces are cut in front of tags, so only HTML has them. Each is of at most `budget` tokens, unless a single tag
        with its text is more.
        """
        if self.form is Form.HTML:
            whole = render(observation.elements, self.form, _UNCUT, count).text
            if count(whole) > self.budget:
                above = self._above(observation)
                return tuple(
                    self._asking(goal, observation, said_so_far, "\n".join([*above, piece.rstrip("\n")]))
                    for piece in chunks(whole, self.budget, count)
                )
        return (self.prompt(goal, observation, said_so_far, count)[0],)

    def _asking(
        self, goal: str, observation: Observation, said_so_far: Sequence[tuple[str, Outcome]], page_text: str
    ) -> Prompt:
        return compose(
            self.spelling,
            goal=goal,
            url=observation.url,
            page_text=page_text,
            history=self.told(said_so_far),
            tabs=observation.tabs,
            wording=self.wording,
        )

    def told(self, said_so_far: Sequence[tuple[str, Outcome]]) -> list[str]:
        """The last actions as a prompt repeats them, each with what prevented it."""
        return [self._did(said, outcome) for said, outcome in said_so_far[-self.history :]] if self.history else []

    def describe(self, observation: Observation, count: Count, target: int | None = None) -> PageText:
        """The page as this dialect's models read it; a dialog, and the files that have been saved, stand above it."""
        seen = render(observation.elements, self.form, self.budget, count, target)
        lines = self._above(observation)
        return seen.with_(text="\n".join([*lines, seen.text]).rstrip("\n")) if lines else seen

    def _above(self, observation: Observation) -> list[str]:
        lines = [self._line("dialog", observation.dialog)] if observation.dialog else []
        saved = ", ".join(one.name for one in observation.downloads if one.state == "finished")
        if saved:
            lines.append(self._line("saved", saved))
        return lines

    def _line(self, what: str, said: str) -> str:
        if self.form is Form.COMPACT:
            return f"{what} {' '.join(pieces(said)[: 3 * _SHOWN_WORDS])}"
        return f"[{what}] {' '.join(said.split())}"

    def read(self, said: str, goal: str, observation: Observation) -> Read:
        """The action these words are, or why they are none; spaced words are looked up in the goal, then the page."""
        if self.spelling is not Spelling.COMPACT:
            return read(said, self.spelling, elements=observation.elements)
        got = read(said, self.spelling, _strings(goal, observation))
        if isinstance(got.action, Select):
            element = observation.element(got.action.node)
            if element is not None and element.options:
                options = tuple(_option(chosen, element) for chosen in got.action.options)
                return Read(action=got.action.model_copy(update={"options": options}))
        return got

    def beginnings(self, page: PageText) -> tuple[str, ...]:
        """How an action on something of this page can begin. Raises UsageError where the spelling does not begin so."""
        if self.spelling is not Spelling.COMPACT:
            raise UsageError(
                f"only answers in the compact dialect can be held to the page; with {self.spelling.value} leave "
                "grounded off"
            )
        return beginnings_compact(page.text)

    def write(self, action: Action, observation: Observation, number: int = 1, described: str = "") -> str:
        """The action as a model should say it on this page; `number` counts the step where the spelling shows it, and
        `described` says it in somebody's own words where the spelling has room for them."""
        by_id = {element.id: element for element in observation.elements}

        def words(node: int) -> str:
            element = by_id.get(node)
            return "" if element is None else label(element, observation.elements, self.form)

        return write(action, self.spelling, words, number, described)

    def check(
        self,
        goal: str,
        observation: Observation,
        said: str,
        count: Count,
        said_so_far: Sequence[tuple[str, Outcome]] = (),
    ) -> Prompt:
        """The chat that asks whether `said` was right on the page before it; the answer is `yes` or `no`."""
        keep = max(0, self.history - 1)
        return compose_check(
            self.spelling,
            goal=goal,
            url=observation.url,
            page_text=self.describe(observation, count).text,
            said=gist(said, self.spelling),
            history=[self._did(*one) for one in said_so_far[-keep:]] if keep else [],
        )

    def _did(self, said: str, outcome: Outcome) -> str:
        words = gist(said, self.spelling)
        return words if outcome.result is Result.DONE else undone(words, outcome.result.value, self.spelling)


def _strings(goal: str, observation: Observation) -> tuple[str, ...]:
    found = [goal]
    for element in observation.elements:
        found.extend(text for text in (element.name, element.text, element.value) if text)
        found.extend(element.options)
    return tuple(found)


def _option(chosen: str, element: Element) -> str:
    """The drop-down's own text of an option, which the page may have shown cut."""
    words = spaced(chosen)
    whole = next((option for option in element.options if spaced(option) == words), None)
    if whole is not None:
        return whole
    begun = (option for option in element.options if " ".join(pieces(option)[:_SHOWN_WORDS]) == words)
    return next(begun, chosen)


def prompt_key(prompt: Prompt) -> str:
    """Content key of a prompt; two prompts have one key when every role and character is the same."""
    return key_of([(message.role, message.content) for message in prompt])


_NAMED = {
    "compact": Dialect(spelling=Spelling.COMPACT, budget=700, history=3, answer=48),
    "webarena": Dialect(spelling=Spelling.WEBARENA, budget=1920, history=1, answer=384),
    "scribe": Dialect(spelling=Spelling.SCRIBE, budget=24_000, history=50, answer=500),
    "browsergym": Dialect(spelling=Spelling.BROWSERGYM, budget=1920, history=1, answer=384),
}


def load(name: str) -> Dialect:
    """The dialect of this name: compact, webarena, scribe or browsergym. Raises UsageError for any other."""
    if name not in _NAMED:
        raise UsageError(f"there is no dialect {name!r}; the dialects are {', '.join(_NAMED)}")
    return _NAMED[name]
