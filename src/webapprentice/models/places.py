"""Where a model's files are, and its tokenizer alone; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.models.config import SEED
from webapprentice.models.lines import LineCounter

_HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]


def folder_of(name: str) -> Path:
    """The folder itself, the seed model's, or the local copy of a Hugging Face repository."""
    if name == SEED:
        from webapprentice.seed import PATH

        return PATH
    if Path(name).is_dir():
        return Path(name)
    return _fetched(name, *_HUB_FILES)


def _fetched(name: str, *patterns: str) -> Path:
    """The local copy of a Hugging Face repository; without patterns, of its tokenizer alone."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(patterns) or ["tokenizer.json"]))
    except Exception as error:
        line = " ".join(str(error).split())[:160]
        raise UnavailableError(
            f"model {name!r} is no folder here and could not be fetched from Hugging Face: {line}"
        ) from error


def counter(name: str) -> Callable[[str], int]:
    """How many tokens the tokenizer of this model makes of a text; no weights are loaded.

    Raises UsageError where the folder has no tokenizer, UnavailableError where the name leads nowhere.
    """
    file = (folder_of(name) if name == SEED or Path(name).is_dir() else _fetched(name)) / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
        tokenizer.no_truncation()  # as it is when a model is asked, whatever the file says
        tokenizer.no_padding()
    except Exception as error:  # the library raises nothing narrower
        raise UsageError(f"{file} cannot be read as a tokenizer: {' '.join(str(error).split())[:160]}") from error
    return LineCounter(tokenizer)
