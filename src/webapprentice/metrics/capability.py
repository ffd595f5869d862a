"""Capability score: how many kinds of task a run can do (Patel et al., 2024, arXiv 2405.20309, and its released code).

1. Templates with exactly the same set of sites are compared with one another, all pairs.
2. Two are neighbours when the inner product of their vectors (cosine; rows have length 1) is at least 0.60.
3. A template's capability is the smallest template id among itself and its neighbours. That is a star around each
   template and no closure: where a ~ b and b ~ c but not a ~ c, the capability of c is b and that of b is a.
4. A capability is possessed when at least one of its tasks is solved with a score of exactly 1.

CapScore = |possessed| / K. K is an argument, because the released code fixes it at 136 while its mapping has 144
groups; what it was stands in the result.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from webapprentice.core.records import Record
from webapprentice.metrics.intervals import wilson
from webapprentice.metrics.success import Episode, Reading

THRESHOLD = 0.60
GAP = "…"
_EXAMPLES = 3


class Template(Record):
    """What tasks of one kind have in common."""

    id: str
    text: str
    sites: tuple[str, ...] = ()
    """Compared as a set."""


class CapabilityScore(Record):
    """What a run can do."""

    possessed: tuple[str, ...]
    """Capabilities, in the order of their ids."""
    capabilities: int
    """How many the examined tasks have, trivial tasks set aside where they are not credited."""
    k: int
    """What the score is a share of."""

    @property
    def score(self) -> float:
        """|possessed| / K."""
        return len(self.possessed) / self.k if self.k else 0.0


class Shown(Record):
    """A capability with templates that stand for it."""

    capability: str
    examples: tuple[str, ...]
    """Texts of at most three of its templates."""


class Moved(Record):
    """What one run can do and another cannot."""

    run: str
    other: str
    gained: tuple[Shown, ...]
    """In `run` and not in `other`."""
    lost: tuple[Shown, ...]
    """In `other` and not in `run`."""


def capabilities(templates: Sequence[Template], vectors: npt.ArrayLike, threshold: float = THRESHOLD) -> dict[str, str]:
    """The capability of each template: the smallest id among itself and its neighbours of the same sites.

    `vectors` has shape (templates, dimensions), rows of length 1, in the order of the templates. Ids are ordered as
    people count: `t9` before `t10`. Raises ValueError for two templates of one id or rows that do not fit.
    """
    rows = np.asarray(vectors, dtype=np.float64)
    if len(rows) != len(templates):
        raise ValueError(f"{len(templates)} templates need as many vectors, not {len(rows)}")
    if len({template.id for template in templates}) != len(templates):
        raise ValueError("two templates have the same id")
    places: dict[frozenset[str], list[int]] = defaultdict(list)
    for place, template in enumerate(templates):
        places[frozenset(template.sites)].append(place)
    found = {}
    for group in places.values():
        group.sort(key=lambda place: natural(templates[place].id))
        near = rows[group] @ rows[group].T >= threshold
        np.fill_diagonal(near, True)
        for own, first in zip(group, near.argmax(axis=1), strict=True):  # the first True is the smallest id
            found[templates[own].id] = templates[group[first]].id
    return found


def possessed(
    episodes: Sequence[Episode],
    capability_of: Mapping[str, str],
    *,
    k: int | None = None,
    trivial: Collection[str] = (),
    at_least: float | None = None,
    reading: Reading = Reading.EXCLUDED,
    level: float = 0.95,
) -> CapabilityScore:
    """The capabilities that a run has. `capability_of` is by task id; `trivial` are ids of tasks that are not credited.

    With `at_least` None, one solved episode of one task is enough, as in the paper. Where a task is tried many times
    that is luck as much as skill: with a share given, a task counts when the lower bound of Wilson's interval of its
    solved episodes reaches it. `k` None takes the number of capabilities of the tasks examined.

    Raises ValueError when `k` is less than what is possessed, KeyError for a task without a capability.
    """
    if at_least is not None and not 0.0 < at_least <= 1.0:
        raise ValueError(f"a share that must be reached lies above 0 and at most at 1; this one is {at_least}")
    tries: dict[str, list[float]] = defaultdict(list)
    for episode in episodes:
        if episode.task not in trivial and (value := episode.value(reading)) is not None:
            tries[episode.task].append(value)
    there = {capability_of[task] for task in tries}
    has = {capability_of[task] for task, values in tries.items() if _can(values, at_least, level)}
    whole = len(there) if k is None else k
    if whole < len(has):
        raise ValueError(f"K is {whole}, but {len(has)} capabilities are possessed")
    return CapabilityScore(possessed=tuple(sorted(has, key=natural)), capabilities=len(there), k=whole)


def moves(
    scores: Mapping[str, CapabilityScore], templates: Sequence[Template], capability_of: Mapping[str, str]
) -> tuple[Moved, ...]:
    """Gained and lost capabilities for every ordered pair of runs; `capability_of` is by template id."""
    texts: dict[str, list[str]] = defaultdict(list)
    for template in sorted(templates, key=lambda one: (one.id != capability_of[one.id], natural(one.id))):
        texts[capability_of[template.id]].append(template.text)

    def shown(ids: set[str]) -> tuple[Shown, ...]:
        return tuple(Shown(capability=one, examples=tuple(texts[one][:_EXAMPLES])) for one in sorted(ids, key=natural))

    return tuple(
        Moved(
            run=run,
            other=other,
            gained=shown(set(scores[run].possessed) - set(scores[other].possessed)),
            lost=shown(set(scores[other].possessed) - set(scores[run].possessed)),
        )
        for run in scores
        for other in scores
        if run != other
    )


def common_text(goals: Sequence[str]) -> str:
    """What objectives of one template have in common: their longest common run of words, gaps as `…`.

    Words are folded one objective after another, in order, so that the result is a common subsequence of all. Where
    nothing is common the first objective stands for all.
    """
    if not goals:
        return ""
    common = reduce(_common, (goal.split() for goal in goals[1:]), goals[0].split())
    return " ".join(common) if any(word != GAP for word in common) else goals[0]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """An order of ids in which runs of digits are numbers."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part)


def _can(values: Sequence[float], at_least: float | None, level: float) -> bool:
    if at_least is None:
        return any(values)
    bounds = wilson(int(sum(values)), len(values), level)
    return bounds is not None and bounds.low >= at_least


def _common(first: list[str], second: list[str]) -> list[str]:
    """A longest common subsequence of words, with a gap wherever either side has more. A gap matches nothing."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i in range(len(first) - 1, -1, -1):
        own, below = lengths[i], lengths[i + 1]
        for j in range(len(second) - 1, -1, -1):
            own[j] = 1 + below[j + 1] if first[i] == second[j] != GAP else max(below[j], own[j + 1])
    found: list[str] = []
    i = j = 0
    while i < len(first) and j < len(second):
        if first[i] == second[j] != GAP:
            found.append(first[i])
            i, j = i + 1, j + 1
            continue
        found.append(GAP)
        if lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    if i < len(first) or j < len(second):
        found.append(GAP)
    return [word for place, word in enumerate(found) if word != GAP or place == 0 or found[place - 1] != GAP]
