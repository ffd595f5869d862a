from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from made_trajectories import COMPACT, GOAL, acting, prompted, tokens, trajectory
from webapprentice.core.actions import Click, Type
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Trajectory
from webapprentice.curate import RULES, FilterConfig, filter
from webapprentice.curate.calibration import Asking, CalibrateConfig, calibrate, halves, truth_by_score
from webapprentice.curate.judging import Judge, JudgeConfig
from webapprentice.curate.labels import read_labels
from webapprentice.curate.noise import Calibration, list_key, noise, rules_key, said, sifted_from
from webapprentice.metrics import agreement
from webapprentice.metrics.noise import Asked, Known, expanded, expected_noise
from webapprentice.models import ScriptedModel
from webapprentice.store import Store

WAYS = (
    acting(Type(node=3, text="Ann"), Click(node=4)),  # right
    acting(Type(node=3, text="Bob"), Click(node=4)),  # `typed` sees it
    acting(Type(node=3, text="Ann"), Click(node=5)),  # `named` sees it
)


def practice(tasks: int, seeds: int, attempts: int, luck: int, first: int = 0) -> list[Trajectory]:
    """Attempts at tasks of which each has its own share of right ones, and of wrong ones that look right."""
    dice = random.Random(luck)
    made = []
    for task in range(first, first + tasks):
        skill, trap = dice.betavariate(1.5, 2), dice.betavariate(1, 4)
        for seed in range(seeds):
            for attempt in range(attempts):
                right = dice.random() < skill
                looks = right or dice.random() < trap
                way = WAYS[0] if looks else dice.choice(WAYS[1:])
                key, goal = f"t{task}.{seed}.{attempt}", f"{GOAL} Case {task}.{seed}."
                made.append(trajectory(key, way, task=f"made/{task}", seed=seed, goal=goal, score=float(right)))
    return made


def calibrated(
    made: list[Trajectory], truth: dict[str, bool | None] | None = None, **knobs: object
) -> list[Calibration]:
    config = CalibrateConfig.model_validate({"halves": 4, **knobs})
    judge = Judge(
        ScriptedModel(lambda prompt, _: "no" if "'bob'" in prompt[0].content.lower() else "yes"), JudgeConfig()
    )
    asking = Asking(COMPACT, tokens, judge=judge)
    return asyncio.run(calibrate(made, truth or truth_by_score(made), config, asking, "made"))


def test_every_rule_alone_and_together() -> None:
    made = practice(12, 3, 4, luck=1)
    found = {one.name: one for one in calibrated(made)}
    assert set(found) == {"label_free", *RULES} - {"critique"}
    solved = sum(one.succeeded for one in made)
    everything = found["F1"].agreement
    assert (everything.true_kept, everything.false_kept) == (solved, len(made) - solved)
    perfect = found["reward"].agreement
    assert perfect.precision_clustered is not None
    assert perfect.recall_clustered is not None
    assert perfect.precision_clustered.estimate == perfect.recall_clustered.estimate == 1.0
    judged = found["judge"].agreement
    without_bob = [one for one in made if one.steps != tuple(WAYS[1])]
    assert judged.true_kept + judged.false_kept == len(without_bob)
    assert all(one.eligible == len(made) for one in found.values())
    assert len({one.key for one in found.values()}) == len(found)


def test_clustered_shares_are_those_of_a_bootstrap_over_tasks() -> None:
    # two tasks, one always right and one always wrong: a replicate holds both, or one of them twice
    kept, truth = [True] * 4, [True, True, False, False]
    found = agreement(kept, truth, ["a", "a", "b", "b"], seed=3)
    assert found.precision_clustered is not None
    assert (found.precision_clustered.low, found.precision_clustered.high) == (0.0, 1.0)
    assert found.precision is not None
    assert 0.0 < found.precision.low < found.precision.high < 1.0
    assert agreement(kept, truth, ["a"] * 4).precision_clustered is None


def test_a_bar_is_found_on_some_tasks_and_tried_on_others() -> None:
    made = practice(20, 4, 6, luck=2)
    (one,) = calibrated(made, filter={"rules": ["vote"]}, each=False)
    bar = one.threshold
    assert bar is not None
    assert bar.knob == "vote_share"
    first, second = halves([t.task.id for t in made], 0)
    sizes = [sum(t.task.id in half for t in made) for half in (first, second)]
    for half, found in zip(sizes, (bar.found_on, bar.checked_on), strict=True):
        assert found.true_kept + found.false_kept + found.true_dropped + found.false_dropped == half
    again = asyncio.run(filter(made, FilterConfig(rules=("vote",), vote_share=bar.value, alone=False)))
    others = [t for t in made if t.task.id in second]
    assert sum(t.key in again.kept for t in others) == bar.checked_on.true_kept + bar.checked_on.false_kept
    # upside-down labels on the half that is only reported on move the report and not the bar
    upset = {t.key: not t.succeeded if t.task.id in second else t.succeeded for t in made}
    (other,) = calibrated(made, upset, filter={"rules": ["vote"]}, each=False)
    assert other.threshold is not None
    assert (other.threshold.value, other.threshold.found_on) == (bar.value, bar.found_on)
    assert other.threshold.checked_on.true_kept == bar.checked_on.false_kept
    (precise,) = calibrated(made, filter={"rules": ["vote"]}, each=False, precision=0.75)
    assert precise.threshold is not None
    assert precise.threshold.found_on.precision is not None
    assert precise.threshold.found_on.precision.estimate >= 0.75


def test_labels(tmp_path: Path) -> None:
    lines, table = tmp_path / "labels.jsonl", tmp_path / "labels.csv"
    lines.write_text('{"key": "a", "label": true}\n\n{"key": "b", "label": "no"}\n{"key": "c", "label": null}\n')
    table.write_text("\ufeffkey,label,by\na,1,me\nb,FALSE,me\nc,,me\n", encoding="utf-8")
    assert read_labels(lines) == read_labels(table) == {"a": True, "b": False, "c": None}
    for text, why in (
        ('{"key": "a", "label": "perhaps"}', "line 1"),
        ('{"key": "a", "label": 1}\n{"key": "a", "label": 0}', "two labels"),
        ('{"key": "a"}', "line 1"),
        ("[1]", "an object"),
        ("{", "no JSON"),
        ("", "no labels"),
    ):
        lines.write_text(text)
        with pytest.raises(UsageError, match=why):
            read_labels(lines)
    with pytest.raises(UsageError, match="cannot read"):
        read_labels(tmp_path / "none.csv")


def known(task: str, kept: int, wrong: int, eligible: int = 20) -> Known:
    return Known(task=task, eligible=eligible, kept=kept, wrong=wrong, rows=2 * kept, wrong_rows=2 * wrong)


def test_noise_is_weighed_by_rows_and_by_group() -> None:
    # what is kept of seldom is half wrong, what is kept of often is never wrong
    calibrated = [known(f"r{place}", 4, 2) for place in range(6)] + [known(f"o{place}", 18, 0) for place in range(6)]
    seldom = expected_noise(calibrated, [Asked(task="x", eligible=20, kept=5, rows=9)])
    often = expected_noise(calibrated, [Asked(task="x", eligible=20, kept=19, rows=9)])
    assert seldom is not None
    assert often is not None
    assert (seldom.estimate, often.estimate) == (0.5, 0.0)
    assert often.high < 0.2
    both = [Asked(task="x", eligible=20, kept=5, rows=30), Asked(task="y", eligible=20, kept=19, rows=10)]
    mixed = expected_noise(calibrated, both)
    assert mixed is not None
    assert mixed.estimate == pytest.approx(0.375)  # (30 × 0.5 + 10 × 0) / 40
    assert expected_noise(calibrated[:3], both) is None
    assert expected_noise(calibrated, []) is None
    assert expected_noise(calibrated, both) == mixed


def test_the_level_is_raised_where_there_are_few_tasks() -> None:
    # n = 11: t = 2.228 (10 degrees of freedom), √1.1 t = 2.337, 1 - 2 Φ(-2.337) = 0.98056
    assert expanded(0.95, 11) == pytest.approx(0.9806, abs=5e-4)
    assert 0.95 < expanded(0.95, 1000) < 0.951
    assert expanded(0.95, 1) == 0.95


def test_the_interval_of_the_noise_holds_it_as_often_as_it_says() -> None:
    """Tasks drawn from one population, half for calibration: the other half's own noise, not only its mean."""
    dice = np.random.default_rng(5)
    held = {0.95: 0, 0.5: 0}
    runs = 200
    for run in range(runs):
        tasks = []
        for place in range(40):
            share = dice.beta(2, 2)
            kept = int(dice.binomial(40, share))
            wrong = int(dice.binomial(kept, dice.beta(1, 1 + 6 * share)))
            tasks.append(known(f"t{place}", kept, wrong, 40))
        rest = [one for one in tasks[20:] if one.kept]
        asked = [Asked(task=one.task, eligible=40, kept=one.kept, rows=one.rows) for one in rest]
        true = sum(one.wrong for one in rest) / sum(one.kept for one in rest)
        for level in held:
            band = expected_noise(tasks[:20], asked, level=level, resamples=400, seed=run)
            assert band is not None
            held[level] += band.low <= true <= band.high
    assert 0.90 <= held[0.95] / runs <= 0.99
    assert 0.40 <= held[0.5] / runs <= 0.62


def test_nothing_is_foretold_from_the_episodes_themselves() -> None:
    made, others = practice(10, 2, 4, luck=3), practice(10, 2, 4, luck=4, first=10)
    config = FilterConfig()
    key = rules_key(config, COMPACT)
    found = asyncio.run(filter(others, config, dialect=COMPACT, count=tokens))
    sifted = sifted_from(found, others, key, "others")
    kept = [one for one in others if one.key in found.kept]
    rows = {one.key: len(one.steps) for one in kept}
    (mine,) = calibrated(made, each=False)
    (theirs,) = calibrated(others, each=False)
    assert mine.key == theirs.key == key
    good = noise([mine], sifted, kept, rows)
    assert good.expected is not None
    assert good.true == pytest.approx(sum(not one.succeeded for one in kept) / len(kept))
    assert good.expected.low <= good.true <= good.expected.high
    assert "; true: " in said(good)
    assert noise([theirs], sifted, kept, rows).expected is None
    assert "these very episodes" in noise([theirs], sifted, kept, rows).how
    assert noise([mine, theirs], sifted, kept, rows).expected == good.expected
    assert "no calibration" in noise([mine.with_(key="other")], sifted, kept, rows).how
    single = noise([mine], sifted.with_(attempts=1.0), kept, rows)
    assert single.expected is None
    assert "with 4.0 attempts at each seed, and these are 1.0" in single.how
    foreign = noise([mine.with_(actors=("somebody",))], sifted, kept, rows)
    assert "BEWARE" in foreign.how
    blind = [one.with_(score=None) for one in kept]
    assert noise([mine], sifted, blind, rows).true is None
    assert sifted.list_key == list_key([one.key for one in kept])


def test_a_key_knows_the_parameters_that_its_rules_read_and_no_others() -> None:
    base = FilterConfig(rules=("F3", "vote"))
    key = rules_key(base, COMPACT)
    assert rules_key(base.with_(typed_from="seen", alone=False, preset="none"), COMPACT) == key
    assert rules_key(base.with_(repeats=4), COMPACT) != key
    assert rules_key(base.with_(vote_least=2), COMPACT) != key
    assert rules_key(base.with_(soft=("vote",)), COMPACT) != key
    assert rules_key(FilterConfig(rules=("vote", "F3")), COMPACT) != key
    judge = FilterConfig(rules=("judge",))
    asked, other = ScriptedModel(["yes"], name="a"), ScriptedModel(["yes"], name="b")
    assert rules_key(judge, COMPACT, judge=asked) != rules_key(judge, COMPACT, judge=other)
    assert rules_key(judge.with_(judge=JudgeConfig(threshold=0.9)), COMPACT, judge=asked) != rules_key(
        judge, COMPACT, judge=asked
    )


def apprentice(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "webapprentice", *words], capture_output=True, text=True, timeout=120, check=False
    )


def test_from_calibration_to_the_foretold_noise_of_a_filter(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Store.create(run / "store.sqlite") as store, store.together():
        for one in practice(12, 2, 4, luck=5):
            store.finish("practised", one)
        for one in practice(12, 2, 4, luck=6, first=12):
            store.finish("fresh", prompted(one))
    keep = ("--run", str(run), "--json", "--set", "filter.alone=false")
    done = apprentice(
        "calibrate", "practised", "--run", str(run), "--tasks", "--set", "filter.judge.model=scripted:yes"
    )
    assert done.returncode == 0, done.stderr
    assert "96 attempts, 96 with a truth" in done.stdout
    assert "vote: vote_share=" in done.stdout
    assert "made/11" in done.stdout
    names = [one["name"] for one in json.loads((run / "calibration.json").read_text())["calibrations"]]
    assert names[0] == "label_free"
    assert "judge" in names
    after = json.loads(apprentice("filter", *keep, "--set", "collection=fresh").stdout)["noise"]
    assert after["expected"]["low"] <= after["true"] <= after["expected"]["high"]
    made = apprentice("dataset", "--run", str(run), "--set", "collection=fresh", "--set", "workers=1")
    assert made.returncode == 0, made.stderr
    card = json.loads((run / "rows.card.json").read_text())
    assert card["tokens"]["train"]["rows"] > 20
    assert card["noise"]["expected"]["estimate"] < 0.6
    assert card["noise"]["true"] is not None
    assert "Expected share of wrong rows: " in (run / "rows.card.md").read_text()
    labels = run / "labels.csv"
    labels.write_text("key,label\nt0.0.0,true\nnobody,false\n")
    told = apprentice("calibrate", "practised", "--run", str(run), "--set", f"labels={labels}", "--dry-run", "--json")
    assert json.loads(told.stdout) == {"attempts": 96, "known": 1, "strange": ["nobody"]}
