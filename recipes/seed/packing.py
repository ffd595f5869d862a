"""From pages with blocks to batches: one page is read once for all of its instructions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from seed.corpus import Sample

_ID = re.compile(r" \[\d+\]")


def without_ids(samples: Iterable[Sample]) -> Iterator[str]:
    """The texts that the tokenizer learns from."""
    for sample in samples:
        yield _ID.sub("", f"{sample.page}\n")
        for prompt, answer in sample.blocks:
            yield _ID.sub("", f"{prompt} {answer}")


@dataclass(frozen=True, slots=True)
class Packed:
    """One page and its blocks as token ids."""

    page: list[int]
    asks: list[list[int]]
    says: list[list[int]]

    @property
    def size(self) -> int:
        """Tokens in all."""
        return len(self.page) + sum(map(len, self.asks)) + sum(map(len, self.says))


def pack(samples: list[Sample], tokenizer: Any) -> list[Packed]:
    """Encode; the answers end with the end token."""
    core = tokenizer.backend_tokenizer
    end = tokenizer.eos_token_id
    pages = [encoding.ids for encoding in core.encode_batch_fast([f"{sample.page}\n" for sample in samples])]
    asks = iter(core.encode_batch_fast([ask for sample in samples for ask, _ in sample.blocks]))
    says = iter(core.encode_batch_fast([f" {said}" for sample in samples for _, said in sample.blocks]))
    return [
        Packed(page, [next(asks).ids for _ in sample.blocks], [[*next(says).ids, end] for _ in sample.blocks])
        for sample, page in zip(samples, pages, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Batch:
    """One update: all tokens in one row, pages first, then blocks; and where each stands in a padded grid.

    A block stands behind its page as if it were alone there: what is learned is what is asked when acting.
    """

    tokens: Tensor
    """All tokens of all pages, then all tokens of all blocks."""
    places: Tensor
    """Position of each token behind the start of its page."""
    pages: Tensor
    """Grid of page tokens: (pages, longest page), indices into the row."""
    blocks: Tensor
    """Grid of block tokens: (pages × blocks a page, longest block), indices into the row behind the pages."""
    page_spots: Tensor
    """Where each page token stands in the flattened grid of pages."""
    block_spots: Tensor
    causal: Tensor
    """Added to the attention scores of pages: 0, or minus much for what comes later."""
    mask: Tensor
    """The same for blocks: (blocks, 1, longest block, longest page + longest block)."""
    rows: Tensor
    """Tokens whose successor counts."""
    targets: Tensor
    weights: Tensor


def batches(packed: list[Packed], rng: Random, budget: int, shares: tuple[float, float]) -> Iterator[Batch]:
    """Batches of about `budget` tokens, of pages of like length, in random order."""
    order = sorted(packed, key=lambda item: len(item.page) + rng.random() * 20)
    groups: list[list[Packed]] = [[]]
    size = 0
    for item in order:
        if groups[-1] and size + item.size > budget:
            groups.append([])
            size = 0
        groups[-1].append(item)
        size += item.size
    rng.shuffle(groups)
    for group in groups:
        yield collate(group, rng, shares)


def _grid(lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Indices that spread a row of pieces over a padded grid, and those that collect it again."""
    sizes = torch.tensor(lengths)
    longest = int(sizes.max())
    starts = sizes.cumsum(0) - sizes
    columns = torch.arange(longest)
    inside = columns < sizes[:, None]
    grid = torch.where(inside, starts[:, None] + columns, 0)
    return grid, inside.flatten().nonzero().squeeze(1)


def _past(length: int) -> Tensor:
    """Each token sees itself and those before it."""
    return torch.ones(length, length, dtype=torch.bool).tril()


def _added(seen: Tensor) -> Tensor:
    """A mask to add to scores."""
    return torch.where(seen, 0.0, -1e4).bfloat16()


def collate(group: list[Packed], rng: Random, shares: tuple[float, float]) -> Batch:
    """Lay out one batch; every page gets as many blocks as the one with most, by repeating without weight."""
    most = max(len(item.asks) for item in group)
    tokens: list[int] = [token for item in group for token in item.page]
    places = [place for item in group for place in range(len(item.page))]
    wanted: list[tuple[int, int, float]] = []
    row = 0
    for item in group:
        wanted += [(row + at, item.page[at + 1], 0.5) for at in range(len(item.page) - 1) if rng.random() < shares[0]]
        row += len(item.page)
    lengths = []
    for item in group:
        for number in range(most):
            ask, said = item.asks[number % len(item.asks)], item.says[number % len(item.asks)]
            block = ask + said
            lengths.append(len(block))
            if number < len(item.asks):
                last = len(ask) - 1
                wanted += [(row + at, block[at + 1], 0.5) for at in range(last) if rng.random() < shares[1]]
                wanted += [(row + at, block[at + 1], 1.0) for at in range(last, len(block) - 1)]
            tokens += block
            places += range(len(item.page), len(item.page) + len(block))
            row += len(block)
    sizes = [len(item.page) for item in group]
    pages, page_spots = _grid(sizes)
    blocks, block_spots = _grid(lengths)
    count = len(lengths)
    wide = torch.arange(pages.shape[1]) < torch.tensor(sizes).repeat_interleave(most)[:, None]
    own = _past(blocks.shape[1]).expand(count, -1, -1)
    mask = torch.cat([wide[:, None].expand(count, blocks.shape[1], -1), own], dim=2)[:, None]
    rows, targets, weights = zip(*wanted, strict=True)
    return Batch(
        torch.tensor(tokens),
        torch.tensor(places),
        pages,
        blocks,
        page_spots,
        block_spots,
        _added(_past(pages.shape[1])),
        _added(mask),
        torch.tensor(rows),
        torch.tensor(targets),
        torch.tensor(weights),
    )
