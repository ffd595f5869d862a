"""Trajectories become training rows: the same prompts as while acting, chosen, balanced and split."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from pydantic import Field

from webapprentice.core.actions import Stop
from webapprentice.core.config import Config
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of, seed_for
from webapprentice.core.protocols import Whole
from webapprentice.core.records import Example, Record, Result, Source, Step, Trajectory
from webapprentice.curate.chunked import chunk_row
from webapprentice.curate.draws import Choice, Draw, Position, chosen, conflicts, distinct, drawn, position, shuffled
from webapprentice.curate.sheets import Desk, own_words
from webapprentice.curate.splits import host_of
from webapprentice.dialect import Dialect, prompt_key
from webapprentice.page.form import Count


class DatasetConfig(Config):
    """How trajectories become rows."""

    steps: Literal["all", "first_middle_last"] = "all"
    """All steps, or the first, one random middle and the last of each trajectory (Patel et al. 2024)."""
    balance_positions: bool = False
    """Trim rows to first : middle : last = 1 : at most 2 : 1; rows of one-step trajectories stay."""
    completion: Literal["said", "canonical", "described"] = "said"
    """What is taught: the words as they were said, the dialect's spelling of the action, or that spelling with the
    words of whoever was recorded as its description (ScribeAgent's form; in other dialects as `canonical`)."""
    keep_torn: bool = False
    """Keep rows whose page changed while it was read."""
    keep_truncated: bool = False
    """Keep rows whose page was too large to be read whole."""
    keep_failed: bool = False
    """Keep rows whose action was not carried out."""
    max_copies: int = Field(default=1, ge=1)
    """Rows with the same prompt and completion that stay."""
    per_task_cap: int = Field(default=0, ge=0)
    """Training rows of one task at the most, drawn by the seed; 0 for no cap."""
    per_task_floor: int = Field(default=0, ge=0)
    """Training rows of one task at the least, where copies can reach it; 0 for no floor."""
    per_site_cap: int = Field(default=0, ge=0)
    """As `per_task_cap`, of one site: the host of the page's address."""
    per_site_floor: int = Field(default=0, ge=0)
    """As `per_task_floor`, of one site."""
    floor_copies: int = Field(default=4, ge=1)
    """How often one row may stand in the set to reach the floor."""
    balance: Literal["none", "sqrt", "equal"] = "sqrt"
    """Row weights by 1, 1/√n or 1/n of the task's n rows; `equal` counts each task alike. The mean weight is 1."""
    validation: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Share of trajectories set aside; attempts at one episode stay together."""
    seed: int = 42
    """Of every choice here."""

    @property
    def choice(self) -> Choice:
        """What choosing among rows needs of this."""
        return Choice(**{name: getattr(self, name) for name in Choice._fields})


class Counts(Record):
    """What went in, what was left out and why, what came out."""

    trajectories: int
    validation_trajectories: int
    steps: int
    not_chosen: int
    """Steps that `steps` did not pick."""
    torn: int
    truncated: int
    failed: int
    """Not carried out."""
    unread: int
    """No action."""
    stale: int
    """Refused: the prompt rendered now is not the one that was answered."""
    no_target: int
    """Recorded or imported steps whose element cannot be shown in the page text."""
    unbalanced: int
    """Trimmed by `balance_positions`."""
    duplicates: int
    capped: int
    copied: int
    """Added to reach the floor."""
    conflicts: int
    """Training prompts with more than one completion."""
    positions: dict[str, int]
    """Training rows by position."""
    rows_by_task: dict[str, int]
    """Training rows by task; 0 for a task that lost all its rows."""


class Dataset(Record):
    """Rows to learn from, rows to watch the loss on, and how they came about."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    counts: Counts


def examples(
    trajectories: Sequence[Trajectory],
    dialect: Dialect,
    config: DatasetConfig,
    count: Count,
    held_out: Collection[str] = (),
    whole: Whole | None = None,
) -> Dataset:
    """Training rows. The same arguments give the same rows in the same order, however the trajectories are ordered.

    `count` gives the tokens of a text, as while acting. With `whole`, which gives the trajectories of some keys, those
    given need no steps, and the steps of one at a time are in memory. Raises UsageError when a trajectory belongs to a
    task in `held_out`: an exam must not be taught.
    """
    refuse(trajectories, held_out)
    tally: Counter[str] = Counter()
    ordered = sorted(trajectories, key=lambda t: t.key)
    aside = set_aside(ordered, config)
    made: dict[bool, list[Example]] = {False: [], True: []}
    draws: dict[bool, list[Draw]] = {False: [], True: []}
    steps = 0
    for trajectory in ordered:
        one = trajectory if whole is None else next(iter(whole([trajectory.key])), None)
        if one is None:
            raise UsageError(f"an attempt at {trajectory.task.id} has gone while rows were made of it")
        sites = {step.index: host_of(step.observation.url) for step in one.steps}
        inside = one.key in aside
        for row in rows(one, dialect, config, count, tally):
            draws[inside].append(drawn(row, (0, len(made[inside]), 0))._replace(site=sites[row.step]))
            made[inside].append(row)
        steps += len(one.steps)
    taught = chosen(distinct(draws[False], config.choice, tally), config.choice, tally)
    watched = shuffled(distinct(draws[True], config.choice, tally), config.seed, "rows")
    return Dataset(
        train=_weighted(made[False], taught),
        validation=_weighted(made[True], watched),
        counts=counted(
            taught,
            tally,
            tasks=(t.task.id for t in ordered),
            trajectories=len(ordered),
            validation_trajectories=len(aside),
            steps=steps,
        ),
    )


def _weighted(made: Sequence[Example], draws: Iterable[Draw]) -> tuple[Example, ...]:
    return tuple(made[draw.place[1]].model_copy(update={"weight": draw.weight}) for draw in draws)


def refuse(trajectories: Sequence[Trajectory], held_out: Collection[str]) -> None:
    """Raise UsageError when a trajectory belongs to a task that is kept for exams."""
    banned = sorted({t.task.id for t in trajectories} & set(held_out))
    if banned:
        raise UsageError(f"{banned[0]} is held out and must not be trained on ({len(banned)} such tasks); leave it out")


def counted(taught: Sequence[Draw], tally: Counter[str], tasks: Iterable[str], **given: int) -> Counts:
    """The counts of a set whose training rows are these."""
    by_task = Counter(dict.fromkeys(tasks, 0))
    by_task.update(row.task for row in taught)
    return Counts(
        conflicts=conflicts(taught),
        positions=dict(sorted(Counter(row.position for row in taught).items())),
        rows_by_task=dict(sorted(by_task.items())),
        **{name: tally[name] for name in _REASONS},
        **given,
    )


_REASONS = (
    *("not_chosen", "torn", "truncated", "failed", "unread", "stale", "no_target"),
    *("unbalanced", "duplicates", "capped", "copied"),
)


def set_aside(trajectories: Sequence[Trajectory], config: DatasetConfig) -> set[str]:
    """Keys of the validation trajectories: whole episodes in seeded order, N - ceil((1 - share) N) at the most.

    Attempts at one (task, seed) show the same pages, so they never stand on both sides. Where every episode is larger
    than that, the smallest is taken, if it is at most half of everything.
    """
    wanted = len(trajectories) - math.ceil((1.0 - config.validation) * len(trajectories) - 1e-9)
    episodes: dict[tuple[str, int], list[str]] = defaultdict(list)
    for trajectory in trajectories:
        episodes[trajectory.task.id, trajectory.provenance.seed].append(trajectory.key)
    order = sorted(episodes, key=lambda one: key_of(config.seed, "split", *one))
    aside: set[str] = set()
    for episode in order:
        if len(aside) + len(episodes[episode]) <= wanted:
            aside.update(episodes[episode])
    if wanted and not aside:
        smallest = min((episodes[episode] for episode in order), key=len)
        aside.update(smallest if 2 * len(smallest) <= len(trajectories) else ())
    return aside


def rows(
    trajectory: Trajectory,
    dialect: Dialect,
    config: DatasetConfig,
    count: Count,
    tally: Counter[str],
    desk: Desk | None = None,
) -> Iterator[Example]:
    """The rows of one trajectory; what is left out is tallied. With a desk, pages are pruned and cut by its rules."""
    usable = []
    for place, step in enumerate(trajectory.steps):
        why = _unusable(step, config)
        if why:
            tally[why] += 1
        else:
            usable.append(place)
    chosen = _choose(usable, len(trajectory.steps), trajectory.key, config)
    tally["not_chosen"] += len(usable) - len(chosen)
    early = len(trajectory.before)
    told = (*trajectory.before, *trajectory.steps)
    said = [(_history(step, place, dialect, config), step.outcome) for place, step in enumerate(told)]
    for place in chosen:
        step = trajectory.steps[place]
        if desk is not None:
            made = chunk_row(trajectory, place, desk)
            if made is None:
                tally["no_target"] += 1
            else:
                yield made
            continue
        # What no model was asked is rendered so that its answer stands in it, whatever the budget.
        target = getattr(step.action, "node", None) if step.prompt_key is None else None
        prompt, page = dialect.prompt(trajectory.goal, step.observation, said[: early + place], count, target)
        end = getattr(step.action, "to", None) if target is not None else None
        if any(node is not None and node not in page.kept for node in (target, end)):
            tally["no_target"] += 1
            continue
        if step.prompt_key is not None and step.prompt_key != prompt_key(prompt):
            tally["stale"] += 1
            continue
        spoken = step.said
        if config.completion != "said" and step.action is not None:
            number = early + place + 1
            spoken = dialect.write(step.action, step.observation, number, own_words(step, config.completion))
        yield Example(
            messages=prompt,
            completion=spoken,
            trajectory=trajectory.key,
            step=step.index,
            position=stands(trajectory, place),
            task=trajectory.task.id,
        )


def stands(trajectory: Trajectory, place: int) -> Position:
    """Where a step stands in its workflow. One step of a workflow that was made up stands alone, and no model was asked
    for it by that prompt: what was before it tells the first, and its stop the last."""
    steps = trajectory.steps
    if trajectory.source is not Source.SYNTHETIC or len(steps) != 1 or steps[0].prompt_key is not None:
        return position(place, len(steps))
    first, last = not trajectory.before, isinstance(trajectory.steps[0].action, Stop)
    return "only" if first and last else "first" if first else "last" if last else "middle"


def _history(step: Step, place: int, dialect: Dialect, config: DatasetConfig) -> str:
    """A step as later prompts tell it: as it was said to a model; in the dialect's spelling where nobody was asked."""
    if config.completion == "said" or step.prompt_key is not None or step.action is None:
        return step.said
    return dialect.write(step.action, step.observation, place + 1, own_words(step, config.completion))


def _unusable(step: Step, config: DatasetConfig) -> str | None:
    """Why no row is made of this step; the first reason counts."""
    if step.action is None:
        return "unread"
    if step.outcome.result is not Result.DONE and not config.keep_failed:
        return "failed"
    if step.observation.torn and not config.keep_torn:
        return "torn"
    if step.observation.truncated and not config.keep_truncated:
        return "truncated"
    return None


def _choose(usable: Sequence[int], steps: int, key: str, config: DatasetConfig) -> list[int]:
    """Which of the usable steps become rows: all, or first, one random middle, last."""
    if config.steps == "all":
        return list(usable)
    middles = [place for place in usable if 0 < place < steps - 1]
    middle = [middles[seed_for(config.seed, "middle", key) % len(middles)]] if middles else []
    return [place for place in usable if place in (0, steps - 1) or place in middle]
