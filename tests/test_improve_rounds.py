"""What a round learns from and what it says it lost; no browser, no training."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from made_syntheses import author
from made_trajectories import COMPACT, GOAL, page, step, tokens, trajectory
from webapprentice.core.actions import Action, Click, Type
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Ending, Outcome, Provenance, Result, Trajectory
from webapprentice.dialect import prompt_key
from webapprentice.improve.checking import check
from webapprentice.improve.config import ImproveConfig
from webapprentice.improve.loop import Candidate, Round, final, poorer
from webapprentice.improve.workshop import Workshop
from webapprentice.rollout import RolloutConfig
from webapprentice.store import Store

ANN, SUBMIT, CANCEL = Type(node=3, text="Ann"), Click(node=4), Click(node=5)


def attempt(key: str, *actions: Action, task: str = "made/one", score: float | None = None) -> Trajectory:
    steps, said = [], []
    for place, action in enumerate(actions):
        prompt, _ = COMPACT.prompt(GOAL, page(), said, tokens)
        steps.append(step(place, action, prompt=prompt_key(prompt)))
        said.append((steps[-1].said, Outcome(result=Result.DONE)))
    return trajectory(key, steps, task=task, ending=Ending.PAGE, score=score)


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    with Store.create(tmp_path / "store.sqlite") as store:
        made = Workshop(tmp_path, ImproveConfig(dataset={"validation": 0.0}), store, lambda _line: None)
        made._models["seed"] = author()
        yield made


def curate(shop: Workshop, *rounds: list[Trajectory]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    for number, attempts in enumerate(rounds, start=1):
        for one in attempts:
            shop.store.finish(f"practice/{number}", one)
    keys = [[one.key for one in attempts] for attempts in rounds]
    made = asyncio.run(shop.curate("seed", "label_free", str(len(rounds)), keys, ()))
    return made, [json.loads(line) for line in (shop.folder / made["rows"]).read_text("utf-8").splitlines()]


def test_a_later_round_takes_what_is_plausible_in_any_round_and_nothing_that_was_refused(shop: Workshop) -> None:
    refused, plausible = attempt("r1", ANN, CANCEL), attempt("r2", ANN, SUBMIT)
    other = attempt("o1", ANN, SUBMIT, task="made/two")
    made, rows = curate(shop, [refused, other], [plausible])
    assert made["kept"] == ["o1", "r2"]  # the released code, with two folders, came back to the one it had refused
    assert made["dropped_by"] == {"r1": "covered"}
    assert {row["trajectory"] for row in rows} == {"o1", "r2"}
    assert {row["task"] for row in rows} == {"made/one", "made/two"}


def test_rounds_are_judged_apart(shop: Workshop) -> None:
    once = attempt("a", ANN, SUBMIT)
    often = [attempt(f"b{number}", ANN, Click(node=6), SUBMIT) for number in range(3)]
    made, _ = curate(shop, [once], often)
    assert set(made["kept"]) == {"a", "b0", "b1", "b2"}  # three of another model's votes do not outvote the first


def candidate(shop: Workshop, name: str, solved: dict[str, bool]) -> Candidate:
    keys = []
    for task, right in solved.items():
        one = attempt(f"{name}-{task}", ANN, task=f"made/{task}", score=float(right))
        shop.store.finish(f"exam/{name}", one)
        keys.append(one.key)
    return Candidate(arm=name, round=1, seed=0, model=name, exam={1.0: keys})


def curated(effective: float) -> dict[str, Any]:
    return {"label_free": {"report": {"coverage": {"effective": effective}}}}


def around(number: int, effective: float, *candidates: Candidate) -> Round:
    return Round(
        number=number, seed=0, model="m", practice=[], learnt=[], curated=curated(effective),
        candidates=candidates, kept=True, why="",
    )  # fmt: skip


def test_lost_tasks_and_lost_spread_are_told(shop: Workshop) -> None:
    old = candidate(shop, "old", {"a": True, "b": True, "c": False, "d": True})
    new = candidate(shop, "new", {"a": True, "b": False, "c": True, "d": False})
    (lost,) = poorer(shop, new, old, curated(8.0), ())
    assert lost == "2 tasks are never solved any more and 1 are new: made/b, made/d"
    assert poorer(shop, old, new, curated(8.0), [around(1, 9.0)]) == []
    assert poorer(shop, None, old, curated(4.0), [around(1, 9.0)]) == [
        "label_free: what was kept is spread over 4.0 tasks where it was 9.0"
    ]


def test_what_came_of_it_all_is_the_last_round_that_was_kept(shop: Workshop) -> None:
    mine, other = (candidate(shop, name, {"a": True}) for name in ("mine", "other"))
    first, second = around(1, 1.0, mine, other), around(2, 1.0, mine)
    assert final([first, second, first], "mine") is second
    lost = second.with_(kept=False)
    assert final([first, lost], "mine") is first
    assert final([first.with_(kept=False), lost], "mine") == first.with_(kept=False)
    assert final([around(1, 1.0, other)], "mine") is None  # another arm is never what came of it
    assert final([around(1, 1.0)], "mine") is None


def test_too_few_made_up_rows_are_told(shop: Workshop) -> None:
    made = {"mixed": {**curated(5.0)["label_free"], "synthetic": 10, "synthetic_wanted": 500}}
    one = candidate(shop, "one", {"a": True})
    assert poorer(shop, one, one, made, ()) == ["mixed: 10 made-up rows where 500 were wanted; have more made up"]


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        (["practice.rollout.grounded=true", "practice.rollout.dialect=webarena"], "leave grounded off"),
        (["author={model: self, prompts: /nonexistent}"], "nonexistent"),
        (["author={model: self, embedder: no such one}"], "no such one"),
        (["synthesis.lines=[5, 4]"], "the least and the most"),
        (["mixtures={B: {filter: paper}}"], "cannot name a mixture"),
        (["mixtures={a/b: {filter: paper}}"], "cannot name a mixture"),
        (["practice.rollout.dialect=klingon"], "klingon"),
    ],
)
def test_what_would_fail_after_hours_fails_at_once(sets: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check(ImproveConfig.resolve(sets=sets))


def test_other_settings_do_not_share_an_exam(shop: Workshop) -> None:
    how = RolloutConfig()
    assert shop._ours("exam/x/T1", "m", how)
    one = attempt("e", ANN, score=1.0)
    shop.store.finish("exam/x/T1", one.with_(provenance=Provenance(model="m", config_hash=how.hash)))
    assert shop._ours("exam/x/T1", "m", how)
    assert not shop._ours("exam/x/T1", "other", how)
    assert not shop._ours("exam/x/T1", "m", how.with_(max_steps=3))
