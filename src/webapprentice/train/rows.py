"""Examples as token ids, and the order they are trained in. No torch here."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webapprentice.core.faults import UsageError
from webapprentice.core.keys import seed_for
from webapprentice.core.records import Example
from webapprentice.models.chat import Chat

_POOL = 16  # batches whose rows are sorted by length together
_LEAST_SHARE = 0.001  # of all tokens that the loss must apply to


@dataclass(frozen=True)
class Row:
    """Token ids of prompt and completion; the loss applies to the last `trained` ones."""

    ids: tuple[int, ...]
    trained: int
    weight: float


def rows_of(examples: Sequence[Example], chat: Chat, max_length: int) -> tuple[list[Row], dict[str, int]]:
    """Rows that can be trained on, and how many could not, by reason.

    `template`: prompt and completion do not come apart in the chat template, token for token; `too_long`: more than
    `max_length` tokens; `weight`: nought, negative or no number. Raises UsageError when nothing is left.
    """
    rows: list[Row] = []
    dropped: Counter[str] = Counter()
    for example in examples:
        if not (math.isfinite(example.weight) and example.weight > 0):
            dropped["weight"] += 1
            continue
        try:
            prompt, answer = chat.prompt_ids(example.messages), chat.answer_ids(example.messages, example.completion)
        except ValueError:
            dropped["template"] += 1
            continue
        if len(prompt) + len(answer) > max_length:
            dropped["too_long"] += 1
            continue
        rows.append(Row(prompt + answer, len(answer), example.weight))
    if not rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "there were none"
        raise UsageError(f"no example can be trained on ({reasons}); max_length is {max_length}")
    share = sum(row.trained for row in rows) / sum(len(row.ids) for row in rows)
    if share < _LEAST_SHARE:
        raise UsageError(f"only {share:.3%} of the tokens are completions; something is wrong with the examples")
    return rows, dict(dropped)


def steps_of(rows: int, batch: int, epochs: float, max_steps: int | None) -> int:
    """Updates of a run."""
    return max_steps or max(1, math.ceil(rows * epochs / min(batch, rows)))


def plan(lengths: Sequence[int], batch: int, steps: int, seed: int) -> list[list[int]]:
    """Indices of the rows of each update: every row once a pass, rows of like length together, in an order of chance.

    The whole order depends on the arguments alone, so a resumed run knows what it has already seen.
    """
    batch = min(batch, len(lengths))
    stream, batches, number = _passes(len(lengths), seed), list[list[int]](), 0
    while len(batches) < steps:
        count = min(_POOL, steps - len(batches), max(1, len(lengths) // batch))
        pool = sorted((next(stream) for _ in range(count * batch)), key=lambda index: lengths[index])
        cut = [pool[start : start + batch] for start in range(0, len(pool), batch)]
        random.Random(seed_for("batches", seed, number)).shuffle(cut)
        batches += cut
        number += 1
    return batches


def _passes(rows: int, seed: int) -> Iterator[int]:
    number = 0
    while True:
        order = list(range(rows))
        random.Random(seed_for("pass", seed, number)).shuffle(order)
        yield from order
        number += 1
