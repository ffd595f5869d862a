"""Pages that never rest and pages whose process dies: the window is back in service in time, in the same browser."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from conftest import Keeper
from webapprentice.browser import Browser, Window, act
from webapprentice.core.actions import Click, Goto
from webapprentice.core.faults import FaultError, Owner
from webapprentice.core.records import Limits
from zoo.busy import PAGES

pytestmark = pytest.mark.browser

SHORT = {"call_seconds": 2.0, "act_seconds": 0.5, "settle_seconds": 0.3, "navigate_seconds": 4.0}
STEP, BACK = Limits().step_seconds, 10.0
"""Seconds that the step may take, and the way back after it."""
AT_ONCE = 4
CRASHES = 6
"""Of each kind."""


async def _step(keeper: Keeper, window: Window, name: str) -> None:
    await window.goto(keeper.page(name))
    seen = (await window.observe()).observation
    button = next((element.id for element in seen.elements if element.name == "go"), None)
    if button is not None:
        await act(window, Click(node=button))
    await window.observe()
    await act(window, Goto(url=keeper.page("still")))


async def _back(keeper: Keeper, name: str) -> tuple[str, float, float]:
    """What the step came to, and the seconds that it and the way back took."""
    window = await keeper.window(**SHORT)
    began = time.monotonic()
    try:
        await _step(keeper, window, name)
        came = "done"
    except FaultError as error:
        came = error.fault.kind if error.fault.owner is Owner.ENVIRONMENT else "not the page's"
    failed = time.monotonic()
    if not window.healthy:
        await window.renew()
    await window.goto(keeper.page("still"))
    assert (await window.observe()).observation.title == "still"
    done = time.monotonic()
    await window.close()
    return came, failed - began, done - failed


def test_a_page_that_never_rests_costs_a_step_and_no_more(zoo: Keeper) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> tuple[str, float, float]:
        async with turns:
            return await _back(zoo, name)

    async def scene() -> dict[str, tuple[str, float, float]]:
        generation = zoo.stage.browser.generation
        found = await asyncio.gather(*(one(name) for name in PAGES))
        assert zoo.stage.browser.generation == generation
        return dict(zip(PAGES, found, strict=True))

    found = zoo.run(scene())
    assert not {name: told for name, told in found.items() if told[1] > STEP or told[2] > BACK}
    hung = {name for name, told in found.items() if told[0] == "page_hang"}
    assert {"busy-click", "busy-timer", "busy-frame", "busy-xhr", "busy-expression", "busy-layout"} <= hung
    assert {"busy-microtasks", "busy-mutations", "busy-beforeunload"} <= hung
    assert found["busy-worker"][0] == "done"


async def _crash(_browser: Browser, window: Window) -> None:
    await window.ask("Page.crash", {}, "crashing")


async def _kill(browser: Browser, window: Window) -> None:
    for entry in (await browser.ask("SystemInfo.getProcessInfo", {}))["processInfo"]:
        if entry["type"] == "renderer":
            os.kill(entry["id"], signal.SIGKILL)
    await window.evaluate("new Promise(() => {})", seconds=2.0)


@pytest.mark.parametrize("end", [_crash, _kill], ids=["crash", "kill"])
def test_a_page_whose_process_ends_is_replaced_within_5_seconds(zoo: Keeper, end: object) -> None:
    async def scene() -> list[float]:
        config = zoo.stage.browser.config.with_(origins=(zoo.url,), **SHORT)
        async with Browser.launch(config) as browser:
            window, took = await browser.open(), []
            for _ in range(CRASHES):
                await window.goto(zoo.page("still"))
                with pytest.raises(FaultError) as caught:
                    await end(browser, window)  # type: ignore[operator]
                began = time.monotonic()
                assert caught.value.fault.kind == "page_crash"
                await window.renew()
                await window.goto(zoo.page("still"))
                assert (await window.observe()).observation.title == "still"
                took.append(time.monotonic() - began)
            assert browser.generation == 1
        return took

    took = zoo.run(scene())
    assert max(took) < 5
