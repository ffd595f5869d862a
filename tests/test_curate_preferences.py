from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from made_trajectories import COMPACT, acting, prompted, step, tokens, trajectory
from webapprentice.core.actions import Click, Type
from webapprentice.core.faults import Owner, UsageError
from webapprentice.core.records import Ending, Trajectory
from webapprentice.curate.preferences import Pairs, PairsConfig, dpo_rows, kto_rows, pairs
from webapprentice.store import Store
from webapprentice.train.groups import advantages

ANN, BOB = Type(node=3, text="Ann"), Type(node=3, text="Bob")
SUBMIT, CANCEL = Click(node=4), Click(node=5)


def attempt(key: str, *actions: object, seed: int = 0, task: str = "made/one", score: float = 1.0) -> Trajectory:
    return prompted(trajectory(key, acting(*actions), seed=seed, task=task, score=score))  # type: ignore[arg-type]


def paired(made: list[Trajectory], *better: str, **knobs: object) -> Pairs:
    return pairs(made, set(better), PairsConfig.model_validate(knobs), COMPACT, tokens, ("made/held",))


def test_a_preference_stands_where_attempts_part() -> None:
    found = paired([attempt("a", ANN, SUBMIT), attempt("b", ANN, CANCEL), attempt("c", BOB, SUBMIT)], "a")
    second, first = sorted(found.preferences, key=lambda one: one.worse)
    assert (second.step, second.chosen, second.rejected) == (1, "click button Submit [4]", "click button Cancel [5]")
    assert (first.step, first.rejected) == (0, "type textbox Name [3] = Bob")
    assert found.tally == {"found": 2, "used": 2}
    assert "did : type textbox Name [3] = Ann" in second.prompt[0].content
    assert "did :" not in first.prompt[0].content


def test_only_attempts_at_one_seed_are_compared_and_faults_never() -> None:
    other = attempt("b", ANN, CANCEL, seed=1)
    lost = attempt("c", ANN, CANCEL).with_(fault={"owner": Owner.ENVIRONMENT, "kind": "page_hang"}, score=None)
    cancelled = attempt("d", ANN, CANCEL).with_(ending=Ending.CANCELLED)
    assert paired([attempt("a", ANN, SUBMIT), other, lost, cancelled], "a").preferences == ()


def test_what_never_parts_or_is_no_answer_is_counted() -> None:
    good = attempt("a", ANN, SUBMIT)
    longer = attempt("b", ANN, SUBMIT, CANCEL)
    mute = prompted(trajectory("c", [step(0, None, said="?")]))
    words = prompted(trajectory("d", [step(0, ANN, said="type textbox Name [3] = Ann ")]))
    unread = prompted(trajectory("e", [step(0, None, said="?")]))
    found = paired([good, longer, words], "a")
    assert found.tally == {"never_parted": 1, "same_action": 1}
    (only,) = paired([good, mute], "a").preferences
    assert only.rejected == "?"
    assert paired([good, unread], "e").tally == {"unread": 1}
    stale = trajectory("f", acting(ANN), seed=0)
    assert paired([trajectory("a", acting(BOB)), stale], "f").tally == {"stale": 1}


def test_contradictions_leave_and_a_task_is_bounded() -> None:
    a, b = attempt("a", ANN, SUBMIT), attempt("b", BOB, SUBMIT)
    c, d = attempt("c", ANN, CANCEL), attempt("d", BOB, CANCEL)
    found = paired([a, b, c, d], "a", "d")
    # a over b says Ann over Bob, d over c the other way; a over c and d over b part at their second steps
    assert sorted(one.step for one in found.preferences) == [1, 1]
    assert found.tally["contradicted"] == 2
    many = [attempt(f"g{seed}", ANN, SUBMIT, seed=seed).with_(goal=f"Enter {seed}") for seed in range(8)]
    many += [attempt(f"b{seed}", BOB, SUBMIT, seed=seed).with_(goal=f"Enter {seed}") for seed in range(8)]
    many = [prompted(one) for one in many]
    good = [one.key for one in many if one.key.startswith("g")]
    few = paired(many, *good, most=3)
    assert (len(few.preferences), few.tally["beyond_most"]) == (3, 5)
    assert paired(list(reversed(many)), *good, most=3).preferences == few.preferences
    assert paired(many, *good, most=3, seed=1).preferences != few.preferences
    with pytest.raises(UsageError):
        paired([attempt("a", ANN, task="made/held")], "a")


def test_rows_have_the_columns_that_trl_reads(tmp_path: Path) -> None:
    found = paired([attempt("a", ANN, SUBMIT), attempt("b", ANN, CANCEL), attempt("c", BOB, SUBMIT)], "a")
    rows = list(dpo_rows(found))
    assert rows[0]["prompt"] == [{"role": "user", "content": found.preferences[0].prompt[0].content}]
    assert rows[0]["chosen"] == [{"role": "assistant", "content": found.preferences[0].chosen}]
    single = list(kto_rows(found))
    assert sorted((row["step"], row["label"]) for row in single) == [(0, False), (0, True), (1, False), (1, True)]
    twice = paired([attempt("a", ANN, SUBMIT), attempt("b", BOB, SUBMIT), attempt("c", CANCEL)], "a")
    labels = [(row["completion"][0]["content"][:5], row["label"]) for row in kto_rows(twice)]  # type: ignore[index]
    assert sorted(labels) == [("click", False), ("type ", False), ("type ", True)]


def test_advantages_by_hand() -> None:
    assert advantages([1.0, 1.0, 1.0]) == [0.0] * 3
    assert advantages([1.0]) == [0.0]
    assert advantages([1.0, None, 0.0]) == pytest.approx([0.5 / 0.5001, 0.0, -0.5 / 0.5001])
    assert advantages([None, None]) == [0.0, 0.0]


def test_the_command(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Store.create(run / "store.sqlite") as store:
        for one in (attempt("a", ANN, SUBMIT), attempt("b", ANN, CANCEL, score=0.0)):
            store.finish("attempts", one)
    words = [sys.executable, "-m", "webapprentice", "pairs", "--run", str(run)]
    refused = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "apprentice filter" in refused.stderr
    made = subprocess.run(
        [*words, "--set", "by=reward", "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["files"] == {"pairs.dpo.jsonl": 1, "pairs.kto.jsonl": 2}
    (row,) = map(json.loads, (run / "pairs.dpo.jsonl").read_text().splitlines())
    assert row["rejected"][0]["content"] == "click button Cancel [5]"
