"""Every MiniWoB++ page as a world: it opens, it is seen, and the same seed gives the same episode again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from webapprentice.browser import BrowserConfig, find_chromium
from webapprentice.core.actions import Action, Click, Dialog, Goto, Select, Stop, Type
from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.protocols import Start
from webapprentice.core.records import Element, Observation, Result
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import LITTER, MiniWob, score, worlds
from webapprentice.tasks.registry import RELOAD, TIMED, folder, registry
from webapprentice.tasks.server import PageServer

T = TypeVar("T")
needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")

UNSTEADY = TIMED | {"click-pie"}
"""Where the same episode may look different by a little: click-pie opens with an animation that measures itself."""
SPUN = "drag-cube"
"""Its script turns the cube from an interval: a look comes before or after a turn, so style and box may differ."""


def scene(count: int, play: Callable[[list[MiniWob]], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        async with worlds(count, BrowserConfig()) as all_worlds:
            return await play(all_worlds)

    return asyncio.run(run())


def plain(start: Start) -> tuple[str, list[str]]:
    elements = start.observation.elements
    if start.observation.url.endswith(f"/{SPUN}.html"):
        unstyled = [{name: text for name, text in one.attributes.items() if name != "style"} for one in elements]
        still = (one.with_(attributes=kept, box=(0, 0, 0, 0)) for one, kept in zip(elements, unstyled, strict=True))
        elements = tuple(still)
    return start.goal, [element.model_dump_json(exclude_defaults=True) for element in elements]


def named(observation: Observation, role: str, name: str = "") -> Element:
    return next(e for e in observation.elements if e.role == role and name in ("", e.name))


def at_random(observation: Observation, rng: random.Random) -> Action:
    offered = [e for e in observation.elements if e.clickable and e.visible] or list(observation.elements)
    element = rng.choice(offered)
    if element.options and element.role == "combobox":
        return Select(node=element.id, options=(rng.choice(element.options),))
    if element.role in ("textbox", "spinbutton", "searchbox") and rng.random() < 0.7:
        return Type(node=element.id, text="ab")
    return Click(node=element.id)


# The registry


def test_all_pages_of_the_package_are_tasks() -> None:
    tasks = registry()
    assert len(tasks) == 134
    assert sum(task.template.startswith("flight.") for task in tasks.values()) == 4
    assert all((folder() / task.start_urls[0]).is_file() for task in tasks.values())
    assert all("click" in task.skills for task in tasks.values())
    assert {task.template for task in tasks.values()} >= RELOAD | TIMED
    assert all(task.id == f"miniwob/{task.template}" for task in tasks.values())


def test_patterns_name_tasks() -> None:
    assert [task.id for task in load("miniwob/click-test")] == ["miniwob/click-test"]
    assert len(load("miniwob/*")) == 134
    assert [task.id for task in load("miniwob/click-test*, -miniwob/click-test, -miniwob/*-transfer")] == [
        "miniwob/click-test-2"
    ]
    with pytest.raises(UsageError, match="no task was named"):
        load("miniwob/click-test, -miniwob/*")
    with pytest.raises(UsageError, match="no task is called 'click-tset'"):
        load("miniwob/*, -click-tset")
    assert [task.template for task in load("miniwob/click-test*, miniwob/click-test")] == [
        "click-test",
        "click-test-2",
        "click-test-transfer",
    ]


@pytest.mark.parametrize(
    ("pattern", "hint"), [("miniwob/clik-test", "click-test"), ("zzzz", "all 134"), ("", "miniwob/")]
)
def test_an_unknown_task_is_refused_with_the_nearest_names(pattern: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint) as caught:
        load(pattern)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "expected"), [(None, None), (-1.0, 0.0), (0.0, 0.0), (0.4, 0.4), (1.0, 1.0), (7.0, 1.0)]
)
def test_a_raw_reward_becomes_a_score(raw: float | None, expected: float | None) -> None:
    assert score(raw) == expected


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=str(port)) as caught, PageServer(folder(), port):
            pass
    assert caught.value.exit_code == 69


def test_the_page_server_serves_its_folder_and_nothing_else() -> None:
    async def fetch(url: str, path: str) -> bytes:
        host, port = url.removeprefix("http://").rstrip("/").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer

    with PageServer(folder()) as server:
        assert b"200 OK" in asyncio.run(fetch(server.url, "/miniwob/click-test.html?x=1"))
        for path in ("/../__init__.py", "/%2e%2e/__init__.py", "//etc/passwd", "/miniwob", "/none.html"):
            assert b"404 " in asyncio.run(fetch(server.url, path))


# The worlds


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
def test_every_task_opens_and_starts_the_same_way_from_the_same_seed() -> None:
    """In every task: first a fresh page, then another episode played at random, then the first seed again."""
    problems: list[str] = []

    async def check(world: MiniWob, name: str) -> None:
        task = registry()[name]
        first = await world.reset(task, 7)
        if not (first.goal and first.observation.elements) or first.observation.truncated:
            problems.append(f"{name}: goal {first.goal!r}, {len(first.observation.elements)} elements")
        seen: Observation | None = (await world.reset(task, 8)).observation
        rng = random.Random(name)
        for _ in range(3):
            if seen is None:
                break
            happened = await world.step(at_random(seen, rng))
            seen = None if happened.outcome.done else happened.observation
        again = await world.reset(task, 7)
        if again.goal != first.goal:
            problems.append(f"{name}: {again.goal!r} after {first.goal!r}")
        if task.template not in UNSTEADY and plain(again) != plain(first):
            pairs = zip(plain(first)[1], plain(again)[1], strict=False)
            problems.append(f"{name}: {next((pair for pair in pairs if pair[0] != pair[1]), 'more elements')}")

    async def play(all_worlds: list[MiniWob]) -> None:
        names = list(registry())

        async def work(world: MiniWob) -> None:
            while names:
                await check(world, names.pop())

        await asyncio.gather(*map(work, all_worlds))

    scene(4, play)
    assert not problems, "\n".join(sorted(problems))


@needs_chromium
@pytest.mark.browser
def test_a_right_answer_is_rewarded_and_ends_the_episode() -> None:
    async def play(all_worlds: list[MiniWob]) -> None:
        world = all_worlds[0]
        start = await world.reset(load("miniwob/enter-text")[0], 3)
        word = start.goal.split('"')[1]
        field = named(start.observation, "textbox")
        typed = await world.step(Type(node=field.id, text=word))
        assert typed.outcome.result is Result.DONE
        assert typed.outcome.changed
        assert not typed.outcome.done
        assert typed.raw_reward is None
        assert typed.observation is not None
        assert named(typed.observation, "textbox").value == word
        ended = await world.step(Click(node=named(typed.observation, "button", "Submit").id))
        assert ended.outcome.done
        assert ended.raw_reward == 1.0
        # The cover of the next episode does not hide how this one ended.
        assert ended.observation is not None
        assert named(ended.observation, "textbox").value == word

    scene(1, play)


@needs_chromium
@pytest.mark.browser
def test_wrong_answers_stopping_and_leaving_earn_nothing() -> None:
    async def play(all_worlds: list[MiniWob]) -> None:
        world = all_worlds[0]
        task = load("miniwob/login-user")[0]
        start = await world.reset(task, 1)
        wrong = await world.step(Click(node=named(start.observation, "button", "Login").id))
        assert (wrong.outcome.done, wrong.raw_reward) == (True, -1.0)
        await world.reset(task, 1)
        stopped = await world.step(Stop(answer="done"))
        assert (stopped.outcome.done, stopped.raw_reward, stopped.outcome.changed) == (False, 0.0, False)
        left = await world.step(Goto(url="about:blank"))
        assert (left.outcome.done, left.raw_reward) == (True, 0.0)
        assert (await world.reset(task, 1)).goal == start.goal

    scene(1, play)


@needs_chromium
@pytest.mark.browser
def test_an_action_that_fails_is_told_in_the_next_observation() -> None:
    async def play(all_worlds: list[MiniWob]) -> None:
        world = all_worlds[0]
        await world.reset(load("miniwob/click-test")[0], 1)
        happened = await world.step(Click(node=9999))
        assert happened.outcome.result is Result.STALE
        assert happened.outcome.changed is False
        assert happened.observation is not None
        assert happened.observation.last_error is not None
        assert happened.observation.last_error.startswith("stale: ")

    scene(1, play)


@needs_chromium
@pytest.mark.browser
def test_the_goal_is_not_on_the_page_and_the_harness_is_not_either() -> None:
    async def play(all_worlds: list[MiniWob]) -> None:
        start = await all_worlds[0].reset(load("miniwob/click-button")[0], 5)
        text = " ".join(element.text for element in start.observation.elements)
        assert start.goal not in text
        ids = {element.attributes.get("id") for element in start.observation.elements}
        assert not ids & {"query", "reward-display", "sync-task-cover", "click-canvas"}
        assert (await all_worlds[0].screenshot()).startswith(b"\x89PNG")

    scene(1, play)


@needs_chromium
@pytest.mark.browser
def test_a_world_comes_back_after_its_page_was_hung() -> None:
    async def play(all_worlds: list[MiniWob]) -> None:
        world = all_worlds[0]
        task = load("miniwob/click-test")[0]
        first = await world.reset(task, 1)
        await world.window.evaluate("setTimeout(() => { for (;;); }, 0)")
        assert plain(await world.reset(task, 1)) == plain(first)

    async def run() -> None:
        async with worlds(1, BrowserConfig(call_seconds=2.0, act_seconds=1.0)) as all_worlds:
            await play(all_worlds)

    asyncio.run(run())


@needs_chromium
def test_an_answer_to_a_dialog_does_not_outlive_its_episode() -> None:
    async def play(all_worlds: list[MiniWob]) -> None:
        (world,) = all_worlds
        (task,) = load("miniwob/click-test")
        await world.reset(task, 1)
        await world.step(Dialog(accept=True, text="yes"))
        assert world.window.answer == (True, "yes")
        await world.reset(task, 2)
        assert world.window.answer is None
        await world.window.evaluate("window.told = confirm('sure?')")
        assert await world.window.evaluate("told") is False

    scene(1, play)


@needs_chromium
def test_windows_are_spread_over_processes_and_one_that_dies_takes_only_its_own() -> None:
    async def play() -> None:
        async with worlds(3, BrowserConfig(processes=2)) as (first, second, third):
            pids = [world.window.browser.pid for world in (first, second, third)]
            assert pids[0] == pids[2] != pids[1]
            (task,) = load("miniwob/click-test")
            for world in (first, second, third):
                await world.reset(task, 1)
            assert pids[0] is not None
            os.kill(pids[0], signal.SIGKILL)
            happened = await second.step(Click(node=named(second.window.seen, "button").id))  # type: ignore[arg-type]
            assert happened.raw_reward is not None
            start = await third.reset(task, 2)
            assert named(start.observation, "button")

    asyncio.run(play())


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("reset", ["reseed", "reload"])
def test_what_episodes_leave_in_memory_is_given_back(reset: str) -> None:
    async def play(all_worlds: list[MiniWob]) -> list[int]:
        (world,) = all_worlds
        task = load("miniwob/click-test")[0].with_(reset=reset)
        held = []
        for seed in range(LITTER):
            await world.reset(task, seed)
            told = await world.window.ask("Runtime.getHeapUsage", {}, "weighing")
            held.append(int(told["usedSize"] + told["embedderHeapUsedSize"]))
        return held

    held = scene(1, play)
    assert min(held[1:]) < held[0]  # what loading the page itself leaves behind is gone as well


@pytest.mark.browser
@needs_chromium
def test_a_reset_in_a_new_context_leaves_nothing_of_the_last_episode() -> None:
    async def play(all_worlds: list[MiniWob]) -> None:
        (world,) = all_worlds
        left = "[localStorage.length, document.cookie]"
        for reset, kept in (("reload", [1, "a=1"]), ("context", [0, ""])):
            task = load("miniwob/click-test")[0].with_(reset=reset)
            await world.reset(task, 1)
            await world.window.evaluate("localStorage.setItem('a', 1), document.cookie = 'a=1'")
            start = await world.reset(task, 1)
            assert await world.window.evaluate(left) == kept
            happened = await world.step(Click(node=named(start.observation, "button").id))
            assert happened.raw_reward is not None
            assert happened.raw_reward > 0
        # Also where the agent has left the task's page, which is then loaded again anyway.
        await world.reset(task, 1)
        await world.window.evaluate("localStorage.setItem('a', 1), document.cookie = 'a=1'")
        await world.step(Goto(url="about:blank"))
        await world.reset(task, 1)
        assert await world.window.evaluate(left) == [0, ""]

    scene(1, play)
