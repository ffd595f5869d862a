"""An OpenAI-compatible server on 127.0.0.1 with the scripted author behind it, which can be told to misbehave."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from made_syntheses import answer

Body = dict[str, Any]
Reply = Callable[["Line"], None]
Policy = Callable[[int, Body], Reply | None]
"""What to do with the n-th request; None: answer it well."""


class Endpoint(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.policy: Policy = lambda _number, _body: None
        self.model: str | None = None
        self.asked: list[str] = []
        """Each request as one string."""
        self.answered: list[str] = []
        """Those that were answered well, or with other words."""
        self.tokens = [0, 0]
        self.under_way = self.most = 0
        self.lock = threading.Lock()
        self.over = threading.Event()
        """Whoever hangs lets go."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1#small"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what the tests are about."""


class Line(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server = self.server
        with server.lock:
            server.asked.append(json.dumps(self.body, sort_keys=True))
            reply = server.policy(len(server.asked), self.body)
            server.under_way += 1
            server.most = max(server.most, server.under_way)
        try:
            (reply or well)(self)
        finally:
            with server.lock:
                server.under_way -= 1

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def send(self, data: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)


def well(line: Line) -> None:
    says(answer(prompt_of(line.body), line.body["seed"]))(line)


def prompt_of(body: Body) -> str:
    return str(body["messages"][-1]["content"])


def says(text: str, reason: str = "stop") -> Reply:
    def reply(line: Line) -> None:
        read, written = len(prompt_of(line.body)) // 4, len(text) // 4
        with line.server.lock:
            line.server.answered.append(json.dumps(line.body, sort_keys=True))
            line.server.tokens[0] += read
            line.server.tokens[1] += written
        body: Body = {"choices": [{"message": {"content": text}, "finish_reason": reason}]}
        body["usage"] = {"prompt_tokens": read, "completion_tokens": written}
        if line.server.model:
            body["model"] = line.server.model
        line.send(json.dumps(body).encode())

    return reply


def status(code: int, **headers: str) -> Reply:
    return lambda line: line.send(b'{"error": {"message": "out of order"}}', code, **headers)


def overflow(line: Line) -> None:
    line.send(b'{"error": {"message": "This model\'s maximum context length is 4096 tokens."}}', 400)


def raw(data: bytes) -> Reply:
    return lambda line: line.send(data)


def reset(line: Line) -> None:
    line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.connection.close()


def late(line: Line) -> None:
    """The right answer when nobody waits for it any more."""
    line.server.over.wait(1.0)
    well(line)


def hang(line: Line) -> None:
    line.server.over.wait(30.0)


def trickle(line: Line) -> None:
    line.send_response(200)
    line.end_headers()
    while not line.server.over.wait(0.02):
        line.wfile.write(b" ")


def endless(line: Line) -> None:
    line.send_response(200)
    line.end_headers()
    while not line.server.over.is_set():
        line.wfile.write(b" " * 1_000_000)


@contextmanager
def serving() -> Iterator[Endpoint]:
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
