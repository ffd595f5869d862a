"""What the stages of an agent were asked and said for one step: kept beside the step, never trained on."""

from __future__ import annotations

from typing import Literal

from webapprentice.core.protocols import Completion, Prompt
from webapprentice.core.records import Message, Record, Usage


class Exchange(Record):
    """One prompt and the answers to it."""

    stage: str
    """Role of who was asked."""
    model: str
    """Content key of the model."""
    prompt: tuple[Message, ...]
    answers: tuple[str, ...]
    """In the order of asking: several proposals, or tries of which the last could be read."""


class Transcript(Record):
    """One step's exchanges, in order, and what came of them."""

    schema_version: Literal[1] = 1
    objective: str
    """As the stages were told it."""
    notes: tuple[str, ...] = ()
    """All that is known after this step's checks."""
    exchanges: tuple[Exchange, ...] = ()
    fallback: str = ""
    """Why the action is none that a model named; empty where one did."""


class Minutes:
    """Collects the exchanges of one step, and what they cost."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.usage = Usage()

    def note(self, stage: str, model: str, prompt: Prompt, answers: list[Completion]) -> None:
        """Keep one prompt with its answers."""
        texts = tuple(answer.text for answer in answers)
        self.exchanges.append(Exchange(stage=stage, model=model, prompt=prompt, answers=texts))
        for answer in answers:
            self.usage = Usage(
                prompt_tokens=self.usage.prompt_tokens + answer.usage.prompt_tokens,
                completion_tokens=self.usage.completion_tokens + answer.usage.completion_tokens,
                seconds=self.usage.seconds + answer.usage.seconds,
            )

    def written(self, objective: str, notes: tuple[str, ...] = (), fallback: str = "") -> bytes:
        """The transcript as JSON."""
        made = Transcript(objective=objective, notes=notes, exchanges=tuple(self.exchanges), fallback=fallback)
        return made.model_dump_json().encode()
