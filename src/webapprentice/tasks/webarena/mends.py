"""What `verified` puts in the place of the released evaluators' known faults.

Each has a name and a section in `docs/webarena-evaluators.md`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qs, urlsplit

from webapprentice.tasks.webarena.records import OR, TaskRecord
from webapprentice.tasks.webarena.rules import Released, bare

_FIGURE: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?")
_SOLE_FIGURE: Final = re.compile(rf"[$€£]?(?:{_FIGURE.pattern})%?")


class Mended(Released):
    """The released comparisons with `alternatives`, `figures`, `lone-characters`, `addresses` and `parts` mended."""

    keeps_parts = True

    def answered(self, reference: str, answer: str, alone: bool) -> bool:
        """Some alternative is there, as a whole figure or word where it is one."""
        return any(_holds(bare(one), bare(answer), alone) for one in reference.split(OR))

    def shown(self, reference: str, content: str) -> bool:
        """As for an answer; one character may be a part of a word, as released."""
        return any(_holds(bare(one), bare(content), False) for one in reference.split(OR))

    def reached(self, reference: str, url: str) -> bool:
        """One alternative by itself: the same host, its path or one below it, and its query's values."""
        return any(_leads(one, url) for one in reference.split(OR))


def _holds(wanted: str, said: str, alone: bool) -> bool:
    if _SOLE_FIGURE.fullmatch(wanted):
        return _figures(wanted)[0] in _figures(said)
    if alone and len(wanted) == 1 and wanted.isalpha():
        return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", said) is not None
    before = r"(?<!\d)" if wanted[:1].isdigit() else ""
    after = r"(?!\d)" if wanted[-1:].isdigit() else ""
    return re.search(f"{before}{re.escape(wanted)}{after}", said) is not None


def _figures(text: str) -> list[Decimal]:
    return [Decimal(found.replace(",", "")) for found in _FIGURE.findall(text)]


def _leads(reference: str, url: str) -> bool:
    wanted, found = urlsplit(reference.rstrip("/")), urlsplit(url.rstrip("/"))
    if wanted.netloc.lower() != found.netloc.lower():
        return False
    path = wanted.path.rstrip("/")
    if found.path.rstrip("/") != path and not found.path.startswith(f"{path}/"):
        return False
    query = parse_qs(found.query)
    return all(set(values) & set(query.get(name, ())) for name, values in parse_qs(wanted.query).items())


def corrected(record: TaskRecord) -> TaskRecord:
    """The record with its own known mistakes corrected."""
    return record
