"""The three forms by hand and as properties: budgets hold, targets stay, nothing recurses."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import page
from webapprentice.core.records import Element
from webapprentice.page import Form, from_html, label, render

WIDE = 10**9


def tokens(text: str) -> int:
    return len(text.split())


def quarter(text: str) -> int:
    return (len(text) + 3) // 4


HTML = """<!doctype html><title>x</title><body><h1>Sign in</h1><form><label for=u>Username</label>
<input id=u value="bob"><label><input type=checkbox checked> Milk</label>
<select id=s><option>small<option selected>me &lt; dium</select><textarea placeholder=Note>hello
there</textarea><div onclick=x()>blue</div><a href="/x?y=1">More <b>things</b></a><img src=a alt="A cat">
<button disabled>ok</button><article><p>Text <!-- c --> after</p></article><div><div></div></div>
<div style="display: none">secret <button>no</button></div><script>var x</script></form></body>"""


def test_compact_by_hand() -> None:
    assert render(from_html(HTML), "compact", WIDE, tokens).text == (
        "heading Sign in\n"
        "textbox Username [7] = bob\n"
        "checkbox Milk [9] checked\n"
        "combobox [11] = me < dium ( small | me < dium )\n"
        "textbox Note [16] = hello there\n"
        "item blue [18]\n"
        "link More things [20]\n"
        "image A cat [24]\n"
        "button ok [25] disabled\n"
        "text Text\n"
        "text after"
    )


def test_html_by_hand() -> None:
    assert render(from_html(HTML), "html", WIDE, tokens).text == (
        '<body node="1">\n'
        '<h1 node="2">Sign in</h1>\n'
        '<form node="4">\n'
        '<label node="5">Username</label>\n'
        '<input id="u" value="bob" node="7">\n'
        '<label node="8">\n'
        '<input type="checkbox" checked node="9">Milk</label>\n'
        '<select id="s" node="11">\n'
        '<option node="12">small</option>\n'
        '<option selected node="14">me &lt; dium</option></select>\n'
        '<textarea placeholder="Note" node="16">hello there</textarea>\n'
        '<div node="18">blue</div>\n'
        '<a href="/x?y=1" node="20">More\n'
        '<b node="22">things</b></a>\n'
        '<img alt="A cat" node="24">\n'
        '<button disabled node="25">ok</button>\n'
        '<p node="28">Text after</p>\n'
        '<div node="33">secret\n'
        '<button node="35">no</button></div></form></body>'
    )


def test_axtree_by_hand() -> None:
    assert render(from_html(HTML), "axtree", WIDE, tokens).text == (
        "[2] heading 'Sign in'\n"
        "[4] form ''\n"
        "\t[5] LabelText ''\n"
        "\t\t[6] StaticText 'Username'\n"
        "\t[7] textbox 'Username' value: 'bob'\n"
        "\t[8] LabelText ''\n"
        "\t\t[9] checkbox 'Milk' checked: True\n"
        "\t\t[10] StaticText 'Milk'\n"
        "\t[11] combobox '' value: 'me < dium' options: 'small', 'me < dium'\n"
        "\t[16] textbox 'Note' value: 'hello there'\n"
        "\t[18] generic ''\n"
        "\t\t[19] StaticText 'blue'\n"
        "\t[20] link 'More things'\n"
        "\t[24] image 'A cat'\n"
        "\t[25] button 'ok' disabled: True\n"
        "\t[29] StaticText 'Text'\n"
        "\t[30] StaticText 'after'"
    )


def test_labels() -> None:
    elements = page().elements
    assert [label(elements[3], elements, form) for form in Form] == [
        '<button node="13">ok',
        "button 'ok'",
        "button ok",
    ]
    table = from_html(HTML)
    assert label(table[17], table, "compact") == "item blue"


def one(**fields: object) -> str:
    base = {"id": 9, "tag": "div", "clickable": True, "name": "a"}
    return render([Element.model_validate({**base, **fields})], "compact", WIDE, tokens).text


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"role": "button", "name": "Don't stop"}, "button Don ' t stop [9]"),
        ({"role": "button", "name": ""}, "button [9]"),
        ({"role": "button", "name": "1 2 3 4 5 6 7 8 9"}, "button 1 2 3 4 5 6 7 8 [9]"),
        ({"tag": "input", "role": "textbox", "value": "[22]"}, "textbox a [9] = [ 22 ]"),
        ({"tag": "input", "role": "textbox", "value": ""}, "textbox a [9]"),
        ({"tag": "input", "role": "slider", "value": "3"}, "slider a [9] = 3"),
        (
            {"tag": "input", "role": "checkbox", "value": "on", "states": ("focused", "checked")},
            "checkbox a [9] checked",
        ),
        (
            {"role": "combobox", "value": "b", "states": ("disabled", "expanded")},
            "combobox a [9] expanded disabled = b",
        ),
        ({"tag": "select", "role": "combobox", "options": ("a", "b|c")}, "combobox a [9] ( a | b || c )"),
        ({"role": "button", "name": "", "attributes": {"class": "icon ql-bold", "id": "b"}}, "button ql bold [9]"),
        ({"name": "", "attributes": {"id": "ttt-4"}}, "item ttt 4 [9]"),
        ({"tag": "circle", "name": "", "attributes": {"fill": "red"}}, "item red circle [9]"),
        ({"tag": "text", "name": "8", "attributes": {"fill": "red"}}, "item 8 red text [9]"),
        ({"tag": "input", "role": "textbox", "name": "", "attributes": {"id": "q"}}, "textbox [9]"),
        ({"tag": "rect", "name": "", "attributes": {"fill": "#ff0000"}}, "item rectangle [9]"),
        ({"tag": "polygon", "name": "", "attributes": {"points": "1,2 3,4 5,6.5"}}, "item triangle [9]"),
        (
            {"name": "", "attributes": {"class": "box", "style": "width: 3px; background-color: lime"}},
            "item box lime [9]",
        ),
        ({"role": "generic"}, "item a [9]"),
        ({"role": "listitem"}, "item a [9]"),
        ({"role": "listitem", "clickable": False}, ""),
        ({"role": "button", "visible": False}, ""),
        ({"role": "button", "in_view": False}, "button a [9]"),
        ({"role": "heading", "clickable": False}, "heading a"),
        ({"role": "heading"}, "heading a [9]"),
        ({"tag": "img", "role": "image", "clickable": False}, "image a [9]"),
        ({"tag": "#text", "name": "", "text": "1 2 3 4 5 6 7", "clickable": False}, "text 1 2 3 4 5 6"),
    ],
)
def test_compact_lines(fields: dict[str, object], line: str) -> None:
    assert one(**fields) == line


def test_a_container_that_listens_does_not_swallow_the_words_inside() -> None:
    rows = [
        Element(id=1, tag="div", clickable=True),
        Element(id=2, parent=1, tag="#text", text="Enter your name"),
        Element(id=3, parent=1, tag="button", role="button", name="ok", clickable=True),
        Element(id=4, tag="div", clickable=True),
        Element(id=5, parent=4, tag="span"),
        Element(id=6, parent=5, tag="#text", text="light blue"),
    ]
    assert render(rows, "compact", WIDE, tokens).text == (
        "item [1]\ntext Enter your name\nbutton ok [3]\nitem light blue [4]"
    )


def test_at_most_forty_lines_controls_in_view_first() -> None:
    rows = [Element(id=i, tag="#text", text=f"word {i}") for i in range(30)]
    rows += [Element(id=i, tag="a", role="link", name=f"far {i}", in_view=False) for i in range(30, 50)]
    rows += [Element(id=i, tag="a", role="link", name=f"near {i}") for i in range(50, 60)]
    seen = render(rows, "compact", WIDE, tokens, target=49)
    assert len(seen.text.split("\n")) == 40
    assert set(range(50, 60)) <= set(seen.kept)
    assert 49 in seen.kept
    assert seen.cut[0].why == "more than 40 lines"
    assert set(seen.cut[0].nodes) | set(seen.kept) == set(range(60))


def test_cuts_go_from_useless_to_useful_and_are_logged() -> None:
    rows = [
        Element(id=1, tag="body"),
        Element(id=2, parent=1, tag="div", visible=False),
        Element(id=3, parent=2, tag="#text", text="hidden words", visible=False),
        Element(
            id=4, parent=1, tag="button", role="button", name="ok", clickable=True, attributes={"class": "wide broad"}
        ),
        Element(id=5, parent=4, tag="#text", text="ok"),
        Element(id=6, parent=1, tag="p", in_view=False, box=(0, 5000, 10, 10)),
        Element(id=7, parent=6, tag="#text", text="far " * 100, in_view=False, box=(0, 5000, 10, 10)),
        Element(id=8, parent=1, tag="x-unknown"),
    ]
    everything = render(rows, "html", WIDE, quarter)
    assert [cut.why for cut in everything.cut] == ["tag not kept"]
    tight = render(rows, "html", 20, quarter)
    assert [cut.why for cut in tight.cut] == ["tag not kept", "invisible", "long attribute", "long text", "over budget"]
    assert tight.text == '<body node="1">\n<button node="4">ok</button></body>'
    assert tight.kept == (1, 4, 5)
    assert all(cut.tokens > 0 for cut in tight.cut[1:])


def test_random_ids_and_long_attributes_are_cut_as_scribeagent_does() -> None:
    noise = "x9_" * 15
    attributes = {
        "href": "/a-rather-long-address/that-goes-on-for-ever",
        "id": noise,
        "class": "menu x9",
        "onclick": "f()",
    }
    row = Element(id=1, tag="a", attributes=attributes)

    def count(text: str) -> int:  # a tokenizer that knows words and not noise
        return len(text) if "x9" in text else max(1, len(text) // 5)

    assert render([row], "html", WIDE, count).text == (
        '<a href="/a-rather-long-address/that-goes" class="menu" node="1"></a>'
    )


_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "tag": st.sampled_from(
                ["div", "#text", "button", "input", "select", "p", "x-y", "script", "label", "h2", "img"]
            ),
            "role": st.sampled_from(["", "button", "textbox", "combobox", "heading", "listitem", "image", "generic"]),
            "name": st.sampled_from(["", "ok", "a longer name of many words that goes on", "x|y [3]"]),
            "text": st.text(max_size=20),
            "value": st.none() | st.text(max_size=8),
            "visible": st.booleans(),
            "in_view": st.booleans(),
            "clickable": st.booleans(),
            "options": st.just(()) | st.just(("small", "a|b")),
            "attributes": st.just({}) | st.just({"class": "a b", "title": "t", "for": "q"}),
            "up": st.integers(0, 4),
        }
    ),
    min_size=1,
    max_size=25,
)


@given(_ROWS, st.integers(0, 80), st.data())
@settings(max_examples=400, deadline=None)
def test_budgets_hold_and_targets_stay(rows: list[dict[str, object]], budget: int, data: st.DataObject) -> None:
    elements = []
    for i, row in enumerate(rows):
        up = row["up"]
        assert isinstance(up, int)
        fields = {name: value for name, value in row.items() if name != "up"}
        elements.append(Element.model_validate({**fields, "id": i + 7, "parent": i + 7 - up if 0 < up <= i else None}))
    target = data.draw(st.none() | st.sampled_from([e.id for e in elements]))
    for form in Form:
        alone = render([e for e in elements if e.id == target], form, -1, quarter, target)
        seen = render(elements, form, budget, quarter, target)
        if target is not None:
            wanted = elements[target - 7]
            if wanted.tag != "#text" or wanted.text.strip() or form is Form.AXTREE:
                assert target in seen.kept
        if quarter(seen.text) > budget:
            protected = {target}
            above = elements[target - 7].parent if target is not None and form is Form.HTML else None
            while above is not None:
                protected.add(above)
                above = elements[above - 7].parent
            assert set(seen.kept) - {e.id for e in elements if e.tag == "#text"} <= protected
        assert len(seen.kept) == len(set(seen.kept))
        assert seen == render(elements, form, budget, quarter, target)
        assert alone.text or target is None or not seen.kept or form is not Form.AXTREE
        label(elements[0], elements, form)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 20_000 + "<button>ok</button>",
        "<button><i>" * 3_000 + "x",
        "<ul aria-label=x><li>" * 3_000,
        "<div><a href=x>link text</a> some words</div>" * 2_000,
        "<label><input>a" * 2_000,
    ],
    ids=["deep", "nested buttons", "nested lists", "wide", "labels"],
)
def test_deep_and_wide_pages_take_linear_time(html: str) -> None:
    started = time.process_time()
    elements = from_html(html)
    for form in Form:
        for budget in (WIDE, 500):
            render(elements, form, budget, quarter, elements[-1].id)
    assert time.process_time() - started < 30


@pytest.mark.slow
def test_two_hundred_thousand_elements_fit_a_budget() -> None:
    elements = from_html("<div><a href=x>link text</a> some words</div>" * 50_000)
    assert len(elements) == 200_001
    for form in Form:
        seen = render(elements, form, 500, quarter, elements[-1].id)
        assert quarter(seen.text) <= 500
        assert elements[-1].id in seen.kept


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "<select>",
                "<option selected>",
                "a",
                "<label for=x>",
                "<input id=x>",
                "<table><td>",
                "<svg><a href=''>",
                "<!--",
                "-->",
                "<script>",
                "</script>",
                "<template>",
                "<button aria-labelledby='x x'>",
                "<frameset>",
                "\x00",
                "&lt;",
            ]
        ),
        max_size=20,
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_any_markup_becomes_a_table(html: str) -> None:
    elements = from_html(html, first=5)
    assert [e.id for e in elements] == list(range(5, 5 + len(elements)))
    assert all(e.parent is None or e.parent < e.id for e in elements)
    for form in Form:
        render(elements, form, 30, quarter)


def test_names_roles_and_values_from_markup() -> None:
    rows = {
        e.attributes.get("id", ""): e
        for e in from_html(
            "<p id=t>To <b>go</b></p><button id=a aria-labelledby='t nope'>x</button>"
            "<input id=b type=submit value=Send>"
            "<input id=c type=number title=Age><label>Mail <input id=d type=email required></label>"
            "<select id=e multiple><option>x<option selected>y</select><div id=f role=tab aria-selected=true>Tab</div>"
            "<a id=g>no link</a><input id=h type=hidden value=1><details id=i open><summary id=j>S</summary></details>"
            "<div id=k hidden><p id=l>x</p></div><a id=m href=#><img alt='Home'></a>"
        )
    }
    assert (rows["a"].role, rows["a"].name) == ("button", "To go")
    assert (rows["b"].role, rows["b"].name) == ("button", "Send")
    assert (rows["c"].role, rows["c"].name) == ("spinbutton", "Age")
    assert (rows["d"].role, rows["d"].name, rows["d"].states) == ("textbox", "Mail", ("required",))
    assert (rows["e"].role, rows["e"].options, rows["e"].value) == ("listbox", ("x", "y"), "y")
    assert (rows["f"].role, rows["f"].name, rows["f"].states, rows["f"].clickable) == (
        "tab",
        "Tab",
        ("selected",),
        True,
    )
    assert (rows["g"].role, rows["g"].clickable) == ("", False)
    assert (rows["h"].visible, rows["h"].clickable) == (False, False)
    assert (rows["i"].states, rows["j"].role) == (("expanded",), "button")
    assert (rows["k"].visible, rows["l"].visible) == (False, False)
    assert (rows["m"].role, rows["m"].name) == ("link", "Home")


def test_importers_can_keep_their_own_ids() -> None:
    rows = from_html("<a backend_node_id=77 data-x=1>x</a>", keep=("backend_node_id",))
    assert rows[1].attributes == {"backend_node_id": "77"}
