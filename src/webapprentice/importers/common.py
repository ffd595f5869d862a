"""What every importer gives: trajectories, and rows that are broken, by place and reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from webapprentice import __version__
from webapprentice.core.actions import Action
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of, key_of_bytes
from webapprentice.core.records import (
    Ending,
    Observation,
    Outcome,
    Provenance,
    Record,
    Result,
    Source,
    Step,
    Tab,
    Task,
    Trajectory,
)
from webapprentice.page import aimed_at

Act = Callable[[int], Action]
"""Makes the action of a step when the node id of its element is known."""


class Broken(Record):
    """What was left out, and why; nothing is dropped without one of these."""

    where: str
    """Such as `line 12` or `workflow 8f3a, row 4`."""
    reason: str
    """A few words that many rows may share: they are counted by it."""
    detail: str = ""
    whole: bool = False
    """A whole workflow is left out, not one row of it."""


class Ready(NamedTuple):
    """A trajectory, and the pages that its steps name by key."""

    trajectory: Trajectory
    pages: Mapping[str, bytes]


Item = Ready | Broken
Read = Callable[[Path], Iterator[Item]]


class Unusable(Exception):  # noqa: N818 - how the reason leaves nested calls
    """A row that no step can be made of."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Workflow:
    """Steps gathered until they are a trajectory."""

    def __init__(self, benchmark: str, name: str, goal: str) -> None:
        self._task = Task(id=f"{benchmark}/{name}", benchmark=benchmark, goal=goal, template=f"{benchmark}/{name}")
        self._goal = goal
        self._steps: list[Step] = []
        self._pages: dict[str, bytes] = {}
        self._sites: dict[str, None] = {}

    def step(self, html: str, url: str, selector: str | None, action: Action | Act, said: str) -> None:
        """One more step on this page; `action` is a function of the node id where it points at an element.

        Raises Unusable where the page is empty or the selector finds nothing.
        """
        if not html.strip():
            raise Unusable("no page")
        elements, node = aimed_at(html, selector)
        if selector is not None and node is None:
            raise Unusable("target not on the page", selector[:120])
        made = action(node or 0) if callable(action) else action
        page = html.encode("utf-8", "replace")
        key = key_of_bytes(page)
        self._pages[key] = page
        title = re.search(r"<title[^>]*>(.*?)</title", html[:100_000], re.IGNORECASE | re.DOTALL)
        seen = Observation(
            url=url,
            title=" ".join(title[1].split())[:300] if title else "",
            tabs=(Tab(url=url, title="", active=True),),
            elements=elements,
            html=key,
        )
        self._sites.setdefault(re.sub(r"^(\w+://[^/?#]*).*", r"\1", url))
        self._steps.append(
            Step(
                index=len(self._steps),
                observation=seen,
                said=said,
                action=made,
                outcome=Outcome(result=Result.DONE, changed=True),
            )
        )

    def ready(self, origin: str, score: float | None = None) -> Ready:
        """The trajectory; its key follows from its contents. Raises Unusable when it has no step."""
        if not self._steps:
            raise Unusable("no steps")
        task = self._task.with_(sites=tuple(self._sites))
        contents = [(step.observation.html, step.action, step.said) for step in self._steps]
        return Ready(
            trajectory=Trajectory(
                key=key_of("import", task.id, self._goal, contents),
                task=task,
                goal=self._goal,
                source=Source.IMPORTED,
                steps=tuple(self._steps),
                ending=Ending.STOPPED,
                score=score,
                provenance=Provenance(version=__version__, parents=(origin,)),
            ),
            pages=self._pages,
        )


def opened(path: Path) -> Path:
    """The path, when there is a file to be read. Raises UsageError."""
    if not path.is_file():
        raise UsageError(f"cannot read {path}: there is no such file")
    return path


def css_of_xpath(xpath: str) -> str:
    """A CSS selector for an XPath of tags and places, such as /html/body/div[2]/a. Raises Unusable for any other."""
    steps = re.findall(r"/([A-Za-z][\w-]*)(?:\[(\d+)\])?", xpath)
    if not steps or "".join(f"/{tag}" + (f"[{place}]" if place else "") for tag, place in steps) != xpath:
        raise Unusable("an XPath that is no path of tags", xpath[:120])
    return " > ".join(tag if tag in ("html", "body") else f"{tag}:nth-of-type({place or 1})" for tag, place in steps)
