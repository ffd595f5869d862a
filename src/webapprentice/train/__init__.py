"""Examples into a verified checkpoint or adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.records import Example
from webapprentice.train.config import (
    GroupConfig,
    GroupReport,
    GroupUpdate,
    PreferConfig,
    PreferReport,
    Spent,
    TrainConfig,
    TrainReport,
)
from webapprentice.train.groups import Play, Played

__all__ = [
    "GroupConfig",
    "GroupReport",
    "GroupUpdate",
    "Play",
    "Played",
    "PreferConfig",
    "PreferReport",
    "Progress",
    "Spent",
    "TrainConfig",
    "TrainReport",
    "prefer",
    "preview",
    "recipe",
    "reinforce",
    "train",
    "verify",
]

Progress = Callable[[int, int, float], None]
"""Called after each update with its number (from 1), how many there will be, and its loss."""


def train(
    examples: Sequence[Example],
    config: TrainConfig,
    out: Path,
    progress: Progress | None = None,
    validation: Sequence[Example] = (),
) -> TrainReport:
    """Teach a model the completions of the examples; `out` appears only when it is complete and verified.

    `validation`: rows whose perplexity is followed, and decides with `patience` when to end and which weights stay.

    Method `full` writes a checkpoint, `lora` an adapter (and the merged checkpoint in `out/merged` when asked for).
    The same call after a crash goes on from the newest checkpoint that can be verified; once `out` is there, it only
    reads the report. Raises UsageError when nothing can be trained on or `out` holds something else, FaultError
    `nan_loss` (owner model) when the loss or a gradient is no number: weights like that are never written.
    """
    with _extra():
        from webapprentice.train.run import run
    return run(examples, config, out, progress, validation)


def prefer(
    rows: Sequence[Mapping[str, Any]], config: PreferConfig, out: Path, progress: Progress | None = None
) -> PreferReport:
    """Teach a model preferences (`dpo`: prompt, chosen, rejected; `kto`: prompt, completion, label; lists of messages).

    `out` appears only when it is complete and verified; once it is there, only its report is read. Raises UsageError
    when nothing can be trained on or `out` holds something else, FaultError `nan_loss` (owner model).
    """
    with _extra("rl"):
        from webapprentice.train.prefer import run
    return run(rows, config, out, progress)


def preview(examples: Sequence[Example], config: TrainConfig) -> list[tuple[str, str]]:
    """The first update's rows as the model reads them: text that is only read, and text that is trained, of each.

    Raises UsageError when nothing can be trained on.
    """
    with _extra():
        from webapprentice.train.batches import first_batch
    return first_batch(examples, config)


def recipe(name: str) -> Path:
    """The file of a named recipe. Raises UsageError when there is none of this name."""
    folder = Path(__file__).parent / "recipes"
    found = folder / f"{name}.yaml"
    if not found.is_file():
        names = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
        raise UsageError(f"there is no recipe {name!r}; the recipes are {names}")
    return found


def reinforce(
    episodes: Sequence[str],
    play: Play,
    config: GroupConfig,
    out: Path,
    progress: Callable[[int, int, GroupUpdate], None] | None = None,
    about: object = None,
) -> GroupReport:
    """Let a policy learn from the reward of its own episodes, which `play` plays with the weights as they are.

    `about`: all that decides what an episode is, for the run's key. `out` appears only when it is complete and
    verified; once it is there, only its report is read. Raises UsageError when `out` holds something else, FaultError
    `nan_loss` (owner model).
    """
    with _extra("rl"):
        from webapprentice.train.reinforce import run
    return run(episodes, play, config, out, progress, about)


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a checkpoint or adapter that is complete, unchanged and finite. Raises OutputError otherwise."""
    with _extra():
        from webapprentice.models.checkpoints import verify as verify_checkpoint
    return verify_checkpoint(folder)


class _extra:  # noqa: N801
    """Turns a missing library into one line that names the extra."""

    def __init__(self, extra: str = "train") -> None:
        self._extra = extra

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ImportError):
            raise UnavailableError(
                f"training needs {error.name}, which is not installed; run: pip install 'webapprentice[{self._extra}]'"
            ) from error
