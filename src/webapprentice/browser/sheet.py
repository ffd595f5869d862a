"""One tab: where it is, how far its document has come, and waiting for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from webapprentice.browser.deadline import fault
from webapprentice.browser.dialing import BLOCKED, Trouble
from webapprentice.browser.frames import Frames
from webapprentice.browser.pipe import ProtocolError, Session
from webapprentice.browser.proxy import Proxy
from webapprentice.core.faults import FaultError

MARKS = ("init", "DOMContentLoaded", "load")


class Sheet:
    """One tab and its session."""

    def __init__(self, session: Session, target: str, scripts: Iterable[str]) -> None:
        self.session = session
        self.target = target
        self.frames = Frames(scripts)
        self.crashed = False
        self.url = "about:blank"
        """Where its main frame is."""
        self.loader = ""
        """Of the document that `url` is the address of."""
        self.failed = ""
        """Where it was to be when the browser shows an error page instead."""
        self.heading = ""
        """Where it was last told to go."""
        self.leaving = False
        """The page has asked for another document since the last action, and it is not there yet."""
        self.acted = False
        """An action has been carried out that nobody has seen the end of: a page that leaves by itself is not waited
        for, as it may do so again and again."""
        self.told = False
        """What is wrong with the current document has been said."""
        self.loaded: set[str] = set()
        """Marks of the current document's life: its loader's id, and those of `MARKS` that it has reached."""
        self.moved = asyncio.Event()
        """Set whenever something happens that somebody may wait for."""
        self._shifts = 0
        """How often the address has changed within a document."""
        self._patience: asyncio.Timeout | None = None
        """Of whoever wants to know at once that the page leaves."""
        self._committed: set[str] = set()
        """Loaders of the documents that were shown since the last `navigate`."""
        session.ends = self.moved.set
        session.hears |= {
            "Page.lifecycleEvent": self._life,
            "Page.frameNavigated": self._navigated,
            "Page.frameRequestedNavigation": self._requested,
            "Page.frameStoppedLoading": self._stopped,
            "Page.navigatedWithinDocument": self._shifted,
            "Inspector.targetCrashed": self._died,
        }

    def _life(self, told: dict[str, Any]) -> None:
        if told["frameId"] == self.target and told["name"] in MARKS:
            if told["name"] == "init":
                self.loaded = {told["loaderId"]}
            self.loaded.add(told["name"])
            self.moved.set()

    def _navigated(self, told: dict[str, Any]) -> None:
        if "parentId" not in told["frame"]:
            self.url = told["frame"]["url"] + told["frame"].get("urlFragment", "")
            self.failed = told["frame"].get("unreachableUrl", "")
            self.loader = told["frame"]["loaderId"]
            self.leaving = False
            self._committed.add(self.loader)
            self.told = False
            self.moved.set()

    def _requested(self, told: dict[str, Any]) -> None:
        if told["frameId"] == self.target:
            self.heading = told["url"]
            if self.acted and told["disposition"] == "currentTab":
                self.leaving = True
                if self._patience is not None and not self._patience.expired():
                    self._patience.reschedule(0)

    def _stopped(self, told: dict[str, Any]) -> None:
        # What was asked for is an answer without a document. A page that never ends to load does not tell of that.
        if told["frameId"] == self.target:
            self.stay()

    def stay(self) -> None:
        """What was asked for is no document: the page stays."""
        self.leaving = False
        self.moved.set()

    def _shifted(self, told: dict[str, Any]) -> None:
        if told["frameId"] == self.target:
            self.url = told["url"]
            self._shifts += 1
            self.moved.set()

    def _died(self, _told: dict[str, Any]) -> None:
        self.crashed = True
        self.session.lose("the page's process has crashed", "page_crash")
        self.moved.set()

    async def _moves(self) -> None:
        """Wait for whatever happens next. Raises ProtocolError where nothing can happen any more."""
        self.moved.clear()
        if self.session.lost is None:
            await self.moved.wait()
        if self.session.lost is not None:
            raise self.session.lost

    async def until(self, mark: str) -> None:
        """Wait until the document that is shown bears this mark."""
        while mark not in self.loaded:
            await self._moves()

    async def left(self) -> None:
        """Wait until the page is another one, or has given up becoming one."""
        while self.leaving:
            await self._moves()

    @asynccontextmanager
    async def staying(self) -> AsyncIterator[None]:
        """What is done within is broken off, by TimeoutError, as soon as the page is about to be another one."""
        async with asyncio.timeout(0 if self.leaving else None) as self._patience:
            try:
                yield
            finally:
                self._patience = None

    async def navigate(self, url: str, proxy: Proxy | None) -> None:
        """Load an address and wait until it is there, following the page where a script leads it on.

        Raises FaultError of kind navigation_failed or nav_blocked_policy.
        """
        self.failed, self.told = "", True
        self._committed.clear()
        try:
            told = await self.session.send("Page.navigate", {"url": url})
        except ProtocolError as error:
            if self.session.lost is not None:
                raise
            raise fault("navigation_failed", f"{error.message}: {url[:100]}") from error
        if told.get("isDownload"):
            return
        if "errorText" in told:
            raise troubled(self._reason(proxy, url, told["errorText"]), url)
        if "loaderId" in told:  # there is none where only the fragment changes
            await self._arrive(told["loaderId"], proxy)

    async def _arrive(self, loader: str, proxy: Proxy | None) -> None:
        while not self.loaded.issuperset((loader, "load")):
            trouble = proxy.trouble(self.url) if proxy is not None and loader == self.loader else None
            if trouble is not None and trouble.begun:
                self.session.post("Page.stopLoading")
                raise troubled(trouble, self.url)
            await self._moves()
            if loader in self._committed:
                loader = self.loader  # another one where the page has gone on before it was loaded

    def _reason(self, proxy: Proxy | None, url: str, code: str) -> Trouble:
        """What the proxy knows of an error that the browser only has a name for."""
        if proxy is not None and ("TUNNEL" in code or "PROXY" in code):
            tunnels = [trouble for place, trouble in proxy.troubles.items() if "://" not in place]
            known = proxy.trouble(self.failed or url) or (tunnels[-1] if tunnels else None)
            if known is not None:
                return known
        return Trouble(code, "")

    async def travel(self, entry: int) -> None:
        """Go to an entry of the history and wait until it is there."""
        before, shifts = self.loaded, self._shifts
        await self.session.send("Page.navigateToHistoryEntry", {"entryId": entry})
        while self._shifts == shifts and (self.loaded is before or "load" not in self.loaded):
            await self._moves()


def troubled(trouble: Trouble, url: str) -> FaultError:
    """What the proxy has met, as a fault."""
    if trouble.code == BLOCKED:
        return fault(BLOCKED, trouble.message)
    said = f" ({trouble.message})" if trouble.message else ""
    return fault("navigation_failed", f"{trouble.code} while loading {url[:100]}{said}")
