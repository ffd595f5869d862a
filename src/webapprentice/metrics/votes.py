"""Several answers to one question become one, by a rule that is fixed beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

E = TypeVar("E", bound=Hashable)
A = TypeVar("A", bound=Hashable)


def elect(votes: Sequence[tuple[E, A] | None]) -> tuple[E, A] | None:
    """The element with the most votes, and the action that most of its votes name; None where nobody voted.

    Each vote is an element and the whole action on it; None is a vote that cannot be read. A tie goes to what was
    voted for first: the caller fixes the order of asking, so chance has no part in it.
    """
    cast = [vote for vote in votes if vote is not None]
    if not cast:
        return None
    element = _first_of_most([vote[0] for vote in cast])
    return element, _first_of_most([action for one, action in cast if one == element])


def decided(votes: Sequence[tuple[E, A] | None], left: int) -> bool:
    """Whether no `left` further votes can change what `elect` gives, neither the element nor the action."""
    cast = [vote for vote in votes if vote is not None]
    if left == 0:
        return True
    if not cast:
        return False
    elements = Counter(vote[0] for vote in cast)
    winner = elect(votes)
    assert winner is not None
    actions = Counter(action for one, action in cast if one == winner[0])
    return _lead(elements) > left and _lead(actions) > left


def _first_of_most(cast: Sequence[A]) -> A:
    # A Counter keeps the order of first appearance, and `max` takes the first of equals.
    counts = Counter(cast)
    return max(counts, key=lambda one: counts[one])


def _lead(counts: Counter[A]) -> int:
    """Votes between the first and the second."""
    most = counts.most_common(2)
    return most[0][1] - (most[1][1] if len(most) > 1 else 0)
