"""Intervals and exact tests of shares, with numpy alone.

Every share lies in [0, 1]; nothing here is a percentage.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from webapprentice.core.records import Record

Floats = npt.NDArray[np.float64]


class Interval(Record):
    """An estimate with its two-sided interval, in the estimate's own unit."""

    estimate: float
    low: float
    high: float
    level: float = 0.95
    method: str = ""
    """wilson, clopper-pearson, or bootstrap with what was resampled."""

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if not self.low <= self.high:
            raise ValueError(f"an interval runs upwards; this one is [{self.low}, {self.high}]")
        return self

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside, for differences and relative gains."""
        return self.low > 0.0 or self.high < 0.0


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval | None:
    """Wilson's score interval of a share; None where nothing was tried.

    centre = (p + z²/2n) / (1 + z²/n), half width = z √(p(1-p)/n + z²/4n²) / (1 + z²/n)
    (E. B. Wilson, 1927, JASA 22:209). Assumes independent trials: episodes of one task are not, so beside an overall
    rate stand the clustered intervals of `success`.
    """
    _check(successes, trials, level)
    if trials == 0:
        return None
    share = successes / trials
    z = NormalDist().inv_cdf(0.5 + level / 2)
    shrink = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / shrink
    # At 0 and n the bound is exactly 0 or 1; rounding must not move it across the estimate.
    low = 0.0 if successes == 0 else min(centre - half, share)
    high = 1.0 if successes == trials else max(centre + half, share)
    return Interval(estimate=share, low=low, high=high, level=level, method="wilson")


def exact(successes: int, trials: int, level: float = 0.95) -> Interval | None:
    """Clopper and Pearson's interval (1934, Biometrika 26:404): never covers less than `level`; None without trials.

    The lower bound solves P(X ≥ k) = (1 - level)/2, the upper P(X ≤ k) = (1 - level)/2, each by bisection.
    """
    _check(successes, trials, level)
    if trials == 0:
        return None
    tail = (1 - level) / 2
    share = successes / trials
    low = 0.0 if successes == 0 else _rising(lambda p: 1 - binomial_cdf(successes - 1, trials, p), tail)
    high = 1.0 if successes == trials else _rising(lambda p: -binomial_cdf(successes, trials, p), -tail)
    return Interval(estimate=share, low=low, high=high, level=level, method="clopper-pearson")


def binomial_cdf(successes: int, trials: int, share: float) -> float:
    """P(X ≤ successes) for X binomial with `trials` draws of probability `share`."""
    if successes < 0:
        return 0.0
    if successes >= trials or share <= 0.0:
        return 1.0
    if share >= 1.0:
        return 0.0
    return float(min(1.0, np.exp(_log_pmf(trials, share)[: successes + 1]).sum()))


def binomial_test(successes: int, trials: int, share: float = 0.5) -> float:
    """Two-sided exact p-value: the probability of every count at most as likely as the one seen.

    The tolerance 1e-7 on "as likely" is the usual guard against rounding (R's binom.test). 1.0 without trials.
    """
    _check(successes, trials, 0.95)
    if not 0.0 < share < 1.0:
        raise ValueError(f"the share under test lies strictly between 0 and 1, not at {share}")
    if trials == 0:
        return 1.0
    chances = np.exp(_log_pmf(trials, share))
    return float(min(1.0, chances[chances <= chances[successes] * (1 + 1e-7)].sum()))


def percentile(draws: Floats, estimate: float, level: float, method: str) -> Interval:
    """The percentile interval of bootstrap replicates (Efron, 1979). `draws` has shape (resamples,).

    Bounds are replicates themselves (no interpolation), so an infinite replicate never makes a bound undefined.
    """
    last = len(draws) - 1
    low = math.floor((1 - level) / 2 * last + 1e-9)
    bounds = np.partition(draws, (low, last - low))
    return Interval(
        estimate=estimate, low=float(bounds[low]), high=float(bounds[last - low]), level=level, method=method
    )


def _log_pmf(trials: int, share: float) -> Floats:
    """Log-probabilities of 0..trials successes, shape (trials + 1,)."""
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, trials + 1)))))
    counts = np.arange(trials + 1)
    pmf: Floats = logs[trials] - logs - logs[::-1] + counts * math.log(share) + (trials - counts) * math.log1p(-share)
    return pmf


def _rising(function: Callable[[float], float], target: float) -> float:
    """Where a rising function on [0, 1] reaches the target, to the last bit that matters."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if function(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _check(successes: int, trials: int, level: float) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"successes lie between 0 and the {trials} trials, not at {successes}")
    if not 0.0 < level < 1.0:
        raise ValueError(f"a level lies strictly between 0 and 1, not at {level}")
