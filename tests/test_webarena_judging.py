from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from webapprentice.core.faults import Fault, Owner
from webapprentice.tasks.webarena import Evidence, Target, TaskRecord, Verdict, corrected, judge
from webapprentice.tasks.webarena.mends import CORRECTIONS
from webapprentice.tasks.webarena.tokens import stands_alone
from webarena_records import ADDRESSES, SAMPLES, agreed, answered, check, placed, record, right, shown


def said(one: TaskRecord, answer: str, verified: bool = False) -> float | None:
    return judge(one, Evidence(answer=answer, addresses=ADDRESSES), verified=verified).score


def at(reference: str, url: str, verified: bool = False) -> float | None:
    return judge(placed(reference), Evidence(url=url, addresses=ADDRESSES), verified=verified).score


def held(required: dict[str, Any], content: str | None, verified: bool = False) -> float | None:
    found = Evidence(targets=(Target(asked="last", content=content),), addresses=ADDRESSES)
    return judge(shown(required), found, verified=verified).score


# Answers


@pytest.mark.parametrize(
    ("reference", "answer", "score"),
    [
        ("Lamp", "lamp", 1),
        ("Lamp", ' "LAMP" ', 1),
        ("Lamp", "'\"lamp\"'", 1),  # a pair of quotes is taken off twice
        ("Lamp", "the lamp", 0),
        ("'Lamp'", "lamp", 1),
        ("Lamp", "", 0),
    ],
)
def test_an_exact_answer_is_equal_but_for_case_and_what_stands_around_it(
    reference: str, answer: str, score: float
) -> None:
    assert said(answered({"exact_match": reference}), answer) == score


@pytest.mark.parametrize(
    ("references", "answer", "score"),
    [
        (["Lamp", "chair"], "a CHAIR and a lampshade", 1),  # inside a word too
        (["Lamp", "chair"], "a lamp", 0),
        (["0"], "10", 0),  # the only one, and one character: a word by itself
        (["0"], "there are 0 lamps", 1),
        (["0"], "it is 0.", 1),
        (["0"], "$0.00", 0),
        (["0"], "0. 5 others", 1),
        (["0"], "0. None was there", 0),  # before a word in lower case, as all is by then, a number keeps its stop
        (["0", "1"], "10", 1),  # one of several: anywhere
        (["10"], "1105", 1),  # two characters: anywhere
        (["65 |OR| 3"], "65", 0),  # no alternatives in answers
    ],
)
def test_an_answer_includes_every_reference(references: list[str], answer: str, score: float) -> None:
    assert said(answered({"must_include": references}), answer) == score


def test_one_text_in_place_of_a_list_is_one_reference() -> None:
    assert said(answered({"must_include": "Lamp"}), "a lamp") == 1


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        *(("5", True), ("$5", True), ("(5)", True), ("5, 6", True), ("a 5; b", True), ("5%", True), ("5's", True)),
        *(("it is 5.", True), ("5.\n", True), ('"5."', True), ("5. 6", True), ("'5'", True), ("5--6", True)),
        *(("15", False), ("5.0", False), ("5,6", False), ("5/6", False), ("5-6", False), ("5th", False)),
        *(
            ("6,5", False),
            ("6:5", False),
            ("5. and", False),
            ("5. .", False),
            ("#15", False),
            ("5:30", False),
            ("", False),
        ),
    ],
)
def test_a_character_alone_is_what_a_tokeniser_would_find(text: str, alone: bool) -> None:
    assert stands_alone("5", text) is alone


def test_fuzzy_references_are_asked_for_one_by_one_and_only_while_they_matter() -> None:
    one = answered({"must_include": ["Lamp"], "fuzzy_match": ["cheap", "red"]})
    open_ = judge(one, Evidence(answer='"A Lamp"'))
    assert (open_.score, [(question.reference, question.answer) for question in open_.needs]) == (
        None,
        [("cheap", "a lamp"), ("red", "a lamp")],
    )
    replies = agreed(open_)
    assert judge(one, Evidence(answer="a lamp"), replies).score == 1
    half = judge(one, Evidence(answer="a lamp"), {open_.needs[0].key: "Verdict: correct"})
    assert (half.score, [question.reference for question in half.needs]) == (None, ["red"])
    no = judge(one, Evidence(answer="a lamp"), {open_.needs[1].key: "partially correct"})
    assert (no.score, no.needs) == (0, ())
    assert judge(one, Evidence(answer="a chair")).needs == ()


def test_a_reply_without_a_verdict_leaves_the_attempt_unjudged() -> None:
    one = answered({"fuzzy_match": ["cheap"]})
    question = judge(one, Evidence(answer="x")).needs[0]
    found = judge(one, Evidence(answer="x"), {question.key: "I would rather not say"})
    assert (found.score, found.needs) == (None, (question,))


def test_what_cannot_be_done_is_said_by_na_or_by_the_real_reason() -> None:
    one = answered({"fuzzy_match": "N/A"}, string_note="there is no lamp")
    assert said(one, "n/a") == 1
    open_ = judge(one, Evidence(answer="no lamps here"))
    (question,) = open_.needs
    assert (question.kind, question.reference, open_.score) == ("unachievable", "there is no lamp", None)
    assert judge(one, Evidence(answer="no lamps here"), {question.key: "same"}).score == 1
    assert judge(one, Evidence(answer="no lamps here"), {question.key: "different"}).score == 0


def test_a_judge_is_asked_about_nothing_as_released_and_mended_it_is_not() -> None:
    one = answered({"fuzzy_match": "N/A"}, string_note="there is no lamp")
    assert len(judge(one, Evidence(answer=" ")).needs) == 1
    assert judge(one, Evidence(answer=" "), verified=True).score == 0
    assert judge(answered({"fuzzy_match": ["cheap"]}), Evidence(), verified=True).score == 0
    assert len(judge(one, Evidence(answer="no lamp"), verified=True).needs) == 1


def test_as_released_the_real_reason_makes_up_for_what_failed_before_it_and_mended_it_does_not() -> None:
    one = answered({"must_include": ["Lamp"], "fuzzy_match": "N/A"}, string_note="none")
    found = judge(one, Evidence(answer="nothing"))
    assert judge(one, Evidence(answer="nothing"), agreed(found)).score == 1
    assert said(one, "nothing", verified=True) == 0
    assert judge(one, Evidence(answer="n/a")).needs != ()  # N/A itself is asked about, since a part failed


def test_an_old_list_of_answers_is_not_judged() -> None:
    found = judge(answered(["Lamp"]), Evidence(answer="Lamp"))  # type: ignore[arg-type]
    assert found.score is None
    assert found.fault is not None
    assert (found.fault.owner, found.fault.kind) == (Owner.EVALUATOR, "old_record")


# Addresses


@pytest.mark.parametrize(
    ("reference", "url", "score"),
    [
        ("__SHOP__/lamps", "http://shop.test:80/lamps/", 1),
        ("__SHOP__/lamps/", "http://shop.test:80/lamps?page=2", 1),
        ("__SHOP__/lamps", "https://shop.test:80/lamps", 1),  # the scheme does not count
        ("__SHOP__/lamps", "http://shop.test:80/lampshades", 1),  # a part of the path
        ("__SHOP__/lamps", "http://shop.test:80/x/lamps", 0),
        ("__SHOP__/lamps", "http://proxy.test/shop.test:80/lamps", 1),  # wherever it stands
        ("__SHOP__/lamps", "http://shop.test:80/", 0),
        ("__SHOP__/lamps?a=1&b=2", "http://shop.test:80/lamps?b=2&a=1&c=3", 1),
        ("__SHOP__/lamps?a=1", "http://shop.test:80/lamps", 0),
        ("__SHOP__/lamps?a=1&a=2", "http://shop.test:80/lamps?a=2", 1),
        ("__SHOP__/a |OR| __SHOP__/b", "http://shop.test:80/b", 1),
        ("__SHOP__/a?x=1 |OR| __SHOP__/b?x=2", "http://shop.test:80/a?x=2", 1),  # values of all alternatives
        ("__SHOP__/a?x=1 |OR| __SHOP__/b", "http://shop.test:80/b", 0),  # and names of all alternatives
    ],
)
def test_an_address_is_compared_as_released(reference: str, url: str, score: float) -> None:
    assert at(reference, url) == score


@pytest.mark.parametrize(
    ("reference", "url", "score"),
    [
        ("__SHOP__/lamps", "http://shop.test:80/lampshades", 0),
        ("__SHOP__/lamps", "http://proxy.test/shop.test:80/lamps", 0),
        ("__SHOP__/lamps", "http://other.test/lamps", 0),
        ("__SHOP__/lamps", "https://SHOP.test:80/lamps/key/4f2a?x=1", 1),  # what an admin's address ends with
        ("__SHOP__/a?x=1 |OR| __SHOP__/b?x=2", "http://shop.test:80/a?x=2", 0),
        ("__SHOP__/a?x=1 |OR| __SHOP__/b", "http://shop.test:80/b", 1),
    ],
)
def test_an_address_mended_is_compared_by_parts_of_its_path_and_each_alternative_alone(
    reference: str, url: str, score: float
) -> None:
    assert at(reference, url, verified=True) == score


# Contents


def test_contents_are_compared_after_html_entities_are_resolved() -> None:
    assert held({"must_include": ["Tom & Jerry's"]}, "<b>Tom &amp; Jerry&#39;s</b>") == 1
    assert held({"exact_match": "A & B"}, " a &amp; b ") == 1
    assert held({"exact_match": "A & B"}, "<b>a & b</b>") == 0


def test_contents_include_one_of_each_references_alternatives() -> None:
    required = {"must_include": ["red |OR| blue", "lamp"]}
    assert [held(required, text) for text in ("Blue lamp", "green lamp", "red", "")] == [1, 0, 0, 0]
    assert held({"must_include": ["1"]}, "21") == 1  # never tokenised


def test_of_a_targets_comparisons_the_first_alone_counts() -> None:
    assert held({"must_include": ["nowhere"], "exact_match": "lamp"}, "lamp") == 1


def test_contents_that_need_a_judge_are_asked_for() -> None:
    found = Evidence(targets=(Target(asked="last", content="Posted: a red lamp"),))
    (question,) = judge(shown({"fuzzy_match": ["a lamp that is red"]}), found).needs
    assert question.answer == "posted: a red lamp"


def test_evidence_of_another_record_is_not_judged() -> None:
    two = shown({"exact_match": "a"}, {"exact_match": "b"})
    few = judge(two, Evidence(targets=(Target(asked="last", content="a"),)))
    other = judge(shown({"exact_match": "a"}), Evidence(targets=(Target(asked="http://x.test", content="a"),)))
    assert [(one.score, one.fault and one.fault.kind) for one in (few, other)] == [(None, "other_record")] * 2


@pytest.mark.parametrize("place", ["page", "target"])
def test_a_site_that_was_down_is_no_failure_of_the_agent(place: str) -> None:
    down = Fault(owner=Owner.ENVIRONMENT, kind="site_down", message="no answer")
    one = record(
        eval_types=["url_match", "program_html"],
        reference_answers=None,
        reference_url="__SHOP__/lamps",
        program_html=[{"url": "last", "locator": "", "required_contents": {"exact_match": "x"}}],
    )
    target = Target(asked="last", fault=down if place == "target" else None, content=None)
    found = judge(
        one,
        Evidence(addresses=ADDRESSES, targets=(target,), fault=down if place == "page" else None, url="about:blank"),
    )
    assert (found.score, found.fault, found.needs) == (None, down, ())
    answer_only = judge(answered({"exact_match": "x"}), Evidence(answer="x", fault=down))
    assert answer_only.score == 1  # an answer is judged without the page


def test_a_missing_address_is_no_failure_of_the_agent() -> None:
    found = judge(placed("__SHOP__/lamps"), Evidence(url="http://shop.test/lamps"))
    assert (found.score, found.fault and found.fault.kind) == (None, "no_address")


@pytest.mark.parametrize("verified", [False, True])
@pytest.mark.parametrize("place", range(len(SAMPLES)))
def test_a_record_is_passed_with_its_own_references_and_failed_with_any_one_wrong(place: int, verified: bool) -> None:
    check(SAMPLES[place], verified)


# Mends


@pytest.mark.parametrize(
    ("references", "answer", "released", "mended"),
    [
        (["65 |OR| 3"], "it is 65", 0, 1),
        (["0"], "$0.00", 0, 1),
        (["0"], "0. none of them", 0, 1),
        (["0"], "100", 0, 0),
        (["170"], "000000170", 1, 1),
        (["5", "lamps"], "15 lamps", 1, 0),
        (["1,279"], "1279", 0, 1),
        (["40.442"], "40.4424191", 1, 1),
        (["2.5"], "12.5", 1, 0),
        (["148"], "148.8", 1, 0),
        (["a"], "lamp", 0, 0),
        (["a"], "a-frame", 0, 1),
        (["3h 30min"], "13h 30min", 1, 0),
        (["Lamp"], "lampshade", 1, 1),
    ],
)
def test_figures_and_alternatives_mended(references: list[str], answer: str, released: float, mended: float) -> None:
    one = answered({"must_include": references})
    assert (said(one, answer), said(one, answer, verified=True)) == (released, mended)


def test_figures_in_contents_mended() -> None:
    required = {"must_include": ["20"]}
    assert [held(required, text) for text in ("120", "20.00")] == [1, 1]
    assert [held(required, text, verified=True) for text in ("120", "20.00")] == [0, 1]


@pytest.mark.parametrize("number", CORRECTIONS)
def test_a_correction_changes_its_own_record_once_and_no_other(number: str) -> None:
    change = CORRECTIONS[number]
    old = list(change.texts)
    one = record(
        int(number),
        intent=f"{change.intent} and so on",
        eval_types=["program_html"],
        program_html=[
            {"url": f"__FORUM__{old[0]}", "locator": "", "required_contents": {"must_include": [*old, "kept"]}}
        ],
    )
    new = corrected(one)
    (target,) = new.targets
    wanted = [text for text in change.texts.values() if text] + ["kept"]
    assert target["required_contents"]["must_include"] == wanted
    assert corrected(new) == new
    other = record(int(number), intent="Something else")
    assert corrected(other) is other


def test_verdicts_of_one_evidence_are_equal_and_survive_json() -> None:
    checked: Callable[[], Verdict] = lambda: judge(SAMPLES[5], right(SAMPLES[5]))  # noqa: E731
    found = checked()
    assert found == checked()
    assert Verdict.model_validate_json(found.model_dump_json()) == found
    evidence = right(SAMPLES[7])
    assert Evidence.model_validate_json(evidence.model_dump_json()) == evidence
