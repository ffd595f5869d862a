"""How a choice among trajectories spreads over the tasks that there were."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from webapprentice.core.records import Record, Trajectory


class Coverage(Record):
    """How many tasks a set of trajectories still teaches. A precise filter that starves tasks teaches nothing new."""

    tasks: int
    """Tasks with anything to choose from."""
    covered: int
    """Tasks with at least one trajectory in the set."""
    expected: float
    """Tasks that a random choice of as many trajectories would cover on average (hypergeometric): well above
    `covered`, the choice is concentrated on a few easy tasks."""
    effective: float
    """1 / Σ share², over the tasks' shares of the set (Simpson): how many tasks alike it amounts to; 0 when empty."""
    kept: dict[str, int]
    """Trajectories in the set, by task; 0 for a starved one."""

    @property
    def starved(self) -> tuple[str, ...]:
        """Tasks with nothing left."""
        return tuple(task for task, count in self.kept.items() if count == 0)


def coverage(eligible: Sequence[Trajectory], kept: set[str]) -> Coverage:
    """How the kept ones spread over the tasks that there were."""
    sizes = Counter(trajectory.task.id for trajectory in eligible)
    counts = dict.fromkeys(sorted(sizes), 0)
    for trajectory in eligible:
        counts[trajectory.task.id] += trajectory.key in kept
    total, chosen = len(eligible), sum(counts.values())
    squares = sum(count * count for count in counts.values())
    return Coverage(
        tasks=len(counts),
        covered=sum(count > 0 for count in counts.values()),
        expected=sum(1.0 - _none_drawn(total, size, chosen) for size in sizes.values()),
        effective=chosen * chosen / squares if squares else 0.0,
        kept=counts,
    )


def _none_drawn(total: int, size: int, drawn: int) -> float:
    """The probability that `drawn` of `total`, without replacement, miss all `size`.

    C(total - size, drawn) / C(total, drawn)
    """
    if drawn > total - size:
        return 0.0
    log = (
        math.lgamma(total - size + 1)
        - math.lgamma(total - size - drawn + 1)
        - math.lgamma(total + 1)
        + math.lgamma(total - drawn + 1)
    )
    return math.exp(log)
