"""What is worth learning from, and the training rows it becomes."""

from webapprentice.curate.card import CardConfig
from webapprentice.curate.coverage import Coverage, coverage
from webapprentice.curate.dataset import Counts, Dataset, DatasetConfig, examples, set_aside
from webapprentice.curate.filtering import (
    PRESETS,
    RULES,
    FilterConfig,
    Filtered,
    RuleReport,
    blind,
    filter,
)
from webapprentice.curate.groups import Critique, Likely, Vote
from webapprentice.curate.rules import Rule, Single
from webapprentice.curate.splits import Part, SplitConfig

__all__ = [
    "PRESETS",
    "RULES",
    "CardConfig",
    "Counts",
    "Coverage",
    "Critique",
    "Dataset",
    "DatasetConfig",
    "FilterConfig",
    "Filtered",
    "Likely",
    "Part",
    "Rule",
    "RuleReport",
    "Single",
    "SplitConfig",
    "Vote",
    "blind",
    "coverage",
    "examples",
    "filter",
    "set_aside",
]
