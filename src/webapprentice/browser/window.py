"""A browser window: its tabs, one page-side call per observation, and the way back after a hang."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import bounded, fault
from webapprentice.browser.dialing import BLOCKED, Trouble
from webapprentice.browser.downloads import Quarantine
from webapprentice.browser.frames import GONE, Frame
from webapprentice.browser.looking import Asked, Look, Reader, Seen, page_script
from webapprentice.browser.origins import Policy, verdict
from webapprentice.browser.pictures import marked
from webapprentice.browser.pipe import ProtocolError, Session
from webapprentice.browser.proxy import Proxy
from webapprentice.browser.sheet import Sheet, troubled
from webapprentice.browser.tabs import Ear, Tabs, in_order, metrics
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Observation, Tab

if TYPE_CHECKING:
    from webapprentice.browser.chromium import Browser

CLOSED = "tab_closed"
"""The fault of asking a tab that is not there any more."""
NAVIGATED = ("navigated", "context was destroyed", "cannot find context", "cannot find default execution context")
ENDED = ("internal error", "was terminated")
"""What is said when a script of the page was ended and our own call with it."""


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
        self.healthy = False
        """False after a fault: the window wants `renew` before it is used again."""
        self.policy = Policy(config.origins, config.networks, config.hosts)
        """Which origins its pages may reach; see `allow`."""
        self.proxy: Proxy | None = None
        """Its only way out, while it is open."""
        self.downloads = Quarantine(config)
        self._tabs = Tabs(config, (page_script(), *scripts), self.downloads)
        self._reader = Reader(config)
        self._context: str | None = None
        self._generation = 0

    # Life

    async def renew(self) -> None:
        """A working empty tab, by the cheapest way that works: new page, new context, new browser."""
        if self.outdated or not self.browser.alive:
            await self._leave()
        for rung in (self._new_page, self._new_context, self._new_browser):
            try:
                await rung()
                self.healthy = True
                return
            except FaultError as error:
                trouble = error
        raise fault("browser_dead", f"no new page, context or browser works: {trouble}")

    async def fresh(self) -> None:
        """As `renew`, in a context that nothing was done in: no cookie, no storage, no cache."""
        await self._leave()
        await self.renew()

    async def cookies(self) -> list[dict[str, Any]]:
        """All cookies of the window's context, as CDP's `Network.Cookie`."""
        told = await self.browser.ask("Storage.getCookies", {"browserContextId": self._context}, root=self._tabs.root)
        return list(told["cookies"])

    async def put_cookies(self, cookies: Iterable[dict[str, Any]]) -> None:
        """Add cookies, each with name, value, and domain and path or url. Raises FaultError for one that is none."""
        asked = {"cookies": list(cookies), "browserContextId": self._context}
        await self.browser.ask("Storage.setCookies", asked, root=self._tabs.root)

    @property
    def outdated(self) -> bool:
        """The browser process has been replaced since this window was opened: it wants `renew` between two episodes."""
        return self._generation != self.browser.generation

    @property
    def root(self) -> Session | None:
        """The session of the browser process that this window lives in."""
        return self._tabs.root

    def heard_by(self, ear: Ear) -> None:
        """Have somebody told of every tab, frame and dialog; to be said before `renew`."""
        self._tabs.ear = ear

    def reply(self, accept: bool, text: str | None) -> None:
        """How the next confirm or prompt is answered; without a word it is dismissed."""
        self._tabs.answer = (accept, text)

    @property
    def answer(self) -> tuple[bool, str | None] | None:
        """What the next confirm or prompt will be answered; None: dismissed."""
        return self._tabs.answer

    @property
    def next_id(self) -> int:
        """The lowest node id that was never given out here."""
        return self._reader.next_id

    @next_id.setter
    def next_id(self, first: int) -> None:
        self._reader.next_id = first

    @property
    def missed(self) -> str:
        """What input would have landed on in place of its element, as the last look found out."""
        return self._reader.missed

    async def _leave(self) -> None:
        """Give up the context, which may have gone with its browser already."""
        self._tabs.leave()
        context, self._context = self._context, None
        if context is not None and self._tabs.root is not None:
            with suppress(FaultError):
                await self.browser.dispose(context, self._tabs.root, 3.0)

    async def adopt(self, context: str, size: tuple[int, int]) -> None:
        """Become the window of a context that another client of this browser has made and will close."""
        self._tabs.leave()
        await self.browser.adopt(context, self)
        self._context, self._generation = context, self.browser.generation
        self._tabs.size, self.healthy = size, True

    async def arrived(self) -> None:
        """Wait until there is a tab; for as long as it takes."""
        while not self.tabs:
            self._tabs.appeared.clear()
            await self._tabs.appeared.wait()

    @property
    def target(self) -> str:
        """The protocol's id of the active tab."""
        return self._sheet().target

    async def _new_page(self) -> None:
        if self._context is None:
            return await self._new_context()
        while old := self._tabs.leave():
            for target in old:  # while they are closed, more may come
                await self._close(target, 3.0)
        return self._only(await self._open())

    async def _new_context(self) -> None:
        await self._leave()
        try:
            self._context, self._tabs.root = await self.browser.context(self)
        finally:
            self._generation = self.browser.generation
        self._only(await self._open())

    async def _new_browser(self) -> None:
        context, self._context = self._context, None
        self._tabs.leave()
        if context is not None:
            await self.browser.release(context)
        await self.browser.kill(self._generation)
        await self._new_context()

    async def _open(self) -> Sheet:
        """A new tab, prepared."""
        if self._context is None:
            raise self._broken(fault("browser_dead", "the window is closed"))
        self._tabs.expect()
        asked = {"url": "about:blank", "browserContextId": self._context}
        made = await self.browser.ask("Target.createTarget", asked, root=self._tabs.root)
        sheet = await self._tabs.ready(made["targetId"])
        if sheet is None:
            raise fault("browser_error", "a new page was not announced, or has gone at once")
        return sheet

    def _only(self, sheet: Sheet) -> None:
        self._tabs.only(sheet)
        self.forget()

    def forget(self) -> None:
        """Another task begins: what was seen, downloaded or to be answered belongs to the last one."""
        self.seen = None
        self._tabs.forget()
        self.downloads.clear()

    def allow(self, origins: Iterable[str] | None) -> None:
        """Another allow-list from now on, as in `BrowserConfig.origins`; open connections are cut.

        Raises ValueError for what is no origin.
        """
        self.policy = Policy(origins, self.config.networks, self.config.hosts)
        if self.proxy is not None:
            self.proxy.restrict(self.policy)

    def attached(self, session: Session, target: str, opener: str = "") -> None:
        """A tab of this window exists; it waits for being prepared."""
        self._tabs.attached(session, target, opener)

    def detached(self, session: Session) -> None:
        """A session has ended: when it was a tab of this window, that tab has gone."""
        self._tabs.detached(session)

    async def _close(self, target: str, seconds: float) -> None:
        await self.browser.ask("Target.closeTarget", {"targetId": target}, seconds, self._tabs.root)

    async def close(self) -> None:
        """Let the window go; the browser stays."""
        self.healthy = False
        await self._leave()
        await self.downloads.end()

    # Calls

    @property
    def tabs(self) -> int:
        """How many tabs are open."""
        return len(self._tabs.sheets)

    @property
    def targets(self) -> tuple[str, ...]:
        """The protocol's ids of the open tabs, in their order."""
        return tuple(sheet.target for sheet in self._tabs.sheets)

    @property
    def url(self) -> str:
        """Where the active tab is."""
        return self._sheet().url

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the viewport in CSS pixels."""
        return self._tabs.size

    def _sheet(self) -> Sheet:
        sheet = self._tabs.current
        if sheet is None:
            raise self._broken(fault(CLOSED if self.browser.alive else "browser_dead", "the window has no tab"))
        if sheet.crashed:
            raise self._broken(fault("page_crash", "the page's process has crashed"))
        return sheet

    def _broken(self, error: FaultError) -> FaultError:
        self.healthy = False
        return error

    def _failed(self, error: FaultError) -> FaultError:
        """A call's fault. A frame that has left, or a tab with another one beside it, is no harm to the window."""
        kind = error.fault.kind
        return error if kind == GONE or (kind == CLOSED and self.tabs > 0) else self._broken(error)

    async def send(self, calls: Iterable[tuple[str, dict[str, Any]]], seconds: float, doing: str) -> None:
        """Send CDP commands one behind the other without waiting in between; done when all are answered."""
        session = self._sheet().session
        try:
            await bounded(in_order(session, list(calls)), seconds, doing)
        except FaultError as error:
            raise self._failed(error) from error

    async def ask(
        self,
        method: str,
        parameters: dict[str, Any],
        doing: str,
        seconds: float | None = None,
        home: Frame | None = None,
    ) -> Any:
        """One CDP command and its answer, from the tab or from a frame of another origin in it."""
        session = home.session if home else self._sheet().session
        try:
            return await bounded(session.send(method, parameters), seconds or self.config.call_seconds, doing)
        except FaultError as error:
            raise self._failed(error) from error

    def home(self, node: int) -> Frame | None:
        """The frame of another origin that this node of the last observation stands in, if it does."""
        return self._sheet().frames.home(node)

    async def lift(self, home: Frame, x: float, y: float) -> tuple[float, float, str]:
        """A point of that frame as a point of the tab, and what covers it, if anything."""
        try:
            return await bounded(home.lift(x, y), self.config.call_seconds, "looking for a frame")
        except FaultError as error:
            raise self._failed(error) from error

    async def evaluate(
        self,
        expression: str,
        doing: str = "running a script",
        seconds: float | None = None,
        home: Frame | None = None,
    ) -> Any:
        """The value of a JavaScript expression in the active tab or a frame, promises awaited.

        A navigation that pulls the document away is met by asking its successor; what the script throws is a fault of
        kind script_error."""
        for _ in range(4):
            session = home.session if home else self._sheet().session
            self._tabs.reading += 1
            try:
                call = session.send(
                    "Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True}
                )
                told = await bounded(_or_navigated(call), seconds or self.config.call_seconds, doing)
            except FaultError as error:
                if error.fault.kind == CLOSED and self.tabs:
                    continue  # what the person would see now is another tab
                raise self._failed(error) from error
            finally:
                self._tabs.reading -= 1
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
        asked = Asked(self.config.settle_seconds if settle else 0.0, skip, probe, html)
        try:
            known = self.tabs
            self._tabs.appeared.clear()
            read = self._sheet()
            if settle:
                await self._left(read)  # the browser holds questions back while it waits for another document
            look = await self._held_back(read, asked, before)
            if settle and read is self._sheet() and await self._left(read):
                look = await self._look(asked)
            if look.opened and known == self.tabs < self.config.max_tabs:
                await self._tabs.arrival()
            if self.tabs > known:
                read, look = self._sheet(), await self._look(asked)
            tabs = await self._listed(look.seen.url, look.seen.title)
            if self._sheet() is not read:  # it has closed itself, or another one has come, while it was read
                look = await self._look(asked)
                tabs = await self._listed(look.seen.url, look.seen.title)
        except FaultError as error:
            if error.fault.kind != "torn":
                raise
            torn = Observation(url=self.url, torn=True, tabs=await self._listed(self.url, ""))
            return self._note(Seen(torn, False, None, None))
        finally:
            if settle:
                self._tabs.rest()
        changes: dict[str, Any] = {"tabs": tabs}
        if self.downloads.seen:
            await self.downloads.settled()
            changes["downloads"] = self.downloads.seen
        if said := self._tabs.said():
            changes["dialog"] = said
        return self._note(Seen(look.seen.model_copy(update=changes), look.quiet, look.html, look.extra))

    async def _held_back(self, sheet: Sheet, asked: Asked, before: str) -> Look:
        """A look at this tab, asked for again when the page turns out to be about to leave.

        The browser keeps the first question until the other document is there, which may be later than any deadline.
        One that has something done `before` is not repeated.
        """
        if before:
            return await self._look(asked, before)
        with suppress(TimeoutError):
            async with sheet.staying():
                return await self._look(asked)
        await self._left(sheet)
        return await self._look(asked)

    async def _left(self, sheet: Sheet) -> bool:
        """Whether the page was about to be another one, which is there now; given up after `navigate_seconds`."""
        if not sheet.leaving:
            return False
        try:
            async with asyncio.timeout(self.config.navigate_seconds):
                await sheet.left()
                return True
        except TimeoutError:
            sheet.session.post("Page.stopLoading")
        except ProtocolError:
            pass  # the next question to it says what has become of it
        sheet.leaving = sheet.acted = False
        return False

    async def _look(self, asked: Asked, before: str = "") -> Look:
        def evaluate(expression: str, seconds: float) -> Awaitable[Any]:
            return self.evaluate(expression, "reading the page", seconds)

        look = await self._reader.look(evaluate, asked, before)
        return await self._reader.with_frames(look, self._sheet().frames, asked)

    def _note(self, seen: Seen) -> Seen:
        self._tabs.seen()
        self.seen = seen.observation
        return seen

    async def _listed(self, url: str, title: str) -> tuple[Tab, ...]:
        """All tabs; of the active one it is known already where it is and what it is called."""
        return await self._tabs.listed(url, title, self._title)

    async def _title(self, sheet: Sheet) -> str:
        try:
            about = {"targetId": sheet.target}
            told = await self.browser.ask("Target.getTargetInfo", about, 1.0, self._tabs.root)
        except FaultError:
            return ""
        return str(told["targetInfo"]["title"])

    async def screenshot(self, clip: tuple[int, int, int, int] | None = None) -> bytes:
        """PNG of what the viewport shows, or of a part of it (x, y, width, height in CSS pixels)."""
        parameters: dict[str, Any] = {"format": "png"}
        if clip is not None:
            x, y, width, height = clip
            parameters["clip"] = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        told = await self.ask("Page.captureScreenshot", parameters, "taking a screenshot")
        return base64.b64decode(told["data"])

    async def picture(self, clip: tuple[int, int, int, int] | None = None) -> bytes | None:
        """What the configuration wants to be photographed of the last observation; see `BrowserConfig.picture`."""
        if self.config.picture == "none":
            return None
        png = await self.screenshot(clip)
        if self.config.picture == "plain" or self.seen is None:
            return png
        return await asyncio.to_thread(marked, png, self.seen.elements, clip[:2] if clip else (0, 0))

    # Going places

    async def goto(self, url: str) -> None:
        """Load an address in the active tab.

        Raises FaultError of kind navigation_failed with the net code, nav_blocked_policy, or page_hang when the page
        does not answer any more. An address that is downloaded leaves the page as it was.
        """
        sheet = self._sheet()
        before = sheet.loaded
        try:
            await bounded(sheet.navigate(url, self.proxy), self.config.navigate_seconds, f"loading {url[:100]}")
        except FaultError as error:
            if error.fault.kind == "page_hang":
                there = sheet.loaded is not before and "DOMContentLoaded" in sheet.loaded
                await self._give_up(sheet, url, there, error)
            elif error.fault.kind not in ("navigation_failed", BLOCKED):
                raise self._failed(error) from error
            else:
                raise
        trouble = self.proxy.trouble(sheet.url) if self.proxy is not None else None
        if trouble is not None:
            raise troubled(trouble, url)

    def noticed(self) -> None:
        """The proxy has had trouble: whoever waits for a page looks whether it is the one."""
        for sheet in self._tabs.sheets:
            sheet.moved.set()

    async def _give_up(self, sheet: Sheet, url: str, there: bool, error: FaultError) -> None:
        """The deadline has passed: a page that can be used is left as it is, any other is given up with a fault."""
        sheet.session.post("Page.stopLoading")
        try:
            call = sheet.session.send("Runtime.evaluate", {"expression": "true"})
            await bounded(call, min(2.0, self.config.call_seconds), "asking whether the page lives")
        except FaultError:
            raise self._broken(error) from None
        if not there:
            seconds = self.config.navigate_seconds
            message = f"net::ERR_TIMED_OUT: not there within {seconds:g} s: {url[:100]}"
            raise fault("navigation_failed", message) from error

    def trouble(self) -> Trouble | None:
        """Why the active tab does not show what it was told to, if that is news: said once for each document."""
        sheet = self._tabs.current
        if sheet is None or self.proxy is None or sheet.told:
            return None
        found = self.proxy.trouble(sheet.failed or sheet.url)
        sheet.told = found is not None
        return found

    def begin(self) -> None:
        """An action begins: what was wrong before is not its doing."""
        self.trouble()
        self._reader.missed = ""
        self._tabs.begin()

    def diverted(self) -> str | None:
        """Why the policy refuses where the active tab was told to go since `begin`; None where it does not."""
        sheet = self._tabs.current
        if sheet is None or not sheet.heading.startswith(("http:", "https:")):
            return None
        why = verdict(self.policy, sheet.heading)
        return why and f"{sheet.heading[:80]} is refused: {why}"

    async def history(self, way: int) -> bool:
        """Go one page back (-1) or forward (1); False when there is none. Raises FaultError as `goto` does."""
        sheet = self._sheet()
        told = await self.ask("Page.getNavigationHistory", {}, "reading the history")
        place = told["currentIndex"] + way
        if not 0 <= place < len(told["entries"]):
            return False
        entry = told["entries"][place]["id"]
        try:
            await bounded(sheet.travel(entry), self.config.navigate_seconds, "moving in the history")
        except FaultError as error:
            raise self._failed(error) if error.fault.kind != "page_hang" else error from None
        return True

    async def open_tab(self) -> None:
        """An empty tab, made active."""
        await self._open()

    @asynccontextmanager
    async def carried(self) -> AsyncIterator[asyncio.Future[dict[str, Any]]]:
        """While open, a drag that the browser itself would begin is handed over instead, as what it carries."""
        session = self._sheet().session
        dragged: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def begun(told: dict[str, Any]) -> None:
            if not dragged.done():
                dragged.set_result(told["data"])

        seconds = self.config.call_seconds
        try:
            session.hears["Input.dragIntercepted"] = begun
            await self.ask("Input.setInterceptDrags", {"enabled": True}, "starting a drag")
            yield dragged
        finally:
            # Of the tab that the drag began in, whichever is active by now.
            session.hears.pop("Input.dragIntercepted", None)
            with suppress(FaultError):
                await bounded(session.send("Input.setInterceptDrags", {"enabled": False}), seconds, "ending a drag")

    @property
    def active(self) -> int:
        """The place of the active tab."""
        return self._tabs.active

    async def settle(self) -> None:
        """Wait until the active tab has come to rest, or for `settle_seconds`."""
        await self.evaluate(f"__apprentice.settle({self.config.settle_seconds * 1000:g})", "waiting for the page")

    def activate(self, place: int) -> None:
        """Make the tab at this place active; places count from 0."""
        self._tabs.active = place

    async def close_tab(self) -> None:
        """Close the active tab."""
        sheet = self._sheet()
        await self._close(sheet.target, self.config.call_seconds)
        self._tabs.vanished(sheet)

    async def resize(self, width: int, height: int) -> None:
        """Give the active tab, and those to come, another viewport."""
        self._tabs.size = (width, height)
        await self.ask("Emulation.setDeviceMetricsOverride", metrics(width, height), "resizing")


async def _or_navigated(call: Any) -> dict[str, Any] | None:
    """The answer, or None when the document went away while the call ran."""
    try:
        return cast("dict[str, Any]", await call)
    except ProtocolError as error:
        if error.kind == "browser_error" and any(sign in error.message.lower() for sign in NAVIGATED + ENDED):
            return None
        raise


def _value(told: dict[str, Any]) -> Any:
    if "exceptionDetails" in told:
        said = told["exceptionDetails"]
        raise fault("script_error", said.get("exception", {}).get("description") or said.get("text", ""))
    return told["result"].get("value")
