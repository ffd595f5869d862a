"""How many tasks and seeds it would take to see a gain, from the spread of the differences that were seen.

Model: the difference of two runs at seed s of cluster c is δ + u_c + e_cs, with variances σ²_between and σ²_within.
With C clusters of m seeds each, the mean difference has the variance (σ²_between + σ²_within / m) / C, and a two-sided
test at level α sees a gain δ with power 1 - β when

    C ≥ (z_{1-α/2} + z_{1-β})² (σ²_between + σ²_within / m) / δ² + z²_{1-α/2} / 2

where the last term makes up for the normal quantile in the place of Student's (Guenther, 1981, The American
Statistician 35:243). Both variances are the moment estimates of one-way analysis of variance with unequal groups
(Searle, Casella and McCulloch, 1992, Variance Components, section 3.6), negative ones set to 0.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from statistics import NormalDist

from webapprentice.core.records import Record
from webapprentice.metrics.paired import outcomes
from webapprentice.metrics.success import Episode, Reading


class Spread(Record):
    """Variances of paired differences, in squared shares."""

    between: float
    """Of the clusters' true differences."""
    within: float
    """Of single differences in a cluster."""
    clusters: int
    pairs: int

    @property
    def seeds(self) -> float:
        """Pairs a cluster, on average."""
        return self.pairs / self.clusters


class Needed(Record):
    """What it would take to see a gain."""

    gain: float
    """Share of episodes, such as 0.05."""
    power: float
    level: float
    clusters: int | None
    """Templates of tasks, each with as many seeds as now; None where nothing varied, so that nothing can be said."""
    seeds: int | None
    """Seeds for each of the templates of now; None where no number of seeds is enough."""


def spread(differences: Sequence[float], clusters: Sequence[Hashable]) -> Spread | None:
    """The two variances; None with fewer than two clusters.

    Where each cluster has one pair, both kinds of chance stand in one number, and all of it counts as `between`.
    """
    groups: dict[Hashable, list[float]] = defaultdict(list)
    for difference, cluster in zip(differences, clusters, strict=True):
        groups[cluster].append(difference)
    many, count = len(groups), len(differences)
    if many < 2:
        return None
    means = {cluster: sum(values) / len(values) for cluster, values in groups.items()}
    whole = sum(differences) / count
    if count == many:
        variance = sum((mean - whole) ** 2 for mean in means.values()) / (many - 1)
        return Spread(between=variance, within=0.0, clusters=many, pairs=count)
    within = sum((value - means[c]) ** 2 for c, values in groups.items() for value in values) / (count - many)
    between = sum(len(groups[c]) * (mean - whole) ** 2 for c, mean in means.items()) / (many - 1)
    size = (count - sum(len(values) ** 2 for values in groups.values()) / count) / (many - 1)
    return Spread(between=max(0.0, (between - within) / size), within=within, clusters=many, pairs=count)


def needed(found: Spread, gain: float, *, power: float = 0.8, level: float = 0.95) -> Needed:
    """Clusters, or seeds, to see a gain with this power. Raises ValueError for a gain of 0, a power outside (0, 1)."""
    if gain == 0 or not 0 < power < 1:
        raise ValueError("a gain that is not 0, and a power between 0 and 1, are needed")
    high = NormalDist().inv_cdf(0.5 + level / 2)
    reach = (high + NormalDist().inv_cdf(power)) ** 2 / gain**2
    extra = high**2 / 2
    if found.between == 0 and found.within == 0:
        return Needed(gain=gain, power=power, level=level, clusters=None, seeds=None)
    clusters = math.ceil(reach * (found.between + found.within / found.seeds) + extra)
    # C - extra clusters must bear the variance: σ²_within / m = (C - extra) / reach - σ²_between
    left = (found.clusters - extra) / reach - found.between
    seeds = max(1, math.ceil(found.within / left)) if left > 0 else None
    return Needed(gain=gain, power=power, level=level, clusters=clusters, seeds=seeds)


def paired_differences(
    base: Sequence[Episode], tuned: Sequence[Episode], reading: Reading = Reading.EXCLUDED
) -> tuple[list[float], list[str]]:
    """Tuned less base at each (task, seed) that both have, attempts averaged, and the cluster of each."""
    tables = [{key: sum(some) / len(some) for key, some in outcomes(run, reading).items()} for run in (base, tuned)]
    group = {(episode.task, episode.seed): episode.group for run in (base, tuned) for episode in run}
    keys = sorted(set(tables[0]) & set(tables[1]))
    return [tables[1][key] - tables[0][key] for key in keys], [group[key] for key in keys]
