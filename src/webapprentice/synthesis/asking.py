"""Asking a model from many samples at once: every answer is kept, every limit holds, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from webapprentice.core.faults import ApprenticeError, Fault, FaultError, LimitError, Owner
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Completion, Model, Prompt, Sampling
from webapprentice.core.records import Record
from webapprentice.dialect import prompt_key
from webapprentice.store import Store
from webapprentice.synthesis.answers import LONGEST
from webapprentice.synthesis.config import SynthesisLimits

_OWN: Final = frozenset({"context_overflow", "llm_refused", "llm_refusal", "llm_bad_output"})
"""Faults that one prompt brings on: they are its answer."""
_PASSING: Final = frozenset({"llm_rate_limit", "llm_5xx", "llm_timeout", "llm_connection"})
"""Faults of a server that may be well again later."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0  # seconds between probes of a server that fails
_LINGER_SECONDS = 0.02
_STUBBORN = 3
"""Passing faults that one question may meet while others are answered; then they are its answer."""


class Answer(Record):
    """What came back for one prompt."""

    text: str = ""
    finished: bool = True
    fault: str = ""
    """Kind of the fault that stands for an answer."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


@dataclass(eq=False)
class _Question:
    key: str
    prompt: Prompt
    sampling: Sampling
    cost: tuple[int, int]
    """Tokens that it may take at the most: of prompt and answer."""
    answer: asyncio.Future[Answer]
    failed: int = 0
    since: int = 0
    """Answers that others had got when it first failed."""


@dataclass
class Spent:
    """What one process has used."""

    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Of prompts and answers together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass
class _Health:
    """Whether the model answers at all."""

    down: bool = False
    pause: float = _FIRST_PAUSE
    since: float = field(default_factory=time.monotonic)
    """When it last answered."""


class Asker:
    """Gathers questions from many coroutines; the same question to the same model is asked once in a store.

    `lanes` calls are under way at a time, of up to `batch` questions each: one call of many for a model on this
    machine, many calls of one for an endpoint, where a slow answer then holds up nobody else. Near a limit fewer
    questions are sent, so that it is passed by one answer at the most.

    A server that fails (rate limits, 5xx, lost connections, time-outs, after the endpoint's own retries) is probed by
    one question at a time until it answers, and no question is given up for it; after `patience` seconds without any
    answer its fault is raised. A question that alone fails again and again, while others are answered, has the fault
    as its answer.
    """

    def __init__(
        self, model: Model, store: Store, limits: SynthesisLimits, *, lanes: int, batch: int, patience: float
    ) -> None:
        self.model = model
        self.spent = Spent()
        self.failures = 0
        """Calls that met a passing fault."""
        self._store = store
        self._limits = limits
        self._lanes, self._batch, self._patience = lanes, batch, patience
        self._waiting: deque[_Question] = deque()
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._reserved: list[tuple[int, int]] = []
        self._changed = asyncio.Event()
        self._health = _Health()
        self._error: ApprenticeError | None = None
        self._served = (store.stage(key_of("served", model.key)) or {}).get("model", "")
        self._started = time.monotonic()

    async def ask(self, prompt: Prompt, sampling: Sampling) -> Answer:
        """The answer. Raises LimitError when a limit is reached, FaultError for a fault that is not the prompt's."""
        key = key_of("answer", self.model.key, prompt_key(prompt), sampling, "synthesis")
        kept = self._store.stage(key)
        if kept is not None:
            return Answer.model_validate(kept)
        if self._error is not None:
            raise self._error
        if key not in self._asked:
            self._asked[key] = asyncio.get_running_loop().create_future()
            read = sum(self.model.count(message.content) for message in prompt)
            self._waiting.append(_Question(key, prompt, sampling, (read, sampling.max_tokens), self._asked[key]))
            self._wake()
        return await asyncio.shield(self._asked[key])

    async def serve(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._lanes):
                group.create_task(self._lane())
            if self._limits.seconds:
                await asyncio.sleep(max(0.0, self._limits.seconds - self.seconds))
                self._check()

    async def settle(self) -> None:
        """After an error, wait until what was sent before has come back and is kept; not when the time is up."""
        while self._reserved and not (self._limits.seconds and self.seconds >= self._limits.seconds):
            self._changed.clear()
            await self._changed.wait()

    async def _lane(self) -> None:
        while True:
            await self._gather()
            some = self._take()
            if some:
                await self._call(some)
                continue
            self._changed.clear()
            await self._changed.wait()

    async def _gather(self) -> None:
        """Wait for a call to fill up, as long as questions still come within 20 ms of one another."""
        while 0 < len(self._waiting) < self._batch:
            self._changed.clear()
            try:
                async with asyncio.timeout(_LINGER_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _take(self) -> list[_Question]:
        """The questions of one call; none where there are none, or they have to wait."""
        self._check()
        if self._error is not None or not self._waiting or (self._health.down and self._reserved):
            return []
        some: list[_Question] = []
        while self._waiting and len(some) < (1 if self._health.down else self._batch):
            ahead = [*self._reserved, self._waiting[0].cost]
            if (self._reserved or some) and self._beyond(ahead):
                break  # the last ones before a limit go one by one
            some.append(self._waiting.popleft())
            self._reserved.append(some[-1].cost)
        return some

    async def _call(self, some: list[_Question]) -> None:
        try:
            if self._health.down:
                await asyncio.sleep(self._health.pause)
                self._health.pause = min(_LONGEST_PAUSE, 2 * self._health.pause)
            await self._answer(some)
        finally:
            for one in some:
                self._reserved.remove(one.cost)
            self._wake()

    async def _answer(self, some: Sequence[_Question]) -> None:
        began = time.monotonic()
        try:
            said = await self.model.complete([one.prompt for one in some], [one.sampling for one in some])
            pairs = list(zip(some, said, strict=True))
        except FaultError as error:
            kind = error.fault.kind
            if kind not in _OWN | _PASSING:
                self._fail(error)
            elif len(some) > 1:
                for one in some:
                    await self._answer([one])
            elif kind in _OWN:
                self._keep([(some[0], Answer(fault=kind, seconds=time.monotonic() - began))])
            else:
                self._missed(some[0], error)
            return
        if self._swapped():
            return
        each = (time.monotonic() - began) / len(some)
        self._keep([(one, _bounded(answer, each)) for one, answer in pairs])

    def _swapped(self) -> bool:
        """Whether an endpoint now answers as another model than before, in this run or in an earlier one."""
        names = sorted(getattr(self.model, "served", ()))
        others = [name for name in names if name != self._served]
        if names and not self._served:
            self._served, others = names[0], names[1:]
            self._store.complete(key_of("served", self.model.key), "served", {"model": self._served}, 0.0)
        if not others:
            return False
        line = (
            f"{self.model.key} answered as {self._served} and now as {others[0]}; give it another name, or start anew"
        )
        self._fail(FaultError(Fault(owner=Owner.MODEL, kind="llm_swapped", message=line)))
        return True

    def _keep(self, answers: Sequence[tuple[_Question, Answer]]) -> None:
        with self._store.together():
            for one, answer in answers:
                self._store.complete(one.key, "synthesis-answer", answer.model_dump(mode="json"), answer.seconds)
        self._health = _Health()
        for one, answer in answers:
            self.spent.answers += 1
            self.spent.prompt_tokens += answer.prompt_tokens
            self.spent.completion_tokens += answer.completion_tokens
            self._deliver(one, answer)

    def _deliver(self, one: _Question, answer: Answer) -> None:
        self._asked.pop(one.key, None)
        if not one.answer.done():
            one.answer.set_result(answer)

    def _missed(self, one: _Question, error: FaultError) -> None:
        """A passing fault: ask again later, unless it is this question's own, or patience is at its end."""
        self.failures += 1
        if one.failed == 0:
            one.since = self.spent.answers
        one.failed += 1
        answered = self.spent.answers > one.since
        alone = error.fault.kind == "llm_timeout" and not self._waiting and self.spent.answers > 0
        if one.failed >= _STUBBORN and (answered or alone):
            self._deliver(one, Answer(fault=error.fault.kind))  # not kept: another day it may be answered
            return
        self._waiting.append(one)
        self._health.down = True
        silent = time.monotonic() - self._health.since
        if silent >= self._patience:
            line = f"the model has not answered for {silent:.0f} s; what was answered is kept, run this again to go on"
            fault = Fault(owner=Owner.MODEL, kind=error.fault.kind, message=f"{line}; last: {error.fault.message}")
            self._fail(FaultError(fault))

    def _fail(self, error: ApprenticeError) -> None:
        self._error = self._error or error
        for future in self._asked.values():
            if not future.done():
                future.set_exception(self._error)
                future.exception()  # whoever waits gets it; where nobody does, nothing is lost
        self._asked.clear()
        self._waiting.clear()
        self._wake()

    def _check(self) -> None:
        limits, spent, seconds = self._limits, self.spent, self.seconds
        money = limits.cost(spent.prompt_tokens, spent.completion_tokens)
        used = (("answers", spent.answers), ("tokens", spent.tokens), ("money", money), ("seconds", seconds))
        for name, amount in used:
            most = getattr(limits, name)
            if most and amount >= most and self._asked and self._error is None:
                told = f"{amount:.2f}" if name == "money" else f"{amount:,.0f}"
                self._fail(
                    LimitError(
                        f"the limit limits.{name} was reached ({told}); answers are kept, run this again to go on"
                    )
                )

    def _beyond(self, ahead: Sequence[tuple[int, int]]) -> bool:
        """Whether a limit could be passed by these with what is spent already."""
        limits, spent = self._limits, self.spent
        read = spent.prompt_tokens + sum(prompt for prompt, _ in ahead)
        written = spent.completion_tokens + sum(answer for _, answer in ahead)
        return bool(
            (limits.answers and spent.answers + len(ahead) > limits.answers)
            or (limits.tokens and read + written > limits.tokens)
            or (limits.money and limits.cost(read, written) > limits.money)
        )

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.monotonic() - self._started

    def _wake(self) -> None:
        self._changed.set()


def lanes_of(model: Model, window: int, batch: int) -> tuple[int, int]:
    """Calls under way at a time, and questions in one of them."""
    from webapprentice.models.endpoint import EndpointModel

    return (window, 1) if isinstance(model, EndpointModel) else (1, batch)


def _bounded(said: Completion, seconds: float) -> Answer:
    """The answer, without what no stage would read of it or no file can hold."""
    text = said.text[: LONGEST + 1].encode("utf-8", "replace").decode("utf-8")  # half a pair breaks every file
    return Answer(
        text=text,
        finished=said.finished,
        prompt_tokens=said.usage.prompt_tokens,
        completion_tokens=said.usage.completion_tokens,
        seconds=said.usage.seconds or seconds,
    )
