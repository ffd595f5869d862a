"""Vectors of texts: by words, kept on disk, from an endpoint, from a sentence encoder where one is installed."""

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapprentice.core.faults import FaultError, UnavailableError, UsageError
from webapprentice.core.protocols import Embedder
from webapprentice.metrics.capability import Template, capabilities
from webapprentice.models.config import ModelConfig
from webapprentice.models.embedding import CachedEmbedder, embedder, packaged
from webapprentice.models.embedding_endpoint import EndpointEmbedder
from webapprentice.models.lexical import LexicalEmbedder

DATA = Path(__file__).parents[2] / "shared" / "data"
SOME = ["Click the OK button", "press the button called OK", "Find the cheapest red shoes", ""]


def test_words_alone_are_compared_and_the_embedder_says_so() -> None:
    lexical: Embedder = embedder("lexical")
    assert lexical.lexical
    rows = lexical.embed([*SOME, "clicks on OK buttons", "Buy the least expensive crimson sneakers"])
    likeness = rows @ rows.T
    assert likeness[0, 1] > 0.4
    assert likeness[0, 4] > 0.4  # other forms of the same words
    assert likeness[2, 5] < 0.3  # the same in other words is not seen
    assert abs(likeness[0, 2]) < 0.2
    assert lexical.embed([]).shape[0] == 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=200), min_size=1, max_size=5))
def test_rows_have_length_one_and_depend_on_the_text_alone(texts: list[str]) -> None:
    rows = LexicalEmbedder().embed(texts)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(LexicalEmbedder().embed(texts[::-1])[::-1], rows)


def test_a_vector_is_the_same_on_every_machine() -> None:
    row = LexicalEmbedder().embed(["open the map"])[0]
    strongest = np.argsort(-np.abs(row), kind="stable")[:2]
    assert sorted(strongest.tolist()) == [172, 1309]


class Counting(LexicalEmbedder):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked += texts
        return super().embed(texts)


def test_what_was_computed_is_kept_and_what_was_torn_is_computed_again(tmp_path: Path) -> None:
    first = CachedEmbedder(Counting(), tmp_path)
    rows = first.embed([*SOME, SOME[0]])
    assert np.array_equal(rows, LexicalEmbedder().embed([*SOME, SOME[0]]))
    assert isinstance(first.inner, Counting)
    assert first.inner.asked == SOME
    (file,) = tmp_path.glob("*.vectors")
    whole = file.read_bytes()

    again = CachedEmbedder(Counting(), tmp_path)
    assert np.array_equal(again.embed(SOME), rows[:4])
    assert again.asked == 0

    file.write_bytes(whole[:-7])  # killed while it wrote
    torn = CachedEmbedder(Counting(), tmp_path)
    assert np.array_equal(torn.embed(SOME), rows[:4])
    assert torn.asked == 1
    assert file.read_bytes() == whole

    file.write_bytes(whole[: len(whole) // 3] + b"\x7f" * 64 + whole[len(whole) // 3 + 64 :])
    spoiled = CachedEmbedder(Counting(), tmp_path)
    assert np.array_equal(spoiled.embed(SOME), rows[:4])
    assert spoiled.asked == 1

    file.write_bytes(b"something else")
    assert np.array_equal(CachedEmbedder(Counting(), tmp_path).embed(SOME), rows[:4])
    assert CachedEmbedder(Counting(), tmp_path).embed(SOME).shape == (4, 2048)


def test_two_that_write_to_one_file_lose_nothing(tmp_path: Path) -> None:
    texts = [f"text number {number}" for number in range(60)]

    def work(part: list[str]) -> None:
        own = CachedEmbedder(Counting(), tmp_path)
        for text in part:
            own.embed([text])

    threads = [threading.Thread(target=work, args=(texts[at::3],)) for at in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = CachedEmbedder(Counting(), tmp_path)
    assert np.array_equal(last.embed(texts), LexicalEmbedder().embed(texts))
    assert last.asked == 0


def test_one_that_has_read_sees_what_another_adds(tmp_path: Path) -> None:
    one, two = CachedEmbedder(Counting(), tmp_path), CachedEmbedder(Counting(), tmp_path)
    one.embed(["a"])
    two.embed(["a", "b"])
    one.embed(["b", "c"])
    two.embed(["c"])
    assert (one.asked, two.asked) == (2, 1)


@pytest.mark.parametrize(
    ("name", "fault", "words"),
    [
        ("http://127.0.0.1:1/v1", UsageError, "names no model"),
        ("no such/model/at all", UsageError, "no name and no folder"),
    ],
)
def test_a_name_that_means_nothing(name: str, fault: type[Exception], words: str) -> None:
    with pytest.raises(fault, match=words):
        embedder(name)


@pytest.mark.skipif(packaged() is not None, reason="the sentence encoder is installed")
def test_without_an_encoder_words_are_compared_and_one_line_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    assert embedder("auto", tmp_path, said.append).lexical
    assert len(said) == 1
    assert "words alone" in said[0]
    with pytest.raises(UnavailableError, match=r"webapprentice\[embeddings\]"):
        embedder("minilm")


class Vectors(BaseHTTPRequestHandler):
    """Answers as an `/embeddings` server does; the script of the server says how often it is out of order first."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server: Any = self.server
        server.asked.append((self.path, asked["model"], len(asked["input"])))
        status = server.script.pop(0) if server.script else 200
        rows = [
            {"index": at, "embedding": [float(len(text)), 1.0] + [0.0] * server.more}
            for at, text in enumerate(asked["input"])
        ]
        body = json.dumps({"data": rows[::-1]} if status == 200 else {"error": "busy"}).encode()
        self.send_response(200 if status == 1 else status)
        self.send_header("content-length", str(len(body)))
        self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Vectors)
    made.asked, made.script, made.more = [], [], 0
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_an_endpoint_is_asked_in_parts_and_again_when_it_is_busy(server: Any, tmp_path: Path) -> None:
    server.script = [503, 429]
    url = f"http://127.0.0.1:{server.server_port}/v1"
    found = embedder(f"openai:{url}#small", tmp_path)
    assert found.key == f"{url}#small"
    assert not found.lexical
    rows = found.embed(["x" * number for number in range(100)])
    assert rows.shape == (100, 2)
    assert rows[3] == pytest.approx(np.array([3, 1]) / np.sqrt(10))
    assert [count for *_, count in server.asked] == [64, 64, 64, 36]
    assert server.asked[0][:2] == ("/v1/embeddings", "small")
    embedder(f"{url}#small", tmp_path).embed(["xxx"])
    assert len(server.asked) == 4


def test_what_an_endpoint_refuses_is_the_models_fault(server: Any) -> None:
    one = EndpointEmbedder(f"http://127.0.0.1:{server.server_port}", "m", ModelConfig(retries=1))
    server.script = [404]
    with pytest.raises(FaultError, match="404"):
        one.embed(["a"])
    server.script = [1]
    with pytest.raises(FaultError, match="no embeddings"):
        one.embed(["a"])
    server.script = [500, 500]
    with pytest.raises(FaultError, match="500"):
        one.embed(["a"])
    assert len(server.asked) == 4


def test_what_came_before_a_failure_is_kept(server: Any, tmp_path: Path) -> None:
    name, texts = f"http://127.0.0.1:{server.server_port}/v1#small", [str(number) for number in range(1100)]
    server.script = [200] * 17 + [404]
    with pytest.raises(FaultError, match="404"):
        embedder(name, tmp_path).embed(texts)
    server.asked.clear()
    assert embedder(name, tmp_path).embed(texts).shape == (1100, 2)
    assert [count for *_, count in server.asked] == [64, 36]


def test_a_server_that_changes_its_model_is_told_of_in_one_line(server: Any, tmp_path: Path) -> None:
    name = f"http://127.0.0.1:{server.server_port}/v1#small"
    rows = embedder(name, tmp_path).embed(["a"])
    server.more = 4
    with pytest.raises(FaultError, match=r"6 dimensions, those kept have 2: .* remove .*\.vectors"):
        embedder(name, tmp_path).embed(["a", "b"])
    server.asked.clear()
    assert np.array_equal(embedder(name, tmp_path).embed(["a"]), rows)
    assert server.asked == []


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed")
def test_code_in_a_folder_of_a_model_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "spoiled_module.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Encoder:\n    pass\n", "utf-8"
    )
    modules = [{"idx": 0, "name": "0", "path": "", "type": "spoiled_module.Encoder"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules), "utf-8")
    with pytest.raises(FaultError, match="spoiled_module"):
        embedder(str(tmp_path)).embed(["a"])
    assert not (tmp_path / "ran").exists()


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.skipif(packaged() is None, reason="the sentence encoder is not installed")
def test_a_sentence_encoder_sees_meaning(tmp_path: Path) -> None:
    found = embedder("minilm", tmp_path)
    assert not found.lexical
    rows = found.embed(["Find the cheapest red shoes", "Buy the least expensive crimson sneakers", "Open the map"])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-4)
    assert rows[0] @ rows[1] > 0.6 > rows[0] @ rows[2]
    if (DATA / "webarena" / "test.raw.json").exists():
        tasks = json.loads((DATA / "webarena" / "test.raw.json").read_text("utf-8"))
        told = {
            str(one["intent_template_id"]): Template(
                id=str(one["intent_template_id"]), text=one["intent_template"], sites=tuple(one["sites"])
            )
            for one in reversed(tasks)
        }
        groups = capabilities(list(told.values()), found.embed([one.text for one in told.values()]))
        assert 140 <= len(set(groups.values())) <= 155
