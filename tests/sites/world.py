"""The sites as a world: an episode is a workflow at its beginning, judged by what the page has come to."""

from __future__ import annotations

from sites import Draw, Workflow, every
from sites.server import SiteServer
from webapprentice.browser import BrowserConfig, Window, act
from webapprentice.browser.acting import DONE
from webapprentice.core.actions import Action, Stop
from webapprentice.core.protocols import Happened, Start
from webapprentice.core.records import Task

NETWORKS = ("127.0.0.0/8",)


async def here(_host: str, _port: int) -> tuple[str, ...]:
    """Every *.test site is this machine: give it to `Browser.launch`."""
    return ("127.0.0.1",)


def browser_config(**changes: object) -> BrowserConfig:
    """A browser that reaches the sites and nothing else."""
    origins = tuple(f"{name}.test:*" for name in every())
    return BrowserConfig(viewport=(800, 600), origins=origins, networks=NETWORKS).with_(**changes)


def workflows(seed: int) -> dict[str, Workflow]:
    """All that can be done with this seed, by task id."""
    return {
        f"sites/{site.name}-{workflow.name}": workflow
        for site in every().values()
        for workflow in site.workflows(Draw(seed))
    }


def task_of(identity: str, seed: int, server: SiteServer, variant: int = 0) -> Task:
    """The task of a workflow, at its address."""
    workflow = workflows(seed)[identity]
    url = server.url(identity.partition("/")[2].partition("-")[0], seed, variant, workflow.path)
    return Task(id=identity, benchmark="sites", goal=workflow.goal, start_urls=(url,), template=identity)


class SiteWorld:
    """A `World` of one window."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._expected: object = None

    async def reset(self, task: Task, seed: int) -> Start:
        await self.window.renew()
        await self.window.goto(task.start_urls[0])
        self._expected = workflows(seed)[task.id].outcome
        return Start(goal=task.goal or "", observation=(await self.window.observe()).observation)

    async def step(self, action: Action) -> Happened:
        """A `Stop` is judged by the page."""
        outcome = DONE if isinstance(action, Stop) else await act(self.window, action)
        seen = (await self.window.observe()).observation
        reward = None
        if isinstance(action, Stop):
            reward = float(await self.reached() == self._expected)
        return Happened(outcome=outcome, observation=seen, raw_reward=reward)

    async def reached(self) -> object:
        """What the page has come to."""
        return await self.window.evaluate("window.outcome === undefined ? null : window.outcome")

    async def close(self) -> None:
        await self.window.close()
