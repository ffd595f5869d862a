"""What a run is decided by."""

from __future__ import annotations

from dataclasses import dataclass, field

from seed.corpus import Noise


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides how the weights come out."""

    width: int = 128
    layers: int = 4
    heads: int = 4
    inner: int = 384
    vocabulary: int = 2048
    steps: int = 1599
    workers: int = 2
    """Processes that share the work; for a model this small, two with one thread each beat one with two threads."""
    tokens: int = 3_000
    """Tokens of one update and worker."""
    rate: float = 3e-3
    decay: float = 0.05
    seed: int = 7
    noise: Noise = field(default_factory=Noise)
    shares: tuple[float, float] = (0.15, 0.25)
    """Shares of the page's and of the instruction's tokens that enter the loss."""
    decline: float = 0.35
    """The last part of the run, in which the rate falls."""
    seconds: float = 0.0
    """When set, the clock decides the number of steps; giving that number as `steps` makes the same weights again."""
    pages: int = 1_000
    """Pages imagined at a time."""

    def chunk_seed(self, chunk: int) -> int:
        """Seed of the corpus' n-th chunk of `pages` pages."""
        return self.seed * 1_000_003 + chunk
