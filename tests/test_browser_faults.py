"""Servers that fail in every way they can: going there ends in time, with a name, and the window goes on."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator

import pytest

from conftest import Stage
from webapprentice.browser import Browser, BrowserConfig, act
from webapprentice.core.actions import Goto
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Result

pytestmark = pytest.mark.browser
SECONDS = 2.5
"""Deadline of a navigation in here; 30 s by default."""
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def zero_bytes(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    return


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, bytes(range(256)) * 40)


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def slow_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in HTML * 100:
        await _send(writer, bytes([byte]))
        await asyncio.sleep(0.2)


async def slow_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, HTML + b"Content-Length: 100000\r\n\r\n")
    while True:
        await _send(writer, b"<")
        await asyncio.sleep(0.2)


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, HTML + b"\r\n")
    while True:
        await _send(writer, b"<p>more</p>" * 100)
        await asyncio.sleep(0.05)


async def too_much(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, HTML + b"\r\n")
    while True:
        await _send(writer, b"<!-- " + b"a" * 65536 + b" -->")


async def too_short(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, HTML + b"Content-Length: 100000\r\n\r\n<p>half")


async def bad_chunks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, HTML + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<p>ab\r\nnot a chunk\r\n")


async def circles(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


async def endless_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(writer, HTML)
    while True:
        await _send(writer, b"X-More: " + b"a" * 1000 + b"\r\n")


SERVERS = {
    zero_bytes: "net::ERR_EMPTY_RESPONSE",
    reset: "net::ERR_CONNECTION_RESET",
    garbage: "net::ERR_INVALID_HTTP_RESPONSE",
    silent: "net::ERR_TIMED_OUT",
    slow_head: "net::ERR_TIMED_OUT",
    slow_body: "net::ERR_TIMED_OUT",
    endless: "net::ERR_TIMED_OUT",
    too_much: "net::ERR_FILE_TOO_BIG",
    too_short: "net::ERR_CONTENT_LENGTH_MISMATCH",
    bad_chunks: "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
    circles: "net::ERR_TOO_MANY_REDIRECTS",
    endless_head: "net::ERR_INVALID_HTTP_RESPONSE",
}


@pytest.fixture(scope="module")
def browser(stage: Stage) -> Iterator[Browser]:
    config = BrowserConfig(origins=("127.0.0.1:*", "nowhere.invalid"), navigate_seconds=SECONDS, body_bytes=3_000_000)
    launching = Browser.launch(config)
    yield stage.run(launching.__aenter__())
    stage.run(launching.__aexit__(None, None, None))


async def _ends_well(browser: Browser, stage: Stage, url: str, code: str) -> None:
    window = await browser.open()
    began = time.perf_counter()
    with pytest.raises(FaultError) as caught:
        await window.goto(url)
    assert time.perf_counter() - began < SECONDS + 3
    assert caught.value.fault.kind == "navigation_failed"
    assert code in caught.value.fault.message
    assert window.healthy
    outcome = await act(window, Goto(url=url))
    assert outcome.result is Result.UNSUITABLE
    assert code in outcome.message
    await window.goto(stage.url + "names.html")
    assert (await window.observe()).observation.title == "Names"
    await window.close()


@pytest.mark.parametrize("serve", SERVERS, ids=lambda serve: serve.__name__)
def test_a_server_that_fails_is_a_named_fault_in_time(stage: Stage, browser: Browser, serve: object) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(reader, writer)  # type: ignore[operator]
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def scene() -> None:
        listening = await asyncio.start_server(handle, "127.0.0.1", 0)
        try:
            await _ends_well(
                browser, stage, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/", SERVERS[serve]
            )  # type: ignore[index]
        finally:
            listening.close()

    stage.run(scene())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_site_that_is_down_and_a_name_that_does_not_exist(stage: Stage, browser: Browser, scheme: str) -> None:
    async def scene() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and nobody listens
            place = f"127.0.0.1:{taken.getsockname()[1]}"
            await _ends_well(browser, stage, f"{scheme}://{place}/", "net::ERR_CONNECTION_REFUSED")
        await _ends_well(browser, stage, f"{scheme}://nowhere.invalid/", "net::ERR_NAME_NOT_RESOLVED")

    stage.run(scene())


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    made = subprocess.run([*command, "-keyout", key, "-out", certificate], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no openssl to make a certificate with")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


def test_a_certificate_that_nobody_signed(stage: Stage, browser: Browser, secure: ssl.SSLContext) -> None:
    async def scene() -> None:
        async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        for context, code in ((secure, "net::ERR_CERT_AUTHORITY_INVALID"), (None, "net::ERR_")):
            listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
            await _ends_well(browser, stage, f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/", code)
            listening.close()

    stage.run(scene())


def test_a_page_that_can_be_used_is_kept_although_one_of_its_pictures_never_comes(stage: Stage) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"GET / " in head:
                page = b"<title>Usable</title><img src=/never><p>here</p>"
                await _send(writer, HTML + b"Content-Length: %d\r\n\r\n%s" % (len(page), page))
            await asyncio.sleep(30)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def scene() -> None:
        listening = await asyncio.start_server(handle, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        async with Browser.launch(BrowserConfig(origins=(url,), navigate_seconds=1.5)) as browser:
            window = await browser.open()
            await window.goto(url)
            assert (await window.observe()).observation.title == "Usable"
            assert window.healthy
        listening.close()

    stage.run(scene())


def test_an_encrypted_page_loads_through_the_tunnel(stage: Stage, secure: ssl.SSLContext) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                page = b"<title>Secret</title><script>fetch('/big').then((got) => got.text())</script>" + b" " * 300_000
                await _send(writer, HTML + b"Content-Length: %d\r\n\r\n%s" % (len(page), page))
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def scene() -> None:
        listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=secure)
        url = f"https://localhost:{listening.sockets[0].getsockname()[1]}/"
        config = BrowserConfig(origins=(url,), arguments=("--ignore-certificate-errors",))
        async with Browser.launch(config) as browser:
            window = await browser.open()
            for _ in range(2):
                await window.goto(url)
                assert (await window.observe()).observation.title == "Secret"
            with pytest.raises(FaultError, match="nav_blocked_policy"):
                await window.goto(url.replace("https:", "http:"))
        listening.close()

    stage.run(scene())
