"""Training rows with ScribeAgent's pages: the chunk that holds the target, and the answer in its node ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from webapprentice.core.records import Example, Trajectory
from webapprentice.evaluate.scoring.judging import usable
from webapprentice.evaluate.scoring.sheets import Desk


def chunk_rows(trajectories: Sequence[Trajectory], desk: Desk) -> tuple[list[Example], int]:
    """One row for each step whose target some chunk shows, and how many steps had none.

    The prompts are those that `score` asks with the same pages, dialect and budget.
    """
    rows: list[Example] = []
    lost = 0
    for trajectory in sorted(trajectories, key=lambda one: one.key):
        for place, step in enumerate(trajectory.steps):
            if not usable(step):
                continue
            sheet = desk.sheet(trajectory, place)
            node = getattr(step.action, "node", None)
            held = sheet.holding(node) if node is not None else 0
            if held is None:
                lost += 1
                continue
            rows.append(
                Example(
                    messages=sheet.prompts[held],
                    completion=desk.spelled(step, place + 1),
                    trajectory=trajectory.key,
                    step=step.index,
                    position=_position(place, len(trajectory.steps)),
                    task=trajectory.task.id,
                )
            )
    return rows, lost


def _position(place: int, steps: int) -> Literal["first", "middle", "last", "only"]:
    if steps == 1:
        return "only"
    return "first" if place == 0 else "last" if place == steps - 1 else "middle"
