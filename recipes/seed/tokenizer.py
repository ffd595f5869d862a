"""A byte-level BPE tokenizer in which every digit and every element id is one token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from seed.page import LAST_ID

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

END, PAD = "<eos>", "<pad>"
# The pattern of the Qwen2 tokenizer: the usual classes put it in place of any other when they load a Qwen2 checkpoint.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
    "{% else %}{{ message['content'] }}{% endif %}"
    "{% endfor %}"
)
"""The user's words as they are, one space, the answer, the end; nothing is added to ask for an answer."""


def ids() -> list[str]:
    """The element ids, each with the space that always stands before it."""
    return [f" [{number}]" for number in range(LAST_ID + 1)]


def build(texts: Iterable[str], size: int) -> PreTrainedTokenizerFast:
    """Learn merges from texts without ids, then add the ids; `size` tokens in all."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bare = Tokenizer(models.BPE())
    bare.normalizer = normalizers.NFC()
    bare.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bare.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(ids()),
        special_tokens=[PAD, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bare.train_from_iterator(texts, trainer)
    bare.add_tokens([AddedToken(text, normalized=False) for text in ids()])
    return PreTrainedTokenizerFast(
        tokenizer_object=bare,
        eos_token=END,
        pad_token=PAD,
        unk_token=PAD,
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
        padding_side="left",
    )
