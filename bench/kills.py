"""Browsers that are killed while worlds play: how soon that is noticed, how soon episodes finish again, what is left.

    python bench/kills.py --kills 200 --worlds 8

Scripted solvers play MiniWoB++ through the engine into a real store. The browser's process is ended by SIGKILL at
random times, one time in five so soon after the last that it may still be starting. Asked of every kill: noticed
within 1 s (the browser's handle says that it is dead, or it has been replaced) and, within 10 s, an episode finished
that began after it. Asked of the end: the same episodes with the same scores as an undisturbed run, none twice, no
process and no folder left. The last line is JSON; exit code 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import family
from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Action
from webapprentice.core.protocols import Happened, Start
from webapprentice.core.records import Task, Trajectory
from webapprentice.evaluate import PoolConfig
from webapprentice.evaluate.acting import NO_MODEL
from webapprentice.evaluate.setting import playing
from webapprentice.rollout import Job, RolloutConfig, jobs_for
from webapprentice.rollout.engine import play
from webapprentice.store import Store
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import MiniWob

TASKS = (
    "miniwob/click-test,miniwob/click-dialog,miniwob/click-tab,miniwob/click-checkboxes,miniwob/enter-text,"
    "miniwob/login-user,miniwob/click-option,miniwob/focus-text,miniwob/click-button-sequence,miniwob/choose-list"
)
NOTICED = 1.0
BACK = 10.0
"""What is promised, in seconds."""
STAY = 0.9
"""How likely a world is to stay with its task."""
FINEST = 0.001
"""Seconds between two looks of the clock that measures."""
SOON = 0.2
SOON_SECONDS = 0.4
"""Share of the kills that come before the last one is known to be over, and how soon at the latest."""


class Endless:
    """Jobs until somebody says that it is enough; notes which were given."""

    def __init__(self, tasks: list[Task], rng: random.Random, given: list[Job] | None = None) -> None:
        self.given: list[Job] = []
        self.enough = False
        self._tasks = {task.id: task for task in tasks}
        self._seeds = Counter[str]()
        self._rng = rng
        self._again = iter(given) if given is not None else None

    async def next(self, task: str | None) -> Job | None:
        """The next job; those of an earlier run in their order, where there is one."""
        if self._again is not None:
            return next(self._again, None)
        if self.enough:
            return None
        if task is None or self._rng.random() > STAY:
            task = self._rng.choice(list(self._tasks))
        self._seeds[task] += 1
        (job,) = jobs_for([self._tasks[task]], [self._seeds[task]], 1, NO_MODEL, RolloutConfig())
        self.given.append(job)
        return job


class Timed:
    """A world that notes when each of its episodes was begun."""

    def __init__(self, world: MiniWob, began: dict[tuple[str, int], float]) -> None:
        self._world = world
        self._began = began

    async def reset(self, task: Task, seed: int) -> Start:
        self._began[task.id, seed] = time.monotonic()
        return await self._world.reset(task, seed)

    async def step(self, action: Action) -> Happened:
        return await self._world.step(action)

    async def close(self) -> None:
        await self._world.close()


@dataclass
class Kill:
    """One of them; times in seconds of the monotonic clock."""

    at: float
    noticed: float | None = None
    back: float | None = None
    starting: bool = False


class Killer:
    """Ends the browser again and again, and waits to see it come back."""

    def __init__(self, worlds: Sequence[MiniWob], feed: Endless, asked: argparse.Namespace, rng: random.Random) -> None:
        self.kills: list[Kill] = []
        self.began: dict[tuple[str, int], float] = {}
        self._browsers = {world.window.browser for world in worlds}
        self._feed = feed
        self._count = asked.kills
        self._pause = asked.pause
        self._rng = rng

    def note(self, trajectory: Trajectory) -> None:
        """An episode is on the disk: whoever was killed before it began is back."""
        began = self.began.get((trajectory.task.id, trajectory.provenance.seed or 0), 0.0)
        if trajectory.fault is None:
            for kill in self.kills:
                if kill.back is None and kill.at < began:
                    kill.back = time.monotonic()

    async def run(self) -> None:
        """All the kills; then it is enough."""
        try:
            while len(self.kills) < self._count:
                soon = bool(self.kills) and self._rng.random() < SOON
                if not soon:
                    await self._until_all_are_back()
                await asyncio.sleep(self._rng.uniform(0.0, SOON_SECONDS if soon else self._pause))
                victim = await self._victim()
                browser = next((one for one in self._browsers if one.pid == victim and one.alive), None)
                generation = browser.generation if browser is not None else 0
                kill = Kill(time.monotonic(), starting=browser is None)
                os.kill(victim, signal.SIGKILL)
                self.kills.append(kill)
                while time.monotonic() - kill.at < BACK:
                    if browser is not None and (not browser.alive or browser.generation != generation):
                        break
                    if browser is None and gone(victim):
                        break  # it had no handle yet: it is noticed by whoever fetches the dead
                    await asyncio.sleep(FINEST)
                kill.noticed = time.monotonic()
            await self._until_all_are_back()
        finally:
            self._feed.enough = True

    async def _until_all_are_back(self) -> None:
        while any(kill.back is None for kill in self.kills):
            if time.monotonic() - self.kills[-1].at > 3 * BACK:
                raise SystemExit(f"no episode finished in the {3 * BACK:g} s after kill {len(self.kills)}")
            await asyncio.sleep(FINEST)

    async def _victim(self) -> int:
        """One of the browsers' processes, whether it has answered already or not."""
        while True:
            running = {pid for pid in family() if (words := marked(pid)) and b"--type=" not in words}
            browsers = sorted(running - {stat(pid)[1] for pid in running})  # what has started one is a wrapper
            if browsers:
                return self._rng.choice(browsers)
            await asyncio.sleep(FINEST)


def stat(pid: int) -> tuple[str, int]:
    """The state of a process, and who started it; nothing when it is gone."""
    with suppress(OSError):
        state, above = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        return state, int(above)
    return "", 0


def marked(pid: int) -> bytes:
    """The command line of a process of one of our browsers; empty of any other."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        return words if f"-profile-{os.getpid()}-".encode() in words else b""
    return b""


def gone(pid: int) -> bool:
    """Whether it has ended and was fetched."""
    return not Path(f"/proc/{pid}").exists()


def left() -> list[int]:
    """Processes of our browsers that still run five seconds after the end."""
    until = time.monotonic() + 5
    while True:
        every = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
        found = [pid for pid in every if marked(pid) and stat(pid)[0] != "Z"]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)


async def played(
    feed: Endless, asked: argparse.Namespace, path: Path, rng: random.Random | None
) -> tuple[list[Kill], Any]:
    """The kills, none without `rng`, and what the store holds of each job and counts in all."""
    config = RolloutConfig()
    with Store.create(path) as store:
        async with playing(None, asked.worlds, config, PoolConfig(browser=BrowserConfig())) as (worlds, actor, origin):
            killer = Killer(worlds, feed, asked, rng or random.Random())
            timed = [Timed(world, killer.began) for world in worlds]
            killing = asyncio.create_task(killer.run() if rng else asyncio.sleep(0))
            await play(feed, timed, actor, store, "c", origin=origin, config=config, note=killer.note)
            await killing
        found = [
            (one.key, one.score, one.ending.value, one.fault and one.fault.kind) for one in store.trajectories("c")
        ]
        return killer.kills, (found, store.counts())


def spread(name: str, seconds: list[float]) -> dict[str, float]:
    """Printed as a row."""
    seconds = sorted(seconds) or [float("nan")]
    last = len(seconds) - 1
    told = {"p50": seconds[last // 2], "p95": seconds[int(0.95 * last)], "max": seconds[-1]}
    print(f"{name:34}" + "".join(f"{1000 * value:10.0f}" for value in told.values()))
    return told


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--pause", type=float, default=1.0, help="longest wait before a kill, in seconds")
    parser.add_argument("--seed", type=int, default=0, help="when is killed and what is played is drawn from this")
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    tasks = load(TASKS)
    with tempfile.TemporaryDirectory(prefix="wa-kills-") as name:
        folder = Path(name)
        tempfile.tempdir = name  # profiles and quarantines go there: what is left of them is ours
        feed = Endless(tasks, rng)
        began = time.monotonic()
        kills, (disturbed, counts) = asyncio.run(played(feed, asked, folder / "disturbed.sqlite", rng))
        seconds = time.monotonic() - began
        processes = left()
        folders = [entry.name for entry in folder.iterdir() if entry.is_dir()]
        again = Endless(tasks, rng, feed.given)
        _, (quiet, _) = asyncio.run(played(again, asked, folder / "quiet.sqlite", None))
    there = {key: (score, ending) for key, score, ending, _ in disturbed}
    here = {key: (score, ending) for key, score, ending, _ in quiet}
    differ = sorted(job.key for job in feed.given if there.get(job.key) != here.get(job.key))
    missing = [job.key for job in feed.given if job.key not in there]
    print(f"{len(kills)} kills, {asked.worlds} worlds{'':14}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}")
    noticed = spread("until it is noticed", [kill.noticed - kill.at for kill in kills if kill.noticed])
    back = spread("until an episode finishes again", [kill.back - kill.at for kill in kills if kill.back])
    found = {
        "kills": len(kills),
        "while_starting": sum(kill.starting for kill in kills),
        "slowest_was_starting": max(kills, key=lambda kill: (kill.noticed or kill.at + BACK) - kill.at).starting
        if kills
        else None,
        "load_average": os.getloadavg()[0],
        "seconds": round(seconds, 1),
        "noticed": noticed,
        "back": back,
        "never_noticed": sum(kill.noticed is None for kill in kills),
        "never_back": sum(kill.back is None for kill in kills),
        "jobs": len(feed.given),
        "missing": len(missing),
        "twice": len(disturbed) - len(there),
        "differ": len(differ),
        "faults": dict(Counter(fault for *_, fault in disturbed if fault)),
        "abandoned": counts.get("abandoned", 0),
        "processes_left": len(processes),
        "folders_left": folders,
    }
    promises = {
        f"all {asked.kills} kills done": len(kills) == asked.kills,
        f"noticed within {NOTICED:g} s": not found["never_noticed"] and noticed["max"] <= NOTICED,
        f"back within {BACK:g} s": not found["never_back"] and back["max"] <= BACK,
        "no result twice, none missing": not found["twice"] and not missing,
        "scores and endings of an undisturbed run": not differ,
        "no process and no folder left": not processes and not folders,
    }
    for promise, kept in promises.items():
        print(f"{promise:44}{'kept' if kept else 'BROKEN'}")
    print(json.dumps(found))
    return 0 if all(promises.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
