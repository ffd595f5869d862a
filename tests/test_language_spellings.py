"""Every action survives writing and reading in every spelling; every string is read without an exception."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

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
from webapprentice.core.text import pieces
from webapprentice.language import Spelling, gist, read, unspaced, write

_NODES = st.integers(0, 10**6)
_POINTS = st.none() | st.tuples(st.integers(-999, 999), st.integers(-999, 999))
_NASTY = st.sampled_from(
    [
        "",
        " ",
        "```click [3]```",
        "a] [1",
        "] [0]",
        '"quoted"',
        '"a\\n"',
        "C:\\new\\table",
        "line\nbreak\r\n",
        "`",
        "In summary, the next action I will perform is ```stop []```",
        "[22]",
        "Action: mouse_click_action\nNode: 7",
        ' "x" and press Enter',
        "\u2028\x00\ud800",
        "||",
        " | ",
        "= | =",
        "at 3 4",
    ]
)
_TEXTS = st.text(max_size=30) | _NASTY | st.lists(_NASTY, max_size=3).map("".join)
_KEYS = st.sampled_from(
    ["Enter", "Control+a", "Control+Shift+ArrowLeft", "Control++", "+", "_", "Alt+-", "F5", "[", "`"]
)
_DRAGS = st.builds(Drag, node=_NODES, to=st.none() | _NODES, by=_POINTS, at=_POINTS, to_at=_POINTS).filter(
    lambda drag: (drag.to, drag.by, drag.to_at) != (None, None, None)
)

_ANY = st.one_of(
    st.builds(
        Click,
        node=_NODES,
        button=st.sampled_from(["left", "right", "middle"]),
        count=st.sampled_from([1, 2]),
        at=_POINTS,
    ),
    st.builds(Type, node=_NODES, text=_TEXTS, submit=st.booleans(), clear=st.booleans()),
    st.builds(Select, node=_NODES, options=st.lists(_TEXTS, max_size=3).map(tuple)),
    st.builds(Upload, node=_NODES, files=st.lists(_TEXTS, max_size=3).map(tuple)),
    st.builds(Hover, node=_NODES),
    st.builds(Press, keys=_KEYS | _TEXTS, node=st.none() | _NODES),
    st.builds(Scroll, direction=st.sampled_from(["up", "down", "left", "right"]), node=st.none() | _NODES),
    _DRAGS,
    st.builds(Goto, url=_TEXTS),
    st.sampled_from([Back(), Forward(), NewTab(), CloseTab()]),
    st.builds(SwitchTab, index=st.integers(0, 99)),
    st.builds(Dialog, accept=st.booleans(), text=st.none() | _TEXTS),
    st.builds(Wait, seconds=st.floats(0, 30)),
    st.builds(Stop, answer=_TEXTS),
)


def tag(node: int) -> str:
    return f'<button class="a b" node="{node}">say "hi" at (3, 4)'


def words(node: int) -> str:
    return "button to at 3 4 = [ 9 ]"


@given(_ANY)
@settings(max_examples=600, deadline=None)
def test_webarena_spells_every_action_without_loss(action: Action) -> None:
    assert read(write(action, "webarena", words), "webarena").action == action


@given(_ANY, st.integers(1, 400))
@settings(max_examples=600, deadline=None)
def test_scribe_spells_every_action_without_loss(action: Action, number: int) -> None:
    said = write(action, "scribe", tag, number)
    assert len(said.split("\n")) == 5
    assert said.startswith(f"{number}.\nDescription: ")
    assert read(said, "scribe").action == action


def texts_of(action: Action) -> list[str]:
    match action:
        case Type(text=text) | Stop(answer=text) | Goto(url=text):
            return [text]
        case Dialog(text=text):
            return [text or ""]
        case Select(options=options):
            return list(options)
        case Upload(files=files):
            return list(files)
        case Press(keys=keys):
            return [keys]
    return []


def compact_can_hold(action: Action) -> bool:
    """What the docstring of `write` says that compact does not keep is left out here."""
    texts = texts_of(action)
    if any(text != text.strip() for text in texts):
        return False
    if isinstance(action, Goto):
        return bool(action.url) and "".join(pieces(action.url)) == action.url
    if isinstance(action, Press):
        keys = pieces(action.keys)
        chord = "".join(keys) == action.keys and bool(keys)
        return chord and (
            action.node is None or (all(keys[i] == "+" for i in range(1, len(keys), 2)) and len(keys) % 2 == 1)
        )
    return True


@given(_ANY.filter(compact_can_hold))
@settings(max_examples=600, deadline=None)
def test_compact_spells_every_action_whose_texts_are_known(action: Action) -> None:
    said = write(action, "compact", words)
    assert "\n" not in said
    texts = texts_of(action)
    for text in texts:  # two texts with the same pieces would be looked up as the first of them
        if any(pieces(other) == pieces(text) and other != text for other in texts):
            return
    inside = [text for text in texts if any(pieces(text) and text != o and o in text for o in texts)]
    sources = sorted(texts, key=len) if inside else texts
    got = read(said, "compact", sources).action
    spelled_alike = write(got, "compact", words) if got else None
    assert spelled_alike == said
    if not inside:
        assert got == action


@given(_ANY, st.sampled_from(list(Spelling)))
@settings(max_examples=300, deadline=None)
def test_every_action_has_a_spelling_and_a_bounded_gist(action: Action, spelling: Spelling) -> None:
    said = write(action, spelling, tag if spelling is Spelling.SCRIBE else words)
    assert len(gist(said, spelling)) <= 4 * 700


_FRAGMENTS = st.sampled_from(
    [
        "```",
        "`",
        "[",
        "]",
        "12",
        " ",
        "\n",
        "click",
        "type",
        "Action:",
        "Node:",
        "Description:",
        "mouse_click_action",
        '"',
        "\\",
        "drag",
        "to",
        "at",
        "by",
        "=",
        "|",
        "choose",
        "press",
        "+",
        "wait",
        "[12]",
        "1.\n",
        "keyboard_sequence_action",
        "In summary, the next action I will perform is",
        "scroll",
        "down",
        "tab",
        "99999999999999999999",
        "²",
    ]
)


@given(st.text() | st.lists(_FRAGMENTS, max_size=14).map("".join) | st.lists(_FRAGMENTS, max_size=14).map(" ".join))
@settings(max_examples=1500, deadline=None)
def test_reading_is_total(text: str) -> None:
    for spelling in Spelling:
        got = read(text, spelling, ["some page text", text])
        assert (got.action is None) != (got.reason is None)
        if got.action is not None:
            TypeAdapter(Action).validate_python(got.action.model_dump())
        gist(text, spelling)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("click button ok [21]", Click(node=21)),
        ("doubleclick button ok [21] at 3 -4", Click(node=21, count=2, at=(3, -4))),
        ("type textbox Username [22] = bob", Type(node=22, text="bob")),
        ("send textbox Username [22] = bob", Type(node=22, text="bob", submit=True)),
        ("type textbox Username [22] =", Type(node=22, text="")),
        ("type textbox [22] = [ 23 ] = x", Type(node=22, text="[23] = x")),
        ("choose combobox Size [40] = medium", Select(node=40, options=("medium",))),
        ("choose listbox Size [40] = medium | a || b", Select(node=40, options=("medium", "a | b"))),
        ("hover link More [9]", Hover(node=9)),
        ("press Enter", Press(keys="Enter")),
        ("press Control + a textbox Note [4]", Press(keys="Control+a", node=4)),
        ("scroll down listbox Cities [8]", Scroll(direction="down", node=8)),
        ("drag item a [5] to item b [6]", Drag(node=5, to=6)),
        ("drag item a [5] at 1 2 by -10 4", Drag(node=5, at=(1, 2), by=(-10, 4))),
        ("goto https : / / example . com / a", Goto(url="https://example.com/a")),
        ("new tab", NewTab()),
        ("tab 2", SwitchTab(index=2)),
        ("accept", Dialog(accept=True)),
        ("stop", Stop()),
        ("stop = 42", Stop(answer="42")),
        ("  click button ok [21]\n\n", Click(node=21)),
        ("click button ok [21]\nclick button ok [21]", Click(node=21)),
    ],
)
def test_compact_by_hand(said: str, expected: Action) -> None:
    assert read(said, "compact").action == expected


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "the answer is empty"),
        ("click button ok", "click names no element: there is no [id]"),
        ("click button ok [21] now", "click has words too many: 'now'"),
        ("type textbox [22] bob", "type has no ` = ` after its element"),
        ("click button ok [21]\nclick button no [22]", "more than one action in one answer"),
        ("drag item a [5]", "drag has no end: ` to ` an element or ` by X Y`"),
        ("import os", "no action begins with 'import'"),
        ("tab two", "tab has no number"),
        ("click button [²]", "click names no element: there is no [id]"),
        ("wait = 99", "wait: Input should be less than or equal to 30"),
    ],
)
def test_compact_says_why_not(said: str, reason: str) -> None:
    assert read(said, "compact").reason == reason


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Let's think. In summary, the next action I will perform is ```click [12]```", Click(node=12)),
        ("```\nclick [12]\n```", Click(node=12)),
        ("I say `click [12]`", Click(node=12)),
        ("not ```click [1]```. In summary, the next action I will perform is ```click [2]```", Click(node=2)),
        ("```type [164] [restaurants near CMU] [1]```", Type(node=164, text="restaurants near CMU", submit=True)),
        ("```type [164] [restaurants]```", Type(node=164, text="restaurants", submit=True)),
        ("```type [5] [a [b] c] [0]```", Type(node=5, text="a [b] c")),
        ('```type [5] ["exact phrase"] [0]```', Type(node=5, text='"exact phrase"')),
        ("```stop []```", Stop()),
        ("```stop [N/A]```", Stop(answer="N/A")),
        ("```stop [$279.49]```", Stop(answer="$279.49")),
        ("```scroll [direction=down]```", Scroll(direction="down")),
        ("```press [Control+v]```", Press(keys="Control+v")),
        ("```tab_focus [1]```", SwitchTab(index=1)),
        ("```go_back```", Back()),
        ("```goto [http://a.example/?q=[1]]```", Goto(url="http://a.example/?q=[1]")),
    ],
)
def test_webarena_by_hand(said: str, expected: Action) -> None:
    assert read(said, "webarena").action == expected


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("click [12]", "there is no action between back-ticks"),
        ("```click [12]``` or ```click [13]```", "more than one action in one answer"),
        ("```click 12```", "the arguments of click stand in square brackets"),
        ("```click [twelve]```", "click has 'twelve' where a number belongs"),
        ("```click [1] [2]```", "click has an argument too many: '2'"),
        ("```__import__('os')```", "no action begins with \"__import__('os')\""),
    ],
)
def test_webarena_says_why_not(said: str, reason: str) -> None:
    assert read(said, "webarena").reason == reason


SCRIBE = '3.\nDescription: {}\nAction: {}\nNode: 832 832 832 832 832\nTarget: <svg class="x" node="832">'


@pytest.mark.parametrize(
    ("description", "name", "expected"),
    [
        ('Click "Search"', "mouse_click_action", Click(node=832)),
        ("Click the loupe", "mouse_click_action", Click(node=832)),
        ('Type "abc"', "keyboard_sequence_action", Type(node=832, text="abc")),
        ('Type "say "hi" now"', "keyboard_sequence_action", Type(node=832, text='say "hi" now')),
        ('Type "abc" and press Enter', "keyboard_sequence_action", Type(node=832, text="abc", submit=True)),
        ('Press "Control+c"', "keyboard_combination_action", Press(keys="Control+c", node=832)),
    ],
)
def test_scribe_by_hand(description: str, name: str, expected: Action) -> None:
    assert read(SCRIBE.format(description, name), "scribe").action == expected


def test_scribe_refuses_two_different_steps_and_accepts_one_said_twice() -> None:
    one = write(Click(node=1), "scribe", tag, 1)
    assert read(f"{one}\n{write(Click(node=1), 'scribe', tag, 2)}", "scribe").action == Click(node=1)
    two = write(Click(node=2), "scribe", tag, 2)
    assert read(f"{one}\n{two}", "scribe").reason == "more than one action in one answer"


def test_scribe_writes_the_five_lines_of_the_paper() -> None:
    said = write(Type(node=832, text="bob"), "scribe", lambda _: '<input type="text" node="832">', 3)
    assert said == (
        '3.\nDescription: Type "bob"\nAction: keyboard_sequence_action\nNode: 832 832 832 832 832\n'
        'Target: <input type="text" node="832">'
    )


@pytest.mark.parametrize(
    ("typed", "sources", "expected"),
    [
        ("Mr . O ' Neil - x", ("say Mr. O'Neil-x now",), "Mr. O'Neil-x"),
        ("bob", ("bobby", "Bob", "see bob."), "bob"),
        ("a @ b . com", (), "a@b.com"),
        ("hello , world !", (), "hello, world!"),
        ("3 . 14", (), "3.14"),
        ("12 / 24 / 2026", (), "12/24/2026"),
        ("( a )", (), "(a)"),
        ('say " hi " now', (), 'say "hi" now'),
        ("salt & pepper", (), "salt & pepper"),
        ("", ("x",), ""),
        ("two  spaces", ("two  spaces",), "two  spaces"),
    ],
)
def test_spaced_words_are_looked_up_in_the_sources(typed: str, sources: tuple[str, ...], expected: str) -> None:
    assert unspaced(typed, sources) == expected


@pytest.mark.parametrize(
    "text",
    [
        "```" * 330_000,
        "`a" * 500_000,
        "[" * 1_000_000,
        "type [1] " * 110_000,
        "type textbox [1] = " + "a " * 500_000,
        "```type [1] [" + "] [" * 330_000 + "```",
        "Action: mouse_click_action\nNode: 1\n" * 28_000,
        'Action: x\nDescription: "' + '\\"' * 500_000,
        "Description: " + " " * 1_000_000,
        "]" + " " * 1_000_000 + "[",
        "a" * 1_000_000,
        "In summary, the next action I will perform is" * 22_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_megabyte_is_read_quickly(text: str) -> None:
    for spelling in Spelling:
        started = time.process_time()
        read(text, spelling, ["a " * 10_000, text])
        gist(text, spelling)
        assert time.process_time() - started < 5.0
