"""The way of a 7B model, by the same commands, with a random checkpoint of the same architecture and file layout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.slow]

RECIPE = Path(__file__).parents[1] / "recipes" / "random_qwen.py"
TASKS = ("--set", "tasks=miniwob/click-test,miniwob/enter-text", "--set", "seeds=2", "--set", "attempts=1")
DIALECT = ("--set", "rollout.dialect=webarena", "--set", "rollout.budget=400")


def apprentice(verb: str, run: Path, *more: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "webapprentice", verb, "--run", str(run), "--json", *more]
    result = subprocess.run(words, capture_output=True, text=True, timeout=250, check=False)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def test_rollout_train_with_lora_and_evaluate_adapter_and_merged(tmp_path: Path) -> None:
    model = tmp_path / "qwen"
    subprocess.run([sys.executable, str(RECIPE), str(model), "--context", "8192"], check=True, capture_output=True)
    run, here = tmp_path / "run", f"model={model}"

    short = ("--set", "rollout.max_tokens=8", "--set", "rollout.max_steps=3")
    own = apprentice("rollout", run, *TASKS, *DIALECT, *short, "--set", here, "--set", "collection=own")
    assert own["success"]["episodes"] == 4
    assert own["success"]["faulted"] == 0

    apprentice("rollout", run, *TASKS, *DIALECT, "--set", "model=solvers")
    kept = apprentice("filter", run, "--set", "dialect=webarena", "--set", "filter.rules=[page_end, no_error]")
    assert len(kept["kept"]) == 4
    rows = apprentice("dataset", run, *DIALECT, "--set", here, "--set", "dataset.validation=0.0")
    assert rows["rows"] >= 4

    settings = ("train.method=lora", "train.merge=true", "train.max_steps=2", "train.batch_size=2")
    report = apprentice("train", run, *(w for s in (f"train.base_model={model}", *settings) for w in ("--set", s)))
    assert report["rows"] == rows["rows"]
    assert report["dropped"] == {}
    assert (run / "model" / "adapter_config.json").is_file()

    exam = ("exam.tasks=miniwob/click-test", "exam.seeds=1", "exam.temperatures=[0.0]")
    more = ("exam.rollout.dialect=webarena", "exam.rollout.budget=400", "exam.rollout.max_tokens=8")
    for label, folder in (("adapter", run / "model"), ("merged", run / "model" / "merged")):
        words = (f"model={folder}", f"label={label}", *exam, *more)
        found = apprentice("evaluate", run, *(w for s in words for w in ("--set", s)))
        assert found[f"exam/{label}/T0"]["success"]["episodes"] == 1
