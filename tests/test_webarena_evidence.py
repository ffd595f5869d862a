from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import pytest

from conftest import Stage
from webapprentice.browser import Window
from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.tasks.webarena import Evidence, ScriptError, TaskRecord, collect, corrected, judge
from webapprentice.tasks.webarena.helpers import HELPERS, Scene, value_at
from webapprentice.tasks.webarena.scripted import ScriptedLooker, ScriptedPage
from webarena_records import placed, record, shown

SHOP = "http://shop.test"


def target(url: str, locator: str = "", *, actions: list[str] | None = None, **required: Any) -> dict[str, Any]:
    more = {} if actions is None else {"prep_actions": actions}
    return {"url": url, "locator": locator, "required_contents": required or {"must_include": ["x"]}, **more}


def looker(**changes: Any) -> ScriptedLooker:
    return ScriptedLooker(
        **{"at": f"{SHOP}/cart", "content": "<p>Cart</p>", "addresses": {"SHOP": f"{SHOP}/"}, **changes}
    )


def gathered(one: TaskRecord, at: ScriptedLooker, answer: str = "") -> Evidence:
    return asyncio.run(collect(one, answer, at))


def test_the_agents_own_page_is_read_as_it_is_and_never_left() -> None:
    at = looker(values={"document.title": "Cart", "document.x.value": None, "document.n.selectedIndex": 1})
    locators = ("", "document.title", "document.x.value", "document.gone.value", "document.n.selectedIndex")
    one = shown(*(target("last", locator) for locator in locators))
    found = gathered(one, at, "done")
    assert [each.content for each in found.targets] == ["<p>Cart</p>", "Cart", "None", "", "1"]
    assert [bool(each.note) for each in found.targets] == [False, False, False, True, False]
    assert (found.answer, found.url, found.addresses, at.opened, at.closed) == (
        "done",
        f"{SHOP}/cart",
        {"shop": SHOP},
        [],
        0,
    )


def test_another_address_is_read_in_a_page_of_its_own_that_is_closed() -> None:
    orders = ScriptedPage(f"{SHOP}/orders/9", "<p>Lamp</p>", {"document.title": "Order"})
    at = looker(pages={f"{SHOP}/orders": orders})
    one = shown(target("__SHOP__/orders"), target("__SHOP__/orders", "document.title", exact_match="Order"))
    found = gathered(one, at)
    assert [(each.asked, each.reached, each.content) for each in found.targets] == [
        (f"{SHOP}/orders", f"{SHOP}/orders/9", "<p>Lamp</p>"),
        (f"{SHOP}/orders", f"{SHOP}/orders/9", "Order"),
    ]
    assert (at.opened, orders.closed) == ([f"{SHOP}/orders"], 1)  # neighbours share a page


def test_preparing_a_page_is_done_before_its_locator_on_a_page_of_its_own() -> None:
    page = ScriptedPage(SHOP, values={"open()": True, "document.title": "Open"})
    at = looker(pages={SHOP: page})
    plain = target("__SHOP__", "document.title")
    one = shown(plain, {**plain, "prep_actions": ["open()", "fails()", "never()"]}, plain)
    assert [each.content for each in gathered(one, at).targets] == ["Open"] * 3
    assert page.evaluated == ["document.title", "open()", "fails()", "document.title", "document.title"]
    assert (at.opened, page.closed) == ([SHOP] * 3, 3)


def test_a_site_that_does_not_answer_is_told_from_a_locator_that_finds_nothing() -> None:
    down = looker()
    found = gathered(shown(target("__SHOP__/x"), target("last")), down)
    assert found.targets[0].fault is not None
    assert (found.targets[0].fault.owner, found.targets[0].content, found.targets[1].content) == (
        Owner.ENVIRONMENT,
        None,
        "<p>Cart</p>",
    )
    one = shown(target("last", "document.gone"))
    assert judge(one, gathered(one, looker())).score == 0
    two = shown(target("__SHOP__/x"))
    assert judge(two, gathered(two, down)).score is None


def test_a_page_that_hangs_under_a_locator_is_a_fault_and_its_page_is_closed() -> None:
    hang = FaultError(Fault(owner=Owner.ENVIRONMENT, kind="page_hang"))
    page = ScriptedPage(SHOP, values={"document.title": hang})
    found = gathered(shown(target("__SHOP__", "document.title"), target("last")), looker(pages={SHOP: page}))
    assert (found.targets[0].fault, found.targets[1].fault, page.closed) == (hang.fault, None, 1)


def test_an_agents_page_that_is_gone_spoils_what_needs_it_only() -> None:
    class Gone(ScriptedLooker):
        async def url(self) -> str:
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="browser_dead"))

    gone = Gone(at="", addresses={"shop": SHOP})
    found = gathered(placed("__SHOP__/x"), gone)
    assert found.fault is not None
    assert (found.fault.kind, judge(placed("__SHOP__/x"), found).score) == ("browser_dead", None)
    assert judge(record(), gathered(record(), gone, "12.00")).score == 1


def test_a_placeholder_without_an_address_is_a_fault_of_the_evaluator() -> None:
    found = gathered(shown(target("__WIKI__/x")), looker())
    assert found.fault is not None
    assert (found.fault.owner, found.fault.kind) == (Owner.EVALUATOR, "no_address")


def test_where_a_correction_looks_elsewhere_both_places_are_evidence_and_each_judging_takes_its_own() -> None:
    one = shown(
        target("__FORUM__/f/Karaoke", "document.querySelector('#a').value", must_include=["lovers"]),
        task_id=584,
        intent="Create a new forum named Karaoke, with a description",
    )
    forum = "http://forum.test"
    edit = ScriptedPage(f"{forum}/f/Karaoke/edit", values={"document.querySelector('#a').value": "For lovers"})
    shows = ScriptedPage(f"{forum}/f/Karaoke")
    at = looker(addresses={"forum": forum}, pages={page.at: page for page in (edit, shows)})
    found = gathered(one, at)
    assert [each.asked for each in (*found.targets, *found.mended)] == [shows.at, edit.at]
    assert [judge(one, found, verified=verified).score for verified in (False, True)] == [0, 1]
    assert judge(corrected(one), gathered(corrected(one), at)).score == 1
    assert judge(one, found.with_(mended=()), verified=True).score is None  # evidence of the old place alone


# Helpers


def test_the_page_of_a_post_is_worked_out_from_where_the_agent_stands() -> None:
    post = ScriptedPage("http://forum.test/f/pics/12/title", "the post")
    at = looker(at="http://forum.test/f/pics/12/title/-/comment/3", pages={"http://forum.test/f/pics/12/": post})
    one = shown(target("func:reddit_get_post_url('__last_url__')"))
    found = gathered(one, at)
    assert (found.targets[0].asked, found.targets[0].content) == ("http://forum.test/f/pics/12/", "the post")


@pytest.mark.parametrize("url", ["http://forum.test/f/pics", "http://forum.test/user/x/1/2", "about:blank", ""])
def test_a_page_of_no_post_is_left_as_it_is(url: str) -> None:
    scene = Scene(looker(), looker(), {}, {})
    assert asyncio.run(HELPERS["reddit_get_post_url"](scene, url)) == url


STATE = {"orders": [{"total": 5}, {"total": 12.5, "lines": [{"sku": "a", "n": 2}, {"sku": "b", "n": 3}]}], "open": True}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("orders[-1].total", "12.5"),
        ("orders[0]", '{"total": 5}'),
        ("orders[7].total", ""),
        ("orders[-1].lines[sku=b].n", "3"),
        ("orders[total=5].total", "5"),
        ("open", "true"),
        ("nothing.at.all", ""),
        ("orders.total", ""),
        ("", json.dumps(STATE)),
    ],
)
def test_a_value_of_an_applications_state_is_read_by_its_path(path: str, value: str) -> None:
    at = looker(states={"shop": STATE})
    found = gathered(shown(target("last", f"func:site_state('shop', '{path}')", exact_match=value)), at)
    assert found.targets[0].content == value
    assert found.states == {f"shop:{path}": value_at(STATE, path)}


@pytest.mark.parametrize(
    ("locator", "owner"),
    [
        ("func:site_state('code', 'x')", Owner.ENVIRONMENT),
        ("func:site_state('shop', '[')", Owner.EVALUATOR),
        ("func:site_state()", Owner.EVALUATOR),
        ("func:shopping_get_sku_latest_review_author('B1')", Owner.EVALUATOR),  # nobody said who the administrator is
    ],
)
def test_a_helper_that_cannot_answer_is_no_failure_of_the_agent(locator: str, owner: Owner) -> None:
    one = shown(target("last", locator))
    found = gathered(one, looker(states={"shop": STATE}, addresses={"shop": SHOP, "shopping": SHOP}))
    assert found.targets[0].fault is not None
    assert (found.targets[0].fault.owner, judge(one, found).score) == (owner, None)


# A real browser


class Windows:
    """A `Looker` over real windows."""

    def __init__(self, stage: Stage, window: Window, addresses: Mapping[str, str]) -> None:
        self.stage, self.window, self.addresses = stage, window, addresses
        self.accounts = {"shopping_admin": ("admin", "secret")}

    async def url(self) -> str:
        return str(await self.evaluate("location.href"))

    async def html(self) -> str:
        return str(await self.evaluate("document.documentElement.outerHTML"))

    async def evaluate(self, expression: str) -> Any:
        try:
            return await self.window.evaluate(expression)
        except FaultError as error:
            if error.fault.kind == "script_error":
                raise ScriptError(error.fault.message) from error
            raise

    async def open(self, url: str) -> Windows:
        opened = Windows(self.stage, Window(self.stage.browser, self.window.config), self.addresses)
        await opened.window.renew()
        try:
            await opened.window.goto(url)
        except FaultError:
            await opened.close()
            raise
        return opened

    async def close(self) -> None:
        await self.window.close()

    async def state(self, site: str) -> Any:
        raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="site_down", message=site))


class Shop(NamedTuple):
    url: str
    reviews: dict[str, list[dict[str, Any]]]
    asked: list[str]


MEMBERS = """<table><tr><td data-label='Account'><span class='gl-avatar-labeled-sublabel'>@ann</span></td>
<td class='col-max-role'><span>Owner</span></td></tr><tr><td data-label='Account'>
<span class='gl-avatar-labeled-sublabel'>@bob</span></td><td class='col-max-role'><span>Guest</span></td></tr>
</table>"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """The parts of Magento's REST interface and of GitLab's pages that helpers use, on 127.0.0.1."""
    reviews: dict[str, list[dict[str, Any]]] = {"none": []}
    asked: list[str] = []

    class Line(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if not path.startswith("/rest/"):
                self.say(
                    200,
                    MEMBERS if "members" in path else f"<title>{path}</title><form><input id=a value=kept></form>",
                    "text/html",
                )
            elif self.headers["Authorization"] != "Bearer t0ken":
                self.say(401, "{}")
            elif path == "/rest/V1/orders":
                asked.append(query)
                self.say(200, json.dumps({"items": [{"increment_id": "000000191"}]}))
            elif (found := reviews.get(path.split("/")[4])) is not None:
                self.say(200, json.dumps(found))
            else:
                self.say(503, "down")

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            right = (
                given == {"username": "admin", "password": "secret"}
                and self.path == "/rest/default/V1/integration/admin/token"
            )
            self.say(200 if right else 401, json.dumps("t0ken"))

        def say(self, status: int, text: str, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    yield Shop(f"http://127.0.0.1:{server.server_port}", reviews, asked)
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.browser
def test_chromium_shows_unsaved_values_other_pages_and_what_the_applications_say(stage: Stage, shop: Shop) -> None:
    shop.reviews["B1"] = [
        {"nickname": "old", "ratings": [{"rating_name": "Rating", "percent": 20}]},
        {"nickname": "new", "ratings": [{"rating_name": "Rating", "percent": 80}]},
    ]
    one = shown(
        target("last", "document.querySelector('#a').value", exact_match="typed & not saved"),
        target("last", "[...document.querySelectorAll('input')].map(one => one.id).join(' ')", exact_match="a"),
        target("last", "document.querySelector('#gone').value", exact_match=""),
        target("__SHOPPING__/other", "document.title", exact_match="/other"),
        target("__SHOPPING__/other", must_include=['value="kept"']),
        target("func:shopping_get_latest_order_url()", "document.title", exact_match="/sales/order/view/order_id/191/"),
        target("last", "func:shopping_get_sku_latest_review_author('B1')", exact_match="new"),
        target("last", "func:shopping_get_sku_latest_review_rating('B1')", exact_match="80"),
        target("last", "func:shopping_get_sku_latest_review_rating('none')", exact_match=""),
        target("__SHOPPING__/members", "func:gitlab_get_project_memeber_role(__page__, 'bob')", exact_match="Guest"),
        target("__SHOPPING__/members", "func:gitlab_get_project_memeber_role(__page__, 'eve')", exact_match=""),
        target(
            "last", "document.readyState", exact_match="complete", actions=["document.querySelector('#no').click()"]
        ),
        target("last", "func:shopping_get_sku_latest_review_author('broken')"),
        sites=["shopping"],
    )

    async def doing() -> Evidence:
        window = Window(stage.browser, stage.browser.config.with_(origins=(shop.url,)))
        await window.renew()
        try:
            await window.goto(f"{shop.url}/form")
            await window.evaluate("document.querySelector('#a').value = 'typed & not saved'")
            at = Windows(stage, window, {"shopping": shop.url})
            found = await collect(one, "", at)
            assert await at.url() == f"{shop.url}/form"
            return found
        finally:
            await window.close()

    found = stage.run(doing())
    verdict = judge(
        TaskRecord(data={**one.data, "eval": {**one.eval, "program_html": list(one.targets[:-1])}}),
        found.with_(targets=found.targets[:-1]),
    )
    assert (verdict.score, [part.reason for part in verdict.parts if part.score == 0]) == (1, [])
    last = found.targets[-1].fault
    assert last is not None
    assert (last.owner, last.kind) == (Owner.ENVIRONMENT, "site_down")
    assert "sortOrders" in shop.asked[0]
