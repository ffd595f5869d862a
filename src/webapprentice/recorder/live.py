"""A person in front of a browser: begin, go on after an interruption, or close what was interrupted."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from webapprentice import __version__
from webapprentice.browser import Browser
from webapprentice.browser.origins import origin_of
from webapprentice.core.faults import FaultError, UnavailableError, UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.records import Ending, Provenance, Task, Trajectory
from webapprentice.recorder.config import RecordConfig
from webapprentice.recorder.events import Event
from webapprentice.recorder.keeping import Keeper
from webapprentice.recorder.recorder import Recorder
from webapprentice.recorder.spool import SUFFIX, Header, mend, read
from webapprentice.store import Store

Tell = Callable[[str, bool], None]
"""Shows a line; True: the next one may take its place."""
INTERRUPTED = "interrupted here: the recording was closed later"
VISIBLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PULSE = 0.5
"""Seconds between two looks whether the browser lives."""


def ready(config: RecordConfig) -> RecordConfig:
    """The configuration with a browser that can be shown. Raises UnavailableError where there is none."""
    browser = config.browser
    if browser.headless:
        return config
    linux = sys.platform.startswith("linux")
    if linux and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UnavailableError(
            "there is no display to show a browser on: record in a desktop session, run it under xvfb-run, or record "
            "a script with --headless"
        )
    if browser.executable is None:
        found = _visible()
        if found is None:
            raise UnavailableError(
                "no Chromium that can be shown was found, only headless ones at best: install one (`playwright install "
                "chromium`, or your system's chromium package) or name it in WEBAPPRENTICE_CHROMIUM"
            )
        return config.with_(browser=browser.with_(executable=str(found)))
    return config


def _visible() -> Path | None:
    named = os.environ.get("WEBAPPRENTICE_CHROMIUM")
    if named:
        return Path(named)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    places = [*cache.glob("chromium-*/chrome*/chrome"), *cache.glob("chromium-*/chrome*/*.app/Contents/MacOS/*")]
    runnable = sorted(path for path in places if os.access(path, os.X_OK))
    if runnable:
        return runnable[-1]
    found = next((path for name in VISIBLE if (path := shutil.which(name))), None)
    return Path(found) if found else None


async def record(url: str, goal: str, config: RecordConfig, store: Store, folder: Path, tell: Tell) -> Trajectory:
    """Record from this address on until the person says that it is done, closes the last tab, or presses Control+C.

    Raises UsageError for an address that cannot be opened, UnavailableError when the browser goes; what was recorded
    is kept and can be gone on with.
    """
    try:
        origin = str(origin_of(url))
    except ValueError as error:
        raise UsageError(f"{url} cannot be opened: {error}; give an address such as https://example.org/") from error
    config = ready(config)
    about = Provenance(version=__version__, viewport=config.browser.viewport, locale=config.browser.locale)
    key = key_of("recording", url, goal, time.time_ns(), os.getpid())
    task = Task(id=f"recorded/{key}", benchmark="recorded", goal=goal or None, start_urls=(url,), sites=(origin,))
    header = Header(key=key, collection=config.collection, task=task, goal=goal, provenance=about)
    async with _open(config, origin) as recorder:
        await _goto(recorder, url)
        with Keeper.open(store, folder / f"{key}{SUFFIX}", header, config) as keeper:
            return await _until_done(recorder, keeper, tell)


async def resume(path: Path, config: RecordConfig, store: Store, tell: Tell) -> Trajectory:
    """Go on with an interrupted recording, on the page where it was last."""
    header, events = read(path)
    config = ready(config.with_(collection=header.collection))
    mend(path)
    with Keeper.open(store, path, header, config) as keeper:
        keeper.again(events)
        url = _last_url(keeper, header)
        async with _open(config, str(origin_of(url))) as recorder:
            recorder.count_from(max(keeper.fold.tabs, default=-1) + 1)
            await _goto(recorder, url)
            old = list(keeper.fold.tabs)
            now = time.time()
            keeper.take(Event(kind="pause", at=now))  # the tabs of the old browser are gone: nobody closed them
            for number in recorder.numbers:
                keeper.take(Event(kind="opened", at=now, tab=number))
            for number in old:
                keeper.take(Event(kind="closed", at=now, tab=number))
            keeper.take(Event(kind="resume", at=now))
            return await _until_done(recorder, keeper, tell)


def close(path: Path, config: RecordConfig, store: Store) -> Trajectory:
    """Make a trajectory of what was recorded until the interruption; its last step says so."""
    header, events = read(path)
    mend(path)
    with Keeper.open(store, path, header, config) as keeper:
        keeper.again(events)
        return keeper.finish(Ending.CANCELLED, message=INTERRUPTED)


def _last_url(keeper: Keeper, header: Header) -> str:
    seen = [draft.seen for draft in keeper.fold.drafts if draft.seen is not None]
    url = keeper.observation(seen[-1]).url if seen else ""
    return url if url.startswith(("http:", "https:")) and "{{" not in url else header.task.start_urls[0]


async def _goto(recorder: Recorder, url: str) -> None:
    try:
        await recorder.window.goto(url)
    except FaultError as error:
        raise UsageError(f"{url} cannot be opened: {error.fault.message}") from error


@asynccontextmanager
async def _open(config: RecordConfig, origin: str) -> AsyncIterator[Recorder]:
    origins = config.browser.origins or ("*", origin)
    browser = config.browser.with_(origins=origins)
    async with Browser.launch(browser) as chromium:
        recorder = await Recorder.open(chromium, config.with_(browser=browser))
        try:
            yield recorder
        finally:
            await recorder.close()


async def _until_done(recorder: Recorder, keeper: Keeper, tell: Tell) -> Trajectory:
    recorder.told = lambda steps: tell(f"recording: {steps} step{'' if steps == 1 else 's'}", True)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(name, recorder.ended.set)
    orders = asyncio.create_task(_orders(recorder))
    try:
        await recorder.begin(keeper)
        tell("press Done in the page's bar, close the window, or press Control+C here when you have finished", False)
        while not recorder.ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(recorder.ended.wait(), _PULSE)
            if not recorder.window.browser.alive:
                raise UnavailableError(
                    f"the browser has gone; {len(keeper.fold.drafts)} steps are kept: go on with "
                    "`apprentice record --resume`"
                )
        return await recorder.end(keeper)
    finally:
        orders.cancel()
        for name in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(name)


async def _orders(recorder: Recorder) -> None:
    """Lines on standard input, for scripts: `pause`, `resume`, `undo`, `goal TEXT`, `done`."""
    if sys.stdin is None or sys.stdin.closed:
        return
    kind = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        return  # a terminal, a file or nothing: no orders
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    except (ValueError, OSError):
        return  # a file or nothing: no orders
    while line := await reader.readline():
        word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        with suppress(FaultError):
            recorder.order({"done": "end"}.get(word, word), rest)
