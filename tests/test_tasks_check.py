"""The conformance suite: what keeps the protocol passes, and each way of breaking it is found by name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from test_cli import apprentice, refused
from webapprentice.browser import find_chromium
from webapprentice.core.actions import Action, Stop, SwitchTab, Wait
from webapprentice.core.protocols import Happened, Start
from webapprentice.core.records import Element, Limits, Observation, Outcome, Result, Task
from webapprentice.tasks import load
from webapprentice.tasks.conformance import NAMES, examine
from webapprentice.tasks.environments import Played
from webapprentice.tasks.scripted import ScriptedPage, ScriptedWorld

TASK = Task(id="scripted/name", benchmark="scripted", limits=Limits(seconds=0.5, step_seconds=0.5))
FIELDS = (
    Element(id=1, tag="form", role="form"),
    Element(id=2, parent=1, tag="input", role="textbox", name="Your name", clickable=True),
    Element(id=3, parent=1, tag="input", role="checkbox", name="Remember me", clickable=True),
)


def drawn(seed: int) -> ScriptedPage:
    return ScriptedPage(goal=f"type name {seed}", elements=FIELDS, verdict=lambda _actions, _elements: None)


class Fair:
    """An environment of scripted worlds; `world` makes each of them."""

    def __init__(self, world: Callable[[], Any]) -> None:
        self.tasks: Sequence[Task] = (TASK,)
        self._world = world

    @asynccontextmanager
    async def worlds(self, count: int) -> AsyncIterator[list[Any]]:
        yield [self._world() for _ in range(count)]


class Plain(ScriptedWorld):
    def __init__(self) -> None:
        super().__init__({TASK.id: drawn})


class Forgetful(Plain):
    """Does not draw its episodes from the seed."""

    async def reset(self, task: Task, seed: int) -> Start:
        return await super().reset(task, len(self.resets))


class Sticky(Plain):
    """Keeps what was typed for the next episode."""

    async def reset(self, task: Task, seed: int) -> Start:
        kept = self._elements
        start = await super().reset(task, seed)
        self._elements = kept or self._elements
        return Start(goal=start.goal, observation=self._seen())


class Changed(Plain):
    """Changes what it says happened."""

    async def step(self, action: Action) -> Happened:
        return self.changed(action, await super().step(action))

    def changed(self, action: Action, happened: Happened) -> Happened:
        raise NotImplementedError


class Deaf(Changed):
    def changed(self, action: Action, happened: Happened) -> Happened:
        return happened.with_(outcome=Outcome(result=Result.DONE))


class Generous(Changed):
    def changed(self, action: Action, happened: Happened) -> Happened:
        return happened.with_(raw_reward=1.0) if isinstance(action, Stop) else happened


class Unjudged(Changed):
    def changed(self, action: Action, happened: Happened) -> Happened:
        return happened.with_(raw_reward=None)


class Renumbering(Changed):
    def changed(self, action: Action, happened: Happened) -> Happened:
        seen = happened.observation
        if seen is None or not isinstance(action, Wait):
            return happened
        moved = tuple(e.with_(id=e.id + 10, parent=e.parent and e.parent + 10) for e in seen.elements)
        return happened.with_(observation=seen.with_(elements=moved))


class Raising(Plain):
    async def step(self, action: Action) -> Happened:
        if isinstance(action, SwitchTab):
            raise ValueError("no such tab")
        return await super().step(action)


class Slow(Plain):
    async def reset(self, task: Task, seed: int) -> Start:
        await asyncio.sleep(1)
        return await super().reset(task, seed)


class Doubled(Plain):
    def _seen(self, last_error: str | None = None) -> Observation:
        seen = super()._seen(last_error)
        return seen.with_(elements=(*seen.elements, seen.elements[-1]))


class Silent(Plain):
    async def reset(self, task: Task, seed: int) -> Start:
        return (await super().reset(task, seed)).with_(goal=" ")


def broken(world: Callable[[], Any]) -> dict[str, str]:
    report = asyncio.run(examine(Fair(world)))
    assert [finding.check for finding in report.findings] == list(NAMES)
    return {finding.check: finding.words for finding in report.findings if finding.state == "broken"}


def test_the_scripted_twin_keeps_every_promise() -> None:
    assert broken(Plain) == {}


@pytest.mark.parametrize(
    ("world", "check", "words"),
    [
        (Forgetful, "the same seed gives the same episode", "the goal was 'type name 1' and is"),
        (Sticky, "nothing of an episode is left in the next", "after an episode of meddling"),
        (Deaf, "an id that is not on the page", "came to done, not to stale"),
        (Generous, "to stop at once is judged", "doing nothing has a reward of 1"),
        (Unjudged, "to stop at once is judged", "never judged"),
        (Renumbering, "an element keeps its id", "form '' was 1 and is None after a wait"),
        (Raising, "what cannot be done", "step(switch_tab) raised ValueError: no such tab"),
        (Slow, "a reset states a goal", "reset took longer than the task's 0.5 s"),
        (Doubled, "node ids are unique", "two elements have the id 3"),
        (Silent, "a reset states a goal", "the goal is empty"),
    ],
)
def test_each_broken_promise_is_found(world: Callable[[], Any], check: str, words: str) -> None:
    found = {name: said for name, said in broken(world).items() if name.startswith(check)}
    assert len(found) == 1
    assert words in next(iter(found.values()))


def test_worlds_that_share_their_state_are_found() -> None:
    one = Plain()
    assert list(broken(lambda: one)) == [NAMES[-1]]


@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
def test_our_own_tasks_keep_every_promise() -> None:
    tasks = load("miniwob/click-test,miniwob/enter-text,miniwob/choose-list,miniwob/use-slider,miniwob/chase-circle")
    report = asyncio.run(examine(Played(tasks)))
    assert [finding for finding in report.findings if finding.state == "broken"] == []
    skipped = {finding.task for finding in report.findings if finding.state == "skipped"}
    assert skipped == {"miniwob/chase-circle"}


# The command

BENCH = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_tasks_check import Deaf, Fair, Plain

def good():
    return Fair(Plain)

def bad():
    return Fair(Deaf)

nothing = 3
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mybench.py").write_text(BENCH)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("bench")
def test_anybodys_environment_is_checked_by_name() -> None:
    result = apprentice("tasks", "check", "mybench:good")
    assert result.returncode == 0, result.stderr
    assert "1 tasks: everything holds" in result.stdout


@pytest.mark.usefixtures("bench")
def test_what_does_not_hold_is_exit_code_1() -> None:
    result = apprentice("tasks", "check", "mybench:bad")
    assert result.returncode == 1
    assert "scripted/name: not so: an id that is not on the page" in result.stdout
    shown = apprentice("tasks", "check", "mybench:bad", "--json")
    assert shown.returncode == 1
    findings = json.loads(shown.stdout)["findings"]
    assert {finding["state"] for finding in findings if finding["words"] != "no solution is known"} == {
        "held",
        "broken",
    }


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nosuchmodule:good", "nosuchmodule"),
        ("mybench:better", "better"),
        ("mybench:nothing", "without tasks"),
        ("miniwob/click-tset", "click-test"),
    ],
)
def test_a_wrong_name_is_one_line(name: str, words: str) -> None:
    refused(apprentice("tasks", "check", name), 2, words)


def test_listing_needs_no_word_of_its_own() -> None:
    assert "1 tasks, 47 attempted" in apprentice("tasks", "miniwob/click-test").stdout
    assert apprentice("tasks", "list", "miniwob/click-test").stdout == apprentice("tasks", "miniwob/click-test").stdout
    assert len(json.loads(apprentice("tasks", "--json").stdout)) == 134
