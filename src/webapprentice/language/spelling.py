"""One door to the three spellings."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from webapprentice.core.actions import Action
from webapprentice.language.compact import read_compact, write_compact
from webapprentice.language.reading import Label, Read, Unreadable, only


class Spelling(StrEnum):
    """How actions are written."""

    SCRIBE = "scribe"
    WEBARENA = "webarena"
    COMPACT = "compact"


_HISTORY_WORDS = 40


def write(action: Action, spelling: Spelling | str, label: Label, number: int = 1) -> str:
    """The action as a model should say it; `number` counts the step, which only ScribeAgent's spelling shows."""
    match Spelling(spelling):
        case Spelling.COMPACT:
            return write_compact(action, label)
    raise NotImplementedError(spelling)


def read(text: str, spelling: Spelling | str, sources: Sequence[str] = ()) -> Read:
    """The action that an answer spells, or the reason why it spells none. Never raises, never executes.

    An answer with two different actions is refused: nobody can say which was meant. `sources` are the strings
    (goal first, then the page's) in which spaced words of the compact spelling are looked up.
    """
    try:
        match Spelling(spelling):
            case Spelling.COMPACT:
                lines = _lines(text)
                return Read(action=only(lambda line: read_compact(line, sources), lines))
    except Unreadable as error:
        return Read(reason=str(error))
    raise NotImplementedError(spelling)


def gist(said: str, spelling: Spelling | str) -> str:
    """The part of an answer that the next prompts repeat: its action without the thoughts, of bounded length."""
    match Spelling(spelling):
        case Spelling.COMPACT:
            line = said.lstrip()[:2000].split("\n", 1)[0]
            return " ".join(line.split()[:_HISTORY_WORDS])
    raise NotImplementedError(spelling)


def _lines(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.isspace() and line]
    if not lines:
        raise Unreadable("the answer is empty")
    return lines
