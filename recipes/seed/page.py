"""Imaginary pages in the compact form, and the questions that can be asked of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from webapprentice.core.text import pieces

MAX_LINES, MAX_TEXT, MAX_NAME, MAX_OPTIONS, LAST_ID = 40, 6, 8, 12, 511
PLAIN = ("text", "heading")
"""Lines without an id: they can be read, not acted on."""


def spaced(text: str, most: int | None = None) -> str:
    """Words and punctuation marks separated by single spaces."""
    return " ".join(pieces(text)[:most])


@dataclass(slots=True, eq=False)
class Line:
    """One element as the page form shows it."""

    role: str
    name: str = ""
    value: str = ""
    states: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    called: str = ""
    """What a person would call it, where its own name is empty: the text beside it."""
    id: int = -1

    @property
    def known_as(self) -> str:
        """The words an instruction can use for this element."""
        return self.name or self.called

    @property
    def actable(self) -> bool:
        """Whether the line carries an id."""
        return self.role not in PLAIN

    @property
    def handle(self) -> str:
        """`button ok [21]`, or just `text hello`."""
        words = [self.role, spaced(self.name, MAX_TEXT if self.role == "text" else MAX_NAME)]
        if self.actable:
            words.append(f"[{self.id}]")
        return " ".join(part for part in words if part)

    def shown(self) -> str:
        """The whole line of the page."""
        parts = [self.handle, *self.states]
        if self.value:
            parts.append(f"= {spaced(self.value)}")
        if self.options:
            parts.append(f"( {' | '.join(spaced(option) for option in self.options[:MAX_OPTIONS])} )")
        return " ".join(parts)


@dataclass(slots=True)
class Act:
    """One action, before it is spelled."""

    verb: str
    target: Line | None = None
    value: str | None = None
    to: Line | None = None

    def spelled(self) -> str:
        """The compact spelling."""
        parts = [self.verb]
        if self.target is not None:
            parts.append(self.target.handle)
        if self.to is not None:
            parts.append(f"to {self.to.handle}")
        if self.value is not None:
            parts.append(f"= {spaced(self.value)}" if self.target is not None or self.verb == "stop" else self.value)
        return " ".join(parts)


@dataclass(slots=True)
class Block:
    """One instruction with what was done and what is to be done next."""

    goal: str
    act: Act
    did: list[Act] = field(default_factory=list)
    family: str = ""


Asker = Callable[[Random], Block | None]


@dataclass(slots=True)
class Page:
    """The lines of one page state, and the families of instructions that make sense on it."""

    lines: list[Line] = field(default_factory=list)
    askers: list[tuple[str, float, Asker]] = field(default_factory=list)

    def add(self, *lines: Line) -> None:
        """Append lines."""
        self.lines.extend(lines)

    def ask(self, family: str, weight: float, asker: Asker) -> None:
        """Register one family of instructions."""
        self.askers.append((family, weight, asker))

    def actable(self) -> list[Line]:
        """The lines with an id."""
        return [line for line in self.lines if line.actable]

    def number(self, rng: Random) -> None:
        """Give ids in document order: random start, gaps for the structure that is not shown."""
        del self.lines[MAX_LINES:]
        sparse = rng.choice((0.3, 1.0, 2.5))
        node = rng.randint(1, 100) + int(rng.expovariate(1 / 4))
        room = (LAST_ID - node) / max(1, len(self.lines))
        late = rng.sample(self.lines, min(len(self.lines), 3)) if rng.random() < 0.06 else []
        for line in self.lines:
            node += 1 + min(int(rng.expovariate(1 / sparse)), max(0, int(room) - 1))
            line.id = min(node, LAST_ID)
        for line in late:
            node += rng.randint(1, 4)
            line.id = min(node, LAST_ID)

    def shown(self) -> str:
        """The page as the model reads it."""
        return "\n".join(["page :", *(line.shown() for line in self.lines)])

    def draw(self, rng: Random) -> Block | None:
        """One block of a random family."""
        total = sum(weight for _, weight, _ in self.askers)
        roll = rng.random() * total
        for family, weight, asker in self.askers:
            roll -= weight
            if roll <= 0:
                block = asker(rng)
                if block is not None:
                    block.family = family
                return block
        return None
