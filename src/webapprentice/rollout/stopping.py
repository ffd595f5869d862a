"""When an episode is over before its limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from webapprentice.core.actions import Scroll, Stop, Type
from webapprentice.core.records import Ending, Step
from webapprentice.rollout.agents.config import Agent


class Patience(NamedTuple):
    """How often is too often."""

    unreadable: int = 3
    """Answers in a row that are no action."""
    repeated: int = 3
    """Times the same action is taken."""
    harness: bool = False
    """As WebArena's harness counts: repeats end an episode whatever comes of them, and typing counts wherever in the
    episode it stood. Otherwise only repeats in a row that change nothing end one: pressing "more" is no loop."""
    scrolls: bool = True
    """Scrolling counts as an action that may be repeated."""


_PATIENCE: dict[Agent, Patience] = {
    "webarena": Patience(harness=True),
    "stages": Patience(unreadable=5, repeated=5, harness=True, scrolls=False),
}
"""The papers' own; every other agent has the default."""


def over(steps: Sequence[Step], agent: Agent = "dialect") -> Ending | None:
    """Why the episode is over after these steps; None when it goes on."""
    last, patience = steps[-1], _PATIENCE.get(agent, Patience())
    if isinstance(last.action, Stop):
        return Ending.STOPPED
    if last.outcome.done:
        return Ending.PAGE
    unread = steps[-patience.unreadable :]
    if len(unread) == patience.unreadable and all(step.action is None for step in unread):
        return Ending.UNREADABLE
    return Ending.REPEATED if _repeated(steps, patience) else None


def _repeated(steps: Sequence[Step], patience: Patience) -> bool:
    action, tail = steps[-1].action, steps[-patience.repeated :]
    if action is None or (isinstance(action, Scroll) and not patience.scrolls):
        return False
    if patience.harness and isinstance(action, Type):
        return sum(step.action == action for step in steps) >= patience.repeated
    if len(tail) < patience.repeated or any(step.action != action for step in tail):
        return False
    return patience.harness or not any(step.outcome.changed for step in tail)
