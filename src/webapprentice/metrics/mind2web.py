"""Mind2Web's measures (arXiv 2306.06070, section 4.1): element accuracy, operation F1, step and task success.

Ids of elements are those of the data (`backend_node_id`). What the released code of ScribeAgent computes instead
stands in `legacy`; `docs/scoring.md` has every difference.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence

from webapprentice.core.actions import Action, Click, Hover, Select, Type
from webapprentice.core.records import Record
from webapprentice.core.text import squeeze
from webapprentice.metrics.figures import Figure, all_right, figures, over_steps, over_tasks


class Wanted(Record):
    """The label of one step."""

    positives: tuple[str, ...]
    """Every element that counts as right; empty where none stands on the page."""
    operation: str
    """CLICK, TYPE or SELECT."""
    value: str = ""


class Place(Record):
    """Where a predicted element stands."""

    element: str
    around: tuple[str, ...] = ()
    """The elements that hold it, innermost first."""
    text: str = ""
    """The words in it."""


class Judged(Record):
    """One step, judged; numbers are 0 or 1 but for `f1`."""

    element: float
    f1: float
    step: float
    """Element right, and all tokens of the operation with its value."""
    descendant: float
    """Refined: the element is a positive or lies in one."""
    same_text: float
    """Refined: the element is a positive or has the words of one."""
    refined_step: float
    """Either refinement, and the operation with its value."""


def operation_of(action: Action) -> tuple[str, str]:
    """Mind2Web's name of an action, and its value. A hover counts as a click there; what it lacks keeps our name."""
    match action:
        case Click() | Hover():
            return "CLICK", ""
        case Type(text=text):
            return "TYPE", text
        case Select(options=options):
            return "SELECT", " ".join(options)
    return action.kind.upper(), ""


def token_f1(said: str, wanted: str) -> float:
    """F1 of two sets of words; lone punctuation marks are no words. 1 where both are empty, 0 where one is."""
    ours, theirs = _words(said), _words(wanted)
    if not ours or not theirs:
        return float(ours == theirs)
    both = len(ours & theirs)
    if not both:
        return 0.0
    precision, recall = both / len(ours), both / len(theirs)
    return 2 * precision * recall / (precision + recall)


def _words(text: str) -> set[str]:
    return {word for word in text.split() if word not in string.punctuation}


def judge(
    place: Place | None, operation: tuple[str, str] | None, wanted: Wanted, texts: Collection[str] = ()
) -> Judged:
    """A prediction against its label; no place or no operation is a wrong one.

    `texts` are the words in each positive, for the refined reading alone.
    """
    element = place is not None and place.element in wanted.positives
    inside = element or (place is not None and not set(place.around).isdisjoint(wanted.positives))
    words = squeeze(place.text).casefold() if place is not None else ""
    alike = element or (bool(words) and words in {squeeze(text).casefold() for text in texts})
    f1 = 0.0
    if operation is not None and wanted.positives:
        f1 = token_f1(" ".join(operation), f"{wanted.operation} {wanted.value}")
    return Judged(
        element=float(element),
        f1=f1,
        step=float(element and f1 == 1.0),
        descendant=float(inside),
        same_text=float(alike),
        refined_step=float((inside or alike) and f1 == 1.0),
    )


def pick(place: Place | None, ranking: Sequence[str], top: int = 50) -> str | None:
    """Multi-stage QA: the first of the `top` candidates (0: of all) that is the predicted element or holds it."""
    if place is None:
        return None
    holds = {place.element, *place.around}
    return next((one for one in ranking[: top or None] if one in holds), None)


def direct(judged: Sequence[Judged], tasks: Sequence[str], refined: bool = True) -> tuple[Figure, ...]:
    """The table of direct generation; macro (each task alike) is the benchmark's own reading."""
    names = ["element", "f1", "step"]
    titles = {
        "element": "element accuracy",
        "f1": "operation F1",
        "step": "step success",
        "descendant": "refined: element or descendant",
        "same_text": "refined: element or same text",
        "refined_step": "refined: step success",
    }
    values = {name: [getattr(one, name) for one in judged] for name in titles}
    whole, groups = all_right(values["step"], tasks)
    shares = [
        *(over_tasks(f"{titles[name]}, macro", values[name], tasks) for name in names),
        *(over_steps(f"{titles[name]}, micro", values[name], tasks) for name in names),
        over_steps("task success", whole, groups),
    ]
    if refined:
        shares += [
            over_tasks(f"{titles[name]}, macro", values[name], tasks)
            for name in ("descendant", "same_text", "refined_step")
        ]
    return figures(shares)


def rank_lexically(goal: str, candidates: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Candidates by the words that they share with the goal, rarer words first; no model, and not the paper's ranker.

    `candidates` are ids with the words about them (tag, role, name, attributes). A shared word counts 1 / (how many
    candidates have it); among equals the shorter text wins, then the page's order.
    """
    asked = {word.strip(string.punctuation).casefold() for word in goal.split()} - {""}
    words = [{w.strip(string.punctuation).casefold() for w in told.split()} & asked for _, told in candidates]
    among: dict[str, int] = {}
    for shared in words:
        for word in shared:
            among[word] = among.get(word, 0) + 1
    scores = [sum(1.0 / among[word] for word in sorted(shared)) for shared in words]
    order = sorted(range(len(candidates)), key=lambda i: (-scores[i], len(candidates[i][1]), i))
    return tuple(candidates[i][0] for i in order)
