"""A window that is recorded: what its pages tell becomes events, each with the page as it was before."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Any

from webapprentice.browser import Browser, Window
from webapprentice.browser.frames import Frame
from webapprentice.browser.pipe import ProtocolError, Session
from webapprentice.browser.tabs import Calls
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Ending, Observation, Target, Trajectory
from webapprentice.recorder.config import RecordConfig
from webapprentice.recorder.events import Event
from webapprentice.recorder.fields import Fields
from webapprentice.recorder.history import Past, way
from webapprentice.recorder.keeping import Keeper
from webapprentice.recorder.viewer import Viewer

RING = "__apprentice_ring"
"""The binding that the listener tells through; it is gone before the first script of a page runs."""
ORDERS = frozenset({"goal", "pause", "resume", "undo", "end"})
"""What the bar says."""
REST = "window.__apprentice && __apprentice.recorder && __apprentice.recorder.rest()"
FINISH = """(() => {
  const all = (view) => {
    try { if (view.__apprentice && view.__apprentice.recorder) view.__apprentice.recorder.finish(); } catch { return; }
    for (let n = 0; n < view.length; n += 1) all(view[n]);
  };
  all(window);
})()"""
"""What is being typed is told as it is now."""
_ASKED = 50
"""Times that a tab which changes its page is asked for its history."""
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
        self.viewer = Viewer(window, config)
        self.keeper: Keeper | None = None
        """None: what happens is not kept."""
        self.ended = asyncio.Event()
        """Set when the person has ended the recording, or closed the last tab."""
        self.trouble: Exception | None = None
        """Why nothing more is kept: the disk is full, the store is gone."""
        self.told: Callable[[int], None] | None = None
        """Called with the number of steps whenever it may have changed."""
        self._queue: asyncio.Queue[tuple[str, Frame | None, dict[str, Any]]] = asyncio.Queue()
        self._numbers: dict[str, int] = {}
        """Target → number of the tab."""
        self._sessions: dict[str, Session] = {}
        self._history: dict[str, Past] = {}
        self._dialogs: dict[str, dict[str, Any]] = {}
        self._fields = Fields()
        self._work: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._again = False

    @classmethod
    async def open(cls, browser: Browser, config: RecordConfig, *scripts: str) -> Recorder:
        """A new window with one empty tab, heard but not yet recorded; `scripts` run in each document first."""
        window = Window(browser, config.browser, (*scripts, listener(config)))
        recorder = cls(window, config)
        window.heard_by(recorder)
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
        await self._heard_out()
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
        await self._heard_out()
        final = self._base_key(self.viewer.active)
        if not keeper.fold.paused:
            keeper.take(Event(kind="end", at=time.time(), text="", seen=final))
        self.keeper = None
        return keeper.finish(Ending.STOPPED, final)

    def order(self, kind: str, text: str = "") -> None:
        """What the bar can say: pause, resume, undo, goal, end. Anything else is not heard."""
        if kind in ORDERS:
            self._queue.put_nowait((self.viewer.active, None, {"kind": kind, "text": text}))

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
        await self._heard_out()

    @staticmethod
    def now() -> float:
        """Seconds since the epoch."""
        return time.time()

    # What the window tells: `webapprentice.browser.tabs.Ear`

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
            to = where.get("url", "") + where.get("urlFragment", "")
            self._queue.put_nowait((target, None, {"kind": "navigated", "to": to}))

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
            except Exception as error:  # whoever waits for the recorder is told, and nobody waits for ever
                self.trouble = self.trouble or error
                self.ended.set()
            finally:
                self._queue.task_done()

    async def _heard_out(self) -> None:
        """Wait until everything that was told so far is kept. Raises what went wrong with it."""
        await self._queue.join()
        if self.trouble is not None:
            raise self.trouble

    async def _process(self, target: str, frame: Frame | None, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "rest":
            base = self.viewer.bases.get(target)
            if base is None or base.version != message.get("version") or frame is not None:
                self._look_soon(target)
        elif kind == "ready":
            await self._show()
        if self.keeper is None or kind in ("rest", "ready"):
            return
        if kind == "navigated":
            await self._navigated(target, message["to"])
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
            self._fields.note(event, moment, secret)
        if event.kind == "input":
            event = self._fields.told(event, secret, self.keeper)
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

    def _take(self, event: Event) -> None:
        if self.keeper is not None:
            self.keeper.take(event)

    # Looks

    def _target(self, number: int | None) -> str:
        return next((target for target, at in self._numbers.items() if at == number), "")

    def _base_key(self, target: str) -> str | None:
        """The page of this tab when it last was at rest, kept."""
        base = self.viewer.bases.get(target)
        if base is None or self.keeper is None:
            return None
        self.keeper.learn(base.secrets)
        seen = base.observation.model_copy(update={"tabs": self.viewer.tabs(target, base.observation)})
        return self.keeper.look(seen, base.html, base.shot)

    def _moment_key(self, target: str, frame: Frame | None, moment: dict[str, Any], event: Event) -> str | None:
        """The page as the listener saw it, kept."""
        assert self.keeper is not None
        seen, html = self.viewer.moment(target, frame, moment)
        shot = self.viewer.shot(target, seen, moment, event.node)
        return self.keeper.look(seen, html, shot, event.node)

    def _look_soon(self, target: str) -> None:
        if self.keeper is None or self.config.browser.headless or target != self.viewer.active:
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

    async def look(self) -> Observation:
        """The active tab, come to rest: what the next action will be done in. Raises FaultError."""
        await self.window.evaluate(REST, "waiting for the page")
        await self._heard_out()
        return await self.viewer.look(self._heard_out, pictures=self.keeper is not None)

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

    async def _past(self, target: str, to: str = "") -> Past | None:
        """The history of a tab; None where it cannot be asked. `to`: where it has just gone, of which the page may tell
        before the browser has written it down."""
        session = self._sessions.get(target)
        for left in reversed(range(_ASKED)):
            if session is None or session.lost is not None:
                break
            try:
                told = await asyncio.wait_for(session.send("Page.getNavigationHistory"), 2.0)
            except TimeoutError:
                return None
            except ProtocolError:  # the new page is on its way in: it answers when it is there
                told = None
            past = Past.of(told) if told is not None else None
            if past is not None and (not left or to in ("", past.url)):
                self._history[target] = past
                return past
            with suppress(ProtocolError, TimeoutError):
                await asyncio.wait_for(session.send("Runtime.evaluate", {"expression": "0"}), 2.0)
        return None

    async def _navigated(self, target: str, to: str) -> None:
        assert self.keeper is not None
        before = self._history.get(target)
        past = await self._past(target, to)
        how = way(before, past) if past is not None else "page"
        if past is None or how == "page" or past.url in ("about:blank", ""):
            return
        tab, seen, now = self._numbers[target], self._base_key(target), time.time()
        if self.keeper.fold.active not in (None, tab):
            last = self._base_key(self._target(self.keeper.fold.active))
            self._take(Event(kind="shown", tab=tab, at=now, seen=last))
        self._take(Event(kind="navigated", tab=tab, at=now, seen=seen, url=self.keeper.address(past.url), how=how))


def _time(message: dict[str, Any]) -> float:
    at = message.get("at")
    return float(at) / 1000 if isinstance(at, int | float) else 0.0


def _now(message: dict[str, Any]) -> float:
    return _time(message) or time.time()
