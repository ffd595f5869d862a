"""Whole runs with a scripted author: what is kept, what is refused, what is asked twice (nothing)."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from made_syntheses import answer, author, made, rng_of, seed, seeded, stage_of
from synthesis_judge import fault_of, mutated
from webapprentice.cli.synthesize import command
from webapprentice.core.faults import ApprenticeError, Fault, FaultError, LimitError, Owner, UsageError
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Trajectory
from webapprentice.curate import DatasetConfig, FilterConfig, examples
from webapprentice.curate import filter as sift
from webapprentice.dialect import load
from webapprentice.models import ScriptedModel
from webapprentice.models.lexical import LexicalEmbedder
from webapprentice.store import Store
from webapprentice.synthesis import SynthesisConfig, Synthesized, synthesize


def run_once(folder: Path, model: Any, *, seeds: int = 6, **settings: Any) -> tuple[Synthesized, list[Trajectory]]:
    fresh = not (folder / "store.sqlite").exists()
    with seeded(folder, seeds) if fresh else Store.create(folder / "store.sqlite") as store:
        told = asyncio.run(made(folder, store, model, **settings))
        return told, list(store.trajectories("synthetic/examples"))


def words(text: str) -> int:
    return len(text.split())


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Synthesized, list[Trajectory]]:
    return run_once(tmp_path_factory.mktemp("forty"), author(), examples=40)


def test_what_a_good_author_writes_is_kept(forty: tuple[Synthesized, list[Trajectory]]) -> None:
    told, found = forty
    assert (told.examples, told.samples, len(found), told.rejected, told.given_up) == (40, 40, 40, {}, {})
    assert [fault_of(one) for one in found] == [""] * 40
    assert len({one.key for one in found}) == len({one.goal for one in found}) == 40
    assert told.positions["middle"] >= 8
    assert {"first", "last"} <= told.positions.keys()
    for one in found:
        assert (one.score, one.source, one.provenance.spelling) == (None, "synthetic", "webarena")
        assert any(parent.startswith("seed-") for parent in one.provenance.parents)
    later = {parent for one in found[32:] for parent in one.provenance.parents}
    assert later & {one.key for one in found[:8]}  # earlier ones are shown to later ones
    assert told.embedded == 6 + 40  # one vector for each seed objective and each made-up one


def test_examples_go_the_way_of_all_trajectories(forty: tuple[Synthesized, list[Trajectory]]) -> None:
    found = forty[1]
    sifted = asyncio.run(sift(found, FilterConfig(preset="paper")))
    assert len(sifted.kept) == 40
    webarena = examples(found, load("webarena"), DatasetConfig(validation=0.1), words)
    rows = [*webarena.train, *webarena.validation]
    assert len(rows) == 40
    by_key = {one.key: one for one in found}
    for row in rows:
        one = by_key[row.trajectory]
        previous = "click [7]" if one.before else "None"
        assert row.messages[-1].content.endswith(f"OBJECTIVE: {one.goal}\nPREVIOUS ACTION: {previous}")
        assert row.completion == one.steps[0].said
        first, last = not one.before, one.steps[0].action.kind == "stop"  # type: ignore[union-attr]
        assert row.position == ("only" if first and last else "first" if first else "last" if last else "middle")
    positions = {row.position for row in rows}
    assert positions == {"first", "middle", "last", "only"}
    for dialect in ("compact", "scribe"):
        other = examples(found, load(dialect), DatasetConfig(validation=0.0, completion="canonical"), words)
        assert len(other.train) == 40, other.counts


def test_the_same_is_made_in_any_batch_and_however_often_it_is_run(
    tmp_path: Path, forty: tuple[Synthesized, list[Trajectory]]
) -> None:
    want = [one.model_dump_json() for one in forty[1]]
    slow, found = run_once(tmp_path / "one", author(), examples=15, batch=1)
    assert [one.model_dump_json() for one in found] == want[:15]
    again, found = run_once(tmp_path / "one", ScriptedModel([], name="author"), examples=15)
    assert (again.asked, again.answers, len(found)) == (0, slow.answers, 15)
    model = author()
    more, found = run_once(tmp_path / "one", model, examples=40)
    assert [one.model_dump_json() for one in found] == want
    assert len(model.asked) == more.asked == more.answers - again.answers


class Counting(ScriptedModel):
    """Notes how many prompts come at once."""

    def __init__(self) -> None:
        super().__init__(lambda prompt, sampling: answer(prompt[-1].content, sampling.seed), name="author")
        self.sizes: list[int] = []

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        self.sizes.append(len(prompts))
        return await super().complete(prompts, samplings)


def test_many_samples_are_asked_for_at_once(tmp_path: Path) -> None:
    model, lines = Counting(), list[str]()
    with seeded(tmp_path) as store:
        asyncio.run(made(tmp_path, store, model, lines, examples=24, window=24))
    assert max(model.sizes) >= 16
    assert len(model.sizes) < sum(model.sizes) / 4
    assert "synthesis: 24/24 examples of 24 samples" in lines[-1]


@pytest.mark.parametrize(
    ("said", "stage", "reason"),
    [
        ("", "objective", "objective: empty"),
        ("OBJECTIVE: a \ud800 pair", "objective", "objective: no URL"),
        ("I cannot help with that.", "objective", "objective: no OBJECTIVE"),
        ("a" * 1_000_000, "plan", "plan: longer than any answer"),
        ("1. Ponder", "plan", "plan: a step that is no click, scroll, type or stop"),
        ("here", "address", "address: no address"),
        ("prose, and no labels", "actions", "actions: no WEBPAGE"),
        ("[1] link 'a'", "page", "page: a page with next to nothing on it"),
    ],
)
def test_nothing_is_tried_for_ever(tmp_path: Path, said: str, stage: str, reason: str) -> None:
    def one(prompt: Prompt, sampling: Sampling) -> str:
        words = prompt[-1].content
        return said if stage_of(words) == stage else answer(words, sampling.seed)

    told, found = run_once(tmp_path, ScriptedModel(one), examples=6, tries=2, samples=6, rejected=5)
    begun = told.given_up[stage]
    assert told.samples == 6
    assert begun + told.examples == 6
    assert told.rejected[reason] == 2 * begun
    assert len(found) == told.examples < 6
    lines = (tmp_path / "synthetic.examples.rejected.jsonl").read_text().splitlines()
    assert len(lines) == min(5, 2 * begun)
    first = json.loads(lines[0])
    assert (first["stage"], first["attempt"], f"{stage}: {first['reason']}") == (stage, 0, reason)
    assert len(first["answer"]) <= 2_000


def test_objectives_are_new(tmp_path: Path) -> None:
    def one(prompt: Prompt, sampling: Sampling) -> str:
        words = prompt[-1].content
        if stage_of(words) != "objective":
            return answer(words, sampling.seed)
        rng = rng_of(words, sampling.seed)
        goals = ["Find the price of a red kite in Boston", "Tell me how tall the old bridge is", seed(2).goal]
        return f"OBJECTIVE: {rng.choice(goals)}\nURL: www.kites.com"

    told, found = run_once(tmp_path / "apart", ScriptedModel(one), samples=12, tries=4)
    assert sorted({one.goal for one in found}) == [
        "Find the price of a red kite in Boston",
        "Tell me how tall the old bridge is",
    ]
    assert told.examples == 2
    assert told.rejected["objective: too much like another objective"] >= 20
    told, found = run_once(tmp_path / "near", ScriptedModel(one), samples=12, tries=4, apart_from_seeds=False)
    assert seed(2).goal in {one.goal for one in found}


def test_a_thousand_mutated_answers_let_nothing_wrong_in(tmp_path: Path) -> None:
    changed = 0

    def one(prompt: Prompt, sampling: Sampling) -> str:
        nonlocal changed
        good = answer(prompt[-1].content, sampling.seed)
        rng = random.Random(sampling.seed)
        if rng.random() < 0.3:
            return good
        changed += 1
        return mutated(good, rng) if good else good

    told, found = run_once(tmp_path, ScriptedModel(one), examples=150, tries=6)
    assert changed >= 1_000
    assert (told.examples, len(found)) == (150, 150)
    assert [why for trajectory in found if (why := fault_of(trajectory))] == []
    assert len(told.rejected) > 30
    assert sum(told.rejected.values()) > 300
    assert {reason.split(":")[0] for reason in told.rejected} == {"objective", "plan", "address", "actions", "page"}


def test_prompts_too_long_are_shown_less(tmp_path: Path) -> None:
    longest = 0

    def one(prompt: Prompt, sampling: Sampling) -> str | FaultError:
        nonlocal longest
        words = prompt[-1].content
        if stage_of(words) in ("actions", "page") and "EXAMPLE 2" in words:
            return FaultError(Fault(owner=Owner.MODEL, kind="context_overflow", message="too long"))
        longest = max(longest, len(words))
        return answer(words, sampling.seed)

    told, found = run_once(tmp_path, ScriptedModel(one), examples=6)
    assert (told.examples, len(found)) == (6, 6)
    assert told.rejected == {"actions: context_overflow": 6}


def test_a_limit_is_passed_by_one_answer_at_the_most_and_the_run_goes_on(
    tmp_path: Path, forty: tuple[Synthesized, list[Trajectory]]
) -> None:
    class Priced(Counting):
        spent = 0.0

        async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
            said = await super().complete(prompts, samplings)
            self.spent += sum(one.usage.prompt_tokens * 1e-6 + one.usage.completion_tokens * 1e-5 for one in said)
            return said

    model, prices = Priced(), {"price_in": 1.0, "price_out": 10.0}
    for limits, name in [({"money": 0.02}, "money"), ({"tokens": 5_000}, "tokens"), ({"answers": 20}, "answers")]:
        before, asked, began = model.spent, len(model.asked), len(model.sizes)
        with pytest.raises(LimitError, match=rf"limits\.{name} was reached .* run this again to go on"):
            run_once(tmp_path, model, examples=40, limits={**prices, **limits})
        assert len(model.sizes) > began
        if name == "money":
            assert 0.02 <= model.spent - before < 0.02 + 0.005
        if name == "answers":
            assert len(model.asked) - asked == 20
    told, found = run_once(tmp_path, model, examples=40)
    assert [one.model_dump_json() for one in found] == [one.model_dump_json() for one in forty[1]]
    assert len(model.asked) == told.answers  # nothing was asked twice
    with pytest.raises(ValueError, match="money can be limited only where"):
        run_once(tmp_path, model, limits={"money": 1.0})


def test_the_command_says_what_it_would_do_and_when_there_are_too_few(tmp_path: Path) -> None:
    seeded(tmp_path).close()
    words = [
        "--run",
        str(tmp_path),
        "--set",
        "model=scripted:hello",
        "--set",
        "embedder=lexical",
        "--set",
        "examples=2",
    ]
    planned = CliRunner().invoke(command, [*words, "--dry-run"])
    assert "6 seed trajectories; 2 examples from at most 8 samples" in planned.output
    done = CliRunner().invoke(command, [*words, "--json"], standalone_mode=False)
    assert isinstance(done.exception, ApprenticeError)
    assert "only 0 of 2 examples came of 8 samples" in str(done.exception)
    assert json.loads(done.stdout)["given_up"] == {"objective": 8}
    assert len((tmp_path / "synthetic.examples.rejected.jsonl").read_text().splitlines()) == 40
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "plan.txt").write_text("Plan {{objective}}")
    wrong = CliRunner().invoke(command, [*words, "--set", f"prompts={tmp_path / 'words'}"], standalone_mode=False)
    assert isinstance(wrong.exception, UsageError)
    assert "lacks {{site}}" in str(wrong.exception)


def test_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    model = author()
    run_once(tmp_path, model, examples=1)
    with pytest.raises(UsageError, match=r"there is no list of kept trajectories at .*run `apprentice filter` first"):
        run_once(tmp_path, model, keep="missing")
    with pytest.raises(UsageError, match="the store has no collection 'other'"):
        run_once(tmp_path, model, collections=("other",))
    (tmp_path / "none.txt").write_text("")
    with pytest.raises(UsageError, match="can demonstrate an action; run `apprentice filter`"):
        run_once(tmp_path, model, keep="none")
    with pytest.raises(UsageError, match=r"synthetic/examples holds examples made with other settings.* name=NAME"):
        run_once(tmp_path, model, tries=2)
    with Store.create(tmp_path / "store.sqlite") as store:
        config = SynthesisConfig(model="made", examples=1)
        with pytest.raises(UsageError, match="made/shop-3 in attempts is held out"):
            asyncio.run(synthesize(config, tmp_path, store, model, LexicalEmbedder(), print, {"made/shop-3"}))
    with pytest.raises(ValueError, match="shown_own must be less than shown"):
        run_once(tmp_path, model, shown=2)
