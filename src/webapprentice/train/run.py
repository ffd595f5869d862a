"""One training run from configuration to a verified folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PrinterCallback, TrainingArguments

from webapprentice.core.faults import OutputError, UnavailableError, UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.locks import alone
from webapprentice.core.records import Example
from webapprentice.models.chat import Chat
from webapprentice.models.checkpoints import key_of_weights, verify, verify_if_signed
from webapprentice.models.local import limit_of, load_weights, without_old_names
from webapprentice.models.places import folder_of
from webapprentice.train.adapters import adapted, quantized, restore, rope_factor
from webapprentice.train.card import SOURCES, model_card, sources
from webapprentice.train.config import TrainConfig, TrainReport
from webapprentice.train.loop import Collate, Loop, Watch, commit, newest_verified
from webapprentice.train.rows import Row, plan, rows_of, steps_of
from webapprentice.train.validation import BEST, Validation, best_of, ended_early, validations

_REPORT = "report.json"
_IRRELEVANT = {"checkpoint_every", "keep_checkpoints"}  # change nothing about the result


def run(
    examples: Sequence[Example],
    config: TrainConfig,
    out: Path,
    progress: Callable[[int, int, float], None] | None,
    validation: Sequence[Example] = (),
) -> TrainReport:
    """See `webapprentice.train.train`."""
    transformers.utils.logging.disable_progress_bar()
    base = folder_of(config.base_model)
    verify_if_signed(base)
    key = _run_key(examples, config, base, validation)
    if out.exists():
        return _finished(out, key)
    if os.environ.get("RANK", "0") == "0":
        with alone(out, "training"):
            return _trained(examples, config, out, progress, validation, base, key)
    return _trained(examples, config, out, progress, validation, base, key)


def _trained(
    examples: Sequence[Example],
    config: TrainConfig,
    out: Path,
    progress: Callable[[int, int, float], None] | None,
    validation: Sequence[Example],
    base: Path,
    key: str,
) -> TrainReport:
    if config.patience and not validation:
        raise UsageError("patience needs validation rows, and there are none: set dataset.validation, or patience=0")
    device, dtype = placed(config)
    stretch = rope_factor(config, limit_of(base))
    model, tokenizer = load_weights(base, device, dtype, stretch, quantized(config, device))
    chat = Chat(tokenizer)
    rows, dropped = rows_of(examples, chat, _longest(config, model))
    watched = rows_of(validation, chat, _longest(config, model))[0] if validation else []
    if device == "cpu" and bf16(config, device):
        model.set_attn_implementation("fine")
    with threads(config.threads), without_old_names():
        transformers.set_seed(config.seed)
        model = adapted(model, config) if config.method == "lora" else model
        work = out.with_name(f"{out.name}.work")
        work.mkdir(parents=True, exist_ok=True)
        loop = _loop(model, tokenizer, rows, config, work, key, device, progress)
        if watched:
            loop.add_callback(_validation(loop, watched, config, work, key))
        start = newest_verified(work, key, model)
        began = time.monotonic()
        ended = ended_early(start, config.patience) if start and watched else None
        if ended is None:
            loop.train(resume_from_checkpoint=str(start) if start else None)
        else:  # killed between its last update and the writing of the result
            loop.state = ended
        loop.accelerator.wait_for_everyone()
        losses = [entry["loss"] for entry in loop.state.log_history if "loss" in entry]
        best = best_of(loop.state.log_history)[0] if config.patience else None
        if best is not None:
            verify(work / BEST)
            restore(loop.accelerator.unwrap_model(loop.model), work / BEST)
        report = TrainReport(
            out=str(out),
            run=key,
            base=key_of_weights(base),
            key="",
            method=config.method,
            rows=len(rows),
            dropped=dropped,
            trained_tokens=sum(row.trained for row in rows),
            row_tokens=sum(len(row.ids) for row in rows),
            parameters=sum(weight.numel() for weight in model.parameters() if weight.requires_grad),
            steps=loop.state.global_step,
            losses=tuple(losses),
            perplexities=validations(loop.state.log_history),
            best_step=best,
            rope_factor=stretch,
            resumed_from=int(start.name.removeprefix("step-")) if start else 0,
            seconds=time.monotonic() - began,
        )
        if loop.is_world_process_zero():
            report = _written(loop, report, config, work, out, examples)
        loop.accelerator.wait_for_everyone()
        return report


def _loop(
    model: Any,
    tokenizer: Any,
    rows: list[Row],
    config: TrainConfig,
    work: Path,
    key: str,
    device: str,
    progress: Callable[[int, int, float], None] | None,
) -> Loop:
    steps = steps_of(len(rows), config.batch_size, config.epochs, config.max_steps)
    batches = plan([len(row.ids) for row in rows], config.batch_size, steps, config.seed)
    size, processes = _sizes(config, len(batches[0]))
    micro = [batch[start : start + size] for batch in batches for start in range(0, len(batch), size)]
    arguments = TrainingArguments(
        output_dir=str(work),
        max_steps=steps,
        per_device_train_batch_size=size,
        gradient_accumulation_steps=len(micro) // steps // processes,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup" if config.schedule == "constant" else config.schedule,
        warmup_steps=round(config.warmup * steps) if config.warmup_steps is None else config.warmup_steps,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        seed=config.seed,
        bf16=bf16(config, device),
        use_cpu=device == "cpu",
        gradient_checkpointing=config.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if config.gradient_checkpointing else None,
        save_strategy="steps" if config.checkpoint_every else "no",
        save_steps=config.checkpoint_every or 1,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        dataloader_pin_memory=device != "cpu",
        disable_tqdm=True,
        report_to="none",
    )
    # One process trains on one device; without this the trainer would split batches over all GPUs it can see.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    loop = Loop(
        plan=micro,
        work=work,
        keep=config.keep_checkpoints,
        run=key,
        model=model,
        args=arguments,
        train_dataset=rows,
        data_collator=Collate(pad),
        processing_class=tokenizer,
        callbacks=[Watch(progress)],
    )
    loop.remove_callback(PrinterCallback)
    return loop


def _sizes(config: TrainConfig, batch: int) -> tuple[int, int]:
    """Rows of one micro-batch, and how many processes share an update of `batch` rows.

    Raises UsageError where they cannot share it evenly: the result would depend on how many there are.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    size = config.micro_batch or -(-batch // processes)
    if -(-batch // size) % processes:
        raise UsageError(
            f"{processes} processes cannot share {-(-batch // size)} micro-batches of an update evenly; choose "
            f"train.batch_size and train.micro_batch so that their quotient is a multiple of {processes}"
        )
    return size, processes


def _validation(loop: Loop, rows: list[Row], config: TrainConfig, work: Path, key: str) -> Validation:
    each = config.validate_every or steps_of(len(loop.train_dataset), config.batch_size, 1.0, None)
    batch = config.micro_batch or config.batch_size
    made = Validation(rows, each, config.patience, batch, loop.data_collator, work, key)
    made.save = loop.save_model
    return made


def _written(
    loop: Loop, report: TrainReport, config: TrainConfig, work: Path, out: Path, examples: Sequence[Example]
) -> TrainReport:
    """Save, sign and verify the result; the work folder goes."""
    partial = work / "final"
    shutil.rmtree(partial, ignore_errors=True)
    loop.save_model(str(partial))
    report = report.with_(key=key_of_weights(partial))
    (partial / "README.md").write_text(model_card(report, config, examples), encoding="utf-8")
    (partial / SOURCES).write_text("".join(f"{key}\n" for key in sources(examples)), encoding="utf-8")
    (partial / _REPORT).write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (partial / "config.train.json").write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if config.method == "lora" and config.merge:
        merged = loop.accelerator.unwrap_model(loop.model).merge_and_unload()
        merged.save_pretrained(work / "merged")
        loop.processing_class.save_pretrained(work / "merged")
        commit(work / "merged", partial / "merged", run=report.run)
        verify(partial / "merged")
    commit(partial, out, run=report.run)
    verify(out)
    shutil.rmtree(work)
    return report


def _finished(out: Path, key: str) -> TrainReport:
    """The report of a result that is already there."""
    if not (out / _REPORT).is_file():
        raise UsageError(f"{out} exists and is no result of training; choose another folder")
    manifest = verify(out)
    if manifest.get("run") != key:
        raise UsageError(f"{out} holds the result of another run; choose another folder or remove it")
    try:
        return TrainReport.model_validate_json((out / _REPORT).read_bytes())
    except ValueError as error:
        raise OutputError(f"{out / _REPORT} cannot be read: {str(error).splitlines()[0]}") from error


def _run_key(examples: Sequence[Example], config: TrainConfig, base: Path, validation: Sequence[Example]) -> str:
    settings = config.model_dump(mode="json", exclude=_IRRELEVANT | {"base_model", "adapter"})
    adapter = key_of_weights(config.adapter) if config.adapter else ""
    watched = [list(validation)] if validation else []
    return key_of(settings, key_of_weights(base), adapter, list(examples), *watched)


def _longest(config: TrainConfig, model: Any) -> int:
    limit = int(getattr(model.config, "max_position_embeddings", None) or 1 << 30)
    return min(config.max_length or limit, limit)


def placed(config: TrainConfig) -> tuple[str, torch.dtype]:
    """Device and number format of the weights: an adapter's base may be coarse, trained weights may not."""
    gpu = torch.cuda.is_available()
    if config.device == "cuda" and not gpu:
        raise UnavailableError("device 'cuda' was asked for and there is no GPU; use device=cpu")
    kind = config.device if config.device != "auto" else "cuda" if gpu else "cpu"
    device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if kind == "cuda" else kind
    coarse = device != "cpu" and config.method == "lora" and config.precision != "float32"
    return device, torch.bfloat16 if coarse else torch.float32


def bf16(config: TrainConfig, device: str) -> bool:
    """Whether to calculate in bfloat16."""
    if config.precision != "auto":
        return config.precision == "bfloat16"
    return bool(torch.cuda.is_bf16_supported() if device != "cpu" else torch.cpu._is_avx512_bf16_supported())


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many CPU threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
