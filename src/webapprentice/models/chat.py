"""Messages to token ids and back: the same ids while acting, while scoring and while training.

What a checkpoint's own chat template renders is what the model reads, token for token. Text from pages cannot open or
close a turn: special tokens written out inside a message are broken apart before rendering.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Message
from webapprentice.models.lines import LineCounter
from webapprentice.page.form import Count, sizes_of

_PROBE = "7"
_SHORT = 4000
"""Characters up to which a text counts as short: tokens of many of those are remembered, of longer ones a few."""


class Remembering:
    """A count that remembers: many short texts, a few long ones."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._short, self._long = lru_cache(maxsize=65536)(count), lru_cache(maxsize=256)(count)

    def __call__(self, text: str) -> int:
        return (self._short if len(text) <= _SHORT else self._long)(text)

    def each(self, texts: Sequence[str]) -> list[int]:
        """Of each of many texts, which are not remembered."""
        return sizes_of(texts, self._count)


class Chat:
    """One tokenizer with its chat template. Raises UsageError when there is no template, or one we cannot follow."""

    def __init__(self, tokenizer: Any, thinking: bool = False) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise UsageError(f"the tokenizer of {tokenizer.name_or_path} has no chat template; use an instruct model")
        self.tokenizer = tokenizer
        self._thinking = thinking
        added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
        special = sorted({*tokenizer.all_special_tokens, *added} - {""}, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special)) or r"(?!)")
        self._ids = lru_cache(maxsize=4096)(self._encode)
        backend = getattr(tokenizer, "backend_tokenizer", None)  # none where the tokenizer is written in Python
        self.count: Count = Remembering(LineCounter(backend) if backend is not None else self._length)
        """Tokens of a piece of text."""
        self._prompts = lru_cache(maxsize=256)(lambda prompt: self._encode(self.render(prompt)))
        self.lead, self._tail = self._around()
        """`lead`: what the template puts between the prompt and the answer's own words."""
        self.end = self._end()
        """Token ids that close an answer; the first is always trained on."""

    def render(self, prompt: Prompt, answer: str | None = None) -> str:
        """The text the model reads: the prompt opened for an answer, or the prompt with its answer and all after it."""
        turns = [{"role": message.role, "content": self._harmless(message.content)} for message in prompt]
        if answer is not None:
            turns.append({"role": "assistant", "content": self._harmless(answer)})
        text = self.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=answer is None, enable_thinking=self._thinking
        )
        return str(text)

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """Token ids of the prompt, opened for an answer."""
        return self._prompts(prompt)

    def answer_ids(self, prompt: Prompt, answer: str) -> tuple[int, ...]:
        """Token ids of the answer and the token that closes it, as they follow `prompt_ids`.

        Raises ValueError when prompt and answer do not come apart in the template or in the tokens.
        """
        opened, whole = self.render(prompt), self.render(prompt, answer)
        if not whole.startswith(opened):
            raise ValueError("the chat template changes the prompt once it is answered")
        rest = whole[len(opened) :]
        ids = self._ids(rest)
        if self.prompt_ids(prompt) + ids != self._encode(whole):
            raise ValueError("the last token of the prompt and the first of the answer are one token in the template")
        cut = next((index for index, token in enumerate(ids) if token in self.end), None)
        if cut is None:
            raise ValueError("the chat template does not close the answer")
        return ids[: cut + 1]

    def ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a piece of text."""
        return self._ids(text)

    def words(self, ids: list[int]) -> str:
        """The answer's own words: without special tokens and without what the template puts before them."""
        text = str(self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
        return text.removeprefix(self.lead)

    def _length(self, text: str) -> int:
        return len(self._encode(text))

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))

    def _harmless(self, text: str) -> str:
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def _around(self) -> tuple[str, str]:
        """What the template writes before and after the words of an answer."""
        probe = (Message(role="user", content="a"),)
        opened, whole = self.render(probe), self.render(probe, _PROBE)
        lead, found, tail = whole[len(opened) :].partition(_PROBE)
        if not whole.startswith(opened) or not found:
            name = self.tokenizer.name_or_path
            raise UsageError(f"the chat template of {name} does not continue its own prompt; mend the template")
        return lead, tail

    def _end(self) -> tuple[int, ...]:
        tail = self._encode(self._tail)[:1]
        own = self.tokenizer.eos_token_id
        if not tail and own is None:
            raise UsageError(
                f"nothing closes an answer of {self.tokenizer.name_or_path}: no eos token, none in the template"
            )
        return tuple(dict.fromkeys([*tail, *([own] if own is not None else [])]))
