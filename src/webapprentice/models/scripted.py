"""A model that says what it was told to say, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Usage

Answer = str | Completion | FaultError
Answers = Sequence[Answer] | Callable[[Prompt, Sampling], Answer]


class ScriptedModel:
    """Answers from a list, in order, or from a function of prompt and sampling; a `FaultError` in it is raised.

    `asked` holds every prompt in the order it came. `score` is the log-probability given to any (prompt, answer).
    """

    def __init__(
        self,
        answers: Answers,
        *,
        name: str = "scripted",
        score: Callable[[Prompt, str], float] | None = None,
    ) -> None:
        self.asked: list[Prompt] = []
        self._function = answers if callable(answers) else None
        self._list: Iterator[Answer] = iter(()) if callable(answers) else iter(answers)
        self._score = score or (lambda _prompt, answer: -float(len(answer.split())))
        self._key = key_of("scripted", name)

    @property
    def key(self) -> str:
        """Key of the name it was given."""
        return self._key

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        """One scripted answer a prompt. Raises FaultError when the list has come to its end."""
        return [self._answer(prompt, sampling) for prompt, sampling in zip(prompts, samplings, strict=True)]

    async def logprobs(self, prompts: Sequence[Prompt], answers: Sequence[str]) -> list[float]:
        """What `score` gives for each pair; by default minus the number of words."""
        self.asked.extend(prompts)
        return [self._score(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]

    def count(self, text: str) -> int:
        """Words."""
        return len(text.split())

    def _answer(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.asked.append(prompt)
        answer = self._function(prompt, sampling) if self._function else next(self._list, None)
        if answer is None:
            message = f"the script has no answer for call {len(self.asked)}"
            raise FaultError(Fault(owner=Owner.MODEL, kind="script_ended", message=message))
        if isinstance(answer, FaultError):
            raise answer
        if isinstance(answer, Completion):
            return answer
        asked = sum(self.count(message.content) for message in prompt)
        usage = Usage(prompt_tokens=asked, completion_tokens=self.count(answer))
        return Completion(text=answer, logprob=self._score(prompt, answer), usage=usage)
