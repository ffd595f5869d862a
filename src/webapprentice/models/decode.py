"""Batched decoding on any causal language model of transformers.

Own loop rather than `generate`: equal prompts are read once, every row draws from its own generator, finished rows
leave the batch, and the cache grows in place. Rows are padded on the left: the newest token is always the last column.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

_ROOM = 64  # columns added when a cache is full
_SHRINK = 0.75  # finished rows are dropped when no more than this share is still going: dropping copies the cache


@dataclass(frozen=True)
class Request:
    """One answer wanted: `prompt` ids, how to draw, and when to stop."""

    prompt: tuple[int, ...]
    most: int
    """New tokens at the most."""
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    ended: Callable[[list[int]], bool] | None = None
    """Says whether the tokens so far contain a stop string; None when there is none to look for."""


@dataclass
class Row:
    """One answer as it grows."""

    request: Request
    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0
    """Nats at temperature 1, the closing token included."""
    finished: bool = False
    """Closed by itself, not cut off."""

    def __post_init__(self) -> None:
        self.draws = random.Random(self.request.seed)

    def take(self, token: int, logprob: float, end: frozenset[int]) -> None:
        """Append a drawn token."""
        self.tokens.append(token)
        self.logprob += logprob
        self.finished = token in end or bool(self.request.ended and self.request.ended(self.tokens))

    @property
    def over(self) -> bool:
        return self.finished or len(self.tokens) >= self.request.most


@dataclass(frozen=True)
class Engine:
    """A model with what decoding needs to know about it."""

    model: Any
    end: frozenset[int]
    """Token ids that close an answer."""
    batch: int
    """Rows decoded side by side."""
    prefill_tokens: int
    """Prompt tokens read in one forward pass."""

    def answer(self, requests: Sequence[Request]) -> list[Row]:
        """One row a request, in order."""
        rows = [Row(request) for request in requests]
        with torch.inference_mode():
            for group in _groups([request.prompt for request in requests], self.batch):
                self._answer([rows[index] for index in group])
        return rows

    def score(self, prompts: Sequence[tuple[int, ...]], answers: Sequence[tuple[int, ...]]) -> list[float]:
        """Log-probability of each answer after its prompt, nats."""
        scores = [0.0] * len(prompts)
        with torch.inference_mode():
            for group in _groups(prompts, self.batch):
                found = self._score([prompts[index] for index in group], [answers[index] for index in group])
                for index, score in zip(group, found, strict=True):
                    scores[index] = score
        return scores

    def _answer(self, rows: list[Row]) -> None:
        state = self._read([row.request.prompt for row in rows])
        while True:
            logprobs = torch.log_softmax(state.logits.float(), dim=-1)
            tokens = _draw(logprobs, rows)
            chosen = logprobs.gather(1, tokens[:, None])[:, 0].tolist()
            for row, token, logprob in zip(rows, tokens.tolist(), chosen, strict=True):
                if not row.over:
                    row.take(token, logprob, self.end)
            alive = [index for index, row in enumerate(rows) if not row.over]
            if not alive:
                return
            if len(alive) <= _SHRINK * len(rows):
                kept = torch.tensor(alive, device=tokens.device)
                rows, tokens, state = [rows[index] for index in alive], tokens[kept], state.keep(kept)
            state = self._forward(state, tokens[:, None])

    def _score(self, prompts: list[tuple[int, ...]], answers: list[tuple[int, ...]]) -> list[float]:
        state = self._read(prompts)
        longest = max(map(len, answers))
        ids = torch.tensor(
            [[*answer, *[0] * (longest - len(answer))] for answer in answers], device=state.logits.device
        )
        logits = state.logits[:, None]
        if longest > 1:  # pads stand on the right here: no token of an answer looks at them
            more = self._forward(state, ids[:, :-1], keep=longest - 1)
            logits = torch.cat([logits, more.all_logits], dim=1)
        logprobs = torch.log_softmax(logits.float(), dim=-1).gather(2, ids[:, :, None])[:, :, 0]
        counted = torch.tensor([[column < len(answer) for column in range(longest)] for answer in answers])
        return [float(score) for score in torch.where(counted.to(ids.device), logprobs, 0.0).double().sum(1).tolist()]

    def _forward(self, state: _State, tokens: torch.Tensor, keep: int = 1) -> _State:
        """Read `tokens` (rows × new columns) after what the state has read."""
        new = tokens.shape[1]
        places = state.lengths[:, None] + torch.arange(new, device=tokens.device)
        mask = torch.cat([state.mask, state.mask.new_ones(len(tokens), new)], dim=1)
        output = self.model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=places,
            past_key_values=state.cache,
            use_cache=True,
            logits_to_keep=keep,
        )
        return _State(state.cache, mask, state.lengths + new, output.logits)

    def _read(self, prompts: list[tuple[int, ...]]) -> _State:
        """Read the prompts, each distinct one once; a state with one row a prompt, in order."""
        distinct = sorted(set(prompts), key=lambda prompt: (len(prompt), prompt))
        parts = [self._prefill(part) for part in _portions(distinct, self.prefill_tokens)]
        place = {prompt: index for index, prompt in enumerate(distinct)}
        return _joined(parts, [place[prompt] for prompt in prompts])

    def _prefill(self, prompts: list[tuple[int, ...]]) -> _State:
        longest, device = max(map(len, prompts)), self.model.device
        ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=device)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
        places = torch.arange(longest, device=device) - (longest - lengths)[:, None]
        mask, cache = places >= 0, Cache(layer_class_to_replicate=_RoomyLayer)
        output = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=places.clamp(min=0),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return _State(cache, mask, lengths, output.logits)


class _RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """A cache layer that keeps spare columns, so that a step writes one column instead of copying all of them."""

    keys: Any
    values: Any
    _wide: tuple[Any, ...]

    def update(self, key_states: Any, value_states: Any, *_args: Any, **_kwargs: Any) -> tuple[Any, Any]:
        if not self.is_initialized:
            self.adopt(key_states, value_states)
            return self.keys, self.values
        start, stop = self.keys.shape[-2], self.keys.shape[-2] + key_states.shape[-2]
        if stop > self._wide[0].shape[-2]:
            self._wide = tuple(_widened(held, stop + _ROOM) for held in (self.keys, self.values))
        for wide, new in zip(self._wide, (key_states, value_states), strict=True):
            wide[..., start:stop, :] = new
        self.keys, self.values = (wide[..., :stop, :] for wide in self._wide)
        return self.keys, self.values

    def adopt(self, keys: Any, values: Any) -> _RoomyLayer:
        """Take these states (rows × heads × columns × size) as all that has been read."""
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        self.keys, self.values, self._wide = keys, values, (keys, values)
        return self


@dataclass(frozen=True)
class _State:
    """Rows that have been read so far: cache, mask (rows × columns), lengths (rows), logits of the newest columns."""

    cache: Cache
    mask: torch.Tensor
    lengths: torch.Tensor
    all_logits: torch.Tensor

    @property
    def logits(self) -> torch.Tensor:
        return self.all_logits[:, -1]

    def keep(self, rows: torch.Tensor) -> _State:
        """These rows alone."""
        layers = [_RoomyLayer().adopt(layer.keys[rows], layer.values[rows]) for layer in self.cache.layers]
        return _State(Cache(layers=layers), self.mask[rows], self.lengths[rows], self.all_logits[rows])


def _joined(parts: list[_State], places: list[int]) -> _State:
    """One state out of several, padded on the left to the longest; row i is row `places[i]` of all the parts' rows."""
    longest = max(part.mask.shape[1] for part in parts)
    rows = torch.tensor(places, device=parts[0].mask.device)
    if len(parts) == 1 and places == list(range(len(parts[0].lengths))):
        return parts[0]

    def stack(pieces: list[torch.Tensor]) -> torch.Tensor:
        whole = pieces[0] if len(pieces) == 1 else torch.cat([_padded(piece, longest) for piece in pieces])
        return whole[rows]

    layers = [
        _RoomyLayer().adopt(stack([layer.keys for layer in depth]), stack([layer.values for layer in depth]))
        for depth in zip(*(part.cache.layers for part in parts), strict=True)
    ]
    mask = torch.cat([_padded(part.mask[..., None], longest)[..., 0] for part in parts])[rows]
    lengths = torch.cat([part.lengths for part in parts])[rows]
    return _State(Cache(layers=layers), mask, lengths, torch.cat([part.all_logits for part in parts])[rows])


def _padded(tensor: torch.Tensor, columns: int) -> torch.Tensor:
    """Zeros on the left of the last dimension but one."""
    return torch.nn.functional.pad(tensor, (0, 0, columns - tensor.shape[-2], 0))


def _widened(tensor: torch.Tensor, columns: int) -> torch.Tensor:
    wide = tensor.new_empty((*tensor.shape[:-2], columns, tensor.shape[-1]))
    wide[..., : tensor.shape[-2], :] = tensor
    return wide


def _groups(prompts: Sequence[tuple[int, ...]], most: int) -> Iterator[list[int]]:
    """Indices in portions of at most `most`, by length, equal prompts side by side."""
    order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), prompts[index]))
    yield from (order[start : start + most] for start in range(0, len(order), most))


def _portions(prompts: list[tuple[int, ...]], tokens: int) -> Iterator[list[tuple[int, ...]]]:
    """Neighbours of ascending length in portions of at most `tokens` tokens, padding included."""
    portion: list[tuple[int, ...]] = []
    for prompt in prompts:
        if portion and (len(portion) + 1) * len(prompt) > tokens:
            yield portion
            portion = []
        portion.append(prompt)
    yield portion


def _draw(logprobs: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
    """One token a row, by inverting the distribution at the row's own next uniform number; temperature 0: the best."""
    best = logprobs.argmax(dim=-1)
    if all(row.request.temperature == 0 for row in rows):
        return best
    columns = [(row.request.temperature, row.request.top_p, row.draws.random()) for row in rows]
    heat, share, point = torch.tensor(columns, dtype=torch.float64, device=logprobs.device)[..., None].unbind(1)
    chances = torch.softmax(logprobs.double() / torch.where(heat == 0, 1.0, heat), dim=-1)
    if bool((share < 1).any()):
        ranked, order = chances.sort(dim=-1, descending=True)
        ranked = torch.where(ranked.cumsum(-1) - ranked < share, ranked, 0.0)
        chances = torch.zeros_like(chances).scatter(-1, order, ranked)
    rising = chances.cumsum(-1)
    drawn = torch.searchsorted(rising, point * rising[:, -1:], right=True)[:, 0].clamp(max=logprobs.shape[-1] - 1)
    return torch.where(heat[:, 0] == 0, best, drawn)
