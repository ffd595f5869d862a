"""Finding and starting Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from playwright.async_api import Browser as Process
from playwright.async_api import BrowserContext, Error, Playwright, async_playwright

from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import bounded, fault
from webapprentice.browser.window import Window
from webapprentice.core.faults import FaultError, UnavailableError

SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    # A mouse move is answered with the next frame: without these two it waits 16 ms for the screen.
    "--disable-gpu-vsync",
    "--disable-frame-rate-limit",
)
MISSING = (
    "no Chromium found: install one (`playwright install chromium`, or your system's chromium-headless-shell package) "
    "or name it in WEBAPPRENTICE_CHROMIUM"
)


def find_chromium() -> Path | None:
    """WEBAPPRENTICE_CHROMIUM, then Playwright's own download, then the system's; None where there is none.

    Raises UnavailableError when the variable names something that cannot be run.
    """
    named = os.environ.get("WEBAPPRENTICE_CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            raise UnavailableError(f"WEBAPPRENTICE_CHROMIUM is {named}, which is no program that can be run")
        return Path(named)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    downloads = [
        *cache.glob("chromium_headless_shell-*/chrome*/*headless?shell"),
        *cache.glob("chromium-*/chrome*/chrome"),
        *cache.glob("chromium-*/chrome*/*.app/Contents/MacOS/*"),
    ]
    runnable = sorted(path for path in downloads if os.access(path, os.X_OK))
    if runnable:
        return runnable[-1]
    found = next((path for name in SYSTEM if (path := shutil.which(name))), None)
    return Path(found) if found else None


def flags(config: BrowserConfig) -> list[str]:
    """The command line's flags, in order; they belong into the provenance of what was seen."""
    chosen = list(FLAGS)
    if not sandboxed(config):
        chosen.append("--no-sandbox")
    if config.hosts is not None:
        allowed = " , ".join(f"EXCLUDE {host}" for host in config.hosts)
        chosen.append(f"--host-resolver-rules=MAP * ~NOTFOUND , {allowed}")
    return [*chosen, *config.arguments]


def sandboxed(config: BrowserConfig) -> bool:
    """Whether Chromium's own sandbox is on; root has to do without."""
    return config.sandbox if config.sandbox is not None else not (hasattr(os, "geteuid") and os.geteuid() == 0)


class Browser:
    """One browser process with any number of windows, each with cookies and storage of its own."""

    def __init__(self, playwright: Playwright, config: BrowserConfig, executable: Path) -> None:
        self.config = config
        self.executable = executable
        self.version = ""
        """Such as `chromium 156.0.8078.79`, with `no sandbox` where that is so."""
        self.generation = 0
        """How often the process has been started: what was opened in an earlier one is gone."""
        self._playwright = playwright
        self._process: Process | None = None
        self.pid: int | None = None
        """Process id, while it runs."""
        self._starting = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def launch(cls, config: BrowserConfig | None = None) -> AsyncIterator[Self]:
        """A running browser, closed on the way out. Raises UnavailableError where there is none to start."""
        config = config or BrowserConfig()
        executable = Path(config.executable) if config.executable else find_chromium()
        if executable is None or not executable.exists():
            raise UnavailableError(MISSING if executable is None else f"no browser at {executable}")
        async with async_playwright() as playwright:
            browser = cls(playwright, config, executable)
            await browser.start()
            try:
                yield browser
            finally:
                await browser.stop()

    @property
    def alive(self) -> bool:
        """Whether the process runs and is connected."""
        return self._process is not None and self._process.is_connected()

    async def start(self) -> None:
        """Start the process unless it runs."""
        async with self._starting:
            if not self.alive:
                await self._start()

    async def _start(self) -> None:
        config = self.config
        launch = self._playwright.chromium.launch(
            executable_path=str(self.executable),
            headless=config.headless,
            args=flags(config),
            chromium_sandbox=sandboxed(config),
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        try:
            self._process = await bounded(launch, config.launch_seconds, "starting the browser")
        except FaultError as error:
            raise UnavailableError(f"{self.executable} does not start: {error.fault.message}") from error
        self.generation += 1
        note = "" if sandboxed(config) else " (no sandbox)"
        self.version = f"chromium {self._process.version}{note}"
        session = await bounded(self._process.new_browser_cdp_session(), config.call_seconds, "asking for the process")
        told = await bounded(session.send("SystemInfo.getProcessInfo"), config.call_seconds, "asking for the process")
        self.pid = next((entry["id"] for entry in told["processInfo"] if entry["type"] == "browser"), None)

    async def open(self, *scripts: str) -> Window:
        """A new window with one empty tab; `scripts` run in each of its documents before the page's own."""
        window = Window(self, self.config, scripts)
        await window.renew()
        return window

    async def context(self) -> BrowserContext:
        """A fresh Playwright context, starting the browser again when it has died."""
        await self.start()
        if self._process is None:
            raise fault("browser_dead", "the browser is not running")
        width, height = self.config.viewport
        making = self._process.new_context(
            viewport={"width": width, "height": height},
            locale=self.config.locale,
            timezone_id=self.config.timezone,
            accept_downloads=False,
        )
        return await bounded(making, self.config.call_seconds, "opening a window")

    async def kill(self, generation: int) -> None:
        """End the process by its id: the last rung of the ladder, for a browser that no longer answers.

        Nothing happens when the process of this generation has been replaced already: of many windows that fail at
        once, only the first ends the browser.
        """
        if generation != self.generation:
            return
        process, self._process = self._process, None
        if self.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = None
        if process is not None:
            with suppress(FaultError, Error):
                await bounded(process.close(), self.config.call_seconds, "closing a killed browser")

    async def stop(self) -> None:
        """Close the browser, by force when it does not answer."""
        process = self._process
        if process is None:
            return
        try:
            await bounded(process.close(), self.config.call_seconds, "closing the browser")
            self._process, self.pid = None, None
        except FaultError:
            await self.kill(self.generation)
