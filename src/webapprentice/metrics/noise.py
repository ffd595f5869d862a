"""How many of a filter's rows are wrong, foretold for tasks whose truth nobody knows.

Tasks differ: a filter that is right nine times in ten may be wrong all the time on one task. An interval for a set of
other tasks must hold the luck of which tasks those are, beside the luck of those that it was calibrated on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from webapprentice.core.records import Record
from webapprentice.metrics.intervals import Floats, Interval, percentile

LEAST: Final = 4
"""Tasks that a calibration, and one of its groups, must have."""
_BANDS: Final = (1 / 3, 2 / 3)
_CELLS: Final = 4_000_000


class Known(Record):
    """One task of a calibration: what the filter kept of it, and how much of that was wrong."""

    task: str
    eligible: int
    """Attempts that there were to choose from."""
    kept: int
    wrong: int
    """Kept and not solved."""
    rows: int
    wrong_rows: int
    """Steps of the kept, and of the wrong ones."""


class Asked(Record):
    """One task of a kept set whose truth is not known."""

    task: str
    eligible: int
    kept: int
    rows: int


def expected_noise(
    known: Sequence[Known],
    asked: Sequence[Asked],
    *,
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> Interval | None:
    """The share of wrong rows in the kept set `asked`, with an interval for the share itself (not for its mean).

    A task's noise is taken to be that of a calibrated task of its group, drawn in proportion to rows. Groups are
    thirds of the share of attempts that the filter kept (known without a truth): what is kept often is wrong less
    often. Where a group has fewer than `LEAST` calibrated tasks, all are drawn from. Each replicate draws the
    calibrated tasks anew (bootstrap over tasks), then one of them for each task asked about; its noise is drawn from
    Beta(wrong + 1/2, right + 1/2) (Jeffreys). The level is raised as few tasks demand (`expanded`). None with fewer
    than `LEAST` calibrated tasks, or nothing kept.
    """
    known = [one for one in known if one.kept and one.rows]
    asked = [one for one in asked if one.kept and one.rows]
    if len(known) < LEAST or not asked:
        return None
    random = np.random.default_rng(seed)
    weights = np.array([one.rows for one in asked], dtype=np.float64)
    weights /= weights.sum()
    shares = np.array([one.wrong_rows / one.rows for one in known])
    rows = np.array([one.rows for one in known], dtype=np.float64)
    groups = [_group(one.kept, one.eligible, known) for one in asked]
    estimate = float(
        sum(weight * (shares[g] @ rows[g]) / rows[g].sum() for weight, g in zip(weights, groups, strict=True))
    )
    draws = np.empty(resamples)
    block = max(1, _CELLS // max(len(known) * len(asked), 1))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        draws[start : start + size] = _draws(known, rows, groups, weights, size, random)
    few = min(len(known), len(asked))
    band = percentile(draws, estimate, expanded(level, few), "bootstrap over calibrated tasks, one drawn for each task")
    low, high = min(band.low, estimate), max(band.high, estimate)
    return band.model_copy(update={"low": low, "high": high, "level": level})


def expanded(level: float, clusters: int) -> float:
    """The level at which percentiles of so few clusters cover `level` (Hesterberg, 2015, Am. Stat. 69:371).

    1 - 2 Φ(-√(n/(n-1)) t), t the quantile of Student's distribution with n - 1 degrees of freedom, by its expansion in
    1/(n - 1) to the second order (Abramowitz and Stegun, 26.7.5).
    """
    if clusters < 2:
        return level
    free, z = clusters - 1, NormalDist().inv_cdf(0.5 + level / 2)
    t = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    return 1 - 2 * NormalDist().cdf(-math.sqrt(clusters / free) * t)


def _group(kept: int, eligible: int, known: Sequence[Known]) -> npt.NDArray[np.intp]:
    """Places of the calibrated tasks of which about as large a share was kept."""
    bands = np.searchsorted(_BANDS, [one.kept / max(one.eligible, 1) for one in known])
    same = np.flatnonzero(bands == np.searchsorted(_BANDS, kept / max(eligible, 1)))
    return same if len(same) >= LEAST else np.arange(len(known))


def _draws(
    known: Sequence[Known],
    rows: Floats,
    groups: Sequence[npt.NDArray[np.intp]],
    weights: Floats,
    size: int,
    random: np.random.Generator,
) -> Floats:
    """`size` replicates of the noise; shape (size,)."""
    number = len(known)
    times = random.multinomial(number, np.full(number, 1.0 / number), size=size)
    wrong = np.array([one.wrong for one in known]) + 0.5
    right = np.array([one.kept - one.wrong for one in known]) + 0.5
    found = np.zeros(size)
    for weight, group in zip(weights, groups, strict=True):
        chance = times[:, group] * rows[group]
        empty = chance.sum(axis=1) == 0
        chance[empty] = rows[group]
        total = np.cumsum(chance, axis=1)
        place = (total < random.random((size, 1)) * total[:, -1:]).sum(axis=1)
        drawn = group[place]
        found += weight * random.beta(wrong[drawn], right[drawn])
    return found
