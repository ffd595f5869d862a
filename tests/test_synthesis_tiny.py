"""Examples that a small model makes up: pages written and read again, and what a scripted model makes of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_syntheses import author, seeded
from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Element, Example, Message, Source, Usage
from webapprentice.curate import DatasetConfig, FilterConfig, examples, filter
from webapprentice.dialect import load
from webapprentice.improve.checking import check
from webapprentice.improve.config import ImproveConfig, Mixture
from webapprentice.improve.mixing import mixed
from webapprentice.improve.workshop import Workshop
from webapprentice.page import read_written, render
from webapprentice.store import Store
from webapprentice.synthesis import TinyConfig, invent

COMPACT = load("compact")
PAGE = """\
heading Sign in
text Enter your name
textbox Username [22] = bob
combobox Size [40] = small ( small | medium | a || b )
checkbox Milk [31] checked
item blue [17]
button ok [5] disabled
image star [39]
link Home [41] expanded
slider [60] = 7"""


def shown(elements: Sequence[Element]) -> str:
    return render(elements, "compact", 10_000, tokens).text


def tokens(text: str) -> int:
    return len(text.split())


def test_a_written_page_reads_as_it_was_written() -> None:
    elements = read_written(PAGE)
    assert shown(elements) == PAGE
    by_id = {element.id: element for element in elements}
    assert by_id[40].options == ("small", "medium", "a | b")
    assert by_id[40].value == "small"
    assert by_id[31].states == ("checked",)
    assert by_id[22].value == "bob"
    assert not by_id[39].clickable


@pytest.mark.parametrize(
    "line",
    ["", "button", "button ok", "knob x [3]", "text", "text a [4]", "button ok [x]", "button ok [3] shining"],
)
def test_a_line_that_makes_no_sense_is_left_out(line: str) -> None:
    assert [element.id for element in read_written(f"{line}\nlink Home [9]\nlink Twice [9]")] == [9]


@given(st.text(alphabet="buton lik[]0123456789=()|\n .x", max_size=200))
def test_any_text_is_read_and_what_is_read_is_stable(text: str) -> None:
    once = shown(read_written(text))
    again = shown(read_written(once))
    assert shown(read_written(again)) == again


class Writer:
    """A model that always writes the same, but for every third attempt."""

    key = "writer"

    def __init__(self, page: str = PAGE, block: str = " press ok\nact : click button ok [5]") -> None:
        self.page, self.block = page, block
        self.asked: Counter[str] = Counter()

    def count(self, text: str) -> int:
        return tokens(text)

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        return [self._one(prompt[0].content, sampling) for prompt, sampling in zip(prompts, samplings, strict=True)]

    def _one(self, prompt: str, sampling: Sampling) -> Completion:
        kind = "page" if prompt == "page :\n" else "objective" if prompt.endswith("goal :") else "attempt"
        self.asked[kind] += 1
        if kind == "page":
            text = f"{self.page}\ntext {sampling.seed}\n"
        elif kind == "objective":
            text = self.block
        else:
            wrong = self.asked[kind] % 3 == 0
            text = "click link Home [41]" if wrong else "click button ok [5]"
        return Completion(text=text, usage=Usage(completion_tokens=tokens(text)))


def test_pages_objectives_and_attempts_become_trajectories_that_the_rules_can_judge() -> None:
    model = Writer()
    made = asyncio.run(invent(model, COMPACT, TinyConfig(pages=3, objectives=1, attempts=3, lines=(11, 11), batch=2)))
    assert made.pages == 3
    assert model.asked == {"page": 3, "objective": 3, "attempt": 9}
    assert len({one.key for one in made.trajectories}) == 9
    assert {one.source for one in made.trajectories} == {Source.SYNTHETIC}
    rules = FilterConfig(rules=("words", "typed", "aimed", "vote"), vote_share=0.5)
    kept = asyncio.run(filter(made.trajectories, rules, None, COMPACT, tokens)).kept
    right = [one for one in made.trajectories if one.key in kept]
    assert {one.steps[0].said for one in right} == {"click button ok [5]"}
    rows = examples(right, COMPACT, DatasetConfig(validation=0.0), tokens)
    assert rows.counts.stale == 0  # a row's prompt is the one that was answered
    assert len(rows.train) == 3
    again = invent(Writer(), COMPACT, TinyConfig(pages=3, objectives=1, attempts=3, lines=(11, 11), batch=2))
    assert asyncio.run(again) == made


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Writer(page="text nothing here"), "page: hardly anything to act on"),
        (Writer(block=" press ok\nright ? yes"), "objective: not one line and then an action"),
        (Writer(block="x"), "objective: not one line and then an action"),
    ],
)
def test_what_is_no_page_or_objective_is_counted(model: Writer, why: str) -> None:
    made = asyncio.run(invent(model, COMPACT, TinyConfig(pages=2, objectives=2, lines=(11, 11))))
    assert made.trajectories == ()
    assert why in made.rejected


def test_an_element_that_is_not_there_is_no_attempt() -> None:
    made = asyncio.run(
        invent(Writer(page="link Home [41]\nlink B [42]"), COMPACT, TinyConfig(pages=1, objectives=1, lines=(9, 9)))
    )
    assert made.rejected == {"attempt: no action on this page": 4}
    assert {one.steps[0].said for one in made.trajectories} == {"click link Home [41]"}


def test_other_spellings_are_refused() -> None:
    with pytest.raises(UsageError, match="compact spelling only"):
        asyncio.run(invent(Writer(), load("webarena"), TinyConfig()))


def row(name: str, task: str) -> Example:
    return Example(messages=(Message(role="user", content=name),), completion="x", trajectory=name, task=task)


OWN = [row(f"own{place}", "miniwob/a") for place in range(10)]
MADE = [row(f"made{place}", "synthetic/tiny") for place in range(30)]


@pytest.mark.parametrize(
    ("mixture", "own", "made"),
    [
        (Mixture(), 10, 0),
        (Mixture(synthetic=1.0), 10, 10),
        (Mixture(synthetic=0.5), 10, 5),
        (Mixture(in_domain=False, synthetic=1.0), 0, 10),
        (Mixture(synthetic=5.0), 10, 30),
    ],
)
def test_mixtures_have_their_shares(mixture: Mixture, own: int, made: int) -> None:
    rows = mixed(OWN, MADE, mixture, 42)
    counts = Counter(one.task for one in rows)
    assert (counts["miniwob/a"], counts["synthetic/tiny"]) == (own, made)
    assert mixed(OWN, list(reversed(MADE)), mixture, 42) == rows or mixture == Mixture()


def test_the_papers_letters_name_arms_and_unknown_ones_are_refused() -> None:
    config = ImproveConfig.resolve(sets=["arms=[A, B, C, mine]", "mixtures={mine: {synthetic: 2.0}}"])
    assert config.arms == ("label_free", "mixed", "synthetic", "mine")
    assert config.mixture("mine").synthetic == 2.0
    with pytest.raises(UsageError, match=r"^these settings cannot be: arms: there is no arm 'D'"):
        ImproveConfig.resolve(sets=["arms=[D]"])
    with pytest.raises(UsageError, match="nothing would be taught"):
        ImproveConfig.resolve(sets=["mixtures={mine: {in_domain: false}}"])


def test_an_author_writes_for_the_loop_from_its_own_kept_attempts(tmp_path: Path) -> None:
    with seeded(tmp_path, 6) as store:
        attempts = list(store.trajectories("attempts"))
        with store.together():
            for one in attempts:
                store.finish("practice/1", one.with_(key=f"practised-{one.key}"))
    settings = {"model": "self", "examples": 8, "embedder": "lexical", "options": {}}
    config = ImproveConfig.model_validate({"arms": ["B"], "author": settings, "filter": {"rules": ["F9"]}})
    with Store.create(tmp_path / "store.sqlite") as store:
        shop = Workshop(tmp_path, config, store, lambda _line: None)
        shop._models["seed"] = author()
        keys = [f"practised-{one.key}" for one in attempts]
        made = asyncio.run(shop.invent("seed", "1", keys))
        assert len(made["kept"]) == 8
        found = shop.trajectories(made["kept"])
        assert {parent for one in found for parent in one.provenance.parents} & set(keys)
        assert asyncio.run(shop.invent("seed", "1", keys)) == made
        assert shop.stages.worked == 1
        rows = examples(found, COMPACT, shop._made_up(COMPACT), tokens).train
        assert {row.completion.split(" ")[0] for row in rows} <= {"click", "type", "send", "stop", "scroll", "hover"}


def test_without_an_author_other_dialects_cannot_make_anything_up() -> None:
    config = ImproveConfig.resolve(sets=["arms=[B]", "practice.rollout.dialect=webarena"])
    with pytest.raises(UsageError, match=r"name an author: author\.model=self"):
        check(config)
    check(ImproveConfig.resolve(sets=["arms=[B]", "practice.rollout.dialect=webarena", "author.model=self"]))
