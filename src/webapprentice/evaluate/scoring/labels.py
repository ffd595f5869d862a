"""What Mind2Web says of a step, on the element table of its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from webapprentice.core.faults import UsageError
from webapprentice.core.records import Element, Observation, Trajectory
from webapprentice.curate.sheets import Blob
from webapprentice.importers.mind2web import NODE, Told, ToldStep
from webapprentice.metrics.mind2web import Place, Wanted, rank_lexically
from webapprentice.page import from_html

Ranking = Mapping[str, Mapping[str, int]]
"""Places of candidates, by `ANNOTATION_ACTION`; in the order in which they are stored."""


def told_of(trajectory: Trajectory, blob: Blob) -> Told:
    """What the data says of a task. Raises UsageError for one that Mind2Web's importer did not make."""
    key = trajectory.task.evaluator.get("mind2web")
    if key is None:
        raise UsageError(
            f"{trajectory.task.id} says nothing of Mind2Web's candidates; import it again, or use setting=exact"
        )
    return Told.model_validate_json(blob(key))


class Labelled:
    """One page with the data's ids of its elements."""

    def __init__(self, seen: Observation, told: ToldStep, blob: Blob) -> None:
        self.told = told
        self._elements = {element.id: element for element in seen.elements}
        html = blob(seen.html).decode("utf-8", "replace") if seen.html else ""
        named = from_html(html, keep=(NODE,))
        self._ids = {one.id: one.attributes[NODE] for one in named if NODE in one.attributes}
        self._nodes: dict[str, int] = {}
        for node, name in self._ids.items():
            self._nodes.setdefault(name, node)

    @property
    def wanted(self) -> Wanted:
        """The label: the positives that stand on the page, the operation and its value."""
        positives = tuple(name for name in self.told.positives if name in self._nodes)
        return Wanted(positives=positives, operation=self.told.operation, value=self.told.value)

    @cached_property
    def texts(self) -> dict[int, str]:
        """The words in each element, bounded by how much of a page is compared."""
        found: dict[int, list[str]] = {node: [] for node in self._elements}
        for element in self._elements.values():
            if element.tag == "#text":
                for node in self.around(element.id):
                    found[node].append(element.text)
        return {node: " ".join(words)[:2000] for node, words in found.items()}

    def around(self, node: int) -> list[int]:
        """The elements that hold this one, innermost first."""
        found: list[int] = []
        element = self._elements.get(node)
        while element is not None and element.parent is not None and len(found) < len(self._elements):
            found.append(element.parent)
            element = self._elements.get(element.parent)
        return found

    def place(self, node: int | None) -> Place | None:
        """A predicted element in the data's ids; None where there is none on the page."""
        if node is None or node not in self._elements:
            return None
        around = (self._ids.get(one, "") for one in self.around(node))
        return Place(
            element=self._ids.get(node, f"#{node}"),
            around=tuple(one for one in around if one),
            text=self.texts[node] or self._elements[node].name,
        )

    def words(self, names: Sequence[str]) -> list[str]:
        """The words in each of these elements, in the order given."""
        nodes = [self._nodes[name] for name in names if name in self._nodes]
        return [self.texts[node] or self._elements[node].name for node in nodes]

    def nodes(self, names: Sequence[str]) -> list[int]:
        """The element table's ids of these, where they stand on the page."""
        return [self._nodes[name] for name in names if name in self._nodes]

    def inside(self, names: Sequence[str]) -> list[int]:
        """All that lies in one of these."""
        outer = set(self.nodes(names))
        return [node for node in self._elements if not outer.isdisjoint(self.around(node))]

    def ranking(self, goal: str, given: Mapping[str, int] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Candidates by rank, and as they are stored: as given, as the import has them, or by our lexical ranker."""
        ranks = self.told.ranks if given is None else given
        if ranks or given is not None:
            return tuple(sorted(ranks, key=lambda name: ranks[name])), tuple(ranks)
        names = [name for name in (*self.told.positives, *self.told.negatives) if name in self._nodes]
        # In the page's order, so that a positive's place in the file gives nothing away.
        names = sorted(dict.fromkeys(names), key=lambda name: self._nodes[name])
        made = rank_lexically(goal, [(name, self._about(self._elements[self._nodes[name]])) for name in names])
        return made, made

    def _about(self, element: Element) -> str:
        attributes = (element.attributes.get(name, "") for name in ("aria-label", "placeholder", "title", "name", "id"))
        return " ".join((element.tag, element.role, element.name, self.texts[element.id][:200], *attributes))


def read_ranking(path: Path) -> dict[str, dict[str, int]]:
    """A file of ranks: `{"ranks": {"ANNOTATION_ACTION": {"NODE": rank}}}`, as JSON.

    Raises UsageError, for a pickle too: nothing is unpickled here, since that may run what stands in it.
    """
    if path.suffix in (".pkl", ".pickle"):
        raise UsageError(
            f"{path} is a pickle, which may run code when it is read; docs/scoring.md says how to make JSON"
        )
    try:
        data = path.read_bytes()
        told: Any = json.loads(data)
        return {
            str(sample): {str(name): int(rank) for name, rank in ranks.items()}
            for sample, ranks in told["ranks"].items()
        }
    except OSError as error:
        raise UsageError(f"cannot read the candidates {path}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        detail = " ".join(str(error).split())[:120]
        raise UsageError(f"{path} is no ranking: {detail}; it must hold ranks by sample and node") from error
