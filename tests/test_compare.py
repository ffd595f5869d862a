"""`apprentice compare`: runs of one store and of several, from the store to the page."""

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from made_trajectories import page, step
from test_cli import apprentice, refused
from webapprentice.core.actions import Click, Stop
from webapprentice.core.faults import Fault, Owner, UsageError
from webapprentice.core.records import Ending, Provenance, Source, Task, Trajectory, Usage
from webapprentice.evaluate.comparison import CompareConfig, compare_runs, place_of
from webapprentice.metrics.comparison import Compared, Side
from webapprentice.models.embedding import embedder
from webapprentice.report.comparison import render_comparison
from webapprentice.report.comparison_text import comparison_text
from webapprentice.store import Store

GOALS = {
    "webarena/1": ("t1", "Open the page of the red lamp"),
    "webarena/2": ("t1", "Open the page of the green lamp"),
    "webarena/3": ("t2", "Open the page of the lamp in red"),
    "webarena/4": ("t3", "Delete every message of yesterday"),
    "webarena/22": ("t4", "Which reviewers mention under water photo"),
}
PRESS, OTHER = Click(node=4), Click(node=5)
WAYS = {"right": (PRESS, OTHER), "long": (PRESS, PRESS, OTHER), "wrong": (OTHER,), "refuse": (Stop(answer="N/A"),)}


def attempt(run: str, task: str, seed: int, way: str, score: float | None) -> Trajectory:
    template, goal = GOALS[task]
    steps = tuple(
        one.with_(usage=Usage(prompt_tokens=10, completion_tokens=2, seconds=0.5))
        for one in (step(index, action, page()) for index, action in enumerate(WAYS[way]))
    )
    return Trajectory(
        key=f"{run}-{task}-{seed}",
        task=Task(id=task, benchmark="webarena", goal=goal, template=template, sites=("shop",)),
        goal=goal,
        source=Source.ROLLOUT,
        steps=steps,
        ending=Ending.STOPPED,
        score=score,
        provenance=Provenance(seed=seed, model=run),
    )


def fill(folder: Path, runs: dict[str, dict[str, str]]) -> None:
    """Runs by name: for each task the way that is gone, with `!` where it solves the task."""
    folder.mkdir(parents=True, exist_ok=True)
    with Store.create(folder / "store.sqlite") as store:
        for run, ways in runs.items():
            for task, way in ways.items():
                score = 1.0 if way.endswith("!") else 0.0
                store.finish(run, attempt(run, task, 0, way.removesuffix("!"), score))


OLD = dict(zip(GOALS, ("right!", "wrong", "wrong", "right!", "refuse!"), strict=True))
NEW = dict(zip(GOALS, ("right!", "right!", "long!", "wrong", "wrong"), strict=True))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stores")
    fill(
        root / "one",
        {
            "exam/base/T0": OLD,
            "exam/mix-s0-r1/T0": NEW,
            "exam/mix-s0-r2/T0": NEW,
            "trivial": {task: "refuse!" if task.endswith("/22") else "refuse" for task in GOALS},
        },
    )
    fill(
        root / "odd",
        {
            "all": dict.fromkeys(list(GOALS)[:4], "right!"),
            "two": dict.fromkeys(list(GOALS)[:2], "right!"),
            "wrong": dict.fromkeys(list(GOALS)[:4], "wrong"),
            "ends": {"webarena/1": "right!", "webarena/4": "right!"},
        },
    )
    with Store.create(root / "odd" / "store.sqlite") as store:
        for task in list(GOALS)[:3]:
            made = attempt("broken", task, 0, "right", 1.0)
            if task == "webarena/1":
                fault = Fault(owner=Owner.ENVIRONMENT, kind="page_crash")
                made = made.with_(fault=fault, ending=Ending.FAULT, score=None)
            if task == "webarena/2":
                made = made.with_(steps=(), score=0.0)
            store.finish("broken", made)
    fill(root / "two", {"gpt": dict.fromkeys(list(GOALS)[:4], "right!"), "failed": {"webarena/1": "wrong"}})
    return root


def compared(stores: Path, *names: str, **sets: object) -> Compared:
    return compared_in(stores / "one", *names, **sets)


def compared_in(run: Path, *names: str, **sets: object) -> Compared:
    config = CompareConfig.model_validate({"embedder": "lexical", **sets})
    return compare_runs(config, names, run, embedder("lexical"))


def side(found: Compared, name: str) -> Side:
    return next(one for one in found.sides if one.name == name)


@pytest.fixture(scope="module")
def found(stores: Path) -> Compared:
    return compared(
        stores,
        "exam/base/T0",
        "exam/mix-s0-r1/T0",
        "exam/mix-s0-r2/T0",
        references=(f"{stores / 'two'}:gpt",),
        baseline="trivial",
        legacy=True,
    )


def test_what_is_said_of_each_run(found: Compared) -> None:
    old, new = side(found, "exam/base/T0"), side(found, "exam/mix-s0-r1/T0")
    assert (old.success.solved, new.success.solved) == (3, 3)
    assert old.without_trivial is not None
    assert new.without_trivial is not None
    assert (old.without_trivial.solved, new.without_trivial.solved) == (2, 3)
    assert old.trivial_share == pytest.approx(0.2)
    assert found.trivial == ("webarena/22",)
    # t1 and t2 say the same in other words: one capability of the three.
    assert found.capabilities == 3
    assert (old.capability.possessed, new.capability.possessed) == (("t1", "t3", "t4"), ("t1",))
    assert old.capability_without_trivial is not None
    assert old.capability_without_trivial.possessed == ("t1", "t3")
    assert (new.conduct.steps, new.conduct.tokens) == (9, 108)
    assert new.conduct.repeated.value == pytest.approx(1 / 9)
    assert set(new.legacy or {}) == {"functional correctness", "capability score", "VERTEX_DTW"}


def test_vertex_knows_the_right_way_from_the_others(found: Compared) -> None:
    old, new = side(found, "exam/base/T0").vertex, side(found, "exam/mix-s0-r1/T0").vertex
    assert old is not None
    assert new is not None
    assert (old.mean.over, new.mean.over) == (4, 4)  # 22 has no reference
    # In the order of the tasks: the same right way in both; wrong, then right; wrong, then long; right, then wrong.
    assert new.scores[0] == old.scores[0] < 1.0  # the trivial agent sees the same first page
    assert old.scores[1] < new.scores[2] < new.scores[1]
    assert new.scores[3] < old.scores[3]
    pair = found.differences[0]
    assert pair.vertex is not None
    assert pair.vertex.value == pytest.approx((new.mean.value or 0) - (old.mean.value or 0))


def test_a_trajectory_is_no_reference_for_itself_and_every_run_is_measured_on_the_same_tasks(stores: Path) -> None:
    with pytest.raises(UsageError, match="only reference"):
        compared(stores, "exam/base/T0", f"{stores / 'two'}:gpt", references=(f"{stores / 'two'}:gpt",))
    # On 2 and 3 nothing but the run's own trajectory is a reference.
    found = compared_in(stores / "odd", "all", "wrong", references=("all", "ends"))
    right, wrong = side(found, "all").vertex, side(found, "wrong").vertex
    assert right is not None
    assert wrong is not None
    assert (right.mean.over, wrong.mean.over) == (2, 2)
    assert right.scores == (pytest.approx(1.0),) * 2
    apart = side(compared_in(stores / "odd", "two", "wrong", references=("ends",)), "wrong").vertex
    assert apart is not None
    assert apart.scores == pytest.approx(wrong.scores)


def test_what_a_run_never_tried_is_not_held_against_it(stores: Path) -> None:
    references = (f"{stores / 'two'}:gpt",)
    for others in ((), ("wrong",)):
        found = compared_in(stores / "odd", "all", "two", *others, references=references)
        all_, two = side(found, "all").vertex, side(found, "two").vertex
        assert all_ is not None
        assert two is not None
        assert (all_.mean.over, two.mean.over) == (4, 2)
        assert two.mean.value == pytest.approx(1.0)
        difference = found.differences[0].vertex
        assert difference is not None
        assert (difference.value, difference.over) == (0.0, 2)


def test_a_fault_of_the_environment_has_no_score_and_an_attempt_without_steps_has_0(stores: Path) -> None:
    found = compared_in(stores / "odd", "all", "broken", references=(f"{stores / 'two'}:gpt",))
    broken = side(found, "broken").vertex
    assert broken is not None
    assert broken.scores == (0.0, pytest.approx(1.0))


def test_runs_that_are_the_same_differ_by_nothing(found: Compared) -> None:
    pair = found.differences[2]
    assert pair.vertex is not None
    assert pair.vertex.interval is not None
    assert (pair.vertex.value, pair.vertex.interval.low, pair.vertex.interval.high) == (0.0, 0.0, 0.0)


def test_a_trivial_agent_that_solves_nothing_is_measured(stores: Path) -> None:
    said = compared_in(stores / "odd", "all", "two", baseline="wrong")
    assert [one.trivial_share for one in said.sides] == [0.0, 0.0]
    unsaid = compared_in(stores / "odd", "all", "two")
    assert [one.trivial_share for one in unsaid.sides] == [None, None]
    for told, seen in ((said, True), (unsaid, False)):
        assert ("the trivial agent solves 0.0%" in comparison_text(told)) is seen
        assert ("trivial agent" in render_comparison(told)) is seen


def test_page_and_action_apart(stores: Path) -> None:
    names, two = ("exam/base/T0", "exam/mix-s0-r1/T0"), (f"{stores / 'two'}:gpt",)
    pages, actions = (compared(stores, *names, references=two, apart=True, page_weight=w) for w in (1.0, 0.0))
    seen, said = (side(one, "exam/base/T0").vertex for one in (pages, actions))
    assert seen is not None
    assert said is not None
    # A wrong press on the right first page: the page is the reference's, the action is not.
    assert min(seen.scores) > min(said.scores)
    assert "apart" in pages.node


def test_pairs_and_what_was_gained(found: Compared) -> None:
    assert [(one.base, one.tuned) for one in found.differences] == [
        ("exam/base/T0", "exam/mix-s0-r1/T0"),
        ("exam/base/T0", "exam/mix-s0-r2/T0"),
        ("exam/mix-s0-r1/T0", "exam/mix-s0-r2/T0"),
    ]
    assert found.together.training_seeds == 2
    first = found.differences[0]
    assert (first.comparison.sign.better, first.comparison.sign.worse) == (2, 2)
    assert first.price.steps is None
    back = next(one for one in found.moves if one.run == "exam/mix-s0-r1/T0" and one.other == "exam/base/T0")
    assert [one.capability for one in back.lost] == ["t3", "t4"]
    assert back.lost[0].examples == ("Delete every message of yesterday",)
    assert back.gained == ()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "form")
        assert all(name != "style" and not name.startswith("on") for name, _ in attrs)
        self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        self.text += data


def test_the_page_shows_all_of_it(found: Compared) -> None:
    tags = _Tags()
    tags.feed(render_comparison(found))
    assert tags.headings == [
        *("Paired differences", "Runs", "Rounds", "Capabilities gained and lost", "VERTEX_DTW"),
        *("Conduct", "Cost", "Size of the examination"),
    ]
    assert "Delete every message of yesterday" in tags.text
    assert "exam/mix-s0/T0" in tags.text  # the curve over rounds
    assert tags.text.count("0.667") == 0
    hostile = found.sides[0].with_(name="<script>alert(1)</script>")
    assert "<script" not in render_comparison(found.with_(sides=(hostile, *found.sides[1:])))


def test_the_text_tells_what_the_numbers_are(found: Compared) -> None:
    text = comparison_text(found)
    for words in (
        *("60.0% -> 60.0%", "without trivial   50.0%", "1 of K = 3", "legacy: VERTEX_DTW", "lost 2 capabilities"),
        *("the trivial agent solves 20.0%", "words alone (lexical)", "5 pairs on 5 tasks"),
    ):
        assert words in text


def test_a_page_of_miniwob_is_a_site_unless_sites_are_set_aside(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        for run in ("a", "b"):
            for name in ("click-tab", "click-tab-2"):
                made = attempt(run, "webarena/1", 0, "right", 1.0)
                task = Task(id=f"miniwob/{name}", benchmark="miniwob", template=name, sites=("miniwob",))
                store.finish(run, made.with_(key=f"{run}{name}", task=task, goal="Switch between the tabs"))
    for across, many in ((False, 2), (True, 1)):
        found = compare_runs(CompareConfig(across_sites=across), ("a", "b"), tmp_path, embedder("lexical"))
        assert (found.capabilities, found.templates, bool(found.embedder)) == (many, 2, across)
        assert found.sides[0].conduct.steps == 4  # counted without reading a page
    with Store.read(tmp_path / "store.sqlite") as store:
        whole, told = next(store.trajectories("a")), next(store.trajectories("a", pages=False))
    assert [one.observation.elements for one in told.steps] == [(), ()]
    assert [one.with_(observation=seen.observation) for one, seen in zip(told.steps, whole.steps, strict=True)] == list(
        whole.steps
    )


def test_wrong_runs_are_refused_in_one_line(stores: Path) -> None:
    for names, sets, words in (
        (("exam/base/T0",), {}, "two runs"),
        (("exam/base/T0", "exam/base/T0"), {}, "named twice"),
        (("exam/base/T0", "exam/new/T0"), {}, "exam/new/T0"),
        (("exam/base/T0", "trivial"), {"references": (f"{stores / 'two'}:failed",)}, "no solved trajectory"),
        (("exam/base/T0", "trivial"), {"capabilities": 1}, "K is 1"),
    ):
        with pytest.raises(UsageError, match=words):
            compared(stores, *names, **sets)
    with pytest.raises(UsageError, match="FOLDER:COLLECTION"):
        place_of(f"{stores}/none:exam", stores / "nowhere")


def test_on_the_command_line(stores: Path, tmp_path: Path) -> None:
    run = ("--run", str(stores / "one"))
    words = ("exam/base/T0", f"{stores / 'one'}:exam/mix-s0-r1/T0", *run, "--set", "embedder=lexical")
    html = tmp_path / "page.html"
    result = apprentice("compare", *words, "--references", f"{stores / 'two'}:gpt", "--html", str(html), "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["pairs"] == 5
    assert told["micro"]["base"] == 0.6
    assert [one["success"]["solved"] for one in told["sides"]] == [3, 3]
    assert html.read_text("utf-8").startswith("<!doctype html>")
    # The trivial agent solves a task of one template of four: a base of 0 in a third of the replicates.
    result = apprentice("compare", "trivial", "exam/mix-s0-r1/T0", *run, "--set", "embedder=lexical", "--json")
    told = json.loads(result.stdout, parse_constant=pytest.fail)
    assert told["micro"]["relative"]["high"] is None
    refused(apprentice("compare", "exam/base/T0", "trivial", *run, "--set", "gamma=0"), 2, "gamma")
    dry = apprentice("compare", "exam/base/T0", "trivial", *run, "--dry-run")
    assert dry.stdout.splitlines() == ["exam/base/T0: 5 episodes", "trivial: 5 episodes"]
