from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from samples import page
from webapprentice.core.actions import Action, Click, Stop, Type
from webapprentice.core.faults import Fault, FaultError, Owner, UnavailableError
from webapprentice.core.protocols import Completion, Happened, Prompt, Sampling, Start
from webapprentice.core.records import Ending, Limits, Outcome, Result, Task
from webapprentice.dialect import load as load_dialect
from webapprentice.models import ScriptedModel
from webapprentice.page import Wall
from webapprentice.rollout import Batcher, Job, ModelActor, RolloutConfig, jobs_for, rollout
from webapprentice.store import Store

TASK = Task(id="sample/ok", benchmark="sample", evaluator={"kind": "page"}, limits=Limits(steps=6))


class Form:
    """A form that wants "ok" pressed; a real little world, in Python."""

    def __init__(self, broken_resets: int = 0) -> None:
        self.broken = broken_resets
        self.typed = ""

    async def reset(self, task: Task, seed: int) -> Start:
        await asyncio.sleep(0)
        if self.broken:
            self.broken -= 1
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="reset_failed", message="the page is down"))
        self.typed, self.first = "", 10 + seed
        return Start(goal='Press the "ok" button.', observation=page(self.first))

    async def step(self, action: Action) -> Happened:
        await asyncio.sleep(0)
        match action:
            case Click(node=node) if node == self.first + 3:
                done = Outcome(result=Result.DONE, done=True)
                return Happened(outcome=done, observation=page(self.first), raw_reward=1.0)
            case Click(node=node) if node == self.first + 4:
                done = Outcome(result=Result.DONE, done=True)
                return Happened(outcome=done, observation=page(self.first), raw_reward=-1.0)
            case Type(text=text):
                return Happened(outcome=Outcome(result=Result.DONE), observation=page(self.first, typed=text))
        return Happened(outcome=Outcome(result=Result.STALE, message="no such element"), observation=page(self.first))

    async def close(self) -> None:
        pass


def play(
    answer: Callable[[Prompt, Sampling], str],
    folder: Path,
    *,
    worlds: Sequence[Form] = (),
    seeds: int = 1,
    task: Task = TASK,
    model: ScriptedModel | None = None,
) -> tuple[list, ScriptedModel]:
    model = model or ScriptedModel(answer)

    async def run() -> None:
        dialect = load_dialect("compact")
        batcher = Batcher(model, 4)
        serving = asyncio.create_task(batcher.serve())
        jobs = jobs_for([task], range(seeds), 1, model.key, RolloutConfig())
        try:
            await rollout(
                jobs, worlds or [Form()], lambda job: ModelActor(batcher, dialect, Sampling(), model.count), store, "c"
            )
        finally:
            serving.cancel()

    with Store.create(folder / "s.sqlite") as store:
        asyncio.run(run())
        return list(store.trajectories("c")), model


def press(name: str) -> Callable[[Prompt, Sampling], str]:
    def answer(prompt: Prompt, sampling: Sampling) -> str:
        (line,) = [line for line in prompt[-1].content.splitlines() if line.startswith(f"button {name}")]
        return f"click {line}"

    return answer


def test_the_right_button_scores_and_every_step_says_what_was_asked(tmp_path: Path) -> None:
    (trajectory,), _model = play(press("ok"), tmp_path)
    assert (trajectory.score, trajectory.ending, trajectory.fault) == (1.0, Ending.PAGE, None)
    (step,) = trajectory.steps
    assert step.said == "click button ok [13]"
    assert step.prompt_key


def test_the_wrong_button_is_judged_and_failed(tmp_path: Path) -> None:
    (trajectory,), _ = play(press("cancel"), tmp_path)
    assert (trajectory.score, trajectory.raw_reward, trajectory.succeeded) == (0.0, -1.0, False)


def test_without_an_evaluator_nothing_is_judged(tmp_path: Path) -> None:
    (trajectory,), _ = play(press("ok"), tmp_path, task=TASK.with_(evaluator={}))
    assert trajectory.score is None
    assert not trajectory.countable


@pytest.mark.parametrize(
    ("words", "ending", "steps"),
    [
        ("what shall I do", Ending.UNREADABLE, 3),
        ("click button gone [400]", Ending.REPEATED, 3),
        ("stop = done", Ending.STOPPED, 1),
    ],
)
def test_endings_have_names(words: str, ending: Ending, steps: int, tmp_path: Path) -> None:
    (trajectory,), _ = play(lambda prompt, sampling: words, tmp_path)
    assert trajectory.ending is ending
    assert len(trajectory.steps) == steps
    assert trajectory.score == 0.0


def test_the_step_limit(tmp_path: Path) -> None:
    said = iter(
        f"type textbox Name [12] = {number}" for number in ["one", "two", "three", "four", "five", "six", "seven"]
    )
    (trajectory,), _ = play(lambda prompt, sampling: next(said), tmp_path)
    assert trajectory.ending is Ending.STEP_LIMIT
    assert len(trajectory.steps) == 6
    assert isinstance(trajectory.steps[0].action, Type)


def test_a_broken_environment_is_tried_again_and_never_the_agents_failure(tmp_path: Path) -> None:
    (trajectory,), _ = play(press("ok"), tmp_path, worlds=[Form(broken_resets=1)])
    assert trajectory.succeeded
    (tmp_path / "again").mkdir()
    (trajectory,), _ = play(press("ok"), tmp_path / "again", worlds=[Form(broken_resets=2)])
    assert trajectory.ending is Ending.FAULT
    assert trajectory.fault is not None
    assert trajectory.fault.owner is Owner.ENVIRONMENT
    assert trajectory.score is None


class Spinner(Form):
    """A number that goes up by one with each press of "ok", and is wanted to be five."""

    async def step(self, action: Action) -> Happened:
        self.typed = str(int(self.typed or 0) + 1)
        seen = page(self.first, typed=self.typed)
        done = self.typed == "5"
        return Happened(
            outcome=Outcome(result=Result.DONE, done=done), observation=seen, raw_reward=1.0 if done else None
        )


def test_the_same_press_again_is_no_loop_while_something_comes_of_it(tmp_path: Path) -> None:
    (trajectory,), _ = play(press("ok"), tmp_path, worlds=[Spinner()])
    assert len(trajectory.steps) == 5
    assert trajectory.succeeded


class Dying(Form):
    """Does one step of its first episode, then dies and never resets again."""

    async def reset(self, task: Task, seed: int) -> Start:
        self.steps = 0
        start = await super().reset(task, seed)
        self.broken = 9
        return start

    async def step(self, action: Action) -> Happened:
        self.steps += 1
        if self.steps == 2:
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="page_crash", message="gone"))
        return await super().step(action)


def test_the_steps_of_a_first_try_are_not_taken_for_those_of_the_second(tmp_path: Path) -> None:
    (trajectory,), model = play(lambda prompt, sampling: "type textbox name [11] = a", tmp_path, worlds=[Dying()])
    assert len(model.asked) == 2
    assert trajectory.ending is Ending.FAULT
    assert trajectory.steps == ()
    with Store.read(tmp_path / "s.sqlite") as store:
        assert store.counts()["abandoned"] == 1


class Mortal(Form):
    """Its browser dies so many times, each time at the second step."""

    def __init__(self, deaths: int) -> None:
        super().__init__()
        self.deaths = deaths
        self.resets = 0

    async def reset(self, task: Task, seed: int) -> Start:
        self.steps = 0
        self.resets += 1
        return await super().reset(task, seed)

    async def step(self, action: Action) -> Happened:
        self.steps += 1
        if self.steps == 2 and self.deaths:
            self.deaths -= 1
            raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="browser_dead", message="gone"))
        return await super().step(action)


def test_a_browser_that_dies_some_times_costs_no_result_and_one_that_always_dies_comes_to_an_end(
    tmp_path: Path,
) -> None:
    def answer(prompt: Prompt, sampling: Sampling) -> str:
        said = prompt[-1].content
        return press("ok")(prompt, sampling) if "= a" in said else "type textbox name [12] = a"

    world = Mortal(deaths=5)
    (trajectory,), _ = play(answer, tmp_path, worlds=[world])
    assert trajectory.succeeded
    assert world.resets == 6
    (tmp_path / "again").mkdir()
    world = Mortal(deaths=10**6)
    (trajectory,), _ = play(answer, tmp_path / "again", worlds=[world])
    assert trajectory.fault is not None
    assert trajectory.fault.kind == "browser_dead"
    assert world.resets < 20


def test_a_broken_model_is_a_fault_of_the_model(tmp_path: Path) -> None:
    def down(prompt: Prompt, sampling: Sampling) -> str:
        raise FaultError(Fault(owner=Owner.MODEL, kind="llm_5xx", message="503"))

    (trajectory,), _ = play(down, tmp_path)
    assert trajectory.fault is not None
    assert (trajectory.fault.owner, trajectory.fault.kind) == (Owner.MODEL, "llm_5xx")
    assert trajectory.score is None


def test_finished_attempts_are_not_made_again(tmp_path: Path) -> None:
    first, _ = play(press("ok"), tmp_path, seeds=5)
    again, model = play(press("ok"), tmp_path, seeds=8)
    assert [one.key for one in again][:5] == [one.key for one in first]
    assert len(again) == 8
    assert len(model.asked) == 3


def test_keys_do_not_depend_on_order() -> None:
    other = TASK.with_(id="sample/other")
    one = {job.key for job in jobs_for([TASK, other], range(3), 2, "m", RolloutConfig())}
    two = {job.key for job in jobs_for([other, TASK], [2, 1, 0], 2, "m", RolloutConfig())}
    assert one == two
    assert len(one) == 12
    assert one.isdisjoint(job.key for job in jobs_for([TASK], range(3), 2, "m", RolloutConfig(temperature=0.5)))


def test_many_worlds_share_batched_calls(tmp_path: Path) -> None:
    sizes: list[int] = []

    class Counting(ScriptedModel):
        async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
            sizes.append(len(prompts))
            return await super().complete(prompts, samplings)

    model = Counting(press("ok"))

    async def run() -> None:
        batcher = Batcher(model, 4)
        serving = asyncio.create_task(batcher.serve())
        jobs = jobs_for([TASK], range(16), 1, "m", RolloutConfig())
        dialect = load_dialect("compact")
        with Store.create(tmp_path / "s.sqlite") as store:
            await rollout(
                jobs, [Form() for _ in range(8)], lambda job: ModelActor(batcher, dialect, Sampling(), len), store, "c"
            )
        serving.cancel()

    asyncio.run(run())
    assert sum(sizes) == 16
    assert max(sizes) == 4


def test_one_page_too_long_does_not_fault_its_neighbours(tmp_path: Path) -> None:
    class Short(ScriptedModel):
        async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
            if any("Name [14]" in prompt[-1].content for prompt in prompts):
                raise FaultError(Fault(owner=Owner.MODEL, kind="context_overflow", message="too long"))
            return await super().complete(prompts, samplings)

    model = Short(press("ok"))

    async def run() -> list:
        batcher = Batcher(model, 4)
        serving = asyncio.create_task(batcher.serve())
        jobs = jobs_for([TASK], range(4), 1, "m", RolloutConfig())
        dialect = load_dialect("compact")
        with Store.create(tmp_path / "s.sqlite") as store:
            await rollout(
                jobs, [Form() for _ in range(4)], lambda job: ModelActor(batcher, dialect, Sampling(), len), store, "c"
            )
            serving.cancel()
            return list(store.trajectories("c"))

    faults = {one.provenance.seed: one.fault and one.fault.kind for one in asyncio.run(run())}
    assert faults == {0: None, 1: None, 2: "context_overflow", 3: None}


def test_a_model_out_of_reach_stops_the_run_and_leaves_its_attempts_open(tmp_path: Path) -> None:
    class Gone(ScriptedModel):
        async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
            raise FaultError(Fault(owner=Owner.MODEL, kind="llm_connection", message="nobody answers"))

    with pytest.raises(ExceptionGroup) as caught:
        play(press("ok"), tmp_path, model=Gone(press("ok")))
    assert caught.group_contains(UnavailableError, match="nobody answers")
    with Store.read(tmp_path / "s.sqlite") as store:
        assert store.collections() == {}


def test_stop_is_an_action_of_the_agent(tmp_path: Path) -> None:
    (trajectory,), _ = play(lambda prompt, sampling: "stop = 42", tmp_path)
    assert trajectory.steps[0].action == Stop(answer="42")


class Asking(Form):
    """Its task is a question: what is right is the answer that an agent stops with."""

    async def step(self, action: Action) -> Happened:
        happened = await super().step(action)
        return happened.with_(raw_reward=float(action.answer == "42")) if isinstance(action, Stop) else happened


@pytest.mark.parametrize(("answer", "score"), [("42", 1.0), ("43", 0.0)])
def test_the_world_judges_the_answer_that_an_agent_stops_with(tmp_path: Path, answer: str, score: float) -> None:
    (trajectory,), _ = play(lambda prompt, sampling: f"stop = {answer}", tmp_path, worlds=[Asking()])
    assert (trajectory.score, trajectory.ending) == (score, Ending.STOPPED)
    assert trajectory.steps[-1].outcome.done


def test_a_job_names_its_task() -> None:
    assert Job(key="k", task=TASK, seed=1).task.id == "sample/ok"


class Guarded(Form):
    """Shows a proof of being human after the first step, until "ok" is pressed behind it."""

    resets = 0

    async def reset(self, task: Task, seed: int) -> Start:
        self.resets += 1
        return await super().reset(task, seed)

    async def step(self, action: Action) -> Happened:
        happened = await super().step(action)
        return happened.with_(wall=Wall.CAPTCHA.value, picture=b"\x89PNG of a wall")


def test_an_episode_that_ends_before_a_wall_is_counted_apart_and_not_tried_again(tmp_path: Path) -> None:
    world = Guarded()
    (trajectory,), _ = play(lambda prompt, sampling: "type textbox name [11] = a", tmp_path, worlds=[world])
    assert trajectory.fault is not None
    assert (trajectory.fault.owner, trajectory.fault.kind) == (Owner.ENVIRONMENT, "blocked_captcha")
    assert trajectory.score is None
    assert world.resets == 1
    assert trajectory.steps
    (tmp_path / "passed").mkdir()
    (trajectory,), _ = play(press("ok"), tmp_path / "passed", worlds=[Guarded()])
    assert trajectory.succeeded


def test_a_picture_is_kept_before_the_step_that_names_it(tmp_path: Path) -> None:
    (trajectory,), _ = play(lambda prompt, sampling: "type textbox name [11] = a", tmp_path, worlds=[Guarded()])
    named = [step.observation.screenshot for step in trajectory.steps[1:]]
    assert named
    assert trajectory.final is not None
    with Store.read(tmp_path / "s.sqlite") as store:
        for key in [*named, trajectory.final.screenshot]:
            assert key is not None
            assert store.blob(key) == b"\x89PNG of a wall"


def test_whoever_stops_before_a_wall_has_met_it_all_the_same(tmp_path: Path) -> None:
    words = iter(["type textbox name [11] = a", "stop"])
    (trajectory,), _ = play(lambda prompt, sampling: next(words, "stop"), tmp_path, worlds=[Guarded()])
    assert isinstance(trajectory.steps[-1].action, Stop)
    assert trajectory.fault is not None
    assert trajectory.fault.kind == "blocked_captcha"
