"""The prompts that ask for an action, and those that ask whether one was right; one wording a spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Message, Tab
from webapprentice.core.templates import fill_template
from webapprentice.core.text import spaced, squeeze
from webapprentice.language.spelling import Spelling
from webapprentice.language.webarena import SUMMARY

_WEBARENA = f"""\
You operate a web browser for someone. Each turn you are given:
OBSERVATION: the accessibility tree of the page in the active tab, one node a line, each with its number in brackets.
URL: the address of that page.
OBJECTIVE: what the person wants.
PREVIOUS ACTION: what you did last.

Reply with one action from this list.
On the page:
click [id]                   press an element
type [id] [text] [0 or 1]    replace what a field holds; 1 presses Enter afterwards
select [id] [option]         choose from a drop-down, by the option's text
hover [id]                   move the mouse over an element
press [keys]                 a key or a combination, such as Control+a
scroll [down]                or up, left, right
drag [id] [id]               press on the first element, release on the second
Between pages:
goto [url], go_back, go_forward, new_tab, tab_focus [number], close_tab
When you are done:
stop [answer]                with the answer where one is asked for, and N/A when the objective cannot be met

Use only numbers that the observation shows. Take one action a turn. Think first, step by step, starting with
"Let's think step-by-step." Finish with the sentence "{SUMMARY}" and the action between triple back-ticks, for example
```click [12]```. Stop as soon as the objective is met."""

_WEBARENA_EXAMPLES = (
    (
        "[2] heading 'Riverside Library'\n[5] link 'Catalogue'\n[6] link 'Visit us'\n"
        "[9] StaticText 'Open Monday to Saturday, 9:30 to 18:00'\n[11] StaticText 'Closed on public holidays'",
        "http://library.example/visit",
        "At what time does the library close on Tuesdays?",
        "click [6] where [6] is link 'Visit us'",
        "Let's think step-by-step. The page says that the library is open from Monday to Saturday until 18:00. Tuesday "
        f"is one of these days, so the answer is 18:00 and nothing else is left to do. {SUMMARY} ```stop [18:00]```",
    ),
    (
        "[14] link 'Home'\n[21] searchbox 'Search plants' required: True\n[22] button 'Search'\n"
        "[30] heading 'New this week'",
        "http://garden.example/",
        "Show me climbing roses that grow in the shade",
        "None",
        "Let's think step-by-step. I need a list of climbing roses for the shade. The page has a search field with the "
        "number [21]. I can type what is wanted there and press Enter, so that I need not press the button. "
        f"{SUMMARY} ```type [21] [climbing roses for shade] [1]```",
    ),
)

_BROWSERGYM = """\
You operate a web browser for someone. Each turn you are given:
OBSERVATION: the accessibility tree of the page in the active tab, one node a line, each with its number in brackets.
URL: the address of that page.
OBJECTIVE: what the person wants.
PREVIOUS ACTION: what you did last.

Reply with one call from this list; '12' stands for a number that the observation shows.
click('12'), dblclick('12'), hover('12')
fill('12', 'text'), clear('12'), press('12', 'Enter'), keyboard_press('Control+a')
select_option('12', 'option'), drag_and_drop('12', '13'), scroll(0, 200)
goto('url'), go_back(), go_forward(), new_tab(), tab_focus(1), tab_close(), noop(1000)
send_msg_to_user('answer') when you are done, and report_infeasible('reason') when the objective cannot be met

Think first, then put the call between triple back-ticks, for example ```click('12')```."""

_SCRIBE = """\
You continue a step-by-step guide on a website. Given the objective, the address, the page as HTML and the steps so \
far, write the step that comes next, in five lines: its number; a description; the action; the node id of the \
element, five times; and the element's opening tag."""


def compose(
    spelling: Spelling | str,
    *,
    goal: str,
    url: str,
    page_text: str,
    history: Sequence[str] = (),
    tabs: Sequence[Tab] = (),
    wording: Sequence[Message] = (),
) -> Prompt:
    """The chat that asks for the next action, in the words of this spelling; `history` holds spelled actions.

    `wording` is a chat to be filled in, in place of our own: with `{{objective}}`, `{{url}}`, `{{observation}}` and, in
    WebArena's spelling, `{{previous}}`, in ScribeAgent's `{{history}}`. The others have no wording to replace.
    """
    chosen = Spelling(spelling)
    if wording:
        return _reworded(chosen, goal, url, page_text, history, tabs, wording)
    match chosen:
        case Spelling.COMPACT:
            return (Message(role="user", content=_compact(goal, page_text, history, "act :")),)
        case Spelling.WEBARENA:
            return _webarena(goal, url, page_text, history, tabs)
        case Spelling.BROWSERGYM:
            content = _four(_below_tabs(page_text, tabs), url, squeeze(goal), _previous(history))
            return (Message(role="system", content=_BROWSERGYM), Message(role="user", content=content))
        case Spelling.SCRIBE:
            content = _scribe(goal, url, page_text, history)
            return (Message(role="system", content=_SCRIBE), Message(role="user", content=content))
        case never:
            assert_never(never)


def compose_check(
    spelling: Spelling | str, *, goal: str, url: str, page_text: str, said: str, history: Sequence[str] = ()
) -> Prompt:
    """The chat that asks whether `said` was the right thing to do on this page; the answer is `yes` or `no`."""
    if Spelling(spelling) is Spelling.COMPACT:
        return (Message(role="user", content=_compact(goal, page_text, [*history, said], "right ?")),)
    before = "\n".join(history) or "None"
    content = (
        f"OBSERVATION:\n{page_text}\nURL: {url}\nOBJECTIVE: {squeeze(goal)}\nEARLIER: {before}\nACTION:\n{said}\n\n"
        "Does this action, taken on this page, bring the objective closer? Answer yes or no."
    )
    return (Message(role="user", content=content),)


def _compact(goal: str, page_text: str, history: Sequence[str], last: str) -> str:
    page = ["page :", page_text] if page_text else ["page :"]
    return "\n".join([*page, f"goal : {spaced(goal)}", *(f"did : {one}" for one in history), last])


def _webarena(goal: str, url: str, page_text: str, history: Sequence[str], tabs: Sequence[Tab]) -> Prompt:
    messages = [Message(role="system", content=_WEBARENA)]
    for observation, address, objective, previous, answer in _WEBARENA_EXAMPLES:
        messages.append(Message(role="user", content=_four(observation, address, objective, previous)))
        messages.append(Message(role="assistant", content=answer))
    content = _four(_below_tabs(page_text, tabs), url, squeeze(goal), _previous(history))
    messages.append(Message(role="user", content=content))
    return tuple(messages)


def _reworded(
    spelling: Spelling,
    goal: str,
    url: str,
    page_text: str,
    history: Sequence[str],
    tabs: Sequence[Tab],
    wording: Sequence[Message],
) -> Prompt:
    values = {"objective": squeeze(goal), "url": url}
    if spelling is Spelling.SCRIBE:
        values |= {"observation": page_text, "history": _guide(history)}
    else:
        values |= {"observation": _below_tabs(page_text, tabs), "previous": _previous(history)}
    filled = [one.model_copy(update={"content": fill_template(one.content, values)}) for one in wording]
    if spelling is Spelling.SCRIBE:  # a guide without steps leaves no empty line
        filled[-1] = filled[-1].model_copy(update={"content": filled[-1].content.rstrip("\n") + "\n"})
    return tuple(filled)


def _below_tabs(page_text: str, tabs: Sequence[Tab]) -> str:
    return f"{_tab_line(tabs)}\n\n{page_text}" if tabs else page_text


def _previous(history: Sequence[str]) -> str:
    return "; ".join(history) or "None"


def _guide(history: Sequence[str]) -> str:
    return "\n".join(f"{number}.\n{step}" for number, step in enumerate(history, 1))


def _four(observation: str, url: str, objective: str, previous: str) -> str:
    return f"OBSERVATION:\n{observation}\nURL: {url}\nOBJECTIVE: {objective}\nPREVIOUS ACTION: {previous}"


def _tab_line(tabs: Sequence[Tab]) -> str:
    return " | ".join(
        f"Tab {number}{' (current)' if tab.active else ''}: {squeeze(tab.title)[:80]}"
        for number, tab in enumerate(tabs)
    )


def _scribe(goal: str, url: str, page_text: str, history: Sequence[str]) -> str:
    guide = f"Objective: {squeeze(goal)}\nURL: {url}\nObservation: {page_text}\nStep-by-step guide:\n{_guide(history)}"
    return guide.rstrip("\n") + "\n"
