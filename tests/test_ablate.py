"""`apprentice ablate`: a grid of rows, training and scores, resumed stage by stage, drawn on one page."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mind2web_rows import task
from test_cli import apprentice
from webapprentice.cli.ablate import page_of
from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Prompt, Sampling
from webapprentice.curate.sheets import Desk
from webapprentice.dialect import load as load_dialect
from webapprentice.importers import FORMATS, Ready
from webapprentice.improve.ablation import AblateConfig, Ablation, Cell, cells, recipe_of, split, varied
from webapprentice.improve.rows import read_rows
from webapprentice.metrics import Figure
from webapprentice.models import ModelConfig, ScriptedModel
from webapprentice.report.ablation import AblationData, Point, render_ablation
from webapprentice.store import Store

RECIPE = Path(__file__).parents[1] / "recipes" / "random_qwen.py"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "a.json").write_text(json.dumps([task(name, f"Find a table for {name}") for name in "abcde"]))
    with Store.create(tmp_path / "run" / "store.sqlite") as store:
        for item in FORMATS["mind2web"](tmp_path / "a.json"):
            assert isinstance(item, Ready)
            for page in item.pages.values():
                store.put(page)
            store.finish("rec", item.trajectory)
    return tmp_path / "run"


def test_the_grid() -> None:
    config = AblateConfig(
        budgets=(0, 900), fractions=(0.5, 1.0, 1.0), pages=("default", "scribe"), dialects=("scribe", "webarena")
    )
    made = cells(config)
    # 2 budgets x 2 fractions x (default with either dialect, scribe pages with one).
    assert len(made) == len(set(made)) == 12
    assert not [cell for cell in made if cell.pages == "scribe" and cell.dialect == "webarena"]
    assert [axis for axis, _ in varied(config)] == ["budget", "fraction", "pages", "dialect"]
    alone = cells(config.with_(design="one_at_a_time"))
    assert len(alone) == 5
    first = alone[0]
    assert all(sum(getattr(cell, axis) != getattr(first, axis) for axis in Cell.model_fields) <= 1 for cell in alone)
    with pytest.raises(UsageError, match="no cell is left"):
        cells(AblateConfig(pages=("scribe",), dialects=("webarena",)))


def test_the_split_keeps_tasks_apart_and_fractions_nested(run: Path, tmp_path: Path) -> None:
    with Store.read(run / "store.sqlite") as store:
        config = AblateConfig(collection="rec", test=0.4)
        training, testing = split(config, run, store)
        assert (len(training), len(testing)) == (3, 2)
        assert not set(training) & set(testing)
        assert split(config, run, store) == (training, testing)
        (run / "test.txt").write_text(f"{training[0]}\n")
        told, tested = split(config.with_(keys=Path("test.txt")), run, store)
        assert (len(told), tested) == (4, [training[0]])
        with pytest.raises(UsageError, match="no collection 'other'"):
            split(AblateConfig(collection="other"), run, store)
        (run / "none.txt").write_text("")
        with pytest.raises(UsageError, match="0 to score on"):
            split(config.with_(keys=Path("none.txt")), run, store)


def test_recipes_change_what_they_name(tmp_path: Path) -> None:
    (tmp_path / "full.yaml").write_text("train:\n  method: full\n  learning_rate: 1e-3\n")
    (tmp_path / "odd.yaml").write_text("metod: full\n")
    config = AblateConfig(recipes=(str(tmp_path / "full.yaml"), str(tmp_path / "odd.yaml"), "scribe"))
    first, second, third = cells(config)
    how = recipe_of(config, first.with_(model="some"))
    assert (how.method, how.learning_rate, how.base_model, how.lora_r) == ("full", 1e-3, "some", 16)
    assert (recipe_of(config, third).lora_r, third.value("recipe")) == (64, "scribe")
    with pytest.raises(UsageError, match="no recipe 'other'"):
        recipe_of(config, third.with_(recipe="other"))
    with pytest.raises(UsageError, match="metod"):
        recipe_of(config, second)


@pytest.mark.models
def test_two_cells_are_trained_and_scored_once(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("random_qwen", RECIPE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    base = module.make(tmp_path / "qwen", context=1024)
    told: list[str] = []
    with Store.create(run / "store.sqlite") as store:
        config = AblateConfig.resolve(
            None,
            (),
            collection="rec",
            test=0.4,
            models=(str(base),),
            pages=("default", "scribe"),
            train={"base_model": "x", "method": "full", "max_steps": 2, "batch_size": 2, "precision": "float32"},
        )
        right = _answers(store)

        def load(name: str, _: ModelConfig) -> ScriptedModel:
            assert name == str(base) or (Path(name) / "manifest.json").is_file(), "what is scored was trained"
            return ScriptedModel(right, name=name)

        ablation = Ablation(run, config, store, told.append, load)
        found = asyncio.run(ablation.run())
        assert [one.updates for one in found] == [2, 2]
        assert [one.rows for one in found] == [9, 9]
        assert len({one.model for one in found}) == 2
        figures = [{figure.name: figure.value for figure in one.scores.columns[0].figures} for one in found]
        # The script knows the answers in the default pages' ids, and says nothing to ScribeAgent's.
        assert [told["EM"] for told in figures] == [1.0, 0.0]
        files = sorted((run / "data").iterdir())
        rows = [row for file in files for row in read_rows(file)]
        assert (len(files), len(rows)) == (2, 18)
        assert all(_node(row.completion) in row.messages[1].content for row in rows)
        again = Ablation(run, config, store, told.append, load)
        assert asyncio.run(again.run()) == found
        assert again.stages.worked == 0
        shutil.rmtree(found[1].model)
        third = Ablation(run, config, store, told.append, load)
        asyncio.run(third.run())
        assert third.stages.worked == 1, "only what is gone is done again"
        page = render_ablation(page_of(config, found))
    assert "By pages" in page
    assert page.count("<circle") == 6
    assert "100.0%" in page


def _answers(store: Store) -> Any:
    dialect = load_dialect("scribe")
    desk = Desk(dialect, "default", "canonical", lambda text: len(text.split()), store.blob)
    said: dict[Prompt, str] = {}
    for one in store.trajectories("rec"):
        for place, step in enumerate(one.steps):
            assert step.action is not None
            for prompt in desk.sheet(one, place).prompts:
                said[prompt] = dialect.write(step.action, step.observation, place + 1)

    def answer(prompt: Prompt, _: Sampling) -> str:
        return said.get(prompt, "nothing")

    return answer


def _node(completion: str) -> str:
    found = re.search(r"Node: (\d+)", completion)
    assert found is not None
    return f'node="{found[1]}"'


def test_the_page_draws_each_axis_and_trusts_no_name() -> None:
    def point(budget: str, value: float | None) -> Point:
        at = {"budget": budget, "model": "<script>alert(1)</script>"}
        figures = (Figure(name="EM", value=value, over=4), Figure(name="calibrated EM", value=0.5, over=2))
        return Point(at=at, reading="greedy", rows=3, updates=2, figures=figures)

    points = (point("8", 0.25), point("16", None))
    data = AblationData(title="A", about="b", axes=("budget",), shown=("EM", "calibrated EM"), points=points)
    page = render_ablation(data)
    assert "<script" not in page
    assert "By budget" in page
    assert page.count("<circle") == 3, "what was not measured is not drawn"
    assert "not measured" in page
    assert "25.0% of 4" in page


def test_a_dry_run_says_what_would_be_done(run: Path) -> None:
    there = ("--run", str(run), "--set", "collection=rec")
    said = apprentice("ablate", *there, "--set", "budgets=[0, 512]", "--set", "fractions=[0, 1]", "--dry-run")
    assert said.returncode == 0, said.stderr
    assert "4 cells; 4 trajectories to train on, 1 to score on" in said.stdout
    assert said.stdout.count("the base model itself") == 2
    with pytest.raises(UsageError, match=r"fractions\.0"):
        AblateConfig.resolve(None, ("fractions=[2]",))
    for setting, says in (
        ("models=[no/such-model-anywhere]", "no/such-model-anywhere"),
        ("dialects=[klingon]", "klingon"),
    ):
        refused = apprentice("ablate", *there, "--set", setting, "--dry-run")
        assert refused.returncode in (2, 69)
        assert says in refused.stderr
