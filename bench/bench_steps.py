"""Environment steps per second on MiniWoB++, with real input, observation and verdict in every step.

    python bench/bench_steps.py --worlds 16 --seconds 20 [--tasks ...] [--reset reseed|reload|context]

A scripted policy clicks and types at random among what it sees (a cheap policy: the browser is what is measured);
episodes last at most five steps and are reset in the page. CPU time counts this process and all processes of the
browser. The last line of the output is for people; the line before it is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import time
from dataclasses import dataclass, field

from measuring import cpu_seconds, memory_mb, percentile
from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Action, Click, Stop, Type
from webapprentice.core.records import Observation, Result, Task
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import MiniWob, worlds

TASKS = "miniwob/click-checkboxes,miniwob/click-test,miniwob/enter-text,miniwob/click-tab,miniwob/login-user"
LONGEST_EPISODE = 5


@dataclass
class Tally:
    steps: list[float] = field(default_factory=list)
    resets: list[float] = field(default_factory=list)
    undone: int = 0
    rewarded: int = 0


def choose(observation: Observation, rng: random.Random, typing: bool) -> Action:
    """A random press on something pressable, or a word typed into a field."""
    offered = [element for element in observation.elements if element.clickable and element.visible]
    if not offered:
        return Stop()
    element = rng.choice(offered)
    if typing and element.role in ("textbox", "searchbox") and rng.random() < 0.5:
        return Type(node=element.id, text="bench")
    return Click(node=element.id)


async def play(world: MiniWob, tasks: list[Task], until: float, rng: random.Random, tally: Tally, typing: bool) -> None:
    """Episodes of random tasks until the clock says stop."""
    while (began := time.perf_counter()) < until:
        observation: Observation | None = (await world.reset(rng.choice(tasks), rng.randrange(10**6))).observation
        tally.resets.append(time.perf_counter() - began)
        for _ in range(LONGEST_EPISODE):
            if observation is None:
                break
            action = choose(observation, rng, typing)
            began = time.perf_counter()
            happened = await world.step(action)
            tally.steps.append(time.perf_counter() - began)
            tally.undone += happened.outcome.result is not Result.DONE
            tally.rewarded += happened.raw_reward is not None and happened.raw_reward > 0
            observation = None if happened.outcome.done else happened.observation


async def measure(
    count: int, seconds: float, pattern: str, reset: str, typing: bool, processes: int = 0
) -> dict[str, object]:
    """One run; every world has played one unmeasured episode of each task first, so that pages are loaded and warm."""
    tasks = [task.with_(reset=reset) for task in load(pattern)]
    async with worlds(count, BrowserConfig(processes=processes)) as all_worlds:
        # Each world keeps to one task: a change of task loads another page, and that is not a step.
        kept = [[tasks[number % len(tasks)]] for number in range(count)]
        rngs = [random.Random(number) for number in range(count)]

        async def together(duration: float, tally: Tally) -> None:
            until = time.perf_counter() + duration
            await asyncio.gather(
                *(
                    play(world, own, until, rng, tally, typing)
                    for world, own, rng in zip(all_worlds, kept, rngs, strict=True)
                )
            )

        await together(2.0, Tally())
        tally, cpu, began = Tally(), cpu_seconds(), time.perf_counter()
        await together(seconds, tally)
        wall, used = time.perf_counter() - began, cpu_seconds() - cpu
        memory = memory_mb()
        version = all_worlds[0].window.browser.version
    return {
        "browser": version,
        "worlds": count,
        "reset": reset,
        "input": "real (CDP mouse and key events)",
        "tasks": [task.id for task in tasks],
        "seconds": round(wall, 2),
        "steps": len(tally.steps),
        "resets": len(tally.resets),
        "steps_per_second": round(len(tally.steps) / wall, 1),
        "resets_per_second": round(len(tally.resets) / wall, 1),
        "step_ms_p50": round(percentile(tally.steps, 0.5), 2),
        "step_ms_p95": round(percentile(tally.steps, 0.95), 2),
        "reset_ms_p50": round(percentile(tally.resets, 0.5), 2),
        "cpu_ms_per_step": round(1000 * used / max(1, len(tally.steps)), 2),
        "memory_mb_per_world": round(memory / count, 1),
        "not_done": tally.undone,
        "rewarded": tally.rewarded,
        "mean_step_ms": round(1000 * statistics.fmean(tally.steps), 2) if tally.steps else None,
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--reset", choices=["reseed", "reload", "context"], default="reseed")
    parser.add_argument("--clicks", action="store_true", help="press only, as the peers of bench_peer.py do")
    parser.add_argument("--processes", type=int, default=0, help="browser processes; 0: as a rollout chooses")
    asked = parser.parse_args()
    result = asyncio.run(
        measure(asked.worlds, asked.seconds, asked.tasks, asked.reset, not asked.clicks, asked.processes)
    )
    print(json.dumps(result))
    print(
        f"{result['steps_per_second']} steps/s and {result['resets_per_second']} resets/s, {result['worlds']} worlds, "
        f"p50 {result['step_ms_p50']} ms, p95 {result['step_ms_p95']} ms, {result['cpu_ms_per_step']} CPU-ms a step "
        f"({result['reset']} resets, real input)"
    )


if __name__ == "__main__":
    main()
