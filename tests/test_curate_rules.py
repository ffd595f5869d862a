import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_trajectories import COMPACT, GOAL, acting, page, step, tokens, trajectory
from webapprentice.core.actions import Action, Click, Dialog, Drag, Goto, Press, Select, Stop, Type
from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Element, Ending, Observation, Result, Source, Step, Trajectory
from webapprentice.curate import Critique, FilterConfig, Likely, Rule, Vote, blind
from webapprentice.curate.filtering import _rule
from webapprentice.curate.groups import element_name, signature
from webapprentice.curate.rules import invents, misnames
from webapprentice.curate.wording import copied, folded, named_in, proper_names, quoted, stands_in, texts_of, used_by
from webapprentice.dialect import load

ANN, SUBMIT, CANCEL = Type(node=3, text="Ann"), Click(node=4), Click(node=5)


def rule(name: str, **knobs: object) -> Rule:
    return _rule(name, FilterConfig.model_validate({"preset": "none", **knobs}), None, COMPACT, tokens)


def passes(name: str, made: Trajectory, **knobs: object) -> bool | None:
    (judgment,) = asyncio.run(rule(name, **knobs).judge([made]))
    assert judgment.judge == name
    assert bool(judgment.reason) is (judgment.passed is not True)
    return judgment.passed


def one(*steps: Step, ending: Ending = Ending.STOPPED, goal: str = GOAL) -> Trajectory:
    return trajectory("k", steps, ending=ending, goal=goal)


GOOD = one(*acting(ANN, SUBMIT, Stop(answer="Ann")))


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("F1", one()),
        ("F1", one(step(0, SUBMIT, prompt=None))),
        ("F2", one(*acting(SUBMIT), ending=Ending.STEP_LIMIT)),
        ("F2", one(*acting(SUBMIT), ending=Ending.TIME_LIMIT)),
        ("F2", one(*acting(SUBMIT), ending=Ending.REPEATED)),
        ("F2", one(*acting(SUBMIT), ending=Ending.UNREADABLE)),
        ("F3", one(*acting(SUBMIT, ANN, SUBMIT, ANN, SUBMIT))),
        ("F4", one(step(0, Stop(answer=""), said="it is impossible"))),
        ("F5", one(step(0, Stop(answer=""), said="I cannot do this"))),
        ("F6", one(*acting(SUBMIT, Stop(answer="N/A")))),
        ("F7", one(*acting(SUBMIT, Stop()))),
        ("F8", one(*acting(Stop(answer="No such order")))),
        ("F9", one(step(0, None), *acting(SUBMIT))),
        ("page_end", one(*acting(SUBMIT))),
        ("no_error", one(step(0, SUBMIT, result=Result.COVERED))),
        ("no_error", one()),
        ("stuck", one(*acting(SUBMIT, CANCEL, SUBMIT))),
        ("words", one(step(0, SUBMIT, said="click button Cancel [4]"))),
        ("words", one(step(0, ANN, said="type textbox Search [3] = Ann"))),
        ("typed", one(*acting(Type(node=3, text="Bob")))),
        ("typed", one(*acting(Stop(answer="42")))),
        ("covered", one(*acting(ANN, CANCEL))),
        ("covered", one(*acting(SUBMIT))),
        ("proper", one(*acting(SUBMIT), goal="Find the mail by Ann and press submit")),
        ("proper", one(step(0, ANN, result=Result.COVERED), goal="Write to Ann")),
        ("aimed", one(*acting(ANN, CANCEL))),
        ("aimed", one(*acting(Click(node=99)))),
    ],
)
def test_each_rule_drops_what_it_is_for_and_keeps_the_good(name: str, bad: Trajectory) -> None:
    assert passes(name, bad) is False
    good = GOOD.with_(ending=Ending.PAGE) if name == "page_end" else GOOD
    assert passes(name, good) is True


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("F1", one(step(0, SUBMIT, prompt=None)).with_(source=Source.RECORDED)),
        ("F3", one(*acting(SUBMIT, SUBMIT))),
        ("F4", one(step(0, SUBMIT, said="Impossible"))),  # case counts
        ("F4", one(step(0, SUBMIT, said="impossible"), *acting(SUBMIT))),  # only the last answer counts
        ("F6", one(*acting(Stop(answer="N/A"), SUBMIT))),
        ("F7", one(*acting(Stop(), SUBMIT))),
        ("F8", one(*acting(Stop(answer="Nothing")))),
        ("F9", one()),
        ("stuck", one(step(0, SUBMIT), step(1, SUBMIT, page(value="1")), step(2, SUBMIT, page(value="2")))),
        ("words", one(step(0, SUBMIT, said="click  button submit [4]"))),
        ("words", one(step(0, ANN, said="type textbox Name [3] = anything"))),
        ("words", one(step(0, None, said="nonsense"))),
        ("typed", one(*acting(Type(node=3, text="was here"), Type(node=3, text=""), Press(keys="Enter")))),
        ("typed", one(*acting(Type(node=3, text="ann")))),
        ("covered", one(goal="No quotes")),
        ("covered", one(*acting(ANN, SUBMIT), goal='Type "Ann," then click the "button".')),
        ("covered", one(*acting(Drag(node=3, to=4), Stop(answer="Ann")))),
        ("proper", one(*acting(ANN), goal="Write to Ann")),
        ("proper", one(*acting(CANCEL), goal='Select nothing. Then "Press Me". Now go')),
        ("proper", one(*acting(Stop(answer="to Ann")), goal="Who is it? Say Ann")),
        ("aimed", one(*acting(CANCEL), goal="Please cancel it")),
        ("aimed", one(*acting(Press(keys="Enter")))),
    ],
)
def test_what_a_rule_lets_pass(name: str, fine: Trajectory) -> None:
    assert passes(name, fine) is True


def test_f3_has_its_number() -> None:
    twice = one(*acting(SUBMIT, SUBMIT))
    assert passes("F3", twice, repeats=2) is False


def test_reward_is_the_one_that_reads_the_score() -> None:
    assert passes("reward", GOOD) is True
    assert passes("reward", GOOD.with_(score=0.9)) is False
    assert passes("reward", GOOD.with_(score=0.9), reward_least=0.5) is True
    assert passes("reward", blind(GOOD)) is False


def test_covered_ignores_actions_that_came_to_nothing() -> None:
    made = one(step(0, ANN, result=Result.COVERED), step(1, SUBMIT))
    assert passes("covered", made) is False


def test_a_close_button_is_an_x() -> None:
    close = Element(id=3, tag="button", role="button", name="Close", attributes={"class": "icon cross"})
    closing = one(step(0, Click(node=3), Observation(url="", elements=(close,))), goal='Click the "x".')
    assert passes("covered", closing) is True
    assert passes("covered", closing.with_(goal='Click the "cross".')) is True
    assert passes("covered", closing.with_(goal='Click the "+".')) is False


def test_a_text_seen_earlier_counts_when_asked() -> None:
    later = Observation(url="http://page.test/", elements=page().elements[2:])
    made = one(step(0, SUBMIT), step(1, Type(node=3, text="was here"), later), goal="Copy it")
    assert invents(made, "page") is not None
    assert invents(made, "seen") is None


def test_only_the_compact_spelling_repeats_words() -> None:
    assert misnames(one(step(0, SUBMIT, said="click [99]")), load("webarena")) is None


def test_quotes_of_an_objective() -> None:
    assert quoted('Enter "Ann" and “Bob”, then «x y» and "Ann"') == ["Ann", "Bob", "x y"]
    assert quoted("Don't press Ann's 'big button' or it's gone") == ["big button"]
    assert quoted('Empty "" and " "') == []


def test_proper_names_of_an_objective() -> None:
    assert proper_names("Find the mail by Ann. Reply to Bob-Lee, not to ann") == ["Ann", "Bob-Lee"]
    assert proper_names("Show me what I sent; I'm sure I'd called it Alpha") == ["Alpha"]
    assert proper_names("Fly from: Nome, AK to: Barrow, AK") == ["Nome", "AK", "Barrow"]
    assert proper_names('Press "Go Now". Then stop') == []


def test_words_in_words() -> None:
    assert stands_in(("3",), ("1", "3"))
    assert not stands_in(("3",), ("13",))
    assert stands_in((), ("a",))
    assert copied("ann@x.org", "Write to Ann@X.org!", [])
    assert not copied("3", "there are 13", [])


@settings(deadline=None)
@given(st.lists(st.sampled_from("ab"), max_size=4), st.lists(st.sampled_from("ab"), max_size=8))
def test_words_in_words_is_substring_of_letters(part: list[str], whole: list[str]) -> None:
    assert stands_in(part, whole) is ("".join(part) in "".join(whole))


def test_what_actions_say() -> None:
    assert texts_of(Select(node=1, options=("a", "b"))) == ["a", "b"]
    assert texts_of(None) == []
    assert used_by("yes", step(0, Dialog(accept=True, text="yes")))
    assert used_by("page.test", step(0, Goto(url="http://page.test/x")))
    assert not used_by("Ann", step(0, SUBMIT))


# ---- groups of attempts ----


def test_elements_are_known_by_name_and_order_not_by_id() -> None:
    assert element_name(4, page()) == element_name(104, page(100)) == "button submit #0"
    assert element_name(6, page()) != element_name(7, page())
    assert element_name(9, page()) == "? [9]"


def test_signatures_survive_other_ids_and_drop_what_failed() -> None:
    here = one(*acting(SUBMIT, CANCEL))
    there = one(*acting(Click(node=104), Click(node=105), offset=100))
    failed = one(step(0, ANN, result=Result.STALE), *acting(SUBMIT, CANCEL))
    assert signature(here, True) == signature(there, True) == signature(failed, True)
    assert signature(here, True) != signature(one(*acting(CANCEL, SUBMIT)), True)
    assert signature(here, False) == signature(one(*acting(CANCEL, SUBMIT)), False)


def attempt(key: str, *actions: Action, seed: int = 0, logprob: float | None = -1.0) -> Trajectory:
    steps = [step(index, action, logprob=logprob) for index, action in enumerate(actions)]
    return trajectory(key, steps, seed=seed)


def winners(vote: Vote | Likely, attempts: Sequence[Trajectory]) -> str:
    judgments = asyncio.run(vote.judge(attempts))
    return "".join(made.key for made, judgment in zip(attempts, judgments, strict=True) if judgment.passed)


def test_the_most_frequent_way_wins_in_each_episode() -> None:
    made = [attempt("a", SUBMIT), attempt("b", CANCEL), attempt("c", SUBMIT), attempt("d", CANCEL, seed=1)]
    assert winners(Vote(), made) == "acd"
    assert [j.score for j in asyncio.run(Vote().judge(made))] == [2 / 3, 1 / 3, 2 / 3, 1.0]
    assert winners(Vote(min_votes=2), made) == "ac"
    assert winners(Vote(min_share=0.7), made) == "d"


def test_ties_are_dropped_or_go_to_the_likelier() -> None:
    made = [attempt("a", SUBMIT, logprob=-2.0), attempt("b", CANCEL, logprob=-1.0)]
    assert winners(Vote(ties="drop"), made) == ""
    assert winners(Vote(), made) == "b"
    unknown = [attempt("a", SUBMIT, logprob=None), attempt("b", CANCEL, logprob=None)]
    assert winners(Vote(), unknown) == ""
    equal = [attempt("a", SUBMIT), attempt("b", CANCEL)]
    assert winners(Vote(), equal) == ""


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_a_vote_does_not_depend_on_the_order(order: list[int]) -> None:
    made = [attempt(str(i), (SUBMIT, CANCEL, ANN)[i % 3], logprob=-1.0 - i) for i in range(6)]
    assert sorted(winners(Vote(), [made[i] for i in order])) == sorted(winners(Vote(), made))


def test_the_likelier_half_passes() -> None:
    made = [attempt(key, SUBMIT, logprob=logprob) for key, logprob in zip("abc", (-3.0, -1.0, -2.0), strict=True)]
    assert winners(Likely(share=0.5), made) == "bc"
    assert winners(Likely(share=0.01), made) == "b"
    (undecided,) = asyncio.run(Likely().judge([attempt("a", SUBMIT, logprob=None)]))
    assert undecided.passed is None


class Opinion:
    """Scores `yes` by what a prompt contains; remembers how much it was asked."""

    def __init__(self, yes: Callable[[str], float]) -> None:
        self.yes = yes
        self.asked = 0

    async def logprobs(self, prompts: Sequence[Prompt], answers: Sequence[str]) -> list[float]:
        assert len(prompts) == len(answers) <= 256
        self.asked += len(prompts)
        return [
            self.yes(prompt[-1].content) if answer == "yes" else 0.0
            for prompt, answer in zip(prompts, answers, strict=True)
        ]


def test_critique_asks_about_every_step() -> None:
    opinion = Opinion(lambda text: 2.0 if "Submit" in text.splitlines()[-2] else -2.0)
    made = [attempt("a", SUBMIT, SUBMIT), attempt("b", SUBMIT, CANCEL), attempt("c", CANCEL)]
    judged = asyncio.run(Critique(opinion, COMPACT, tokens, threshold=0.5).judge(made))
    # σ(2) = 0.8808, σ(-2) = 0.1192; their mean is exactly one half
    assert [judgment.score for judgment in judged] == [
        pytest.approx(0.880797, abs=1e-6),
        pytest.approx(0.5),
        pytest.approx(0.119203, abs=1e-6),
    ]
    assert opinion.asked == 10
    least = asyncio.run(Critique(opinion, COMPACT, tokens, threshold=0.5, pool="least").judge(made))
    assert [judgment.passed for judgment in least] == [True, False, False]
    best = asyncio.run(Critique(opinion, COMPACT, tokens, threshold=0.0, share=0.01).judge(made))
    assert [judgment.passed for judgment in best] == [True, False, False]


def test_critique_in_batches_and_at_the_edges() -> None:
    opinion = Opinion(lambda text: float("-inf"))
    many = [attempt(str(i), SUBMIT, seed=i) for i in range(300)]
    judged = asyncio.run(Critique(opinion, COMPACT, tokens).judge([*many, trajectory("none", [])]))
    assert opinion.asked == 600
    assert [judgment.passed for judgment in judged] == [False] * 300 + [None]


def test_named_wants_everything_that_the_objective_names_and_the_page_offers() -> None:
    both = 'Press "Submit", then press Cancel.'
    assert passes("named", one(*acting(SUBMIT, CANCEL), goal=both)) is True
    assert passes("named", one(*acting(CANCEL), goal=both)) is False
    assert passes("named", one(*acting(SUBMIT), goal="Press submit.")) is True
    assert passes("named", one(*acting(CANCEL), goal="Do what has to be done.")) is True


def test_named_minds_the_longest_name_and_no_plain_short_word() -> None:
    seen = page()
    extra = (
        Element(id=90, tag="a", role="link", name="a", clickable=True),
        Element(id=91, tag="button", role="button", name="Submit all", clickable=True),
    )
    seen = seen.model_copy(update={"elements": (*seen.elements, *extra)})
    assert named_in(folded("Press a Submit all button"), [seen]) == ["Submit all"]
    gone = seen.model_copy(
        update={"elements": tuple(e.model_copy(update={"states": ("disabled",)}) for e in seen.elements)}
    )
    assert named_in(folded("Press a Submit all button"), [gone]) == []
