"""Which folder of weights can be trusted: signed with a manifest when written, verified before it is believed."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from webapprentice.core.faults import OutputError, UsageError
from webapprentice.core.keys import key_of

MANIFEST = "manifest.json"
_ADAPTER = "adapter_config.json"
_KEYED = (
    "*.safetensors",
    "config.json",
    "generation_config.json",
    _ADAPTER,
    "tokenizer*",
    "*.jinja",
    "vocab.*",
    "merges.txt",
)


def key_of_weights(folder: Path) -> str:
    """Content key of what makes a checkpoint or adapter answer as it does: weights, configuration, tokenizer."""
    files = sorted({path for pattern in _KEYED for path in folder.glob(pattern) if path.is_file()})
    return key_of(
        *((path.name, _digest_of_adapter(path) if path.name == _ADAPTER else _digest(path)) for path in files)
    )


def _digest_of_adapter(path: Path) -> str:
    """Of an adapter's configuration without the place where its base was: the same on any machine."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told.pop("base_model_name_or_path", None)
    except (ValueError, AttributeError):
        return _digest(path)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def sign(folder: Path, **facts: Any) -> None:
    """Write the manifest: size and SHA-256 of every file, name and shape of every tensor, and any `facts`."""
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": _digest(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    tensors = {path.name: _tensors(path) for path in sorted(folder.glob("*.safetensors"))}
    text = json.dumps({"schema_version": 1, "files": files, "tensors": tensors, **facts}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def verify(folder: Path, shapes: dict[str, dict[str, list[int]]] | None = None) -> dict[str, Any]:
    """The manifest of a folder whose files are complete, unchanged, finite and of the shapes expected.

    `shapes` is what the tensors should look like, by file name; None: what the manifest itself says.
    Raises OutputError with one line that names the file and what is wrong with it.
    """
    manifest = _manifest(folder)
    for name, fact in manifest["files"].items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            raise OutputError(f"{folder} cannot be trusted: {name} is missing")
        if size != fact["bytes"]:
            raise OutputError(f"{folder} cannot be trusted: {name} has {size:,} bytes instead of {fact['bytes']:,}")
        if _digest(path) != fact["sha256"]:
            raise OutputError(f"{folder} cannot be trusted: {name} is not what was written (SHA-256 differs)")
    unsigned = {path.name for path in folder.glob("*.safetensors")} - set(manifest["files"])
    if unsigned:
        raise OutputError(f"{folder} cannot be trusted: {min(unsigned)} is not in its manifest")
    for name, expected in (shapes or manifest["tensors"]).items():
        _check_tensors(folder / name, expected)
    return manifest


def verify_if_signed(folder: Path) -> None:
    """Refuse a damaged folder that carries a manifest; one without (from elsewhere) must at least have whole files."""
    if (folder / MANIFEST).is_file():
        verify(folder)
        return
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        kind = "the weights are not in safetensors files" if list(folder.glob("*.bin")) else "it holds no weights"
        raise UsageError(f"{folder} cannot be used: {kind}; give a folder with *.safetensors")
    for path in files:
        _tensors(path)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["schema_version"] != 1:
            raise OutputError(f"{folder} was written by a newer version; upgrade to read it")
        if not isinstance(manifest["files"], dict) or not isinstance(manifest["tensors"], dict):
            raise TypeError
    except FileNotFoundError as error:
        raise OutputError(f"{folder} cannot be trusted: it has no {MANIFEST}, so it was never finished") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{folder} cannot be trusted: its {MANIFEST} is damaged") from error
    return dict(manifest)


def _tensors(path: Path) -> dict[str, list[int]]:
    """Shape of every tensor, from the header; the file is as long as the header says."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: list(file.get_slice(name).get_shape()) for name in sorted(file.keys())}
    except (SafetensorError, OSError) as error:
        raise OutputError(f"{path.parent} cannot be trusted: {path.name} is damaged ({error})") from error


def _check_tensors(path: Path, expected: dict[str, list[int]]) -> None:
    found = _tensors(path)
    if found != expected:
        odd = _first_difference(found, expected)
        raise OutputError(f"{path.parent} cannot be trusted: tensor {odd} of {path.name} is not what it should be")
    with safe_open(path, framework="pt") as file:
        for name in found:
            tensor = file.get_tensor(name)
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise OutputError(f"{path.parent} cannot be trusted: tensor {name} of {path.name} has NaN or infinity")


def _first_difference(found: dict[str, list[int]], expected: dict[str, list[int]]) -> str:
    return min(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def _digest(path: Path) -> str:
    """SHA-256 of a file, remembered while its size, time of change and inode stay the same."""
    stat = path.stat()
    return _sha256(path.resolve(), (stat.st_size, stat.st_mtime_ns, stat.st_ino))


@lru_cache(maxsize=1024)
def _sha256(path: Path, _state: tuple[int, int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
