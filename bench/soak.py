"""Does memory stay flat? Episodes of MiniWoB++ one after the other, and what our processes hold after every tenth part.

    python bench/soak.py --episodes 500

Real input, chosen at random among what is seen. The browser process is never replaced, so that nothing hides a leak.
The first fifth is the warm-up. The line before the last is JSON: the memory (proportional set size, MB) of this process
and of all processes of the browser after each tenth, and how far the last three lie above the first three after it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys

from bench_steps import LONGEST_EPISODE, TASKS, choose
from measuring import memory_mb
from webapprentice.browser import BrowserConfig
from webapprentice.core.records import Observation, Task
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import MiniWob, worlds

PARTS, WARM, ENDS = 10, 2, 3
NEVER = 10**9
ALLOWED = 0.10


async def play(world: MiniWob, tasks: list[Task], count: int, rng: random.Random) -> int:
    """So many episodes, each of another task than the one before; returns their steps."""
    steps = 0
    for number in range(count):
        task = tasks[number % len(tasks)]
        observation: Observation | None = (await world.reset(task, rng.randrange(10**6))).observation
        for _ in range(LONGEST_EPISODE):
            if observation is None:
                break
            happened = await world.step(choose(observation, rng, True))
            observation = None if happened.outcome.done else happened.observation
            steps += 1
    return steps


async def measure(count: int, parallel: int, pattern: str) -> dict[str, object]:
    """Memory after each part of the episodes."""
    tasks, steps, held = load(pattern), 0, []
    config = BrowserConfig(recycle_episodes=0, recycle_mb=NEVER)
    async with worlds(parallel, config) as all_worlds:
        rngs = [random.Random(number) for number in range(parallel)]
        for _ in range(PARTS):
            each = count // PARTS // parallel
            playing = [play(world, tasks, each, rng) for world, rng in zip(all_worlds, rngs, strict=True)]
            steps += sum(await asyncio.gather(*playing))
            held.append(round(memory_mb(), 1))
        version = all_worlds[0].window.browser.version
    before, after = statistics.fmean(held[WARM : WARM + ENDS]), statistics.fmean(held[-ENDS:])
    return {
        "browser": version,
        "episodes": count // PARTS // parallel * PARTS * parallel,
        "steps": steps,
        "worlds": parallel,
        "memory_mb": held,
        "growth": round(after / before - 1, 4),
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Read the command line, measure, print; exit code 1 where memory has grown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=500)
    parser.add_argument("--worlds", type=int, default=1)
    parser.add_argument("--tasks", default=TASKS)
    asked = parser.parse_args()
    result = asyncio.run(measure(asked.episodes, asked.worlds, asked.tasks))
    print(json.dumps(result))
    growth = float(str(result["growth"]))
    print(f"{result['episodes']} episodes, {result['memory_mb']} MB, {100 * growth:+.1f} % after the warm-up")
    sys.exit(growth > ALLOWED)


if __name__ == "__main__":
    main()
