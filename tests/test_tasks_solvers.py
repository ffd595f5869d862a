from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from webapprentice.core.actions import Action, Click, Stop, Type, Wait
from webapprentice.core.protocols import World
from webapprentice.core.records import Element, Limits, Observation, Outcome, Result, Step, Task
from webapprentice.tasks import load, registry, splits
from webapprentice.tasks.solvers import SOLVERS, WITHOUT, Solver, Taken
from webapprentice.tasks.solvers.scene import Scene
from webapprentice.tasks.splits import ATTEMPTED, EXCLUDED, HELD_OUT, HELD_OUT_FAMILIES, HELD_OUT_SIBLINGS, PAGES

SEEDS = (1, 2, 3, 4, 5)
WORLDS = 12
STEPS = 40
"""More than any task's own limit, to see how many a solver takes."""


def family(task: str) -> str:
    return PAGES[task.removeprefix("miniwob/")].family


class TestSplit:
    def test_every_task_is_in_exactly_one_place(self) -> None:
        assert set(registry()) == {*ATTEMPTED, *HELD_OUT, *EXCLUDED}
        assert len(ATTEMPTED) + len(HELD_OUT) + len(EXCLUDED) == len(PAGES)

    def test_sizes(self) -> None:
        assert len(ATTEMPTED) >= 40
        assert len(HELD_OUT) >= 15
        assert len(HELD_OUT_FAMILIES) >= splits.WHOLE_FAMILIES

    def test_held_out_families_have_no_sibling_among_the_attempted(self) -> None:
        assert not {family(task) for task in HELD_OUT_FAMILIES} & {family(task) for task in ATTEMPTED}

    def test_held_out_siblings_have_two_or_more_attempted(self) -> None:
        attempted = [family(task) for task in ATTEMPTED]
        assert all(attempted.count(family(task)) >= 2 for task in HELD_OUT_SIBLINGS)

    def test_what_is_used_asks_for_no_more_than_the_skills(self) -> None:
        for task in (*ATTEMPTED, *HELD_OUT):
            assert PAGES[task.removeprefix("miniwob/")].needs <= splits.SKILLS

    def test_every_exclusion_has_a_reason(self) -> None:
        assert all(EXCLUDED.values())

    def test_the_split_is_the_one_that_results_were_published_for(self) -> None:
        names = [task.removeprefix("miniwob/") for task in HELD_OUT_FAMILIES]
        assert names == [
            "choose-list",
            "click-checkboxes",
            "click-checkboxes-large",
            "click-checkboxes-soft",
            "click-option",
            "click-scroll-list",
            "phone-book",
            "scroll-text",
            "scroll-text-2",
            "search-engine",
        ]
        assert [task.removeprefix("miniwob/") for task in HELD_OUT_SIBLINGS] == [
            "choose-date-nodelay",
            "click-tab-2",
            "click-test-2",
            "email-inbox-forward-nl",
            "enter-text-2",
            "login-user",
            "social-media",
        ]

    def test_the_order_of_the_table_does_not_matter(self) -> None:
        assert splits.split(dict(reversed(PAGES.items()))) == splits.split(PAGES)

    def test_step_limits_are_of_real_pages_and_in_range(self) -> None:
        assert set(splits.STEP_LIMITS) <= set(PAGES)
        limits = [splits.STEP_LIMITS.get(task.removeprefix("miniwob/"), 10) for task in (*ATTEMPTED, *HELD_OUT)]
        assert all(5 <= limit <= 15 for limit in limits)

    def test_nearly_all_that_is_used_has_a_solver(self) -> None:
        unsolved = {task for task in (*ATTEMPTED, *HELD_OUT) if task not in SOLVERS}
        assert unsolved <= {"miniwob/click-checkboxes-soft"}


def button(node: int, words: str, box: tuple[int, int, int, int]) -> tuple[Element, Element]:
    return (
        Element(id=node, tag="button", role="button", name=words, box=box),
        Element(id=node + 1, parent=node, tag="#text", text=words, box=box),
    )


class TestScene:
    def test_the_objective_itself_is_not_part_of_the_page(self) -> None:
        query = Element(id=1, tag="div", attributes={"id": "query"})
        inner = Element(id=2, parent=1, tag="button", name="no")
        real = button(3, "yes", (0, 0, 10, 10))
        scene = Scene("", Observation(url="", elements=(query, inner, *real)))
        assert [element.id for element in scene.find("button")] == [3]

    def test_a_solver_that_misses_something_waits(self) -> None:
        assert isinstance(SOLVERS["miniwob/click-test"]("", Observation(url=""), ()), Wait)

    def test_a_solver_depends_on_its_arguments_alone(self) -> None:
        box = Element(id=7, tag="input", attributes={"type": "text"})
        seen = Observation(url="", elements=(box, *button(8, "Submit", (0, 0, 9, 9))))
        goal = 'Enter "Joye" into the text field and press Submit.'
        solve = SOLVERS["miniwob/enter-text"]
        first = solve(goal, seen, ())
        assert first == solve(goal, seen, ()) == Type(node=7, text="Joye")
        step = Step(index=0, observation=seen, said="", action=first, outcome=Outcome(result=Result.DONE))
        assert solve(goal, seen, (step,)) == Click(node=8)


class Played(NamedTuple):
    reward: float | None
    steps: int
    log: list[str]


async def play(world: World, task: Task, seed: int, policy: Solver) -> Played:
    start = await world.reset(task, seed)
    seen = start.observation
    steps: list[Step] = []
    log = [start.goal]
    for index in range(task.limits.steps):
        action = policy(start.goal, seen, steps)
        happened = await world.step(action)
        log.append(f"{action!r} {happened.outcome.result} {happened.outcome.message}")
        steps.append(Step(index=index, observation=seen, said="", action=action, outcome=happened.outcome))
        if happened.raw_reward is not None:
            return Played(happened.raw_reward, len(steps), log)
        seen = happened.observation or seen
    return Played(None, len(steps), log)


def idle(goal: str, seen: Observation, past: Sequence[Taken]) -> Action:
    return Wait(seconds=0.0) if not past else Stop()


async def play_all(policies: dict[str, Solver], seeds: Sequence[int]) -> dict[tuple[str, int], Played]:
    """Every policy on its task with every seed; one world plays all seeds of a task, so that a page is loaded once."""
    from webapprentice.browser import BrowserConfig
    from webapprentice.tasks.miniwob import worlds

    results: dict[tuple[str, int], Played] = {}
    waiting = sorted(policies, reverse=True)

    async def work(world: World) -> None:
        while waiting:
            name = waiting.pop()
            task = load(name)[0].with_(limits=Limits(steps=STEPS))
            for seed in seeds:
                results[name, seed] = await play(world, task, seed, policies[name])

    async with worlds(WORLDS, BrowserConfig()) as many:
        await asyncio.gather(*(work(world) for world in many))
    return results


def test_every_task_has_a_solver_or_a_reason() -> None:
    assert set(SOLVERS) | set(WITHOUT) == set(registry())
    assert not set(SOLVERS) & set(WITHOUT)


@pytest.mark.browser
@pytest.mark.slow
class TestSolvers:
    def test_every_solver_solves_five_seeds(self) -> None:
        results = asyncio.run(play_all(SOLVERS, SEEDS))
        failed = {key: played for key, played in results.items() if played.reward != 1.0}
        assert not failed, "\n".join(f"{key}: {' | '.join(played.log)}" for key, played in failed.items())
        assert len(SOLVERS) >= 100
        needed = {task: max(results[task, seed].steps for seed in SEEDS) for task in SOLVERS}
        limits = {task: registry()[task].limits.steps for task in (*ATTEMPTED, *HELD_OUT) if task in SOLVERS}
        assert not {task: needed[task] for task, limit in limits.items() if needed[task] > limit}

    def test_seeds_that_repeat_a_digit_are_different_episodes(self) -> None:
        # The pages' generator repeats a key that is a string: "2" and "22" would be one and the same.
        seeds = (2, 22, 222)
        results = asyncio.run(play_all({"miniwob/enter-text-dynamic": idle}, seeds))
        assert len({played.log[0] for played in results.values()}) == len(seeds)

    def test_idling_solves_nothing(self) -> None:
        results = asyncio.run(play_all(dict.fromkeys(SOLVERS, idle), SEEDS[:1]))
        assert not {task: played.reward for (task, _), played in results.items() if (played.reward or 0.0) > 0.0}
