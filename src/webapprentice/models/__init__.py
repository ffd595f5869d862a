"""Anything that continues a chat: a local checkpoint, an OpenAI-compatible endpoint, or a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.protocols import Model
from webapprentice.models.config import SEED, ModelConfig
from webapprentice.models.scripted import ScriptedModel

if TYPE_CHECKING:
    from webapprentice.models.local import LocalModel

__all__ = ["ModelConfig", "ScriptedModel", "counting", "load", "load_local"]

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def load(name: str | Path, config: ModelConfig | None = None) -> Model:
    """The model of this name, ready to be asked.

    `name` is `seed` (the tiny model that ships with the package), a folder with a transformers checkpoint or a PEFT
    adapter, a Hugging Face name such as `Qwen/Qwen2.5-7B-Instruct`, an endpoint `http://host:8000/v1#model` (also
    `openai:URL#model`), or `scripted:WORDS` (always answers WORDS; `scripted:@FILE` answers a file's lines in order).

    Raises UsageError when the name means nothing, UnavailableError when something it needs is not there.
    """
    text, config = str(name), config or ModelConfig()
    if text.startswith("scripted:"):
        return _scripted(text.removeprefix("scripted:"))
    address = text.removeprefix("openai:")
    if address.startswith(("http://", "https://")):
        from webapprentice.models.endpoint import EndpointModel

        url, _, model = address.partition("#")
        if not model:
            raise UsageError(f"the endpoint {text!r} names no model; write {url}#MODEL")
        return EndpointModel(url, model, config)
    local: Model = load_local(text, config)
    return local


def counting(name: str, config: ModelConfig | None = None) -> Callable[[str], int]:
    """How many tokens the model of this name makes of a text, without its weights where its files allow that.

    Raises as `load` does.
    """
    if name == SEED or Path(name).is_dir() or _HUB_NAME.fullmatch(name):
        try:
            from webapprentice.models.places import counter

            return counter(name)
        except (ImportError, UsageError, UnavailableError):
            pass  # an adapter, or a tokenizer of another kind: loaded whole, it says what is wrong, if anything is
    return load(name, config).count


def load_local(name: str | Path, config: ModelConfig | None = None) -> LocalModel:
    """The checkpoint or adapter of this folder or Hugging Face name, with everything a local model can do."""
    text = str(name)
    if text != SEED and not Path(text).is_dir() and not _HUB_NAME.fullmatch(text):
        raise UsageError(_meaningless(text))
    try:
        from webapprentice.models.local import LocalModel
    except ImportError as error:
        missing = error.name or "torch"
        raise UnavailableError(
            f"local models need {missing}, which is not installed; run: pip install 'webapprentice[train]'"
        ) from error
    return LocalModel.open(text, config or ModelConfig())


def _meaningless(text: str) -> str:
    return (
        f"model {text!r} is neither a folder nor a Hugging Face name; give a folder with config.json, "
        "OWNER/NAME, http://HOST:PORT/v1#MODEL or scripted:WORDS"
    )


def _scripted(words: str) -> ScriptedModel:
    if not words.startswith("@"):
        return ScriptedModel(lambda _prompt, _sampling: words, name=words)
    try:
        lines = Path(words[1:]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the script {words[1:]}: {error}") from error
    return ScriptedModel(lines, name=words)
