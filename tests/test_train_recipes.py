"""The named recipes on a tiny model: what they train, when they stop, what they leave behind."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import webapprentice.train
from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.records import Example, Message
from webapprentice.improve.verbs import TeachConfig
from webapprentice.models import ModelConfig, load_local
from webapprentice.train import TrainConfig, preview, recipe, train
from webapprentice.train.loop import Collate
from webapprentice.train.rows import rows_of
from webapprentice.train.validation import perplexity

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")]

RECIPE = Path(__file__).parent.parent / "recipes" / "random_qwen.py"


def row(number: int, answer: str) -> Example:
    words = f"page : button number {number} goal : press act :"
    return Example(
        messages=(Message(role="user", content=words),),
        completion=answer,
        trajectory=f"t{number}",
        task=f"made/{number % 2}",
    )


ROWS = [row(number, f"click [{number}]") for number in range(8)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("random_qwen", RECIPE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make(tmp_path_factory.mktemp("base") / "model", context=256)


def of(name: str, base: Path, **changes: object) -> TrainConfig:
    """A recipe with what a test changes of it."""
    sets = [f"train.base_model={base}", "train.device=cpu", "train.precision=float32"]
    sets += [f"train.{name}={json.dumps(value)}" for name, value in changes.items()]
    return TeachConfig.resolve(None, sets, recipe=recipe(name)).train


def test_the_recipes_are_those_of_the_papers() -> None:
    scribe = TeachConfig.resolve(None, [], recipe=recipe("scribe")).train
    assert (scribe.lora_r, scribe.lora_alpha, scribe.lora_dropout, scribe.learning_rate) == (64, 128, 0.05, 1e-4)
    assert (scribe.warmup_steps, scribe.epochs, scribe.max_length, scribe.schedule) == (30, 2, 32768, "cosine")
    assert set(scribe.lora_targets) == {
        *("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head", "embed_tokens")
    }
    ours = TeachConfig.resolve(None, ["train.batch_size=4"], recipe=recipe("self-improve")).train
    assert (ours.quantize, ours.lora_r, ours.lora_alpha, ours.lora_targets) == ("nf4", 8, 8, "all-linear")
    assert (ours.learning_rate, ours.epochs, ours.patience, ours.batch_size) == (1e-5, 500, 5, 4)
    with pytest.raises(UsageError, match="there is no recipe 'scrib'; the recipes are scribe, self-improve"):
        recipe("scrib")


def test_scribe_trains_norms_and_stretches_positions_and_the_adapter_is_the_merged_model(
    base: Path, tmp_path: Path
) -> None:
    how = of("scribe", base, max_length=600, max_steps=3, batch_size=4, warmup_steps=0, learning_rate=0.01)
    report = train(ROWS, how, tmp_path / "out")
    assert report.rope_factor == 3.0  # 600 tokens in a model of 256
    with safe_open(tmp_path / "out" / "adapter_model.safetensors", "pt") as file:
        names = set(file.keys())
    assert any("input_layernorm" in name for name in names)
    assert any("q_proj.lora_A" in name for name in names)
    config = json.loads((tmp_path / "out" / "merged" / "config.json").read_text())
    assert (config["max_position_embeddings"], config["rope_parameters"]["factor"]) == (768, 3.0)
    adapter = load_local(tmp_path / "out", ModelConfig(device="cpu"))
    merged = load_local(tmp_path / "out" / "merged", ModelConfig(device="cpu"))
    assert (adapter.context, merged.context) == (768, 768)
    ids = torch.tensor([adapter.chat.prompt_ids(ROWS[0].messages)])
    with torch.no_grad():
        found, expected = adapter._peft(ids).logits, merged._model(ids).logits
        plain = load_local(base, ModelConfig(device="cpu"))._model(ids).logits
    assert torch.allclose(found, expected, atol=1e-4)
    assert not torch.allclose(found, plain, atol=1e-2)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "8 rows of 8 trajectories and 2 tasks, 3 updates of 4 rows" in card
    assert "stretched 3 times" in card
    assert "give it `merged`" in card
    assert (tmp_path / "out" / "trajectories.txt").read_text().split() == [f"t{number}" for number in range(8)]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_training_ends_when_the_perplexity_no_longer_falls_and_the_best_weights_stay(
    base: Path, tmp_path: Path, method: str
) -> None:
    # The same pages with other answers: what is learned of the rows makes these less likely from some update on.
    watched = [row(number, f"hover [{number}]") for number in range(8)]
    plain = {"quantize": "none", "method": method, "learning_rate": 0.01, "batch_size": 8, "patience": 3}
    how = of("self-improve", base, **plain, merge=True, checkpoint_every=2)
    report = train(ROWS, how, tmp_path / "out", validation=watched)
    found = dict(report.perplexities)
    assert report.best_step is not None
    assert found[report.best_step] == min(found.values())
    assert report.steps == report.best_step + 3 < 500
    assert found[report.steps] > found[report.best_step]
    best = load_local(tmp_path / "out" / ("merged" if method == "lora" else ""), ModelConfig(device="cpu"))
    rows, _ = rows_of(watched, best.chat, 256)
    assert perplexity(best._model, rows, 8, Collate(0)) == pytest.approx(found[report.best_step], rel=1e-4)

    def interrupt(step: int, _steps: int, _loss: float) -> None:
        if step == report.best_step + 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(ROWS, how, tmp_path / "again", interrupt, watched)
    resumed = train(ROWS, how, tmp_path / "again", None, watched)
    assert resumed.resumed_from
    assert (resumed.perplexities, resumed.key) == (report.perplexities, report.key)

    # It may end just before the result is written: here because something stands in the way.
    (tmp_path / "late.work").mkdir()
    (tmp_path / "late.work" / "final").write_text("in the way")
    with pytest.raises(OSError, match="final"):
        train(ROWS, how.with_(checkpoint_every=1), tmp_path / "late", None, watched)
    (tmp_path / "late.work" / "final").unlink()
    late = train(ROWS, how.with_(checkpoint_every=1), tmp_path / "late", None, watched)
    assert (late.steps, late.perplexities, late.key) == (report.steps, report.perplexities, report.key)
    assert f"update {report.best_step}" in (tmp_path / "out" / "README.md").read_text()


def test_patience_without_rows_to_watch_and_four_bits_without_the_library_are_refused(
    base: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="patience needs validation rows"):
        train(ROWS, of("self-improve", base, quantize="none"), tmp_path / "out")
    if importlib.util.find_spec("bitsandbytes") is None:
        with pytest.raises(UnavailableError, match=r"nf4 needs bitsandbytes.*train\.quantize=none"):
            train(ROWS, of("self-improve", base), tmp_path / "out", validation=ROWS)
    with pytest.raises(UsageError, match="nf4 trains adapters only"):
        train(ROWS, of("self-improve", base, method="full"), tmp_path / "out", validation=ROWS)


def test_the_first_batch_shows_what_is_trained(base: Path) -> None:
    shown = preview(ROWS, of("scribe", base, batch_size=8, max_length=256))
    assert sorted(trained.partition("]")[0] + "]" for _read, trained in shown) == sorted(r.completion for r in ROWS)
    assert callable(webapprentice.train.preview)  # and not the module that it has loaded
    assert all("button number" in read and "click" not in read for read, _trained in shown)
