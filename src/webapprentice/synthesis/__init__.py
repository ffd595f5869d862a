"""Floor 3: examples that a language model makes up, checked before they are believed."""

from webapprentice.synthesis.checks import CHOSEN_FROM, TYPED_INTO, brought, invented, objection, shown, unfit

__all__ = ["CHOSEN_FROM", "TYPED_INTO", "brought", "invented", "objection", "shown", "unfit"]
