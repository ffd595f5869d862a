"""Scripted solutions of tasks: what a person would do, one action a line, named by what can be read on the page.

    click link "Orders"
    click button "Add to cart" near "Garden chair"
    type textbox "Quantity" "3"
    type searchbox "Search" "chair" enter
    select combobox "Sort by" "Price"
    press "Enter"
    goto "__SHOP__/orders"
    upload button "Photo" "chair.png"
    back
    stop "42"

A line names an element by role and name (white space collapsed, whole name, then the only one that begins so). Where
several have both, `near` takes the one that stands closest to those words in the order of the document; without it, two
are a mistake in the line.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from webapprentice.core.actions import Action, Back, Click, Forward, Goto, Hover, Press, Select, Stop, Type, Upload
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Element, Observation
from webapprentice.core.text import squeeze
from webapprentice.tasks.webarena.records import fill

_AIMED = {"click": 0, "hover": 0, "type": 1, "select": 1, "upload": 1}
"""Steps that name an element, and how many words must follow it."""


class NotThere(Exception):  # noqa: N818 - how a line says that the page does not have what it names
    """What the line names is not on the page, or not only once."""


def action_of(line: str, seen: Observation) -> Action:
    """The action that a line means on this page. Raises NotThere, and UsageError where the line is none."""
    try:
        verb, *words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{line!r}: {error}") from error
    try:
        if verb in _AIMED:
            given, near = _parted(words[2:], _AIMED[verb])
            return _aimed(verb, element_of(words[0], words[1], near, seen).id, given)
        return _free(verb, words)
    except (IndexError, ValueError) as error:
        raise UsageError(f"{line!r} is no step of a solution: {error}") from error


def _parted(words: list[str], least: int) -> tuple[list[str], str]:
    """What is given to an element, and the words it stands near: after `near`, behind the `least` that are given."""
    at = words.index("near", least) if "near" in words[least:] else len(words)
    return [*words[:at], *words[at + 2 :]], words[at + 1] if at < len(words) else ""


def _aimed(verb: str, node: int, given: list[str]) -> Action:
    match verb:
        case "click":
            return Click(node=node)
        case "hover":
            return Hover(node=node)
        case "type":
            if given[1:] not in ([], ["enter"]):
                raise ValueError(f"after the text {given[0]!r} there is enter, or near and words, or nothing")
            return Type(node=node, text=given[0], submit=bool(given[1:]))
        case "select":
            return Select(node=node, options=tuple(given))
        case _:
            return Upload(node=node, files=tuple(given))


def _free(verb: str, words: Sequence[str]) -> Action:
    match verb:
        case "goto":
            return Goto(url=words[0])
        case "press":
            return Press(keys=words[0])
        case "back":
            return Back()
        case "forward":
            return Forward()
        case "stop":
            return Stop(answer=words[0] if words else "")
    raise ValueError(
        f"no step begins with {verb!r}, but with click, type, select, hover, upload, press, goto, back, forward or stop"
    )


def element_of(role: str, name: str, near: str, seen: Observation) -> Element:
    """The visible element of this role and name. Raises NotThere."""
    wanted = squeeze(name)
    alike = [one for one in seen.elements if one.role == role and one.visible]
    found = [one for one in alike if squeeze(one.name) == wanted]
    found = found or [one for one in alike if squeeze(one.name).startswith(wanted)]
    if near and found:
        places = {one.id: place for place, one in enumerate(seen.elements)}
        marks = [places[one.id] for one in seen.elements if squeeze(near) in squeeze(one.text or one.name)]
        if not marks:
            raise NotThere(f"the words {near!r} are not on {seen.url}")
        return min(found, key=lambda one: min(abs(places[one.id] - mark) for mark in marks))
    if len(found) != 1:
        names = ", ".join(sorted({squeeze(one.name)[:40] for one in alike})[:12])
        raise NotThere(f"{len(found)} of {role} {name!r} on {seen.url}, which has: {names}")
    return found[0]


def load_gold(file: Path, addresses: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Solutions by task id, from YAML: each a list of lines, in which `__SHOP__` stands for the address of `shop`.

    Raises UsageError.
    """
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{file}: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(found, Mapping):
        raise UsageError(f"{file}: solutions are lists of lines by task id")
    for task, lines in found.items():
        if not isinstance(lines, list):
            raise UsageError(f"{file}: the solution of {task} is a list of lines, such as [stop]")
    return {
        str(task): tuple(fill([str(line) for line in lines], addresses, f"{file}: the solution of {task}"))
        for task, lines in found.items()
    }
