"""An environment for TRL's trainers: its public methods are the tools that the model calls.

    trainer = GRPOTrainer(..., environment_factory=lambda: ToolEnvironment("attempted"))

A row of the data set may name a `task` and a `seed`; where it does not, they follow from the row's content, so that all
rollouts of one row play the same episode. TRL makes one environment for each rollout that is under way at once, resets
it before each, and asks it for the reward when the model has finished. The browsers end with the process.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import (
    Back,
    Click,
    Drag,
    Hover,
    Press,
    Scroll,
    Select,
    Stop,
    Type,
)
from webapprentice.core.keys import seed_for
from webapprentice.interfaces.player import View
from webapprentice.interfaces.session import Session
from webapprentice.language.browsergym import write_browsergym

OVER = "The episode is over."
_Action = Click | Type | Select | Hover | Press | Scroll | Drag | Back | Stop


class ToolEnvironment:
    """One window of a browser of its own, operated by tools; every tool answers with the page as it is afterwards."""

    def __init__(self, tasks: str, characters: int = 8_000, browser: BrowserConfig | None = None) -> None:
        self._session = Session(tasks, View(characters=characters), browser)

    def reset(self, task: str | None = None, seed: int | None = None, **row: Any) -> str:
        """Begin an episode: its objective and its page, to be put behind the prompt."""
        chosen = seed_for("row", {name: str(value) for name, value in row.items()}) if seed is None else int(seed)
        tasks = self._session.tasks
        turn = self._session.reset(chosen, task or tasks[seed_for("task", chosen) % len(tasks)].id)
        return f"OBJECTIVE: {turn.shown['goal']}\n{self._page()}"

    def get_reward(self) -> float | None:
        """The score, between 0 and 1; 0 where the episode was not brought to an end, None where a fault ended it."""
        return None if self._session.turn.fault is not None else self._session.score or 0.0

    def click(self, node: int) -> str:
        """Press an element of the page.

        Args:
            node: The number in brackets in front of the element.

        Returns:
            The page afterwards.
        """
        return self._act(Click, node=node)

    def fill(self, node: int, text: str, submit: bool = False) -> str:
        """Replace what a field holds.

        Args:
            node: The number in brackets in front of the field.
            text: What the field shall hold.
            submit: Whether to press Enter afterwards.

        Returns:
            The page afterwards.
        """
        return self._act(Type, node=node, text=text, submit=submit)

    def select(self, node: int, option: str) -> str:
        """Choose from a drop-down list.

        Args:
            node: The number in brackets in front of the list.
            option: The option's text.

        Returns:
            The page afterwards.
        """
        return self._act(Select, node=node, options=(option,))

    def hover(self, node: int) -> str:
        """Move the mouse over an element.

        Args:
            node: The number in brackets in front of the element.

        Returns:
            The page afterwards.
        """
        return self._act(Hover, node=node)

    def press(self, keys: str) -> str:
        """Press a key or a combination of keys.

        Args:
            keys: Such as Enter, Tab or Control+a.

        Returns:
            The page afterwards.
        """
        return self._act(Press, keys=keys)

    def scroll(self, direction: str) -> str:
        """Scroll the page.

        Args:
            direction: One of up, down, left, right.

        Returns:
            The page afterwards.
        """
        return self._act(Scroll, direction=direction)

    def drag(self, node: int, to: int) -> str:
        """Press on an element, move, and release on another.

        Args:
            node: The number in brackets in front of the element to drag.
            to: The number in brackets in front of the element to release on.

        Returns:
            The page afterwards.
        """
        return self._act(Drag, node=node, to=to)

    def back(self) -> str:
        """Go back to the page before.

        Returns:
            The page afterwards.
        """
        return self._act(Back)

    def answer(self, text: str) -> str:
        """Finish, and give the answer where the objective asks for one.

        Args:
            text: The answer; empty where none is asked for.

        Returns:
            That the episode is over.
        """
        return self._act(Stop, answer=text)

    def _act(self, kind: type[_Action], **given: Any) -> str:
        if self._session.done:
            return OVER
        try:
            action = kind.model_validate(given)
        except ValidationError as error:
            wrong = error.errors()[0]
            return f"ERROR: {wrong['loc'][0]}: {wrong['msg']}"
        turn = self._session.step(write_browsergym(action))
        if self._session.done:
            return OVER
        trouble = turn.shown["error"]
        return f"ERROR: {trouble}\n{self._page()}" if trouble else self._page()

    def _page(self) -> str:
        shown = self._session.turn.shown
        dialog = f"DIALOG: {shown['dialog']}\n" if shown["dialog"] else ""
        return f"URL: {shown['url']}\n{dialog}PAGE:\n{shown['page']}"
