"""Whether an objective is new: the closest of those before it, by the vectors of an embedder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from webapprentice.core.protocols import Embedder

_ROOM = 256


class Novelty:
    """Vectors of objectives, added to one by one; none is computed or copied again when another comes."""

    def __init__(self, embedder: Embedder, texts: Sequence[str] = ()) -> None:
        self._embedder = embedder
        self._rows: npt.NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self._count = 0
        self.embedded = 0
        """Texts that the embedder was asked for."""
        if texts:
            for vector in self.vectors(texts):
                self.add(vector)

    def __len__(self) -> int:
        return self._count

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of length 1 a text. Raises FaultError owned by `model`."""
        self.embedded += len(texts)
        return self._embedder.embed(list(texts))

    def closest(self, vector: npt.NDArray[np.float32]) -> float:
        """Cosine of the closest that was added; -1 when there is none."""
        if self._count == 0:
            return -1.0
        return float(np.max(self._rows[: self._count] @ vector))

    def add(self, vector: npt.NDArray[np.float32]) -> None:
        """One more; room is doubled when it runs out, so that each vector is moved a few times at the most."""
        if self._count == len(self._rows):
            grown = np.zeros((max(_ROOM, 2 * len(self._rows)), len(vector)), dtype=np.float32)
            if self._count:
                grown[: self._count] = self._rows
            self._rows = grown
        self._rows[self._count] = vector
        self._count += 1
