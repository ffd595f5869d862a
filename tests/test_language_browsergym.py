"""BrowserGym's calls are read without being run; whatever else stands there gets a named reason."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from test_language_spellings import _ANY, words
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
from webapprentice.core.records import Element
from webapprentice.dialect import load
from webapprentice.language import gist, read, write

PAGE = (
    Element(id=1, tag="body", box=(0, 0, 500, 320)),
    Element(id=2, parent=1, tag="div", box=(10, 10, 100, 50)),
    Element(id=3, parent=2, tag="button", role="button", name="ok", box=(20, 20, 40, 20)),
    Element(id=4, parent=3, tag="#text", text="ok", box=(25, 22, 10, 10)),
    Element(id=5, parent=1, tag="button", role="button", name="gone", box=(20, 20, 20, 20), visible=False),
)


@given(_ANY)
@settings(max_examples=800, deadline=None)
def test_every_action_is_spelled_without_loss(action: Action) -> None:
    said = write(action, "browsergym", words)
    assert "\n" not in said
    assert read(said, "browsergym").action == action
    assert read(f"<think>hm</think>\n<action>\n{said}\n</action>", "browsergym").action == action


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("click('12')", Click(node=12)),
        ('click("12")', Click(node=12)),
        ("click(12)", Click(node=12)),
        ("click(bid='[12]')", Click(node=12)),
        ("click('12', button=\"right\")", Click(node=12, button="right")),
        ("click('12', 'middle', [])", Click(node=12, button="middle")),
        ("dblclick('12')", Click(node=12, count=2)),
        ("fill('237', 'example value')", Type(node=237, text="example value")),
        (r"fill('45', 'multi-line\nexample')", Type(node=45, text="multi-line\nexample")),
        (r"fill('45', 'C:\dir')", Type(node=45, text="C:\\dir")),
        ("fill('a', 'x')\n", None),
        ("fill('4', '''two\nlines''')", Type(node=4, text="two\nlines")),
        ("clear('9')", Type(node=9, text="")),
        ("focus('9')", Type(node=9, text="", clear=False)),
        ("select_option('48', 'blue')", Select(node=48, options=("blue",))),
        ("select_option('48', ['red', 'green'])", Select(node=48, options=("red", "green"))),
        ("hover('8')", Hover(node=8)),
        ("press('88', 'Backspace')", Press(node=88, keys="Backspace")),
        ("press('26', 'ControlOrMeta+KeyA')", Press(node=26, keys="Control+a")),
        ("keyboard_press('PageDown')", Press(keys="PageDown")),
        ("scroll(0, 200)", Scroll(direction="down")),
        ("scroll(-50.2, 0)", Scroll(direction="left")),
        ("drag_and_drop('56', '498')", Drag(node=56, to=498)),
        ("upload_file('572', 'receipt.pdf')", Upload(node=572, files=("receipt.pdf",))),
        ("goto('http://www.example.com')", Goto(url="http://www.example.com")),
        ("go_back()", Back()),
        ("go_forward()", Forward()),
        ("new_tab()", NewTab()),
        ("tab_focus(2)", SwitchTab(index=2)),
        ("tab_close()", CloseTab()),
        ("noop()", Wait()),
        ("noop(500)", Wait(seconds=0.5)),
        ("send_msg_to_user('42')", Stop(answer="42")),
        ('report_infeasible("there is no e-mail field")', Stop(answer="N/A")),
        ("dialog_accept('yes')", Dialog(accept=True, text="yes")),
        ("I think the button is right.\nclick('12')", Click(node=12)),
        ("```python\nclick('12')\n```", Click(node=12)),
        ("I choose `click('12')`.", Click(node=12)),
        ("# the button\nclick('12')", Click(node=12)),
        ("click('12')\nclick('12')", Click(node=12)),
        ("mouse_click(30, 30)", Click(node=3, at=(10, 10))),
        ("mouse_dblclick(400.4, 300, 'left')", Click(node=1, count=2, at=(400, 300))),
        ("mouse_drag_and_drop(30, 30, 130, 20)", Drag(node=3, at=(10, 10), by=(100, -10))),
    ],
)
def test_by_hand(said: str, expected: Action | None) -> None:
    assert read(said, "browsergym", elements=PAGE).action == expected


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "the answer is empty"),
        ("I do not know", "there is no call such as click('12')"),
        ("click('12')\nclick('13')", "more than one action in one answer"),
        ("click('12', modifiers=['Shift'])", "click with a key held down cannot be done here"),
        ("click()", "click has no bid"),
        ("click('12', 'left', [], None, 5)", "click has an argument too many"),
        ("click('12', bid='13')", "click takes no argument 'bid', or has it already"),
        ("click(**{'bid': '12'})", "click takes no argument None, or has it already"),
        ("click(*['12'])", "arguments are texts, numbers or lists of them, not code (Starred)"),
        ("click('a51')", "click has 'a51' where the number of an element belongs"),
        ("click('²')", "click has '²' where the number of an element belongs"),
        ("click(True)", "click has 'True' where the number of an element belongs"),
        ("click('12'", "this is not written as a call: \"click('12'\""),
        ("fill('12', open('/etc/passwd').read())", "arguments are texts, numbers or lists of them, not code (Call)"),
        ("fill('12', f'{1}')", "arguments are texts, numbers or lists of them, not code (JoinedStr)"),
        ("fill('12', 'a' * 10**9)", "arguments are texts, numbers or lists of them, not code (BinOp)"),
        ("fill('12', 5)", "fill has '5' where a text in quotation marks belongs"),
        ("click('12') if True else click('13')", "this is no call of an action"),
        ("click('12'); import os", "this is no call of an action"),
        ("scroll(10, 10)", "scroll turns the wheel in one direction: one of its numbers is 0, the other is not"),
        ("scroll(0, 1e999)", "scroll has 'inf' where a number belongs"),
        ("noop(99000)", "noop: Input should be less than or equal to 30"),
        ("drag_and_drop('5')", "drag_and_drop has no end: another element, or by=[X, Y]"),
        ("tab_focus(1.5)", "tab_focus: Input should be a valid integer, got a number with a fractional part"),
        ("keyboard_type('abc')", "keyboard_type cannot be done here: fill the field"),
        ("mouse_click(900, 900)", "mouse_click: no element is known at 900, 900; name one"),
        ("click('1')" + " " * 20_000, "the answer is longer than 20,000 characters"),
    ],
)
def test_says_why_not(said: str, reason: str) -> None:
    got = read(said, "browsergym", elements=PAGE)
    assert got.action is None
    assert got.reason is not None
    assert got.reason.startswith(reason)


HOSTILE = (
    "__import__('os').system('touch /tmp/owned')",
    "click(__import__('os').getpid())",
    "(lambda: click('1'))()",
    "click.__globals__['x']('1')",
    "exec('click(1)')",
    "[click('1') for _ in range(10**9)]",
    "click('1') or quit()",
    "@click('1')\ndef f(): pass",
    "while True: click('1')",
    "fill('1', '%s' % open)",
    "fill('1', value:=input())",
    "goto(url=(yield))",
    "await click('1')",
    "page.goto('file:///etc/passwd')",
    "(" * 4_000,
    "-" * 15_000 + "1",
    "click(" + "[" * 5_000 + "]" * 5_000 + ")",
    "click(" + "-" * 9_000 + "1)",
    "click('1')" + "()" * 4_000,
    "click(" + "9" * 6_000 + ")",
    "click('1'\x00)",
    "fill('1', '\\ud800')",
    "fill('1', '\\N{no such name}')",
    "fill('1', '\\x')",
    "`" * 5_000,
    "<action>" * 2_000,
)


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_never_run(said: str) -> None:
    threads, modules, begun = threading.active_count(), set(sys.modules), time.perf_counter()
    for wrapped in (said, f"```{said}```", f"<action>{said}</action>", f"words\n{said}"):
        got = read(wrapped, "browsergym")
        assert (got.action is None) != (got.reason is None)
        assert got.action is None or isinstance(got.action, Type)  # the lone surrogate is a text like any other
        gist(wrapped, "browsergym")
    assert time.perf_counter() - begun < 5
    assert threading.active_count() == threads
    assert set(sys.modules) == modules


_PIECES = st.sampled_from(
    [
        *("click", "fill", "scroll", "noop", "goto", "mouse_click", "drag_and_drop", "send_msg_to_user", "import os"),
        *(
            "(",
            ")",
            "[",
            "]",
            "'",
            '"',
            "'''",
            ",",
            "=",
            "*",
            "**",
            "lambda:",
            "\\",
            "\n",
            " ",
            "#",
            ";",
            ":",
            "`",
            "```",
        ),
        *(
            "'12'",
            "12",
            "-3",
            "1e999",
            "0x1F",
            "1_0",
            "True",
            "None",
            "bid",
            "at",
            "by",
            "f'{x}'",
            "<action>",
            "</action>",
        ),
        *("\x00", "\ud800", "\u2028", "²", "__class__", ".", "0", "99999999999999999999"),
    ]
)


@given(st.text() | st.lists(_PIECES, max_size=20).map("".join) | st.lists(_PIECES, max_size=20).map(" ".join))
@settings(max_examples=3000, deadline=None)
def test_reading_is_total(text: str) -> None:
    got = read(text, "browsergym", elements=PAGE)
    assert (got.action is None) != (got.reason is None)
    if got.action is not None:
        TypeAdapter(Action).validate_python(got.action.model_dump())
        assert read(write(got.action, "browsergym", words), "browsergym").action == got.action
    gist(text, "browsergym")


def test_models_can_be_asked_in_it() -> None:
    from samples import page

    dialect = load("browsergym")
    prompt, seen = dialect.prompt("Press ok", page(), [], lambda text: len(text.split()))
    assert "click('12')" in prompt[0].content
    assert seen.text in prompt[1].content
    assert dialect.read("The button.\n```click('13')```", "Press ok", page()).action == Click(node=13)
    assert dialect.write(Type(node=12, text="O'Neil"), page()) == "fill('12', \"O'Neil\")"
