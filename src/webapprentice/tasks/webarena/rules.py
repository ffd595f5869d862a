"""The comparisons of WebArena's evaluators as they were released, each with its quirks.

`docs/webarena-evaluators.md` lists the quirks one by one; `mends` holds what `verified` puts in their place.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from webapprentice.tasks.webarena.records import OR
from webapprentice.tasks.webarena.tokens import stands_alone


class Rules(Protocol):
    """How texts and addresses are compared."""

    def equal(self, reference: str, text: str) -> bool:
        """`exact_match`."""
        ...

    def answered(self, reference: str, answer: str, alone: bool) -> bool:
        """`must_include` of an answer; `alone`: it is the only reference."""
        ...

    def shown(self, reference: str, content: str) -> bool:
        """`must_include` of what a page holds; alternatives are joined by ` |OR| `."""
        ...

    def reached(self, reference: str, url: str) -> bool:
        """`url_match`; alternatives are joined by ` |OR| `."""
        ...

    @property
    def keeps_parts(self) -> bool:
        """Whether what was judged before an unachievable task's answer still counts."""
        ...

    @property
    def asks_of_nothing(self) -> bool:
        """Whether a judge is asked about an empty answer; else it is wrong."""
        ...


def bare(text: str) -> str:
    """Without white space around it, then without one pair of quotes around it, in lower case."""
    text = text.strip()
    for quote in ("'", '"'):
        if text.startswith(quote) and text.endswith(quote):
            return text[1:-1].lower()
    return text.lower()


class Released:
    """As WebArena released them (version 0.2.0 and libwebarena 0.0.5)."""

    keeps_parts = False
    asks_of_nothing = True

    def equal(self, reference: str, text: str) -> bool:
        """Equal but for case, white space around, and a pair of quotes around."""
        return bare(reference) == bare(text)

    def answered(self, reference: str, answer: str, alone: bool) -> bool:
        """A part of the answer; a sole reference of one character must be a word of it. ` |OR| ` is plain text here."""
        wanted, said = bare(reference), bare(answer)
        if alone and len(wanted) == 1 and not wanted.isspace():
            return stands_alone(wanted, said)
        return wanted in said

    def shown(self, reference: str, content: str) -> bool:
        """Some alternative is a part of the content, inside a word or number too."""
        return any(bare(one) in bare(content) for one in reference.split(OR))

    def reached(self, reference: str, url: str) -> bool:
        """Host and path of some alternative are a part of the page's host and path, whatever comes before or after.

        For each name in the queries of all alternatives together, some value that one of them gives is there.
        """
        wanted = [_parts(one) for one in reference.split(OR)]
        base, query = _parts(url)
        values: dict[str, set[str]] = {}
        for _, one in wanted:
            for name, given in one.items():
                values.setdefault(name, set()).update(given)
        return any(one in base for one, _ in wanted) and all(
            given & set(query.get(name, ())) for name, given in values.items()
        )


def _parts(url: str) -> tuple[str, dict[str, list[str]]]:
    """Host with path, and the query; slashes at the end of the whole address do not count."""
    found = urlsplit(url.rstrip("/"))
    return found.netloc + found.path, parse_qs(found.query)
