"""Small sites that a seed varies (names, prices, contents) and a variant rebuilds (ids, classes, layout).

A site is a function from a request to a page; its workflows say what is to be done there, and with which gestures.
What a page is called and says stays the same in every variant: only what a program could hold on to changes.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from webapprentice.recorder import Gesture

T = TypeVar("T")
NAMES = [
    "Ada",
    "Bruno",
    "Carla",
    "Dmitri",
    "Elena",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Katya",
    "Liam",
    "Mira",
    "Nils",
    "Olga",
    "Pavel",
]
FAMILY = [
    "Abel",
    "Berger",
    "Cruz",
    "Dahl",
    "Eriksen",
    "Fonseca",
    "Grimm",
    "Haas",
    "Ivanova",
    "Jansen",
    "Keller",
    "Lund",
    "Moreau",
    "Novak",
]
THINGS = [
    "Lamp",
    "Chair",
    "Table",
    "Shelf",
    "Mirror",
    "Clock",
    "Vase",
    "Rug",
    "Basket",
    "Stool",
    "Bench",
    "Kettle",
    "Teapot",
    "Candle",
]
KINDS = ["Oak", "Brass", "Linen", "Copper", "Marble", "Walnut", "Velvet", "Cork", "Glass", "Bamboo", "Slate", "Wool"]
CITIES = ["Lisbon", "Oslo", "Vienna", "Prague", "Turin", "Ghent", "Krakow", "Porto", "Bergen", "Graz", "Malmo", "Basel"]


class Draw:
    """What a seed draws: the same for the same words, whatever was drawn before."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def _random(self, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{what}")

    def one(self, what: str, among: Sequence[T]) -> T:
        return self._random(what).choice(among)

    def some(self, what: str, among: Sequence[T], number: int) -> list[T]:
        return self._random(what).sample(list(among), number)

    def number(self, what: str, low: int, high: int) -> int:
        return self._random(what).randint(low, high)


class Look:
    """How a variant is built; 0 is what was recorded."""

    def __init__(self, variant: int) -> None:
        self.variant = variant

    def id(self, name: str) -> str:
        """An id: in other variants what a build tool would make of it."""
        return name if not self.variant else f"{name[:2]}-{self._hash(name)}"

    def cls(self, name: str) -> str:
        return name if not self.variant else f"css-{self._hash(name)}"

    def field(self, name: str) -> str:
        """A form field's name."""
        return name if not self.variant else f"f_{self._hash(name)}"

    def _hash(self, name: str) -> str:
        return hashlib.blake2b(f"{self.variant}/{name}".encode(), digest_size=3).hexdigest()

    def wrap(self, html: str) -> str:
        """More boxes around it in other variants."""
        for _ in range(self.variant):
            html = f'<div class="{self.cls("box")}"><section>{html}</section></div>'
        return html

    def order(self, *parts: str) -> str:
        """Parts of a page, in another order in other variants."""
        turned = parts if self.variant % 2 == 0 else parts[::-1]
        return "".join(self.wrap(part) for part in turned)


class Ask(NamedTuple):
    """One request."""

    path: str
    """Below the site's own address."""
    query: dict[str, str]
    form: dict[str, str]
    draw: Draw
    look: Look
    base: str
    """Address of the site, ending in a slash, without host."""
    hosts: dict[str, str]
    """name → `http://name.test:port`."""


class Answer(NamedTuple):
    """What a site says."""

    html: str = ""
    title: str = ""
    goto: str = ""
    """A redirect."""


class Workflow(NamedTuple):
    """Something to be done on a site."""

    name: str
    goal: str
    path: str
    """Where it begins, below the site's own address."""
    gestures: tuple[Gesture, ...]
    outcome: Any
    """What `window.outcome` is when it is done."""


class Site(NamedTuple):
    """Pages, and what can be done there."""

    name: str
    answer: Callable[[Ask], Answer]
    workflows: Callable[[Draw], list[Workflow]]


def outcome(value: Any) -> str:
    """A script that says what has been reached."""
    return f"<script>window.outcome = {json.dumps(value)}</script>"


def click(role: str, name: str, **more: Any) -> Gesture:
    return Gesture(do="click", role=role, name=name, **more)


def fill(role: str, name: str, text: str, **more: Any) -> Gesture:
    return Gesture(do="type", role=role, name=name, text=text, **more)


def every() -> dict[str, Site]:
    """All the sites by name."""
    from sites import board, booking, desk, notes, settings, shop

    return {site.name: site for site in (shop.SITE, notes.SITE, board.SITE, booking.SITE, desk.SITE, settings.SITE)}
