"""Floor 3: examples that a model invents, checked before they are believed: trajectories like all others, on pages and
sites that are in nobody's exam."""

from webapprentice.synthesis.checks import CHOSEN_FROM, TYPED_INTO, brought, invented, objection, shown, unfit
from webapprentice.synthesis.config import SynthesisConfig, SynthesisLimits
from webapprentice.synthesis.novelty import Novelty
from webapprentice.synthesis.run import Synthesized, synthesize
from webapprentice.synthesis.tiny import Invented, TinyConfig, invent
from webapprentice.synthesis.tree import Page, Unparsed, parse

__all__ = [
    "CHOSEN_FROM",
    "TYPED_INTO",
    "Invented",
    "Novelty",
    "Page",
    "SynthesisConfig",
    "SynthesisLimits",
    "Synthesized",
    "TinyConfig",
    "Unparsed",
    "brought",
    "invent",
    "invented",
    "objection",
    "parse",
    "shown",
    "synthesize",
    "unfit",
]
