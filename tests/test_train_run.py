import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from webapprentice import models
from webapprentice.core.faults import FaultError, OutputError, UsageError
from webapprentice.core.protocols import Model, Sampling
from webapprentice.core.records import Example, Message
from webapprentice.train import TrainConfig, TrainReport, train, verify

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),  # peft's old name for it
]

RECIPE = Path(__file__).parent.parent / "recipes" / "random_qwen.py"
EIGHT = [
    Example(
        messages=(Message(role="user", content=f"page : button {name} [{n}] goal : {name} act :"),), completion=done
    )
    for n, (name, done) in enumerate(
        [
            ("Search", "click [0]"),
            ("Milk", "type [1] = bob"),
            ("Submit", "hover [2]"),
            ("Next page", "stop = 42"),
            ("Sort by price", "press Enter"),
            ("Remember me", "scroll down"),
            ("link", "goto x"),
            ("Your email", "click click click"),
        ]
    )
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("random_qwen", RECIPE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make(tmp_path_factory.mktemp("base") / "model", context=256)


def config(base: Path, **changes: object) -> TrainConfig:
    plain = {"base_model": str(base), "method": "full", "precision": "float32", "device": "cpu", "batch_size": 4}
    return TrainConfig.model_validate({**plain, "learning_rate": 5e-3, "max_steps": 6, **changes})


def weights(folder: Path) -> bytes:
    return next(folder.glob("*.safetensors")).read_bytes()


def says(model: Model) -> list[str]:
    answers = asyncio.run(model.complete([e.messages for e in EIGHT], [Sampling(temperature=0, max_tokens=16)] * 8))
    return [answer.text for answer in answers]


@pytest.fixture(scope="module")
def taught(
    base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrainReport, list[tuple[int, int, float]]]:
    """A model that knows the eight examples, its report, and what it told on the way."""
    seen: list[tuple[int, int, float]] = []
    out = tmp_path_factory.mktemp("taught") / "out"
    how = config(base, batch_size=8, max_steps=60, learning_rate=1e-2, warmup=0.1)
    return out, train(EIGHT, how, out, lambda *update: seen.append(update)), seen


def test_eight_examples_are_learned_by_heart(taught: tuple[Path, TrainReport, list[tuple[int, int, float]]]) -> None:
    out, report, seen = taught
    assert report.losses[0] > 5
    assert report.losses[-1] < 0.05
    assert [update[0] for update in seen] == list(range(1, 61))
    assert tuple(update[2] for update in seen) == report.losses
    model = models.load_local(out)
    assert says(model) == [example.completion for example in EIGHT]
    assert model.key == report.key
    scores = asyncio.run(model.logprobs([e.messages for e in EIGHT], [e.completion for e in EIGHT]))
    assert sum(scores) / report.trained_tokens == pytest.approx(-report.losses[-1], abs=0.03)
    assert not out.with_name("out.work").exists()
    assert not list(out.rglob("*.bin")), "no pickles in a result"


def test_an_adapter_learns_and_merges_to_the_same_model(
    taught: tuple[Path, TrainReport, list[tuple[int, int, float]]], tmp_path: Path
) -> None:
    base, out = taught[0], tmp_path / "out"
    rows = [row.with_(completion=EIGHT[number - 1].completion) for number, row in enumerate(EIGHT)]
    settings = {"method": "lora", "merge": True, "max_steps": 40, "batch_size": 8, "learning_rate": 1e-2}
    report = train(rows, config(base, **settings, lora_r=16, warmup=0.1), out)
    assert report.losses[-1] < 0.1 < 1 < report.losses[0]
    assert report.parameters < 60_000
    merged, beside = models.load_local(out / "merged"), models.load_local(out)
    assert says(merged) == says(beside) == [row.completion for row in rows]
    assert beside.adapter == out
    assert beside.key not in (merged.key, models.load_local(base).key)
    beside.use(None)
    assert says(beside) == [row.completion for row in EIGHT]
    assert verify(out)["run"] == report.run
    assert {path.name for path in out.glob("*.safetensors")} == {"adapter_model.safetensors"}
    again = config(base, method="lora", max_steps=1, batch_size=8, learning_rate=1e-5, adapter=out)
    assert train(rows, again, tmp_path / "more").losses[0] < 0.2, "it went on from the adapter"


class Killed(BaseException):
    """Stands for the process being gone."""


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_run_that_was_interrupted_ends_with_the_same_weights(base: Path, tmp_path: Path, method: str) -> None:
    how = config(base, method=method, lora_dropout=0.2, micro_batch=2, max_steps=8, checkpoint_every=2)
    whole = train(EIGHT, how, tmp_path / "whole")

    def die_at_seven(step: int, _steps: int, _loss: float) -> None:
        if step == 7:
            raise Killed

    with pytest.raises(Killed):
        train(EIGHT, how, tmp_path / "again", die_at_seven)
    work = tmp_path / "again.work"
    assert sorted(path.name for path in work.glob("step-*")) == ["step-0000004", "step-0000006"]
    newest = next((work / "step-0000006").glob("*.safetensors"))
    newest.write_bytes(newest.read_bytes()[:-8])  # damaged: the one before is taken
    (work / ".partial" / "checkpoint-7").mkdir(parents=True)
    again = train(EIGHT, how, tmp_path / "again")
    assert again.resumed_from == 4
    assert again.losses == whole.losses
    assert weights(tmp_path / "again") == weights(tmp_path / "whole")
    assert train(EIGHT, how, tmp_path / "again") == again, "a finished run is not done again"
    with pytest.raises(UsageError, match="holds the result of another run"):
        train(EIGHT[:7], how, tmp_path / "again")


@pytest.mark.slow
def test_a_killed_process_is_resumed_bit_for_bit(base: Path, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import test_train_run as t\n"
        "folder = pathlib.Path(sys.argv[2])\n"
        "how = t.config(folder, max_steps=60, checkpoint_every=3)\n"
        "t.train(t.EIGHT, how, pathlib.Path(sys.argv[3]), lambda step, *_: print(step, flush=True))"
    )
    out = tmp_path / "out"
    run = [sys.executable, "-c", code, str(Path(__file__).parent), str(base), str(out)]
    process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 8:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not out.exists()
    report = train(EIGHT, config(base, max_steps=60, checkpoint_every=3), out)
    assert report.resumed_from >= 6
    train(EIGHT, config(base, max_steps=60, checkpoint_every=0), tmp_path / "whole")
    assert weights(out) == weights(tmp_path / "whole")


def test_micro_batches_change_nothing_but_rounding(base: Path, tmp_path: Path) -> None:
    one = train(EIGHT, config(base, max_steps=3), tmp_path / "one")
    two = train(EIGHT, config(base, max_steps=3, micro_batch=1), tmp_path / "two")
    assert two.losses == pytest.approx(one.losses, rel=1e-4)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_activations_computed_twice_change_nothing(base: Path, tmp_path: Path, method: str) -> None:
    one = train(EIGHT, config(base, method=method, max_steps=3), tmp_path / "one")
    two = train(EIGHT, config(base, method=method, max_steps=3, gradient_checkpointing=True), tmp_path / "two")
    assert two.losses == pytest.approx(one.losses, rel=1e-5)


def test_weights_of_rows_are_weights_of_their_loss(base: Path, tmp_path: Path) -> None:
    rows = [EIGHT[0].with_(weight=3.0), EIGHT[1].with_(weight=1.0)]
    report = train(rows, config(base, max_steps=1, batch_size=2), tmp_path / "out")
    model = models.load_local(base)
    scores = asyncio.run(model.logprobs([e.messages for e in rows], [e.completion for e in rows]))
    tokens = [len(model.chat.answer_ids(e.messages, e.completion)) for e in rows]
    by_hand = -(3 * scores[0] + scores[1]) / (3 * tokens[0] + tokens[1])
    assert report.losses[0] == pytest.approx(by_hand, rel=1e-4)


def test_a_loss_that_is_no_number_stops_the_run(base: Path, tmp_path: Path) -> None:
    huge = [EIGHT[0].with_(weight=1e38), *EIGHT[1:]]
    with pytest.raises(FaultError, match="of update 1 is no number") as caught:
        train(huge * 2, config(base, batch_size=16, max_steps=3), tmp_path / "out")
    assert (caught.value.fault.owner, caught.value.fault.kind, caught.value.exit_code) == ("model", "nan_loss", 70)
    assert not (tmp_path / "out").exists()


def test_rows_that_cannot_be_used_are_counted(base: Path, tmp_path: Path) -> None:
    long = EIGHT[0].with_(messages=(Message(role="user", content="button " * 300),))
    weightless = EIGHT[1].with_(weight=0.0)
    report = train([*EIGHT, long, weightless], config(base, max_steps=1), tmp_path / "out")
    assert report.rows == 8
    assert report.dropped == {"too_long": 1, "weight": 1}
    with pytest.raises(UsageError, match="no example can be trained on"):
        train([long], config(base, max_steps=1), tmp_path / "none")


def test_bfloat16_trains_too(base: Path, tmp_path: Path) -> None:
    report = train(EIGHT, config(base, precision="bfloat16", max_steps=20, batch_size=8), tmp_path / "out")
    assert report.losses[-1] < report.losses[0] / 2
    verify(tmp_path / "out")


def test_a_damaged_result_is_refused(base: Path, tmp_path: Path) -> None:
    how = config(base, max_steps=1)
    train(EIGHT, how, tmp_path / "out")
    file = tmp_path / "out" / "model.safetensors"
    data = bytearray(file.read_bytes())
    for place in range(5, len(data), len(data) // 20):
        flipped = bytearray(data)
        flipped[place] ^= 0x10
        file.write_bytes(flipped)
        with pytest.raises(OutputError, match="cannot be trusted"):
            verify(tmp_path / "out")
    with pytest.raises(OutputError, match="cannot be trusted"):
        train(EIGHT, how, tmp_path / "out")
    with pytest.raises(OutputError, match="cannot be trusted"):
        train(EIGHT, how.model_copy(update={"base_model": str(tmp_path / "out")}), tmp_path / "next")
