"""Capability score, VERTEX_DTW, conduct, power: formulas by hand, properties, brute force."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_trajectories import acting, step, trajectory
from webapprentice.core.actions import Click, Scroll
from webapprentice.core.records import Result
from webapprentice.metrics import Episode, compare
from webapprentice.metrics.capability import Template, capabilities, common_text, moves, natural, possessed
from webapprentice.metrics.comparison import Material, Scored, Terms, compare_all
from webapprentice.metrics.conduct import EpisodeConduct, conduct, price
from webapprentice.metrics.power import Spread, needed, paired_differences, spread
from webapprentice.metrics.replicates import legacy_t
from webapprentice.metrics.trivial import trivial_tasks
from webapprentice.metrics.vertex import Attempt, align, vertex

Floats = npt.NDArray[np.float64]


def at(*degrees: float) -> Floats:
    """Rows of length 1 in the plane."""
    return np.array([(math.cos(math.radians(one)), math.sin(math.radians(one))) for one in degrees])


def nodes(*degrees: float) -> Floats:
    return at(*degrees)[:, None, :]


def similarity(reference: Floats, test: Floats, baseline: Floats | None = None, **settings: Any) -> float:
    """S of one pair."""
    score = vertex([Attempt([reference], test, baseline)], **settings)[0]
    assert score is not None
    return score


def told(*ids: str, sites: tuple[str, ...] = ("shop",)) -> list[Template]:
    return [Template(id=one, text=f"do {one}", sites=sites) for one in ids]


# Capability score


def test_a_capability_is_a_star_and_no_closure() -> None:
    # 50 degrees apart: cosine 0.643, neighbours; 100 degrees: not.
    assert capabilities(told("1", "2", "3"), at(0, 50, 100)) == {"1": "1", "2": "1", "3": "2"}
    assert capabilities(told("1", "2", "3"), at(0, 50, 100), threshold=0.65) == {"1": "1", "2": "2", "3": "3"}


def test_only_templates_with_exactly_the_same_sites_are_compared() -> None:
    some = [*told("9", "10"), *told("3", sites=("map",)), *told("4", sites=("map", "shop")), *told("5", sites=("map",))]
    assert capabilities(some, at(0, 0, 0, 0, 0)) == {"9": "9", "10": "9", "3": "3", "4": "4", "5": "3"}
    with pytest.raises(ValueError, match="same id"):
        capabilities(told("1", "1"), at(0, 0))
    with pytest.raises(ValueError, match="2 templates"):
        capabilities(told("1", "2"), at(0))


@settings(deadline=None)
@given(st.lists(st.integers(0, 359), min_size=1, max_size=12))
def test_the_capability_is_the_smallest_neighbour_in_any_order(degrees: list[int]) -> None:
    ids = [str(number) for number in range(len(degrees))]
    found = capabilities(told(*ids), at(*degrees))
    for own, first in found.items():
        near = [one for one in ids if one == own or at(degrees[int(one)])[0] @ at(degrees[int(own)])[0] >= 0.6]
        assert first == min(near, key=natural)
    order = sorted(ids, key=lambda one: (degrees[int(one)], one))
    assert capabilities(told(*order), at(*(degrees[int(one)] for one in order))) == found


def tried(task: str, marks: str) -> list[Episode]:
    return [Episode(task=task, seed=seed, solved=mark == "1") for seed, mark in enumerate(marks)]


def test_possessed_by_hand() -> None:
    run = [*tried("a", "0" * 19 + "1"), *tried("b", "0" * 20), *tried("c", "1" * 16 + "0" * 4), *tried("d", "1")]
    of = {"a": "A", "b": "A", "c": "C", "d": "D"}
    assert possessed(run, of).possessed == ("A", "C", "D")
    assert possessed(run, of, k=136).score == 3 / 136
    without = possessed(run, of, trivial={"d"})
    assert (without.possessed, without.capabilities) == (("A", "C"), 2)
    # Wilson's lower bound of 16 of 20 is 0.584, that of 1 of 1 is 0.207.
    assert possessed(run, of, at_least=0.5).possessed == ("C",)
    assert possessed(run, of, at_least=0.6).possessed == ()
    with pytest.raises(ValueError, match="K is 2"):
        possessed(run, of, k=2)
    with pytest.raises(ValueError, match="above 0"):
        possessed(run, of, at_least=0.0)


def test_gained_and_lost_for_every_ordered_pair() -> None:
    of = {"t1": "t1", "t2": "t1", "t3": "t3"}
    scores = {
        "old": possessed([*tried("t1", "0"), *tried("t3", "1")], of),
        "new": possessed([*tried("t2", "1"), *tried("t3", "0")], of),
    }
    there, back = moves(scores, told("t2", "t1", "t3"), of)
    assert (there.run, there.other) == ("old", "new")
    assert [one.capability for one in there.gained] == ["t3"]
    assert there.lost[0].examples == ("do t1", "do t2")
    assert (back.gained, back.lost) == (there.lost, there.gained)


def test_what_objectives_have_in_common() -> None:
    assert common_text(["Click on the OK button", "Click on the Cancel button"]) == "Click on the … button"
    assert common_text(["Buy 3 red hats", "Buy 2 hats now"]) == "Buy … hats …"
    assert common_text(["one two", "three"]) == "one two"
    assert common_text([]) == ""


def test_the_trivial_list() -> None:
    ids = [f"webarena/{number}" for number in range(812)]
    assert len(trivial_tasks(ids)) == 38
    assert trivial_tasks(["browsergym/webarena.22", "webarena/23", "miniwob/22"]) == {"browsergym/webarena.22"}


# VERTEX_DTW


def test_vertex_by_hand() -> None:
    # Costs [[0 1 1] [1 0 0]]: the path is (0,0) (1,1) (1,2).
    assert similarity(nodes(0, 90), nodes(0, 90, 90)) == pytest.approx((1 + 1 + 1 / 2) / 3)
    # The baseline equals the reference's first node, and has no second one.
    assert similarity(nodes(0, 90), nodes(0, 90, 90), nodes(0)) == pytest.approx((0 + 1 + 1 / 2) / 3)
    apart = math.exp(-2)  # of orthogonal rows, |x - y|² = 2
    assert similarity(nodes(0, 90), nodes(0, 90, 90), nodes(90)) == pytest.approx((1 - apart + 1 + 1 / 2) / 3)
    assert similarity(nodes(0), nodes(90), gamma=0.5) == pytest.approx(math.exp(-1))
    # Worse than the baseline is below 0, and is not rescaled.
    assert similarity(nodes(0), nodes(90), nodes(0)) == pytest.approx(apart - 1)


def test_page_and_action_apart_by_hand() -> None:
    reference, test = np.stack([at(0), at(0)], axis=1), np.stack([at(0), at(90)], axis=1)
    whole = similarity(reference, test, weights=(0.25, 0.75))
    assert whole == pytest.approx(0.25 * 1 + 0.75 * math.exp(-2))
    with pytest.raises(ValueError, match="weights"):
        vertex([], weights=(0.5, 0.6))
    with pytest.raises(ValueError, match="shape"):
        similarity(nodes(0), nodes(0), weights=(0.5, 0.5))


def test_the_best_reference_counts_and_a_task_without_one_does_not() -> None:
    none = np.zeros((0, 1, 2))
    assert vertex(
        [
            Attempt([nodes(90), nodes(0), nodes(90)], nodes(0)),
            Attempt([], nodes(0)),
            Attempt([none], nodes(0)),
            Attempt([nodes(0)], None),
            Attempt([nodes(0)], none),
        ]
    ) == [1.0, None, None, 0.0, 0.0]


PATHS = st.lists(st.integers(0, 5), min_size=1, max_size=7)


@settings(deadline=None)
@given(PATHS, PATHS)
def test_nothing_is_more_like_a_trajectory_than_itself(reference: list[int], test: list[int]) -> None:
    # Few directions, so that nodes repeat and costs tie.
    own, other = nodes(*(60.0 * one for one in reference)), nodes(*(60.0 * one for one in test))
    assert similarity(own, own) == pytest.approx(1.0, abs=1e-12)
    assert 0.0 < similarity(own, other) <= 1.0 + 1e-12
    assert vertex([Attempt([other, own], own)]) == [pytest.approx(1.0)]


def ways(rows: int, columns: int) -> Iterator[list[tuple[int, int]]]:
    """Every monotone path from the first cell to the last."""
    if (rows, columns) == (1, 1):
        yield [(0, 0)]
        return
    for back in ((1, 1), (1, 0), (0, 1)):
        if rows > back[0] and columns > back[1]:
            for path in ways(rows - back[0], columns - back[1]):
                yield [*path, (rows - 1, columns - 1)]


TABLES = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 4) | st.floats(0, 2), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@settings(deadline=None, max_examples=60)
@given(st.lists(TABLES, min_size=1, max_size=4))
def test_no_monotone_path_is_cheaper(tables: list[list[list[float]]]) -> None:
    costs = [np.array(table, dtype=np.float64) for table in tables]
    for cost, found in zip(costs, align(costs), strict=True):
        best = min(sum(cost[cell] for cell in path) for path in ways(*cost.shape))
        assert found.cost == pytest.approx(best, abs=1e-9)
        assert sum(cost[i, j] for i, j in found.path) == pytest.approx(best, abs=1e-8)
        assert (tuple(found.path[0]), tuple(found.path[-1])) == ((0, 0), (cost.shape[0] - 1, cost.shape[1] - 1))
        assert {tuple(move) for move in np.diff(found.path, axis=0)} <= {(1, 1), (1, 0), (0, 1)}


def test_tables_of_all_sizes_together_and_alone() -> None:
    random = np.random.default_rng(3)
    costs = [random.random(tuple(random.integers(1, 40, 2))) for _ in range(300)]
    for one, alone in zip(align(costs), (align([cost])[0] for cost in costs), strict=True):
        assert one.cost == alone.cost
        assert np.array_equal(one.path, alone.path)
    assert align([]) == []
    with pytest.raises(ValueError, match="at least one row"):
        align([np.zeros((0, 3))])


def test_the_cost_is_that_of_another_library() -> None:
    dtw = pytest.importorskip("dtw", reason="dtw-python is not installed")
    random = np.random.default_rng(5)
    costs = [random.random(tuple(random.integers(1, 31, 2))) for _ in range(1000)]
    for cost, ours in zip(costs, align(costs), strict=True):
        assert ours.cost == pytest.approx(dtw.dtw(cost, step_pattern="symmetric1").distance, abs=1e-9)


# Conduct


def test_conduct_by_hand() -> None:
    press, other = Click(node=4), Click(node=5)
    first = trajectory("k1", acting(press, press, other, press), task="a")
    second = trajectory(
        "k2",
        [
            *(step(0, None), step(1, None)),
            *(step(2, Scroll(direction="down"), result=Result.COVERED), step(3, Scroll(direction="down"))),
        ],
        task="b",
        score=0.0,
    )
    found = conduct([first, second])
    assert (found.steps, found.length.value, found.solved) == (8, 4.0, 1)
    assert found.unreadable.value == pytest.approx(2 / 8)
    assert found.undone.value == pytest.approx(1 / 8)
    assert found.repeated.value == pytest.approx(2 / 8)  # two answers that were no action are no repetition
    assert found.unreadable.interval is not None
    assert (found.unreadable.interval.low, found.unreadable.interval.high) == (0.0, pytest.approx(2 / 4))
    assert conduct([]).length.value is None
    nothing = conduct([trajectory("k3", [])])
    assert (nothing.length.value, nothing.repeated.value) == (0.0, None)


def test_episodes_of_one_step_each_leave_no_doubt() -> None:
    found = conduct([trajectory(f"k{task}", acting(Click(node=4)), task=task) for task in "abc"])
    assert found.length.interval is not None
    assert (found.length.value, found.length.interval.low, found.length.interval.high) == (1.0, 1.0, 1.0)
    # A share of which nothing was seen is in doubt still: 1 - 0.025 ** (1 / 3).
    assert found.repeated.interval is not None
    assert found.repeated.interval.high == pytest.approx(0.7076, abs=1e-4)


def test_price_by_hand() -> None:
    made = trajectory("k1", [one.with_(seconds=2.0) for one in acting(Click(node=4), Click(node=5))])
    told = conduct([made])
    assert told.seconds == 4.0
    each = [EpisodeConduct.of(made)] * 3
    assert price(each, 2.0).seconds == 6.0
    assert price(each, 2.0).steps == 3.0
    assert price(each, 0.0).tokens is None


def runs(solved: dict[str, list[tuple[int, bool]]], vertex: list[Scored] | None = None) -> list[Material]:
    """Runs by name, each with the same (seed, solved) on the tasks a and b; 100 tokens an episode."""
    made = []
    for name, tries in solved.items():
        each = [(task, seed, done) for task in "ab" for seed, done in tries]
        made.append(
            Material(
                name,
                [Episode(task=task, seed=seed, solved=done) for task, seed, done in each],
                [
                    EpisodeConduct(
                        **{"task": task, "seed": seed, "cluster": task, "solved": done, "tokens": 100, "seconds": 1.0},
                        **dict.fromkeys(("steps", "unreadable", "undone", "repeated"), 1),
                    )
                    for task, seed, done in each
                ],
                vertex,
            )
        )
    return made


TERMS = Terms(templates=told("a", "b"), capability_of={"a": "a", "b": "b"}, legacy=True)


def test_the_price_of_a_gain_counts_every_attempt() -> None:
    for seeds in ([0, 0, 0, 0], [0, 1, 2, 3]):
        pair = runs({"old": [(seed, False) for seed in seeds], "new": [(seed, True) for seed in seeds]})
        found = compare_all(pair, TERMS, threshold=0.6, embedder="", lexical=False)
        assert found is not None
        paid = found.differences[0].price
        assert (paid.extra, paid.tokens, paid.steps) == (8.0, 100.0, 1.0)
    # The other run's share is 1/2 on 2 attempts; on 4 attempts that would be 2 of each task's 4.
    pair = runs({"old": [(0, True), (0, False)], "new": [(0, True)] * 4})
    found = compare_all(pair, TERMS, threshold=0.6, embedder="", lexical=False)
    assert found is not None
    assert (found.differences[0].price.extra, found.differences[0].price.tokens) == (4.0, 200.0)


def test_the_released_codes_interval_takes_a_task_for_one() -> None:
    scores = [Scored(task, seed, task, float(seed % 2)) for task in "ab" for seed in range(4)]
    pair = runs({"old": [(0, True)], "new": [(0, True)]}, scores)
    found = compare_all(pair, TERMS, threshold=0.6, embedder="", lexical=False)
    assert found is not None
    interval = (found.sides[0].legacy or {})["VERTEX_DTW"]
    # Each task's mean is 1/2, so tasks drawn again cannot differ.
    assert (interval.low, interval.high) == (0.5, 0.5)


# Power


def test_spread_by_hand() -> None:
    # Two clusters of two: means 1 and 3, within 2, between MS = 4; between = (4 - 2) / 2.
    found = spread([0.0, 2.0, 2.0, 4.0], ["a", "a", "b", "b"])
    assert found == Spread(between=1.0, within=2.0, clusters=2, pairs=4)
    assert spread([1.0, 2.0], ["a", "a"]) is None
    single = spread([0.0, 2.0], ["a", "b"])
    assert single is not None
    assert (single.between, single.within) == (2.0, 0.0)


def simulated(clusters: int, seeds: int, gain: float, found: Spread, t: float, tries: int = 6000) -> float:
    """Share of experiments in which the t-test over cluster means sees the gain."""
    random = np.random.default_rng(11)
    means = random.normal(gain, math.sqrt(found.between + found.within / seeds), size=(tries, clusters))
    error = means.std(axis=1, ddof=1) / math.sqrt(clusters)
    return float((np.abs(means.mean(axis=1)) > t * error).mean())


def test_the_power_is_what_it_says() -> None:
    found = Spread(between=0.01, within=0.12, clusters=31, pairs=31 * 4)
    wanted = needed(found, 0.1)
    assert wanted.clusters is not None
    # (1.960 + 0.842)² 0.04 / 0.01 + 1.92 = 33.3; Student's t with 33 degrees of freedom at 97.5 %: 2.0345.
    assert wanted.clusters == 34
    assert simulated(34, 4, 0.1, found, 2.0345) == pytest.approx(0.8, abs=0.02)
    # 31 clusters: 29.08 0.01 / 7.849 - 0.01 = 0.02705 is left for 0.12 / seeds.
    assert wanted.seeds == 5
    assert simulated(31, 5, 0.1, found, 2.0423) > 0.79
    assert simulated(31, 4, 0.1, found, 2.0423) < 0.79
    assert needed(found, 0.01).seeds is None  # the clusters alone vary too much
    assert needed(Spread(between=0, within=0, clusters=3, pairs=9), 0.1).clusters is None
    with pytest.raises(ValueError, match="not 0"):
        needed(found, 0.0)


def test_the_variances_are_found_again() -> None:
    random = np.random.default_rng(2)
    sizes = random.integers(1, 9, size=3000)
    names = np.repeat(np.arange(3000), sizes)
    values = random.normal(0, 0.3, size=3000)[names] + random.normal(0, 0.5, size=len(names))
    found = spread(values.tolist(), names.tolist())
    assert found is not None
    assert found.within == pytest.approx(0.25, rel=0.05)
    assert found.between == pytest.approx(0.09, rel=0.1)


def test_differences_are_those_of_the_paired_comparison() -> None:
    base, tuned = [*tried("a", "0100"), *tried("b", "00")], [*tried("a", "1101"), *tried("b", "0")]
    differences, clusters = paired_differences(base, tuned)
    found = compare(base, tuned)
    assert found is not None
    assert (len(differences), sum(differences) / len(differences)) == (found.pairs, pytest.approx(found.micro.gain))
    assert clusters == ["a", "a", "a", "a", "b"]


def test_the_released_codes_interval_is_too_narrow() -> None:
    solved = np.array([1.0] * 30 + [0.0] * 70)
    found = legacy_t(lambda drawn: float(solved[drawn].mean()), 100)
    assert found is not None
    # sd of a replicate is √(0.3 · 0.7 / 100) = 0.0458; half width 1.984 · 0.0458 / 10.
    assert found.high - found.estimate == pytest.approx(0.00909, rel=0.2)
    assert found.estimate == pytest.approx(0.3, abs=0.015)
    assert legacy_t(lambda _: 0.0, 0) is None
