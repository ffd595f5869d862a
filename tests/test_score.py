"""`apprentice score`: its prompts are those of training rows, its answers survive a kill, its counts are right."""

from __future__ import annotations

import asyncio
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from made_trajectories import acting, prompted
from made_trajectories import trajectory as acted
from mind2web_rows import SEARCH, action, task
from samples import trajectory
from test_cli import apprentice
from webapprentice.core.actions import Action, Click, Select, Type
from webapprentice.core.faults import Fault, FaultError, LimitError, Owner, UsageError
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Trajectory
from webapprentice.core.text import clean
from webapprentice.curate import DatasetConfig, examples
from webapprentice.curate.sheets import Desk
from webapprentice.dialect import load as load_dialect
from webapprentice.dialect import prompt_key
from webapprentice.evaluate.scoring import ScoreConfig, ScoreLimits, Scores, outline, score
from webapprentice.evaluate.scoring.labels import Labelled, read_ranking, told_of
from webapprentice.importers import FORMATS, Ready
from webapprentice.models import ScriptedModel
from webapprentice.page import Scribe, from_html
from webapprentice.page.numbering import scribe_numbers
from webapprentice.store import Store

DATA = Path(__file__).parents[2] / "shared" / "data"
BUDGET = 8
"""Words of page text: enough for some of the page."""
NODES = re.compile(r"Observation: (.*?)\nStep-by-step", re.DOTALL)


def stored(store: Store, *tasks: dict[str, Any], path: Path, collection: str = "m2w") -> list[Trajectory]:
    path.write_text(json.dumps(tasks))
    made = [item for item in FORMATS["mind2web"](path) if isinstance(item, Ready)]
    for item in made:
        for page in item.pages.values():
            store.put(page)
        store.finish(collection, item.trajectory)
    return [item.trajectory for item in made]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "run" / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def three(store: Store, tmp_path: Path) -> list[Trajectory]:
    return stored(
        store,
        task("a"),
        task("b", "Find a large table now"),
        task("c", "Look for a chair"),
        path=tmp_path / "test_task_0.json",
    )


def shown(prompt: Prompt) -> set[int]:
    """Node ids of the page in a prompt."""
    (page,) = NODES.findall(prompt[1].content)
    return {int(node) for node in re.findall(r'node="(\d+)"', page)}


def run(store: Store, model: ScriptedModel, tell: Callable[[str], None] = lambda _: None, **settings: Any) -> Scores:
    config = ScoreConfig.resolve(None, (), **{"collection": "m2w", **settings})
    return asyncio.run(score(config, store.path.parent, store, model, tell))


def figures(scores: Scores, column: str = "greedy") -> dict[str, float | None]:
    return {one.name: one.value for c in scores.columns if c.name == column for one in c.figures}


def oracle(store: Store, pages: str = "default", wrong: Callable[[Action], bool] = lambda _: False) -> ScriptedModel:
    """Knows every prompt's recorded step, and says it in the node ids that the prompt has."""
    dialect = load_dialect("scribe")
    desk = Desk(dialect, pages, "canonical", lambda text: len(text.split()), store.blob)  # type: ignore[arg-type]
    said: dict[Prompt, str] = {}
    for one in store.trajectories("m2w"):
        for place, step in enumerate(one.steps):
            if step.action is None:
                continue
            for prompt in desk.sheet(one, place).prompts:
                words = (
                    dialect.write(step.action, step.observation, place + 1)
                    if pages == "default"
                    else desk.spelled(step, place + 1)
                )
                said[prompt] = "nothing" if wrong(step.action) else words
    return ScriptedModel(lambda prompt, _: said[prompt], name=f"oracle {pages}")


@pytest.mark.parametrize("pages", ["default", "scribe"])
@pytest.mark.parametrize("setting", ["exact", "mind2web_direct", "mind2web_qa"])
def test_a_model_that_knows_is_right_in_every_setting(
    store: Store, three: list[Trajectory], pages: str, setting: str
) -> None:
    found = run(store, oracle(store, pages), setting=setting, pages=pages, legacy=setting != "exact")
    assert (found.trajectories, found.steps, found.left_out, found.without_target) == (3, 9, 0, 0)
    for reading in ("greedy", "T = 1"):
        told = figures(found, reading)
        if setting == "exact":
            assert told == dict.fromkeys(told, 1.0)
        else:
            assert (told["step success, macro"], told["task success"], told["a positive in context"]) == (1.0, 1.0, 1.0)


def test_one_wrong_kind_of_step_counts_in_every_place(store: Store, three: list[Trajectory]) -> None:
    model = oracle(store, wrong=lambda one: isinstance(one, Select))
    found = figures(run(store, model, setting="mind2web_direct"))
    assert found["element accuracy, macro"] == pytest.approx(2 / 3)
    assert found["task success"] == 0.0
    exact = run(store, model)
    assert figures(exact)["EM"] == pytest.approx(2 / 3)
    assert exact.columns[0].unreadable == 3


def test_prompts_are_those_of_training_rows(store: Store, three: list[Trajectory]) -> None:
    dialect = load_dialect("scribe")

    def count(text: str) -> int:
        return len(text.split())

    for completion in ("canonical", "said"):
        made = DatasetConfig(completion=completion, validation=0.0)  # type: ignore[arg-type]
        rows = {(row.trajectory, row.step): row for row in examples(three, dialect, made, count).train}
        model = ScriptedModel(lambda _prompt, _sampling: "nothing", name=completion)
        run(store, model, history=completion, temperatures=(0.0,))
        asked = set(model.asked)
        assert len(rows) == len(asked)
        assert {row.messages for row in rows.values()} == asked


def test_prompts_are_those_of_acting(store: Store) -> None:
    made = prompted(acted("k", acting(Type(node=3, text="Ann"), Click(node=4), Click(node=5))))
    store.finish("own", made)
    model = ScriptedModel(lambda _prompt, _sampling: "click button Submit [4]")
    found = run(store, model, collection="own", dialect="compact", temperatures=(0.0,))
    assert [prompt_key(prompt) for prompt in model.asked] == [step.prompt_key for step in made.steps]
    assert figures(found)["EM"] == pytest.approx(1 / 3)
    assert figures(found)["kind match"] == pytest.approx(2 / 3)


def test_with_a_small_budget_prompts_differ_from_training_in_the_page_alone(
    store: Store, three: list[Trajectory]
) -> None:
    dialect = load_dialect("scribe").with_(budget=BUDGET)

    def count(text: str) -> int:
        return len(text.split())

    made = DatasetConfig(completion="canonical", validation=0.0)
    rows = {(row.trajectory, row.step): row.messages for row in examples(three, dialect, made, count).train}
    model = ScriptedModel(lambda _prompt, _sampling: "nothing")
    found = run(store, model, budget=BUDGET, temperatures=(0.0,))
    desk = Desk(dialect, "default", "canonical", count, store.blob)
    seen = []
    for one in three:
        for step in one.steps:
            sheet = desk.sheet(one, step.index)
            node = getattr(step.action, "node", None)
            seen.append(node in sheet.shown)
            asked, taught = sheet.prompts[0], rows[one.key, step.index]
            assert (node in shown(asked)) is seen[-1]
            assert node in shown(taught)
            assert NODES.sub("", asked[1].content) == NODES.sub("", taught[1].content)
    assert any(seen)
    assert not all(seen)
    assert figures(found)["target in context"] == pytest.approx(sum(seen) / 9)


def test_chunks_cover_the_page_and_the_right_one_wins_the_vote(store: Store, three: list[Trajectory]) -> None:
    whole = oracle(store, "scribe")
    config = {"pages": "scribe", "budget": 8, "setting": "mind2web_direct", "temperatures": (0.0,)}
    desk = Desk(load_dialect("scribe").with_(budget=8), "scribe", "canonical", whole.count, store.blob)
    sheet = desk.sheet(three[0], 0)
    assert len(sheet.prompts) > 2
    page = "".join(NODES.search(prompt[1].content)[1] for prompt in reversed(sheet.prompts))  # type: ignore[index]
    text = Scribe(whole.count, protect=False).prune(
        clean(store.blob(three[0].steps[0].observation.html or "").decode())
    )
    assert page == text.text.strip() or page.split() == text.text.split()

    def answer(prompt: Prompt, _: Sampling) -> str:
        """Says the true step where its element is shown, and nothing elsewhere."""
        for one in three:
            for place, step in enumerate(one.steps):
                if prompt in desk.sheet(one, place).prompts:
                    words = desk.spelled(step, place + 1)
                    node = re.search(r"Node: (\d+)", words)
                    assert node is not None
                    return words if f'node="{node[1]}"' in NODES.search(prompt[1].content)[1] else "?"  # type: ignore[index]
        raise AssertionError("a prompt that no sheet has")

    found = run(store, ScriptedModel(answer), **config)
    assert figures(found)["step success, macro"] == 1.0
    assert found.columns[0].unreadable > 0


def test_voting_stops_when_it_is_decided_and_gives_what_all_votes_give(store: Store, three: list[Trajectory]) -> None:
    truth = oracle(store)
    few = run(store, truth, setting="mind2web_direct", temperatures=(1.0,), samples=9, batch=4)
    assert few.columns[0].answers < 9 * 9
    every = run(store, truth, setting="mind2web_direct", temperatures=(1.0,), samples=9, legacy=True)
    assert every.columns[0].answers == 9 * 9
    shared = figures(few, "T = 1")
    assert {name: value for name, value in figures(every, "T = 1").items() if name in shared} == shared


class Killed(Exception):
    pass


def test_killed_and_run_again_nothing_is_asked_twice_and_the_table_is_the_same(
    store: Store, three: list[Trajectory]
) -> None:
    truth = oracle(store)
    calls = 0

    def dying(prompt: Prompt, sampling: Sampling) -> Any:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise Killed
        return truth._answer(prompt, sampling)

    settings: dict[str, Any] = {"setting": "mind2web_direct", "batch": 2}
    first = ScriptedModel(dying, name="oracle default")
    with pytest.raises(Killed):
        run(store, first, **settings)
    again = ScriptedModel(lambda prompt, sampling: truth._answer(prompt, sampling), name="oracle default")
    found = run(store, again, **settings)
    assert len(again.asked) == 9 * 2 - 4
    quiet = ScriptedModel([], name="oracle default")
    assert run(store, quiet, **settings) == found
    assert quiet.asked == []


def test_limits_stop_and_the_same_command_goes_on(store: Store, three: list[Trajectory]) -> None:
    truth = oracle(store)
    with pytest.raises(LimitError, match=r"limits\.answers"):
        run(store, truth, batch=2, limits=ScoreLimits(answers=4).model_dump())
    assert len(truth.asked) == 4
    assert figures(run(store, truth))["EM"] == 1.0


def test_a_prompt_that_is_too_long_costs_its_own_answer_only(store: Store, three: list[Trajectory]) -> None:
    truth = oracle(store)
    long = truth._function
    assert long is not None
    refused_one: list[Prompt] = []

    class Narrow(ScriptedModel):
        async def complete(self, prompts: Any, samplings: Any) -> list[Completion]:
            if any("TYPE" not in p[1].content and "Step-by-step guide:\n1." not in p[1].content for p in prompts):
                if len(prompts) == 1:
                    refused_one.append(prompts[0])
                raise FaultError(Fault(owner=Owner.MODEL, kind="context_overflow", message="too long"))
            return await super().complete(prompts, samplings)

    found = run(store, Narrow(long, name="narrow"), temperatures=(0.0,))
    assert found.columns[0].refused == len(refused_one) == 3
    assert figures(found)["EM"] == pytest.approx(6 / 9)
    broken = ScriptedModel(lambda _p, _s: FaultError(Fault(owner=Owner.MODEL, kind="llm_5xx")), name="broken")
    with pytest.raises(FaultError):
        run(store, broken)


def test_baselines_learn_from_the_others_alone(store: Store, three: list[Trajectory], tmp_path: Path) -> None:
    (tmp_path / "run" / "test.txt").write_text(f"{three[0].key}\n")
    nothing = ScriptedModel(lambda _prompt, _sampling: "?")
    found = run(store, nothing, keys="test.txt")
    assert (found.trajectories, found.learned_from) == (1, 2)
    # The nearest goal is b's, which has the same steps; of three actions with two counts each, the first by name.
    assert figures(found, "blind replay")["EM"] == 1.0
    assert figures(found, "majority")["EM"] == pytest.approx(1 / 3)
    assert {one.name: one.value for one in found.differences}["greedy less blind replay"] == -1.0
    (tmp_path / "run" / "train.txt").write_text(three[2].key)
    assert run(store, nothing, keys="test.txt", train_keys="train.txt").learned_from == 1
    with pytest.raises(UsageError, match="stands in train_keys, too"):
        run(store, nothing, keys="test.txt", train_keys="test.txt")
    (tmp_path / "run" / "odd.txt").write_text("none")
    with pytest.raises(UsageError, match="not in the collection"):
        run(store, nothing, keys="odd.txt")
    assert [column.kind for column in run(store, nothing).columns] == ["model", "model"]
    with pytest.raises(UsageError, match="split=train"):
        run(store, nothing, split="train")
    assert run(store, nothing, split="test_task").trajectories == 3


def test_steps_without_a_target_are_wrong_and_nobody_is_asked(store: Store, tmp_path: Path) -> None:
    made = task("a")
    made["actions"][1] = action("a-2", "SELECT", "Large", "99")
    made["actions"][2]["pos_candidates"] = []
    (kept,) = stored(store, made, path=tmp_path / "test_website_1.json")
    assert [step.action is None for step in kept.steps] == [False, True, True]
    assert kept.task.evaluator["split"] == "test_website"
    model = oracle(store)
    found = run(store, model, setting="mind2web_direct", temperatures=(0.0,))
    assert (found.steps, found.without_target, len(model.asked)) == (3, 2, 1)
    assert figures(found)["step success, micro"] == pytest.approx(1 / 3)
    exact = run(store, model, temperatures=(0.0,))
    assert (exact.steps, exact.left_out) == (1, 2)


def test_what_the_import_keeps_of_a_task(store: Store, three: list[Trajectory]) -> None:
    told = told_of(three[0], store.blob)
    assert (told.annotation, told.html) == ("a", "cleaned")
    third = told.steps[2]
    assert (third.uid, third.positives, third.negatives, third.text) == ("a-3", ("6", "7"), ("9", "3"), "Find")
    step = three[0].steps[2]
    labelled = Labelled(step.observation, third, store.blob)
    assert labelled.nodes(["6", "7"]) == [getattr(step.action, "node", 0), getattr(step.action, "node", 0) + 1]
    place = labelled.place(labelled.nodes(["17"])[0])
    assert place is not None
    assert (place.element, place.around[:3], place.text) == ("17", ("7", "6", "2"), "Find")
    searched = three[0].steps[0]
    assert isinstance(searched.action, Type)
    box = searched.observation.element(searched.action.node)
    assert box is not None
    # An element that XML closes at once holds nothing, and the name is spelled with a hyphen again.
    assert (box.tag, box.name, box.parent) == ("input", "Search", searched.observation.elements[0].id)


def test_the_raw_page_and_single_steps_of_the_multimodal_files(tmp_path: Path) -> None:
    whole = task("a")
    (tmp_path / "one.json").write_text(json.dumps([whole]))
    (raw,) = [item for item in FORMATS["mind2web_raw"](tmp_path / "one.json") if isinstance(item, Ready)]
    assert raw.pages[raw.trajectory.steps[0].observation.html or ""].startswith(b"<!DOCTYPE")
    rows = []
    for place, one in enumerate(whole["actions"]):
        row = {name: value for name, value in whole.items() if name != "actions"} | one
        row |= {"operation": json.dumps(one["operation"]), "target_action_index": str(place)}
        row |= {name: [json.dumps(c) for c in one[name]] for name in ("pos_candidates", "neg_candidates")}
        rows.append(row)
    other = {**rows[0], "annotation_id": "b"}
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, [rows[2], rows[0], rows[1], other])))
    made = [item for item in FORMATS["mind2web"](tmp_path / "rows.jsonl") if isinstance(item, Ready)]
    assert [len(item.trajectory.steps) for item in made] == [3, 1]
    kinds = [type(step.action) for step in made[0].trajectory.steps]
    assert kinds == [Type, Select, Click]
    assert made[0].trajectory.steps[1].said == "[combobox]  size -> SELECT: Large"


def test_rankings_are_read_as_json_and_never_as_a_pickle(store: Store, three: list[Trajectory], tmp_path: Path) -> None:
    ranks = {"ranks": {"a-b_c": {"7": 1, "6": 0}}, "scores": {}}
    (tmp_path / "r.json").write_text(json.dumps(ranks))
    assert read_ranking(tmp_path / "r.json") == {"a-b_c": {"7": 1, "6": 0}}
    with pytest.raises(UsageError, match="is a pickle, which may run code"):
        read_ranking(tmp_path / "r.pkl")
    for text in ("", "[]", '{"ranks": {"a": 3}}', '{"ranks": {"a": {"b": "c"}}}'):
        (tmp_path / "odd.json").write_text(text)
        with pytest.raises(UsageError, match="no ranking"):
            read_ranking(tmp_path / "odd.json")
    # Ranked first, the page's body holds every prediction, so nothing but a positive body could be right.
    body = {f"{name}_{name}-{place}": {"2": 0, "4": 1, "5": 2, "6": 3} for name in "abc" for place in (1, 2, 3)}
    (tmp_path / "body.json").write_text(json.dumps({"ranks": body}))
    found = figures(run(store, oracle(store), setting="mind2web_qa", candidates=str(tmp_path / "body.json")))
    assert (found["element accuracy, micro"], found["a positive among the candidates"]) == (0.0, 1.0)
    # The released arithmetic walks the stored order, in which the body comes last.
    last = {name: dict(reversed(ranks.items())) for name, ranks in body.items()}
    (tmp_path / "last.json").write_text(json.dumps({"ranks": last}))
    for name, wanted in (("body", 0.0), ("last", 1.0)):
        told = run(
            store, oracle(store), setting="mind2web_direct", legacy=True, candidates=str(tmp_path / f"{name}.json")
        )
        assert figures(told)["legacy: QA element accuracy"] == wanted
    (tmp_path / "few.json").write_text(json.dumps({"ranks": {"a_a-1": {"2": 0}}}))
    with pytest.raises(UsageError, match="has none for a_a-2"):
        run(store, oracle(store), setting="mind2web_qa", candidates=str(tmp_path / "few.json"))
    cut = figures(run(store, oracle(store), setting="mind2web_qa", candidates=str(tmp_path / "body.json"), top=2))
    assert cut["a positive among the candidates"] == pytest.approx(1 / 3)


def test_an_outline_says_what_would_be_asked(store: Store, three: list[Trajectory]) -> None:
    config = ScoreConfig(collection="m2w", samples=5)
    found = outline(config, store.path.parent, store, lambda text: len(text.split()))
    assert (found.steps, found.prompts, found.answers, found.seconds) == (9, 9, 9 + 45, None)
    run(store, oracle(store))
    assert outline(config, store.path.parent, store, lambda text: len(text.split())).seconds is not None


def test_what_does_not_fit_is_refused_in_one_line(store: Store, three: list[Trajectory]) -> None:
    with pytest.raises(UsageError, match="has no collection 'other'"):
        run(store, oracle(store), collection="other")
    with pytest.raises(UsageError, match="dialect=scribe"):
        ScoreConfig.resolve(None, ("pages=scribe", "dialect=webarena"))
    with pytest.raises(UsageError, match="legacy"):
        ScoreConfig.resolve(None, ("legacy=true",))
    with pytest.raises(UsageError, match="named once"):
        ScoreConfig.resolve(None, ("temperatures=[1, 1]",))
    store.finish("own", trajectory())
    with pytest.raises(UsageError, match="nothing of Mind2Web's candidates"):
        run(store, oracle(store), collection="own", setting="mind2web_direct")
    with pytest.raises(UsageError, match="ScribeAgent's pages need the HTML"):
        run(store, oracle(store), collection="own", pages="scribe")
    assert run(store, oracle(store, wrong=lambda _: True), collection="m2w").steps == 9


def test_the_pages_end_alone_shows_fewer_targets(store: Store, three: list[Trajectory]) -> None:
    model = ScriptedModel(lambda _prompt, _sampling: "?")
    every = figures(run(store, model, pages="scribe", budget=14, temperatures=(0.0,)))
    model.asked.clear()
    tail = run(store, model, pages="scribe_tail", budget=14, temperatures=(0.0,))
    assert every["target in context"] == 1.0
    assert figures(tail)["target in context"] == pytest.approx(1 / 3)
    assert tail.columns[0].answers == 9
    assert model.asked == [], "it was asked as one of all chunks before"


def test_the_command_prints_a_table_and_writes_it(tmp_path: Path) -> None:
    source = tmp_path / "test_task_0.json"
    source.write_text(json.dumps([task("a"), task("b")]))
    there = ("--run", str(tmp_path / "run"))
    assert apprentice("import", "mind2web", str(source), *there).returncode == 0
    words = ("score", *there, "--set", "model=scripted:?", "--set", "setting=mind2web_direct")
    made = apprentice(*words, "--legacy")
    assert made.returncode == 0, made.stderr
    assert "step success, macro" in made.stdout
    assert "legacy: step success" in made.stdout
    told = json.loads((tmp_path / "run" / "score.json").read_text())
    assert (told["steps"], told["setting"], len(told["columns"])) == (6, "mind2web_direct", 2)
    assert "6 prompts" in apprentice(*words, "--dry-run").stdout


def test_both_numberings_name_the_same_elements() -> None:
    pages = [SEARCH, "<p>a<b>b</b> <noscript><i>x</i></noscript>c", "", "<template><a>x</a></template><a>y</a>", "text"]
    source = DATA / "html_readability" / "readability_test_pages_130.tar.xz"
    if source.exists():
        with tarfile.open(source) as files:
            for member in islice((one for one in files if one.name.endswith(".html")), 12):
                file = files.extractfile(member)
                assert file is not None
                pages.append(file.read().decode("utf-8", "replace"))
    for page in pages:
        table = {one.id: one.tag for one in from_html(page) if one.tag != "#text"}
        numbers = scribe_numbers(page)
        assert set(numbers) == set(table)
        text = Scribe(len, protect=False).prune(clean(page)).text
        written = {int(number): tag for tag, number in re.findall(r'<([a-z0-9-]+)[^<>]* node="(\d+)"', text)}
        assert all(written[n] == table[node] for node, n in numbers.items() if n in written)


def test_a_recording_says_its_own_node_ids() -> None:
    html = '<body><div apprentice-node="40"><p apprentice-node="41">a</p></div><button apprentice-node="7">b</button>'
    assert scribe_numbers(html) == {40: 2, 41: 1, 7: 0}
    assert '<button node="0">' in Scribe(len).prune(html).text
