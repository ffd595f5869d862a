"""Several runs side by side: what each solves and can do, how it goes about it, and every pair's difference."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from webapprentice.core.records import Record
from webapprentice.metrics.capability import CapabilityScore, Moved, Template, moves, possessed
from webapprentice.metrics.conduct import Conduct, EpisodeConduct, Price, conduct, price
from webapprentice.metrics.figures import Figure, difference, figures, mean_over
from webapprentice.metrics.intervals import Interval
from webapprentice.metrics.paired import Comparison, compare, outcomes
from webapprentice.metrics.power import Needed, Spread, needed, paired_differences, spread
from webapprentice.metrics.replicates import legacy_t
from webapprentice.metrics.success import Episode, Reading, Success, success

_ENOUGH = 4
"""Episodes of a task from which on Wilson's lower bound can reach one half."""


class Scored(NamedTuple):
    """The VERTEX_DTW score of one task at one seed."""

    task: str
    seed: int
    cluster: str
    score: float


class Material(NamedTuple):
    """What is known of one run."""

    name: str
    episodes: Sequence[Episode]
    conducts: Sequence[EpisodeConduct]
    vertex: Sequence[Scored] | None = None
    """Of what this run has tried; None: there were no references."""


class Terms(NamedTuple):
    """What everything is measured by."""

    templates: Sequence[Template]
    capability_of: Mapping[str, str]
    """By template id."""
    trivial: Collection[str] | None = None
    """Task ids; None where nobody said which those are."""
    k: int | None = None
    """None: the number of capabilities of all tasks of all runs."""
    at_least: float = 0.5
    gain: float = 0.05
    power: float = 0.8
    legacy: bool = False


class Vertex(Record):
    """VERTEX_DTW of one run."""

    mean: Figure
    """Over the referenced tasks and seeds that the run has tried."""
    by_capability: Figure
    """The best score of each capability, then the mean over the capabilities that are there."""
    without_trivial: Figure | None
    """As `mean`; None where no task is trivial."""
    by_capability_without_trivial: Figure | None
    scores: tuple[float, ...]
    """Each of those tasks and seeds, in order."""


class Side(Record):
    """One run."""

    name: str
    success: Success
    without_trivial: Success | None
    """None where no task is trivial."""
    trivial_share: float | None
    """Share of the run's tasks that the trivial agent solves; None where nobody said which those are."""
    capability: CapabilityScore
    """One solved episode is enough."""
    capability_without_trivial: CapabilityScore | None
    capability_at_least: CapabilityScore | None
    """Only tasks whose lower bound reaches the share asked for; None where tasks were tried fewer than four times."""
    conduct: Conduct
    vertex: Vertex | None
    legacy: dict[str, Interval] | None = None
    """The released code's intervals, when they were asked for."""


class Pair(Record):
    """From one run to another."""

    base: str
    tuned: str
    comparison: Comparison
    spread: Spread | None
    needed: Needed | None
    price: Price
    vertex: Figure | None
    """Difference of the VERTEX_DTW scores on the tasks and seeds that both have tried."""


class Compared(Record):
    """Everything that is said about these runs. The first is the one the others are read against."""

    together: Comparison
    """The first against all others, as if they differed in their training seed alone."""
    sides: tuple[Side, ...]
    differences: tuple[Pair, ...]
    """Every two runs that share a task and seed, in the order of the runs."""
    moves: tuple[Moved, ...]
    capabilities: int
    """Of all tasks of all runs."""
    templates: int
    threshold: float
    at_least: float
    embedder: str
    """Key of what compared texts; empty where there was nothing to compare."""
    lexical: bool
    references: int = 0
    """Trajectories that VERTEX_DTW compares with."""
    node: str = ""
    """How its nodes were made."""
    trivial: tuple[str, ...] = ()


def compare_all(
    runs: Sequence[Material], terms: Terms, *, threshold: float, embedder: str, lexical: bool
) -> Compared | None:
    """All sides and all pairs; None when the runs share no task and seed.

    Raises ValueError when K is less than what a run possesses, KeyError for an episode whose template is not among the
    terms.
    """
    together = compare(runs[0].episodes, [run.episodes for run in runs[1:]])
    if together is None:
        return None
    of_task = {e.task: terms.capability_of[e.group] for run in runs for e in run.episodes}
    whole = len(set(of_task.values()))
    trivial = set(terms.trivial or ()) & set(of_task)
    credited = {task: one for task, one in of_task.items() if task not in trivial}
    k = whole if terms.k is None else terms.k
    k_left = len(set(credited.values())) if terms.k is None else terms.k
    sides = tuple(_side(run, terms, of_task, k, k_left) for run in runs)
    scores = {side.name: side.capability for side in sides}
    pairs = (_pair(base, tuned, terms) for base, tuned in itertools.combinations(runs, 2))
    return Compared(
        together=together,
        sides=sides,
        differences=tuple(pair for pair in pairs if pair is not None),
        moves=moves(scores, terms.templates, terms.capability_of),
        capabilities=whole,
        templates=len(terms.templates),
        threshold=threshold,
        at_least=terms.at_least,
        embedder=embedder,
        lexical=lexical,
        trivial=tuple(sorted(trivial)),
    )


def _side(run: Material, terms: Terms, of_task: Mapping[str, str], k: int, k_left: int) -> Side:
    tasks = {episode.task for episode in run.episodes}
    trivial = tasks & set(terms.trivial or ())
    left = [episode for episode in run.episodes if episode.task not in trivial]
    tries: dict[str, int] = defaultdict(int)
    for episode in run.episodes:
        tries[episode.task] += 1
    often = bool(tries) and max(tries.values()) >= _ENOUGH
    return Side(
        name=run.name,
        success=success(run.episodes),
        without_trivial=success(left) if trivial else None,
        trivial_share=len(trivial) / len(tasks) if terms.trivial is not None and tasks else None,
        capability=possessed(run.episodes, of_task, k=k),
        capability_without_trivial=possessed(run.episodes, of_task, k=k_left, trivial=trivial) if trivial else None,
        capability_at_least=possessed(run.episodes, of_task, k=k, at_least=terms.at_least) if often else None,
        conduct=conduct(run.conducts),
        vertex=_vertex(run.vertex, of_task, trivial) if run.vertex else None,
        legacy=_legacy(run, of_task, k) if terms.legacy else None,
    )


def _vertex(scored: Sequence[Scored], of_task: Mapping[str, str], trivial: Collection[str]) -> Vertex:
    left = [one for one in scored if one.task not in trivial]
    shares = [
        mean_over("VERTEX_DTW", [one.score for one in scored], [one.cluster for one in scored]),
        mean_over("by capability", *_best(scored, of_task)),
    ]
    if trivial:
        shares += [
            mean_over("VERTEX_DTW without trivial tasks", [one.score for one in left], [one.cluster for one in left]),
            mean_over("by capability without trivial tasks", *_best(left, of_task)),
        ]
    found = figures(shares)
    return Vertex(
        mean=found[0],
        by_capability=found[1],
        without_trivial=found[2] if trivial else None,
        by_capability_without_trivial=found[3] if trivial else None,
        scores=tuple(one.score for one in sorted(scored)),
    )


def _best(scored: Sequence[Scored], of_task: Mapping[str, str]) -> tuple[list[float], list[str]]:
    """The maximum of each capability, and the capabilities."""
    best: dict[str, float] = {}
    for one in scored:
        capability = of_task[one.task]
        best[capability] = max(one.score, best.get(capability, one.score))
    return list(best.values()), list(best)


def _pair(base: Material, tuned: Material, terms: Terms) -> Pair | None:
    found = compare(base.episodes, tuned.episodes)
    if found is None:
        return None
    differences, clusters = paired_differences(base.episodes, tuned.episodes)
    seen = spread(differences, clusters)
    old, new = outcomes(base.episodes), outcomes(tuned.episodes)
    both = set(old) & set(new)
    extra = sum(sum(new[key]) - len(new[key]) * sum(old[key]) / len(old[key]) for key in sorted(both))
    return Pair(
        base=base.name,
        tuned=tuned.name,
        comparison=found,
        spread=seen,
        needed=needed(seen, terms.gain, power=terms.power) if seen is not None else None,
        price=price([one for one in tuned.conducts if (one.task, one.seed) in both], extra),
        vertex=_vertex_difference(base.vertex, tuned.vertex),
    )


def _vertex_difference(base: Sequence[Scored] | None, tuned: Sequence[Scored] | None) -> Figure | None:
    if base is None or tuned is None:
        return None
    old = {(one.task, one.seed): one.score for one in base}
    both = [one for one in tuned if (one.task, one.seed) in old]
    return difference(
        "VERTEX_DTW difference",
        [one.score for one in both],
        [old[one.task, one.seed] for one in both],
        [one.cluster for one in both],
    )


def _legacy(run: Material, of_task: Mapping[str, str], k: int) -> dict[str, Interval] | None:
    """FC, CapScore and VERTEX_DTW with the released code's interval; a task's episodes are averaged first."""
    values: dict[str, list[float]] = defaultdict(list)
    for episode in run.episodes:
        if (value := episode.value(Reading.EXCLUDED)) is not None:
            values[episode.task].append(value)
    tasks = sorted(values)
    rates = np.array([sum(values[task]) / len(values[task]) for task in tasks])
    owned = [of_task[task] if any(values[task]) else None for task in tasks]

    def capable(drawn: npt.NDArray[np.int64]) -> float:
        return len({owned[place] for place in drawn} - {None}) / k if k else 0.0

    found = {
        "functional correctness": legacy_t(lambda drawn: float(rates[drawn].mean()), len(tasks)),
        "capability score": legacy_t(capable, len(tasks)),
    }
    if run.vertex:
        of: dict[str, list[float]] = defaultdict(list)
        for one in run.vertex:
            of[one.task].append(one.score)
        scores = np.array([sum(of[task]) / len(of[task]) for task in sorted(of)])
        found["VERTEX_DTW"] = legacy_t(lambda drawn: float(scores[drawn].mean()), len(scores))
    return {name: interval for name, interval in found.items() if interval is not None}
