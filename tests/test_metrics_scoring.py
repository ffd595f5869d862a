"""Exact match, Mind2Web's measures, votes and the released arithmetic, by numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapprentice.core.actions import Action, Click, Drag, Goto, Hover, Press, Select, Stop, Type
from webapprentice.metrics import decided, difference, elect, exact_match, macro, match, micro
from webapprentice.metrics.figures import all_right, ratio
from webapprentice.metrics.legacy import LegacyJudged, LegacyWanted, legacy_step, legacy_table, vote
from webapprentice.metrics.mind2web import Place, Wanted, direct, judge, operation_of, pick, rank_lexically, token_f1


def values(figures: object) -> dict[str, float | None]:
    return {figure.name: figure.value for figure in figures}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("said", "wanted", "element", "kind", "value"),
    [
        (Click(node=1), Click(node=1, at=(3, 4)), True, True, True),
        (Click(node=2), Click(node=1), False, True, True),
        (Click(node=1, button="right"), Click(node=1), True, True, False),
        (Click(node=1, count=2), Click(node=1), True, True, False),
        (Hover(node=1), Click(node=1), True, False, False),
        (Type(node=1, text="a  b "), Type(node=1, text="a b"), True, True, True),
        (Type(node=1, text="A b"), Type(node=1, text="a b"), True, True, False),
        (Type(node=1, text="a", submit=True), Type(node=1, text="a"), True, True, False),
        (Type(node=1, text="a", clear=False), Type(node=1, text="a"), True, True, True),
        (Select(node=1, options=("x", "y")), Select(node=1, options=("x", "y")), True, True, True),
        (Select(node=1, options=("y", "x")), Select(node=1, options=("x", "y")), True, True, False),
        (Press(keys="Enter"), Press(keys="Enter"), True, True, True),
        (Press(keys="Enter", node=3), Press(keys="Enter"), False, True, True),
        (Drag(node=1, to=2, at=(0, 0)), Drag(node=1, to=2), True, True, True),
        (Drag(node=1, to=3), Drag(node=1, to=2), False, True, True),
        (Goto(url="http://a/"), Goto(url="http://b/"), True, True, False),
        (Stop(), Goto(url="http://b/"), True, False, False),
        (None, Click(node=1), False, False, False),
    ],
)
def test_what_the_same_action_is(said: Action | None, wanted: Action, element: bool, kind: bool, value: bool) -> None:
    found = match(said, wanted, True)
    assert (found.element, found.kind, found.value) == (element, kind, value)
    assert found.exact is (element and kind and value)


def test_exact_match_and_where_the_target_was_seen() -> None:
    right, wrong = Click(node=1), Click(node=2)
    matches = [
        match(right, right, True),
        match(right, right, True),
        match(wrong, right, True),
        match(wrong, right, False),
        match(Type(node=1, text="a"), Type(node=1, text="b"), True),
    ]
    found = values(exact_match(matches, list("aabbc")))
    assert found["EM"] == pytest.approx(2 / 5)
    assert found["calibrated EM"] == pytest.approx(2 / 4)
    assert found["target in context"] == pytest.approx(4 / 5)
    assert found["element match"] == pytest.approx(3 / 5)
    assert found["kind match"] == pytest.approx(1.0)
    assert found["value match"] == pytest.approx(4 / 5)


def test_no_target_in_context_leaves_the_calibrated_share_unmeasured() -> None:
    found = values(exact_match([match(None, Click(node=1), False)], ["a"]))
    assert found["calibrated EM"] is None
    assert found["EM"] == 0.0


def test_means_over_steps_and_over_tasks() -> None:
    rights, tasks = [1.0, 1.0, 0.0, 1.0], ["a", "a", "a", "b"]
    steps, each = micro("x", rights, tasks), macro("x", rights, tasks)
    assert (steps.value, steps.over) == (pytest.approx(3 / 4), 4)
    assert (each.value, each.over) == (pytest.approx((2 / 3 + 1) / 2), 2)
    # With two tasks a replicate is one task twice or both: 2/3, 1, and between.
    assert steps.interval is not None
    assert (steps.interval.low, steps.interval.high) == (pytest.approx(2 / 3), 1.0)
    assert all_right(rights, tasks) == ([0.0, 1.0], ["a", "b"])


def test_differences_are_of_the_same_steps() -> None:
    ours, theirs = [1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]
    found = difference("x", ours, theirs, ["a", "a", "b", "b"])
    assert found.value == pytest.approx(1 / 2)
    # Each task has one of two more steps right, so no replicate differs.
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (0.5, 0.5)
    even = difference("x", [1.0, 0.0], [0.0, 1.0], ["a", "b"])
    assert even.interval is not None
    assert (even.value, even.interval.low, even.interval.high) == (0.0, -1.0, 1.0)
    assert difference("x", [], [], []).value is None


def test_nothing_right_in_three_tasks_is_no_interval_of_no_width() -> None:
    found = micro("x", [0.0, 0.0, 0.0], ["a", "b", "c"])
    assert found.interval is not None
    # Clopper and Pearson: 1 - 0.025 ** (1 / 3) = 0.7076.
    assert found.interval.high == pytest.approx(0.7076, abs=1e-4)
    assert micro("x", [0.0], ["a"]).interval is None


@pytest.mark.parametrize(
    ("said", "wanted", "f1"),
    [
        ("CLICK", "CLICK", 1.0),
        ("CLICK", "TYPE table", 0.0),
        ("TYPE big table", "TYPE big table", 1.0),
        ("TYPE table", "TYPE big table", 0.8),  # precision 2/2, recall 2/3
        ("TYPE big red table", "TYPE big blue table", 0.75),  # 3 of 4 each way
        ("TYPE a - b", "TYPE a b", 1.0),  # a mark alone is no word
        ("", "", 1.0),
        ("", "CLICK", 0.0),
    ],
)
def test_operation_f1_counts_the_value(said: str, wanted: str, f1: float) -> None:
    assert token_f1(said, wanted) == pytest.approx(f1)


def test_a_step_of_direct_generation() -> None:
    wanted = Wanted(positives=("7", "8"), operation="TYPE", value="oak table")
    here = Place(element="8")
    assert judge(here, ("TYPE", "oak table"), wanted).step == 1.0
    short = judge(here, ("TYPE", "oak"), wanted)
    assert (short.element, short.f1, short.step) == (1.0, pytest.approx(0.8), 0.0)
    other = judge(Place(element="9"), ("TYPE", "oak table"), wanted)
    assert (other.element, other.f1, other.step, other.refined_step) == (0.0, 1.0, 0.0, 0.0)
    inner = judge(Place(element="9", around=("8", "2")), ("TYPE", "oak table"), wanted)
    assert (inner.element, inner.descendant, inner.refined_step) == (0.0, 1.0, 1.0)
    twin = judge(Place(element="9", text=" Find  it"), ("TYPE", "oak table"), wanted, ["find it"])
    assert (twin.descendant, twin.same_text, twin.refined_step) == (0.0, 1.0, 1.0)
    blank = judge(Place(element="9", text=" "), ("TYPE", "oak table"), wanted, ["", "find it"])
    assert blank.same_text == 0.0
    nothing = judge(None, None, wanted)
    assert (nothing.element, nothing.f1, nothing.step) == (0.0, 0.0, 0.0)
    lost = Wanted(positives=(), operation="CLICK")
    assert judge(None, ("CLICK", ""), lost).f1 == 0.0


def test_names_of_operations() -> None:
    assert operation_of(Hover(node=1)) == ("CLICK", "")
    assert operation_of(Type(node=1, text="a b")) == ("TYPE", "a b")
    assert operation_of(Select(node=1, options=("x",))) == ("SELECT", "x")
    assert operation_of(Press(keys="Enter")) == ("PRESS", "")


def test_a_table_of_direct_generation_over_steps_and_tasks() -> None:
    wanted = Wanted(positives=("1",), operation="CLICK")
    right, wrong = judge(Place(element="1"), ("CLICK", ""), wanted), judge(Place(element="2"), ("TYPE", "x"), wanted)
    found = values(direct([right, right, wrong, right], ["a", "a", "a", "b"]))
    assert found["step success, micro"] == pytest.approx(3 / 4)
    assert found["step success, macro"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["operation F1, micro"] == pytest.approx(3 / 4)
    assert found["task success"] == pytest.approx(1 / 2)


def test_multi_stage_answer_is_the_first_candidate_that_holds_the_prediction() -> None:
    place = Place(element="7", around=("6", "2", "1"))
    assert pick(place, ["9", "2", "6", "7"]) == "2"
    assert pick(place, ["9", "8", "6"], top=2) is None
    assert pick(place, ["9", "8", "6"], top=0) == "6"
    assert pick(place, ["7", "6"]) == "7"
    assert pick(None, ["7"]) is None


def test_our_own_ranker_counts_rare_words_of_the_goal() -> None:
    candidates = [("1", "a Find shops"), ("2", "a Find tables"), ("3", "button help"), ("4", "a Find oak tables")]
    # find: 3 candidates, tables: 2, oak: 1.  2: 1/3 + 1/2, 4: 1/3 + 1/2 + 1, 1: 1/3, 3: 0.
    assert rank_lexically("Find oak tables!", candidates) == ("4", "2", "1", "3")


def test_votes_and_ties() -> None:
    assert elect([]) is None
    assert elect([None, None]) is None
    assert elect([(2, "a"), (1, "b"), None, (1, "c"), (1, "c")]) == (1, "c")
    assert elect([(2, "a"), (1, "b"), (1, "c"), (2, "a")]) == (2, "a"), "a tie goes to what was first"
    assert elect([(1, "b"), (1, "c")]) == (1, "b")
    assert not decided([(1, "a"), (1, "a")], 2)
    assert decided([(1, "a"), (1, "a"), (1, "a")], 2)
    assert not decided([(1, "a"), (1, "b"), (1, "b")], 2), "the element is, but not what is done to it"
    assert decided([], 0)


VOTE = st.none() | st.tuples(st.integers(0, 2), st.sampled_from("ab"))


@given(st.lists(VOTE, max_size=9), st.lists(VOTE, max_size=4))
def test_what_is_decided_no_further_vote_can_change(votes: list[tuple[int, str] | None], more: list[object]) -> None:
    if decided(votes, len(more)):
        assert elect([*votes, *more]) == elect(votes)  # type: ignore[list-item]


def spelled(node: int, *, action: str = "mouse_click_action", says: str = 'Click "Find"', tag: str = "a") -> str:
    nodes = " ".join([str(node)] * 5)
    return f'3.\nDescription: {says}\nAction: {action}\nNode: {nodes}\nTarget: <{tag} node="{node}">'


WANTED = LegacyWanted(positives=(7,), inside=(5, 6), operation="CLICK", description="Find", in_dom=True)


def test_the_released_vote() -> None:
    assert vote([]) is None
    assert vote(["no node", spelled(3), spelled(9)]) == (9, spelled(9)), "a tie goes to the largest id"
    longer = spelled(3, says='Click "Find it"')
    assert vote([spelled(3), spelled(9), longer]) == (3, longer)
    assert vote(["Node: 8\nTarget: <a>", spelled(3)]) == (3, spelled(3)), "an id before a line break is none"


def test_the_released_step() -> None:
    found = legacy_step([spelled(7)], WANTED)
    assert (found.element, found.step, found.f1) == (1.0, 1.0, 1.0)
    typed = legacy_step([spelled(7, tag="input")], WANTED)
    assert (typed.element, typed.step) == (1.0, 0.0), "a click on an input is taken as typing"
    inner = legacy_step([spelled(5)], WANTED)
    assert (inner.element, inner.subchild, inner.subchild_step) == (0.0, 1.0, 1.0)
    assert legacy_step([spelled(7)], WANTED.with_(in_dom=False)).element == 0.0
    assert legacy_step([], WANTED) == LegacyJudged()


def test_the_released_step_does_not_look_at_the_value() -> None:
    wanted = LegacyWanted(positives=(7,), operation="TYPE", description="oak table", in_dom=True)
    said = spelled(7, action="keyboard_sequence_action", says='Type "glass"', tag="input")
    found = legacy_step([said], wanted)
    assert (found.element, found.step) == (1.0, 1.0)
    # {type, oak, table} and {type, glass}: 1 of 2 and 1 of 3.  The other readings share no word.
    assert found.f1 == pytest.approx(0.4)
    chosen = LegacyWanted(positives=(7,), operation="SELECT", description="Size", in_dom=True)
    assert legacy_step([spelled(7)], chosen).step == 1.0, "a click is a choice there"


def test_the_released_answer_of_multi_stage_questions() -> None:
    around = {5: (7, 2, 1)}
    assert legacy_step([spelled(5)], WANTED, (9, 7, 2), lambda node: around[node]).qa == 1.0
    assert legacy_step([spelled(5)], WANTED, (2, 7), lambda node: around[node]).qa == 0.0
    unseen = legacy_step([spelled(5)], WANTED.with_(in_dom=False), (7,), lambda node: around[node])
    assert (unseen.element, unseen.qa_step) == (0.0, 1.0), "there this part does not ask whether the target is shown"


def test_the_released_table_is_over_steps_and_asks_tasks_for_elements_alone() -> None:
    right, lucky, wrong = LegacyJudged(element=1, step=1), LegacyJudged(element=1), LegacyJudged()
    found = values(legacy_table([right, lucky, wrong], ["a", "a", "b"]))
    assert found["legacy: step success"] == pytest.approx(1 / 3)
    assert found["legacy: element accuracy"] == pytest.approx(2 / 3)
    assert found["legacy: task success"] == pytest.approx(1 / 2)


def test_how_many_times_as_many() -> None:
    """Three tasks of two steps: ours 4 of 6, theirs 2 of 6."""
    groups = ["a", "a", "b", "b", "c", "c"]
    found = ratio("times", [1, 1, 1, 0, 1, 0], [1, 0, 1, 0, 0, 0], groups)
    assert (found.value, found.over) == (2.0, 6)
    assert found.interval is not None
    # The tasks give 2 to 1, 1 to 1 and 1 to 0: no draw has fewer than all of one, nor a bound where only c is drawn.
    assert found.interval.low == 1.0
    assert found.interval.high > 1e300
    assert ratio("times", [1, 1], [0, 0], ["a", "b"]).value is None
    assert ratio("times", [1, 0], [1, 0], ["a", "a"]).interval is None
