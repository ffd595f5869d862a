"""Shared fixtures: one Chromium for the whole run, on one event loop that is entered only by `stage.run`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from webapprentice.browser import Browser, BrowserConfig, Window, find_chromium
from webapprentice.tasks.server import PageServer

T = TypeVar("T")
PAGES = Path(__file__).parent / "pages"


class Stage(NamedTuple):
    """A running browser, the address of `tests/pages`, and the loop that both belong to."""

    runner: asyncio.Runner
    browser: Browser
    url: str

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine")
    with asyncio.Runner() as runner, PageServer(PAGES) as server:
        config = BrowserConfig(
            viewport=(800, 600),
            origins=(server.url,),
            call_seconds=6.0,
            act_seconds=3.0,
            uploads=tempfile.gettempdir(),
        )
        launching = Browser.launch(config)
        browser = runner.run(launching.__aenter__())
        try:
            yield Stage(runner, browser, server.url)
        finally:
            runner.run(launching.__aexit__(None, None, None))


@pytest.fixture
def window(stage: Stage) -> Iterator[Window]:
    opened = stage.run(stage.browser.open())
    yield opened
    stage.run(opened.close())
