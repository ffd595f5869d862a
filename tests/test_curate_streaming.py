"""Data sets of any size: split, rendered by processes that may be killed, the same rows as in memory."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from webapprentice.core.actions import Click, Type
from webapprentice.core.faults import BusyError, UsageError
from webapprentice.core.locks import alone
from webapprentice.core.records import Trajectory
from webapprentice.curate import DatasetConfig, Part, SplitConfig, examples
from webapprentice.curate.draws import Draw
from webapprentice.curate.splits import About, overlaps, split
from webapprentice.dialect import load
from webapprentice.importers.common import Workflow
from webapprentice.improve.rows import make_rows, planned
from webapprentice.improve.verbs import RowsConfig
from webapprentice.models import counting
from webapprentice.store import Store

PAGE = """<title>Shop {n}</title><body><h1>Shop {n}</h1><form><label for=q>Search</label><input id=q>
<button id=go>Go</button></form><ul>{items}</ul></body>"""
SETS = [
    "collection=imported/made",
    "keep=",
    "rollout.dialect=scribe",
    "dataset.completion=canonical",
    "split.test=0.2",
    "split.sites=[b.example]",
    "formats=[parquet, trl]",
]


def made(number: int) -> Trajectory:
    site = "b" if number % 5 == 4 else "a"
    flow = Workflow("made", f"flow-{number}", f"Find thing {number}")
    items = "".join(f"<li><a href=/{n}>thing {n}</a>" for n in range(number, number + 20))
    html = PAGE.format(n=number, items=items)
    url = f"http://{site}.example/{number}?q=1"
    text = f"thing {number}" if number else "{{password:1}}"
    flow.step(html, url, "#q", lambda node: Type(node=node, text=text), "look for it")
    flow.step(html, url, "#go", lambda node: Click(node=node), "click here")
    return flow.ready(f"made.csv#{number}").trajectory


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    with Store.create(folder / "store.sqlite") as store, store.together():
        for number in range(100):
            store.finish("imported/made", made(number))
    return folder


def config(*sets: str) -> RowsConfig:
    return RowsConfig.resolve(None, [*SETS, *sets])


def files(run: Path, out: str) -> dict[str, bytes]:
    found = {p.name.removeprefix(out): p.read_bytes() for p in run.glob(f"{out}.*") if "card" not in p.name}
    assert set(found) >= {".jsonl", ".validation.jsonl", ".test.jsonl", ".test_site.jsonl", ".test.txt", ".parquet"}
    return found


def test_the_rows_are_those_of_the_same_trajectories_in_memory(run: Path) -> None:
    told: list[str] = []
    result = make_rows(run, config("out=one", "workers=1"), load("scribe"), (), told.append)
    with Store.read(run / "store.sqlite") as store:
        taught = [t for t in store.trajectories("imported/made") if not t.task.sites[0].endswith("b.example")]
    kept = set((run / "one.test.txt").read_text().split())
    how = DatasetConfig(completion="canonical")
    whole = examples([t for t in taught if t.key not in kept], load("scribe"), how, counting("seed"))
    lines = (run / "one.jsonl").read_text().splitlines()
    assert lines == [row.model_dump_json() for row in whole.train]
    assert (run / "one.validation.jsonl").read_text().splitlines() == [r.model_dump_json() for r in whole.validation]
    parts = {name: one.rows for name, one in result.card.tokens.items()}
    assert parts == {"train": 116, "validation": 12, "test": 32, "test_site": 40}
    assert len(lines) == 116
    assert told
    assert not (run / "one.parts").exists()
    count = counting("seed")
    prompts = sum(count(message.content) for row in whole.train for message in row.messages)
    assert result.card.tokens["train"].prompt == prompts
    read = pq.read_table(run / "one.parquet").to_pylist()
    assert [row["completion"] for row in read] == [
        [{"role": "assistant", "content": row.completion}] for row in whole.train
    ]
    assert read[0]["prompt"] == [{"role": m.role, "content": m.content} for m in whole.train[0].messages]
    assert [json.loads(line) for line in (run / "one.trl.jsonl").read_text().splitlines()] == read
    shown = (run / "one.card.md").read_text()
    assert "| test_site | 40 | 0 | 0 | 0 | 0 | 0 | 0 |" in shown
    assert "| test | 32 | 0 | 0 | 0 | 0 | 32 | 0 |" in shown
    assert "made.csv: 100" in shown
    assert "* password: 1 placeholders" in shown


def test_killed_three_times_it_ends_with_the_same_files(run: Path) -> None:
    make_rows(run, config("out=whole", "workers=1"), load("scribe"), (), lambda line: None)
    sets = [part for pair in [*SETS, "out=killed", "workers=2"] for part in ("--set", pair)]
    command = [sys.executable, "-m", "webapprentice", "dataset", "--run", str(run), *sets]
    work = run / "killed.parts"
    for kill in (1, 2, 3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(list(work.glob("*.index.json"))) < kill and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    seen = {path.name: path.stat().st_mtime_ns for path in work.glob("*.index.json")}
    assert len(seen) >= 3
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    assert files(run, "killed") == files(run, "whole")
    assert not work.exists()


def test_workers_end_with_the_process_that_started_them(run: Path) -> None:
    sets = [part for pair in [*SETS, "out=orphans", "workers=2"] for part in ("--set", pair)]
    command = [sys.executable, "-m", "webapprentice", "dataset", "--run", str(run), *sets]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list((run / "orphans.parts").glob("*.partial")) and process.poll() is None:
        time.sleep(0.002)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert children
    until = time.monotonic() + 20
    while any(_runs(int(child)) for child in children) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(_runs(int(child)) for child in children)


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_workflow_is_never_parted() -> None:
    twins = [made(number % 10).with_(key=f"k{number}") for number in range(40)]
    parts = split(twins, SplitConfig(test=0.3))
    by_goal: dict[str, set[Part]] = {}
    for one in twins:
        by_goal.setdefault(one.goal, set()).add(parts[one.key])
    assert all(len(found) == 1 for found in by_goal.values())
    assert sum(part is Part.TEST for part in parts.values()) == 12
    assert parts == split(twins[::-1], SplitConfig(test=0.3))


def test_two_recordings_of_one_objective_are_one_workflow() -> None:
    twice = [made(number % 10).with_(key=f"k{number}") for number in range(20)]
    apart = [one.with_(task=one.task.with_(id=f"recorded/{one.key}", template=f"recorded/{one.key}")) for one in twice]
    for seed in range(6):
        parts = split(apart, SplitConfig(test=0.4, seed=seed))
        assert all(parts[f"k{number}"] is parts[f"k{number + 10}"] for number in range(10))


def test_a_workflow_that_goes_on_to_a_kept_site_is_not_taught(tmp_path: Path) -> None:
    wanderer = made(1)
    second = wanderer.steps[1]
    seen = second.observation.with_(url="http://b.example/on")
    with Store.create(tmp_path / "store.sqlite") as store:
        store.finish("imported/made", wanderer.with_(steps=(wanderer.steps[0], second.with_(observation=seen))))
        for number in (2, 3, 4):
            store.finish("imported/made", made(number))
    make_rows(tmp_path, config("split.test=0", "workers=1"), load("scribe"), (), lambda line: None)
    assert sorted((tmp_path / "rows.test_site.txt").read_text().split()) == sorted([wanderer.key, made(4).key])
    assert wanderer.key not in (tmp_path / "rows.jsonl").read_text()


def test_nothing_of_an_earlier_split_stays(run: Path) -> None:
    make_rows(run, config("out=again", "workers=1"), load("scribe"), (), lambda line: None)
    assert (run / "again.test.txt").is_file()
    plain = ("out=again", "workers=1", "split.test=0", "split.sites=[]", "formats=[]")
    make_rows(run, config(*plain), load("scribe"), (), lambda line: None)
    assert sorted(path.name for path in run.glob("again.*")) == sorted(
        f"again.{end}" for end in ("jsonl", "validation.jsonl", "train.txt", "validation.txt", "card.md", "card.json")
    )


def test_objectives_made_from_the_answers_are_not_asked_for(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        for number in range(10):
            store.finish("imported/made", made(number).with_(goal=f"Said anew {number}"))
    with pytest.raises(UsageError, match="3 workflows of the test have an objective that a model wrote"):
        make_rows(tmp_path, config("workers=1"), load("scribe"), (), lambda line: None)
    make_rows(tmp_path, config("workers=1", "split.rewritten=true"), load("scribe"), (), lambda line: None)


def test_one_at_a_time_and_nothing_from_nothing(run: Path) -> None:
    with alone(run / "busy", "making rows"), pytest.raises(BusyError, match="another process is making rows"):
        make_rows(run, config("out=busy"), load("scribe"), (), lambda line: None)
    (run / "none.txt").write_text("")
    with pytest.raises(UsageError, match=r"nothing to make rows of: imported/made holds none that none\.txt names"):
        make_rows(run, config("keep=none"), load("scribe"), (), lambda line: None)
    (run / "odd.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is no list of keys"):
        make_rows(run, config("keep=odd"), load("scribe"), (), lambda line: None)


def test_sites_that_nobody_knows_or_that_are_all_there_is_are_refused(run: Path) -> None:
    with pytest.raises(UsageError, match=r"no trajectory is of the site nowhere\.example; the sites are a\.example"):
        planned(run, config("split.sites=[nowhere.example]"), ())
    with pytest.raises(UsageError, match="nothing is left to teach"):
        planned(run, config("split.sites=[a.example, b.example]"), ())
    assert planned(run, config(), ()) == {"train": 58, "validation": 6, "test": 16, "test_site": 20}


def test_what_parts_share_is_counted_row_by_row() -> None:
    def row(trajectory: str, task: str, asked: str, site: str) -> Draw:
        return Draw(trajectory, 0, "only", task, asked, "r", (0, 0, 0), 1.0, site, f"{site}/x")

    about = {
        "t": About(template="one", goal="buy milk"),
        "u": About(template="two", goal="buy milk"),
        "v": About(template="two", goal="sell milk"),
    }
    train = [row("t", "task-1", "p1", "a"), row("t", "task-1", "p2", "a")]
    test = [row("u", "task-1", "p2", "a"), row("u", "task-2", "p3", "b"), row("v", "task-3", "p4", "b")]
    found = overlaps({Part.TRAIN: train, Part.TEST: test}, about)["test"]
    assert found.model_dump() == {
        "rows": 3,
        "tasks": 1,
        "templates": 0,
        "goals": 2,
        "urls": 1,
        "sites": 1,
        "prompts": 1,
    }
