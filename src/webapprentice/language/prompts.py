"""The prompts that ask for an action, one wording a spelling."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Message, Tab
from webapprentice.core.text import spaced
from webapprentice.language.spelling import Spelling


def compose(
    spelling: Spelling | str,
    *,
    goal: str,
    url: str,
    page_text: str,
    history: Sequence[str] = (),
    tabs: Sequence[Tab] = (),
) -> Prompt:
    """The chat that asks for the next action, in the words of this spelling; `history` holds spelled actions."""
    match Spelling(spelling):
        case Spelling.COMPACT:
            return (Message(role="user", content=_compact(goal, page_text, history, "act :")),)
    raise NotImplementedError(spelling)


def compose_check(
    spelling: Spelling | str, *, goal: str, url: str, page_text: str, said: str, history: Sequence[str] = ()
) -> Prompt:
    """The chat that asks whether `said` was the right thing to do on this page; the answer is yes or no."""
    match Spelling(spelling):
        case Spelling.COMPACT:
            return (Message(role="user", content=_compact(goal, page_text, [*history, said], "right ?")),)
    raise NotImplementedError(spelling)


def _compact(goal: str, page_text: str, history: Sequence[str], last: str) -> str:
    page = ["page :", page_text] if page_text else ["page :"]
    return "\n".join([*page, f"goal : {spaced(goal)}", *(f"did : {one}" for one in history), last])
