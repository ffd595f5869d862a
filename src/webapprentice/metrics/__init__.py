"""Numbers that say whether a model got better, and how sure one may be."""

from webapprentice.metrics.bootstrap import resample
from webapprentice.metrics.intervals import Interval, binomial_cdf, binomial_test, exact, percentile, wilson
from webapprentice.metrics.paired import Change, Comparison, SignTest, compare, sign_test
from webapprentice.metrics.selection import Agreement, agreement
from webapprentice.metrics.success import Episode, Reading, Success, TaskRate, both_readings, episodes_of, success

__all__ = [
    "Agreement",
    "Change",
    "Comparison",
    "Episode",
    "Interval",
    "Reading",
    "SignTest",
    "Success",
    "TaskRate",
    "agreement",
    "binomial_cdf",
    "binomial_test",
    "both_readings",
    "compare",
    "episodes_of",
    "exact",
    "percentile",
    "resample",
    "sign_test",
    "success",
    "wilson",
]
