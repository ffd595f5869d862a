"""One door to the four spellings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from webapprentice.core.actions import Action
from webapprentice.core.records import Element
from webapprentice.core.text import squeeze
from webapprentice.language.browsergym import calls_in, read_browsergym, write_browsergym
from webapprentice.language.compact import read_compact, write_compact
from webapprentice.language.reading import Label, Read, Unreadable, only
from webapprentice.language.scribe import blocks, read_scribe, write_scribe
from webapprentice.language.webarena import candidates, read_webarena, write_webarena


class Spelling(StrEnum):
    """How actions are written."""

    SCRIBE = "scribe"
    """ScribeAgent's five lines."""
    WEBARENA = "webarena"
    """Reasoning and a fenced action with arguments in brackets."""
    COMPACT = "compact"
    """One line in the words of the page, for small models."""
    BROWSERGYM = "browsergym"
    """One function call, as BrowserGym's agents write it."""


_GIST = 600
"""Characters of history that one answer leaves, at the most."""
_GIST_WORDS = 40
_STEP_NUMBER = re.compile(r"^\s*[0-9]{1,6}\.\s*")


def write(action: Action, spelling: Spelling | str, label: Label, number: int = 1, words: str = "") -> str:
    """The action as a model should say it; `number` counts the step, which only ScribeAgent's spelling shows, and
    `words` describe it in somebody's own way, for which only that has room.

    `label` gives the words for a node id. All but compact spell every action without loss. Compact text loses its
    white space; `read` finds it again where a source holds the string, so text that no source holds, white space at
    the ends of a text, and addresses and keys with spaces in them come back changed. No action is refused.
    """
    match Spelling(spelling):
        case Spelling.COMPACT:
            return write_compact(action, label)
        case Spelling.WEBARENA:
            return write_webarena(action)
        case Spelling.SCRIBE:
            return write_scribe(action, label, number, words)
        case Spelling.BROWSERGYM:
            return write_browsergym(action)
        case never:
            assert_never(never)


def read(text: str, spelling: Spelling | str, sources: Sequence[str] = (), elements: Sequence[Element] = ()) -> Read:
    """The action that an answer spells, or the reason why it spells none. Never raises, never executes.

    An answer with two different actions is refused: nobody can say which was meant. `sources` are the strings
    (goal first, then the page's) in which spaced words of the compact spelling are looked up; `elements` are the
    page's, in which BrowserGym's calls that name a point find the element there.
    """
    chosen = Spelling(spelling)
    try:
        match chosen:
            case Spelling.COMPACT:
                return Read(action=only(lambda line: read_compact(line, sources), _lines(text)))
            case Spelling.WEBARENA:
                return Read(action=read_webarena(text))
            case Spelling.SCRIBE:
                return Read(action=read_scribe(text))
            case Spelling.BROWSERGYM:
                return Read(action=read_browsergym(text, elements))
            case never:
                assert_never(never)
    except Unreadable as error:
        return Read(reason=str(error))


def gist(said: str, spelling: Spelling | str) -> str:
    """The part of an answer that the next prompts repeat: its action without the thoughts, of bounded length."""
    chosen = Spelling(spelling)
    try:
        if chosen is Spelling.WEBARENA:
            return squeeze(candidates(said)[0][:_GIST])
        if chosen is Spelling.BROWSERGYM:
            return squeeze(calls_in(said)[0][:_GIST])
        if chosen is Spelling.SCRIBE:
            block = blocks(said)[0][: 4 * _GIST]
            lines = (squeeze(line)[:_GIST] for line in _STEP_NUMBER.sub("", block).split("\n"))
            return "\n".join([line for line in lines if line][:4])
    except Unreadable:
        return squeeze(said[:_GIST])
    line = said.lstrip()[: 4 * _GIST].split("\n", 1)[0]
    return " ".join(line.split()[:_GIST_WORDS])


def undone(words: str, why: str, spelling: Spelling | str) -> str:
    """A line of history, marked with the name of what prevented it."""
    if Spelling(spelling) is Spelling.COMPACT:
        return f"{words} ! {why}"
    first, found, rest = words.partition("\n")
    return f"{first} (not done: {why}){found}{rest}"


def _lines(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line and not line.isspace()]
    if not lines:
        raise Unreadable("the answer is empty")
    return lines
