"""From a collection of recorded trajectories to a table of how a model would have done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from webapprentice import __version__
from webapprentice.core.actions import Action
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of, seed_for
from webapprentice.core.protocols import Model, Prompt, Sampling
from webapprentice.core.records import Record, Trajectory
from webapprentice.curate.chunked import usable
from webapprentice.curate.sheets import Desk
from webapprentice.dialect import load as load_dialect
from webapprentice.evaluate.scoring.answers import Answer, Clerk, Tell
from webapprentice.evaluate.scoring.baselines import NAMES, Baselines
from webapprentice.evaluate.scoring.config import ScoreConfig
from webapprentice.evaluate.scoring.judging import Judge, Question
from webapprentice.evaluate.scoring.labels import Labelled, read_ranking, told_of
from webapprentice.metrics import Figure, decided, elect
from webapprentice.page.form import Count
from webapprentice.store import Store

_WINDOW = 4
"""Batches of prompts that are in memory at a time."""


class Column(Record):
    """One model at one temperature, or one baseline."""

    name: str
    kind: Literal["model", "baseline"]
    figures: tuple[Figure, ...]
    answers: int = 0
    unreadable: int = 0
    """Answers that were no action, or pointed at no element of the page; they have no vote."""
    refused: int = 0
    """Prompts that were too long for the model, or refused; they count as answers without a vote."""


class Scores(Record):
    """What came of scoring one model on one set of steps."""

    schema_version: Literal[1] = 1
    setting: str
    model: str
    """Name of the model."""
    model_key: str
    """Content key of its weights."""
    data: str
    """Key of the trajectories, whatever their order."""
    collection: str
    trajectories: int
    steps: int
    left_out: int
    """Steps without an action that was carried out; only where the exact action is asked for."""
    without_target: int
    """Steps whose target is not on the page: nobody is asked, and they count as wrong."""
    taught: int
    """Trajectories that the model's own folder says it was trained on: on those a score measures memory."""
    learned_from: int
    """Trajectories that the baselines learned from; without any they are not measured."""
    columns: tuple[Column, ...]
    differences: tuple[Figure, ...]
    """Steps right in all: each reading of the model less each baseline, on the same steps."""
    against: tuple[Figure, ...] = ()
    """The same, and as a multiple, for each reading that an earlier result has too."""
    right: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Reading → `TRAJECTORY/PLACE` → 1 where that step was right in all, else 0."""
    settings: dict[str, Any]
    version: str = __version__


class Outline(Record):
    """What scoring would take."""

    trajectories: int
    steps: int
    prompts: int
    """At each temperature, and for each sample."""
    prompt_tokens: int
    answers: int
    """At most: voting stops when it is decided."""
    seconds: float | None
    """By what this model's answers in the store took; None where it has none."""


async def score(config: ScoreConfig, run: Path, store: Store, model: Model, tell: Tell) -> Scores:
    """Ask what the store lacks, and count. The same data, model and settings give the same figures.

    Raises UsageError for data that is not there or does not fit, LimitError when a limit is reached.
    """
    exam = _Exam(config, run, store, model.count)
    clerk = Clerk(model, store, config.batch, config.limits, tell)
    for window in exam.windows():
        for name, temperature in zip(exam.readings, config.temperatures, strict=True):
            await exam.ask(window, name, temperature, clerk)
        exam.guess(window)
    return exam.scores(model)


def outline(config: ScoreConfig, run: Path, store: Store, count: Count) -> Outline:
    """What `score` would ask, and how long it may take."""
    exam = _Exam(config, run, store, count)
    prompts = tokens = 0
    for window in exam.windows():
        for question in window:
            if question.sheet is not None:
                prompts += len(question.sheet.prompts)
                tokens += sum(count(message.content) for prompt in question.sheet.prompts for message in prompt)
    each = sum(1 if temperature == 0 else config.samples for temperature in config.temperatures)
    seconds = [seconds for _, name, seconds in store.stages() if name.startswith("answer:")]
    return Outline(
        trajectories=len(exam.keys),
        steps=exam.steps,
        prompts=prompts,
        prompt_tokens=tokens,
        answers=prompts * each,
        seconds=prompts * each * sum(seconds) / len(seconds) if seconds else None,
    )


class _Exam:
    """The questions of one collection, and one judge a column."""

    def __init__(self, config: ScoreConfig, run: Path, store: Store, count: Count) -> None:
        self.config = config
        self._store = store
        dialect = load_dialect(config.dialect)
        self._dialect = dialect.with_(budget=config.budget) if config.budget else dialect
        self._desk = Desk(self._dialect, config.pages, config.history, count, store.blob)
        self.keys, training = _split(config, run, store)
        self._before = _earlier(config, run, self.keys)
        self._ranking = read_ranking(_inside(run, config.candidates)) if config.candidates else None
        self.readings = ["greedy" if t == 0 else f"T = {t:g}" for t in config.temperatures]
        learned = store.trajectories(config.collection, training) if config.baselines and training else ()
        self._baselines = Baselines(learned)
        names = [*self.readings, *(NAMES if self._baselines.learned else ())]
        self._judges = {name: Judge(config, self._ranking) for name in names}
        self._counts: dict[str, dict[str, int]] = {
            name: {"answers": 0, "unreadable": 0, "refused": 0} for name in names
        }
        self.steps = self.left_out = self.without = 0
        self._done = 0

    def windows(self) -> Iterator[list[Question]]:
        """Questions, as many at a time as a few batches hold."""
        held: list[Question] = []
        room = _WINDOW * self.config.batch
        for trajectory in self._store.trajectories(self.config.collection, self.keys):
            for question in self._questions(trajectory):
                held.append(question)
                room -= len(question.sheet.prompts) if question.sheet is not None else 0
            self._done += 1
            if room <= 0:
                yield held
                held, room = [], _WINDOW * self.config.batch
        if held:
            yield held

    def _questions(self, trajectory: Trajectory) -> Iterator[Question]:
        told = None if self.config.setting == "exact" else told_of(trajectory, self._store.blob)
        for place, step in enumerate(trajectory.steps):
            labelled = Labelled(step.observation, told.steps[place], self._store.blob) if told is not None else None
            if labelled is None and not usable(step):
                self.left_out += 1
                continue
            self.steps += 1
            asked = labelled is None or bool(labelled.wanted.positives)
            self.without += not asked
            sheet = self._desk.sheet(trajectory, place) if asked else None
            yield Question(trajectory, place, sheet, labelled)

    async def ask(self, window: Sequence[Question], name: str, temperature: float, clerk: Clerk) -> None:
        """Ask a model about each step until its vote is decided, and judge what it elects."""
        plans = [self._plan(question, temperature) for question in window]
        answers: list[list[Answer]] = [[] for _ in window]
        votes: list[list[tuple[int | None, Action] | None]] = [[] for _ in window]
        active = [place for place, plan in enumerate(plans) if plan]
        while active:
            each = max(1, self.config.batch // len(active))
            asked = [(place, one) for place in active for one in plans[place][len(answers[place]) :][:each]]
            left = sum(len(plans[place]) - len(answers[place]) for place in active)
            found = await clerk.ask([one for _, one in asked], f"score: {name}", self._ahead(left, window))
            for (place, _), answer in zip(asked, found, strict=True):
                answers[place].append(answer)
                votes[place].append(_vote(window[place], answer))
            active = [place for place in active if self._open(votes[place], len(plans[place]) - len(answers[place]))]
        for question, given, cast in zip(window, answers, votes, strict=True):
            elected = elect(cast)
            words = [one.text for one in given] if self.config.legacy else None
            self._judges[name].take(question, elected[1] if elected else None, words)
            counts = self._counts[name]
            counts["answers"] += len(given)
            counts["refused"] += sum(bool(one.fault) for one in given)
            counts["unreadable"] += sum(vote is None and not one.fault for vote, one in zip(cast, given, strict=True))

    def guess(self, window: Sequence[Question]) -> None:
        """Judge the baselines."""
        for name in NAMES if self._baselines.learned else ():
            for question in window:
                self._judges[name].take(question, self._baselines.predict(name, question.trajectory, question.place))

    def scores(self, model: Model) -> Scores:
        """Everything that was counted."""
        columns = [
            Column(
                name=name,
                kind="baseline" if name in NAMES else "model",
                figures=judge.figures(),
                **self._counts[name],
            )
            for name, judge in self._judges.items()
        ]
        return Scores(
            setting=self.config.setting,
            model=self.config.model,
            model_key=model.key,
            data=_data_key(self.keys),
            collection=self.config.collection,
            trajectories=len(self.keys),
            steps=self.steps,
            left_out=self.left_out,
            without_target=self.without,
            taught=len(set(self.keys) & _taught(self.config)),
            learned_from=self._baselines.learned,
            columns=tuple(columns),
            differences=tuple(
                self._judges[reading].ahead_of(self._judges[name], f"{reading} less {name}")
                for reading in self.readings
                for name in NAMES
                if name in self._judges
            ),
            against=tuple(
                figure
                for reading in self.readings
                if reading in self._before
                for figure in self._judges[reading].against(self._before[reading], reading)
            ),
            right={reading: self._judges[reading].by_step for reading in self.readings},
            settings=self.config.model_dump(mode="json"),
        )

    def _plan(self, question: Question, temperature: float) -> list[tuple[Prompt, Sampling]]:
        """What to ask of one step, in order: every chunk, then every chunk again for the next sample."""
        if question.sheet is None:
            return []
        plan = []
        for sample in range(1 if temperature == 0 else self.config.samples):
            sampling = Sampling(
                temperature=temperature,
                top_p=self.config.top_p if temperature else 1.0,
                max_tokens=self.config.max_tokens or self._dialect.answer,
                seed=seed_for(self.config.seed, "sample", sample) if temperature else 0,
            )
            plan += [(prompt, sampling) for prompt in question.sheet.prompts]
        return plan

    def _open(self, votes: Sequence[tuple[int | None, Action] | None], left: int) -> bool:
        return left > 0 and (self.config.legacy or not decided(votes, left))

    def _ahead(self, left: int, window: Sequence[Question]) -> int:
        """Answers still to come at this temperature, if the trajectories to come are like those of this window."""
        inside = len({question.trajectory.key for question in window})
        return left + round(left * (len(self.keys) - self._done) / max(1, inside))


def _vote(question: Question, answer: Answer) -> tuple[int | None, Action] | None:
    """What an answer votes for; None where it is no action or its element is not on the page."""
    assert question.sheet is not None
    action = None if answer.fault else question.sheet.read(answer.text)
    if action is None:
        return None
    node: int | None = getattr(action, "node", None)
    if node is not None and question.step.observation.element(node) is None:
        return None
    return node, action


def _split(config: ScoreConfig, run: Path, store: Store) -> tuple[list[str], list[str]]:
    """Keys of the trajectories to score, and of those that baselines learn from. Raises UsageError."""
    if config.collection not in store.collections():
        raise UsageError(
            f"the store has no collection {config.collection!r}; it has {', '.join(store.collections()) or 'none'}"
        )
    every = {one.key: one for one in store.trajectories(config.collection, steps=False)}
    chosen = [key for key, one in every.items() if config.split in ("all", one.task.evaluator.get("split", ""))]
    if config.keys is not None:
        wanted = _keys(_inside(run, config.keys), every)
        chosen = [key for key in chosen if key in wanted]
    if not chosen:
        raise UsageError(f"nothing of {config.collection} is in split={config.split} and keys; check both")
    taken = set(chosen)
    if config.train_keys is not None:
        training = _keys(_inside(run, config.train_keys), every)
        if shared := sorted(taken & training):
            raise UsageError(f"{shared[0]} is to be scored and stands in train_keys, too; take it out of one of them")
        return chosen, [key for key in every if key in training]
    return chosen, [key for key in every if key not in taken]


def _taught(config: ScoreConfig) -> set[str]:
    """Keys of the trajectories that a model's folder says it was trained on."""
    folders = (
        Path(config.model),
        Path(config.model).parent,
        *([config.options.adapter] if config.options.adapter else []),
    )
    found: set[str] = set()
    for folder in folders:
        with suppress(OSError, UnicodeDecodeError):
            found.update((folder / "trajectories.txt").read_text(encoding="utf-8").split())
    return found


def _data_key(keys: Sequence[str]) -> str:
    return key_of("trajectories", sorted(keys))


def _earlier(config: ScoreConfig, run: Path, keys: Sequence[str]) -> dict[str, dict[str, float]]:
    """What was right before, by reading and step. Raises UsageError where that was about other steps."""
    if config.against is None:
        return {}
    path = run / f"{config.against}.json"
    try:
        told = json.loads(path.read_bytes())
        data, setting, right = told["data"], told["setting"], told["right"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"cannot compare with {path}: it is no result of `apprentice score` ({error})") from error
    if (data, setting) != (_data_key(keys), config.setting):
        raise UsageError(f"cannot compare with {path}: it is about other trajectories or another setting")
    return dict(right)


def _inside(run: Path, path: Path) -> Path:
    """The file in the run's folder where it is there, else as it was named."""
    return run / path if (run / path).is_file() else path


def _keys(path: Path, every: Mapping[str, object]) -> set[str]:
    try:
        keys = set(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the keys {path}: {error}; give a file with one trajectory key a line") from error
    missing = sorted(keys - set(every))
    if missing:
        raise UsageError(f"{path} names {missing[0]}, which is not in the collection ({len(missing)} such keys)")
    return keys
