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
from zoo import write

T = TypeVar("T")
PAGES = Path(__file__).parent / "pages"


LONGEST = (
    *(
        "test_sites_tasks",
        "test_tasks_sites",
        "test_large_path",
        "test_cli",
        "test_train_run",
        "test_interfaces_gym",
        "test_tasks_solvers",
        "test_improve",
    ),
    *("test_tasks_check", "test_browser_faults", "test_page_forms", "test_tasks_miniwob", "test_clicks_guide"),
)
"""Files that take longest come first, so that no worker is left with one of them when the others have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))


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


class Keeper(NamedTuple):
    """A running browser and the address of the zoo's pages."""

    stage: Stage
    url: str

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.stage.run(doing)

    async def window(self, **changes: Any) -> Window:
        """A window that may go to the zoo and nowhere else; `changes` are made to the configuration."""
        config = self.stage.browser.config.with_(origins=(self.url,))
        opened = Window(self.stage.browser, config.with_(**changes))
        await opened.renew()
        return opened

    def page(self, name: str) -> str:
        """The address of a page of the zoo."""
        return f"{self.url}{name}.html"


@pytest.fixture(scope="session")
def zoo(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    folder = tmp_path_factory.mktemp("zoo")
    write(folder)
    with PageServer(folder) as server:
        yield Keeper(stage, server.url)


def megabytes(root: int, alone: bool = False) -> float:
    """Memory of a process and, unless `alone`, of all below it, less what is read from files; shared pages count once.

    The program's own pages are shared with every other browser of the machine: their part changes as those come and go.
    """
    parents, total = {}, 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    for pid in [root] if alone else parents:
        above = pid
        while above in parents and above != root:
            above = parents[above]
        if above != root:
            continue
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return total / 1024
