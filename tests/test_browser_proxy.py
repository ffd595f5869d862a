"""The proxy against servers and clients that behave badly; no browser is needed to be rude."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapprentice.browser.dialing import Allowance, Ledger
from webapprentice.browser.origins import Policy
from webapprentice.browser.proxy import Proxy

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


@asynccontextmanager
async def proxy(*origins: str, allowance: Allowance | None = None, **more: Any) -> AsyncIterator[Proxy]:
    made = Proxy(Policy(origins), Ledger(), allowance, **more)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def say(made: Proxy, data: bytes, seconds: float = 3.0) -> bytes:
    """What comes back until the proxy closes, or until nothing has come for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
    heard = b""
    try:
        writer.write(data)
        async with asyncio.timeout(seconds):
            while piece := await reader.read(65536):
                heard += piece
    except (TimeoutError, OSError):
        pass
    finally:
        writer.close()
    return heard


def ask(url: str, *fields: str, method: str = "GET", body: bytes = b"") -> bytes:
    return "\r\n".join((f"{method} {url} HTTP/1.1", "Host: wrong.example", *fields, "", "")).encode() + body


def run(doing: Coroutine[Any, Any, None]) -> None:
    asyncio.run(doing)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request with its own head, on one connection."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(head), head))
        await writer.drain()


def answering(answer: bytes, wait: float = 0.0) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await asyncio.sleep(wait)

    return serve


def test_a_request_goes_on_without_what_is_not_the_servers_business() -> None:
    async def scene() -> None:
        async with server(echo) as port, proxy(f"127.0.0.1:{port}") as made:
            fields = (
                "Proxy-Authorization: secret",
                "Connection: x-hop, close",
                "X-Hop: 1",
                "X-Kept: 1",
                "Upgrade: h2c",
            )
            heard = await say(made, ask(f"http://127.0.0.1:{port}/a?b", *fields))
            assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % port in heard
            assert b"X-Kept: 1" in heard
            for gone in (b"secret", b"X-Hop", b"Upgrade", b"wrong.example"):
                assert gone not in heard

    run(scene())


def test_every_request_of_one_connection_is_checked() -> None:
    async def scene() -> None:
        async with server(echo) as port, server(echo) as other, proxy(f"127.0.0.1:{port}") as made:
            good, bad = ask(f"http://127.0.0.1:{port}/good"), ask(f"http://127.0.0.1:{other}/bad")
            heard = await say(made, good + bad + good + ask(f"http://127.0.0.1:{port}/last", "Connection: close"))
            assert heard.count(b"HTTP/1.1 200") == 3
            assert heard.count(b"HTTP/1.1 403") == 1
            assert f"http://127.0.0.1:{other} was not opened".encode() in heard
            assert b"GET /bad" not in heard
            assert made.ledger.total == 1
            assert made.trouble(f"http://127.0.0.1:{other}/bad#x").code == "nav_blocked_policy"  # type: ignore[union-attr]
            assert made.trouble(f"http://127.0.0.1:{port}/good") is None

    run(scene())


def test_a_name_is_resolved_once_and_never_leads_back_here() -> None:
    async def scene() -> None:
        calls = []

        async def turning(host: str, port: int) -> tuple[str, ...]:
            """Harmless at the first question, and this machine at every later one."""
            calls.append(host)
            return ("127.0.0.1",) if host == "inside.example" or len(calls) > 1 else ("192.0.2.1", "127.0.0.1")

        allowance = Allowance(connect_seconds=0.5)
        async with server(echo) as port, proxy("*", resolve=turning, allowance=allowance) as made:
            for host in ("rebind.example", "rebind.example", "inside.example"):
                heard = await say(made, ask(f"http://{host}:{port}/"), 1.0)
                assert b"HTTP/1.1 403" in heard
                assert b"private network" in heard
            assert calls == ["rebind.example", "inside.example"]

    run(scene())


def test_a_name_with_a_place_of_its_own_leads_there_at_its_usual_port_and_only_where_it_is_listed() -> None:
    async def scene() -> None:
        async with server(echo) as port:
            hosts = {"shop.test": f"127.0.0.1:{port}"}
            for origins, good in ((("shop.test",), True), (("other.test",), False)):
                made = Proxy(Policy(origins, hosts=hosts), resolve=nowhere)
                await made.start()
                heard = await say(made, ask("http://shop.test/a", "Connection: close"))
                assert (b"GET /a HTTP/1.1\r\nHost: shop.test\r\n" in heard) == good
                heard = await say(made, ask("http://shop.test:81/a", "Connection: close"))
                assert b"HTTP/1.1 200" not in heard
                await made.stop()

    async def nowhere(host: str, port: int) -> tuple[str, ...]:
        raise OSError("no names here")

    run(scene())


def test_a_listed_local_name_and_a_listed_network_are_reached() -> None:
    async def scene() -> None:
        async def here(host: str, port: int) -> tuple[str, ...]:
            return ("127.0.0.1",)

        async with server(echo) as port:
            async with proxy(f"shop:{port}", f"localhost:{port}", resolve=here) as made:
                assert b" 200 OK" in await say(made, ask(f"http://shop:{port}/", "Connection: close"))
                assert b" 200 OK" in await say(made, ask(f"http://LOCALHOST.:{port}/", "Connection: close"))
            made = Proxy(Policy([f"git.example:{port}"], ["127.0.0.0/8"]), resolve=here)
            await made.start()
            assert b" 200 OK" in await say(made, ask(f"http://git.example:{port}/", "Connection: close"))
            await made.stop()

    run(scene())


TROUBLES = {
    "nothing": (b"", "ERR_EMPTY_RESPONSE"),
    "garbage": (b"\x00\xff\xfe" * 500 + b"\r\n\r\n", "ERR_INVALID_HTTP_RESPONSE"),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-", "ERR_INVALID_HTTP_RESPONSE"),
    "an endless head": (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20_000, "ERR_INVALID_HTTP_RESPONSE"),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "ERR_INVALID_HTTP_RESPONSE",
    ),
    "no length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab", "ERR_INVALID_HTTP_RESPONSE"),
    "another protocol": (b"HTTP/1.1 101 Switching\r\nUpgrade: a\r\n\r\n", "ERR_INVALID_HTTP_RESPONSE"),
    "too short": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "ERR_CONTENT_LENGTH_MISMATCH"),
    "too large": (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"a" * 5000, "ERR_FILE_TOO_BIG"),
    "endless": (b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 5000, "ERR_FILE_TOO_BIG"),
    "no chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ERR_INCOMPLETE_CHUNKED_ENCODING"),
    "half a chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab",
        "ERR_INCOMPLETE_CHUNKED_ENCODING",
    ),
    "large chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"3e8\r\n" + b"a" * 1000 + b"\r\n") * 5,
        "ERR_FILE_TOO_BIG",
    ),
}


@pytest.mark.parametrize("what", TROUBLES)
def test_an_answer_out_of_order_has_a_name(what: str) -> None:
    answer, code = TROUBLES[what]

    async def scene() -> None:
        small = Allowance(body_bytes=4000)
        async with server(answering(answer)) as port, proxy(f"127.0.0.1:{port}", allowance=small) as made:
            await say(made, ask(f"http://127.0.0.1:{port}/"))
            found = made.trouble(f"http://127.0.0.1:{port}/")
            assert found is not None
            assert found.code == f"net::{code}"

    run(scene())


def test_chunks_and_a_length_beside_them_arrive_whole() -> None:
    head = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 3\n\n"
    chunked = head + b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n"

    async def scene() -> None:
        async with server(answering(chunked)) as port, proxy(f"127.0.0.1:{port}") as made:
            heard = await say(made, ask(f"http://127.0.0.1:{port}/", "Connection: close"))
            assert heard.endswith(b"\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            assert b"Content-Length" not in heard

    run(scene())


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET https://ok.example/ HTTP/1.1\r\n\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        b"POST http://ok.example/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST http://ok.example/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET http://ok.example/ HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET http://ok.example/\x00 HTTP/1.1\r\n\r\n",
        b"GET http://ok.example/ HTTP/1.1\r\nA: \x00\r\n\r\n",
        b"GET  http://ok.example/ HTTP/1.1\r\n\r\n",
        b"GET http://ok.example/ HTTP/2\r\n\r\n",
        b"CONNECT ok.example HTTP/1.1\r\n\r\n",
        b"CONNECT ok.example:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT [::1%lo]:443 HTTP/1.1\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
        b"A" * 100_000,
    ],
)
def test_a_request_out_of_order_leads_nowhere(data: bytes) -> None:
    async def scene() -> None:
        async def nobody(host: str, port: int) -> tuple[str, ...]:
            raise AssertionError("nothing may be resolved")

        async with proxy("ok.example", resolve=nobody) as made:
            heard = await say(made, data)
            assert not heard or heard.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403"))

    run(scene())


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"reached:" + await reader.read(100))
    await writer.drain()


@pytest.mark.parametrize(
    ("listed", "first", "passes"),
    [
        ("https://127.0.0.1:{}", b"\x16\x03\x01", True),
        ("http://127.0.0.1:{}", b"GET /chat HTTP/1.1", True),
        ("https://127.0.0.1:{}", b"GET /chat HTTP/1.1", False),
        ("http://127.0.0.1:{}", b"\x16\x03\x01", False),
        ("127.0.0.1:{}", b"\x00\x03\x00\x24", False),
        ("127.0.0.1:{}", b"EHLO me", False),
    ],
)
def test_a_tunnel_carries_what_was_listed_and_nothing_else(listed: str, first: bytes, passes: bool) -> None:
    async def scene() -> None:
        async with server(_greet) as port, proxy(listed.format(port)) as made:
            reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
            writer.write(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(first)
            assert await reader.read() == (b"reached:" + first if passes else b"")
            writer.close()

    run(scene())


async def _drained(reader: asyncio.StreamReader) -> int:
    size = 0
    with suppress(OSError):
        while piece := await reader.read(65536):
            size += len(piece)
    return size


def test_a_tunnel_ends_with_its_allowance_or_when_nothing_comes() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        while True:
            writer.write(b"a" * 10_000)
            await writer.drain()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def scene() -> None:
        for serve, allowance in (
            (endless, Allowance(tunnel_bytes=200_000)),
            (silent, Allowance(idle_seconds=0.3)),
        ):
            async with server(serve) as port, proxy(f"127.0.0.1:{port}", allowance=allowance) as made:
                reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
                writer.write(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"\x16hello")
                async with asyncio.timeout(5):
                    size = await _drained(reader)
                assert size <= 200_000
                writer.close()

    run(scene())


def test_too_many_connections_are_turned_away_and_a_slow_server_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def scene() -> None:
        allowance = Allowance(connections=3, answer_seconds=0.5)
        async with server(silent) as port, proxy(f"127.0.0.1:{port}", allowance=allowance) as made:
            heard = await asyncio.gather(*(say(made, ask(f"http://127.0.0.1:{port}/{n}")) for n in range(6)))
            assert sum(b"HTTP/1.1 502" in one for one in heard) == 3
            assert heard.count(b"") == 3
            assert made.trouble(f"http://127.0.0.1:{port}/0").code == "net::ERR_TIMED_OUT"  # type: ignore[union-attr]

    run(scene())


def test_stopping_ends_everything_that_is_open() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def scene() -> None:
        async with server(silent) as port, proxy(f"127.0.0.1:{port}") as made:
            waiting = [asyncio.ensure_future(say(made, ask(f"http://127.0.0.1:{port}/{n}"), 20)) for n in range(5)]
            await asyncio.sleep(0.2)
            async with asyncio.timeout(2):
                await made.stop()
                await asyncio.gather(*waiting)
        assert len(asyncio.all_tasks()) <= 6

    run(scene())


def test_a_browser_that_is_gone_before_the_server_is_reached_leaves_nothing_open() -> None:
    async def scene(*, hang_up: bool) -> None:
        dialing, reached, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        go_on = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            reached.set()
            with suppress(ConnectionError):
                await reader.read()
                await reader.read()
            ended.set()

        async def slow(host: str, port: int) -> tuple[str, ...]:
            dialing.set()
            await go_on.wait()
            return ("127.0.0.1",)

        async with server(silent) as port, proxy(f"shop:{port}", resolve=slow) as made:
            _, writer = await asyncio.open_connection("127.0.0.1", made.port)
            writer.write(ask(f"http://shop:{port}/"))
            await dialing.wait()
            if hang_up:
                writer.transport.abort()
                await asyncio.sleep(0.1)
            go_on.set()
            await reached.wait()
            async with asyncio.timeout(5):
                if not hang_up:
                    await made.stop()
                await ended.wait()
            writer.close()

    run(scene(hang_up=True))
    run(scene(hang_up=False))


PIECES = st.sampled_from(
    [
        *(
            b"GET ",
            b"POST ",
            b"CONNECT ",
            b"HEAD ",
            b"http://127.0.0.1:%PORT%/",
            b"http://",
            b"127.0.0.1:%PORT%",
            b" HTTP/1.1",
        ),
        *(
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
            b"Content-Length: 5",
            b"Transfer-Encoding: chunked",
            b"5\r\nabcde\r\n",
            b"0\r\n\r\n",
        ),
        *(
            b"Connection: keep-alive",
            b"Host: a",
            b": ",
            b"\x00",
            b"\xff\xfe",
            b"\x16\x03\x01",
            b"a" * 5000,
            b"%00",
            b"[::1]:",
        ),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.one_of(PIECES, st.binary(max_size=30)), max_size=14),
    st.lists(st.one_of(PIECES, st.binary(max_size=30)), max_size=14),
)
def test_no_bytes_from_either_side_bring_the_proxy_down(asked: list[bytes], answered: list[bytes]) -> None:
    complaints = []

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"HTTP/1.1 200 OK\r\n" * (len(answered) % 2) + b"".join(answered))
            await writer.drain()

        async with server(serve) as port, proxy(f"127.0.0.1:{port}", allowance=Allowance(idle_seconds=0.2)) as made:
            reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
            writer.write(b"".join(asked).replace(b"%PORT%", str(port).encode()))
            writer.write_eof()
            async with asyncio.timeout(5):
                await _drained(reader)
            writer.close()
            heard = await say(made, ask("http://10.0.0.1/", "Connection: close"))
            assert heard.startswith(b"HTTP/1.1 403")

    run(scene())
    assert complaints == []
