"""Serves the sites: http://NAME.test:PORT/SEED/VARIANT/... for the site NAME."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from sites import Ask, Draw, Look, every

STYLE = "body{font:16px sans-serif;margin:16px} label{display:block} .hint{color:#555}"


class SiteServer:
    """All sites on one port of 127.0.0.1; whose page it is follows from the name that it is asked by."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @classmethod
    def at(cls, port: int) -> Self:
        """The server that another process runs at this port, to ask for addresses."""
        other = cls.__new__(cls)
        other.port = port
        return other

    def url(self, site: str, seed: int, variant: int = 0, path: str = "") -> str:
        return f"http://{site}.test:{self.port}/{seed}/{variant}/{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler() -> type[BaseHTTPRequestHandler]:
    sites = every()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))

        def _answer(self, form: dict[str, str]) -> None:
            host, _, port = (self.headers.get("Host") or "").partition(":")
            parts = urlsplit(self.path)
            seed, _, rest = parts.path.lstrip("/").partition("/")
            variant, _, path = rest.partition("/")
            site = sites.get(host.removesuffix(".test"))
            if site is None or not (seed.isdigit() and variant.isdigit()):
                return self._say(404, b"nothing here")
            hosts = {name: f"http://{name}.test:{port}/{seed}/{variant}/" for name in sites}
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            look = Look(int(variant))
            said = site.answer(Ask(path, query, form, Draw(int(seed)), look, f"/{seed}/{variant}/", hosts))
            if said.goto:
                self.send_response(303)
                self.send_header("Location", said.goto)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            page = f"<!doctype html><meta charset=utf-8><title>{said.title}</title><style>{STYLE}</style>{said.html}"
            return self._say(200 if said.html else 404, page.encode())

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the server is silent."""

    return Answer
