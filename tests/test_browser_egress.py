"""Every way out of a page ends at the proxy, unless the origin at its end is listed."""

from __future__ import annotations

import pytest

from conftest import Stage
from egress_ground import ELSEWHERE, ground, try_everything
from webapprentice.browser import Browser, BrowserConfig, Window, act, landed
from webapprentice.core.actions import Click, Goto
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Observation, Result

pytestmark = pytest.mark.browser
REFUSED = "addresses of this machine and of private networks must be listed one by one"


@pytest.mark.parametrize("at", [ELSEWHERE, "127.0.0.1"], ids=["another host", "another port"])
def test_no_way_out_reaches_a_forbidden_origin(stage: Stage, at: str) -> None:
    async def scene() -> None:
        async with ground(at) as there, Browser.launch(BrowserConfig(origins=(there.url,))) as browser:
            window = await browser.open()
            await try_everything(window, there.url, 2.0)
            await window.close()
            assert (there.contacts, there.datagrams, there.reached) == (0, 0, set())
            assert browser.ledger.refused[(there.forbidden, REFUSED)] >= 20
            assert browser.ledger.total >= 40

    stage.run(scene())


def test_the_same_ways_lead_out_when_the_origin_is_listed(stage: Stage) -> None:
    async def scene() -> None:
        async with ground() as there:
            config = BrowserConfig(origins=(there.url, there.forbidden), max_downloads=5)
            async with Browser.launch(config) as browser:
                window = await browser.open()
                await try_everything(window, there.url, 3.0)
                await window.close()
            # UDP stays shut: it cannot go through the proxy.
            assert there.datagrams == 0
            assert len(there.reached) >= 40, sorted(there.reached)

    stage.run(scene())


def test_only_what_is_listed_is_opened_and_a_refusal_says_why(stage: Stage, window: Window) -> None:
    async def scene() -> None:
        async with ground() as there:
            with pytest.raises(FaultError) as caught:
                await window.goto(there.forbidden)
            assert caught.value.fault.kind == "nav_blocked_policy"
            assert there.forbidden in caught.value.fault.message
            seen = (await window.observe()).observation
            assert seen.title == "Refused by policy"
            assert any(there.forbidden in element.text for element in seen.elements)
            await window.goto(stage.url + "names.html")
            assert (await window.observe()).observation.title == "Names"
            assert there.contacts == 0

    stage.run(scene())


def node(observation: Observation, name: str) -> int:
    return next(element.id for element in observation.elements if element.name == name)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_going_to_a_refused_page_is_a_blocked_action_whichever_way(stage: Stage, window: Window, scheme: str) -> None:
    async def scene() -> None:
        async with ground() as there:
            place = there.forbidden.replace("http:", f"{scheme}:")
            outcome = await act(window, Goto(url=place))
            assert (outcome.result, place in outcome.message) == (Result.BLOCKED, True)
            await window.goto(stage.url + "names.html")
            link = f"<a href='{place}/a'>away</a> <a href='{place}/b' target=_blank>beside</a> <button>stay</button>"
            await window.evaluate(f"document.body.innerHTML = {link!r}")
            seen = (await window.observe()).observation
            outcome = await act(window, Click(node=node(seen, "stay")))
            assert outcome.result is Result.DONE
            outcome = await act(window, Click(node=node(seen, "away")))
            await window.observe()
            outcome = landed(window, outcome)
            assert (outcome.result, place in outcome.message) == (Result.BLOCKED, True)
            await window.goto(stage.url + "names.html")
            await window.evaluate(f"document.body.innerHTML = {link!r}")
            seen = (await window.observe()).observation
            outcome = await act(window, Click(node=node(seen, "beside")))
            await window.observe()
            assert landed(window, outcome).result is Result.BLOCKED
            assert there.contacts == 0

    stage.run(scene())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_redirect_to_a_refused_page_is_seen_where_it_lands(stage: Stage, scheme: str) -> None:
    async def scene() -> None:
        async with ground() as there, Browser.launch(BrowserConfig(origins=(there.url,))) as browser:
            window = await browser.open()
            place = there.forbidden.replace("http:", f"{scheme}:")
            with pytest.raises(FaultError) as caught:
                await window.goto(f"{there.url}redirect?{place}/a")
            assert caught.value.fault.kind == "nav_blocked_policy"
            assert place in caught.value.fault.message
            await window.goto(there.url + "nothing")
            await window.evaluate(f"document.body.innerHTML = '<a href=\"/redirect?{place}/a\">away</a>'")
            seen = (await window.observe()).observation
            outcome = await act(window, Click(node=node(seen, "away")))
            await window.observe()
            outcome = landed(window, outcome)
            assert (outcome.result, place in outcome.message) == (Result.BLOCKED, True)
            assert landed(window, outcome.with_(result=Result.DONE)).result is Result.DONE
            assert there.contacts == 0

    stage.run(scene())


def test_a_window_may_be_given_another_list_at_any_time(stage: Stage) -> None:
    async def scene() -> None:
        async with ground() as there, Browser.launch(BrowserConfig(origins=())) as browser:
            one, other = await browser.open(), await browser.open()
            one.allow([there.url])
            await one.goto(there.url)
            with pytest.raises(FaultError, match="nav_blocked_policy"):
                await other.goto(there.url)
            one.allow([there.forbidden])
            with pytest.raises(FaultError, match="nav_blocked_policy"):
                await one.goto(there.url)
            await one.renew()
            await one.goto(there.forbidden)
            assert there.contacts == 1

    stage.run(scene())
