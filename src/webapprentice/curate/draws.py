"""Which rows stay: balance, copies, caps, floors, weights. Rows are known here by their keys alone, so millions fit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from webapprentice.core.keys import key_of
from webapprentice.core.records import Example

Position = Literal["first", "middle", "last", "only"]


def position(place: int, steps: int) -> Position:
    """Where a step stands in a workflow of so many."""
    if steps == 1:
        return "only"
    return "first" if place == 0 else "last" if place == steps - 1 else "middle"


class Draw(NamedTuple):
    """A row without its text."""

    trajectory: str
    step: int
    position: Position
    task: str
    asked: str
    """Key of its prompt."""
    row: str
    """Key of its prompt and completion."""
    place: tuple[int, int, int]
    """Where its text is: part, offset and length; the caller's own numbering."""
    weight: float = 1.0
    site: str = ""
    """Host of the page."""
    address: str = ""
    """Key of the page's address."""
    tokens: tuple[int, int] = (0, 0)
    """Of prompt and completion."""


def drawn(row: Example, place: tuple[int, int, int]) -> Draw:
    """The row without its text."""
    asked = key_of(row.messages)
    return Draw(row.trajectory, row.step, row.position, row.task, asked, key_of(asked, row.completion), place)


class Choice(NamedTuple):
    """What choosing needs to know; see `DatasetConfig` for each."""

    balance_positions: bool
    max_copies: int
    per_task_cap: int
    per_task_floor: int
    floor_copies: int
    balance: Literal["none", "sqrt", "equal"]
    seed: int
    per_site_cap: int = 0
    per_site_floor: int = 0


def distinct(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> list[Draw]:
    """The rows in balance, each at most `max_copies` times."""
    return _dedupe(_balance(rows, how, tally), how, tally)


def chosen(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> list[Draw]:
    """Training rows of the distinct ones: capped, filled up, weighed, in an order of chance.

    Sites are capped after their tasks, and filled up before them.
    """
    rows = _cap(rows, lambda row: row.task, how.per_task_cap, how.seed, tally)
    rows = _cap(rows, lambda row: row.site, how.per_site_cap, how.seed, tally)
    copies = _copies(rows, lambda row: row.site, how.per_site_floor, how.floor_copies)
    copies += _copies(rows, lambda row: row.task, how.per_task_floor, how.floor_copies)
    copies = _at_most_each(copies, how.floor_copies - 1)
    tally["copied"] += len(copies)
    return _weigh(shuffled([*rows, *copies], how.seed, "rows"), how)


def shuffled(rows: Sequence[Draw], seed: int, what: str) -> list[Draw]:
    """In a seeded order that depends on each row alone."""
    return sorted(rows, key=lambda row: key_of(seed, what, row.trajectory, row.step))


def conflicts(rows: Sequence[Draw]) -> int:
    """Prompts with more than one completion."""
    answers: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        answers[row.asked].add(row.row)
    return sum(len(different) > 1 for different in answers.values())


def _balance(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> Sequence[Draw]:
    """First : middle : last = 1 : at most 2 : 1, the surplus drawn by the seed over the whole set."""
    if not how.balance_positions:
        return rows
    found = Counter(row.position for row in rows)
    least = min(found["first"], found["last"])
    room = {"first": least, "middle": 2 * least, "last": least, "only": found["only"]}
    return _at_most(rows, lambda row: row.position, room, how.seed, "unbalanced", tally)


def _cap(
    rows: Sequence[Draw], kind: Callable[[Draw], str], most: int, seed: int, tally: Counter[str]
) -> Sequence[Draw]:
    if not most:
        return rows
    return _at_most(rows, kind, dict.fromkeys(map(kind, rows), most), seed, "capped", tally)


def _dedupe(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> list[Draw]:
    """At most `max_copies` rows of one prompt and completion."""
    room = dict.fromkeys((row.row for row in rows), how.max_copies)
    return _at_most(rows, lambda row: row.row, room, how.seed, "duplicates", tally)


def _at_most(
    rows: Sequence[Draw],
    kind: Callable[[Draw], str],
    room: Mapping[str, int],
    seed: int,
    why: str,
    tally: Counter[str],
) -> list[Draw]:
    """At most `room` rows of each kind, drawn by the seed; the rest is tallied."""
    taken: Counter[str] = Counter()
    left = []
    for row in shuffled(rows, seed, why):
        if taken[kind(row)] < room[kind(row)]:
            taken[kind(row)] += 1
            left.append(row)
    tally[why] += len(rows) - len(left)
    return left


def _copies(rows: Sequence[Draw], kind: Callable[[Draw], str], least: int, times: int) -> list[Draw]:
    """Copies of the rows of small kinds, in turn, until the floor or `times` of each row is reached."""
    groups: dict[str, list[Draw]] = defaultdict(list)
    for row in rows:
        groups[kind(row)].append(row)
    copies = []
    for few in groups.values():
        missing = min(least, len(few) * times) - len(few)
        copies += [few[place % len(few)] for place in range(max(0, missing))]
    return copies


def _at_most_each(copies: Sequence[Draw], most: int) -> list[Draw]:
    """The copies, of one row `most` at the most: its site and its task may both have asked for it."""
    taken: Counter[tuple[str, int]] = Counter()
    left = []
    for row in copies:
        taken[row.trajectory, row.step] += 1
        if taken[row.trajectory, row.step] <= most:
            left.append(row)
    return left


def _weigh(rows: list[Draw], how: Choice) -> list[Draw]:
    """The rows with their weights: 1/√n or 1/n of the task's n rows, scaled to a mean of 1."""
    if how.balance == "none" or not rows:
        return rows
    sizes = Counter(row.task for row in rows)
    power = 0.5 if how.balance == "sqrt" else 1.0
    raw = {task: size**-power for task, size in sizes.items()}
    mean = sum(raw[row.task] for row in rows) / len(rows)
    return [row._replace(weight=raw[row.task] / mean) for row in rows]
