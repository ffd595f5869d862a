"""Secrets out, placeholders in: over text, addresses, HTML, observations and actions of one recording."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote

from webapprentice.core.actions import Action, Press, Type
from webapprentice.core.records import Element, Observation, Step, Trajectory
from webapprentice.redaction.fields import secret_field, secret_value
from webapprentice.redaction.layers import layers
from webapprentice.redaction.needles import Needle, identity
from webapprentice.redaction.placeholders import PLACEHOLDER, placeholder
from webapprentice.redaction.shapes import shapes
from webapprentice.redaction.strings import rebuilt, strings

ECHOES = 200
"""Secrets known by their shape alone whose echoes are looked for as well: a page of ten thousand tokens stays cheap."""
CUT = 100
"""Characters from which on a string may have been cut to a length: attributes are at 120."""
SHORTEST_WEAK = 3
"""Characters below which a secret is hidden in its own field alone."""
THOROUGH = 30
"""Of those, as many are looked for backwards and coded, too."""
LONGEST = 1000
"""Characters of a secret known by its shape up to which its echoes are looked for."""
_PASSES = 4
_TAG = re.compile(r"<(input|textarea|meta)\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.I)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]{1,100})\s{0,5}=\s{0,5}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>=`]+))")
_NESTED = re.compile(r"=([^&#=\s]{0,4000}%(?:3[AaDdFf]|2[66Ff])[^&#\s]{0,4000})")
_DOTS = re.compile("[•●*∗]+")
_MARK = "*"
"""Stands where the second and later parts of a secret stood that was spread over several elements."""
Span = tuple[int, int, str]


class Redactor:
    """The secrets of one recording. Everything that leaves it is free of what it has learned so far.

    Learn a secret before the page that echoes it is cleaned. `clean` and its like are idempotent.
    """

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._named: dict[str, str] = {}
        self._needles: dict[str, Needle] = {}
        self._echoes = 0
        self._fields: dict[str, str] = {}
        """Names of fields that once held a secret: a password that is shown as text stays one."""

    @property
    def known(self) -> tuple[str, ...]:
        """The placeholders given out so far."""
        return tuple(self._named.values())

    def learn(self, kind: str, value: str) -> str:
        """The placeholder of a secret, which from now on is looked for everywhere; nothing for nothing."""
        if not value.strip() or PLACEHOLDER.fullmatch(value.strip()):
            return value
        same = identity(value)
        if same not in self._needles or not self._needles[same].thorough:
            self._needles[same] = Needle(value, self._note(kind, value))
        return self._needles[same].placeholder

    def reserve(self, text: str) -> None:
        """The placeholders in this text are taken, by somebody whose secrets are not known here."""
        for found in PLACEHOLDER.finditer(text):
            kind, _, number = found[0].strip("{}").partition(":")
            self._numbers[kind] = max(self._numbers[kind], int(number))

    def _note(self, kind: str, value: str) -> str:
        """The placeholder of a value, found or learned."""
        same = identity(value)
        if same not in self._named:
            self._numbers[kind] += 1
            self._named[same] = placeholder(kind, self._numbers[kind])
        return self._named[same]

    def clean(self, text: str) -> str:
        """The text without secrets."""
        return self._repeated(text, tags=False)

    def url(self, url: str) -> str:
        """The address without secrets, also where an address stands inside a parameter of another."""
        found = self.clean(url)
        for _ in range(_PASSES):
            again = _NESTED.sub(self._inner, found)
            again = self.clean(_whole_parameters(again, self._needles.values()))
            if again == found:
                break
            found = again
        return found

    def _inner(self, found: re.Match[str]) -> str:
        plain = unquote(found[1])
        cleaned = self.clean(plain)
        return found[0] if cleaned == plain else f"={quote(cleaned, safe='{:}')}"

    def html(self, html: str) -> str:
        """The markup without secrets: in fields, attributes, scripts and text, also text that tags divide."""
        html = _TAG.sub(self._tag, html)
        for needle in self._needles.values():
            if needle.weak and len(needle.value) >= SHORTEST_WEAK:
                html = re.sub(
                    rf"(>\s*|\bvalue\s?=\s?[\"']?){re.escape(needle.value)}(?=\s*<|[\"'\s>])",
                    lambda found, held=needle: found[1] + held.placeholder,  # type: ignore[misc]
                    html,
                    flags=re.I,
                )
        return self._repeated(html, tags=True)

    def observation(self, seen: Observation) -> Observation:
        """What was seen, without secrets; node ids, roles and states stay.

        The blobs that it names are not looked into: those are for `html`, and for whoever paints over `boxes`.
        """
        seen = seen.model_copy(update={"elements": tuple(map(self._field, seen.elements))})
        seen = rebuilt(seen, iter(self._together(strings(seen))))
        runs = [element.text for element in seen.elements if element.tag == "#text"]
        cleaned = iter(self._together(runs, shaped=False))
        elements = (
            element.model_copy(update={"text": next(cleaned)}) if element.tag == "#text" else element
            for element in seen.elements
        )
        tabs = (tab.model_copy(update={"url": self.url(tab.url)}) for tab in seen.tabs)
        return seen.model_copy(update={"elements": tuple(elements), "url": self.url(seen.url), "tabs": tuple(tabs)})

    def action(self, action: Action, element: Element | None = None) -> Action:
        """The action without secrets; what is typed into a secret field is learned."""
        kind = self._kind(element) if element is not None else ""
        if isinstance(action, Type) and kind:
            return action.model_copy(update={"text": self.learn(kind, action.text)})
        if isinstance(action, Press):
            # Letter by letter a secret has no shape: the key is not told, as the DOM does where it cannot be.
            untold = bool(kind) and len(action.keys) == 1
            return action.model_copy(update={"keys": "Unidentified"}) if untold else action
        changes: dict[str, object] = {}
        for name in ("text", "answer"):
            text = getattr(action, name, None)
            if isinstance(text, str):
                changes[name] = self._value(text)
        if hasattr(action, "url"):
            changes["url"] = self.url(action.url)
        for name in ("options", "files"):
            if hasattr(action, name):
                changes[name] = tuple(map(self._value, getattr(action, name)))
        return action.model_copy(update=changes) if changes else action

    def boxes(self, seen: Observation) -> tuple[tuple[int, int, int, int], ...]:
        """Where a picture of this page shows a secret: x, y, width, height of the elements to be painted over."""
        cleaned = self.observation(seen)
        by_id = {element.id: element for element in seen.elements}
        found: dict[tuple[int, int, int, int], None] = {}
        for before, after in zip(seen.elements, cleaned.elements, strict=True):
            shown = (before.text, before.value, before.name, before.options)
            if not before.visible or (shown == (after.text, after.value, after.name, after.options)):
                continue
            here: Element | None = before
            while here is not None and not (here.box[2] and here.box[3]):
                here = by_id.get(here.parent) if here.parent is not None else None
            if here is not None:
                found[here.box] = None
        return tuple(found)

    def step(self, step: Step) -> Step:
        """A step without secrets. What it types into a secret field is learned before anything is cleaned."""
        node = getattr(step.action, "node", None)
        element = step.observation.element(node) if node is not None else None
        action = self.action(step.action, element) if step.action is not None else None
        said = step.said
        if isinstance(step.action, Type) and action != step.action:
            needle = self._needles.get(identity(step.action.text))
            if needle is not None:
                said = _replaced(said, [(*span, needle.placeholder) for span in needle.bounded(said)])
        changes: dict[str, object] = {
            "observation": self.observation(step.observation),
            "said": self.clean(said),
            "action": action,
            "unread": self.clean(step.unread) if step.unread else step.unread,
            "outcome": step.outcome.model_copy(update={"message": self.clean(step.outcome.message)}),
        }
        if any(getattr(step, name) != value for name, value in changes.items()):
            changes |= {"prompt_key": None, "logprob": None}  # those were of the words with the secret in them
        # A transcript holds whole prompts, and nobody looked for what is secret in them.
        return step.model_copy(update={**changes, "transcript": None})

    def trajectory(self, trajectory: Trajectory) -> Trajectory:
        """A trajectory without secrets. All of its steps are read first, so a secret is gone from earlier steps too."""
        for step in (*trajectory.before, *trajectory.steps):
            self.step(step)
        changes: dict[str, object] = {
            "goal": self.clean(trajectory.goal),
            "task": trajectory.task.model_copy(
                update={
                    "goal": self.clean(trajectory.task.goal) if trajectory.task.goal else trajectory.task.goal,
                    "start_urls": tuple(map(self.url, trajectory.task.start_urls)),
                }
            ),
            "before": tuple(map(self.step, trajectory.before)),
            "steps": tuple(map(self.step, trajectory.steps)),
            "final": self.observation(trajectory.final) if trajectory.final else None,
            "judgments": tuple(
                judgment.model_copy(update={"reason": self.clean(judgment.reason)}) for judgment in trajectory.judgments
            ),
        }
        if trajectory.fault is not None:
            message = self.clean(trajectory.fault.message)
            changes["fault"] = trajectory.fault.model_copy(update={"message": message})
        return trajectory.model_copy(update=changes)

    # Fields

    def _kind(self, element: Element) -> str:
        """The kind of secret that a field holds, now or at an earlier look."""
        names = [f"{key}={element.attributes[key]}" for key in ("name", "id") if element.attributes.get(key)]
        kind = secret_field(element.attributes, element.tag)
        if kind:
            self._fields.update(dict.fromkeys(names, kind))
        if kind or element.tag not in ("input", "textarea"):
            return kind
        return next((self._fields[name] for name in names if name in self._fields), "")

    def _field(self, element: Element) -> Element:
        """The element with a placeholder for the value of a secret field; what it held is learned."""
        given = element.value or element.attributes.get("value", "")
        kind = self._kind(element)
        if not given.strip():
            return self._filled(element)
        if not kind and element.tag == "input" and element.attributes.get("type", "").lower() == "hidden":
            kind = secret_value(element.attributes.get("name") or element.attributes.get("id", ""), given)
        if not kind:
            return self._filled(element)
        changes: dict[str, object] = {}
        if element.value:
            changes["value"] = self._hidden(kind, element.value)
        if element.attributes.get("value"):
            value = self._hidden(kind, element.attributes["value"])
            changes["attributes"] = {**element.attributes, "value": value}
        return element.model_copy(update=changes)

    def _filled(self, element: Element) -> Element:
        """The element with a placeholder where a short secret is all of its text, name or value."""
        for needle in self._needles.values():
            if needle.weak and len(needle.value) >= SHORTEST_WEAK:
                changes = {
                    name: needle.placeholder
                    for name in ("text", "name", "value")
                    if needle.whole(getattr(element, name) or "")
                }
                if changes:
                    element = element.model_copy(update=changes)
                if needle.whole(element.attributes.get("value", "")):
                    attributes = {**element.attributes, "value": needle.placeholder}
                    element = element.model_copy(update={"attributes": attributes})
        return element

    def _hidden(self, kind: str, value: str) -> str:
        """A placeholder for the value; as many dots as ever for dots, which tell the length."""
        return "•" * 8 if _DOTS.fullmatch(value) else self.learn(kind, value)

    def _tag(self, found: re.Match[str]) -> str:
        """A tag whose `value` or `content` is a secret by what its other attributes say."""
        tag, rest = found[1].lower(), found[2]
        given = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(rest)}
        key = "content" if tag == "meta" else "value"
        value = given.get(key, "")
        kind = self._kind(Element(id=0, tag=tag, attributes=given)) if tag != "meta" else ""
        if not value or PLACEHOLDER.fullmatch(value):
            return found[0]
        if tag == "meta":
            kind = secret_value(given.get("name", ""), value)
        else:
            if not kind and given.get("type", "").lower() == "hidden":
                kind = secret_value(given.get("name") or given.get("id", ""), value)
        if not kind:
            return found[0]
        said = self.learn(kind, value)

        def put(one: re.Match[str]) -> str:
            if one[1].lower() != key:
                return one[0]
            return f'{one[1]}="{said}"'

        return f"<{found[1]}{_ATTRIBUTE.sub(put, rest)}>"

    def _value(self, text: str) -> str:
        """A whole value: a short secret that fills it is one too."""
        weak = (needle for needle in self._needles.values() if needle.weak and len(needle.value) >= SHORTEST_WEAK)
        whole = next((needle for needle in weak if needle.whole(text)), None)
        return whole.placeholder if whole is not None else self.clean(text)

    # Finding

    def _repeated(self, text: str, tags: bool) -> str:
        for _ in range(_PASSES):
            spans = self._spans(text, tags)
            if not spans:
                break
            text = _replaced(text, spans)
        return text

    def _spans(self, text: str, tags: bool = False, shaped: bool = True) -> list[Span]:
        """Where secrets stand, with what goes there instead."""
        held = [found.span() for found in PLACEHOLDER.finditer(text)]
        spans: list[Span] = []
        for kind, start, end in shapes(text) if shaped else ():
            if _cuts(held, start, end):
                continue
            value = text[start:end]
            same = identity(value)
            if kind == "userinfo" and value.partition(":")[2]:
                self.learn("password", value.partition(":")[2])
            if same not in self._needles and self._echoes < ECHOES and 12 <= len(value) <= LONGEST:
                self._echoes += 1
                self._needles[same] = Needle(value, self._note(kind, value), self._echoes <= THOROUGH)
            spans.append((start, end, self._note(kind, value)))
        if self._needles:
            made = list(layers(text, tags))
            for needle in self._needles.values():
                spans += [(start, end, needle.placeholder) for start, end in needle.spans(text, made)]
        return _apart(spans, held)

    def _cut(self, text: str) -> str:
        """The text without a secret that its end cuts off: long strings of a page are not kept whole."""
        if len(text) < CUT:
            return text
        for needle in self._needles.values():
            span = needle.tail(text)
            if span is not None:
                return _replaced(text, [(*span, needle.placeholder)])
        return text

    def _together(self, texts: Sequence[str], shaped: bool = True) -> list[str]:
        """The texts of one page without secrets, also those that neighbouring texts divide."""
        found = list(map(self._cut, texts))
        for _ in range(_PASSES):
            places, length = [], 0
            for text in found:
                places.append(length)
                length += len(text) + 1
            spans = self._spans("\n".join(found), shaped=shaped)
            if not spans:
                break
            parts: dict[int, list[Span]] = {}
            for start, end, instead in spans:
                at = first = bisect_right(places, start) - 1
                while at < len(found) and places[at] < end:
                    inner = max(start - places[at], 0), min(end - places[at], len(found[at]))
                    if inner[0] < inner[1]:
                        parts.setdefault(at, []).append((*inner, instead if at == first else _MARK))
                    at += 1
            for at, inside in parts.items():
                found[at] = _replaced(found[at], inside)
        return found


def _cuts(held: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """The span shares a character with one of the held ones, which are in order and apart."""
    at = bisect_left(held, end, key=lambda one: one[0]) - 1
    return at >= 0 and held[at][1] > start


def _apart(spans: Iterable[Span], held: Sequence[tuple[int, int]]) -> list[Span]:
    """The spans in order; those that overlap are one, and none cuts a placeholder in two."""
    found: list[Span] = []
    for start, end, instead in sorted(spans, key=lambda span: (span[0], -span[1])):
        if _cuts(held, start, end):
            continue
        if found and start < found[-1][1]:
            first, last, kept = found[-1]
            found[-1] = (first, max(last, end), kept)
        elif start < end:
            found.append((start, end, instead))
    return found


def _replaced(text: str, spans: Sequence[Span]) -> str:
    pieces, place = [], 0
    for start, end, instead in spans:
        pieces += [text[place:start], instead]
        place = end
    return "".join([*pieces, text[place:]])


def _whole_parameters(url: str, needles: Iterable[Needle]) -> str:
    """The address with a placeholder where a short secret is the whole value of a parameter."""
    for needle in needles:
        if needle.weak and len(needle.value) >= SHORTEST_WEAK:
            sought = re.compile(rf"(?<==){re.escape(quote(needle.value, safe=''))}(?=[&#;]|$)", re.I)
            url = sought.sub(needle.placeholder, url)
    return url
