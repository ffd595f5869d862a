"""Counting tokens with tiktoken's core where it gives the same counts as the tokenizer itself, many times as fast.

Byte-level tokenizers of the Qwen, Llama 3 and GPT families are of that kind. Whether one is cannot be read off its file
alone, because tiktoken merges any two neighbours whose join is a token and not only those that a merge names: so it is
tried on texts put together from tokens drawn from the whole vocabulary, and one difference is enough to do without.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any
from unicodedata import normalize

from tokenizers import Tokenizer

_GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""What a byte-level pre-tokenizer splits by where it has no pattern of its own."""
_PROBES = (
    "The quick brown fox can't jump: 12,345.67 €, it'll say.\r\n\r\n"
    "\t<div class=\"row-12 col_3\" node='4'>\n  x &amp; y\n",
    "ünï ƶ 漢字かな交じり文 한국어 текст العربية עברית हिन्दी ไทย 😀👩‍👩‍👧 e\u0301 \u00a0 \u2028 ½ ² ﬁ ǅ",
    "  \n \n\n\t\t  word   words \t end  \n",
    "def f(x):\n    return x**2  # 3.14e-10 != 0x7f\n\n\nif __name__ == '__main__':\n\tf(1)\n",
    'https://example.org/a/b?c=d%20e&f=1#g JSON {"k": [1, null, true]} <!-- c --> €£¥ \'\'\' """ ---===+++',
)
_TRIED = 400  # made-up texts
_TOKENS = 50  # in each
_RUN = 5000
_BLANKS = re.compile(rf"(?<!\s)\s{{{_RUN}}}")
"""White space that tiktoken's engine of patterns may not come back from: a million blanks overflow its stack."""
_NUMBERS = 1 << 24  # above every rank
_LONG = 1000
"""Characters from which it pays to hand tiktoken the tokens that stand apart, which it takes in anew for each text."""

Counter = Callable[[Sequence[str]], list[int]]


def quick(tokenizer: Tokenizer) -> Counter | None:
    """How many tokens the tokenizer makes of each text, special tokens around it aside; None where tiktoken is not
    installed, or would count otherwise."""
    try:
        import tiktoken
    except ImportError:
        return None
    form = json.loads(tokenizer.to_str())
    pattern, added = _pattern(form), _added(form)
    ranks = _ranks(form)
    if pattern is None or added is None or ranks is None or form["normalizer"] not in (None, {"type": "NFC"}):
        return None
    if form["truncation"] or form["padding"]:
        return None
    composes = form["normalizer"] is not None
    whole, apart, first = added
    try:
        encoding = tiktoken.Encoding("quick", pat_str=pattern, mergeable_ranks=ranks, special_tokens=apart)
    except (ValueError, KeyError):  # a pattern that its engine cannot read
        return None
    known = frozenset(apart)

    def count(texts: Sequence[str]) -> list[int]:
        return [one(text) for text in texts]

    def one(text: str) -> int:
        if len(text) > _RUN and _BLANKS.search(text):
            return len(tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids)
        flat = composed(text)
        if known and len(text) > _LONG and (flat == text or not first):
            return len(encoding.encode(flat, allowed_special=known, disallowed_special=()))
        parts = [flat] if whole is None else whole.split(text if first else flat)
        if whole is not None and first:
            parts = list(map(composed, parts))
        return len(parts) - 1 + sum(len(encoding.encode_ordinary(part)) for part in parts if part)

    def composed(text: str) -> str:
        return normalize("NFC", text) if composes and not text.isascii() else text

    return count if _agrees(count, tokenizer) else None


def _pattern(form: Mapping[str, Any]) -> str | None:
    """What the tokenizer cuts texts into words by, if it does nothing else before it looks at bytes."""
    cutter = form["pre_tokenizer"] or {}
    parts = (cutter["pretokenizers"] if cutter.get("type") == "Sequence" else [cutter]) or [{}]
    last = parts[-1]
    if last.get("type") != "ByteLevel" or last["add_prefix_space"]:
        return None
    if len(parts) == 1:
        return _GPT2 if last["use_regex"] else None
    first = parts[0]
    if len(parts) != 2 or last["use_regex"] or first["type"] != "Split":
        return None
    plain = first["behavior"] == "Isolated" and not first["invert"]
    return first["pattern"].get("Regex") if plain else None


def _added(form: Mapping[str, Any]) -> tuple[re.Pattern[str] | None, dict[str, int], bool] | None:
    """Tokens that stand apart in a text: what finds them, they with numbers, and whether they are found before the text
    is composed. None where they are more than strings, or begin alike."""
    tokens = form["added_tokens"]
    first = {not token["normalized"] for token in tokens}
    if len(first) > 1 or any(token["lstrip"] or token["rstrip"] or token["single_word"] for token in tokens):
        return None
    texts = sorted(token["content"] for token in tokens)
    if any(later.startswith(earlier) for earlier, later in pairwise(texts)):
        return None
    pattern = re.compile("|".join(map(re.escape, texts))) if texts else None
    return pattern, {text: _NUMBERS + place for place, text in enumerate(texts)}, first == {True}


def _ranks(form: Mapping[str, Any]) -> dict[bytes, int] | None:
    """The bytes of each token by the order of merges; ids play no part where tokens are only counted."""
    model = form["model"]
    plain = ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")
    if model["type"] != "BPE" or any(model[name] for name in plain):
        return None
    bytes_of = _alphabet()
    ranks = {bytes([value]): value for value in bytes_of.values()}
    if any(sign not in model["vocab"] for sign in bytes_of):
        return None
    for place, merge in enumerate(model["merges"]):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if any(sign not in bytes_of for part in pair for sign in part):
            return None
        ranks.setdefault(bytes(bytes_of[sign] for part in pair for sign in part), 256 + place)
    if model["ignore_merges"]:  # whole words are looked up first: one that no merge makes would be missed
        apart = {token["content"] for token in form["added_tokens"]}
        words = (token for token in model["vocab"] if token not in apart)
        if any(bytes(bytes_of.get(sign, 0) for sign in word) not in ranks for word in words):
            return None
    return ranks


def _alphabet() -> dict[str, int]:
    """The sign that stands for each byte in a byte-level vocabulary: itself where it can be printed, else one from 256
    on, in order (Radford et al. 2019)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [value for value in range(256) if value not in shown]
    return {chr(value): value for value in shown} | {chr(256 + n): value for n, value in enumerate(hidden)}


def _agrees(count: Counter, tokenizer: Tokenizer) -> bool:
    """Whether both count alike: prose, markup and code in many scripts, and random runs of the vocabulary's tokens."""
    drawn = random.Random(0)
    size = tokenizer.get_vocab_size()
    made = [
        tokenizer.decode([drawn.randrange(size) for _ in range(_TOKENS)], skip_special_tokens=False)
        for _ in range(_TRIED)
    ]
    texts = [*_PROBES, *made]
    theirs = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return count(texts) == [len(one.ids) for one in theirs]
