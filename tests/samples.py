"""Small records that several tests share."""

from __future__ import annotations

from webapprentice.core.actions import Action, Click
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

TASK = Task(id="sample/press-ok", benchmark="sample", template="press-ok", skills=("click",))


def page(first: int = 10, *, typed: str = "") -> Observation:
    """A form with one text box and two buttons; node ids start at `first`."""
    return Observation(
        url="http://127.0.0.1/form",
        title="Form",
        viewport=(300, 200),
        elements=(
            Element(id=first, tag="div", box=(0, 0, 300, 200)),
            Element(id=first + 1, parent=first, tag="#text", text="Your name"),
            Element(
                id=first + 2,
                parent=first,
                tag="input",
                role="textbox",
                name="Name",
                value=typed,
                clickable=True,
                box=(10, 30, 100, 20),
                attributes={"type": "text", "id": "name"},
            ),
            Element(
                id=first + 3, parent=first, tag="button", role="button", name="ok", clickable=True, box=(10, 60, 60, 20)
            ),
            Element(
                id=first + 4,
                parent=first,
                tag="button",
                role="button",
                name="cancel",
                clickable=True,
                box=(80, 60, 60, 20),
            ),
        ),
    )


def step(
    index: int, said: str, action: Action | None, *, seen: Observation | None = None, result: Result = Result.DONE
) -> Step:
    return Step(
        index=index,
        observation=seen or page(),
        said=said,
        action=action,
        unread=None if action else "no action in it",
        outcome=Outcome(result=result if action else Result.UNREADABLE),
        logprob=-0.5,
    )


def trajectory(
    key: str = "k1",
    *,
    score: float | None = 1.0,
    task: Task = TASK,
    seed: int = 1,
    attempt: int = 0,
    steps: tuple[Step, ...] | None = None,
    ending: Ending = Ending.PAGE,
) -> Trajectory:
    return Trajectory(
        key=key,
        task=task,
        goal='Press the "ok" button.',
        source=Source.ROLLOUT,
        steps=steps if steps is not None else (step(0, "click button ok [13]", Click(node=13)),),
        final=page(typed="done"),
        ending=ending,
        score=score,
        raw_reward=score,
        provenance=Provenance(seed=seed, attempt=attempt, model="sample"),
        seconds=0.5,
    )
