import asyncio
import datetime
import email.utils
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from webapprentice import models
from webapprentice.core.faults import FaultError
from webapprentice.core.protocols import Completion, Sampling
from webapprentice.core.records import Message
from webapprentice.models.endpoint import EndpointModel

PROMPT = (Message(role="system", content="be brief"), Message(role="user", content="hello"))


def said(text: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], **more}


class Server(ThreadingHTTPServer):
    """An endpoint that follows a script: the n-th request gets the n-th reply, the last one for ever."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Replies)
        self.script: list[Callable[[Replies], None]] = []
        self.asked: list[tuple[dict[str, Any], dict[str, str]]] = []
        self.under_way = self.most = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


class Replies(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.asked.append((body, {name.lower(): value for name, value in self.headers.items()}))
            reply = self.server.script[min(len(self.server.asked), len(self.server.script)) - 1]
            self.server.under_way += 1
            self.server.most = max(self.server.most, self.server.under_way)
        try:
            reply(self)
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def log_message(self, format: str, *args: Any) -> None:
        pass


def send(body: Any, status: int = 200, **headers: str) -> Callable[[Replies], None]:
    def reply(to: Replies) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        to.send_response(status)
        for name, value in {"content-length": str(len(data)), **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(data)

    return reply


def hang(seconds: float) -> Callable[[Replies], None]:
    return lambda to: (threading.Event().wait(seconds), send(said("late"))(to))[1]


def trickle(to: Replies) -> None:
    to.send_response(200)
    to.end_headers()
    for _ in range(200):
        to.wfile.write(b" ")
        threading.Event().wait(0.02)


def hang_up(to: Replies) -> None:
    to.connection.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask(server: Server, count: int = 1, *, sampling: Sampling | None = None, **how: Any) -> list[Completion]:
    async def go() -> list[Completion]:
        model = models.load(f"{server.url}#small", models.ModelConfig(**how))
        assert isinstance(model, EndpointModel)
        try:
            return await model.complete([PROMPT] * count, [sampling or Sampling()] * count)
        finally:
            await model.aclose()

    return asyncio.run(go())


def test_an_answer_with_its_cost(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "s3cret")
    server.script = [send(said("click [3]", usage={"prompt_tokens": 7, "completion_tokens": 4}))]
    sampling = Sampling(temperature=0.5, top_p=0.8, max_tokens=9, stop=("\n",), seed=3)
    answer = ask(server, sampling=sampling, api_key_env="SOME_KEY")[0]
    assert (answer.text, answer.finished, answer.logprob) == ("click [3]", True, None)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 4)
    assert answer.usage.seconds > 0
    body, headers = server.asked[0]
    assert headers["authorization"] == "Bearer s3cret"
    assert body["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
    assert [body[name] for name in ("model", "temperature", "top_p", "max_tokens", "stop")] == [
        "small",
        0.5,
        0.8,
        9,
        ["\n"],
    ]


def test_without_a_key_none_is_sent(server: Server) -> None:
    server.script = [send({"choices": [{"message": {"content": "x"}, "finish_reason": "length"}]})]
    answer = ask(server, api_key_env="SURELY_NOT_SET")[0]
    assert not answer.finished
    assert "authorization" not in server.asked[0][1]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_passing_trouble_is_tried_again(server: Server, status: int) -> None:
    server.script = [send({"error": "busy"}, status, retry_after="0"), send(said("yes"))]
    assert ask(server)[0].text == "yes"
    assert len(server.asked) == 2


def test_a_broken_connection_is_tried_again(server: Server) -> None:
    server.script = [hang_up, send(said("yes"))]
    assert ask(server)[0].text == "yes"


def test_the_server_says_how_long_to_wait(server: Server) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2.2)
    server.script = [
        send({}, 429, retry_after="0.3"),
        send({}, 503, retry_after=email.utils.format_datetime(soon, usegmt=True)),
        send(said("yes")),
    ]
    began = time.monotonic()
    assert ask(server)[0].text == "yes"
    assert 1.0 < time.monotonic() - began < 6.0


@pytest.mark.parametrize(("status", "kind"), [(429, "llm_rate_limit"), (500, "llm_5xx")])
def test_trouble_that_stays_is_a_fault_of_the_model(server: Server, status: int, kind: str) -> None:
    server.script = [send({"error": "no more"}, status, retry_after="0")]
    with pytest.raises(FaultError, match=f"given up after 3 attempts: status {status}: .*no more") as caught:
        ask(server, retries=2)
    assert (caught.value.fault.owner, caught.value.fault.kind) == ("model", kind)
    assert len(server.asked) == 3


@pytest.mark.parametrize("reply", [hang(5), trickle], ids=["hangs", "trickles"])
def test_a_slow_answer_is_dropped_with_its_connection(server: Server, reply: Callable[[Replies], None]) -> None:
    server.script = [reply, send(said("yes"))]
    began = time.monotonic()
    assert ask(server, timeout=0.3)[0].text == "yes"
    assert time.monotonic() - began < 4


def test_the_deadline_holds_for_all_attempts_together(server: Server) -> None:
    server.script = [send({"error": "busy"}, 429, retry_after="60")]
    began = time.monotonic()
    with pytest.raises(FaultError, match=r"no answer within 0\.5 s; last: status 429") as caught:
        ask(server, deadline=0.5)
    assert caught.value.fault.kind == "llm_rate_limit"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff\xfe", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": {}}]}', b"[" * 100_000]
    + [json.dumps(said(value)).encode() for value in (None, 3, ["x"], {"a": 1})]
    + [json.dumps({"choices": "text"}).encode(), json.dumps(said("x", usage={"prompt_tokens": "many"})).encode()],
    ids=lambda body: repr(body[:30]),
)
def test_a_malformed_body_is_bad_output(server: Server, body: bytes) -> None:
    server.script = [send(body)]
    with pytest.raises(FaultError) as caught:
        ask(server)
    assert (caught.value.fault.owner, caught.value.fault.kind) == ("model", "llm_bad_output")
    assert "\n" not in str(caught.value)
    assert len(server.asked) == 1


def test_half_a_surrogate_pair_is_mended(server: Server) -> None:
    server.script = [send(said("a\ud800b"))]
    assert ask(server)[0].text == "a?b"


def test_an_endless_body_is_cut_off(server: Server) -> None:
    server.script = [send(b" " * 17_000_000)]
    with pytest.raises(FaultError, match="more than 16,000,000 bytes"):
        ask(server)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [(400, "maximum context length is 4096", "context_overflow"), (401, "who are you", "llm_denied")],
)
def test_a_wrong_request_is_not_repeated(server: Server, status: int, message: str, kind: str) -> None:
    server.script = [send({"error": {"message": message}}, status)]
    with pytest.raises(FaultError, match=message) as caught:
        ask(server)
    assert caught.value.fault.kind == kind
    assert len(server.asked) == 1


def test_no_more_requests_than_allowed_are_under_way(server: Server) -> None:
    server.script = [hang(0.05)]
    assert len(ask(server, 12, concurrency=3)) == 12
    assert server.most <= 3


def test_a_storm_of_rate_limits_passes(server: Server) -> None:
    busy, fine = send({}, 429, retry_after="0.01"), send(said("yes"))
    server.script = [busy if number % 3 == 0 else fine for number in range(200)]
    assert [answer.text for answer in ask(server, 60)] == ["yes"] * 60


def test_nobody_at_home(server: Server) -> None:
    with pytest.raises(FaultError) as caught:
        asyncio.run(
            EndpointModel("http://127.0.0.1:9/v1", "x", models.ModelConfig(retries=0)).complete([PROMPT], [Sampling()])
        )
    assert caught.value.fault.kind == "llm_connection"


def test_one_model_serves_several_event_loops(server: Server) -> None:
    server.script = [send(said("yes"))]
    model = EndpointModel(server.url, "small")

    async def once() -> str:
        answer = (await model.complete([PROMPT], [Sampling()]))[0].text
        await model.aclose()
        return answer

    assert [asyncio.run(once()) for _ in range(2)] == ["yes", "yes"]
