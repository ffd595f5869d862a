"""Mind2Web as ScribeAgent's released code counts it (its `benchmarks/mind2web`), for comparing with its figures alone.

It reads answers in ScribeAgent's five lines, votes over all of them (a tie goes to the largest node id, the longest
answer speaks for its id), turns a click on an input into typing, looks at the action's family but not at its value,
scores a step whose target is not in the page 0, and averages over steps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from webapprentice.core.records import Record
from webapprentice.metrics.figures import Figure, all_right, figures, over_steps
from webapprentice.metrics.mind2web import token_f1


class LegacyWanted(Record):
    """The label of one step, in the node ids that the prompts show."""

    positives: tuple[int, ...]
    inside: tuple[int, ...] = ()
    """Nodes that lie in a positive."""
    operation: str
    description: str
    """What is typed; for a click or a choice, the words on the element."""
    in_dom: bool
    """A positive stands in the page's text, whichever chunk."""


class LegacyJudged(Record):
    """One step; all are 0 or 1 but for `f1`."""

    element: float = 0.0
    f1: float = 0.0
    step: float = 0.0
    subchild: float = 0.0
    subchild_step: float = 0.0
    qa: float = 0.0
    qa_step: float = 0.0


def vote(answers: Sequence[str]) -> tuple[int, str] | None:
    """The most frequent node id, of equals the largest, and the longest answer that names it."""
    named = [(node, text) for text in answers if (node := _node(text)) is not None]
    if not named:
        return None
    counts = Counter(node for node, _ in named)
    most = max(counts.values())
    node = max(node for node, number in counts.items() if number == most)
    return node, max((text for one, text in named if one == node), key=len)


def legacy_step(
    answers: Sequence[str],
    wanted: LegacyWanted,
    ranking: Sequence[int] = (),
    around: Callable[[int], Sequence[int]] = lambda _: (),
) -> LegacyJudged:
    """One step by the released arithmetic. `ranking` is in stored order, without a cut; `around` gives the nodes that
    hold a node."""
    voted = vote(answers)
    if voted is None:
        return LegacyJudged()
    node, answer = voted
    description = _line(answer, "Description")
    action = _line(answer, "Action")
    tag = re.match(r"<([^\s>]+)", _line(answer, "Target"))
    if action == "mouse_click_action" and tag is not None and tag[1] in ("input", "textarea"):
        action = "keyboard_sequence_action"
    family = action.split("_")[0]
    right = family == ("keyboard" if wanted.operation == "TYPE" else "mouse")
    holds = {node, *around(node)}
    chosen = next((one for one in ranking if one in holds), None)
    qa = float(chosen is not None and chosen in wanted.positives)
    if not wanted.in_dom:
        return LegacyJudged(qa=qa, qa_step=qa * right)
    element = float(node in wanted.positives)
    subchild = float(node in wanted.positives or node in wanted.inside)
    return LegacyJudged(
        element=element,
        f1=_f1(description, wanted, right),
        step=element * right,
        subchild=subchild,
        subchild_step=subchild * right,
        qa=qa,
        qa_step=qa * right,
    )


def legacy_table(judged: Sequence[LegacyJudged], tasks: Sequence[str]) -> tuple[Figure, ...]:
    """Micro averages, and task success that asks for elements alone."""
    titles = {
        "element": "element accuracy",
        "f1": "F1",
        "step": "step success",
        "subchild": "element accuracy, subchild",
        "subchild_step": "step success, subchild",
        "qa": "QA element accuracy",
        "qa_step": "QA step success",
    }
    shares = [over_steps(f"legacy: {what}", [getattr(j, name) for j in judged], tasks) for name, what in titles.items()]
    whole, groups = all_right([one.element for one in judged], tasks)
    return figures([*shares, over_steps("legacy: task success", whole, groups)])


def _node(answer: str) -> int | None:
    """The number between `Node: ` and the next space; an id that a line break follows is none, as there."""
    word = f"{answer.partition('Node: ')[2]} ".split(" ")[0].strip()
    return int(word) if re.fullmatch(r"\d{1,12}", word) else None


def _line(answer: str, name: str) -> str:
    found = re.search(rf"^[ \t]*{name}:[ \t]*(.*)$", answer, re.MULTILINE)
    return found[1].strip() if found else ""


def _f1(description: str, wanted: LegacyWanted, right: bool) -> float:
    """The best of up to three readings, one of them without the space that joins operation and description."""
    best = token_f1(_plain(f'{wanted.operation} "{wanted.description}"'), _plain(description))
    label = f" {wanted.description} -> {wanted.operation}"
    if right:
        best = max(best, token_f1(label, wanted.operation + description))
    return max(best, token_f1(label, description))


def _plain(text: str) -> str:
    return re.sub(r"[^\w\s]+", " ", text).lower()
