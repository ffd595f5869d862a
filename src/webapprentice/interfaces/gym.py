"""Every task as a Gymnasium environment. Importing this module registers them.

That is how Gymnasium since 1.0 learns of a package's environments:

    import gymnasium
    import webapprentice.interfaces.gym

    env = gymnasium.make("webapprentice/MiniWoB-click-test-v0")
    seen, info = env.reset(seed=1)          # seen["goal"], seen["page"], ...; info["observation"] is the whole record
    seen, reward, terminated, truncated, info = env.step("click('12')")

    envs = gymnasium.make_vec("webapprentice/MiniWoB-click-test-v0", num_envs=8)     # eight windows of one browser

Observations and actions are texts. The browser starts with the first reset and ends with `close`, or with the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from webapprentice.browser import BrowserConfig
from webapprentice.browser.pictures import decoded
from webapprentice.core.faults import FaultError, UsageError
from webapprentice.core.records import Task
from webapprentice.interfaces import bridge
from webapprentice.interfaces.player import GOAL, LINE, Player, Turn, View
from webapprentice.language import Spelling
from webapprentice.page import Form
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import MiniWob, worlds
from webapprentice.tasks.registry import TIMED, registry

SECONDS = 120.0
"""Deadline of one call; the environment's own deadlines are all shorter."""
SAID = 20_000
"""Characters of an action."""
UNSTEADY = TIMED | {"click-pie", "drag-cube"}
"""Pages that move on their own: the same seed need not look the same to the last attribute."""
PageForm = Literal["axtree", "html", "compact"]
Actions = Literal["browsergym", "webarena", "scribe", "compact"]


class Words(spaces.Text):
    """Any text of at most `max_length` characters; samples are drawn from printable ASCII."""

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(max_length, min_length=0, charset="".join(map(chr, range(32, 127))), seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether it is a text, and short enough."""
        return isinstance(x, str) and len(x) <= self.max_length

    @property
    def is_np_flattenable(self) -> bool:
        """No: a text has no fixed alphabet."""
        return False

    def __repr__(self) -> str:
        return f"Words({self.max_length})"


def _observations(view: View) -> spaces.Dict:
    lengths = {
        "goal": GOAL,
        "page": view.characters,
        **dict.fromkeys(("url", "title", "tabs", "dialog", "error"), LINE),
    }
    return spaces.Dict({name: Words(length) for name, length in lengths.items()})


def _only(task: str) -> Task:
    found = load(task)
    if len(found) != 1:
        raise UsageError(f"an environment plays one task; {task!r} names {len(found)}")
    return found[0]


def _drawn(chance: np.random.Generator) -> int:
    return int(chance.integers(2**31))


def _each(seed: int | Sequence[int | None] | None, number: int) -> list[int | None]:
    """One seed for each of so many environments; from one number, those that follow it."""
    if seed is None:
        return [None] * number
    return list(seed) if isinstance(seed, Sequence) else [seed + n for n in range(number)]


def _wanted(options: Mapping[str, Any] | None) -> int | None:
    """The episode that the options of a reset ask for. Raises UsageError for options that there are not."""
    unknown = sorted(set(options or ()) - {"seed"})
    if unknown:
        raise UsageError(f"reset has the option seed, and no option {', '.join(unknown)}")
    return None if not options else int(options["seed"])


class WebEnv(gymnasium.Env[dict[str, str], str]):
    """One task in one window of a browser of its own.

    The episode is drawn from the environment's generator; `reset(seed=7)` seeds the generator and plays episode 7, and
    `options={"seed": 7}` plays episode 7 and leaves the generator alone. `terminated`: the page ended the episode, or
    the agent did by its answer; the reward is then the score, between 0 and 1, and 0 before. `truncated` without a
    step limit in sight: `info["fault"]` says what broke, and the episode should not be learnt from.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 1}  # noqa: RUF012 - as Gymnasium has it
    _entered: bridge.Entered[list[MiniWob]] | None = None

    def __init__(
        self,
        task: str,
        page: PageForm = "axtree",
        actions: Actions = "browsergym",
        characters: int = 16_000,
        browser: BrowserConfig | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.task = _only(task)
        self.view = View(page=Form(page), spelling=Spelling(actions), characters=characters)
        self.observation_space = _observations(self.view)
        self.action_space = Words(SAID)
        self.render_mode = render_mode
        self._browser = browser
        self._player: Player | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Begin an episode. Raises FaultError when the page cannot be made ready, UnavailableError without Chromium."""
        super().reset(seed=seed)
        episode = _wanted(options)
        if episode is None:
            episode = _drawn(self.np_random) if seed is None else seed
        if self._player is None:
            self._entered = bridge.enter(worlds(1, self._browser), SECONDS)
            self._player = Player(self._entered.value[0], self.task, self.view)
        turn = bridge.call(self._player.reset(episode), SECONDS, f"beginning {self.task.id}")
        return turn.shown, turn.info(self.task, episode)

    def step(self, action: str) -> tuple[dict[str, str], float, bool, bool, dict[str, Any]]:
        """Carry out one action; words that are none change nothing, and `info["unread"]` says why."""
        if self._player is None:
            raise RuntimeError("no episode is under way: call reset first")
        try:
            turn = bridge.call(self._player.step(action), SECONDS, f"acting in {self.task.id}")
        except FaultError as error:
            turn = self._player.lost(error.fault)
        return turn.shown, turn.reward, turn.ended, turn.fault is not None, turn.info(self.task, self._player.seed)

    def render(self) -> str | NDArray[np.uint8] | None:
        """What the render mode asks for: `ansi`, the page as text; `rgb_array`, a picture (height, width, 3).

        Raises UnavailableError where a picture is asked for and Pillow is not installed.
        """
        turn = self._player.turn if self._player else None
        if turn is None or self.render_mode is None or self._entered is None:
            return None
        if self.render_mode == "ansi":
            return turn.shown["page"]
        png = bridge.call(self._entered.value[0].screenshot(), SECONDS, f"photographing {self.task.id}")
        return np.asarray(decoded(png))

    def close(self) -> None:
        """Close the browser; twice does no harm, and a reset opens another one."""
        entered, self._entered, self._player = self._entered, None, None
        if entered is not None:
            bridge.leave(entered)

    def __del__(self) -> None:
        self.close()


class WebVectorEnv(gymnasium.vector.VectorEnv[dict[str, tuple[str, ...]], tuple[str, ...], NDArray[Any]]):
    """One task in many windows of one browser, all stepped at once.

    An environment that has ended is reset by the next step, whose action for it is ignored (Gymnasium's NEXT_STEP).
    Sub-environment n of `reset(seed=s)` plays as a single environment does after `reset(seed=s + n)`.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012
    _entered: bridge.Entered[list[MiniWob]] | None = None

    def __init__(
        self,
        task: str,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        page: PageForm = "axtree",
        actions: Actions = "browsergym",
        characters: int = 16_000,
        browser: BrowserConfig | None = None,
    ) -> None:
        self.task = _only(task)
        self.view = View(page=Form(page), spelling=Spelling(actions), characters=characters)
        self.num_envs = num_envs
        self.single_observation_space = _observations(self.view)
        self.single_action_space = Words(SAID)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._limit = self.task.limits.steps if max_episode_steps is None else max_episode_steps
        self._browser = browser
        self._players: list[Player] = []
        self._chances: list[np.random.Generator] = []
        self._steps: list[int] = []
        """Steps of each episode under way; -1 where the next step resets."""

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
        """Begin an episode in every window. Raises FaultError when a page cannot be made ready."""
        if options:
            raise UsageError(f"the reset of a vector has no options; {', '.join(map(str, options))} was given")
        if self._entered is None:
            self._entered = bridge.enter(worlds(self.num_envs, self._browser), SECONDS)
            self._players = [Player(world, self.task, self.view) for world in self._entered.value]
        seeds = _each(seed, self.num_envs)
        if len(seeds) != self.num_envs:
            raise UsageError(f"there are {self.num_envs} environments and {len(seeds)} seeds")
        if not self._chances:
            self._chances = [seeding.np_random()[0] for _ in seeds]
        self._chances = [
            chance if one is None else seeding.np_random(one)[0]
            for chance, one in zip(self._chances, seeds, strict=True)
        ]
        episodes = [_drawn(chance) if one is None else one for chance, one in zip(self._chances, seeds, strict=True)]
        turns = bridge.call(self._begin(episodes), SECONDS, f"beginning {self.task.id}")
        self._steps = [0] * self.num_envs
        return self._shown(turns), self._infos(turns)

    async def _begin(self, episodes: Sequence[int]) -> list[Turn]:
        return await asyncio.gather(
            *(player.reset(episode) for player, episode in zip(self._players, episodes, strict=True))
        )

    def step(
        self, actions: Sequence[str]
    ) -> tuple[dict[str, tuple[str, ...]], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Carry out one action in every window, all at once. Arrays have the shape (num_envs,)."""
        said = [str(action) for action in actions]
        if len(said) != self.num_envs or not self._steps:
            raise UsageError(f"after a reset a step takes {self.num_envs} actions; there were {len(said)}")
        fresh = [steps < 0 for steps in self._steps]
        try:
            turns = bridge.call(self._go_on(said), SECONDS, f"acting in {self.task.id}")
        except FaultError as error:
            turns = [player.lost(error.fault) for player in self._players]
        self._steps = [0 if new else steps + 1 for new, steps in zip(fresh, self._steps, strict=True)]
        ended = np.array([turn.ended for turn in turns], dtype=np.bool_)
        cut = np.array(
            [
                not turn.ended and (turn.fault is not None or steps >= self._limit)
                for turn, steps in zip(turns, self._steps, strict=True)
            ],
            dtype=np.bool_,
        )
        self._steps = [-1 if over else steps for over, steps in zip(ended | cut, self._steps, strict=True)]
        rewards = np.array([turn.reward for turn in turns], dtype=np.float64)
        return self._shown(turns), rewards, ended, cut, self._infos(turns)

    async def _go_on(self, said: Sequence[str]) -> list[Turn]:
        return await asyncio.gather(*(self._one(number, words) for number, words in enumerate(said)))

    async def _one(self, number: int, words: str) -> Turn:
        player = self._players[number]
        if self._steps[number] >= 0:
            return await player.step(words)
        try:
            return await player.reset(_drawn(self._chances[number]))
        except FaultError as error:  # the others go on; the next step tries again
            return player.lost(error.fault)

    def _shown(self, turns: Sequence[Turn]) -> dict[str, tuple[str, ...]]:
        return {name: tuple(turn.shown[name] for turn in turns) for name in turns[0].shown}

    def _infos(self, turns: Sequence[Turn]) -> dict[str, Any]:
        infos: dict[str, Any] = {}
        for number, (player, turn) in enumerate(zip(self._players, turns, strict=True)):
            infos = self._add_info(infos, turn.info(self.task, player.seed), number)
        return infos

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ARG002 - Gymnasium's signature
        """Close the browser with all its windows."""
        entered, self._entered = self._entered, None
        self._players, self._steps = [], []
        if entered is not None:
            bridge.leave(entered)


def name_of(task: Task) -> str:
    """The id under which Gymnasium knows a task."""
    return f"webapprentice/MiniWoB-{task.template}-v0"


def register() -> None:
    """Make every task known to Gymnasium; what is known already stays as it is."""
    for task in registry().values():
        if name_of(task) not in gymnasium.registry:
            gymnasium.register(
                id=name_of(task),
                entry_point="webapprentice.interfaces.gym:WebEnv",
                vector_entry_point="webapprentice.interfaces.gym:WebVectorEnv",
                max_episode_steps=task.limits.steps,
                nondeterministic=task.template in UNSTEADY,
                kwargs={"task": task.id},
            )


register()
