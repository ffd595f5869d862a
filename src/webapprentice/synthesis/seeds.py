"""What the model is shown: objectives with their addresses, and steps that demonstrate pages and actions."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from webapprentice.core.actions import Action, Click, Hover, Scroll, Select, Stop, Type
from webapprentice.core.faults import Owner, UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.records import Result, Step, Trajectory
from webapprentice.core.text import squeeze
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.language import Spelling, write
from webapprentice.store import Store
from webapprentice.synthesis.answers import START

SHOWN = (Click, Type, Select, Hover, Scroll, Stop)
"""Actions that are demonstrated: those that a made-up step may take."""


_REMEMBERED = 256
"""Demonstrations whose text is kept at hand."""


class Pair(NamedTuple):
    """An objective, where it begins, and the trajectory it was the objective of."""

    objective: str
    url: str
    key: str


class Demonstration(NamedTuple):
    """Where a step is that may be shown."""

    collection: str
    key: str
    place: int
    first: bool
    last: bool
    thought: bool
    """Its words begin to think step by step; others are shown with those words put in front."""


class Seeds:
    """Objectives of all trajectories, and demonstrations from the kept ones."""

    def __init__(self, store: Store, pairs: Sequence[Pair], goals: Sequence[str], steps: Sequence[Demonstration]):
        self._store = store
        self.pairs = tuple(pairs)
        self.goals = tuple(goals)
        """Every objective, once, and what tasks state of their own."""
        self.steps = tuple(steps)
        self._dialect = load_dialect("webarena")
        self._written = lru_cache(maxsize=_REMEMBERED)(self._write)

    @classmethod
    def gather(
        cls,
        store: Store,
        collections: Sequence[str],
        kept: Collection[str] | None,
        held_out: Collection[str],
        only: Collection[str] | None = None,
    ) -> Seeds:
        """The seeds of these collections, or of `only` these keys; those of `kept` (None: all) are demonstrations.

        Raises UsageError when a collection is not there, a task is held out, or there is nothing to show.
        """
        store.require(*collections)
        pairs: dict[tuple[str, str], Pair] = {}
        goals: dict[str, None] = {}
        steps: list[Demonstration] = []
        for collection in collections:
            for one in store.trajectories(collection, only, steps=False):
                if one.task.id in held_out:
                    raise UsageError(f"{one.task.id} in {collection} is held out and must not be shown; leave it out")
                goal, foreign = squeeze(one.goal), one.fault is not None and one.fault.owner is not Owner.AGENT
                if not goal or foreign:
                    continue
                url = one.task.start_urls[0] if one.task.start_urls else ""
                if not url or kept is None or one.key in kept:  # pages are read for these alone
                    (whole,) = store.trajectories(collection, [one.key])
                    if not whole.steps:
                        continue
                    url = url or whole.steps[0].observation.url
                    steps += _steps(collection, whole) if kept is None or one.key in kept else []
                pairs.setdefault((goal, url), Pair(goal, url, one.key))
                goals.update(dict.fromkeys(filter(None, (goal, squeeze(one.task.goal or "")))))
        if not pairs:
            raise UsageError(f"nothing to start from: {', '.join(collections)} holds no trajectory with an objective")
        if not steps:
            raise UsageError(
                f"no step of {', '.join(collections)} can demonstrate an action; run `apprentice filter` so that some "
                "are kept, or set keep= to take all"
            )
        order = sorted(pairs.values(), key=lambda pair: key_of(pair.objective, pair.url))
        return cls(store, order, tuple(goals), sorted(steps))

    @property
    def key(self) -> str:
        """Content key of what can be shown."""
        return key_of(self.pairs, self.goals, self.steps)

    def draw(self, first: bool, last: bool, many: int, rng: random.Random) -> list[Demonstration]:
        """Steps at the same place of their trajectories, from those of the best kind that there are.

        First those that think and stand there, then those that stand there, then any; a last step is shown as a stop
        where one was recorded.
        """
        there = [one for one in self.steps if (one.first, one.last) == (first, last)]
        near = there or [one for one in self.steps if one.last == last] or self.steps
        thinking = [one for one in near if one.thought]
        pool = thinking if len(thinking) >= many else near
        return rng.sample(pool, min(many, len(pool)))

    def text(self, shown: Sequence[Demonstration], budget: int, count: Callable[[str], int], page_last: bool) -> str:
        """The demonstrations as a prompt shows them; each page has at most `budget` tokens."""
        return "\n\n".join(
            f"EXAMPLE {number}\n{self._one(one, budget, count, page_last)}" for number, one in enumerate(shown, 1)
        )

    def _one(self, shown: Demonstration, budget: int, count: Callable[[str], int], page_last: bool) -> str:
        head, page, done, following = self._written(shown, budget, count)
        return "\n".join((head, done, following, page) if page_last else (head, page, done, following))

    def _write(self, shown: Demonstration, budget: int, count: Callable[[str], int]) -> tuple[str, str, str, str]:
        (whole,) = self._store.trajectories(shown.collection, [shown.key])
        step = whole.steps[shown.place]
        before = whole.steps[shown.place - 1] if shown.place else None
        dialect: Dialect = self._dialect.with_(budget=budget)
        page = f"WEBPAGE:\n{dialect.describe(step.observation, count, getattr(step.action, 'node', None)).text}"
        previous = "None" if before is None or before.action is None else in_fence(before.action)
        done = f"PREVIOUS ACTION: {previous}"
        following = f"NEXT ACTION: {_words(step, shown.thought)}"
        head = f"OBJECTIVE: {squeeze(whole.goal)}\nURL: {step.observation.url}"
        return head, page, done, following


def in_fence(action: Action) -> str:
    """The action as it stands between back-ticks."""
    return write(action, Spelling.WEBARENA, lambda _node: "").split("```")[1]


def _words(step: Step, thought: bool) -> str:
    if thought:
        return squeeze(step.said)
    assert step.action is not None
    return f"{START} {write(step.action, Spelling.WEBARENA, lambda _node: '')}"


def _steps(collection: str, one: Trajectory) -> list[Demonstration]:
    found = []
    for place, step in enumerate(one.steps):
        seen = step.observation
        usable = isinstance(step.action, SHOWN) and step.outcome.result is Result.DONE
        if usable and seen.elements and not (seen.torn or seen.truncated):
            thought = step.said.lstrip().startswith(START) and step.said.count("```") == 2
            found.append(Demonstration(collection, one.key, place, place == 0, place == len(one.steps) - 1, thought))
    return found
