"""Chrome's DevTools Recorder: a flow is done again in a real browser, which fills in the pages that it lacks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from webapprentice import __version__
from webapprentice.browser import Browser, Window, act
from webapprentice.core.actions import Action, Click, CloseTab, Goto, Hover, Press, Scroll, Select, SwitchTab, Type
from webapprentice.core.faults import FaultError
from webapprentice.core.keys import key_of, key_of_bytes
from webapprentice.core.records import (
    Ending,
    Observation,
    Outcome,
    Provenance,
    Result,
    Source,
    Step,
    Task,
    Trajectory,
)
from webapprentice.importers.aiming import find, within
from webapprentice.importers.common import Broken, Item, Ready, Unusable, opened
from webapprentice.importers.config import ImportConfig
from webapprentice.importers.flow_export import matching
from webapprentice.importers.flows import MODIFIERS, OURS, Flow, FlowStep, load
from webapprentice.redaction import Redactor

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
_POLL = 0.1
"""Seconds between two looks for an element that is not there yet."""
_NEAR = 5.0
"""CSS pixels within which a scroll position is reached."""
_LABEL = (
    "((node, value) => [...((node || {}).options || [])].filter((one) => one.value === value || one.label === value)"
    ".map((one) => one.label)[0])(__apprentice.node(%d), %s)"
)
_PLACE = "(() => { const node = %s; return node ? [node.scrollLeft, node.scrollTop] : [scrollX, scrollY]; })()"


class Replayed(NamedTuple):
    """What doing a flow again gave."""

    steps: tuple[Step, ...]
    final: Observation | None
    pages: dict[str, bytes]
    left_out: tuple[Broken, ...]
    start: str
    title: str


def read(path: Path, config: ImportConfig | None = None, known: Collection[str] = ()) -> Iterator[Item]:
    """The one flow of the file. Raises UsageError where there is no file, UnavailableError where there is no browser.

    A flow whose trajectory is `known` by its key is not done again.
    """
    config = config or ImportConfig()
    try:
        flow = load(opened(path))
        key = key_of("import", "devtools", flow, config.unfilled)
        if key in known:
            yield Ready(_trajectory(key, path.name, Replayed((), None, {}, (), "", flow.title)), {})
            return
        found = unfilled(flow) if config.unfilled else asyncio.run(_launched(flow, config))
        yield from found.left_out
        if not found.steps:
            raise Unusable("no steps")
        yield Ready(_trajectory(key, path.name, found), found.pages)
    except Unusable as error:
        yield Broken(where=f"flow {path.stem}", reason=error.reason, detail=error.detail, whole=True)


async def _launched(flow: Flow, config: ImportConfig) -> Replayed:
    async with Browser.launch(config.browser) as browser:
        window = await browser.open()
        try:
            return await replay(flow, window, config)
        finally:
            await window.close()


async def replay(flow: Flow, window: Window, config: ImportConfig) -> Replayed:
    """Do the flow again in this window. Raises Unusable at the first step that cannot be done."""
    made = _Replay(window, config)
    for place, step in enumerate(flow.steps):
        try:
            await made.do(f"step {place + 1}", step)
        except FaultError as error:
            raise Unusable("the page failed", f"step {place + 1}: {error}"[:200]) from error
        except Unusable as error:
            raise Unusable(error.reason, f"step {place + 1}: {error.detail}"[:200]) from error
    return await made.end(flow.title)


def unfilled(flow: Flow) -> Replayed:
    """The flow as it is: actions without pages, and without elements that they could point at."""
    steps: list[Step] = []
    left_out: list[Broken] = []
    start = ""
    redactor = Redactor()
    for told in flow.steps:  # without a page nobody can tell what is typed into a secret field
        if told.type == "change" and told.value.strip():
            redactor.learn("typed", told.value)
    for place, told in enumerate(flow.steps):
        action: Action | None = None
        match told.type:
            case "navigate" if not start:
                start = told.url
            case "navigate":
                action = Goto(url=told.url)
            case "click" | "doubleClick":
                action = Click(node=0, button=told.button, count=2 if told.type == "doubleClick" else 1)
            case "change":
                action = Type(node=0, text=told.value)
            case "hover":
                action = Hover(node=0)
            case "keyDown" if told.key not in MODIFIERS:
                action = Press(keys=told.key)
        if action is None:
            if told.type != "navigate":
                left_out.append(Broken(where=f"step {place + 1}", reason=f"{told.type} without its page"))
            continue
        seen = Observation(url="", truncated=True)
        outcome = Outcome(result=Result.DONE, message="never seen: imported without pages")
        steps.append(Step(index=len(steps), observation=seen, said=_said(told), action=action, outcome=outcome))
    return Replayed(
        tuple(map(redactor.step, steps)), None, {}, tuple(left_out), redactor.url(start), redactor.clean(flow.title)
    )


def _trajectory(key: str, origin: str, found: Replayed) -> Trajectory:
    name = f"devtools/{key}"
    sites = tuple(dict.fromkeys(_site(step.observation.url) for step in found.steps if step.observation.url))
    task = Task(
        id=name,
        benchmark="devtools",
        goal=found.title,
        template=name,
        sites=sites,
        start_urls=(found.start,) if found.start else (),
    )
    return Trajectory(
        key=key,
        task=task,
        goal=found.title,
        source=Source.IMPORTED,
        steps=found.steps,
        final=found.final,
        ending=Ending.STOPPED,
        provenance=Provenance(version=__version__, parents=(origin,)),
    )


def _site(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _said(step: FlowStep) -> str:
    """The step in words, as far as the flow has any."""
    target = step.selectors[0][-1] if step.selectors else step.url or step.key
    return " ".join(filter(None, (step.type, target, step.value)))[:300]


class _Replay:
    """One flow on its way."""

    def __init__(self, window: Window, config: ImportConfig) -> None:
        self._window = window
        self._config = config
        self._redactor = Redactor() if config.redact else None
        self._steps: list[Step] = []
        self._pages: dict[str, bytes] = {}
        self._left_out: list[Broken] = []
        self._held: list[str] = []
        self._used = False
        """A key was pressed while those were held."""
        self._start = ""

    async def do(self, where: str, step: FlowStep) -> None:
        """One step, which may be none, one or several of ours."""
        match step.type:
            case "setViewport":
                width, height = step.size or (0, 0)
                await self._window.resize(min(max(width, 1), 4000), min(max(height, 1), 4000))
            case "emulateNetworkConditions" | "waitForExpression":
                why = (
                    "is somebody's script and not run" if step.type == "waitForExpression" else "is no action on a page"
                )
                self._left_out.append(Broken(where=where, reason=f"{step.type} {why}"))
            case "navigate" if not self._start and not self._steps:
                await self._begin(step.url)
            case "navigate":
                await self._act(await self._look(), Goto(url=step.url), step)
            case "close" if self._window.tabs > 1:
                await self._switched(step)
                await self._act(await self._look(), CloseTab(), step)
            case "close":
                self._left_out.append(Broken(where=where, reason="the last tab stays open"))
            case "keyDown" | "keyUp":
                await self._key(step)
            case "customStep" if step.name == OURS:
                await self._ours(step)
            case "customStep":
                self._left_out.append(Broken(where=where, reason="customStep is known to its maker alone"))
            case "waitForElement":
                await self._switched(step)
                await self._awaited(step)
            case "scroll":
                await self._switched(step)
                await self._scrolled(where, step)
            case _:
                await self._switched(step)
                seen, node = await self._aimed(step)
                await self._act(seen, await self._pointed(seen, node, step), step)

    async def end(self, title: str) -> Replayed:
        """What was done, and what could be seen afterwards."""
        final = await self._look() if self._steps else None
        seen = self._kept(final) if final is not None else None
        title = self._redactor.clean(title) if self._redactor is not None else title
        return Replayed(tuple(self._steps), seen, self._pages, tuple(self._left_out), self._start, title)

    async def _begin(self, url: str) -> None:
        outcome = await act(self._window, Goto(url=url))
        if outcome.result is not Result.DONE:
            raise Unusable("its first page cannot be loaded", outcome.message)
        self._start = self._redactor.url(url) if self._redactor else url

    async def _look(self) -> tuple[Observation, str]:
        found = await self._window.observe(html=True)
        return found.observation, found.html or ""

    def _kept(self, look: tuple[Observation, str]) -> Observation:
        """The observation as it is written down, its page among the others."""
        seen, html = look
        if self._redactor is not None:
            html, seen = self._redactor.html(html), self._redactor.observation(seen)
        page = html.encode("utf-8", "replace")
        key = key_of_bytes(page)
        self._pages[key] = page
        return seen.model_copy(update={"html": key})

    async def _act(self, look: tuple[Observation, str], action: Action, told: FlowStep) -> None:
        node = getattr(action, "node", None)
        element = look[0].element(node) if node is not None else None
        outcome = await act(self._window, action)
        if outcome.result is not Result.DONE:
            raise Unusable("a step that could not be done again", f"{outcome.result}: {outcome.message}")
        kept = action
        if self._redactor is not None:
            self._redactor.html(look[1])  # what its fields are called is known before what is typed into them
            kept = self._redactor.action(action, element)
        step = Step(
            index=len(self._steps), observation=self._kept(look), said=_said(told), action=action, outcome=outcome
        )
        if self._redactor is not None:
            said = self._redactor.step(step).said
            step = step.model_copy(update={"said": said, "action": kept})
        self._steps.append(step)

    async def _switched(self, step: FlowStep) -> None:
        """The tab of this step, made active by an action of its own."""
        if self._window.tabs < 2 and step.target == "main":
            return
        look = await self._look()
        tabs = look[0].tabs
        wanted = 0 if step.target == "main" else next((n for n, tab in enumerate(tabs) if tab.url == step.target), None)
        if wanted is None:
            raise Unusable("a tab that is not open", step.target[:120])
        if not tabs[wanted].active:
            await self._act(look, SwitchTab(index=wanted), step)

    async def _until(
        self, step: FlowStep, good: Callable[[int | None, Observation], bool]
    ) -> tuple[Observation, str, int]:
        """Look again and again until `good` says so of the element. Raises Unusable when it is too late."""
        deadline = time.monotonic() + (self._config.element_seconds if step.timeout is None else step.timeout)
        while True:
            seen, html = await self._look()
            node = await find(self._window, seen, step.selectors, step.frame)
            if good(node, seen):
                return seen, html, node or 0
            if time.monotonic() >= deadline:
                raise Unusable("target not on the page", " or ".join(" > ".join(one) for one in step.selectors)[:120])
            await asyncio.sleep(_POLL)

    async def _aimed(self, step: FlowStep) -> tuple[tuple[Observation, str], int]:
        seen, html, node = await self._until(step, lambda node, _seen: node is not None)
        return (seen, html), node

    async def _awaited(self, step: FlowStep) -> None:
        """Presence and absence are waited for; any other number of elements counts as presence."""
        absent = step.operator in ("==", "<=") and step.count == 0
        await self._until(step, lambda node, _seen: (node is None) is absent)

    async def _pointed(self, look: tuple[Observation, str], node: int, step: FlowStep) -> Action:
        element = look[0].element(node)
        match step.type:
            case "hover":
                return Hover(node=node)
            case "change":
                tag = element.tag if element else ""
                if tag == "select":
                    return Select(node=node, options=(await self._label(node, step.value),))
                kind = element.attributes.get("type", "") if element else ""
                if kind == "file":
                    raise Unusable("a file of the machine that it was recorded on", step.value[:120])
                return Click(node=node) if kind in ("checkbox", "radio") else Type(node=node, text=step.value)
        at = None
        if step.offset is not None and element is not None:
            x, y = round(step.offset[0]), round(step.offset[1])
            inside = 0 <= x < element.box[2] and 0 <= y < element.box[3]
            at = (x, y) if inside else None
        return Click(node=node, button=step.button, count=2 if step.type == "doubleClick" else 1, at=at)

    async def _label(self, node: int, value: str) -> str:
        """The text of the option with this value."""

        call = _LABEL % (node, json.dumps(value))
        label = await self._window.evaluate(call, "reading options", home=self._window.home(node))
        if not isinstance(label, str):
            raise Unusable("an option that is not there", value[:120])
        return label

    async def _key(self, step: FlowStep) -> None:
        """Keys that are held together are one action, made when the last of them goes down."""
        down = step.type == "keyDown"
        if step.key in MODIFIERS:
            if down and step.key not in self._held:
                self._held.append(step.key)
                self._used = False
            elif not down and step.key in self._held:
                self._held.remove(step.key)
                if not self._used:
                    await self._act(await self._look(), Press(keys=step.key), step)
                    self._used = True
        elif down:
            self._used = True
            await self._switched(step)
            await self._act(await self._look(), Press(keys="+".join((*self._held, step.key))), step)

    async def _scrolled(self, where: str, step: FlowStep) -> None:
        """Turns of the wheel until the position is reached or passed."""
        node = (await self._aimed(step))[1] if step.selectors else None
        home = self._window.home(node) if node is not None else None
        place = _PLACE % (f"__apprentice.node({node})" if node is not None else "null")
        before: list[float] | None = None
        first: tuple[int, float] | None = None
        for _ in range(self._config.scrolls):
            now = await self._window.evaluate(place, "reading the scroll position", home=home)
            left = [step.scroll[axis] - now[axis] for axis in (0, 1)]
            axis = first[0] if first else (0 if abs(left[0]) > abs(left[1]) else 1)
            if abs(left[axis]) < _NEAR or now == before or (first is not None and left[axis] * first[1] < 0):
                break
            first = first or (axis, left[axis])
            before = now
            way = ("right", "left") if axis == 0 else ("down", "up")
            look = await self._look()
            await self._act(look, Scroll(direction=way[0] if left[axis] > 0 else way[1], node=node), step)
        if first is None:
            self._left_out.append(Broken(where=where, reason="scroll to where the page stands already"))

    async def _ours(self, step: FlowStep) -> None:
        """One of our own actions, which the Recorder has no step for."""
        try:
            action = _ACTION.validate_python(step.parameters.get("action"))
        except ValidationError as error:
            raise Unusable("a step that is not understood", error.errors(include_url=False)[0]["msg"][:120]) from error
        look = await self._look()
        changes: dict[str, int] = {}
        targets = step.parameters.get("targets")
        for name in ("node", "to"):
            about = targets.get(name) if isinstance(targets, dict) else None
            if getattr(action, name, None) is None:
                continue
            found = matching(within(look[0], ()), about) or matching(look[0].elements, about)
            if found is None:
                raise Unusable("target not on the page", str(about)[:120])
            changes[name] = found
        await self._act(look, action.model_copy(update=changes), step)
