"""A window that is recorded: what its pages tell becomes events, each with the page as it was before."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Any

from webapprentice.browser import Browser, Window
from webapprentice.browser.frames import Frame
from webapprentice.browser.pipe import ProtocolError, Session
from webapprentice.browser.window import Calls
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Ending, Observation, Tab, Target, Trajectory
from webapprentice.recorder.config import RecordConfig
from webapprentice.recorder.events import Event
from webapprentice.recorder.keeping import Keeper
from webapprentice.recorder.looks import Base, Shot, from_frame, from_top, html_with
from webapprentice.redaction import secret_field

RING = "__apprentice_ring"
"""The binding that the listener tells through; it is gone before the first script of a page runs."""
TYPED = frozenset({"typed", "generated", "keyword", "keyword_generated", "auto_bookmark", "address_bar", "start_page"})
"""How a person comes to a page who was not led there by another one."""
ORDERS = frozenset({"goal", "pause", "resume", "undo", "end"})
"""What the bar says."""
FINISH = """(() => {
  const all = (view) => {
    try { if (view.__apprentice && view.__apprentice.recorder) view.__apprentice.recorder.finish(); } catch { return; }
    for (let n = 0; n < view.length; n += 1) all(view[n]);
  };
  all(window);
})()"""
"""What is being typed is told as it is now."""
SHOWN = 7
"""Letters of a word that are kept while it is being typed into a field that is not secret."""
PASSIVE = frozenset({"hover", "rest", "ready", "moving", "dialog"})
"""Told by tabs that nobody need be looking at."""


def listener(config: RecordConfig) -> str:
    """What is injected into every document beside the window's own scripts."""
    browser = config.browser
    options = {
        "nodes": browser.max_nodes,
        "millis": browser.walk_seconds * 1000,
        "table": browser.table_bytes,
        "bytes": browser.html_bytes,
        "skip": config.skip,
        "masked": browser.mask_passwords,
        "html": config.html,
        "hovers": config.hovers,
        "secrets": config.redact,
        "bar": config.bar,
    }
    folder = files("webapprentice.recorder")
    parts = [(folder / name).read_text("utf-8") for name in ("locators.js", "listener.js", "bar.js")]
    return "\n".join(parts).replace("__OPTIONS__", json.dumps(options))


class Recorder:
    """Listens to one window. Make one with `Recorder.open`."""

    def __init__(self, window: Window, config: RecordConfig) -> None:
        self.window = window
        self.config = config
        self.keeper: Keeper | None = None
        """None: what happens is not kept."""
        self.ended = asyncio.Event()
        """Set when the person has ended the recording, or closed the last tab."""
        self.told: Callable[[int], None] | None = None
        """Called with the number of steps whenever it may have changed."""
        self._queue: asyncio.Queue[tuple[str, Frame | None, dict[str, Any]]] = asyncio.Queue()
        self._numbers: dict[str, int] = {}
        """Target → number of the tab."""
        self._sessions: dict[str, Session] = {}
        self._bases: dict[str, Base] = {}
        self._history: dict[str, tuple[int, list[int]]] = {}
        self._dialogs: dict[str, dict[str, Any]] = {}
        self._secret: dict[tuple[str, int], str] = {}
        """Fields that are being typed into and hold a secret: its kind."""
        self._work: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._again = False

    @classmethod
    async def open(cls, browser: Browser, config: RecordConfig, *scripts: str) -> Recorder:
        """A new window with one empty tab, heard but not yet recorded; `scripts` run in each document first."""
        window = Window(browser, config.browser, (*scripts, listener(config)))
        recorder = cls(window, config)
        window.ear = recorder
        await window.renew()
        recorder._work = asyncio.create_task(recorder._serve())
        return recorder

    async def close(self) -> None:
        """Stop listening and close the window."""
        for task in (self._looking, self._work):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        with suppress(FaultError):
            await self.window.close()

    async def begin(self, keeper: Keeper) -> None:
        """From now on what happens is kept, beginning with the page that is shown."""
        await self._queue.join()
        self.keeper = keeper
        for number, target in enumerate(self.window.targets):
            at = self._numbers[target]
            if at not in keeper.fold.tabs:
                self._take(Event(kind="opened", tab=at, how="typed" if number == 0 else "page"))
        await self._past(self.window.target)
        await self.look()
        await self._show()

    async def end(self, keeper: Keeper) -> Trajectory:
        """The recording is over: the trajectory, in the store."""
        final = None
        with suppress(FaultError):
            await self.quiet()
            if self.window.targets:
                await self.look()
        await self._queue.join()
        final = self._base_key(self._active())
        if not keeper.fold.paused:
            keeper.take(Event(kind="end", at=time.time(), text="", seen=final))
        self.keeper = None
        return keeper.finish(Ending.STOPPED, final)

    def order(self, kind: str, text: str = "") -> None:
        """What the bar can say: pause, resume, undo, goal, end. Anything else is not heard."""
        if kind in ORDERS:
            self._queue.put_nowait((self._active(), None, {"kind": kind, "text": text}))

    def count_from(self, first: int) -> None:
        """Number the tabs from here on: those of an earlier browser have had the numbers below."""
        self._numbers = {target: first + place for place, target in enumerate(self._numbers)}

    @property
    def numbers(self) -> list[int]:
        """The numbers of the open tabs."""
        return [self._numbers[target] for target in self.window.targets]

    async def quiet(self) -> None:
        """Wait until everything that was told so far is kept."""
        with suppress(FaultError):  # whatever the page has told before comes before this answer
            await self.window.evaluate(FINISH, "listening")
        await self._queue.join()

    @staticmethod
    def now() -> float:
        """Seconds since the epoch."""
        return time.time()

    # What the window tells: `webapprentice.browser.window.Ear`

    def joins(self, session: Session, target: str, frame: Frame | None = None, asked: bool = False) -> Calls:
        """A tab or a frame is there."""
        session.hears["Runtime.bindingCalled"] = lambda told: self._heard(target, frame, told)
        # Without the first, documents to come would not have the binding.
        calls: Calls = [("Runtime.enable", {}), ("Runtime.addBinding", {"name": RING})]
        if frame is not None:
            return calls
        self._numbers.setdefault(target, max(self._numbers.values(), default=-1) + 1)
        self._sessions[target] = session
        for method in ("Page.frameNavigated", "Page.navigatedWithinDocument"):
            self._chain(session, method, lambda told: self._moved(target, told))
        self._chain(session, "Page.javascriptDialogClosed", lambda told: self._answered(target, told))
        self._queue.put_nowait((target, None, {"kind": "opened", "how": "page" if asked else "typed"}))
        return calls

    @staticmethod
    def _chain(session: Session, method: str, more: Callable[[dict[str, Any]], None]) -> None:
        first = session.hears.get(method)

        def both(told: dict[str, Any]) -> None:
            if first is not None:
                first(told)
            more(told)

        session.hears[method] = both

    def leaves(self, target: str) -> None:
        """A tab has gone."""
        self._queue.put_nowait((target, None, {"kind": "closed"}))
        if not self.window.targets:
            self.ended.set()

    def asked(self, session: Session, target: str, told: dict[str, Any]) -> bool:  # noqa: ARG002
        """A dialog has opened: where there is a person in front of it, they answer it."""
        self._dialogs[target] = told
        return not self.config.browser.headless

    def _heard(self, target: str, frame: Frame | None, told: dict[str, Any]) -> None:
        if told["name"] == RING:
            with suppress(ValueError, AttributeError):
                message = json.loads(told["payload"])
                if isinstance(message.get("kind"), str):
                    self._queue.put_nowait((target, frame, message))

    def _moved(self, target: str, told: dict[str, Any]) -> None:
        where = told.get("frame", told)
        if "parentId" not in where and where.get("id", target) == target and told.get("frameId", target) == target:
            self._queue.put_nowait((target, None, {"kind": "navigated"}))

    def _answered(self, target: str, told: dict[str, Any]) -> None:
        asked = self._dialogs.pop(target, None)
        if asked is not None:
            said = {
                "kind": "dialog",
                "asks": asked["type"],
                "accept": told["result"],
                "text": told.get("userInput", ""),
            }
            self._queue.put_nowait((target, None, said))

    # One message after the other

    async def _serve(self) -> None:
        while True:
            target, frame, message = await self._queue.get()
            try:
                await self._process(target, frame, message)
            finally:
                self._queue.task_done()

    async def _process(self, target: str, frame: Frame | None, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "rest":
            base = self._bases.get(target)
            if base is None or base.version != message.get("version") or frame is not None:
                self._look_soon(target)
        elif kind == "ready":
            await self._show()
        if self.keeper is None or kind in ("rest", "ready"):
            return
        if kind == "navigated":
            await self._navigated(target)
        elif kind in ORDERS:
            await self._order(kind, message)
        else:
            self._person(target, frame, message)
        self._report()

    def _report(self) -> None:
        if self.keeper is not None and self.told is not None:
            self.told(len(self.keeper.fold.drafts))

    async def _order(self, kind: str, message: dict[str, Any]) -> None:
        text = message.get("text")
        if kind == "end":
            return self.ended.set()
        self._take(Event(kind=kind, at=_now(message), text=self._kept(text) if isinstance(text, str) else None))
        return await self._show()

    def _kept(self, text: str) -> str:
        return self.keeper.clean(text) if self.keeper is not None else text

    def _person(self, target: str, frame: Frame | None, message: dict[str, Any]) -> None:
        """Something that a person did, or that happened to a tab."""
        assert self.keeper is not None
        kind, tab = message["kind"], self._numbers[target]
        if kind in ("opened", "closed"):
            before = self._base_key(self._target(self.keeper.fold.active))
            self._take(Event(kind=kind, tab=tab, at=_now(message), how=message.get("how", "page"), seen=before))
            return
        if kind not in PASSIVE and self.keeper.fold.active not in (None, tab):
            before = self._base_key(self._target(self.keeper.fold.active))
            self._take(Event(kind="shown", tab=tab, at=_now(message), seen=before))
            if target in self.window.targets:
                self.window.activate(self.window.targets.index(target))
        event = self._event(target, frame, message)
        if event is not None:
            self._take(event)

    def _event(self, target: str, frame: Frame | None, message: dict[str, Any]) -> Event | None:
        assert self.keeper is not None
        moment = message.pop("moment", None)
        secret = message.pop("secret", "")
        told = {name: value for name, value in message.items() if name in Event.model_fields and value is not None}
        aimed = told.pop("target", None)
        event = Event.model_validate({**told, "at": _now(message), "tab": self._numbers[target]})
        if moment is not None:
            self.keeper.learn(moment.get("secrets", ()))
        if event.kind == "edit":
            self._note_secret(target, event, moment, secret)
        if event.kind == "input":
            event = self._typed(target, event, secret)
        elif event.text is not None:
            event = event.with_(text=self._kept(event.text))
        elif event.kind == "files":
            event = event.with_(options=tuple(self._kept(name) for name in event.options))
        if aimed is not None:
            event = event.with_(target=self.keeper.target(Target.model_validate(aimed)))
        if event.kind in ("hover", "dialog"):
            return event.with_(seen=self._base_key(target))
        if moment is None or (event.kind == "edit" and self.keeper.fold.led_to(event)):
            return event
        return event.with_(seen=self._moment_key(target, frame, moment, event))

    def _note_secret(self, target: str, event: Event, moment: dict[str, Any] | None, secret: str) -> None:
        if self.config.redact and not secret and moment is not None:
            lines = moment["seen"]["elements"]
            line = next((line for line in lines if line["id"] == event.node), None)
            secret = secret_field(line.get("attributes", {}), line["tag"]) if line else ""
        if event.node is not None:
            self._secret[target, event.node] = secret

    def _typed(self, target: str, event: Event, secret: str) -> Event:
        """What a field holds; of a secret one only when it is complete, and then its placeholder."""
        assert self.keeper is not None
        kind = secret or self._secret.get((target, event.node or 0), "")
        if self.keeper.redactor is None or not kind:
            if event.text is None:
                return event
            text = event.text if event.final or self.keeper.redactor is None else withheld(event.text)
            return event.with_(text=self._kept(text))
        if not event.final or event.text is None:
            return event.with_(text=None)
        return event.with_(text=self.keeper.redactor.learn(kind, event.text))

    def _take(self, event: Event) -> None:
        if self.keeper is not None:
            self.keeper.take(event)

    # Looks

    def _target(self, number: int | None) -> str:
        return next((target for target, at in self._numbers.items() if at == number), "")

    def _tabs(self, target: str, seen: Observation) -> tuple[Tab, ...]:
        tabs = []
        for other in self.window.targets:
            base = self._bases.get(other)
            shown = seen if other == target else base.observation if base else None
            url, title = (shown.url, shown.title) if shown is not None else ("about:blank", "")
            tabs.append(Tab(url=url, title=title, active=other == target))
        return tuple(tabs)

    def _base_key(self, target: str) -> str | None:
        """The page of this tab when it last was at rest, kept."""
        base = self._bases.get(target)
        if base is None or self.keeper is None:
            return None
        self.keeper.learn(base.secrets)
        seen = base.observation.model_copy(update={"tabs": self._tabs(target, base.observation)})
        return self.keeper.look(seen, base.html, base.shot)

    def _moment_key(self, target: str, frame: Frame | None, moment: dict[str, Any], event: Event) -> str | None:
        """The page as the listener saw it, kept."""
        assert self.keeper is not None
        base = self._bases.get(target)
        html = moment.get("html")
        if frame is None:
            seen = from_top(moment["seen"], base)
        else:
            found = from_frame(moment["seen"], base, frame.target)
            seen = found if found is not None else Observation.model_validate(moment["seen"])
            if found is not None and base is not None and html is not None and base.html is not None:
                host = next((e.parent for e in found.elements if base.homes.get(e.id) == frame.target), None)
                html = html_with(base.html, host, html)
        seen = seen.model_copy(update={"tabs": self._tabs(target, seen)})
        return self.keeper.look(seen, html, self._picture(base, seen, moment, event), event.node)

    def _picture(self, base: Base | None, seen: Observation, moment: dict[str, Any], event: Event) -> Shot | None:
        """The last picture, where it still shows the page: nothing has changed, or at least not where it matters."""
        if base is None or base.png is None or base.observation.url != seen.url:
            return None
        if base.version == moment.get("version"):
            return base.shot
        element = seen.element(event.node) if event.node is not None else None
        before = base.observation.element(event.node) if event.node is not None else None
        same = element is not None and before is not None and element.box == before.box
        return base.shot if same and event.kind != "hover" else None

    def covers(self, node: int) -> bool:
        """Whether the last look at the active tab has seen this element, where it is in a frame of another origin."""
        base = self._bases.get(self._active())
        return self.window.home(node) is None or (base is not None and node in base.homes)

    def _look_soon(self, target: str) -> None:
        if self.keeper is None or self.config.browser.headless or target != self._active():
            return
        if self._looking is not None and not self._looking.done():
            self._again = True
            return
        self._looking = asyncio.create_task(self._looks())

    async def _looks(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            with suppress(FaultError):
                await self.look()

    def _active(self) -> str:
        try:
            return self.window.target
        except FaultError:
            return ""

    async def look(self) -> Observation:
        """The active tab, come to rest: what the next action will be done in. Raises FaultError."""
        window, config = self.window, self.config
        await window.evaluate("window.__apprentice && __apprentice.recorder && __apprentice.recorder.rest()", "resting")
        await self._queue.join()
        probe = (
            "__apprentice.recorder ? __apprentice.recorder.page() : null" if config.html or config.redact else "null"
        )
        seen = await window.observe(settle=True, skip=config.skip, probe=probe)
        target, page = window.target, seen.extra or {"html": None, "secrets": [], "version": -1}
        png = await self._photograph(page["version"]) if config.pictures and self.keeper is not None else None
        homes = {}
        for element in seen.observation.elements:
            home = window.home(element.id)
            if home is not None:
                homes[element.id] = home.target
        await self._queue.join()
        html = page["html"] if config.html else None
        self._bases[target] = Base(seen.observation, html, page["secrets"], page["version"], png, homes)
        return seen.observation

    async def _photograph(self, version: int) -> bytes | None:
        """A picture of the page without the bar; None when the page has changed since it was read."""
        hiding = self.config.bar
        try:
            if hiding:
                await self.window.evaluate("__apprentice.bar && __apprentice.bar.hide(true)", "hiding the bar")
            png = await self.window.screenshot()
            now = await self.window.evaluate("__apprentice.recorder ? __apprentice.recorder.version() : -1", "looking")
            return png if now == version else None
        except FaultError:
            return None
        finally:
            if hiding:
                with suppress(FaultError):
                    await self.window.evaluate("__apprentice.bar && __apprentice.bar.hide(false)", "showing the bar")

    async def _show(self) -> None:
        """Tell the bar how things stand."""
        if self.keeper is None or not self.config.bar:
            return
        fold = self.keeper.fold
        told = {"steps": len(fold.drafts), "paused": fold.paused, "goal": self.keeper.goal}
        with suppress(FaultError):
            await self.window.evaluate(
                f"__apprentice.bar && __apprentice.bar.show({json.dumps(told)})", "telling the bar"
            )

    # Going places

    async def _past(self, target: str) -> tuple[int, list[dict[str, Any]]] | None:
        """The history of a tab: where in it one is, and its entries."""
        session = self._sessions.get(target)
        if session is None or session.lost is not None:
            return None
        try:
            told = await asyncio.wait_for(session.send("Page.getNavigationHistory"), 2.0)
        except (ProtocolError, TimeoutError):
            return None
        found = told["currentIndex"], told["entries"]
        self._history[target] = (found[0], [entry["id"] for entry in found[1]])
        return found

    async def _navigated(self, target: str) -> None:
        assert self.keeper is not None
        before = self._history.get(target)
        found = await self._past(target)
        if found is None:
            return
        at, entries = found
        entry = entries[at]
        how = "page"
        if before is not None and entry["id"] in before[1]:
            place = before[1].index(entry["id"])
            how = "back" if place < before[0] else "forward" if place > before[0] else how
            if place == before[0] and entry.get("transitionType") == "reload":
                how = "reload"
        elif entry.get("transitionType") in TYPED:
            how = "typed"
        if entry["url"] in ("about:blank", "") or how == "page":
            return
        tab, seen = self._numbers[target], self._base_key(target)
        if self.keeper.fold.active not in (None, tab):
            last = self._base_key(self._target(self.keeper.fold.active))
            self._take(Event(kind="shown", tab=tab, at=_now({}), seen=last))
        url = self.keeper.address(entry["url"])
        self._take(Event(kind="navigated", tab=tab, at=_now({}), seen=seen, url=url, how=how))


def withheld(text: str) -> str:
    """The text without a long last word: unfinished, nobody can see whether it is a secret."""
    last = re.search(r"\S*$", text)
    return text[: last.start()] if last is not None and len(last[0]) > SHOWN else text


def _time(message: dict[str, Any]) -> float:
    at = message.get("at")
    return float(at) / 1000 if isinstance(at, int | float) else 0.0


def _now(message: dict[str, Any]) -> float:
    return _time(message) or time.time()
