"""The forum and the wiki over HTTP: what each form does, who may, and that nothing a browser sends breaks a page."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route

from webapprentice.sites import every
from webapprentice.sites.forum import SITE as FORUM
from webapprentice.sites.serving import COOKIE, Serving, url_of
from webapprentice.sites.site import Site
from webapprentice.sites.wiki import SITE as WIKI
from webapprentice.sites.wiki.markup import Article, Section, html, read, write
from webapprentice.tasks.gold import load_gold
from webapprentice.tasks.local import local_benchmark
from webapprentice.tasks.probing import Prober

SITES = {"forum": FORUM, "wiki": WIKI}
EVIL = "<script>evil()</script><img src=x onerror='evil()'> \"quoted\" & [[<b>]]"


class Visitor:
    """Somebody at a site, with a session of their own."""

    def __init__(self, serving: Serving, site: str, session: str, user: str = "") -> None:
        self.serving, self.site, self.session = serving, site, session
        self.http = httpx.Client(
            base_url=f"http://{serving.places[site]}", cookies={COOKIE: session}, follow_redirects=True
        )
        if user:
            self.http.cookies.set(f"login_{site}", serving.sessions.ticket(site, user))

    def get(self, place: str) -> str:
        return self.http.get(place).text

    def post(self, place: str, **form: str) -> httpx.Response:
        return self.http.post(place, data=form)

    @property
    def state(self) -> dict[str, Any]:
        async def ask() -> dict[str, Any]:
            async with Prober(local_benchmark(self.serving)) as prober:
                found: dict[str, Any] = await prober.state(self.site, self.session)
                return found

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with Serving(SITES) as running:
        yield running


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(serving: Serving, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Makes visitors of one session."""
    made: list[Visitor] = []

    def visit(site: str, user: str = "") -> Visitor:
        made.append(Visitor(serving, site, request.node.name, user))
        return made[-1]

    yield visit
    for one in made:
        one.http.close()


@pytest.fixture
def forum(visit: Visit) -> Visitor:
    return visit("forum", "mira")


@pytest.fixture
def wiki(visit: Visit) -> Visitor:
    return visit("wiki", "edda")


# Both


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_the_first_state_is_always_the_same_and_large_enough(site: Site) -> None:
    found = []
    for _ in range(2):
        database = sqlite3.connect(":memory:", isolation_level=None)
        database.row_factory = sqlite3.Row
        site.build(database)
        found.append(site.state(database))
    assert json.dumps(found[0]) == json.dumps(found[1])
    assert len(found[0]["threads" if site is FORUM else "articles"]) >= 100


ODD = ("-1", "9" * 40, "é'\"%_\\", "a" * 500, "\0", "Tellby", "3")


@pytest.mark.parametrize("name", SITES)
def test_nothing_a_browser_sends_breaks_a_page(visit: Visit, name: str) -> None:
    site = SITES[name]
    visitors = [visit(name, user) for user in ("", *site.accounts)]
    fields = sorted(set(re.findall(r"name=\"(\w+)\"", "".join(f.read_text() for f in site.templates.glob("*.html")))))
    asked = [*fields, "from", "to", "letter", "page", "sort", "section", "number", "boards", "fact Founded"]
    statuses = set()
    for n, (route, odd) in enumerate((route, odd) for route in site.routes for odd in ODD):
        assert isinstance(route, Route)
        place = re.sub(r"{\w+}", lambda _, odd=odd: httpx.QueryParams({"": odd}).__str__()[1:], route.path)
        who, other = visitors[n % len(visitors)], ODD[(n * 7) % len(ODD)]
        query = {field: (odd, other)[k % 2] for k, field in enumerate(asked)}
        statuses.add(who.http.get(place, params=query).status_code)
        if "POST" in (route.methods or ()):
            statuses.add(who.http.post(place, data=query).status_code)
        if "POST" in (route.methods or ()) and n % 3 == 0:
            statuses.add(who.http.post(place, files={"body": b"x", "title": b"y", "text": b"z"}).status_code)
            statuses.add(who.http.post(place, content=b"\xff%zz", headers={"Content-Type": "text/plain"}).status_code)
    assert statuses <= {200, 404, 405, 422}, statuses


@pytest.mark.parametrize("name", SITES)
def test_tasks_are_written_in_the_format_and_each_has_a_solution(name: str) -> None:
    site = SITES[name]
    assert site.tasks is not None
    assert site.gold is not None
    records = json.loads(site.tasks.read_text(encoding="utf-8"))
    solutions = load_gold(site.gold, {one: url_of(one) for one in every()})
    assert [str(one["task_id"]) for one in records] == list(solutions)
    assert len(records) >= 25
    assert len({one["intent_template_id"] for one in records}) >= 7
    for one in records:
        words = re.sub(
            r"{{(\w+)}}", lambda slot, one=one: str(one["instantiation_dict"][slot[1]]), one["intent_template"]
        )
        assert words == one["intent"]
        assert set(one["sites"]) <= set(SITES)
        assert one["eval"]["eval_types"]
        assert 2 <= len(solutions[str(one["task_id"])]) <= 12
        assert solutions[str(one["task_id"])][-1].startswith("stop")


# The forum


def test_a_stranger_reads_the_forum_and_is_sent_to_sign_in_to_write(visit: Visit) -> None:
    stranger = visit("forum")
    before = stranger.state
    assert "Mount Skarn by the east ridge" in stranger.get("/b/hiking")
    for place in ("/submit", "/settings", "/messages", "/messages/new", "/c/669/edit"):
        assert "<h1>Sign in</h1>" in stranger.get(place)
    for place in ("/t/3/comment", "/t/3/vote", "/t/120/delete", "/c/669/delete", "/b/cycling/subscribe"):
        assert "<h1>Sign in</h1>" in stranger.post(place, body="x", value="1").text
    assert stranger.post("/t/126/moderate", do="remove").status_code == 404
    assert stranger.state == before


def test_threads_are_sorted_chosen_by_time_and_searched(forum: Visitor) -> None:
    def titles(place: str) -> list[str]:
        return re.findall(r'class="title" href="/t/\d+">(.*?)</a>', forum.get(place))

    threads = [one for one in forum.state["threads"] if one["board"] == "hiking"]
    by_score = [one["title"] for one in sorted(threads, key=lambda one: (-one["score"], -one["id"]))]
    by_time = [one["title"] for one in sorted(threads, key=lambda one: one["created"], reverse=True)]
    assert titles("/b/hiking?sort=top") == by_score
    assert titles("/b/hiking") == by_time
    late = {one["title"] for one in threads if one["created"] >= "2026-03-09 09:30"}
    assert set(titles("/b/hiking?period=week&sort=top")) == late
    assert titles("/search?q=RAIN+jacket&board=hiking") == ["Looking for advice on a rain jacket"]
    assert titles("/search?q=%25") == ["CHEAP PLANT LIGHTS buy now 80 % off"]
    mine = {row["board"] for row in forum.state["threads"] if row["title"] in titles("/")}
    assert mine <= {"gardening", "birding", "houseplants"}
    everything = [title for page in (1, 5, 11) for title in titles(f"/?boards=all&page={page}")]
    assert len(set(everything)) == 30


def test_a_vote_counts_once_turns_and_is_taken_back(forum: Visitor) -> None:
    def score() -> int:
        return next(one["score"] for one in forum.state["threads"] if one["id"] == 3)

    first = score()
    for value, change in (("1", 1), ("-1", -1), ("-1", 0), ("1", 1), ("1", 0)):
        page = forum.post("/t/3/vote", value=value, back="/b/boardgames?sort=top")
        assert score() == first + change
    assert page.url.path == "/b/boardgames"
    assert forum.post("/t/3/vote", value="1", back="//evil.example/").url.path == "/t/3"


def test_a_thread_is_written_with_text_or_link_and_faults_are_named(forum: Visitor) -> None:
    page = forum.post("/submit", board="cycling", title="x", body="", link="javascript:alert(1)")
    assert page.status_code == 422
    assert "3 to 200 characters" in page.text
    assert "begins with http" in page.text
    assert "Choose a board" in forum.post("/submit", board="none", title="A title", body="Text").text
    assert "Write something" in forum.post("/submit", board="cycling", title="A title", body=" ").text
    assert forum.post("/submit", board="cycling", title="Bells", link="https://bells.example/a").url.path == "/t/127"
    last = forum.state["threads"][-1]
    assert (last["board"], last["title"], last["author"]) == ("cycling", "Bells", "mira")
    forum.post("/t/127/edit", title="Bells and horns", body="Both.")
    assert forum.state["threads"][-1]["title"] == "Bells and horns"
    forum.post("/t/127/delete")
    assert "deleted by its author" in forum.get("/t/127")
    assert "Bells" not in forum.get("/b/cycling")


def test_answers_stand_below_what_they_answer(forum: Visitor) -> None:
    forum.post("/t/120/comment", body="Thank you both")
    forum.post("/t/120/comment", body="East it is", parent="667")
    forum.post("/t/120/comment", body="Deeper", parent="672")
    page = forum.get("/t/120?sort=old")
    places = [
        page.index(words) for words in ("East, and a bowl", "East it is", "Deeper", "North if you", "Thank you both")
    ]
    assert places == sorted(places)
    assert re.findall(r'id="c(\d+)" style="margin-left:(\d+)px"', page)[:3] == [
        ("667", "0"),
        ("672", "28"),
        ("673", "56"),
    ]
    assert "Write something first" in forum.post("/t/120/comment", body="  ").text
    forum.post("/t/120/comment", body="elsewhere", parent="1")
    assert forum.state["comments"][-1]["parent"] is None


def test_only_moderators_moderate_and_only_on_their_boards(forum: Visitor, visit: Visit) -> None:
    assert forum.post("/t/112/moderate", do="lock").status_code == 404
    assert "Moderation:" not in forum.get("/t/112")
    forum.post("/t/33/moderate", do="lock")
    assert "nobody can comment" in forum.get("/t/33")
    assert "no more comments" in forum.post("/t/33/comment", body="late").text
    forum.post("/t/126/moderate", do="remove")
    assert "CHEAP" not in forum.get("/b/houseplants")
    forum.post("/c/538/remove")
    assert "Removed by a moderator" in forum.get("/t/101")
    assert forum.post("/c/586/remove").status_code == 404
    other = visit("forum", "otto")
    other.post("/t/112/moderate", do="pin")
    assert next(one for one in forum.state["threads"] if one["id"] == 112)["pinned"] == 1


def test_nobody_changes_what_is_not_theirs(forum: Visitor) -> None:
    before = forum.state
    for place in ("/t/3/edit", "/c/3/edit", "/t/3/delete", "/c/3/delete"):
        assert forum.post(place, title="Mine now", body="Mine now").status_code == 404
    assert forum.get("/messages/4").count("blue beans") == 1
    assert forum.state == before


def test_messages_and_profile(forum: Visitor) -> None:
    assert "(2 unread)" in forum.get("/")
    assert "spare spider plant" in forum.get("/messages/2")
    assert "(1 unread)" in forum.get("/")
    page = forum.post("/messages/new", to="nobody", subject="", body="")
    assert all(words in page.text for words in ("no member of this name", "1 to 120 characters", "Write something"))
    forum.post("/messages/new", to="wren", subject="Cranes", body="Where exactly?")
    last = forum.state["messages"][-1]
    assert (last["sender"], last["receiver"], last["body"]) == ("mira", "wren", "Where exactly?")
    assert "At most 300" in forum.post("/settings", full_name="Mira", bio="x" * 301).text
    forum.post("/settings", full_name="Mira L.", bio="New words")
    assert 'id="bio">New words</p>' in forum.get("/u/mira")


def test_nothing_that_is_stored_in_the_forum_becomes_markup(forum: Visitor) -> None:
    forum.post("/submit", board="houseplants", title=EVIL, body=EVIL, link=f"https://a.example/{EVIL}")
    forum.post("/t/127/comment", body=EVIL)
    forum.post("/settings", full_name=EVIL[:40], bio=EVIL)
    forum.post("/messages/new", to="mira", subject=EVIL, body=EVIL)
    for place in ("/b/houseplants", "/t/127", "/u/mira", "/messages", "/messages/5", "/settings", "/t/127/edit"):
        page = forum.get(place)
        assert "&lt;script&gt;evil()" in page
        assert "<script>evil" not in page
        assert "<img" not in page
    assert "<script>evil" not in forum.get(f"/search?q={EVIL}&author={EVIL}")


# The wiki


def test_a_stranger_reads_the_wiki_and_is_sent_to_sign_in_to_write(visit: Visit) -> None:
    stranger = visit("wiki")
    before = stranger.state
    assert "Mount Skarn" in stranger.get("/wiki/Venn")
    for place in ("/wiki/Venn/edit", "/wiki/Venn/facts", "/new", "/watchlist"):
        assert "<h1>Sign in</h1>" in stranger.get(place)
    for place in ("/wiki/Venn/edit", "/wiki/Venn/restore", "/wiki/Venn/watch", "/talk/Venn"):
        assert "<h1>Sign in</h1>" in stranger.post(place, text="x", number="1", base="3").text
    assert stranger.state == before


def _article(wiki: Visitor, slug: str) -> dict[str, Any]:
    return next(one for one in wiki.state["articles"] if one["slug"] == slug)


def test_a_section_is_changed_after_a_preview_and_nothing_else(wiki: Visitor) -> None:
    before = _article(wiki, "Pelby")
    place = "/wiki/Pelby/edit?section=4"
    given = {"title": "Transport", "text": "Buses to [[Kestholm]] and [[Nowhere]].", "base": str(before["number"])}
    page = wiki.post(place, **given, do="preview").text
    assert '<a href="/wiki/Kestholm">Kestholm</a>' in page
    assert 'href="/wiki/Nowhere" class="missing"' in page
    assert _article(wiki, "Pelby") == before
    wiki.post(place, **given, summary="Buses", do="save")
    after = _article(wiki, "Pelby")
    assert after["sections"][:4] == before["sections"][:4]
    assert after["sections"][4] == {"title": "Transport", "text": given["text"]}
    assert (after["facts"], after["categories"]) == (before["facts"], before["categories"])
    assert "open it again" in wiki.post(place, **given, do="save").text
    assert "Pelby" in wiki.get("/wiki/Kestholm/backlinks")
    assert "<ins>Buses to [[Kestholm]] and [[Nowhere]].</ins>" in wiki.get("/wiki/Pelby/diff?from=4&to=5")


def test_facts_and_categories_are_changed_and_faults_are_named(wiki: Visitor) -> None:
    page = wiki.post("/wiki/Ulva/facts", **{"fact Bridges": "", "fact Length": "a|b", "new name": "only"}).text
    assert all(words in page for words in ("cannot be empty", "cannot stand here", "a name and a value"))
    facts = {f"fact {key}": value for key, value in _article(wiki, "Ulva")["facts"].items()}
    given = {**facts, "fact Bridges": "29", "new name": "Ferries", "new value": "2", "categories": "Rivers, Norden"}
    wiki.post("/wiki/Ulva/facts", **given)
    after = _article(wiki, "Ulva")
    assert (after["facts"]["Bridges"], after["facts"]["Ferries"]) == ("29", "2")
    assert after["categories"] == ["Norden", "Rivers"]
    assert ">Ulva</a>" in wiki.get("/category/Norden")


def test_articles_begin_come_back_and_are_found(wiki: Visitor) -> None:
    assert wiki.http.get("/wiki/Sven_Dahl").status_code == 404
    assert "There is an article of this title" in wiki.post("/new", title="Tellby", text="x").text
    assert "begins with a letter" in wiki.post("/new", title="../x", text="x").text
    assert wiki.post("/new", title="Sven Dahl", text="A clockmaker.", category="People").url.path == "/wiki/Sven_Dahl"
    assert wiki.http.get("/suggest?q=sven").json() == [{"slug": "Sven_Dahl", "title": "Sven Dahl"}]
    assert wiki.http.get("/search?q=sven+dahl&go=1").url.path == "/wiki/Sven_Dahl"
    assert "Sven Dahl" in wiki.get("/search?q=clockmaker")
    wiki.post("/wiki/Halvern/restore", number="3")
    after = _article(wiki, "Halvern")
    assert (after["facts"]["Population"], after["number"]) == ("35,820", 5)
    assert wiki.post("/wiki/Halvern/restore", number="77").status_code == 404
    assert "Back to version 3" in wiki.get("/recent?author=edda")


def test_discussion_and_watch_list(wiki: Visitor) -> None:
    assert "A topic needs a title" in wiki.post("/talk/Grantorp", body="Words").text
    wiki.post("/talk/Grantorp", body="The newer one.", parent="44")
    last = wiki.state["talk"][-1]
    assert (last["slug"], last["parent"], last["topic"], last["author"]) == ("Grantorp", 44, "Figures", "edda")
    wiki.post("/wiki/Aldra/watch")
    wiki.post("/wiki/Venn/watch")
    assert wiki.state["watching"] == ["Aldra", "Lake_Orsa", "Tellby"]


def test_nothing_that_is_stored_in_the_wiki_becomes_markup(wiki: Visitor) -> None:
    base = str(_article(wiki, "Venn")["number"])
    wiki.post("/wiki/Venn/edit?section=new", title=EVIL[:60].replace("=", ""), text=EVIL, summary=EVIL, base=base)
    wiki.post(
        "/wiki/Aldra/facts", **{"new name": "<script>evil()</script>", "new value": "<img src>", "fact Length": "1"}
    )
    wiki.post("/talk/Venn", topic=EVIL, body=EVIL)
    wiki.post(
        "/wiki/Brisk/facts", **{f"fact {key}": "<script>evil()</script>" for key in _article(wiki, "Brisk")["facts"]}
    )
    places = ("", "/edit", "/history", "/version/4", "/diff?from=3&to=4")
    for place in (
        *(f"/wiki/Venn{place}" for place in places),
        "/talk/Venn",
        "/recent",
        "/wiki/Brisk",
        "/wiki/Brisk/facts",
    ):
        page = wiki.get(place)
        assert "&lt;script&gt;evil()" in page, place
        assert "<script>evil" not in page
        assert "<img" not in page
    assert "<script>evil" not in wiki.get(f"/search?q={EVIL}")
    assert "<script>evil" not in wiki.get(f"/wiki/{EVIL.replace('/', '')}")


WORDS = st.text("abc Äß.,:'&<>", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(
    st.dictionaries(WORDS, WORDS, max_size=3),
    st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=3)), max_size=3),
    st.lists(WORDS, unique=True, max_size=3),
)
def test_an_article_survives_writing_and_reading(
    facts: dict[str, str], sections: list[tuple[str, list[str]]], categories: list[str]
) -> None:
    squeezed = {" ".join(key.split()): " ".join(value.split()) for key, value in facts.items()}
    parts = [Section("", ""), *(Section(title, "\n".join(lines)) for title, lines in sections)]
    found = read(write(Article(squeezed, parts, categories)))
    assert (dict(found.facts), list(found.sections), list(found.categories)) == (squeezed, parts, categories)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("* [[A b]]\n* '''c'''", '<ul><li><a href="/wiki/A_b">A b</a></li><li><strong>c</strong></li></ul>'),
        ("[[A b|x < y]]", '<p><a href="/wiki/A_b">x &lt; y</a></p>'),
        ("[[C]]", '<p><a href="/wiki/C" class="missing" title="There is no such article yet">C</a></p>'),
        ("[[]] '''", "<p>[[]] &#39;&#39;&#39;</p>"),
    ],
)
def test_markup_means(text: str, meant: str) -> None:
    assert str(html(text, {"A_b"})) == meant
