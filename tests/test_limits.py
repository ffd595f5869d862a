from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from samples import trajectory
from test_rollout import TASK, Form, press
from webapprentice.core.faults import ApprenticeError, LimitError
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Ending, Trajectory, Usage
from webapprentice.dialect import load as load_dialect
from webapprentice.models import ScriptedModel
from webapprentice.rollout import (
    Actor,
    Batcher,
    Budget,
    EpisodeLimits,
    Job,
    Metered,
    ModelActor,
    Progress,
    RolloutConfig,
    RunLimits,
    jobs_for,
    rollout,
)
from webapprentice.rollout.progress import line
from webapprentice.store import Store


class Priced(ScriptedModel):
    """Reads 1,000 tokens and writes 100 for each answer; never says the same twice."""

    def __init__(self) -> None:
        super().__init__(lambda prompt, sampling: f"type textbox Name [12] = try {len(self.asked)}")

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        told = await super().complete(prompts, samplings)
        return [one.with_(usage=Usage(prompt_tokens=1000, completion_tokens=100)) for one in told]


def play(
    folder: Path,
    config: RolloutConfig,
    *,
    budget: Budget | None = None,
    model: ScriptedModel | None = None,
    seeds: int = 1,
    worlds: int = 1,
) -> tuple[list[Trajectory], ScriptedModel]:
    model = model or Priced()
    budget = budget or Budget()

    async def run() -> None:
        dialect = load_dialect("compact")
        batcher = Batcher(model, 4)
        serving = asyncio.create_task(batcher.serve())

        def actor(job: Job) -> Actor:
            return Metered(ModelActor(batcher, dialect, Sampling(), model.count), budget, config.limits)

        jobs = jobs_for([TASK], range(seeds), 1, model.key, config)
        try:
            async with budget.within():
                await rollout(jobs, [Form() for _ in range(worlds)], actor, store, "c", config=config)
        finally:
            serving.cancel()

    with Store.create(folder / "s.sqlite") as store:
        try:
            asyncio.run(run())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            found = list(store.trajectories("c"))
        return found, model


@pytest.mark.parametrize(
    ("limits", "ending", "steps"),
    [
        (EpisodeLimits(tokens=2200), Ending.TOKEN_LIMIT, 2),
        (EpisodeLimits(tokens=2201), Ending.TOKEN_LIMIT, 3),
        # One step: 1,000 tokens at 3 a million and 100 at 20 a million are 0.005.
        (EpisodeLimits(money=0.0101, price_in=3.0, price_out=20.0), Ending.MONEY_LIMIT, 3),
        (EpisodeLimits(seconds=1e-9), Ending.TIME_LIMIT, 1),
        (EpisodeLimits(), Ending.STEP_LIMIT, 6),
    ],
)
def test_each_limit_of_an_episode_has_an_ending_of_its_own(
    limits: EpisodeLimits, ending: Ending, steps: int, tmp_path: Path
) -> None:
    (trajectory,), _ = play(tmp_path, RolloutConfig(limits=limits))
    assert (trajectory.ending, len(trajectory.steps), trajectory.fault) == (ending, steps, None)


@pytest.mark.parametrize(
    ("limits", "asked", "said"),
    [
        (RunLimits(steps=9), 9, "pool.limits.steps"),
        (RunLimits(tokens=9900), 9, "pool.limits.tokens"),
        (RunLimits(money=0.045), 9, "pool.limits.money"),
    ],
)
def test_a_run_stops_cleanly_at_its_limit_and_goes_on(limits: RunLimits, asked: int, said: str, tmp_path: Path) -> None:
    config, model = RolloutConfig(limits=EpisodeLimits(price_in=3.0, price_out=20.0)), Priced()
    with pytest.raises(LimitError, match="run the same command to go on") as caught:
        play(tmp_path, config, budget=Budget(limits), model=model, seeds=3)
    assert said in str(caught.value)
    assert isinstance(caught.value, ApprenticeError)
    assert caught.value.exit_code == 4
    assert len(model.asked) == asked  # six steps an episode: the second one was under way
    with Store.read(tmp_path / "s.sqlite") as store:
        assert store.collections() == {"c": 1}
    done, _ = play(tmp_path, config, model=model, seeds=3)
    assert len(done) == 3


def test_the_time_of_a_run_ends_it_even_while_the_model_hangs(tmp_path: Path) -> None:
    class Hanging(ScriptedModel):
        async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
            await asyncio.sleep(3600)
            return []

    with pytest.raises(LimitError, match=r"pool\.limits\.seconds"):
        play(tmp_path, RolloutConfig(), budget=Budget(RunLimits(seconds=0.2)), model=Hanging(press("ok")))


def test_limits_that_are_off_leave_every_key_as_it_was() -> None:
    plain = RolloutConfig()
    assert plain.hash == "6434091bd12cfd43bfad"
    assert RolloutConfig(limits=EpisodeLimits(price_in=3.0, price_out=20.0)).hash == plain.hash
    assert RolloutConfig(limits=EpisodeLimits(tokens=5)).hash != plain.hash
    paid = EpisodeLimits(money=1.0, price_in=3.0)
    assert RolloutConfig(limits=paid).hash != RolloutConfig(limits=paid.with_(price_in=4.0)).hash
    assert plain.model_dump(mode="json")["limits"]["tokens"] == 0
    assert RolloutConfig.model_validate_json(RolloutConfig(limits=paid).model_dump_json()).limits == paid


def test_money_without_a_price_is_refused() -> None:
    with pytest.raises(ValueError, match="price_in or price_out"):
        EpisodeLimits(money=1.0)


def test_the_line_says_success_speed_tokens_and_money(tmp_path: Path) -> None:
    (trajectory,), _ = play(tmp_path, RolloutConfig())
    progress = Progress(total=4, prices=EpisodeLimits(price_in=100.0, price_out=0.0))
    for _ in range(2):
        progress.note(trajectory)
    said = line("practice", progress)
    assert said.startswith("practice: 2/4 episodes · success 0.0% [0.0%, 65.8%] · ")
    assert "steps/s, " in said
    assert "episodes/s" in said
    assert "tokens 12.0k in, 1.2k out · cost 1.20" in said


def test_what_nobody_judged_is_no_failure_in_the_line_of_progress() -> None:
    progress = Progress(total=2)
    progress.note(trajectory("open").with_(score=None))
    assert "success" not in line("exam", progress)
    assert "1 not judged" in line("exam", progress)
    progress.note(trajectory("won"))
    assert "success 100.0%" in line("exam", progress)
