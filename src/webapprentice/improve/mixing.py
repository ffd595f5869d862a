"""Rows of attempts and rows that were made up become one set."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.keys import key_of
from webapprentice.core.records import Example
from webapprentice.improve.config import Mixture


def mixed(own: Sequence[Example], made: Sequence[Example], mixture: Mixture, seed: int) -> list[Example]:
    """The rows that the mixture asks for, in a seeded order; each kind keeps its mean weight of 1.

    `mixture.synthetic` made-up rows for each of `own`, the first of an order that depends on the rows alone; all of
    them where there are fewer.
    """
    wanted = round(mixture.synthetic * len(own))
    drawn = sorted(made, key=lambda row: key_of(seed, "mixture", row.trajectory, row.step))[:wanted]
    rows = [*(own if mixture.in_domain else ()), *drawn]
    return sorted(rows, key=lambda row: key_of(seed, "rows", row.trajectory, row.step)) if drawn else rows
