"""Key names and characters as the events that a real keyboard sends."""

from __future__ import annotations

from typing import Any, NamedTuple


class Key(NamedTuple):
    """One key of a US keyboard."""

    key: str
    code: str
    number: int
    text: str = ""
    shift: bool = False


MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}
_NAMED = {
    "Enter": Key("Enter", "Enter", 13, "\r"),
    "Tab": Key("Tab", "Tab", 9),
    "Escape": Key("Escape", "Escape", 27),
    "Backspace": Key("Backspace", "Backspace", 8),
    "Delete": Key("Delete", "Delete", 46),
    "Insert": Key("Insert", "Insert", 45),
    "Home": Key("Home", "Home", 36),
    "End": Key("End", "End", 35),
    "PageUp": Key("PageUp", "PageUp", 33),
    "PageDown": Key("PageDown", "PageDown", 34),
    "ArrowLeft": Key("ArrowLeft", "ArrowLeft", 37),
    "ArrowUp": Key("ArrowUp", "ArrowUp", 38),
    "ArrowRight": Key("ArrowRight", "ArrowRight", 39),
    "ArrowDown": Key("ArrowDown", "ArrowDown", 40),
    "Control": Key("Control", "ControlLeft", 17),
    "Shift": Key("Shift", "ShiftLeft", 16),
    "Alt": Key("Alt", "AltLeft", 18),
    "Meta": Key("Meta", "MetaLeft", 91),
    **{f"F{number}": Key(f"F{number}", f"F{number}", 111 + number) for number in range(1, 13)},
}
_ALIASES = {
    "ctrl": "Control",
    "cmd": "Meta",
    "command": "Meta",
    "option": "Alt",
    "return": "Enter",
    "esc": "Escape",
    "del": "Delete",
    "space": " ",
    "left": "ArrowLeft",
    "up": "ArrowUp",
    "right": "ArrowRight",
    "down": "ArrowDown",
    **{name.lower(): name for name in _NAMED},
}
_SYMBOLS = {
    "`~": ("Backquote", 192),
    "-_": ("Minus", 189),
    "=+": ("Equal", 187),
    "[{": ("BracketLeft", 219),
    "]}": ("BracketRight", 221),
    "\\|": ("Backslash", 220),
    ";:": ("Semicolon", 186),
    "'\"": ("Quote", 222),
    ",<": ("Comma", 188),
    ".>": ("Period", 190),
    "/?": ("Slash", 191),
}


def _keys() -> dict[str, Key]:
    table = {" ": Key(" ", "Space", 32, " "), "\n": _NAMED["Enter"], "\t": _NAMED["Tab"]}
    for letter in "abcdefghijklmnopqrstuvwxyz":
        upper = letter.upper()
        table[letter] = Key(letter, f"Key{upper}", ord(upper), letter)
        table[upper] = Key(upper, f"Key{upper}", ord(upper), upper, shift=True)
    for digit, above in zip("0123456789", ")!@#$%^&*(", strict=True):
        table[digit] = Key(digit, f"Digit{digit}", ord(digit), digit)
        table[above] = Key(above, f"Digit{digit}", ord(digit), above, shift=True)
    for both, (code, number) in _SYMBOLS.items():
        low, high = both[0], both[1]
        table[low] = Key(low, code, number, low)
        table[high] = Key(high, code, number, high, shift=True)
    return table


_CHARACTERS = _keys()


def key_of_character(character: str) -> Key | None:
    """The key that types this character; None where no key of a US keyboard does."""
    return _CHARACTERS.get(character)


def combination(keys: str) -> list[Key] | None:
    """The keys of `Control+a` or `Control + a`, in order; None when one of them is unknown."""
    parts = ["+"] if keys.strip() == "+" else [part.strip() or part for part in keys.split("+")]
    if len(parts) > 2 and parts[-2:] in (["", ""], [" ", ""]):
        parts[-2:] = ["+"]
    found: list[Key] = []
    for part in parts:
        name = _ALIASES.get(part.lower(), part) if len(part) != 1 else part
        key = _NAMED.get(name) or _CHARACTERS.get(name)
        if key is None:
            return None
        found.append(key)
    return found


def event(kind: str, key: Key, modifiers: int = 0) -> dict[str, Any]:
    """Parameters of one `Input.dispatchKeyEvent`."""
    modifiers |= MODIFIERS["Shift"] if key.shift else 0
    # With Control, Alt or Meta held a key is a command and types nothing.
    types = kind == "keyDown" and bool(key.text) and not modifiers & ~MODIFIERS["Shift"]
    said: dict[str, Any] = {
        "type": "rawKeyDown" if kind == "keyDown" and not types else kind,
        "key": key.key,
        "code": key.code,
        "windowsVirtualKeyCode": key.number,
        "modifiers": modifiers,
    }
    if types:
        said["text"] = key.text
        said["unmodifiedText"] = key.text
    return said


def typed(text: str, multiline: bool) -> list[tuple[str, dict[str, Any]]]:
    """The CDP calls that type the text: key events where a key has the character, inserted text elsewhere."""
    calls: list[tuple[str, dict[str, Any]]] = []
    for character in text:
        key = key_of_character(character if multiline or character not in "\n\t" else " ")
        if key is None:
            calls.append(("Input.insertText", {"text": character}))
        else:
            calls.append(("Input.dispatchKeyEvent", event("keyDown", key)))
            calls.append(("Input.dispatchKeyEvent", event("keyUp", key)))
    return calls
