"""`apprentice synthesize`: so many examples, in any number of runs, the same whatever was killed in between."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from webapprentice import __version__
from webapprentice.core.faults import ApprenticeError, UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Embedder, Model
from webapprentice.core.records import Record
from webapprentice.store import Store, write_lines
from webapprentice.synthesis.asking import Asker, lanes_of
from webapprentice.synthesis.config import SynthesisConfig
from webapprentice.synthesis.novelty import Novelty
from webapprentice.synthesis.prompts import Prompts
from webapprentice.synthesis.sample import Rejected, Sample, Setting, Turns, compose
from webapprentice.synthesis.seeds import Seeds

Tell = Callable[[str], None]
"""Says one line of progress."""


class Synthesized(Record):
    """What came of it. All but the last four counts are of the whole collection, however many runs it took."""

    collection: str
    examples: int
    """Kept."""
    samples: int
    """Begun and brought to an end."""
    positions: dict[str, int]
    """Kept examples by where their step stands in its plan."""
    given_up: dict[str, int]
    """Samples without an example, by the stage at which they were given up."""
    rejected: dict[str, int]
    """Answers that were not used, by stage and reason, most frequent first."""
    answers: int
    """Answers that were read."""
    prompt_tokens: int
    completion_tokens: int
    money: float
    """What these tokens cost at `limits.price_in` and `limits.price_out`."""
    asked: int
    """Answers that this run asked for."""
    embedded: int
    """Objectives that this run computed vectors of."""
    failures: int
    """Calls of this run that met a server in trouble and were made again."""
    seconds: float
    """Of this run."""


async def synthesize(
    config: SynthesisConfig,
    run: Path,
    store: Store,
    model: Model,
    embedder: Embedder,
    tell: Tell,
    held_out: Collection[str] = (),
    only: Collection[str] | None = None,
) -> Synthesized:
    """Write examples into `synthetic/NAME` until there are as many as wanted; run again, it goes on.

    Seeds are all of the collections, or those with a key of `only`.

    Raises UsageError when there are no seeds, the prompts are wrong or the collection is another synthesis's,
    LimitError when a limit is reached, FaultError when the model cannot be asked; what was answered is always kept.
    """
    kept = _kept(run / f"{config.keep}.txt") if config.keep else None
    seeds = Seeds.gather(store, config.collections, kept, held_out, only)
    prompts = Prompts.load(config.prompts)
    novelty = Novelty(embedder, seeds.goals if config.apart_from_seeds else ())
    key = key_of("synthesis", __version__, config.decides, model.key, embedder.key, prompts.key, seeds.key)
    _alone(store, f"synthetic/{config.name}", key)
    lanes, batch = lanes_of(model, config.window, config.batch)
    asker = Asker(model, store, config.limits, lanes=lanes, batch=batch, patience=config.patience)
    setting = Setting(config, asker, seeds, prompts, novelty, Turns(), key)
    making = _Making(setting, store, run, tell)
    await making.run()
    return making.told()


class _Making:
    """Samples in flight, and those that are over, taken in the order of their numbers."""

    def __init__(self, setting: Setting, store: Store, run: Path, tell: Tell) -> None:
        self.setting, self.store, self.path, self.tell = setting, store, run, tell
        self.config = setting.config
        self.collection = f"synthetic/{self.config.name}"
        self.samples = self.examples = self.answers = self.prompt_tokens = self.completion_tokens = 0
        self.positions: Counter[str] = Counter()
        self.given_up: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.rejected: list[Rejected] = []
        self._there = store.finished(self.collection)
        self._over: dict[int, Sample] = {}
        self._flying: dict[asyncio.Task[Sample], int] = {}

    async def run(self) -> None:
        """Until there are enough, or as many samples were begun as may be."""
        serving = asyncio.create_task(self.setting.asker.serve())
        try:
            while not self.enough:
                self._launch()
                await asyncio.wait({serving, *self._flying}, return_when=asyncio.FIRST_COMPLETED)
                if serving.done():
                    serving.result()
                self._land()
        except ApprenticeError:
            await self._ground()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.config.options.deadline):
                    await self.setting.asker.settle()
            raise
        finally:
            await self._ground()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            self._write()

    @property
    def enough(self) -> bool:
        """Whether nothing more is wanted."""
        return self.examples >= self.config.examples or self.samples >= self.config.most

    def _launch(self) -> None:
        """Begin the samples that may be in flight beside the first that is not over yet, and will be needed."""
        begun = self.samples + len(self._over) + len(self._flying)
        missing = self.config.examples - self.examples
        needed = math.ceil(missing * (self.samples + 1) / (self.examples + 1))
        for number in range(begun, min(self.samples + min(needed, self.config.window), self.config.most)):
            self._flying[asyncio.create_task(self._sample(number))] = number

    def _land(self) -> None:
        """Take the samples that are over, as far as no earlier one is missing."""
        for task in [task for task in self._flying if task.done()]:
            self._over[self._flying.pop(task)] = task.result()
        with self.store.together():
            while not self.enough and self.samples in self._over:
                self._take(self._over.pop(self.samples))
        self.tell(self._line())

    def _take(self, sample: Sample) -> None:
        self.samples += 1
        self.answers += sample.answers
        self.prompt_tokens += sample.prompt_tokens
        self.completion_tokens += sample.completion_tokens
        self.reasons.update(f"{one.stage}: {one.reason}" for one in sample.rejected)
        self.rejected += sample.rejected[: max(0, self.config.rejected - len(self.rejected))]
        if sample.trajectory is None:
            self.given_up[str(sample.given_up)] += 1
            return
        self.examples += 1
        self.positions[str(sample.position)] += 1
        if sample.trajectory.key not in self._there:
            self.store.finish(self.collection, sample.trajectory)

    async def _sample(self, number: int) -> Sample:
        """A sample, from the store where it was over before."""
        key = key_of("sample", self.setting.key, number)
        kept = self.store.stage(key)
        if kept is not None:
            sample = Sample.model_validate_json(self.store.blob(kept["sample"]))
            await self._again(sample)
            return sample
        sample = await compose(number, self.setting)
        with self.store.together():
            blob = self.store.put(sample.model_dump_json().encode())
            self.store.complete(key, "synthesis-sample", {"sample": blob}, 0.0)
        return sample

    async def _again(self, sample: Sample) -> None:
        """What a finished sample has to say to those after it."""
        turns, novelty, pair = self.setting.turns, self.setting.novelty, None
        await turns.wait(sample.number)
        if sample.objective is not None:
            novelty.add(novelty.vectors([sample.objective])[0])
            pair = self.setting.accept(sample.number, sample.objective, sample.site)
        turns.end(sample.number, pair)

    async def _ground(self) -> None:
        """End what is in flight; its answers are kept."""
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        self._flying.clear()

    def _write(self) -> None:
        lines = (json.dumps(one.model_dump(mode="json"), ensure_ascii=False) for one in self.rejected)
        write_lines(lines, self.path / rejected_file(self.config.name))

    def _line(self) -> str:
        asker = self.setting.asker
        speed = asker.spent.answers / max(asker.seconds, 1e-9)
        parts = [f"synthesis: {self.examples}/{self.config.examples} examples of {self.samples} samples"]
        parts.append(f"{asker.spent.answers:,} answers, {speed:.1f}/s, {asker.spent.tokens:,} tokens")
        if cost := self.config.limits.cost(asker.spent.prompt_tokens, asker.spent.completion_tokens):
            parts.append(f"cost {cost:.2f}")
        if asker.failures:
            parts.append(f"server in trouble: {asker.failures}")
        return " · ".join(parts)

    def told(self) -> Synthesized:
        """The counts."""
        return Synthesized(
            collection=self.collection,
            examples=self.examples,
            samples=self.samples,
            positions=dict(sorted(self.positions.items())),
            given_up=dict(self.given_up.most_common()),
            rejected=dict(self.reasons.most_common()),
            answers=self.answers,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            money=self.config.limits.cost(self.prompt_tokens, self.completion_tokens),
            asked=self.setting.asker.spent.answers,
            embedded=self.setting.novelty.embedded,
            failures=self.setting.asker.failures,
            seconds=self.setting.asker.seconds,
        )


def rejected_file(name: str) -> str:
    """Name of the file of refused answers, in the run's folder."""
    return f"synthetic.{name.replace('/', '.')}.rejected.jsonl"


def _alone(store: Store, collection: str, key: str) -> None:
    """Raise UsageError where the collection holds examples that were made otherwise: they would be counted as these."""
    other = next(
        (one for one in store.trajectories(collection, steps=False) if one.provenance.config_hash != key), None
    )
    if other is not None:
        raise UsageError(
            f"{collection} holds examples made with other settings, seeds, prompts or another model, such as "
            f"{other.key}; choose another name with --set name=NAME"
        )


def _kept(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"there is no list of kept trajectories at {path}; run `apprentice filter` first, or set keep= to take all"
        ) from error
