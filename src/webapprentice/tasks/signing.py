"""Signing in before an episode, by the site's own login page, and keeping what it gave until it ends."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from tempfile import mkstemp
from typing import Any
from urllib.parse import urlsplit

from webapprentice.browser import Window, act
from webapprentice.browser.keyboard import typed
from webapprentice.core.actions import Press
from webapprentice.core.faults import FaultError, UsageError
from webapprentice.tasks.benchmark import BenchmarkConfig, LoginConfig, secret
from webapprentice.tasks.probing import Cookie, Prober, trouble

_AGAIN = 0.05
"""Seconds between two looks whether the page that answers a login is there."""
Ticket = tuple[float, tuple[Cookie, ...]]
"""When somebody signed in, and what that gave."""
_KEPT = ("name", "value", "domain", "path", "expires", "httpOnly", "secure", "sameSite")


class Logins:
    """Cookies of whoever is signed in, by site: made once for all windows, and made again when they have ended.

    Where the benchmark names a folder they are kept in it, a file a site, in the form that Playwright calls a storage
    state, so that those of other tools can be used and the other way round.
    """

    def __init__(self, benchmark: BenchmarkConfig, prober: Prober) -> None:
        self._benchmark = benchmark
        self._prober = prober
        self._known: dict[str, Ticket] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.made: dict[str, int] = defaultdict(int)
        """How often each site was signed in at."""

    async def cookies(self, name: str, window: Window, others: tuple[Cookie, ...] = ()) -> tuple[Cookie, ...]:
        """Cookies that stand for somebody at this site; empty where nobody signs in there. `others` come with every
        request. May use the window to sign in, which leaves it on some page of the site.

        Raises FaultError of kind login_failed.
        """
        login = self._benchmark.sites[name].login
        if login is None:
            return ()
        known = self._known.get(name)
        if known is not None and await self._holds(name, login, known, others):
            return known[1]  # the usual case, in which nobody waits for anybody
        async with self._locks[name]:
            again = self._known.get(name)
            if again is None:
                again = self._known[name] = self._saved(name)
            if again is not known and await self._holds(name, login, again, others):
                return again[1]
            found = await self._sign_in(name, login, window, others)
            self._known[name] = (time.time(), found)
            self._save(name, found)
            return found

    async def _holds(self, name: str, login: LoginConfig, known: Ticket, others: tuple[Cookie, ...]) -> bool:
        """Whether what is known still stands for somebody."""
        since, found = known
        old = bool(login.every_seconds) and time.time() - since > login.every_seconds
        return bool(found) and not old and await self._prober.signed_in(name, (*others, *found))

    async def _sign_in(
        self, name: str, login: LoginConfig, window: Window, others: tuple[Cookie, ...]
    ) -> tuple[Cookie, ...]:
        self.made[name] += 1
        if window.url != "about:blank":  # where it has signed in elsewhere: what that gave is not this site's to keep
            await window.fresh()
        before = {(one["name"], one["domain"].lstrip(".")) for one in others}
        await window.put_cookies(others)
        await window.goto(self._benchmark.sites[name].at(login.page))
        await window.observe()
        for selector, text in ((login.user_field, secret(login.user)), (login.password_field, secret(login.password))):
            await self._fill(name, window, selector, text)
        if login.submit:
            await _found(name, window, login.submit, "focus()")
        await _submitted(name, window)
        held = [one for one in await window.cookies() if (one["name"], one["domain"].lstrip(".")) not in before]
        found = tuple({part: one[part] for part in _KEPT if part in one} for one in held)
        if not await self._prober.signed_in(name, (*others, *found)):
            where = urlsplit(window.url).path
            raise trouble("login_failed", f"{name}: the login did not lead in, the page is {where}; check its account")
        return found

    async def _fill(self, name: str, window: Window, selector: str, text: str) -> None:
        await _found(name, window, selector, "focus()")
        await window.evaluate("document.activeElement.select?.()", "signing in")
        await window.send(typed(text, multiline=False), window.config.act_seconds + 0.02 * len(text), "signing in")

    # Between runs

    def _saved(self, name: str) -> Ticket:
        file = self._file(name)
        if file is None or not file.is_file():
            return 0.0, ()
        try:
            held = json.loads(file.read_text(encoding="utf-8"))["cookies"]
            cookies = tuple({part: one[part] for part in _KEPT if part in one} for one in held)
            if not all(isinstance(one["name"], str) and one["value"] is not None and one["domain"] for one in cookies):
                raise ValueError("a cookie without name, value or domain")
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise UsageError(f"{file} is no login state: {error}; delete it, and it is made again") from error
        return file.stat().st_mtime, cookies

    def _save(self, name: str, cookies: tuple[Cookie, ...]) -> None:
        file = self._file(name)
        if file is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        # For our eyes alone, as whoever reads it is signed in; and of a name that no other process writes to.
        number, part = mkstemp(prefix=f".{name}", dir=file.parent)
        with os.fdopen(number, "w", encoding="utf-8") as out:
            json.dump({"cookies": list(cookies), "origins": []}, out, indent=1)
        Path(part).replace(file)

    def _file(self, name: str) -> Path | None:
        return self._benchmark.auth and self._benchmark.auth / f"{name}_state.json"


async def _submitted(name: str, window: Window) -> None:
    """Press Enter, and wait for the page that answers."""
    before = await window.evaluate("performance.timeOrigin")
    await act(window, Press(keys="Enter"))
    await window.observe()  # waits for the page that is asked for
    try:
        async with asyncio.timeout(window.config.navigate_seconds):
            while True:
                at = await window.evaluate("document.readyState === 'loading' ? 0 : performance.timeOrigin")
                if at not in (0, before):
                    break
                await asyncio.sleep(_AGAIN)
    except TimeoutError as error:
        raise trouble(
            "login_failed", f"{name}: nothing came of its login form, at {urlsplit(window.url).path}"
        ) from error
    await window.observe()


async def _found(name: str, window: Window, selector: str, doing: str) -> Any:
    script = (
        f"(() => {{ const it = document.querySelector({json.dumps(selector)}); it?.{doing}; return it !== null }})()"
    )
    try:
        there = await window.evaluate(script, "signing in")
    except FaultError as error:
        raise trouble("login_failed", f"{name}: {error.fault.message}") from error
    if there is not True:
        where = urlsplit(window.url).path
        raise trouble("login_failed", f"{name}: the login page {where} has no {selector}; correct it in the benchmark")
    return there
