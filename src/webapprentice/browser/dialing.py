"""Going out: a name is resolved once, its addresses are checked, and one of these is connected to."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from webapprentice.browser.origins import Origin, Policy, literal

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]

BLOCKED = "nav_blocked_policy"
HEAD_BYTES = 65_536
NOTED = 500
"""Troubles, names and refused origins that are remembered at the most."""
ADDRESSES = 4
"""Addresses of one name that are tried."""


class Allowance(NamedTuple):
    """How much and how long one proxy carries."""

    body_bytes: int = 50_000_000
    """Body of one request or answer."""
    download_bytes: int = 100_000_000
    """Body of one answer that is downloaded."""
    tunnel_bytes: int = 500_000_000
    """Both ways through one encrypted connection, which may carry many bodies."""
    connections: int = 512
    """Of the browser at one time."""
    connect_seconds: float = 10.0
    """Resolving a name, and connecting to its addresses."""
    answer_seconds: float = 60.0
    """From a request to the end of the answer's head."""
    idle_seconds: float = 300.0
    """Without a byte."""
    known_seconds: float = 60.0
    """How long a resolved name is kept."""


class Trouble(NamedTuple):
    """Why an address was not served as it should have been."""

    code: str
    """nav_blocked_policy, or the name that Chromium gives such an error, such as net::ERR_CONNECTION_REFUSED."""
    message: str
    begun: bool = False
    """The browser has a part of the answer, and no page of ours in its place."""


class Ledger:
    """What was refused, by origin and reason; one for all the windows of a browser."""

    def __init__(self) -> None:
        self.refused: Counter[tuple[str, str]] = Counter()
        """How often, by origin and reason."""
        self.left_out = 0
        """Refusals of further origins, beyond the number that is remembered."""

    def note(self, place: str, why: str) -> None:
        """Count one refusal."""
        entry = (place[:200], why[:200])
        if entry in self.refused or len(self.refused) < NOTED:
            self.refused[entry] += 1
        else:
            self.left_out += 1

    @property
    def total(self) -> int:
        """All refusals."""
        return self.refused.total() + self.left_out


class Troubled(Exception):  # noqa: N818 - no error of ours: data on its way
    """Carries a trouble out of the nested calls of one exchange."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.trouble = Trouble(code, message)


class Link(NamedTuple):
    """An open connection to a server."""

    origin: Origin
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def system(host: str, port: int) -> tuple[str, ...]:
    """The addresses that this machine's resolver gives. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Dialer:
    """Connects to what a policy allows."""

    def __init__(self, policy: Policy, ledger: Ledger, allowance: Allowance, resolve: Resolve) -> None:
        self.policy = policy
        self.ledger = ledger
        self._allowance = allowance
        self._resolve = resolve
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}

    def refusal(self, origin: Origin, why: str) -> Troubled:
        """A refusal, counted."""
        self.ledger.note(str(origin), why)
        return Troubled(BLOCKED, f"{origin} is refused: {why}")

    async def connect(self, origin: Origin) -> Link:
        """A connection to an address of the origin that the policy allows. Raises Troubled."""
        why = self.policy.refuses(origin)
        if why is not None:
            raise self.refusal(origin, why)
        try:
            async with asyncio.timeout(self._allowance.connect_seconds):
                place = self.policy.place(origin)
                if place is not None:
                    return await self._dial(origin, (place[0],), place[1])
                found = await self._addresses(origin)
                addresses = self.policy.reachable(origin, found)
                if not addresses:
                    raise self.refusal(origin, "its name leads to this machine or into a private network")
                return await self._dial(origin, addresses[:ADDRESSES])
        except TimeoutError as error:
            raise Troubled("net::ERR_CONNECTION_TIMED_OUT", f"{origin}: nobody answered in time") from error

    async def _addresses(self, origin: Origin) -> tuple[str, ...]:
        if literal(origin.host):
            return (origin.host,)
        if origin.host == "localhost" or origin.host.endswith(".localhost"):
            return ("127.0.0.1", "::1")
        until, found = self._known.get(origin.host, (0.0, ()))
        if time.monotonic() < until:
            return found
        try:
            found = await self._resolve(origin.host, origin.port)
        except (OSError, UnicodeError) as error:
            raise Troubled("net::ERR_NAME_NOT_RESOLVED", f"{origin}: there is no such name") from error
        if len(self._known) >= NOTED:
            self._known.clear()
        self._known[origin.host] = (time.monotonic() + self._allowance.known_seconds, found)
        return found

    async def _dial(self, origin: Origin, addresses: tuple[str, ...], port: int = 0) -> Link:
        trouble: OSError | None = None
        for address in addresses:
            try:
                reader, writer = await asyncio.open_connection(address, port or origin.port, limit=HEAD_BYTES)
            except OSError as error:
                trouble = error
            else:
                return Link(origin, reader, writer)
        raise _named_error(trouble, origin)


def named(error: Exception, origin: Origin) -> Trouble:
    """The trouble that this error is; the codes are Chromium's."""
    if isinstance(error, Troubled):
        return error.trouble
    if isinstance(error, TimeoutError):
        return Trouble("net::ERR_TIMED_OUT", f"{origin}: it did not answer in time")
    if isinstance(error, EOFError):
        return Trouble("net::ERR_EMPTY_RESPONSE", f"{origin}: it closed the connection without an answer")
    if isinstance(error, OSError):
        return _named_error(error, origin).trouble
    return Trouble("net::ERR_INVALID_HTTP_RESPONSE", f"{origin}: its answer is no HTTP")


def _named_error(error: OSError | None, origin: Origin) -> Troubled:
    number = error.errno if error is not None else None
    if number == errno.ECONNREFUSED:
        return Troubled("net::ERR_CONNECTION_REFUSED", f"{origin}: nobody listens there")
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return Troubled("net::ERR_ADDRESS_UNREACHABLE", f"{origin}: no way leads there")
    if number in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED):
        return Troubled("net::ERR_CONNECTION_RESET", f"{origin}: it broke the connection off")
    return Troubled("net::ERR_CONNECTION_FAILED", f"{origin}: {error}")
