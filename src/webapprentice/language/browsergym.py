"""BrowserGym's spelling: one function call, read as a syntax tree and never executed.

    click('12')                         dblclick('12'); button='right', also 'middle'
    fill('12', 'bob')                   clear('12'), focus('12')
    select_option('12', 'medium')       upload_file('12', 'cv.pdf'); several stand in a list
    hover('12')                         drag_and_drop('5', '6')
    press('12', 'Control+a')            keyboard_press('Enter')
    scroll(0, 200)                      one direction at a time; how far is not kept
    goto('https://example.com')         go_back(), go_forward()
    new_tab(), tab_focus(2)             tab_close()
    noop(), noop(500)                   milliseconds
    send_msg_to_user('42')              report_infeasible('why') is the answer N/A

`mouse_click(x, y)`, `mouse_dblclick(x, y)` and `mouse_drag_and_drop(x, y, x, y)` are read where the page's elements are
known: as the innermost element at that point, and where in it. What BrowserGym has no words for is a keyword argument,
or a call of the same kind: `click('12', at=[3, 4])`, `fill('12', 'bob', submit=True, clear=False)`,
`scroll(0, 500, bid='8')`, `drag_and_drop('5', by=[10, -4])`, `dialog_accept('text')`, `dialog_dismiss()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
from webapprentice.core.records import Element
from webapprentice.language.calls import Literal, bound, found_in, the_call
from webapprentice.language.reading import Unreadable, only

Given = Mapping[str, Literal]

INFEASIBLE = "N/A"
"""The answer that says that the objective cannot be met."""
WHEEL = 500
"""CSS pixels that a written scroll turns the wheel by."""

_BID = re.compile(r"\[?\s*(-?[0-9]{1,12})\s*\]?")
_PHYSICAL = re.compile(r"(?<![^+])(?:Key([A-Z])|Digit([0-9])|(Shift|Control|Alt|Meta)(?:Left|Right|OrMeta))(?![^+])")
_SCROLLS = {"up": (0, -WHEEL), "down": (0, WHEEL), "left": (-WHEEL, 0), "right": (WHEEL, 0)}


def write_browsergym(action: Action) -> str:
    """One line: the call."""
    match action:
        case Click():
            verb = "click" if action.count == 1 else "dblclick"
            button = "" if action.button == "left" else f", button={action.button!r}"
            return f"{verb}('{action.node}'{button}{_point('at', action.at)})"
        case Type():
            more = ", submit=True" if action.submit else ""
            return f"fill('{action.node}', {action.text!r}{more}{'' if action.clear else ', clear=False'})"
        case Select():
            return f"select_option('{action.node}', {_several(action.options)})"
        case Upload():
            return f"upload_file('{action.node}', {_several(action.files)})"
        case Hover():
            return f"hover('{action.node}')"
        case Press(node=None):
            return f"keyboard_press({action.keys!r})"
        case Press():
            return f"press('{action.node}', {action.keys!r})"
        case Scroll():
            x, y = _SCROLLS[action.direction]
            return f"scroll({x}, {y}{'' if action.node is None else f', bid={str(action.node)!r}'})"
        case Drag():
            to = "" if action.to is None else f", '{action.to}'"
            points = _point("by", action.by) + _point("at", action.at) + _point("to_at", action.to_at)
            return f"drag_and_drop('{action.node}'{to}{points})"
        case Goto():
            return f"goto({action.url!r})"
        case Back() | Forward():
            return f"go_{action.kind}()"
        case NewTab():
            return "new_tab()"
        case SwitchTab():
            return f"tab_focus({action.index})"
        case CloseTab():
            return "tab_close()"
        case Dialog():
            return (
                f"dialog_{'accept' if action.accept else 'dismiss'}({'' if action.text is None else repr(action.text)})"
            )
        case Wait():
            return _wait_words(action.seconds)
        case Stop():
            return f"send_msg_to_user({action.answer!r})"
    assert_never(action)


def _point(word: str, point: tuple[int, int] | None) -> str:
    return "" if point is None else f", {word}=[{point[0]}, {point[1]}]"


def _several(texts: Sequence[str]) -> str:
    return repr(texts[0]) if len(texts) == 1 else repr(list(texts))


def _wait_words(seconds: float) -> str:
    millis = seconds * 1000
    return f"noop({millis!r})" if millis / 1000 == seconds else f"noop(seconds={seconds!r})"


def read_browsergym(text: str, elements: Sequence[Element] = ()) -> Action:
    """The action of an answer that is a call, or holds one in `<action>` tags, in back-ticks or on a line of its own.

    `elements` are those of the page, for calls that name a point. Raises Unreadable.
    """
    return only(lambda spelled: _read_call(spelled, elements), calls_in(text))


def calls_in(text: str) -> list[str]:
    """The calls that an answer holds. Raises Unreadable when there are none."""
    return found_in(text, lambda name: name in _READERS or name in _LACKING)


def _read_call(spelled: str, elements: Sequence[Element]) -> Action:
    verb, call = the_call(spelled)
    if verb in _LACKING:
        raise Unreadable(f"{verb} cannot be done here: {_LACKING[verb]}")
    if verb not in _READERS:
        raise Unreadable(f"no action is called {verb[:40]!r}")
    names, reader = _READERS[verb]
    try:
        return reader(verb, bound(verb, call, names.split()), elements)
    except ValidationError as error:
        raise Unreadable(f"{verb}: {error.errors()[0]['msg']}") from None


def _bid(verb: str, value: Literal) -> int:
    match = _BID.fullmatch(str(value).strip()) if isinstance(value, str | int) else None
    if match is None or isinstance(value, bool):
        raise Unreadable(f"{verb} has {str(value)[:40]!r} where the number of an element belongs")
    return int(match[1])


def _text(verb: str, value: Literal) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{verb} has {str(value)[:40]!r} where a text in quotation marks belongs")
    return value


def _texts(verb: str, value: Literal) -> tuple[str, ...]:
    return tuple(_text(verb, one) for one in (value if isinstance(value, list) else [value]))


def _number(verb: str, value: Literal) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise Unreadable(f"{verb} has {str(value)[:40]!r} where a number belongs")
    return float(value)


def _flag(verb: str, value: Literal) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"{verb} has {str(value)[:40]!r} where True or False belongs")
    return value


def _offset(verb: str, value: Literal) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise Unreadable(f"{verb} has {str(value)[:40]!r} where a point such as [3, 4] belongs")
    return round(_number(verb, value[0])), round(_number(verb, value[1]))


def _there(verb: str, x: Literal, y: Literal, elements: Sequence[Element]) -> tuple[int, tuple[int, int]]:
    """The innermost element at a point of the viewport, and where in it the point is."""
    left, top = round(_number(verb, x)), round(_number(verb, y))
    best: Element | None = None
    for element in elements:
        x0, y0, wide, high = element.box
        inside = x0 <= left < x0 + wide and y0 <= top < y0 + high
        if not inside or not element.visible or element.tag == "#text":
            continue
        if best is None or wide * high <= best.box[2] * best.box[3]:
            best = element
    if best is None:
        raise Unreadable(f"{verb}: no element is known at {left}, {top}; name one")
    return best.id, (left - best.box[0], top - best.box[1])


def _click(verb: str, given: Given, _: Sequence[Element]) -> Action:
    if given.get("modifiers"):
        raise Unreadable(f"{verb} with a key held down cannot be done here")
    return Click.model_validate(
        {
            "node": _bid(verb, given["bid"]),
            "button": given.get("button", "left"),
            "count": 2 if verb == "dblclick" else 1,
            "at": _offset(verb, given.get("at")),
        }
    )


def _mouse_click(verb: str, given: Given, elements: Sequence[Element]) -> Action:
    node, at = _there(verb, given["x"], given["y"], elements)
    count = 2 if verb == "mouse_dblclick" else 1
    return Click.model_validate({"node": node, "button": given.get("button", "left"), "count": count, "at": at})


def _fill(verb: str, given: Given, _: Sequence[Element]) -> Action:
    submit, clear = _flag(verb, given.get("submit", False)), _flag(verb, given.get("clear", True))
    return Type(node=_bid(verb, given["bid"]), text=_text(verb, given["value"]), submit=submit, clear=clear)


def _emptied(verb: str, given: Given, _: Sequence[Element]) -> Action:
    """To focus a field is to click on it and add nothing."""
    return Type(node=_bid(verb, given["bid"]), text="", clear=verb == "clear")


def _select(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return Select(node=_bid(verb, given["bid"]), options=_texts(verb, given["options"]))


def _upload(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return Upload(node=_bid(verb, given["bid"]), files=_texts(verb, given["file"]))


def _hover(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return Hover(node=_bid(verb, given["bid"]))


def _keys(text: str) -> str:
    """Names of physical keys as what they type, and Control for ControlOrMeta."""
    return _PHYSICAL.sub(lambda found: (found[1] or "").lower() or found[2] or found[3], text)


def _press(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return Press(node=_bid(verb, given["bid"]), keys=_keys(_text(verb, given["key_comb"])))


def _keyboard_press(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return Press(keys=_keys(_text(verb, given["key"])))


def _scroll(verb: str, given: Given, _: Sequence[Element]) -> Action:
    x, y = _number(verb, given["delta_x"]), _number(verb, given["delta_y"])
    if bool(x) == bool(y):
        raise Unreadable(f"{verb} turns the wheel in one direction: one of its numbers is 0, the other is not")
    direction = ("right" if x > 0 else "left") if x else ("down" if y > 0 else "up")
    bid = given.get("bid")
    return Scroll.model_validate({"direction": direction, "node": None if bid is None else _bid(verb, bid)})


def _drag(verb: str, given: Given, _: Sequence[Element]) -> Action:
    to, by = given.get("to_bid"), _offset(verb, given.get("by"))
    to_at = _offset(verb, given.get("to_at"))
    if to is None and by is None and to_at is None:
        raise Unreadable(f"{verb} has no end: another element, or by=[X, Y]")
    return Drag(
        node=_bid(verb, given["from_bid"]),
        to=None if to is None else _bid(verb, to),
        by=by,
        at=_offset(verb, given.get("at")),
        to_at=to_at,
    )


def _mouse_drag(verb: str, given: Given, elements: Sequence[Element]) -> Action:
    node, at = _there(verb, given["from_x"], given["from_y"], elements)
    x, y = (_number(verb, given[f"to_{one}"]) - _number(verb, given[f"from_{one}"]) for one in "xy")
    return Drag(node=node, at=at, by=(round(x), round(y)))


def _goto(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return Goto(url=_text(verb, given["url"]))


def _tab(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return SwitchTab.model_validate({"index": _number(verb, given["index"])})


def _wait(verb: str, given: Given, _: Sequence[Element]) -> Action:
    if "seconds" in given:
        return Wait(seconds=_number(verb, given["seconds"]))
    return Wait(seconds=_number(verb, given.get("wait_ms", 1000)) / 1000)


def _dialog(verb: str, given: Given, _: Sequence[Element]) -> Action:
    text = given.get("text")
    return Dialog(accept=verb == "dialog_accept", text=None if text is None else _text(verb, text))


def _stop(verb: str, given: Given, _: Sequence[Element]) -> Action:
    return Stop(answer=_text(verb, given["text"]))


def _infeasible(verb: str, given: Given, _: Sequence[Element]) -> Action:
    _text(verb, given["reason"])
    return Stop(answer=INFEASIBLE)


def _plain(action: Action) -> tuple[str, Callable[[str, Given, Sequence[Element]], Action]]:
    return "", lambda _verb, _given, _elements: action


_READERS: dict[str, tuple[str, Callable[[str, Given, Sequence[Element]], Action]]] = {
    "click": ("*bid button modifiers at", _click),
    "dblclick": ("*bid button modifiers at", _click),
    "mouse_click": ("*x *y button", _mouse_click),
    "mouse_dblclick": ("*x *y button", _mouse_click),
    "fill": ("*bid *value enable_autocomplete_menu submit clear", _fill),
    "clear": ("*bid", _emptied),
    "focus": ("*bid", _emptied),
    "select_option": ("*bid *options", _select),
    "upload_file": ("*bid *file", _upload),
    "hover": ("*bid", _hover),
    "press": ("*bid *key_comb", _press),
    "keyboard_press": ("*key", _keyboard_press),
    "scroll": ("*delta_x *delta_y bid", _scroll),
    "drag_and_drop": ("*from_bid to_bid by at to_at", _drag),
    "mouse_drag_and_drop": ("*from_x *from_y *to_x *to_y", _mouse_drag),
    "goto": ("*url", _goto),
    "go_back": _plain(Back()),
    "go_forward": _plain(Forward()),
    "new_tab": _plain(NewTab()),
    "tab_focus": ("*index", _tab),
    "tab_close": _plain(CloseTab()),
    "noop": ("wait_ms seconds", _wait),
    "dialog_accept": ("text", _dialog),
    "dialog_dismiss": ("text", _dialog),
    "send_msg_to_user": ("*text", _stop),
    "report_infeasible": ("*reason", _infeasible),
}
"""Call → its parameters, in order, those with `*` required; and what reads it."""

_LACKING = {
    "check": "click on the box",
    "uncheck": "click on the box",
    "keyboard_type": "fill the field",
    "keyboard_insert_text": "fill the field",
    "keyboard_down": "press a combination such as Shift+a",
    "keyboard_up": "press a combination such as Shift+a",
    "mouse_move": "hover over an element",
    "mouse_down": "click, or drag_and_drop",
    "mouse_up": "click, or drag_and_drop",
    "mouse_upload_file": "name the element: upload_file",
}
"""Calls of BrowserGym's that are not in our vocabulary → what is."""
