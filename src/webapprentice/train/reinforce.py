"""Group-relative learning from the reward of live episodes, by TRL's GRPO trainer.

TRL's own ways of playing several turns (`rollout_func`, `environment_factory`) hold an episode as one growing text. Our
models are asked anew at each step, with the page as it is then, and are examined so; what is trained must be what is
asked. So an episode is one row a step here, each with its own prompt, and all rows of an attempt carry its advantage.
Only the trainer's making of a batch is replaced; loss, clipping and updates are TRL's.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
import transformers
from datasets import Dataset, disable_progress_bars
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.keys import key_of
from webapprentice.core.locks import alone
from webapprentice.models.chat import Chat
from webapprentice.models.checkpoints import key_of_weights, verify_if_signed
from webapprentice.models.config import ModelConfig
from webapprentice.models.local import LocalModel, limit_of, load_weights, without_old_names
from webapprentice.models.places import folder_of
from webapprentice.train.adapters import adapted
from webapprentice.train.config import GroupConfig, GroupReport, GroupUpdate, Spent
from webapprentice.train.groups import Play, Played, advantages
from webapprentice.train.run import bf16, placed, threads
from webapprentice.train.saving import finished, save

Progress = Callable[[int, int, GroupUpdate], None]


class _Policy(LocalModel):
    """The weights as they are now, as a model that acts. Its key names the run and the update."""

    label = ""

    @property
    def key(self) -> str:
        return self.label


class _Row(NamedTuple):
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    advantage: float


class _Grpo(GRPOTrainer):  # type: ignore[misc]
    """TRL's, with batches made of played episodes."""

    def __init__(
        self, *given: Any, play: Callable[[int, list[str]], list[list[Played]]], own: _Own, **named: Any
    ) -> None:
        super().__init__(*given, **named)
        self._play = play
        self._own = own

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        episodes = list(dict.fromkeys(str(one["prompt"]) for one in inputs))
        played = self._play(self.state.global_step, episodes)
        rows = self._own.rows(played)
        parts = self.args.steps_per_generation
        rows += [_Row((self._own.pad,), (self._own.pad,), 0.0)] * (-len(rows) % parts or (parts if not rows else 0))
        return self._batch(rows)

    def _batch(self, rows: Sequence[_Row]) -> dict[str, Any]:
        """Prompts padded on the left, answers on the right; shapes (rows, tokens)."""
        device, pad = self.accelerator.device, self._own.pad
        left, right = max(len(row.prompt) for row in rows), max(len(row.answer) for row in rows)
        asked = [[pad] * (left - len(row.prompt)) + list(row.prompt) for row in rows]
        seen = [[0] * (left - len(row.prompt)) + [1] * len(row.prompt) for row in rows]
        said = [list(row.answer) + [pad] * (right - len(row.answer)) for row in rows]
        # A row that only fills the batch up has an advantage of 0 and is not counted.
        counted = [[int(row.prompt != (pad,))] * len(row.answer) + [0] * (right - len(row.answer)) for row in rows]
        mask = torch.tensor(counted, device=device)
        made = {
            "prompt_ids": torch.tensor(asked, device=device),
            "prompt_mask": torch.tensor(seen, device=device),
            "completion_ids": torch.tensor(said, device=device),
            "completion_mask": mask,
            "advantages": torch.tensor([row.advantage for row in rows], device=device),
            "num_items_in_batch": mask.sum(),
        }
        old = self._logps(self.model, made)
        made["old_per_token_logps"] = old
        if self.beta:
            made["ref_per_token_logps"] = self._reference(made, old)
        return made

    def _logps(self, model: Any, made: dict[str, Any]) -> Any:
        size = self.args.per_device_train_batch_size
        ids = torch.cat([made["prompt_ids"], made["completion_ids"]], dim=1)
        mask = torch.cat([made["prompt_mask"], made["completion_mask"]], dim=1)
        with torch.no_grad():
            return self._get_per_token_logps_and_entropies(model, ids, mask, made["completion_ids"].size(1), size)[0]

    def _reference(self, made: dict[str, Any], old: Any) -> Any:
        if self.ref_model is not None:
            return self._logps(self.ref_model, made)
        disable = getattr(self.accelerator.unwrap_model(self.model), "disable_adapter", None)
        if disable is None:
            return old
        with disable():
            return self._logps(self.model, made)


class _Own:
    """Episodes into rows, and the account of them."""

    def __init__(self, chat: Chat, longest: int, pad: int) -> None:
        self.pad = pad
        self.updates: list[GroupUpdate] = []
        self.dropped: Counter[str] = Counter()
        self.generated = self.trained = self.episodes = 0
        self._chat, self._longest = chat, longest

    def rows(self, played: Sequence[Sequence[Played]]) -> list[_Row]:
        """One row a step, with the advantage of its attempt; attempts of groups that do not differ teach nothing."""
        rows: list[_Row] = []
        differing = 0
        for group in played:
            values = advantages([one.reward for one in group])
            differing += any(values)
            for one, value in zip(group, values, strict=True):
                self.generated += one.tokens
                self.episodes += 1
                if value:
                    rows += self._steps(one, value)
        rewards = [one.reward for group in played for one in group if one.reward is not None]
        number = sum(map(len, played))
        self.trained += sum(len(row.answer) for row in rows)
        self.updates.append(
            GroupUpdate(
                reward=sum(rewards) / len(rewards) if rewards else None,
                spread=differing / max(len(played), 1),
                episodes=number,
                lost=number - len(rewards),
                steps=len(rows),
            )
        )
        return rows

    def _steps(self, one: Played, value: float) -> list[_Row]:
        made = []
        for prompt, said in one.steps:
            try:
                asked, answer = self._chat.prompt_ids(prompt), self._chat.answer_ids(prompt, said)
            except ValueError:
                self.dropped["template"] += 1
                continue
            if len(asked) + len(answer) > self._longest:
                self.dropped["too_long"] += 1
                continue
            made.append(_Row(asked, answer, value))
        return made


class _Watch(TrainerCallback):  # type: ignore[misc]
    def __init__(self, own: _Own, tell: Progress | None) -> None:
        self._own, self._tell = own, tell

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **given: Any) -> None:  # noqa: ARG002
        if "loss" not in logs or not self._own.updates:
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            message = f"the loss of update {state.global_step} is no number; lower the learning rate"
            raise FaultError(Fault(owner=Owner.MODEL, kind="nan_loss", message=message))
        self._own.updates[-1] = self._own.updates[-1].with_(loss=loss)
        if self._tell:
            self._tell(state.global_step, state.max_steps, self._own.updates[-1])


def run(
    episodes: Sequence[str], play: Play, config: GroupConfig, out: Path, progress: Progress | None, about: object
) -> GroupReport:
    """See `webapprentice.train.reinforce`."""
    transformers.utils.logging.disable_progress_bar()
    disable_progress_bars()
    base = folder_of(config.train.base_model)
    verify_if_signed(base)
    key = key_of("reinforce", config, key_of_weights(base), list(episodes), about)
    done = finished(out, key, GroupReport)
    if done is not None:
        return done
    with alone(out, "training"), threads(config.train.threads), without_old_names(), TemporaryDirectory() as work:
        return _trained(episodes, play, config, out, progress, base, key, work)


def _trained(
    episodes: Sequence[str],
    play: Play,
    config: GroupConfig,
    out: Path,
    progress: Progress | None,
    base: Path,
    key: str,
    work: str,
) -> GroupReport:
    began = time.monotonic()
    how = config.train
    transformers.set_seed(how.seed)
    device, dtype = placed(how)
    model, tokenizer = load_weights(base, device, dtype)
    chat = Chat(tokenizer)
    limit = limit_of(base) or 1 << 30
    own = _Own(chat, min(how.max_length or limit, limit), tokenizer.pad_token_id or 0)
    if how.method == "lora":
        model = adapted(model, how)
    policy = _Policy(model, chat, base, ModelConfig(threads=how.threads))

    def acted(update: int, names: list[str]) -> list[list[Played]]:
        policy.label = key_of("policy", key, update)
        model.eval()
        try:
            return play(policy, update, names)
        finally:
            model.train()

    trainer = _Grpo(
        model=model,
        reward_funcs=[_unused],
        args=_arguments(config, device, work),
        train_dataset=Dataset.from_list([{"prompt": name} for name in episodes]),
        processing_class=tokenizer,
        play=acted,
        own=own,
    )
    trainer.add_callback(_Watch(own, progress))
    trainer.remove_callback(PrinterCallback)
    try:
        trainer.train()
    finally:
        policy.close()
    report = GroupReport(
        out=str(out),
        run=key,
        base=key_of_weights(base),
        key="",
        updates=tuple(own.updates),
        dropped=dict(own.dropped),
        spent=Spent(
            episodes=own.episodes,
            tokens_generated=own.generated,
            tokens_trained=own.trained,
            seconds=time.monotonic() - began,
        ),
    )
    return save(trainer.accelerator.unwrap_model(trainer.model), tokenizer, out, report, config, key)


def _arguments(config: GroupConfig, device: str, work: str) -> Any:
    """TRL's arguments: one batch of episodes for each update, cut into parts that fit into memory."""
    how = config.train
    attempts = config.groups * config.attempts
    parts = next(n for n in range(-(-attempts // config.micro_batch), attempts + 1) if attempts % n == 0)
    return GRPOConfig(
        output_dir=work,
        max_steps=config.updates,
        per_device_train_batch_size=attempts // parts,
        gradient_accumulation_steps=parts,
        num_generations=config.attempts,
        epsilon=config.epsilon,
        beta=config.beta,
        learning_rate=how.learning_rate,
        lr_scheduler_type="constant_with_warmup" if how.schedule == "constant" else how.schedule,
        warmup_steps=round(how.warmup * config.updates) if how.warmup_steps is None else how.warmup_steps,
        weight_decay=how.weight_decay,
        max_grad_norm=how.max_grad_norm,
        seed=how.seed,
        bf16=bf16(how, device),
        use_cpu=device == "cpu",
        save_strategy="no",
        logging_steps=1,
        logging_nan_inf_filter=False,
        dataloader_pin_memory=device != "cpu",
        disable_tqdm=True,
        report_to="none",
    )


def _unused(**_given: Any) -> list[float]:
    """The trainer insists on a reward function; here the episodes bring their rewards."""
    raise AssertionError("rewards come with the episodes")
