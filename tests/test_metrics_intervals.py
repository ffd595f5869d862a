import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapprentice.metrics import Interval, agreement, binomial_cdf, binomial_test, exact, percentile, resample, wilson

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_wilson_by_hand() -> None:
    # k = 5, n = 10, z = 1.959964, z² = 3.841459: centre = (0.5 + 0.192073)/1.384146 = 0.5,
    # half = 1.959964 · sqrt(0.025 + 0.009604)/1.384146 = 0.263407
    found = wilson(5, 10)
    assert found is not None
    assert found.low == pytest.approx(0.236593, abs=1e-6)
    assert found.high == pytest.approx(0.763407, abs=1e-6)


def test_wilson_at_the_edges() -> None:
    # 0 of 10: the upper bound is z²/(n + z²) = 3.841459/13.841459 = 0.277533
    none, every = wilson(0, 10), wilson(10, 10)
    assert none is not None
    assert every is not None
    assert (none.low, every.high) == (0.0, 1.0)
    assert none.high == pytest.approx(0.277533, abs=1e-6)
    assert every.low == pytest.approx(1 - 0.277533, abs=1e-6)
    assert wilson(0, 0) is None
    assert exact(0, 0) is None


def test_exact_by_hand() -> None:
    # 0 of n: (1 - p)^n = 0.025, so the upper bound is 1 - 0.025^(1/10) = 0.308497
    found = exact(0, 10)
    assert found is not None
    assert found.low == 0.0
    assert found.high == pytest.approx(1 - 0.025**0.1, abs=1e-12)
    # published value for 5 of 10: [0.187086, 0.812914]
    half = exact(5, 10)
    assert half is not None
    assert (half.low, half.high) == (pytest.approx(0.187086, abs=1e-6), pytest.approx(0.812914, abs=1e-6))


@settings(deadline=None)
@given(COUNTS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_intervals_contain_the_share_and_mirror(count: tuple[int, int], level: float) -> None:
    k, n = count
    for interval in (wilson, exact):
        found, mirrored = interval(k, n, level), interval(n - k, n, level)
        assert found is not None
        assert mirrored is not None
        assert 0.0 <= found.low <= k / n <= found.high <= 1.0
        assert mirrored.low == pytest.approx(1 - found.high, abs=1e-9)


@settings(deadline=None)
@given(COUNTS)
def test_a_higher_level_is_wider(count: tuple[int, int]) -> None:
    narrow, wide = wilson(*count, 0.8), wilson(*count, 0.99)
    assert narrow is not None
    assert wide is not None
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    for function in (wilson, exact, binomial_test):
        with pytest.raises(ValueError, match="successes"):
            function(k, n)


def test_impossible_levels_and_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, 1.0)
    with pytest.raises(ValueError, match="share"):
        binomial_test(1, 2, 0.0)
    with pytest.raises(ValueError, match="upwards"):
        Interval(estimate=0.0, low=1.0, high=0.0)


def test_binomial_test_by_hand() -> None:
    # 8 of 10 at 1/2: 2 · (45 + 10 + 1)/1024 = 0.109375
    assert binomial_test(8, 10) == pytest.approx(0.109375, abs=1e-12)
    assert binomial_test(5, 10) == pytest.approx(1.0)
    assert binomial_test(0, 0) == 1.0
    # 0 of 3 at 1/4: chances 27, 27, 9, 1 of 64; all at most as likely as 27: p = 1
    assert binomial_test(0, 3, 0.25) == pytest.approx(1.0)
    # 3 of 3 at 1/4: only itself: 1/64
    assert binomial_test(3, 3, 0.25) == pytest.approx(1 / 64)


def test_binomial_cdf_by_hand() -> None:
    assert binomial_cdf(1, 3, 0.5) == pytest.approx(0.5)
    assert binomial_cdf(-1, 3, 0.5) == 0.0
    assert binomial_cdf(3, 3, 0.5) == 1.0
    assert binomial_cdf(2, 3, 1.0) == 0.0
    assert binomial_cdf(0, 3, 0.0) == 1.0


@settings(deadline=None)
@given(COUNTS, st.floats(0.01, 0.99))
def test_the_exact_test_agrees_with_plain_sums(count: tuple[int, int], share: float) -> None:
    k, n = min(count[0], 40), min(count[1], 40)
    chances = [math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(n + 1)]
    assert binomial_cdf(k, n, share) == pytest.approx(math.fsum(chances[: k + 1]), abs=1e-9)
    expected = math.fsum(c for c in chances if c <= chances[k] * (1 + 1e-7))
    assert binomial_test(k, n, share) == pytest.approx(min(1.0, expected), abs=1e-6)


def test_agreement_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for k, n in [(0, 7), (3, 7), (40, 121), (499, 500)]:
        for name, function in (("wilson", wilson), ("exact", exact)):
            theirs, ours = stats.binomtest(k, n).proportion_ci(method=name), function(k, n)
            assert ours is not None
            assert (ours.low, ours.high) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high, abs=1e-9))
        for share in (0.1, 0.5, 0.77):
            assert binomial_test(k, n, share) == pytest.approx(stats.binomtest(k, n, share).pvalue, abs=1e-9)


def test_percentile_takes_replicates_and_survives_infinity() -> None:
    draws = np.array([*range(100), math.inf], dtype=float)
    found = percentile(draws, 50.0, 0.9, "test")
    assert (found.low, found.high) == (5.0, 95.0)
    assert percentile(draws, 50.0, 0.999, "test").high == math.inf


def test_resampling_keeps_the_sum_of_equal_clusters() -> None:
    drawn = resample(np.ones((7, 2)), 50, seed=3)
    assert drawn.shape == (50, 2)
    assert (drawn == 7.0).all()
    with pytest.raises(ValueError, match="at least one"):
        resample(np.ones((7, 2)), 0, seed=3)


def test_resampling_is_seeded_and_has_the_variance_of_the_mean() -> None:
    totals = np.arange(10.0).reshape(10, 1)
    drawn = resample(totals, 20_000, seed=1)
    assert (drawn == resample(totals, 20_000, seed=1)).all()
    assert drawn.mean() == pytest.approx(45.0, abs=0.3)
    # Ten draws with replacement of 0..9: variance 10 · 8.25
    assert drawn.var() == pytest.approx(82.5, rel=0.05)


def test_agreement_by_hand() -> None:
    kept = [True, True, True, False, False, False, True]
    truth = [True, True, False, True, False, False, None]
    found = agreement(kept, truth)
    assert (found.true_kept, found.false_kept, found.true_dropped, found.false_dropped) == (2, 1, 1, 2)
    assert found.unjudged == 1
    assert found.precision is not None
    assert found.recall is not None
    assert found.f1 is not None
    assert found.precision.estimate == pytest.approx(2 / 3)
    assert found.recall.estimate == pytest.approx(2 / 3)
    assert found.f1.estimate == pytest.approx(2 / 3)
    assert found.base_rate == pytest.approx(0.5)


def test_agreement_with_nothing_to_say() -> None:
    nothing = agreement([], [])
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.base_rate) == (None, None, None, None)
    assert agreement([False, False], [False, False]).f1 is None
    assert agreement([True, True], [True, True], ["a", "a"]).f1 is None
    with pytest.raises(ValueError, match="length"):
        agreement([True], [])


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([True, False, None]), st.sampled_from("abc")), max_size=30))
def test_agreement_counts_everything_once(rows: list[tuple[bool, bool | None, str]]) -> None:
    kept, truth, groups = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    found = agreement(kept, truth, groups, resamples=20)
    total = found.true_kept + found.false_kept + found.true_dropped + found.false_dropped + found.unjudged
    assert total == len(rows)
    if found.precision and found.recall and found.f1 and found.true_kept:
        p, r = found.precision.estimate, found.recall.estimate
        assert found.f1.estimate == pytest.approx(2 * p * r / (p + r))
