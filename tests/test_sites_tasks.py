"""Tasks of the local sites: false while nothing is done, true after their solutions, in windows side by side."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Stop
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Step, Task
from webapprentice.sites import every
from webapprentice.tasks import load
from webapprentice.tasks.environments import solver_of, worlds_of
from webapprentice.tasks.local import local_lists, local_solutions, local_tasks
from webapprentice.tasks.siteworld import SiteWorld
from webapprentice.tasks.webarena.records import record_of

AT_ONCE = 6


def test_there_are_enough_of_every_kind() -> None:
    tasks = local_tasks()
    assert set(every()) == {"shop", "shop_admin", "forum", "code", "wiki", "map"}
    assert len(tasks) >= 100
    assert len({task.template for task in tasks}) >= 30
    assert min(Counter(site for task in tasks for site in task.sites).values()) >= 20
    assert sum(len(task.sites) > 1 for task in tasks) >= 5
    evals = [record_of(task).eval for task in tasks]
    impossible = [one for one in evals if (one["reference_answers"] or {}).get("fuzzy_match") == "N/A"]
    assert len(impossible) >= 5
    kinds = Counter(kind for one in evals for kind in one["eval_types"])
    assert min(kinds[kind] for kind in ("string_match", "url_match", "program_html")) >= 20
    assert {task.id for task in tasks} == set(local_solutions())


def test_lists_leave_no_task_out_and_share_none() -> None:
    lists = local_lists()
    assert sum(map(len, lists.values())) == len(local_tasks())
    assert set.union(*map(set, lists.values())) == {task.id for task in local_tasks()}
    templates = {name: {task.template for task in load(name)} for name in lists}
    assert not templates["sites_attempted"] & (templates["sites_held_out"] | templates["sites_unseen"])
    assert all(len(found) >= 10 for found in lists.values())


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_task_of_every_template_is_false_when_idle_and_true_when_solved() -> None:
    left = list({task.template: task for task in local_tasks()}.values())  # `make bench` plays all of them
    wrong: dict[str, str] = {}

    async def work(world: SiteWorld) -> None:
        while left:
            task = left.pop()
            try:
                said = await _tried(world, task)
            except FaultError as error:
                said = str(error)
            if said and task.id not in wrong:
                left.insert(0, task)  # once more, at the end: a busy machine may be too slow for a page
            if said:
                wrong[task.id] = said
            elif task.id in wrong:
                late.append(wrong.pop(task.id))

    late: list[str] = []

    async def scene() -> None:
        async with worlds_of("sites", AT_ONCE, BrowserConfig(call_seconds=20.0)) as worlds:
            await asyncio.gather(*(work(world) for world in worlds if isinstance(world, SiteWorld)))

    asyncio.run(scene())
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())
    assert len(late) <= 4, "\n".join(late)


async def _tried(world: SiteWorld, task: Task) -> str:
    """What is wrong with a task; nothing where all is well. The judge moves nothing, so one episode serves for both."""
    start = await world.reset(task, 1)
    idle = await world.verdict("")
    if idle.score != 0.0:
        return f"idle scores {idle.score}: {idle.fault}"
    solve, seen, steps = solver_of(task), start.observation, list[Step]()
    assert solve is not None
    for index in range(task.limits.steps):
        action = solve(start.goal, seen, tuple(steps))
        happened = await world.step(action)
        if isinstance(action, Stop):
            verdict = await world.verdict(action.answer)
            return "" if verdict.score == 1.0 else f"solved scores {verdict.score}: {verdict.judgments} {verdict.fault}"
        assert happened.observation is not None
        steps.append(Step(index=index, observation=seen, said="", action=action, outcome=happened.outcome))
        seen = happened.observation
    return "the solution does not end"
