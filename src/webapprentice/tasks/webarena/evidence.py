"""What is looked at in a browser at the end of an episode, before anything is judged.

`collect` runs the released evaluators' looking: which page, which locator. What it brings back is data; `judge` turns
it into a score, now or from what was stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from webapprentice.core.faults import Fault, FaultError, Owner, UsageError
from webapprentice.core.records import Record
from webapprentice.core.text import squeeze
from webapprentice.tasks.webarena.calls import PREFIX, Call, parse_call
from webapprentice.tasks.webarena.helpers import HELPERS, Scene
from webapprentice.tasks.webarena.looking import Looker, OpenedPage, Page, ScriptError
from webapprentice.tasks.webarena.mends import corrected
from webapprentice.tasks.webarena.records import TaskRecord, fill, normal


class Target(Record):
    """What one target of `program_html` was found to hold."""

    asked: str
    """The address after `func:` was worked out, addresses filled in; `last` for the agent's own page."""
    reached: str = ""
    """Where that led."""
    content: str | None = None
    """The text that the locator selects, empty where it selects nothing; None where it could not be looked at."""
    note: str = ""
    """Why the content is empty, where that is known: the locator threw."""
    fault: Fault | None = None
    """Why nothing could be looked at: `environment` for a site that did not answer, else `evaluator`."""


class Evidence(Record):
    """All that a verdict follows from, apart from the record and a language model's replies."""

    answer: str = ""
    """What the agent said last; empty where it said nothing."""
    url: str = ""
    """Where the agent's page stood at the end."""
    targets: tuple[Target, ...] = ()
    """One for each target of the record, in order."""
    mended: tuple[Target, ...] = ()
    """One for each target of the `corrected` record, where a correction changes what is looked at; else none."""
    states: dict[str, Any] = Field(default_factory=dict)
    """Values that were read of local applications' states, by `site:path`."""
    addresses: dict[str, str] = Field(default_factory=dict)
    """Base address of each site at that time; the record's placeholders are filled with them when it is judged."""
    fault: Fault | None = None
    """Why not even the agent's page could be looked at."""


async def collect(record: TaskRecord, answer: str, looker: Looker) -> Evidence:
    """Look at everything the record's evaluators ask for. What goes wrong is in the evidence, never raised.

    A target's `url` may be `last` (the agent's page as it is, unsaved values included), a `func:` call, or an address,
    which is opened in a page of its own. Neighbours at one address share one page unless one of them prepares it.
    """
    addresses = normal(looker.addresses)
    desk = _Desk(looker, addresses)
    try:
        url = await looker.url()
        found = [await _target(target, url, desk) for target in fill(list(record.targets), addresses, record.id)]
        other = _elsewhere(record)
        mended = [await _target(target, url, desk) for target in fill(list(other), addresses, record.id)]
    except FaultError as error:
        return Evidence(answer=answer, addresses=addresses, fault=error.fault)
    except UsageError as error:
        wrong = Fault(owner=Owner.EVALUATOR, kind="no_address", message=str(error))
        return Evidence(answer=answer, addresses=addresses, fault=wrong)
    finally:
        await desk.close()
    return Evidence(
        answer=answer, url=url, targets=tuple(found), mended=tuple(mended), states=desk.states, addresses=addresses
    )


def _elsewhere(record: TaskRecord) -> tuple[dict[str, Any], ...]:
    """The corrected record's targets where it looks at something else, so that either judging finds its evidence."""
    wanted = corrected(record).targets
    same = [(one["url"], one["locator"]) for one in wanted] == [(one["url"], one["locator"]) for one in record.targets]
    return () if same else wanted


async def _target(target: Mapping[str, Any], last: str, desk: _Desk) -> Target:
    asked = str(target["url"])
    try:
        if asked.startswith("func"):
            asked = await desk.call(parse_call(asked).at(last), desk.looker)
        page = await desk.page(asked, bool(target.get("prep_actions")))
        content, note = await _content(target, page, last, desk)
        return Target(asked=asked, reached=await page.url(), content=content, note=note)
    except FaultError as error:
        return Target(asked=asked, fault=error.fault)


async def _content(target: Mapping[str, Any], page: Page, last: str, desk: _Desk) -> tuple[str, str]:
    """The selected text as the released evaluators spell it, and why it is empty."""
    locator = str(target["locator"])
    if not locator.strip():
        return await page.html(), ""
    if locator.startswith(PREFIX):
        return await desk.call(parse_call(locator).at(last), page), ""
    try:
        for action in target.get("prep_actions") or ():
            await page.evaluate(str(action))
    except ScriptError:
        pass  # as released: the rest is left out, and the locator is tried all the same
    try:
        return spelled(await page.evaluate(locator)), ""
    except ScriptError as error:
        return "", squeeze(str(error))[:200]


def spelled(value: Any) -> str:
    """A JavaScript value as text, the way the released evaluators (Python's `str`) write it: `None`, `True`, `1`."""
    return str(value)


class _Desk:
    """The pages that one collecting opened, one at a time, and the values that it read."""

    def __init__(self, looker: Looker, addresses: Mapping[str, str]) -> None:
        self.looker, self.addresses = looker, addresses
        self.states: dict[str, Any] = {}
        self._open: OpenedPage | None = None
        self._asked = ""

    async def page(self, asked: str, alone: bool) -> Page:
        """The agent's page for `last`, else a page at this address; `alone`: not one that was read before."""
        if asked == "last":
            return self.looker
        if self._open is None or self._asked != asked or alone:
            await self.close()
            self._open, self._asked = await self.looker.open(asked), "" if alone else asked
        return self._open

    async def call(self, call: Call, page: Page) -> str:
        """What a helper answers. Raises FaultError."""
        helper = HELPERS.get(call.name)
        if helper is None:
            line = f"no helper is called {call.name!r}"
            raise FaultError(Fault(owner=Owner.EVALUATOR, kind="unknown_helper", message=line))
        try:
            return await helper(Scene(self.looker, page, self.addresses, self.states), *call.arguments)
        except TypeError as error:  # too few or too many arguments
            raise FaultError(Fault(owner=Owner.EVALUATOR, kind="wrong_call", message=str(error)[:200])) from error

    async def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            page, self._open, self._asked = self._open, None, ""
            await page.close()
