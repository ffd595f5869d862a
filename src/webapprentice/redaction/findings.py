"""What was masked in a trajectory, and what still looks like a secret or like somebody's data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from webapprentice.core.records import Element, Observation, Record, Trajectory
from webapprentice.redaction.fields import secret_field, words_of
from webapprentice.redaction.placeholders import PLACEHOLDER, placeholders
from webapprentice.redaction.shapes import Shape, shapes
from webapprentice.redaction.strings import strings

_RESERVED = re.compile(r"(?:^|[.@])(?:example\.(?:com|org|net)|example|test|invalid|localhost)$", re.I)
_BEFORE_AT = re.compile(r"[\w.+-]{1,64}$")
_AFTER_AT = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}\b")
_PHONE = re.compile(r"(?<![\w.,/+-])(?:\+\d(?:[ ()/.-]{0,2}\d){7,14}|\(?\d{3}\)?[ .-]\d{3}[.-]\d{4})(?![\w-]|[.,]\d)")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_STREET = re.compile(
    r"(?<![\w.,])\d{1,5} (?:[A-Z][a-z]{1,20} ){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court)\b"
    r"|\b[A-ZÄÖÜ][a-zäöüß]{2,25}(?:straße|strasse|str\.|gasse|platz|allee) \d{1,4}\b"
)
_PERSON = frozenset(
    {"firstname", "lastname", "fullname", "givenname", "familyname", "surname", "forename", "vorname", "nachname"}
)
KINDS = ("email", "phone", "iban", "ssn", "address", "name")
"""Kinds of personal data; whatever else is found is a kind of secret."""


class Finding(Record):
    """One thing that should perhaps not leave this machine; what it is exactly is not repeated here."""

    kind: str
    trajectory: str
    step: int | None
    """None: the goal, or what was seen at the end."""
    where: str
    hint: str
    """Its first and last character and its length."""


class Masked(Record):
    """One placeholder in one trajectory."""

    placeholder: str
    kind: str
    trajectory: str
    steps: tuple[int, ...]
    times: int


def personal(text: str) -> Iterator[Shape]:
    """Addresses, numbers and streets that look like somebody's."""
    at = text.find("@")
    while at >= 0:
        after = _AFTER_AT.match(text, at)
        before = _BEFORE_AT.search(text[max(0, at - 64) : at])
        if after is not None and before is not None and not _RESERVED.search(after[0]):
            yield Shape("email", at - len(before[0]), after.end())
        at = text.find("@", at + 1)
    yield from (Shape("phone", *found.span()) for found in _PHONE.finditer(text))
    yield from (Shape("iban", *found.span()) for found in _IBAN.finditer(text) if iban(found[0]))
    yield from (Shape("ssn", *found.span()) for found in _SSN.finditer(text))
    yield from (Shape("address", *found.span()) for found in _STREET.finditer(text))


def iban(text: str) -> bool:
    """The check sum of ISO 13616 holds."""
    plain = text.replace(" ", "")
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(one, 36)) for one in moved)) % 97 == 1


def suspicious(text: str) -> Iterator[Shape]:
    """What looks like a secret or like somebody's data; placeholders do not."""
    for found in (*shapes(text), *personal(text)):
        if not PLACEHOLDER.search(text[found.start : found.end]):
            yield found


def findings(trajectory: Trajectory, page: Callable[[str], str] | None = None) -> list[Finding]:
    """What a trajectory still holds, once for each step; `page` gives the raw HTML under a key, to be searched too."""
    found: dict[tuple[str, str, int | None, str], Finding] = {}
    for step, where, text in _texts(trajectory, page):
        for kind, start, end in suspicious(text):
            _add(found, trajectory.key, kind, text[start:end], step, where)
    for number, seen in _observations(trajectory):
        for element in seen.elements:
            kind = _filled(element)
            if kind:
                _add(found, trajectory.key, kind, element.value or "", number, "a field")
    return list(found.values())


def masked(trajectory: Trajectory) -> list[Masked]:
    """The placeholders of a trajectory, with the steps that they stand in."""
    steps: dict[str, dict[int, None]] = {}
    times: Counter[str] = Counter()
    for step, _, text in _texts(trajectory, None):
        for name, number in placeholders(text).items():
            times[name] += number
            steps.setdefault(name, {})
            if step is not None:
                steps[name][step] = None
    return [
        Masked(
            placeholder=name,
            kind=name[2:].split(":")[0],
            trajectory=trajectory.key,
            steps=tuple(steps[name]),
            times=times[name],
        )
        for name in sorted(times)
    ]


def summary(found: Iterable[Finding]) -> dict[str, int]:
    """How many findings of each kind there are, most first."""
    return dict(Counter(one.kind for one in found).most_common())


def _add(
    found: dict[tuple[str, str, int | None, str], Finding],
    key: str,
    kind: str,
    value: str,
    step: int | None,
    where: str,
) -> None:
    hint = f"{value[:1]}…{value[-1:]} ({len(value)} characters)"
    found.setdefault((kind, value, step, where), Finding(kind=kind, trajectory=key, step=step, where=where, hint=hint))


def _observations(trajectory: Trajectory) -> Iterator[tuple[int | None, Observation]]:
    for step in (*trajectory.before, *trajectory.steps):
        yield step.index, step.observation
    if trajectory.final is not None:
        yield None, trajectory.final


def _texts(trajectory: Trajectory, page: Callable[[str], str] | None) -> Iterator[tuple[int | None, str, str]]:
    """Every text of a trajectory: its step, where it stands, and itself."""
    yield None, "the goal", trajectory.goal
    for step in (*trajectory.before, *trajectory.steps):
        yield step.index, "what was said", step.said
        if step.action is not None:
            values = step.action.model_dump(exclude={"kind", "node"}).values()
            yield step.index, "the action", "\n".join(text for value in values for text in _strings(value))
        yield step.index, "the outcome", "\n".join((step.outcome.message, step.unread or ""))
    for number, seen in _observations(trajectory):
        yield number, "the page", "\n".join(strings(seen))
        if page is not None and seen.html is not None:
            yield number, "the page's HTML", page(seen.html)
    yield None, "the judgments", "\n".join(judgment.reason for judgment in trajectory.judgments)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for one in value for text in _strings(one)] if isinstance(value, tuple | list) else []


def _filled(element: Element) -> str:
    """The kind of what a field holds, where its name tells: a secret, or a person's name."""
    value = (element.value or "").strip()
    if not value or element.tag not in ("input", "textarea") or PLACEHOLDER.search(value) or set(value) <= {"•"}:
        return ""
    kind = secret_field(element.attributes, element.tag)
    if kind:
        return kind
    if element.attributes.get("type", "text").lower() not in ("text", ""):
        return ""
    for name in (*(element.attributes.get(key, "") for key in ("autocomplete", "name", "id")), element.name):
        words = words_of(name)
        pairs = {"".join(words[at : at + 2]) for at in range(len(words))}
        if words == ["name"] or pairs & _PERSON or set(words) & _PERSON:
            return "name" if any(map(str.isalpha, value)) else ""
    return ""
