"""What only a language model can tell: the question, and what a reply to it says."""

from __future__ import annotations

import re
from typing import Final, Literal

from webapprentice.core.keys import key_of
from webapprentice.core.records import Record
from webapprentice.core.text import clean, squeeze

Asked = Literal["fuzzy_match", "unachievable"]

_WORDS: Final[dict[Asked, re.Pattern[str]]] = {
    "fuzzy_match": re.compile(r"\b(?:partial(?:ly)?[ -]correct|incorrect|not(?: \w+)? correct|correct)\b"),
    "unachievable": re.compile(r"\b(?:different|not(?: \w+)? same|same)\b"),
}
_YES: Final = frozenset({"correct", "same"})
_LABELLED = re.compile(r"\b(?:verdict|conclusion|grade|judg[e]?ment)\W{0,4}(.*)$")


class Question(Record):
    """One question to a language model."""

    kind: Asked
    intent: str
    """The task's objective."""
    reference: str
    """The right answer, or the real reason why the task cannot be done."""
    answer: str
    """What the agent said or, for `program_html`, what the page held; white space and quotes around it are gone."""

    @property
    def key(self) -> str:
        """The same for the same question, so that one reply serves every time it is asked."""
        return key_of("webarena question", self.kind, self.intent, self.reference, self.answer)


def verdict(kind: Asked, reply: str) -> float | None:
    """1 for correct or same, 0 for anything less, None where the reply says neither. Total.

    The last line with a label before the verdict (`Verdict: correct`) counts alone. Otherwise, as in the released
    evaluators, one word of failure anywhere outweighs the rest; unlike there, `not correct` is such a word.
    """
    lines = [squeeze(line).casefold() for line in clean(reply).splitlines()]
    labelled = [found[1] for line in lines if (found := _LABELLED.search(line)) and _WORDS[kind].search(found[1])]
    said = _WORDS[kind].findall(labelled[-1] if labelled else " ".join(lines))
    if not said:
        return None
    return float(all(word in _YES for word in said))
