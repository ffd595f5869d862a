"""The released code's interval over replicates (Patel et al., 2024, arXiv 2405.20309), for its figures alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from webapprentice.metrics.intervals import Interval

_REPLICATES = 100
_T = 1.9842169515086827
"""Student's t with 99 degrees of freedom at 97.5 %."""


def legacy_t(statistic: Callable[[npt.NDArray[np.int64]], float], tasks: int) -> Interval | None:
    """Mean of 100 bootstrap replicates ± t · sd / √100; None without tasks.

    `statistic` gives the figure on tasks of these places, drawn with replacement with the seeds 0 to 99. This is an
    interval for the mean of the replicates and not for the figure: it shrinks with the number of replicates, at 100 it
    is ten times narrower than their spread, and it takes tasks of one template for independent. Read the clustered
    percentile intervals instead; this one is for comparing with published tables.
    """
    if tasks == 0:
        return None
    drawn = np.array(
        [statistic(np.random.default_rng(seed).integers(0, tasks, size=tasks)) for seed in range(_REPLICATES)]
    )
    mean, half = float(drawn.mean()), _T * float(drawn.std(ddof=1)) / np.sqrt(_REPLICATES)
    return Interval(estimate=mean, low=mean - half, high=mean + half, method="t over 100 replicates")
