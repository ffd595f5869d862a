from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from samples import trajectory
from webapprentice.cli import VERBS
from webapprentice.cli.options import CONFIGS, fault_lines, unless_measured
from webapprentice.core.faults import Fault, Owner
from webapprentice.core.records import Judgment
from webapprentice.metrics import both_readings, episodes_of
from webapprentice.store import Store

HEAVY = (
    "torch",
    "transformers",
    "peft",
    "gymnasium",
    "playwright",
    "pyarrow",
    "sqlite3",
    "numpy",
    "httpx",
    "selectolax",
)


def apprentice(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "webapprentice", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert result.returncode == code, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("apprentice: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    "what", ["import webapprentice", "import webapprentice.cli", "from webapprentice.cli import main"]
)
def test_importing_is_silent_and_loads_nothing_heavy(what: str) -> None:
    code = f"{what}\nimport sys\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_help_names_every_verb() -> None:
    result = apprentice("--help")
    assert result.returncode == 0
    for verb in VERBS:
        assert f"  {verb}" in result.stdout


def at_once(*commands: tuple[str, ...]) -> list[subprocess.CompletedProcess[str]]:
    """Each command in a process of its own, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda words: apprentice(*words), commands))


def test_every_verb_explains_itself() -> None:
    for verb, result in zip(VERBS, at_once(*((verb, "--help") for verb in VERBS)), strict=True):
        assert result.returncode == 0, result.stderr
        assert "Usage:" in result.stdout, verb


@pytest.mark.parametrize(
    "verb", ["improve", "rollout", "filter", "calibrate", "dataset", "train", "prefer", "reinforce", "evaluate"]
)
def test_every_setting_is_documented(verb: str) -> None:
    result, schema = at_once(("config", verb), ("config", verb, "--json"))
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    knobs = [line for line in lines if not line.startswith(" ") and " = " in line]
    silent = [line for line, after in zip(lines, [*lines[1:], ""], strict=True) if line in knobs and after[:1] != " "]
    assert len(knobs) > 5
    assert silent == []
    assert json.loads(schema.stdout)["properties"]


def test_unknown_command() -> None:
    refused(apprentice("imrpove"), 2, "imrpove", "did you mean improve")


def test_unknown_task(tmp_path: Path) -> None:
    refused(apprentice("rollout", "--run", str(tmp_path), "--set", "tasks=miniwob/click-tset"), 2, "click-test")


def test_missing_model(tmp_path: Path) -> None:
    words = ("rollout", "--run", str(tmp_path), "--set", "model=nowhere", "--set", "tasks=miniwob/click-test")
    refused(apprentice(*words), 2, "nowhere")


def test_bad_yaml(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("model: [seed\nrounds: 1\n")
    refused(apprentice("improve", "--run", str(tmp_path / "r"), "--config", str(bad)), 2, "bad.yaml", "line")


def test_missing_yaml(tmp_path: Path) -> None:
    refused(apprentice("improve", "--run", str(tmp_path), "--config", str(tmp_path / "no.yaml")), 2, "no.yaml")


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("practise.seeds=3", ("practise", "did you mean practice.seeds")),
        ("practice.seeds=many", ("practice.seeds", "many")),
        ("practice.seeds=0", ("practice.seeds", "0")),
        ("rounds", ("NAME=VALUE",)),
        ("rounds.x=1", ("rounds",)),
        ("arms=[lable_free]", ("arms", "label_free")),
        ("exam.temperatures=[]", ("exam.temperatures",)),
        ("practice.rollout.max_steps=-1", ("practice.rollout.max_steps",)),
        ("practice.rollout.dialect=latin", ("latin", "compact")),
        ("practice.tasks=2020-13-45", ("YAML",)),
        ("practice.tasks=miniwob/choose-date", ("held-out",)),
        ("model=http://127.0.0.1:1/v1#m", ("cannot be fine-tuned",)),
        ("options.adapter=here", ("adapter",)),
        ("options.thinking=true", ("thinking",)),
        ("filter.rules=[reward]", ("filter.rules",)),
    ],
)
def test_a_wrong_setting(pair: str, words: tuple[str, ...], tmp_path: Path) -> None:
    refused(apprentice("improve", "--run", str(tmp_path), "--set", pair, "--dry-run"), 2, *words)


def test_unreadable_store(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"no database" * 1000)
    refused(apprentice("show", "--run", str(tmp_path)), 2, "store.sqlite")


def test_newer_store(tmp_path: Path) -> None:
    Store.create(tmp_path / "store.sqlite").close()
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    refused(apprentice("show", "--run", str(tmp_path)), 2, "schema 99", "upgrade")


def test_no_store(tmp_path: Path) -> None:
    refused(apprentice("show", "--run", str(tmp_path)), 2, "no store")
    refused(apprentice("report", "--run", str(tmp_path)), 2, "config.json")


def test_no_chromium(tmp_path: Path) -> None:
    words = ("rollout", "--run", str(tmp_path), "--set", "model=solvers", "--set", "tasks=miniwob/click-test")
    refused(apprentice(*words, WEBAPPRENTICE_CHROMIUM=str(tmp_path / "no")), 69, "WEBAPPRENTICE_CHROMIUM")


@pytest.mark.browser
def test_port_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = ("rollout", "--run", str(tmp_path), "--set", "model=solvers", "--set", "tasks=miniwob/click-test")
        refused(apprentice(*words, "--set", f"pool.port={port}"), 69, str(port))


def test_somebody_else_is_at_work(tmp_path: Path) -> None:
    words = ("rollout", "--run", str(tmp_path), "--set", "model=solvers", "--set", "tasks=miniwob/click-test")
    with Store.create(tmp_path / "store.sqlite"):
        refused(apprentice(*words), 75, "another process")


def test_practice_refuses_held_out_tasks(tmp_path: Path) -> None:
    words = (
        "improve",
        "--run",
        str(tmp_path),
        "--set",
        "practice.tasks=held_out",
        "--set",
        "exam.tasks=miniwob/click-test",
    )
    refused(apprentice(*words, "--set", "model=scripted:stop", "--dry-run"), 2, "held-out")


def test_practice_and_exam_share_no_seed(tmp_path: Path) -> None:
    words = ("improve", "--run", str(tmp_path), "--set", "exam.first_seed=5", "--dry-run")
    refused(apprentice(*words), 2, "share seeds")


def test_dry_run_touches_nothing(tmp_path: Path) -> None:
    result = apprentice("improve", "--run", str(tmp_path / "r"), "--dry-run", "--json")
    assert result.returncode == 0, result.stderr
    assert "episodes" in json.loads(result.stdout)["practice"]
    assert not (tmp_path / "r").exists()


def test_show_and_export(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        store.finish("exam", trajectory("abcdef"))
        store.judge("exam", "abcdef", [Judgment(judge="webarena", passed=False, reason="not the note")])
    run = ("--run", str(tmp_path))
    assert "exam" in apprentice("show", *run).stdout
    shown = apprentice("show", "abc", *run).stdout
    assert "button ok [13]" in shown
    assert "score 1" in shown
    assert "not the note" in shown
    assert apprentice("show", "exam", *run).stdout.startswith("abcdef ")
    refused(apprentice("show", "nosuch", *run), 2, "no trajectory begins with 'nosuch'", "exam")
    refused(apprentice("show", "--stages", *run), 2, "give its key")
    refused(apprentice("show", "abc", "--stages", *run), 2, "has no stages")
    out = tmp_path / "t.jsonl"
    assert json.loads(apprentice("export", str(out), *run, "--json").stdout)["trajectories"] == 1
    refused(apprentice("export", str(tmp_path / "t.csv"), *run), 2, ".parquet")
    refused(apprentice("compare", "exam", "other", *run), 2, "other")


def test_faults_are_told_by_kind_with_what_to_do() -> None:
    down = Fault(owner=Owner.ENVIRONMENT, kind="site_down", message="http://127.0.0.1:1 does not answer")
    ours = Fault(owner=Owner.AGENT, kind="llm_bad_output")
    made = [trajectory("a").with_(fault=down), trajectory("b").with_(fault=down), trajectory("c").with_(fault=ours)]
    lines = fault_lines([*made, trajectory("d")], Path("runs/x"), "attempts")
    assert lines[0] == "  2 x environment/site_down: http://127.0.0.1:1 does not answer"
    assert "pool.again=[all]" in lines[1]
    assert lines[2].endswith("apprentice show attempts --run runs/x")
    assert fault_lines([made[2], trajectory("d")], Path("runs/x"), "attempts") == []


def test_what_could_not_be_measured_is_no_success() -> None:
    down = trajectory("a").with_(fault=Fault(owner=Owner.ENVIRONMENT, kind="site_down"), score=None)
    unless_measured(both_readings(episodes_of([down, trajectory("b")]))[:1])
    with pytest.raises(SystemExit, match="1"):
        unless_measured(both_readings(episodes_of([down, down]))[:1])


def test_a_command_of_tasks_that_there_is_not() -> None:
    refused(apprentice("tasks", "chekc"), 2, "chekc", "did you mean check?")


def test_ports_that_cannot_be_are_refused() -> None:
    refused(apprentice("sites", "up", "--port", "80000"), 2, "--port", "65530")


def test_compare_refuses_to_mix_models(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        for key in ("one", "two"):
            made = trajectory(key)
            store.finish("exam", made.with_(provenance=made.provenance.with_(model=key)))
    refused(apprentice("compare", "exam", "exam", "--run", str(tmp_path)), 2, "2 models")
    refused(apprentice("filter", "--run", str(tmp_path), "--set", "collection=exams"), 2, "exams")


def test_page_text_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        store.finish("exam", trajectory("k").with_(goal="\x1b]0;owned\x07 \u202e press ok"))
    shown = apprentice("show", "k", "--run", str(tmp_path)).stdout
    assert "press ok" in shown
    assert not any(sign in shown for sign in "\x1b\x07\u202e")


def test_tasks_lists_what_is_attempted_and_held_out() -> None:
    result = apprentice("tasks", "--json")
    assert len(json.loads(result.stdout)) == 134
    assert "held out" in apprentice("tasks", "held_out").stdout


@pytest.mark.parametrize("policy", ["default", "scribe"])
def test_prune_shows_the_page_text_and_what_became_of_the_target(policy: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<div>" + "<p>some words that fill the page</p>" * 200 + '<button class="go">Pay now</button></div>'
    )
    result = apprentice("prune", str(page), "--policy", policy, "--budget", "100", "--target", "button.go")
    assert result.returncode == 0
    assert "Pay now" in result.stdout
    assert "target is in the text: <button" in result.stderr
    told = json.loads(apprentice("prune", str(page), "--policy", policy, "--json").stdout)
    assert told["tokens"] > 100
    assert told["target"] is None


def test_prune_of_what_is_not_there(tmp_path: Path) -> None:
    refused(apprentice("prune", str(tmp_path / "none.html")), 2, "none.html", "cannot be read")
    (tmp_path / "page.html").write_text("<p>a</p>")
    refused(apprentice("prune", str(tmp_path / "page.html"), "--target", "b"), 2, "matches --target 'b'")
    refused(apprentice("prune", str(tmp_path / "page.html"), "--model", str(tmp_path)), 2, "tokenizer")


def test_every_verb_tells_where_its_settings_are_told() -> None:
    verbs = [verb for verb in CONFIGS if verb not in ("benchmark", "site", "login")]
    for verb, told in zip(verbs, at_once(*((verb, "--help") for verb in verbs)), strict=True):
        assert told.returncode == 0
        assert f"apprentice config {verb}`" in " ".join(told.stdout.split())


def test_a_store_that_is_damaged_in_its_middle_is_said_to_be(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        for number in range(200):
            store.finish("exam", trajectory(f"key{number}"))
    place = tmp_path / "store.sqlite"
    size = place.stat().st_size
    with place.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    refused(apprentice("show", "--run", str(tmp_path)), 2, "cannot be read", "malformed")


def test_without_a_command_the_help_is_shown_as_it_is() -> None:
    shown = apprentice()
    assert shown.returncode == 2
    assert "\n  rollout " in shown.stderr
