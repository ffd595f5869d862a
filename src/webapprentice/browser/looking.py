"""Reading a document: one call, which tells only what differs from what the last one told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from webapprentice.browser.config import BrowserConfig
from webapprentice.browser.deadline import fault
from webapprentice.browser.frames import Frames
from webapprentice.core.records import Element, Observation, Record

SCRIPTS = ("tracker.js", "names.js", "walker.js", "target.js")


class Seen(NamedTuple):
    """One look at the active tab."""

    observation: Observation
    quiet: bool
    """The page had come to rest before it was read."""
    html: str | None
    extra: Any
    """What the probe gave, read in the same call as the elements."""


class Asked(NamedTuple):
    """What a look is to read; see `Window.observe`."""

    cap: float
    """Seconds that the page may take to come to rest."""
    skip: str = ""
    probe: str | None = None
    html: bool = False


class Look(Record):
    """What a document says of itself."""

    seen: Observation
    """Without its elements, until they are put together."""
    fresh: tuple[Element, ...]
    """Those that are new, or differ from what the last look said of them."""
    order: tuple[int, ...] | None
    """The ids of all of them; None when all are fresh."""
    next: int
    quiet: bool
    opened: int
    """Windows that the page has asked for since the last action."""
    missed: str
    """What an action's press or key would have landed on; it was kept from the page."""
    html: str | None
    extra: Any


_LOOK: TypeAdapter[Look] = TypeAdapter(Look)


def page_script() -> str:
    """What is injected into every document."""
    folder = files("webapprentice.browser")
    return "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS)


class Reader:
    """Looks at one window's documents, and what the last look has told."""

    def __init__(self, config: BrowserConfig) -> None:
        self.next_id = 1
        """The lowest node id that was never given out here."""
        self.missed = ""
        """What input would have landed on in place of its element, as the last look found out."""
        self._config = config
        self._looks = 0
        self._held: tuple[int, dict[int, Element]] = (0, {})
        """The number of the last look that has arrived, and its elements: the next one tells only what differs."""

    async def look(self, evaluate: Callable[[str, float], Awaitable[Any]], asked: Asked, before: str = "") -> Look:
        """Elements and all, without frames of other origins.

        `evaluate` gives the value of an expression within so many seconds; `before` is one that is awaited first.
        Raises FaultError script_error when the page has put something of its own in our scripts' place.
        """
        self._looks += 1
        probing = f"() => ({asked.probe})" if asked.probe else "null"
        expression = f"__apprentice.look({json.dumps(self._options(asked))}, {probing})"
        if before:
            expression = f"(async () => {{ await ({before}); return {expression}; }})()"
        told = await evaluate(expression, self._config.call_seconds + asked.cap)
        try:
            look = _LOOK.validate_json(told)
            known = {element.id: element for element in look.fresh}
            if look.order is not None:
                known = {node: known.get(node) or self._held[1][node] for node in look.order}
        except (ValueError, KeyError) as error:
            raise fault("script_error", f"the page cannot be read: {error}") from error
        self.next_id = look.next
        self.missed = self.missed or look.missed
        self._held = (self._looks, known)
        return look.model_copy(
            update={"seen": look.seen.model_copy(update={"elements": tuple(known.values())}), "fresh": ()}
        )

    async def with_frames(self, look: Look, frames: Frames, asked: Asked) -> Look:
        """The look, with the frames of other origins that answer in time."""
        if not len(frames):
            frames.clear()
            return look
        seen, self.next_id = await frames.add_to(look.seen, look.next, self._options(asked), self._config.frame_seconds)
        self.missed = self.missed or frames.missed
        return look.model_copy(update={"seen": seen})

    def _options(self, asked: Asked) -> dict[str, Any]:
        config = self._config
        return {
            "number": self._looks,
            "held": self._held[0],
            "first": self.next_id,
            "nodes": config.max_nodes,
            "millis": config.walk_seconds * 1000,
            "table": config.table_bytes,
            "cap": asked.cap * 1000,
            "skip": asked.skip,
            "masked": config.mask_passwords,
            "html": asked.html,
            "bytes": config.html_bytes,
        }
