"""Tasks on web sites as worlds: a fresh context each, sites made new, somebody signed in, one verdict at the end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from webapprentice.browser import Browser, BrowserConfig, Window, act, landed
from webapprentice.core.actions import Action, Stop
from webapprentice.core.faults import Fault, FaultError, Owner, UsageError, border
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Happened, Start, Verdict
from webapprentice.core.records import Judgment, Observation, Outcome, Record, Result, Task
from webapprentice.page import Wall, wall
from webapprentice.tasks.benchmark import BenchmarkConfig, secret
from webapprentice.tasks.miniwob import FILLED, OFFSETS, said
from webapprentice.tasks.probing import SERVER_ERROR, Cookie, Prober, trouble
from webapprentice.tasks.signing import Logins
from webapprentice.tasks.turns import Turn, Turns
from webapprentice.tasks.webarena.evidence import Evidence, collect
from webapprentice.tasks.webarena.judging import Verdict as Found
from webapprentice.tasks.webarena.judging import judge
from webapprentice.tasks.webarena.looking import ScriptError
from webapprentice.tasks.webarena.records import TaskRecord, changes_state, record_of

JUDGE = "webarena"
"""Name of the judge in judgments."""
EVIDENCE_SECONDS = 120.0


class Held(Record):
    """What a verdict follows from, as it is kept."""

    evidence: Evidence
    replies: dict[str, str] = Field(default_factory=dict)
    """What a language model said to open questions, by their keys."""


class Shared:
    """What all worlds of one benchmark have in common."""

    def __init__(self, benchmark: BenchmarkConfig, prober: Prober) -> None:
        self.benchmark = benchmark
        self.prober = prober
        self.logins = Logins(benchmark, prober)
        self._new = asyncio.Lock()
        self._made_new = False
        self._turns = Turns()

    async def turn(self, sites: Sequence[str], record: TaskRecord) -> Turn | None:
        """The right to use these sites; None where each browser has a state of its own and nobody is in the way."""
        return None if self.benchmark.own_state else await self._turns.take(sites, changes_state(record))

    async def session(self, last: str) -> str:
        """Sites as new; the key of the browser's own state, if it has one. Raises FaultError of kind reset_failed."""
        how = self.benchmark.reset
        if how.when == "never":
            return ""
        if self.benchmark.own_state and how.when == "episode":
            return await self.prober.reset(last)
        async with self._new:
            if how.when == "run" and self._made_new:
                return ""
            session = await self.prober.reset(last)
            self._made_new = True
            return session

    def cookies(self, session: str) -> tuple[Cookie, ...]:
        """The cookie of a session, at every site."""
        name = self.benchmark.reset.cookie
        if not session or not name:
            return ()
        hosts = dict.fromkeys(site.host for site in self.benchmark.sites.values())
        return tuple({"name": name, "value": session, "domain": host, "path": "/"} for host in hosts)


class SiteWorld:
    """One window that plays one task at a time: a `World` that judges late."""

    def __init__(self, window: Window, shared: Shared) -> None:
        self.window = window
        self._shared = shared
        self._session = ""
        self._record: TaskRecord | None = None
        self._goal = ""
        self._sites: list[str] = []
        self._cookies: tuple[Cookie, ...] = ()
        self._turn: Turn | None = None

    async def reset(self, task: Task, seed: int) -> Start:
        """Begin an episode.

        Raises FaultError owned by `environment`: site_down, site_error, reset_failed, login_failed, navigation_failed.
        """
        with border(Owner.ENVIRONMENT, "reset_failed"):
            try:
                return await self._begin(task, seed)
            except BaseException:
                await self.release()
                raise

    async def release(self) -> None:
        """Others may have the sites."""
        turn, self._turn = self._turn, None
        if turn is not None:
            await turn.end()

    async def _begin(self, task: Task, seed: int) -> Start:
        shared, window = self._shared, self.window
        await self.release()
        self._record, self._goal = record_of(task), task.goal or ""
        sites = self._sites = [name for name in task.sites if name in shared.benchmark.sites]
        await asyncio.gather(*(shared.prober.health(name) for name in sites))
        self._turn = await shared.turn(sites, self._record)
        self._session = await shared.session(self._session)
        cookies = shared.cookies(self._session)
        await window.browser.tend()
        await window.fresh()
        tickets: tuple[Cookie, ...] = ()
        for name in sites:
            tickets += await shared.logins.cookies(name, window, cookies)
        if window.url != "about:blank":  # it was used to sign in
            await window.fresh()
        self._cookies = (*cookies, *tickets)
        await window.put_cookies(self._cookies)
        for number, url in enumerate(task.start_urls or (shared.benchmark.addresses[sites[0]],)):
            if number:
                await window.open_tab()
            await window.goto(url)
        window.activate(0)
        window.forget()
        window.next_id = 1 + seed_for("node ids", task.id, seed) % OFFSETS
        seen = (await window.observe()).observation
        return Start(goal=self._goal, observation=seen, wall=await self._wall(seen), picture=await window.picture())

    async def _wall(self, seen: Observation) -> str | None:
        found = wall(seen, self._goal)
        if found is Wall.LOGIN and await self._signed_in(seen.url):
            return None  # the agent has gone there, or signed out: its own doing
        return None if found is Wall.COOKIES else found

    async def _signed_in(self, url: str) -> bool:
        """Whether what somebody was signed in with before the episode still holds at the site of this address."""
        shared, place = self._shared, urlsplit(url).netloc
        here = [name for name in self._sites if urlsplit(shared.benchmark.sites[name].url).netloc == place]
        try:
            return bool(here) and all([await shared.prober.signed_in(name, self._cookies) for name in here])
        except FaultError:
            return False

    async def step(self, action: Action) -> Happened:
        """Carry out one action. `Stop` leaves the page alone; nothing is judged before `verdict`."""
        before = self.window.seen
        outcome = Outcome(result=Result.DONE) if isinstance(action, Stop) else await act(self.window, action)
        seen = (await self.window.observe()).observation
        outcome = landed(self.window, outcome)
        if outcome.result is not Result.DONE:
            seen = seen.model_copy(update={"last_error": f"{outcome.result}: {outcome.message}"})
        outcome = outcome.model_copy(update={"changed": before is None or said(before) != said(seen)})
        return Happened(
            outcome=outcome,
            observation=seen,
            raw_reward=None,
            wall=await self._wall(seen),
            picture=await self.window.picture(),
        )

    async def verdict(self, answer: str) -> Verdict:
        """Look once at what the task's evaluators ask for, and judge it. What would need a language model's opinion is
        left without a score."""
        if self._record is None:
            raise RuntimeError("no episode is under way: call reset first")
        try:
            return await self._judged(self._record, answer)
        finally:
            await self.release()

    async def _judged(self, record: TaskRecord, answer: str) -> Verdict:
        try:
            async with asyncio.timeout(EVIDENCE_SECONDS):
                await asyncio.gather(*(self._shared.prober.health(name) for name in self._sites))
                evidence = await collect(record, answer, WindowLooker(self.window, self._shared, self._session))
        except FaultError as error:  # a site that fell ill under the agent is not the agent's failure
            return Verdict(score=None, fault=error.fault)
        except TimeoutError:
            slow = Fault(owner=Owner.EVALUATOR, kind="evaluator_late", message=f"not done in {EVIDENCE_SECONDS:g} s")
            return Verdict(score=None, fault=slow)
        return verdict_of(record, Held(evidence=evidence), self._shared.benchmark.verified)

    async def sign_in(self, name: str) -> bool:
        """Whether somebody is signed in at this site now; False where nobody should be. Raises FaultError."""
        await self._shared.prober.health(name)
        await self.window.fresh()
        session = self._shared.cookies(await self._shared.session("") if self._shared.benchmark.own_state else "")
        return bool(await self._shared.logins.cookies(name, self.window, session))

    async def screenshot(self) -> bytes:
        """PNG of the active tab."""
        return await self.window.screenshot()

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """What a screenshot shows: x, y, width, height in CSS pixels."""
        return (0, 0, *self.window.size)

    async def close(self) -> None:
        """Close the window; browser and sites belong to `site_worlds`."""
        await self.release()
        await self.window.close()


def verdict_of(
    record: TaskRecord, held: Held, verified: bool, found: Found | None = None, fault: Fault | None = None
) -> Verdict:
    """The verdict that follows from what is held, with all of it inside. `found`: as it was judged already."""
    name = f"{JUDGE}/verified" if verified else JUDGE
    kept = held.model_dump_json().encode()
    try:
        with border(Owner.EVALUATOR, "evaluator_error"):
            found = found or judge(record, held.evidence, held.replies, verified)
    except FaultError as error:
        opinion = Judgment(judge=name, passed=None, reason=str(error)[:500])
        return Verdict(score=None, judgments=(opinion,), evidence=kept, fault=error.fault)
    passed = None if found.score is None else found.score >= 1.0
    opinion = Judgment(judge=name, passed=passed, score=found.score, reason=found.reason)
    return Verdict(score=found.score, judgments=(opinion,), evidence=kept, fault=fault or found.fault)


class WindowPage:
    """The active tab of a window, to be read."""

    def __init__(self, window: Window) -> None:
        self._window = window

    async def url(self) -> str:
        """Its address."""
        return str(await self._window.evaluate("location.href", "reading the address"))

    async def html(self) -> str:
        """The whole document."""
        return str(
            await self._window.evaluate(
                "(document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '') +"
                " document.documentElement.outerHTML",
                "reading the page",
            )
        )

    async def evaluate(self, expression: str) -> Any:
        """The value of JavaScript. Raises ScriptError where it throws."""
        try:
            return await self._window.evaluate(expression, "looking for the judge")
        except FaultError as error:
            if error.fault.kind == "script_error":
                raise ScriptError(error.fault.message) from error
            raise


class WindowLooker(WindowPage):
    """What the evaluators see of a window: the agent's page, and pages of their own beside it."""

    def __init__(self, window: Window, shared: Shared, session: str) -> None:
        super().__init__(window)
        self._shared = shared
        self._session = session

    @property
    def addresses(self) -> Mapping[str, str]:
        """Base address of each site."""
        return self._shared.benchmark.addresses

    @property
    def accounts(self) -> Mapping[str, tuple[str, str]]:
        """Name and password by site."""
        found: dict[str, tuple[str, str]] = {}
        for name, site in self._shared.benchmark.sites.items():
            with suppress(UsageError):  # a secret that is missing here may be one that this task does not need
                if site.login is not None:
                    found[name] = (secret(site.login.user), secret(site.login.password))
        return found

    async def open(self, url: str) -> OwnTab:
        """A tab beside the agent's, loaded."""
        tab = OwnTab(self._window)
        await tab.load(url)
        return tab

    async def state(self, site: str) -> Any:
        """A site's state in the agent's session."""
        return await self._shared.prober.state(site, self._session)


class OwnTab(WindowPage):
    """A tab that the evaluators opened. The agent's is active again when it is closed."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._agents = window.active

    async def load(self, url: str) -> None:
        """Open it at this address. Raises FaultError owned by `environment`."""
        await self._window.open_tab()
        try:
            await self._window.goto(url)
            await self._window.settle()
            status = await self._window.evaluate("performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0")
            if status >= SERVER_ERROR:
                raise trouble("site_error", f"{url} answers {status}")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close it and go back to the agent's."""
        try:
            await self._window.close_tab()
        except FaultError:
            self._window.healthy = False
        self._window.activate(min(self._agents, max(0, self._window.tabs - 1)))


def browser_for(benchmark: BenchmarkConfig, config: BrowserConfig | None = None) -> BrowserConfig:
    """A browser that reaches the sites of a benchmark and nothing else."""
    return (config or BrowserConfig()).with_(
        viewport=benchmark.viewport, origins=benchmark.origins, hosts=benchmark.hosts, mask_passwords=False
    )


@asynccontextmanager
async def site_worlds(
    benchmark: BenchmarkConfig, count: int, config: BrowserConfig | None = None
) -> AsyncIterator[list[SiteWorld]]:
    """`count` worlds over the windows of one or several browsers.

    Raises UnavailableError when Chromium is missing, UsageError where worlds would share a state that must be made new
    for each of them.
    """
    if count > 1 and benchmark.reset.when == "episode" and not benchmark.own_state:
        raise UsageError(
            f"{benchmark.name} has one state for everybody and is made new for each episode, so episodes are played "
            "one by one: set pool.contexts=1, or give each browser a state of its own (reset.cookie)"
        )
    config = browser_for(benchmark, config)
    async with AsyncExitStack() as stack:
        prober = await stack.enter_async_context(Prober(benchmark))
        shared = Shared(benchmark, prober)
        processes = min(count, config.processes or max(1, min(os.cpu_count() or 1, count // FILLED)))
        browsers = [await stack.enter_async_context(Browser.launch(config)) for _ in range(processes)]
        yield [SiteWorld(await browsers[number % processes].open(), shared) for number in range(count)]


async def sign_in(
    benchmark: BenchmarkConfig, names: Sequence[str], config: BrowserConfig | None = None
) -> dict[str, str]:
    """Ask each site how it is and sign in where somebody should be; by name `signed in`, an empty text where nobody
    signs in, or what is wrong. Raises UnavailableError when Chromium is missing."""
    told: dict[str, str] = {}
    async with site_worlds(benchmark, 1, config) as (world,):
        for name in names:
            try:
                told[name] = "signed in" if await world.sign_in(name) else ""
            except FaultError as error:
                told[name] = f"{error.fault.kind}: {error.fault.message}"
    return told
