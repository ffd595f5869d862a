"""What the browser is started with, and what comes of it: processes, frames, and what a page may draw."""

from __future__ import annotations

import asyncio

import pytest

from conftest import Stage
from webapprentice.browser import Browser, BrowserConfig, Window
from webapprentice.browser.flags import FLAT, OFF, flags

FRAMES = """new Promise((done) => {
  let frames = 0;
  const began = performance.now();
  const next = () => {
    frames += 1;
    if (performance.now() - began < 500) requestAnimationFrame(next); else done(frames);
  };
  requestAnimationFrame(next);
})"""
SOLID = "['webgl', 'webgl2'].map((kind) => document.createElement('canvas').getContext(kind) !== null)"


def test_each_flag_is_given_once_and_lists_of_the_configuration_are_added_to_ours() -> None:
    own = ("--js-flags=--no-opt", "--disable-features=Bluetooth", "--mine=1", "--mine=2", "--enable-features=A,B")
    given = flags(BrowserConfig(arguments=own))
    names = [flag.partition("=")[0] for flag in given]
    assert given[-2:] == ["--mine=1", "--mine=2"]
    assert len(set(names)) == len(names) - 1
    assert "--js-flags=--initial-old-space-size=4 --no-opt" in given
    assert f"--disable-features={','.join(OFF)},Bluetooth" in given
    assert "--enable-features=NetworkServiceInProcess2,A,B" in given


@pytest.mark.parametrize(
    ("viewport", "drawn"), [((500, 320), "500,320"), ((1280, 720), "800,600"), ((600, 900), "600,600")]
)
def test_no_more_is_kept_drawn_than_the_page_is_large(viewport: tuple[int, int], drawn: str) -> None:
    config = BrowserConfig(viewport=viewport)
    assert f"--window-size={drawn}" in flags(config)
    assert not any("--window-size" in flag for flag in flags(config.with_(headless=False)))


async def processes(browser: Browser) -> list[tuple[str, int]]:
    told = await browser.ask("SystemInfo.getProcessInfo", {})
    return sorted((one["type"], one["id"]) for one in told["processInfo"])


@pytest.mark.browser
def test_windows_that_load_again_and_again_start_no_process(stage: Stage) -> None:
    async def scene() -> None:
        async with Browser.launch(stage.browser.config) as browser:
            windows = [await browser.open() for _ in range(3)]
            for window in windows:
                await window.goto(stage.url + "names.html")
            before = await processes(browser)
            assert not any("network" in kind.lower() for kind, _ in before)
            for _ in range(3):
                await asyncio.gather(*(window.goto(stage.url + "forms.html") for window in windows))
            assert await processes(browser) == before

    stage.run(scene())


@pytest.mark.browser
def test_a_page_draws_no_more_frames_than_a_screen_shows(stage: Stage, window: Window) -> None:
    async def scene() -> object:
        await window.goto(stage.url + "names.html")
        return await window.evaluate(FRAMES)

    assert 1 < int(str(stage.run(scene()))) < 60


@pytest.mark.browser
def test_pages_have_three_dimensions_unless_they_are_told_to_be_flat(stage: Stage, window: Window) -> None:
    async def scene() -> tuple[object, object]:
        solid = await window.evaluate(SOLID)
        async with Browser.launch(stage.browser.config.with_(arguments=FLAT)) as browser:
            return solid, await (await browser.open()).evaluate(SOLID)

    assert stage.run(scene()) == ([True, True], [False, False])


@pytest.mark.browser
@pytest.mark.parametrize("viewport", [(300, 200), (1280, 720)])
def test_a_page_is_as_large_as_was_asked_for_and_pressed_to_its_edge(stage: Stage, viewport: tuple[int, int]) -> None:
    hear = "addEventListener('click', (event) => { window.heard = [event.clientX, event.clientY, event.isTrusted]; })"
    x, y = viewport[0] - 2, viewport[1] - 2

    async def scene() -> tuple[object, object, bytes]:
        async with Browser.launch(stage.browser.config.with_(viewport=viewport)) as browser:
            window = await browser.open()
            await window.goto(stage.url + "names.html")
            await window.evaluate(hear)
            press = {"x": x, "y": y, "button": "left", "clickCount": 1}
            for kind in ("mousePressed", "mouseReleased"):
                await window.ask("Input.dispatchMouseEvent", {"type": kind, **press}, "pressing")
            size = await window.evaluate("[innerWidth, innerHeight]")
            return size, await window.evaluate("heard"), await window.screenshot()

    size, heard, png = stage.run(scene())
    assert size == list(viewport)
    assert heard == [x, y, True]
    assert tuple(int.from_bytes(png[at : at + 4], "big") for at in (16, 20)) == viewport
