"""Objectives and vague steps said anew: what is asked, what is used, what stays."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from webapprentice.core.actions import Click
from webapprentice.core.faults import Fault, FaultError, Owner, UsageError
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Trajectory
from webapprentice.curate import DatasetConfig, examples
from webapprentice.dialect import load
from webapprentice.evaluate.augment import AugmentConfig, Augmented, augment, usable_answer, vague
from webapprentice.importers.common import Workflow
from webapprentice.models import ScriptedModel
from webapprentice.store import Store


def flow(number: int) -> Trajectory:
    made = Workflow("made", f"flow-{number}", f"Orders {number}")
    for said in ("Click here", "Open the orders"):
        made.step(
            "<body><button id=b>Save all</button></body>", "http://a.example/", "#b", lambda n: Click(node=n), said
        )
    return made.ready("by hand").trajectory


class Writer(ScriptedModel):
    """Says what it is asked about, refuses flow 2's objective, and does not answer flow 3's."""

    def __init__(self) -> None:
        super().__init__(lambda prompt, _sampling: "Press the button Save all.")
        self.seen: list[str] = []

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        found = []
        for prompt in prompts:
            words = prompt[-1].content
            objective = words.startswith("Title:")
            if objective and "Orders 3" in words:
                raise FaultError(Fault(owner=Owner.MODEL, kind="context_overflow", message="too long"))
            self.seen.append(words)
            said = "I'm sorry, no." if "Orders 2" in words else "Objective: Save the orders of this week."
            found.append(Completion(text=said if objective else "Press the button Save all."))
        return found


@pytest.mark.parametrize(
    ("said", "empty"),
    [
        ("Click here", True),
        ("click here.", True),
        ("Click here to", True),
        ("click", True),
        ("", True),
        ("Click on this", True),
        ("click here to save the order", False),
        ("Click Save", False),
        ("Open the orders", False),
        ('Type "here" into the name', False),
    ],
)
def test_what_says_nothing(said: str, empty: bool) -> None:
    assert vague(said) is empty


@pytest.mark.parametrize("text", ["", "\n \n", "Click here", "x" * 300, "Sorry, I cannot see it.", "Error: 500"])
def test_answers_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|says nothing|too long|refusal"):
        usable_answer(text, "steps")


def run_once(store: Store, folder: Path, model: ScriptedModel, **knobs: object) -> Augmented:
    config = AugmentConfig.model_validate({"collection": "made", "model": "scripted", **knobs})
    return asyncio.run(augment(config, folder, store, model, lambda line: None))


def test_the_training_workflows_are_said_anew_and_the_others_stay(tmp_path: Path) -> None:
    flows = [flow(number) for number in range(5)]
    (tmp_path / "rows.test.txt").write_text(f"{flows[4].key}\n")
    with Store.create(tmp_path / "store.sqlite") as store:
        for one in flows:
            store.finish("made", one)
        model = Writer()
        made = run_once(store, tmp_path, model)
        assert (made.trajectories, made.steps, made.objectives, made.kept) == (5, 5, 2, 1)
        assert made.failed == {"a refusal": 1, "context_overflow": 1}
        assert not [words for words in model.seen if words.startswith("Title: Orders 4")]
        found = {one.key: one for one in store.trajectories("augmented/made")}
        goals = [found[one.key].goal for one in flows]
        assert goals == ["Save the orders of this week."] * 2 + ["Orders 2", "Orders 3", "Orders 4"]
        assert [step.said for step in found[flows[4].key].steps] == ["Press the button Save all.", "Open the orders"]
        assert found[flows[0].key].task.goal == "Orders 0"
        again = Writer()
        assert run_once(store, tmp_path, again) == made
        assert again.seen == []
        told = run_once(store, tmp_path, Writer(), test_objectives=True)
        assert (told.objectives, told.kept) == (3, 1)
        assert {one.key: one.goal for one in store.trajectories("augmented/made")}[flows[4].key].startswith("Save")
        (tmp_path / "rows.test.txt").write_text("of-another-collection\n")
        with pytest.raises(UsageError, match="they are another collection's"):
            run_once(store, tmp_path, Writer())


def test_what_failed_is_said_anew_later_and_what_was_said_before_stays(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        store.finish("made", flow(2))
        (tmp_path / "rows.test.txt").write_text("")
        assert run_once(store, tmp_path, Writer(), what=["steps"]).steps == 1
        better = ScriptedModel(lambda prompt, _sampling: "Save the orders of May.", name="better")
        assert run_once(store, tmp_path, better, what=["objectives"]).objectives == 1
        (made,) = store.trajectories("augmented/made")
        assert (made.goal, made.steps[0].said) == ("Save the orders of May.", "Press the button Save all.")


def test_objectives_are_not_touched_where_nobody_knows_the_test(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        store.finish("made", flow(0))
        with pytest.raises(UsageError, match=r"which workflows are for the test.*rows\.test\.txt"):
            run_once(store, tmp_path, Writer())
        assert run_once(store, tmp_path, Writer(), what=["steps"]).steps == 1


def test_described_rows_teach_these_words() -> None:
    rows = examples([flow(1)], load("scribe"), DatasetConfig(completion="described", validation=0.0), len).train
    first, second = sorted(rows, key=lambda row: row.step)
    assert "Description: Click here\n" in first.completion
    assert "Description: Open the orders\nAction: mouse_click_action" in second.completion
    assert "Description: Click here\n" in second.messages[-1].content
    (plain, _) = examples([flow(1)], load("scribe"), DatasetConfig(completion="canonical", validation=0.0), len).train
    assert 'Description: Click "Save all"' in plain.completion
