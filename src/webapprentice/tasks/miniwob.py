"""MiniWoB++ as worlds: many windows of a few browsers, each a `World` of its own."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from webapprentice.browser import Browser, BrowserConfig, Seen, Window, act, landed
from webapprentice.browser.flags import FLAT
from webapprentice.core.actions import Action, Stop
from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Happened, Start
from webapprentice.core.records import Observation, Outcome, Result, Task
from webapprentice.tasks.registry import FLIGHT, TIMED, folder, page_of
from webapprentice.tasks.server import PageServer

VIEWPORT = (500, 320)
ADDRESS = "http://miniwob/"
"""What stands in observations for the address of the page server."""
FLIGHT_VIEWPORT = (600, 800)
FRAME = (0, 0, 160, 210)
FLIGHT_FRAME = (0, 0, 375, 667)
"""Where the task itself is drawn."""
OFFSETS = 100
"""Node ids of an episode start at 1 to this, drawn from task and seed."""
RECYCLE = 300
"""In-page episodes before the page is loaded anew."""
FILLED = 16
"""Windows before another browser process pays."""
LITTER = 25
"""Episodes after which a window's renderer gives back what they have left behind; a load counts as one more."""
EPISODE_MS = 1_000_000_000
"""The page's own clock must not end an episode: time is limited by whoever steps it."""

# The goal stands in #query and is told apart from the page; the rest is the harness of the benchmark.
SKIP = "#query, #query-wrap, #reward-display, #sync-task-cover, #click-canvas, .ui-helper-hidden-accessible"
# Before any script of the page: chance at load time is the same each time, and the cover and the tracking canvas,
# which the page shows again at the end of an episode, never receive a click.
PREPARE = """(() => {
  let state = 20170301;
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  if (window.parent !== window) return;
  document.addEventListener('DOMContentLoaded', () => {
    const style = document.createElement('style');
    style.textContent = '#sync-task-cover, #click-canvas { display: none !important }';
    document.head.append(style);
  });
})()"""
BEGIN = """(async (seed, first, time) => {
  if (document.activeElement && document.activeElement !== document.body) document.activeElement.blur();
  __apprentice.begin();
  Math.seedrandom(seed);  // a number: of a string, the generator repeats the key, and "1", "11" and "111" are one seed
  core.EPISODE_MAX_TIME = time;
  core.startEpisodeReal();
  for (let turn = 0; !WOB_TASK_READY && turn < 200; turn += 1) await new Promise((done) => requestAnimationFrame(done));
  __apprentice.restart(first);
})"""
# Pictures that style sheets draw are fetched now: arriving later they would move what stands beside them.
READY = """(async () => {
  const pictures = new Set();
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      for (const [, quoted] of rule.cssText.matchAll(/url\\("?([^")]+)"?\\)/g)) {
        pictures.add(new URL(quoted, sheet.href || location.href).href);
      }
    }
  }
  window.__pictures = [...pictures].filter((url) => /\\.(png|gif|jpe?g|svg)$/.test(url)).map((url) => {
    const image = new Image();
    image.src = url;
    return image;
  });
  await Promise.allSettled(window.__pictures.map((image) => image.decode()));
  return typeof core === 'object' && core.cover_div !== null;
})()"""
VERDICT = "[WOB_DONE_GLOBAL, WOB_RAW_REWARD_GLOBAL]"
GOAL = "((said) => [WOB_TASK_READY, typeof said === 'string' ? said : said.utterance])(core.getUtterance())"


def score(raw_reward: float | None) -> float | None:
    """The page's own reward as a score: negative is failure, and so is nothing."""
    return None if raw_reward is None else max(0.0, min(1.0, raw_reward))


class MiniWob:
    """One window that plays one episode at a time: a `World`."""

    def __init__(self, window: Window, url: str) -> None:
        self.window = window
        self.task: Task | None = None
        self._url = url
        self._page = ""
        """The page that is loaded and can be reset without loading it again; empty when there is none."""
        self._used = False
        """Something was done in the window's context."""
        self._episodes = 0
        self._litter = 0
        """What has been left in the renderer's memory, in episodes."""
        self._pointed = False
        """The pointer may stand over the task."""

    @property
    def name(self) -> str:
        """The task's name without its benchmark."""
        return self.task.template if self.task else ""

    @property
    def _viewport(self) -> tuple[int, int]:
        return FLIGHT_VIEWPORT if self.name.startswith(FLIGHT) else VIEWPORT

    async def reset(self, task: Task, seed: int) -> Start:
        """Begin the episode of this seed. Raises FaultError owned by `environment`, after trying a fresh page once."""
        self.task = task
        try:
            return await self._begin(task, seed)
        except FaultError:
            self._page = ""
            self.window.healthy = False
        try:
            return await self._begin(task, seed)
        except FaultError as error:
            self._page = ""
            kind = (
                "browser_dead" if error.fault.kind == "browser_dead" else "reset_failed"
            )  # the page has no part in it
            fault = Fault(owner=Owner.ENVIRONMENT, kind=kind, message=f"{task.id}: {error.fault.message}"[:300])
            raise FaultError(fault) from error

    async def _begin(self, task: Task, seed: int) -> Start:
        page = page_of(task.template)
        await self.window.browser.tend()
        if task.reset == "context" and self._used:
            await self.window.fresh()
            self._page, self._pointed, self._litter = "", False, 0
        elif not self.window.healthy or self.window.outdated:
            await self.window.renew()
            self._page = ""
        self._used = True
        if page != self._page or task.reset != "reseed" or self._episodes >= RECYCLE or self.window.tabs > 1:
            await self._load(page)
        self.window.forget()
        self._episodes += 1
        self._litter += 1
        if self._litter >= LITTER:
            await self.window.ask("HeapProfiler.collectGarbage", {}, "handing back memory")
            self._litter = 0
        if self._pointed:
            await self._point_away()
        first = 1 + seed_for("node ids", task.id, seed) % OFFSETS
        self.window.next_id = first
        begin = f"{BEGIN}({json.dumps(seed)}, {first}, {EPISODE_MS})"
        seen = await self._see(GOAL, begin)
        if not seen.extra[0]:
            raise FaultError(
                Fault(owner=Owner.ENVIRONMENT, kind="reset_failed", message=f"{page} did not become ready")
            )
        goal = " ".join(str(seen.extra[1]).split())
        return Start(goal=goal, observation=seen.observation, picture=await self.window.picture(self.frame))

    async def _point_away(self) -> None:
        """Take the pointer off the task, or what it hovered over in the last episode would look different in this one.

        The release lets go of whatever was being dragged, and makes the browser handle the move at once instead of
        with the next frame.
        """
        x, y = (edge - 2 for edge in self._viewport)
        calls = [
            ("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y}) for kind in ("mouseMoved", "mouseReleased")
        ]
        await self.window.send(calls, self.window.config.act_seconds, "moving the pointer away")
        self._pointed = False

    async def _load(self, page: str) -> None:
        self._page = ""
        if self.window.tabs > 1:
            await self.window.renew()
        width, height = self._viewport
        if self.window.size != (width, height):
            await self.window.resize(width, height)
        await self.window.goto(self._url + page)
        if await self.window.evaluate(READY, "waiting for the task page") is not True:
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="reset_failed", message=f"{page} is no task page"))
        self._page, self._episodes = page, 0
        self._litter += 1

    async def _see(self, probe: str, before: str = "") -> Seen:
        # A page that moves on its own never comes to rest: waiting for it would play half the episode.
        seen = await self.window.observe(settle=self.name not in TIMED, skip=SKIP, probe=probe, before=before)
        # The port is another one in every process: an address that changes would make prompts and their keys change.
        return seen._replace(observation=_addressed(seen.observation, self._url))

    async def step(self, action: Action) -> Happened:
        """Carry out one action and read page and verdict in one call. `Stop` leaves the page alone and is judged as
        the page stands: 0 unless the page has ended the episode itself."""
        before, self._pointed = self.window.seen, True
        outcome = Outcome(result=Result.DONE) if isinstance(action, Stop) else await act(self.window, action)
        probe = f"typeof WOB_DONE_GLOBAL === 'undefined' ? null : {VERDICT}"
        seen = await self._see(probe)
        outcome = landed(self.window, outcome)
        observation = seen.observation
        if seen.extra is None:
            # The agent has left the task's page: nothing there can judge it any more.
            self._page = ""
            done, raw = True, 0.0
        else:
            done, raw = bool(seen.extra[0]), float(seen.extra[1] or 0.0)
        if outcome.result is not Result.DONE:
            observation = observation.model_copy(update={"last_error": f"{outcome.result}: {outcome.message}"})
        outcome = outcome.model_copy(
            update={"done": done, "changed": before is None or said(before) != said(observation)}
        )
        return Happened(
            outcome=outcome,
            observation=observation,
            raw_reward=raw if done or isinstance(action, Stop) else None,
            picture=await self.window.picture(self.frame),
        )

    async def screenshot(self) -> bytes:
        """PNG of the task, without the benchmark's own display beside it."""
        return await self.window.screenshot(self.frame)

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """What a screenshot shows: x, y, width, height in CSS pixels of the viewport."""
        return FLIGHT_FRAME if self.name.startswith(FLIGHT) else FRAME

    async def close(self) -> None:
        """Close the window; the browser and the page server belong to `worlds`."""
        await self.window.close()


def _addressed(observation: Observation, served: str) -> Observation:
    """The observation with the page server's own address replaced by one that is the same everywhere."""
    tabs = tuple(tab.with_(url=tab.url.replace(served, ADDRESS)) for tab in observation.tabs)
    return observation.model_copy(update={"url": observation.url.replace(served, ADDRESS), "tabs": tabs})


def said(observation: Observation) -> list[tuple[Any, ...]]:
    """What a reader of the page can tell apart, for `Outcome.changed`."""
    return [
        (element.role, element.name, element.text, element.value, set(element.states) - {"focused"})
        for element in observation.elements
        if element.visible
    ]


@asynccontextmanager
async def worlds(count: int, config: BrowserConfig | None = None, port: int = 0) -> AsyncIterator[list[MiniWob]]:
    """`count` worlds over the windows of one or several browsers, with the task pages served on 127.0.0.1.

    Raises UnavailableError when Chromium or the pages are missing, or the port is taken. Passwords are shown, because
    the benchmark makes them up, and no other host can be reached.
    """
    config = (config or BrowserConfig()).with_(viewport=VIEWPORT, mask_passwords=False)
    with PageServer(folder(), port) as server:
        config = config.with_(origins=(server.url,), arguments=(*FLAT, *config.arguments))
        async with AsyncExitStack() as stack:
            processes = config.processes or max(1, min(os.cpu_count() or 1, count // FILLED))
            launching = [stack.enter_async_context(Browser.launch(config)) for _ in range(min(processes, count))]
            browsers = [await browser for browser in launching]
            yield [MiniWob(await browsers[number % len(browsers)].open(PREPARE), server.url) for number in range(count)]
