"""What the active tab looks like when it is at rest, and what that adds to what the listener sees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from webapprentice.browser import Window
from webapprentice.browser.frames import Frame
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Observation, Tab
from webapprentice.recorder.config import RecordConfig
from webapprentice.recorder.looks import Base, Shot, from_frame, from_top, html_with

VERSION = "__apprentice.recorder ? __apprentice.recorder.version() : ''"
"""Changes with everything that could make a picture of the page untrue."""
_NOTHING: dict[str, Any] = {"html": None, "secrets": [], "version": ""}


class Viewer:
    """The tabs of a window as they were when they last were at rest."""

    def __init__(self, window: Window, config: RecordConfig) -> None:
        self.window = window
        self.config = config
        self.bases: dict[str, Base] = {}
        """By target."""

    def tabs(self, target: str, seen: Observation) -> tuple[Tab, ...]:
        """The open tabs, with this one in front."""
        tabs = []
        for other in self.window.targets:
            base = self.bases.get(other)
            shown = seen if other == target else base.observation if base else None
            url, title = (shown.url, shown.title) if shown is not None else ("about:blank", "")
            tabs.append(Tab(url=url, title=title, active=other == target))
        return tuple(tabs)

    def moment(self, target: str, frame: Frame | None, told: dict[str, Any]) -> tuple[Observation, str | None]:
        """The whole page at a moment that the listener, or that of a frame, tells of; and its HTML."""
        base, html = self.bases.get(target), told.get("html")
        if frame is None:
            seen = from_top(told["seen"], base)
        else:
            found = from_frame(told["seen"], base, frame.target)
            seen = found if found is not None else Observation.model_validate(told["seen"])
            if found is not None and base is not None and html is not None and base.html is not None:
                host = next((e.parent for e in found.elements if base.homes.get(e.id) == frame.target), None)
                html = html_with(base.html, host, html)
        return seen.model_copy(update={"tabs": self.tabs(target, seen)}), html

    def shot(self, target: str, seen: Observation, told: dict[str, Any], node: int | None) -> Shot | None:
        """The last picture, where it still shows the page: nothing has changed, or at least not where it matters."""
        base = self.bases.get(target)
        if base is None or base.png is None or base.observation.url != seen.url:
            return None
        if base.version == told.get("version"):
            return base.shot
        element = seen.element(node) if node is not None else None
        before = base.observation.element(node) if node is not None else None
        return base.shot if element is not None and before is not None and element.box == before.box else None

    def covers(self, node: int) -> bool:
        """Whether the last look at the active tab has seen this element, where it is in a frame of another origin."""
        base = self.bases.get(self.active)
        return self.window.home(node) is None or (base is not None and node in base.homes)

    async def fresh(self) -> bool:
        """Whether the active tab is still as it was at the last look. Raises FaultError."""
        base = self.bases.get(self.active)
        return base is not None and base.version == await self.window.evaluate(VERSION, "looking")

    @property
    def active(self) -> str:
        """The active tab's target; empty where there is none."""
        try:
            return self.window.target
        except FaultError:
            return ""

    async def look(self, heard_out: Callable[[], Awaitable[None]], *, pictures: bool) -> Observation:
        """The active tab, come to rest. Raises FaultError.

        What was told before it was read is done with, by `heard_out`, before it takes the place of the last look.
        """
        window, config = self.window, self.config
        wanted = config.html or config.redact
        probe = "__apprentice.recorder ? __apprentice.recorder.page() : null" if wanted else "null"
        seen = await window.observe(settle=True, skip=config.skip, probe=probe)
        target, page = window.target, seen.extra or _NOTHING
        png = await self._photograph(page["version"]) if config.pictures and pictures else None
        homes = {}
        for element in seen.observation.elements:
            home = window.home(element.id)
            if home is not None:
                homes[element.id] = home.target
        await heard_out()
        html = page["html"] if config.html else None
        self.bases[target] = Base(seen.observation, html, page["secrets"], page["version"], png, homes)
        return seen.observation

    async def _photograph(self, version: str) -> bytes | None:
        """A picture of the page without the bar; None when the page has changed since it was read."""
        hiding = self.config.bar
        try:
            if hiding:
                await self.window.evaluate("__apprentice.bar && __apprentice.bar.hide(true)", "hiding the bar")
            png = await self.window.screenshot()
            return png if await self.window.evaluate(VERSION, "looking") == version else None
        except FaultError:
            return None
        finally:
            if hiding:
                with suppress(FaultError):
                    await self.window.evaluate("__apprentice.bar && __apprentice.bar.hide(false)", "showing the bar")
