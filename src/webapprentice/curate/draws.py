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


def distinct(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> list[Draw]:
    """The rows in balance, each at most `max_copies` times."""
    return _dedupe(_balance(rows, how, tally), how, tally)


def chosen(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> list[Draw]:
    """Training rows of the distinct ones: capped, filled up, weighed, in an order of chance."""
    rows = _floor(_cap(rows, how, tally), how, tally)
    return _weigh(shuffled(rows, how.seed, "rows"), how)


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


def _cap(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> Sequence[Draw]:
    if not how.per_task_cap:
        return rows
    room = dict.fromkeys({row.task for row in rows}, how.per_task_cap)
    return _at_most(rows, lambda row: row.task, room, how.seed, "capped", tally)


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


def _floor(rows: Sequence[Draw], how: Choice, tally: Counter[str]) -> list[Draw]:
    """Copies of the rows of small tasks, in turn, until the floor or `floor_copies` of each row is reached."""
    by_task: dict[str, list[Draw]] = defaultdict(list)
    for row in rows:
        by_task[row.task].append(row)
    copies = []
    for few in by_task.values():
        missing = min(how.per_task_floor, len(few) * how.floor_copies) - len(few)
        copies += [few[place % len(few)] for place in range(max(0, missing))]
    tally["copied"] += len(copies)
    return [*rows, *copies]


def _weigh(rows: list[Draw], how: Choice) -> list[Draw]:
    """The rows with their weights: 1/√n or 1/n of the task's n rows, scaled to a mean of 1."""
    if how.balance == "none" or not rows:
        return rows
    sizes = Counter(row.task for row in rows)
    power = 0.5 if how.balance == "sqrt" else 1.0
    raw = {task: size**-power for task, size in sizes.items()}
    mean = sum(raw[row.task] for row in rows) / len(rows)
    return [row._replace(weight=raw[row.task] / mean) for row in rows]
