"""Resampling whole clusters, all replicates at once."""

from __future__ import annotations

import numpy as np

from webapprentice.metrics.intervals import Floats

_CELLS = 4_000_000
"""Counts held at once: 32 MB of float64."""


def resample(totals: Floats, resamples: int, seed: int) -> Floats:
    """Sums over clusters drawn with replacement.

    `totals` has shape (clusters, columns): what each cluster adds to each sum. The result has shape (resamples,
    columns). Drawing C clusters with replacement is a multinomial count of each, so a replicate is one row of a matrix
    product; rows are made in blocks that bound the memory.
    """
    if resamples < 1:
        raise ValueError(f"at least one resample is needed, not {resamples}")
    clusters = totals.shape[0]
    random = np.random.default_rng(seed)
    block = max(1, _CELLS // clusters)
    drawn = np.empty((resamples, totals.shape[1]))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        counts = random.multinomial(clusters, np.full(clusters, 1.0 / clusters), size=size)
        drawn[start : start + size] = counts.astype(np.float64) @ totals
    return drawn
