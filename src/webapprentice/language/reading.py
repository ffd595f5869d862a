"""What reading gives, shared by the four spellings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from webapprentice.core.actions import Action
from webapprentice.core.records import Record

Label = Callable[[int], str]
"""What an action says about the element of this node id."""


class Read(Record):
    """An action, or why the words are none."""

    action: Action | None = None
    reason: str | None = None


class Unreadable(ValueError):  # noqa: N818 - it never leaves this floor
    """Why some words are no action; `read` turns it into a `Read`."""


def only(read_one: Callable[[str], Action], spelled: Sequence[str]) -> Action:
    """The action of all these spellings. Raises Unreadable when they differ: nobody can say which was meant."""
    first = read_one(spelled[0])
    for other in spelled[1:]:
        if other != spelled[0] and read_one(other) != first:
            raise Unreadable("more than one action in one answer")
    return first
