"""The five prompts: files of the package that a user can read and replace."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, get_args

from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Message
from webapprentice.core.templates import check_template, fill_template, read_template

Stage = Literal["objective", "plan", "address", "actions", "page"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
VARIABLES: Final[dict[Stage, frozenset[str]]] = {
    "objective": frozenset({"pairs"}),
    "plan": frozenset({"objective", "site"}),
    "address": frozenset({"objective", "site", "done", "next"}),
    "actions": frozenset({"demonstrations", "objective", "url", "plan", "number", "step"}),
    "page": frozenset({"demonstrations", "objective", "url", "previous", "next"}),
}
"""What each prompt is filled with; every one of them has to stand in its file, as `{{name}}`."""


class Prompts:
    """The wording of every stage."""

    def __init__(self, texts: dict[Stage, str]) -> None:
        self._texts = texts

    @classmethod
    def load(cls, folder: Path | None = None) -> Prompts:
        """The package's prompts; those of which `folder` holds a file (`plan.txt`, ...) are taken from there.

        Raises UsageError when the folder holds none of them, a file cannot be read, lacks a variable or has another.
        """
        own = {stage: folder / f"{stage}.txt" for stage in STAGES} if folder else {}
        found = {stage: path for stage, path in own.items() if path.is_file()}
        if folder and not found:
            names = ", ".join(f"{stage}.txt" for stage in STAGES)
            raise UsageError(f"{folder} holds no prompt; put one or more of {names} there")
        texts = {}
        for stage in STAGES:
            packaged = files("webapprentice.synthesis").joinpath("texts", f"{stage}.txt")
            texts[stage] = read_template(found[stage]) if stage in found else packaged.read_text(encoding="utf-8")
            check_template(texts[stage], VARIABLES[stage], str(found.get(stage, packaged)))
        return cls(texts)

    @property
    def key(self) -> str:
        """Content key of all the wording."""
        return key_of(self._texts)

    def fill(self, stage: Stage, **values: str) -> Prompt:
        """The prompt of a stage; values are put in as they are, and nothing inside them is filled in again."""
        assert values.keys() == VARIABLES[stage], (stage, sorted(values))
        text = fill_template(self._texts[stage], values)
        return (Message(role="user", content=text.strip()),)
