"""Sentence encoders that sentence-transformers reads. Weights are loaded with the first text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webapprentice.core.faults import Owner, UnavailableError, UsageError, border
from webapprentice.core.keys import key_of_files
from webapprentice.models.places import folder_of

_FILES = ("*.json", "*/*.json", "*.safetensors", "*/*.safetensors", "*.bin", "*.txt")
_BATCH = 64


class SentenceEmbedder:
    """A local sentence encoder. A text longer than its window is cut at the end."""

    lexical = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: Any = None
        self._key = ""

    @classmethod
    def open(cls, name: str, folder: Path | None = None) -> SentenceEmbedder:
        """The encoder in this folder, or of this name. Raises UnavailableError, or UsageError for another folder."""
        if folder is None:
            try:
                folder = folder_of(name if "/" in name else f"sentence-transformers/{name}")
            except UnavailableError as error:
                raise UnavailableError(f"{error}; choose minilm or lexical, or give a folder") from error
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise UsageError(f"{folder} holds no sentence encoder: there is neither modules.json nor config.json in it")
        return cls(folder)

    @property
    def key(self) -> str:
        """Of the files' names and contents."""
        if not self._key:
            self._key = f"sentences-{key_of_files(self._folder, _FILES)}"
        return self._key

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of length 1 a text, shape (texts, dimensions)."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        model = self._loaded()
        with border(Owner.MODEL, "embedding"):
            made = model.encode(
                list(texts),
                batch_size=_BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return np.asarray(made, dtype=np.float32)

    def _loaded(self) -> Any:
        if self._model is None:
            with border(Owner.MODEL, "embedding"):
                from sentence_transformers import SentenceTransformer
                from transformers.utils import logging

                logging.disable_progress_bar()
                # From 6.0 on this also holds for code that modules.json names in a local folder.
                self._model = SentenceTransformer(str(self._folder), local_files_only=True, trust_remote_code=False)
        return self._model
