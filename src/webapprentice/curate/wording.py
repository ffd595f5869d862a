"""What actions say, and whether a string stands in another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from webapprentice.core.actions import Action, Dialog, Drag, Goto, Select, Stop, Type
from webapprentice.core.records import Element, Observation, Step
from webapprentice.core.text import pieces
from webapprentice.page.form import INTERACTIVE

_QUOTES = re.compile(r'"([^"]*)"|“([^”]+)”|«([^»]+)»|(?<!\w)\'([^\']+)\'(?!\w)|‘([^’]+)’(?!\w)')

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LETTERS = re.compile(r"[^\W\d_][\w'-]*")


@lru_cache(maxsize=1 << 16)
def folded(text: str) -> tuple[str, ...]:
    """Words and punctuation, case-folded."""
    return tuple(piece.casefold() for piece in pieces(text))


def stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the pieces occur in a row; `3` does not stand in `13`. Nothing stands everywhere."""
    size = len(part)
    return any(whole[start : start + size] == part for start in range(len(whole) - size + 1))


def texts_of(action: Action | None) -> list[str]:
    """Every string argument of an action."""
    if action is None:
        return []
    values = [value for name, value in action if name != "kind"]
    return [
        text for value in values for text in (value if isinstance(value, tuple) else (value,)) if isinstance(text, str)
    ]


def written(action: Action | None) -> list[str]:
    """The strings that an action brings to the page: typed, chosen, answered, or an address."""
    match action:
        case Type(text=text):
            return [text]
        case Select(options=options):
            return list(options)
        case Stop(answer=answer):
            return [answer] if answer else []
        case Dialog(text=text):
            return [text] if text else []
        case Goto(url=url):
            return [url]
        case _:
            return []


def page_strings(observation: Observation) -> Iterator[str]:
    """Every string that the page shows. Its address is not among them: who served it is nothing to copy."""
    yield observation.title
    if observation.dialog:
        yield observation.dialog
    for element in observation.elements:
        yield from element_strings(element)


def element_strings(element: Element) -> Iterator[str]:
    """What one element shows: text, name, value, options."""
    yield element.text
    yield element.name
    yield element.value or ""
    yield from element.options


def copied(text: str, goal: str, pages: Iterable[Observation]) -> bool:
    """Whether the text stands in the objective or on one of the pages, case aside."""
    wanted = folded(text)
    if stands_in(wanted, folded(goal)):
        return True
    return any(stands_in(wanted, folded(shown)) for page in pages for shown in page_strings(page))


def quoted(goal: str) -> list[str]:
    """The quoted strings of an objective, in order, each once."""
    found = ("".join(match) for match in _QUOTES.findall(goal))
    return list(dict.fromkeys(text.strip() for text in found if folded(text)))


def proper_names(goal: str) -> list[str]:
    """Words that are capitalised inside a sentence, outside quotation marks, in order, each once.

    Single letters are none, and neither is what a writer says of themselves: I, I'd, I'm, I've.
    """
    found: list[str] = []
    for sentence in _SENTENCE.split(_QUOTES.sub(" ", goal)):
        found += [word for word in _LETTERS.findall(sentence)[1:] if word[0].isupper()]
    found = [word for word in found if len(word) > 1 and word.partition("'")[0] != "I"]
    return list(dict.fromkeys(found))


def named_in(goal: Sequence[str], pages: Iterable[Observation]) -> list[str]:
    """Names of elements that could be acted on and whose whole name stands in the (folded) objective.

    Names that are part of a longer one found are left out, and so are short plain words (`a`, `in`), which stand
    in every sentence.
    """
    found: dict[tuple[str, ...], str] = {}
    for page in pages:
        for element in page.elements:
            offered = element.visible and "disabled" not in element.states
            if not offered or not (element.clickable or element.role in INTERACTIVE) or not element.name:
                continue
            name = folded(element.name)
            telling = any(len(word) > 2 or not word.isalpha() for word in name)
            if name and telling and name not in found and stands_in(name, goal):
                found[name] = element.name
    return [
        spelled
        for name, spelled in found.items()
        if not any(name != other and stands_in(name, other) for other in found)
    ]


def used_by(wanted: str, step: Step) -> bool:
    """Whether an action typed, chose or answered the string, or acted on an element that bears it.

    Punctuation at the string's ends does not count: writers put commas and full stops inside quotation marks.
    """
    target = _bare(folded(wanted))
    if any(stands_in(target, folded(text)) for text in written(step.action)):
        return True
    nodes = {node for node in (getattr(step.action, "node", None), _end_of(step.action)) if node is not None}
    return any(stands_in(target, folded(borne)) for node in nodes for borne in _borne_by(node, step.observation))


def _bare(target: tuple[str, ...]) -> tuple[str, ...]:
    """Without punctuation at the ends, unless there is nothing else."""
    solid = [place for place, piece in enumerate(target) if piece[0].isalnum()]
    return target[solid[0] : solid[-1] + 1] if solid else target


def _end_of(action: Action | None) -> int | None:
    return action.to if isinstance(action, Drag) else None


def _borne_by(node: int, observation: Observation) -> Iterator[str]:
    """What an element and everything inside it show or are called: strings, tags, roles, attributes.

    The texts inside are also given joined, and what is called Close is also called x, as people write.
    """
    inside = {node}
    texts = []
    for element in observation.elements:  # document order: parents come first
        if element.id in inside or element.parent in inside:
            inside.add(element.id)
            yield from element_strings(element)
            yield from (element.tag, element.role, *element.attributes.values())
            texts.append(element.text)
            if folded(element.name) == ("close",):
                yield "x"
    yield " ".join(texts)
