"""Vectors of words and their spelling, with numpy alone: what is used where no sentence encoder is installed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

DIMENSIONS = 2048
_SIZES = (3, 4)
_WORD = re.compile(r"\w+", re.UNICODE)
_LONGEST = 60
"""Characters of a word that are looked at; a page may hold words of a megabyte."""
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by for from if in into is it its of on or so that the their them then there these this "
        "to was were what when where which who will with you your",
    )
)
"""Words that say little of what a sentence is about; they weigh `_FAINT` of others."""
_FAINT = 0.2


class LexicalEmbedder:
    """Hashed words and character n-grams, damped term frequency, signed (Weinberger et al., 2009, arXiv 0902.2206).

    A word gives half of its weight to itself and half to its n-grams of three and four characters, its borders
    included, so that `click` and `clicks` are alike. Two texts are alike when they share words: synonyms are not
    seen. The same text has the same vector on any machine.
    """

    lexical = True

    @property
    def key(self) -> str:
        """Name and version of the rules."""
        return f"lexical-1-{DIMENSIONS}"

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of length 1 a text, shape (texts, 2048). A text without a word is alike to such texts alone."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float64)
        for row, text in zip(rows, texts, strict=True):
            counts = Counter(word[:_LONGEST] for word in _WORD.findall(text.casefold())) or Counter([""])
            parts = [_features(word) for word in counts]
            weights = np.repeat(
                [(1.0 + math.log(count)) * (_FAINT if word in _COMMON else 1.0) for word, count in counts.items()],
                [len(places) for places, _ in parts],
            )
            places = np.concatenate([places for places, _ in parts])
            values = np.concatenate([values for _, values in parts])
            row += np.bincount(places, values * weights, minlength=DIMENSIONS)
            length = float(np.linalg.norm(row))
            if length == 0.0:  # every feature met its opposite
                row[0] = length = 1.0
            row /= length
        return rows.astype(np.float32)


@lru_cache(maxsize=65_536)
def _features(word: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Places and signed values of one word; the sum of squares of the values is 1 where no two places meet."""
    bordered = f"<{word}>"
    grams = [bordered[at : at + size] for size in _SIZES for at in range(len(bordered) - size + 1)]
    hashes = [
        int.from_bytes(blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest())
        for feature in (f"word {word}", *grams)
    ]
    own = math.sqrt(0.5) if grams else 1.0
    share = math.sqrt(0.5 / len(grams)) if grams else 0.0
    values = [(own if number == 0 else share) * (1.0 if found >> 63 else -1.0) for number, found in enumerate(hashes)]
    return np.array([found % DIMENSIONS for found in hashes], dtype=np.int64), np.array(values)
