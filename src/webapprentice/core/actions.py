"""The closed vocabulary of actions. Spellings live in `language`; carrying out lives in `browser`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Verb(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Click(_Verb):
    """Press and release the mouse on an element."""

    kind: Literal["click"] = "click"
    node: int
    button: Literal["left", "right", "middle"] = "left"
    count: Literal[1, 2] = 1
    at: tuple[int, int] | None = None
    """Offset in CSS pixels from the element's top left corner; None for its middle."""


class Type(_Verb):
    """Replace what an editable element holds with `text`, by real key events."""

    kind: Literal["type"] = "type"
    node: int
    text: str
    submit: bool = False
    """Press Enter afterwards."""
    clear: bool = True
    """False: add to what is there."""


class Select(_Verb):
    """Choose options of a drop-down or list box by their text."""

    kind: Literal["select"] = "select"
    node: int
    options: tuple[str, ...]


class Hover(_Verb):
    """Move the mouse over an element."""

    kind: Literal["hover"] = "hover"
    node: int


class Press(_Verb):
    """Press a key or a combination, such as `Enter` or `Control+a`."""

    kind: Literal["press"] = "press"
    keys: str
    node: int | None = None
    """Focused first when given."""


class Scroll(_Verb):
    """Turn the wheel over the page, or over one element."""

    kind: Literal["scroll"] = "scroll"
    direction: Literal["up", "down", "left", "right"]
    node: int | None = None


class Drag(_Verb):
    """Press on one element, move, and release on another or at an offset."""

    kind: Literal["drag"] = "drag"
    node: int
    to: int | None = None
    by: tuple[int, int] | None = None
    """CSS pixels to move from where the press was, when `to` is None."""
    at: tuple[int, int] | None = None
    """Where in the first element to press; None for its middle."""
    to_at: tuple[int, int] | None = None
    """Where in the second element to release; None for its middle."""


class Upload(_Verb):
    """Hand files to a file input."""

    kind: Literal["upload"] = "upload"
    node: int
    files: tuple[str, ...]


class Goto(_Verb):
    """Load an address in the active tab."""

    kind: Literal["goto"] = "goto"
    url: str


class Back(_Verb):
    """Go back in the active tab's history."""

    kind: Literal["back"] = "back"


class Forward(_Verb):
    """Go forward in the active tab's history."""

    kind: Literal["forward"] = "forward"


class NewTab(_Verb):
    """Open an empty tab and make it active."""

    kind: Literal["new_tab"] = "new_tab"


class SwitchTab(_Verb):
    """Make another tab active; tabs are counted from 0."""

    kind: Literal["switch_tab"] = "switch_tab"
    index: int


class CloseTab(_Verb):
    """Close the active tab."""

    kind: Literal["close_tab"] = "close_tab"


class Dialog(_Verb):
    """Answer an open alert, confirm or prompt."""

    kind: Literal["dialog"] = "dialog"
    accept: bool
    text: str | None = None


class Wait(_Verb):
    """Let the page go on for a while."""

    kind: Literal["wait"] = "wait"
    seconds: float = Field(default=1.0, ge=0.0, le=30.0)


class Stop(_Verb):
    """End the episode, with an answer where the task asks for one."""

    kind: Literal["stop"] = "stop"
    answer: str = ""


Action = Annotated[
    Click
    | Type
    | Select
    | Hover
    | Press
    | Scroll
    | Drag
    | Upload
    | Goto
    | Back
    | Forward
    | NewTab
    | SwitchTab
    | CloseTab
    | Dialog
    | Wait
    | Stop,
    Field(discriminator="kind"),
]
