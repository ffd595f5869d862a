"""MiniWoB++ demonstrations made by its own recorder in a real browser, WebLINX folders, AutoWebBench's single steps."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Stage
from webapprentice.browser import act
from webapprentice.core.actions import (
    Action,
    Click,
    Drag,
    Goto,
    NewTab,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
)
from webapprentice.core.records import Result
from webapprentice.importers import FORMATS, Broken, Item, Ready
from webapprentice.importers.autowebbench import markup
from webapprentice.page import from_html
from webapprentice.tasks.server import PageServer

DATA = Path(__file__).parents[2] / "shared" / "data"


def ready(items: Iterable[Item]) -> list[Ready]:
    return [item for item in items if isinstance(item, Ready)]


def broken(items: Iterable[Item]) -> Counter[str]:
    return Counter(item.reason for item in items if isinstance(item, Broken))


# MiniWoB++


def demonstrate(stage: Stage, task: str, deeds: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Do these things on a task with its recorder running; gives what it would have sent to its server."""
    html = Path(pytest.importorskip("miniwob").__file__).parent / "html"
    recorder = (html / "core/record.js").read_text("utf-8")
    start = (
        "window.recorder = recorder; recorder.endRecording = () => {}; Math.seedrandom(3);"
        "core.EPISODE_MAX_TIME = 1000000; core.startEpisodeReal()"
    )

    async def go() -> dict[str, Any]:
        window = await stage.browser.open()
        window.allow((server.url,))
        try:
            await window.goto(f"{server.url}miniwob/{task}.html")
            await window.evaluate(f"(0, eval)({json.dumps(recorder + start)})")
            for kind, sought, text in deeds:
                seen = (await window.observe()).observation
                node = next(one.id for one in seen.elements if sought in (one.attributes.get("id"), one.name, one.text))
                action: Action = Type(node=node, text=text) if kind == "type" else Click(node=node)
                assert (await act(window, action)).result is Result.DONE
            told = "JSON.stringify({...recorder.data, reward: WOB_REWARD_GLOBAL, rawReward: WOB_RAW_REWARD_GLOBAL})"
            found: dict[str, Any] = json.loads(await window.evaluate(told))
            return found
        finally:
            await window.close()

    with PageServer(html) as server:
        return stage.run(go())


@pytest.fixture(scope="module")
def typed(stage: Stage) -> dict[str, Any]:
    return demonstrate(stage, "enter-text", [("type", "tt", "Kanesha"), ("click", "subbtn", "")])


def written(folder: Path, told: Any, name: str = "enter-text_1.json") -> Path:
    path = folder / name
    data = json.dumps(told).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["enter-text_1.json", "enter-text_3X_d1.json.gz"])
def test_a_recorded_episode_becomes_a_trajectory(typed: dict[str, Any], tmp_path: Path, name: str) -> None:
    (made,) = ready(FORMATS["miniwob"](written(tmp_path, typed, name)))
    found = made.trajectory
    assert found.goal == typed["utterance"]
    assert (found.task.id, found.raw_reward) == ("miniwob/enter-text", typed["rawReward"])
    assert found.score == max(0.0, typed["rawReward"])
    first, second = found.steps
    assert isinstance(first.action, Type)
    assert first.action.text == "Kanesha"
    field = first.observation.element(first.action.node)
    assert field is not None
    assert (field.tag, field.attributes["id"], field.value) == ("input", "tt", None)
    assert isinstance(second.action, Click)
    button = second.observation.element(second.action.node)
    assert button is not None
    assert (button.tag, button.name) == ("button", "Submit")
    assert second.observation.element(second.action.node - 1) is not None
    assert "Kanesha" in {one.value for one in second.observation.elements}


def test_clicks_on_labels_and_boxes(stage: Stage, tmp_path: Path) -> None:
    told = demonstrate(stage, "click-checkboxes", [("click", "ch0", ""), ("click", "subbtn", "")])
    (made,) = ready(FORMATS["miniwob"](written(tmp_path, told, "a.json")))
    assert [type(step.action) for step in made.trajectory.steps] == [Click, Click]
    boxes = [one for one in made.trajectory.steps[1].observation.elements if one.role == "checkbox"]
    assert ["checked" in one.states for one in boxes].count(True) == 1
    assert made.trajectory.task.id == "miniwob/click-checkboxes"


def state(kind: str, where: str, *, at: tuple[int, int] = (10, 10), code: int = 0, value: str = "") -> dict[str, Any]:
    """A state as the recorder writes it, on a page of a field, a picture and a drop-down."""
    children = [
        {"tag": "INPUT_text", "id": "field", "ref": 2, "value": value},
        {"tag": "svg", "id": "drawing", "ref": 3},
        {"tag": "SELECT", "id": "choice", "ref": 4},
        {"tag": "t", "ref": -1, "text": "a < b"},
    ]
    for child in children:
        child.update({"left": 0, "top": 5, "width": 90, "height": 90, "children": [], "classes": ""})
        if child.get("id") == where:
            child["recordingTarget"] = True
    body = {"tag": "BODY", "ref": 1, "id": "", "classes": "", "left": 0, "top": 0, "width": 160, "height": 210}
    action = {"type": kind, "timing": 1, "x": at[0], "y": at[1], "keyCode": code, "charCode": code}
    return {"time": 0, "dom": {**body, "children": children}, "action": action}


def episode(*states: dict[str, Any], reward: Any = 1) -> dict[str, Any]:
    return {"taskName": "made-up", "utterance": {"utterance": "Do  it"}, "states": [*states], "rawReward": reward}


def press(where: str, start: tuple[int, int], end: tuple[int, int]) -> list[dict[str, Any]]:
    return [state("mousedown", where, at=start), state("mouseup", where, at=end), state("click", where, at=end)]


def test_drags_keys_double_clicks_and_what_comes_to_nothing(tmp_path: Path) -> None:
    told = episode(
        *press("drawing", (20, 30), (60, 31)),
        *press("nowhere", (1, 1), (1, 1)),
        *press("drawing", (20, 30), (21, 30)),
        *press("drawing", (20, 30), (20, 30)),
        state("dblclick", "drawing"),
        *press("field", (5, 9), (5, 9)),
        state("keydown", "field", code=16),
        state("keypress", "field", code=72),
        state("keydown", "field", code=8, value="H"),
        state("keypress", "field", code=105),
        state("keydown", "field", code=13, value="i"),
        state("keyup", "field", code=13, value="i"),
        state("keydown", "field", code=37, value="i"),
        state("mousedown", "drawing", at=(3, 7), value="i"),
        reward=-1,
    )
    (made,) = ready(FORMATS["miniwob"](written(tmp_path, told)))
    actions = [step.action for step in made.trajectory.steps]
    assert [type(one) for one in actions] == [Drag, Click, Type, Press, Click]
    drag, twice, text, enter, last = actions
    assert isinstance(drag, Drag)
    assert (drag.at, drag.by) == ((20, 25), (40, 1))
    assert isinstance(twice, Click)
    assert (twice.count, twice.at) == (2, (20, 25))
    assert isinstance(text, Type)
    assert text.text == "i"
    assert enter == Press(keys="Enter")
    assert isinstance(last, Click)
    assert (made.trajectory.score, made.trajectory.raw_reward, made.trajectory.goal) == (0.0, -1.0, "Do it")
    page = made.pages[made.trajectory.steps[0].observation.html or ""].decode()
    assert "a &lt; b" in page


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (episode(*press("choice", (1, 9), (1, 9))), "a drop-down, whose choice is not recorded"),
        (episode(), "no steps"),
        (episode({"action": {"type": "click", "timing": 1}}), "not a demonstration"),
        ([], "not a demonstration"),
        ({"states": [], "utterance": 3}, "no steps"),
    ],
)
def test_episodes_that_cannot_be_used_are_told(told: Any, reason: str, tmp_path: Path) -> None:
    assert broken(FORMATS["miniwob"](written(tmp_path, told))) == {reason: 1}


def test_a_damaged_file_is_told(typed: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, typed, "a.json.gz")
    path.write_bytes(path.read_bytes()[:-20])
    assert broken(FORMATS["miniwob"](path)) == {"the file is cut off or damaged": 1}


# WebLINX

PAGE = (
    "<title>Shop</title><body><input data-webtasks-id=f-1><button data-webtasks-id=b-1>Find</button>"
    "<select data-webtasks-id=s-1><option value=1>One<option value=2>Two</select>"
)


def chat(speaker: str, utterance: str) -> dict[str, Any]:
    return {"type": "chat", "timestamp": 1.0, "speaker": speaker, "utterance": utterance}


def turn(intent: str, key: str = "", page: str | None = "page-1-0.html", **told: Any) -> dict[str, Any]:
    element = {"attributes": {"data-webtasks-id": key}, "tagName": "BUTTON", "textContent": " Find ", "bbox": {}}
    arguments = {"metadata": {"url": "https://shop.example/a", "tabId": 7}, **told}
    if key:
        arguments["element"] = element
    state = {"page": page, "screenshot": None}
    return {"type": "browser", "timestamp": 2.0, "action": {"intent": intent, "arguments": arguments}, "state": state}


def demonstration(folder: Path, *turns: Any) -> Path:
    (folder / "abcdefg/pages").mkdir(parents=True)
    (folder / "abcdefg/pages/page-1-0.html").write_text(PAGE)
    (folder / "outside.html").write_text(PAGE)
    path = folder / "abcdefg/replay.json"
    path.write_text(json.dumps({"version": "0.1", "data": list(turns)}))
    return path


def test_a_stretch_before_the_first_page_is_told(tmp_path: Path) -> None:
    path = demonstration(
        tmp_path,
        chat("navigator", "Hi"),
        chat("instructor", "Open the shop."),
        turn("load", page=None, properties={"url": "https://shop.example/", "transitionType": "typed"}),
        chat("instructor", "Find a kettle."),
        turn("click", "b-1"),
    )
    items = list(FORMATS["weblinx"](path))
    assert broken(items) == {"no page": 1}
    assert [one.trajectory.goal for one in ready(items)] == ["Open the shop. Find a kettle."]


def test_what_each_turn_becomes(tmp_path: Path) -> None:
    path = demonstration(
        tmp_path,
        chat("instructor", "Open the shop."),
        turn("scroll", scrollX=0, scrollY=300),
        turn("scroll", scrollX=0, scrollY=100),
        turn("load", properties={"url": "https://shop.example/a", "transitionType": "link"}),
        turn("load", properties={"url": "https://shop.example/b", "transitionType": "typed"}),
        turn("tabcreate", page=None, properties={"tabId": 7}),
        chat("navigator", "Done."),
        chat("instructor", "Find a kettle."),
        turn("textInput", "f-1", text="kettle"),
        turn("submit", "f-1"),
        turn("click", "b-1"),
        turn("submit", "f-1"),
        turn("copy", selected="x"),
        turn("change", "s-1", value="2"),
        chat("navigator", "One moment."),
        turn("paste", "f-1", pasted=" red"),
        turn("tabswitch", properties={"tabId": 9, "tabIdOrigin": 7}),
    )
    items = list(FORMATS["weblinx"](path))
    assert broken(items) == {
        "load follows from what was done before": 1,
        "submit follows from what was done before": 1,
        "copy changes nothing on a page": 1,
        "said in the midst of acting": 1,
    }
    first, second = (one.trajectory for one in ready(items))
    assert (first.goal, second.goal) == ("Open the shop.", "Open the shop. Find a kettle.")
    assert [step.action for step in first.steps] == [
        *(Scroll(direction="down"), Scroll(direction="up"), Goto(url="https://shop.example/b"), NewTab()),
        Stop(answer="Done."),
    ]
    kinds = [type(step.action) for step in second.steps]
    assert kinds == [Type, Press, Click, Select, Type, SwitchTab]
    choice = second.steps[3].action
    assert isinstance(choice, Select)
    assert choice.options == ("Two",)
    assert second.steps[5].action == SwitchTab(index=1)
    aimed = second.steps[2].observation.element(getattr(second.steps[2].action, "node", 0))
    assert aimed is not None
    assert aimed.name == "Find"
    assert second.task.id == "weblinx/abcdefg-2"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (turn("click", "gone-1"), "target not on the page"),
        (turn("click"), "no target"),
        (turn("click", "b-1", page="../../outside.html"), "the name of a page leads elsewhere"),
        (turn("click", "b-1", page="page-9.html"), "its page is not there"),
        (turn("dance"), "an intent that is not known"),
        (turn("change", "s-1", value="9"), "an option that is not there"),
        (turn("textInput", "f-1"), "a turn that is not understood"),
        ({"type": "browser"}, "a turn that is not understood"),
        (7, "a turn that is not understood"),
    ],
)
def test_turns_that_cannot_be_used_take_their_stretch_with_them(wrong: Any, reason: str, tmp_path: Path) -> None:
    path = demonstration(
        tmp_path, chat("instructor", "A"), turn("click", "b-1"), chat("instructor", "B"), wrong, turn("click", "b-1")
    )
    items = list(FORMATS["weblinx"](path))
    assert broken(items) == {reason: 1}
    assert [one.trajectory.goal for one in ready(items)] == ["A"]


# AutoWebBench

SHORT = "< <h2| Sign & in> <a[SA]| <span| Amazon> > <input[E]| Your e-mail> <img| > <button[K]| Go <b| on> > >"
ASKED = "\n\nYou are a helpful assistant ...\n\n#Task: Sign in\nwith Amazon .\n\nYou should output one command"


def test_a_shortened_page_becomes_html() -> None:
    assert markup(SHORT) == (
        '<!DOCTYPE html><html><body><div> <h2> Sign &amp; in</h2> <a data-ref="SA"> <span> Amazon</span> </a> '
        '<input data-ref="E" placeholder="Your e-mail"> <img> <button data-ref="K"> Go <b> on</b> </button> </div>'
        "</body></html>"
    )


@given(st.text(st.sampled_from("<>[]| abAB&\"'\n") | st.characters(), max_size=120))
@settings(max_examples=80, deadline=None)
def test_any_notation_is_markup(text: str) -> None:
    from_html(markup(text))


@pytest.mark.parametrize(
    ("command", "action"),
    [
        ("finish('in two\nlines')", Stop(answer="in two\nlines")),
        ("finish()", Stop()),
        ("scroll_page('down')", Scroll(direction="down")),
        ("switch_tab(2)", SwitchTab(index=1)),
        ("jump_to('https://e.example/', True)", Goto(url="https://e.example/")),
    ],
)
def test_commands_without_an_element(command: str, action: Action, tmp_path: Path) -> None:
    (made,) = ready(FORMATS["autowebbench"](written(tmp_path, [{"source": SHORT + ASKED, "target": command}])))
    assert made.trajectory.steps[0].action == action
    assert made.trajectory.goal == "Sign in with Amazon ."


def test_commands_with_one_and_what_is_none(tmp_path: Path) -> None:
    commands = (
        "type_string('E', 'jo', True)",
        "click('K')",
        "click('Z')",
        "user_input('who?')",
        "import os",
        "dance()",
    )
    told = [{"source": SHORT + ASKED, "target": command} for command in commands]
    items = list(FORMATS["autowebbench"](written(tmp_path, [*told, {"source": SHORT, "target": "finish()"}, {}])))
    first, second = (one.trajectory.steps[0] for one in ready(items))
    assert isinstance(first.action, Type)
    assert (first.action.text, first.action.submit) == ("jo", True)
    field, button = (one.observation.element(getattr(one.action, "node", 0)) for one in (first, second))
    assert field is not None
    assert button is not None
    assert (field.name, button.name) == ("Your e-mail", "Go on")
    assert broken(items) == {
        "target not on the page": 1,
        "asks the user, which is no action on a page": 1,
        "not an item of AutoWebBench": 2,
        "a command that is not known": 1,
        "no objective": 1,
    }


def test_real_single_steps(tmp_path: Path) -> None:
    path = DATA / "autowebbench" / "en_ood.json"
    if not path.is_file():
        pytest.skip("no recordings of others beside the project")
    part = tmp_path / "en_ood.json"
    part.write_text(json.dumps(json.loads(path.read_bytes())[:60]))
    items = list(FORMATS["autowebbench"](part))
    assert len(ready(items)) == 60 - sum(broken(items).values())
    assert set(broken(items)) <= {"asks the user, which is no action on a page", "target not on the page"}
    assert len(ready(items)) >= 57


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def spoiled(draw: st.DrawFn, told: Any) -> Any:
    """The value with something else somewhere in it."""
    if isinstance(told, dict) and told and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(told)))
        return {**told, key: spoiled(draw, told[key])}
    if isinstance(told, list) and told and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(told) - 1))
        return [*told[:place], spoiled(draw, told[place]), *told[place + 1 :]]
    return draw(JSON)


GOOD = {
    "miniwob": episode(
        *press("drawing", (2, 9), (70, 9)), state("keypress", "field", code=72), state("click", "field")
    ),
    "weblinx": {
        "data": [chat("instructor", "A"), turn("change", "s-1", value="1"), turn("scroll", scrollX=0, scrollY=1)]
    },
}


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_any_value_may_stand_anywhere(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    name = data.draw(st.sampled_from(sorted(GOOD)))
    told = data.draw(st.composite(spoiled)(GOOD[name]))  # type: ignore[call-arg]
    folder = tmp_path_factory.getbasetemp() / "spoiled"
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    (folder / "pages/page-1-0.html").write_text(PAGE)
    path = folder / "replay.json"
    path.write_text(json.dumps(told))
    assert all(isinstance(item, Ready | Broken) for item in FORMATS[name](path))
