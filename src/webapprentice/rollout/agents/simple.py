"""Agents that ask no model: what any other has to beat."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

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
from webapprentice.core.keys import seed_for
from webapprentice.core.records import Element, Observation, Step, Task
from webapprentice.core.text import squeeze
from webapprentice.dialect import Dialect
from webapprentice.page.form import INTERACTIVE
from webapprentice.rollout.actors import Said

T = TypeVar("T")

NOTHING_TO_DO = Stop(answer="N/A")
_KEYS = ("Enter", "Tab", "Escape", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Backspace", "PageDown", "Space")
_EDITABLE = frozenset({"textbox", "searchbox", "combobox", "spinbutton"})


class TrivialActor:
    """Says at once that the objective cannot be met: solves exactly the tasks whose answer that is."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:  # noqa: ARG002
        """`stop [N/A]`, spelled."""
        return Said(text=self._dialect.write(NOTHING_TO_DO, seen, len(steps) + 1), action=NOTHING_TO_DO)


class RandomActor:
    """Takes an action at random: first one of the kinds that the page offers, then one of its targets, each as likely.

    What is drawn depends on task, seed, attempt, number of the step and page alone.
    """

    def __init__(self, task: Task, seed: int, attempt: int, dialect: Dialect) -> None:
        self._drawn_from = (task.id, seed, attempt)
        self._dialect = dialect

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:
        """One action, spelled."""
        chance = random.Random(seed_for("random", *self._drawn_from, len(steps)))
        offered = offers(goal, seen)
        action = offered[chance.choice(sorted(offered))](chance)
        return Said(text=self._dialect.write(action, seen, len(steps) + 1), action=action)


def offers(goal: str, seen: Observation) -> dict[str, Callable[[random.Random], Action]]:
    """Kind → how one action of it is drawn, for every kind that can be taken on this page.

    What is typed is a word of the objective or a text of the page; addresses are those of the page's links.
    """
    shown = [one for one in seen.elements if one.visible and one.tag != "#text" and "disabled" not in one.states]
    pressed = [one.id for one in shown if one.clickable or one.role in INTERACTIVE]
    fields = [one.id for one in shown if one.role in _EDITABLE and not one.options and "readonly" not in one.states]
    lists = [one for one in shown if one.options]
    files = [one.id for one in shown if one.tag == "input" and one.attributes.get("type") == "file"]
    words = _words(goal, seen)
    links = [one.attributes["href"] for one in shown if one.attributes.get("href", "").startswith("http")]
    tabs = range(len(seen.tabs))
    made: dict[str, Callable[[random.Random], Action]] = {
        "press": lambda chance: Press(keys=chance.choice(_KEYS)),
        "scroll": _scroll,
        "back": lambda _: Back(),
        "forward": lambda _: Forward(),
        "new_tab": lambda _: NewTab(),
        "goto": lambda chance: Goto(url=chance.choice([seen.url, *links])),
        "wait": lambda _: Wait(),
        "stop": lambda chance: Stop(answer=chance.choice(["", "N/A", *words])),
    }
    if pressed:
        made["click"] = lambda chance: Click(node=chance.choice(pressed))
        made["hover"] = lambda chance: Hover(node=chance.choice(pressed))
    if fields:
        made["type"] = lambda chance: Type(
            node=chance.choice(fields), text=chance.choice(words or ["a"]), submit=chance.random() < 0.5
        )
    if lists:
        made["select"] = lambda chance: _select(chance, lists)
    if files:
        made["upload"] = lambda chance: Upload(node=chance.choice(files), files=(chance.choice(words or ["a"]),))
    if len(shown) > 1:
        made["drag"] = lambda chance: _drag(chance, shown)
    if len(tabs) > 1:
        made["switch_tab"] = lambda chance: SwitchTab(index=chance.choice(tabs))
        made["close_tab"] = lambda _: CloseTab()
    if seen.dialog:
        made["dialog"] = lambda chance: Dialog(accept=chance.random() < 0.5)
    return made


def _scroll(chance: random.Random) -> Action:
    return Scroll.model_validate({"direction": chance.choice(("down", "left", "right", "up"))})


def _select(chance: random.Random, lists: Sequence[Element]) -> Action:
    chosen = chance.choice(lists)
    return Select(node=chosen.id, options=(chance.choice(chosen.options),))


def _drag(chance: random.Random, shown: Sequence[Element]) -> Action:
    start, end = chance.sample(shown, 2)
    return Drag(node=start.id, to=end.id)


def _words(goal: str, seen: Observation) -> list[str]:
    """Words of the objective, and texts of the page, each once, in order."""
    found = [*goal.split(), *(squeeze(one.text)[:100] for one in seen.elements if one.tag == "#text")]
    return list(dict.fromkeys(word for word in found if word))
