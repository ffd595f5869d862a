"""What needs no model: the most frequent action, and the action at the same place of the nearest recorded workflow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from pydantic import TypeAdapter

from webapprentice.core.actions import Action
from webapprentice.core.records import Observation, Step, Trajectory
from webapprentice.core.text import words

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
NAMES = ("majority", "blind replay")


class Baselines:
    """Learned from training trajectories; each gives an action for a step it has not seen, or none."""

    def __init__(self, training: Iterable[Trajectory]) -> None:
        # Only what is needed is kept: pages of a thousand workflows do not fit beside each other.
        workflows = [(one.key, frozenset(words(one.goal)), [_told(step) for step in one.steps]) for one in training]
        self._workflows = sorted(workflows, key=lambda one: one[0])
        counts = Counter(told for *_, steps in self._workflows for told in steps if told is not None)
        self._most = min(counts, key=lambda told: (-counts[told], told)) if counts else None

    @property
    def learned(self) -> int:
        """Trajectories that they learned from."""
        return len(self._workflows)

    def predict(self, name: str, trajectory: Trajectory, place: int) -> Action | None:
        """The action of this baseline for the step at this place."""
        seen = trajectory.steps[place].observation
        if name == "majority":
            return _aimed(self._most, seen)
        steps = self._nearest(trajectory.goal)
        return _aimed(steps[place], seen) if place < len(steps) else None

    def _nearest(self, goal: str) -> list[_About | None]:
        """Steps of the workflow whose goal shares the largest part of its words; of equals the first by key."""
        asked = frozenset(words(goal))
        scores = [len(asked & one) / max(1, len(asked | one)) for _, one, _ in self._workflows]
        if not scores:
            return []
        return self._workflows[max(range(len(scores)), key=lambda i: (scores[i], -i))][2]


_About = tuple[str, str, str, str]
"""An action for counting: its verb, all of it as JSON, and role and name of its element."""


def _told(step: Step) -> _About | None:
    if step.action is None:
        return None
    node = getattr(step.action, "node", None)
    element = step.observation.element(node) if node is not None else None
    role, name = (element.role or element.tag, element.name) if element is not None else ("", "")
    told = step.action.model_dump(exclude={"to", "at", "to_at"})
    # The node id of one page says nothing on another, but whether there is one does.
    told |= {"node": 0} if node is not None else {}
    return step.action.kind, json.dumps(told, sort_keys=True), role, name.casefold()


def _aimed(told: _About | None, seen: Observation) -> Action | None:
    """The action on the first element of the page that has the role and the name; none where no element does."""
    if told is None:
        return None
    _, spelled, role, name = told
    action: Action = _ACTION.validate_json(spelled)
    if getattr(action, "node", None) is None:
        return action
    for element in seen.elements:
        if element.tag != "#text" and (element.role or element.tag) == role and element.name.casefold() == name:
            return action.model_copy(update={"node": element.id})
    return None
