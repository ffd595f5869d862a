"""One world played by words: what an agent is shown as texts, what it says as an action, and what came of it."""

from __future__ import annotations

from typing import Any

from webapprentice.core.faults import Fault, FaultError
from webapprentice.core.protocols import Happened, Start, World
from webapprentice.core.records import Observation, Outcome, Record, Result, Task
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.language import Read, Spelling
from webapprentice.page import Form, render
from webapprentice.tasks.miniwob import score

GOAL = 20_000
"""Characters of an objective that are shown at the most."""
LINE = 2_000
"""Characters of an address, a title, a dialog or an error that are shown at the most."""


class View(Record):
    """What an agent is shown, and how it speaks."""

    page: Form = Form.AXTREE
    """The page as accessibility tree, as HTML, or as compact lines."""
    spelling: Spelling = Spelling.BROWSERGYM
    """How actions are written."""
    characters: int = 16_000
    """Of page text, at the most; what stands in the viewport comes first."""

    def show(self, goal: str, seen: Observation) -> dict[str, str]:
        """The observation as texts: goal, page, url, title, tabs, dialog, error."""
        tabs = "\n".join(
            f"{number}{' (active)' if tab.active else ''}: {tab.title} {tab.url}"
            for number, tab in enumerate(seen.tabs)
        )
        return {
            "goal": goal[:GOAL],
            "page": render(seen.elements, self.page, self.characters, len).text[: self.characters],
            "url": seen.url[:LINE],
            "title": seen.title[:LINE],
            "tabs": tabs[:LINE],
            "dialog": (seen.dialog or "")[:LINE],
            "error": (seen.last_error or "")[:LINE],
        }

    def read(self, said: str, goal: str, seen: Observation) -> Read:
        """The action these words are, or why they are none."""
        return self._dialect.read(said, goal, seen)

    @property
    def _dialect(self) -> Dialect:
        return load_dialect(self.spelling.value)


class Turn(Record):
    """What one reset or one step gave."""

    shown: dict[str, str]
    observation: Observation
    reward: float = 0.0
    """The score when the episode ends, else 0."""
    ended: bool = False
    """The environment ended the episode, or the agent did by its answer."""
    outcome: Outcome = Outcome(result=Result.DONE)
    read: Read = Read()
    """The action that was understood, or why there was none."""
    raw_reward: float | None = None
    fault: Fault | None = None
    """Why the episode cannot go on, when that is nobody's doing: its reward says nothing."""

    @property
    def score(self) -> float | None:
        """None: not judged. Between 0 and 1 otherwise."""
        return None if self.fault is not None else score(self.raw_reward)

    def info(self, task: Task, seed: int) -> dict[str, Any]:
        """The records, for programs that want more than texts and a number."""
        return {
            "task": task.id,
            "seed": seed,
            "observation": self.observation,
            "outcome": self.outcome,
            "action": self.read.action,
            "unread": self.read.reason,
            "raw_reward": self.raw_reward,
            "score": self.score,
            "fault": self.fault,
        }


class Player:
    """A world, the task that is played in it, and the words for both directions."""

    def __init__(self, world: World, task: Task, view: View) -> None:
        self.task = task
        self.seed = 0
        self.turn: Turn | None = None
        """The last turn; None before the first reset."""
        self._world = world
        self._view = view
        self._goal = ""

    async def reset(self, seed: int) -> Turn:
        """Begin the episode of this seed. Raises FaultError owned by `environment`."""
        start: Start = await self._world.reset(self.task, seed)
        self.seed, self._goal = seed, start.goal
        self.turn = Turn(shown=self._view.show(start.goal, start.observation), observation=start.observation)
        return self.turn

    async def step(self, said: str) -> Turn:
        """Carry out what was said. Words that are no action change nothing; a fault ends the episode unjudged.

        Raises RuntimeError where no episode is under way.
        """
        last = self.turn
        if last is None or last.ended or last.fault is not None:
            raise RuntimeError("no episode is under way: call reset first")
        read = self._view.read(said, self._goal, last.observation)
        if read.action is None:
            outcome = Outcome(result=Result.UNREADABLE, message=(read.reason or "")[:200], changed=False)
            error = f"{outcome.result}: {outcome.message}"
            seen = last.observation.model_copy(update={"last_error": error})
            self.turn = self._turn(seen, outcome=outcome, read=read)
            return self.turn
        try:
            happened: Happened = await self._world.step(read.action)
        except FaultError as error:
            return self.lost(error.fault, read)
        ended = happened.outcome.done or read.action.kind == "stop"
        turn = self._turn(
            happened.observation or last.observation,
            outcome=happened.outcome,
            read=read,
            raw_reward=happened.raw_reward,
            ended=ended,
        )
        self.turn = turn.model_copy(update={"reward": turn.score or 0.0}) if ended else turn
        return self.turn

    def lost(self, fault: Fault, read: Read | None = None) -> Turn:
        """The episode cannot go on. Raises FaultError where there was none."""
        if self.turn is None:
            raise FaultError(fault)
        late = Outcome(result=Result.LATE, message=fault.message[:200])
        self.turn = self._turn(self.turn.observation, outcome=late, read=read or Read(), fault=fault)
        return self.turn

    def _turn(self, seen: Observation, **more: Any) -> Turn:
        return Turn(shown=self._view.show(self._goal, seen), observation=seen, **more)
