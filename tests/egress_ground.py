"""Two servers beside each other: one whose pages try every way out, and one that nobody may reach and that counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webapprentice.browser import Window

PAGE = Path(__file__).parent / "pages" / "egress.html"
ELSEWHERE = "127.0.0.2"
WORKER = """fetch("{to}/service-worker-fetch", { mode: 'no-cors' }).catch(() => {});
addEventListener('install', () => { skipWaiting(); });
addEventListener('activate', (event) => { event.waitUntil(clients.claim()); });
try { importScripts("{to}/service-worker-import"); } catch {}
"""


@dataclass
class Ground:
    """Where the page is served, and what has reached the forbidden server."""

    url: str = ""
    forbidden: str = ""
    contacts: int = 0
    """TCP connections to the forbidden server."""
    datagrams: int = 0
    """UDP datagrams to the forbidden server."""
    reached: set[str] = field(default_factory=set)
    """Names of the ways that got through."""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.ground.datagrams += 1


async def _head(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")


def _message(body: str, kind: str = "text/html", *fields: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}", *fields)
    return "\r\n".join((*lines, "Connection: close", "", body)).encode()


@asynccontextmanager
async def ground(at: str = ELSEWHERE) -> AsyncIterator[Ground]:
    """Both servers; the forbidden one listens at this address for TCP and UDP on one port."""
    made = Ground()

    async def forbidden(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.contacts += 1
        try:
            head = await _head(reader)
            made.reached.add(head.split(" ")[1].strip("/") if head.split(" ")[1:] else "?")
            writer.write(_message("", "text/plain", "Access-Control-Allow-Origin: *"))
            await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError):
            made.reached.add("raw")
        finally:
            writer.close()

    hidden = await asyncio.start_server(forbidden, at, 0)
    port = hidden.sockets[0].getsockname()[1]
    place = f"{at}:{port}"
    made.forbidden = f"http://{place}"
    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(made), local_addr=(at, port))

    def filled(text: str) -> str:
        pairs = {"to": made.forbidden, "secure": f"https://{place}", "place": place, "udp": place}
        for name, value in pairs.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    async def allowed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await _head(reader)).split(" ")[1]
            writer.write(_allowed(path, filled))
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(allowed, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield made
    finally:
        datagrams.close()
        for one in (server, hidden):
            one.close()


async def try_everything(window: Window, url: str, seconds: float) -> None:
    """Open the page, take every way out, and leave by the address at last."""
    await window.goto(url)
    assert await window.evaluate("go()") >= 30
    await asyncio.sleep(seconds)
    window.activate(0)
    await window.evaluate("leave()")
    await asyncio.sleep(seconds / 3)


def _allowed(path: str, filled: Any) -> bytes:
    name, _, target = path.partition("?")
    page = filled("<p>here</p>")
    match name:
        case "/":
            reporting = filled('Reporting-Endpoints: default="{secure}/reporting", csp="{to}/reporting-csp"')
            nel = filled('Report-To: {"group":"nel","max_age":100,"endpoints":[{"url":"{secure}/report-to"}]}')
            early = filled('NEL: {"report_to":"nel","max_age":100,"success_fraction":1.0}')
            return _message(filled(PAGE.read_text("utf-8")), "text/html; charset=utf-8", reporting, nel, early)
        case "/redirect":
            return _message("", "text/plain", f"Location: {target}", status="307 Temporary Redirect")
        case "/refresh-meta":
            return _message(filled('<meta http-equiv="refresh" content="0; url={to}/refresh-meta">'))
        case "/refresh-header":
            return _message(page, "text/html", filled("Refresh: 0; url={to}/refresh-header"))
        case "/link-header":
            return _message(page, "text/html", filled("Link: <{to}/link-header>; rel=preload; as=image"))
        case "/csp-report":
            policy = filled("Content-Security-Policy: img-src 'none'; report-uri {to}/csp-report; report-to csp")
            return _message('<img src="/picture">', "text/html", policy)
        case "/service-worker.js":
            return _message(filled(WORKER), "text/javascript")
    return _message("nothing", "text/plain", status="404 Not Found")
