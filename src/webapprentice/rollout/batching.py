"""One batched model call for all the episodes that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from webapprentice.core.faults import FaultError
from webapprentice.core.protocols import Completion, Model, Prompt, Sampling

_LINGER_SECONDS = 0.02
"""How long a half-full batch waits for the next request; a slow page holds nobody up for longer."""

_OWN = frozenset({"context_overflow", "llm_refused", "llm_refusal", "llm_bad_output"})
"""Faults that one prompt brings on; its neighbours in the batch are asked again by themselves."""


class Batcher:
    """Gathers prompts from many coroutines and asks the model for all of them at once.

    A batch leaves when `size` prompts wait, or when nobody has joined for 20 ms. While the model computes, the other
    episodes act in their pages: with `size` at half of the episodes, browser and model work at the same time.
    """

    def __init__(self, model: Model, size: int) -> None:
        self._model = model
        self._size = max(1, size)
        self._waiting: list[tuple[Prompt, Sampling, asyncio.Future[Completion]]] = []
        self._arrived = asyncio.Event()

    async def ask(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The completion of one prompt. Raises what the model raised for its batch."""
        answer: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._waiting.append((prompt, sampling, answer))
        self._arrived.set()
        return await answer

    async def serve(self) -> None:
        """Answer until cancelled."""
        while True:
            await self._gather()
            batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
            await self._answer(batch)

    async def _gather(self) -> None:
        while len(self._waiting) < self._size:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), _LINGER_SECONDS if self._waiting else None)
            except TimeoutError:
                return

    async def _answer(self, batch: Sequence[tuple[Prompt, Sampling, asyncio.Future[Completion]]]) -> None:
        try:
            answers = await self._model.complete([prompt for prompt, _, _ in batch], [how for _, how, _ in batch])
            pairs = list(zip(batch, answers, strict=True))
        except FaultError as error:
            if error.fault.kind in _OWN and len(batch) > 1:
                for one in batch:
                    await self._answer([one])
                return
            self._refuse(batch, error)
            return
        except Exception as error:
            self._refuse(batch, error)
            return
        for (_, _, future), answer in pairs:
            if not future.done():
                future.set_result(answer)

    def _refuse(self, batch: Sequence[tuple[Prompt, Sampling, asyncio.Future[Completion]]], error: Exception) -> None:
        for _, _, future in batch:
            if not future.done():
                future.set_exception(error)
