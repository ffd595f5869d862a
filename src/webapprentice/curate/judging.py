"""A language model as judge of whether an attempt did what the objective asks.

Page text is fenced: the marks around it follow from a hash of what stands between them, so text that knows its own
marks would have to be a fixed point of that hash. A judge that fails, or whose answer says neither yes nor no, is
undecided, which drops nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Final, Literal, Protocol, Self, cast

from pydantic import Field, SerializationInfo, SerializerFunctionWrapHandler, model_serializer, model_validator

from webapprentice.core.actions import Action
from webapprentice.core.config import Config
from webapprentice.core.faults import Fault, FaultError, LimitError, Owner, UsageError
from webapprentice.core.keys import FOR_KEYS, key_of
from webapprentice.core.protocols import Completion, Model, Prompt, Sampling, Scorer
from webapprentice.core.records import Judgment, Message, Observation, Trajectory
from webapprentice.core.text import clean, squeeze
from webapprentice.curate.groups import element_name, share_of
from webapprentice.curate.rules import Needs
from webapprentice.models import ModelConfig, load
from webapprentice.page import Form, render
from webapprentice.page.form import Count

_HOLES: Final = ("fence", "objective", "actions", "pages")
_LONGEST = 500  # characters of one action, address or message
_SMUGGLED = re.compile("[\r\u2028\u2029\U000e0000-\U000e007f]")
_VERDICT = re.compile(r"\b(yes|no|unsure|cannot say)\b")
_LABELLED = re.compile(r"\b(?:verdict|answer|conclusion)\W{0,4}(yes|no|unsure|cannot say)\b")
_UNASKED = FaultError(Fault(owner=Owner.MODEL, kind="not_asked", message="the judge failed too often"))
_ABOUT_KEYS = ("options", "batch", "answers", "failures")


class JudgeConfig(Config):
    """Who judges, by which words, and how its answers are counted."""

    model: str = ""
    """Of the rule `judge`: an endpoint, a folder or a name."""
    prompt: Path | None = None
    """File with the question, with $fence, $objective, $actions and $pages in it; none: the one that ships."""
    by: Literal["answer", "logprob"] = "answer"
    """`answer`: what it says, by votes. `logprob`: p(yes) / (p(yes) + p(no)), of models that tell probabilities."""
    votes: int = Field(default=1, ge=1)
    """Answers to each question; the score is the share of yes among those that say yes or no."""
    temperature: float = Field(default=0.0, ge=0.0)
    """0 is greedy; votes need more."""
    threshold: float = Field(default=0.5, ge=0.0, le=1.0)
    """The least score that passes."""
    pages: int = Field(default=2, ge=0)
    """Last pages that it sees."""
    form: Form = Form.AXTREE
    """How pages are put into text."""
    budget: int = Field(default=1500, ge=1)
    """Tokens of each page."""
    max_tokens: int = Field(default=64, ge=1)
    """Tokens of one answer; more where the prompt asks for reasons."""
    seed: int = 0
    """Of sampling."""
    batch: int = Field(default=64, ge=1)
    """Questions in one call of the model."""
    answers: int = Field(default=0, ge=0)
    """Answers asked for in one run, at the most; 0: as many as it takes. Answers are kept in the store."""
    failures: int = Field(default=8, ge=1)
    """After so many questions in a row that came to nothing, the rest is left undecided."""
    options: ModelConfig = ModelConfig()

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.votes > 1 and (self.temperature == 0 or self.by == "logprob"):
            raise ValueError("votes differ only between sampled answers: set temperature above 0 and by=answer")
        return self

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """For keys, the words instead of the file's place, and nothing that changes no judgment."""
        found: dict[str, Any] = write(self)
        if info.context is FOR_KEYS:
            found = {name: value for name, value in found.items() if name not in _ABOUT_KEYS}
            found["prompt"] = self.words
        return found

    @property
    def words(self) -> str:
        """The question. Raises UsageError where the file cannot be read."""
        if self.prompt is None:
            return resources.files("webapprentice.curate").joinpath("judge.txt").read_text(encoding="utf-8")
        try:
            return self.prompt.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the judge's prompt {self.prompt}: {error}; check judge.prompt") from error

    @property
    def template(self) -> Template:
        """The question with its holes. Raises UsageError where one is missing or there is another."""
        template = Template(self.words)
        holes = set(template.get_identifiers()) if template.is_valid() else set()
        if holes != set(_HOLES):
            raise UsageError(
                f"the judge's prompt {self.prompt} must hold {', '.join(f'${name}' for name in _HOLES)} and no other $ "
                "(a dollar sign is written $$)"
            )
        return template


class Kept(Protocol):
    """Where answers are kept; a `Store` is one."""

    def stage(self, key: str) -> dict[str, Any] | None:
        """What was kept under this key."""
        ...

    def complete(self, key: str, name: str, output: dict[str, Any], seconds: float) -> None:
        """Keep it."""
        ...


def question(trajectory: Trajectory, config: JudgeConfig, count: Count) -> Prompt:
    """The chat that asks about one attempt. `count` gives the tokens of a text."""
    seen: list[Observation] = [step.observation for step in trajectory.steps]
    if trajectory.final is not None:
        seen.append(trajectory.final)
    shown = seen[-config.pages :] if config.pages else []
    did = [
        f"{step.index + 1}. {_line(_told(step.action, step.observation) if step.action else step.said)}"
        f" -> {step.outcome.result.value}{f': {_line(step.outcome.message)}' if step.outcome.message else ''}"
        for step in trajectory.steps
    ]
    parts = {
        "objective": _line(trajectory.goal, 4 * _LONGEST),
        "actions": "\n".join([*did, f"(ended: {trajectory.ending.value})"]),
        "pages": "\n\n".join(
            f"URL: {_line(one.url)}\n{_safe(render(one.elements, config.form, config.budget, count).text)}"
            for one in shown
        ),
    }
    words = config.template.substitute(parts, fence=fence(parts))
    return (Message(role="user", content=words),)


def fence(parts: dict[str, str]) -> str:
    """Marks that occur in none of the parts and that follow from all of them."""
    turn = 0
    while any((mark := key_of("fence", turn, parts, size=8)) in part for part in parts.values()):
        turn += 1
    return mark


def verdict(text: str) -> bool | None:
    """What an answer says: True for yes, False for no, None for anything else. Total.

    A verdict with a label before it (`Verdict: no`) counts; else the answer's first word, else its last line where
    that holds one verdict alone.
    """
    folded = squeeze(clean(text)).casefold()
    labelled = _LABELLED.findall(folded)
    first = _VERDICT.match(folded.lstrip(" *_\"'`([{#.:-"))
    lines = [line for line in clean(text).casefold().splitlines() if line.strip()]
    last = set(_VERDICT.findall(lines[-1])) if lines else set()
    said = labelled[-1] if labelled else first[1] if first else last.pop() if len(last) == 1 else ""
    return {"yes": True, "no": False}.get(said)


@dataclass
class Judge:
    """Keeps what a language model, shown objective, actions and last pages, says did what was asked."""

    model: Model
    config: JudgeConfig
    kept: Kept | None = None
    """Answers are looked up and kept there; None asks anew each time."""
    name: str = "judge"
    looks_at: str = "what a language model says of objective, actions and last pages"
    needs: frozenset[Needs] = frozenset({"judge"})
    asked: int = 0
    """Answers that were asked for."""
    failed: int = 0
    """Questions that came to nothing."""
    _row: int = 0

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """The score is the share of yes, or p(yes). Raises LimitError where `answers` is reached."""
        prompts = [question(one, self.config, self.model.count) for one in trajectories]
        if self.config.by == "logprob":
            return [self._judgment(score, "no verdict") for score in await self._likely(prompts)]
        asked = [(prompt, sampling) for prompt in prompts for sampling in self._samplings()]
        answers = await self._answers(asked)
        each = self.config.votes
        return [self._counted(answers[start : start + each]) for start in range(0, len(answers), each)]

    def _samplings(self) -> list[Sampling]:
        how = self.config
        return [
            Sampling(temperature=how.temperature, max_tokens=how.max_tokens, seed=how.seed + vote)
            for vote in range(how.votes)
        ]

    def _counted(self, answers: Sequence[str | FaultError]) -> Judgment:
        votes = [found for answer in answers if isinstance(answer, str) and (found := verdict(answer)) is not None]
        wrong = next((answer for answer in answers if isinstance(answer, FaultError)), None)
        why = f"no answer ({wrong.fault.kind})" if wrong else "no verdict"
        return self._judgment(sum(votes) / len(votes) if votes else None, why)

    def _judgment(self, score: float | None, why: str) -> Judgment:
        if score is None:
            return Judgment(judge=self.name, passed=None, reason=why)
        passed = score >= self.config.threshold
        return Judgment(judge=self.name, passed=passed, score=score, reason="" if passed else f"{score:.3g} yes")

    async def _answers(self, asked: Sequence[tuple[Prompt, Sampling]]) -> list[str | FaultError]:
        """Answers in order; the same question is asked once."""
        keys = [key_of("judge", self.model.key, prompt, sampling) for prompt, sampling in asked]
        found: dict[str, str | FaultError] = {}
        todo: dict[str, tuple[Prompt, Sampling]] = {}
        for key, one in zip(keys, asked, strict=True):
            kept = self.kept.stage(key) if self.kept else None
            if kept is not None:
                found[key] = str(kept["text"])
            else:
                todo[key] = one
        order = list(todo)
        for start in range(0, len(order), self.config.batch):
            some = order[start : start + self.config.batch]
            found.update(zip(some, await self._batch([todo[key] for key in some]), strict=True))
            for key in some:
                if self.kept and isinstance(text := found[key], str):
                    self.kept.complete(key, f"judge:{self.model.key}", {"text": text}, 0.0)
        return [found[key] for key in keys]

    async def _batch(self, some: Sequence[tuple[Prompt, Sampling]]) -> list[str | FaultError]:
        if self.config.answers and self.asked >= self.config.answers:
            raise LimitError(f"the judge was asked {self.asked:,} times; answers are kept, run this again to go on")
        if self._row >= self.config.failures:
            self.failed += len(some)
            return [_UNASKED] * len(some)
        self.asked += len(some)
        try:
            return [one.text for one in await self._complete(some)]
        except FaultError:  # one prompt's own fault, or the backend's: each is asked alone to tell
            alone = await asyncio.gather(*(self._alone(one) for one in some))
            return list(alone)

    async def _alone(self, one: tuple[Prompt, Sampling]) -> str | FaultError:
        if self._row >= self.config.failures:
            self.failed += 1
            return _UNASKED
        try:
            (said,) = await self._complete([one])
        except FaultError as error:
            self.failed, self._row = self.failed + 1, self._row + 1
            return error
        self._row = 0
        return said.text

    async def _complete(self, some: Sequence[tuple[Prompt, Sampling]]) -> list[Completion]:
        return await self.model.complete([prompt for prompt, _ in some], [sampling for _, sampling in some])

    async def _likely(self, prompts: Sequence[Prompt]) -> list[float | None]:
        """p(yes) / (p(yes) + p(no)) of each; None where the model fails."""
        if not hasattr(self.model, "logprobs"):
            raise UsageError("this judge tells no probabilities; set judge.by=answer, or judge with a local model")
        scorer = cast(Scorer, self.model)
        found: list[float | None] = []
        for start in range(0, len(prompts), self.config.batch):
            some = prompts[start : start + self.config.batch]
            self.asked += len(some)
            try:
                both = await scorer.logprobs([one for one in some for _ in range(2)], ["yes", "no"] * len(some))
                found += [share_of(yes, no) for yes, no in zip(both[::2], both[1::2], strict=True)]
            except FaultError:
                self.failed += len(some)
                found += [None] * len(some)
        return found


def _told(action: Action, seen: Observation) -> str:
    """An action in plain words, its elements by name."""
    fields = action.model_dump(mode="json", exclude_defaults=True)
    for end in ("node", "to"):
        if isinstance(fields.get(end), int):
            fields[end] = element_name(fields[end], seen)
    return " ".join([action.kind, *(f"{name}={value!r}" for name, value in fields.items() if name != "kind")])


def _line(text: str, most: int = _LONGEST) -> str:
    line = squeeze(_safe(text))
    return line if len(line) <= most else line[: most - 3] + "..."


def _safe(text: str) -> str:
    """Without control and direction marks, tags that are not shown, and line ends that are not ours."""
    return _SMUGGLED.sub(" ", clean(text))


def judge_of(config: JudgeConfig, kept: Kept | None = None) -> Judge | None:
    """The judge of this configuration, its model loaded; None where it names no model. Raises as `models.load`."""
    return Judge(load(config.model, config.options), config, kept) if config.model else None
