"""What takes long or needs more than the locked environment; `make extras` runs it."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from test_train_recipes import ROWS, base, of  # noqa: F401
from webapprentice.train import train

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(not os.environ.get("APPRENTICE_EXTRAS"), reason="`make extras` runs it"),
]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_two_processes_train_as_one(base: Path, tmp_path: Path, method: str) -> None:  # noqa: F811
    sets = [f"base_model={base}", "precision=float32", "device=cpu", "batch_size=4", "micro_batch=1", "max_steps=6"]
    sets += ["learning_rate=0.01", "checkpoint_every=2", f"method={method}"]
    several = ["--cpu", "--num_processes", "2", "--num_machines", "1"]
    launch = [str(Path(sys.executable).with_name("accelerate")), "launch", *several]
    told = []
    for starter in ([sys.executable], [*launch, "--mixed_precision", "no", "--dynamo_backend", "no"]):
        run = tmp_path / str(len(told))
        run.mkdir()
        (run / "rows.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in ROWS))
        command = [*starter, "-m", "webapprentice", "train", "--run", str(run), "--json"]
        command += [part for pair in sets for part in ("--set", f"train.{pair}")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
        told.append(json.loads(done.stdout[done.stdout.index("{") :]))
    one, two = told
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-5)
    assert (one["steps"], one["run"]) == (two["steps"], two["run"])


@pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
def test_four_bits_learn_too(base: Path, tmp_path: Path) -> None:  # noqa: F811
    report = train(
        ROWS, of("self-improve", base, epochs=4, learning_rate=0.01, batch_size=8), tmp_path / "out", validation=ROWS
    )
    assert report.losses[-1] < report.losses[0] - 0.2
    assert report.best_step == 4
