import asyncio
import random
from collections.abc import Sequence

import pytest

from made_trajectories import COMPACT, acting, step, tokens, trajectory
from webapprentice.core.actions import Click, Type
from webapprentice.core.faults import Owner, UsageError
from webapprentice.core.records import Ending, Judgment, Trajectory
from webapprentice.curate import PRESETS, RULES, FilterConfig, Filtered, coverage, filter
from webapprentice.curate.judging import Judge
from webapprentice.models import ScriptedModel

ANN, BOB = Type(node=3, text="Ann"), Type(node=3, text="Bob")
SUBMIT, CANCEL = Click(node=4), Click(node=5)


class Yes:
    async def logprobs(self, prompts: object, answers: list[str]) -> list[float]:
        return [0.0 if answer == "yes" else -1.0 for answer in answers]


def chosen(made: list[Trajectory], **knobs: object) -> Filtered:
    config = FilterConfig.model_validate(knobs)
    judge = Judge(ScriptedModel(lambda _prompt, _sampling: "yes"), config.judge)
    return asyncio.run(filter(made, config, scorer=Yes(), dialect=COMPACT, count=tokens, judge=judge))


def mixture() -> list[Trajectory]:
    """Three tasks of four attempts; the first is solved three times, the second once, the third never."""
    good = acting(ANN, SUBMIT)
    return [
        trajectory("a0", good, task="made/a"),
        trajectory("a1", good, task="made/a"),
        trajectory("a2", good, task="made/a"),
        trajectory("a3", acting(ANN, CANCEL), task="made/a", score=0.0),
        trajectory("b0", good, task="made/b"),
        trajectory("b1", acting(BOB, SUBMIT), task="made/b", score=0.0),
        trajectory("b2", [step(0, SUBMIT, said="click button Cancel [4]")], task="made/b", score=0.0),
        trajectory("b3", good, task="made/b", score=0.0, ending=Ending.STEP_LIMIT),
        trajectory("c0", acting(CANCEL), task="made/c", score=0.0),
        trajectory("c1", acting(CANCEL), task="made/c", score=0.0),
        trajectory("c2", acting(SUBMIT), task="made/c", score=0.0),
        trajectory("c3", good, task="made/c", score=None, owner=Owner.ENVIRONMENT),
    ]


def test_the_default_rules_step_by_step() -> None:
    found = chosen(mixture(), soft=("covered",))
    assert found.kept == ("a0", "a1", "a2", "b0", "c2")
    assert (found.seen, found.eligible, found.faulted, found.cancelled) == (12, 11, {"environment": 1}, 0)
    left = {report.name: report.seen - report.dropped for report in found.rules}
    assert left == {
        "page_end": 10,
        "no_error": 10,
        "stuck": 10,
        "words": 9,
        "typed": 8,
        "covered": 7,
        "named": 5,
        "proper": 5,
        "vote": 5,
    }
    # covered would have dropped a3 and all of task c; it is soft, so c stays; then c0 and c1 pass over Submit
    covered = next(report for report in found.rules if report.name == "covered")
    assert (covered.spared, covered.dropped, covered.reasons) == (3, 1, {"never used": 4})
    assert found.before.precision is not None
    assert found.before.precision.estimate == pytest.approx(4 / 11)
    last = found.rules[-1].so_far
    assert last.precision is not None
    assert last.recall is not None
    assert (last.precision.estimate, last.recall.estimate) == (pytest.approx(4 / 5), 1.0)
    assert found.coverage.kept == {"made/a": 3, "made/b": 1, "made/c": 1}
    assert found.coverage.starved == ()


@pytest.mark.parametrize("rules", [PRESETS["label_free"], PRESETS["paper"], ("vote", "critique", "reward")])
def test_steps_are_read_a_few_tasks_at_a_time_and_nothing_else_differs(rules: tuple[str, ...]) -> None:
    made = [
        one.with_(key=f"{one.key}-{turn}", task=one.task.with_(id=f"{one.task.id}{turn}"))
        for turn in range(60)
        for one in mixture()
    ]
    random.Random(1).shuffle(made)  # the attempts at one task do not stand together
    by_key = {one.key: one for one in made}
    read: list[int] = []

    def whole(keys: Sequence[str]) -> list[Trajectory]:
        read.append(len(keys))
        return [by_key[key] for key in keys]

    config = FilterConfig(rules=rules, soft=("covered",) if "covered" in rules else ())
    known = {"scorer": Yes(), "dialect": COMPACT, "count": tokens}
    told = asyncio.run(filter([one.with_(steps=()) for one in made], config, **known, whole=whole))  # type: ignore[arg-type]
    assert told == asyncio.run(filter(made, config, **known))  # type: ignore[arg-type]
    assert told.kept == tuple(key for key in by_key if key in set(told.kept))
    assert sum(read) == told.eligible == 60 * 11
    assert max(read) < 5


def test_a_model_is_asked_about_many_tasks_at_once() -> None:
    asked: list[int] = []

    class Counting(Yes):
        async def logprobs(self, prompts: object, answers: list[str]) -> list[float]:
            asked.append(len(answers))
            return await super().logprobs(prompts, answers)

    made = [
        one.with_(key=f"{one.key}-{turn}", task=one.task.with_(id=f"{one.task.id}{turn}"))
        for turn in range(20)
        for one in mixture()
    ]
    config = FilterConfig(rules=("page_end", "critique"))
    found = asyncio.run(filter(made, config, scorer=Counting(), dialect=COMPACT, count=tokens))
    critique = found.rules[-1]
    assert critique.seen == 200
    assert sum(asked) >= 2 * critique.seen
    assert len(asked) <= 1 + sum(asked) // 256


def test_attempts_that_have_gone_are_not_passed_over_in_silence() -> None:
    config = FilterConfig()
    with pytest.raises(UsageError, match="1 of 4 attempts at made/a have gone"):
        asyncio.run(filter(mixture(), config, dialect=COMPACT, whole=lambda keys: mixture()[1:4]))


def test_a_hard_rule_may_starve_and_the_report_says_so() -> None:
    found = chosen(mixture())
    assert found.kept == ("a0", "a1", "a2", "b0")
    assert found.coverage.starved == ("made/c",)
    assert found.coverage.covered == 2
    # four of eleven at random (sizes 4, 4, 3): 3 - (C(7,4) + C(7,4) + C(8,4))/C(11,4) = 3 - 140/330
    assert found.coverage.expected == pytest.approx(3 - 140 / 330)
    # shares 3/4 and 1/4: 1/(9/16 + 1/16)
    assert found.coverage.effective == pytest.approx(1.6)


def test_alone_each_rule_faces_everything() -> None:
    reports = {report.name: report for report in chosen(mixture()).rules}
    typed = reports["typed"]
    assert (typed.seen, typed.dropped, typed.alone_dropped) == (9, 1, 1)
    assert reports["covered"].alone_dropped == 6
    assert typed.alone is not None
    assert typed.alone.precision is not None
    assert typed.alone.precision.estimate == pytest.approx(4 / 10)
    assert all(report.alone is None for report in chosen(mixture(), alone=False).rules)


def test_rules_that_ask_the_model_are_not_asked_twice() -> None:
    (report,) = chosen(mixture(), rules=("critique",)).rules
    assert report.alone is None
    assert report.dropped == 0


def test_nothing_and_everything() -> None:
    assert len(chosen(mixture(), preset="none").kept) == 11
    empty = chosen([])
    assert (empty.kept, empty.coverage.tasks, empty.coverage.effective) == ((), 0, 0.0)
    assert empty.before.precision is None
    assert chosen(mixture(), preset="reward").kept == ("a0", "a1", "a2", "b0")
    assert chosen(mixture(), preset="paper").kept == tuple(t.key for t in mixture() if t.key not in ("b3", "c3"))


def test_faults_are_never_kept_whatever_the_rules_and_the_agents_own_are_judged() -> None:
    made = [
        trajectory(owner.value, acting(SUBMIT), owner=owner, ending=Ending.FAULT, score=None, seed=place)
        for place, owner in enumerate(Owner)
    ]
    made.append(trajectory("cancelled", acting(SUBMIT), ending=Ending.CANCELLED, score=None))
    found = chosen(made, preset="none")
    assert found.kept == ("agent",)
    assert (sum(found.faulted.values()), found.cancelled) == (5, 1)


ALL_BUT_REWARD = tuple(name for name in RULES if name != "reward")


@pytest.mark.parametrize("rules", [*PRESETS.values(), ALL_BUT_REWARD, *((name,) for name in ALL_BUT_REWARD)])
def test_no_rule_reads_a_reward(rules: tuple[str, ...]) -> None:
    if "reward" in rules:
        return
    plain = chosen(mixture(), rules=rules, likely_share=1.0)
    dice = random.Random(0)
    for _ in range(3):
        scrambled = [
            made.with_(
                score=dice.choice([None, 0.0, 0.5, 1.0]),
                raw_reward=dice.random(),
                judgments=(Judgment(judge="reward", passed=dice.random() < 0.5),),
                task=made.task.with_(evaluator={"answer": str(dice.random())}),
            )
            for made in mixture()
        ]
        again = chosen(scrambled, rules=rules, likely_share=1.0)
        assert again.kept == plain.kept
        assert again.judgments == plain.judgments
        assert [report.dropped for report in again.rules] == [report.dropped for report in plain.rules]


def test_the_order_given_does_not_change_what_is_kept() -> None:
    made = mixture()
    random.Random(1).shuffle(made)
    assert sorted(chosen(made).kept) == sorted(chosen(mixture()).kept)


def test_judgments_end_with_the_rule_that_dropped() -> None:
    said = chosen(mixture()).judgments
    assert [judgment.judge for judgment in said["b1"]] == ["page_end", "no_error", "stuck", "words", "typed"]
    assert said["b1"][-1].passed is False
    assert "c3" not in said


def test_a_report_survives_json() -> None:
    found = chosen(mixture())
    assert Filtered.model_validate_json(found.model_dump_json()) == found


def test_what_is_missing_is_said_in_one_line() -> None:
    with pytest.raises(UsageError, match="'words' needs a dialect"):
        asyncio.run(filter(mixture(), FilterConfig()))
    with pytest.raises(UsageError, match="'critique' needs a model"):
        asyncio.run(filter(mixture(), FilterConfig(rules=("critique",)), dialect=COMPACT))
    with pytest.raises(UsageError, match="same key"):
        chosen([mixture()[0]] * 2)
    with pytest.raises(UsageError, match="did you mean vote"):
        FilterConfig.resolve(rules=("votes",))


def test_expected_coverage_of_a_random_choice() -> None:
    made = [trajectory(f"{t}{i}", [], task=f"made/{t}") for t in "ab" for i in range(2)]
    assert coverage(made, {"a0"}).expected == pytest.approx(1.0)
    # two of four: both of one task with chance 2/6, so 2 - 1/3
    assert coverage(made, {"a0", "a1"}).expected == pytest.approx(5 / 3)
    assert coverage(made, {"a0", "a1", "b0"}).expected == pytest.approx(2.0)
    assert coverage(made, set()).expected == 0.0
