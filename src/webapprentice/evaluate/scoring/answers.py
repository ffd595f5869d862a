"""Asking a model many questions: in batches, each answer kept under its content key, so that a killed run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from webapprentice.core.faults import FaultError, LimitError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Completion, Model, Prompt, Sampling
from webapprentice.core.records import Record
from webapprentice.dialect import prompt_key
from webapprentice.evaluate.scoring.config import ScoreLimits
from webapprentice.store import Store

Tell = Callable[[str], None]
"""Says one line of progress."""

_OWN: Final = frozenset({"context_overflow", "llm_refused", "llm_refusal", "llm_bad_output"})
"""Faults that one prompt brings on: they are its answer, and its neighbours are asked again."""


class Answer(Record):
    """What came back for one prompt."""

    text: str = ""
    fault: str = ""
    """Kind of the fault that stands for an answer: the prompt is too long, or was refused."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    """A batch's time is shared among its members."""


class Clerk:
    """Asks a model and keeps what it says."""

    def __init__(self, model: Model, store: Store, batch: int, limits: ScoreLimits, tell: Tell) -> None:
        self.model = model
        self.asked = 0
        """Answers that this process asked for."""
        self.tokens = 0
        self._store = store
        self._batch = batch
        self._limits = limits
        self._tell = tell
        self._started = time.monotonic()

    async def ask(self, questions: Sequence[tuple[Prompt, Sampling]], label: str, most: int) -> list[Answer]:
        """One answer a question, in order; `most` is how many are still to come with these, for the prediction.

        Raises LimitError when a limit is reached, FaultError for a fault that is not one prompt's own.
        """
        keys = [answer_key(self.model.key, prompt, sampling) for prompt, sampling in questions]
        found = {key: Answer.model_validate(kept) for key in dict.fromkeys(keys) if (kept := self._store.stage(key))}
        todo = {key: asked for key, asked in zip(keys, questions, strict=True) if key not in found}
        order = list(todo)
        for start in range(0, len(order), self._batch):
            self._check()
            some = order[start : start + self._batch]
            answers = await self._answers([todo[key] for key in some])
            with self._store.together():
                for key, answer in zip(some, answers, strict=True):
                    self._store.complete(key, f"answer:{self.model.key}", answer.model_dump(), answer.seconds)
            found.update(zip(some, answers, strict=True))
            self.asked += len(some)
            self.tokens += sum(one.prompt_tokens + one.completion_tokens for one in answers)
            self._tell(self._line(label, most - start - len(some)))
        return [found[key] for key in keys]

    async def _answers(self, questions: Sequence[tuple[Prompt, Sampling]]) -> list[Answer]:
        began = time.monotonic()
        try:
            prompts, samplings = [prompt for prompt, _ in questions], [sampling for _, sampling in questions]
            said = await self.model.complete(prompts, samplings)
        except FaultError as error:
            if error.fault.kind not in _OWN:
                raise
            if len(questions) == 1:
                return [Answer(fault=error.fault.kind, seconds=time.monotonic() - began)]
            return [answer for one in questions for answer in await self._answers([one])]
        each = (time.monotonic() - began) / len(questions)
        return [_answer(one, each) for one in said]

    def _check(self) -> None:
        limits, seconds = self._limits, time.monotonic() - self._started
        for name, used in (("answers", self.asked), ("tokens", self.tokens), ("seconds", seconds)):
            most = getattr(limits, name)
            if most and used >= most:
                raise LimitError(
                    f"the limit limits.{name} was reached ({used:,.0f}); answers are kept, run this again to go on"
                )

    def _line(self, label: str, left: int) -> str:
        seconds = max(time.monotonic() - self._started, 1e-9)
        speed = self.asked / seconds
        ahead = f", at most {left / speed:,.0f} s left" if left > 0 else ""
        return f"{label}: {self.asked:,} answers, {speed:.1f}/s, {self.tokens:,} tokens{ahead}"


def answer_key(model: str, prompt: Prompt, sampling: Sampling) -> str:
    """Content key of an answer: the same question to the same model is asked once in a store."""
    return key_of("answer", model, prompt_key(prompt), sampling)


def _answer(said: Completion, seconds: float) -> Answer:
    usage = said.usage
    return Answer(
        text=said.text,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        seconds=seconds,
    )
