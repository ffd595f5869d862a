"""Training rows with ScribeAgent's pages: the chunk that holds the target, and the answer in its node ids."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.records import Example, Result, Step, Trajectory
from webapprentice.curate.draws import position
from webapprentice.curate.sheets import Desk


def usable(step: Step) -> bool:
    """Whether a recorded step can be matched exactly: as for training rows, it has an action that was carried out."""
    return step.action is not None and step.outcome.result is Result.DONE


def chunk_row(trajectory: Trajectory, place: int, desk: Desk) -> Example | None:
    """The row of one step; None where no chunk shows its target. The prompt is one that `score` asks."""
    step = trajectory.steps[place]
    node, end = desk.target(step), getattr(step.action, "to", None)
    if node is None and step.observation.html is None:  # the end of a recording, which nothing is looked at for
        return None
    sheet = desk.sheet(trajectory, place)
    held = sheet.holding(node) if node is not None else 0
    if held is None or (end is not None and end not in sheet.parts[held]):
        return None
    return Example(
        messages=sheet.prompts[held],
        completion=desk.spelled(step, place + 1),
        trajectory=trajectory.key,
        step=step.index,
        position=position(place, len(trajectory.steps)),
        task=trajectory.task.id,
    )


def chunk_rows(trajectories: Sequence[Trajectory], desk: Desk) -> tuple[list[Example], int]:
    """One row for each step whose target some chunk shows, and how many steps had none."""
    ordered = sorted(trajectories, key=lambda one: one.key)
    places = [(one, place) for one in ordered for place, step in enumerate(one.steps) if usable(step)]
    made = [chunk_row(one, place, desk) for one, place in places]
    rows = [row for row in made if row is not None]
    return rows, len(made) - len(rows)
