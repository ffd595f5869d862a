"""Played episodes in groups, and what an attempt's reward says beside its group's; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean, pstdev

from webapprentice.core.protocols import Model, Prompt
from webapprentice.core.records import Record

_LEAST = 1e-4  # added to a standard deviation, as in TRL


class Played(Record):
    """One attempt at one episode."""

    reward: float | None
    """Between 0 and 1; None: lost to a fault that is not the model's, and in no group."""
    steps: tuple[tuple[Prompt, str], ...]
    """Each prompt as it was asked, and what was said."""
    tokens: int = 0
    """Said by the model in all."""


Play = Callable[[Model, int, list[str]], list[list[Played]]]
"""Plays the named episodes of one update with the model as it is; one list of attempts an episode, in order."""


def advantages(rewards: Sequence[float | None]) -> list[float]:
    """Reward less the group's mean, over its standard deviation (Shao et al. 2024, arXiv 2402.03300, eq. 3, with the
    population's deviation); 0 where there is no reward, and for all where none differs."""
    known = [one for one in rewards if one is not None]
    if len(known) < 2 or max(known) == min(known):
        return [0.0] * len(rewards)
    middle, spread = fmean(known), pstdev(known)
    return [0.0 if one is None else (one - middle) / (spread + _LEAST) for one in rewards]
