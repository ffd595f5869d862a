"""The trainer of transformers with our loss, our order of rows, and checkpoints that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import AttentionInterface, AttentionMaskInterface, Trainer, TrainerCallback
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from webapprentice.core.faults import Fault, FaultError, OutputError, Owner
from webapprentice.core.memory import give_back
from webapprentice.models.checkpoints import sign, verify
from webapprentice.train.rows import Row

_PARTIAL = ".partial"


@dataclass(frozen=True)
class Collate:
    """Rows to tensors, padded on the right: causal attention never looks there, so no mask is needed."""

    pad: int

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        longest = max(len(row.ids) for row in rows)
        ids = torch.tensor([list(row.ids) + [self.pad] * (longest - len(row.ids)) for row in rows])
        # The logits of column c foretell the token of column c + 1.
        spans = [(len(row.ids) - row.trained - 1, len(row.ids) - 1) for row in rows]
        columns = sorted({column for first, end in spans for column in range(first, end)})
        weights = [
            [row.weight if first <= column < end else 0.0 for column in columns]
            for row, (first, end) in zip(rows, spans, strict=True)
        ]
        return {"input_ids": ids, "columns": torch.tensor(columns), "weights": torch.tensor(weights)}


class Loop(Trainer):  # type: ignore[misc]
    """One run over a fixed plan of micro-batches."""

    def __init__(self, *, plan: list[list[int]], work: Path, keep: int, run: str, **given: Any) -> None:
        super().__init__(**given)
        self._plan, self._work, self._keep, self._run_key = plan, work, keep, run
        self.loss_is_scaled_for_ga = True  # divided by the weight of the whole update, not of one micro-batch

    def get_train_dataloader(self) -> Any:
        """The plan, as accelerate wants it."""
        loader = DataLoader(self.train_dataset, batch_sampler=self._plan, collate_fn=self.data_collator)
        return self.accelerator.prepare(loader)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Weighted mean over the trained tokens of the update; logits exist for columns that some row is trained on."""
        ids, columns, weights = inputs["input_ids"], inputs["columns"], inputs["weights"]
        output = model(input_ids=ids, use_cache=False, logits_to_keep=columns)
        logits, targets = output.logits.float(), ids[:, columns + 1]
        losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        # Of several processes each has a part of the update, and their gradients are averaged: the mean of the whole.
        loss = (losses * weights.flatten()).sum() / num_items_in_batch * self.accelerator.num_processes
        return (loss, output) if return_outputs else loss

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
        """One micro-batch; stops before the update when its loss is no number."""
        loss = super().training_step(model, inputs, num_items_in_batch)
        if not bool(torch.isfinite(loss)):
            raise _no_number("loss", self.state.global_step + 1)
        return loss

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Any]], device: Any) -> Any:
        own = torch.stack([sample["weights"].sum() for sample in batch_samples]).sum().to(device)
        return self.accelerator.reduce(own, "sum")

    def _get_output_dir(self, trial: Any) -> str:  # noqa: ARG002
        return str(self._work / _PARTIAL)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        partial = self._work / _PARTIAL
        if self.is_world_process_zero():
            shutil.rmtree(partial, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        step = self.state.global_step
        if self.is_world_process_zero():
            commit(partial / f"checkpoint-{step}", self._work / f"step-{step:07d}", run=self._run_key, step=step)
            for old in checkpoints(self._work)[self._keep :]:
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        Path(output_dir or self.args.output_dir, "training_args.bin").unlink(missing_ok=True)  # a pickle of no use


def fine_attention(module: Any, query: Any, key: Any, value: Any, mask: Any, **given: Any) -> Any:
    """Attention in float32 inside bfloat16 arithmetic: on a CPU its backward pass takes 60 % of the time."""
    with torch.autocast("cpu", enabled=False):
        seen, weights = sdpa_attention_forward(module, query.float(), key.float(), value.float(), mask, **given)
    return seen.to(query.dtype), weights


AttentionInterface.register("fine", fine_attention)
AttentionMaskInterface.register("fine", sdpa_mask)


_TRIMMED = 25
"""Updates after which free memory goes back to the system: batches of many lengths leave gaps of many sizes."""


class Watch(TrainerCallback):  # type: ignore[misc]
    """Tells of each update, and stops before one whose gradient is no number."""

    def __init__(self, tell: Callable[[int, int, float], None] | None) -> None:
        self._tell = tell

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ARG002
        gradients = [weight.grad for weight in given["model"].parameters() if weight.grad is not None]
        if not bool(torch.stack(torch._foreach_norm(gradients)).isfinite().all()):
            raise _no_number("gradient", state.global_step + 1)

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ARG002
        if state.global_step % _TRIMMED == 0:
            give_back()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **given: Any) -> None:  # noqa: ARG002
        if self._tell and "loss" in logs:
            self._tell(state.global_step, state.max_steps, logs["loss"])


def commit(partial: Path, final: Path, **facts: Any) -> None:
    """Sign a finished folder, force it to disk and give it its name in one step."""
    sign(partial, **facts)
    for path in sorted(partial.rglob("*")):
        _sync(path)
    _sync(partial)
    if final.exists():
        shutil.rmtree(final)
    partial.rename(final)
    _sync(final.parent)


def checkpoints(work: Path) -> list[Path]:
    """Checkpoints to resume from, newest first; none of them verified."""
    return sorted(work.glob("step-*"), reverse=True)


def newest_verified(work: Path, run: str, model: Any) -> Path | None:
    """The newest checkpoint of this run that is whole, unchanged, finite and of the model's shapes."""
    shapes = {name: list(weight.shape) for name, weight in model.state_dict().items()}
    for folder in checkpoints(work):
        try:
            manifest = verify(folder)
        except OutputError:
            continue
        found = {name: shape for tensors in manifest["tensors"].values() for name, shape in tensors.items()}
        if manifest.get("run") == run and _alike(found, shapes):
            return folder
    return None


def _alike(found: dict[str, list[int]], shapes: dict[str, list[int]]) -> bool:
    """Every saved tensor is one of the model's; PEFT leaves the adapter's own name out of the saved names."""
    own = {name.replace(".default.", "."): shape for name, shape in shapes.items()}
    return bool(found) and all(own.get(name) == shape for name, shape in found.items())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _no_number(what: str, step: int) -> FaultError:
    message = f"the {what} of update {step} is no number; lower the learning rate or look at the rows"
    return FaultError(Fault(owner=Owner.MODEL, kind="nan_loss", message=message))
