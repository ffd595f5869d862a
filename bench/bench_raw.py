"""A step of ours against the bare calls into the browser that do one, in turns on the same pages and elements.

    python bench/bench_raw.py --seconds 5 --rounds 5

`raw` presses at a point that it knows and, when the browser has answered for that, has one small script say what is on
the page and how the episode stands, through the same pipe: no check of what is pressed, no waiting, no roles, names,
states or node ids. `raw, settled` lets one task of the page run first. Resets are ours for all three and not timed. A
round's figure is the mean over the pages of the median step there; ratios are of these, with a bootstrap interval over
rounds. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench_steps import LONGEST_EPISODE, choose
from measuring import percentile
from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Stop
from webapprentice.core.records import Task
from webapprentice.metrics import percentile as band
from webapprentice.metrics import resample
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import MiniWob, worlds

TASKS = "miniwob/click-checkboxes,miniwob/click-test,miniwob/click-tab,miniwob/click-option"
LOOK = """(() => {
  const lines = [];
  for (const one of document.querySelectorAll('#area, #area *')) {
    const { x, y, width, height } = one.getBoundingClientRect();
    if (!width || !height) continue;
    lines.push(`${one.localName} ${one.id} ${one.childElementCount ? '' : one.textContent} ${[x, y, width, height]}`);
  }
  return [lines.join('\\n'), WOB_DONE_GLOBAL, WOB_RAW_REWARD_GLOBAL];
})()"""
TASK = "new Promise((next) => { const c = new MessageChannel(); c.port1.onmessage = next; c.port2.postMessage(0); })"
SETTLED = f"(async () => {{ await {TASK}; return {LOOK}; }})()"


async def ours(world: MiniWob, task: Task, rng: random.Random) -> list[float]:
    """Seconds of each step of one episode."""
    seen, taken = (await world.reset(task, rng.randrange(10**6))).observation, []
    for _ in range(LONGEST_EPISODE):
        action = choose(seen, rng, typing=False)
        if isinstance(action, Stop):
            break
        began = time.perf_counter()
        happened = await world.step(action)
        taken.append(time.perf_counter() - began)
        if happened.outcome.done or happened.observation is None:
            break
        seen = happened.observation
    return taken


async def raw(world: MiniWob, task: Task, rng: random.Random, look: str) -> list[float]:
    """As `ours`, by the calls themselves."""
    seen, taken = (await world.reset(task, rng.randrange(10**6))).observation, list[float]()
    boxes = [element.box for element in seen.elements if element.clickable and element.visible]
    for _ in range(LONGEST_EPISODE if boxes else 0):
        left, top, wide, high = rng.choice(boxes)
        x, y = left + wide / 2, top + high / 2
        at = {"x": x, "y": y, "button": "left", "clickCount": 1}
        presses: list[tuple[str, dict[str, Any]]] = [
            ("Input.dispatchMouseEvent", {**at, "type": kind})
            for kind in ("mouseMoved", "mousePressed", "mouseReleased")
        ]
        began = time.perf_counter()
        await world.window.send(presses, 5.0, "pressing")
        _, done, _ = await world.window.evaluate(look)
        taken.append(time.perf_counter() - began)
        if done:
            break
    return taken


async def measure(rounds: int, seconds: float) -> dict[str, list[list[list[float]]]]:
    """Seconds of steps by contender, round and page."""
    tasks = load(TASKS)
    contenders: dict[str, Callable[[MiniWob, Task, random.Random], Any]] = {
        "ours": ours,
        "raw": lambda *given: raw(*given, LOOK),
        "raw, settled": lambda *given: raw(*given, SETTLED),
    }
    found: dict[str, list[list[list[float]]]] = {name: [] for name in contenders}
    async with worlds(1, BrowserConfig()) as (world,):
        for number in range(-1, rounds):  # the first one is not counted
            for name in (list(contenders) * 2)[max(0, number) % 3 :][:3]:
                rng, pages = random.Random(number), list[list[float]]()
                for task in tasks:
                    taken: list[float] = []
                    await world.reset(task, 0)
                    until = time.perf_counter() + seconds / len(tasks)
                    while time.perf_counter() < until:
                        taken += await contenders[name](world, task, rng)
                    pages.append(taken)
                if number >= 0:
                    found[name].append(pages)
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each contender in each round")
    asked = parser.parse_args()
    found = asyncio.run(measure(asked.rounds, asked.seconds))
    medians = {
        name: [1000 * statistics.fmean(map(statistics.median, pages)) for pages in each] for name, each in found.items()
    }
    result: dict[str, Any] = {"load_average": os.getloadavg()[0]}
    for name, each in found.items():
        drawn = resample(np.array([medians["ours"], medians[name]]).T, 10_000, 0)
        ratio = statistics.fmean(medians["ours"]) / statistics.fmean(medians[name])
        times = band(drawn[:, 0] / drawn[:, 1], ratio, 0.95, "bootstrap, rounds")
        every = [step for pages in each for steps in pages for step in steps]
        half, most = percentile(every, 0.5), percentile(every, 0.95)
        told = [times.estimate, times.low, times.high]
        result[name] = {"steps": len(every), "ms_p50": half, "ms_p95": most, "ours_takes": told}
        print(
            f"{name:<13} p50 {half:.2f} ms, p95 {most:.2f} ms, {len(every)} steps; "
            "ours takes {:.2f} times as long [{:.2f}, {:.2f}]".format(*told)
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
