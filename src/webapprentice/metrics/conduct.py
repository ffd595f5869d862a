"""How a run went about its tasks: length, answers that were no action, actions not carried out, repetition, cost.

The paper names average trajectory length and the number of invalid actions (Patel et al., 2024, arXiv 2405.20309)
without defining them. Here an answer that could not be read is one thing and an action that could not be carried out
another: the first is the model's spelling, the second its aim.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Self

from webapprentice.core.records import Record, Result, Trajectory
from webapprentice.metrics.figures import Figure, Share, figures, mean_over


class EpisodeConduct(Record):
    """What one episode took. Everything is a count but for `seconds`."""

    task: str
    seed: int
    cluster: str
    """Template of the task, or the task itself: what is resampled as a whole."""
    solved: bool
    steps: int
    unreadable: int
    """Answers that were no action."""
    undone: int
    """Actions that were read and not carried out: stale, hidden, covered, disabled, unsuitable, blocked or late."""
    repeated: int
    """Actions that are the same, element and value included, as the one before them."""
    tokens: int
    """Of prompts and answers."""
    seconds: float
    """Of the model, acting and observing."""

    @classmethod
    def of(cls, trajectory: Trajectory) -> Self:
        """The conduct that a trajectory records."""
        steps = trajectory.steps
        unreadable = sum(step.action is None for step in steps)
        done = sum(step.outcome.result is Result.DONE for step in steps if step.action is not None)
        actions = [step.action for step in steps]
        return cls(
            task=trajectory.task.id,
            seed=trajectory.provenance.seed,
            cluster=trajectory.task.template or trajectory.task.id,
            solved=trajectory.succeeded,
            steps=len(steps),
            unreadable=unreadable,
            undone=len(steps) - unreadable - done,
            repeated=sum(one is not None and one == before for before, one in itertools.pairwise(actions)),
            tokens=sum(step.usage.prompt_tokens + step.usage.completion_tokens for step in steps),
            seconds=sum(step.usage.seconds + step.seconds for step in steps),
        )


class Conduct(Record):
    """How a run went about its tasks, with intervals that resample templates of tasks."""

    episodes: int
    solved: int
    length: Figure
    """Steps an episode."""
    unreadable: Figure
    """Share of all steps."""
    undone: Figure
    """Share of all steps."""
    repeated: Figure
    """Share of all steps."""
    steps: int
    tokens: int
    seconds: float


class Price(Record):
    """What each further solved episode took: all that the run spent, by what it solved more than the other."""

    extra: float
    """Episodes solved beyond what the other run's shares, task by task and seed by seed, make of as many attempts."""
    steps: float | None
    """None where there is no gain to divide by."""
    tokens: float | None
    seconds: float | None


def conduct(trajectories: Iterable[Trajectory | EpisodeConduct]) -> Conduct:
    """The conduct of a run; trajectories must have been read with their steps."""
    told = [one if isinstance(one, EpisodeConduct) else EpisodeConduct.of(one) for one in trajectories]
    groups = [one.cluster for one in told]
    length, unreadable, undone, repeated = figures(
        (
            mean_over("steps an episode", [float(one.steps) for one in told], groups),
            _share("unreadable", told, [one.unreadable for one in told]),
            _share("not carried out", told, [one.undone for one in told]),
            _share("repeated", told, [one.repeated for one in told]),
        )
    )
    return Conduct(
        episodes=len(told),
        solved=sum(one.solved for one in told),
        length=length,
        unreadable=unreadable,
        undone=undone,
        repeated=repeated,
        steps=sum(one.steps for one in told),
        tokens=sum(one.tokens for one in told),
        seconds=sum(one.seconds for one in told),
    )


def price(told: Iterable[EpisodeConduct], extra: float) -> Price:
    """What these episodes took for each of the `extra` episodes solved; nothing where there are none."""
    if extra <= 0:
        return Price(extra=extra, steps=None, tokens=None, seconds=None)
    steps, tokens, seconds = (sum(one) for one in zip(*((e.steps, e.tokens, e.seconds) for e in told), strict=True))
    return Price(extra=extra, steps=steps / extra, tokens=tokens / extra, seconds=seconds / extra)


def _share(name: str, told: Sequence[EpisodeConduct], counts: Sequence[int]) -> Share:
    """The share of steps, each step alike."""
    steps = mean_over(name, [float(one.steps) for one in told], [one.cluster for one in told])
    some = mean_over(name, [float(count) for count in counts], [one.cluster for one in told])
    totals = some.totals.copy()
    totals[:, 1] = steps.totals[:, 0]
    kept = totals[totals[:, 1] > 0]  # a template whose episodes have no step says nothing of steps
    return Share(name, kept, int(kept[:, 1].sum()), proportion=True)
