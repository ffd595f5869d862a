"""Scripted models for the roles of an agent, and a rollout of one agent in scripted or real worlds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from webapprentice.core.actions import Action, Click
from webapprentice.core.protocols import Prompt, Sampling, World
from webapprentice.core.records import Element, Limits, Task, Trajectory
from webapprentice.evaluate.acting import acting, playing_key
from webapprentice.models import ScriptedModel
from webapprentice.rollout import RolloutConfig, jobs_for, rollout
from webapprentice.store import Store
from webapprentice.tasks.scripted import ScriptedPage, ScriptedWorld

TASK = Task(
    id="scripted/form",
    benchmark="scripted",
    evaluator={"kind": "page"},
    limits=Limits(steps=8),
    sites=("shop",),
)
FORM = (
    Element(id=9, tag="form"),
    Element(id=1, parent=9, tag="input", role="textbox", name="Name", value="", clickable=True),
    Element(id=2, parent=9, tag="input", role="checkbox", name="Milk", clickable=True, attributes={"type": "checkbox"}),
    Element(id=3, parent=9, tag="select", role="combobox", name="Size", value="S", options=("S", "M")),
    Element(id=4, parent=9, tag="button", role="button", name="Send", clickable=True),
)
GOAL = "send bob"


def verdict(acted: Sequence[Action], elements: Sequence[Element]) -> float | None:
    if not acted or acted[-1] != Click(node=4):
        return None
    return 1.0 if any(one.value == "bob" for one in elements) else 0.0


def form(elements: tuple[Element, ...] = FORM) -> ScriptedWorld:
    return ScriptedWorld({TASK.id: ScriptedPage(GOAL, elements, verdict)})


def step(action: str, node: int, described: str) -> str:
    """An answer in ScribeAgent's five lines."""
    nodes = " ".join([str(node)] * 5)
    return f'1.\nDescription: {described}\nAction: {action}\nNode: {nodes}\nTarget: <x node="{node}">'


TYPE_BOB = step("keyboard_sequence_action", 1, 'Type "bob"')
SEND = step("mouse_click_action", 4, "Click Send")
MILK = step("mouse_click_action", 2, "Click Milk")


def fenced(action: str) -> str:
    return f"```{action}```"


Script = Sequence[object] | Callable[[Prompt, Sampling], str]


def role_models(**scripts: Script) -> dict[str, ScriptedModel]:
    """A scripted model a role, whose name is its role."""
    return {role: ScriptedModel(script, name=role) for role, script in scripts.items()}  # type: ignore[arg-type]


USUAL: Mapping[str, Script] = {
    "refine": lambda *_: "Type bob, then press Send.",
    "act": lambda prompt, _: SEND if "Type" in prompt[-1].content.split("guide:")[1] else TYPE_BOB,
    "choose": [],
    "translate": lambda prompt, _: fenced(
        "click [4]" if "Click Send" in prompt[-1].content.split("STEP:")[1] else "type [1] [bob] [0]"
    ),
    "check": lambda *_: "Not yet.\nSummary: incomplete | none",
}
"""Fills the form in, in two steps."""


def stages(**changes: object) -> RolloutConfig:
    """Every role by a model of its own."""
    given = {name: name for name in USUAL}
    return RolloutConfig(agent="stages", stages={"roles": given, **changes})  # type: ignore[arg-type]


def played(
    folder: Path,
    config: RolloutConfig,
    model: ScriptedModel | None = None,
    *,
    roles: Mapping[str, ScriptedModel] | None = None,
    world: World | None = None,
    task: Task = TASK,
    seeds: Sequence[int] = (0,),
) -> list[Trajectory]:
    """Every attempt at the task; the store lies at FOLDER/s.sqlite."""

    async def run() -> None:
        main = model or (ScriptedModel([], name="main") if roles else None)
        who = playing_key(main, config, roles or {})
        async with acting(main, config, 1, roles or {}) as actor:
            jobs = jobs_for([task], seeds, 1, who, config)
            await rollout(jobs, [world or form()], actor, store, "c", config=config)

    with Store.create(folder / "s.sqlite") as store:
        asyncio.run(run())
        return list(store.trajectories("c"))
