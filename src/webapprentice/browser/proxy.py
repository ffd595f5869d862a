"""The only way out of a window: a forwarding proxy on 127.0.0.1 that connects to allowed origins and to nothing else.

A name is resolved once, here, and the connection goes to the address that was checked. What a page asks for beyond the
allow-list gets a page that says so, and is counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from webapprentice.browser.dialing import (
    BLOCKED,
    HEAD_BYTES,
    NOTED,
    Allowance,
    Dialer,
    Ledger,
    Link,
    Resolve,
    Trouble,
    Troubled,
    named,
    system,
)
from webapprentice.browser.heads import (
    Answer,
    Body,
    Fields,
    Request,
    attached,
    body_of,
    closes,
    kept,
    page,
    read_answer,
    read_request,
    unambiguous,
    written,
)
from webapprentice.browser.origins import Origin, Policy, canonical_host, origin_of

PIECE = 65_536


class _Reader(asyncio.StreamReader):
    """The browser's side of a connection; when it hangs up, the server's side ends, also while nobody reads."""

    _gone = False
    _link: Link | None = None

    def feed_eof(self) -> None:
        super().feed_eof()
        self._gone = True
        self.cut()

    def leads_to(self, link: Link) -> None:
        """What it is served from now on; one connection to a server at a time."""
        self._link = link
        if self._gone:
            self.cut()

    def cut(self) -> None:
        """End the connection to the server; nothing where there is none, or none any more."""
        if self._link is not None:
            self._link.writer.transport.abort()


class Proxy:
    """One allow-list with a port of 127.0.0.1 in front of it."""

    def __init__(
        self,
        policy: Policy,
        ledger: Ledger | None = None,
        allowance: Allowance | None = None,
        resolve: Resolve = system,
    ) -> None:
        self.ledger = ledger or Ledger()
        self.allowance = allowance or Allowance()
        self.port = 0
        self.troubles: dict[str, Trouble] = {}
        """The last trouble with an address (http), or with a `host:port` (tunnels)."""
        self._dialer = Dialer(policy, self.ledger, self.allowance, resolve)
        self.noticed: Callable[[], None] | None = None
        """Called at each trouble."""
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen on a free port. Raises OSError."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.StreamReaderProtocol:
            reader = _Reader(limit=HEAD_BYTES, loop=loop)
            return asyncio.StreamReaderProtocol(reader, partial(self._accept, reader), loop=loop)

        self._server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def policy(self) -> Policy:
        """Which origins it connects to."""
        return self._dialer.policy

    def restrict(self, policy: Policy) -> None:
        """Another allow-list from now on; what is open already is cut."""
        self._dialer.policy = policy
        self.troubles.clear()
        self._cut()

    async def stop(self) -> None:
        """Close the port and everything that is open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._open)
        self._cut()
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)

    def _cut(self) -> None:
        for task, writer in list(self._open.items()):
            writer.transport.abort()
            task.cancel()

    def trouble(self, url: str) -> Trouble | None:
        """Why this address was not served the last time it was asked for; None when it was."""
        found = self.troubles.get(url.partition("#")[0])
        if found is not None:
            return found
        try:
            origin = origin_of(url)
        except ValueError:
            return None
        why = self.policy.refuses(origin)
        if why is not None:
            return Trouble(BLOCKED, f"{origin} is refused: {why}")
        return self.troubles.get(f"{origin.host}:{origin.port}") if origin.scheme == "https" else None

    def _note(self, place: str, trouble: Trouble | None) -> None:
        self.troubles.pop(place, None)
        if trouble is not None:
            self.troubles[place] = trouble
            if self.noticed is not None:
                self.noticed()
            if len(self.troubles) > NOTED:
                del self.troubles[next(iter(self.troubles))]

    # Connections of the browser

    def _accept(self, client: _Reader, _same: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= self.allowance.connections:
            self.ledger.note("the proxy", "too many connections")
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(client, writer))
        self._open[task] = writer
        task.add_done_callback(lambda done: self._open.pop(done, None))

    async def _serve(self, client: _Reader, writer: asyncio.StreamWriter) -> None:
        """Everything the browser says on one connection; whatever goes wrong there ends it and nothing else."""
        link: Link | None = None
        try:
            while True:
                request = read_request(await self._head(client, self.allowance.idle_seconds))
                if request.method == b"CONNECT":
                    return await self._tunnel(request, client, writer)
                link = await self._exchange(request, client, writer, link)
                if writer.transport.is_closing():
                    return None
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.CancelledError):
            return None
        finally:
            client.cut()
            with suppress(OSError):
                writer.close()

    async def _head(self, reader: asyncio.StreamReader, seconds: float) -> list[bytes]:
        """The lines up to an empty one. Raises EOFError, ValueError or TimeoutError."""
        lines: list[bytes] = []
        size = 0
        async with asyncio.timeout(seconds):
            while True:
                line = await reader.readline()
                if not line.endswith(b"\n"):
                    if line or lines:
                        raise ValueError("the head breaks off")
                    raise EOFError
                size += len(line)
                if size > HEAD_BYTES:
                    raise ValueError("the head is too long")
                line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
                if line:
                    lines.append(line)
                elif lines:
                    return lines

    def _answer(
        self, writer: asyncio.StreamWriter, status: int, place: str, trouble: Trouble, *, last: bool = True
    ) -> None:
        """A page of our own."""
        blocked = trouble.code == BLOCKED
        title = "Refused by policy" if blocked else "The site did not answer"
        hint = (
            "The list of allowed origins belongs to the task; ask whoever gave it if this one is needed."
            if blocked
            else trouble.code
        )
        why = trouble.message.partition(": ")[2] or trouble.message
        writer.write(page(status, title, place, why, hint, last=last))
        if last:
            writer.close()

    # Plain HTTP

    async def _exchange(
        self, request: Request, client: _Reader, writer: asyncio.StreamWriter, link: Link | None
    ) -> Link | None:
        """One request and its answer; returns the connection to the server when it can be used again."""
        place = request.target
        try:
            if not place.startswith("http://"):
                raise ValueError("no address of a proxy's request")
            origin = origin_of(place)
            body = body_of(request.fields, Body(0))
        except ValueError:
            self._answer(writer, 400, place[:200], Trouble("net::ERR_INVALID_URL", "the request is malformed"))
            return link
        bare = body == Body(0)
        self._note(place, None)
        try:
            if link is not None and (link.origin != origin or link.reader.at_eof() or self._refused(origin)):
                link.writer.transport.abort()
                link = None
            fresh = link is None
            link = link or await self._dialer.connect(origin)
            client.leads_to(link)
            try:
                answer = await self._ask(request, body, client, link)
            except (EOFError, OSError):
                if fresh or not bare:
                    raise
                link.writer.transport.abort()  # the server had closed a connection that was kept open
                link = await self._dialer.connect(origin)
                client.leads_to(link)
                answer = await self._ask(request, body, client, link)
        except (Troubled, EOFError, OSError, ValueError, TimeoutError) as error:
            if link is not None:
                link.writer.transport.abort()
            trouble = named(error, origin)
            self._note(place, trouble)
            status = 403 if trouble.code == BLOCKED else 502
            self._answer(
                writer, status, str(origin), trouble, last=not bare or link is not None or closes(request.fields)
            )
            await writer.drain()
            return None
        return await self._hand_over(request, answer, link, client, writer)

    def _refused(self, origin: Origin) -> bool:
        return self.policy.refuses(origin) is not None

    async def _ask(self, request: Request, body: Body, client: _Reader, link: Link) -> Answer:
        """Send the request; the head of the answer. Raises EOFError, OSError, ValueError or TimeoutError."""
        parts = urlsplit(request.target)
        path = request.target.partition("://")[2]
        path = path[len(parts.netloc) :] or "/"
        host = str(link.origin).partition("://")[2].encode()
        head = b"%s %s HTTP/1.1" % (
            request.method,
            (path if path.startswith("/") else f"/{path}").partition("#")[0].encode(),
        )
        link.writer.write(written(head, ((b"Host", host), *kept(request.fields), (b"Connection", b"keep-alive"))))
        sending = None
        if body != Body(0):
            sending = asyncio.ensure_future(self._carry(client, link.writer, body, self.allowance.body_bytes))
        try:
            while True:
                answer = read_answer(await self._head(link.reader, self.allowance.answer_seconds))
                if answer.status == 101:
                    raise ValueError("another protocol")
                if answer.status >= 200:
                    break
            if sending is not None:
                await asyncio.wait({sending}, timeout=1.0)
                if not sending.done() or sending.exception() is not None:
                    raise EOFError
            return answer
        finally:
            if sending is not None:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _hand_over(
        self, request: Request, answer: Answer, link: Link, client: _Reader, writer: asyncio.StreamWriter
    ) -> Link | None:
        """The answer goes to the browser; returns the connection when it can be used again."""
        place = request.target
        answer = answer._replace(fields=unambiguous(answer.fields))
        try:
            body = body_of(answer.fields, Body(None))
        except ValueError:
            link.writer.transport.abort()
            trouble = Trouble("net::ERR_INVALID_HTTP_RESPONSE", f"{link.origin}: its answer contradicts itself")
            self._note(place, trouble)
            self._answer(writer, 502, str(link.origin), trouble)
            return None
        if request.method == b"HEAD" or answer.status in (204, 304):
            body = Body(0)
        last = body == Body(None) or closes(request.fields)
        fields: Fields = (*kept(answer.fields), (b"Connection", b"close" if last else b"keep-alive"))
        writer.write(written(b"HTTP/1.1 %d %s" % (answer.status, answer.reason), fields))
        allowed = self.allowance.download_bytes if attached(answer.fields) else self.allowance.body_bytes
        try:
            await self._carry(link.reader, writer, body, allowed)
        except (EOFError, OSError, ValueError, TimeoutError, Troubled) as error:
            trouble = error.trouble if isinstance(error, Troubled) else _cut_short(body, link.origin)
            # Else it was the browser that had enough: it may say so, or only be gone.
            if not (client.at_eof() or client.exception() is not None or writer.is_closing()):
                self._note(place, trouble._replace(begun=True))
            link.writer.transport.abort()
            writer.close()
            return None
        self._note(place, None)
        await writer.drain()
        if last:
            writer.close()
        if last or answer.version == 0 or closes(answer.fields) or body == Body(None):
            link.writer.close()
            return None
        return link

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: Body, allowed: int
    ) -> None:
        """Copy a body. Raises EOFError when it ends early, ValueError when it is malformed."""
        if body.chunked:
            return await self._carry_chunks(reader, writer, allowed)
        if body.length is not None:
            if body.length > allowed:
                raise _too_large()
            return await self._carry_bytes(reader, writer, body.length)
        while piece := await self._piece(reader, PIECE):
            allowed -= len(piece)
            if allowed < 0:
                raise _too_large()
            writer.write(piece)
            await writer.drain()
        return None

    async def _carry_bytes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int) -> None:
        while left:
            piece = await self._piece(reader, min(left, PIECE))
            if not piece:
                raise EOFError
            left -= len(piece)
            writer.write(piece)
            await writer.drain()

    async def _carry_chunks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: int) -> None:
        while True:
            async with asyncio.timeout(self.allowance.idle_seconds):
                line = await reader.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            digits = line.partition(b";")[0].strip()
            if not 0 < len(digits) <= 15 or digits.strip(b"0123456789abcdefABCDEF"):
                raise ValueError("no chunk")
            size = int(digits, 16)
            allowed -= size + len(line)
            if allowed < 0:
                raise _too_large()
            writer.write(b"%x\r\n" % size)
            if size == 0:
                await self._trailers(reader)
                writer.write(b"\r\n")
                return
            await self._carry_bytes(reader, writer, size)
            if (await reader.readline()).strip():
                raise ValueError("no end of a chunk")
            writer.write(b"\r\n")

    async def _trailers(self, reader: asyncio.StreamReader) -> None:
        """Read over what follows the last chunk; nobody needs it."""
        async with asyncio.timeout(self.allowance.idle_seconds):
            for _ in range(100):
                line = await reader.readline()
                if not line.endswith(b"\n"):
                    raise EOFError
                if not line.strip():
                    return
        raise ValueError("too many trailers")

    async def _piece(self, reader: asyncio.StreamReader, size: int) -> bytes:
        async with asyncio.timeout(self.allowance.idle_seconds):
            return await reader.read(size)

    # Encrypted connections, and websockets

    async def _tunnel(self, request: Request, client: _Reader, writer: asyncio.StreamWriter) -> None:
        """CONNECT: bytes both ways, once it is known what kind of connection is begun."""
        name, _, port = request.target.rpartition(":")
        if not port.isdigit() or not port.isascii() or len(port) > 5 or int(port) > 65535:
            return self._answer(writer, 400, request.target[:200], Trouble("net::ERR_INVALID_URL", "no host and port"))
        host = canonical_host(name)
        place = f"{host}:{int(port)}"
        origins = [Origin(scheme, host, int(port)) for scheme in ("https", "http")]
        allowed = {origin.scheme: origin for origin in origins if not self._refused(origin)}
        try:
            if not allowed:
                raise self._dialer.refusal(origins[0], self.policy.refuses(origins[0]) or "")
            link = await self._dialer.connect(next(iter(allowed.values())))
        except Troubled as error:
            self._note(place, error.trouble)
            status = 403 if error.trouble.code == BLOCKED else 502
            return self._answer(writer, status, str(origins[0]), error.trouble)
        self._note(place, None)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        client.leads_to(link)
        try:
            first = await self._piece(client, PIECE)
            # An encrypted connection begins with this byte, a websocket in the clear with this word.
            begun = "https" if first[:1] == b"\x16" else "http" if b"GET "[: len(first)] == first[:4] else ""
            if begun in allowed:
                link.writer.write(first)
                await self._relay(client, writer, link)
            elif first:
                self.ledger.note(str(origins[0]), "what was begun there is neither encrypted nor a websocket")
        finally:
            client.cut()
        return None

    async def _relay(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
        """Copy both ways until one side ends, nothing comes for long, or the allowance is used up."""
        left = self.allowance.tunnel_bytes
        heard = time.monotonic()

        async def copy(reader: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
            nonlocal left, heard
            while piece := await reader.read(PIECE):
                heard = time.monotonic()
                left -= len(piece)
                if left < 0:
                    return self.ledger.note(str(link.origin), "more bytes than one connection may carry")
                other.write(piece)
                await other.drain()
            return None

        async def watch() -> None:
            while (quiet := time.monotonic() - heard) < self.allowance.idle_seconds:  # noqa: ASYNC110 - silence
                await asyncio.sleep(self.allowance.idle_seconds - quiet + 0.01)

        ways = [asyncio.ensure_future(part) for part in (copy(client, link.writer), copy(link.reader, writer), watch())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


def _too_large() -> Troubled:
    return Troubled("net::ERR_FILE_TOO_BIG", "the body is larger than the allowance")


def _cut_short(body: Body, origin: Origin) -> Trouble:
    code = "net::ERR_INCOMPLETE_CHUNKED_ENCODING" if body.chunked else "net::ERR_CONTENT_LENGTH_MISMATCH"
    if body == Body(None):
        code = "net::ERR_CONNECTION_RESET"
    return Trouble(code, f"{origin}: its answer broke off")
