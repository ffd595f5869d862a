"""Finding and starting Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import bounded, fault
from webapprentice.browser.dialing import Allowance, Ledger, Resolve, system
from webapprentice.browser.downloads import PREFIX
from webapprentice.browser.flags import flags, sandboxed
from webapprentice.browser.origins import Policy
from webapprentice.browser.pipe import Pipe, Session
from webapprentice.browser.proxy import Proxy
from webapprentice.browser.window import Window
from webapprentice.core.faults import FaultError, UnavailableError

SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WEIGHED = 50
"""Episodes between two looks at the memory that the browser takes."""
_STARTS = 3
"""Times that a browser which has run before is started before it counts as missing."""
_LISTENS = "--remote-debugging-port"
_LOOKS = 0.02
PROFILE = PREFIX
BYPASS = "<-loopback>"
"""Not even this machine is reached beside the proxy."""
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


def _server(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _through(port: int) -> tuple[str, ...]:
    """Loopback addresses, too, go through the proxy: else they would be the hole in the wall."""
    return f"--proxy-server={_server(port)}", "--proxy-bypass-list=<-loopback>"


def _allowance(config: BrowserConfig) -> Allowance:
    return Allowance(
        body_bytes=config.body_bytes,
        # The browser cancels a download that grows too large; this is the end for one that outruns it.
        download_bytes=max(config.body_bytes, config.download_bytes + 2_000_000),
        tunnel_bytes=config.tunnel_bytes,
        connections=config.connections,
    )


def sweep(temporary: Path) -> None:
    """Remove the profiles of runs that were killed: theirs is the process id in the name."""
    for folder in temporary.glob(f"{PROFILE}*"):
        owner = folder.name.removeprefix(PROFILE).split("-")[0]
        if owner.isdigit() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: Path) -> None:
    """With everything in it, also what somebody who is about to end still writes there."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.01)


def _text_of(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


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

    def __init__(self, config: BrowserConfig, executable: Path, resolve: Resolve = system) -> None:
        self.config = config
        self.resolve = resolve
        """Gives the addresses of a name to the windows' proxies."""
        self.executable = executable
        self.version = ""
        """Such as `chromium 156.0.8078.79`, with `no sandbox` where that is so."""
        self.generation = 0
        """How often the process has been started: what was opened in an earlier one is gone."""
        self.pid: int | None = None
        """Process id of the browser itself, which a wrapper may have started, while it runs."""
        self._pipe: Pipe | None = None
        self._profile: str | None = None
        self.ledger = Ledger()
        """What the windows' pages asked for and were refused."""
        self._windows: dict[str, Window] = {}
        self._retired: list[tuple[Pipe, str | None]] = []
        self._begun = 0
        self._proxies: dict[str, Proxy] = {}
        self._wall = Proxy(Policy(()))
        """For whatever belongs to no window: it leads nowhere."""
        self._starting = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def launch(cls, config: BrowserConfig | None = None, resolve: Resolve = system) -> AsyncIterator[Self]:
        """A running browser, closed on the way out; `resolve` gives the addresses of names.

        Raises UnavailableError where there is none to start.
        """
        config = config or BrowserConfig()
        executable = Path(config.executable) if config.executable else find_chromium()
        if executable is None or not executable.exists():
            raise UnavailableError(MISSING if executable is None else f"no browser at {executable}")
        browser = cls(config, executable, resolve)
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
        # What has run before is there: something else has ended it while it was starting.
        for left in reversed(range(_STARTS if self.generation else 1)):
            await self._discard()
            try:
                return await self._launch()
            except (FaultError, UnavailableError):
                if not left:
                    raise
        return None

    async def _launch(self) -> None:
        config = self.config
        await asyncio.to_thread(sweep, Path(tempfile.gettempdir()))
        self._profile = tempfile.mkdtemp(prefix=f"{PROFILE}{os.getpid()}-")
        try:
            if not self._wall.port:
                await self._wall.start()
            arguments = [*flags(config), f"--user-data-dir={self._profile}", *_through(self._wall.port)]
            self._pipe = await Pipe.start(self.executable, arguments)
            pipe, root = self._pipe, self._pipe.browser
            root.hears["Target.attachedToTarget"] = lambda told: self._attached(pipe, told)
            root.hears["Target.detachedFromTarget"] = lambda told: self._detached(pipe, told)
            root.hears["Browser.downloadWillBegin"] = self._download
            root.hears["Browser.downloadProgress"] = self._progress
            found = await bounded(root.send("Browser.getVersion"), config.launch_seconds, "starting the browser")
        except (FaultError, OSError) as error:
            await self._discard()
            said = error.fault.message if isinstance(error, FaultError) else str(error)
            raise UnavailableError(f"{self.executable} does not start: {said}") from error
        self.generation += 1
        self._begun = 0
        note = "" if sandboxed(config) else " (no sandbox)"
        self.version = f"chromium {found['product'].partition('/')[2]}{note}"
        told = await self.ask("SystemInfo.getProcessInfo", {})
        self.pid = next((entry["id"] for entry in told["processInfo"] if entry["type"] == "browser"), None)
        # Every new page stops before its first script until its window has prepared it.
        watching = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        await bounded(root.send("Target.setAutoAttach", watching), config.call_seconds, "watching for pages")

    def _attached(self, pipe: Pipe, told: dict[str, Any]) -> None:
        about = told["targetInfo"]
        session = pipe.session(told["sessionId"])
        window = self._windows.get(about.get("browserContextId", ""))
        if window is not None and about["type"] == "page":
            window.attached(session, about["targetId"], about.get("openerId", ""))
        else:
            # Let go before it runs, a worker would wait for ever.
            running = session.post("Runtime.runIfWaitingForDebugger")
            leaving = {"sessionId": told["sessionId"]}
            running.add_done_callback(lambda _: pipe.browser.post("Target.detachFromTarget", leaving))

    def _detached(self, pipe: Pipe, told: dict[str, Any]) -> None:
        session = pipe.forget(told["sessionId"])
        if session is not None:
            for window in list(self._windows.values()):
                window.detached(session)

    def _download(self, told: dict[str, Any]) -> None:
        # The tab has told its window already: what nobody claims, or has had enough of, is not wanted.
        if not any(window.downloads.claims(told["guid"]) for window in self._windows.values()):
            self._cancel(told["guid"])

    def _progress(self, told: dict[str, Any]) -> None:
        for window in list(self._windows.values()):
            window.downloads.hear(told, self._cancel)

    def _cancel(self, download: str) -> None:
        for context, window in self._windows.items():
            root = window.root or (self._pipe.browser if self._pipe is not None else None)
            if root is not None:
                root.post("Browser.cancelDownload", {"guid": download, "browserContextId": context})

    async def open(self, *scripts: str) -> Window:
        """A new window with one empty tab; `scripts` run in each of its documents before the page's own."""
        window = Window(self, self.config, scripts)
        await window.renew()
        return window

    async def context(self, window: Window) -> tuple[str, Session]:
        """A fresh browser context for this window: its id, and the session of the process that holds it.

        Starts the browser again when it has died.
        """
        await self.start()
        if self._pipe is None:
            raise fault("browser_dead", "the browser is not running")
        root = self._pipe.browser
        proxy = await self.proxied(window)
        try:
            asked = {"disposeOnDetach": True, "proxyServer": _server(proxy.port), "proxyBypassList": BYPASS}
            name: str = (await self.ask("Target.createBrowserContext", asked, root=root))["browserContextId"]
        except BaseException:
            await proxy.stop()
            raise
        try:
            await self.adopt(name, window, root)
        except BaseException:
            await self.release(name)
            raise
        return name, root

    async def proxied(self, window: Window) -> Proxy:
        """The proxy that a context of this window must have, running."""
        proxy = window.proxy = Proxy(window.policy, self.ledger, _allowance(self.config), self.resolve)
        proxy.noticed = window.noticed
        try:
            await proxy.start()
        except OSError as error:
            raise fault("browser_error", f"no port for the window's proxy: {error}") from error
        return proxy

    async def adopt(self, context: str, window: Window, root: Session | None = None) -> None:
        """From now on the tabs of this context are tabs of the window, and its proxy belongs to it."""
        self._windows[context] = window
        if window.proxy is not None:
            self._proxies[context] = window.proxy
        quarantine = {**window.downloads.begin(), "browserContextId": context}
        await self.ask("Browser.setDownloadBehavior", quarantine, root=root)

    async def release(self, context: str) -> None:
        """Have nothing to do any more with a context that somebody else closes, and shut its proxy."""
        self._windows.pop(context, None)
        proxy = self._proxies.pop(context, None)
        if proxy is not None:
            await proxy.stop()

    async def endpoint(self) -> str:
        """Where other clients of the protocol connect, such as `http://127.0.0.1:9222`.

        Raises UnavailableError where the configuration's arguments do not ask for `--remote-debugging-port=0`.
        """
        file = Path(self._profile or "") / "DevToolsActivePort"
        until = time.monotonic() + (self.config.call_seconds if _LISTENS in " ".join(self.config.arguments) else 0.0)
        while True:
            told = await asyncio.to_thread(_text_of, file)
            if told:
                return f"http://127.0.0.1:{int(told.split()[0])}"
            if time.monotonic() >= until:
                raise UnavailableError("the browser listens on no port; start it with --remote-debugging-port=0")
            await asyncio.sleep(_LOOKS)  # the browser writes it a moment after it has started

    async def dispose(self, context: str, root: Session, seconds: float) -> None:
        """Close a context with all its tabs; the last one of a process that was replaced ends that process."""
        await self.release(context)
        try:
            await self.ask("Target.disposeBrowserContext", {"browserContextId": context}, seconds, root)
        finally:
            for pipe, profile in [one for one in self._retired if one[0].browser is root]:
                if not any(window.root is root for window in self._windows.values()):
                    self._retired.remove((pipe, profile))
                    await self._end(pipe, profile)

    async def ask(
        self, method: str, parameters: dict[str, Any], seconds: float | None = None, root: Session | None = None
    ) -> Any:
        """A command to the browser itself, and its answer. Raises FaultError owned by `environment`."""
        if root is None:
            if self._pipe is None:
                raise fault("browser_dead", "the browser is not running")
            root = self._pipe.browser
        return await bounded(root.send(method, parameters), seconds or self.config.call_seconds, method)

    async def tend(self) -> None:
        """Count an episode that begins. After so many, or when it has grown too large, the process is replaced.

        Windows move to the new one when they are next renewed (`Window.outdated` says that they should be), and the
        old process ends with its last window.
        """
        self._begun += 1
        limit = self.config.recycle_episodes
        grown = self._begun % _WEIGHED == 0 and await asyncio.to_thread(self._megabytes) > self.config.recycle_mb
        if self.alive and (grown or (limit and self._begun >= limit)):
            async with self._starting:
                if self.alive and self._pipe is not None and self._begun >= min(limit or _WEIGHED, _WEIGHED):
                    await self._replace(self._pipe)

    async def _replace(self, old: Pipe) -> None:
        profile, self._pipe, self._profile = self._profile, None, None
        try:
            await self._launch()
        except (FaultError, UnavailableError):  # no room for a second one just now: the old one goes on
            await self._discard()
            self._pipe, self._profile, self._begun = old, profile, 0
        else:
            self._retired.append((old, profile))

    def _megabytes(self) -> float:
        """Resident memory of the browser's processes; 0 where there is no /proc."""
        total = 0
        group = self._pipe.pid if self._pipe is not None else 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                    total += int((folder / "statm").read_text().split()[1])
            except (OSError, IndexError):
                continue
        return total * os.sysconf("SC_PAGE_SIZE") / 2**20

    async def kill(self, generation: int) -> None:
        """End the process by its id: the last rung of the ladder, for a browser that no longer answers.

        Nothing happens when the process of this generation has been replaced already: of many windows that fail at
        once, only the first ends the browser.
        """
        async with self._starting:
            if generation == self.generation:
                await self._discard()

    async def _discard(self) -> None:
        """End what runs, and wait until nothing of it is left."""
        pipe, self._pipe, self.pid = self._pipe, None, None
        profile, self._profile = self._profile, None
        await self._end(pipe, profile)

    async def _end(self, pipe: Pipe | None, profile: str | None) -> None:
        if pipe is not None:
            pipe.kill()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.config.call_seconds):
                    await pipe.over.wait()
        if profile is not None:
            await asyncio.to_thread(_remove, Path(profile))

    async def stop(self) -> None:
        """Close the browser, by force when it does not answer."""
        if self._pipe is not None and self._pipe.alive:
            with suppress(FaultError):
                await self.ask("Browser.close", {}, 3.0)
                await bounded(self._pipe.over.wait(), 3.0, "closing the browser")
        await self._discard()
        while self._retired:
            await self._end(*self._retired.pop())
        proxies, self._proxies = [self._wall, *self._proxies.values()], {}
        await asyncio.gather(*(proxy.stop() for proxy in proxies))
        for window in list(self._windows.values()):  # one that is being opened may come or go
            await window.downloads.end()
