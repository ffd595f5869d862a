"""The compact spelling: an action is a verb and the line of the element it acts on.

    click button ok [21]                      doubleclick, rightclick, middleclick; ` at X Y` after the id
    type textbox Username [22] = bob          send: and Enter; add: to what is there; addsend: both
    choose combobox Size [40] = medium        options, and files of `upload`, joined by ` | `
    hover link More [9]                       scroll down listbox Cities [8]
    press Control + a textbox Note [4]        scroll down
    drag item a [5] to item b [6]             ` at X Y`, ` by X Y` after the first id, ` to at X Y` at the end
    goto https : / / example . com            back, forward, new tab, tab 2, close tab
    accept = yes                              dismiss, wait, wait = 2 . 5, stop, stop = 42

Only `[id]`, one token, says which element; the words before it are for the model and are checked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import assert_never

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
from webapprentice.core.text import pieces, spaced
from webapprentice.language.reading import Label, Unreadable
from webapprentice.language.unspacing import unspaced

_ID = re.compile(r"(?<!\S)\[(-?[0-9]{1,12})\](?!\S)")
_POINT = re.compile(r"(-?[0-9]{1,6}) (-?[0-9]{1,6})(?: |$)")
_CLICKS: dict[str, tuple[str, int]] = {
    "click": ("left", 1),
    "doubleclick": ("left", 2),
    "rightclick": ("right", 1),
    "doublerightclick": ("right", 2),
    "middleclick": ("middle", 1),
    "doublemiddleclick": ("middle", 2),
}
_FIELDS = frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider", "item"})
"""First words of lines into whose elements text can be typed; an item may be a field without a role."""
_CLICK_VERBS = {how: verb for verb, how in _CLICKS.items()}
_TYPES: dict[str, tuple[bool, bool]] = {  # submit, clear
    "type": (False, True),
    "send": (True, True),
    "add": (False, False),
    "addsend": (True, False),
}
_TYPE_VERBS = {how: verb for verb, how in _TYPES.items()}


def write_compact(action: Action, label: Label) -> str:
    """One line. Text loses its white space; `read` finds it again where the sources have the string."""
    match action:
        case Click():
            return f"{_CLICK_VERBS[action.button, action.count]} {_spot(action.node, label)}{_point('at', action.at)}"
        case Type():
            return f"{_TYPE_VERBS[action.submit, action.clear]} {_spot(action.node, label)}{_given(action.text)}"
        case Select():
            return f"choose {_spot(action.node, label)}{_several(action.options)}"
        case Upload():
            return f"upload {_spot(action.node, label)}{_several(action.files)}"
        case Hover():
            return f"hover {_spot(action.node, label)}"
        case Press():
            return f"press {spaced(action.keys) or 'Space'}" + _maybe(action.node, label)
        case Scroll():
            return f"scroll {action.direction}" + _maybe(action.node, label)
        case Drag():
            to = "" if action.to is None else f" to {_spot(action.to, label)}"
            return (
                f"drag {_spot(action.node, label)}{_point('at', action.at)}{_point('by', action.by)}"
                f"{to}{_point('to at', action.to_at)}"
            )
        case Goto():
            return f"goto {spaced(action.url)}".rstrip()
        case Back() | Forward():
            return action.kind
        case NewTab():
            return "new tab"
        case SwitchTab():
            return f"tab {action.index}"
        case CloseTab():
            return "close tab"
        case Dialog():
            return ("accept" if action.accept else "dismiss") + ("" if action.text is None else _given(action.text))
        case Wait():
            return "wait" if action.seconds == 1.0 else f"wait{_given(repr(action.seconds))}"
        case Stop():
            return f"stop{_given(action.answer)}" if action.answer else "stop"
    assert_never(action)


def beginnings_compact(page_text: str) -> tuple[str, ...]:
    """Every way to begin an action that can be meant on this page: its verb, and the line of an element that is there.

    Text goes into fields and options are chosen where there are some; anything can be clicked, hovered or dragged.
    """
    found = [verb for verb in _READERS if verb not in _ON_ELEMENTS]
    for line in page_text.split("\n"):
        match = _ID.search(line)
        if match is None:
            continue
        role = line.partition(" ")[0]
        verbs = [*_CLICKS, "hover", "drag"]
        verbs += [*_TYPES] if role in _FIELDS else []
        verbs += ["choose"] if role in ("combobox", "listbox") else []
        verbs += ["upload"] if role == "button" else []
        found += [f"{verb} {line[: match.end()]}" for verb in verbs]
    return tuple(found)


def _spot(node: int, label: Label) -> str:
    return f"{spaced(label(node))} [{node}]".lstrip()


def _maybe(node: int | None, label: Label) -> str:
    return "" if node is None else f" {_spot(node, label)}"


def _point(word: str, point: tuple[int, int] | None) -> str:
    return "" if point is None else f" {word} {point[0]} {point[1]}"


def _given(text: str) -> str:
    return f" = {spaced(text)}".rstrip()


def _several(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    spelled = " | ".join(" ".join("||" if piece == "|" else piece for piece in pieces(text)) for text in texts)
    return " = " + " ".join(spelled.split()) if spelled.strip() else " ="


def read_compact(text: str, sources: Sequence[str]) -> Action:
    """The action of one line. Raises Unreadable."""
    line = " ".join(text.split())
    verb, _, rest = line.partition(" ")
    try:
        reader = _READERS.get(verb)
        if reader is None:
            raise Unreadable(f"no action begins with {verb[:40]!r}")
        return reader(verb, rest, sources)
    except ValidationError as error:
        raise Unreadable(f"{verb}: {error.errors()[0]['msg']}") from None


def _node(verb: str, rest: str) -> tuple[str, int, str]:
    """What stands before the first id, the id, what stands after it."""
    match = _ID.search(rest)
    if match is None:
        raise Unreadable(f"{verb} names no element: there is no [id]")
    return rest[: match.start()].strip(), int(match[1]), rest[match.end() :].strip()


def _take_point(words: str, rest: str) -> tuple[tuple[int, int] | None, str]:
    """A point after `words`, and what follows it; None where the words do not stand there."""
    match = _POINT.match(rest, len(words) + 1) if rest.startswith(words + " ") else None
    if match is None:
        return None, rest
    return (int(match[1]), int(match[2])), rest[match.end() :]


def _nothing(verb: str, rest: str) -> None:
    if rest:
        raise Unreadable(f"{verb} has words too many: {rest[:40]!r}")


def _value(verb: str, rest: str) -> str:
    if not rest.startswith("="):
        raise Unreadable(f"{verb} has no ` = ` after its element")
    return rest[1:].strip()


def _click(verb: str, rest: str, _: Sequence[str]) -> Action:
    _before, node, after = _node(verb, rest)
    at, after = _take_point("at", after)
    _nothing(verb, after)
    button, count = _CLICKS[verb]
    return Click.model_validate({"node": node, "button": button, "count": count, "at": at})


def _type(verb: str, rest: str, sources: Sequence[str]) -> Action:
    _before, node, after = _node(verb, rest)
    submit, clear = _TYPES[verb]
    return Type(node=node, text=unspaced(_value(verb, after), sources), submit=submit, clear=clear)


def _texts(verb: str, after: str, sources: Sequence[str]) -> tuple[str, ...]:
    if not after:
        return ()
    groups: list[list[str]] = [[]]
    for token in _value(verb, after).split():
        if token == "|":
            groups.append([])
        else:
            groups[-1].append("|" if token == "||" else token)
    return tuple(unspaced(" ".join(group), sources) for group in groups)


def _choose(verb: str, rest: str, sources: Sequence[str]) -> Action:
    _before, node, after = _node(verb, rest)
    return Select(node=node, options=_texts(verb, after, sources))


def _upload(verb: str, rest: str, sources: Sequence[str]) -> Action:
    _before, node, after = _node(verb, rest)
    files = (file if file in sources else "".join(pieces(file)) for file in _texts(verb, after, sources))
    return Upload(node=node, files=tuple(files))


def _hover(verb: str, rest: str, _: Sequence[str]) -> Action:
    _before, node, after = _node(verb, rest)
    _nothing(verb, after)
    return Hover(node=node)


def _press(verb: str, rest: str, _: Sequence[str]) -> Action:
    match = _ID.search(rest)
    found = pieces(rest if match is None else rest[: match.start()])
    if not found:
        raise Unreadable("press names no key")
    if match is None:
        return Press(keys="".join(found))
    _nothing(verb, rest[match.end() :].strip())
    end = 1
    while end + 1 < len(found) and found[end] == "+":
        end += 2
    return Press(keys="".join(found[:end]), node=int(match[1]))


def _scroll(verb: str, rest: str, _: Sequence[str]) -> Action:
    direction, _gap, spot = rest.partition(" ")
    node = None
    if spot:
        _before, node, after = _node(verb, spot)
        _nothing(verb, after)
    return Scroll.model_validate({"direction": direction, "node": node})


def _drag(verb: str, rest: str, _: Sequence[str]) -> Action:
    _before, node, after = _node(verb, rest)
    at, after = _take_point("at", after)
    by, after = _take_point("by", after)
    to = None
    if after.startswith("to ") and _ID.search(after):
        _before, to, after = _node(verb, after)
    to_at, after = _take_point("to at", after)
    _nothing(verb, after)
    if to is None and by is None and to_at is None:
        raise Unreadable("drag has no end: ` to ` an element or ` by X Y`")
    return Drag(node=node, to=to, by=by, at=at, to_at=to_at)


def _goto(_verb: str, rest: str, _: Sequence[str]) -> Action:
    if not rest:
        raise Unreadable("goto has no address")
    return Goto(url="".join(pieces(rest)))


def _tab(_verb: str, rest: str, _: Sequence[str]) -> Action:
    if not re.fullmatch(r"-?[0-9]{1,9}", rest):
        raise Unreadable("tab has no number")
    return SwitchTab(index=int(rest))


def _dialog(verb: str, rest: str, sources: Sequence[str]) -> Action:
    return Dialog(accept=verb == "accept", text=unspaced(_value(verb, rest), sources) if rest else None)


def _wait(verb: str, rest: str, _: Sequence[str]) -> Action:
    if not rest:
        return Wait()
    number = "".join(pieces(_value(verb, rest)))
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,20})?(e-[0-9]{1,3})?", number):
        raise Unreadable("wait has no number of seconds")
    return Wait(seconds=float(number))


def _stop(verb: str, rest: str, sources: Sequence[str]) -> Action:
    return Stop(answer=unspaced(_value(verb, rest), sources) if rest else "")


def _plain(action: Action, *tail: str) -> Callable[[str, str, Sequence[str]], Action]:
    def reader(verb: str, rest: str, _: Sequence[str]) -> Action:
        if rest not in (tail or ("",)):
            raise Unreadable(f"{verb} has words too many: {rest[:40]!r}" if rest else f"{verb} what?")
        return action

    return reader


_READERS: dict[str, Callable[[str, str, Sequence[str]], Action]] = {
    **dict.fromkeys(_CLICKS, _click),
    **dict.fromkeys(_TYPES, _type),
    "choose": _choose,
    "upload": _upload,
    "hover": _hover,
    "press": _press,
    "scroll": _scroll,
    "drag": _drag,
    "goto": _goto,
    "back": _plain(Back()),
    "forward": _plain(Forward()),
    "new": _plain(NewTab(), "tab"),
    "close": _plain(CloseTab(), "tab"),
    "tab": _tab,
    "accept": _dialog,
    "dismiss": _dialog,
    "wait": _wait,
    "stop": _stop,
}
_ON_ELEMENTS = frozenset({*_CLICKS, *_TYPES, "choose", "upload", "hover", "drag"})
"""Verbs that always name an element."""
