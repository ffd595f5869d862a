from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_trajectories import COMPACT, acting, page, prompted, step, tokens, trajectory
from webapprentice.core.actions import Action, Click, Stop, Type
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Result, Trajectory
from webapprentice.curate import Dataset, DatasetConfig, examples
from webapprentice.curate.dataset import set_aside
from webapprentice.dialect import prompt_key

SUBMIT, CANCEL = Click(node=4), Click(node=5)


def distinct(key: str, steps: int, task: str = "made/one", seed: int = 0) -> Trajectory:
    """Steps that share no prompt with those of other keys."""
    actions: list[Action] = [Type(node=3, text=f"{key} {index}") for index in range(steps)]
    return prompted(trajectory(key, acting(*actions), task=task, seed=seed, goal=f"goal {key}"))


def rows(made: list[Trajectory], **knobs: object) -> Dataset:
    config = DatasetConfig.model_validate({"validation": 0.0, **knobs})
    return examples(made, COMPACT, config, tokens)


def test_a_row_is_the_prompt_of_acting_and_the_words_said() -> None:
    made = prompted(trajectory("k", acting(Type(node=3, text="Ann"), SUBMIT)))
    found = sorted(rows([made]).train, key=lambda row: row.step)
    assert [row.completion for row in found] == ["type textbox Name [3] = Ann", "click button Submit [4]"]
    assert found[1].messages[-1].content.splitlines()[-2:] == ["did : type textbox Name [3] = Ann", "act :"]
    assert [prompt_key(row.messages) for row in found] == [one.prompt_key for one in made.steps]
    assert [(row.trajectory, row.position, row.task) for row in found] == [
        ("k", "first", "made/one"),
        ("k", "last", "made/one"),
    ]


def test_the_same_rows_where_the_steps_of_one_attempt_are_read_at_a_time() -> None:
    made = [distinct(f"k{n}", 3, task=f"made/{n % 4}", seed=n % 3) for n in range(24)]
    by_key = {one.key: one for one in made}
    asked: list[int] = []

    def whole(keys: Sequence[str]) -> list[Trajectory]:
        asked.append(len(keys))
        return [by_key[key] for key in keys]

    config = DatasetConfig(per_task_cap=7, validation=0.2)
    bare = [one.with_(steps=()) for one in made]
    assert examples(bare, COMPACT, config, tokens, whole=whole) == examples(made, COMPACT, config, tokens)
    assert asked == [1] * 24


def test_completions_may_be_spelled_again() -> None:
    sloppy = trajectory("k", [step(0, SUBMIT, said="click  button Submit [4] ", prompt=None)])
    (said,) = rows([sloppy]).train
    (spelled,) = rows([sloppy], completion="canonical").train
    assert (said.completion, spelled.completion) == ("click  button Submit [4] ", "click button Submit [4]")


def test_a_prompt_that_differs_from_the_answered_one_is_refused() -> None:
    made = prompted(trajectory("k", acting(SUBMIT, CANCEL)))
    changed = made.with_(steps=(made.steps[0], made.steps[1].with_(prompt_key="another")))
    found = rows([changed])
    assert (len(found.train), found.counts.stale) == (1, 1)
    # The history is part of the prompt: other words before make the next prompt another one.
    first = made.steps[0].with_(said="click button Cancel [5]")
    assert rows([made.with_(steps=(first, made.steps[1]))]).counts.stale == 1
    unknown = made.with_(steps=tuple(one.with_(prompt_key=None) for one in made.steps))
    assert rows([unknown]).counts.stale == 0


def test_what_is_no_example_is_counted_by_reason() -> None:
    torn, cut = page().with_(torn=True), page().with_(truncated=True)
    made = trajectory(
        "k",
        [
            step(0, SUBMIT, torn, prompt=None),
            step(1, SUBMIT, cut, prompt=None),
            step(2, SUBMIT, result=Result.COVERED, prompt=None),
            step(3, None, prompt=None),
            step(4, CANCEL, prompt=None),
        ],
    )
    found = rows([made])
    counts = found.counts
    assert (counts.torn, counts.truncated, counts.failed, counts.unread, len(found.train)) == (1, 1, 1, 1, 1)
    assert found.train[0].step == 4
    kept = rows([made], keep_torn=True, keep_truncated=True, keep_failed=True)
    assert (len(kept.train), kept.counts.unread) == (4, 1)


def test_first_one_middle_and_last() -> None:
    made = [distinct(f"k{number}", size) for number, size in enumerate((1, 2, 3, 6, 6, 6))]
    found = rows(made, steps="first_middle_last")
    assert found.counts.positions == {"first": 5, "last": 5, "middle": 4, "only": 1}
    assert found.counts.not_chosen == 3 * 3
    middles = {row.step for row in found.train if row.position == "middle" and row.trajectory in ("k3", "k4", "k5")}
    assert middles <= {1, 2, 3, 4}
    other = {
        row.step
        for seed in range(20)
        for row in rows(made[3:4], steps="first_middle_last", seed=seed).train
        if row.position == "middle"
    }
    assert other == {1, 2, 3, 4}


def test_positions_are_balanced_over_the_whole_set() -> None:
    made = [distinct(f"k{number}", 6) for number in range(4)] + [distinct("one", 1)]
    refused = made[0].with_(steps=(made[0].steps[0].with_(prompt_key="another"), *made[0].steps[1:]))
    found = rows([refused, *made[1:]], balance_positions=True)
    # 3 first, 16 middle, 4 last, 1 only: 3, at most 6, 3; the one-step trajectory does not empty anything
    assert found.counts.positions == {"first": 3, "last": 3, "middle": 6, "only": 1}
    assert found.counts.unbalanced == 11


def test_identical_rows_stand_once_or_as_often_as_allowed() -> None:
    made = [trajectory(f"k{number}", [step(0, SUBMIT, prompt=None)]) for number in range(5)]
    made.append(trajectory("other", [step(0, CANCEL, prompt=None)]))
    once = rows(made)
    assert (len(once.train), once.counts.duplicates, once.counts.conflicts) == (2, 4, 1)
    assert len(rows(made, max_copies=3).train) == 4


def test_caps_floors_and_weights() -> None:
    made = [distinct(f"a{n}", 1, "made/a", n) for n in range(8)] + [distinct(f"b{n}", 1, "made/b", n) for n in range(2)]
    capped = rows(made, per_task_cap=5)
    assert (capped.counts.rows_by_task, capped.counts.capped) == ({"made/a": 5, "made/b": 2}, 3)
    floored = rows(made, per_task_floor=5)
    assert (floored.counts.rows_by_task, floored.counts.copied) == ({"made/a": 8, "made/b": 5}, 3)
    assert rows(made, per_task_floor=50, floor_copies=2).counts.rows_by_task == {"made/a": 16, "made/b": 4}
    # all ten rows are of one site; b's two rows are copied for the task first, and no row more than twice in all
    assert rows(made, per_site_cap=4).counts.capped == 6
    assert len(rows(made, per_site_floor=15).train) == 15
    both = rows(made, per_site_floor=20, per_task_floor=9, floor_copies=2)
    assert both.counts.rows_by_task == {"made/a": 16, "made/b": 4}
    # equal: n = 8 and 2, so 1/8 and 1/2 over a mean of 2/10
    weights = {row.task: row.weight for row in rows(made, balance="equal").train}
    assert weights == {"made/a": pytest.approx(0.625), "made/b": pytest.approx(2.5)}
    # sqrt: 1/√8 and 1/√2 over a mean of (√8 + √2)/10
    weights = {row.task: row.weight for row in rows(made, balance="sqrt").train}
    assert weights == {"made/a": pytest.approx(10 / 12), "made/b": pytest.approx(10 / 6)}
    assert {row.weight for row in rows(made, balance="none").train} == {1.0}


def test_a_task_that_lost_all_its_rows_is_shown() -> None:
    made = [distinct("a", 1, "made/a"), trajectory("b", [step(0, None)], task="made/b")]
    assert rows(made).counts.rows_by_task == {"made/a": 1, "made/b": 0}


def test_held_out_tasks_are_refused() -> None:
    with pytest.raises(UsageError, match="made/exam is held out"):
        examples([distinct("k", 1, "made/exam")], COMPACT, DatasetConfig(), tokens, held_out={"made/exam", "made/x"})
    assert examples([distinct("k", 1)], COMPACT, DatasetConfig(), tokens, held_out={"made/exam"}).train


def test_the_split_keeps_attempts_at_one_episode_together() -> None:
    made = [distinct(f"k{seed}.{attempt}", 2, seed=seed) for seed in range(20) for attempt in range(2)]
    found = rows(made, validation=0.1)
    aside = {row.trajectory for row in found.validation}
    assert found.counts.validation_trajectories == len(aside) == 4
    assert not aside & {row.trajectory for row in found.train}
    assert Counter(key.split(".")[0] for key in aside) == Counter(dict.fromkeys({k.split(".")[0] for k in aside}, 2))


def test_the_split_follows_the_paper_and_never_takes_everything() -> None:
    config = DatasetConfig(validation=0.1)
    # train = ceil(0.9 N)
    for size, wanted in ((1, 0), (9, 0), (10, 1), (19, 1), (20, 2), (101, 10)):
        assert len(set_aside([distinct(f"k{n}", 1, seed=n) for n in range(size)], config)) == wanted
    together = [distinct(f"k{n}", 1) for n in range(20)]
    assert set_aside(together, config) == set()
    halves = [distinct(f"k{n}", 1, seed=n % 2) for n in range(20)]
    assert len(set_aside(halves, config)) == 10


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(8)), st.booleans())
def test_rows_do_not_depend_on_the_order_of_trajectories(order: list[int], trimmed: bool) -> None:
    made = [distinct(f"k{n}", n % 4 + 1, f"made/{n % 3}", n) for n in range(8)]
    knobs = {"validation": 0.3, "per_task_cap": 3, "balance_positions": trimmed, "steps": "first_middle_last"}
    assert rows([made[place] for place in order], **knobs) == rows(made, **knobs)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5), max_size=6), st.integers(0, 4), st.sampled_from(["none", "sqrt", "equal"]))
def test_every_step_is_accounted_for(sizes: list[int], cap: int, balance: str) -> None:
    made = [distinct(f"k{n}", size, f"made/{n % 2}", n) for n, size in enumerate(sizes)]
    found = rows(made, per_task_cap=cap, balance=balance, validation=0.2, max_copies=2)
    counts = found.counts
    lost = counts.not_chosen + counts.torn + counts.truncated + counts.failed + counts.unread + counts.stale
    lost += counts.unbalanced + counts.duplicates + counts.capped - counts.copied
    assert len(found.train) + len(found.validation) + lost == counts.steps == sum(sizes)
    if found.train:
        assert sum(row.weight for row in found.train) == pytest.approx(len(found.train))


def test_nothing_gives_nothing() -> None:
    found = rows([])
    assert (found.train, found.validation, found.counts.steps) == ((), (), 0)
    assert rows([trajectory("k", [])]).train == ()


def test_answers_are_taught_like_actions() -> None:
    (row,) = rows([prompted(trajectory("k", acting(Stop(answer="42"))))]).train
    assert (row.completion, row.position) == ("stop = 42", "only")
