"""Floor 3: examples that a language model makes up, checked before they are believed."""

from webapprentice.synthesis.checks import CHOSEN_FROM, TYPED_INTO, brought, invented, objection, shown, unfit
from webapprentice.synthesis.config import SynthesisConfig, SynthesisLimits
from webapprentice.synthesis.novelty import Novelty
from webapprentice.synthesis.run import Synthesized, synthesize
from webapprentice.synthesis.tree import Page, Unparsed, parse

__all__ = [
    "CHOSEN_FROM",
    "TYPED_INTO",
    "Novelty",
    "Page",
    "SynthesisConfig",
    "SynthesisLimits",
    "Synthesized",
    "Unparsed",
    "brought",
    "invented",
    "objection",
    "parse",
    "shown",
    "synthesize",
    "unfit",
]
