"""Make a randomly initialised Qwen2.5 checkpoint: the real architecture, chat template and file layout, no download.

    python recipes/random_qwen.py OUT                 about a million parameters, loads in a second
    python recipes/random_qwen.py OUT --size 0.5b     the dimensions of Qwen2.5-0.5B (also: 7b)

It knows nothing; it is for exercising the path that a 7B model takes, and for teaching a model from nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import click

TEMPLATE = (
    "{%- if messages[0]['role'] == 'system' -%}"
    "{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' -}}"
    "{%- else -%}"
    "{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' -}}"
    "{%- endif -%}"
    "{%- for message in messages -%}"
    "{%- if not (loop.first and message['role'] == 'system') -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""The chat format of Qwen2.5, without its tool calls."""

SIZES: dict[str, dict[str, int | bool]] = {
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2},
    "small": {"hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 4},
    "0.5b": {"hidden_size": 896, "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2},
    "7b": {"hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4},
}
_INTERMEDIATE = {"tiny": 192, "small": 384, "0.5b": 4864, "7b": 18944}


def corpus() -> list[str]:
    """Sentences of the kind that agents read and write, enough to learn a small vocabulary from."""
    roles = ("button", "link", "textbox", "checkbox", "combobox", "heading", "StaticText", "menuitem")
    names = ("Search", "Add to cart", "Your email", "Submit", "Next page", "Sort by price", "Remember me", "Milk")
    verbs = ("click", "type", "hover", "press", "scroll", "goto", "stop")
    lines = [f"[{number}] {role} '{name}'" for number, (role, name) in enumerate(itertools.product(roles, names))]
    lines += [
        f"In summary, the next action I will perform is ```{verb} [{n}] [x]```" for verb in verbs for n in range(9)
    ]
    lines += ["OBJECTIVE: find the cheapest blue shirt and add it to the cart", "URL: http://shop.example/p?id=1"]
    lines += [
        "page : goal : act : did : right ? yes no = [ ] ! covered",
        "Let's think step-by-step. True False focused",
    ]
    return lines


def tokenizer(lines: Iterable[str], vocabulary: int = 1200):
    """A byte-level BPE tokenizer with Qwen's special tokens and chat template, learned from the lines."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        lines,
        trainers.BpeTrainer(
            vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )


def make(out: Path, size: str = "tiny", seed: int = 0, context: int = 2048) -> Path:
    """Write the checkpoint folder `out` and return it."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    words = tokenizer(corpus())
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(words),
        intermediate_size=_INTERMEDIATE[size],
        max_position_embeddings=context,
        tie_word_embeddings=size != "7b",
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
        **SIZES[size],
    )
    Qwen2ForCausalLM(config).save_pretrained(out)
    words.save_pretrained(out)
    return out


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--size", type=click.Choice(list(SIZES)), default="tiny", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--context", default=2048, show_default=True, help="longest prompt with its answer, in tokens")
def main(out: Path, size: str, seed: int, context: int) -> None:
    make(out, size, seed, context)
    total = sum(file.stat().st_size for file in out.glob("*.safetensors"))
    click.echo(f"{out}: {size}, {total:,} bytes of weights")


if __name__ == "__main__":
    main()
