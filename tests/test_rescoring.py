"""Judging again from what was kept: whose failure it was stays, and the last judging is the one that counts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from webapprentice.core.faults import Fault, Owner
from webapprentice.core.records import Ending, Judgment, Provenance, Source, Trajectory
from webapprentice.evaluate.rescoring import RescoreConfig, Rescored, held_by, rescore
from webapprentice.models import ScriptedModel
from webapprentice.store import Store
from webapprentice.tasks.siteworld import Held
from webapprentice.tasks.webarena import Evidence, TaskRecord
from webapprentice.tasks.webarena.records import task_of
from webarena_records import ADDRESSES, answered


def _kept(store: Store, record: TaskRecord, answer: str, ending: Ending, fault: Fault | None = None) -> None:
    held = Held(evidence=Evidence(answer=answer, url="http://shop.test/", addresses=ADDRESSES))
    opinion = Judgment(judge="webarena", passed=None, evidence=store.put(held.model_dump_json().encode()))
    about = Provenance(version="0", config_hash="c")
    store.finish(
        "c",
        Trajectory(
            key="k",
            task=task_of(record, ADDRESSES),
            goal=record.intent,
            source=Source.ROLLOUT,
            ending=ending,
            fault=fault,
            judgments=(opinion,),
            provenance=about,
        ),
    )


def _again(store: Store, model: ScriptedModel | None = None, *, verified: bool | None = None) -> Rescored:
    return asyncio.run(rescore(store, "c", RescoreConfig(collection="c", verified=verified), model))


@pytest.mark.parametrize(("answer", "score"), [("no idea", None), ("12.00", 1.0)])
def test_who_ended_in_front_of_a_wall_has_not_failed_by_being_judged_again(
    tmp_path: Path, answer: str, score: float | None
) -> None:
    wall = Fault(owner=Owner.ENVIRONMENT, kind="blocked_captcha", message="never passed, counted apart")
    with Store.create(tmp_path / "s.sqlite") as store:
        _kept(store, answered({"exact_match": "12.00"}), answer, Ending.FAULT, wall)
        for _ in range(2):
            _again(store)
            (found,) = store.trajectories("c")
            assert (found.score, found.fault) == (score, wall if score is None else None)


def test_the_last_judging_is_the_one_that_is_made_again_with_its_replies(tmp_path: Path) -> None:
    model = ScriptedModel(["Verdict: correct"])
    with Store.create(tmp_path / "s.sqlite") as store:
        _kept(store, answered({"fuzzy_match": ["they feel fine"]}), "fine", Ending.STOPPED)
        _again(store, verified=True)
        assert _again(store, model, verified=False).solved == 1
        (found,) = store.trajectories("c")
        assert [one.judge for one in found.judgments] == ["webarena/verified", "webarena"]
        held = held_by(store, found)
        assert held is not None
        assert len(held.replies) == 1
        assert _again(store).solved == 1
        assert len(model.asked) == 1
