from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import TASK, step, trajectory
from webapprentice.core.actions import Click
from webapprentice.core.faults import BusyError, OutputError, UsageError
from webapprentice.core.records import Judgment, Provenance
from webapprentice.store import SCHEMA, Episode, Store, export_jsonl, export_parquet, read_jsonl


def test_a_trajectory_comes_back_as_it_went_in(tmp_path: Path) -> None:
    whole = trajectory()
    with Store.create(tmp_path / "s.sqlite") as store:
        store.finish("exam", whole)
        assert list(store.trajectories("exam")) == [whole]
        assert store.finished("exam") == {"k1"}
        assert store.collections() == {"exam": 1}


def test_a_reader_sees_steps_while_the_writer_is_at_work(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store.create(path) as writer:
        writer.begin(Episode(key="k", collection="c", task=TASK, goal="g", provenance=Provenance(seed=3)))
        with Store.read(path) as reader:
            assert reader.steps("k") == []
            one = step(0, "click button ok [13]", Click(node=13))
            writer.append("k", one)
            assert reader.steps("k") == [one]
            with pytest.raises(UsageError, match="reading only"):
                reader.put(b"x")


def test_the_same_page_is_kept_once(tmp_path: Path) -> None:
    with Store.create(tmp_path / "s.sqlite") as store:
        store.finish("c", trajectory("a"))
        store.finish("c", trajectory("b"))
        assert store.counts()["blob"] == 2  # the page before and the page after


def test_an_unfinished_try_is_kept_and_marked(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store.create(path) as store:
        store.begin(Episode(key="k1", collection="c", task=TASK, goal="g"))
        store.append("k1", step(0, "click button ok [13]", Click(node=13)))
    with Store.create(path) as store:
        store.finish("c", trajectory("k1"))
        counts = store.counts()
        assert (counts["abandoned"], counts["closed"], counts["step"]) == (1, 1, 2)
        assert len(list(store.trajectories())) == 1


def test_a_key_cannot_be_finished_twice(tmp_path: Path) -> None:
    with Store.create(tmp_path / "s.sqlite") as store:
        store.finish("c", trajectory("k1"))
        with pytest.raises(UsageError):
            store.finish("c", trajectory("k1"))


def test_what_is_asked_of_one_collection_does_not_read_the_others(tmp_path: Path) -> None:
    asked: list[str] = []
    with Store.create(tmp_path / "s.sqlite") as store:
        for number in range(50):
            store.finish("other", trajectory(f"o{number}"))
        store._connection.set_trace_callback(asked.append)
        store.begin(Episode(key="k1", collection="c", task=TASK, goal="g"))
        store.finish("c", trajectory("k1"))
        store.replace("c", trajectory("k1"))
        store.judge("c", "k1", [Judgment(judge="x", passed=True)])
        store.decide("c", "k1", 1.0, None, [])
        assert [one.key for one in store.trajectories("c")] == ["k1"]
        assert [one.key for one in store.trajectories("c", ["k1", "k2"])] == ["k1"]
        assert store.finished("c") == {"k1"}
        store.abandon("c", ["k1"])
        store._connection.set_trace_callback(None)
        plans = {
            one: store._connection.execute(f"EXPLAIN QUERY PLAN {one}").fetchall()
            for one in asked
            if " FROM " in one or one.startswith("UPDATE")
        }
    assert len(plans) > 8
    assert [one for one, plan in plans.items() if any("SCAN episode" in row[3] for row in plan)] == []


def test_judgments_are_added_and_replaced(tmp_path: Path) -> None:
    with Store.create(tmp_path / "s.sqlite") as store:
        store.finish("c", trajectory("k1"))
        store.judge("c", "k1", [Judgment(judge="words", passed=True)])
        store.judge("c", "k1", [Judgment(judge="words", passed=False), Judgment(judge="vote", passed=True)])
        (read,) = store.trajectories("c")
        assert {judgment.judge: judgment.passed for judgment in read.judgments} == {"words": False, "vote": True}


def test_a_newer_store_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()
    for door in (Store.create, Store.read):
        with pytest.raises(UsageError, match=r"schema 2 and we read up to 1; upgrade") as caught:
            door(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 40, b""])
def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        Store.read(path)


def test_a_missing_store_names_what_to_do() -> None:
    with pytest.raises(UsageError, match="there is no store at"):
        Store.read(Path("nowhere/s.sqlite"))


def test_only_one_writer(tmp_path: Path) -> None:
    with Store.create(tmp_path / "s.sqlite"), pytest.raises(BusyError):
        Store.create(tmp_path / "s.sqlite")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        Store.create(tmp_path / "file" / "s.sqlite")


def test_stages_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store.create(path) as store:
        assert store.stage("x") is None
        store.complete("x", "train", {"model": "m"}, 1.5)
    with Store.read(path) as store:
        assert store.stage("x") == {"model": "m"}
        assert store.stages() == [("x", "train", 1.5)]


def test_exports_hold_everything(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    whole = [trajectory("a"), trajectory("b", score=None)]
    assert export_jsonl(whole, tmp_path / "t.jsonl") == 2
    assert list(read_jsonl(tmp_path / "t.jsonl")) == whole
    assert export_parquet(whole, tmp_path / "t.parquet") == 2
    table = pq.read_table(tmp_path / "t.parquet").to_pylist()
    assert [row["score"] for row in table] == [1.0, None]
    assert json.loads(table[0]["action"]) == {"kind": "click", "node": 13, "button": "left", "count": 1, "at": None}
    assert not list(tmp_path.glob("*.part"))


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(trajectory().model_dump_json() + "\n{}\n")
    with pytest.raises(UsageError, match=r"line 2"):
        list(read_jsonl(path))


WRITER = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from samples import TASK, step
from webapprentice.core.actions import Click
from webapprentice.store import Episode, Store
store = Store.create(Path(sys.argv[1]))
store.begin(Episode(key="k", collection="c", task=TASK, goal="g"))
for index in range(100000):
    store.append("k", step(index, f"click button ok [{index}]", Click(node=index)))
    print(index, flush=True)
"""


def test_no_acknowledged_step_is_lost_to_a_kill(tmp_path: Path) -> None:
    import webapprentice

    folders = [str(Path(__file__).parent), str(Path(webapprentice.__file__).parents[1])]
    for round_ in range(8):
        path = tmp_path / f"{round_}.sqlite"
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), *folders], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(3)]
            time.sleep(0.01 * round_)
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
        acknowledged = [int(line) for line in said if line.endswith("\n")]
        with Store.create(path) as store:
            saved = [one.index for one in store.steps("k")]
        assert saved[: len(acknowledged)] == acknowledged
        assert len(saved) - len(acknowledged) <= 1


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_survives(text: str) -> None:
    from webapprentice.core.text import clean

    one = step(0, clean(text), Click(node=1))
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "s.sqlite") as store:
        store.finish("c", trajectory("k", steps=(one,)))
        (read,) = store.trajectories()
        assert read.steps == (one,)
