"""Shares and other means, with intervals that resample whole tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from webapprentice.core.records import Record
from webapprentice.metrics.bootstrap import resample
from webapprentice.metrics.intervals import Floats, Interval, exact, percentile


class Figure(Record):
    """One number of a table. Shares are no percentages."""

    name: str
    value: float | None
    """None: there was nothing to measure it on."""
    over: int
    """Steps, or tasks, that it is the mean of."""
    interval: Interval | None = None
    """Whole clusters of tasks are resampled; where all or none of a proportion are right, Clopper and Pearson's
    interval over clusters. None with fewer than two clusters."""


class Share(NamedTuple):
    """What a figure is computed from: each cluster's sum and number of values, shape (clusters, 2)."""

    name: str
    totals: Floats
    over: int
    proportion: bool = False
    """Whether it says how many of its values are right. Only then does an interval of binomial counts mean anything."""


def over_steps(name: str, values: Sequence[float], groups: Sequence[str]) -> Share:
    """The share that is right over all values alike; `groups` names the cluster of each."""
    return Share(name, _totals(values, groups), len(values), proportion=True)


def mean_over(name: str, values: Sequence[float], groups: Sequence[str]) -> Share:
    """The mean over all values alike, of lengths, scores and whatever else is no share of what is right."""
    return Share(name, _totals(values, groups), len(values))


def over_tasks(name: str, values: Sequence[float], groups: Sequence[str]) -> Share:
    """The mean of the groups' shares, each group alike."""
    totals = _totals(values, groups)
    means = np.column_stack([totals[:, 0] / np.maximum(totals[:, 1], 1.0), np.ones(len(totals))])
    return Share(name, means, len(totals), proportion=True)


def figures(shares: Sequence[Share], *, resamples: int = 10_000, seed: int = 0) -> tuple[Figure, ...]:
    """Each share with its interval, in order. Those with the same number of clusters are resampled together."""
    found = [_estimate(share) for share in shares]
    alike: dict[int, list[int]] = {}
    for place, (share, figure) in enumerate(zip(shares, found, strict=True)):
        # Where all or none are right, resampling would give an interval of no width, however few tasks there are.
        if figure.value is not None and figure.interval is None and len(share.totals) > 1:
            alike.setdefault(len(share.totals), []).append(place)
    for places in alike.values():
        drawn = resample(np.hstack([shares[place].totals for place in places]), resamples, seed)
        for column, place in enumerate(places):
            value = found[place].value
            assert value is not None
            rates = drawn[:, 2 * column] / drawn[:, 2 * column + 1]
            interval = percentile(rates, value, 0.95, "bootstrap over tasks")
            found[place] = found[place].with_(interval=interval)
    return tuple(found)


def difference(name: str, ours: Sequence[float], theirs: Sequence[float], groups: Sequence[str]) -> Figure:
    """The mean of ours less theirs, on the same steps in the same order; whole groups are resampled."""
    share = mean_over(name, [a - b for a, b in zip(ours, theirs, strict=True)], groups)
    if not share.over:
        return Figure(name=name, value=None, over=0)
    sums = share.totals.sum(axis=0)
    value = float(sums[0] / sums[1])
    if len(share.totals) < 2:
        return Figure(name=name, value=value, over=share.over)
    drawn = resample(share.totals, 10_000, 0)
    interval = percentile(drawn[:, 0] / drawn[:, 1], value, 0.95, "bootstrap over tasks")
    return Figure(name=name, value=value, over=share.over, interval=interval)


def ratio(name: str, ours: Sequence[float], theirs: Sequence[float], groups: Sequence[str]) -> Figure:
    """The sum of ours over that of theirs, on the same steps in the same order; whole groups are resampled.

    None where theirs is nothing; replicates in which it is count as larger than all others.
    """
    totals = np.hstack([_totals(ours, groups)[:, :1], _totals(theirs, groups)[:, :1]]) if ours else np.zeros((0, 2))
    mine, other = totals.sum(axis=0)
    if not other:
        return Figure(name=name, value=None, over=len(ours))
    value = float(mine / other)
    if len(totals) < 2:
        return Figure(name=name, value=value, over=len(ours))
    drawn = resample(totals, 10_000, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(drawn[:, 1] > 0, drawn[:, 0] / drawn[:, 1], np.finfo(np.float64).max)
    interval = percentile(rates, value, 0.95, "bootstrap over tasks")
    return Figure(name=name, value=value, over=len(ours), interval=interval)


def micro(name: str, values: Sequence[float], groups: Sequence[str]) -> Figure:
    """One figure over steps."""
    return figures([over_steps(name, values, groups)])[0]


def macro(name: str, values: Sequence[float], groups: Sequence[str]) -> Figure:
    """One figure over tasks."""
    return figures([over_tasks(name, values, groups)])[0]


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


def _estimate(share: Share) -> Figure:
    """The figure itself, with Clopper and Pearson's interval over clusters where a proportion is 0 or 1."""
    if not share.over:
        return Figure(name=share.name, value=None, over=0)
    sums = share.totals.sum(axis=0)
    value = float(sums[0] / sums[1])
    interval = None
    if share.proportion and value in (0.0, 1.0) and len(share.totals) > 1:
        bounds = exact(round(value) * len(share.totals), len(share.totals))
        interval = bounds.with_(method="clopper-pearson over tasks") if bounds is not None else None
    return Figure(name=share.name, value=value, over=share.over, interval=interval)
