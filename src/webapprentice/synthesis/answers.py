"""What each stage's answer has to look like. Pure: an answer gives what was asked for, or raises with its reason.

The rules are those of Patel et al. (2024, arXiv 2405.20309) as their released code has them, with bounds added, and
with our own reader and checks where that code searches for substrings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from webapprentice.core.actions import Action, Click, Hover, Scroll, Select, Stop, Type
from webapprentice.core.records import Observation, Tab
from webapprentice.core.text import clean, squeeze, words
from webapprentice.language import Spelling, read, write
from webapprentice.synthesis.checks import invented, objection
from webapprentice.synthesis.tree import Unparsed, parse

Position = Literal["first", "middle", "last"]
START = "Let's think step-by-step."
SUMMARY = "In summary, the next action I will perform is"
LONGEST = 60_000
"""Characters of an answer that is looked at; a longer one is refused."""

_LABEL = r"(?:^|(?<=\n))[ \t>*#_-]*{}[ \t*_]*:[ \t*_]*"
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
_REFUSAL = re.compile(r"\W*(?:i'm sorry|i am sorry|sorry|i can(?:no|')t|i am unable|as an ai|error\b)", re.IGNORECASE)
_BLANK = re.compile(r"\{\w*\}|\[[A-Za-z][\w ]*\]|<\w[\w ]*>|\.\.\.|…|_{3,}", re.ASCII)
_PLACEHOLDER = re.compile(
    r"[<>{}\[\]…|\\^`\"']|\.\.\.|(?:^|[^a-z])(?:example|placeholder|your[_-]?\w*|lorem|foobar|foo|xxx+|dummy|sample|"
    r"product[_-]?id|item[_-]?id|user[_-]?id|tbd|todo)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\s*(?:\*\*)?(?:step\s*)?[0-9]{1,3}\s*[.):-]\s*(?:\*\*)?\s*", re.IGNORECASE)
_STEP = re.compile(r"(?:\*\*)?(click|scroll|type|stop)\b", re.IGNORECASE)
_PLAN = re.compile(r"\b(?:the|my|our|this|a) plan\b|\bplan(?:ned)? steps?\b|\bstep (?:#|no\.? ?)?[0-9]", re.IGNORECASE)
_PAST = re.compile(r"\b(click|type|select|hover|scroll|press|stop)(?:p?ed|d)(?=\s*\[)")
_NAMED = re.compile(r"\b(?:press_enter_after|direction)=")
_FIRST_ACTION = re.compile(r"[a-z_]+(?:\s*\[[^\]\n]*\])*")
_NODE = re.compile(r"\[([0-9]{1,9})\]")
_FENCE = "```"
_LABELS = ("OBJECTIVE", "URL", "WEBPAGE", "PREVIOUS ACTION", "NEXT ACTION", "OBSERVATION")


class Unusable(ValueError):  # noqa: N818 - a reason on its way to whoever counts it
    """Why an answer was not used, in words that many answers may share."""


class Wanted(NamedTuple):
    """An objective and the host it is set on."""

    objective: str
    site: str


class Moment(NamedTuple):
    """The action before a step, and the step itself in full words."""

    previous: Action | None
    action: Action
    said: str


def read_objective(text: str) -> Wanted:
    """The objective and its host. Raises Unusable."""
    text = bounded(text)
    found = _labelled(text, ("OBJECTIVE", "URL"))
    objective = squeeze(found["OBJECTIVE"].split("\n\n")[0]).strip("\"“”'` ")
    if _REFUSAL.match(objective):
        raise Unusable("a refusal")
    if not 4 <= len(words(objective)) <= 120 or len(objective) > 600:
        raise Unusable("an objective too short or too long")
    if _BLANK.search(objective):
        raise Unusable("an objective with blanks")
    _english(objective)
    line = found["URL"].strip().split("\n")[0].strip("\"'`<>*() ").lower()
    host = (urlsplit(line).hostname if "//" in line else line.split("/")[0]) or ""
    if not _HOST.fullmatch(host):
        raise Unusable("no host name")
    if _PLACEHOLDER.search(host.removeprefix("www.")):
        raise Unusable("a placeholder for a host")
    return Wanted(objective, host)


def read_plan(text: str, finished: bool, attempt: int) -> tuple[str, ...]:
    """The steps, each beginning with Click, Scroll, Type or Stop; the last is the only Stop. Raises Unusable.

    A plan that begins with scrolling is refused at the first two attempts; afterwards that step is left out.
    """
    if not finished:
        raise Unusable("cut off")
    lines = [line for line in bounded(text).splitlines() if line.strip()]
    numbered = [line for line in lines if _NUMBERED.match(line)]
    steps = [squeeze(_NUMBERED.sub("", line)) for line in numbered or lines]
    if not steps:
        raise Unusable("empty")
    if len(steps) > 40 or max(len(step) for step in steps) > 500:
        raise Unusable("a plan too long")
    kinds = [match[1].lower() if (match := _STEP.match(step)) else "" for step in steps]
    if "" in kinds:
        raise Unusable("a step that is no click, scroll, type or stop")
    if kinds[0] == "scroll":
        if attempt < 2:
            raise Unusable("a plan that begins with scrolling")
        steps, kinds = steps[1:], kinds[1:]
    if not kinds or kinds[-1] != "stop" or "stop" in kinds[:-1]:
        raise Unusable("a plan that does not end with its only stop")
    return tuple(steps)


def read_address(text: str, site: str) -> str:
    """The address on the first line, on the site or a relative of it. Raises Unusable."""
    lines = [line for line in bounded(text).splitlines() if line.strip()]
    if not lines:
        raise Unusable("empty")
    line = re.sub(_LABEL.format("URL"), "", lines[0]).strip("\"'`<>* ")
    try:
        parts = urlsplit(line)
        host = (parts.hostname or "").lower()
        port = parts.port
    except ValueError:
        raise Unusable("no address") from None
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or len(line.split()) != 1 or len(line) > 500:
        raise Unusable("no address")
    if port is not None or parts.username is not None:
        raise Unusable("no address of a public website")
    if _family(host) != _family(site):
        raise Unusable("an address of another website")
    if not line.isascii() or _PLACEHOLDER.search(f"{parts.path}?{parts.query}#{parts.fragment}"):
        raise Unusable("an address with a placeholder")
    return line


def read_actions(text: str, goal: str, first: bool, last: bool, free_text: bool) -> Moment:
    """The previous action, and the next one in full words; the page is left out. Raises Unusable.

    `first` and `last` say where the step stands in its plan: nothing is before the first, and only the last is a stop.
    """
    found = _labelled(bounded(text), ("WEBPAGE", "PREVIOUS ACTION", "NEXT ACTION"))
    previous = _previous(found["PREVIOUS ACTION"], first)
    body = found["NEXT ACTION"].strip()
    if not body.startswith(START):
        raise Unusable("does not begin to think step by step")
    if body.count(_FENCE) != 2:
        raise Unusable("not one action between fences")
    thoughts, inside, after = body.split(_FENCE)
    if len(squeeze(after)) > 20:
        raise Unusable("words after the action")
    got = read(f"{_FENCE}{_mended(inside)}{_FENCE}", Spelling.WEBARENA)
    if got.action is None:
        raise Unusable("no action")
    action = got.action
    if not isinstance(action, Click | Type | Select | Hover | Scroll | Stop):
        raise Unusable("an action of another kind")
    thoughts = squeeze(clean(thoughts)).removesuffix(":").removesuffix(SUMMARY).strip()
    if not len(START) + 20 <= len(thoughts) <= 3_000:
        raise Unusable("thoughts too short or too long")
    if _PLAN.search(thoughts.removeprefix(START)):
        raise Unusable("speaks of the plan")
    if isinstance(action, Stop):
        if not last:
            raise Unusable("a stop before the end")
        _answered(action)
    elif last:
        raise Unusable("no stop at the end")
    if not free_text:
        why = invented(action, goal, Observation(url="", title=found["WEBPAGE"]))
        if why:
            raise Unusable(why)
    return Moment(previous, action, f"{thoughts} {_spelled(action)}")


def read_page(
    text: str, finished: bool, moment: Moment, goal: str, url: str, least: int, free_text: bool
) -> Observation:
    """The page on which the next action was taken. Raises Unusable.

    What was cut off at the most tokens loses its last line. Every node that the next action or its thoughts name is
    there, and the action makes sense for it.
    """
    text = bounded(text)
    found = _labelled(text, ("WEBPAGE",)) if "WEBPAGE" in text else {"WEBPAGE": text}
    tree = found["WEBPAGE"] if finished else found["WEBPAGE"].rpartition("\n")[0]
    if any(re.search(_LABEL.format(label), tree) for label in _LABELS):
        raise Unusable("another label")
    try:
        page = parse(tree)
    except Unparsed as error:
        raise Unusable(str(error)) from None
    said = [element.text or element.name for element in page.elements if element.id in page.nodes]
    said = [name for name in said if name]
    if len(set(said)) < least:
        raise Unusable("a page with next to nothing on it")
    if len(said) > 20 and len(set(said)) < len(said) * 0.3:
        raise Unusable("the same over and over")
    _english(" ".join(said))
    if any(int(node) not in page.nodes for node in _NODE.findall(moment.said)):
        raise Unusable("speaks of a node that is not there")
    seen = Observation(
        url=url,
        title=page.title[:300],
        tabs=(Tab(url=url, title=page.title[:300], active=True),),
        elements=page.elements,
    )
    why = objection(moment.action, goal, seen, free_text=free_text)
    if why:
        raise Unusable(why)
    return seen


def bounded(text: str) -> str:
    """The answer without control characters. Raises Unusable when it is empty or longer than any answer."""
    if len(text) > LONGEST:
        raise Unusable("longer than any answer")
    text = clean(text).strip()
    if not text:
        raise Unusable("empty")
    return text


def _labelled(text: str, labels: Sequence[str]) -> dict[str, str]:
    """What follows each label, up to the next one; every label stands there once, in this order."""
    places = []
    for label in labels:
        if text.count(f"{label}:") > 1:
            raise Unusable(f"{label} twice")
        match = re.search(_LABEL.format(label), text)
        if match is None:
            raise Unusable(f"no {label}")
        places.append((match.start(), match.end()))
    if places != sorted(places):
        raise Unusable("labels in another order")
    ends = [start for start, _ in places[1:]] + [len(text)]
    return {label: text[begin:end] for label, (_, begin), end in zip(labels, places, ends, strict=True)}


def _previous(text: str, first: bool) -> Action | None:
    line = _mended(squeeze(text).strip("`* "))
    if line.lower().strip(". ") in ("none", ""):
        if not first:
            raise Unusable("no previous action")
        return None
    if first:
        raise Unusable("something before the first step")
    match = _FIRST_ACTION.match(line)
    got = read(f"{_FENCE}{match[0]}{_FENCE}", Spelling.WEBARENA) if match else None
    if got is None or got.action is None or isinstance(got.action, Stop):
        raise Unusable("no previous action that can be read")
    return got.action


def _mended(text: str) -> str:
    """Past tense and named arguments, as models write them, in the spelling that is read."""
    return squeeze(_NAMED.sub("", _PAST.sub(lambda match: match[1], text)))


def _answered(action: Stop) -> None:
    answer = action.answer.strip()
    if not answer:
        raise Unusable("a stop without an answer")
    if "N/A" in answer or answer.startswith("No "):
        raise Unusable("an answer that says there is none")


def _spelled(action: Action) -> str:
    return write(action, Spelling.WEBARENA, lambda _node: "")


def _english(text: str) -> None:
    letters = [letter for letter in text if letter.isalpha()]
    if sum(letter.isascii() for letter in letters) < 0.9 * len(letters):
        raise Unusable("not English")


def _family(host: str) -> tuple[str, ...]:
    """The last two labels of a host name."""
    return tuple(host.split(".")[-2:])
