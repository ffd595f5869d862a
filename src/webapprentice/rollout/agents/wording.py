"""The prompts of the agents: files of the package that a user can read and replace, one by one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, get_args

from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Message
from webapprentice.core.templates import check_template, fill_template, read_template

Wording = Literal["webarena", "scribe", "refine", "choose", "translate", "check"]
NAMES: Final[tuple[Wording, ...]] = get_args(Wording)
VARIABLES: Final[dict[Wording, frozenset[str]]] = {
    "webarena": frozenset({"objective", "url", "observation", "previous"}),
    "scribe": frozenset({"objective", "url", "observation", "history"}),
    "refine": frozenset({"objective", "url", "observation"}),
    "choose": frozenset({"objective", "url", "observation", "history", "candidates"}),
    "translate": frozenset({"objective", "url", "observation", "history", "notes", "nearby", "step"}),
    "check": frozenset({"objective", "url", "observation", "history", "notes", "proposal"}),
}
"""What each prompt is filled with; every one of them has to stand in its file, as `{{name}}`."""
BY_SITE: Final[frozenset[Wording]] = frozenset({"refine", "choose", "translate", "check"})
"""Prompts of which a site may have its own: `refine.shop.txt`. The others make training rows, which know no site."""
USED: Final[dict[str, tuple[Wording, ...]]] = {
    "webarena": ("webarena",),
    "scribe": ("scribe",),
    "stages": ("scribe", "refine", "choose", "translate", "check"),
}
"""Which prompts an agent asks with."""

_TURN = re.compile(r"^--- (system|user|assistant) ---[ \t]*$", re.MULTILINE)
_SITE = re.compile(r"[a-z0-9_-]{1,40}")


class Prompts:
    """The wording of every role; `texts` holds what replaces the package's, by name or `name.site`."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._texts = dict(texts or {})

    def chat(self, name: Wording, sites: Iterable[str] = ()) -> tuple[Message, ...]:
        """The chat of a role, not filled in: of the first of these sites that has its own, else the common one."""
        for site in sites if name in BY_SITE else ():
            if f"{name}.{site}" in self._texts:
                return turns(self._texts[f"{name}.{site}"], f"{name}.{site}.txt")
        return turns(self._texts.get(name, packaged(name)), f"{name}.txt")

    def replaced(self, name: Wording) -> tuple[Message, ...]:
        """The chat that replaces the package's; none where nothing does."""
        return self.chat(name) if name in self._texts else ()

    def fill(self, name: Wording, sites: Iterable[str], values: Mapping[str, str]) -> Prompt:
        """The prompt of a role; values are put in as they are, and nothing inside them is filled in again."""
        assert values.keys() == VARIABLES[name], (name, sorted(values))
        chat = self.chat(name, sites)
        return tuple(one.model_copy(update={"content": fill_template(one.content, values)}) for one in chat)


@cache
def packaged(name: Wording) -> str:
    """The package's own text."""
    return files("webapprentice.rollout.agents").joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8")


def turns(text: str, where: str) -> tuple[Message, ...]:
    """The chat that a text holds: turns below lines such as `--- user ---`; without any, one turn of the user.

    Raises UsageError, naming `where`, for a chat that begins before its first such line or does not end with the user.
    """
    marks = list(_TURN.finditer(text))
    if not marks:
        return (Message(role="user", content=text.strip("\n")),)
    if text[: marks[0].start()].strip():
        raise UsageError(f"the prompt {where} begins before its first `--- system ---` or `--- user ---` line; move it")
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    found: list[Message] = []
    for mark, end in zip(marks, ends, strict=True):
        content = text[mark.end() : end].strip("\n")
        found.append(Message.model_validate({"role": mark[1], "content": content}))
    if found[-1].role != "user":
        raise UsageError(f"the prompt {where} ends with the {found[-1].role}; end it with the user, who is answered")
    return tuple(found)


def copy_prompts(folder: Path) -> list[Path]:
    """Write every prompt of the package into a folder. Raises UsageError where one of the files is there already."""
    paths = [folder / f"{name}.txt" for name in NAMES]
    there = [path for path in paths if path.exists()]
    if there:
        raise UsageError(f"{there[0]} is there already and is not overwritten; name another folder, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in zip(NAMES, paths, strict=True):
        path.write_text(packaged(name), encoding="utf-8")
    return paths


def checked(given: Any) -> dict[str, str]:
    """Texts by name, from a folder's path or as they were stored; those that are the package's own are left out.

    Raises UsageError for a file that nobody asks with, and for a variable that is missing or unknown; it names them.
    """
    where = ""
    if isinstance(given, str | Path) and str(given):
        folder = Path(given)
        where, given = f"{folder}/", _read(folder)
    if given in (None, ""):
        return {}
    if not isinstance(given, Mapping):
        raise ValueError("it names a folder of prompts")
    texts: dict[str, str] = {}
    for stem, text in given.items():
        name = _named(stem, where)
        check_template(text, VARIABLES[name], f"{where}{stem}.txt")
        turns(text, f"{where}{stem}.txt")
        if text != packaged(name) or "." in stem:
            texts[stem] = text
    return texts


def used(texts: Mapping[str, str], agent: str) -> dict[str, str]:
    """Those of the texts that an agent asks with."""
    names: Sequence[str] = USED.get(agent, ())
    return {stem: text for stem, text in sorted(texts.items()) if stem.partition(".")[0] in names}


def _read(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise UsageError(f"there is no folder of prompts {folder}; make one with `apprentice agents prompts {folder}`")
    found = {path.name.removesuffix(".txt"): path for path in sorted(folder.glob("*.txt"))}
    if not found:
        names = ", ".join(f"{name}.txt" for name in NAMES)
        raise UsageError(f"{folder} holds no prompt; put one or more of {names} there")
    return {stem: read_template(path) for stem, path in found.items()}


def _named(stem: str, where: str) -> Wording:
    """The role that a file's name without `.txt` is for. Raises UsageError where it is for none."""
    name, dot, site = stem.partition(".")
    for known in NAMES:
        if name == known and (not dot or (known in BY_SITE and _SITE.fullmatch(site))):
            return known
    if name in NAMES and name not in BY_SITE:
        raise UsageError(f"the prompt {where}{stem}.txt is for one site, and {name}.txt is one for all; rename it")
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"; did you mean {near[0]}.txt?" if near else f"; there are {', '.join(f'{one}.txt' for one in NAMES)}"
    raise UsageError(f"nobody asks with the prompt {where}{stem}.txt{hint}")
