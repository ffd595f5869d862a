"""A browser window: its tabs, one page-side call per observation, and the way back after a hang."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from playwright.async_api import BrowserContext, CDPSession, Error, Page
from playwright.async_api import Dialog as PageDialog
from pydantic import TypeAdapter

from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import bounded, fault, kind_of
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Observation, Record, Tab

if TYPE_CHECKING:
    from webapprentice.browser.chromium import Browser

SCRIPTS = ("tracker.js", "walker.js", "target.js")
NAVIGATED = ("navigated", "context was destroyed", "cannot find context", "cannot find default execution context")


class Seen(NamedTuple):
    """One look at the active tab."""

    observation: Observation
    quiet: bool
    """The page had come to rest before it was read."""
    html: str | None
    extra: Any
    """What the probe gave, read in the same call as the elements."""


class _Look(Record):
    seen: Observation
    next: int
    quiet: bool
    opened: int
    """Windows that the page has asked for since the last action."""
    html: str | None
    extra: Any


_LOOK: TypeAdapter[_Look] = TypeAdapter(_Look)


def page_script() -> str:
    """What is injected into every document."""
    folder = files("webapprentice.browser")
    return "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS)


class Sheet:
    """One tab and its CDP session."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession | None = None
        self.crashed = False
        page.on("crash", self._crash)

    def _crash(self, _page: Page) -> None:
        self.crashed = True


class Window:
    """A context of its own with one or more tabs, of which one is active.

    Every call has a deadline; one that passes it raises FaultError owned by `environment`, after which `renew` gives
    a working window again.
    """

    def __init__(self, browser: Browser, config: BrowserConfig, scripts: Iterable[str] = ()) -> None:
        self.browser = browser
        self.config = config
        self.seen: Observation | None = None
        """The last observation: what the ids of the next action mean."""
        self.next_id = 1
        """The lowest node id that was never given out here."""
        self.healthy = False
        """False after a fault: the window wants `renew` before it is used again."""
        self.answer: tuple[bool, str | None] | None = None
        """How the next confirm or prompt is answered; None: dismissed."""
        self._scripts = (page_script(), *scripts)
        self._context: BrowserContext | None = None
        self._generation = 0
        self._sheets: list[Sheet] = []
        self._active = 0
        self._dialogs: list[str] = []
        self._appearance = asyncio.Event()

    # Life

    async def renew(self) -> None:
        """A working empty tab, by the cheapest way that works: new page, new context, new browser."""
        if self._generation != self.browser.generation or not self.browser.alive:
            self._context, self._sheets = None, []  # they went with their browser
        for rung in (self._new_page, self._new_context, self._new_browser):
            try:
                await rung()
                self.healthy = True
                return
            except (FaultError, Error) as error:
                trouble = error
        raise fault("browser_dead", f"no new page, context or browser works: {trouble}")

    async def _new_page(self) -> None:
        if self._context is None:
            return await self._new_context()
        old, self._sheets = self._sheets, []
        for sheet in old:
            await bounded(sheet.page.close(), 3.0, "closing a page")
        page = await bounded(self._context.new_page(), self.config.call_seconds, "opening a page")
        return await self._only(page)

    async def _new_context(self) -> None:
        old, self._context, self._sheets = self._context, None, []
        if old is not None:
            await bounded(old.close(), 3.0, "closing a window")
        try:
            context = await self.browser.context()
        finally:
            self._generation = self.browser.generation
        for script in self._scripts:
            await bounded(context.add_init_script(script), self.config.call_seconds, "preparing a window")
        page = await bounded(context.new_page(), self.config.call_seconds, "opening a page")
        self._context = context
        await self._only(page)
        context.on("page", self._appeared)

    async def _new_browser(self) -> None:
        self._context = None
        await self.browser.kill(self._generation)
        await self._new_context()

    async def _only(self, page: Page) -> None:
        self._sheets = [sheet for sheet in self._sheets if sheet.page is page]
        self._active, self.seen, self.answer = 0, None, None
        self._dialogs.clear()
        await self._session(self._add(page))

    def _add(self, page: Page) -> Sheet:
        known = next((sheet for sheet in self._sheets if sheet.page is page), None)
        if known is not None:
            return known
        sheet = Sheet(page)
        page.on("dialog", self._dialog)
        page.on("close", lambda _page: self._vanished(sheet))
        self._sheets.append(sheet)
        return sheet

    async def _appeared(self, page: Page) -> None:
        if len(self._sheets) >= self.config.max_tabs:
            with suppress(FaultError):
                await bounded(page.close(), self.config.call_seconds, "closing one tab too many")
            return
        # A page that opens another one expects the person to look at it.
        sheet = self._add(page)
        self._active = self._sheets.index(sheet)
        with suppress(FaultError):
            loading = page.wait_for_load_state("domcontentloaded")
            await bounded(loading, self.config.call_seconds, "waiting for a new tab")
        self._appearance.set()

    def _vanished(self, sheet: Sheet) -> None:
        if sheet in self._sheets:
            place = self._sheets.index(sheet)
            self._sheets.remove(sheet)
            self._active = max(0, min(self._active - (place < self._active), len(self._sheets) - 1))

    async def _dialog(self, dialog: PageDialog) -> None:
        self._dialogs.append(f"{dialog.type}: {dialog.message}"[:500])
        accept, text = (True, None) if dialog.type in ("alert", "beforeunload") else self.answer or (False, None)
        if dialog.type in ("confirm", "prompt"):
            self.answer = None
        with suppress(Error):
            await (dialog.accept(text or "") if accept else dialog.dismiss())

    async def close(self) -> None:
        """Let the window go; the browser stays."""
        context, self._context, self._sheets = self._context, None, []
        self.healthy = False
        if context is not None:
            with suppress(FaultError):
                await bounded(context.close(), self.config.call_seconds, "closing a window")

    # Calls

    @property
    def tabs(self) -> int:
        """How many tabs are open."""
        return len(self._sheets)

    @property
    def page(self) -> Page:
        """The active tab's page, for the few things that only Playwright can do."""
        return self._sheet().page

    def _sheet(self) -> Sheet:
        if not self._sheets:
            raise self._broken(fault("browser_dead", "the window has no tab"))
        sheet = self._sheets[self._active]
        if sheet.crashed:
            raise self._broken(fault("page_crash", "the page's process has crashed"))
        return sheet

    def _broken(self, error: FaultError) -> FaultError:
        self.healthy = False
        return error

    async def _session(self, sheet: Sheet) -> CDPSession:
        if sheet.session is None:
            making = sheet.page.context.new_cdp_session(sheet.page)
            sheet.session = await bounded(making, self.config.call_seconds, "attaching to a page")
        return sheet.session

    async def send(self, calls: Iterable[tuple[str, dict[str, Any]]], seconds: float, doing: str) -> None:
        """Send CDP commands one behind the other without waiting in between; done when all are answered."""
        session = await self._session(self._sheet())
        try:
            await bounded(_in_order(session, list(calls)), seconds, doing)
        except FaultError as error:
            raise self._broken(error) from error

    async def ask(self, method: str, parameters: dict[str, Any], doing: str, seconds: float | None = None) -> Any:
        """One CDP command and its answer."""
        session = await self._session(self._sheet())
        try:
            return await bounded(session.send(method, parameters), seconds or self.config.call_seconds, doing)
        except FaultError as error:
            raise self._broken(error) from error

    async def evaluate(self, expression: str, doing: str = "running a script", seconds: float | None = None) -> Any:
        """The value of a JavaScript expression in the active tab, promises awaited. A navigation that pulls the
        document away is met by asking its successor; what the script throws is a fault of kind script_error."""
        for _ in range(4):
            session = await self._session(self._sheet())
            try:
                call = session.send(
                    "Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True}
                )
                told = await bounded(_or_navigated(call), seconds or self.config.call_seconds, doing)
            except FaultError as error:
                raise self._broken(error) from error
            if told is not None:
                return _value(told)
        raise fault("torn", f"the page kept navigating while {doing}")

    # Seeing

    async def observe(
        self, *, settle: bool = True, skip: str = "", probe: str | None = None, html: bool = False, before: str = ""
    ) -> Seen:
        """Wait for the page to come to rest, then read it; both in one call.

        `skip` is a CSS selector of what is left out with everything inside it. `probe` is a JavaScript expression
        evaluated right after the walk, `before` one that is evaluated, and awaited, before anything else.
        """
        cap = self.config.settle_seconds if settle else 0.0
        try:
            known = len(self._sheets)
            self._appearance.clear()
            look = await self._look(cap, skip, probe, html, before)
            if look.opened and known == len(self._sheets) < self.config.max_tabs:
                await self._arrival()
            if len(self._sheets) > known:
                look = await self._look(cap, skip, probe, html)
        except FaultError as error:
            if error.fault.kind != "torn":
                raise
            torn = Observation(url=self.page.url, torn=True, tabs=await self._tabs(self.page.url, ""))
            return self._note(Seen(torn, False, None, None))
        changes: dict[str, Any] = {"tabs": await self._tabs(look.seen.url, look.seen.title)}
        if self._dialogs:
            changes["dialog"] = "; ".join(self._dialogs)
            self._dialogs.clear()
        return self._note(Seen(look.seen.model_copy(update=changes), look.quiet, look.html, look.extra))

    async def _look(self, cap: float, skip: str, probe: str | None, html: bool, before: str = "") -> _Look:
        config = self.config
        options = {
            "first": self.next_id,
            "nodes": config.max_nodes,
            "millis": config.walk_seconds * 1000,
            "cap": cap * 1000,
            "skip": skip,
            "masked": config.mask_passwords,
            "html": html,
            "bytes": config.html_bytes,
        }
        probing = f"() => ({probe})" if probe else "null"
        expression = f"__apprentice.look({json.dumps(options)}, {probing})"
        if before:
            expression = f"(async () => {{ await ({before}); return {expression}; }})()"
        look = _LOOK.validate_json(await self.evaluate(expression, "reading the page", config.call_seconds + cap))
        self.next_id = look.next
        return look

    async def _arrival(self) -> None:
        """Wait until a tab that the page asked for is there; not for long, because a browser may refuse it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._appearance.wait()

    def _note(self, seen: Seen) -> Seen:
        self.seen = seen.observation
        return seen

    async def _tabs(self, url: str, title: str) -> tuple[Tab, ...]:
        if len(self._sheets) == 1:
            return (Tab(url=url, title=title, active=True),)
        tabs = []
        for place, sheet in enumerate(self._sheets):
            active = place == self._active
            called = title
            if not active:
                try:
                    called = await bounded(sheet.page.title(), 1.0, "reading a tab's title")
                except FaultError:
                    called = ""
            tabs.append(Tab(url=url if active else sheet.page.url, title=called, active=active))
        return tuple(tabs)

    async def screenshot(self, clip: tuple[int, int, int, int] | None = None) -> bytes:
        """PNG of what the viewport shows, or of a part of it (x, y, width, height in CSS pixels)."""
        parameters: dict[str, Any] = {"format": "png"}
        if clip is not None:
            x, y, width, height = clip
            parameters["clip"] = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        told = await self.ask("Page.captureScreenshot", parameters, "taking a screenshot")
        return base64.b64decode(told["data"])

    # Going places

    async def goto(self, url: str) -> None:
        """Load an address in the active tab. Raises FaultError of kind navigation_failed or page_hang."""
        loading = self._sheet().page.goto(url, wait_until="load", timeout=self.config.navigate_seconds * 1000)
        try:
            await bounded(loading, self.config.navigate_seconds + 1, f"loading {url[:100]}")
        except FaultError as error:
            if error.fault.kind != "navigation_failed":
                self.healthy = False
            raise

    async def open_tab(self) -> None:
        """An empty tab, made active."""
        if self._context is None:
            raise self._broken(fault("browser_dead", "the window is closed"))
        page = await bounded(self._context.new_page(), self.config.call_seconds, "opening a tab")
        self._active = self._sheets.index(self._add(page))

    def activate(self, place: int) -> None:
        """Make the tab at this place active; places count from 0."""
        self._active = place

    async def close_tab(self) -> None:
        """Close the active tab."""
        sheet = self._sheet()
        await bounded(sheet.page.close(), self.config.call_seconds, "closing a tab")
        self._vanished(sheet)

    async def resize(self, width: int, height: int) -> None:
        """Give the active tab another viewport."""
        sizing = self._sheet().page.set_viewport_size({"width": width, "height": height})
        await bounded(sizing, self.config.call_seconds, "resizing")


async def _in_order(session: CDPSession, calls: list[tuple[str, dict[str, Any]]]) -> None:
    await asyncio.gather(*(session.send(method, parameters) for method, parameters in calls))


async def _or_navigated(call: Any) -> dict[str, Any] | None:
    """The answer, or None when the document went away while the call ran."""
    try:
        return cast("dict[str, Any]", await call)
    except Error as error:
        if kind_of(error) != "page_crash" and any(sign in error.message.lower() for sign in NAVIGATED):
            return None
        raise


def _value(told: dict[str, Any]) -> Any:
    if "exceptionDetails" in told:
        said = told["exceptionDetails"]
        raise fault("script_error", said.get("exception", {}).get("description") or said.get("text", ""))
    return told["result"].get("value")
