"""Numbers that say whether a model got better, and how sure one may be."""

from webapprentice.metrics.bootstrap import resample
from webapprentice.metrics.exact import Match, exact_match, match
from webapprentice.metrics.figures import Figure, difference, macro, micro, ratio
from webapprentice.metrics.intervals import Interval, binomial_cdf, binomial_test, exact, percentile, wilson
from webapprentice.metrics.paired import Change, Comparison, SignTest, compare, sign_test
from webapprentice.metrics.selection import Agreement, agreement
from webapprentice.metrics.success import Episode, Reading, Success, TaskRate, both_readings, episodes_of, success
from webapprentice.metrics.votes import decided, elect

__all__ = [
    "Agreement",
    "Change",
    "Comparison",
    "Episode",
    "Figure",
    "Interval",
    "Match",
    "Reading",
    "SignTest",
    "Success",
    "TaskRate",
    "agreement",
    "binomial_cdf",
    "binomial_test",
    "both_readings",
    "compare",
    "decided",
    "difference",
    "elect",
    "episodes_of",
    "exact",
    "exact_match",
    "macro",
    "match",
    "micro",
    "percentile",
    "ratio",
    "resample",
    "sign_test",
    "success",
    "wilson",
]
