"""WebArena's spelling: reasoning, then a sentence that ends in a fenced action.

    Let's think step-by-step. ... In summary, the next action I will perform is ```click [12]```

    click [12]                          double_click, right_click, double_right_click, middle_click; click [12] [at 3 4]
    type [12] [bob] [0]                 1, also where it is missing: Enter follows; add: to what is there
    select [12] [medium] [large]        upload [12] [file]
    hover [12]                          press [Control+a], press [Control+a] [12]
    scroll [down], scroll [down] [12]   drag [5] [6], drag [5] [by 10 -4], drag [5] [at 1 2] [6] [to at 3 4]
    goto [url], go_back, go_forward     new_tab, tab_focus [2], close_tab
    accept, accept [text], dismiss      wait, wait [2.5], stop [answer]

A text stands as it is. One that would be misread (a line break, a back-tick, brackets where several arguments follow,
white space at an end) stands as a JSON string with an escape in it, and nothing else is ever decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
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
from webapprentice.language.reading import Unreadable, only

SUMMARY = "In summary, the next action I will perform is"

_VERB = re.compile(r"([a-z_]+)\s*(.*)", re.DOTALL)
_POINT = re.compile(r"(at|by|to at) (-?[0-9]{1,6}) (-?[0-9]{1,6})")
_NUMBER = re.compile(r"-?[0-9]{1,12}")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?(e-[0-9]{1,3})?")
_CLICKS: dict[str, tuple[str, int]] = {
    "click": ("left", 1),
    "double_click": ("left", 2),
    "right_click": ("right", 1),
    "double_right_click": ("right", 2),
    "middle_click": ("middle", 1),
    "double_middle_click": ("middle", 2),
}
_CLICK_VERBS = {how: verb for verb, how in _CLICKS.items()}


def write_webarena(action: Action) -> str:
    """The closing sentence with the action in a fence."""
    return f"{SUMMARY} ```{spell(action)}```"


def spell(action: Action) -> str:
    """The action alone, as it stands in the fence."""
    match action:
        case Click():
            return f"{_CLICK_VERBS[action.button, action.count]} [{action.node}]{_point('at', action.at)}"
        case Type():
            verb = "type" if action.clear else "add"
            return f"{verb} [{action.node}] [{_quoted(action.text)}] [{int(action.submit)}]"
        case Select():
            return f"select [{action.node}]{_several(action.options)}"
        case Upload():
            return f"upload [{action.node}]{_several(action.files)}"
        case Hover():
            return f"hover [{action.node}]"
        case Press():
            return f"press [{_quoted(action.keys, '[]')}]" + ("" if action.node is None else f" [{action.node}]")
        case Scroll():
            return f"scroll [{action.direction}]" + ("" if action.node is None else f" [{action.node}]")
        case Drag():
            to = "" if action.to is None else f" [{action.to}]"
            points = _point("at", action.at) + _point("by", action.by)
            return f"drag [{action.node}]{points}{to}{_point('to at', action.to_at)}"
        case Goto():
            return f"goto [{_quoted(action.url)}]"
        case Back():
            return "go_back"
        case Forward():
            return "go_forward"
        case NewTab() | CloseTab():
            return action.kind
        case SwitchTab():
            return f"tab_focus [{action.index}]"
        case Dialog():
            return ("accept" if action.accept else "dismiss") + (
                "" if action.text is None else f" [{_quoted(action.text)}]"
            )
        case Wait():
            return "wait" if action.seconds == 1.0 else f"wait [{action.seconds!r}]"
        case Stop():
            return f"stop [{_quoted(action.answer)}]"
    assert_never(action)


def _point(word: str, point: tuple[int, int] | None) -> str:
    return "" if point is None else f" [{word} {point[0]} {point[1]}]"


def _several(texts: tuple[str, ...]) -> str:
    return "".join(f" [{_quoted(text, '[]')}]" for text in texts)


def _quoted(text: str, forbidden: str = "") -> str:
    """The text itself, or a JSON string where the text itself would be misread."""
    plain = text.isprintable() and text == text.strip() and not any(c in text for c in "`" + forbidden)
    if plain and _unquoted(text) == text:
        return text
    inner = json.dumps(text)[1:-1]
    inner = inner.replace("`", "\\u0060").replace("[", "\\u005b").replace("]", "\\u005d")
    return '"' + ("\\u0020" + inner[1:] if inner.startswith(" ") else re.sub(r" $", r"\\u0020", inner)) + '"'


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"' and "\\" in text:
        try:
            decoded = json.loads(text)
        except ValueError:
            return text
        return decoded if isinstance(decoded, str) else text
    return text


def read_webarena(text: str) -> Action:
    """The action after the closing sentence, else the only action in fences. Raises Unreadable."""
    return only(read_spelled, candidates(text))


def candidates(text: str) -> list[str]:
    """What stands in fences, or in single back-ticks where no fence is closed, after the closing sentence if any."""
    _, found, tail = text.rpartition(SUMMARY)
    for part in (tail, text) if found else (text,):
        for fence in ("```", "`"):
            inside = [one.strip() for one in part.split(fence)[1:-1:2] if one.strip()]
            if inside:
                return inside[:1] if found and part is tail else inside
    raise Unreadable("there is no action between back-ticks")


def read_spelled(spelled: str) -> Action:
    """The action that stands in a fence. Raises Unreadable."""
    match = _VERB.fullmatch(spelled.strip())
    verb, rest = (match[1], match[2].rstrip()) if match else ("", "")
    reader = _READERS.get(verb)
    if reader is None:
        raise Unreadable(f"no action begins with {spelled.strip()[:40]!r}")
    try:
        return reader(verb, rest)
    except ValidationError as error:
        raise Unreadable(f"{verb}: {error.errors()[0]['msg']}") from None


def _arguments(verb: str, rest: str) -> list[str]:
    """Arguments without brackets inside; JSON strings among them are decoded."""
    if not rest:
        return []
    if not (rest[0] == "[" and rest[-1] == "]"):
        raise Unreadable(f"the arguments of {verb} stand in square brackets")
    found = [one.strip() for one in re.split(r"\]\s*\[", rest[1:-1])]
    if any("[" in one or "]" in one for one in found):
        raise Unreadable(f"{verb} has stray brackets")
    return [_unquoted(one) for one in found]


def _whole(verb: str, rest: str) -> str:
    """One argument that may hold brackets."""
    if len(rest) < 2 or rest[0] != "[" or rest[-1] != "]":
        raise Unreadable(f"the argument of {verb} stands in square brackets")
    return _unquoted(rest[1:-1].strip())


def _number(verb: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise Unreadable(f"{verb} has {text[:40]!r} where a number belongs")
    return int(text)


def _none_left(verb: str, rest: list[str]) -> None:
    if rest:
        raise Unreadable(f"{verb} has an argument too many: {rest[0][:40]!r}")


def _points(arguments: list[str]) -> tuple[dict[str, tuple[int, int]], list[str]]:
    points: dict[str, tuple[int, int]] = {}
    others = []
    for one in arguments:
        match = _POINT.fullmatch(one)
        if match and match[1] not in points:
            points[match[1]] = (int(match[2]), int(match[3]))
        else:
            others.append(one)
    return points, others


def _first(verb: str, rest: str) -> tuple[int, list[str]]:
    arguments = _arguments(verb, rest)
    if not arguments:
        raise Unreadable(f"{verb} names no element")
    return _number(verb, arguments[0]), arguments[1:]


def _click(verb: str, rest: str) -> Action:
    node, more = _first(verb, rest)
    points, others = _points(more)
    _none_left(verb, others + [word for word in points if word != "at"])
    button, count = _CLICKS[verb]
    return Click.model_validate({"node": node, "button": button, "count": count, "at": points.get("at")})


def _type(verb: str, rest: str) -> Action:
    match = re.match(r"\[\s*(-?[0-9]{1,12})\s*\]\s*\[", rest)
    if match is None:
        raise Unreadable(f"{verb} names no element, or no text")
    body, submit = rest[match.end() :], True
    last = re.search(r"\]\s*\[\s*([01])\s*\]$", body[-200:])
    if last:
        submit = last[1] == "1"
        body = body[: len(body) - (len(body[-200:]) - last.start())]
    elif body.endswith("]"):
        body = body[:-1]
    else:
        raise Unreadable(f"the text of {verb} has no closing bracket")
    return Type(node=int(match[1]), text=_unquoted(body.strip()), submit=submit, clear=verb == "type")


def _select(verb: str, rest: str) -> Action:
    node, more = _first(verb, rest)
    return Select(node=node, options=tuple(more))


def _upload(verb: str, rest: str) -> Action:
    node, more = _first(verb, rest)
    return Upload(node=node, files=tuple(more))


def _hover(verb: str, rest: str) -> Action:
    node, more = _first(verb, rest)
    _none_left(verb, more)
    return Hover(node=node)


def _press(verb: str, rest: str) -> Action:
    arguments = _arguments(verb, rest)
    if not arguments:
        raise Unreadable("press names no key")
    _none_left(verb, arguments[2:])
    return Press(keys=arguments[0], node=_number(verb, arguments[1]) if arguments[1:] else None)


def _scroll(verb: str, rest: str) -> Action:
    arguments = _arguments(verb, rest) or [""]
    _none_left(verb, arguments[2:])
    direction = arguments[0].removeprefix("direction=")
    node = _number(verb, arguments[1]) if arguments[1:] else None
    return Scroll.model_validate({"direction": direction, "node": node})


def _drag(verb: str, rest: str) -> Action:
    node, more = _first(verb, rest)
    points, others = _points(more)
    _none_left(verb, others[1:])
    to = _number(verb, others[0]) if others else None
    if to is None and "by" not in points and "to at" not in points:
        raise Unreadable("drag has no end: an element or `by X Y`")
    return Drag(node=node, to=to, by=points.get("by"), at=points.get("at"), to_at=points.get("to at"))


def _tab(verb: str, rest: str) -> Action:
    arguments = _arguments(verb, rest) or [""]
    _none_left(verb, arguments[1:])
    return SwitchTab(index=_number(verb, arguments[0].removeprefix("tab_index=")))


def _dialog(verb: str, rest: str) -> Action:
    return Dialog(accept=verb == "accept", text=_whole(verb, rest) if rest else None)


def _wait(verb: str, rest: str) -> Action:
    if not rest:
        return Wait()
    seconds = _whole(verb, rest)
    if not _SECONDS.fullmatch(seconds):
        raise Unreadable("wait has no number of seconds")
    return Wait(seconds=float(seconds))


def _stop(verb: str, rest: str) -> Action:
    return Stop(answer=_whole(verb, rest) if rest else "")


def _goto(verb: str, rest: str) -> Action:
    return Goto(url=_whole(verb, rest))


def _plain(action: Action) -> Callable[[str, str], Action]:
    def reader(verb: str, rest: str) -> Action:
        _none_left(verb, [rest] if rest and rest != "[]" else [])
        return action

    return reader


_READERS: dict[str, Callable[[str, str], Action]] = {
    **dict.fromkeys(_CLICKS, _click),
    "type": _type,
    "add": _type,
    "select": _select,
    "upload": _upload,
    "hover": _hover,
    "press": _press,
    "scroll": _scroll,
    "drag": _drag,
    "goto": _goto,
    "go_back": _plain(Back()),
    "go_forward": _plain(Forward()),
    "new_tab": _plain(NewTab()),
    "close_tab": _plain(CloseTab()),
    "tab_focus": _tab,
    "accept": _dialog,
    "dismiss": _dialog,
    "wait": _wait,
    "stop": _stop,
}
