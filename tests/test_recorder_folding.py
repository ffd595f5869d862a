"""What a step is: worked examples, and what must hold whatever a person does."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from webapprentice.core.actions import (
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
)
from webapprentice.core.records import Locator, Target
from webapprentice.recorder.events import Event
from webapprentice.recorder.folding import Fold, fold, said


def on(kind: str, node: int | None = None, **more: Any) -> Event:
    return Event.model_validate({"kind": kind, "node": node, "seen": f"page before {kind}", **more})


def press(node: int, **more: Any) -> list[Event]:
    return [on("press", node, **more), Event(kind="release", node=node)]


def typed(node: int, text: str, secret: bool = False) -> list[Event]:
    edits = [on("edit", node)]
    edits += [Event(kind="input", node=node, text=None if secret else text[: n + 1]) for n in range(len(text))]
    return [*edits, Event(kind="input", node=node, text=text, final=True)]


def actions(*events: Event | list[Event]) -> list[Any]:
    flat = [one for event in events for one in (event if isinstance(event, list) else [event])]
    return [draft.action for draft in fold([Event(kind="opened", tab=0), *flat])]


def test_many_keystrokes_are_one_type_and_the_press_before_them_is_part_of_it() -> None:
    events = [*press(4, field="text"), *typed(4, "hello")]
    drafts = fold(events)
    assert [draft.action for draft in drafts] == [Type(node=4, text="hello")]
    assert drafts[0].seen == "page before press"


def test_a_secret_is_known_only_when_the_field_is_left() -> None:
    events = [on("edit", 4), Event(kind="input", node=4), Event(kind="input", node=4)]
    assert actions(events) == [Type(node=4, text="")]
    late = Event(kind="input", node=4, text="{{password:1}}", final=True)
    assert actions(events, press(9), late) == [Type(node=4, text="{{password:1}}"), Click(node=9)]


def test_enter_that_submits_belongs_to_what_was_typed_and_alone_is_a_key() -> None:
    enter = on("key", 4, keys="Enter", submits=True)
    assert actions(typed(4, "cat"), enter) == [Type(node=4, text="cat", submit=True)]
    assert actions(press(4, field="text"), enter) == [Click(node=4), Press(keys="Enter", node=4)]
    assert actions(typed(4, "c"), on("key", 4, keys="ArrowDown"), enter) == [
        Type(node=4, text="c"),
        Press(keys="ArrowDown", node=4),
        Press(keys="Enter", node=4),
    ]
    assert actions(typed(4, "a"), enter, typed(4, "b")) == [
        Type(node=4, text="a", submit=True),
        Type(node=4, text="b"),
    ]


def test_coming_back_to_a_field_goes_on_with_it_unless_something_else_was_done() -> None:
    again = [*press(4, field="text"), *typed(4, "ab cd")]
    assert actions(typed(4, "ab"), again) == [Type(node=4, text="ab cd")]
    assert actions(typed(4, "ab"), press(9), again) == [
        Type(node=4, text="ab"),
        Click(node=9),
        Type(node=4, text="ab cd"),
    ]


def test_two_presses_are_a_double_click_and_a_right_press_needs_no_release() -> None:
    second = [on("press", 5), Event(kind="release", node=5, count=2)]
    assert actions(press(5), second) == [Click(node=5, count=2)]
    assert actions(press(5), press(5)) == [Click(node=5), Click(node=5)]
    assert actions(on("press", 5, button="right")) == [Click(node=5, button="right")]
    assert actions(press(5, button="middle")) == [Click(node=5, button="middle")]


def test_where_is_told_only_of_what_is_drawn() -> None:
    canvas, button = Target(node=3, tag="canvas"), Target(node=4, tag="button")
    assert actions(press(3, target=canvas, spot=(10, 20))) == [Click(node=3, at=(10, 20))]
    assert actions(press(4, target=button, spot=(10, 20))) == [Click(node=4)]


def test_a_press_that_ends_far_away_is_a_drag() -> None:
    start = on("press", 5, spot=(3, 4))
    column = Target(node=8, tag="ul")
    goal = Event(kind="release", node=8, far=True, by=(80, 0), spot=(7, 9), target=column)
    assert actions(start, goal) == [Drag(node=5, to=8, at=(3, 4), to_at=(7, 9))]
    assert actions(start, Event(kind="release", node=5, far=True, by=(80, 0))) == [Drag(node=5, by=(80, 0), at=(3, 4))]
    slider = Event(kind="input", node=5, text="40")
    assert actions(start, on("edit", 5), slider, Event(kind="release", node=5, far=True, by=(9, 0))) == [
        Type(node=5, text="40")
    ]


def test_a_choice_takes_the_place_of_the_press_that_opened_it() -> None:
    chosen = [on("choose", 6, options=(name,)) for name in ("One", "Two")]
    drafts = fold([*press(6, field="choice"), *chosen])
    assert [(draft.action, draft.seen) for draft in drafts] == [
        (Select(node=6, options=("Two",)), "page before press"),
    ]
    assert actions(press(7), on("files", 7, options=("a.txt",), field="file")) == [Upload(node=7, files=("a.txt",))]


def test_a_dialog_is_answered_before_what_opens_it() -> None:
    asked = Event(kind="dialog", asks="confirm", accept=True)
    assert actions(press(5), asked) == [Dialog(accept=True), Click(node=5)]
    assert actions(press(5), Event(kind="dialog", asks="alert", accept=True)) == [Click(node=5)]
    prompted = Event(kind="dialog", asks="prompt", accept=True, text="why")
    assert actions(press(4), press(5), prompted) == [Click(node=4), Dialog(accept=True, text="why"), Click(node=5)]
    refused = Event(kind="dialog", asks="prompt", accept=False, text="half")
    assert actions(press(5), refused) == [Dialog(accept=False), Click(node=5)]


def test_pointing_is_a_step_only_where_it_brought_up_what_was_pressed() -> None:
    outer, inner = on("hover", 1, revealed=(2, 3)), on("hover", 2, revealed=(5, 6))
    assert actions(outer, inner, press(6)) == [Hover(node=1), Hover(node=2), Click(node=6)]
    assert actions(outer, press(3)) == [Hover(node=1), Click(node=3)]
    assert actions(outer, inner, press(9)) == [Click(node=9)]
    assert actions(outer, press(9), press(3)) == [Click(node=9), Click(node=3)]


def test_going_places_is_the_persons_or_the_pages_doing() -> None:
    def went(how: str, at: float = 100.0) -> Event:
        return Event(kind="navigated", how=how, url="http://x.test/", at=at)

    assert actions(went("typed")) == [Goto(url="http://x.test/")]
    assert actions(press(5), went("page")) == [Click(node=5)]
    assert actions(went("back"), went("forward")) == [Back(), Forward()]
    assert actions(press(5), Event(kind="moving", at=99.5), went("back")) == [Click(node=5)]
    assert actions(on("key", keys="Alt+ArrowLeft"), went("back")) == [Back()]
    assert actions(on("key", keys="F5", at=100.0), went("reload")) == [Goto(url="http://x.test/")]
    assert actions(press(5, at=99.9), went("reload")) == [Click(node=5)]


def test_tabs_come_go_and_are_changed() -> None:
    def tab(kind: str, number: int, **more: Any) -> Event:
        return Event(kind=kind, tab=number, at=100.0, **more)

    assert actions(press(5), tab("opened", 1)) == [Click(node=5)]
    assert actions(tab("opened", 1, how="typed")) == [NewTab()]
    assert actions(tab("opened", 1), tab("shown", 0), press(5), tab("shown", 1)) == [
        SwitchTab(index=0),
        Click(node=5),
        SwitchTab(index=1),
    ]
    assert actions(tab("opened", 1), tab("closed", 1)) == [CloseTab()]
    assert actions(tab("opened", 1), Event(kind="moving", at=99.5), tab("closed", 1)) == []
    assert actions(tab("opened", 1), tab("closed", 0)) == [SwitchTab(index=0), CloseTab()]


def test_pause_undo_goal_and_end() -> None:
    folded = Fold()
    for event in [
        *press(1),
        Event(kind="pause"),
        *press(2),
        Event(kind="resume"),
        *press(3),
        Event(kind="dialog", asks="confirm"),
        Event(kind="undo"),
        Event(kind="goal", text="Buy a lamp."),
        Event(kind="end", text="7"),
        *press(4),
    ]:
        folded.take(event)
    assert [draft.action for draft in folded.drafts] == [Click(node=1), Stop(answer="7")]
    assert folded.goal == "Buy a lamp."


NODES = st.integers(1, 4)
EVENTS = st.one_of(
    st.builds(press, NODES, field=st.sampled_from(["", "text", "choice", "file"]), at=st.floats(0, 10)),
    st.builds(typed, NODES, st.text("ab ", min_size=1, max_size=6), st.booleans()),
    st.builds(lambda node: [on("choose", node, options=("x",))], NODES),
    st.builds(
        lambda node, keys: [on("key", node, keys=keys, submits=keys == "Enter")],
        NODES,
        st.sampled_from(["Enter", "F5"]),
    ),
    st.builds(lambda node, way: [on("wheel", node, way=way)], NODES, st.sampled_from(["up", "down"])),
    st.builds(lambda node, more: [on("hover", node, revealed=tuple(more))], NODES, st.lists(NODES)),
    st.builds(
        lambda kind, how: [Event(kind="dialog", asks=kind, accept=how)],
        st.sampled_from(["alert", "confirm"]),
        st.booleans(),
    ),
    st.builds(
        lambda how: [Event(kind="navigated", how=how, url="http://x/")],
        st.sampled_from(["page", "typed", "back", "reload"]),
    ),
    st.builds(
        lambda kind, tab: [Event(kind=kind, tab=tab)], st.sampled_from(["opened", "closed", "shown"]), st.integers(0, 3)
    ),
    st.builds(lambda kind: [Event(kind=kind)], st.sampled_from(["pause", "resume", "undo", "moving"])),
)
DAYS = st.lists(EVENTS, max_size=12).map(lambda groups: [event for group in groups for event in group])


@given(DAYS)
def test_what_is_done_later_never_changes_any_step_but_the_last_ones(events: list[Event]) -> None:
    folded, before = Fold(), list[Any]()
    for event in events:
        folded.take(event)
        now = [draft.action for draft in folded.drafts]
        if event.kind not in ("undo", "input"):  # a secret is filled in when its field is left
            kept = min(len(before) - 2, len(now))
            assert now[: max(0, kept)] == before[: max(0, kept)]
        before = now


@given(DAYS)
def test_a_fold_taken_up_again_in_the_middle_is_the_same(events: list[Event]) -> None:
    through = [Event.model_validate_json(event.model_dump_json(exclude_defaults=True)) for event in events]
    assert fold(through) == fold(events)


@given(DAYS)
def test_while_it_pauses_nothing_is_a_step(events: list[Event]) -> None:
    quiet = [event for event in events if event.kind not in ("resume", "undo")]
    assert fold([Event(kind="pause"), *quiet]) == []


@given(NODES, st.text("abc", min_size=1, max_size=8), st.integers(1, 5))
def test_the_text_is_what_the_field_held_last_however_it_was_typed(node: int, text: str, times: int) -> None:
    events = [event for _ in range(times) for event in typed(node, text)]
    assert actions(events) == [Type(node=node, text=text)]


def test_a_step_says_what_was_done() -> None:
    button = Target(
        node=1, tag="button", role="button", name="Save", locators=(Locator(kind="role", value=("button", "Save")),)
    )
    assert said(Click(node=1), (button,)) == "click the button “Save”"
    assert said(Type(node=1, text="x", submit=True), ()) == "type “x” into the field and press Enter"
    assert said(Scroll(direction="down"), ()) == "scroll down"
    assert said(NewTab(), ()) == "new tab"
