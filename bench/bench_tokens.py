"""Counting tokens and cutting long pages into chunks: ours against the ways of ScribeAgent's released code, in turns.

    python bench/bench_tokens.py [--tokenizer FILE] [--pages FOLDER] [--rounds 3]

Theirs: the collator's call of the transformers tokenizer for each document; and, for a page over budget, all that is
left of it tokenised, its last tokens decoded and cut in front of a tag, again and again. Ours: what a data set is
counted with, and `page.pruning.chunks`, with nothing remembered from an earlier round. The texts are the real pages of
bench_prune.py after its rules; `--tokenizer` is a tokenizer.json, by default the seed's. Seconds are of processor time
on one core. The last line but one is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one core, whoever counts

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from bench_prune import unpacked
from webapprentice.models.lines import LineCounter
from webapprentice.models.places import folder_of
from webapprentice.models.quick import quick
from webapprentice.page import Scribe
from webapprentice.page.pruning import chunks

BUDGETS = (8_000, 32_000)
LONG = 12
"""Pages that are cut: the longest ones."""


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, and what came of it."""
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def released(text: str, budget: int, tokenizer: Any) -> list[str]:
    """Chunks from the page's end by the released procedure, described in docs/pruning.md; small rests are kept here."""
    made = []
    while text:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) <= budget:
            made.append(text)
            break
        tail = tokenizer.decode(ids[-budget:])
        cut = tail.find("<")
        piece = tail[cut:] if cut >= 0 else tail
        made.append(piece)
        text = text[: -len(piece)]
    return made


def cut_all(texts: list[str], budget: int, count: Any, how: Callable[..., list[str]] = chunks) -> list[list[str]]:
    """The chunks of each text."""
    return [how(text, budget, count) for text in texts]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, default=folder_of("seed") / "tokenizer.json")
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(asked.tokenizer))
    theirs = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=10**9)
    with tempfile.TemporaryDirectory() as folder:
        home = asked.pages or unpacked(Path(folder))
        rules = Scribe(LineCounter(tokenizer))
        texts = [rules.prune(file.read_text("utf-8", "replace")).text for file in sorted(home.rglob("*.html"))]
    longest = sorted(texts, key=len)[-LONG:]
    setup, count = timed(lambda: quick(tokenizer))
    ratios: dict[str, list[float]] = {}
    seconds: dict[str, Any] = {}

    def turn(name: str, theirs_takes: float, ours_takes: float) -> None:
        ratios.setdefault(name, []).append(theirs_takes / ours_takes)
        seconds[f"{name}, theirs"], seconds[f"{name}, ours"] = theirs_takes, ours_takes

    same = tokens = 0
    for _ in range(asked.rounds):
        slow, ids = timed(lambda: [theirs(text, add_special_tokens=False)["input_ids"] for text in texts])
        tokens = sum(map(len, ids))
        if count is not None:
            fast, counted = timed(lambda: count(texts))
            same = sum(one == len(other) for one, other in zip(counted, ids, strict=True))
            turn("tokens", slow, fast)
        for budget in BUDGETS:
            slow, cut = timed(partial(cut_all, longest, budget, theirs, released))
            counter = LineCounter(tokenizer)
            counter.each(texts)  # it has found its quicker way, which `setup_seconds` tells; no line is remembered
            fast, made = timed(partial(cut_all, longest, budget, counter))
            turn(f"chunks of {budget // 1000}k", slow, fast)
            seconds[f"chunks of {budget // 1000}k, pieces"] = sum(map(len, cut)), sum(map(len, made))
        print("; ".join(f"{name} {each[-1]:.1f} x" for name, each in ratios.items()), flush=True)
    result = {
        "tokenizer": str(asked.tokenizer.name),
        "vocabulary": tokenizer.get_vocab_size(),
        "texts": len(texts),
        "tokens": tokens,
        "same_counts": same,
        "setup_seconds": round(setup, 2),
        "ratios": {name: [round(one, 2) for one in each] for name, each in ratios.items()},
        "seconds": seconds,
        "load_average": os.getloadavg()[0],
    }
    print(json.dumps(result))
    if count is None:
        print("this tokenizer is counted by itself: tiktoken is not installed, or would count otherwise")
    else:
        print(
            f"{len(texts)} texts, {tokens / 1e6:.1f} million tokens: "
            + ", ".join(f"{name} {statistics.median(each):.1f} x" for name, each in ratios.items())
            + f"; the same counts on {same}"
        )


if __name__ == "__main__":
    main()
