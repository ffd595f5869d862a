"""Code hosting and map: what their pages take and refuse, the road graph, and that their tasks fit their data."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections import deque
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest
from starlette.routing import Route

from webapprentice.core.text import squeeze
from webapprentice.sites import every
from webapprentice.sites.code import SITE as CODE
from webapprentice.sites.map import SITE as MAP
from webapprentice.sites.map.roads import SPEEDS, metres_from, roads, route, said_distance, said_time
from webapprentice.sites.serving import COOKIE, Serving, url_of
from webapprentice.sites.site import NOW, Site
from webapprentice.tasks.gold import load_gold
from webapprentice.tasks.local import local_benchmark
from webapprentice.tasks.probing import Prober
from webapprentice.tasks.webarena.calls import parse_call
from webapprentice.tasks.webarena.helpers import value_at
from webapprentice.tasks.webarena.records import read_records

SITES = {"code": CODE, "map": MAP}
NASTY = "<script>alert(1)</script>\"'&{{ 7*7 }}"
ODD = ("", "-1", "99999999999999999999", "\x00", "../../etc", "a" * 3000, "ä<b>'\"", "1 OR 1=1", "²")


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with Serving(SITES) as running:
        yield running


@pytest.fixture
def code(serving: Serving, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Signed in as mira, in a session of the test's own."""
    with _client(serving, "code", request.node.name) as client:
        _sign_in(client, "mira")
        yield client


@pytest.fixture
def chart(serving: Serving, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with _client(serving, "map", request.node.name) as client:
        yield client


def _client(serving: Serving, site: str, session: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://{serving.places[site]}", cookies={COOKIE: session.encode().hex()}, follow_redirects=True
    )


def _sign_in(client: httpx.Client, user: str) -> None:
    assert "Sign out" in client.post("/login", data={"user": user, "password": f"{user}-at-codeyard"}).text


def _state(serving: Serving, site: str, session: str) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with Prober(local_benchmark(serving)) as prober:
            found: dict[str, Any] = await prober.state(site, session.encode().hex())
            return found

    return asyncio.run(ask())


def _first_rows(site: Site) -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    made.row_factory = sqlite3.Row
    site.build(made)
    return made


# The data


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_the_first_rows_are_the_same_ones_every_time(site: Site) -> None:
    assert list(_first_rows(site).iterdump()) == list(_first_rows(site).iterdump())


def test_nothing_happened_later_than_today_and_replies_follow_what_they_reply_to() -> None:
    db = _first_rows(CODE)
    now = NOW.strftime("%Y-%m-%d %H:%M")
    for table, column in (("issues", "updated"), ("merges", "updated"), ("commits", "at"), ("notes", "at")):
        assert db.execute(f"SELECT max({column}) FROM {table}").fetchone()[0] < now
    for table, kind in (("issues", "issue"), ("merges", "merge")):
        early = f"SELECT 1 FROM notes JOIN {table} ON {table}.id = target WHERE kind = '{kind}' AND at < created"
        assert db.execute(early).fetchone() is None
        order = [tuple(row) for row in db.execute(f"SELECT project, created FROM {table} ORDER BY project, iid")]
        assert order == sorted(order)
    closers = db.execute(
        "SELECT merges.state, issues.state FROM merges JOIN issues USING (project) WHERE closes = issues.iid"
    )
    assert all((merge == "merged") == (issue == "closed") for merge, issue in closers)


# The tasks


@pytest.mark.parametrize("name", SITES)
def test_every_task_has_a_solution_and_nothing_it_asks_for_is_there_already(name: str) -> None:
    site = SITES[name]
    assert site.tasks is not None
    assert site.gold is not None
    records, gold = read_records(site.tasks), load_gold(site.gold, {one: url_of(one) for one in every()})
    assert {record.id for record in records} == set(gold)
    assert len({record.template_id for record in records}) >= 15
    fresh = json.loads(json.dumps(site.state(_first_rows(site))))
    for record in records:
        lines = gold[record.id]
        assert 2 <= len(lines) <= 12
        assert lines[-1].startswith("stop ")
        for target in record.targets:
            if target["locator"].startswith("func:"):
                _, path = parse_call(target["locator"]).arguments
                assert value_at(fresh, path) != next(iter(target["required_contents"].values())), record.id


def test_answers_stand_in_the_data() -> None:
    db = _first_rows(CODE)
    answers = {record.id: record for record in read_records(CODE.tasks)}  # type: ignore[arg-type]
    for record in answers.values():
        asked = record.instantiation
        if record.template.startswith("How many commits"):
            found = db.execute(
                "SELECT count(*) FROM commits JOIN users ON user = author JOIN projects ON projects.id = project"
                " WHERE ref = ? AND users.name = ?",
                (asked["project"], asked["person"]),
            ).fetchone()[0]
            assert record.eval["reference_answers"] == {"exact_match": str(found)}


# Code hosting


def test_a_stranger_may_read_but_not_write_and_sees_nothing_private(serving: Serving) -> None:
    with _client(serving, "code", "stranger") as client:
        assert client.get("/harbor/gangway/issues/1").status_code == 200
        for place in ("/mira/reading-list", "/kite/pocket-ledger", "/quentin/backup-scripts/issues/1"):
            assert client.get(place).status_code == 404
        assert "reading-list" not in client.get("/explore?sort=oldest").text + client.get("/search?q=books").text
        for place in (
            "/harbor/gangway/star",
            "/harbor/gangway/issues/1/comment",
            "/new/project",
            "/harbor/gangway/issues/new",
        ):
            client.post(place, data={"body": "x", "deed": "close", "title": "x", "name": "x"})
        assert client.post("/harbor/gangway/members", data={"deed": "remove", "user": "clara"}).status_code == 403
    assert _state(serving, "code", "stranger") == json.loads(json.dumps(CODE.state(_first_rows(CODE))))


def test_roles_decide_what_a_member_may_do(serving: Serving, code: httpx.Client) -> None:
    assert code.get("/kite/spar/settings").status_code == 403
    assert (
        code.post("/kite/spar/members", data={"deed": "add", "user": "mira", "role": "Maintainer"}).status_code == 403
    )
    assert code.post("/kite/spar/merge_requests/1/merge").status_code == 403
    assert code.post("/atlas/contour/merge_requests/1/merge").status_code == 403  # a Developer only
    assert code.post("/granary/silo/merge_requests/1/approve").status_code == 403
    assert code.post("/granary/silo/milestones/new", data={"title": "x"}).status_code == 403  # a Reporter only
    assert code.post("/granary/silo/issues/1/comment", data={"deed": "close"}).status_code == 200
    assert code.post("/kite/spar/issues/1/comment", data={"deed": "close"}).status_code == 403
    assert code.post("/harbor/gangway/members", data={"deed": "remove", "user": "mira"}).status_code == 422
    found = _state(serving, "code", "test_roles_decide_what_a_member_may_do")
    assert value_at(found, "issues[key=granary/silo#1].state") == "closed"
    assert value_at(found, "members[key=harbor/gangway:mira].role") == "Owner"


def test_an_issue_from_its_form_to_its_end(serving: Serving, code: httpx.Client) -> None:
    at = "/harbor/gangway/issues"
    refused = code.post(f"{at}/new", data={"title": " ", "body": "words that stay"})
    assert refused.status_code == 422
    assert "An issue needs a title." in refused.text
    assert "words that stay" in refused.text
    made = code.post(
        f"{at}/new", data={"title": "A new one", "assignee": "clara", "label": ["bug", "urgent", "no such"]}
    )
    assert made.url.path == f"{at}/32"
    assert "A new one" in code.get(f"{at}?label=urgent&assignee=clara").text
    assert "A new one" not in code.get(f"{at}?label=urgent&assignee=priya").text
    assert code.post(f"{at}/32/comment", data={"body": ""}).status_code == 422
    code.post(f"{at}/32/comment", data={"body": "Done.", "deed": "close"})
    code.post(f"{at}/32/edit", data={"assignee": "luca", "label": "feature"})  # luca is no member here
    found = value_at(_state(serving, "code", "test_an_issue_from_its_form_to_its_end"), "issues[key=harbor/gangway#32]")
    assert (found["state"], found["labels"], found["assignee"]) == ("closed", "feature", "")


def test_merging_closes_the_issue_and_a_draft_waits(serving: Serving, code: httpx.Client) -> None:
    code.post("/harbor/gangway/merge_requests/2/merge")
    assert "not open any more" in code.post("/harbor/gangway/merge_requests/2/merge").text
    assert "A draft cannot be merged" in code.post("/harbor/tidelog/merge_requests/8/merge").text
    code.post("/harbor/tidelog/merge_requests/8/approve")
    found = _state(serving, "code", "test_merging_closes_the_issue_and_a_draft_waits")
    states = [value_at(found, f"merge_requests[key={key}].state") for key in ("harbor/gangway!2", "harbor/tidelog!8")]
    assert states == ["merged", "open"]
    assert value_at(found, "issues[key=harbor/gangway#11].state") == "closed"
    assert value_at(found, "merge_requests[key=harbor/tidelog!8].approvals") == "mira"
    assert "Merge: Fix an off-by-one error" in code.get("/harbor/gangway/commits").text


@pytest.mark.parametrize(
    ("place", "form", "said"),
    [
        ("/new/project", {"name": "Has Space", "namespace": "mira", "visibility": "public"}, "small letters"),
        ("/new/project", {"name": "dotfiles", "namespace": "mira", "visibility": "public"}, "already a project"),
        ("/new/project", {"name": "fine", "namespace": "kite", "visibility": "public"}, "one of your namespaces"),
        ("/new/project", {"name": "fine", "namespace": "mira"}, "who may see"),
        ("/new/group", {"name": "G", "path": "explore"}, "is taken"),
        ("/harbor/gangway/milestones/new", {"title": "T", "start": "2026-13-01"}, "Write the date as"),
        (
            "/harbor/gangway/milestones/new",
            {"title": "T", "start": "2026-05-02", "due": "2026-05-01"},
            "before the start",
        ),
        ("/harbor/gangway/members", {"deed": "add", "user": "nobody", "role": "Guest"}, "nobody of this user name"),
        ("/harbor/gangway/members", {"deed": "add", "user": "hana"}, "Choose a role"),
        ("/harbor/gangway/labels", {"name": "bug"}, "already a label"),
        ("/harbor/gangway/labels", {"name": "new", "colour": "red"}, "Write the colour as"),
        ("/harbor/gangway/settings", {"about": "", "visibility": "public"}, "1 to 200 characters"),
    ],
)
def test_forms_say_what_is_wrong_next_to_the_field(
    serving: Serving, code: httpx.Client, place: str, form: dict[str, str], said: str
) -> None:
    answer = code.post(place, data=form)
    assert answer.status_code == 422
    assert said in re.search(r'<span class="error".*', answer.text)[0]  # type: ignore[index]


# The map


def test_the_fastest_way_is_the_fastest_of_all() -> None:
    """Against Bellman and Ford's method, which shares nothing with ours but the graph."""
    graph = roads()
    for by, speeds in SPEEDS.items():
        best = {0: 0.0}
        for _ in graph.crossings:
            for road in graph.roads:
                if road.kind in speeds:
                    cost = road.metres / (speeds[road.kind] / 3.6)
                    for a, b in ((road.a, road.b), (road.b, road.a)):
                        best[b] = min(best.get(b, float("inf")), best.get(a, float("inf")) + cost)
        for crossing in graph.crossings:
            found = route(0, crossing.id, by)
            assert found is not None
            assert found.seconds == pytest.approx(best[crossing.id])
            assert sum(leg.metres for leg in found.legs) == pytest.approx(found.metres)
            assert metres_from(0, crossing.id, by) == pytest.approx(found.metres)
            for a, b in zip(found.crossings, found.crossings[1:], strict=False):
                assert any({road.a, road.b} == {a, b} and road.kind in speeds for road in graph.at[a])


def test_distances_and_times_as_they_are_said() -> None:
    assert [said_distance(metres) for metres in (0, 84, 994, 996, 12_345)] == [
        "0 m",
        "80 m",
        "990 m",
        "1.0 km",
        "12.3 km",
    ]
    assert [said_time(seconds) for seconds in (0, 60, 61, 3600, 3900)] == [
        "1 min",
        "1 min",
        "2 min",
        "1 h 0 min",
        "1 h 5 min",
    ]


def test_cars_do_not_use_the_bridge_for_walkers(chart: httpx.Client) -> None:
    asked = {"from": "Larkhaven City Hall", "to": "Old Mill Sports Centre"}
    assert "Market Bridge" in chart.get("/directions", params={**asked, "by": "foot"}).text
    by_car = chart.get("/directions", params={**asked, "by": "car"}).text
    assert "Market Bridge" not in by_car
    assert "East Bridge" in by_car or "Old Bridge" in by_car


def test_what_is_meant_is_asked_when_it_is_not_clear(chart: httpx.Client) -> None:
    page = chart.get("/directions", params={"from": "station", "to": "nowhere at all"}).text
    assert "Several places match" in page
    assert "No place of this name is known." in page
    link = re.search(r'href="(\?[^"]*Castle[^"]*)"', page)
    assert link is not None
    assert 'value="Castle Hill Station"' in chart.get(f"/directions{link[1].replace('&amp;', '&')}").text
    assert "measured along the roads" in chart.get("/nearby", params={"place": "university"}).text


def test_lists_and_reports(serving: Serving, chart: httpx.Client) -> None:
    assert "already a list" in chart.post("/lists", data={"name": "Favourites"}).text
    assert chart.post("/lists", data={"name": "Trip"}).url.path == "/lists/2"
    chart.post("/place/5/save", data={"list": "2", "note": "first"})
    chart.post("/place/5/save", data={"list": "2", "note": "second"})
    chart.post("/place/6/save", data={"list": "2"})
    chart.post("/lists/2", data={"place": "6"})
    assert chart.post("/place/5/save", data={"list": "77"}).status_code == 422
    assert "Say what would be right" in chart.post("/place/5/report", data={"kind": "Wrong address"}).text
    chart.post("/place/5/report", data={"kind": "Wrong address", "words": "It is no. 4"})
    found = _state(serving, "map", "test_lists_and_reports")
    assert [(one["list"], one["note"]) for one in found["saved"]] == [("Trip", "second")]
    assert value_at(found, "reports[-1].words") == "It is no. 4"
    assert len(found["lists"]) == 2


# Both


def test_stored_words_are_shown_as_words(code: httpx.Client, chart: httpx.Client) -> None:
    at = "/harbor/gangway"
    for place, form in (
        ("/profile", {"status": NASTY, "bio": NASTY}),
        ("/new/group", {"name": NASTY, "path": "nasty", "about": NASTY}),
        (f"{at}/issues/new", {"title": NASTY, "body": NASTY}),
        (f"{at}/issues/32/comment", {"body": NASTY}),
        (f"{at}/merge_requests/1/comment", {"body": NASTY}),
        (f"{at}/milestones/new", {"title": NASTY, "about": NASTY}),
        (f"{at}/labels", {"name": NASTY[:40], "about": NASTY}),
        (f"{at}/settings", {"about": NASTY, "visibility": "public"}),
        (f"{at}/issues/31/edit", {"label": NASTY[:40]}),
    ):
        assert code.post(place, data=form).status_code == 200, place
    shown = [
        f"{at}{rest}"
        for rest in (
            "",
            "/issues",
            "/issues/32",
            "/issues/31",
            "/merge_requests/1",
            "/milestones",
            "/labels",
            "/settings",
        )
    ]
    for place in (
        *shown,
        "/mira",
        "/profile",
        "/groups",
        "/nasty",
        "/explore?language=Go",
        "/",
        "/search?q=script&scope=issues",
    ):
        _words_only(code.get(place).text, place)
    chart.post("/lists", data={"name": NASTY})
    chart.post("/place/3/save", data={"list": "2", "note": NASTY})
    for place in ("/lists", "/lists/2", "/place/3"):
        _words_only(chart.get(place).text, place)
    for client, places in (
        (code, (f"{at}/issues?q=%s", f"{at}/commits?q=%s&author=%s", "/search?q=%s", "/explore?language=%s")),
        (chart, ("/search?q=%s", "/directions?from=%s&to=%s", "/nearby?place=%s", "/here?lat=%s&lon=%s")),
    ):
        for place in places:
            page = client.get(place.replace("%s", "%3Cscript%3Ealert(1)%3C/script%3E%22")).text
            assert "<script>alert" not in page


def _words_only(page: str, place: str) -> None:
    assert "<script>alert" not in page, place
    assert "&lt;script&gt;alert(1)" in page, place


THERE = {"namespace": "harbor", "path": "gangway", "iid": "1", "file": "src", "sha": "x", "deed": "merge", "id": "1"}
QUERIES = re.findall(
    r"\w+", "q page sort state label author milestone scope language from to by place within category lat lon"
)
FIELDS = re.findall(r"\w+", "title body name user role deed list place kind words start about label milestone status")
ENCODED = {"content-type": "application/x-www-form-urlencoded"}


def _place(found: Route, **values: str) -> str:
    return re.sub(r"{(\w+)[^}]*}", lambda one: quote({**THERE, **values}[one[1]]), found.path)


@pytest.mark.parametrize("name", SITES)
def test_nothing_that_a_browser_sends_is_an_error_of_ours(name: str, code: httpx.Client, chart: httpx.Client) -> None:
    client = {"code": code, "map": chart}[name]
    known = [one for one in SITES[name].routes if isinstance(one, Route)]
    for found, odd in product(known, ODD):
        assert client.get(_place(found), params=dict.fromkeys(QUERIES, odd)).status_code < 500, (found.path, odd)
        for last in list(found.param_convertors)[-1:]:
            assert client.get(_place(found, **{last: odd})).status_code < 500, (found.path, odd)
    for found in known:
        if "POST" in (found.methods or ()):
            for odd in ("", "99999999999999999999", "\x00\u202e", "a" * 30_000):
                assert client.post(_place(found), data=dict.fromkeys(FIELDS, odd)).status_code < 500, (found.path, odd)
            assert client.post(_place(found), files=dict.fromkeys(FIELDS, b"x")).status_code < 500, found.path
            assert client.post(_place(found), content=b"\xff\xfe=%ZZ&&&=", headers=ENCODED).status_code < 500, (
                found.path
            )


@pytest.mark.parametrize("name", SITES)
def test_every_link_leads_somewhere_and_pages_do_not_depend_on_the_moment(serving: Serving, name: str) -> None:
    with _client(serving, name, "crawl") as client, _client(serving, name, "again") as other:
        if name == "code":
            _sign_in(client, "mira")
            _sign_in(other, "mira")
        waiting, seen = deque(["/"]), {"/"}
        while waiting and len(seen) < 260:
            place = waiting.popleft()
            page = client.get(place)
            assert page.status_code == 200, place
            assert other.get(place).text == page.text
            for link in re.findall(r'href="([^"#]+)"', page.text):
                path = urljoin(place, link.replace("&amp;", "&"))
                kind = re.sub(r"\d+|=[^&]*", "", urlsplit(path).path)
                fresh = path not in seen and sum(kind == re.sub(r"\d+", "", urlsplit(one).path) for one in seen) < 12
                if fresh and not link.startswith(("data:", "http")):
                    seen.add(path)
                    waiting.append(path)
        assert len(seen) > 40


def test_every_field_has_a_label(code: httpx.Client, chart: httpx.Client) -> None:
    at = "/harbor/gangway"
    places = [
        (code, place)
        for place in (
            "/explore",
            "/search",
            "/profile",
            "/new/project",
            "/new/group",
            f"{at}/issues",
            f"{at}/issues/1",
            f"{at}/issues/new",
            f"{at}/members",
            f"{at}/merge_requests/1",
            f"{at}/milestones/new",
            f"{at}/labels",
            f"{at}/settings",
        )
    ]
    places += [(chart, place) for place in ("/", "/search", "/place/1", "/nearby", "/directions", "/here", "/lists")]
    for client, place in places:
        page = client.get(place).text
        labelled = set(re.findall(r'<label for="([^"]+)"', page))
        wrapped = "".join(re.findall(r"<label>.*?</label>", page, re.S))
        for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
            name = re.search(r' id="([^"]+)"', field)
            named = (
                (name and name[1] in labelled) or "aria-label=" in field or 'type="hidden"' in field or field in wrapped
            )
            assert named, (place, squeeze(field))
