"""The other agents: when their episodes end, how proposals are voted on, and what asks no model."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from made_agents import (
    FORM,
    GOAL,
    MILK,
    SEND,
    TASK,
    TYPE_BOB,
    USUAL,
    fenced,
    form,
    played,
    role_models,
    stages,
    step,
)
from samples import page
from samples import step as taken
from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Action, Click, Drag, Press, Scroll, Stop, Type
from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Prompt, Sampling
from webapprentice.core.records import Element, Ending, Observation, Step, Tab
from webapprentice.curate import DatasetConfig
from webapprentice.curate.dataset import rows
from webapprentice.dialect import load
from webapprentice.evaluate import Cast, acting_model, dialect_of
from webapprentice.evaluate.acting import acting, playing_key
from webapprentice.evaluate.attempts import _setup
from webapprentice.evaluate.reinforcing import ReinforceConfig, episodes_of
from webapprentice.evaluate.setting import PoolConfig
from webapprentice.language import Spelling, read, write
from webapprentice.models import ModelConfig, ScriptedModel
from webapprentice.redaction import Redactor
from webapprentice.rollout import RolloutConfig, jobs_for, rollout
from webapprentice.rollout.agents import Transcript
from webapprentice.rollout.agents.simple import offers
from webapprentice.rollout.stopping import over
from webapprentice.store import Store
from webapprentice.tasks import load as load_tasks
from webapprentice.tasks.miniwob import worlds


def took(*actions: Action | None, changed: bool = True) -> list[Step]:
    made = [taken(number, "said", action) for number, action in enumerate(actions)]
    return [one.with_(outcome=one.outcome.with_(changed=changed)) for one in made]


A, B, DOWN = Click(node=1), Click(node=2), Scroll(direction="down")
TEXT, OTHER = Type(node=1, text="a"), Type(node=1, text="b")


@pytest.mark.parametrize(
    ("agent", "actions", "ending"),
    [
        ("webarena", [A, A], None),
        ("webarena", [A, A, A], Ending.REPEATED),
        ("webarena", [A, A, B, A], None),
        ("webarena", [DOWN, DOWN, DOWN], Ending.REPEATED),
        ("webarena", [TEXT, A, TEXT, B, TEXT], Ending.REPEATED),
        ("webarena", [TEXT, OTHER, TEXT], None),
        ("webarena", [TEXT, TEXT, TEXT, A], None),
        ("webarena", [None, None], None),
        ("webarena", [None, A, None, None], None),
        ("webarena", [None, None, None], Ending.UNREADABLE),
        ("webarena", [A, A, Stop()], Ending.STOPPED),
        ("dialect", [A, A, A], None),
        ("dialect", [TEXT, A, TEXT, B, TEXT], None),
        ("stages", [A] * 4, None),
        ("stages", [A] * 5, Ending.REPEATED),
        ("stages", [DOWN] * 9, None),
    ],
)
def test_repeats_end_an_episode_as_each_papers_harness_has_it(
    agent: str, actions: list[Action | None], ending: Ending | None
) -> None:
    assert over(took(*actions), agent) is ending  # type: ignore[arg-type]


def test_without_a_papers_agent_only_repeats_that_change_nothing_end_an_episode() -> None:
    assert over(took(A, A, A, changed=False)) is Ending.REPEATED
    assert over(took(TEXT, A, TEXT, A, TEXT, changed=False)) is None


# Voting


def scribe(**changes: object) -> RolloutConfig:
    return RolloutConfig(agent="scribe", max_steps=1, stages=changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answers", "asked", "action"),
    [
        ([MILK] * 5, 5, Click(node=2)),
        ([MILK, SEND, MILK, MILK, SEND, MILK, MILK], 7, Click(node=2)),
        ([MILK, SEND] * 5, 9, Click(node=2)),
        (["?", SEND] + [MILK, TYPE_BOB] * 4, 10, Click(node=2)),
        (["?"] * 10, 10, None),
        ([step("mouse_click_action", 77, "Click")] * 9 + [SEND], 10, Click(node=4)),
    ],
)
def test_votes_are_gathered_until_one_element_has_five_or_ten_were_cast(
    answers: list[str], asked: int, action: Action | None, tmp_path: Path
) -> None:
    model = ScriptedModel(answers)
    (trajectory,) = played(tmp_path, scribe(), model)
    assert len(model.asked) == asked
    assert trajectory.steps[0].action == action
    with Store.read(tmp_path / "s.sqlite") as store:
        kept = Transcript.model_validate_json(store.blob(trajectory.steps[0].transcript or ""))
    assert kept.exchanges[0].answers == tuple(answers[:asked])
    if action is None:
        assert trajectory.steps[0].unread


def test_every_draw_has_a_seed_of_its_own_and_a_greedy_one_is_asked_once(tmp_path: Path) -> None:
    seeds: list[int] = []

    def answer(prompt: Prompt, sampling: Sampling) -> str:
        seeds.append(sampling.seed)
        return MILK

    played(tmp_path, scribe(), ScriptedModel(answer))
    assert len(set(seeds)) == 5
    first, seeds = seeds, []
    (tmp_path / "b").mkdir()
    played(tmp_path / "b", scribe(), ScriptedModel(answer))
    assert seeds == first
    (tmp_path / "c").mkdir()
    (greedy,) = played(tmp_path / "c", scribe().with_(temperature=0.0), ScriptedModel([MILK]))
    assert (greedy.steps[0].action, greedy.steps[0].transcript) == (Click(node=2), None)


def long_page(number: int = 60) -> tuple[Element, ...]:
    buttons = (
        Element(id=100 + n, parent=9, tag="button", role="button", name=f"b{n}", clickable=True) for n in range(number)
    )
    return (*FORM[:1], *buttons, *FORM[1:])


def test_all_chunks_are_asked_and_the_target_is_found_in_whichever_it_stands(tmp_path: Path) -> None:
    for number, wanted in enumerate((101, 130, 4)):
        folder = tmp_path / str(number)
        folder.mkdir()

        def answer(prompt: Prompt, sampling: Sampling, wanted: int = wanted) -> str:
            there = f'node="{wanted}"' in prompt[-1].content
            return step("mouse_click_action", wanted, "Click it") if there else "not here"

        model = ScriptedModel(answer)
        (trajectory,) = played(folder, scribe().with_(budget=30), model, world=form(long_page()))
        assert trajectory.steps[0].action == Click(node=wanted)
        assert trajectory.steps[0].prompt_key is None
        prompts = Counter(prompt[-1].content for prompt in model.asked)
        assert len(prompts) > 3
        assert max(prompts.values()) - min(prompts.values()) <= 1  # no chunk is asked again before all were


def test_no_vote_is_over_before_every_chunk_was_asked(tmp_path: Path) -> None:
    def answer(prompt: Prompt, sampling: Sampling) -> str:
        beginning = 'node="100"' in prompt[-1].content  # the last of the chunks
        click = step("mouse_click_action", 100, "Click it")
        return click if beginning else "1.\nDescription: Scroll down\nAction: scroll_action"

    model = ScriptedModel(answer)
    config = scribe(votes=1, samples=1).with_(budget=30)
    played(tmp_path, config, model, world=form(long_page()))
    assert any('node="100"' in prompt[-1].content for prompt in model.asked)


def test_chunks_leave_nothing_out_and_a_page_within_the_budget_is_the_dialects_prompt() -> None:
    seen = Observation(url="http://x/", elements=long_page(), dialog="alert hello")
    small = load("scribe").with_(budget=30)
    parts = small.prompts("go", seen, [], lambda text: len(text.split()))
    assert len(parts) > 3
    for node in (1, 2, 3, 4, *range(100, 160)):
        assert sum(f'node="{node}"' in part[-1].content for part in parts) == 1
    assert all("[dialog] alert hello" in part[-1].content for part in parts)
    for dialect in (load("scribe"), load("webarena")):
        whole = dialect.prompts("go", seen, [], lambda text: len(text.split()))
        assert whole == (dialect.prompt("go", seen, [], lambda text: len(text.split()))[0],)


def test_rows_are_made_of_the_very_prompts_also_of_replaced_ones(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "webarena.txt").write_text("Go! {{observation}} {{url}} {{objective}} {{previous}}")
    for agent, said in (("scribe", TYPE_BOB), ("webarena", fenced("type [1] [bob] [0]"))):
        folder = tmp_path / agent
        folder.mkdir()
        sets = [f"agent={agent}", "max_steps=2", *([f"prompts={mine}"] if agent == "webarena" else [])]
        config = RolloutConfig.resolve(sets=sets)
        model = ScriptedModel(lambda *_, said=said: said)
        (trajectory,) = played(folder, config, model)
        assert all(step.prompt_key for step in trajectory.steps)
        tally: Counter[str] = Counter()
        made = list(rows(trajectory, dialect_of(config), DatasetConfig(steps="all"), model.count, tally))
        assert (len(made), tally["stale"]) == (2, 0)
        assert made[0].messages in model.asked
        if agent == "webarena":
            assert made[0].messages[0].content.startswith("Go! ")
            assert not list(rows(trajectory, load("webarena"), DatasetConfig(), model.count, tally))


def test_a_redacted_step_has_no_transcript() -> None:
    step = taken(0, "said", A).with_(transcript="abc")
    assert Redactor().step(step).transcript is None


# Without a model


def test_the_trivial_agent_says_that_nothing_can_be_done(tmp_path: Path) -> None:
    (trajectory,) = played(tmp_path, RolloutConfig(agent="trivial", dialect="webarena"))
    assert [(one.said, one.action) for one in trajectory.steps] == [
        ("In summary, the next action I will perform is ```stop [N/A]```", Stop(answer="N/A"))
    ]
    assert (trajectory.ending, trajectory.score) == (Ending.STOPPED, 0.0)


def test_the_same_seed_takes_the_same_actions_at_random(tmp_path: Path) -> None:
    taken: list[list[Action | None]] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made = played(tmp_path / name, RolloutConfig(agent="random"), seeds=range(6))
        taken.append([step.action for one in made for step in one.steps])
    assert taken[0] == taken[1]
    assert len({str(action) for action in taken[0]}) > 5


def test_every_kind_that_the_page_offers_is_drawn_as_often_and_can_be_read_back() -> None:
    seen = page().with_(
        elements=(*FORM, Element(id=20, tag="input", attributes={"type": "file"}), *page().elements[:2]),
        tabs=(Tab(url="a", title="A", active=True), Tab(url="b", title="B")),
        dialog="alert hello",
    )
    offered = offers(GOAL, seen)
    kinds = (
        "back click close_tab dialog drag forward goto hover new_tab press scroll select stop switch_tab type upload"
    )
    assert sorted(offered) == sorted([*kinds.split(), "wait"])
    assert "upload" not in offers(GOAL, page())
    assert "dialog" not in offers(GOAL, page())
    assert not {"click", "drag", "type"} & offers(GOAL, Observation(url="http://x/")).keys()
    chance = random.Random(3)
    for kind, draw in offered.items():
        for _ in range(5):
            action = draw(chance)
            assert action.kind == kind
            for spelling in (Spelling.WEBARENA, Spelling.SCRIBE):
                assert read(write(action, spelling, str), spelling).action == action or isinstance(action, Drag | Press)


# Who acts


def test_names_and_agents_have_to_fit() -> None:
    options = ModelConfig()
    assert acting_model("seed", options, RolloutConfig(agent="random")) is None
    assert acting_model("solvers", options, RolloutConfig()) is None
    for agent in ("dialect", "stages"):
        with pytest.raises(UsageError, match="asks a model"):
            acting_model("none", options, RolloutConfig(agent=agent))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="solvers act by themselves"):
        acting_model("solvers", options, RolloutConfig(agent="webarena"))
    with pytest.raises(UsageError, match="one answer to one prompt"):
        episodes_of(ReinforceConfig(rollout=RolloutConfig(agent="stages")))


def test_a_roles_model_is_loaded_once_and_is_part_of_the_attempts_keys() -> None:
    loads: list[str] = []

    def load_named(name: str, _options: ModelConfig) -> ScriptedModel:
        loads.append(name)
        return ScriptedModel([], name=name)

    cast, main = Cast(load_named), ScriptedModel([])
    config = RolloutConfig(agent="stages", stages={"roles": {"check": "gpt", "act": "gpt"}})  # type: ignore[arg-type]
    assert cast.models(config).keys() == cast.models(config).keys() == {"gpt"}
    assert loads == ["gpt"]
    keys = {playing_key(main, config, {"gpt": ScriptedModel([], name=name)}) for name in ("gpt", "other")}
    assert len({main.key, *keys}) == 3
    assert playing_key(main, RolloutConfig(agent="stages"), {}) == playing_key(main, RolloutConfig(), {}) == main.key
    assert cast.models(config.with_(agent="scribe")) == {}


def test_workers_elsewhere_are_told_of_the_roles(tmp_path: Path) -> None:
    from webapprentice.evaluate import Named

    roles = {name: ScriptedModel([], name=name) for name in ("scripted:x", "refiner")}
    config = stages()
    main = ScriptedModel([], name="main")
    jobs = jobs_for([TASK], range(4), 1, main.key, config)
    setup = _setup(main, Named(name="scripted:main"), config, PoolConfig(), "c", jobs, roles)
    assert type(setup).model_validate_json(setup.model_dump_json()) == setup
    assert {name: one.key for name, one in setup.roles.items()} == {name: one.key for name, one in roles.items()}
    with pytest.raises(UsageError, match="load the model themselves"):
        _setup(main, Named(name="scripted:main"), config, PoolConfig(), "c", jobs, {"scripted:@file": main})
    alone = _setup(None, None, RolloutConfig(agent="random"), PoolConfig(), "c", jobs, {})
    assert (alone.model, alone.key) == (None, "agent:random")


def apprentice(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(Path(sys.executable).with_name("apprentice")), *words], capture_output=True, text=True)


def test_the_prompts_are_copied_out_and_a_broken_one_is_refused_by_name(tmp_path: Path) -> None:
    copied = apprentice("agents", "prompts", str(tmp_path / "mine"))
    assert copied.returncode == 0
    broken = tmp_path / "mine" / "choose.txt"
    assert str(broken) in copied.stdout
    broken.write_text(broken.read_text().replace("{{candidates}}", ""))
    refused = apprentice(
        "rollout",
        "--run",
        str(tmp_path / "r"),
        "--set",
        "rollout.agent=stages",
        "--set",
        f"rollout.prompts={broken.parent}",
    )
    assert refused.returncode == 2
    assert f"the prompt {broken} lacks {{{{candidates}}}}" in refused.stderr
    assert not (tmp_path / "r").exists()
    assert set(json.loads(apprentice("agents", "--json").stdout)) >= {"stages", "random"}


# Real pages


def in_webarena(prompt: Prompt, sampling: Sampling) -> str:
    """Types what is wanted, once, and presses the button."""
    page, about = prompt[-1].content.split("OBJECTIVE: ")
    node = {
        role: line.split("]")[0].strip("\t[")
        for line in page.splitlines()
        for role in ("textbox", "button")
        if f"] {role} " in line
    }
    if "textbox" in node and "type [" not in about:
        return fenced(f"type [{node['textbox']}] [{about.split(chr(34))[1]}] [0]")
    return fenced(f"click [{node['button']}]")


def in_html(prompt: Prompt, sampling: Sampling) -> str:
    """The same, from HTML."""
    page, guide = prompt[-1].content.split("Step-by-step guide:")
    node = {tag: found[1] for tag in ("input", "button") if (found := re.search(rf'<{tag}[^>]* node="(\d+)"', page))}
    if "input" in node and "keyboard_sequence_action" not in guide:
        typed = page.split('"')[1]
        return step("keyboard_sequence_action", int(node["input"]), f'Type "{typed}"')
    return step("mouse_click_action", int(node["button"]), "Click the button")


def as_action(prompt: Prompt, sampling: Sampling) -> str:
    """The step that it is given, as an action."""
    said = read(prompt[-1].content.split("STEP:\n")[1], Spelling.SCRIBE).action
    assert said is not None
    return write(said, Spelling.WEBARENA, str)


@pytest.mark.browser
def test_every_agent_acts_in_real_pages(tmp_path: Path) -> None:
    scripts = {**USUAL, "act": in_html, "translate": as_action}
    cases: list[tuple[RolloutConfig, ScriptedModel | None, dict[str, ScriptedModel], list[float | None] | None]] = [
        (RolloutConfig(agent="webarena"), ScriptedModel(in_webarena), {}, [1.0, 1.0]),
        (RolloutConfig(agent="scribe"), ScriptedModel(in_html), {}, [1.0, 1.0]),
        (stages(), ScriptedModel([]), role_models(**scripts), [1.0, 1.0]),
        (RolloutConfig(agent="trivial"), None, {}, [0.0, 0.0]),
        (RolloutConfig(agent="random"), None, {}, None),
    ]
    tasks = load_tasks("miniwob/click-test,miniwob/enter-text")

    async def run(store: Store) -> None:
        async with worlds(2, BrowserConfig()) as here:
            for config, model, roles, _ in cases:
                async with acting(model, config, 1, roles) as actor:
                    jobs = jobs_for(tasks, [0], 1, playing_key(model, config, roles), config)
                    await rollout(jobs, here, actor, store, config.agent, config=config)

    with Store.create(tmp_path / "s.sqlite") as store:
        asyncio.run(run(store))
        for config, _, _, scores in cases:
            made = sorted(store.trajectories(config.agent), key=lambda one: one.task.id)
            assert [one.task.id for one in made] == [task.id for task in tasks]
            assert [one.fault for one in made] == [None, None], config.agent
            assert scores is None or [one.score for one in made] == scores, config.agent
            assert all(one.steps for one in made)
