"""The ground that the local sites stand on: sessions of their own, signing in, and what only the judge may ask."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest
from click import BadParameter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from webapprentice.cli.sites import command as sites
from webapprentice.core.faults import FaultError, UnavailableError
from webapprentice.sites.serving import COOKIE, Serving
from webapprentice.sites.site import Account, Site, account, login_first, paginate, rows, write
from webapprentice.sites.templates import SHARED
from webapprentice.tasks.benchmark import SiteConfig
from webapprentice.tasks.local import local_benchmark
from webapprentice.tasks.probing import Prober


async def _add(request: Request) -> Response:
    if account(request) is None:
        return login_first(request)
    write(request, "INSERT INTO notes (words) VALUES (?)", request.query_params["words"])
    return PlainTextResponse(", ".join(one["words"] for one in rows(request, "SELECT words FROM notes")))


def _site(name: str) -> Site:
    return Site(
        name=name,
        title=name.title(),
        build=lambda db: (
            db.executescript("CREATE TABLE notes (words TEXT); INSERT INTO notes VALUES ('first')") and None
        ),
        routes=[Route("/add", _add)],
        state=lambda db: {"notes": [one["words"] for one in db.execute("SELECT words FROM notes")]},
        templates=SHARED,
        accounts={"ann": Account("ann", "pw-ann", "Ann")},
    )


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with Serving({name: _site(name) for name in ("one", "two")}) as running:
        yield running


def _client(serving: Serving, site: str, session: str = "") -> httpx.Client:
    cookies = {COOKIE: session} if session else {}
    return httpx.Client(base_url=f"http://{serving.places[site]}", cookies=cookies, follow_redirects=True)


def test_sessions_are_apart_and_a_reset_forgets_everything(serving: Serving) -> None:
    async def scene() -> None:
        async with Prober(local_benchmark(serving)) as prober:
            one, other = await prober.reset(), await prober.reset()
            with _client(serving, "one", one) as client:
                client.post("/login", data={"user": "ann", "password": "pw-ann"})
                assert client.get("/add?words=more").text == "first, more"
            assert await prober.state("one", one) == {"notes": ["first", "more"]}
            assert await prober.state("one", other) == {"notes": ["first"]}
            assert await prober.state("two", one) == {"notes": ["first"]}
            assert await prober.reset(one) == one
            assert await prober.state("one", one) == {"notes": ["first"]}
            await prober.reset(one)
            assert await prober.state("one", one) == {"notes": ["first"]}

    asyncio.run(scene())


def test_a_stranger_gets_a_session_of_their_own_and_is_asked_to_sign_in(serving: Serving) -> None:
    with _client(serving, "one") as client:
        page = client.get("/add?words=x")
        assert client.cookies[COOKIE]
        assert "Sign in" in page.text
        assert "wrong" in client.post("/login", data={"user": "ann", "password": "guess"}).text
        assert (
            client.post("/login?next=/add?words=back", data={"user": "ann", "password": "pw-ann"}).text == "first, back"
        )
        client.post("/logout")
        assert "Sign in" in client.get("/add?words=x").text
        answer = client.post("/login?next=//evil.example/", data={"user": "ann", "password": "pw-ann"})
        assert answer.history[-1].headers["location"] == "/"


def test_who_comes_for_the_first_time_or_signs_in_arrives_where_they_wanted_to_go(serving: Serving) -> None:
    with _client(serving, "one") as client:
        page = client.get("/add?words=a%26b+c&more=%2B")
        assert page.history[0].headers["location"] == "/add?words=a%26b+c&more=%2B"
        back = client.post(str(page.url), data={"user": "ann", "password": "pw-ann"})
        assert back.text == "first, a&b c"
        assert back.url.query == b"words=a%26b+c&more=%2B"
        client.cookies.clear()
        elsewhere = client.get(f"http://{serving.places['one']}//evil.example/add")
        assert elsewhere.history[0].headers["location"] == "/evil.example/add"


def test_a_ticket_is_good_for_one_site_until_it_ends(serving: Serving) -> None:
    ticket = serving.sessions.ticket("one", "ann")
    assert serving.sessions.account("one", ticket) is not None
    assert serving.sessions.account("two", ticket) is None
    for wrong in ("", "ann|0|", "ann|0|é", ticket[:-1] + "x", serving.sessions.ticket("one", "ann", now=0.0)):
        assert serving.sessions.account("one", wrong) is None


def test_only_who_knows_the_token_may_ask_for_states(serving: Serving) -> None:
    with _client(serving, "one", "any") as client:
        for what in ("state", "reset", "expire", "nothing"):
            assert client.get(f"/-/{what}?session=any").status_code == 404
            assert client.get(f"/-/{what}", headers={"X-Apprentice-Token": "guess"}).status_code == 404
        assert client.get("/-/health").json() == {"site": "one", "well": True}


def test_a_site_out_of_order_and_one_that_is_down_are_told_apart(serving: Serving) -> None:
    async def scene() -> None:
        running = local_benchmark(serving)
        gone = SiteConfig(url="http://gone.test", place="127.0.0.1:9")
        async with Prober(running.with_(sites={**running.sites, "gone": gone})) as prober:
            await prober.health("one")
            serving.trouble["one"] = 500
            try:
                with _client(serving, "one", "x") as client:
                    assert client.get("/add").status_code == 500
                with pytest.raises(FaultError) as told:
                    await prober.health("one")
            finally:
                serving.trouble.clear()
            assert told.value.fault.kind == "site_error"
            with pytest.raises(FaultError) as told:
                await prober.health("gone")
            assert (told.value.fault.owner, told.value.fault.kind) == ("environment", "site_down")

    asyncio.run(scene())


def test_a_port_that_is_taken_is_said_in_one_line(serving: Serving) -> None:
    port = int(serving.places["one"].rpartition(":")[2])
    with pytest.raises(UnavailableError, match=f"port {port} of 127.0.0.1 is taken"):
        Serving({"one": _site("one")}, first_port=port)


def test_ports_that_were_to_be_had_are_free_again_when_a_later_one_is_not() -> None:
    for _ in range(50):  # until the port before one of ours is free
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = int(taken.getsockname()[1])
            with pytest.raises(UnavailableError) as told:
                Serving({"new": _site("new"), "one": _site("one")}, first_port=port - 1)
            if f"port {port} of" in str(told.value):
                with socket.create_server(("127.0.0.1", port - 1)):
                    return
    pytest.fail("no two free ports beside each other in 50 tries")


def test_a_port_that_there_is_not_is_said_in_one_line() -> None:
    with pytest.raises(BadParameter, match="65535 is not in the range"):
        sites.main(["up", "--port", "65535"], standalone_mode=False)


@pytest.mark.parametrize(
    ("asked", "number", "items"),
    [("1", 1, [0, 1]), ("9", 3, [4]), ("x", 1, [0, 1]), (None, 1, [0, 1]), ("-3", 1, [0, 1])],
)
def test_pages_of_a_list(asked: str | None, number: int, items: list[int]) -> None:
    page = paginate(range(5), asked, 2)
    assert (page.number, list(page.items), page.pages, page.total) == (number, items, 3, 5)
