from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from webapprentice.store import Store

CONFIG = """
arms: [both]
mixtures: {both: {filter: none, synthetic: 0.5}}
rounds: 2
go_on: always
synthesis: {pages: 12, objectives: 1, attempts: 2, lines: [6, 8]}
synthetic_filter: {rules: [words]}
practice: {tasks: "miniwob/click-test,miniwob/click-dialog", seeds: 2, attempts: 2}
exam: {tasks: "miniwob/click-test,miniwob/click-dialog,miniwob/click-test-2", seeds: 3}
dataset: {keep_failed: true, validation: 0.0}
train: {max_steps: 6, checkpoint_every: 2, precision: float32, threads: 1}
pool: {contexts: 4}
cases: 10
"""

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.slow]


def command(run: Path, *more: str) -> list[str]:
    config = run.parent / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    return [
        sys.executable,
        "-m",
        "webapprentice",
        "improve",
        "--run",
        str(run),
        "--config",
        str(config),
        "--json",
        *more,
    ]


def improve(run: Path, *more: str) -> dict[str, Any]:
    result = subprocess.run(command(run, *more), capture_output=True, text=True, timeout=250, check=False)
    assert result.returncode == 0, result.stderr
    return {**json.loads(result.stdout), "said": result.stderr}


def outcome(run: Path) -> dict[str, Any]:
    with Store.read(run / "store.sqlite") as store:
        return {
            "stages": sorted((key, name) for key, name, _ in store.stages()),
            "episodes": {name: sorted(store.finished(name)) for name in store.collections()},
            "scores": {one.key: (one.score, len(one.steps)) for one in store.trajectories()},
            "models": {path.name for path in (run / "models").iterdir()},
        }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    improve(run)
    return run


def test_a_run_ends_with_numbers_models_and_a_report(whole: Path) -> None:
    data = json.loads((whole / "report.json").read_text(encoding="utf-8"))
    cells = {(cell["arm"], cell["temperature"], cell["split"]): cell for cell in data["cells"]}
    assert cells["base", 1.0, "all"]["rate"]["counted"] == 9
    assert cells["both", 0.0, "all"]["difference"]["pairs"] == 9
    assert cells["both-r2", 1.0, "all"]["difference"]["pairs"] == 9
    assert (whole / "report.md").read_text(encoding="utf-8").count("\n") == 5
    with Store.read(whole / "store.sqlite") as store:
        curated = {name: store.stage(key) for key, name, _ in store.stages() if name.startswith("curate")}
        assert {"practice/1", "practice/2-s0", "synthetic/1", "synthetic/2-s0"} <= set(store.collections())
    first, second = (curated[f"curate:both:{label}"] for label in ("1", "2-s0"))
    assert first["synthetic"] > 0  # type: ignore[index]
    assert set(first["kept"]) < set(second["kept"])  # type: ignore[index]
    page = (whole / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") >= 5
    assert len(data["cases"]) == 10
    assert (whole / "models").is_dir()


def test_run_again_there_is_nothing_left_to_do(whole: Path) -> None:
    before, written = outcome(whole), (whole / "report.html").stat().st_mtime_ns
    said = improve(whole)["said"]
    assert "nothing was left to do" in said
    assert "episodes" not in said
    assert outcome(whole) == before
    assert (whole / "report.html").stat().st_mtime_ns == written


def test_killed_at_any_moment_it_ends_with_the_same_keys_scores_and_weights(whole: Path, tmp_path: Path) -> None:
    run, chance = tmp_path / "run", random.Random(3)
    for _ in range(4):
        process = subprocess.Popen(
            command(run), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        started = time.monotonic()
        moment = chance.uniform(3.0, 24.0)
        while process.poll() is None and time.monotonic() - started < moment:
            time.sleep(0.05)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    improve(run)
    assert outcome(run) == outcome(whole)


def test_another_training_seed_reuses_everything_before_it(whole: Path, tmp_path: Path) -> None:
    before = outcome(whole)
    improve(whole, "--set", "training_seeds=[0, 1]")
    after = outcome(whole)
    assert set(before["stages"]) < set(after["stages"])
    assert len(after["models"]) == 2 * len(before["models"])
    assert {name.split(":")[0] for _, name in set(after["stages"]) - set(before["stages"])} == {
        *("train", "exam"),
        *("practice", "synthesis", "curate"),  # of the second round, which has another model to start from
    }
