"""ScribeAgent's spelling: five lines, of which the description says what is typed.

    3.
    Description: Type "bob" and press Enter
    Action: keyboard_sequence_action
    Node: 832 832 832 832 832
    Target: <input type="text" node="832">

The node id stands five times, in answers and in the history alike, so that it weighs more in the loss; readers take the
first. The paper knows three actions (`mouse_click_action`, `keyboard_sequence_action`, `keyboard_combination_action`);
the others here follow their pattern. Strings are JSON strings, so line breaks and quotes survive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from pydantic import ValidationError

from webapprentice.core.actions import (
    Action,
    Back,
    Click,
    CloseTab,
    Dialog,
    Drag,
    Forward,
    Goto,
    Hover,
    NewTab,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
    Upload,
    Wait,
)
from webapprentice.language.reading import Label, Unreadable, only

_TIMES = 5
_NONE = "none"
_LONGEST = 300
"""Characters of a person's own words."""
_CLICKS: dict[str, tuple[str, int]] = {
    "mouse_click_action": ("left", 1),
    "mouse_double_click_action": ("left", 2),
    "mouse_right_click_action": ("right", 1),
    "mouse_double_right_click_action": ("right", 2),
    "mouse_middle_click_action": ("middle", 1),
    "mouse_double_middle_click_action": ("middle", 2),
}
_CLICK_NAMES = {how: name for name, how in _CLICKS.items()}
_HEAD = re.compile(r"^[ \t]*Action:[ \t]*(\w+)[ \t]*$", re.MULTILINE)
_FIELDS = frozenset({"Description", "Action", "Node", "Target"})
_POINT = r"\((-?[0-9]{1,6}), (-?[0-9]{1,6})\)"


def write_scribe(action: Action, label: Label, number: int, words: str = "") -> str:
    """Five lines for the step of this number.

    `words` describe it in a person's own way; they stand where the description says nothing that a reader needs.
    """
    name, description = _described(action, label)
    words = " ".join(words.split())
    if words and isinstance(action, Click | Hover) and getattr(action, "at", None) is None and _harmless(words):
        description = words
    node = getattr(action, "node", None)
    nodes = _NONE if node is None else " ".join([str(node)] * _TIMES)
    target = _NONE if node is None else (" ".join(label(node).split()).partition(">")[0].rstrip() + ">")
    target = f'<element node="{node}">' if target == ">" else target
    return f"{number}.\nDescription: {description}\nAction: {name}\nNode: {nodes}\nTarget: {target}"


def _described(action: Action, label: Label) -> tuple[str, str]:
    """Name of the action and its description."""
    match action:
        case Click():
            return _CLICK_NAMES[action.button, action.count], f"Click {_words(action.node, label)}{_at(action.at)}"
        case Type():
            return "keyboard_sequence_action", (
                f"{'Type' if action.clear else 'Add'} {_string(action.text)}"
                + (" and press Enter" if action.submit else "")
            )
        case Select():
            return "select_option_action", f"Select {_strings(action.options)}".rstrip()
        case Upload():
            return "upload_file_action", f"Upload {_strings(action.files)}".rstrip()
        case Hover():
            return "mouse_hover_action", f"Hover over {_words(action.node, label)}"
        case Press():
            return "keyboard_combination_action", f"Press {_string(action.keys)}"
        case Scroll():
            return "scroll_action", f"Scroll {action.direction}"
        case Drag():
            to = "" if action.to is None else f" to node {action.to}"
            by = "" if action.by is None else f" by ({action.by[0]}, {action.by[1]})"
            onto = _at(action.to_at).replace(" at ", " onto ")
            return "mouse_drag_action", f"Drag {_words(action.node, label)}{_at(action.at)}{by}{to}{onto}"
        case Goto():
            return "goto_action", f"Go to {_string(action.url)}"
        case Back() | Forward():
            return f"go_{action.kind}_action", f"Go {action.kind}"
        case NewTab():
            return "new_tab_action", "Open a new tab"
        case SwitchTab():
            return "switch_tab_action", f"Switch to tab {action.index}"
        case CloseTab():
            return "close_tab_action", "Close the tab"
        case Dialog():
            name = "accept_dialog_action" if action.accept else "dismiss_dialog_action"
            verb = "Accept the dialog" if action.accept else "Dismiss the dialog"
            return name, verb if action.text is None else f"{verb} with {_string(action.text)}"
        case Wait():
            return "wait_action", f"Wait {action.seconds!r} seconds"
        case Stop():
            return "stop_action", f"Stop with {_string(action.answer)}" if action.answer else "Stop"
    assert_never(action)


def _harmless(words: str) -> bool:
    """Whether words in a description's place leave the action that is read as it is."""
    return len(words) <= _LONGEST and _point("at", _tail(words)) is None


def _string(text: str) -> str:
    """A JSON string on one line, whatever is in it."""
    if text.isprintable():
        return json.dumps(text, ensure_ascii=False)
    return json.dumps(text)


def _strings(texts: Sequence[str]) -> str:
    return ", ".join(_string(text) for text in texts)


def _words(node: int, label: Label) -> str:
    """What stands on the element, in quotes; `here` where nothing does."""
    inside = " ".join(label(node).partition(">")[2].split())
    return _string(inside) if inside else "here"


def _at(point: tuple[int, int] | None) -> str:
    return "" if point is None else f" at ({point[0]}, {point[1]})"


def read_scribe(text: str) -> Action:
    """The action of the five lines. Raises Unreadable."""
    return only(_read_block, blocks(text))


def blocks(text: str) -> list[str]:
    """The answer cut where a new numbered step begins; everything between two `Action:` lines belongs to one step."""
    heads = [match.start() for match in _HEAD.finditer(text)]
    if not heads:
        raise Unreadable("there is no `Action:` line")
    ends = [*heads[1:], len(text)]
    borders = [0]
    for head, following in zip(heads, ends[:-1], strict=False):
        described = text.find("\nDescription:", head, following)
        borders.append(described if described >= 0 else following)
    return [text[a:b] for a, b in zip(borders, [*borders[1:], len(text)], strict=True)]


def _read_block(block: str) -> Action:
    fields: dict[str, str] = {}
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        if field.strip() in _FIELDS:
            fields.setdefault(field.strip(), value.strip())
    name = fields.get("Action", "")
    reader = _READERS.get(name)
    if reader is None:
        raise Unreadable(f"there is no action {name[:40]!r}")
    match = re.match(r"(-?[0-9]{1,12})(?![0-9])", fields.get("Node", ""))
    node = int(match[1]) if match else None
    if node is None and reader in _NEED_NODE:
        raise Unreadable(f"{name} has no node id in its `Node:` line")
    try:
        return reader(name, node, fields.get("Description", ""))
    except ValidationError as error:
        raise Unreadable(f"{name}: {error.errors()[0]['msg']}") from None


def _quotes(description: str) -> tuple[list[str], str]:
    """The JSON strings in a description, and what follows the last one.

    A model's own quoting (`Type "say "hi""`) is no JSON: then all between the first and the last quote is one string.
    """
    found: list[str] = []
    at = description.find('"')
    if at < 0:
        return [], description
    end = at
    decoder = json.JSONDecoder()
    while True:
        try:
            one, end = decoder.raw_decode(description, end)
        except ValueError:
            break
        found.append(one)
        if not description.startswith(', "', end):
            tail = description[end:]
            if '"' not in tail:
                return found, tail
            break
        end += 2
    last = description.rfind('"')
    if last <= at:
        return [], description
    return [description[at + 1 : last]], description[last + 1 :]


def _quoted(name: str, description: str) -> tuple[str, str]:
    found, tail = _quotes(description)
    if len(found) != 1:
        raise Unreadable(f"the description of {name} does not hold one string in quotes")
    return found[0], tail


def _point(word: str, description: str) -> tuple[int, int] | None:
    match = re.search(rf" {word} {_POINT}", description)
    return (int(match[1]), int(match[2])) if match else None


def _tail(description: str) -> str:
    return _quotes(description)[1]


_Reader = Callable[[str, Any, str], Action]


def _click(name: str, node: Any, description: str) -> Action:
    button, count = _CLICKS[name]
    at = _point("at", _tail(description))
    return Click.model_validate({"node": node, "button": button, "count": count, "at": at})


def _type(name: str, node: Any, description: str) -> Action:
    text, tail = _quoted(name, description)
    submit = tail.strip(" .").endswith("and press Enter")
    return Type(node=node, text=text, submit=submit, clear=not description.startswith("Add "))


def _select(_name: str, node: Any, description: str) -> Action:
    return Select(node=node, options=tuple(_quotes(description)[0]))


def _upload(_name: str, node: Any, description: str) -> Action:
    return Upload(node=node, files=tuple(_quotes(description)[0]))


def _hover(_name: str, node: Any, _description: str) -> Action:
    return Hover(node=node)


def _press(name: str, node: Any, description: str) -> Action:
    return Press(keys=_quoted(name, description)[0], node=node)


def _scroll(_name: str, node: Any, description: str) -> Action:
    direction = description.removeprefix("Scroll ").split(" ", 1)[0]
    return Scroll.model_validate({"direction": direction, "node": node})


def _drag(name: str, node: Any, description: str) -> Action:
    tail = _tail(description)
    to = re.search(r" to node (-?[0-9]{1,12})(?![0-9])", tail)
    by, to_at = _point("by", tail), _point("onto", tail)
    if to is None and by is None and to_at is None:
        raise Unreadable(f"the description of {name} says no end: `to node N` or `by (X, Y)`")
    return Drag(node=node, to=int(to[1]) if to else None, by=by, at=_point("at", tail), to_at=to_at)


def _goto(name: str, _node: Any, description: str) -> Action:
    return Goto(url=_quoted(name, description)[0])


def _switch(name: str, _node: Any, description: str) -> Action:
    match = re.search(r"tab (-?[0-9]{1,9})(?![0-9])", description)
    if match is None:
        raise Unreadable(f"the description of {name} has no tab number")
    return SwitchTab(index=int(match[1]))


def _dialog(name: str, _node: Any, description: str) -> Action:
    found = _quotes(description)[0]
    return Dialog(accept=name == "accept_dialog_action", text=found[0] if found else None)


def _wait(_name: str, _node: Any, description: str) -> Action:
    match = re.match(r"Wait ([0-9]{1,9}(?:\.[0-9]{1,20})?(?:e-[0-9]{1,3})?) ", description + " ")
    return Wait(seconds=float(match[1])) if match else Wait()


def _stop(_name: str, _node: Any, description: str) -> Action:
    found = _quotes(description)[0]
    return Stop(answer=found[0] if found else "")


def _plain(action: Action) -> _Reader:
    def reader(_name: str, _node: Any, _description: str) -> Action:
        return action

    return reader


_NEED_NODE: frozenset[_Reader] = frozenset({_click, _type, _select, _upload, _hover, _drag})
_READERS: dict[str, _Reader] = {
    **dict.fromkeys(_CLICKS, _click),
    "keyboard_sequence_action": _type,
    "keyboard_combination_action": _press,
    "select_option_action": _select,
    "upload_file_action": _upload,
    "mouse_hover_action": _hover,
    "scroll_action": _scroll,
    "mouse_drag_action": _drag,
    "goto_action": _goto,
    "go_back_action": _plain(Back()),
    "go_forward_action": _plain(Forward()),
    "new_tab_action": _plain(NewTab()),
    "switch_tab_action": _switch,
    "close_tab_action": _plain(CloseTab()),
    "accept_dialog_action": _dialog,
    "dismiss_dialog_action": _dialog,
    "wait_action": _wait,
    "stop_action": _stop,
}
