"""How often the model gives exactly the right action, per family, on pages it has not seen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import torch

from seed.corpus import CLEAN, corpus


@dataclass(frozen=True, slots=True)
class Mark:
    """One family's result."""

    family: str
    count: int
    greedy: float
    sampled: float
    """At temperature 1."""


@torch.no_grad()
def answers(model: Any, tokenizer: Any, prompts: list[str], temperature: float, batch: int = 64) -> list[str]:
    """One answer a prompt; greedy at temperature 0."""
    said = [""] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        inputs = tokenizer([prompts[index] for index in part], return_tensors="pt", padding=True)
        more: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {}
        drawn = model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            max_new_tokens=48,
            **({"do_sample": False} | more),
        )
        texts = tokenizer.batch_decode(drawn[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        for index, text in zip(part, texts, strict=True):
            said[index] = text.strip()
    return said


def examine(model: Any, tokenizer: Any, *, seed: int, pages: int) -> list[Mark]:
    """Greedy and sampled accuracy on the first block of pages without any noise."""
    model.eval()
    torch.manual_seed(seed)
    rows = []
    for sample in corpus(seed, pages, CLEAN, most=4):
        for family, (ask, said) in zip(sample.families[:3], sample.blocks, strict=False):
            rows.append((family, f"{sample.page}\n{ask}", said))
    prompts = [prompt for _, prompt, _ in rows]
    hits: dict[str, list[list[bool]]] = defaultdict(lambda: [[], []])
    for place, temperature in enumerate((0.0, 1.0)):
        for (family, _, wanted), said in zip(rows, answers(model, tokenizer, prompts, temperature), strict=True):
            hits[family][place].append(said == wanted)
            hits["all"][place].append(said == wanted)
    return [
        Mark(family, len(marks[0]), sum(marks[0]) / len(marks[0]), sum(marks[1]) / len(marks[1]))
        for family, marks in sorted(hits.items())
    ]


def tabled(marks: list[Mark]) -> str:
    """The marks as a Markdown table."""
    lines = ["| family | rows | greedy | T = 1 |", "|---|---|---|---|"]
    lines += [f"| {m.family} | {m.count} | {100 * m.greedy:.0f} % | {100 * m.sampled:.0f} % |" for m in marks]
    return "\n".join(lines)
