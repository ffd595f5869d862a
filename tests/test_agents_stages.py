"""ScribeAgent's four stages: each stage, each fallback, faults, notes, and what is kept of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from made_agents import FORM, MILK, SEND, TASK, TYPE_BOB, USUAL, fenced, form, played, role_models, stages, step
from webapprentice.browser import find_chromium
from webapprentice.cluster import ClusterConfig, Foreman, ThreadYard
from webapprentice.core.actions import Click, Goto, Scroll, Stop, Type
from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.protocols import Prompt, Sampling
from webapprentice.core.records import Element, Ending, Trajectory
from webapprentice.curate.rules import no_log
from webapprentice.evaluate import Named, PoolConfig, attempt_all
from webapprentice.models import ScriptedModel
from webapprentice.models import load as load_model
from webapprentice.rollout import RolloutConfig
from webapprentice.rollout.agents import Transcript
from webapprentice.rollout.agents.replies import Verdict, normalised, read_check, read_choice, read_objective
from webapprentice.store import Store
from webapprentice.tasks import load as load_tasks


def one(folder: Path, config: RolloutConfig | None = None, **scripts: object) -> tuple[Trajectory, dict]:
    roles = role_models(**{**USUAL, **scripts})  # type: ignore[arg-type]
    (trajectory,) = played(folder, config or stages(), roles=roles)
    return trajectory, roles


def transcripts(folder: Path, trajectory: Trajectory) -> list[Transcript]:
    with Store.read(folder / "s.sqlite") as store:
        return [Transcript.model_validate_json(store.blob(step.transcript or "")) for step in trajectory.steps]


def test_the_stages_fill_a_form_in_and_every_role_asks_its_own_model(tmp_path: Path) -> None:
    trajectory, roles = one(tmp_path)
    assert (trajectory.score, trajectory.ending) == (1.0, Ending.PAGE)
    assert [step.action for step in trajectory.steps] == [Type(node=1, text="bob"), Click(node=4)]
    # The objective is refined once; the act model votes five times a step; the check waits for the second step.
    asked = {role: len(model.asked) for role, model in roles.items()}
    assert asked == {"refine": 1, "act": 10, "choose": 0, "translate": 2, "check": 1}
    first = roles["act"].asked[0][-1].content
    assert first.startswith("Objective: send bob Specifically: Type bob, then press Send.\n")
    assert '<input type="checkbox" node="2">' in first
    assert 'Description: Type "bob"' in roles["act"].asked[5][-1].content
    assert "PROPOSED ANSWER: None" in roles["check"].asked[0][-1].content
    assert trajectory.steps[0].usage.prompt_tokens > 5 * len(first.split())
    assert no_log(trajectory) is None


def test_what_is_said_is_the_training_format_and_what_was_asked_is_kept_beside_it(tmp_path: Path) -> None:
    trajectory, _ = one(tmp_path)
    said = trajectory.steps[0].said.splitlines()
    assert said[1:4] == ['Description: Type "bob"', "Action: keyboard_sequence_action", "Node: 1 1 1 1 1"]
    assert trajectory.steps[0].prompt_key is None
    first, second = transcripts(tmp_path, trajectory)
    assert [exchange.stage for exchange in first.exchanges] == ["refine", "act", "translate"]
    assert [exchange.stage for exchange in second.exchanges] == ["check", "act", "translate"]
    assert first.exchanges[1].answers == (TYPE_BOB,) * 5
    assert first.exchanges[2].prompt[-1].content.endswith(TYPE_BOB)
    assert '<button node="4">' in second.exchanges[2].prompt[-1].content.split("AROUND THE ELEMENT:")[1]
    assert first.objective == "send bob Specifically: Type bob, then press Send."
    assert (first.fallback, second.fallback) == ("", "")


def test_several_elements_are_chosen_among(tmp_path: Path) -> None:
    longer = MILK.replace("Click Milk", "Click the box for milk in it")
    answers = [TYPE_BOB, MILK, TYPE_BOB, longer, "nonsense", TYPE_BOB, MILK, TYPE_BOB, TYPE_BOB]
    trajectory, roles = one(tmp_path, act=[*answers, *[SEND] * 5], choose=["Milk is wrong.\nChoice: 1"])
    assert trajectory.succeeded
    listed = roles["choose"].asked[0][-1].content.split("PROPOSALS:\n")[1]
    assert listed == f"No. 1\n{TYPE_BOB}\n\nNo. 2\n{longer}"
    trajectory, _ = one(_new(tmp_path), act=[*answers, *[SEND] * 5], choose=["Choice: No. 2"], translate=_says_its_step)
    assert trajectory.steps[0].action == Click(node=2)
    assert "Description: Click the box for milk in it" in trajectory.steps[0].said


def _new(folder: Path) -> Path:
    (folder / "again").mkdir()
    return folder / "again"


def _says_its_step(prompt, sampling) -> str:  # type: ignore[no-untyped-def]
    step = prompt[-1].content.split("STEP:")[1]
    return fenced("type [1] [bob] [0]" if "Type" in step else "click [2]" if "milk" in step else "click [4]")


@pytest.mark.parametrize(
    ("scripts", "action", "why"),
    [
        ({"act": lambda *_: "I do not know"}, Scroll(direction="down"), "no proposal could be read"),
        ({"act": lambda *_: step("mouse_click_action", 77, "Click")}, Scroll(direction="down"), "no proposal"),
        ({"act": [MILK, SEND] * 4 + [SEND], "choose": ["Choice: none"]}, Scroll(direction="down"), "rejected"),
        ({"translate": lambda *_: fenced("click [77]")}, Scroll(direction="down"), "has the id 77"),
        ({"translate": lambda *_: fenced("drag [1] [78]")}, Scroll(direction="down"), "has the id 78"),
        ({"translate": lambda *_: fenced("go_back")}, Goto(url="scripted://page"), "back is the start"),
    ],
)
def test_what_cannot_be_done_falls_back_as_the_paper_does(
    scripts: dict, action: object, why: str, tmp_path: Path
) -> None:
    trajectory, _ = one(tmp_path, stages().with_(max_steps=1), **scripts)
    assert [step.action for step in trajectory.steps] == [action]
    assert trajectory.ending is Ending.STEP_LIMIT
    assert why in transcripts(tmp_path, trajectory)[0].fallback


def test_the_check_stops_with_its_answer_and_asks_nothing_more(tmp_path: Path) -> None:
    trajectory, roles = one(tmp_path, check=["It is there.\n**Summary:** completed | 42 kg"])
    assert [step.action for step in trajectory.steps] == [Type(node=1, text="bob"), Stop(answer="42 kg")]
    assert trajectory.ending is Ending.STOPPED
    assert len(roles["act"].asked) == 5
    assert "Action: stop_action" in trajectory.steps[1].said


def test_a_stop_of_the_translation_is_checked_and_never_bare_when_the_check_disagrees(tmp_path: Path) -> None:
    stop = step("stop_action", 1, 'Stop with "7"').replace("Node: 1 1 1 1 1", "Node: none")
    stubborn = stages().with_(max_steps=1)
    trajectory, roles = one(tmp_path, stubborn, act=lambda *_: stop, translate=lambda *_: fenced("stop [7]"))
    assert [one.action for one in trajectory.steps] == [Scroll(direction="down")]
    assert "PROPOSED ANSWER: 7" in roles["check"].asked[0][-1].content
    assert "do not stop" in roles["translate"].asked[1][-1].content
    assert trajectory.ending is Ending.STEP_LIMIT

    turned = [fenced("stop [7]"), fenced("click [2]")]
    trajectory, _ = one(_new(tmp_path), stubborn, act=lambda *_: stop, translate=turned)
    assert [one.action for one in trajectory.steps] == [Click(node=2)]


@pytest.mark.parametrize(
    ("check", "answer"),
    [("completed | none", "7"), ("completed | 8", "8"), ("completed", "7"), ("completed: n/a.", "N/A")],
)
def test_a_stop_that_the_check_confirms_has_an_answer(check: str, answer: str, tmp_path: Path) -> None:
    trajectory, _ = one(tmp_path, translate=lambda *_: fenced("stop [7]"), check=[f"Summary: {check}"])
    assert [one.action for one in trajectory.steps] == [Stop(answer=answer)]


def test_notes_gather_and_are_told_to_later_stages(tmp_path: Path) -> None:
    said = ["a is 1 km", "b is 2 km", "a is 1 km", "none"]
    trajectory, roles = one(
        tmp_path,
        stages().with_(max_steps=4),
        act=lambda *_: MILK,
        translate=lambda *_: fenced("click [2]"),
        check=[f"Summary: incomplete | {note}" for note in said],
    )
    assert len(trajectory.steps) == 4
    told = [prompt[-1].content.split("NOTES:\n")[1].split("\nPROPOSED")[0] for prompt in roles["check"].asked]
    assert told == ["None", "a is 1 km", "a is 1 km\nb is 2 km"]
    assert "NOTES:\na is 1 km\nb is 2 km\n" in roles["translate"].asked[3][-1].content
    assert transcripts(tmp_path, trajectory)[-1].notes == ("a is 1 km", "b is 2 km")


BROKEN = FaultError(Fault(owner=Owner.MODEL, kind="llm_5xx", message="the server is on fire"))


@pytest.mark.parametrize("stage", ["refine", "act", "choose", "translate", "check"])
def test_a_fault_in_a_stage_ends_the_episode_as_a_fault_of_the_model_and_never_as_a_stop(
    stage: str, tmp_path: Path
) -> None:
    scripts = {"act": [TYPE_BOB, MILK] * 9} if stage == "choose" else {}
    trajectory, _ = one(tmp_path, **{**scripts, stage: [BROKEN] * 20})
    assert (trajectory.ending, trajectory.score) == (Ending.FAULT, None)
    assert trajectory.fault is not None
    assert (trajectory.fault.owner, trajectory.fault.kind) == (Owner.MODEL, "llm_5xx")
    assert trajectory.fault.message == f"stage {stage}: the server is on fire"
    assert not any(isinstance(step.action, Stop) for step in trajectory.steps)


def test_an_answer_that_cannot_be_read_is_asked_for_again_and_then_a_fault(tmp_path: Path) -> None:
    good = "Summary: incomplete | none"
    trajectory, roles = one(tmp_path, stages(tries=3), check=["what?", "hm", good])
    assert trajectory.succeeded
    assert len(roles["check"].asked) == 3
    assert transcripts(tmp_path, trajectory)[1].exchanges[0].answers == ("what?", "hm", good)
    trajectory, roles = one(_new(tmp_path), stages(tries=3), check=lambda *_: "what?")
    assert trajectory.fault is not None
    assert (trajectory.fault.kind, trajectory.fault.owner) == ("llm_bad_output", Owner.MODEL)
    assert "stage check: none of 3 answers" in trajectory.fault.message
    assert len(roles["check"].asked) == 6  # an attempt that a fault ended is made once more


def test_every_try_of_a_stage_is_another_draw_and_the_same_one_in_another_run(tmp_path: Path) -> None:
    seeds: list[int] = []

    def unclear(prompt: Prompt, sampling: Sampling) -> str:
        seeds.append(sampling.seed)
        return "what?"

    one(tmp_path, check=unclear)
    assert len(set(seeds[:5])) == 5
    assert seeds[5:] == seeds[:5]
    assert len(seeds) == 10


def test_a_task_is_asked_about_in_its_sites_own_words(tmp_path: Path) -> None:
    texts = {f"refine.{site}": f"{site}: {{{{objective}}}} {{{{url}}}} {{{{observation}}}}" for site in ("map", "shop")}
    _, roles = one(tmp_path, stages().with_(prompts=texts))
    assert [prompt[-1].content.split()[:3] for prompt in roles["refine"].asked] == [["shop:", "send", "bob"]]
    assert TASK.sites == ("shop",)


def test_a_greedy_stage_is_asked_once(tmp_path: Path) -> None:
    trajectory, roles = one(tmp_path, stages(temperature=0.0).with_(temperature=0.0), check=lambda *_: "what?")
    assert trajectory.ending is Ending.FAULT
    assert (len(roles["check"].asked), len(roles["act"].asked)) == (2, 2)


def test_a_menu_of_scrolls_is_no_repetition_and_five_equal_clicks_are(tmp_path: Path) -> None:
    trajectory, _ = one(tmp_path, act=lambda *_: "?")
    assert (trajectory.ending, len(trajectory.steps)) == (Ending.STEP_LIMIT, TASK.limits.steps)
    trajectory, _ = one(_new(tmp_path), translate=lambda *_: fenced("click [2]"))
    assert (trajectory.ending, len(trajectory.steps)) == (Ending.REPEATED, 5)


def test_proposals_come_from_all_chunks_of_a_page(tmp_path: Path) -> None:
    words = tuple(
        Element(id=200 + n, parent=9, tag="button", role="button", name=f"b{n}", clickable=True) for n in range(40)
    )
    page = (*FORM[:1], *words, *FORM[1:])
    roles = role_models(**{**USUAL, "act": _only_from_the_chunk_with_its_button})
    config = stages().with_(budget=40)
    (trajectory,) = played(tmp_path, config, roles=roles, world=form(page))
    assert [step.action for step in trajectory.steps] == [Type(node=1, text="bob"), Click(node=4)]
    chunks = {prompt[-1].content for prompt in roles["act"].asked}
    assert len(chunks) > 4


def _only_from_the_chunk_with_its_button(prompt, sampling) -> str:  # type: ignore[no-untyped-def]
    page, guide = prompt[-1].content.split("guide:")
    if "Type" in guide:
        return SEND if 'node="4"' in page else "nothing here"
    return TYPE_BOB if 'node="1"' in page else "nothing here"


def test_the_runs_own_model_plays_every_role_that_names_no_other(tmp_path: Path) -> None:
    def everybody(prompt, sampling) -> str:  # type: ignore[no-untyped-def]
        text = prompt[-1].content
        for mark, role in (("PROPOSED ANSWER", "check"), ("\nSTEP:", "translate"), ("guide:", "act")):
            if mark in text:
                return USUAL[role](prompt, sampling)  # type: ignore[operator]
        return "Type bob, then press Send."

    model = ScriptedModel(everybody)
    (trajectory,) = played(tmp_path, RolloutConfig(agent="stages"), model)
    assert trajectory.succeeded


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Summary: completed | N/A", Verdict(True, "N/A")),
        ("...\n**Summary**: Completed, answer: 12.50", Verdict(True, "12.50")),
        ("summary: incomplete - the price is -5", Verdict(False, "the price is -5")),
        ("Summary: completed | -5", Verdict(True, "-5")),
        ("Summary: completed | .5 mm", Verdict(True, ".5 mm")),
        ("Summary: complete", Verdict(True, "")),
        ("Summary: incomplete\nNote: a\nb", Verdict(False, "a b")),
        ("Summary: incomplete | x\nSummary: completed | y", Verdict(True, "y")),
        ("It is completed.", None),
        ("Summary: perhaps", None),
        ("", None),
    ],
)
def test_verdicts_are_read(text: str, verdict: Verdict | None) -> None:
    assert read_check(text) == verdict


@pytest.mark.parametrize("text", ["n/a", "N/A.", " N / A ", "'n/a'", "(N/A)", "`n/a`"])
def test_not_available_is_written_one_way(text: str) -> None:
    assert normalised(text) == "N/A"
    assert normalised("n/a is what it says") == "n/a is what it says"


@pytest.mark.parametrize(
    ("text", "place"),
    [("Choice: 2", 1), ("**Choice:** No. 1", 0), ("Choice: 1 or\nChoice: none", -1), ("Choice: 3", None), ("2", None)],
)
def test_choices_are_read(text: str, place: int | None) -> None:
    assert read_choice(text, 2) == place


def test_a_plan_is_one_line() -> None:
    assert read_objective("**Specifically:** open\n  the shop") == "open the shop"
    assert read_objective(" \n") is None


@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
def test_workers_elsewhere_load_the_roles_and_send_what_the_stages_said(tmp_path: Path) -> None:
    names = {role: f"scripted:{words}" for role, words in (("refine", "Press it."), ("act", "?"))}
    config = RolloutConfig(agent="stages", max_steps=1, stages={"roles": names, "samples": 2})  # type: ignore[arg-type]
    main, tasks = load_model("scripted:Summary: incomplete | none"), load_tasks("miniwob/click-test")
    made = []
    for name, executor in (("here", None), ("there", Foreman(ThreadYard(1), ClusterConfig(), 2))):
        with Store.create(tmp_path / f"{name}.sqlite") as store:
            named = Named(name="scripted:Summary: incomplete | none")
            pool = PoolConfig(contexts=1)
            done = attempt_all(main, tasks, [0], 1, config, store, "c", pool=pool, executor=executor, named=named)
            keys = asyncio.run(done)
            (trajectory,) = store.trajectories("c", keys)
            (taken,) = trajectory.steps
            kept = Transcript.model_validate_json(store.blob(taken.transcript or ""))
            made.append((keys, taken.action, taken.said, kept, trajectory.provenance.config_hash))
    assert made[0] == made[1]
    assert [one.stage for one in made[0][3].exchanges] == ["refine", "act"]
    assert made[0][3].objective.endswith("Specifically: Press it.")
    assert made[0][1] == Scroll(direction="down")
