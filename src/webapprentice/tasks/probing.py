"""Asking sites over HTTP, beside the browser: are they well, who is signed in, make them new, what is their state."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx

from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.tasks.benchmark import BenchmarkConfig, SiteConfig

SECONDS = 15.0
_HOPS = 5
SERVER_ERROR = 500

Cookie = dict[str, Any]
"""As the browser's protocol has it: name, value, domain, path, expires, httpOnly, secure, sameSite."""


def trouble(kind: str, message: str) -> FaultError:
    """A failure of the environment's."""
    return FaultError(Fault(owner=Owner.ENVIRONMENT, kind=kind, message=" ".join(message.split())[:300]))


class Prober:
    """Asks the sites of a benchmark. Faults are owned by `environment`: `site_down` where nobody answers, `site_error`
    where the answer is 500 or more, `reset_failed` where they could not be made new."""

    def __init__(self, benchmark: BenchmarkConfig) -> None:
        self.benchmark = benchmark
        # Servers close connections that nobody uses, often after five seconds: ours are given up before.
        limits = httpx.Limits(keepalive_expiry=2.0)
        self._client = httpx.AsyncClient(timeout=SECONDS, trust_env=False, follow_redirects=False, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def health(self, name: str) -> None:
        """Raise where a site is out of order."""
        site = self.benchmark.sites[name]
        await self.get(name, site.at(site.health), ())

    async def signed_in(self, name: str, cookies: tuple[Cookie, ...]) -> bool:
        """Whether these cookies still stand for somebody."""
        site = self.benchmark.sites[name]
        if site.login is None:
            return True
        answer, reached = await self.get(name, site.at(site.login.signed_in), cookies)
        sent_on = _path(reached) == _path(site.at(site.login.page))
        stranger = bool(site.login.signed_out) and site.login.signed_out in answer.text
        return answer.status_code < 400 and not sent_on and not stranger

    async def get(self, name: str, url: str, cookies: tuple[Cookie, ...]) -> tuple[httpx.Response, str]:
        """An answer after redirects inside the site, and the address that gave it."""
        site = self.benchmark.sites[name]
        for _ in range(_HOPS):
            answer = await self._send("GET", site, url, {"Cookie": _header(cookies, url)} if cookies else {})
            if answer.status_code >= SERVER_ERROR:
                raise trouble("site_error", f"{name} answers {answer.status_code} at {url}")
            place = answer.headers.get("location")
            if not answer.is_redirect or place is None:
                break
            url = urljoin(url, place)
            if urlsplit(url).hostname != site.host:
                break
        return answer, url

    async def reset(self, session: str = "") -> str:
        """Make the sites new; the key of the session where each browser has its own, else an empty text."""
        how = self.benchmark.reset
        try:
            async with asyncio.timeout(how.seconds):
                if how.command:
                    await _run(how.command)
                return await self._reset(session) if how.url else ""
        except TimeoutError as error:
            raise trouble("reset_failed", f"the sites were not new within {how.seconds:g} s") from error

    async def _reset(self, session: str) -> str:
        how = self.benchmark.reset
        host = urlsplit(how.url).netloc
        site = next((one for one in self.benchmark.sites.values() if urlsplit(one.url).netloc == host), None)
        url = _of_session(how.url, session) if session else how.url
        answer = await self._send("POST", site, url, dict(how.headers), how.seconds)
        if answer.status_code >= 400:
            raise trouble("reset_failed", f"{how.url} answers {answer.status_code}")
        if not how.cookie:
            return ""
        try:
            return str(answer.json()["session"])
        except (ValueError, LookupError, TypeError):
            pass
        try:
            found = SimpleCookie(answer.headers.get("set-cookie", "")).get(how.cookie)
        except CookieError:
            found = None
        if found is None:
            raise trouble("reset_failed", f'{how.url} gives neither {{"session": ...}} nor the cookie {how.cookie}')
        return found.value

    async def state(self, name: str, session: str) -> Any:
        """What a site says of its state in a session."""
        site = self.benchmark.sites.get(name)
        if site is None or not site.state:
            known = ", ".join(one for one, its in self.benchmark.sites.items() if its.state) or "none"
            fault = Fault(
                owner=Owner.EVALUATOR, kind="no_state", message=f"{name} has no state address; known: {known}"
            )
            raise FaultError(fault)
        url = _of_session(site.at(site.state), session)
        answer = await self._send("GET", site, url, dict(self.benchmark.reset.headers))
        if answer.status_code != 200:
            raise trouble("site_error", f"{name} answers {answer.status_code} to the question for its state")
        try:
            return answer.json()
        except ValueError as error:
            raise trouble("site_error", f"{name} tells its state as something that is no JSON") from error

    async def _send(
        self, method: str, site: SiteConfig | None, url: str, headers: Mapping[str, str], seconds: float = SECONDS
    ) -> httpx.Response:
        asked, sent = url, dict(headers)
        if site is not None and site.place:
            parts = urlsplit(url)
            asked, sent["Host"] = parts._replace(netloc=site.place).geturl(), parts.netloc
        try:
            try:
                return await self._client.request(method, asked, headers=sent, timeout=seconds)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                if method != "GET":
                    raise
                # It closed a connection just as this went out on it: that says nothing of the site.
                return await self._client.request(method, asked, headers=sent, timeout=seconds)
        except httpx.HTTPError as error:
            raise trouble("site_down", f"{url} does not answer: {str(error) or type(error).__name__}") from error


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _of_session(url: str, session: str) -> str:
    return str(httpx.URL(url).copy_merge_params({"session": session}))


def _header(cookies: tuple[Cookie, ...], url: str) -> str:
    host = urlsplit(url).hostname or ""
    mine = [
        one for one in cookies if host == one["domain"].lstrip(".") or host.endswith("." + one["domain"].lstrip("."))
    ]
    return "; ".join(f"{one['name']}={one['value']}" for one in mine)


async def _run(command: str) -> None:
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it has started as well: nothing is made new from now on
        await process.wait()
        raise
    if process.returncode:
        words = said.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise trouble("reset_failed", f"the reset command ends with {process.returncode}: {' '.join(words)}")
