"""A page that changes between observing and acting, and while the input is on its way."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from conftest import Stage
from webapprentice.browser import Window, act, landed
from webapprentice.core.actions import Action, Click, Type
from webapprentice.core.records import Result

pytestmark = pytest.mark.browser
ROUNDS = {False: 450, True: 250}
"""Between look and action, each with 1, 3 or 10 changes: 2,000 of them and more; meanwhile, one every millisecond."""


async def _attempt(window: Window, seed: int, racing: bool) -> tuple[Result, str, list[list[str]]]:
    """One action on a board that changes meanwhile: its outcome, what was aimed at, what the page received."""
    chance = random.Random(seed)
    await window.evaluate(f"begin({seed})")
    seen = (await window.observe()).observation
    chosen = chance.choice([element for element in seen.elements if element.role in ("button", "textbox")])
    action: Action = Click(node=chosen.id)
    if chosen.role == "textbox" and chance.random() < 0.7:
        action = Type(node=chosen.id, text="ab")
    await window.evaluate(f"mutate({chance.choice((1, 3, 10))})" if not racing else "race(true)")
    outcome = await act(window, action)
    received: Any = await window.evaluate("(race(false), received)")
    await window.observe(settle=False)
    return landed(window, outcome).result, chosen.name, received


@pytest.mark.parametrize("racing", [False, True], ids=["between", "meanwhile"])
def test_no_input_ever_reaches_another_element(stage: Stage, window: Window, racing: bool) -> None:
    results: Counter[Result] = Counter()
    wrong: list[tuple[int, str, list[list[str]]]] = []

    async def scene() -> None:
        await window.goto(stage.url + "mutations.html")
        for seed in range(1, 1 + ROUNDS[racing]):
            result, name, received = await _attempt(window, seed, racing)
            results[result] += 1
            # A press that has begun is the browser's to end: a click goes where press and release have met.
            first = ("mousedown", "keydown") if racing else ("mousedown", "click", "keydown", "input")
            if any(kind in first and called != name for kind, called in received):
                wrong.append((seed, name, received))
            if result is Result.DONE:
                assert any(called == name for _, called in received) or racing, (seed, name, received)
            else:
                assert not any(kind == "click" and called for kind, called in received) or racing

    stage.run(scene())
    assert not wrong
    assert results[Result.DONE] > ROUNDS[racing] / 20
    assert results[Result.STALE] > ROUNDS[racing] / 50


EDITORS = {
    "a field of its own": "<div contenteditable='true' aria-label='note'><p>old</p></div>",
    "a whole document": "<iframe srcdoc='<body contenteditable=true><p>old</p></body>'></iframe>",
    "design mode": "<iframe srcdoc='<p>old</p>' onload='contentDocument.designMode = `on`'></iframe>",
}


@pytest.mark.parametrize("editor", EDITORS)
def test_text_that_is_edited_as_a_whole_can_be_typed_into(stage: Stage, window: Window, editor: str) -> None:
    async def scene() -> tuple[Result, str]:
        await window.goto(stage.url + "names.html")
        await window.evaluate(f"void (document.body.innerHTML = {EDITORS[editor]!r})")
        seen = (await window.observe()).observation
        old = next(element for element in seen.elements if element.text == "old")
        outcome = await act(window, Type(node=old.parent or 0, text="new words"))
        seen = (await window.observe()).observation
        return landed(window, outcome).result, " ".join(one.text for one in seen.elements if one.tag == "#text")

    result, text = stage.run(scene())
    assert (result, text) == (Result.DONE, "new words")


def test_labels_that_name_each_other_in_a_circle_are_read_to_an_end(stage: Stage, window: Window) -> None:
    page = '<button id=b><svg aria-labelledby="b" width=9 height=9></svg>go</button><p id=x aria-labelledby=x>loop</p>'

    async def scene() -> list[str]:
        await window.goto(stage.url + "names.html")
        await window.evaluate(f"void (document.body.innerHTML = {page!r})")
        return [element.name for element in (await window.observe()).observation.elements if element.role == "button"]

    assert "go" in " ".join(stage.run(scene()))
