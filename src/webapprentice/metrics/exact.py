"""Exact match on recorded steps, and the same where the target could be seen (ScribeAgent, arXiv 2411.15004).

EM = (1/N) Σ 1[said = wanted]; calibrated EM = Σ 1[wanted in context] 1[said = wanted] / Σ 1[wanted in context].

Two actions are the same when element, kind and value are. The element is the node id (none for an action that has
none, and the second node of a drag). The kind is the verb: click, type, select and so on. The value is everything else
that the action says, white space squeezed: typed text and whether Enter follows, options, keys, button and number of
clicks, address, answer. Where inside an element a click or drag lands is not compared: recordings differ by pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.actions import Action
from webapprentice.core.records import Record
from webapprentice.core.text import squeeze
from webapprentice.metrics.figures import Figure, figures, over_steps

_NOT_VALUE = frozenset({"kind", "node", "to", "at", "to_at", "clear"})


class Match(Record):
    """What of an action was right."""

    element: bool
    kind: bool
    value: bool
    """Only where the kind is right, too."""
    in_context: bool
    """The wanted element stood in the page text that was shown; True for an action without an element."""

    @property
    def exact(self) -> bool:
        """All of it was right."""
        return self.element and self.kind and self.value


def match(said: Action | None, wanted: Action, in_context: bool) -> Match:
    """What of the wanted action was said; nothing where no action was."""
    if said is None:
        return Match(element=False, kind=False, value=False, in_context=in_context)
    kind = said.kind == wanted.kind
    return Match(
        element=_element(said) == _element(wanted),
        kind=kind,
        value=kind and value_of(said) == value_of(wanted),
        in_context=in_context,
    )


def exact_match(matches: Sequence[Match], groups: Sequence[str]) -> tuple[Figure, ...]:
    """EM, calibrated EM, the share of targets in context, and what EM is made of; `groups` are the clusters."""
    seen = [(one, group) for one, group in zip(matches, groups, strict=True) if one.in_context]
    return figures(
        (
            over_steps("EM", [float(one.exact) for one in matches], groups),
            over_steps("calibrated EM", [float(one.exact) for one, _ in seen], [group for _, group in seen]),
            over_steps("target in context", [float(one.in_context) for one in matches], groups),
            over_steps("element match", [float(one.element) for one in matches], groups),
            over_steps("kind match", [float(one.kind) for one in matches], groups),
            over_steps("value match", [float(one.value) for one in matches], groups),
        )
    )


def value_of(action: Action) -> tuple[tuple[str, str], ...]:
    """What an action says besides its verb and its element, comparable."""
    told = action.model_dump(exclude=set(_NOT_VALUE))
    return tuple((name, squeeze(_text(value))) for name, value in sorted(told.items()))


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _element(action: Action) -> tuple[int | None, int | None]:
    return getattr(action, "node", None), getattr(action, "to", None)
