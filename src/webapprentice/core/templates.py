"""Texts with variables in them, written `{{name}}`, that a user may replace."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from webapprentice.core.faults import UsageError

LARGEST = 100_000
"""Characters of one text."""
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]+)\s*\}\}")


def read_template(path: Path) -> str:
    """The text of a file. Raises UsageError when it cannot be read or is too long."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the prompt {path} cannot be read: {error}; write it as UTF-8") from error
    if len(text) > LARGEST:
        raise UsageError(f"the prompt {path} is longer than {LARGEST:,} characters; shorten it")
    return text


def check_template(text: str, wanted: Collection[str], where: str) -> None:
    """Raise UsageError, naming `where` and the variable, when the text lacks a wanted one or asks for another."""
    there = set(_VARIABLE.findall(text))
    names = ", ".join("{{" + name + "}}" for name in sorted(wanted))
    strange = "".join(f" and has {{{{{name}}}}}, which nobody fills in" for name in sorted(there - set(wanted))[:1])
    for name in sorted(set(wanted) - there):
        raise UsageError(f"the prompt {where} lacks {{{{{name}}}}}{strange}; it needs {names}")
    for name in sorted(there - set(wanted)):
        raise UsageError(f"the prompt {where} asks for {{{{{name}}}}}, which nobody fills in; it needs {names}")


def fill_template(text: str, values: Mapping[str, str]) -> str:
    """The text with the values put in as they are; nothing inside them is filled in again."""
    return _VARIABLE.sub(lambda match: values[match[1]], text)
