"""Synthesis for a model too small to follow instructions: it continues its own kind of text from a bare beginning.

A model that was trained on pages, objectives and actions in the compact spelling writes a page that nobody has, then
objectives for it, and then attempts each of them several times. What comes of it are trajectories of one step, like
any other attempts: the rules of `curate.filter` (`words`, `typed`, `vote`, ...) say which are worth learning from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import Field, field_validator

from webapprentice import __version__
from webapprentice.core.config import Config
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of, seed_for
from webapprentice.core.protocols import Completion, Model, Prompt, Sampling
from webapprentice.core.records import (
    Ending,
    Message,
    Observation,
    Outcome,
    Provenance,
    Record,
    Result,
    Source,
    Step,
    Task,
    Trajectory,
)
from webapprentice.dialect import Dialect, prompt_key
from webapprentice.language import Spelling
from webapprentice.page import read_written

URL = "http://imagined.invalid/"
"""Address of every page that a model made up; no such name can exist."""
_BEGINNING = "page :"
_OBJECTIVE = "goal :"
_ASKED = re.compile(r"(?P<goal>[^\n]{3,300})\nact :.*", re.DOTALL)
_OBJECTIVE_TOKENS = 160
_LEAST = 2
"""Elements that can be acted on, on a page worth keeping."""


T = TypeVar("T")
_Ask = tuple[Prompt, tuple[object, ...]]
"""A prompt, and the name that its draw depends on."""


class _RejectedError(Exception):
    """Why a text is nothing to learn from."""


class TinyConfig(Config):
    """How a small model invents examples."""

    pages: int = Field(default=400, ge=1)
    """Pages it begins to write; those that make no sense are counted and left out."""
    objectives: int = Field(default=4, ge=1)
    """Objectives it writes for each page."""
    attempts: int = Field(default=6, ge=1)
    """Attempts at each objective, which the vote compares."""
    temperature: float = Field(default=0.9, gt=0.0)
    """Of pages and objectives; attempts are drawn at 1, as in practice."""
    lines: tuple[int, int] = (4, 16)
    """Lines of a page: at least, at most; each page has a number drawn between them. Small models do not end pages."""
    line_tokens: int = Field(default=12, ge=2)
    """Tokens that a line may cost, on average."""
    batch: int = Field(default=64, ge=1)
    """Pages that are worked on together."""
    seed: int = 0
    """Of every draw; each round adds its number less one."""

    @field_validator("lines")
    @classmethod
    def _ordered(cls, lines: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= lines[0] <= lines[1]:
            raise ValueError("give the least and the most, from 1 on")
        return lines


class Invented(Record):
    """What came of it."""

    trajectories: tuple[Trajectory, ...]
    """Attempts at invented objectives; those of one objective share task and seed."""
    pages: int
    objectives: int
    """Different ones, over all pages."""
    rejected: dict[str, int]
    """Pages, objectives and attempts that were none, by reason."""
    tokens: int
    """Written by the model."""


async def invent(
    model: Model,
    dialect: Dialect,
    config: TinyConfig,
    tell: Callable[[int], None] = lambda _: None,
) -> Invented:
    """Have the model make up pages, objectives and attempts. The same arguments give the same trajectories.

    `tell` is handed the number of pages done. Raises UsageError for a dialect other than the compact one, FaultError
    owned by `model`.
    """
    if dialect.spelling is not Spelling.COMPACT:
        raise UsageError(
            f"a model writes whole pages in the compact spelling only, not in {dialect.spelling.value}; "
            "use `apprentice synthesize` with a model that follows instructions"
        )
    maker = _Maker(model, dialect, config)
    for first in range(0, config.pages, config.batch):
        numbers = range(first, min(first + config.batch, config.pages))
        await maker.work(numbers)
        tell(numbers[-1] + 1)
    return Invented(
        trajectories=tuple(maker.made),
        pages=len(maker.pages),
        objectives=len(maker.objectives),
        rejected=dict(sorted(maker.rejected.items())),
        tokens=maker.tokens,
    )


class _Maker:
    def __init__(self, model: Model, dialect: Dialect, config: TinyConfig) -> None:
        self.model, self.dialect, self.config = model, dialect, config
        self.pages: set[str] = set()
        self.objectives: set[str] = set()
        self.made: list[Trajectory] = []
        self.rejected: Counter[str] = Counter()
        self.tokens = 0

    async def work(self, numbers: Sequence[int]) -> None:
        """Pages of these numbers, their objectives, and the attempts at them."""
        config, warm = self.config, self.config.temperature
        bare = (Message(role="user", content=f"{_BEGINNING}\n"),)
        asks: list[_Ask] = [(bare, ("page", number)) for number in numbers]
        texts = await self._write(asks, warm, config.lines[1] * config.line_tokens, (f"\n{_OBJECTIVE}",))
        pages = [
            (number, self._unless_rejected(self._page, number, text))
            for number, text in zip(numbers, texts, strict=True)
        ]
        wanted = [(n, page, place) for n, page in pages if page for place in range(config.objectives)]
        asks = [(self._begun(page), ("objective", number, place)) for number, page, place in wanted]
        texts = await self._write(asks, warm, _OBJECTIVE_TOKENS, ())
        await self._attempt(
            [
                (number * config.objectives + place, page, goal)
                for (number, page, place), text in zip(wanted, texts, strict=True)
                if (goal := self._unless_rejected(self._goal, page, text.text))
            ]
        )

    def _page(self, number: int, text: Completion) -> Observation:
        """The page, if there is one: with something to act on, and never written before."""
        least, most = self.config.lines
        lines = text.text.split("\n") if text.finished else text.text.split("\n")[:-1]
        length = least + seed_for(self.config.seed, "lines", number) % (most - least + 1)
        page = Observation(url=URL, elements=read_written("\n".join(lines[:length])))
        seen = self.dialect.describe(page, self.model.count)
        shown = set(seen.kept)
        page = page.with_(elements=tuple(element for element in page.elements if element.id in shown))
        if sum(element.clickable and element.tag != "#text" for element in page.elements) < _LEAST:
            raise _RejectedError("page: hardly anything to act on")
        if seen.text in self.pages:
            raise _RejectedError("page: written before")
        self.pages.add(seen.text)
        return page

    def _begun(self, page: Observation) -> Prompt:
        """The page and the word after which an objective comes."""
        text = self.dialect.describe(page, self.model.count).text
        return (Message(role="user", content=f"{_BEGINNING}\n{text}\n{_OBJECTIVE}"),)

    def _goal(self, page: Observation, text: str) -> str:
        """The objective, if one was written and an action was to follow at once."""
        match = _ASKED.fullmatch(text.strip())
        if match is None:
            raise _RejectedError("objective: not one line and then an action")
        goal = " ".join(match["goal"].split())
        known = key_of(goal, [element.model_dump(mode="json") for element in page.elements])
        if known in self.objectives:
            raise _RejectedError("objective: written before")
        self.objectives.add(known)
        return goal

    def _unless_rejected(self, make: Callable[..., T], *given: object) -> T | None:
        """What is made of the text; None, and counted, where nothing can be."""
        try:
            return make(*given)
        except _RejectedError as why:
            self.rejected[str(why)] += 1
            return None

    async def _attempt(self, goals: Sequence[tuple[int, Observation, str]]) -> None:
        """Every objective is attempted, as often as a vote needs."""
        asks: list[_Ask] = []
        for number, page, goal in goals:
            prompt, _ = self.dialect.prompt(goal, page, (), self.model.count)
            asks += [(prompt, ("attempt", number, attempt)) for attempt in range(self.config.attempts)]
        said = iter(zip(asks, await self._write(asks, 1.0, self.dialect.answer, ("\n",)), strict=True))
        for number, page, goal in goals:
            for attempt in range(self.config.attempts):
                (prompt, _), answer = next(said)
                self._keep(number, attempt, page, goal, prompt, answer)

    async def _write(
        self, asks: Sequence[_Ask], temperature: float, most: int, stop: tuple[str, ...]
    ) -> list[Completion]:
        """What the model writes; each draw depends on its own name alone."""
        samplings = [
            Sampling(
                temperature=temperature, max_tokens=most, stop=stop, seed=seed_for(self.config.seed, "invent", *name)
            )
            for _, name in asks
        ]
        written = await self.model.complete([prompt for prompt, _ in asks], samplings)
        self.tokens += sum(one.usage.completion_tokens for one in written)
        return written

    def _keep(
        self, number: int, attempt: int, page: Observation, goal: str, prompt: Prompt, answer: Completion
    ) -> None:
        read = self.dialect.read(answer.text, goal, page)
        node = getattr(read.action, "node", None)
        if read.action is None or (node is not None and page.element(node) is None):
            self.rejected["attempt: no action on this page"] += 1
            return
        how = (__version__, self.model.key, self.dialect, self.config.model_dump(mode="json", exclude={"batch"}))
        key = key_of("invented", how, number, attempt)
        self.made.append(
            Trajectory(
                key=key,
                task=Task(id="synthetic/tiny", benchmark="synthetic", goal=goal, template="synthetic/tiny"),
                goal=goal,
                source=Source.SYNTHETIC,
                steps=(
                    Step(
                        index=0,
                        observation=page,
                        said=answer.text,
                        action=read.action,
                        outcome=Outcome(result=Result.DONE),
                        prompt_key=prompt_key(prompt),
                        logprob=answer.logprob,
                    ),
                ),
                ending=Ending.STOPPED,
                provenance=Provenance(
                    model=self.model.key,
                    config_hash=self.config.hash,
                    seed=number,
                    attempt=attempt,
                    temperature=1.0,
                    spelling=self.dialect.spelling.value,
                ),
            )
        )
