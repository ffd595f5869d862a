"""BrowserGym both ways: its tasks in our world, and our tasks in its environment; with the real packages."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytest.importorskip("browsergym.core")

import gymnasium
import playwright
from browsergym.core.registration import register_task
from browsergym.core.task import AbstractBrowserTask

from webapprentice.browser import BrowserConfig, find_chromium
from webapprentice.core.actions import Click, Dialog, Stop, SwitchTab, Type
from webapprentice.core.faults import FaultError, Owner, UsageError
from webapprentice.core.records import Element, Observation, Result
from webapprentice.interfaces import foreign
from webapprentice.interfaces.foreign import BrowserGymTasks, ForeignWorld, described
from webapprentice.tasks import load
from webapprentice.tasks.conformance import examine
from webapprentice.tasks.miniwob import worlds
from webapprentice.tasks.registry import folder
from webapprentice.tasks.server import PageServer

T = TypeVar("T")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]

HOME = """<!doctype html><title>home</title>
<button onclick="window.open('other.html')">elsewhere</button>
<button onclick="document.title = confirm('sure?') ? 'yes' : 'no'">ask</button>"""
OTHER = "<!doctype html><title>other</title><button onclick=\"document.title = 'done'\">finish</button>"


class Everything(AbstractBrowserTask):
    """A task that wants more of a browser than MiniWoB++ does; `trouble` says what it gets wrong."""

    torn_down = 0

    def __init__(self, seed: int, url: str = "", trouble: str = "") -> None:
        super().__init__(seed)
        self.viewport = {"width": 640, "height": 480}
        self.locale = "de-DE"
        self.url, self.trouble, self.told = url, trouble, False

    def setup(self, page: Any) -> tuple[Any, dict[str, Any]]:
        if self.trouble == "setup":
            raise ValueError("no such user")
        if self.trouble == "hang":
            time.sleep(60)
        page.goto(self.url + "home.html")
        return [{"type": "text", "text": "Go  elsewhere"}, {"type": "text", "text": "and finish"}], {}

    def validate(self, page: Any, chat_messages: list[Any]) -> tuple[float, bool, str, dict[str, Any]]:
        if self.trouble == "validate":
            raise KeyError("answer")
        said = [(one["role"], one["message"]) for one in chat_messages[2:]]
        if ("infeasible", "N/A") in said:
            return 1.0, True, "", {}
        told, self.told = self.told, True
        return float(page.title() == "done"), page.title() == "done", "" if told else "hurry up", {}

    def teardown(self) -> None:
        Everything.torn_down += 1


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    where = tmp_path_factory.mktemp("pages")
    (where / "home.html").write_text(HOME)
    (where / "other.html").write_text(OTHER)
    if "browsergym/ours.everything" not in gymnasium.registry:
        register_task("ours.everything", Everything)
    with PageServer(where) as server:
        yield server.url


def play(scene: Callable[[ForeignWorld], Coroutine[Any, Any, T]], name: str, **task_kwargs: Any) -> T:
    async def run() -> T:
        environment = BrowserGymTasks(name, config=BrowserConfig(origins=("127.0.0.1:*",)), **task_kwargs)
        async with environment.worlds(1) as (world,):
            return await scene(world)

    return asyncio.run(run())


def named(seen: Observation | None, name: str) -> Element:
    assert seen is not None
    return next(element for element in seen.elements if element.name == name)


# Their tasks in our world


@pytest.fixture(scope="module")
def miniwob() -> Iterator[str]:
    pytest.importorskip("browsergym.miniwob")
    with PageServer(folder()) as server:
        yield server.url + "miniwob/"


def test_their_miniwob_is_played_by_our_actions(miniwob: str) -> None:
    name = "browsergym/miniwob.enter-text"

    async def scene(world: ForeignWorld) -> list[float | None]:
        scores: list[float | None] = []
        for seed, wrong in ((1, False), (2, True), (1, False)):
            start = await world.reset(described(name), seed)
            wanted = re.search('"(.*)"', start.goal)
            assert wanted
            field = next(e for e in start.observation.elements if e.role == "textbox")
            await world.step(Type(node=field.id, text="wrong" if wrong else wanted[1]))
            happened = await world.step(Click(node=named(start.observation, "Submit").id))
            assert happened.outcome.done
            scores.append(happened.raw_reward)
        return scores

    assert play(scene, name, base_url=miniwob) == [1.0, 0.0, 1.0]


def test_their_tasks_keep_every_promise(miniwob: str) -> None:
    environment = BrowserGymTasks("browsergym/miniwob.click-test", "browsergym/miniwob.choose-list", base_url=miniwob)
    report = asyncio.run(examine(environment))
    assert [finding for finding in report.findings if finding.state == "broken"] == []


def test_tabs_dialogs_and_messages_of_a_task_reach_us(pages: str) -> None:
    async def scene(world: ForeignWorld) -> None:
        start = await world.reset(described("browsergym/ours.everything"), 1)
        assert start.goal == "Go elsewhere and finish"
        assert start.observation.viewport == (640, 480)
        ask = named(start.observation, "ask")
        first = await world.step(Dialog(accept=True))
        assert first.observation
        assert first.observation.dialog == "message: hurry up"
        asked = await world.step(Click(node=ask.id))
        assert asked.observation
        assert (asked.observation.dialog, asked.observation.title) == ("confirm: sure?", "yes")
        away = await world.step(Click(node=named(start.observation, "elsewhere").id))
        assert away.observation
        assert [tab.title for tab in away.observation.tabs] == ["yes", "other"]
        back = await world.step(SwitchTab(index=0))
        assert back.observation
        assert back.observation.title == "yes"
        there = await world.step(SwitchTab(index=1))
        done = await world.step(Click(node=named(there.observation, "finish").id))
        assert (done.outcome.done, done.raw_reward) == (True, 1.0)

    torn_down = Everything.torn_down
    play(scene, "browsergym/ours.everything", url=pages)
    assert Everything.torn_down == torn_down + 1


def test_an_answer_goes_into_the_tasks_chat(pages: str) -> None:
    async def scene(world: ForeignWorld) -> list[float | None]:
        rewards = []
        for answer in ("42", "N/A"):
            await world.reset(described("browsergym/ours.everything"), 1)
            happened = await world.step(Stop(answer=answer))
            assert happened.outcome.result is Result.DONE
            rewards.append(happened.raw_reward)
        return rewards

    assert play(scene, "browsergym/ours.everything", url=pages) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("trouble", "owner", "words"),
    [("setup", Owner.ENVIRONMENT, "no such user"), ("validate", Owner.EVALUATOR, "answer")],
)
def test_whose_failure_it_was(trouble: str, owner: Owner, words: str, pages: str) -> None:
    async def scene(world: ForeignWorld) -> None:
        await world.reset(described("browsergym/ours.everything"), 1)
        await world.step(Dialog(accept=True))

    with pytest.raises(FaultError, match=words) as caught:
        play(scene, "browsergym/ours.everything", url=pages, trouble=trouble)
    assert caught.value.fault.owner is owner


def test_a_task_that_hangs_is_given_up(pages: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: ForeignWorld) -> str:
        with pytest.raises(FaultError, match="page_hang"):
            await world.reset(described("browsergym/ours.everything"), 1)
        world._task_kwargs["trouble"] = ""
        return (await world.reset(described("browsergym/ours.everything"), 1)).observation.title

    monkeypatch.setattr(foreign, "SETUP_SECONDS", 3.0)
    begun = time.monotonic()
    assert play(scene, "browsergym/ours.everything", url=pages, trouble="hang") == "home"
    assert time.monotonic() - begun < 30


def test_a_task_nobody_registers() -> None:
    with pytest.raises(UsageError, match="no installed package registers"):
        described("browsergym/nosuch.task")
    with pytest.raises(UsageError, match="begin with browsergym/"):
        described("miniwob/click-test")


# Our tasks in their environment. BrowserGym keeps one Playwright, and its loop, for good: in a process of its own.

THEIRS = """
import json, re, sys
import gymnasium
import webapprentice.interfaces.browsergym
from browsergym.utils.obs import flatten_axtree_to_str

env = gymnasium.make("browsergym/webapprentice.click-button")
told = []
for right in (True, False):
    seen, info = env.reset(seed=4)
    wanted = re.search('"(.*)"', seen["goal"])[1]
    buttons = re.findall(r"\\[(\\w+)\\] button '(.*?)'", flatten_axtree_to_str(seen["axtree_object"]))
    bid = next(bid for bid, name in buttons if (name == wanted) is right)
    _, reward, terminated, _, after = env.step(f"click('{bid}')")
    told.append([seen["goal"], info["task_info"]["task"], reward, terminated])
seen, _ = env.reset(seed=4)
told.append(list(env.step("goto('about:blank')")[1:3]))
env.close()
print(json.dumps([told, len([name for name in gymnasium.registry if name.startswith("browsergym/webapprentice.")])]))
"""


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which BrowserGym's Playwright finds the Chromium that is here, whatever its version."""
    listed = Path(playwright.__file__).parent / "driver" / "package" / "browsers.json"
    revisions = {one["name"]: one["revision"] for one in json.loads(listed.read_text())["browsers"]}
    where = tmp_path_factory.mktemp("browsers")
    # Playwright 1.44, which BrowserGym asks for, knows no headless shell yet.
    places = {
        "chromium-headless-shell": "chromium_headless_shell-{}/chrome-headless-shell-linux64/chrome-headless-shell",
        "chromium": "chromium-{}/chrome-linux/chrome",
    }
    found = find_chromium()
    assert found
    for name in places.keys() & revisions.keys():
        link = where / places[name].format(revisions[name])
        link.parent.mkdir(parents=True)
        link.symlink_to(found)
    return where


@pytest.mark.skipif(sys.platform != "linux", reason="where Playwright looks for Chromium is known for Linux alone")
def test_our_tasks_are_played_by_their_actions(downloads: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", THEIRS],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(downloads), "WEBAPPRENTICE_CHROMIUM": ""},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    told, registered = json.loads(result.stdout.splitlines()[-1])

    async def ours() -> str:
        async with worlds(1, BrowserConfig()) as (world,):
            return (await world.reset(load("miniwob/click-button")[0], 4)).goal

    goal = asyncio.run(ours())
    assert told == [
        [goal, "miniwob/click-button", 1.0, True],
        [goal, "miniwob/click-button", 0.0, True],
        [0.0, True],
    ]
    assert registered == 134
