"""What is worth learning from, and the training rows it becomes."""

from webapprentice.curate.dataset import Counts, Dataset, DatasetConfig, examples, set_aside
from webapprentice.curate.filtering import (
    PRESETS,
    RULES,
    Coverage,
    FilterConfig,
    Filtered,
    RuleReport,
    blind,
    coverage,
    filter,
)
from webapprentice.curate.groups import Critique, Likely, Vote
from webapprentice.curate.rules import Rule, Single

__all__ = [
    "PRESETS",
    "RULES",
    "Counts",
    "Coverage",
    "Critique",
    "Dataset",
    "DatasetConfig",
    "FilterConfig",
    "Filtered",
    "Likely",
    "Rule",
    "RuleReport",
    "Single",
    "Vote",
    "blind",
    "coverage",
    "examples",
    "filter",
    "set_aside",
]
