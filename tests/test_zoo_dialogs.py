"""Dialogs: nothing waits for one, each is told of, and no question is answered with yes unless an action says so."""

from __future__ import annotations

import time

import pytest

from conftest import Keeper
from webapprentice.browser import act
from webapprentice.core.actions import Click, Dialog
from webapprentice.core.records import Observation, Result
from zoo.dialogs import PAGES

pytestmark = pytest.mark.browser

TOLD = {
    "dialog-alert": ("alert: one", "went on;"),
    "dialog-confirm": ("confirm: two", "false;"),
    "dialog-prompt": ("prompt: three", "null;"),
    "dialog-beforeunload": ("beforeunload:", None),
    "dialog-load": ("confirm: five", "false;"),
    "dialog-timer": ("confirm: six", "false;"),
    "dialog-nested": ("confirm: innermost; prompt: inner false; confirm: seven null", "false;"),
    "dialog-frame": ("confirm: eight", ""),
}
ENDLESS = {
    "dialog-endless-timer": "alert: and again",
    "dialog-endless": "alert: again",
    "dialog-endless-confirm": "confirm: sure?",
}


def test_every_page_of_dialogs_is_looked_at() -> None:
    assert PAGES.keys() == TOLD.keys() | ENDLESS.keys()


async def _met(keeper: Keeper, name: str) -> tuple[Observation, list[str], Result]:
    """What is seen in the end, all dialogs that were told of, and what the click came to."""
    window = await keeper.window()
    await window.goto(keeper.page(name))
    first = (await window.observe()).observation
    button = next((element.id for element in first.elements if element.name == "go"), None)
    result = Result.DONE
    if button is not None:
        result = (await act(window, Click(node=button))).result
    last = (await window.observe()).observation
    assert window.healthy
    await window.close()
    return last, [seen.dialog for seen in (first, last) if seen.dialog], result


@pytest.mark.parametrize("name", TOLD)
def test_a_dialog_is_told_of_and_never_accepted_unasked(zoo: Keeper, name: str) -> None:
    began = time.monotonic()
    seen, told, result = zoo.run(_met(zoo, name))
    assert time.monotonic() - began < 10
    dialog, said = TOLD[name]
    assert result is Result.DONE
    assert [text.strip() for text in told] == [dialog]
    if said is None:
        assert seen.title == "still"
    else:
        assert "".join(element.text for element in seen.elements if ";" in element.text) == said


@pytest.mark.parametrize("name", ENDLESS)
def test_a_page_that_asks_for_ever_is_stopped_and_can_still_be_used(zoo: Keeper, name: str) -> None:
    began = time.monotonic()
    seen, told, result = zoo.run(_met(zoo, name))
    assert time.monotonic() - began < 10
    assert result is Result.DONE
    assert seen.title == name
    assert told[0].startswith(ENDLESS[name])
    assert len(told[0]) < 10_000


def test_an_answer_is_for_one_question(zoo: Keeper) -> None:
    async def scene() -> list[str]:
        window = await zoo.window()
        await window.goto(zoo.page("dialog-confirm"))
        seen = (await window.observe()).observation
        button = next(element.id for element in seen.elements if element.name == "go")
        await act(window, Dialog(accept=True))
        for _ in range(2):
            await act(window, Click(node=button))
        seen = (await window.observe()).observation
        await window.close()
        return [element.text for element in seen.elements if ";" in element.text]

    assert zoo.run(scene()) == ["true;false;"]
