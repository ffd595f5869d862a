"""Floor 1, pure: four spellings of the closed vocabulary, both ways, and the prompts that ask for them.

Reading is total: every string gives an action or a named reason, whatever a model wrote. Nothing is executed.
"""

from webapprentice.language.compact import beginnings_compact
from webapprentice.language.prompts import compose, compose_check
from webapprentice.language.reading import Read
from webapprentice.language.spelling import Spelling, gist, read, undone, write
from webapprentice.language.unspacing import unspaced

__all__ = [
    "Read",
    "Spelling",
    "beginnings_compact",
    "compose",
    "compose_check",
    "gist",
    "read",
    "undone",
    "unspaced",
    "write",
]
