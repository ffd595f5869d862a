"""A folder of pages on 127.0.0.1, served from memory by a thread of its own."""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from webapprentice.core.faults import UnavailableError


class PageServer:
    """Serves the files below `folder`; `with PageServer(folder) as server: server.url`.

    Raises UnavailableError when `port` (0: any free one) is taken.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        try:
            self._server = _Listener(("127.0.0.1", port), _answerer(folder.resolve()))
        except OSError as error:
            raise UnavailableError(f"port {port} of 127.0.0.1 is taken; ask for another, or for 0 (any)") from error
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up in the middle of a file is nothing to print about."""


def _answerer(folder: Path) -> type[BaseHTTPRequestHandler]:
    @lru_cache(maxsize=1024)
    def content(path: str) -> tuple[bytes, str] | None:
        file = (folder / unquote(path).lstrip("/")).resolve()
        if not file.is_relative_to(folder) or not file.is_file():
            return None
        return file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream"

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            found = content(urlsplit(self.path).path)
            body, kind = found or (b"no such file", "text/plain")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "max-age=3600")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the page server is silent."""

    return Answer
