"""Where the work of one run happens: its folder, store, models and stages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Executor, Model, Scorer
from webapprentice.core.records import Trajectory
from webapprentice.curate import Dataset, DatasetConfig, FilterConfig, Filtered, examples
from webapprentice.curate import filter as sift
from webapprentice.curate.judging import Judge, judge_of
from webapprentice.dialect import Dialect
from webapprentice.evaluate import Cast, Named, attempt_all, dialect_of, player
from webapprentice.improve.checking import held_out_of, practice_tasks
from webapprentice.improve.config import ImproveConfig
from webapprentice.improve.mixing import mixed
from webapprentice.improve.rows import read_rows, write_rows
from webapprentice.improve.stages import Stages, Tell
from webapprentice.improve.telling import counter, interruptible, teller, trainer_teller
from webapprentice.language import Spelling
from webapprentice.models import load as load_model
from webapprentice.models.embedding import embedder
from webapprentice.page.form import Count
from webapprentice.rollout import Budget, RolloutConfig
from webapprentice.store import Store, write_lines
from webapprentice.synthesis import SynthesisConfig, invent, synthesize
from webapprentice.synthesis.prompts import Prompts
from webapprentice.tasks import load as load_tasks
from webapprentice.train import train


class Workshop:
    """One run folder: `store.sqlite`, `data/*.jsonl`, `models/*/`, `report.html`."""

    def __init__(
        self, folder: Path, config: ImproveConfig, store: Store, tell: Tell, executor: Executor | None = None
    ) -> None:
        self.folder = folder
        self.config = config
        self.store = store
        self.tell = tell
        self.stages = Stages(store, tell)
        self._executor = executor
        self._budget, self._cast = Budget(config.pool.limits), Cast()
        self._models: dict[str, Model] = {}
        """The models used last; more than two of them need not fit beside each other."""

    def model(self, name: str) -> Model:
        """The model of this name, or of this folder under the run; loaded once."""
        if name not in self._models:
            for old in list(self._models)[:-1]:
                del self._models[old]
            inside = self.folder / name
            self._models[name] = load_model(inside if inside.is_dir() else name, self.config.options)
        return self._models[name]

    @cached_property
    def held_out(self) -> frozenset[str]:
        """Ids of tasks that no row may come from, and that reports tell apart."""
        return held_out_of(self.config)

    async def attempt(self, name: str, number: int, label: str) -> list[str]:
        """Practise in one round; gives the keys of the attempts."""
        practice = self.config.practice
        first = practice.first_seed + (number - 1) * practice.seeds
        seeds = range(first, first + practice.seeds)
        tasks = practice_tasks(self.config)
        collection = f"practice/{label}"
        model = self.model(name)

        async def work(_: str) -> dict[str, Any]:
            say = teller(self.tell, f"practice {label}")
            keys = await attempt_all(
                model,
                tasks,
                seeds,
                practice.attempts,
                practice.rollout,
                self.store,
                collection,
                pool=self.config.pool,
                tell=say,
                budget=self._budget,
                executor=self._executor,
                named=self._named(name),
                cast=self._cast,
            )
            return {"keys": keys, "collection": collection}

        inputs = (model.key, tasks, list(seeds), practice.attempts, practice.rollout)
        return cast(list[str], (await self.stages.run(f"practice:{label}", inputs, work))["keys"])

    async def invent(self, name: str, label: str, keys: Sequence[str], number: int = 1) -> dict[str, Any]:
        """Have examples made up, and choose among them; gives the collection, keys and counts.

        `keys` are this round's attempts: an author is shown their objectives, and the kept ones as demonstrations.
        """
        model, config = self.model(name), self.config
        dialect = dialect_of(config.practice.rollout)
        collection = f"synthetic/{label}"
        how = config.synthesis.with_(seed=config.synthesis.seed + number - 1)

        async def work(_: str) -> dict[str, Any]:
            say = counter(self.tell, f"synthesis {label}", how.pages, "pages")
            made = await invent(model, dialect, how, say)
            with self.store.together():
                there = self.store.finished(collection)
                for one in made.trajectories:
                    if one.key not in there:
                        self.store.finish(collection, one)
            rules = config.synthetic_filter
            found = await sift(made.trajectories, rules, *self._asked(rules, dialect, model))
            return {
                "collection": collection,
                "kept": list(found.kept),
                "report": found.model_dump(mode="json", exclude={"judgments", "kept"}),
                "made": made.model_dump(mode="json", exclude={"trajectories"}),
            }

        if config.author is not None:
            return await self._authored(config.author, model, dialect, label, keys)
        inputs = (model.key, dialect, how, config.synthetic_filter, config.synthetic_filter.ordered)
        return await self.stages.run(f"synthesis:{label}", inputs, work)

    async def _authored(
        self, author: SynthesisConfig, own: Model, dialect: Dialect, label: str, keys: Sequence[str]
    ) -> dict[str, Any]:
        """Examples by a model that follows instructions; killed, it goes on after the last answer."""
        writer = own if author.model == "self" else load_model(author.model, author.options)
        alike = embedder(author.embedder, self.folder / "vectors", self.tell)
        filters = {self.config.mixture(arm).filter for arm in self.config.inventing}
        # What demonstrates must not depend on which arms there are, and least of all on the reward.
        rules = self.config.filter.with_(preset=filters.pop() if len(filters) == 1 else "label_free")

        async def work(key: str) -> dict[str, Any]:
            kept = (await self._sift(keys, rules, dialect, own)).kept
            if not kept:
                self.tell("the filter kept nothing that could demonstrate anything: no examples are made up")
                return {"collection": "", "kept": [], "made": {}}
            seeds, only = f"seeds-{key}", set(keys)
            write_lines(kept, self.folder / f"{seeds}.txt")
            practice = {name for name in self.store.collections() if name.startswith("practice/")}
            seen = [name for name in sorted(practice) if self.store.finished(name) & only]
            how = author.with_(name=f"{label}-{key}", collections=tuple(seen), keep=seeds)
            made = await synthesize(how, self.folder, self.store, writer, alike, self.tell, self.held_out, only)
            there = sorted(self.store.finished(made.collection))
            return {"collection": made.collection, "kept": there, "made": made.model_dump(mode="json")}

        wording = Prompts.load(author.prompts).key
        wanted = (author.decides, author.examples, author.most, wording)
        inputs = (own.key, writer.key, alike.key, wanted, list(keys), rules, rules.ordered)
        return await self.stages.run(f"synthesis:{label}", inputs, work)

    async def _sift(self, keys: Sequence[str], rules: FilterConfig, dialect: Dialect, model: Model) -> Filtered:
        """Choose among attempts of the store."""
        attempts = self.trajectories(keys, steps=False)
        return await sift(attempts, rules, *self._asked(rules, dialect, model), whole=self.trajectories)

    def _asked(
        self, rules: FilterConfig, dialect: Dialect, model: Model
    ) -> tuple[Scorer | None, Dialect, Count, Judge | None]:
        """Whom the rules ask."""
        scorer = cast(Scorer, model) if hasattr(model, "logprobs") else None
        judge = judge_of(rules.judge, self.store) if "judge" in rules.ordered else None
        return scorer, dialect, model.count, judge

    async def curate(
        self, name: str, arm: str, label: str, keys: Sequence[Sequence[str]], synthetic: Sequence[str]
    ) -> dict[str, Any]:
        """Filter each round's attempts by one arm's rules and write the rows, and made-up ones where the arm wants any;
        gives the path and the counts."""
        mixture = self.config.mixture(arm)
        rules = self.config.filter.with_(preset=mixture.filter)
        model = self.model(name)
        dialect = dialect_of(self.config.practice.rollout)

        async def work(key: str) -> dict[str, Any]:
            found = [await self._sift(some, rules, dialect, model) for some in keys]
            kept = [one for done in found for one in done.kept]
            chosen = set(kept)
            own = self._examples(kept, dialect, self.config.dataset, model, self.held_out)
            made = self._examples(synthetic, dialect, self._made_up(dialect), model)
            rows = mixed(own.train, made.train, mixture, self.config.dataset.seed)
            path = Path("data") / f"{arm}-{key}.jsonl"
            write_rows(self.folder / path, rows)
            return {
                "rows": str(path),
                "count": len(rows),
                "synthetic": sum(row.task.startswith("synthetic/") for row in rows),
                "synthetic_wanted": round(mixture.synthetic * len(own.train)),
                "report": found[-1].model_dump(mode="json", exclude={"judgments", "kept"}),
                "kept": kept,
                "dropped_by": {
                    key: next(judgment.judge for judgment in judgments if judgment.passed is False)
                    for done in found
                    for key, judgments in done.judgments.items()
                    if key not in chosen
                },
                "made": own.counts.model_dump(mode="json"),
            }

        inputs = (keys, synthetic, mixture, rules, rules.ordered, self.config.dataset, dialect, model.key)
        return await self.stages.run(
            f"curate:{arm}:{label}", inputs, work, lambda made: (self.folder / made["rows"]).is_file()
        )

    def _examples(
        self,
        keys: Sequence[str],
        dialect: Dialect,
        how: DatasetConfig,
        model: Model,
        held_out: frozenset[str] = frozenset(),
    ) -> Dataset:
        """Rows of attempts of the store."""
        attempts = self.trajectories(keys, steps=False)
        return examples(attempts, dialect, how, model.count, held_out, self.trajectories)

    def _made_up(self, dialect: Dialect) -> DatasetConfig:
        """How made-up examples become rows: they are no task's and no site's, so no cap or floor holds for them; and an
        author writes in WebArena's spelling, whatever is taught."""
        how = self.config.dataset.with_(per_task_cap=0, per_task_floor=0, per_site_cap=0, per_site_floor=0)
        same = self.config.author is None or dialect.spelling is Spelling.WEBARENA
        return how if same else how.with_(completion="canonical")

    async def teach(self, name: str, arm: str, rows: str, seed: int) -> dict[str, Any]:
        """Fine-tune a model on rows with one training seed; gives the folder of the new one under the run."""
        config = self.config.train
        merge = config.merge or (config.method == "lora" and self.config.rounds > 1)
        how = config.with_(seed=seed, base_model=str(self._where(name)), merge=merge)
        file = self.folder / rows
        base = self.model(name)

        async def work(key: str) -> dict[str, Any]:
            path = Path("models") / f"{arm}-s{seed}-{key}"
            say = trainer_teller(self.tell, f"train {arm} s{seed}")
            with interruptible():
                report = train(read_rows(file), how, self.folder / path, say)
            made = path / "merged" if merge else path
            return {"model": str(made), "report": report.model_dump(mode="json"), "batch": how.batch_size}

        inputs = (base.key, key_of(file.read_text(encoding="utf-8")), how.with_(base_model=""))
        return await self.stages.run(
            f"train:{arm}:{seed}", inputs, work, lambda made: (self.folder / made["model"]).is_dir()
        )

    async def examine(self, name: str, label: str) -> dict[float, list[str]]:
        """Examine a model at every temperature; gives the keys of its episodes."""
        exam = self.config.exam
        model = self.model(name)
        tasks = load_tasks(exam.tasks, self.config.pool.benchmark)
        seeds = range(exam.first_seed, exam.first_seed + exam.seeds)
        found: dict[float, list[str]] = {}
        for temperature in exam.temperatures:
            how = exam.rollout.with_(temperature=temperature)
            collection = f"exam/{label}/T{temperature:g}"
            what = "greedy" if temperature == 0 else f"T = {temperature:g}"

            async def work(key: str, how: Any = how, collection: str = collection, what: str = what) -> dict[str, Any]:
                if not self._ours(collection, player(model, how), how):
                    collection = f"exam/{label}-{key[:8]}/T{how.temperature:g}"
                keys = await attempt_all(
                    model,
                    tasks,
                    seeds,
                    1,
                    how,
                    self.store,
                    collection,
                    pool=self.config.pool,
                    tell=teller(self.tell, f"exam {label}, {what}"),
                    budget=self._budget,
                    executor=self._executor,
                    named=self._named(name),
                    cast=self._cast,
                )
                return {"keys": keys, "collection": collection}

            inputs = (model.key, tasks, list(seeds), how)
            output = await self.stages.run(f"exam:{label}:T{temperature:g}", inputs, work)
            found[temperature] = output["keys"]
        return found

    def _ours(self, collection: str, model: str, how: RolloutConfig) -> bool:
        """Whether a collection is empty or holds episodes of this model and configuration."""
        if not self.store.finished(collection):
            return True
        one = next(iter(self.store.trajectories(collection, steps=False)))
        return (one.provenance.model, one.provenance.config_hash) == (model, how.hash)

    def trajectories(self, keys: Sequence[str], *, steps: bool = True) -> list[Trajectory]:
        """The trajectories of these keys, in the order of the keys; without steps for statistics."""
        return self.store.ordered(keys, steps=steps)

    def _named(self, name: str) -> Named:
        return Named.of(str(self._where(name)), self.config.options)

    def _where(self, name: str) -> Path | str:
        inside = self.folder / name
        return inside if inside.is_dir() else name
