"""DPO, KTO and GRPO through TRL with the seed model; skipped where TRL is absent (`make extras` has it)."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from made_trajectories import COMPACT, acting, prompted, tokens, trajectory
from webapprentice.browser import find_chromium
from webapprentice.core.actions import Click, Type
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Model, Sampling
from webapprentice.core.records import Message
from webapprentice.curate.preferences import PairsConfig, dpo_rows, kto_rows, pairs
from webapprentice.evaluate.reinforcing import ReinforceConfig, episodes_of, learn
from webapprentice.models import load
from webapprentice.models.checkpoints import key_of_weights
from webapprentice.store import Store
from webapprentice.train import GroupConfig, Played, PreferConfig, TrainConfig, prefer, reinforce

TRAIN = TrainConfig(base_model="seed", method="full", learning_rate=1e-4, batch_size=4, max_steps=8, device="cpu")


@pytest.fixture(scope="module")
def found() -> Any:
    made = []
    for seed, name in enumerate(("Ann", "Bea", "Cleo", "Dora", "Eva", "Fay")):
        goal = f'Enter "{name}" and press "Submit".'
        right = acting(Type(node=3, text=name), Click(node=4))
        wrong = acting(Type(node=3, text=name), Click(node=5))
        worse = acting(Type(node=3, text="Bob"), Click(node=4))
        for key, steps in (("a", right), ("b", wrong), ("c", worse)):
            made.append(prompted(trajectory(f"{key}{seed}", steps, seed=seed, goal=goal)))
    better = {one.key for one in made if one.key.startswith("a")}
    return pairs(made, better, PairsConfig(), COMPACT, tokens)


def test_dpo_prefers_more_and_more_what_it_is_shown_and_the_result_loads(found: Any, tmp_path: Path) -> None:
    rows = list(dpo_rows(found))
    config = PreferConfig(train=TRAIN)
    report = prefer(rows, config, tmp_path / "dpo")
    assert report.rows == 12
    assert report.margins[0] == pytest.approx(0.0, abs=1e-4)
    assert report.margins[-1] > 0.05
    assert report.losses[-1] < report.losses[0]
    assert report.spent.tokens_trained > 0
    assert prefer(rows, config, tmp_path / "dpo") == report
    with pytest.raises(UsageError, match="another run"):
        prefer(rows, config.with_(beta=0.2), tmp_path / "dpo")
    before, after = load("seed"), load(str(tmp_path / "dpo"))
    assert after.key == report.key != before.key
    row = rows[0]
    prompt = tuple(Message(**one) for one in row["prompt"])  # type: ignore[attr-defined]
    answers = [row["chosen"][0]["content"], row["rejected"][0]["content"]]  # type: ignore[index]
    gap = []
    for model in (before, after):
        chosen, rejected = asyncio.run(model.logprobs([prompt, prompt], answers))  # type: ignore[attr-defined]
        gap.append(chosen - rejected)
    assert gap[1] > gap[0]


def test_kto_and_an_adapter(found: Any, tmp_path: Path) -> None:
    config = PreferConfig(how="kto", train=TRAIN.with_(method="lora", learning_rate=1e-3, batch_size=8))
    report = prefer(list(kto_rows(found)), config, tmp_path / "kto")
    assert report.margins[-1] > report.margins[0]
    assert (tmp_path / "kto" / "adapter_config.json").is_file()
    assert load(str(tmp_path / "kto")).key != load("seed").key
    with pytest.raises(UsageError, match="none of `apprentice pairs`"):
        prefer(list(dpo_rows(found)), config, tmp_path / "other")


def test_a_policy_learns_what_is_rewarded(tmp_path: Path) -> None:
    """One-step episodes without a browser: pressing Submit is worth 1, anything else 0."""
    seen = trajectory("x", acting(Click(node=4))).steps[0].observation
    prompt, _ = COMPACT.prompt("Press a button.", seen, [], tokens)
    asked: list[str] = []

    def play(model: Model, update: int, names: list[str]) -> list[list[Played]]:
        asked.append(model.key)
        groups = []
        for name in names:
            samplings = [Sampling(max_tokens=24, seed=seed_for(name, update, turn)) for turn in range(8)]
            said = asyncio.run(model.complete([prompt] * 8, samplings))
            groups.append(
                [
                    Played(
                        reward=float("[4]" in one.text),
                        steps=((prompt, one.text),),
                        tokens=one.usage.completion_tokens,
                    )
                    for one in said
                ]
            )
        return groups

    config = GroupConfig(updates=6, groups=2, attempts=8, micro_batch=8, train=TRAIN.with_(learning_rate=2e-3))
    report = reinforce(["e0", "e1", "e2"], play, config, tmp_path / "policy")
    rewards = [one.reward for one in report.updates]
    assert len(rewards) == 6
    assert all(one is not None for one in rewards)
    assert sum(rewards[-2:]) > sum(rewards[:2])  # type: ignore[arg-type]
    assert len(set(asked)) == 6
    assert report.spent.episodes == 6 * 16
    assert report.spent.tokens_trained > 0
    assert load(str(tmp_path / "policy")).key == report.key == key_of_weights(tmp_path / "policy")


def test_groups_that_do_not_differ_change_nothing(tmp_path: Path) -> None:
    prompt = (Message(role="user", content="page :\ngoal : x\nact :"),)

    def play(_model: Model, _update: int, names: list[str]) -> list[list[Played]]:
        return [[Played(reward=1.0, steps=((prompt, "stop"),))] * 2 for _ in names]

    config = GroupConfig(updates=1, groups=2, attempts=2, train=TRAIN)
    report = reinforce(["a", "b"], play, config, tmp_path / "same")
    assert (report.updates[0].steps, report.updates[0].spread, report.spent.tokens_trained) == (0, 0.0, 0)


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
def test_live_episodes_are_kept_and_teach(tmp_path: Path) -> None:
    group = GroupConfig(updates=2, groups=2, attempts=4, train=TRAIN.with_(learning_rate=1e-3))
    config = ReinforceConfig(tasks="miniwob/click-dialog,miniwob/click-link", seeds=2, group=group)
    with Store.create(tmp_path / "store.sqlite") as store:
        report = learn(config, tmp_path, store)
        made = list(store.trajectories("reinforce/reinforced"))
        shutil.rmtree(tmp_path / "reinforced")
        again = learn(config, tmp_path, store)  # as after a kill: nothing is played twice
        assert len(store.finished("reinforce/reinforced")) == 16
    assert len(made) == report.spent.episodes == 16
    assert len({one.provenance.model for one in made}) == 2
    assert report.spent.tokens_generated == sum(s.usage.completion_tokens for one in made for s in one.steps)
    assert (again.key, again.updates) == (report.key, report.updates)


def test_held_out_tasks_are_refused() -> None:
    with pytest.raises(UsageError, match="held-out"):
        episodes_of(ReinforceConfig(tasks="held_out"))
    with pytest.raises(UsageError, match="add seeds or tasks"):
        episodes_of(ReinforceConfig(tasks="miniwob/click-link", seeds=1))
