"""Tasks in Mind2Web's published shape, made by hand: three steps on two small pages."""

from __future__ import annotations

from typing import Any

SEARCH = (
    '<html backend_node_id="1"><body backend_node_id="2"><div backend_node_id="3"/>'
    '<a backend_node_id="9"><text backend_node_id="19">Help</text></a>'
    '<input backend_node_id="4" aria_label="Search" name="q"/>'
    '<select backend_node_id="5" name="size"><option backend_node_id="15">Small</option>'
    '<option backend_node_id="16">Large</option></select>'
    '<button backend_node_id="6"><span backend_node_id="7"><text backend_node_id="17">Find</text></span></button>'
    '<a backend_node_id="8"><text backend_node_id="18">Find</text></a></body></html>'
)
"""As in the data: XML, text in elements of its own, hyphens as underscores."""


def candidate(node: str, tag: str, **more: Any) -> dict[str, Any]:
    return {"tag": tag, "attributes": f'{{"backend_node_id": "{node}"}}', "backend_node_id": node, **more}


def action(
    uid: str, op: str, value: str, node: str, *others: str, wrong: tuple[str, ...] = ("9", "3")
) -> dict[str, Any]:
    return {
        "action_uid": uid,
        "raw_html": f"<!DOCTYPE html>\n{SEARCH.replace('/>', '>')}",
        "cleaned_html": SEARCH,
        "operation": {"original_op": op, "value": value, "op": op},
        "pos_candidates": [
            candidate(node, "x", is_original_target=True, is_top_level_target=True),
            *(candidate(other, "x", is_original_target=False, is_top_level_target=False) for other in others),
        ],
        "neg_candidates": [candidate(node, "x") for node in wrong],
    }


def task(name: str, goal: str = "Find a large table") -> dict[str, Any]:
    return {
        "annotation_id": name,
        "website": "shop",
        "domain": "Shopping",
        "subdomain": "General",
        "confirmed_task": goal,
        "action_reprs": [
            "[searchbox]  Search -> TYPE: table",
            "[combobox]  size -> SELECT: Large",
            "[button]  Find -> CLICK",
        ],
        "actions": [
            action(f"{name}-1", "TYPE", "table", "4"),
            action(f"{name}-2", "SELECT", "Large", "5"),
            action(f"{name}-3", "CLICK", "", "6", "7"),
        ],
    }
