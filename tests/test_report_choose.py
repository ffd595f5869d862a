"""Which trajectories are shown, and how episodes become the table."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from report_sample import png
from webapprentice.core.actions import Click, Drag
from webapprentice.core.faults import Fault, Owner
from webapprentice.core.records import (
    Element,
    Ending,
    Observation,
    Outcome,
    Provenance,
    Result,
    Source,
    Step,
    Task,
    Trajectory,
)
from webapprentice.metrics import Episode
from webapprentice.report import Case, CaseKind, Split, attempt, cells, choose, task_rows

SEEN = Observation(
    url="http://127.0.0.1/a",
    viewport=(160, 210),
    screenshot="blob",
    elements=(
        Element(id=7, tag="button", role="button", name="ok", box=(1, 2, 30, 10)),
        Element(id=8, tag="div", attributes={"id": "bin"}, box=(50, 60, 20, 20)),
    ),
)


def tried(name: str, seed: int, score: float | None, arm: str = "base", fault: Fault | None = None) -> Trajectory:
    """One episode of one click."""
    step = Step(
        index=0,
        observation=SEEN,
        said="click button ok [7]",
        action=Click(node=7),
        outcome=Outcome(result=Result.DONE),
        logprob=math.log(0.25),
    )
    return Trajectory(
        key=f"{arm}-{name}-{seed}",
        task=Task(id=f"miniwob/{name}", benchmark="miniwob"),
        goal="Press ok.",
        source=Source.ROLLOUT,
        steps=(step,),
        ending=Ending.PAGE if fault is None else Ending.FAULT,
        fault=fault,
        score=score,
        provenance=Provenance(seed=seed, temperature=1.0),
    )


def chosen(base: list[Trajectory], improved: list[Trajectory], **more: object) -> tuple[Case, ...]:
    return choose(base, improved, page=lambda *_: "button ok [7]", picture=lambda _: png(2, 2), **more)  # type: ignore[arg-type]


def examinations() -> tuple[list[Trajectory], list[Trajectory]]:
    base, improved = [], []
    for number in range(12):
        for seed in range(8):
            before, after = float((number + seed) % 3 == 0), float((number * seed) % 2 == 0)
            base.append(tried(f"task-{number}", seed, before))
            improved.append(tried(f"task-{number}", seed, after, "improved"))
    return base, improved


def test_a_mixture_of_kinds_over_many_tasks() -> None:
    base, improved = examinations()
    practice = [tried(f"task-{number}", 100 + number, float(number % 2), "practice") for number in range(12)]
    dropped = {trajectory.key: "no repeat" for trajectory in practice[:6]}
    cases = chosen(base, improved, practice=practice, dropped=dropped, held_out=frozenset({"miniwob/task-3"}))
    kinds = Counter(case.kind for case in cases)
    assert len(cases) == 14
    assert kinds[CaseKind.GAINED] >= 4
    assert kinds[CaseKind.LOST] >= 2
    assert {CaseKind.BOTH_FAIL, CaseKind.KEPT_GOOD, CaseKind.KEPT_BAD, CaseKind.DROPPED_GOOD} <= kinds.keys()
    assert len({case.task for case in cases}) >= 10
    assert all((case.split is Split.HELD_OUT) is (case.task == "miniwob/task-3") for case in cases)
    refused = [case for case in cases if case.kind in (CaseKind.DROPPED_GOOD, CaseKind.DROPPED_BAD)]
    assert all(case.attempts[0].dropped_by == "no repeat" for case in refused)


def test_the_choice_does_not_depend_on_the_order_of_the_runs() -> None:
    base, improved = examinations()
    assert chosen(base, improved) == chosen(base[::-1], improved[::-1])


def test_few_trajectories_give_few_cases() -> None:
    assert chosen([], []) == ()
    assert len(chosen([tried("a", 1, 0.0)], [tried("a", 1, 1.0, "improved")])) == 1
    assert chosen([tried("a", 1, 0.0)], [tried("a", 2, 1.0, "improved")]) == ()


def test_a_fault_is_no_failure() -> None:
    broken = tried("a", 1, 0.0, "improved", Fault(owner=Owner.ENVIRONMENT, kind="page_hang", message="15 s"))
    (case,) = chosen([tried("a", 1, 1.0)], [broken])
    assert case.kind is CaseKind.FAULT
    assert case.attempts[1].fault == "environment, page_hang: 15 s"


def test_a_step_keeps_its_target_its_picture_and_its_probability() -> None:
    shown = attempt(tried("a", 1, 1.0), "base", page=lambda *_: "page", picture={"blob": b"png"}.get)
    (step,) = shown.steps
    assert (step.box, step.target, step.screenshot, step.page) == ((1, 2, 30, 10), "button ok", b"png", "page")
    assert step.probability == pytest.approx(0.25)


def test_a_drag_keeps_both_elements_and_a_stale_target_has_no_box() -> None:
    whole = tried("a", 1, 1.0)
    drag = whole.with_(steps=(whole.steps[0].with_(action=Drag(node=7, to=8)),))
    (step,) = attempt(drag, "base", page=lambda *_: None, picture=lambda _: None).steps
    assert (step.box, step.box_to) == ((1, 2, 30, 10), (50, 60, 20, 20))
    stale = whole.with_(steps=(whole.steps[0].with_(action=Click(node=99)),))
    (step,) = attempt(stale, "base", page=lambda *_: None, picture=lambda _: None).steps
    assert (step.box, step.target) == (None, "")


def episodes(share: float, arm: str) -> list[Episode]:
    found = []
    for task in range(10):
        for seed in range(10):
            faulted = arm == "new" and task == 0 and seed == 0
            solved = None if faulted else seed < 10 * share
            found.append(Episode(task=f"t{task}", seed=seed, solved=solved, faulted=faulted))
    return found


def test_episodes_become_the_table() -> None:
    runs = {
        ("base", 1.0): [episodes(0.3, "base")],
        ("new", 1.0): [episodes(0.5, "new"), episodes(0.7, "new")],
        ("new", 0.0): [episodes(0.5, "new")],
    }
    held_out = frozenset({"t8", "t9"})
    table = {(cell.arm, cell.temperature, cell.split): cell for cell in cells(runs, "base", held_out, resamples=200)}
    assert len(table) == 9
    base, new = table["base", 1.0, Split.ALL], table["new", 1.0, Split.ALL]
    assert (base.rate.solved, base.rate.counted, base.rate.faults, base.tasks) == (30, 100, 0, 10)
    assert base.difference is None
    assert (new.rate.counted, new.rate.faults, len(new.by_seed)) == (198, 2, 2)
    assert new.difference is not None
    assert new.difference.value == pytest.approx(0.3, abs=0.01)
    assert new.difference.interval is not None
    assert new.difference.interval.excludes_zero
    assert (new.difference.pairs, new.difference.better, new.difference.worse) == (99, 10, 0)
    assert table["new", 0.0, Split.ALL].difference is None
    assert table["base", 1.0, Split.HELD_OUT].rate.counted == 20


def test_task_rows_pair_base_and_improved_and_admit_gaps() -> None:
    runs = {
        ("base", 1.0): [episodes(0.3, "base")],
        ("new", 1.0): [episodes(0.5, "new")],
        ("new", 0.0): [episodes(1.0, "new")],
    }
    rows = task_rows(runs, "base", "new", frozenset({"t9"}))
    assert len(rows) == 20
    assert rows[0].base is not None
    assert rows[0].improved is not None
    assert (rows[0].improved.solved, rows[0].improved.counted, rows[0].improved.faults) == (4, 9, 1)
    assert rows[-1].base is None
    assert rows[-1].split is Split.HELD_OUT


def test_without_held_out_tasks_there_is_one_column() -> None:
    assert [cell.split for cell in cells({("base", 1.0): [episodes(0.3, "base")]}, "base")] == [Split.ALL]
