"""The scripted world behaves like the real one where it matters: outcomes, values, verdicts, faults."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from webapprentice.core.actions import Action, Click, Press, Select, Stop, Type
from webapprentice.core.faults import FaultError
from webapprentice.core.protocols import World
from webapprentice.core.records import Element, Result, Task
from webapprentice.tasks.scripted import ScriptedPage, ScriptedWorld

TASK = Task(id="scripted/form", benchmark="scripted")
FORM = (
    Element(id=1, tag="input", role="textbox", name="Name", value="", clickable=True),
    Element(id=2, tag="input", role="checkbox", name="Milk", clickable=True),
    Element(id=3, tag="select", role="combobox", name="Size", value="S", options=("S", "M")),
    Element(id=4, tag="button", role="button", name="Send", clickable=True),
    Element(id=5, tag="button", role="button", name="Off", states=("disabled",)),
    Element(id=6, tag="p", role="paragraph", name="gone", visible=False),
)


def verdict(acted: Sequence[Action], elements: Sequence[Element]) -> float | None:
    if not acted or acted[-1] != Click(node=4):
        return None
    return 1.0 if elements[0].value == "bob" and "checked" in elements[1].states else -1.0


def world_of(**changes: object) -> ScriptedWorld:
    page = ScriptedPage("send bob with milk", FORM, verdict, **changes)  # type: ignore[arg-type]
    return ScriptedWorld({TASK.id: page})


def test_a_form_is_filled_in_and_judged() -> None:
    async def play() -> None:
        world: World = world_of()
        start = await world.reset(TASK, 1)
        assert start.goal == "send bob with milk"
        for action in (Type(node=1, text="bo"), Type(node=1, text="b", clear=False), Click(node=2), Press(keys="Tab")):
            happened = await world.step(action)
            assert (happened.outcome.result, happened.raw_reward) == (Result.DONE, None)
        ended = await world.step(Click(node=4))
        assert (ended.outcome.done, ended.raw_reward) == (True, 1.0)
        await world.reset(TASK, 2)
        assert (await world.step(Click(node=4))).raw_reward == -1.0
        await world.close()

    asyncio.run(play())


def test_what_cannot_be_done_has_a_name_and_changes_nothing() -> None:
    async def play() -> None:
        world = world_of()
        start = await world.reset(TASK, 1)
        for action, result in [
            (Click(node=99), Result.STALE),
            (Click(node=6), Result.HIDDEN),
            (Click(node=5), Result.DISABLED),
            (Type(node=4, text="x"), Result.UNSUITABLE),
            (Select(node=3, options=("XL",)), Result.UNSUITABLE),
        ]:
            happened = await world.step(action)
            assert happened.outcome.result is result
            assert happened.observation is not None
            assert happened.observation.elements == start.observation.elements
            assert str(happened.observation.last_error).startswith(result)
        assert (await world.step(Select(node=3, options=("M",)))).outcome.changed
        assert (await world.step(Stop())).raw_reward == 0.0

    asyncio.run(play())


def test_it_hangs_where_it_is_told_to_and_knows_only_its_own_tasks() -> None:
    async def play() -> None:
        world = world_of(fault_at=1)
        await world.reset(TASK, 1)
        await world.step(Click(node=2))
        with pytest.raises(FaultError, match="page_hang"):
            await world.step(Click(node=2))
        with pytest.raises(FaultError, match="reset_failed"):
            await world.reset(Task(id="scripted/other", benchmark="scripted"), 1)
        assert world.resets == [(TASK.id, 1)]

    asyncio.run(play())
