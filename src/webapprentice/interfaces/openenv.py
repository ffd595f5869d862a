"""Our tasks as an OpenEnv environment: reset and step with typed actions and observations, in process or served.

    env = WebEnvironment("miniwob/click-test")
    seen = env.reset(seed=1)                        # seen.goal, seen.page, ...
    seen = env.step(WebAction(text="click('12')"))  # seen.reward, seen.done

    app = create_app(lambda: WebEnvironment("miniwob/*"), WebAction, WebObservation)   # openenv.core.env_server

Every session has a browser of its own, which starts with its first reset and ends with `close`.
"""

from __future__ import annotations

from typing import Any

from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State

from webapprentice.browser import BrowserConfig
from webapprentice.interfaces.player import View
from webapprentice.interfaces.session import Session


class WebAction(Action):
    """What the agent says."""

    text: str
    """An action in the environment's spelling; words around it do no harm, and nothing of it is executed."""


class WebObservation(Observation):
    """What the agent is shown; `reward` is None until the episode has been judged."""

    goal: str = ""
    page: str = ""
    url: str = ""
    title: str = ""
    tabs: str = ""
    dialog: str = ""
    error: str = ""
    """What the last action came to, when it was not done."""


class WebState(State):
    """Where the episode is."""

    task: str = ""
    seed: int = 0


class WebEnvironment(Environment):
    """One of our tasks, or at each reset the next of several."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, tasks: str, view: View | None = None, browser: BrowserConfig | None = None) -> None:
        super().__init__()
        self._session = Session(tasks, view or View(), browser)
        self._episode: str | None = None

    def reset(self, seed: int | None = None, episode_id: str | None = None, **kwargs: Any) -> WebObservation:
        """Begin an episode: of `task` where one is given, else of the next. Raises FaultError, UnavailableError."""
        self._episode = episode_id
        self._session.reset(seed, kwargs.get("task"))
        return self._seen()

    def step(self, action: WebAction, timeout_s: float | None = None, **_kwargs: Any) -> WebObservation:
        """Carry out one action, within `timeout_s` seconds. An episode that a fault ended has no reward."""
        self._session.step(action.text, timeout_s)
        return self._seen()

    def _seen(self) -> WebObservation:
        session = self._session
        turn = session.turn
        told = {"result": turn.outcome.result.value, "fault": turn.fault.model_dump() if turn.fault else None}
        return WebObservation(done=session.done, reward=session.score, metadata=told, **turn.shown)

    @property
    def state(self) -> WebState:
        """The task, the seed, and how many steps were taken."""
        session = self._session
        return WebState(episode_id=self._episode, step_count=session.steps, task=session.task.id, seed=session.seed)

    def close(self) -> None:
        """Close the browser."""
        self._session.close()
