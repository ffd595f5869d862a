"""Serves the sites, each at a port of its own on 127.0.0.1, by one thread.

    with Serving(every()) as serving:
        serving.places["shop"]           # '127.0.0.1:40123'
        async with Prober(local_benchmark(serving)) as prober:
            key = await prober.reset()  # a fresh session: put it into the cookie `apprentice_session`
            await prober.state("shop", key)

What only the judge may ask is at `/-/...` and answers to a secret token: for everybody else there is no such page.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import uvicorn
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from webapprentice.core.faults import UnavailableError
from webapprentice.sites.sessions import Sessions
from webapprentice.sites.site import NOW, TODAY, Site, account, goto, render
from webapprentice.sites.templates import SHARED

COOKIE = "apprentice_session"
LOGIN_SECONDS = 12 * 3600.0
DOMAIN = "test"
"""Sites know each other as http://NAME.test/: names that are reserved for this, and that the browser is led by."""


def host_of(name: str) -> str:
    """The name that a site is known by in addresses: `shop_admin` is at shop-admin.test."""
    return f"{name.replace('_', '-')}.{DOMAIN}"


def url_of(name: str) -> str:
    """The address that pages and task files know a site by, without a slash at its end."""
    return f"http://{host_of(name)}"


class Serving:
    """The sites of a mapping, running while the context is entered.

    Raises UnavailableError when a port is taken. `first_port` 0 takes any free ones.
    """

    def __init__(
        self, sites: Mapping[str, Site], *, first_port: int = 0, token: str = "", login_seconds: float = LOGIN_SECONDS
    ) -> None:
        self.sites = sites
        self.token = token or secrets.token_hex(16)
        self.sessions = Sessions(sites, login_seconds)
        self.trouble: dict[str, int] = {}
        """Status codes that sites answer everything with, by name: how a site that is out of order is tried out."""
        with ExitStack() as taken:  # none stays open when a later port is not to be had
            self._sockets = {
                name: taken.enter_context(_listening(first_port and first_port + n)) for n, name in enumerate(sites)
            }
            taken.pop_all()
        self.places = {name: f"127.0.0.1:{listening.getsockname()[1]}" for name, listening in self._sockets.items()}
        self._servers = [
            uvicorn.Server(
                uvicorn.Config(
                    self._app(site),
                    log_level="warning",
                    access_log=False,
                    lifespan="off",
                    ws="none",
                    timeout_keep_alive=75,
                )
            )
            for site in sites.values()
        ]
        self._thread = Thread(target=self._serve, daemon=True, name="sites")
        self._running = Event()

    @property
    def hosts(self) -> dict[str, str]:
        """For `BrowserConfig.hosts`: where each site's name leads."""
        return {host_of(name): place for name, place in self.places.items()}

    def __enter__(self) -> Self:
        self._thread.start()
        self._running.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.should_exit = True
            server.force_exit = True
        self._thread.join(10)
        for listening in self._sockets.values():
            listening.close()

    def _serve(self) -> None:
        async def all_of_them() -> None:
            self._running.set()
            await asyncio.gather(
                *(
                    server.serve(sockets=[listening])
                    for server, listening in zip(self._servers, self._sockets.values(), strict=True)
                )
            )

        asyncio.run(all_of_them())

    # One site

    def _app(self, site: Site) -> Callable[..., Awaitable[None]]:
        pages = Environment(
            loader=ChoiceLoader([FileSystemLoader(site.templates), FileSystemLoader(SHARED)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        addresses = {name: url_of(name) for name in self.sites}

        def page(request: Request, template: str, status: int, values: dict[str, object]) -> Response:
            flashes = request.state.flashes
            flash, flashes[:] = list(flashes), []
            known = {
                "site": site,
                "account": account(request),
                "today": TODAY,
                "now": NOW,
                "sites": addresses,
                "request": request,
                "flash": flash,
                "changed": lambda **changes: _changed(request, changes),
            }
            return HTMLResponse(pages.get_template(template).render({**known, **values}), status)

        async def missing(request: Request, error: Exception) -> Response:
            status = error.status_code if isinstance(error, HTTPException) else 500
            if not hasattr(request.state, "render"):
                return PlainTextResponse("nothing here", status)
            return page(request, "missing.html", status, {"status": status})

        inner = Starlette(
            routes=[*_entrance(self, site), *site.routes],
            exception_handlers={404: missing, 405: missing},
        )

        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                return
            request = Request(scope, receive)
            if scope["path"].startswith("/-/"):
                await (await self._control(site, request))(scope, receive, send)
                return
            if site.name in self.trouble:
                await PlainTextResponse("out of order", self.trouble[site.name])(scope, receive, send)
                return
            key = request.cookies.get(COOKIE, "")
            if not key:  # a person who came by: a session of one's own from here on
                answer: Response = RedirectResponse(_asked_for(scope), 307)
                answer.set_cookie(COOKIE, self.sessions.reset().key, httponly=True)
                await answer(scope, receive, send)
                return
            session = self.sessions.of(key)
            state = scope.setdefault("state", {})
            state.update(
                site=site,
                database=self.sessions.database(session, site.name),
                files=session.files.setdefault(site.name, {}),
                flashes=session.flashes.setdefault(site.name, []),
                account=self.sessions.account(site.name, request.cookies.get(f"login_{site.name}", "")),
                render=page,
            )
            await inner(scope, receive, send)

        return app

    async def _control(self, site: Site, request: Request) -> Response:
        """What the judge and the keeper of the sites ask."""
        what = request.url.path.removeprefix("/-/")
        if what == "health":
            ill = self.trouble.get(site.name)
            return JSONResponse({"site": site.name, "well": ill is None}, ill or 200)
        if what == "account":
            known = self.sessions.account(site.name, request.cookies.get(f"login_{site.name}", ""))
            return JSONResponse({"user": known and known.user}, 200 if known else 401)
        if not secrets.compare_digest(request.headers.get("X-Apprentice-Token", "").encode(), self.token.encode()):
            return PlainTextResponse("nothing here", 404)
        key = request.query_params.get("session", "")
        match what:
            case "reset":
                return JSONResponse({"session": self.sessions.reset(key).key})
            case "state":
                return JSONResponse(site.state(self.sessions.database(self.sessions.of(key), site.name)))
            case "expire":
                self.sessions.expire()
                return JSONResponse({"expired": True})
        return PlainTextResponse("nothing here", 404)


def _entrance(serving: Serving, site: Site) -> list[Route]:
    """Signing in and out, the same at every site; a site whose accounts are empty has neither."""
    if not site.accounts:
        return []

    async def login(request: Request) -> Response:
        following = request.query_params.get("next", "/")
        if request.method == "GET":
            return render(request, "login.html", next=following, wrong=False)
        async with request.form() as form:  # closes what was uploaded
            user, password = str(form.get("user", "")).strip(), form.get("password")
        known = site.accounts.get(user)
        if known is None or known.password != password:
            return render(request, "login.html", next=following, wrong=True)
        inside = following.startswith("/") and not following.startswith("//")
        answer = goto(following if inside else "/")
        answer.set_cookie(f"login_{site.name}", serving.sessions.ticket(site.name, known.user), httponly=True)
        return answer

    async def logout(_request: Request) -> Response:
        answer = goto("/")
        answer.delete_cookie(f"login_{site.name}")
        return answer

    return [Route(site.login, login, methods=["GET", "POST"]), Route("/logout", logout, methods=["GET", "POST"])]


def _asked_for(scope: Mapping[str, Any]) -> str:
    """Path and query of a request as they came."""
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope["query_string"]
    return "/" + (path + (b"?" + query if query else b"")).decode("latin-1").lstrip("/")


def _changed(request: Request, changes: dict[str, object]) -> str:
    """The query of this page with some values replaced, for links to other pages of a list; None takes one out."""
    query = {**dict(request.query_params), **{name: str(value) for name, value in changes.items() if value is not None}}
    kept = {name: value for name, value in query.items() if changes.get(name, value) is not None}
    return "?" + urlencode(kept)


def _listening(port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves small packets waiting for 40 ms.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
    except OSError as error:
        made.close()
        raise UnavailableError(f"port {port} of 127.0.0.1 is taken; choose another first port, or 0") from error
    made.listen(256)
    return made
