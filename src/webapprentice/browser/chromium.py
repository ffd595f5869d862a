"""Finding and starting Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import bounded, fault
from webapprentice.browser.pipe import Pipe, Session
from webapprentice.browser.window import Window
from webapprentice.core.faults import FaultError, UnavailableError

SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--enable-automation",
    "--password-store=basic",
    "--use-mock-keychain",
    "--disable-gpu",
    "--disable-quic",
    "--disable-breakpad",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-field-trial-config",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-back-forward-cache",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,"
    "HttpsUpgrades,GlobalMediaControls,DestroyProfileOnBrowserClose",
    "--metrics-recording-only",
    "--force-color-profile=srgb",
    "--mute-audio",
    # A mouse move is answered with the next frame: without these two it waits 16 ms for the screen.
    "--disable-gpu-vsync",
    "--disable-frame-rate-limit",
)
HEADLESS = (
    "--headless",
    "--hide-scrollbars",
    # A mouse and no finger: else style sheets take the machine for a telephone.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)
SMALL_MEMORY = 256 * 2**20
"""Bytes of shared memory below which Chromium crashes on larger pages; containers often have 64 MB."""
PROFILE = "webapprentice-profile-"
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
    chosen = [*FLAGS, f"--accept-lang={config.locale}", f"--lang={config.locale}"]
    if config.headless:
        chosen.extend(HEADLESS)
    if _little_shared_memory():
        chosen.append("--disable-dev-shm-usage")
    if not sandboxed(config):
        chosen.append("--no-sandbox")
    if config.hosts is not None:
        allowed = " , ".join(f"EXCLUDE {host}" for host in config.hosts)
        chosen.append(f"--host-resolver-rules=MAP * ~NOTFOUND , {allowed}")
    return [*chosen, *config.arguments]


def sandboxed(config: BrowserConfig) -> bool:
    """Whether Chromium's own sandbox is on; root has to do without."""
    return config.sandbox if config.sandbox is not None else not (hasattr(os, "geteuid") and os.geteuid() == 0)


def _little_shared_memory() -> bool:
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return False
    return found.f_frsize * found.f_blocks < SMALL_MEMORY


def _sweep() -> None:
    """Remove the profiles of runs that were killed: theirs is the process id in the name."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PROFILE}*"):
        owner = folder.name.removeprefix(PROFILE).split("-")[0]
        if owner.isdigit() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Browser:
    """One browser process with any number of windows, each with cookies and storage of its own."""

    def __init__(self, config: BrowserConfig, executable: Path) -> None:
        self.config = config
        self.executable = executable
        self.version = ""
        """Such as `chromium 156.0.8078.79`, with `no sandbox` where that is so."""
        self.generation = 0
        """How often the process has been started: what was opened in an earlier one is gone."""
        self.pid: int | None = None
        """Process id of the browser itself, which a wrapper may have started, while it runs."""
        self._pipe: Pipe | None = None
        self._profile: str | None = None
        self._windows: dict[str, Window] = {}
        self._starting = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def launch(cls, config: BrowserConfig | None = None) -> AsyncIterator[Self]:
        """A running browser, closed on the way out. Raises UnavailableError where there is none to start."""
        config = config or BrowserConfig()
        executable = Path(config.executable) if config.executable else find_chromium()
        if executable is None or not executable.exists():
            raise UnavailableError(MISSING if executable is None else f"no browser at {executable}")
        browser = cls(config, executable)
        try:
            await browser.start()
            yield browser
        finally:
            await browser.stop()

    @property
    def alive(self) -> bool:
        """Whether the process runs and is connected."""
        return self._pipe is not None and self._pipe.alive

    async def start(self) -> None:
        """Start the process unless it runs."""
        async with self._starting:
            if not self.alive:
                await self._start()

    async def _start(self) -> None:
        config = self.config
        await self._discard()
        await asyncio.to_thread(_sweep)
        self._profile = tempfile.mkdtemp(prefix=f"{PROFILE}{os.getpid()}-")
        arguments = [*flags(config), f"--user-data-dir={self._profile}"]
        try:
            self._pipe = await Pipe.start(self.executable, arguments)
            self._windows.clear()
            root = self._pipe.browser
            root.hears["Target.attachedToTarget"] = self._attached
            root.hears["Target.detachedFromTarget"] = self._detached
            found = await bounded(root.send("Browser.getVersion"), config.launch_seconds, "starting the browser")
        except (FaultError, OSError) as error:
            await self._discard()
            said = error.fault.message if isinstance(error, FaultError) else str(error)
            raise UnavailableError(f"{self.executable} does not start: {said}") from error
        self.generation += 1
        note = "" if sandboxed(config) else " (no sandbox)"
        self.version = f"chromium {found['product'].partition('/')[2]}{note}"
        told = await self.ask("SystemInfo.getProcessInfo", {})
        self.pid = next((entry["id"] for entry in told["processInfo"] if entry["type"] == "browser"), None)
        # Every new page stops before its first script until its window has prepared it.
        watching = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        await bounded(root.send("Target.setAutoAttach", watching), config.call_seconds, "watching for pages")

    def _attached(self, told: dict[str, Any]) -> None:
        about = told["targetInfo"]
        pipe = self._pipe
        if pipe is None:
            return
        session = pipe.session(told["sessionId"])
        window = self._windows.get(about.get("browserContextId", ""))
        if window is not None and about["type"] == "page":
            window.attached(session, about["targetId"])
        else:
            session.post("Runtime.runIfWaitingForDebugger")
            pipe.browser.post("Target.detachFromTarget", {"sessionId": told["sessionId"]})

    def _detached(self, told: dict[str, Any]) -> None:
        if self._pipe is None:
            return
        session = self._pipe.forget(told["sessionId"])
        if session is not None:
            for window in list(self._windows.values()):
                window.detached(session)

    async def open(self, *scripts: str) -> Window:
        """A new window with one empty tab; `scripts` run in each of its documents before the page's own."""
        window = Window(self, self.config, scripts)
        await window.renew()
        return window

    async def context(self, window: Window) -> str:
        """A fresh browser context for this window, by its id; starts the browser again when it has died."""
        await self.start()
        name: str = (await self.ask("Target.createBrowserContext", {"disposeOnDetach": True}))["browserContextId"]
        self._windows[name] = window
        await self.ask("Browser.setDownloadBehavior", {"behavior": "deny", "browserContextId": name})
        return name

    def adopt(self, context: str, window: Window) -> None:
        """From now on the tabs of this context, which another client has made, are tabs of the window."""
        self._windows[context] = window

    async def endpoint(self) -> str:
        """Where other clients of the protocol connect, such as `http://127.0.0.1:9222`.

        Raises UnavailableError where the configuration's arguments do not ask for `--remote-debugging-port=0`.
        """
        try:
            told = await asyncio.to_thread((Path(self._profile or "") / "DevToolsActivePort").read_text)
        except OSError as error:
            raise UnavailableError("the browser listens on no port; start it with --remote-debugging-port=0") from error
        return f"http://127.0.0.1:{int(told.split()[0])}"

    async def dispose(self, context: str, seconds: float) -> None:
        """Close a context with all its tabs."""
        self._windows.pop(context, None)
        await self.ask("Target.disposeBrowserContext", {"browserContextId": context}, seconds)

    async def ask(self, method: str, parameters: dict[str, Any], seconds: float | None = None) -> Any:
        """A command to the browser itself, and its answer. Raises FaultError owned by `environment`."""
        root = self._root()
        return await bounded(root.send(method, parameters), seconds or self.config.call_seconds, method)

    def _root(self) -> Session:
        if self._pipe is None:
            raise fault("browser_dead", "the browser is not running")
        return self._pipe.browser

    async def kill(self, generation: int) -> None:
        """End the process by its id: the last rung of the ladder, for a browser that no longer answers.

        Nothing happens when the process of this generation has been replaced already: of many windows that fail at
        once, only the first ends the browser.
        """
        if generation == self.generation:
            await self._discard()

    async def _discard(self) -> None:
        """End what runs, and wait until nothing of it is left."""
        pipe, self._pipe, self.pid = self._pipe, None, None
        profile, self._profile = self._profile, None
        if pipe is not None:
            pipe.kill()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.config.call_seconds):
                    await pipe.over.wait()
        if profile is not None:
            await asyncio.to_thread(shutil.rmtree, profile, True)

    async def stop(self) -> None:
        """Close the browser, by force when it does not answer."""
        if self._pipe is not None and self._pipe.alive:
            with suppress(FaultError):
                await self.ask("Browser.close", {}, 3.0)
                await bounded(self._pipe.over.wait(), 3.0, "closing the browser")
        await self._discard()
