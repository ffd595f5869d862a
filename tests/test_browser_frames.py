"""Frames of other origins, which live in processes of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from conftest import PAGES, Stage
from webapprentice.browser import Browser, BrowserConfig, Window, act
from webapprentice.core.actions import Action, Click, Select, Type
from webapprentice.core.records import Observation, Outcome, Result
from webapprentice.tasks.server import PageServer

NAMES = ("home", "one", "two", "deep", *(f"s{number}" for number in range(20)))

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Stage]:
    """A browser for which every *.test site is this machine."""
    config = BrowserConfig(
        viewport=(800, 600),
        origins=tuple(f"{name}.test:*" for name in NAMES),
        networks=("127.0.0.0/8",),
        call_seconds=20.0,
        frame_seconds=3.5,
    )

    async def here(_host: str, _port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    with asyncio.Runner() as runner, PageServer(PAGES) as server:
        launching = Browser.launch(config, here)
        browser = runner.run(launching.__aenter__())
        try:
            yield Stage(runner, browser, server.url.replace("127.0.0.1", "home.test"))
        finally:
            runner.run(launching.__aexit__(None, None, None))


def visit(stage: Stage, query: str) -> tuple[Window, Observation]:
    async def scene() -> tuple[Window, Observation]:
        window = await stage.browser.open()
        await window.goto(f"{stage.url}foreign.html?{query}")
        return window, (await window.observe()).observation

    return stage.run(scene())


def do(stage: Stage, window: Window, action: Action) -> tuple[Outcome, Observation]:
    async def scene() -> tuple[Outcome, Observation]:
        outcome = await act(window, action)
        return outcome, (await window.observe()).observation

    return stage.run(scene())


def node(seen: Observation, name: str) -> int:
    return next(element.id for element in seen.elements if element.name == name)


def test_a_foreign_frame_is_read_where_its_host_stands_and_acted_in(elsewhere: Stage) -> None:
    window, seen = visit(elsewhere, "sites=one.test,two.test")
    assert [element.text for element in seen.elements if element.text in ("above", "press two.test", "below")] == [
        "above",
        "press two.test",
        "below",
    ]
    assert seen.frames_skipped == 0
    hosts = [element for element in seen.elements if element.tag == "iframe"]
    pressed = seen.element(node(seen, "press two.test"))
    assert pressed is not None
    assert pressed.parent == hosts[1].id
    assert pressed.frame == 2
    assert (pressed.box[0] - hosts[1].box[0], pressed.box[1] - hosts[1].box[1]) == (7, 7)
    assert len({element.id for element in seen.elements}) == len(seen.elements)
    outcome, seen = do(elsewhere, window, Click(node=node(seen, "press two.test")))
    assert outcome.result is Result.DONE
    assert node(seen, "pressed two.test") == pressed.id
    _, seen = do(elsewhere, window, Type(node=node(seen, "field one.test"), text="hello"))
    _, seen = do(elsewhere, window, Select(node=node(seen, "choice two.test"), options=("two",)))
    values = {element.name: element.value for element in seen.elements if element.value is not None}
    assert values["field one.test"] == "hello"
    assert values["choice two.test"] == "two"
    elsewhere.run(window.close())


def test_frames_are_numbered_in_the_order_of_the_document(elsewhere: Stage) -> None:
    sites = [f"s{number}.test" for number in range(9)]
    for _ in range(2):
        window, seen = visit(elsewhere, f"sites={','.join(sites)}&deeper=deep.test")
        pressed = [element for element in seen.elements if element.name.startswith("press s")]
        assert [element.name for element in pressed] == [f"press {site}" for site in sites]
        assert [element.frame for element in pressed] == list(range(1, 10))
        assert sorted(element.id for element in pressed) == [element.id for element in pressed]
        elsewhere.run(window.close())


def test_a_frame_out_of_view_is_scrolled_to(elsewhere: Stage) -> None:
    sites = ",".join(f"s{number}.test" for number in range(9))
    window, seen = visit(elsewhere, f"sites={sites}")
    element = seen.element(node(seen, "press s8.test"))
    assert element is not None
    assert not element.in_view
    outcome, seen = do(elsewhere, window, Click(node=element.id))
    assert outcome.result is Result.DONE
    assert node(seen, "pressed s8.test") == element.id
    elsewhere.run(window.close())


def test_a_frame_in_a_frame(elsewhere: Stage) -> None:
    window, seen = visit(elsewhere, "sites=one.test&deeper=deep.test")
    outcome, seen = do(elsewhere, window, Click(node=node(seen, "press deep.test")))
    assert outcome.result is Result.DONE
    assert node(seen, "pressed deep.test")
    elsewhere.run(window.close())


def test_what_covers_a_foreign_frame_is_named(elsewhere: Stage) -> None:
    window, seen = visit(elsewhere, "sites=one.test")
    cover = "document.body.insertAdjacentHTML('beforeend', '<div id=veil style=\"position:fixed;inset:0\">wait</div>')"
    elsewhere.run(window.evaluate(cover))
    outcome, _ = do(elsewhere, window, Click(node=node(seen, "press one.test")))
    assert outcome.result is Result.COVERED
    assert "wait" in outcome.message
    elsewhere.run(window.close())


def test_a_frame_that_has_left_is_a_stale_element(elsewhere: Stage) -> None:
    window, seen = visit(elsewhere, "sites=one.test,two.test")
    elsewhere.run(window.evaluate("document.querySelector('iframe').remove()"))
    outcome, seen = do(elsewhere, window, Click(node=node(seen, "press one.test")))
    assert outcome.result is Result.STALE
    assert "observe again" in outcome.message
    assert window.healthy
    outcome, seen = do(elsewhere, window, Click(node=node(seen, "press two.test")))
    assert outcome.result is Result.DONE
    assert node(seen, "pressed two.test")
    elsewhere.run(window.close())


def test_frames_that_hang_are_left_out_and_counted(elsewhere: Stage) -> None:
    sites = [f"s{number}.test" for number in range(20)]
    window, _ = visit(elsewhere, f"sites={','.join(sites)}&hang=s3.test,s9.test,s17.test")

    async def scene() -> tuple[Observation, float]:
        await asyncio.sleep(0.6)
        began = time.monotonic()
        seen = (await window.observe()).observation
        return seen, time.monotonic() - began

    seen, took = elsewhere.run(scene())
    assert seen.frames_skipped == 3
    assert sum(element.name.startswith("press ") for element in seen.elements if element.role == "button") == 17
    assert took < 10
    elsewhere.run(window.close())
