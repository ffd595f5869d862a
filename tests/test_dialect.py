"""One dialect makes the prompts, reads the answers and writes the expert's actions."""

from __future__ import annotations

import pytest

from samples import page
from webapprentice.core.actions import Click, Select, Stop, Type
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Download, Element, Message, Observation, Outcome, Result, Tab
from webapprentice.dialect import load, prompt_key

DONE = Outcome(result=Result.DONE)
NAMES = ("compact", "webarena", "scribe")


def tokens(text: str) -> int:
    return len(text.split())


def test_the_compact_prompt_to_the_letter() -> None:
    said = [
        ("click button cancel [14]", DONE),
        ("click button ok [13]", Outcome(result=Result.COVERED)),
        ("hmm\nI do not know", Outcome(result=Result.UNREADABLE)),
        ("type textbox Name [12] = bob", DONE),
    ]
    prompt, seen = load("compact").prompt('Type "bob" as your name.', page(typed="bob"), said, tokens)
    assert prompt == (
        Message(
            role="user",
            content="page :\n"
            "text Your name\n"
            "textbox Name [12] = bob\n"
            "button ok [13]\n"
            "button cancel [14]\n"
            'goal : Type " bob " as your name .\n'
            "did : click button ok [13] ! covered\n"
            "did : hmm ! unreadable\n"
            "did : type textbox Name [12] = bob\n"
            "act :",
        ),
    )
    assert seen.kept == (11, 12, 13, 14)
    assert seen.text in prompt[0].content


def test_the_self_check_shows_the_page_before_and_the_action() -> None:
    prompt = load("compact").check("Press ok", page(), "click button ok [13]\n", tokens)
    assert prompt[0].content == (
        "page :\ntext Your name\ntextbox Name [12]\nbutton ok [13]\nbutton cancel [14]\n"
        "goal : Press ok\ndid : click button ok [13]\nright ?"
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_again(name: str) -> None:
    dialect = load(name)
    seen = page()
    for action in (Click(node=13), Type(node=12, text="Mr. O'Neil"), Stop(answer="42")):
        said = dialect.write(action, seen, 2)
        assert dialect.read(said, "I am Mr. O'Neil", seen).action == action


@pytest.mark.parametrize("name", NAMES)
def test_prompts_are_the_same_for_the_same_arguments(name: str) -> None:
    dialect = load(name)
    said = dialect.write(Click(node=13), page())
    first, _ = dialect.prompt("Press ok", page(), [(said, DONE)], tokens)
    again, _ = dialect.prompt("Press ok", page(), [(said, DONE)], tokens)
    assert prompt_key(first) == prompt_key(again)
    other, _ = dialect.prompt("Press ok", page(), [], tokens)
    assert prompt_key(other) != prompt_key(first)


def test_webarena_shows_four_fields_tabs_and_the_last_action() -> None:
    seen = page().with_(tabs=(Tab(url="a", title="Form", active=True), Tab(url="b", title="Other")))
    said = [
        ("Let's think. In summary, the next action I will perform is ```click [13]```", Outcome(result=Result.COVERED))
    ]
    prompt, _ = load("webarena").prompt("Press ok", seen, said, tokens)
    assert [message.role for message in prompt] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert prompt[-1].content == (
        "OBSERVATION:\nTab 0 (current): Form | Tab 1: Other\n\n"
        "[11] StaticText 'Your name'\n[12] textbox 'Name'\n[13] button 'ok'\n[14] button 'cancel'\n"
        "URL: http://127.0.0.1/form\nOBJECTIVE: Press ok\nPREVIOUS ACTION: click [13] (not done: covered)"
    )


def test_scribe_repeats_the_steps_in_the_form_of_its_answers() -> None:
    dialect = load("scribe")
    first = dialect.write(Type(node=12, text="bob"), page(), 1)
    prompt, _ = dialect.prompt("Press ok", page(), [(first, DONE), (first, Outcome(result=Result.STALE))], tokens)
    assert prompt[0].role == "system"
    body = prompt[1].content
    assert body.startswith("Objective: Press ok\nURL: http://127.0.0.1/form\nObservation: <div")
    assert body.split("Step-by-step guide:\n")[1] == (
        first + "\n" + first.replace("1.\n", "2.\n", 1).replace('"bob"', '"bob" (not done: stale)', 1) + "\n"
    )
    assert '<button node="13">' in dialect.write(Click(node=13), page())


def test_an_option_that_the_page_shows_cut_is_chosen_whole() -> None:
    options = ("one two three four five six seven eight nine", "a|b", "Small")
    box = Element(id=5, tag="select", role="combobox", name="Size", options=options, value="Small", clickable=True)
    seen = Observation(url="x", elements=(box,))
    dialect = load("compact")
    assert dialect.describe(seen, tokens).text == (
        "combobox Size [5] = Small ( one two three four five six seven eight | a || b | Small )"
    )
    for option in options:
        assert dialect.read(dialect.write(Select(node=5, options=(option,)), seen), "", seen).action == Select(
            node=5, options=(option,)
        )
    cut = dialect.read("choose combobox Size [5] = one two three four five six seven eight", "", seen)
    assert cut.action == Select(node=5, options=options[:1])


@pytest.mark.parametrize("name", NAMES)
def test_a_dialog_stands_above_the_page(name: str) -> None:
    seen = page().with_(dialog="confirm: Really?\nSure?")
    first = load(name).describe(seen, tokens).text.split("\n")[0]
    assert first in ("dialog confirm : Really ? Sure ?", "[dialog] confirm: Really? Sure?")


@pytest.mark.parametrize("name", ["compact", "webarena", "scribe"])
def test_saved_files_stand_above_the_page(name: str) -> None:
    files = (Download(name="report.pdf", bytes=9, state="finished"), Download(name="late.zip"))
    text = load(name).describe(page().with_(downloads=files), len).text
    assert text.partition("\n")[0] in ("saved report . pdf", "[saved] report.pdf")
    assert "late" not in text


def test_typed_words_come_from_the_goal_before_the_page() -> None:
    seen = page(typed="a.b")
    assert load("compact").read("type textbox Name [12] = a . b", 'write "a .b"', seen).action == Type(
        node=12, text="a .b"
    )


def test_an_unknown_dialect_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="compact, webarena, scribe"):
        load("esperanto")


def test_every_action_on_the_page_begins_with_one_of_its_beginnings() -> None:
    compact, seen = load("compact"), page(typed="bob")
    shown = compact.describe(seen, tokens)
    beginnings = compact.beginnings(shown)
    actions = (Click(node=13), Click(node=14, count=2), Type(node=12, text="x", submit=True), Stop(answer="7"))
    for action in actions:
        assert compact.write(action, seen).startswith(beginnings)
    for said in ("click button ok [14]", "type button ok [13] = x", "click text Your name [11]", "fly away"):
        assert not said.startswith(beginnings)
    for beginning in beginnings:  # each can be read, with some words behind it where the verb wants them
        tails = ("", " = x", " down", " tab", " 2", " a", " to button ok [13]")
        assert any(compact.read(f"{beginning}{tail}", "go to x", seen).action is not None for tail in tails), beginning


def test_only_the_compact_spelling_can_be_held_to_the_page() -> None:
    webarena = load("webarena")
    with pytest.raises(UsageError, match="leave grounded off"):
        webarena.beginnings(webarena.describe(page(), tokens))
