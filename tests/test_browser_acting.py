"""Actions through real input, and the six ways in which one is not carried out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from conftest import Stage
from webapprentice.browser import Window, act
from webapprentice.core.actions import (
    Action,
    Back,
    Click,
    CloseTab,
    Dialog,
    Drag,
    Forward,
    Goto,
    Hover,
    NewTab,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
    Upload,
    Wait,
)
from webapprentice.core.records import Element, Observation, Outcome, Result

pytestmark = pytest.mark.browser


class Person:
    """Looks at a page and acts on elements by name or id attribute."""

    def __init__(self, stage: Stage, window: Window, page: str) -> None:
        self.stage, self.window = stage, window
        stage.run(window.goto(stage.url + page))
        self.look()

    def look(self) -> Observation:
        self.seen = self.stage.run(self.window.observe()).observation
        return self.seen

    def find(self, name: str) -> Element:
        return next(e for e in self.seen.elements if name in (e.name, e.attributes.get("id")))

    def node(self, name: str) -> int:
        return self.find(name).id

    def do(self, action: Action) -> Outcome:
        outcome = self.stage.run(act(self.window, action))
        self.look()
        return outcome

    @property
    def log(self) -> str:
        return str(self.stage.run(self.window.evaluate("document.getElementById('log').textContent")))


# Not carried out


def test_each_obstacle_has_a_name_and_a_message_of_its_own(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "targets.html")
    nodes = {name: person.node(name) for name in ("under", "gone", "off", "ghost", "title")}
    stage.run(window.evaluate("gone.remove(), ghost.style.visibility = 'hidden'"))
    told = {name: stage.run(act(window, Click(node=node))) for name, node in nodes.items() if name != "title"}
    told["title"] = stage.run(act(window, Type(node=nodes["title"], text="x")))
    assert {name: outcome.result for name, outcome in told.items()} == {
        "under": Result.COVERED,
        "gone": Result.STALE,
        "off": Result.DISABLED,
        "ghost": Result.HIDDEN,
        "title": Result.UNSUITABLE,
    }
    assert len({outcome.message for outcome in told.values()}) == 5
    assert all(0 < len(outcome.message) <= 200 for outcome in told.values())
    assert f"sheet [{person.node('cookie sheet')}]" in told["under"].message
    assert f"soon gone as well [{person.node('gone2')}]" in told["gone"].message
    assert person.log == ""


def test_a_disappeared_element_is_never_replaced_by_another(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "targets.html")
    node = person.node("gone")
    stage.run(window.evaluate("gone.replaceWith(gone.cloneNode(true))"))
    assert stage.run(act(window, Click(node=node))).result is Result.STALE
    stage.run(window.goto(stage.url + "targets.html"))
    assert stage.run(act(window, Click(node=node))).result is Result.STALE
    assert stage.run(act(window, Click(node=99_999))).result is Result.STALE
    assert person.log == ""


@pytest.mark.parametrize("name", ["far", "wrapped", "ring", "box"])
def test_what_is_hard_to_hit_is_hit(stage: Stage, window: Window, name: str) -> None:
    person = Person(stage, window, "targets.html")
    if name == "box":
        stage.run(window.evaluate("box.style.cssText = 'opacity:0;width:60px;margin-left:-60px'"))
    assert person.do(Click(node=person.node(name))).result is Result.DONE
    assert f"{name}:true;" in person.log


def test_a_late_page_is_told_from_a_hanging_one(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "loop.html")
    outcome = person.do(Click(node=person.node("a while")))
    assert outcome.result is Result.LATE
    assert window.healthy


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (Select(node=0, options=("huge",)), "small | medium | large"),
        (Select(node=0, options=("small", "large")), "takes one option"),
        (Type(node=0, text="x"), "takes no text"),
        (Upload(node=0, files=()), "takes no files"),
        (Drag(node=0), "needs an element or an offset"),
        (Press(keys="Contrl+a"), "no key is called"),
        (SwitchTab(index=4), "no tab 4"),
        (CloseTab(), "only tab"),
        (Back(), "no page to go back to"),
        (Goto(url="http://127.0.0.1:1/"), "net::"),
    ],
)
def test_an_action_that_does_not_suit_says_why(stage: Stage, window: Window, action: Action, message: str) -> None:
    person = Person(stage, window, "targets.html")
    if "node" in type(action).model_fields and getattr(action, "node", None) == 0:
        action = action.model_copy(update={"node": person.node("size")})
    if isinstance(action, Back):
        stage.run(window.ask("Page.resetNavigationHistory", {}, "forgetting"))
    outcome = stage.run(act(window, action))
    assert outcome.result is Result.UNSUITABLE
    assert message in outcome.message


def test_a_read_only_field_and_a_disabled_option_are_named(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "targets.html")
    assert "read-only" in person.do(Type(node=person.node("fixed"), text="x")).message
    assert person.do(Select(node=person.node("size"), options=("medium",))).result is Result.DISABLED


# Carried out


def test_presses_are_trusted_through_shadow_roots_and_frames(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "shadow.html")
    person.do(Click(node=person.node("deep")))
    assert person.log == "deep true;"
    person.do(Type(node=person.node("deep field"), text="Far down"))
    assert person.find("deep field").value == "Far down"
    person = Person(stage, window, "frames.html")
    person.do(Click(node=person.node("in the frame")))
    assert person.find("pressed true")
    person.do(Type(node=person.node("innermost"), text="boxed"))
    assert person.find("innermost").value == "boxed"


def test_typing_replaces_or_adds(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "forms.html")
    name = person.node("Name")
    for action, value in [
        (Type(node=name, text="Zoë 😀 <b>&"), "Zoë 😀 <b>&"),
        (Type(node=name, text="!", clear=False), "Zoë 😀 <b>&!"),
        (Type(node=name, text=""), ""),
    ]:
        assert person.do(action).result is Result.DONE
        assert person.find("Name").value == value
    person.do(Type(node=person.node("Note"), text="one\ntwo"))
    assert person.find("Note").value == "one\ntwo"
    person.do(Type(node=person.node("Draft"), text="new"))
    assert person.find("Draft").value == "new"
    assert "submit" not in person.log
    person.do(Type(node=name, text="x", submit=True))
    assert person.log.endswith("submit;")


def test_every_character_sends_the_events_of_a_key(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "forms.html")
    person.do(Type(node=person.node("Code"), text="aB9?"))
    assert person.find("Code").value == "aB9?"
    assert person.log == "keydown+keypress+input+keyup;" * 4
    person.do(Type(node=person.node("Digits"), text="a1b2"))
    assert person.find("Digits").value == "12"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("Day", "2020-03-09", "2020-03-09"),
        ("Day", "3/9/2020", "2020-03-09"),
        ("Hour", "14:05", "14:05"),
        ("Hour", "2:05 PM", "14:05"),
        ("Level", "7", "7"),
        ("Count", "12", "12"),
    ],
)
def test_fields_with_a_format_take_what_a_person_writes(
    stage: Stage, window: Window, field: str, text: str, value: str
) -> None:
    person = Person(stage, window, "forms.html")
    assert person.do(Type(node=person.node(field), text=text)).result is Result.DONE
    assert person.find(field).value == value


def test_a_date_that_is_none_is_refused(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "forms.html")
    outcome = person.do(Type(node=person.node("Day"), text="tomorrow"))
    assert outcome.result is Result.UNSUITABLE
    assert "date field" in outcome.message


def test_options_are_chosen_by_their_text(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "forms.html")
    person.do(Select(node=person.node("Size"), options=("LARGE",)))
    person.do(Select(node=person.node("Days"), options=("Mo", "We")))
    assert person.log == "Size=large;Days=Mo,We;"
    assert person.find("Days").value == "Mo, We"


def test_files_are_handed_over(stage: Stage, window: Window, tmp_path: Path) -> None:
    person = Person(stage, window, "forms.html")
    file = tmp_path / "note.txt"
    file.write_text("hello")
    assert person.do(Upload(node=person.node("File"), files=(str(file),))).result is Result.DONE
    assert person.find("File").value == "note.txt"
    stolen = person.do(Upload(node=person.node("File"), files=("/etc/hostname",)))
    assert (stolen.result, "upload folder" in stolen.message) == (Result.BLOCKED, True)
    missing = person.do(Upload(node=person.node("File"), files=(str(tmp_path / "none"),)))
    assert missing.result is Result.UNSUITABLE


def test_keys_and_the_clipboard_work(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "forms.html")
    person.do(Press(node=person.node("Name"), keys="Control+a"))
    person.do(Press(keys="Control + c"))
    person.do(Press(node=person.node("Note"), keys="Control+a"))
    person.do(Press(keys="Control+v"))
    assert person.find("Note").value == "old"
    person.do(Press(keys="Shift+X"))
    person.do(Press(keys="Backspace"))
    person.do(Press(keys="Tab"))
    assert person.find("Draft").states == ("focused",)


def test_buttons_counts_and_offsets(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "drag.html")
    goal = person.node("goal")
    person.do(Hover(node=goal))
    person.do(Click(node=goal, at=(5, 9)))
    person.do(Click(node=goal, button="right"))
    person.do(Click(node=goal, count=2))
    assert person.log == "hovered;at 5,9;right;at 30,30;at 30,30;double;"


def test_dragging_by_mouse_and_by_drag_and_drop(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "drag.html")
    person.do(Drag(node=person.node("ball"), to=person.node("goal")))
    person.do(Drag(node=person.node("ball"), by=(-100, 30), at=(2, 2)))
    person.do(Drag(node=person.node("card"), to=person.node("slot")))
    log = person.log.replace("hovered;", "")
    assert log == "ball at 220,120 after several moves;ball at 120,150 after several moves;dropped card;"


def test_the_wheel_scrolls_the_page_or_one_element(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "drag.html")
    person.do(Scroll(direction="down", node=person.node("scroller")))
    assert stage.run(window.evaluate("scroller.scrollTop")) > 50
    person = Person(stage, window, "targets.html")
    person.do(Scroll(direction="down"))
    person.do(Scroll(direction="down"))
    person.do(Scroll(direction="up"))
    assert 400 < stage.run(window.evaluate("scrollY")) < 560


def test_the_page_has_moved_by_the_time_that_a_turn_of_the_wheel_is_done(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "targets.html"))
    places = []
    for turn in range(20):
        stage.run(act(window, Scroll(direction="up" if turn % 2 else "down")))
        places.append(stage.run(window.evaluate("scrollY")))
    assert places == [480, 0] * 10


def test_dialogs_never_hang_and_confirm_is_never_accepted_unasked(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "dialogs.html")
    person.do(Click(node=person.node("alert")))
    assert person.seen.dialog == "alert: saved"
    person.do(Click(node=person.node("confirm")))
    assert person.seen.dialog == "confirm: delete all?"
    assert person.look().dialog is None
    person.do(Dialog(accept=True))
    person.do(Click(node=person.node("confirm")))
    person.do(Click(node=person.node("confirm")))
    person.do(Dialog(accept=True, text="Ann"))
    person.do(Click(node=person.node("prompt")))
    assert person.log == "alert;confirm false;confirm true;confirm false;prompt Ann;"


def test_history_addresses_and_tabs(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "tabs.html")
    person.do(Click(node=person.node("same tab")))
    assert person.seen.title == "Shadow"
    person.do(Back())
    assert person.seen.title == "Tabs"
    person.do(Forward())
    assert person.seen.title == "Shadow"
    person.do(Goto(url=stage.url + "tabs.html"))
    person.do(Click(node=person.node("new tab")))
    assert [(tab.title, tab.active) for tab in person.look().tabs] == [("Tabs", False), ("Names", True)]
    person.do(SwitchTab(index=0))
    assert person.seen.title == "Tabs"
    person.do(NewTab())
    assert person.seen.url == "about:blank"
    person.do(CloseTab())
    person.do(SwitchTab(index=0))
    person.do(Click(node=person.node("storm")))
    assert len(person.look().tabs) <= window.config.max_tabs


def test_stop_changes_nothing_and_wait_lets_the_page_go_on(stage: Stage, window: Window) -> None:
    person = Person(stage, window, "lively.html?spin")
    before = int(stage.run(window.evaluate("spin.textContent")))
    person.do(Stop(answer="42"))
    person.do(Wait(seconds=0.2))
    assert int(stage.run(window.evaluate("spin.textContent"))) > before


def test_a_document_that_was_asked_for_is_waited_for(stage: Stage) -> None:
    form = (
        "<form><input aria-label=words name=q><select aria-label=order name=o onchange='this.form.submit()'>"
        "<option>up<option>down</select></form><a href=/nothing>nothing</a>"
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        if b"?" in place:
            await asyncio.sleep(0.7)  # long enough for the old page to be read, if nobody waits
        head = b"204 No Content" if place == b"/nothing" else b"200 OK\r\nContent-Type: text/html"
        writer.write(
            b"HTTP/1.1 " + head + b"\r\nConnection: close\r\n\r\n" + (b"" if b"204" in head else form.encode())
        )
        await writer.drain()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        window = Window(stage.browser, stage.browser.config.with_(origins=(url,)))
        try:
            await window.renew()
            await window.goto(url)
            found = {e.name: e.id for e in (await window.observe()).observation.elements}
            await act(window, Type(node=found["words"], text="chair", submit=True))
            seen = (await window.observe()).observation
            assert seen.url == f"{url}?q=chair&o=up"
            found = {e.name: e.id for e in seen.elements}
            await act(window, Select(node=found["order"], options=("down",)))
            assert (await window.observe()).observation.url == f"{url}?q=&o=down"
            found = {e.name: e.id for e in (await window.observe()).observation.elements}
            await act(window, Click(node=found["nothing"]))
            rest = await window.observe()
            assert rest.observation.url == f"{url}?q=&o=down"
            assert rest.quiet  # nothing came of it: it is not waited for to the end
        finally:
            await window.close()
            server.close()

    stage.run(scene())
