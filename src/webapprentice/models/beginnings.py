"""Answers that must begin with one of some texts: which tokens may come next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Trie:
    """Token sequences that share their beginnings. Where a sequence has ended, anything may follow."""

    after: dict[int, Trie] = field(default_factory=dict)
    whole: bool = False
    """A sequence ends here."""

    @classmethod
    def of(cls, sequences: Iterable[tuple[int, ...]]) -> Trie:
        """The sequences put together. Raises ValueError where one is empty or there is none."""
        root = cls()
        for sequence in sequences:
            if not sequence:
                raise ValueError("a beginning must have a token")
            node = root
            for token in sequence:
                node = node.after.setdefault(token, cls())
            node.whole = True
        if not root.after:
            raise ValueError("there is no beginning to choose from")
        return root

    def step(self, token: int) -> Trie | None:
        """What may follow this token; None: anything."""
        node = self.after[token]
        return None if node.whole else node
