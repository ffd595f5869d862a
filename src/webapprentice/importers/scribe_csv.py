"""ScribeAgent's CSV: one row a step, nine columns, the page in the row (papers' released code, `filter.py`).

The filters are its own, in its order. Of each it is counted what it left out.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from webapprentice.core.actions import Action, Click, Press, Type
from webapprentice.core.faults import UsageError
from webapprentice.importers.common import Act, Broken, Item, Unusable, Workflow, opened

COLUMNS = (
    *("document_metadata_id", "document_metadata_name", "action_kind", "action_description", "action_url"),
    *("action_target_selector", "action_step_number", "action_dom", "action_id"),
)
WHOLE = frozenset({"section", "stack"})
"""Kinds of row that make a workflow unusable."""
_ACCENTED = frozenset("ñóúäíáéçõãÉïÜëèüöàâêîôûœßåøæ")
_TYPED = re.compile(r'\btype\s+("(?:[^"\\]|\\.)*"|“[^”]*”)', re.IGNORECASE)
_KEYS = re.compile(r'\bpress\s+("(?:[^"\\]|\\.)*"|\[?[\w +]+\]?)', re.IGNORECASE)
Row = dict[str, str]


def read(path: Path) -> Iterator[Item]:
    """Workflows of the file, one after the other; only one of them is in memory. Raises UsageError."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    seen: set[str] = set()
    actions: set[str] = set()
    try:
        with opened(path).open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.DictReader(line.replace("\0", "") for line in file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise UsageError(f"{path} has no column {missing[0]}; ScribeAgent's files have {', '.join(COLUMNS)}")
            for name, group in _groups(rows):
                if name in seen:
                    yield Broken(where=f"workflow {name}", reason="rows apart; sort the file by workflow", whole=True)
                    continue
                seen.add(name)
                yield from _workflow(path.name, name, group, actions)
    except csv.Error as error:
        yield Broken(where=path.name, reason="not CSV any more from here on", detail=str(error))


def _groups(rows: Iterator[Row]) -> Iterator[tuple[str, list[Row]]]:
    name, group = None, list[Row]()
    for row in rows:
        if row["document_metadata_id"] != name and group:
            yield name or "", group
            group = []
        name = row["document_metadata_id"]
        group.append({key: value or "" for key, value in row.items() if key in COLUMNS})
    if group:
        yield name or "", group


def _workflow(file: str, name: str, rows: list[Row], actions: set[str]) -> Iterator[Item]:
    where = f"workflow {name}"
    kinds = {row["action_kind"] for row in rows} & WHOLE
    if kinds:
        yield Broken(where=where, reason=f"holds a {min(kinds)}", whole=True)
        return
    kept: list[Row] = []
    for place, row in enumerate(rows):
        why = _left_out(row, rows[:place], actions)
        if why:
            yield Broken(where=f"{where}, row {place + 1}", reason=why)
        else:
            kept.append(row)
            actions.add(row["action_id"])
    goal = " ".join(rows[0]["document_metadata_name"].split())
    made = Workflow("scribe", name, goal)
    kept.sort(key=lambda row: _number(row["action_step_number"]))
    try:
        if not english(goal):
            raise Unusable("objective not in English", goal[:80])
        for row in kept:
            description = " ".join(row["action_description"].split())
            made.step(
                row["action_dom"],
                row["action_url"],
                row["action_target_selector"] or "(none)",
                action_of(row["action_kind"], description),
                description,
            )
        yield made.ready(f"{file}#{name}")
    except Unusable as error:  # one step that cannot be used takes the whole workflow, as in the paper
        yield Broken(where=where, reason=error.reason, detail=error.detail, whole=True)


def _left_out(row: Row, before: list[Row], actions: set[str]) -> str:
    if row["action_kind"] == "instruction":
        return "an instruction"
    if row in before:
        return "twice the same row"
    if not row["action_description"].strip():
        return "no description"
    if not english(row["action_description"]):
        return "description not in English"
    if not row["action_dom"].strip():
        return "no page"
    return "action seen before" if row["action_id"] in actions else ""


def english(text: str) -> bool:
    """The paper's test of single rows: few words with foreign letters, none of a list of accented ones."""
    words = text.split()
    odd = sum(not word.isascii() for word in words)
    few = len(words) <= 3 or odd <= len(words) / 4
    return few and not _ACCENTED & set(text) and sum(ord(one) > 127 for one in text) < 5


def action_of(kind: str, description: str) -> Action | Act:
    """What a row does. What is typed stands in its description alone. Raises Unusable."""
    match kind.removesuffix("_action"):
        case "mouse_click" | "click":
            return lambda node: Click(node=node)
        case "keyboard_sequence" | "type":
            found = _TYPED.search(description)
            if found is None:
                raise Unusable("typed text not in the description", description[:80])
            text = _unquoted(found[1])
            return lambda node: Type(node=node, text=text)
        case "keyboard_combination" | "hotkey":
            found = _KEYS.search(description)
            if found is None:
                raise Unusable("keys not in the description", description[:80])
            keys = _unquoted(found[1].strip("[]")).replace(" + ", "+").replace(" ", "")
            return lambda node: Press(keys=keys, node=node)
    raise Unusable("a kind of action that is not known", kind[:40])


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            return text[1:-1]
    return text[1:-1] if text.startswith("“") else text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("inf")
