"""From episodes to the cells and task rows of a report: every interval and test comes from `metrics`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from webapprentice.metrics import Comparison, Episode, compare, success, wilson
from webapprentice.report.data import Cell, Difference, Rate, Split, TaskRow

Runs = Mapping[tuple[str, float], Sequence[Sequence[Episode]]]
"""(arm, temperature) → one sequence of episodes a training seed; the base has one."""


def cells(
    runs: Runs, base: str, held_out: frozenset[str] = frozenset(), *, resamples: int = 10_000
) -> tuple[Cell, ...]:
    """The full table: each arm and temperature, over all tasks and, where some are held out, over both parts."""
    found = []
    for (arm, temperature), seeds in runs.items():
        for split in Split if held_out else (Split.ALL,):
            part = [_part(episodes, split, held_out) for episodes in seeds]
            other = runs.get((base, temperature), ()) if arm != base else ()
            before = [episode for episodes in other for episode in _part(episodes, split, held_out)]
            if any(part):
                found.append(_cell((arm, temperature, split), part, before, resamples))
    return tuple(found)


def task_rows(runs: Runs, base: str, improved: str, held_out: frozenset[str] = frozenset()) -> tuple[TaskRow, ...]:
    """Each task of the base or the improved arm at each temperature; several training seeds are pooled."""
    rows = []
    for temperature in sorted({temperature for arm, temperature in runs if arm in (base, improved)}, reverse=True):
        before = _by_task(runs.get((base, temperature), ()))
        after = _by_task(runs.get((improved, temperature), ()))
        for task in sorted(before.keys() | after.keys()):
            split = Split.HELD_OUT if task in held_out else Split.ATTEMPTED
            pair = {"base": before.get(task), "improved": after.get(task)}
            rows.append(TaskRow(task=task, split=split, temperature=temperature, **pair))
    return tuple(rows)


def difference(compared: Comparison | None) -> Difference | None:
    """What a comparison says, each pair alike; with several training seeds their spread is in the interval too."""
    if compared is None:
        return None
    change = compared.micro
    gain = change.relative_seeds or change.relative
    return Difference(
        value=change.gain,
        interval=change.difference_seeds or change.difference,
        relative=gain if gain is not None and math.isfinite(gain.high) else None,
        pairs=compared.pairs,
        clusters=compared.clusters,
        better=compared.sign.better,
        worse=compared.sign.worse,
        sign_unit="tasks",
        sign_p=compared.sign.p_value,
    )


def rate(episodes: Sequence[Episode]) -> Rate:
    """Solved of counted, and faults apart."""
    counted = [episode for episode in episodes if episode.solved is not None and not episode.faulted]
    solved = sum(bool(episode.solved) for episode in counted)
    faults = sum(episode.faulted for episode in episodes)
    return Rate(solved=solved, counted=len(counted), faults=faults, interval=wilson(solved, len(counted)))


def _cell(
    place: tuple[str, float, Split], seeds: Sequence[Sequence[Episode]], before: Sequence[Episode], resamples: int
) -> Cell:
    arm, temperature, split = place
    every = [episode for episodes in seeds for episode in episodes]
    apart = [rate(episodes).value for episodes in seeds] if len(seeds) > 1 else []
    return Cell(
        arm=arm,
        temperature=temperature,
        split=split,
        rate=rate(every) if len(seeds) == 1 else _pooled(every, resamples),
        tasks=len({episode.task for episode in every}),
        difference=difference(compare(before, seeds, resamples=resamples)) if before else None,
        by_seed=tuple(value for value in apart if value is not None),
    )


def _pooled(episodes: Sequence[Episode], resamples: int) -> Rate:
    """Several training seeds on the same episodes are not independent: whole tasks are resampled."""
    return rate(episodes).with_(interval=success(episodes, resamples=resamples).micro_clustered)


def _part(episodes: Sequence[Episode], split: Split, held_out: frozenset[str]) -> list[Episode]:
    if split is Split.ALL:
        return list(episodes)
    return [episode for episode in episodes if (episode.task in held_out) is (split is Split.HELD_OUT)]


def _by_task(seeds: Sequence[Sequence[Episode]]) -> dict[str, Rate]:
    grouped: dict[str, list[Episode]] = {}
    for episodes in seeds:
        for episode in episodes:
            grouped.setdefault(episode.task, []).append(episode)
    return {task: rate(episodes) for task, episodes in grouped.items()}
