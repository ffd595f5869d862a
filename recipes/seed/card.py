"""Writing a checkpoint directory that the usual classes load, with its model card."""

# ruff: noqa: E501 - the lines of the card are text

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
---

# Seed model

A tiny causal language model (Qwen2 architecture, {parameters:,} parameters) that reads a web page in the compact form and
writes the next action. It was made from nothing by `recipes/seed_model.py`: no other model, no other data.
It is a place to start from, not a good agent.

    page :
    text Name
    textbox Name [7]
    goal : type bob as your name
    act : type textbox Name [7] = bob<eos>

The prompt ends with `act :` and no space; the answer starts with one. With `right ?` in place of `act :` the model
says `yes` or `no` about the action in the last `did :` line.

## What it has read

{pages:,} imaginary pages with up to six imaginary instructions each, drawn by the generator in `recipes/seed/`;
{tokens:,} tokens, each page once. {wrong}
**It has never seen a MiniWoB++ page, objective or demonstration**; a test compares the corpus with the objectives
of the installed benchmark, and finds none of them.

## How it was made

| | |
|---|---|
| size | width {width}, {layers} layers, {heads} heads, inner width {inner}, tied embeddings |
| tokens | byte-level BPE, {vocabulary} entries; every digit one token, ` [0]` to ` [511]` one token each |
| training | {steps} updates of about {batch} tokens a worker, the last third with a falling rate, Muon and AdamW, bf16 autocast |
| seed | {seed} |
| time | {minutes:.1f} minutes wall, {processor:.1f} processor minutes, {workers} workers of one thread{load} |
| torch, transformers | {torch}, {transformers} |

Rebuild: `python recipes/seed_model.py --out DIR --steps {steps}`. The corpus is the same everywhere; the weights are the same on
the same processor, number of workers and torch version, and close to the same elsewhere.

## How good it is

Exactly the right action, on {rows} instructions on imaginary pages of another seed, without any noise. These are the families and
the wordings it was trained on, so they say nothing about real pages; one seed, and no wordings were held out.

{table}

## Licence

Apache-2.0, like the rest of the project.
"""


def save(model: Any, tokenizer: Any, out: Path) -> None:
    """Weights, configuration and tokenizer."""
    out.mkdir(parents=True, exist_ok=True)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.max_new_tokens = 48
    model.save_pretrained(out)
    tokenizer.save_pretrained(out, save_jinja_files=False)
    path = out / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config = {key: config[key] for key in config if key not in ("is_local", "local_files_only", "backend")}
    config["tokenizer_class"] = "Qwen2Tokenizer"
    path.write_text(json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    (out / "model.safetensors").chmod(0o644)


def write_card(out: Path, **facts: Any) -> None:
    """The model card."""
    (out / "README.md").write_text(CARD.format(**facts))
