"""How often a model solves its tasks: per task, over episodes, over tasks; faults read both ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Self

import numpy as np

from webapprentice.core.faults import Owner
from webapprentice.core.records import Record, Trajectory
from webapprentice.metrics.bootstrap import resample
from webapprentice.metrics.intervals import Interval, percentile, wilson


class Reading(StrEnum):
    """What an episode that broke through no fault of the agent counts as."""

    EXCLUDED = "faults excluded"
    FAILURES = "faults as failures"


class Episode(Record):
    """What statistics need of a trajectory."""

    task: str
    seed: int = 0
    cluster: str = ""
    """Template of the task; empty: the task is a cluster of its own."""
    solved: bool | None = None
    """None: never judged."""
    faulted: bool = False
    """Something broke that was not the agent's doing: environment, model, evaluator, store, or us."""

    @classmethod
    def of(cls, trajectory: Trajectory) -> Self:
        """The episode that a trajectory records."""
        fault = trajectory.fault
        return cls(
            task=trajectory.task.id,
            seed=trajectory.provenance.seed,
            cluster=trajectory.task.template,
            solved=None if trajectory.score is None else trajectory.succeeded,
            faulted=fault is not None and fault.owner is not Owner.AGENT,
        )

    @property
    def group(self) -> str:
        """What is resampled as a whole."""
        return self.cluster or self.task

    def value(self, reading: Reading) -> float | None:
        """1.0 solved, 0.0 not solved, None where this reading leaves the episode out."""
        if self.faulted:
            return 0.0 if reading is Reading.FAILURES else None
        return None if self.solved is None else float(self.solved)


class TaskRate(Record):
    """One task's share of solved episodes."""

    task: str
    episodes: int
    solved: int
    rate: Interval
    """Wilson."""


class Success(Record):
    """A run's success under one reading. Shares, not percentages."""

    reading: Reading
    tasks: tuple[TaskRate, ...]
    """In order of task id; only tasks with a counted episode."""
    episodes: int
    """Counted under this reading."""
    solved: int
    faulted: int
    """Broken through no fault of the agent; counted or not as `reading` says."""
    unjudged: int
    """Never judged although nothing broke; in no reading."""
    micro: Interval | None
    """Over episodes: solved / counted. Wilson, as if episodes were independent; None without episodes."""
    micro_clustered: Interval | None
    """The same share; whole clusters of tasks are resampled. None with fewer than two clusters."""
    macro: Interval | None
    """Over tasks: the mean of the tasks' rates, each task alike; whole clusters are resampled. None as above."""

    @property
    def macro_rate(self) -> float | None:
        """The mean of the tasks' rates, also where one cluster gives no interval."""
        return sum(task.rate.estimate for task in self.tasks) / len(self.tasks) if self.tasks else None


def episodes_of(trajectories: Iterable[Trajectory]) -> list[Episode]:
    """One episode a trajectory, in order."""
    return [Episode.of(trajectory) for trajectory in trajectories]


def success(
    episodes: Sequence[Episode],
    reading: Reading = Reading.EXCLUDED,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Success:
    """Per-task and overall success. The same arguments give the same numbers, whatever the order of the episodes."""
    by_task: dict[str, list[float]] = defaultdict(list)
    group_of: dict[str, str] = {}
    for episode in episodes:
        if (value := episode.value(reading)) is not None:
            by_task[episode.task].append(value)
            group_of[episode.task] = min(episode.group, group_of.get(episode.task, episode.group))
    rates = []
    for task, values in sorted(by_task.items()):
        rate = wilson(int(sum(values)), len(values), level)
        assert rate is not None
        rates.append(TaskRate(task=task, episodes=len(values), solved=int(sum(values)), rate=rate))
    solved, counted = sum(rate.solved for rate in rates), sum(rate.episodes for rate in rates)
    groups = [group_of[rate.task] for rate in rates]
    return Success(
        reading=reading,
        tasks=tuple(rates),
        episodes=counted,
        solved=solved,
        faulted=sum(episode.faulted for episode in episodes),
        unjudged=sum(episode.solved is None and not episode.faulted for episode in episodes),
        micro=wilson(solved, counted, level),
        micro_clustered=_clustered(
            groups, [r.solved for r in rates], [r.episodes for r in rates], level=level, resamples=resamples, seed=seed
        ),
        macro=_clustered(
            groups, [r.rate.estimate for r in rates], [1.0] * len(rates), level=level, resamples=resamples, seed=seed
        ),
    )


def both_readings(
    episodes: Sequence[Episode], *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[Success, Success]:
    """Faults excluded, and faults as failures: the truth lies between the two."""
    first, second = (
        success(episodes, reading, level=level, resamples=resamples, seed=seed)
        for reading in (Reading.EXCLUDED, Reading.FAILURES)
    )
    return first, second


def _clustered(
    groups: Sequence[str], sums: Sequence[float], weights: Sequence[float], *, level: float, resamples: int, seed: int
) -> Interval | None:
    """Interval of Σ sums / Σ weights, whole groups resampled; None with fewer than two groups."""
    names = sorted(set(groups))
    if len(names) < 2:
        return None
    index = np.searchsorted(names, groups)
    totals = np.zeros((len(names), 2))
    np.add.at(totals, index, np.column_stack([sums, weights]))
    drawn = resample(totals, resamples, seed)
    estimate = float(totals[:, 0].sum() / totals[:, 1].sum())
    return percentile(drawn[:, 0] / drawn[:, 1], estimate, level, "bootstrap over clusters of tasks")
