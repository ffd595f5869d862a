"""What one look at a page gives."""

from __future__ import annotations

import io
import json
import time

import pytest

from conftest import Stage
from webapprentice.browser import Browser, Window, act
from webapprentice.browser.pictures import marks
from webapprentice.core.actions import Click
from webapprentice.core.records import Element, Observation

pytestmark = pytest.mark.browser


def look(stage: Stage, window: Window, page: str) -> Observation:
    stage.run(window.goto(stage.url + page))
    return stage.run(window.observe()).observation


def by_name(observation: Observation, name: str) -> Element:
    return next(element for element in observation.elements if element.name == name)


def texts(observation: Observation) -> list[str]:
    return [element.text for element in observation.elements if element.tag == "#text"]


def test_roles_names_and_clickability_are_what_a_reader_expects(stage: Stage, window: Window) -> None:
    seen = look(stage, window, "names.html")
    told = [element for element in seen.elements if "data-testid" in element.attributes]
    assert len(told) > 35
    got = [f"{element.role}|{element.name}|{int(element.clickable)}" for element in told]
    assert got == [element.attributes["data-testid"] for element in told]


def test_values_states_and_options(stage: Stage, window: Window) -> None:
    seen = look(stage, window, "names.html")
    assert by_name(seen, "Milk and eggs").states == ("checked",)
    assert by_name(seen, "Size").value == "M"
    assert by_name(seen, "Size").options == ("S", "M")
    assert by_name(seen, "Days").value == "Mo, Tu"
    assert by_name(seen, "Days").states == ("multiple",)
    assert by_name(seen, "Note").value == "two\nlines"
    assert by_name(seen, "One").states == ("selected",)
    assert by_name(seen, "More").states == ("expanded",)


def test_strings_hold_nothing_that_breaks_a_file(stage: Stage, window: Window) -> None:
    seen = look(stage, window, "names.html")
    dirty = next(text for text in texts(seen) if text.startswith("ab"))
    assert dirty == "ab\ufffdc"
    seen.model_dump_json().encode()
    assert any("😀" in text for text in texts(seen))


def test_ids_count_in_document_order_and_stay(stage: Stage, window: Window) -> None:
    window.next_id = 40
    first = look(stage, window, "names.html")
    ids = [element.id for element in first.elements]
    assert ids == list(range(40, 40 + len(ids)))
    stage.run(
        window.evaluate("document.body.prepend(Object.assign(document.createElement('p'), {textContent: 'new'}))")
    )
    second = stage.run(window.observe()).observation
    assert [element.id for element in second.elements if element.text != "new"][1:] == ids
    assert second.elements[0].id == ids[-1] + 1


def test_ids_of_one_document_never_name_another_ones_elements(stage: Stage, window: Window) -> None:
    first = look(stage, window, "names.html")
    second = look(stage, window, "forms.html")
    assert not {element.id for element in first.elements} & {element.id for element in second.elements}


def test_parents_come_before_their_children(stage: Stage, window: Window) -> None:
    seen = look(stage, window, "frames.html")
    met: set[int] = set()
    for element in seen.elements:
        assert element.parent is None or element.parent in met
        met.add(element.id)


def test_open_shadow_roots_stand_where_their_host_stands(stage: Stage, window: Window) -> None:
    seen = look(stage, window, "shadow.html")
    assert texts(seen) == ["before", "slotted", "deep", "after"]
    assert by_name(seen, "deep field").role == "textbox"


def test_frames_of_the_same_origin_are_read_and_others_counted(stage: Stage, window: Window) -> None:
    seen = look(stage, window, "frames.html")
    assert texts(seen) == ["above", "tall", "in the frame", "unread frame", "below"]
    assert by_name(seen, "in the frame").frame == 1
    assert by_name(seen, "innermost").frame == 2
    assert seen.frames_skipped == 1
    frame = next(element for element in seen.elements if element.tag == "iframe")
    # 7 px of border, 5 of padding, 8 of the inner body's margin.
    tall = next(element for element in seen.elements if element.tag == "div")
    assert (tall.box[0] - frame.box[0], tall.box[1] - frame.box[1]) == (20, 20)


def test_what_is_left_out_is_left_out_whole(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "names.html"))
    seen = stage.run(window.observe(skip="table, select")).observation
    assert not {element.tag for element in seen.elements} & {"table", "tr", "td", "select"}


def test_the_probe_is_read_in_the_same_call_and_html_only_when_asked(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "names.html"))
    seen = stage.run(window.observe(probe="[document.title, null]", html=True))
    assert seen.extra == ["Names", None]
    assert seen.html is not None
    assert seen.html.startswith("<html>")
    assert stage.run(window.observe()).html is None


def test_passwords_show_as_bullets(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "forms.html"))
    stage.run(window.evaluate("document.querySelector('[type=password]').value = 'hunter2'"))
    seen = stage.run(window.observe())
    assert by_name(seen.observation, "Secret").value == "•" * 7
    assert "hunter2" not in seen.observation.model_dump_json()


@pytest.mark.parametrize("shape", ["n=200000", "n=10&deep", "n=10&fat"])
def test_a_page_out_of_all_proportion_is_cut_and_says_so(stage: Stage, window: Window, shape: str) -> None:
    stage.run(window.goto(stage.url + "huge.html?" + shape))
    began = time.perf_counter()
    seen = stage.run(window.observe()).observation
    assert time.perf_counter() - began < 10
    assert seen.truncated == ("fat" not in shape)
    assert 0 < len(seen.elements) <= window.config.max_nodes
    assert max(len(json.dumps(element.attributes)) for element in seen.elements) < 10_000


def test_a_page_that_was_cut_is_told_alike_again_and_whole_once_it_is_short(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "huge.html?n=20000"))
    first, again = (stage.run(window.observe()).observation for _ in range(2))
    assert first.truncated
    assert again == first
    stage.run(window.evaluate("while (rows.children.length > 50) rows.lastElementChild.remove()"))
    for _ in range(2):
        seen = stage.run(window.observe()).observation
        assert not seen.truncated
        assert [text for text in texts(seen) if text.startswith("row ")] == [f"row {n}" for n in range(50)]
        ids = [element.id for element in seen.elements]  # the box around the rows, and each with its text
        assert ids == [element.id for element in first.elements[:101]]


def test_a_page_that_was_cut_and_now_just_fits_is_whole_as_in_a_window_that_never_saw_it_longer(
    stage: Stage, window: Window
) -> None:
    stage.run(window.goto(stage.url + "huge.html?n=20000"))
    first = stage.run(window.observe()).observation
    most = len(first.elements) // 2 - 200  # rows: each is an element and its text
    shorten = f"while (rows.children.length > {most}) rows.lastElementChild.remove()"
    stage.run(window.evaluate(shorten))
    seen = stage.run(window.observe()).observation
    assert not seen.truncated
    assert f"row {most - 1}" in texts(seen)


def test_what_is_in_view_comes_before_the_rest_of_a_page_that_is_too_long(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "huge.html?n=30000"))
    stage.run(window.evaluate("scrollTo(0, document.body.scrollHeight / 2)"))
    seen = stage.run(window.observe()).observation
    assert seen.truncated
    assert len(seen.elements) <= window.config.max_nodes
    shown = stage.run(window.evaluate("document.elementFromPoint(400, 300).textContent.trim()"))
    assert shown in texts(seen)
    assert "row 0" in texts(seen)
    assert [element.id for element in seen.elements if element.in_view]
    rows = [int(text.split()[1]) for text in texts(seen)]
    assert rows == sorted(rows)


def test_a_screenshot_is_a_png_of_the_size_asked_for(stage: Stage, window: Window) -> None:
    look(stage, window, "names.html")
    picture = stage.run(window.screenshot((0, 0, 160, 210)))
    assert picture.startswith(b"\x89PNG")
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (160, 210)


def test_a_look_tells_what_a_first_look_would(stage: Stage, window: Window) -> None:
    fresh = stage.run(stage.browser.open())
    changes = (
        "0",
        "document.querySelector('button').title = 'half \\ud800 a pair'",
        "document.querySelector('button').remove()",
    )
    for at in (window, fresh):
        stage.run(at.goto(stage.url + "names.html"))
    told: list[int] = []
    for change in changes:
        before = window.seen.elements if window.seen else ()
        stage.run(window.evaluate(change))
        stage.run(fresh.evaluate(change))
        seen = stage.run(window.observe()).observation
        told.append(sum(element not in before for element in seen.elements))
        kept = {id(element) for element in before}
        assert sum(id(element) in kept for element in seen.elements) >= len(seen.elements) - told[-1] - 1
    first = stage.run(fresh.observe()).observation
    # The ids of what has gone are not given again: all else is the same.
    apart = {"id", "parent"}
    assert [one.model_dump(exclude=apart) for one in seen.elements] == [
        one.model_dump(exclude=apart) for one in first.elements
    ]
    assert told[0] > 50
    assert 0 < told[1] < 5
    stage.run(fresh.close())


def test_an_answer_that_was_lost_is_told_again(stage: Stage, window: Window) -> None:
    seen = look(stage, window, "names.html")
    stage.run(window.evaluate("document.querySelector('h1').textContent = 'other'"))
    options = "first: 1, nodes: 9, millis: 9, table: 999, cap: 0, skip: '', masked: true, number: 77"
    stage.run(window.evaluate(f"__apprentice.look({{ {options} }}, null)"))
    again = stage.run(window.observe()).observation
    assert "other" in texts(again)
    assert len(again.elements) == len(seen.elements)


def test_marks_stand_where_their_elements_are(stage: Stage) -> None:
    image = pytest.importorskip("PIL.Image")
    config = stage.browser.config

    async def scene() -> tuple[bytes | None, bytes, Observation]:
        async with Browser.launch(config.with_(picture="marks")) as browser:
            marking = await browser.open()
            await marking.goto(stage.url + "names.html")
            seen = (await marking.observe()).observation
            return await marking.picture(), await marking.screenshot(), seen

    marked, plain, seen = stage.run(scene())
    assert marked is not None
    with image.open(io.BytesIO(marked)) as one, image.open(io.BytesIO(plain)) as other:
        assert one.size == other.size == config.viewport
        chosen = marks(seen.elements)
        assert len(chosen) > 10
        for element in chosen:
            x, y, wide, _ = element.box
            edge = (min(x + wide // 2, 799), y)
            if y >= 0:
                assert one.getpixel(edge) != other.convert("RGB").getpixel(edge)
    assert stage.run(_nothing(stage)) is None


async def _nothing(stage: Stage) -> bytes | None:
    window = await stage.browser.open()
    picture = await window.picture()
    await window.close()
    return picture


def test_what_an_inner_box_has_scrolled_away_can_still_be_had(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "scroller.html"))
    stage.run(window.evaluate("document.getElementById('box').scrollTop = 180", "scrolling"))
    seen = stage.run(window.observe()).observation
    assert by_name(seen, "first").visible
    assert by_name(seen, "third").visible
    assert not by_name(seen, "nowhere").visible
    outcome = stage.run(act(window, Click(node=by_name(seen, "first").id)))
    assert outcome.result == "done"
