"""Every agent on a local site, in real Chromium: the models of its roles are scripted."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from made_agents import USUAL, fenced, role_models, stages, step
from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Stop
from webapprentice.core.protocols import Prompt, Sampling
from webapprentice.evaluate.acting import acting, playing_key
from webapprentice.language import Spelling, read, write
from webapprentice.models import ScriptedModel
from webapprentice.rollout import RolloutConfig, jobs_for, rollout
from webapprentice.store import Store
from webapprentice.tasks import load
from webapprentice.tasks.environments import worlds_of

ISSUE = "sites/code/24"
"""Open the issue that was changed last: two links."""


def wanted(content: str) -> str:
    """The link that leads on from this page; nothing where the page is the one."""
    url = re.findall(r"URL: http://code\.test(\S*)", content)[-1]
    if re.search(r"/issues/\d+$", url):
        return ""
    return "My issues" if url in ("", "/") else "Remove the old filter"


def in_webarena(prompt: Prompt, sampling: Sampling) -> str:
    content = prompt[-1].content
    link = wanted(content)
    found = re.search(rf"\[(\d+)\] link '{link}'", content)
    return fenced(f"click [{found[1]}]") if link and found else fenced("stop []")


def in_html(prompt: Prompt, sampling: Sampling) -> str:
    content = prompt[-1].content
    link = wanted(content)
    found = re.search(rf'<a[^>]* node="(\d+)"[^>]*>\s*{link}', content)
    if not link or found is None:
        return write(Stop(answer="done"), Spelling.SCRIBE, str)
    return step("mouse_click_action", int(found[1]), f"Click {link}")


def as_action(prompt: Prompt, sampling: Sampling) -> str:
    said = read(prompt[-1].content.split("STEP:\n")[1], Spelling.SCRIBE).action
    assert said is not None
    return write(said, Spelling.WEBARENA, str)


def checked(prompt: Prompt, sampling: Sampling) -> str:
    return f"Looked.\nSummary: {'completed' if '/issues/' in prompt[-1].content else 'incomplete'} | none"


@pytest.mark.browser
def test_every_agent_plays_a_local_site_to_its_verdict(tmp_path: Path) -> None:
    scripts = {**USUAL, "act": in_html, "translate": as_action, "check": checked}
    cases: list[tuple[RolloutConfig, ScriptedModel | None, dict[str, ScriptedModel], float | None]] = [
        (RolloutConfig(agent="webarena"), ScriptedModel(in_webarena), {}, 1.0),
        (RolloutConfig(agent="scribe"), ScriptedModel(in_html), {}, 1.0),
        (stages(), ScriptedModel([]), role_models(**scripts), None),
        (RolloutConfig(agent="trivial"), None, {}, 0.0),
        (RolloutConfig(agent="random", max_steps=6), None, {}, None),
    ]
    tasks = load(ISSUE)

    async def run(store: Store) -> None:
        async with worlds_of("sites", 1, BrowserConfig(call_seconds=20.0)) as here:
            for config, model, roles, _ in cases:
                async with acting(model, config, 1, roles) as actor:
                    jobs = jobs_for(tasks, [0], 1, playing_key(model, config, roles), config)
                    await rollout(jobs, here, actor, store, config.agent, config=config)

    with Store.create(tmp_path / "s.sqlite") as store:
        asyncio.run(run(store))
        for config, _, _, score in cases:
            (made,) = store.trajectories(config.agent)
            assert made.fault is None, f"{config.agent}: {made.fault}"
            assert made.score is not None
            assert score is None or made.score == score, f"{config.agent}: {made.judgments}"
            assert made.steps
