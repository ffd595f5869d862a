"""Flows of Chrome's Recorder: all its steps and selectors, done again on real pages, and written out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Stage
from samples import page, step, trajectory
from test_cli import apprentice, refused
from webapprentice.browser import Window
from webapprentice.core.actions import (
    Click,
    CloseTab,
    Drag,
    Goto,
    Hover,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
)
from webapprentice.core.records import Element
from webapprentice.importers import devtools
from webapprentice.importers.common import Broken, Ready, Unusable
from webapprentice.importers.config import ImportConfig
from webapprentice.importers.devtools import Replayed
from webapprentice.importers.flow_export import flow_json
from webapprentice.importers.flows import TYPES, flow_of, key_of_code
from webapprentice.store import Store

QUICK = ImportConfig(element_seconds=0.5)


def aimed(kind: str, *selectors: str | list[str], **more: Any) -> dict[str, Any]:
    return {"type": kind, "target": "main", "selectors": [[s] if isinstance(s, str) else s for s in selectors], **more}


def flow(*steps: dict[str, Any], title: str = "Fill in the form") -> dict[str, Any]:
    return {"title": title, "steps": list(steps)}


def keys(*names: str) -> list[dict[str, Any]]:
    return [{"type": "keyDown", "key": name} for name in names] + [
        {"type": "keyUp", "key": name} for name in reversed(names)
    ]


def replayed(stage: Stage, told: dict[str, Any]) -> Replayed:
    async def go() -> Replayed:
        window: Window = await stage.browser.open()
        window.allow((stage.url, stage.url.replace("127.0.0.1", "localhost")))
        try:
            return await devtools.replay(flow_of(told), window, QUICK)
        finally:
            await window.close()

    return stage.run(go())


def deeds(found: Replayed) -> list[tuple[str, str]]:
    """Each action's kind, and what it points at."""
    told = []
    for one in found.steps:
        element = one.observation.element(getattr(one.action, "node", None) or 0)
        told.append((one.action.kind if one.action else "", element.name or element.tag if element else ""))
    return told


VIEWPORT = {
    "type": "setViewport",
    **{"width": 700, "height": 500, "deviceScaleFactor": 1, "isMobile": False, "hasTouch": False, "isLandscape": True},
}


def form_flow(url: str) -> dict[str, Any]:
    return flow(
        VIEWPORT,
        {"type": "navigate", "url": f"{url}forms.html", "assertedEvents": [{"type": "navigation", "title": "Forms"}]},
        {"type": "emulateNetworkConditions", "download": 1, "upload": 1, "latency": 1},
        {"type": "waitForExpression", "expression": "document.title = 'run'"},
        aimed("waitForElement", "#name", operator=">=", count=1),
        aimed("waitForElement", "#nothing", operator="==", count=0),
        aimed("click", "aria/Name", "#name", offsetX=5, offsetY=4),
        aimed("change", "#gone", "xpath///*[@id='name']", value="Jo"),
        aimed("change", "aria/Secret", value="hunter2xyz"),
        *keys("Tab"),
        aimed("change", 'aria/Size[role="combobox"]', value="large"),
        aimed("hover", "text/Send"),
        aimed("doubleClick", "pierce/button", button="primary", offsetX=900, offsetY=1),
        aimed("change", "aria/Note", value="the word is hunter2xyz"),
        *keys("ControlLeft", "KeyA"),
        {"type": "customStep", "name": "theirs", "parameters": {}},
        {"type": "close", "target": "main"},
        title="Fill in the form with hunter2xyz",
    )


@pytest.fixture(scope="module")
def form(stage: Stage) -> Replayed:
    return replayed(stage, form_flow(stage.url))


def test_a_flow_is_done_again_and_its_pages_filled_in(form: Replayed, stage: Stage) -> None:
    assert deeds(form) == [
        ("click", "Name"),
        ("type", "Name"),
        ("type", "Secret"),
        ("press", ""),
        ("select", "Size"),
        ("hover", "Send"),
        ("click", "Send"),
        ("type", "Note"),
        ("press", ""),
    ]
    actions = [one.action for one in form.steps]
    assert isinstance(actions[0], Click)
    assert actions[0].at == (5, 4)
    assert isinstance(actions[6], Click)
    assert (actions[6].at, actions[6].count) == (None, 2)  # the offset is beyond the button
    assert isinstance(actions[4], Select)
    assert actions[4].options == ("large",)
    assert isinstance(actions[8], Press)
    assert actions[8].keys == "Control+a"
    assert form.start == f"{stage.url}forms.html"
    assert form.steps[0].observation.viewport == (700, 500)
    assert form.final is not None
    values = {one.name: one.value for one in form.final.elements if one.tag in ("input", "textarea", "select")}
    assert (values["Name"], values["Size"]) == ("Jo", "large")
    assert all(form.pages[one.observation.html or ""] for one in form.steps)
    assert form.final.title == "Forms"  # the expression was not run
    assert [one.reason.split()[0] for one in form.left_out] == [
        "emulateNetworkConditions",
        "waitForExpression",
        "customStep",
        "the",
    ]


def test_what_is_typed_into_a_secret_field_is_a_placeholder(form: Replayed) -> None:
    assert isinstance(form.steps[2].action, Type)
    assert form.steps[2].action.text == "{{password:1}}"
    assert isinstance(form.steps[7].action, Type)
    assert form.steps[7].action.text == "the word is {{password:1}}"
    assert form.title == "Fill in the form with {{password:1}}"
    written = "".join(one.model_dump_json() for one in form.steps) + b"".join(form.pages.values()).decode()
    assert "hunter2xyz" not in written


@pytest.mark.parametrize(
    "wrong",
    [
        aimed("click", "a", offsetX=float("nan"), offsetY=1),
        {"type": "scroll", "x": float("inf")},
        aimed("click", "a", timeout=float("inf")),
        aimed("click"),
        aimed("click", "a", button="back"),
        {"type": "dance"},
        {"type": "setViewport", "width": "wide", "height": 1},
        {"type": "change", "selectors": [[1]], "value": "x"},
        None,
    ],
)
def test_a_step_that_is_none_is_told_by_its_place(wrong: Any) -> None:
    with pytest.raises(Unusable) as caught:
        flow_of(json.loads(json.dumps(flow({"type": "navigate", "url": "https://e.example/"}, wrong))))
    assert caught.value.detail.startswith("step 2: ")


def test_shadow_roots_and_frames(stage: Stage) -> None:
    found = replayed(
        stage,
        flow(
            {"type": "navigate", "url": f"{stage.url}shadow.html"},
            aimed("click", ["outer-box", "inner-box", "button"]),
            aimed("click", "pierce/inner-box >>> no", "pierce/button", offsetX=1, offsetY=1),
            aimed("change", ["aria/nowhere"], ["outer-box", "inner-box", "input"], value="x"),
            {"type": "navigate", "url": f"{stage.url}frames.html"},
            aimed("change", "input", frame=[0, 0], value="far in"),
            aimed("click", "button", frame=[0]),
            {"type": "navigate", "url": f"{stage.url}foreign.html?sites=localhost"},
            aimed("click", "aria/press localhost", frame=[0]),
            aimed("change", "css/input", frame=[0], value="there"),
        ),
    )
    assert deeds(found) == [
        ("click", "deep"),
        ("click", "deep"),
        ("type", "deep field"),
        ("goto", ""),
        ("type", "innermost"),
        ("click", "in the frame"),
        ("goto", ""),
        ("click", "press localhost"),
        ("type", "field localhost"),
    ]
    assert found.final is not None
    assert any(one.name == "pressed localhost" for one in found.final.elements)


def test_tabs_and_scrolling(stage: Stage) -> None:
    found = replayed(
        stage,
        flow(
            {"type": "navigate", "url": f"{stage.url}tabs.html"},
            aimed("click", "aria/new tab"),
            {**aimed("hover", "aria/Terms of use"), "target": f"{stage.url}names.html"},
            aimed("hover", "aria/same tab"),
            {"type": "close", "target": f"{stage.url}names.html"},
            {"type": "navigate", "url": f"{stage.url}scroller.html"},
            aimed("scroll", "#box", x=0, y=100),
            {"type": "scroll", "x": 0, "y": 0},
        ),
    )
    kinds = [type(one.action) for one in found.steps]
    assert kinds[:7] == [Click, Hover, SwitchTab, Hover, SwitchTab, CloseTab, Goto]
    assert set(kinds[7:]) == {Scroll}
    assert [one.reason for one in found.left_out] == ["scroll to where the page stands already"]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([aimed("click", "#nowhere")], "target not on the page"),
        ([aimed("click", "aria/nowhere", "xpath//[", "text/", "[[")], "target not on the page"),
        ([aimed("change", "aria/Size", value="huge")], "an option that is not there"),
        ([aimed("change", "aria/File", value="C:\\fakepath\\a.txt")], "a file of the machine"),
        ([{"type": "hover", "selectors": [["body"]], "target": "https://e.example/"}], "a tab that is not open"),
        ([{"type": "navigate", "url": "http://127.0.0.1:1/"}], "a step that could not be done again"),
        (keys("Warp"), "a step that could not be done again"),
    ],
)
def test_what_cannot_be_done_again_is_told_by_its_step(stage: Stage, steps: list[Any], reason: str) -> None:
    with pytest.raises(Unusable) as caught:
        replayed(stage, flow({"type": "navigate", "url": f"{stage.url}forms.html"}, *steps))
    assert reason in caught.value.reason
    assert caught.value.detail.startswith("step 2: ")


def test_a_flow_comes_back_from_what_it_was_exported_to(stage: Stage, form: Replayed) -> None:
    made = trajectory(steps=form.steps).model_copy(update={"goal": "Fill in the form"})
    again = replayed(stage, json.loads(flow_json(made)))
    assert deeds(again) == deeds(form)
    told = json.loads(flow_json(trajectory(steps=again.steps)))
    assert {one["type"] for one in told["steps"]} <= TYPES
    assert told["steps"][0]["width"] == 700
    first, second = (
        [one.action.model_dump(exclude={"node", "at"}) for one in r.steps if one.action] for r in (form, again)
    )
    assert first == second


def test_actions_that_the_recorder_does_not_know_are_kept(stage: Stage) -> None:
    frames = page().model_copy(
        update={
            "elements": (
                *page().elements,
                Element(id=30, parent=10, tag="iframe"),
                Element(id=31, parent=30, tag="button", role="button", name="inner", box=(1, 1, 9, 9)),
            )
        }
    )
    made = trajectory(
        steps=(
            step(0, "drag", Drag(node=13, to=14), seen=frames),
            step(1, "click", Click(node=31, button="right"), seen=frames),
            step(2, "type", Type(node=12, text="Jo", submit=True), seen=frames),
            step(3, "press", Press(keys="Control+Shift+a"), seen=frames),
            step(4, "stop", Stop(answer="42"), seen=frames),
        )
    )
    told = flow_of(json.loads(flow_json(made))).steps[2:]
    assert [one.type for one in told] == [
        *("customStep", "click", "change", "keyDown", "keyUp"),
        *("keyDown", "keyDown", "keyDown", "keyUp", "keyUp", "keyUp", "customStep"),
    ]
    assert (told[1].frame, told[1].button, told[1].offset) == ((0,), "right", (4.0, 4.0))
    assert told[0].parameters["targets"]["to"] == {"tag": "button", "role": "button", "name": "cancel", "nth": 0}
    again = replayed(
        stage,
        flow(
            {"type": "navigate", "url": f"{stage.url}forms.html"},
            {
                "type": "customStep",
                "name": "webapprentice",
                "parameters": {
                    "action": Drag(node=1, by=(3, 0)).model_dump(mode="json"),
                    "targets": {"node": {"tag": "button", "role": "button", "name": "Send", "nth": 0}},
                },
            },
        ),
    )
    assert deeds(again) == [("drag", "Send")]


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        ("KeyA", "a"),
        ("Digit7", "7"),
        ("Space", " "),
        ("ShiftRight", "Shift"),
        ("\r", "Enter"),
        ("F5", "F5"),
        ("é", "é"),
    ],
)
def test_keys_have_our_names(key: str, ours: str) -> None:
    assert key_of_code(key) == ours


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("selectors", "frame", "target", "url", "value", "key", "button", "offsetX", "offsetY", "width", "height")
STEPS = st.builds(
    lambda kind, rest: {"type": kind, **rest},
    st.sampled_from(sorted(TYPES)) | JSON,
    st.dictionaries(st.sampled_from((*NAMES, "x", "y", "operator", "count", "timeout", "name", "parameters")), JSON),
)


@given(told=st.builds(lambda steps: {"title": "t", "steps": steps}, st.lists(STEPS, max_size=4)) | JSON)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_read_or_refused(told: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_text(json.dumps(told))
    for item in devtools.read(path, ImportConfig(unfilled=True)):
        assert isinstance(item, Ready | Broken)


def test_the_command_fills_a_flow_once_and_exports_it(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(
        json.dumps(flow({"type": "navigate", "url": f"{stage.url}forms.html"}, aimed("click", "text/Send")))
    )
    run = ("--run", str(tmp_path / "run"))
    words = ("import", "devtools", str(path), *run, "--json", "--set", f"browser.origins=[{stage.url.rstrip('/')}]")
    told = json.loads(apprentice(*words).stdout)
    assert (told["imported"], told["steps"]) == (1, 1)
    assert json.loads(apprentice(*words).stdout)["already there"] == 1
    out = tmp_path / "out.json"
    assert apprentice("export", str(out), "--format", "devtools", *run).returncode == 0
    assert [one["type"] for one in json.loads(out.read_text())["steps"]] == ["setViewport", "navigate", "click"]
    (bare,) = (item for item in devtools.read(path, ImportConfig(unfilled=True)) if isinstance(item, Ready))
    assert bare.trajectory.steps[0].observation.elements == ()
    with Store.create(tmp_path / "run/store.sqlite") as store:
        filled = next(store.trajectories("imported/devtools"))
        store.finish("bare", bare.trajectory)
    assert filled.steps[0].observation.elements
    refused(apprentice("export", str(out), "--format", "devtools", *run), 2, "more than one", "--key")
