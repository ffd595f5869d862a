"""Our tasks inside BrowserGym. Importing this module registers them, as BrowserGym's own benchmarks do.

    import gymnasium
    import webapprentice.interfaces.browsergym

    env = gymnasium.make("browsergym/webapprentice.click-test")

BrowserGym brings the browser, the observation and the actions; we bring the page, its seed and the verdict.
"""

from __future__ import annotations

from typing import Any

import gymnasium
from browsergym.core.registration import register_task
from browsergym.core.task import AbstractBrowserTask

from webapprentice.core.records import Task
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import EPISODE_MS, FLIGHT_VIEWPORT, GOAL, PREPARE, VERDICT, VIEWPORT, score
from webapprentice.tasks.registry import FLIGHT, TIMED, folder, page_of, registry
from webapprentice.tasks.server import PageServer

Page = Any
"""Playwright's, which BrowserGym hands in; only `browser` loads Playwright itself."""
PREFIX = "webapprentice."
# The same as in our own world: the goal and the benchmark's display are no part of the page.
HIDE = """() => {
  const style = document.createElement('style');
  style.textContent = '#query, #reward-display { visibility: hidden !important }'
    + ' #sync-task-cover, #click-canvas { display: none !important }';
  document.head.append(style);
}"""
BEGIN = """([seed, time]) => {
  Math.seedrandom(seed);
  core.EPISODE_MAX_TIME = time;
  core.startEpisodeReal();
}"""


class WebTask(AbstractBrowserTask):
    """One MiniWoB++ page, served from 127.0.0.1 while the task lasts; a seed is the same episode as in our world."""

    @classmethod
    def get_task_id(cls) -> str:
        """The family; the page is told by the registered name."""
        return PREFIX.rstrip(".")

    def __init__(self, seed: int | None, name: str) -> None:
        super().__init__(seed)
        self.task: Task = load(f"miniwob/{name}")[0]
        self.seed = int(self.random.randint(2**31 - 1)) if seed is None else seed
        width, height = FLIGHT_VIEWPORT if name.startswith(FLIGHT) else VIEWPORT
        self.viewport = {"width": width, "height": height}
        self.slow_mo = 0
        self._server: PageServer | None = None
        self._page: Page | None = None

    def setup(self, page: Page) -> tuple[str, dict[str, Any]]:
        """Load the page and begin the episode; the goal, and which task and seed it is."""
        self._server = PageServer(folder())
        self._server.__enter__()
        self._page = page
        page.context.add_init_script(PREPARE)
        page.goto(self._server.url + page_of(self.task.template))
        page.evaluate(HIDE)
        page.evaluate(BEGIN, [self.seed, EPISODE_MS])
        page.wait_for_function("() => WOB_TASK_READY")
        goal = str(page.evaluate(GOAL)[1])
        return " ".join(goal.split()), {"task": self.task.id, "seed": self.seed}

    def validate(
        self,
        page: Page,
        chat_messages: list[dict[str, Any]],  # noqa: ARG002 - BrowserGym's signature
    ) -> tuple[float, bool, str, dict[str, Any]]:
        """The score of an episode that has ended, between 0 and 1; where the task's page is gone, it has: with 0."""
        if self._page is None or self._page.is_closed() or page != self._page:
            return 0.0, True, "", {"error": "the task's page is not the active one any more"}
        told = page.evaluate(f"() => typeof WOB_DONE_GLOBAL === 'undefined' ? null : {VERDICT}")
        if told is None:
            return 0.0, True, "", {"error": "the task's page has been left"}
        done, raw = bool(told[0]), float(told[1] or 0.0)
        return (score(raw) or 0.0) if done else 0.0, done, "", {"raw_reward": raw if done else None}

    def teardown(self) -> None:
        """Stop serving the page."""
        server, self._server = self._server, None
        if server is not None:
            server.__exit__(None, None, None)


def register() -> None:
    """Make every task known to BrowserGym as `browsergym/webapprentice.NAME`; what is known already stays as it is."""
    for task in registry().values():
        if f"browsergym/{PREFIX}{task.template}" not in gymnasium.registry:
            register_task(
                id=f"{PREFIX}{task.template}",
                task_class=WebTask,
                task_kwargs={"name": task.template},
                nondeterministic=task.template in TIMED,
            )


register()
