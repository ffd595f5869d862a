"""Whole rollouts per second: scripted solvers, real input, observation, verdict, and every step durable in the store.

    python bench/bench_rollout.py --contexts 16 --seeds 30

The line before the last is JSON; the last one is for people.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

from webapprentice.evaluate import PoolConfig, attempt_all
from webapprentice.rollout import Progress, RolloutConfig
from webapprentice.store import Store
from webapprentice.tasks import load

TASKS = (
    "miniwob/click-test,miniwob/click-dialog,miniwob/click-tab,miniwob/click-checkboxes,miniwob/enter-text,"
    "miniwob/login-user,miniwob/click-option,miniwob/focus-text,miniwob/click-button-sequence,miniwob/choose-list"
)


async def measure(tasks: str, seeds: int, contexts: int, store: Store) -> dict[str, float]:
    """Rates from the first reset to the last verdict; starting the browser is not counted."""
    seen: list[Progress] = []
    await attempt_all(
        None,
        load(tasks),
        range(seeds),
        1,
        RolloutConfig(),
        store,
        "bench",
        pool=PoolConfig(contexts=contexts),
        tell=seen.append,
    )
    last = seen[-1]
    return {
        "contexts": contexts,
        "episodes": last.done,
        "solved": last.succeeded,
        "steps": last.steps,
        "seconds": last.seconds,
        "steps_per_second": last.steps / last.seconds,
        "episodes_per_second": last.done / last.seconds,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--contexts", type=int, default=16)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "store.sqlite") as store:
        started = time.monotonic()
        found = asyncio.run(measure(given.tasks, given.seeds, given.contexts, store))
        found["wall_with_start"] = time.monotonic() - started
    print(json.dumps(found))
    print(
        f"rollouts: {found['steps_per_second']:.0f} steps/s, {found['episodes_per_second']:.0f} episodes/s,"
        f" {found['contexts']} contexts, every step durable, {found['solved']} of {found['episodes']} solved"
    )


if __name__ == "__main__":
    main()
