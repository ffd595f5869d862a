"""Every shape of page: what is seen agrees with the browser's own count, or says that it is cut short."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from conftest import Keeper
from webapprentice.browser import Seen, Window
from webapprentice.core.faults import FaultError
from zoo.shapes import ORACLE, PAGES, TOO_DEEP

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visitor(zoo: Keeper) -> Iterator[Window]:
    window = zoo.run(zoo.window())
    yield window
    zoo.run(window.close())


@pytest.mark.parametrize("name", PAGES)
def test_what_is_seen_agrees_with_the_browsers_own_count_or_is_flagged(zoo: Keeper, visitor: Window, name: str) -> None:
    async def scene() -> tuple[Seen, float]:
        await visitor.goto(zoo.page(name))
        began = time.monotonic()
        seen = await visitor.observe(probe=ORACLE)
        return seen, time.monotonic() - began

    seen, took = zoo.run(scene())
    count = sum(element.tag != "#text" for element in seen.observation.elements)
    assert took < 10
    if seen.observation.truncated or seen.observation.frames_skipped:
        assert count <= seen.extra
    else:
        assert count == seen.extra


SAID = {
    "deep-250": "bottom",
    "roots": "x " * 20 + "bottom",
    "slots": "named given fallback",
    "templates": "x",
    "contents": "x",
    "details": "a b x",
    "popover": "x",
    "dialog": "below x",
    "skipped": "x",
    "right-to-left": "שלום 123 مرحبا x",
    "zoomed": "a b c",
    "formulas": "x 2 = y",
    "hidden": "faint flat unsaid still",
    "ruby": "漢 kan x y 1",
    "edited": "a b c",
    "custom": "x grown",
    "objects": "nothing happens press drawn words fallback",
    "frameset": "nothing happens press nothing happens press",
}


@pytest.mark.parametrize("name", SAID)
def test_the_words_of_a_page_are_those_that_it_shows_in_their_order(zoo: Keeper, visitor: Window, name: str) -> None:
    async def scene() -> Seen:
        await visitor.goto(zoo.page(name))
        return await visitor.observe()

    elements = zoo.run(scene()).observation.elements
    assert " ".join(element.text for element in elements if element.text and element.visible) == SAID[name]


def test_a_page_too_deep_for_the_browser_is_a_named_fault_at_once_and_the_window_goes_on(zoo: Keeper) -> None:
    async def scene() -> float:
        window = await zoo.window()
        (name,) = TOO_DEEP
        began = time.monotonic()
        with pytest.raises(FaultError) as caught:
            await window.goto(zoo.page(name))
        took = time.monotonic() - began
        assert caught.value.fault.kind == "page_crash"
        assert not window.healthy
        await window.renew()
        await window.goto(zoo.page("still"))
        assert (await window.observe()).observation.title == "still"
        await window.close()
        return took

    assert zoo.run(scene()) < 5
