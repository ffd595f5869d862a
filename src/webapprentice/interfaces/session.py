"""One browser window for a caller that waits, and the episodes that are played in it one after the other."""

from __future__ import annotations

from webapprentice.browser import BrowserConfig
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Task
from webapprentice.interfaces import bridge
from webapprentice.interfaces.player import Player, Turn, View
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import MiniWob, score, worlds

SECONDS = 120.0
"""Deadline of one call, where the caller gives none; the environment's own deadlines are all shorter."""


class Session:
    """Plays the tasks of a pattern in turn; the page, an answer, the step limit or a fault ends an episode."""

    _entered: bridge.Entered[list[MiniWob]] | None = None

    def __init__(self, tasks: str, view: View, browser: BrowserConfig | None = None) -> None:
        self.tasks = load(tasks)
        self.task: Task = self.tasks[0]
        self.seed = 0
        self.steps = 0
        self._view = view
        self._browser = browser
        self._player: Player | None = None
        self._episodes = 0

    @property
    def turn(self) -> Turn:
        """What the last call gave. Raises RuntimeError before the first reset."""
        if self._player is None or self._player.turn is None:
            raise RuntimeError("no episode is under way: call reset first")
        return self._player.turn

    @property
    def done(self) -> bool:
        """Whether the episode is over."""
        return self.turn.ended or self.turn.fault is not None or self.steps >= self.task.limits.steps

    @property
    def score(self) -> float | None:
        """Between 0 and 1 when the episode is over; None before, and for ever where a fault ended it."""
        turn = self.turn
        if not self.done or turn.fault is not None:
            return None
        return score(turn.raw_reward) or 0.0

    def reset(self, seed: int | None = None, task: str | None = None) -> Turn:
        """Begin an episode of the task named, or of the next; without a seed, of the number of the episode."""
        chosen = load(task)[0] if task else self.tasks[self._episodes % len(self.tasks)]
        if self._entered is None:
            self._entered = bridge.enter(worlds(1, self._browser), SECONDS)
        self.task, self.seed, self.steps = chosen, self._episodes if seed is None else seed, 0
        self._episodes += 1
        self._player = Player(self._entered.value[0], chosen, self._view)
        return bridge.call(self._player.reset(self.seed), SECONDS, f"beginning {chosen.id}")

    def step(self, said: str, seconds: float | None = None) -> Turn:
        """Carry out what was said; a fault ends the episode. Raises RuntimeError where none is under way."""
        if self._player is None or self.done:
            raise RuntimeError("no episode is under way: call reset first")
        self.steps += 1
        try:
            return bridge.call(self._player.step(said), seconds or SECONDS, f"acting in {self.task.id}")
        except FaultError as error:
            return self._player.lost(error.fault)

    def close(self) -> None:
        """Close the browser; a reset opens another one."""
        entered, self._entered, self._player = self._entered, None, None
        if entered is not None:
            bridge.leave(entered)

    def __del__(self) -> None:
        self.close()
