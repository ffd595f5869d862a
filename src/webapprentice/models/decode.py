"""Batched decoding on any causal language model of transformers.

Own loop rather than `generate`: equal prompts are read once, every row draws from its own generator, finished rows
leave the batch, and the cache grows in place. Rows are padded on the left: the newest token is always the last column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

from webapprentice.models.beginnings import Trie

_ROOM = 64  # columns added when a cache is full


@dataclass(frozen=True)
class Request:
    """One answer wanted: `prompt` ids, how to draw, and when to stop."""

    prompt: tuple[int, ...]
    most: int
    """New tokens at the most."""
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    begins: Trie | None = None
    """What the answer must begin with; None for anything."""
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
        self.next = self.request.begins
        self.draws = torch.Generator().manual_seed(self.request.seed % 2**63)

    def take(self, token: int, logprob: float, end: frozenset[int]) -> None:
        """Append a drawn token."""
        self.next = self.next.step(token) if self.next is not None else None
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
            logprobs = torch.log_softmax(state.logits[:, -1].float(), dim=-1)
            tokens = _draw(_open(logprobs, rows), rows)
            chosen = logprobs.gather(1, tokens[:, None])[:, 0].tolist()
            for row, token, logprob in zip(rows, tokens.tolist(), chosen, strict=True):
                if not row.over:
                    row.take(token, logprob, self.end)
            alive = [index for index, row in enumerate(rows) if not row.over]
            if not alive:
                return
            if len(alive) < len(rows):
                order = state.keep(alive)
                rows, tokens = [rows[index] for index in order], tokens[order]
            self._forward(state, tokens[:, None])

    def _score(self, prompts: list[tuple[int, ...]], answers: list[tuple[int, ...]]) -> list[float]:
        state = self._read(prompts)
        longest = max(map(len, answers))
        ids = torch.tensor(
            [[*answer, *[0] * (longest - len(answer))] for answer in answers], device=state.logits.device
        )
        logits = state.logits
        if longest > 1:  # pads stand on the right here: no token of an answer looks at them
            logits = torch.cat([logits, self._forward(state, ids[:, :-1], keep=longest - 1)], dim=1)
        logprobs = torch.log_softmax(logits.float(), dim=-1).gather(2, ids[:, :, None])[:, :, 0]
        counted = torch.tensor([[column < len(answer) for column in range(longest)] for answer in answers])
        return [float(score) for score in torch.where(counted.to(ids.device), logprobs, 0.0).double().sum(1).tolist()]

    def _forward(self, state: _State, tokens: torch.Tensor, keep: int = 1) -> torch.Tensor:
        """Read `tokens` (rows × new columns) after what the state has read; logits of the last `keep` columns."""
        new = tokens.shape[1]
        places = state.lengths[:, None] + torch.arange(new, device=tokens.device)
        state.mask = torch.cat([state.mask, state.mask.new_ones(len(tokens), new)], dim=1)
        state.lengths = state.lengths + new
        state.logits = self._run(tokens, state.mask, places, Cache(layers=state.layers), keep)
        return state.logits

    def _read(self, prompts: list[tuple[int, ...]]) -> _State:
        """Read the prompts, equal neighbours once; a state with one row a prompt, in order."""
        longest, device = max(map(len, prompts)), self.model.device
        depth = self.model.config.get_text_config().num_hidden_layers
        layers = [_RoomyLayer(len(prompts), longest) for _ in range(depth)]
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
        mask = torch.arange(longest, device=device) >= (longest - lengths)[:, None]
        logits, start = [], 0
        for portion in _portions(prompts, self.prefill_tokens):
            distinct = list(dict.fromkeys(portion))
            copies = [index for index, prompt in enumerate(distinct) for _ in range(portion.count(prompt))]
            rows = slice(start, start + len(portion))
            cache = Cache(layers=[_PrefillLayer(layer, rows, copies) for layer in layers])
            logits.append(self._prefill(distinct, cache)[copies])
            start = rows.stop
        return _State(layers, mask, lengths, torch.cat(logits))

    def _prefill(self, prompts: list[tuple[int, ...]], cache: Cache) -> torch.Tensor:
        longest, device = max(map(len, prompts)), self.model.device
        ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=device)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
        places = torch.arange(longest, device=device) - (longest - lengths)[:, None]
        return self._run(ids, places >= 0, places.clamp(min=0), cache, 1)

    def _run(self, ids: Any, mask: Any, places: Any, cache: Cache, keep: int) -> torch.Tensor:
        output = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=places,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=keep,
        )
        logits: torch.Tensor = output.logits
        return logits


class _RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """A cache layer with spare columns: a step writes one column, and a row that leaves costs one row copied."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self._rows, self._columns = rows, columns
        self._wide: list[Any] = []

    def fill(self, rows: slice, copies: list[int], states: tuple[Any, Any]) -> None:
        """Take what a prompt's reading left (distinct prompts × heads × columns × size), pads on the left."""
        if not self._wide:
            self.dtype, self.device, self.is_initialized = states[0].dtype, states[0].device, True
            # Zeros, not rubbish: a masked column is multiplied by nought, and nought times NaN is NaN.
            shape = (self._rows, states[0].shape[1], self._columns + _ROOM, states[0].shape[3])
            self._wide = [states[0].new_zeros(shape) for _ in states]
        for wide, state in zip(self._wide, states, strict=True):
            wide[rows, :, self._columns - state.shape[2] : self._columns] = (
                state if len(copies) == len(state) else state[copies]
            )
        self._show()

    def update(self, key_states: Any, value_states: Any, *_args: Any, **_kwargs: Any) -> tuple[Any, Any]:
        start, self._columns = self._columns, self._columns + key_states.shape[2]
        if self._columns > self._wide[0].shape[2]:
            room = self._columns - self._wide[0].shape[2] + _ROOM
            self._wide = [torch.nn.functional.pad(wide, (0, 0, 0, room)) for wide in self._wide]
        for wide, state in zip(self._wide, (key_states, value_states), strict=True):
            wide[: self._rows, :, start : self._columns] = state
        self._show()
        return self.keys, self.values

    def move(self, rows: int, holes: list[int], movers: list[int]) -> None:
        """Go on with the first `rows` rows, after the movers have taken the places of the holes."""
        self._rows = rows
        if holes:
            for wide in self._wide:
                wide[holes, :, : self._columns] = wide[movers, :, : self._columns]
        self._show()

    def _show(self) -> None:
        self.keys, self.values = (wide[: self._rows, :, : self._columns] for wide in self._wide)


class _PrefillLayer(DynamicLayer):  # type: ignore[misc]
    """Stands in for an empty cache while prompts are read, and hands what they leave to the layer that stays."""

    def __init__(self, layer: _RoomyLayer, rows: slice, copies: list[int]) -> None:
        super().__init__()
        self._layer, self._rows, self._copies = layer, rows, copies

    def update(self, key_states: Any, value_states: Any, *_args: Any, **_kwargs: Any) -> tuple[Any, Any]:
        self._layer.fill(self._rows, self._copies, (key_states, value_states))
        return key_states, value_states


@dataclass
class _State:
    """What has been read so far: mask is rows × columns, lengths rows, logits rows × newest columns × vocabulary."""

    layers: list[_RoomyLayer]
    mask: torch.Tensor
    lengths: torch.Tensor
    logits: torch.Tensor

    def keep(self, alive: list[int]) -> list[int]:
        """Drop all other rows; the last ones alive take the places left empty. Which old row each new row is."""
        going = set(alive)
        holes = [index for index in range(len(alive)) if index not in going]
        movers = [index for index in alive if index >= len(alive)]
        order = list(range(len(alive)))
        for hole, mover in zip(holes, movers, strict=True):
            order[hole] = mover
        for layer in self.layers:
            layer.move(len(alive), holes, movers)
        self.mask, self.lengths = self.mask[order], self.lengths[order]
        return order


def _groups(prompts: Sequence[tuple[int, ...]], most: int) -> Iterator[list[int]]:
    """Indices in portions of at most `most`, by length, equal prompts side by side."""
    order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), prompts[index]))
    yield from (order[start : start + most] for start in range(0, len(order), most))


def _portions(prompts: list[tuple[int, ...]], tokens: int) -> Iterator[list[tuple[int, ...]]]:
    """Neighbours of ascending length whose distinct ones make at most `tokens` tokens, padding included."""
    portion: list[tuple[int, ...]] = []
    distinct = 0
    for prompt in prompts:
        new = not portion or portion[-1] != prompt
        if portion and new and (distinct + 1) * len(prompt) > tokens:
            yield portion
            portion, distinct = [], 0
        portion.append(prompt)
        distinct += new
    yield portion


def _open(logprobs: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
    """The log-probabilities with what a row may not say next at minus infinity; not scaled up again."""
    bound = [(place, row.next) for place, row in enumerate(rows) if row.next is not None and not row.over]
    if not bound:
        return logprobs
    shut = torch.zeros_like(logprobs, dtype=torch.bool)
    for place, trie in bound:
        shut[place] = True
        shut[place, list(trie.after)] = False
    return logprobs.masked_fill(shut, -torch.inf)


def _draw(logprobs: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
    """One token a row, by the Gumbel-max rule with the row's own generator; temperature 0: the best.

    What stands in a batch beside a row moves its logits in their last digits. Here that changes a draw only where two
    tokens are equally good to these digits; inverting the summed distribution, each of its thousands of borders moves.
    """
    best = logprobs.argmax(dim=-1)
    if all(row.request.temperature == 0 for row in rows):
        return best
    columns = [(row.request.temperature, row.request.top_p) for row in rows]
    heat, share = torch.tensor(columns, dtype=torch.float64, device=logprobs.device)[..., None].unbind(1)
    scores = logprobs.double() / torch.where(heat == 0, 1.0, heat)
    if bool((share < 1).any()):
        ranked, order = torch.softmax(scores, dim=-1).sort(dim=-1, descending=True)
        outside = torch.zeros_like(scores, dtype=torch.bool).scatter(-1, order, ranked.cumsum(-1) - ranked >= share)
        scores = scores.masked_fill(outside, -torch.inf)
    size = logprobs.shape[-1]
    chance = torch.stack([torch.rand(size, generator=row.draws, dtype=torch.float64) for row in rows])
    drawn = (scores - torch.log(-torch.log(chance)).to(scores.device)).argmax(dim=-1)
    return torch.where(heat[:, 0] == 0, best, drawn)
