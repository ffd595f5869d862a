"""What each stage takes for an answer: trees, checks, the five readers, prompts; nothing is asked here."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from made_syntheses import SUMMARY
from webapprentice.core.actions import Action, Click, Drag, Hover, Press, Scroll, Select, Stop, Type, Upload
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Element, Observation
from webapprentice.models.lexical import LexicalEmbedder
from webapprentice.page import from_html, render
from webapprentice.synthesis import Novelty, Unparsed, invented, objection, parse, unfit
from webapprentice.synthesis.answers import (
    Moment,
    Unusable,
    read_actions,
    read_address,
    read_objective,
    read_page,
    read_plan,
)
from webapprentice.synthesis.prompts import STAGES, VARIABLES, Prompts

REAL = Path(__file__).parents[2] / "shared/data/html_readability/readability_test_pages_130.tar.xz"
HTML = """<body><header><nav><ul><li><a href=/>Home</a><li><a href=/s>Ben's "best" shop</a></ul></nav></header><main>
<h1>Shoes</h1><form><label for=q>Find</label><input id=q type=search value="red shoes" required>
<select aria-label=Size><option selected>small<option>extra, large</select><input type=checkbox aria-label=New checked>
<textarea aria-label=Note readonly></textarea><button disabled>Send</button></form>
<table><tr><th>Name<th>Price<tr><td>Clog<td>$ 20</table><p>Prices: taxes [1] included</p></main></body>"""


def test_what_we_write_is_read_back() -> None:
    text = render(from_html(HTML), "axtree", 10_000, len).text
    page = parse(text)
    assert render(page.elements, "axtree", 10_000, len).text == text
    assert page.text == text
    for form in ("compact", "html"):
        shown = render(page.elements, form, 10_000, len).text
        missing = [word for word in ("Home", "Shoes", "Clog", "Find", "red shoes", "Note", "Send") if word not in shown]
        assert not missing, shown


def test_what_models_write_is_read_too() -> None:
    page = parse(
        "Here is the page:\nTab 0 (current): Riverside Library | Tab 1: News\n\n"
        "[1] RootWebArea 'Riverside Library' focused: True url: http://x\n"
        "    [2] link Visit us\n"
        '    [3] img "Ben\'s boat"\n'
        "    [4] textbox 'Ben's name' required: True expanded: False value: 'Ann'\n"
        "    [5] combobox 'Size' hasPopup: menu options: 'small', 'medium'\n"
        "        [6] dropdown: 'Colour'\n"
        "    [7] StaticText 'Open daily' \n"
        "    [8] sparkline 'who knows'\n"
        "    [9] but\n\nThat is all."
    )
    by_id = {element.id: element for element in page.elements}
    assert page.title == "Riverside Library"
    assert [by_id[node].role for node in range(1, 8)] == [
        "document",
        "link",
        "image",
        "textbox",
        "combobox",
        "combobox",
        "",
    ]
    assert [by_id[node].name for node in (2, 3, 4, 6)] == ["Visit us", "Ben's boat", "Ben's name", "Colour"]
    assert (by_id[4].value, by_id[4].states) == ("Ann", ("collapsed", "required"))
    assert (by_id[5].options, by_id[5].tag, by_id[6].parent) == (("small", "medium"), "select", 5)
    assert (by_id[8].tag, by_id[8].text) == ("#text", "who knows")
    assert "That is all." not in page.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no node"),
        ("nothing here", "no node"),
        ("[1] link 'a'\n[1] link 'b'", "one id"),
        ("[1] 'a'\n[2] link 'b'", "without a role"),
        ("[1] link '" + "a" * 6_000 + "'", "longer than any name"),
        ("[1] link 'a'\n" * 20_000, "longer than any page"),
        ("\n".join("\t" * level + f"[{level}] list 'a'" for level in range(80)), "deeper"),
        ("\n".join(f"[{number}] link 'a'" for number in range(3_000)), "more nodes"),
    ],
)
def test_what_is_no_page_says_why(text: str, reason: str) -> None:
    with pytest.raises(Unparsed, match=reason):
        parse(text)


_PIECES = [
    "[1]",
    "[22] link 'a'",
    "\t",
    "    ",
    "'",
    '"',
    "\\",
    "\n",
    " value: 'x'",
    "options: 'a',",
    "StaticText",
    "\0",
]


@given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)))
@example("[1] link '" + "'" * 4_900)
@example("[1] link" + " a:" * 1_600)
@example("[1] select options: " + "'a' " * 1_200)
def test_any_text_is_a_page_or_has_a_reason(text: str) -> None:
    try:
        page = parse(text)
    except Unparsed:
        return
    ids = [element.id for element in page.elements]
    assert len(set(ids)) == len(ids) > 0
    before: set[int] = set()
    for element in page.elements:
        assert element.parent is None or element.parent in before
        before.add(element.id)
    render(page.elements, "axtree", 10_000, len)


PAGE = Observation(
    url="http://a.test/",
    title="Shop",
    elements=(
        Element(id=1, tag="h1", role="heading", name="Rooms at $ 13"),
        Element(id=2, tag="input", role="textbox", name="Name"),
        Element(id=3, tag="input", role="spinbutton", name="Nights"),
        Element(id=4, tag="select", role="combobox", name="Size", options=("Small", "Very large")),
        Element(id=5, tag="button", role="button", name="Go", clickable=True),
        Element(id=6, tag="button", role="button", name="Off", clickable=True, states=("disabled",)),
        Element(id=7, tag="input", role="textbox", name="Fixed", states=("readonly",)),
        Element(id=8, tag="#text", text="Open today"),
        Element(id=9, tag="a", role="link", name="Hidden", visible=False),
        Element(id=10, tag="input", attributes={"type": "file"}, clickable=True),
        Element(id=11, tag="div", name="Tile", clickable=True),
    ),
)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Click(node=5), None),
        (Click(node=11), None),
        (Click(node=99), "no such element"),
        (Click(node=1), "nothing to press"),
        (Click(node=8), "nothing to press"),
        (Click(node=6), "disabled"),
        (Click(node=9), "cannot be seen"),
        (Type(node=2, text="Ann"), None),
        (Type(node=5, text="Ann"), "no field"),
        (Type(node=7, text="Ann"), "read-only"),
        (Type(node=4, text="Small"), "drop-down takes no typing"),
        (Type(node=3, text="2"), None),
        (Type(node=3, text="two"), "numbers only"),
        (Type(node=2, text="  "), "empty text"),
        (Select(node=4, options=("very  large",)), None),
        (Select(node=4, options=("huge",)), "no such option"),
        (Select(node=4, options=()), "no option chosen"),
        (Select(node=2, options=("a",)), "no options to choose from"),
        (Hover(node=1), None),
        (Hover(node=8), "run of text"),
        (Scroll(direction="down"), None),
        (Scroll(direction="down", node=99), "no such element"),
        (Drag(node=5, to=11), None),
        (Drag(node=5, to=99), "no such element"),
        (Drag(node=5), "to nowhere"),
        (Upload(node=10, files=("a",)), None),
        (Upload(node=5, files=("a",)), "no file input"),
        (Press(keys=" "), "no key"),
        (Stop(answer="x"), None),
    ],
)
def test_an_action_has_to_fit_its_element(action: Action, reason: str | None) -> None:
    found = unfit(action, PAGE)
    assert (found is None) if reason is None else (found is not None and reason in found)


def test_words_have_to_come_from_somewhere() -> None:
    goal = "Book 2 nights for ann lee"
    assert invented(Type(node=2, text="Ann Lee"), goal, PAGE) is None
    assert invented(Stop(answer="13"), goal, PAGE) is None
    assert invented(Stop(answer="3"), goal, PAGE) == "made-up text"
    assert invented(Stop(answer="?!"), goal, PAGE) == "made-up text"
    assert objection(Type(node=2, text="Bob"), goal, PAGE) == "made-up text"
    assert objection(Type(node=2, text="Bob"), goal, PAGE, free_text=True) is None
    assert objection(Type(node=5, text="Bob"), goal, PAGE, free_text=True) == "no field to type into"


def refused(reason: str):  # type: ignore[no-untyped-def]
    return pytest.raises(Unusable, match=reason)


def test_objectives() -> None:
    found = read_objective("Sure!\n\n**OBJECTIVE:** Find the cheapest  red kite\n**URL:** https://www.Kites.com/home\n")
    assert found == ("Find the cheapest red kite", "www.kites.com")
    for text, reason in [
        ("", "empty"),
        ("Find the cheapest red kite", "no OBJECTIVE"),
        ("OBJECTIVE: Find the cheapest red kite", "no URL"),
        ("OBJECTIVE: a b c d\nOBJECTIVE: e f g h\nURL: a.com", "OBJECTIVE twice"),
        ("URL: a.com\nOBJECTIVE: Find the cheapest red kite", "another order"),
        ("OBJECTIVE: Find kites\nURL: a.com", "too short"),
        ("OBJECTIVE: Find the price of [item name] today\nURL: a.com", "blanks"),
        ("OBJECTIVE: I'm sorry, but I cannot do that\nURL: a.com", "refusal"),
        ("OBJECTIVE: Найди самый дешёвый красный змей\nURL: a.com", "not English"),
        ("OBJECTIVE: Find the cheapest red kite\nURL: kites", "no host"),
        ("OBJECTIVE: Find the cheapest red kite\nURL: www.example.com", "placeholder"),
        ("a" * 1_000_000, "longer than any answer"),
    ]:
        with refused(reason):
            read_objective(text)


def test_plans() -> None:
    text = "Here are the steps:\n1. Click the menu\n2) **Type** 'x' into the field\n3. Scroll down\n4. Stop with '9 am'"
    assert len(read_plan(text, True, 0)) == 4
    scrolling = "1. Scroll down\n2. Click 'x'\n3. Stop, done"
    with refused("begins with scrolling"):
        read_plan(scrolling, True, 1)
    assert read_plan(scrolling, True, 2) == ("Click 'x'", "Stop, done")
    for text, reason in [
        (" \n", "empty"),
        ("1. Click a\n2. Remember it\n3. Stop", "no click"),
        ("1. Click a", "only stop"),
        ("1. Stop\n2. Stop", "only stop"),
        ("1. Scroll down", "only stop"),
        ("\n".join(["1. Click a"] * 50), "too long"),
    ]:
        with refused(reason):
            read_plan(text, True, 2)
    with refused("cut off"):
        read_plan("1. Click a\n2. Stop", False, 0)


def test_addresses() -> None:
    site = "www.kites.com"
    assert read_address("`https://shop.kites.com/red?page=2`\nas asked", site) == "https://shop.kites.com/red?page=2"
    for text, reason in [
        ("", "empty"),
        ("kites.com/red", "no address"),
        ("The address is https://www.kites.com/", "no address"),
        ("javascript:alert(1)", "no address"),
        ("https://www.kites.com:8080/", "public"),
        ("https://me@www.kites.com/", "public"),
        ("https://www.kites.com.evil.org/", "another website"),
        ("https://[::1/", "no address"),
        ("https://www.kites.com/{id}", "placeholder"),
        ("https://www.kites.com/your-query", "placeholder"),
        ("https://www.kites.com/...", "placeholder"),
    ]:
        with refused(reason):
            read_address(text, site)


GOAL = "Find a red kite"
THOUGHT = "Let's think step-by-step. The field [3] takes what to look for."


def moment(action: str, previous: str = "click [7]", thought: str = THOUGHT, page: str = "[3] searchbox 'Find'") -> str:
    return f"WEBPAGE:\n{page}\nPREVIOUS ACTION: {previous}\nNEXT ACTION: {thought} {SUMMARY} ```{action}```"


def test_actions() -> None:
    found = read_actions(
        moment("type [3] [red kite] [press_enter_after=1]", "clicked [7] (link 'Kites')"), GOAL, False, False, False
    )
    assert found.action == Type(node=3, text="red kite", submit=True)
    assert found.previous == Click(node=7)
    assert found.said == f"{THOUGHT} {SUMMARY} ```type [3] [red kite] [1]```"
    assert read_actions(moment("scrolled [direction=down]"), GOAL, False, False, False).action == Scroll(
        direction="down"
    )
    assert read_actions(moment("click [3]", "None"), GOAL, True, False, False).previous is None
    answered = moment("stop [$ 20]", page="[5] StaticText 'Now $ 20'")
    assert read_actions(answered, GOAL, False, True, False).action == Stop(answer="$ 20")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (moment("click [3]").replace("WEBPAGE", "PAGE"), "no WEBPAGE"),
        (moment("click [3]") + "\nNEXT ACTION: more", "NEXT ACTION twice"),
        (moment("click [3]", thought="I click [3] now."), "think step by step"),
        (moment("click [3]", thought="Let's think step-by-step."), "too short"),
        (moment("click [3]").replace("```", "`"), "not one action"),
        (moment("click [3]") + " ```click [4]```", "not one action"),
        (moment("click [3]") + " and then I will see what comes of it", "after the action"),
        (moment("click [Find]"), "no action"),
        (moment("click [3] [4]"), "no action"),
        (moment("rm -rf /"), "no action"),
        (moment("goto [http://a.test/]"), "another kind"),
        (moment("stop [red]"), "before the end"),
        (moment("type [3] [blue kite] [1]"), "made-up text"),
        (moment("click [3]", "None"), "no previous action"),
        (moment("click [3]", "I opened the page"), "cannot|can be read"),
        (moment("click [3]", "stop [x]"), "can be read"),
        (moment("click [3]", thought=THOUGHT + " This is step 2 of it."), "plan"),
        (moment("click [3]", thought=THOUGHT + " As the plan says."), "plan"),
    ],
)
def test_actions_that_are_none(text: str, reason: str) -> None:
    with refused(reason):
        read_actions(text, GOAL, False, False, False)


def test_the_last_action_is_an_answer_and_nothing_is_before_the_first() -> None:
    for action, reason in [("click [3]", "no stop"), ("stop []", "without an answer"), ("stop [N/A]", "there is none")]:
        with refused(reason):
            read_actions(moment(action), GOAL, False, True, False)
    with refused("before the first"):
        read_actions(moment("click [3]"), GOAL, True, False, False)
    assert read_actions(moment("type [3] [blue kite] [1]"), GOAL, False, False, True).action is not None


def page_for(said: str, action: Action, text: str, finished: bool = True, least: int = 2) -> Observation:
    return read_page(text, finished, Moment(None, action, said), GOAL, "http://a.test/", least, False)


def test_pages() -> None:
    tree = "WEBPAGE:\n[1] link 'Home'\n[3] searchbox 'Find'\n[4] heading 'Kites'"
    typed = Type(node=3, text="red kite")
    seen = page_for(THOUGHT, typed, tree)
    assert [element.id for element in seen.elements if element.tag != "#text"] == [1, 3, 4]
    assert (seen.url, seen.tabs[0].active) == ("http://a.test/", True)
    cut = page_for(THOUGHT, typed, tree + "\n[50] link 'a", finished=False)
    assert [element.name or element.text for element in cut.elements] == ["Home", "Home", "Find", "Kites", "Kites"]
    with refused("speaks of a node"):  # the first free number, which a run of text has now
        page_for(THOUGHT + " See [5].", typed, tree)
    for text, reason in [
        ("WEBPAGE:\n", "no node"),
        (tree + "\nNEXT ACTION: click [3]", "another label"),
        (tree + "\nWEBPAGE:\n[9] link 'a'", "WEBPAGE twice"),
        (tree.replace("[3]", "[33]"), "speaks of a node"),
        (tree.replace("searchbox", "link"), "no field to type into"),
        (tree.replace("[4]", "[3]"), "one id"),
        ("WEBPAGE:\n[3] searchbox 'Find'", "next to nothing"),
        ("[3] searchbox 'Найти'\n[4] link 'Домой и дальше'", "not English"),
        ("[3] searchbox 'x'\n" + "\n".join(f"[{number}] link 'more'" for number in range(10, 60)), "over and over"),
    ]:
        with refused(reason):
            page_for(THOUGHT, typed, text)
    with refused("made-up text"):
        page_for("Let's think.", Stop(answer="blue"), tree)


def test_prompts_can_be_replaced_and_lack_nothing(tmp_path: Path) -> None:
    own = Prompts.load()
    for stage in STAGES:
        (message,) = own.fill(stage, **{name: f"<{name}>" for name in VARIABLES[stage]})
        assert "{{" not in message.content
        assert all(f"<{name}>" in message.content for name in VARIABLES[stage])
    with pytest.raises(UsageError, match=r"holds no prompt; put one or more of objective\.txt"):
        Prompts.load(tmp_path)
    (tmp_path / "plan.txt").write_text("Plan {{objective}} at {{ site }}")
    changed = Prompts.load(tmp_path)
    assert changed.fill("plan", objective="{{site}} $x \\1", site="a")[0].content == "Plan {{site}} $x \\1 at a"
    assert changed.fill("address", objective="a", site="b", done="c", next="d") == own.fill(
        "address", objective="a", site="b", done="c", next="d"
    )
    assert changed.key != own.key
    (tmp_path / "plan.txt").write_text("Plan {{objective}}")
    with pytest.raises(UsageError, match=r"lacks \{\{site\}\}; it needs \{\{objective\}\}, \{\{site\}\}"):
        Prompts.load(tmp_path)
    (tmp_path / "plan.txt").write_text("Plan {{objective}} {{site}} {{url}}")
    with pytest.raises(UsageError, match=r"asks for \{\{url\}\}, which nobody fills in"):
        Prompts.load(tmp_path)
    (tmp_path / "plan.txt").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        Prompts.load(tmp_path)


def test_vectors_are_computed_once_and_found_again() -> None:
    novelty = Novelty(LexicalEmbedder(), ["find a red kite"])
    assert novelty.closest(novelty.vectors(["find a red kite"])[0]) == pytest.approx(1.0, abs=1e-5)
    for number in range(600):
        novelty.add(novelty.vectors([f"objective{number} quite{number} new{number}"])[0])
    assert (len(novelty), novelty.embedded) == (601, 602)
    assert novelty.closest(novelty.vectors(["objective7 quite7 new7"])[0]) == pytest.approx(1.0, abs=1e-5)
    assert novelty.closest(novelty.vectors(["zebra crossing"])[0]) < 0.5
    assert Novelty(LexicalEmbedder()).closest(novelty.vectors(["a"])[0]) == -1.0


@pytest.mark.skipif(not REAL.is_file(), reason="no real pages here")
def test_trees_of_real_pages_are_read_back() -> None:
    """Line by line; what differs are nameless boxes, and characters that stand escaped."""
    lines = same = 0
    with tarfile.open(REAL) as tar:
        sources = [one for one in tar if one.name.endswith("source.html")][::8]
        for one in sources:
            file = tar.extractfile(one)
            assert file is not None
            elements = from_html(file.read().decode("utf-8", "replace"))
            text = render(elements, "axtree", 8_000, lambda text: len(text) // 4).text
            page = parse(text)
            assert page.text == text
            back = set(render(page.elements, "axtree", 10**9, len).text.splitlines())
            lines += len(text.splitlines())
            same += sum(line in back for line in text.splitlines())
    assert len(sources) >= 10
    assert same >= 0.97 * lines


def test_the_worked_example_of_the_documents_is_one() -> None:
    text = (Path(__file__).parents[1] / "docs" / "synthesis.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^~~~(\w+)\n(.*?)^~~~$", text, re.MULTILINE | re.DOTALL))
    assert list(said) == list(STAGES)
    goal, site = read_objective(said["objective"])
    plan = read_plan(said["plan"], True, 0)
    url = read_address(said["address"], site)
    made = read_actions(said["actions"], goal, False, False, False)
    seen = read_page(said["page"], True, made, goal, url, 5, False)
    assert (len(plan), made.previous) == (3, Click(node=12))
    assert made.said.endswith("```type [31] [October] [1]```")
    assert len([element for element in seen.elements if element.tag != "#text"]) == 11
