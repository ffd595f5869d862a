"""Every task through Gymnasium: its own checker, its vectors, and what happens when something breaks."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

gymnasium = pytest.importorskip("gymnasium")

from gymnasium.utils.env_checker import check_env  # noqa: E402
from gymnasium.vector import AsyncVectorEnv  # noqa: E402

from webapprentice.browser import BrowserConfig, find_chromium  # noqa: E402
from webapprentice.core.faults import UsageError  # noqa: E402
from webapprentice.core.records import Observation, Result  # noqa: E402
from webapprentice.interfaces import gym  # noqa: E402
from webapprentice.tasks import load  # noqa: E402
from webapprentice.tasks.miniwob import worlds  # noqa: E402
from webapprentice.tasks.registry import registry  # noqa: E402

CLICK = "webapprentice/MiniWoB-click-test-v0"
TYPE = "webapprentice/MiniWoB-enter-text-v0"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


@pytest.fixture
def env() -> Iterator[Any]:
    made = gymnasium.make(CLICK)
    yield made
    made.close()


def button(page: str) -> str:
    found = re.search(r"\[(\d+)\] button", page)
    assert found
    return found[1]


def test_every_task_is_registered() -> None:
    names = [name for name in gymnasium.registry if name.startswith("webapprentice/")]
    assert len(names) == len(registry()) == 134
    spec = gymnasium.spec(CLICK)
    assert (spec.max_episode_steps, spec.nondeterministic) == (5, False)
    gym.register()
    assert len([name for name in gymnasium.registry if name.startswith("webapprentice/")]) == 134


def test_a_name_with_its_module_needs_no_import() -> None:
    code = f"import gymnasium; gymnasium.make('webapprentice.interfaces.gym:{CLICK}')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("click-test", {}),
        ("enter-text", {"page": "html", "actions": "scribe"}),
        ("choose-list", {"page": "compact", "actions": "compact"}),
        ("book-flight", {"actions": "webarena"}),
        ("chase-circle", {}),
        ("flight.AA", {"characters": 2000}),
    ],
)
def test_gymnasiums_checker_has_nothing_to_say(name: str, options: dict[str, Any]) -> None:
    made = gymnasium.make(f"webapprentice/MiniWoB-{name}-v0", **options)
    check_env(made.unwrapped)
    made.close()


def test_an_episode(env: Any) -> None:
    seen, info = env.reset(seed=3)
    assert seen in env.observation_space
    assert seen["goal"] == "Click the button."
    assert isinstance(info["observation"], Observation)
    seen, reward, terminated, truncated, info = env.step("I see it.\n```click('" + button(seen["page"]) + "')```")
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert (info["score"], info["raw_reward"], info["seed"], info["fault"]) == (1.0, 1.0, 3, None)
    with pytest.raises(RuntimeError, match="reset"):
        env.unwrapped.step("noop()")


def test_words_that_are_no_action_change_nothing(env: Any) -> None:
    before, _ = env.reset(seed=3)
    seen, reward, terminated, truncated, info = env.step("__import__('os').abort()")
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert info["outcome"].result is Result.UNREADABLE
    assert seen["error"].startswith("unreadable: ")
    assert seen["page"] == before["page"]


def test_what_cannot_be_done_is_named(env: Any) -> None:
    env.reset(seed=3)
    seen, _, terminated, _, info = env.step("click('999')")
    assert not terminated
    assert info["outcome"].result is Result.STALE
    assert seen["error"].startswith("stale: ")


def test_to_answer_ends_the_episode(env: Any) -> None:
    env.reset(seed=3)
    _, reward, terminated, _, info = env.step("send_msg_to_user('done')")
    assert (reward, terminated, info["score"]) == (0.0, True, 0.0)


def test_the_step_limit_truncates(env: Any) -> None:
    env.reset(seed=3)
    ends = [env.step("noop(0)")[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]


def test_seeds_are_those_of_our_own_world(env: Any) -> None:
    async def ours() -> Observation:
        async with worlds(1, BrowserConfig()) as (world,):
            return (await world.reset(load("miniwob/click-test")[0], 7)).observation

    assert env.reset(seed=7)[1]["observation"] == asyncio.run(ours())
    drawn = [env.reset()[1]["seed"] for _ in range(2)]
    env.reset(seed=7)
    assert [env.reset()[1]["seed"] for _ in range(2)] == drawn
    env.reset(seed=7)
    assert env.reset(options={"seed": 12})[1]["seed"] == 12
    assert env.reset()[1]["seed"] == drawn[0]
    with pytest.raises(UsageError, match="colour"):
        env.reset(options={"colour": "red"})


def test_one_environment_plays_one_task() -> None:
    with pytest.raises(UsageError, match="names 134"):
        gym.WebEnv("miniwob/*")
    with pytest.raises(UsageError, match="click-test"):
        gym.WebEnv("miniwob/click-tset")
    with pytest.raises(UsageError, match="names 134"):
        gym.WebVectorEnv("miniwob/*")


def test_inside_a_running_loop(env: Any) -> None:
    async def notebook() -> str:
        return str(env.reset(seed=3)[0]["goal"])

    assert asyncio.run(notebook()) == "Click the button."


def test_a_dead_browser_truncates_and_the_next_reset_heals(env: Any) -> None:
    env.reset(seed=3)
    os.kill(env.unwrapped._entered.value[0].window.browser.pid, signal.SIGKILL)
    _, reward, terminated, truncated, info = env.step("click('4')")
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["score"] is None
    assert info["fault"].owner == "environment"
    seen, _ = env.reset(seed=3)
    assert env.step(f"click('{button(seen['page'])}')")[1] == 1.0


def test_the_page_is_rendered_as_text() -> None:
    made = gymnasium.make(CLICK, render_mode="ansi")
    seen, _ = made.reset(seed=3)
    assert made.render() == seen["page"]
    made.close()
    made.close()


LEFT_OPEN = f"""
import gymnasium, webapprentice.interfaces.gym
env = gymnasium.make({CLICK!r})
env.reset(seed=1)
envs = gymnasium.make_vec({CLICK!r}, num_envs=2)
envs.reset(seed=1)
for one in (env.unwrapped, envs):
    browser = one._entered.value[0].window.browser
    print(browser.pid, browser._profile)
"""


def test_nothing_is_left_when_the_process_ends() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", LEFT_OPEN], capture_output=True, text=True, timeout=120, check=True
    )
    assert result.stderr == ""
    for line in result.stdout.splitlines():
        pid, profile = line.split()
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
        assert not Path(profile).exists()


def test_a_forgotten_environment_closes_its_browser() -> None:
    forgotten = gym.WebEnv("miniwob/click-test")
    forgotten.reset(seed=1)
    assert forgotten._entered
    pid = forgotten._entered.value[0].window.browser.pid
    assert pid
    del forgotten
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# Vectors


@pytest.fixture
def envs() -> Iterator[Any]:
    made = gymnasium.make_vec(TYPE, num_envs=3)
    yield made
    made.close()


def test_a_vector_is_windows_of_one_browser(envs: Any) -> None:
    seen, info = envs.reset(seed=5)
    assert seen in envs.observation_space
    assert list(info["seed"]) == [5, 6, 7]
    assert len({id(world.window.browser) for world in envs._entered.value}) == 1
    assert len({world.window._context for world in envs._entered.value}) == 3


def test_a_vector_plays_as_single_environments_do(envs: Any) -> None:
    single = gymnasium.make_vec(TYPE, num_envs=3, vectorization_mode="sync")
    said = ["fill('1', 'x')", "nothing", "send_msg_to_user('no')"]
    for seed in (5, None):
        ours, theirs = envs.reset(seed=seed), single.reset(seed=seed)
        assert ours[0] == theirs[0]
        assert list(ours[1]["seed"]) == list(theirs[1]["seed"])
    for _ in range(7):
        ours, theirs = envs.step(said), single.step(said)
        assert ours[0] == theirs[0]
        assert [list(one) for one in ours[1:4]] == [list(one) for one in theirs[1:4]]
        assert list(ours[4]["seed"]) == list(theirs[4]["seed"])
    single.close()


def test_the_next_step_resets_what_has_ended(envs: Any) -> None:
    first, _ = envs.reset(seed=5)
    _, _, terminated, truncated, _ = envs.step(["send_msg_to_user('')", "noop(0)", "noop(0)"])
    assert (list(terminated), list(truncated)) == ([True, False, False], [False, False, False])
    seen, rewards, terminated, _, info = envs.step(["click('1')", "noop(0)", "noop(0)"])
    assert list(rewards) == [0.0, 0.0, 0.0]
    assert not terminated.any()
    assert info["unread"][0] is None
    assert seen["goal"][0] != first["goal"][0]
    assert seen["goal"][1:] == first["goal"][1:]


def test_a_dead_browser_costs_a_vector_one_episode(envs: Any) -> None:
    envs.reset(seed=5)
    os.kill(envs._entered.value[0].window.browser.pid, signal.SIGKILL)
    _, _, terminated, truncated, info = envs.step(["noop(0)"] * 3)
    assert (terminated.any(), truncated.all()) == (False, True)
    assert all(fault.owner == "environment" for fault in info["fault"])
    _, _, _, truncated, info = envs.step(["noop(0)"] * 3)
    assert not truncated.any()
    assert list(info["fault"]) == [None] * 3


def test_a_vector_says_what_it_wants(envs: Any) -> None:
    with pytest.raises(UsageError, match="3 actions"):
        envs.step(["noop(0)"] * 3)
    with pytest.raises(UsageError, match="2 seeds"):
        envs.reset(seed=[1, 2])
    with pytest.raises(UsageError, match="no options"):
        envs.reset(options={"seed": 1})


@pytest.mark.slow
def test_processes_of_their_own_after_a_fork(env: Any) -> None:
    env.reset(seed=3)  # this process has a loop and a browser already
    made = AsyncVectorEnv([lambda: gymnasium.make(CLICK)] * 2, shared_memory=False)
    seen, _ = made.reset(seed=3)
    _, rewards, *_ = made.step(tuple(f"click('{button(page)}')" for page in seen["page"]))
    made.close()
    assert list(rewards) == [1.0, 1.0]
    assert env.reset(seed=3)[0]["goal"] == "Click the button."


def test_a_picture_is_an_array_as_large_as_the_task() -> None:
    pytest.importorskip("PIL")
    made = gymnasium.make(CLICK, render_mode="rgb_array")
    made.reset(seed=3)
    picture = made.render()
    assert (picture.shape, str(picture.dtype)) == ((210, 160, 3), "uint8")
    assert len({tuple(pixel) for row in picture.tolist() for pixel in row}) > 10
    made.close()
