"""Did it get better? Two models on the same tasks and seeds, compared episode by episode."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from webapprentice.core.records import Record
from webapprentice.metrics.bootstrap import resample
from webapprentice.metrics.intervals import Floats, Interval, binomial_test, percentile
from webapprentice.metrics.success import Episode, Reading

_TASKS = "bootstrap over clusters of tasks"
_BOTH = "bootstrap over clusters of tasks and over training seeds"


class Change(Record):
    """From base to tuned, in one weighting. Shares, not percentages; None with fewer than two clusters."""

    base: float
    tuned: float
    """Mean over the training seeds."""
    difference: Interval | None
    """tuned - base; clusters of tasks are resampled, the training seeds are held."""
    difference_seeds: Interval | None = None
    """The same with the training seeds resampled too; None with a single one, which cannot show its own spread."""
    relative: Interval | None
    """tuned / base - 1 (ratio of means), clusters resampled; None where base is 0. The upper bound is infinite when
    base was 0 in too many replicates to bound it."""
    relative_seeds: Interval | None = None

    @property
    def gain(self) -> float:
        """How much was gained: tuned - base."""
        return self.tuned - self.base


class SignTest(Record):
    """Exact test of a paired change: under no change, each untied pair goes either way with probability 1/2."""

    better: int
    worse: int
    tied: int
    p_value: float
    """Two-sided, exact binomial; ties set aside (Dixon and Mood, 1946)."""


class Comparison(Record):
    """Everything said about one pair of models."""

    reading: Reading
    pairs: int
    """(task, seed) pairs that every run has."""
    unmatched: int
    """(task, seed) pairs that some run has and some lacks under this reading; left out of everything here."""
    tasks: int
    clusters: int
    training_seeds: int
    micro: Change
    """Each (task, seed) pair alike."""
    macro: Change
    """Each task alike."""
    sign: SignTest
    """Over clusters of tasks, by the sign of the cluster's mean change."""
    mcnemar: SignTest | None
    """Over episodes (McNemar's test in its exact form, 1947): treats pairs as independent, so read it beside the
    clustered intervals. None with several training seeds or several attempts at a pair."""


def compare(
    base: Sequence[Episode],
    tuned: Sequence[Episode] | Sequence[Sequence[Episode]],
    reading: Reading = Reading.EXCLUDED,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison | None:
    """Base against one tuned run, or against several that differ in their training seed alone.

    Runs are matched by (task, seed); attempts at one pair are averaged first, then the training seeds. Intervals are
    percentile bootstraps that resample whole clusters of tasks (Field and Welsh, 2007), so what episodes of one task
    share cannot make them too narrow. The same arguments give the same numbers whatever the order of the episodes.
    None when no pair is matched.
    """
    runs = _runs(tuned)
    tables = [outcomes(run, reading) for run in (base, *runs)]
    keys = sorted(set.intersection(*(set(table) for table in tables)))
    if not keys:
        return None
    values = np.array([[sum(table[key]) / len(table[key]) for table in tables] for key in keys])
    cluster_of = {(episode.task, episode.seed): episode.group for run in (base, *runs) for episode in run}
    by_pair = _totals(values, [cluster_of[key] for key in keys])
    tasks = _totals(values, [task for task, _ in keys])
    cluster_of_task = {task: cluster_of[task, seed] for task, seed in keys}
    by_task = _totals(tasks[:, :-1] / tasks[:, -1:], [cluster_of_task[task] for task in sorted(cluster_of_task)])
    single = len(runs) == 1 and all(len(table[key]) == 1 for table in tables for key in keys)
    return Comparison(
        reading=reading,
        pairs=len(keys),
        unmatched=len(set.union(*(set(table) for table in tables))) - len(keys),
        tasks=len(tasks),
        clusters=len(by_pair),
        training_seeds=len(runs),
        micro=_change(by_pair, level, resamples, seed),
        macro=_change(by_task, level, resamples, seed),
        sign=sign_test((by_pair[:, 1:-1].mean(axis=1) - by_pair[:, 0]) / by_pair[:, -1]),
        mcnemar=sign_test(values[:, 1] - values[:, 0]) if single else None,
    )


def outcomes(run: Sequence[Episode], reading: Reading = Reading.EXCLUDED) -> Mapping[tuple[str, int], list[float]]:
    """The counted outcomes of each (task, seed): 1.0 solved, 0.0 not; one that has none is not there."""
    table: dict[tuple[str, int], list[float]] = defaultdict(list)
    for episode in run:
        if (value := episode.value(reading)) is not None:
            table[episode.task, episode.seed].append(value)
    return table


def sign_test(changes: Sequence[float] | Floats) -> SignTest:
    """Exact sign test of paired changes; one beyond rounding (1e-12) above 0 is better, below is worse."""
    array = np.asarray(changes, dtype=np.float64)
    better, worse = int((array > 1e-12).sum()), int((array < -1e-12).sum())
    return SignTest(
        better=better,
        worse=worse,
        tied=len(array) - better - worse,
        p_value=binomial_test(better, better + worse),
    )


def _runs(tuned: Sequence[Episode] | Sequence[Sequence[Episode]]) -> list[list[Episode]]:
    """A list of runs, whichever way they were given."""
    flat = [item for item in tuned if isinstance(item, Episode)]
    if flat or not tuned:
        return [flat]
    return [list(run) for run in tuned if not isinstance(run, Episode)]


def _totals(values: Floats, groups: Sequence[str]) -> Floats:
    """Each group's sums of base and of each run, and its number of rows.

    `values` has shape (rows, 1 + runs); the result (groups in sorted order, 1 + runs + 1).
    """
    names = sorted(set(groups))
    place = {name: number for number, name in enumerate(names)}
    totals = np.zeros((len(names), values.shape[1] + 1))
    np.add.at(totals, [place[group] for group in groups], np.column_stack([values, np.ones(len(values))]))
    return totals


def _change(totals: Floats, level: float, resamples: int, seed: int) -> Change:
    """Estimates and intervals from cluster totals of shape (clusters, 1 + runs + 1)."""
    sums = totals.sum(axis=0) / totals[:, -1].sum()
    base, tuned = float(sums[0]), float(sums[1:-1].mean())
    if len(totals) < 2:
        return Change(base=base, tuned=tuned, difference=None, relative=None)
    drawn = resample(totals, resamples, seed)
    rates = drawn[:, :-1] / drawn[:, -1:]
    old, runs = rates[:, 0], rates[:, 1:]
    held = runs.mean(axis=1)
    intervals: dict[str, Interval | None] = {
        "difference": percentile(held - old, tuned - base, level, _TASKS),
        "relative": _relative(old, held, base, tuned, level, _TASKS),
    }
    if (count := runs.shape[1]) > 1:
        picks = np.random.default_rng([seed, 1]).multinomial(count, np.full(count, 1.0 / count), size=resamples)
        moved = (runs * picks).sum(axis=1) / count
        intervals["difference_seeds"] = percentile(moved - old, tuned - base, level, _BOTH)
        intervals["relative_seeds"] = _relative(old, moved, base, tuned, level, _BOTH)
    return Change(base=base, tuned=tuned, **intervals)


def _relative(old: Floats, new: Floats, base: float, tuned: float, level: float, method: str) -> Interval | None:
    """Interval of tuned / base - 1. A replicate with base 0 is infinite, or no change when tuned is 0 too."""
    if base <= 0.0:
        return None
    safe = np.where(old > 0, old, 1.0)
    draws = np.where(old > 0, new / safe, np.where(new > 0, np.inf, 1.0)) - 1.0
    return percentile(draws, tuned / base - 1.0, level, method)
