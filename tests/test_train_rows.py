from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from webapprentice.train.rows import plan, steps_of


@given(st.lists(st.integers(1, 500), min_size=1, max_size=200), st.integers(1, 40), st.integers(1, 30), st.integers())
def test_each_row_comes_once_a_pass(lengths: list[int], batch: int, steps: int, seed: int) -> None:
    batches = plan(lengths, batch, steps, seed)
    assert len(batches) == steps
    assert {len(rows) for rows in batches} == {min(batch, len(lengths))}
    counts = Counter(index for rows in batches for index in rows)
    drawn = steps * min(batch, len(lengths))
    assert all(drawn // len(lengths) <= counts[index] + 1 for index in range(len(lengths)))
    assert max(counts.values()) <= -(-drawn // len(lengths))
    assert batches == plan(lengths, batch, steps, seed)


def test_rows_of_like_length_stand_together() -> None:
    lengths = [index % 300 + 1 for index in range(960)]
    batches = plan(lengths, 32, 30, seed=0)
    longest = sum(max(lengths[index] for index in rows) * len(rows) for rows in batches)
    assert longest < 1.1 * sum(lengths)


def test_another_seed_is_another_order() -> None:
    assert plan([5] * 64, 8, 8, seed=1) != plan([5] * 64, 8, 8, seed=2)


def test_updates_of_a_run() -> None:
    assert steps_of(rows=100, batch=32, epochs=1, max_steps=None) == 4
    assert steps_of(rows=100, batch=32, epochs=2.5, max_steps=7) == 7
    assert steps_of(rows=5, batch=32, epochs=3, max_steps=None) == 3
