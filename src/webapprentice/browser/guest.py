"""A second client of our browser: synchronous Playwright, on a thread of its own, for programs that need its pages.

    async with Browser.launch(listening(config)) as browser, Guest.connect(browser) as guest:
        window, page = await guest.open(config)
        await guest.call(lambda: page.goto(url), 30.0, "loading")       # theirs
        seen = await window.observe()                                   # ours, of the same tab

The port is open to every program of this machine for as long as the browser runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, Self, TypeVar

from playwright.sync_api import Browser as Client
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from webapprentice.browser.chromium import BYPASS, Browser
from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import bounded, fault
from webapprentice.browser.window import Window
from webapprentice.core.faults import FaultError

T = TypeVar("T")
LISTEN = "--remote-debugging-port=0"


def listening(config: BrowserConfig) -> BrowserConfig:
    """The configuration of a browser that guests can connect to."""
    return config if LISTEN in config.arguments else config.with_(arguments=(*config.arguments, LISTEN))


class _Worker:
    """One daemon thread that does one thing after the other: Playwright's objects belong to their thread."""

    def __init__(self) -> None:
        self._todo: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        Thread(target=self._work, daemon=True, name="guest").start()

    def _work(self) -> None:
        while (item := self._todo.get()) is not None:
            future, doing = item
            if not future.set_running_or_notify_cancel():
                continue  # nobody waits for it any more
            try:
                future.set_result(doing())
            except BaseException as error:
                future.set_exception(error)

    def submit(self, doing: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self._todo.put((future, doing))
        return future

    def end(self) -> None:
        self._todo.put(None)


class Guest:
    """Playwright, connected to one of our browsers; every call has a deadline."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._worker = _Worker()
        self._playwright: Playwright | None = None
        self._client: Client | None = None
        self._context: BrowserContext | None = None
        self._adopted: str | None = None
        self._pages: dict[str, Page] = {}
        """Target → page, of those asked for so far."""

    @classmethod
    @asynccontextmanager
    async def connect(cls, browser: Browser) -> AsyncIterator[Self]:
        """A guest of this browser, which leaves on the way out. Raises FaultError when it cannot connect."""
        guest = cls(browser)
        try:
            url = await browser.endpoint()
            await guest.call(lambda: guest._connect(url), browser.config.launch_seconds, "connecting Playwright")
            yield guest
        finally:
            with suppress(Exception):  # it goes either way
                await guest.call(guest._leave, 5.0, "closing Playwright")
            guest._worker.end()

    def _connect(self, url: str) -> None:
        self._playwright = sync_playwright().start()
        self._client = self._playwright.chromium.connect_over_cdp(url)

    def _leave(self) -> None:
        client, playwright = self._client, self._playwright
        self._client = self._playwright = None
        try:
            if client is not None:
                client.close()
        finally:
            if playwright is not None:
                playwright.stop()

    async def call(self, doing: Callable[[], T], seconds: float, name: str) -> T:
        """Do it on the guest's thread. Raises what it raises, and FaultError of kind page_hang after `seconds`.

        A thread cannot be stopped: the browser is killed then, so that what waits for it comes to an end.
        """
        generation = self.browser.generation
        try:
            return await bounded(asyncio.wrap_future(self._worker.submit(doing)), seconds, name)
        except FaultError as error:
            if error.fault.kind == "page_hang":
                await self.browser.kill(generation)
            raise

    async def open(self, config: BrowserConfig, timeout: float | None = None) -> tuple[Window, Page]:
        """One tab in a context of its own: as our window, and as Playwright's page with its default `timeout` (ms).

        Viewport, language and time zone are those of `config`. The context that was open before is closed.
        """
        window = Window(self.browser, config)
        proxy = await self.browser.proxied(window)
        before = set(await self._contexts())
        context = await self.call(
            lambda: self._renew(config.viewport, timeout, proxy.port), config.call_seconds, "making a context"
        )
        made = set(await self._contexts()) - before
        if len(made) != 1:
            raise fault("browser_error", f"Playwright made {len(made)} contexts where one was wanted")
        if self._adopted is not None:
            await self.browser.release(self._adopted)
        self._adopted = made.pop()
        await window.adopt(self._adopted, config.viewport)
        page = await self.call(context.new_page, config.call_seconds, "opening a page")
        await bounded(window.arrived(), config.call_seconds, "attaching to the page")
        return window, page

    async def _contexts(self) -> list[str]:
        told = await self.browser.ask("Target.getBrowserContexts", {})
        found: list[str] = told["browserContextIds"]
        return found

    def _renew(self, size: tuple[int, int], timeout: float | None, port: int) -> BrowserContext:
        if self._client is None:
            raise fault("browser_dead", "Playwright is not connected")
        self._pages.clear()
        if self._context is not None:
            self._context.close()
        width, height = size
        context = self._client.new_context(
            viewport={"width": width, "height": height},
            accept_downloads=False,
            proxy={"server": f"http://127.0.0.1:{port}", "bypass": BYPASS},
        )
        if timeout is not None:
            context.set_default_timeout(timeout)
        # A listener keeps Playwright from closing dialogs: our window does that.
        context.on("dialog", lambda _dialog: None)
        self._context = context
        return context

    def active(self, target: str) -> Page | None:
        """Playwright's page of a target; to be called on the guest's thread."""
        context = self._context
        if context is None:
            return None
        context.cookies()  # lets Playwright hear what has happened meanwhile
        known = self._pages.get(target)
        if known is not None and not known.is_closed():
            return known
        for page in context.pages:
            session = context.new_cdp_session(page)
            self._pages[session.send("Target.getTargetInfo")["targetInfo"]["targetId"]] = page
            session.detach()
        return self._pages.get(target)
