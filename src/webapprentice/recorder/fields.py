"""What is said of a field that somebody types into: nothing of a secret before it is complete."""

from __future__ import annotations

import re
from typing import Any

from webapprentice.recorder.events import Event
from webapprentice.recorder.keeping import Keeper
from webapprentice.redaction import secret_field

SHOWN = 7
"""Letters of a word that are kept while it is being typed into a field that is not secret."""


class Fields:
    """The fields that are typed into, and which of them hold a secret."""

    def __init__(self) -> None:
        self._secret: dict[tuple[int, int], str] = {}
        """Tab and node id → the kind of secret; empty for none."""

    def note(self, edit: Event, moment: dict[str, Any] | None, secret: str) -> None:
        """Somebody begins to type. `secret` is what the page's listener takes the field for."""
        if not secret and moment is not None:
            lines = moment["seen"]["elements"]
            line = next((line for line in lines if line["id"] == edit.node), None)
            secret = secret_field(line.get("attributes", {}), line["tag"]) if line else ""
        if edit.node is not None:
            self._secret[edit.tab, edit.node] = secret

    def told(self, event: Event, secret: str, keeper: Keeper) -> Event:
        """The input as it may be kept: of a secret field only when it is complete, and then its placeholder."""
        kind, redactor = secret or self._secret.get((event.tab, event.node or 0), ""), keeper.redactor
        if redactor is None or event.text is None:
            return event
        if kind:
            return event.with_(text=redactor.learn(kind, event.text) if event.final else None)
        return event.with_(text=keeper.clean(event.text if event.final else withheld(event.text)))


def withheld(text: str) -> str:
    """The text without a long last word: unfinished, nobody can see whether it is a secret."""
    last = re.search(r"\S*$", text)
    return text[: last.start()] if last is not None and len(last[0]) > SHOWN else text
