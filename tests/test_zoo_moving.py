"""Pages that go elsewhere by themselves, and pages that open and close others."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from conftest import Keeper, megabytes
from webapprentice.browser import Window, act
from webapprentice.core.actions import Back, Click, Forward, Goto
from webapprentice.core.records import Observation, Outcome, Result

pytestmark = pytest.mark.browser

LOOKS = 12
"""At pages that move; the figures of docs/zoo.md are of 500."""
SHARE = {"restless": 0.95, "hectic": 0.5}
"""Of the looks, how many see the page whole."""
MEGABYTES = 500


async def _press(window: Window, name: str = "go") -> tuple[Outcome, Observation]:
    assert window.seen is not None
    button = next(element.id for element in window.seen.elements if element.name == name)
    outcome = await act(window, Click(node=button))
    return outcome, (await window.observe()).observation


async def _at(keeper: Keeper, name: str) -> Window:
    window = await keeper.window()
    await window.goto(keeper.page(name))
    await window.observe()
    return window


@pytest.mark.parametrize("name", SHARE)
def test_a_page_that_is_always_leaving_is_read_all_the_same(zoo: Keeper, name: str) -> None:
    async def scene() -> list[Observation]:
        window = await _at(zoo, name)
        seen = [(await window.observe()).observation for _ in range(LOOKS)]
        await window.close()
        return seen

    seen = zoo.run(scene())
    read = [one for one in seen if "passing" in [element.text for element in one.elements]]
    assert len(read) >= int(SHARE[name] * LOOKS)
    assert not any(one.torn for one in read)


@pytest.mark.parametrize("name", ["ahead", "refresh", "chain"])
def test_a_page_that_leads_on_is_followed(zoo: Keeper, name: str) -> None:
    async def scene() -> tuple[float, Observation]:
        window = await zoo.window()
        began = time.monotonic()
        await window.goto(zoo.page(name))
        took = time.monotonic() - began
        seen = (await window.observe()).observation
        while seen.title != "still":  # a meta element leads on after the page has loaded
            seen = (await window.observe()).observation
        await window.close()
        return took, seen

    took, seen = zoo.run(asyncio.wait_for(scene(), 20))
    assert took < 10
    assert seen.title == "still"


def test_a_page_that_leads_on_later_is_read_until_then(zoo: Keeper) -> None:
    async def scene() -> list[str]:
        window = await _at(zoo, "refresh-soon")
        assert window.seen is not None
        titles = [window.seen.title]
        while titles[-1] != "still":
            titles.append((await window.observe()).observation.title)
        await window.close()
        return titles

    titles = zoo.run(asyncio.wait_for(scene(), 20))
    assert titles[0] == "refresh-soon"


def test_an_address_that_changes_without_loading_is_told_of(zoo: Keeper) -> None:
    async def scene() -> list[tuple[str, bool]]:
        window = await _at(zoo, "pushes")
        _, pushed = await _press(window)
        told = []
        for action in (Back(), Forward()):
            assert (await act(window, action)).result is Result.DONE
            told.append((await window.observe()).observation)
        await window.close()
        return [(seen.url.rpartition("/")[2], seen.title == "pushes") for seen in (pushed, *told)]

    assert zoo.run(scene()) == [("pushed.html", True), ("pushes.html", True), ("pushed.html", True)]


def test_a_place_in_the_page_is_gone_to_and_come_back_from(zoo: Keeper) -> None:
    async def scene() -> list[str]:
        window = await _at(zoo, "fragments")
        _, seen = await _press(window)
        await act(window, Back())
        told = [seen.url, (await window.observe()).observation.url]
        await act(window, Goto(url=zoo.page("fragments") + "#end"))
        told.append((await window.observe()).observation.url)
        await window.close()
        return [url.rpartition("/")[2] for url in told]

    assert zoo.run(scene()) == ["fragments.html#end", "fragments.html", "fragments.html#end"]


def test_parts_that_are_refused_neither_hold_a_page_up_nor_blame_the_way_back_to_it(zoo: Keeper) -> None:
    async def scene() -> list[tuple[Result, str]]:
        window = await _at(zoo, "refused")
        outcome, seen = await _press(window)
        told = [(outcome.result, seen.title)]
        for action in (Back(), Forward(), Back()):
            outcome = await act(window, action)
            told.append((outcome.result, (await window.observe()).observation.title))
        await window.close()
        return told

    began = time.monotonic()
    assert zoo.run(scene()) == [(Result.DONE, title) for title in ("still", "refused", "still", "refused")]
    assert time.monotonic() - began < 10


def test_a_page_that_writes_itself_anew_is_read_anew(zoo: Keeper) -> None:
    async def scene() -> list[str]:
        window = await _at(zoo, "emptied")
        _, seen = await _press(window)
        await window.close()
        return [element.text for element in seen.elements if element.text]

    assert zoo.run(scene()) == ["anew"]


# Tabs


def _tabs(seen: Observation) -> list[tuple[str, bool]]:
    return [(tab.title, tab.active) for tab in seen.tabs]


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("blank", ["blank", "still"]),
        ("leaving", ["leaving", "leaving-inner"]),
        ("named", ["named", "still"]),
        ("written", ["written", "written"]),
        ("openers", ["openers", *["openers-next"] * 6]),
    ],
)
def test_a_tab_that_a_page_opens_becomes_the_active_one(zoo: Keeper, name: str, titles: list[str]) -> None:
    async def scene() -> Observation:
        window = await _at(zoo, name)
        outcome, seen = await _press(window)
        assert outcome.result is Result.DONE
        while len(seen.tabs) < len(titles):
            seen = (await window.observe()).observation
        seen = (await window.observe()).observation
        await window.close()
        return seen

    seen = zoo.run(asyncio.wait_for(scene(), 20))
    assert _tabs(seen) == [(title, place == len(titles) - 1) for place, title in enumerate(titles)]


def test_a_tab_that_closes_itself_on_a_click_is_a_done_action_and_the_other_tab_is_active(zoo: Keeper) -> None:
    async def scene() -> tuple[Outcome, Observation]:
        window = await _at(zoo, "leaving")
        await _press(window)
        told = await _press(window)
        assert window.healthy
        await window.close()
        return told

    outcome, seen = zoo.run(scene())
    assert outcome.result is Result.DONE
    assert _tabs(seen) == [("leaving", True)]


def test_a_window_that_closes_itself_at_once_leaves_the_page_as_it_was(zoo: Keeper) -> None:
    async def scene() -> Observation:
        window = await _at(zoo, "fleeting")
        outcome, seen = await _press(window)
        assert outcome.result is Result.DONE
        while len(seen.tabs) > 1:
            seen = (await window.observe()).observation
        assert window.healthy
        await window.close()
        return seen

    assert _tabs(zoo.run(asyncio.wait_for(scene(), 20))) == [("fleeting", True)]


def test_a_tab_on_its_way_when_the_window_is_renewed_does_not_come(zoo: Keeper) -> None:
    async def scene() -> list[Observation]:
        window = await zoo.window()
        seen = []
        for _ in range(8):
            await window.goto(zoo.page("late"))
            await window.observe()
            assert window.seen is not None
            await act(window, Click(node=window.seen.elements[0].id))
            await window.renew()
            await window.goto(zoo.page("pushes"))
            seen.append((await window.observe()).observation)
        await window.close()
        return seen

    assert [_tabs(seen) for seen in zoo.run(scene())] == [[("pushes", True)]] * 8


@pytest.mark.parametrize("name", ["storm", "storm-slow"])
def test_a_thousand_windows_are_ten_tabs_and_a_bounded_step(zoo: Keeper, name: str) -> None:
    async def scene() -> tuple[float, Observation, Observation]:
        window = await _at(zoo, name)
        pid = os.getpid()
        before = peak = await asyncio.to_thread(megabytes, pid)
        began = time.monotonic()
        step = asyncio.create_task(_press(window))
        while not step.done():
            peak = max(peak, await asyncio.to_thread(megabytes, pid))
            await asyncio.wait([step], timeout=0.1)
        _, seen = await step
        assert time.monotonic() - began < 10
        assert window.healthy
        await window.renew()
        await window.goto(zoo.page("still"))
        last = (await window.observe()).observation
        await asyncio.wait_for(_alone(zoo, window), 5)
        await window.close()
        return peak - before, seen, last

    grown, seen, last = zoo.run(scene())
    assert len(seen.tabs) == 10
    assert grown < MEGABYTES
    assert _tabs(last) == [("still", True)]


async def _alone(keeper: Keeper, window: Window) -> None:
    """Wait until the browser has no other page in the context of this window."""
    while True:
        told = (await keeper.stage.browser.ask("Target.getTargets", {}))["targetInfos"]
        context = next(one["browserContextId"] for one in told if one["targetId"] == window.target)
        if sum(one["browserContextId"] == context for one in told) == 1:
            return
        await asyncio.sleep(0.02)
