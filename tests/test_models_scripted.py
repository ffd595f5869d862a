import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from webapprentice import models
from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.protocols import Completion, Model, Sampling, Scorer
from webapprentice.core.records import Message

PROMPT = (Message(role="user", content="go on"),)


def test_a_list_is_answered_in_order_and_the_questions_are_remembered() -> None:
    model = models.ScriptedModel(["one", Completion(text="two", logprob=-1.5)])
    answers = asyncio.run(model.complete([PROMPT, PROMPT], [Sampling()] * 2))
    assert [answer.text for answer in answers] == ["one", "two"]
    assert answers[1].logprob == -1.5
    assert model.asked == [PROMPT, PROMPT]
    with pytest.raises(FaultError, match="no answer for call 3"):
        asyncio.run(model.complete([PROMPT], [Sampling()]))


def test_a_function_sees_prompt_and_sampling() -> None:
    model = models.ScriptedModel(lambda prompt, sampling: f"{prompt[0].content} {sampling.seed}")
    assert asyncio.run(model.complete([PROMPT], [Sampling(seed=4)]))[0].text == "go on 4"


def test_a_fault_in_the_script_is_raised() -> None:
    fault = FaultError(Fault(owner=Owner.MODEL, kind="llm_5xx"))
    with pytest.raises(FaultError, match="llm_5xx"):
        asyncio.run(models.ScriptedModel([fault]).complete([PROMPT], [Sampling()]))


def test_it_is_a_model_and_a_scorer() -> None:
    scripted = models.ScriptedModel([], name="a", score=lambda _prompt, answer: float(len(answer)))
    model: Model = scripted
    scorer: Scorer = scripted
    assert asyncio.run(scorer.logprobs([PROMPT], ["four"])) == [4.0]
    assert model.key == models.ScriptedModel(["x"], name="a").key != models.ScriptedModel([], name="b").key


def test_scripts_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("first\nsecond\n")
    model = models.load(f"scripted:@{tmp_path / 'lines'}")
    said = [asyncio.run(model.complete([PROMPT], [Sampling()]))[0].text for _ in range(2)]
    assert said == ["first", "second"]
    assert asyncio.run(models.load("scripted:stop").complete([PROMPT] * 2, [Sampling()] * 2))[1].text == "stop"


def test_importing_models_loads_nothing_heavy() -> None:
    code = "import sys, webapprentice.models; print(*{'torch', 'transformers', 'peft', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
