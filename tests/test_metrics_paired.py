import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapprentice.core.faults import Fault, Owner
from webapprentice.core.records import Ending, Provenance, Source, Task, Trajectory
from webapprentice.metrics import Episode, Reading, both_readings, compare, episodes_of, sign_test, success


def run(*rates: str) -> list[Episode]:
    """One task a word: `101f` is solved, not solved, solved, faulted, on seeds 0 to 3."""
    return [
        Episode(task=f"t{number}", seed=seed, solved=None if mark in "f?" else mark == "1", faulted=mark == "f")
        for number, marks in enumerate(rates)
        for seed, mark in enumerate(marks)
    ]


def test_success_by_hand() -> None:
    found = success(run("11", "1000", "0000"))
    assert (found.solved, found.episodes) == (3, 10)
    assert [task.rate.estimate for task in found.tasks] == [1.0, 0.25, 0.0]
    assert found.micro is not None
    assert found.micro.estimate == pytest.approx(0.3)
    assert found.macro is not None
    assert found.macro.estimate == pytest.approx((1 + 0.25 + 0) / 3)
    assert found.macro_rate == pytest.approx(found.macro.estimate)
    # Three tasks drawn with replacement are all t0 (or all t2) once in 27 draws, 3.7 %: 95 % is everything.
    assert (found.macro.low, found.macro.high) == (0.0, 1.0)


def test_both_readings_bracket_the_truth() -> None:
    without, failing = both_readings(run("1f", "0f", "1?"))
    assert (without.solved, without.episodes, without.faulted, without.unjudged) == (2, 3, 2, 1)
    assert (failing.solved, failing.episodes, failing.faulted, failing.unjudged) == (2, 5, 2, 1)


def test_success_of_nothing_and_of_one_cluster() -> None:
    nothing = success([])
    assert (nothing.micro, nothing.macro, nothing.macro_rate, nothing.tasks) == (None, None, None, ())
    one = success(run("10"))
    assert one.macro is None
    assert one.micro is not None
    assert one.macro_rate == 0.5


def test_templates_are_clusters() -> None:
    episodes = [e.with_(cluster="same") for e in run("10", "11", "00")]
    assert success(episodes).macro is None
    found = compare(episodes, episodes)
    assert found is not None
    assert (found.tasks, found.clusters) == (3, 1)
    assert found.macro.difference is None


def test_clustering_widens_when_episodes_of_a_task_agree() -> None:
    found = success(run(*["1" * 20] * 5, *["0" * 20] * 5))
    assert found.micro is not None
    assert found.micro_clustered is not None
    assert found.micro_clustered.high - found.micro_clustered.low > 2 * (found.micro.high - found.micro.low)


def test_episodes_come_from_trajectories() -> None:
    def trajectory(score: float | None, owner: Owner | None) -> Trajectory:
        return Trajectory(
            key="k",
            task=Task(id="a/b", benchmark="a"),
            goal="",
            source=Source.ROLLOUT,
            ending=Ending.FAULT if owner else Ending.PAGE,
            fault=Fault(owner=owner, kind="page_hang") if owner else None,
            score=score,
            provenance=Provenance(seed=7),
        )

    solved, half, broken, own = episodes_of(
        [trajectory(1.0, None), trajectory(0.5, None), trajectory(None, Owner.MODEL), trajectory(0.0, Owner.AGENT)]
    )
    assert (solved.task, solved.seed, solved.group, solved.solved) == ("a/b", 7, "a/b", True)
    assert (half.solved, broken.solved, broken.faulted, own.faulted) == (False, None, True, False)
    assert [broken.value(reading) for reading in Reading] == [None, 0.0]
    assert [own.value(reading) for reading in Reading] == [0.0, 0.0]


def test_a_comparison_by_hand() -> None:
    base, tuned = run("1000", "0000", "11"), run("1110", "0100", "10")
    found = compare(base, tuned)
    assert found is not None
    assert (found.pairs, found.unmatched, found.tasks, found.clusters, found.training_seeds) == (10, 0, 3, 3, 1)
    assert (found.micro.base, found.micro.tuned) == (pytest.approx(0.3), pytest.approx(0.5))
    assert found.micro.gain == pytest.approx(0.2)
    assert found.micro.relative is not None
    assert found.micro.relative.estimate == pytest.approx(0.5 / 0.3 - 1)
    # macro: base (1/4 + 0 + 1)/3, tuned (3/4 + 1/4 + 1/2)/3
    assert (found.macro.base, found.macro.tuned) == (pytest.approx(1.25 / 3), pytest.approx(1.5 / 3))
    # clusters: t0 +1/2, t1 +1/4, t2 -1/2: p = 1 (2 of 3: 2 · 4/8); pairs: 3 better, 1 worse: 2 · 5/16 = 0.625
    assert (found.sign.better, found.sign.worse, found.sign.tied, found.sign.p_value) == (2, 1, 0, 1.0)
    assert found.mcnemar is not None
    assert (found.mcnemar.better, found.mcnemar.worse, found.mcnemar.tied) == (3, 1, 6)
    assert found.mcnemar.p_value == pytest.approx(0.625)


def test_two_clusters_worked_out_in_full() -> None:
    # Cluster changes +1 and 0: a resample gives 1, 1/2, 0 with chances 1/4, 1/2, 1/4.
    found = compare(run("0", "0"), run("1", "0"), level=0.4)
    assert found is not None
    assert found.micro.difference is not None
    assert (found.micro.difference.low, found.micro.difference.high) == (0.5, 0.5)
    wide = compare(run("0", "0"), run("1", "0"), level=0.6)
    assert wide is not None
    assert wide.micro.difference is not None
    assert (wide.micro.difference.low, wide.micro.difference.high) == (0.0, 1.0)
    assert not wide.micro.difference.excludes_zero
    assert wide.micro.relative is None


def test_what_is_unmatched_is_counted_and_left_out() -> None:
    found = compare(run("11f", "00"), run("110", "0"))
    assert found is not None
    assert (found.pairs, found.unmatched) == (3, 2)
    as_failures = compare(run("11f", "00"), run("110", "0"), Reading.FAILURES)
    assert as_failures is not None
    assert (as_failures.pairs, as_failures.unmatched) == (4, 1)
    assert compare([], run("1")) is None
    assert compare(run("1"), []) is None


def test_attempts_at_a_pair_are_averaged() -> None:
    found = compare(run("1", "1"), run("1", "1") + run("0", "1"))
    assert found is not None
    assert (found.pairs, found.micro.tuned, found.mcnemar) == (2, 0.75, None)


def test_several_training_seeds() -> None:
    base = run("00", "01", "10", "00", "11")
    seeds = [run("11", "01", "11", "00", "11"), run("01", "11", "10", "00", "11"), run("00", "01", "10", "00", "11")]
    found = compare(base, seeds)
    assert found is not None
    assert found.training_seeds == 3
    assert found.mcnemar is None
    # tuned rates 7/10, 6/10, 4/10 against 4/10
    assert found.micro.tuned == pytest.approx(1.7 / 3)
    held, moved = found.micro.difference, found.micro.difference_seeds
    assert held is not None
    assert moved is not None
    assert moved.high - moved.low > held.high - held.low
    alike = compare(base, [seeds[0]] * 3)
    assert alike is not None
    assert alike.micro.difference is not None
    assert alike.micro.difference_seeds is not None
    assert alike.micro.difference_seeds.low == pytest.approx(alike.micro.difference.low)
    assert alike.micro.difference_seeds.high == pytest.approx(alike.micro.difference.high)


def test_one_training_seed_shows_no_spread_between_seeds() -> None:
    found = compare(run("00", "01"), [run("11", "01")])
    assert found is not None
    assert found.micro.difference_seeds is None
    assert found.mcnemar is not None


def test_a_base_near_zero_leaves_the_relative_gain_unbounded() -> None:
    found = compare(run("1000", "0000", "0000"), run("1100", "0100", "0100"))
    assert found is not None
    assert found.micro.relative is not None
    assert found.micro.relative.high == float("inf")


def test_sign_test_by_hand() -> None:
    found = sign_test([0.1] * 9 + [-0.2] + [0.0] * 3)
    # 2 · (1 + 10)/1024
    assert (found.better, found.worse, found.tied) == (9, 1, 3)
    assert found.p_value == pytest.approx(0.021484375)
    assert sign_test([]).p_value == 1.0


RUNS = st.lists(st.text("01", min_size=4, max_size=4), min_size=2, max_size=8)


@settings(max_examples=40, deadline=None)
@given(RUNS, st.data())
def test_swapping_negates_and_order_does_not_matter(marks: list[str], data: st.DataObject) -> None:
    other = [data.draw(st.text("01", min_size=4, max_size=4)) for _ in marks]
    base, tuned = run(*marks), run(*other)
    there, back = compare(base, tuned, resamples=500), compare(tuned, base, resamples=500)
    assert there is not None
    assert back is not None
    for one, two in ((there.micro, back.micro), (there.macro, back.macro)):
        assert one.difference is not None
        assert two.difference is not None
        assert one.difference.estimate == pytest.approx(-two.difference.estimate)
        assert one.difference.low == pytest.approx(-two.difference.high)
        assert one.difference.low <= one.difference.estimate + 1e-12
        assert one.difference.estimate <= one.difference.high + 1e-12
    assert (there.sign.better, there.sign.p_value) == (back.sign.worse, pytest.approx(back.sign.p_value))
    shuffled = data.draw(st.permutations(tuned))
    assert compare(base[::-1], shuffled, resamples=500) == there


@settings(max_examples=25, deadline=None)
@given(RUNS)
def test_no_change_is_a_zero_interval(marks: list[str]) -> None:
    found = compare(run(*marks), run(*marks), resamples=200)
    assert found is not None
    assert found.micro.difference is not None
    assert (found.micro.difference.low, found.micro.difference.high) == (0.0, 0.0)
    assert found.sign.p_value == 1.0


def test_the_interval_covers_about_as_often_as_it_says() -> None:
    """Thirty tasks with their own true change (mean 0.1): 95 % intervals cover it in most of 150 made-up studies."""
    import numpy as np

    random = np.random.default_rng(0)
    covered = 0
    for _ in range(150):
        lift = random.choice([-0.1, 0.1, 0.3], size=30, p=[0.25, 0.5, 0.25])
        base = random.random((30, 10)) < 0.4
        tuned = random.random((30, 10)) < 0.4 + lift[:, None]
        episodes = [
            [Episode(task=f"t{t}", seed=s, solved=bool(side[t, s])) for t, s in itertools.product(range(30), range(10))]
            for side in (base, tuned)
        ]
        found = compare(episodes[0], episodes[1], resamples=400)
        assert found is not None
        assert found.micro.difference is not None
        covered += found.micro.difference.low <= 0.1 <= found.micro.difference.high
    assert 0.88 <= covered / 150 <= 0.99


def test_ten_thousand_resamples_of_a_large_exam_are_quick() -> None:
    base = [Episode(task=f"t{t}", seed=s, solved=(t + s) % 3 == 0) for t in range(800) for s in range(5)]
    started = time.perf_counter()
    assert compare(base, base) is not None
    assert time.perf_counter() - started < 20
