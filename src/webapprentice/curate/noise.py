"""What a filter's result is expected to be worth: a calibration on other episodes, applied to what was kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Model
from webapprentice.core.records import Record, Trajectory
from webapprentice.curate.filtering import FilterConfig, Filtered
from webapprentice.dialect import Dialect
from webapprentice.metrics import Agreement, Interval
from webapprentice.metrics.noise import LEAST, Asked, Known, expected_noise

_R = TypeVar("_R", bound=Record)

FILE = "calibration.json"
"""Name of the calibrations of a run, in its folder."""

_ABOUT = 0.1  # how far, relatively, the attempts at each seed may differ from a calibration's
_PARAMETERS = {
    "repeats": "F3",
    "circles": "stuck",
    "typed_from": "typed",
    "reward_least": "reward",
    "judge": "judge",
}
_ASIDE = frozenset({"preset", "rules", "alone"})


class Calibration(Record):
    """How well one sequence of rules agreed with the truth on one collection."""

    schema_version: int = 1
    key: str
    """Of the rules in order, their parameters, the dialect, and the models that they ask."""
    rules: tuple[str, ...]
    name: str
    """Of the preset or the rules."""
    dialect: str
    model: str = ""
    """Key of the model that the rules asked; empty where they ask none."""
    actors: tuple[str, ...]
    """Keys of the models whose attempts these were."""
    collection: str
    truth: str
    """`score`, or the name of a labelled file."""
    eligible: int
    attempts: float
    """Of them, at each task and seed on average: a vote of four is not as precise as a vote of one."""
    kept: int
    undecided: int
    """Kept because a rule could not say."""
    agreement: Agreement
    by_task: tuple[Known, ...]
    episodes: dict[str, tuple[int, ...]]
    """Task → seeds of what was judged: what was calibrated on must not be foretold."""
    threshold: Threshold | None = None
    by_halves: Halves | None = None


class Threshold(Record):
    """A bar found on one half of the tasks and tried on the other."""

    knob: str
    """Setting that it is the value of."""
    value: float
    found_on: Agreement
    checked_on: Agreement


class Halves(Record):
    """Calibrated on one half of the tasks, foretold for the other, again and again."""

    halves: int
    """Random halves for which there was something to foretell."""
    held: int
    """How often the true noise lay in the interval."""
    level: float
    width: float
    """Mean width of the intervals."""
    error: float
    """Mean of foretold minus true noise."""


class Sifted(Record):
    """What `apprentice filter` leaves beside its list of keys, so that its noise can be foretold later."""

    schema_version: int = 1
    key: str
    """As in `Calibration`."""
    collection: str
    list_key: str
    """Of the keys that were kept."""
    actors: tuple[str, ...]
    eligible: dict[str, int]
    """Attempts by task."""
    attempts: float
    """At each task and seed, on average."""


class Noise(Record):
    """The share of rows that teach a wrong way."""

    expected: Interval | None
    """Foretold from a calibration on other episodes; None where there is none that fits."""
    true: float | None
    """By programmatic reward, where every kept attempt has one."""
    how: str
    """Where the foretold share comes from and what it assumes, or why there is none."""


def rules_key(config: FilterConfig, dialect: Dialect, model: Model | None = None, judge: Model | None = None) -> str:
    """Content key of a filter: its rules in order with the parameters that they read, and whom they ask."""
    values = config.model_dump(mode="json", exclude=set(_ASIDE))
    rules = config.ordered
    used = {name: value for name, value in values.items() if _PARAMETERS.get(name, name.partition("_")[0]) in rules}
    if "judge" in used:
        used["judge"] = config.judge
    used["soft"] = [name for name in config.soft if name in rules]
    asked = (model.key if model and "critique" in rules else "", judge.key if judge and "judge" in rules else "")
    return key_of("rules", rules, used, dialect if {"words", "critique"} & set(rules) else "", asked)


def group_of(trajectory: Trajectory) -> str:
    """What counts as one task: its template, or itself."""
    return trajectory.task.template or trajectory.task.id


def attempts_of(eligible: Sequence[Trajectory]) -> float:
    """Attempts at each task and seed, on average; 0 without any."""
    return len(eligible) / max(1, len({(one.task.id, one.provenance.seed) for one in eligible}))


def list_key(keys: Sequence[str]) -> str:
    """Content key of a list of kept attempts."""
    return key_of("kept", sorted(keys))


def by_task(eligible: Sequence[Trajectory], kept: set[str], truth: Mapping[str, bool | None]) -> tuple[Known, ...]:
    """What was kept of each task and how much of it was wrong, over attempts with a truth."""
    found: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for one in eligible:
        solved = truth.get(one.key)
        if solved is None:
            continue
        steps, keep = len(one.steps), one.key in kept
        counts = (1, keep, keep and not solved, keep * steps, (keep and not solved) * steps)
        found[group_of(one)] = [have + more for have, more in zip(found[group_of(one)], counts, strict=True)]
    return tuple(
        Known(task=task, eligible=n[0], kept=n[1], wrong=n[2], rows=n[3], wrong_rows=n[4])
        for task, n in sorted(found.items())
    )


def noise(
    calibrations: Sequence[Calibration],
    sifted: Sifted,
    kept: Sequence[Trajectory],
    rows: Mapping[str, int],
) -> Noise:
    """The expected share of wrong rows of what was kept, and the true one where it is known.

    `rows` is how many rows each kept trajectory gives, by key. Tasks of which the calibration judged the same seeds
    are left out of it.
    """
    true = _true(kept, rows)
    fitting = [one for one in calibrations if one.key == sifted.key]
    if not fitting:
        return Noise(expected=None, true=true, how="not calibrated: no calibration of these rules in this run")
    alike = [one for one in fitting if abs(one.attempts - sifted.attempts) <= _ABOUT * sifted.attempts]
    if not alike:
        had = f"calibrated with {fitting[-1].attempts:.1f} attempts at each seed, and these are {sifted.attempts:.1f}"
        return Noise(expected=None, true=true, how=f"not calibrated: {had}")
    asked: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    seeds: dict[str, set[int]] = defaultdict(set)
    for one in kept:
        mine = asked[group_of(one)]
        mine[0] += 1
        mine[1] += rows.get(one.key, 0)
        seeds[group_of(one)].add(one.provenance.seed)
    wanted = [
        Asked(task=task, eligible=sifted.eligible.get(task, n[0]), kept=n[0], rows=n[1])
        for task, n in sorted(asked.items())
    ]
    best: tuple[int, Calibration, Interval] | None = None
    for candidate in alike:
        seen = {task for task, used in candidate.episodes.items() if seeds[task] & set(used)}
        others = [known for known in candidate.by_task if known.task not in seen]
        band = expected_noise(others, wanted)
        if band is not None and (best is None or len(others) > best[0]):
            best = len(others), candidate, band
    if best is None:
        why = f"calibrated on these very episodes alone, or on fewer than {LEAST} other tasks"
        return Noise(expected=None, true=true, how=f"not calibrated: {why}")
    number, source, band = best
    other = "" if set(sifted.actors) <= set(source.actors) else "; BEWARE: calibrated on another model's attempts"
    how = (
        f"1 - precision, by rows, from {number} tasks of {source.collection} (truth: {source.truth}), "
        f"by thirds of the share kept; assumes that these tasks and attempts are such as those{other}"
    )
    return Noise(expected=band, true=true, how=how)


def _true(kept: Sequence[Trajectory], rows: Mapping[str, int]) -> float | None:
    total = sum(rows.get(one.key, 0) for one in kept)
    if not total or any(one.score is None for one in kept):
        return None
    return sum(rows.get(one.key, 0) for one in kept if not one.succeeded) / total


def said(found: Noise) -> str:
    """One line."""
    true = "" if found.true is None else f"; true: {found.true:.1%}"
    if found.expected is None:
        return f"expected share of wrong rows: {found.how}{true}"
    band = found.expected
    return f"expected share of wrong rows: {band.estimate:.1%} [{band.low:.1%}, {band.high:.1%}]{true} ({found.how})"


class _File(Record):
    schema_version: int = 1
    calibrations: tuple[Calibration, ...] = ()


def read_calibrations(run: Path) -> list[Calibration]:
    """Those of a run; none where there is no file. Raises UsageError where it cannot be read."""
    path = run / FILE
    if not path.is_file():
        return []
    return list(_read(_File, path).calibrations)


def written(calibrations: Sequence[Calibration]) -> str:
    """The file of calibrations."""
    return _File(calibrations=tuple(calibrations)).model_dump_json(indent=1)


def read_sifted(run: Path, keep: str) -> Sifted | None:
    """What the filter noted of its list RUN/KEEP.txt; None where it noted nothing."""
    path = run / f"{keep}.filter.json"
    return _read(Sifted, path) if path.is_file() else None


def sifted_from(found: Filtered, attempts: Sequence[Trajectory], key: str, collection: str) -> Sifted:
    """What to note of a filter's result."""
    eligible = [one for one in attempts if one.key in found.judgments]
    return Sifted(
        key=key,
        collection=collection,
        list_key=list_key(found.kept),
        actors=tuple(sorted({one.provenance.model for one in eligible})),
        eligible=dict(sorted(Counter(group_of(one) for one in eligible).items())),
        attempts=attempts_of(eligible),
    )


def noise_of(run: Path, keep: str | None, kept: Sequence[Trajectory], rows: Mapping[str, int] | None = None) -> Noise:
    """The noise of rows made from the list RUN/KEEP.txt; `rows` counts those that each attempt gives, by default one
    a step."""
    rows = {one.key: len(one.steps) for one in kept} if rows is None else rows
    taught = [one for one in kept if rows.get(one.key)]
    sifted = read_sifted(run, keep) if keep else None
    if sifted is None or sifted.list_key != list_key([one.key for one in kept]):
        why = "not calibrated: the list of kept attempts is not as `apprentice filter` wrote it"
        return Noise(expected=None, true=_true(taught, rows), how=why)
    return noise(read_calibrations(run), sifted, taught, rows)


def _read(kind: type[_R], path: Path) -> _R:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        line = " ".join(str(error).split())[:160]
        raise UsageError(f"{path} cannot be read: {line}; remove it and run `apprentice calibrate` again") from error


Calibration.model_rebuild()
