"""The agents' prompts are files: the package's own give what the dialects gave, a user's replace them one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples import page
from webapprentice.core.config import Config
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.records import Observation, Outcome, Result, Tab
from webapprentice.dialect import load
from webapprentice.evaluate import dialect_of
from webapprentice.rollout import RolloutConfig
from webapprentice.rollout.agents import Prompts, copy_prompts
from webapprentice.rollout.agents.wording import NAMES, VARIABLES, packaged

DONE = Outcome(result=Result.DONE)
LATE = Outcome(result=Result.LATE)
SCRIBE = '1.\nDescription: Click ok\nAction: mouse_click_action\nNode: 13 13 13 13 13\nTarget: <button node="13">'
SEEN = page(typed="{{url}} {{objective}}").with_(tabs=(Tab(url="a", title="A", active=True), Tab(url="b", title="B")))


def tokens(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("seen", [page(), SEEN, Observation(url="http://x/")], ids=["plain", "tabs", "empty"])
@pytest.mark.parametrize(
    ("name", "history"),
    [
        ("webarena", []),
        ("webarena", [("```click [13]```", DONE), ("```type [12] [a] [1]```", LATE)]),
        ("scribe", []),
        ("scribe", [(SCRIBE, DONE), (SCRIBE, LATE)]),
    ],
)
def test_the_packages_prompts_are_those_of_the_dialects_to_the_letter(
    name: str, history: list[tuple[str, Outcome]], seen: Observation
) -> None:
    own = load(name)
    worded = own.with_(wording=Prompts().chat(name))  # type: ignore[arg-type]
    goal = "Press  ok, then\n{{previous}} {{history}}"
    assert worded.wording
    assert worded.prompt(goal, seen, history, tokens) == own.prompt(goal, seen, history, tokens)
    assert dialect_of(RolloutConfig(agent=name)) == own  # type: ignore[arg-type]


def test_keys_of_dialects_are_what_they_were_before_there_was_another_wording() -> None:
    assert key_of(load("webarena")) == "6594ce55861020d37263"
    assert key_of(load("compact")) == "d41b6c2cf3c16dd3f7b6"
    assert key_of(load("webarena").with_(wording=Prompts().chat("webarena"))) != key_of(load("webarena"))


def folder_with(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name.replace('__', '.')}.txt").write_text(text, encoding="utf-8")
    return folder


def everything(name: str) -> str:
    return "Mine: " + " ".join("{{" + one + "}}" for one in sorted(VARIABLES[name]))  # type: ignore[index]


def test_one_prompt_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    mine = folder_with(tmp_path / "mine", check=everything("check"))
    config = RolloutConfig.resolve(sets=["agent=stages", f"prompts={mine}"])
    prompts = Prompts(config.prompts)
    assert prompts.chat("check")[0].content == everything("check")
    assert prompts.chat("choose") == Prompts().chat("choose")
    values = {"observation": "{{url}}", "url": "u", "objective": "o", "history": "h", "notes": "n", "proposal": "p"}
    assert prompts.fill("check", (), values)[0].content == "Mine: h n o {{url}} p u"


def test_a_site_has_its_own_prompt_and_other_sites_do_not(tmp_path: Path) -> None:
    mine = folder_with(tmp_path / "mine", refine__shop="Shop: " + everything("refine"))
    prompts = Prompts(RolloutConfig.resolve(sets=["agent=stages", f"prompts={mine}"]).prompts)
    assert prompts.chat("refine", ("map", "shop"))[0].content.startswith("Shop: ")
    assert prompts.chat("refine", ("map",)) == prompts.chat("refine") == Prompts().chat("refine")


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"check": "no variables"}, ("check.txt", "lacks", "{{history}}")),
        ({"refine": "{{objectve}}"}, ("refine.txt", "lacks {{objective}} and has {{objectve}}, which nobody fills in")),
        ({"check": everything("check") + "{{weather}}"}, ("check.txt", "{{weather}}", "nobody fills in")),
        ({"refine__shop": "{{url}}"}, ("refine.shop.txt", "{{objective}}")),
        ({"refin": "{{url}}"}, ("refin.txt", "did you mean refine.txt")),
        ({"scribe__shop": everything("scribe")}, ("scribe.shop.txt", "one for all")),
        ({"check": "Hello\n--- user ---\n" + everything("check")}, ("check.txt", "begins before")),
        ({"check": f"--- user ---\n{everything('check')}\n--- assistant ---\nyes"}, ("check.txt", "ends with")),
        ({}, ("holds no prompt",)),
    ],
)
def test_a_prompt_that_cannot_be_asked_is_refused_before_anything_begins(
    texts: dict[str, str], words: tuple[str, ...], tmp_path: Path
) -> None:
    mine = folder_with(tmp_path / "mine", **texts)
    with pytest.raises(UsageError) as error:
        RolloutConfig.resolve(sets=["agent=stages", f"prompts={mine}"])
    assert all(word in str(error.value) for word in (str(mine), *words))


def test_prompts_that_the_agent_does_not_ask_with_are_refused(tmp_path: Path) -> None:
    mine = folder_with(tmp_path / "mine", check=everything("check"))
    for agent in ("dialect", "webarena", "random"):
        with pytest.raises(UsageError, match=f"agent={agent} asks with none"):
            RolloutConfig.resolve(sets=[f"agent={agent}", f"prompts={mine}"])
    with pytest.raises(UsageError, match="there is no folder of prompts"):
        RolloutConfig.resolve(sets=["agent=stages", f"prompts={tmp_path / 'gone'}"])
    with pytest.raises(UsageError, match="folder of prompts"):
        RolloutConfig.resolve(sets=["agent=stages", "prompts=5"])
    assert RolloutConfig.resolve(sets=["agent=stages", "prompts="]) == RolloutConfig(agent="stages")
    with pytest.raises(UsageError, match="grounded"):
        RolloutConfig.resolve(sets=["agent=webarena", "grounded=true"])


def test_other_words_are_other_results_and_the_same_words_are_not(tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    assert [path.name for path in copy_prompts(copied)] == [f"{name}.txt" for name in NAMES]
    with pytest.raises(UsageError, match="not overwritten"):
        copy_prompts(copied)

    def hashed(*sets: str) -> str:
        return RolloutConfig.resolve(sets=sets).hash

    plain = {agent: hashed(f"agent={agent}") for agent in ("dialect", "webarena", "scribe", "stages", "random")}
    assert len(set(plain.values())) == len(plain)
    assert hashed("agent=stages", f"prompts={copied}") == plain["stages"]
    (copied / "webarena.txt").write_text(packaged("webarena").replace("Take one action", "Do one thing"))
    elsewhere = folder_with(tmp_path / "elsewhere", webarena=(copied / "webarena.txt").read_text())
    assert hashed("agent=webarena", f"prompts={copied}") != plain["webarena"]
    assert hashed("agent=webarena", f"prompts={copied}") == hashed("agent=webarena", f"prompts={elsewhere}")
    assert hashed("stages.votes=3") == plain["dialect"]
    assert hashed("agent=stages", "stages.votes=3") != plain["stages"]
    assert hashed("agent=scribe", "stages.roles.check=seed") == plain["scribe"]
    assert hashed("agent=webarena", "dialect=scribe") == plain["webarena"]


def test_a_configuration_holds_the_words_and_needs_their_folder_no_more(tmp_path: Path) -> None:
    mine = folder_with(tmp_path / "mine", webarena=everything("webarena"))
    config = RolloutConfig.resolve(sets=["agent=webarena", f"prompts={mine}"])
    (mine / "webarena.txt").unlink()
    again = RolloutConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert again.hash == config.hash
    prompt, _ = dialect_of(again).prompt("Go", page(), [], tokens)
    assert prompt[0].content.startswith("Mine: Go ")
    assert isinstance(config, Config)
