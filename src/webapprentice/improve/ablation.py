"""A grid of models, contexts, data, page forms and recipes: each cell is rows, a training run and a score."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from webapprentice.core.config import Config, read_yaml
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Model
from webapprentice.core.records import Record
from webapprentice.curate import DatasetConfig, examples
from webapprentice.curate.chunked import chunk_rows
from webapprentice.curate.sheets import Desk, Pages
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.evaluate.scoring import ScoreConfig, Scores, score
from webapprentice.improve.rows import read_rows, write_rows
from webapprentice.improve.stages import Stages, Tell
from webapprentice.improve.telling import interruptible, trainer_teller
from webapprentice.models import ModelConfig
from webapprentice.models import load as load_model
from webapprentice.page.form import Count
from webapprentice.store import Store
from webapprentice.tasks.splits import HELD_OUT
from webapprentice.train import TrainConfig, recipe, train

AXES = ("model", "budget", "fraction", "pages", "dialect", "recipe")
"""What cells differ in, in the order of the grid."""


class AblateConfig(Config):
    """Everything that may differ between two runs of `apprentice ablate`."""

    collection: str = "imported/scribe"
    """Which trajectories of the store."""
    keys: Path | None = None
    """File of keys to score on, one a line; none sets `test` of the tasks aside."""
    test: float = Field(default=0.2, gt=0.0, lt=1.0)
    """Share of the tasks that are scored on and never trained on, drawn by the seed, where `keys` is not given."""
    models: tuple[str, ...] = Field(default=("seed",), min_length=1)
    """Axis: base models, by folder or name."""
    budgets: tuple[int, ...] = Field(default=(0,), min_length=1)
    """Axis: tokens of page text, in training and scoring alike; 0 takes the dialect's own."""
    fractions: tuple[Annotated[float, Field(ge=0.0, le=1.0)], ...] = Field(default=(1.0,), min_length=1)
    """Axis: shares of the training trajectories; 0 scores the base model itself. Smaller sets lie in larger ones."""
    pages: tuple[Pages, ...] = Field(default=("default",), min_length=1)
    """Axis: how pages are pruned and cut; all but `default` go with the dialect `scribe` alone."""
    dialects: tuple[str, ...] = Field(default=("scribe",), min_length=1)
    """Axis: HTML (`scribe`), accessibility tree (`webarena`, `browsergym`) or lines (`compact`)."""
    recipes: tuple[str, ...] = ()
    """Axis: named recipes or YAML files of training settings that differ from `train`; none trains as `train` says."""
    design: Literal["product", "one_at_a_time"] = "product"
    """Every combination, or each axis alone with the first value of the others."""
    seed: int = 0
    """Of the split and of the order in which trajectories enter a fraction."""
    dataset: DatasetConfig = DatasetConfig(completion="canonical", validation=0.0)
    """How trajectories become rows; with ScribeAgent's pages every step that can be shown is one."""
    train: TrainConfig = TrainConfig(base_model="seed", method="lora")
    """Base model is filled in by each cell."""
    score: ScoreConfig = ScoreConfig(temperatures=(0.0,))
    """Collection, model, keys, dialect, budget and pages are filled in by each cell."""
    options: ModelConfig = ModelConfig()
    """How models are loaded."""


class Cell(Record):
    """One combination."""

    model: str
    budget: int
    fraction: float
    pages: Pages
    dialect: str
    recipe: str = ""

    def value(self, axis: str) -> str:
        """What this cell has on an axis, for people."""
        told = getattr(self, axis)
        if axis == "budget":
            return f"{told:,}" if told else "dialect's own"
        if axis == "fraction":
            return f"{told:g}"
        if axis == "recipe":
            return Path(told).stem if told else "train"
        return str(told)

    @property
    def name(self) -> str:
        """All of it in one line."""
        return " · ".join(self.value(axis) for axis in AXES)


class Trial(Record):
    """What a cell gave."""

    cell: Cell
    rows: int
    updates: int
    """0 where the base model itself was scored."""
    model: str
    """Folder of the trained model under the run, or the base's name."""
    scores: Scores


Load = Callable[[str, ModelConfig], Model]


def cells(config: AblateConfig) -> list[Cell]:
    """The grid; combinations that make no sense are left out, one that is there twice is kept once.

    Raises UsageError when nothing is left, or a dialect is unknown.
    """
    for dialect in config.dialects:
        load_dialect(dialect)
    recipes = list(config.recipes) or [""]
    values: list[Sequence[Any]] = [
        config.models,
        config.budgets,
        config.fractions,
        config.pages,
        config.dialects,
        recipes,
    ]
    if config.design == "product":
        combined = list(itertools.product(*values))
    else:
        first = [some[0] for some in values]
        combined = [(*first[:place], value, *first[place + 1 :]) for place, some in enumerate(values) for value in some]
    found = [Cell(**dict(zip(AXES, one, strict=True))) for one in combined]
    fitting = [one for one in dict.fromkeys(found) if one.pages == "default" or one.dialect == "scribe"]
    if not fitting:
        raise UsageError("no cell is left: pages but `default` need the dialect scribe; add it to dialects")
    return fitting


def split(config: AblateConfig, run: Path, store: Store) -> tuple[list[str], list[str]]:
    """Keys to train on, in the order in which they enter a fraction, and keys to score on. Raises UsageError."""
    if config.collection not in store.collections():
        raise UsageError(
            f"the store has no collection {config.collection!r}; it has {', '.join(store.collections()) or 'none'}"
        )
    task_of = {one.key: one.task.id for one in store.trajectories(config.collection, steps=False)}
    if config.keys is not None:
        path = run / config.keys if (run / config.keys).is_file() else config.keys
        try:
            wanted = set(path.read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the keys {path}: {error}") from error
        tested = {task_of[key] for key in wanted if key in task_of}
    else:
        tasks = sorted(set(task_of.values()), key=lambda task: key_of(config.seed, "test", task))
        tested = set(tasks[: math.ceil(config.test * len(tasks))])
        wanted = {key for key, task in task_of.items() if task in tested}
    # A task that is scored on is never trained on, whichever attempt at it was named.
    training = sorted((key for key in task_of if task_of[key] not in tested), key=lambda key: key_of(config.seed, key))
    testing = sorted(wanted & set(task_of))
    if not training or not testing:
        raise UsageError(f"{len(training)} trajectories to train on and {len(testing)} to score on; both are needed")
    return training, testing


class Ablation:
    """The grid at work in one run folder; finished stages are taken from the store."""

    def __init__(self, folder: Path, config: AblateConfig, store: Store, tell: Tell, load: Load = load_model) -> None:
        self.folder = folder
        self.config = config
        self.stages = Stages(store, tell)
        self._store = store
        self._tell = tell
        self._load = load
        self._loaded: tuple[str, Model] | None = None
        self.training, self.testing = split(config, folder, store)

    async def run(self) -> list[Trial]:
        """Every cell, in the order of the grid."""
        made = cells(self.config)
        found = []
        for number, cell in enumerate(made, start=1):
            self._tell(f"cell {number} of {len(made)}: {cell.name}")
            found.append(await self._cell(cell))
        return found

    async def _cell(self, cell: Cell) -> Trial:
        base = self._model(cell.model)
        name, rows, updates = cell.model, 0, 0
        if cell.fraction > 0:
            made = await self._rows(cell, base)
            taught = await self._teach(cell, base, made["rows"])
            name, rows, updates = str(self.folder / taught["model"]), made["count"], taught["steps"]
        scores = await self._score(cell, name)
        return Trial(cell=cell, rows=rows, updates=updates, model=name, scores=scores)

    async def _rows(self, cell: Cell, base: Model) -> dict[str, Any]:
        keys = self.training[: math.ceil(cell.fraction * len(self.training) - 1e-9)]
        named = load_dialect(cell.dialect)
        dialect = named.with_(budget=cell.budget) if cell.budget else named

        async def work(key: str) -> dict[str, Any]:
            rows, lost = self._examples(cell, keys, dialect, base.count)
            if not rows:
                raise UsageError(f"cell {cell.name}: no step became a training row; give a larger budget or more data")
            path = Path("data") / f"ablate-{key}.jsonl"
            write_rows(self.folder / path, rows)
            return {"rows": str(path), "count": len(rows), "lost": lost}

        inputs = (keys, dialect, cell.pages, self.config.dataset, base.key)
        return await self.stages.run(
            f"ablate-rows:{cell.name}", inputs, work, lambda made: (self.folder / made["rows"]).is_file()
        )

    def _examples(self, cell: Cell, keys: list[str], dialect: Dialect, count: Count) -> tuple[list[Any], int]:
        wanted = list(self._store.trajectories(self.config.collection, keys))
        if cell.pages != "default":
            # Whichever chunks are asked, the one that holds the target is taught.
            desk = Desk(dialect, "scribe", self.config.dataset.completion, count, self._store.blob)
            return chunk_rows(wanted, desk)
        made = examples(wanted, dialect, self.config.dataset, count, held_out=HELD_OUT)
        return list(made.train), made.counts.no_target

    async def _teach(self, cell: Cell, base: Model, rows: str) -> dict[str, Any]:
        how = recipe_of(self.config, cell)
        file = self.folder / rows

        async def work(key: str) -> dict[str, Any]:
            path = Path("models") / f"ablate-{key}"
            with interruptible():
                report = train(read_rows(file), how, self.folder / path, trainer_teller(self._tell, "train"))
            made = path / "merged" if how.merge else path
            return {"model": str(made), "steps": report.steps, "losses": list(report.losses)}

        inputs = (base.key, key_of(file.read_text(encoding="utf-8")), how.with_(base_model=""))
        return await self.stages.run(
            f"ablate-train:{cell.name}", inputs, work, lambda made: (self.folder / made["model"]).is_dir()
        )

    async def _score(self, cell: Cell, name: str) -> Scores:
        model = self._model(name)
        tested = self._listed("test", self.testing)
        config = self.config.score.with_(
            collection=self.config.collection,
            model=cell.model,
            split="all",
            keys=tested,
            train_keys=None,
            baselines=False,
            dialect=cell.dialect,
            budget=cell.budget,
            pages=cell.pages,
            history=self.config.dataset.completion,
            options=self.config.options,
        )

        async def work(_: str) -> dict[str, Any]:
            return (await score(config, self.folder, self._store, model, self._tell)).model_dump(mode="json")

        same = config.with_(keys=None, model="")
        inputs = (model.key, self.testing, same.model_dump(mode="json", exclude={"limits", "batch"}))
        return Scores.model_validate(await self.stages.run(f"ablate-score:{cell.name}", inputs, work))

    def _listed(self, name: str, keys: Sequence[str]) -> Path:
        """A file of keys, so that `apprentice score` can be asked for the same."""
        path = self.folder / f"ablate-{name}.txt"
        path.write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
        return Path(path.name)

    def _model(self, name: str) -> Model:
        """The model of this name; one is in memory at a time."""
        if self._loaded is None or self._loaded[0] != name:
            self._loaded = None
            self._loaded = (name, self._load(name, self.config.options))
        return self._loaded[1]


def recipe_of(config: AblateConfig, cell: Cell) -> TrainConfig:
    """How a cell trains. Raises UsageError for a recipe that has no such name and is no file of training settings."""
    told: dict[str, Any] = {}
    if cell.recipe:
        path = Path(cell.recipe)
        told = read_yaml(path if path.suffix else recipe(cell.recipe))
        told = told["train"] if isinstance(told.get("train"), dict) else told
    merged = {**config.train.model_dump(), **told, "base_model": cell.model}
    return TrainConfig.resolve(None, (), **merged)


def varied(config: AblateConfig) -> Iterator[tuple[str, list[str]]]:
    """The axes on which the grid has more than one value, and these values."""
    made = cells(config)
    for axis in AXES:
        values = list(dict.fromkeys(one.value(axis) for one in made))
        if len(values) > 1:
            yield axis, values
