"""The tabs of one window: prepared before their first script, bounded in number, one of them active."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import bounded
from webapprentice.browser.downloads import Quarantine
from webapprentice.browser.frames import Frame
from webapprentice.browser.pipe import ProtocolError, Session
from webapprentice.browser.sheet import Sheet
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Tab

Calls = list[tuple[str, dict[str, Any]]]
"""CDP commands: methods with their parameters."""

DIALOGS = 30
"""Dialogs between two looks, after which the script that opens them is ended."""
STORM = 10
"""Tabs too many between two looks, after which the script that opens them is ended."""


class Ear(Protocol):
    """Whoever listens to a window beside us: a recorder."""

    def joins(self, session: Session, target: str, frame: Frame | None = None, asked: bool = False) -> Calls:
        """A tab, or a frame of another origin in it, is there; none of its scripts has run yet.

        `asked`: a page has opened the tab. Gives commands that are sent before it goes on.
        """
        ...

    def leaves(self, target: str) -> None:
        """A tab has gone."""
        ...

    def asked(self, session: Session, target: str, told: dict[str, Any]) -> bool:
        """A dialog has opened; True: whoever listens sees to its answer."""
        ...


class Tabs:
    """The tabs of one window."""

    def __init__(self, config: BrowserConfig, scripts: Iterable[str], downloads: Quarantine) -> None:
        self.sheets: list[Sheet] = []
        self.active = 0
        """The place of the active one."""
        self.root: Session | None = None
        """The session of the browser process that they live in."""
        self.size = config.viewport
        """Width and height of the viewport in CSS pixels."""
        self.ear: Ear | None = None
        self.answer: tuple[bool, str | None] | None = None
        """How the next confirm or prompt is answered; None: dismissed."""
        self.dialogs: list[str] = []
        """What dialogs have said since the last look; those beyond `DIALOGS` are not kept."""
        self.reading = 0
        """Calls that run scripts of ours in a page; to end the page's own script would end them as well."""
        self.appeared = asyncio.Event()
        """Set when a tab is ready."""
        self._config = config
        self._scripts = tuple(scripts)
        self._downloads = downloads
        self._expected: list[str] = []
        """Addresses that the page has asked new tabs for."""
        self._preparing: dict[str, asyncio.Task[None]] = {}
        self._asked = 0
        """Dialogs since the last look."""
        self._refused = 0
        """Tabs closed as too many since the last look."""

    def only(self, sheet: Sheet) -> None:
        """Keep this tab alone."""
        self.sheets, self.active = [sheet], 0

    @property
    def current(self) -> Sheet | None:
        """The active one; None where there is no tab."""
        return self.sheets[self.active] if self.sheets else None

    def leave(self) -> list[str]:
        """Know of no tab any more, nor prepare one that is on its way here; returns the ids of all of them."""
        left = dict.fromkeys([*(sheet.target for sheet in self.sheets), *self._preparing])
        for task in self._preparing.values():
            task.cancel()
        self._preparing.clear()
        self._expected.clear()
        self.sheets = []
        return list(left)

    def begin(self) -> None:
        """An action begins."""
        for sheet in self.sheets:
            sheet.heading, sheet.acted = "", True

    def rest(self) -> None:
        """What the last action has set in motion has been waited for."""
        for sheet in self.sheets:
            sheet.acted = False

    def seen(self) -> None:
        """Somebody has looked: what pages ask for from now on is counted anew."""
        self._expected.clear()
        self._asked = self._refused = 0

    def said(self) -> str:
        """What dialogs have said since this was last asked."""
        said, self.dialogs[:] = "; ".join(self.dialogs), []
        return said

    async def listed(self, url: str, title: str, called: Callable[[Sheet], Awaitable[str]]) -> tuple[Tab, ...]:
        """All of them as an observation has them. The active one's address and title are given; `called` asks another
        one for its title."""
        if len(self.sheets) < 2:
            return (Tab(url=url, title=title, active=True),)
        current = self.current
        return tuple(
            [
                Tab(url=url, title=title, active=True)
                if sheet is current
                else Tab(url=sheet.url, title=await called(sheet), active=False)
                for sheet in list(self.sheets)
            ]
        )

    def forget(self) -> None:
        """Another task begins: nothing is to be answered, and no dialog was seen."""
        self.answer = None
        self._asked = self._refused = 0
        self.dialogs.clear()

    # Coming

    async def arrival(self) -> None:
        """Wait until a tab that the page asked for is there; not for long, because a browser may refuse it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self.appeared.wait()

    def expect(self) -> None:
        """The next tab is one that we ask for ourselves, at no address."""
        self._expected.append("")

    async def ready(self, target: str) -> Sheet | None:
        """The tab of this id once it is prepared; None where it has gone, or was never announced."""
        preparing = self._preparing.get(target)
        if preparing is not None:
            await preparing
        return next((sheet for sheet in self.sheets if sheet.target == target), None)

    def attached(self, session: Session, target: str, opener: str) -> None:
        """A tab exists; it waits, before its first script, for what `_prepare` tells it."""
        known = {*self._preparing, *(sheet.target for sheet in self.sheets)}
        if len(known) >= self._config.max_tabs or (opener and opener not in known):  # of a page that is gone
            return self._refuse(session, target, opener)
        expected = self._expected.pop(0) if self._expected else ""
        task = asyncio.create_task(self._prepare(session, target, expected, bool(opener or expected)))
        self._preparing[target] = task
        return task.add_done_callback(lambda done: self._prepared(target, done))

    def _refuse(self, session: Session, target: str, opener: str) -> None:
        """Close a tab that is one too many; a script that opens more and more of them is ended."""
        self._expected.clear()
        self._refused += 1
        session.post("Runtime.runIfWaitingForDebugger")  # its opener stands still until then
        self._shut(session, target)
        if self._refused >= STORM and not self.reading:
            for sheet in self.sheets:
                if opener in ("", sheet.target):
                    sheet.session.post("Runtime.terminateExecution")

    def _shut(self, session: Session, target: str) -> None:
        if self.root is not None:
            self.root.post("Target.closeTarget", {"targetId": target})
        else:
            session.post("Page.close")

    def _prepared(self, target: str, done: asyncio.Task[None]) -> None:
        self._preparing.pop(target, None)
        if not done.cancelled():
            done.exception()  # whoever opened the tab is told; a page's own tab that fails is simply not there

    async def _prepare(self, session: Session, target: str, expected: str, asked: bool) -> None:
        config = self._config
        sheet = Sheet(session, target, self._scripts)
        self._listen(sheet)
        if self.ear is not None:
            sheet.frames.joined = partial(self.ear.joins, target=target)
        calls: Calls = [
            ("Page.enable", {}),
            ("Inspector.enable", {}),
            ("Page.setLifecycleEventsEnabled", {"enabled": True}),
            *(("Page.addScriptToEvaluateOnNewDocument", {"source": script}) for script in self._scripts),
            *sheet.frames.watch(session),
            # A window that somebody looks at is as large as they make it.
            *([("Emulation.setDeviceMetricsOverride", metrics(*self.size))] if config.headless else []),
            ("Emulation.setFocusEmulationEnabled", {"enabled": True}),
        ]
        # Both hold for a whole process: a tab that shares its opener's has them already, and may not set them again.
        shared: Calls = [
            ("Emulation.setLocaleOverride", {"locale": config.locale}),
            ("Emulation.setTimezoneOverride", {"timezoneId": config.timezone}),
        ]
        overrides = [session.post(method, parameters) for method, parameters in shared]
        if self.ear is not None:
            calls.extend(self.ear.joins(session, target, asked=asked))
        calls.append(("Runtime.runIfWaitingForDebugger", {}))
        await bounded(in_order(session, calls), config.call_seconds, "preparing a tab")
        for override in overrides:
            await bounded(_unless_in_effect(override), config.call_seconds, "preparing a tab")
        if len(self.sheets) >= config.max_tabs:
            return self._shut(session, target)
        # A page that opens another one expects the person to look at it.
        self.sheets.append(sheet)
        self.active = len(self.sheets) - 1
        if expected not in ("", "about:blank"):
            with suppress(FaultError):
                await bounded(sheet.until("DOMContentLoaded"), config.call_seconds, "waiting for a new tab")
        return self.appeared.set()

    # While they are there

    def _listen(self, sheet: Sheet) -> None:
        sheet.session.hears |= {
            "Page.downloadWillBegin": lambda told: self._download(sheet, told),
            "Page.windowOpen": lambda told: self._expected.append(told["url"]),
            "Page.javascriptDialogOpening": lambda told: self._dialog(sheet, told),
        }

    def _download(self, sheet: Sheet, told: dict[str, Any]) -> None:
        self._downloads.claim(told)
        if told["frameId"] == sheet.target:
            sheet.stay()

    def _dialog(self, sheet: Sheet, told: dict[str, Any]) -> None:
        if self.ear is not None and self.ear.asked(sheet.session, sheet.target, told):
            return
        kind = told["type"]
        self._asked += 1
        if self._asked <= DIALOGS:
            self.dialogs.append(f"{kind}: {told['message']}"[: 500 if self._asked < 5 else 100])
        if self._asked % DIALOGS == 0 and not self.reading:
            sheet.session.post("Runtime.terminateExecution")
        accept, text = (True, None) if kind in ("alert", "beforeunload") else self.answer or (False, None)
        if kind in ("confirm", "prompt"):
            self.answer = None
        sheet.session.post("Page.handleJavaScriptDialog", {"accept": accept, "promptText": text or ""})

    # Going

    def detached(self, session: Session) -> None:
        """A session has ended: when it was a tab's, that tab has gone."""
        for sheet in self.sheets:
            if sheet.session is session:
                return self.vanished(sheet)
        return None

    def vanished(self, sheet: Sheet) -> None:
        """A tab has gone; where it was active, its neighbour is."""
        if sheet in self.sheets:
            place = self.sheets.index(sheet)
            self.sheets.remove(sheet)
            if self.ear is not None:
                self.ear.leaves(sheet.target)
            self.active = max(0, min(self.active - (place < self.active), len(self.sheets) - 1))


def metrics(width: int, height: int) -> dict[str, Any]:
    """Parameters that give a tab a viewport of this size."""
    return {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}


async def in_order(session: Session, calls: Calls) -> None:
    """Send commands one behind the other without waiting in between; done when all are answered."""
    await asyncio.gather(*[session.post(method, parameters) for method, parameters in calls])


async def _unless_in_effect(call: Any) -> None:
    """Wait for the answer; that it is in effect already is as good as done."""
    try:
        await call
    except ProtocolError as error:
        if "already in effect" not in error.message:
            raise
