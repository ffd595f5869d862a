"""Small made-up trajectories in the compact dialect, for the tests of what consumes trajectories."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.actions import Action
from webapprentice.core.faults import Fault, Owner
from webapprentice.core.records import (
    Element,
    Ending,
    Observation,
    Outcome,
    Provenance,
    Result,
    Source,
    Step,
    Task,
    Trajectory,
)
from webapprentice.dialect import load, prompt_key

COMPACT = load("compact")
GOAL = 'Enter "Ann" and press "Submit".'


def tokens(text: str) -> int:
    return len(text.split())


def page(offset: int = 0, value: str = "") -> Observation:
    """A box called Name [3], buttons Submit [4] and Cancel [5], two nameless squares [6] and [7], and a remark."""
    elements = (
        Element(id=1, tag="body"),
        Element(id=2, parent=1, tag="#text", text="Ann was here"),
        Element(id=3, parent=1, tag="input", role="textbox", name="Name", value=value, clickable=True),
        Element(id=4, parent=1, tag="button", role="button", name="Submit", clickable=True),
        Element(id=5, parent=1, tag="button", role="button", name="Cancel", clickable=True),
        Element(id=6, parent=1, tag="div", clickable=True),
        Element(id=7, parent=1, tag="div", clickable=True),
    )
    moved = (e.with_(id=e.id + offset, parent=None if e.parent is None else e.parent + offset) for e in elements)
    return Observation(url="http://page.test/", title="A page", elements=tuple(moved))


def step(
    index: int,
    action: Action | None,
    observation: Observation | None = None,
    said: str | None = None,
    result: Result = Result.DONE,
    logprob: float | None = -1.0,
    prompt: str | None = "unchecked",
) -> Step:
    seen = page() if observation is None else observation
    words = said if said is not None else (COMPACT.write(action, seen) if action is not None else "?")
    return Step(
        index=index,
        observation=seen,
        said=words,
        action=action,
        unread=None if action is not None else "no action",
        outcome=Outcome(result=result),
        prompt_key=prompt,
        logprob=logprob,
    )


def trajectory(
    key: str,
    steps: Sequence[Step],
    *,
    task: str = "made/one",
    seed: int = 0,
    goal: str = GOAL,
    ending: Ending = Ending.PAGE,
    score: float | None = 1.0,
    owner: Owner | None = None,
) -> Trajectory:
    return Trajectory(
        key=key,
        task=Task(id=task, benchmark="made"),
        goal=goal,
        source=Source.ROLLOUT,
        steps=tuple(steps),
        ending=ending,
        fault=Fault(owner=owner, kind="page_hang") if owner else None,
        score=score,
        raw_reward=score,
        provenance=Provenance(seed=seed),
    )


def acting(*actions: Action, offset: int = 0) -> list[Step]:
    return [step(index, action, page(offset)) for index, action in enumerate(actions)]


def prompted(made: Trajectory) -> Trajectory:
    """The same with the true prompt keys, as a rollout leaves them."""
    said = [(one.said, one.outcome) for one in made.steps]
    steps = tuple(
        one.with_(prompt_key=prompt_key(COMPACT.prompt(made.goal, one.observation, said[:place], tokens)[0]))
        for place, one in enumerate(made.steps)
    )
    return made.with_(steps=steps)
