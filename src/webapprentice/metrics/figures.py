"""Shares with intervals that resample whole tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapprentice.core.records import Record
from webapprentice.metrics.bootstrap import resample
from webapprentice.metrics.intervals import Floats, Interval, exact, percentile


class Figure(Record):
    """One number of a table. A share, not a percentage."""

    name: str
    value: float | None
    """None: there was nothing to measure it on."""
    over: int
    """Steps, or tasks, that it is the mean of."""
    interval: Interval | None = None
    """Whole clusters of tasks are resampled; where all or none are right, Clopper and Pearson's interval over clusters.
    None with fewer than two clusters."""


def micro(
    name: str, values: Sequence[float], groups: Sequence[str], *, resamples: int = 10_000, seed: int = 0
) -> Figure:
    """The mean over all values alike; `groups` names the cluster of each."""
    totals = _totals(values, groups)
    return _figure(name, totals, len(values), resamples, seed)


def macro(
    name: str, values: Sequence[float], groups: Sequence[str], *, resamples: int = 10_000, seed: int = 0
) -> Figure:
    """The mean of the groups' means, each group alike."""
    totals = _totals(values, groups)
    if len(totals):
        totals = np.column_stack([totals[:, 0] / totals[:, 1], np.ones(len(totals))])
    return _figure(name, totals, len(totals), resamples, seed)


def all_right(values: Sequence[float], groups: Sequence[str]) -> tuple[list[float], list[str]]:
    """1 for each group in which every value is 1, else 0; and the groups, in order of name."""
    worst: dict[str, float] = {}
    for value, group in zip(values, groups, strict=True):
        worst[group] = min(value, worst.get(group, 1.0))
    names = sorted(worst)
    return [float(worst[name] >= 1.0) for name in names], names


def _totals(values: Sequence[float], groups: Sequence[str]) -> Floats:
    """Each group's sum and number of values, shape (groups in order of name, 2)."""
    names = {name: place for place, name in enumerate(sorted(set(groups)))}
    totals = np.zeros((len(names), 2))
    for value, group in zip(values, groups, strict=True):
        totals[names[group]] += (value, 1.0)
    return totals


def _figure(name: str, totals: Floats, over: int, resamples: int, seed: int) -> Figure:
    if not over:
        return Figure(name=name, value=None, over=0)
    sums = totals.sum(axis=0)
    value = float(sums[0] / sums[1])
    if len(totals) < 2:
        return Figure(name=name, value=value, over=over)
    if value in (0.0, 1.0):  # resampling would give an interval of no width, however few tasks there are
        bounds = exact(round(value) * len(totals), len(totals))
        assert bounds is not None
        interval = bounds.with_(method="clopper-pearson over tasks")
        return Figure(name=name, value=value, over=over, interval=interval)
    drawn = resample(totals, resamples, seed)
    interval = percentile(drawn[:, 0] / drawn[:, 1], value, 0.95, "bootstrap over tasks")
    return Figure(name=name, value=value, over=over, interval=interval)
