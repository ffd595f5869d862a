"""A plain training loop: one run, one cosine, bf16 where the processor likes it."""

from __future__ import annotations

import copy
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from seed.corpus import corpus
from seed.packing import Batch, batches, pack
from seed.plan import Plan
from seed.reading import hidden


def new_model(plan: Plan, tokenizer: Any) -> Any:
    """A Qwen2 model with random weights."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(plan.seed)
    config = Qwen2Config(
        vocab_size=plan.vocabulary,
        hidden_size=plan.width,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.heads,
        intermediate_size=plan.inner,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen2ForCausalLM(config)


def stream(plan: Plan, tokenizer: Any, rank: int = 0) -> Iterator[Batch]:
    """Batches without end; each page is seen once."""
    rng = Random(plan.seed + rank)
    for chunk in range(rank, 1_000_000, plan.workers):
        samples = list(corpus(plan.chunk_seed(chunk), plan.pages, plan.noise))
        yield from batches(pack(samples, tokenizer), rng, plan.tokens, plan.shares)


def loss_of(model: Any, batch: Batch) -> tuple[Tensor, float]:
    """Weighted cross-entropy of the tokens that count, and that of the answers alone."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = hidden(model, batch)[batch.rows] @ model.lm_head.weight.t()
    losses = torch.nn.functional.cross_entropy(logits.float(), batch.targets, reduction="none")
    answers = losses.detach()[batch.weights == 1.0].mean().item()
    return (losses * batch.weights).sum() / batch.weights.sum(), answers


def optimizers(model: Any, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for the embedding and the vectors."""
    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    rest = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, lr=plan.rate * 6, momentum=0.95, weight_decay=plan.decay),
        torch.optim.AdamW(rest, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


@dataclass(slots=True)
class Read:
    """What a training run has gone through."""

    steps: int = 0
    pages: int = 0
    tokens: int = 0


def share(step: int, steps: int, decay: float) -> float:
    """Of the full rate: up in 60 steps, level, and down to nothing in a straight line over the last part."""
    return min(1.0, (step + 1) / 60, (steps - step) / max(1.0, decay * steps))


class Together:
    """Workers that average their gradients; one worker alone needs nobody."""

    def __init__(self, model: Any, rank: int, workers: int) -> None:
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.rank, self.workers = rank, workers

    def average(self, *numbers: float) -> list[float]:
        """Average the gradients in place, and sum some numbers over the workers."""
        if self.workers == 1:
            return list(numbers)
        flat = torch.cat([*(weight.grad.flatten() for weight in self.weights), torch.tensor(numbers)])
        torch.distributed.all_reduce(flat)
        start = 0
        for weight in self.weights:
            weight.grad.copy_(flat[start : start + weight.numel()].view_as(weight)).div_(self.workers)
            start += weight.numel()
        return flat[start:].tolist()


def train(model: Any, plan: Plan, tokenizer: Any, say: Callable[[str], None], rank: int = 0) -> Read:
    """Train; returns what was read by all workers."""
    tools = optimizers(model, plan)
    full = [group["lr"] for tool in tools for group in tool.param_groups]
    source, team = stream(plan, tokenizer, rank), Together(model, rank, plan.workers)
    model.train()
    start, read, mean, steps = time.perf_counter(), Read(), [0.0, 0.0], 10**9 if plan.seconds else plan.steps
    while read.steps < steps:
        for group, rate in zip((group for tool in tools for group in tool.param_groups), full, strict=True):
            group["lr"] = rate * share(read.steps, steps, plan.decline)
        batch = next(source)
        loss, answers = loss_of(model, batch)
        model.zero_grad(set_to_none=True)
        loss.backward()
        # Following the clock, the first worker decides when the rate begins to fall, and with it how long the run is.
        took = time.perf_counter() - start
        due = plan.seconds and rank == 0 and steps == 10**9 and took > plan.seconds * (1 - plan.decline)
        ends = math.ceil((read.steps + 1) / (1 - plan.decline)) if due else 0
        pages, tokens, loss_sum, answer_sum, fixed = team.average(
            len(batch.pages), batch.tokens.numel(), loss.item(), answers, ends
        )
        steps = int(fixed) or steps
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for tool in tools:
            tool.step()
        read = Read(read.steps + 1, read.pages + int(pages), read.tokens + int(tokens))
        now = [loss_sum / plan.workers, answer_sum / plan.workers]
        mean = now if read.steps == 1 else [0.98 * old + 0.02 * new for old, new in zip(mean, now, strict=True)]
        if rank == 0 and (read.steps % 50 == 1 or read.steps == steps):
            say(
                f"step {read.steps} of {steps if steps < 10**9 else '?'} loss {mean[0]:.3f} answers {mean[1]:.3f} "
                f"{read.tokens / took:,.0f} tokens/s {took:.0f} s"
            )
    return read


def train_together(model: Any, plan: Plan, tokenizer: Any, threads: int) -> Read:
    """Train with one process a worker; the model given ends with the trained weights."""
    if plan.workers == 1:
        torch.set_num_threads(threads)
        return train(model, plan, tokenizer, _print)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(_work, args=(folder, model, plan, tokenizer), nprocs=plan.workers)
        saved = torch.load(f"{folder}/weights.pt", weights_only=True)
    model.load_state_dict(saved["weights"])
    return Read(*saved["read"])


def _work(rank: int, folder: str, model: Any, plan: Plan, tokenizer: Any) -> None:
    """One worker's life."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=plan.workers
    )
    model = copy.deepcopy(model)
    read = train(model, plan, tokenizer, _print, rank)
    if rank == 0:
        torch.save(
            {"weights": model.state_dict(), "read": [read.steps, read.pages, read.tokens]}, f"{folder}/weights.pt"
        )
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def _print(line: str) -> None:
    print(line, flush=True)
