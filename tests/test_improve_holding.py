"""Which tasks a run keeps for its exam, on web sites too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from own_app import TASKS
from webapprentice.core.faults import UsageError
from webapprentice.improve.checking import held_out_of, practice_tasks
from webapprentice.improve.config import ImproveConfig
from webapprentice.tasks.local import local_lists
from webapprentice.tasks.splits import HELD_OUT


def settled(*pairs: str) -> ImproveConfig:
    return ImproveConfig.resolve(sets=pairs)


def test_exams_of_our_own_tasks_hold_out_what_the_lists_say() -> None:
    assert held_out_of(settled()) == frozenset(HELD_OUT)
    local = settled("practice.tasks=sites/shop/17", "exam.tasks=sites_attempted,sites_unseen")
    assert held_out_of(local) == {*HELD_OUT, *local_lists()["sites_unseen"]}


@pytest.mark.parametrize("tasks", ["sites_held_out", "sites/wiki/3"])
def test_held_out_tasks_of_the_local_sites_are_not_practised(tasks: str) -> None:
    with pytest.raises(UsageError, match="held-out"):
        practice_tasks(settled(f"practice.tasks={tasks}", "exam.tasks=sites_attempted"))


def test_of_somebodys_own_tasks_those_are_held_out_that_practice_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text(json.dumps(TASKS), encoding="utf-8")
    site = {"name": "notes", "tasks": "tasks.json", "sites": {"notes": {"url": "http://127.0.0.1:9"}}}
    (tmp_path / "notes.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    number = TASKS[0]["task_id"]
    own = settled(
        f"pool.benchmark={tmp_path / 'notes.yaml'}",
        f"practice.tasks=notes/*,-notes/{number}",
        "exam.tasks=notes/*",
    )
    assert held_out_of(own) - {*HELD_OUT} == {f"notes/{number}"}
