"""ScribeAgent's rules, one worked example each, and pages that are meant to break them."""

from __future__ import annotations

import json
import re
import tarfile
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from webapprentice.page import Scribe, chunks, holding
from webapprentice.page.form import word_set
from webapprentice.page.pruning import MAX_LEN

DATA = Path(__file__).parents[2] / "shared" / "data"


def count(text: str) -> int:
    """A token for a word's every four characters, and for each digit or sign: random ids cost more than words."""
    return sum(-(-len(piece) // 4) if piece.isalpha() else 1 for piece in re.findall(r"[^\W\d_]+|\d|[^\w\s]|_", text))


def pruned(html: str, selector: str | None = None) -> str:
    return Scribe(count).prune(html, selector).text


RULES = {
    "ids count elements from the last to the first, removed ones too": (
        "<body><p>a</p><script>1</script><p>b</p></body>",
        '<body node="3"> <p node="2"> a </p> <p node="0"> b </p> </body>',
    ),
    "comments go, and the text around them stays apart": ("<p>a<!-- b -->c</p>", '<p node="0"> a c </p>'),
    "script and style go with what they hold": ("<p>a<style>p{}</style><script>x</script></p>", '<p node="2"> a </p>'),
    "tags that are not listed are unwrapped": (
        "<article><nav><p>a <font>b</font></p></nav></article>",
        '<p node="1"> a b </p>',
    ),
    "the title survives as bare text": (
        "<title>Shop</title><p>a</p>",
        'Shop <body node="1"> <p node="0"> a </p> </body>',
    ),
    "title, alt, aria-label stay whole": (
        f'<p aria-label="{"long " * 20}" title="{"t" * 50}"></p>',
        f'<p aria-label="{"long " * 20}" node="0" title="{"t" * 50}"> </p>'.replace("  ", " "),
    ),
    "classes that look random go one by one": (
        '<p class="button x9f3q2 primary">a</p>',
        '<p class="button primary" node="0"> a </p>',
    ),
    "a class list with nothing left goes": ('<p class="x9f3q2 a1b2c3">a</p>', '<p node="0"> a </p>'),
    "a long value goes when it looks random": (f'<a href="/{"7f3a9" * 9}">a</a>', '<a node="0"> a </a>'),
    "a long value that reads like words is cut": (
        '<a href="/products/kitchen/tables/and/chairs">a</a>',
        f'<a href="{"/products/kitchen/tables/and/chairs"[:MAX_LEN]}" node="0"> a </a>',
    ),
    "a short random value stays": ('<p id="x9f3q2">a</p>', '<p id="x9f3q2" node="0"> a </p>'),
    "attributes that are not listed go": (
        '<p data-x="1" dir="ltr" role="note">a</p>',
        '<p node="0" role="note"> a </p>',
    ),
    "names with script go": ('<p description="a" data-script="b">a</p>', '<p node="0"> a </p>'),
    "of styles only one stays": (
        '<p style="user-select: none">a</p><p style="color: red">b</p>',
        '<p node="1" style="user-select: none"> a </p> <p node="0"> b </p>',
    ),
    "handlers are emptied and stay": (
        '<p onclick="go()" jsaction="x">a</p>',
        '<p jsaction="" node="0" onclick=""> a </p>',
    ),
    "empty values and none go": ('<p id="" role="none" name="x">a</p>', '<p name="x" node="0"> a </p>'),
    "childless structure goes, from the inside out": ("<div><div><ul></ul></div></div><p>a</p>", '<p node="0"> a </p>'),
    "some tags stay without children": (
        "<div><span></span></div><canvas></canvas><button></button>",
        '<div node="3"> <span node="2"> </span> </div> <canvas node="1"> </canvas> <button node="0"> </button>',
    ),
    "so does what has a name": (
        '<div aria-label="x"></div><td title="y"></td>',
        '<div aria-label="x" node="0"> </div>',
    ),
    "white space is one space": ("<p>  a \n\n b\t</p>", '<p node="0"> a b </p>'),
    "void tags are closed in themselves": ('<p><input name="q"></p>', '<p node="1"> <input name="q" node="0"/> </p>'),
    "in pre and textarea nothing is put around what stands there": (
        "<pre>a <b>c</b></pre><textarea>d</textarea>",
        '<pre node="2">a <b node="1">c</b></pre> <textarea node="0">d</textarea>',
    ),
    "signs are escaped": ("<p title='\"'>&lt;&amp;</p>", '<p node="0" title=\'"\'> &lt;&amp; </p>'),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_does_what_its_example_says(rule: str) -> None:
    html, wanted = RULES[rule]
    text = pruned(html)
    # The body that every document has is put around what the example is about.
    inner = re.fullmatch(r'<body node="\d+"> (.*) </body>', text)
    assert wanted in (text, inner[1] if inner else text)


def test_the_target_is_told_by_its_own_tag_and_never_cut() -> None:
    html = '<div><ul class="x"><li></li></ul><p>a</p></div>'
    kept = Scribe(count).prune(html, "li")
    assert (kept.target, kept.target_node, kept.survived) == ('<li node="1">', 1, True)
    assert '<li node="1">' in kept.text
    cut = Scribe(count, protect=False).prune(html, "li")
    assert (cut.target, cut.survived) == ('<li node="1">', False)
    assert 'node="1"' not in cut.text


def test_the_target_is_told_as_it_stands_in_the_text() -> None:
    found = Scribe(count).prune('<p>a</p><p title=" two\n\n lines">b</p><p>c</p>', "[title]")
    assert found.target == '<p node="1" title=" two lines">'
    pieces = chunks(found.text, 10, count)
    assert pieces[holding(pieces, found.target)].startswith(found.target)


@pytest.mark.parametrize("selector", ["em", "p >", "", "::before", ":nth-child(x)", "\x00", "p" * 5000])
def test_a_selector_that_finds_nothing_or_is_none_gives_no_target(selector: str) -> None:
    found = Scribe(count).prune("<p>a</p>", selector)
    assert (found.target, found.survived) == (None, None)
    assert found.text


def test_chunks_begin_at_the_end_are_whole_and_within_budget() -> None:
    text = pruned("".join(f"<p>paragraph {number} has some words</p>" for number in range(400)))
    pieces = chunks(text, 200, count)
    assert len(pieces) > 10
    assert "".join(reversed(pieces)) == text
    assert all(count(piece) <= 200 for piece in pieces)
    assert all(piece.startswith("<") for piece in pieces)
    assert "paragraph 399" in pieces[0]
    assert 'node="399"' in pieces[holding(pieces, '<p node="399">')]
    assert holding(pieces, None) == 0


def test_chunks_of_odd_texts() -> None:
    assert chunks("", 10, count) == [""]
    assert chunks("only words", 1, count) == ["only words"]
    assert chunks("a <b>", 10, count) == ["a <b>"]


@pytest.mark.parametrize(
    "html",
    ["<div>" * 20_000 + "deep", "<p>x</p>" * 200_000, f"<p class='{'a ' * 100_000}'>", f"<p {'a=1 ' * 50_000}>x", ""],
    ids=["deep", "wide", "classes", "attributes", "empty"],
)
def test_pages_out_of_all_proportion_are_read_to_the_end(html: str) -> None:
    found = Scribe(count).prune(html)
    assert ("deep" in found.text) == ("deep" in html)
    assert found.text.count("<p") == min(200_000, html.count("<p"))


@given(st.text(max_size=400), st.text(max_size=20))
def test_nothing_raises_and_the_text_is_a_fixed_point_of_white_space(html: str, selector: str) -> None:
    found = Scribe(count).prune(html, selector)
    assert found.text == " ".join(found.text.split()) or "\x1c" <= max(found.text, default="") <= "\x1f"
    json.dumps(found.model_dump(mode="json"))


OPENED = word_set("article div li ul p pre span svg table td textarea b br input img script template")
CLOSED = word_set("article div p pre span svg table textarea b script template")
PIECES = st.sampled_from(
    [f"<{tag}>" for tag in sorted(OPENED)]
    + [f"</{tag}>" for tag in sorted(CLOSED)]
    + ["<pre><b> a\n", "<textarea>\n\n a<b> ", "<p title=' a\n\n b '>", "<div class='a b'>", "<ul alt=''>"]
    + ["a", " b\n", "&nbsp;", "\n ", "&lt;c", "\x1c", "<!-- d -->", "<pre id=x>", "<textarea name=a\xa0b>"]
)
STAYS, VOID, VERBATIM = word_set("svg p textarea span input img"), word_set("input img"), word_set("pre textarea")
UNWRAPPED = word_set("html head article template tbody br")


def straightforward(node: LexborNode, numbers: list[int], tight: bool) -> str:
    """The rules from the beginning to the end with no thought of speed; white space as it comes."""
    if node.is_text_node:
        text = node.text_content or ""
        return "" if not text.strip() else escape(text, quote=False) if tight else f" {escape(text, quote=False)} "
    if not node.is_element_node:
        return ""
    tag = str(node.tag)
    number = numbers.pop()
    if tag == "script":
        return ""
    own = tag in VERBATIM or tight
    inside = "".join(straightforward(child, numbers, own) for child in node.iter(include_text=True))
    before, after, stays = Scribe(count).opening(node.attributes)
    if tag in UNWRAPPED or not (inside or stays or tag in STAYS):
        return inside
    start = f'<{tag}{before} node="{number}"{after}{"/" if tag in VOID else ""}>'
    end = "" if tag in VOID and not inside else f"</{tag}>"
    return f"{start}{inside}{end}" if tight else f" {start}{inside}{end} " if own else f" {start} {inside} {end} "


@given(st.lists(PIECES, max_size=30).map("".join))
def test_the_walk_from_the_end_writes_what_the_rules_say_from_the_beginning(html: str) -> None:
    root = LexborHTMLParser(html).root
    assert root is not None
    numbers = list(range(len(root.css("*")) - len(root.css("script *"))))
    assert Scribe(count).prune(html).text == " ".join(straightforward(root, numbers, False).split())


def test_every_case_of_tree_construction_is_read() -> None:
    archive = DATA / "html5lib_tests" / "html5lib_tests.tar.xz"
    if not archive.exists():
        pytest.skip("the html5lib cases are not on this machine")
    rules, cases = Scribe(count), 0
    with tarfile.open(archive) as files:
        for member in files:
            if "tree-construction" not in member.name or not member.name.endswith(".dat"):
                continue
            body = files.extractfile(member)
            assert body is not None
            for case in body.read().decode("utf-8", "replace").split("#data\n")[1:]:
                rules.prune(case.split("\n#errors")[0], "p")
                cases += 1
    assert cases > 1_500
