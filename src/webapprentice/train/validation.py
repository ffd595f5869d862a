"""Perplexity on rows that are not trained on, the best weights so far, and when to stop."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerState

from webapprentice.train.loop import Collate, commit
from webapprentice.train.rows import Row

BEST = "best"
_NAME = "validation_perplexity"


class Validation(TrainerCallback):  # type: ignore[misc]
    """Validates every so many updates; its memory is the trainer's log, which every checkpoint holds.

    `save` writes the trained weights of the moment to a folder.
    """

    def __init__(
        self, rows: Sequence[Row], every: int, patience: int, batch: int, collate: Collate, work: Path, run: str
    ) -> None:
        self._rows, self._every, self._patience, self._batch = rows, every, patience, batch
        self._collate, self._work, self._run = collate, work, run
        self.save: Callable[[str], None] = lambda _folder: None

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ARG002
        step = state.global_step
        if step % self._every and step < state.max_steps:
            return
        found = perplexity(given["model"], self._rows, self._batch, self._collate)
        state.log_history.append({_NAME: found, "step": step})
        best, since = best_of(state.log_history)
        if self._patience and best == step:
            partial = self._work / f"{BEST}.partial"
            if state.is_world_process_zero:
                shutil.rmtree(partial, ignore_errors=True)
            self.save(str(partial))
            if state.is_world_process_zero:
                commit(partial, self._work / BEST, run=self._run, step=step)
        if self._patience and since >= self._patience:
            control.should_training_stop = True


def validations(history: Sequence[dict[str, Any]]) -> tuple[tuple[int, float], ...]:
    """Update and perplexity of each validation."""
    return tuple((entry["step"], entry[_NAME]) for entry in history if _NAME in entry)


def best_of(history: Sequence[dict[str, Any]]) -> tuple[int | None, int]:
    """The update with the lowest perplexity, the earliest of equals, and how many validations came after it."""
    found = validations(history)
    if not found:
        return None, 0
    best = min(range(len(found)), key=lambda place: found[place][1])
    return found[best][0], len(found) - 1 - best


def ended_early(checkpoint: Path, patience: int) -> TrainerState | None:
    """The state of a run that had nothing left to wait for; None where training goes on."""
    state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    return state if patience and best_of(state.log_history)[1] >= patience else None


def perplexity(model: Any, rows: Sequence[Row], batch: int, collate: Collate) -> float:
    """Exp of the mean loss, in nats, of the tokens that the loss applies to; every token counts the same."""
    was = model.training
    model.eval()
    total, tokens = 0.0, 0
    device = next(model.parameters()).device
    with torch.no_grad():
        for start in range(0, len(rows), batch):
            made = {name: value.to(device) for name, value in collate(rows[start : start + batch]).items()}
            logits = model(input_ids=made["input_ids"], use_cache=False, logits_to_keep=made["columns"]).logits.float()
            targets = made["input_ids"][:, made["columns"] + 1]
            losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
            trained = (made["weights"] > 0).flatten()
            total += float(losses[trained].sum())
            tokens += int(trained.sum())
    model.train(was)
    return math.exp(min(total / max(1, tokens), 50.0))
