"""Rollouts on the local sites: solutions played side by side, each in a state of its own, with memory and leftovers.

    python bench/bench_sites.py --contexts 16 --episodes 320
    python bench/bench_sites.py --contexts 16 --episodes 2000 --agent random     a long run: memory, faults by name

Prints steps and episodes a second, the resident memory of all processes at a quarter, half, three quarters and the end,
what was not solved, every fault by its name, and how many browser processes are left afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

from measuring import family, memory_mb
from webapprentice.evaluate import PoolConfig, attempt_all
from webapprentice.rollout import Progress, RolloutConfig
from webapprentice.store import Store
from webapprentice.tasks import load


async def measure(asked: argparse.Namespace, store: Store) -> dict[str, object]:
    """Play until so many episodes are done."""
    tasks = load(asked.tasks)
    seeds = range(-(-asked.episodes // len(tasks)))
    marks = [asked.episodes * part // 4 for part in (1, 2, 3, 4)]
    memory: list[float] = []
    last: list[Progress] = []

    def note(progress: Progress) -> None:
        last[:] = [progress]
        if len(memory) < len(marks) and progress.done >= marks[len(memory)]:
            memory.append(round(memory_mb()))

    how = RolloutConfig() if asked.agent == "solvers" else RolloutConfig(agent=asked.agent)
    model = None
    if asked.agent not in ("solvers", "trivial", "random"):
        from webapprentice.models import load as load_model

        model = load_model(asked.model)
    pool = PoolConfig(contexts=asked.contexts)
    await attempt_all(model, tasks, seeds, 1, how, store, "bench", pool=pool, tell=note)
    progress = last[0]
    wrong = [one.task.id for one in store.trajectories("bench", steps=False) if not one.succeeded and one.fault is None]
    return {
        "agent": asked.agent,
        "contexts": asked.contexts,
        "tasks": len(tasks),
        "episodes": progress.done,
        "solved": progress.succeeded,
        "steps": progress.steps,
        "seconds": round(progress.seconds, 1),
        "steps_per_second": progress.steps / progress.seconds,
        "episodes_per_second": progress.done / progress.seconds,
        "memory_mb": memory,
        "faults": dict(progress.faults),
        "endings": dict(progress.endings),
        "not_solved": sorted(set(wrong)) if asked.agent == "solvers" else len(wrong),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="sites/*")
    parser.add_argument("--episodes", type=int, default=320)
    parser.add_argument("--contexts", type=int, default=16)
    parser.add_argument("--agent", default="solvers")
    parser.add_argument("--model", default="seed")
    asked = parser.parse_args()
    before = family()
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "store.sqlite") as store:
        found = asyncio.run(measure(asked, store))
    limit = time.monotonic() + 10
    while (left := family() - before) and time.monotonic() < limit:
        time.sleep(0.1)
    found["processes_left"] = len(left)
    print(json.dumps(found))
    print(
        f"sites: {found['steps_per_second']:.1f} steps/s, {found['episodes_per_second']:.2f} episodes/s at "
        f"{found['contexts']} contexts, {found['solved']} of {found['episodes']} solved, {found['processes_left']} "
        f"processes left, memory {' -> '.join(str(one) for one in found['memory_mb'])} MB"  # type: ignore[attr-defined]
    )


if __name__ == "__main__":
    main()
