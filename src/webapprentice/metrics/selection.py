"""How well a filter's decisions agree with the truth that it never saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapprentice.core.records import Record
from webapprentice.metrics.bootstrap import resample
from webapprentice.metrics.intervals import Interval, percentile, wilson


class Agreement(Record):
    """Kept against truly solved, over judged items alone."""

    true_kept: int
    false_kept: int
    true_dropped: int
    """Solved and dropped all the same (false negatives)."""
    false_dropped: int
    unjudged: int
    """Items without a truth; in none of the other counts."""
    precision: Interval | None
    """Of the kept, the share solved; Wilson. None when nothing judged was kept."""
    recall: Interval | None
    """Of the solved, the share kept; Wilson. None when nothing was solved."""
    f1: Interval | None
    """2 TP / (2 TP + FP + FN); bootstrap over groups. None when nothing was kept or solved, or in a single group."""
    precision_clustered: Interval | None = None
    recall_clustered: Interval | None = None
    """The same shares; whole groups are resampled. None where the share is, or in a single group."""

    @property
    def base_rate(self) -> float | None:
        """Precision of keeping everything."""
        judged = self.true_kept + self.false_kept + self.true_dropped + self.false_dropped
        return (self.true_kept + self.true_dropped) / judged if judged else None


def agreement(
    kept: Sequence[bool],
    truth: Sequence[bool | None],
    groups: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> Agreement:
    """Precision, recall and F1 of keeping (van Rijsbergen, 1979).

    The three sequences are parallel. Items of one group (a task) are resampled together for F1; without groups each
    item is its own.
    """
    if len(kept) != len(truth) or (groups is not None and len(groups) != len(kept)):
        raise ValueError("kept, truth and groups must be of the same length")
    rows = [
        (bool(keep), real, groups[place] if groups is not None else str(place))
        for place, (keep, real) in enumerate(zip(kept, truth, strict=True))
        if real is not None
    ]
    counts = {
        (keep, real): sum(row[:2] == (keep, real) for row in rows) for keep in (True, False) for real in (True, False)
    }
    hit, wrong, missed = counts[True, True], counts[True, False], counts[False, True]
    f1, by_precision, by_recall = _resampled(rows, level, resamples, seed)
    return Agreement(
        true_kept=hit,
        false_kept=wrong,
        true_dropped=missed,
        false_dropped=counts[False, False],
        unjudged=len(kept) - len(rows),
        precision=wilson(hit, hit + wrong, level),
        recall=wilson(hit, hit + missed, level),
        f1=f1,
        precision_clustered=by_precision,
        recall_clustered=by_recall,
    )


def _resampled(
    rows: Sequence[tuple[bool, bool, str]], level: float, resamples: int, seed: int
) -> tuple[Interval | None, Interval | None, Interval | None]:
    """F1, precision and recall, whole groups resampled: each is a ratio of two sums over groups."""
    names = sorted({group for _, _, group in rows})
    totals = np.zeros((len(names), 4))
    place = {name: number for number, name in enumerate(names)}
    for keep, real, group in rows:
        totals[place[group]] += (2 * (keep and real), keep + real, keep, real)  # 2 TP + FP + FN = kept + solved
    if len(names) < 2:
        return None, None, None
    sums = totals.sum(axis=0)
    drawn = resample(totals, resamples, seed)

    def interval(top: float, below: int) -> Interval | None:
        if sums[below] == 0:
            return None
        full = drawn[drawn[:, below] > 0]
        return percentile(
            top * full[:, 0] / full[:, below], float(top * sums[0] / sums[below]), level, "bootstrap over groups"
        )

    return interval(1.0, 1), interval(0.5, 2), interval(0.5, 3)
