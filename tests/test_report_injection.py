"""No page text, goal, name or message can become markup: every string field is poisoned with every payload."""

from __future__ import annotations

import functools
import shutil
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from report_payloads import PAYLOADS
from report_sample import sample
from webapprentice import browser
from webapprentice.report import ReportData, render_report, summary_text, write_report
from webapprentice.report.markup import tag, visible

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

WORDS_OF_OURS = {"kind", "sign_unit", "button", "direction"}
"""Fields whose strings come from a closed list."""


def small() -> ReportData:
    """Every kind of field at least once; few of each, so that a payload costs milliseconds."""
    whole = sample()
    names = {"miniwob/click-menu", "miniwob/click-link", "miniwob/login-user"}
    rows = tuple(row for row in whole.tasks if row.task in names)
    cells = tuple(cell for cell in whole.cells if cell.arm in ("base", "label_free"))
    origin = whole.origin.with_(notes=("a note",))
    curation = whole.curation.with_(note="another note") if whole.curation else None
    return whole.with_(
        tasks=rows, cells=cells, cases=(*whole.cases[:1], *whole.cases[-2:]), origin=origin, curation=curation
    )


def poisoned(value: Any, payload: str, seen: dict[str, str], field: str = "") -> Any:
    """The same tree with every free string replaced; equal strings stay equal, so that references hold."""
    if isinstance(value, str) and not isinstance(value, Enum) and value and field not in WORDS_OF_OURS:
        return seen.setdefault(value, f"{payload}§{len(seen):03d}§")
    if isinstance(value, dict):
        closed = field in ("models", "versions")
        return {
            poisoned(key, payload, seen) if closed else key: poisoned(item, payload, seen, key)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return tuple(poisoned(item, payload, seen, field) for item in value)
    return value


def skeleton(node: LexborNode) -> list[tuple[str, tuple[str, ...]]]:
    """Every element in order with the names of its attributes."""
    return [(element.tag or "", tuple(element.attributes)) for element in node.css("*")]


BENIGN = small()
SKELETON = skeleton(LexborHTMLParser(render_report(BENIGN)).root)  # type: ignore[arg-type]


def spoil(payload: str) -> tuple[ReportData, dict[str, str]]:
    """The report with this payload everywhere, and what became of each string."""
    seen: dict[str, str] = {}
    whole = payload.encode("utf-8", "replace").decode()  # a record holds no lone surrogates
    return ReportData.model_validate(poisoned(BENIGN.model_dump(), whole, seen)), seen


@functools.cache
def spoiled_page(payload: str) -> tuple[str, dict[str, str]]:
    report, seen = spoil(payload)
    return render_report(report), seen


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_every_string_changes_no_element_and_no_attribute(payload: str) -> None:
    page, _ = spoiled_page(payload)
    tree = LexborHTMLParser(page)
    assert tree.root is not None
    assert sorted(skeleton(tree.root)) == sorted(SKELETON)
    assert tree.css("script, iframe, object, embed, base, form, input, img, video, template") == []
    for element in tree.css("*"):
        for name, value in element.attributes.items():
            assert not name.lower().startswith("on")
            assert name.lower() not in ("style", "src", "srcdoc", "action", "formaction")
            if "href" in name.lower():
                assert (value or "").startswith(("#", "data:image/png;base64,", "data:,"))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_is_shown_as_it_is(payload: str) -> None:
    page, seen = spoiled_page(payload)
    text = LexborHTMLParser(page).body.text(deep=True)  # type: ignore[union-attr]
    first = BENIGN.cases[0].attempts[0].steps[0]
    drag = BENIGN.cases[1].attempts[0]
    fault = BENIGN.cases[2].attempts[0]
    last = BENIGN.cases[0].attempts[0].steps[-1]
    assert BENIGN.curation is not None
    shown = [BENIGN.title, BENIGN.cases[0].goal, BENIGN.cases[0].task, first.page, first.url, first.said, first.target]
    shown += [last.unread, BENIGN.cases[0].attempts[0].steps[1].outcome.message, drag.dropped_by, fault.fault]
    shown += [BENIGN.arms[0].title, BENIGN.arms[1].note, BENIGN.curation.note, BENIGN.trainings[0].method]
    shown += [BENIGN.curation.rules[0].name, BENIGN.curation.rules[0].description, BENIGN.origin.stages[0].name]
    origin = BENIGN.origin
    shown += [origin.run, origin.created, origin.command, origin.config, origin.config_hash, origin.commit]
    shown += [origin.browser, origin.machine, origin.notes[0], *origin.models, *origin.models.values()]
    shown += [*origin.versions, *origin.versions.values()]
    for field in shown:
        assert visible(seen[str(field)]) in text, field


@given(st.text())
def test_text_survives_the_parser(text: str) -> None:
    inner = tag("pre", text).text
    node = LexborHTMLParser(f"<body>{inner}</body>").css_first("pre")
    assert node is not None
    assert node.text(deep=True) == visible(text)


@given(st.text())
def test_an_attribute_survives_the_parser(text: str) -> None:
    node = LexborHTMLParser(tag("b", title=text or "x").text).css_first("b")
    assert node is not None
    assert node.attributes["title"] == visible(text or "x")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("script", {}),
        ("iframe", {}),
        ("b onclick", {}),
        ("b", {"onclick": "x"}),
        ("b", {"ONCLICK": "x"}),
        ("b", {"style": "x"}),
        ("a", {"href": "javascript:1"}),
        ("a", {"href": "http://192.0.2.1"}),
        ("image", {"href": "data:image/svg+xml;base64,AAAA"}),
        ("image", {"src": "x"}),
        ("b", {"x y": "z"}),
    ],
)
def test_what_could_run_or_fetch_cannot_be_built(name: str, attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a report"):
        tag(name, **attributes)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_nothing_reaches_the_terminal_but_text(payload: str) -> None:
    report, _ = spoil(payload)
    text = summary_text(report)
    assert all(character == "\n" or character.isprintable() for character in text), text


def chromium() -> str | None:
    """The browser to look with."""
    found = getattr(browser, "find_chromium", lambda: None)()
    return str(found) if found else shutil.which("chromium-headless-shell") or shutil.which("chromium")


def watched(tab: Page) -> list[str]:
    """What a page does that a report must not do."""
    happened: list[str] = []

    def dialog(opened: Dialog) -> None:
        happened.append(f"dialog {opened.message}")
        opened.dismiss()

    tab.on("dialog", dialog)
    tab.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else happened.append(request.url)
    )
    tab.on("console", lambda message: happened.append(message.text))
    tab.on("pageerror", lambda error: happened.append(str(error)))
    tab.on("popup", lambda _: happened.append("popup"))
    return happened


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="no Chromium here")
def test_all_payloads_together_do_nothing_in_chromium(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        tab = launched.new_page()
        happened = watched(tab)
        control = tmp_path / "control.html"
        control.write_text("<!doctype html><script>alert('x')</script><img src=http://192.0.2.1/x>")
        tab.goto(control.as_uri(), wait_until="commit")
        tab.evaluate("new Promise(requestAnimationFrame)")
        assert "dialog x" in happened, "the watch itself works"
        assert "http://192.0.2.1/x" in happened
        tab.close()
        tab = launched.new_page()
        happened = watched(tab)
        for number in range(0, len(PAYLOADS), 6):
            path = tmp_path / f"{number}.html"
            report, _ = spoil(" ".join(PAYLOADS[number : number + 6]))
            write_report(report, path)
            tab.goto(path.as_uri(), wait_until="load")
            tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            assert tab.evaluate("window.pwned") is None
            assert tab.url == path.as_uri()
        launched.close()
    assert happened == []


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [1200, 400])
def test_the_page_fits_its_window_and_its_pictures_load(tmp_path: Path, width: int) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    write_report(sample(), path)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        tab = launched.new_page(viewport={"width": width, "height": 900})
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.goto(path.as_uri(), wait_until="load")
        tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "8px"
        box = tab.locator(".shot rect.target").first.bounding_box()
        shot = tab.locator(".shot").first.bounding_box()
        assert box is not None
        assert shot is not None
        assert shot["x"] < box["x"] < box["x"] + box["width"] < shot["x"] + shot["width"]
        launched.close()
    assert complaints == []
