"""Mind2Web (arXiv 2306.06070) and Multimodal-Mind2Web: JSON files of tasks, or of single steps, with their pages.

What scoring needs of a task (its candidates, their ranks, operations as they were labelled) is a blob of JSON, `Told`,
whose key stands in the task's `evaluator` under `mind2web`, beside website, domain and split.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from webapprentice.core.actions import Action, Click, Select, Type
from webapprentice.core.keys import key_of_bytes
from webapprentice.core.records import Record, Step
from webapprentice.importers.common import Act, Broken, Item, Read, Ready, Unusable, Workflow, opened
from webapprentice.importers.streams import objects
from webapprentice.page.form import word_set

NODE: Final = "backend_node_id"
"""The attribute that holds the data's own id of an element."""
NO_TARGET: Final = "no target on its page"
"""Why a step has no action: the benchmark counts it, and nobody can do it right."""

_VOID = word_set("area base br col embed hr img input link meta source track wbr")
_SELF_CLOSED = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s+[^\s=<>\"'/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*)\s*/>")
_TAG = re.compile(r"<[A-Za-z][^<>]*>")
_ARIA = re.compile(r"(\s)aria_(\w+)(?==)")
_SPLIT = re.compile(r"train|test_(?:task|website|domain)")


class ToldStep(Record):
    """What the data says of one step."""

    uid: str = ""
    operation: str
    value: str = ""
    positives: tuple[str, ...] = ()
    """Ids of the elements that count as right."""
    negatives: tuple[str, ...] = ()
    ranks: dict[str, int] = Field(default_factory=dict)
    """Places of candidates in a ranking, where the file has them."""
    text: str = ""
    """The words on the element as the task's summary has them; of typing, the text."""


class Told(Record):
    """What the data says of one task."""

    annotation: str
    html: Literal["cleaned", "raw"]
    """Which of the two pages that the data has of a step was read."""
    steps: tuple[ToldStep, ...]


def reader(html: Literal["cleaned", "raw"]) -> Read:
    """What reads these files: with the cleaned or the raw page of each step, the other where it is missing."""
    return partial(_read, html)


def _read(html: Literal["cleaned", "raw"], path: Path) -> Iterator[Item]:
    """Tasks of a JSON array or of JSON lines, one at a time."""
    place = -1
    for place, told in enumerate(_tasks(path)):
        if isinstance(told, Broken):
            yield told
            continue
        name = str(told.get("annotation_id") or f"{path.stem}-{place}")
        try:
            yield _task(path, name, told, html)
        except Unusable as error:
            yield Broken(where=f"task {name}", reason=error.reason, detail=error.detail, whole=True)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            detail = f"{type(error).__name__}: {error}"[:120]
            yield Broken(where=f"task {name}", reason="not a task of Mind2Web", detail=detail, whole=True)
    if place < 0:
        yield Broken(where=path.name, reason="no JSON object in the file", whole=True)


def _tasks(path: Path) -> Iterator[dict[str, Any] | Broken]:
    """The file's tasks; rows of single steps (Multimodal-Mind2Web) that follow one another are gathered."""
    rows: list[dict[str, Any]] = []
    for told in objects(opened(path)):
        alone = not isinstance(told, Broken) and "actions" not in told and "action_uid" in told
        if rows and (not alone or told["annotation_id"] != rows[0].get("annotation_id")):  # type: ignore[index]
            yield _gathered(rows)
            rows = []
        if alone:
            rows.append(told)  # type: ignore[arg-type]
        else:
            yield told
    if rows:
        yield _gathered(rows)


def _gathered(rows: list[dict[str, Any]]) -> dict[str, Any]:
    def place(row: dict[str, Any]) -> int:
        told = str(row.get("target_action_index", ""))
        return int(told) if told.isdecimal() else 0

    rows = sorted(rows, key=place)
    reprs = rows[0].get("action_reprs") or ()
    said = [reprs[place(row)] if place(row) < len(reprs) else "" for row in rows]
    return {**rows[0], "actions": rows, "action_reprs": said}


def _task(path: Path, name: str, told: dict[str, Any], html: Literal["cleaned", "raw"]) -> Item:
    made = Workflow("mind2web", name, " ".join(str(told["confirmed_task"]).split()))
    said = list(map(str, told.get("action_reprs") or ()))
    url = f"https://{told.get('website') or 'unknown'}.mind2web.invalid/"
    steps: list[ToldStep] = []
    without: set[int] = set()
    for place, action in enumerate(told["actions"]):
        operation = _loaded(action["operation"])
        words = said[place] if place < len(said) and said[place] else str(operation["op"])
        targets = [_loaded(target) for target in action.get("pos_candidates") or ()]
        page, act = _page(action, html), _action(operation["op"], str(operation.get("value") or ""))
        if not _add(made, page, url, targets, act, words):
            made.step(page, url, None, _nothing, words)
            without.add(place)
        steps.append(_told(action, operation, targets, words))
    if len(without) == len(steps):
        raise Unusable("no step has a target on its page")
    return _ready(
        made.ready(f"{path.name}#{name}"), Told(annotation=name, html=html, steps=tuple(steps)), without, told
    )


def _add(made: Workflow, page: str, url: str, targets: list[dict[str, Any]], act: Action | Act, words: str) -> bool:
    """Add the step with the element that the person's event reached, or else with the first that counts as right."""
    marked = [target for target in targets if target.get("is_original_target")]
    for some in (marked[:1], targets):
        selector = ", ".join(f'[{NODE}="{str(target[NODE]).replace(chr(34), "")}"]' for target in some)
        try:
            if selector:
                made.step(page, url, selector, act, words)
                return True
        except Unusable as error:
            if error.reason != "target not on the page":
                raise
    return False


def _nothing(node: int) -> Action:
    """Stands for an action until the trajectory is made: a `Step` without one is put in its place."""
    return Click(node=node)


def _ready(made: Ready, told: Told, without: set[int], row: dict[str, Any]) -> Ready:
    """The trajectory with what was told of it, and steps that have no target without an action."""
    blob = told.model_dump_json().encode()
    split = _SPLIT.match(str(row.get("split") or made.trajectory.provenance.parents[0]))
    evaluator = {"mind2web": key_of_bytes(blob), "split": split[0] if split else ""}
    evaluator |= {name: str(row.get(name) or "") for name in ("website", "domain", "subdomain")}
    steps: list[Step] = [
        step.with_(action=None, unread=NO_TARGET) if step.index in without else step for step in made.trajectory.steps
    ]
    trajectory = made.trajectory.with_(task=made.trajectory.task.with_(evaluator=evaluator), steps=tuple(steps))
    return Ready(trajectory=trajectory, pages={**made.pages, evaluator["mind2web"]: blob})


def _told(action: dict[str, Any], operation: dict[str, Any], targets: list[dict[str, Any]], words: str) -> ToldStep:
    others = [_loaded(target) for target in action.get("neg_candidates") or ()]
    value = str(operation.get("value") or "")
    shown = re.match(r"\[[^\]]*\]\s*(.*?)\s*->", words)
    return ToldStep(
        uid=str(action.get("action_uid") or ""),
        operation=_benchmarks(operation["op"]),
        value=value,
        positives=tuple(str(target[NODE]) for target in targets),
        negatives=tuple(str(target[NODE]) for target in others),
        ranks={str(one[NODE]): int(one["rank"]) for one in [*targets, *others] if "rank" in one},
        text=value if operation["op"].upper() == "TYPE" else (shown[1] if shown else ""),
    )


def _loaded(told: Any) -> dict[str, Any]:
    """An object, which the multimodal files have as a string of JSON."""
    found = json.loads(told) if isinstance(told, str) else told
    if not isinstance(found, dict):
        raise TypeError(f"a {type(found).__name__} where an object is wanted")
    return found


def _page(action: dict[str, Any], html: Literal["cleaned", "raw"]) -> str:
    """One of the two pages, as HTML.

    The cleaned page is XML: an HTML parser would put all that follows `<div/>` into it. Both spell `aria-label` with
    an underscore.
    """
    cleaned, raw = str(action.get("cleaned_html") or ""), str(action.get("raw_html") or "")
    text = raw if (html == "raw" and raw) or not cleaned else _SELF_CLOSED.sub(_opened, cleaned)
    return _TAG.sub(lambda tag: _ARIA.sub(lambda found: f"{found[1]}aria-{found[2]}", tag[0]), text)


def _opened(tag: re.Match[str]) -> str:
    return f"<{tag[1]}{tag[2]}>" + ("" if tag[1].lower() in _VOID else f"</{tag[1]}>")


def _benchmarks(operation: str) -> str:
    """The operation as the benchmark counts it: a hover and a press of Enter are clicks."""
    return {"HOVER": "CLICK", "ENTER": "CLICK"}.get(operation.upper(), operation.upper())


def _action(operation: str, value: str) -> Action | Act:
    match _benchmarks(operation):
        case "CLICK":
            return lambda node: Click(node=node)
        case "TYPE":
            return lambda node: Type(node=node, text=value)
        case "SELECT":
            return lambda node: Select(node=node, options=(value,))
    raise Unusable("an operation that is not known", operation[:40])
