"""A scripted author for synthesis: answers every prompt of every stage well, from the prompt and the seed alone."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from webapprentice.core.actions import Click, Stop, Type
from webapprentice.core.records import Observation, Outcome, Result, Source, Step, Task, Trajectory
from webapprentice.dialect import load
from webapprentice.models import ModelConfig, ScriptedModel
from webapprentice.models.embedding import embedder
from webapprentice.page import from_html
from webapprentice.store import Store
from webapprentice.synthesis import SynthesisConfig, Synthesized, synthesize

SUMMARY = "In summary, the next action I will perform is"
STAGES = {
    "Invent one more task": "objective",
    "List what has to be done": "plan",
    "What does the address bar show": "address",
    "You write one moment": "actions",
    "You write web pages": "page",
}
_SYLLABLES = re.findall(r"\w+", "ba de fi go hu ja ke li mo nu pa re si to vu wa ze cho dri plo stra")


def stage_of(prompt: str) -> str:
    return next(stage for words, stage in STAGES.items() if words in prompt)


def rng_of(prompt: str, seed: int) -> random.Random:
    return random.Random(hashlib.sha256(f"{seed} {prompt}".encode()).digest())


def word(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(3))


def field(prompt: str, name: str) -> str:
    """The last line of the prompt that begins with this label."""
    return re.findall(rf"^{name}: (.*)$", prompt, re.MULTILINE)[-1]


def answer(prompt: str, seed: int) -> str:
    rng = rng_of(prompt, seed)
    return _AUTHORS[stage_of(prompt)](prompt, rng)


def _objective(_prompt: str, rng: random.Random) -> str:
    words = " ".join(word(rng) for _ in range(7))
    return f"OBJECTIVE: Find out when the {words} opens\nURL: www.{word(rng)}.com"


def _plan(prompt: str, rng: random.Random) -> str:
    wanted = field(prompt, "OBJECTIVE").split()[5]
    middle = [f"Type '{wanted}' into the search field", "Click the first result", "Scroll down"]
    steps = [*rng.sample(middle, rng.randrange(0, 4)), "Stop with the opening time"]
    if steps[0].startswith("Scroll"):
        steps.insert(0, "Click the menu")
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _address(prompt: str, rng: random.Random) -> str:
    site = re.search(r"on the website (\S+):", prompt)
    assert site
    return f"https://{site[1]}/{word(rng)}/{word(rng)}?page=2"


def _actions(prompt: str, rng: random.Random) -> str:
    goal = field(prompt, "OBJECTIVE")
    moment = re.search(r"The moment to write is step (\d+): (.*)", prompt)
    assert moment
    node, page = rng.randrange(20, 90), "[2] heading 'Welcome'"
    match moment[2].split()[0]:
        case "Type":
            action = f"type [{node}] [{goal.split()[5]}] [1]"
            why = f"The field [{node}] takes the words to look for."
        case "Click":
            action, why = f"click [{node}]", f"The link [{node}] leads on to what is wanted here."
        case "Scroll":
            action, why = "scroll [down]", "What is wanted must stand further down on this page."
        case _:
            clock = f"{rng.randrange(1, 12)}:30 am"
            action, why = f"stop [{clock}]", "The page says when it opens, which is the answer to the question."
            page = f"[2] StaticText 'Opens at {clock}'"
    previous = "None" if moment[1] == "1" else "click [7]"
    return (
        f"WEBPAGE:\n{page}\nPREVIOUS ACTION: {previous}\n"
        f"NEXT ACTION: Let's think step-by-step. {why} {SUMMARY} ```{action}```"
    )


def _page(prompt: str, rng: random.Random) -> str:
    done = field(prompt, "NEXT ACTION")
    action = re.findall(r"```(.*?)```", done)[-1]
    node = re.search(r"\[(\d+)\]", action)
    lines = [
        "[1] RootWebArea 'Home' focused: True",
        "\t[3] banner ''",
        "\t\t[4] link 'Home'",
        "\t\t[5] link 'About us'",
    ]
    if action.startswith("type") and node:
        lines.append(f"\t[{node[1]}] searchbox 'Search' required: False")
    elif action.startswith("click") and node:
        lines.append(f"\t[{node[1]}] link 'Results for {word(rng)}'")
    elif action.startswith("stop"):
        lines.append(f"\t[8] StaticText 'Opens at {action[6:-1]} every day'")
    lines += [f"\t[{number}] StaticText '{word(rng)} {word(rng)}'" for number in range(100, 110)]
    return "WEBPAGE:\n" + "\n".join(lines)


_AUTHORS: dict[str, Callable[[str, random.Random], str]] = {
    "objective": _objective,
    "plan": _plan,
    "address": _address,
    "actions": _actions,
    "page": _page,
}


def author() -> ScriptedModel:
    return ScriptedModel(lambda prompt, sampling: answer(prompt[-1].content, sampling.seed), name="author")


_HTML = (
    "<title>{0}</title><body><nav><a href=/>Home</a><a href=/a>About</a></nav><input aria-label=Search>"
    "<button>Go</button><p>{0} opens at 9:30 am</p></body>"
)


def seed(number: int, thinking: bool = True) -> Trajectory:
    """Three steps on a small page: type, press, answer."""
    goal = f"When does shop {number} in street {number * 7} open"
    seen = Observation(
        url=f"http://shop{number}.test/", title="Shop", elements=from_html(_HTML.format(f"Shop {number}"))
    )
    ids = {element.name or element.tag: element.id for element in seen.elements}
    actions = (
        Type(node=ids["Search"], text=f"shop {number}", submit=True),
        Click(node=ids["Go"]),
        Stop(answer="9:30 am"),
    )
    dialect = load("webarena")
    steps = []
    for index, action in enumerate(actions):
        said = dialect.write(action, seen)
        words = f"Let's think step-by-step. This is what comes next here. {said}" if thinking else said
        steps.append(
            Step(index=index, observation=seen, said=words, action=action, outcome=Outcome(result=Result.DONE))
        )
    return Trajectory(
        key=f"seed-{number}",
        task=Task(id=f"made/shop-{number}", benchmark="made"),
        goal=goal,
        source=Source.IMPORTED,
        steps=tuple(steps),
        ending="stopped",
    )


def seeded(run: Path, number: int = 6) -> Store:
    """A store with seeds, all of them kept."""
    run.mkdir(parents=True, exist_ok=True)
    store = Store.create(run / "store.sqlite")
    for one in range(number):
        store.finish("attempts", seed(one))
    (run / "kept.txt").write_text("".join(f"seed-{one}\n" for one in range(number)))
    return store


async def made(run: Path, store: Store, model: Any, lines: list[str] | None = None, **settings: Any) -> Synthesized:
    """Synthesize with what every test has in common."""
    told: list[str] = [] if lines is None else lines
    given = {"model": "made", "embedder": "lexical", "examples": 8, **settings}
    config = SynthesisConfig.model_validate(given)
    return await synthesize(config, run, store, model, embedder("lexical"), told.append)


OPTIONS = ModelConfig(timeout=0.4, deadline=20.0, retries=6, concurrency=8)
