"""Environments for reinforcement learning: TRL's tools, and OpenEnv's reset and step."""

from __future__ import annotations

import inspect
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from webapprentice.browser import find_chromium
from webapprentice.interfaces.trl import OVER, ToolEnvironment

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]
TOOLS = ["answer", "back", "click", "drag", "fill", "hover", "press", "scroll", "select"]


@pytest.fixture(scope="module")
def tools() -> Iterator[ToolEnvironment]:
    made = ToolEnvironment("miniwob/enter-text,miniwob/click-test")
    yield made
    made._session.close()


def number(page: str, role: str) -> int:
    found = re.search(rf"\[(\d+)\] {role}", page)
    assert found
    return int(found[1])


def test_the_tools_are_the_public_methods() -> None:
    found = [name for name, _ in inspect.getmembers(ToolEnvironment, inspect.isfunction) if name[0] != "_"]
    assert [name for name in found if name not in ("reset", "get_reward")] == TOOLS


@pytest.mark.models
def test_every_tool_has_a_schema() -> None:
    utils = pytest.importorskip("transformers.utils")
    for name in TOOLS:
        schema = utils.get_json_schema(getattr(ToolEnvironment("miniwob/click-test"), name))["function"]
        assert schema["name"] == name
        assert all(one["description"] for one in schema["parameters"]["properties"].values())


def test_an_episode_by_tools(tools: ToolEnvironment) -> None:
    page = tools.reset(task="miniwob/enter-text", seed=1, prompt=[{"role": "user", "content": "Do it."}])
    wanted = re.search('OBJECTIVE: .*"(.*)"', page)
    assert wanted
    field = number(page, "textbox")
    assert wanted[1] in tools.fill(field, wanted[1])
    assert tools.click(field + 9_000).startswith("ERROR: stale: ")
    assert tools.scroll("sideways").startswith("ERROR: direction: ")
    assert tools.click("a button").startswith("ERROR: node: ")  # type: ignore[arg-type]
    assert tools.get_reward() == 0.0
    assert tools.click(number(page, "button")) == OVER
    assert tools.get_reward() == 1.0
    assert tools.click(1) == OVER


def test_all_rollouts_of_a_row_play_one_episode(tools: ToolEnvironment) -> None:
    rows = [{"prompt": f"row {n}"} for n in range(8)]
    first = [tools.reset(**row) for row in rows]
    assert [tools.reset(**row) for row in rows] == first
    assert len({page.partition("\n")[0] for page in first}) > 2


def test_a_fault_is_no_reward(tools: ToolEnvironment) -> None:
    tools.reset(seed=1)
    entered = tools._session._entered
    assert entered
    pid = entered.value[0].window.browser.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert tools.click(1) == OVER
    assert tools.get_reward() is None
    assert "OBJECTIVE" in tools.reset(seed=1)
    assert tools.answer("") == OVER
    assert tools.get_reward() == 0.0


def test_the_step_limit_ends_an_episode(tools: ToolEnvironment) -> None:
    tools.reset(task="miniwob/click-test", seed=1)
    said = [tools.press("Tab") for _ in range(6)]
    assert [one == OVER for one in said] == [False] * 4 + [True] * 2
    assert tools.get_reward() == 0.0


# OpenEnv


@pytest.fixture
def openenv() -> Iterator[Any]:
    pytest.importorskip("openenv.core")
    from webapprentice.interfaces import openenv as module

    made = module.WebEnvironment("miniwob/click-test,miniwob/enter-text")
    yield made
    made.close()


def test_reset_and_step(openenv: Any) -> None:
    from webapprentice.interfaces.openenv import WebAction

    seen = openenv.reset(seed=3, episode_id="e1")
    assert (seen.done, seen.reward, seen.goal) == (False, None, "Click the button.")
    seen = openenv.step(WebAction(text="no idea"))
    assert (seen.done, seen.metadata["result"]) == (False, "unreadable")
    seen = openenv.step(WebAction(text=f"click('{number(seen.page, 'button')}')"), timeout_s=20.0)
    assert (seen.done, seen.reward, seen.metadata) == (True, 1.0, {"result": "done", "fault": None})
    state = openenv.state
    assert (state.episode_id, state.step_count, state.task, state.seed) == ("e1", 2, "miniwob/click-test", 3)
    assert openenv.reset().goal.startswith("Enter")
    assert openenv.reset(task="miniwob/click-test").goal == "Click the button."
    openenv.close()
    openenv.close()


def test_served_to_a_client(openenv: Any) -> None:
    testing = pytest.importorskip("fastapi.testclient")
    from openenv.core.env_server import create_app

    from webapprentice.interfaces.openenv import WebAction, WebEnvironment, WebObservation

    app = create_app(lambda: WebEnvironment("miniwob/click-test"), WebAction, WebObservation)
    with testing.TestClient(app) as client, client.websocket_connect("/ws") as socket:
        socket.send_json({"type": "reset", "data": {"seed": 3}})
        seen = socket.receive_json()["data"]
        button = number(seen["observation"]["page"], "button")
        socket.send_json({"type": "step", "data": {"text": f"click('{button}')"}})
        after = socket.receive_json()["data"]
    assert (after["reward"], after["done"]) == (1.0, True)
