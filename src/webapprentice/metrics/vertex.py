"""VERTEX_DTW: how much a run's trajectories look like those that solved the task.

VERTEX is of Dinu et al. (2024, arXiv 2402.00854); aligned by dynamic time warping in Patel et al. (2024, arXiv
2405.20309) and its released code. Each step of a trajectory is a node with a vector. With reference r, test t,
baseline b (the trivial agent on the same task), P the alignment of r and t that is cheapest by cosine distance, and
k(x, y) = exp(-γ |x - y|²):

    S(r, t) = 1/|P| · Σ over (i, j) in P of 1/(1 + |i - j|) · (clip(k(r_i, t_j), 0, 1) - β_i)
    β_i = k(r_i, b_i) where the baseline has an i-th node, else 0

S may be negative; it is not rescaled. A task's score is the maximum over its references; a task without one has none;
an attempt without a single step scores 0.

A node is an array of shape (parts, dimensions) and not one vector, so that page and action can be embedded apart:
distance and kernel are then averages over the parts, with weights. In one text, the action stands at the end and an
encoder with a window of 256 or 384 pieces hardly ever sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from webapprentice.metrics.intervals import Floats

GAMMA = 1.0
_CELLS = 400_000
"""Cells of the padded tables that are worked on at once: 3 MB of float64 each, which the caches hold."""
_TIE = 1e-10
"""Costs closer than this are equal, whatever rounding says; the diagonal then wins."""

Places = npt.NDArray[np.int64]


class Alignment(NamedTuple):
    """The cheapest monotone way through a table of costs."""

    cost: float
    """Sum of the costs along it."""
    path: Places
    """Shape (length, 2): row and column of each of its cells, from (0, 0) to the last."""


class Attempt(NamedTuple):
    """What there is to score on one task. Nodes have shape (steps, parts, dimensions), rows of length 1."""

    references: Sequence[npt.NDArray[np.floating]]
    """Trajectories that solved it."""
    test: npt.NDArray[np.floating] | None
    """None, as without steps: nothing was done."""
    baseline: npt.NDArray[np.floating] | None = None
    """The trivial agent's; None where there is none."""


def align(costs: Sequence[Floats]) -> list[Alignment]:
    """Dynamic time warping (Sakoe and Chiba, 1978), exact, through each table of costs of shape (rows, columns).

    Steps go one row, one column, or both; each cell counts once. Of several cheapest paths the one that goes
    diagonally as late from the start as it can, read from the end, is given. Tables are padded to a common size and
    filled together, one anti-diagonal at a time. Raises ValueError for a table without cells.
    """
    if any(table.ndim != 2 or 0 in table.shape for table in costs):
        raise ValueError("a table of costs needs at least one row and one column")
    order = sorted(range(len(costs)), key=lambda place: costs[place].shape)
    found: list[Alignment | None] = [None] * len(costs)
    start = 0
    while start < len(order):
        end, wide = start + 1, costs[order[start]].shape[1]
        while end < len(order):
            tall, wider = costs[order[end]].shape[0], max(wide, costs[order[end]].shape[1])
            if tall * wider * (end + 1 - start) > _CELLS:
                break
            end, wide = end + 1, wider
        for place, one in zip(order[start:end], _align([costs[p] for p in order[start:end]]), strict=True):
            found[place] = one
        start = end
    return [one for one in found if one is not None]


def vertex(
    attempts: Sequence[Attempt], *, gamma: float = GAMMA, weights: Sequence[float] = (1.0,)
) -> list[float | None]:
    """The score of each attempt: the maximum over its references; None without a reference; 0 without a step.

    `weights` are of the parts of a node and sum to 1. Trajectories without steps are as if they were not there.
    Raises ValueError for weights that do not fit.
    """
    if not np.isclose(sum(weights), 1.0) or min(weights) < 0:
        raise ValueError(f"the weights of a node's parts are at least 0 and sum to 1; these are {tuple(weights)}")
    shares = np.asarray(weights, dtype=np.float64)
    owners: list[int] = []
    costs: list[Floats] = []
    kernels: list[Floats] = []
    betas: list[Floats] = []
    scores: list[float | None] = []
    for place, attempt in enumerate(attempts):
        references = [_whole(one, len(shares)) for one in attempt.references if len(one)]
        scores.append(0.0 if references else None)
        if not references or attempt.test is None or not len(attempt.test):
            continue
        test = _whole(attempt.test, len(shares))
        against = None
        if attempt.baseline is not None and len(attempt.baseline):
            against = _whole(attempt.baseline, len(shares))
        stacked = np.concatenate(references, axis=1)
        cosines = np.matmul(stacked, test.transpose(0, 2, 1))  # (parts, steps of all references, steps of the test)
        distance = np.tensordot(shares, np.maximum(1.0 - cosines, 0.0), 1)
        kernel = np.tensordot(shares, _kernel(cosines, gamma), 1)
        at = 0
        for reference in references:
            steps = reference.shape[1]
            owners.append(place)
            costs.append(distance[at : at + steps])
            kernels.append(kernel[at : at + steps])
            betas.append(_beta(reference, against, shares, gamma))
            at += steps
    best: dict[int, float] = {}
    for owner, alignment, kernel, beta in zip(owners, align(costs), kernels, betas, strict=True):
        i, j = alignment.path[:, 0], alignment.path[:, 1]
        score = float(np.mean((np.clip(kernel[i, j], 0.0, 1.0) - beta[i]) / (1.0 + np.abs(i - j))))
        best[owner] = max(score, best.get(owner, -np.inf))
    for owner, score in best.items():
        scores[owner] = score
    return scores


def _whole(nodes: npt.NDArray[np.floating], parts: int) -> Floats:
    """Shape (parts, steps, dimensions), rows of length 1 in double precision: equal rows have a distance of 0."""
    if nodes.ndim != 3 or nodes.shape[1] != parts:
        raise ValueError(f"nodes have shape (steps, {parts}, dimensions); these have {nodes.shape}")
    rows = nodes.transpose(1, 0, 2).astype(np.float64)
    lengths = np.sqrt(np.einsum("psd,psd->ps", rows, rows))[..., None]
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def _kernel(cosines: Floats, gamma: float) -> Floats:
    """exp(-γ |x - y|²) of rows of length 1, where |x - y|² = 2 - 2 x·y."""
    return np.asarray(np.exp(-2.0 * gamma * np.maximum(1.0 - cosines, 0.0)))


def _beta(reference: Floats, baseline: Floats | None, shares: Floats, gamma: float) -> Floats:
    beta = np.zeros(reference.shape[1])
    if baseline is not None:
        both = min(reference.shape[1], baseline.shape[1])
        cosines = np.einsum("psd,psd->ps", reference[:, :both], baseline[:, :both])
        beta[:both] = shares @ _kernel(cosines, gamma)
    return beta


def _align(costs: Sequence[Floats]) -> list[Alignment]:
    """As `align`, for tables that are worked on together."""
    rows = np.array([table.shape[0] for table in costs])
    columns = np.array([table.shape[1] for table in costs])
    tall, wide, many = int(rows.max()), int(columns.max()), len(costs)
    cost = np.full((many, tall + 1, wide + 1), np.inf)
    for padded, table in zip(cost, costs, strict=True):
        padded[1 : table.shape[0] + 1, 1 : table.shape[1] + 1] = table
    # Cell (i, j) lies at row i (wide + 1) + j; along an anti-diagonal that grows by `wide`, so each one is a slice.
    flat = np.ascontiguousarray(cost.reshape(many, -1).T)
    total = np.full_like(flat, np.inf)
    total[0] = 0.0
    for diagonal in range(2, tall + wide + 1):
        first, last = max(1, diagonal - wide), min(tall, diagonal - 1)
        start, stop = first * wide + diagonal, last * wide + diagonal + 1
        cells = slice(start, stop, wide)
        above, left, before = (slice(start - back, stop - back, wide) for back in (wide + 1, 1, wide + 2))
        cheapest = np.minimum(total[above], total[left])
        np.minimum(cheapest, total[before], out=cheapest)
        np.add(cheapest, flat[cells], out=total[cells])
    return _paths(total, rows, columns, wide + 1)


def _paths(total: Floats, rows: Places, columns: Places, width: int) -> list[Alignment]:
    """The paths back from the last cells, all at once."""
    every = np.arange(len(rows))
    i, j = rows.copy(), columns.copy()
    ends = total[i * width + j, every]
    longest = int((rows + columns).max()) - 1
    told = np.zeros((longest, 2, len(rows)), dtype=np.int64)
    lengths = np.zeros(len(rows), dtype=np.int64)
    for step in range(longest):
        told[step, 0], told[step, 1] = i, j
        going = (i > 1) | (j > 1)
        lengths[~going & (lengths == 0)] = step + 1
        at = i * width + j
        before, above, left = (total[at - back, every] for back in (width + 1, width, 1))
        both = going & (before <= np.minimum(above, left) + _TIE)
        up = going & ~both & (above <= left)
        i -= both | up
        j -= both | (going & ~both & ~up)
        if not going.any():
            break
    told -= 1
    return [
        Alignment(float(end), np.ascontiguousarray(told[:length, :, place][::-1]))
        for place, (end, length) in enumerate(zip(ends, lengths, strict=True))
    ]
