"""How the answers of the stages are read. Pure: every string gives a meaning, or None where it has none."""

from __future__ import annotations

import re
from typing import NamedTuple

from webapprentice.core.actions import Action
from webapprentice.core.text import squeeze
from webapprentice.language import Spelling, read

_SUMMARY = re.compile(r"summary\W*?:\W*(completed?|incompleted?)\b(.*)", re.IGNORECASE | re.DOTALL)
_CHOICE = re.compile(r"choice\W*?:\W*(?:no\.?\s+|number\s+)?([0-9]{1,4}|none)\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"[*\s]*(?:[|,;:]|[-.–—](?=\s|$))?[*\s]*")
_LABEL = re.compile(r"^(?:the\s+)?(?:answer|note)\s*:\s*", re.IGNORECASE)
_NOT_AVAILABLE = re.compile(r"""["'`*(\[]*n\s*/\s*a["'`*)\]]*\.?["'`*)\]]*""", re.IGNORECASE)
_NOTHING = frozenset({"", "none", "-", "nothing"})


class Verdict(NamedTuple):
    """What the check says."""

    completed: bool
    words: str
    """The answer, or the note; empty for none."""


def read_check(text: str) -> Verdict | None:
    """The verdict of the last `Summary: completed | ANSWER` or `Summary: incomplete | NOTE`."""
    at = text.lower().rfind("summary")
    found = _SUMMARY.match(text, at) if at >= 0 else None
    if found is None:
        return None
    completed = found[1].lower().startswith("complete")
    return Verdict(completed, normalised(_LABEL.sub("", _SEPARATOR.sub("", found[2], count=1))))


def normalised(answer: str) -> str:
    """The answer on one line; `N/A` however it was written, and empty where it says that there is none."""
    plain = squeeze(answer).rstrip("*`").strip()
    if _NOT_AVAILABLE.fullmatch(plain):
        return "N/A"
    return "" if plain.lower().rstrip(".") in _NOTHING else plain


def read_choice(text: str, number: int) -> int | None:
    """The chosen place, from 0, among `number` proposals; -1 when all are rejected; None when it says neither."""
    found = _CHOICE.findall(text)
    if not found:
        return None
    if found[-1].lower() == "none":
        return -1
    place = int(found[-1]) - 1
    return place if 0 <= place < number else None


def read_action(text: str) -> Action | None:
    """The fenced action."""
    return read(text, Spelling.WEBARENA).action


def read_objective(text: str) -> str | None:
    """The rewritten objective, on one line, without what announces it."""
    plain = re.sub(r"^[*_\s]*(?:objective|specifically|plan)\s*:[*_\s]*", "", squeeze(text), flags=re.IGNORECASE)
    return plain or None
