"""DPO and KTO through TRL's trainers, on rows that our own chat template has made into tokens."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import transformers
from datasets import Dataset, disable_progress_bars
from transformers import PrinterCallback, TrainerCallback
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

from webapprentice.core.faults import Fault, FaultError, Owner, UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.locks import alone
from webapprentice.core.records import Message
from webapprentice.models.chat import Chat
from webapprentice.models.checkpoints import key_of_weights, verify_if_signed
from webapprentice.models.local import limit_of, load_weights, without_old_names
from webapprentice.models.places import folder_of
from webapprentice.train.adapters import adapted
from webapprentice.train.config import PreferConfig, PreferReport, Spent, TrainConfig
from webapprentice.train.rows import steps_of
from webapprentice.train.run import bf16, placed, threads
from webapprentice.train.saving import finished, save

Progress = Callable[[int, int, float], None]
Raw = Mapping[str, Any]


class _Dpo(DPOTrainer):  # type: ignore[misc]
    """TRL's, on rows that are tokens already."""

    def _prepare_dataset(self, dataset: Any, *_given: Any, **_named: Any) -> Any:
        return dataset


class _Kto(KTOTrainer):  # type: ignore[misc]
    """TRL's, on rows that are tokens already, with the mismatched answers of its KL term among them."""

    def _prepare_dataset(self, dataset: Any, *_given: Any, **_named: Any) -> Any:
        return dataset


class _Watch(TrainerCallback):  # type: ignore[misc]
    def __init__(self, tell: Progress | None) -> None:
        self.losses: list[float] = []
        self.margins: list[float] = []
        self._tell = tell

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **given: Any) -> None:  # noqa: ARG002
        if "loss" not in logs:
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            message = f"the loss of update {state.global_step} is no number; lower the learning rate"
            raise FaultError(Fault(owner=Owner.MODEL, kind="nan_loss", message=message))
        self.losses.append(loss)
        if (margin := logs.get("rewards/margins")) is not None:
            self.margins.append(float(margin))
        if self._tell:
            self._tell(state.global_step, state.max_steps, loss)


def run(rows: Sequence[Raw], config: PreferConfig, out: Path, progress: Progress | None) -> PreferReport:
    """See `webapprentice.train.prefer`."""
    transformers.utils.logging.disable_progress_bar()
    disable_progress_bars()
    base = folder_of(config.train.base_model)
    verify_if_signed(base)
    settings = config.model_dump(mode="json", exclude={"pairs", "out"})
    key = key_of("prefer", settings, key_of_weights(base), list(rows))
    done = finished(out, key, PreferReport)
    if done is not None:
        return done
    with alone(out, "training"), threads(config.train.threads), without_old_names(), TemporaryDirectory() as work:
        return _trained(rows, config, out, progress, base, key, work)


def _trained(
    rows: Sequence[Raw],
    config: PreferConfig,
    out: Path,
    progress: Progress | None,
    base: Path,
    key: str,
    work: str,
) -> PreferReport:
    began = time.monotonic()
    how = config.train
    transformers.set_seed(how.seed)
    device, dtype = placed(how)
    model, tokenizer = load_weights(base, device, dtype)
    longest = min(how.max_length or limit_of(base) or 1 << 30, limit_of(base) or 1 << 30)
    made, dropped = _tokens(rows, Chat(tokenizer), config.how, longest)
    steps = steps_of(len(made), min(how.batch_size, len(made)), how.epochs, how.max_steps)
    watch = _Watch(progress)
    full = how.method == "full"
    reference = load_weights(base, device, dtype)[0] if full else None
    if not full:
        model = adapted(model, how)
    trainer = _trainer(config, made, model, reference, tokenizer, steps, device, work)
    if how.gradient_checkpointing:
        trainer.model.gradient_checkpointing_enable({"use_reentrant": False})
    trainer.add_callback(watch)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    size = trainer.args.per_device_train_batch_size * trainer.args.gradient_accumulation_steps
    each = sum(len(row[name]) for row in made for name in _ANSWERS[config.how]) / len(made)
    report = PreferReport(
        out=str(out),
        run=key,
        base=key_of_weights(base),
        key="",
        how=config.how,
        rows=len(made),
        dropped=dropped,
        steps=trainer.state.global_step,
        losses=tuple(watch.losses),
        margins=tuple(watch.margins),
        spent=Spent(tokens_trained=round(each * size * steps), seconds=time.monotonic() - began),
    )
    return save(trainer.accelerator.unwrap_model(trainer.model), tokenizer, out, report, config, key)


_ANSWERS = {"dpo": ("chosen_ids", "rejected_ids"), "kto": ("completion_ids",)}
_GIVEN = {"dpo": ("chosen", "rejected"), "kto": ("completion",)}


def _tokens(rows: Sequence[Raw], chat: Chat, how: str, longest: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Rows as token ids, and how many were left out and why. Raises UsageError where none is left."""
    made: list[dict[str, Any]] = []
    dropped: Counter[str] = Counter()
    for number, row in enumerate(rows, start=1):
        try:
            prompt = tuple(Message.model_validate(message) for message in row["prompt"])
            said = [row[name][0]["content"] for name in _GIVEN[how]]
            label = {"label": bool(row["label"])} if how == "kto" else {}
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise UsageError(f"row {number} is none of `apprentice pairs` for {how}: {error!r}"[:200]) from error
        try:
            answers = [list(chat.answer_ids(prompt, one)) for one in said]
        except ValueError:
            dropped["template"] += 1
            continue
        ids = list(chat.prompt_ids(prompt))
        if len(ids) + max(map(len, answers)) > longest:
            dropped["too_long"] += 1
            continue
        made.append({"prompt_ids": ids, **dict(zip(_ANSWERS[how], answers, strict=True)), **label})
    if len(made) < 2:
        why = ", ".join(f"{name} {number}" for name, number in dropped.items()) or "there are hardly any"
        raise UsageError(f"two rows at least are needed and {len(made)} can be used ({why}); make more pairs")
    return made, dict(dropped)


def _trainer(
    config: PreferConfig,
    rows: list[dict[str, Any]],
    model: Any,
    reference: Any,
    tokenizer: Any,
    steps: int,
    device: str,
    work: str,
) -> Any:
    how = config.train
    size, over = _sizes(how, len(rows))
    common: dict[str, Any] = {
        "output_dir": work,
        "max_steps": steps,
        "per_device_train_batch_size": size,
        "gradient_accumulation_steps": over,
        "learning_rate": how.learning_rate,
        "lr_scheduler_type": "constant_with_warmup" if how.schedule == "constant" else how.schedule,
        "warmup_steps": round(how.warmup * steps) if how.warmup_steps is None else how.warmup_steps,
        "weight_decay": how.weight_decay,
        "max_grad_norm": how.max_grad_norm,
        "seed": how.seed,
        "bf16": bf16(how, device),
        "use_cpu": device == "cpu",
        "beta": config.beta,
        "max_length": None,
        "save_strategy": "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "dataloader_pin_memory": device != "cpu",
        "disable_tqdm": True,
        "report_to": "none",
    }
    if config.how == "dpo":
        return _Dpo(
            model=model,
            ref_model=reference,
            args=DPOConfig(**common),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
        )
    return _Kto(
        model=model,
        ref_model=reference,
        args=KTOConfig(**common),
        train_dataset=Dataset.from_list(_with_others(_mixed(rows, how.seed), size)),
        processing_class=tokenizer,
    )


def _sizes(how: TrainConfig, rows: int) -> tuple[int, int]:
    """Rows in memory at a time, and how often that is done in one update."""
    whole = min(how.batch_size, rows)
    size = min(how.micro_batch or whole, whole)
    return max(2, size), -(-whole // max(2, size))


def _mixed(rows: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """In another order: the trainer takes them as they come."""
    return sorted(rows, key=lambda row: key_of("order", seed, row))


def _with_others(rows: list[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """Each row with its neighbour's answer, in batches: KTO's KL term is estimated from answers to other prompts."""
    made = []
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        made += [{**row, "KL_completion_ids": batch[place - 1]["completion_ids"]} for place, row in enumerate(batch)]
    return made
