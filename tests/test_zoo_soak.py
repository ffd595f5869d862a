"""Memory over many pages; `bench/soak.py` does it at length."""

from __future__ import annotations

import os

import pytest

from conftest import Keeper, megabytes
from webapprentice.browser import Browser, act
from webapprentice.core.actions import Click

pytestmark = pytest.mark.browser

WARM, MORE = 16, 16
"""Episodes."""
PAGES = ("controls", "dialog-alert", "frames-6", "blank")


def test_what_we_hold_stays_flat_within_a_tenth(zoo: Keeper) -> None:
    async def scene() -> tuple[float, float]:
        async with Browser.launch(zoo.stage.browser.config.with_(origins=(zoo.url,), recycle_episodes=0)) as browser:
            window = await browser.open()

            async def episodes(count: int) -> float:
                for number in range(count):
                    await window.renew()
                    await window.goto(zoo.page(PAGES[number % len(PAGES)]))
                    seen = (await window.observe()).observation
                    pressed = next(element.id for element in seen.elements if element.clickable)
                    await act(window, Click(node=pressed))
                    await window.observe(html=True)
                await window.ask("HeapProfiler.collectGarbage", {}, "tidying")
                assert browser.pid is not None
                return megabytes(browser.pid) + megabytes(os.getpid(), alone=True)

            return await episodes(WARM), await episodes(MORE)

    before, after = zoo.run(scene())
    assert after < 1.1 * before
