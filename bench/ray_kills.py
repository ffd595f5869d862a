"""The same episodes here and on a Ray cluster of three nodes whose workers are killed must come to the same.

    python bench/ray_kills.py --episodes 200 --every 20

Prints one JSON object; exit code 1 when anything differs, is there twice, or is left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from webapprentice.cluster import ClusterConfig
from webapprentice.cluster.onray import OURS
from webapprentice.core.records import Task
from webapprentice.evaluate import Named, PoolConfig, attempt_all, hired
from webapprentice.rollout import RolloutConfig
from webapprentice.store import Store
from webapprentice.tasks import load

TASKS = (
    "miniwob/click-test,miniwob/click-dialog,miniwob/click-tab,miniwob/click-checkboxes,miniwob/enter-text,"
    "miniwob/login-user,miniwob/click-option,miniwob/focus-text,miniwob/click-button-sequence,miniwob/choose-list"
)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--every", type=float, default=20.0, help="Seconds between kills.")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--contexts", type=int, default=4, help="Browser contexts of each worker.")
    parser.add_argument("--seed", type=int, default=0, help="Which worker dies is drawn from this.")
    given = parser.parse_args()
    tasks = load(TASKS)
    seeds = range(-(-given.episodes // len(tasks)))
    folder = Path(tempfile.mkdtemp(prefix="wa-kills-"))
    try:
        cluster = start_cluster(folder, given.nodes)
        try:
            here, _ = played(tasks, seeds, folder / "here.sqlite", PoolConfig(contexts=given.contexts))
            pool = PoolConfig(
                executor="ray",
                contexts=given.contexts,
                cluster=ClusterConfig(address=cluster.address, workers=given.nodes, call_seconds=20.0),
            )
            killer = Killer([node.all_processes["raylet"][0].process.pid for node in cluster.list_all_nodes()], given)
            with killer:
                there, counts = played(tasks, seeds, folder / "there.sqlite", pool)
        finally:
            cluster.shutdown()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    left = killer.orphans()
    wrong = sorted(key for key in here["episodes"].keys() | there["episodes"].keys() if differ(here, there, key))
    found = {
        "episodes": len(here["keys"]),
        "nodes": given.nodes,
        "kill_every_seconds": given.every,
        "kills": len(killer.killed),
        "workers_seen": len(killer.seen),
        "same_keys": here["keys"] == there["keys"],
        "episodes_that_differ": len(wrong),
        "solved_here": here["solved"],
        "solved_there": there["solved"],
        "worker_lost": there["lost"],
        "closed": counts["closed"],
        "abandoned": counts.get("abandoned", 0),
        "open": counts.get("open", 0),
        "orphans": len(left),
        "seconds_here": round(here["seconds"], 1),
        "seconds_there": round(there["seconds"], 1),
    }
    print(json.dumps(found, indent=1))
    fine = found["same_keys"] and not wrong and not left and counts["closed"] == len(here["keys"]) == len(there["keys"])
    return 0 if fine and not found["open"] else 1


def differ(here: dict[str, Any], there: dict[str, Any], key: str) -> bool:
    """Whether an episode has another score, ending, or other words and outcomes in its steps."""
    return bool(here["episodes"].get(key) != there["episodes"].get(key))


def played(tasks: list[Task], seeds: range, path: Path, pool: PoolConfig) -> tuple[dict[str, Any], dict[str, int]]:
    """Keys, and what every episode came to; and what the store counts."""
    started = time.monotonic()
    with Store.create(path) as store, hired(pool, lambda line: print(line, file=sys.stderr)) as executor:
        keys = asyncio.run(
            attempt_all(
                None, tasks, seeds, 1, RolloutConfig(), store, "c", pool=pool, executor=executor, named=Named(name="")
            )
        )
        seconds = time.monotonic() - started
        found = list(store.trajectories("c"))
        counts = store.counts()
    episodes = {
        one.key: (one.score, one.ending, [(step.said, step.outcome.result) for step in one.steps]) for one in found
    }
    return {
        "keys": keys,
        "episodes": episodes,
        "seconds": seconds,
        "solved": sum(one.succeeded for one in found),
        "lost": sum(one.fault is not None and one.fault.kind == "worker_lost" for one in found),
    }, counts


def start_cluster(folder: Path, nodes: int) -> Any:
    """Nodes with a token on 127.0.0.1, each a raylet of its own with room for one worker."""
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32), encoding="ascii")
    (folder / "ray").mkdir()
    os.environ.update({**OURS, "RAY_AUTH_TOKEN_PATH": str(token), "RAY_TMPDIR": str(folder)})
    from ray.cluster_utils import Cluster

    sizes = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=sizes)
    for _ in range(nodes - 1):
        cluster.add_node(**sizes)
    return cluster


class Killer:
    """Ends one worker at a time by SIGKILL, in a thread; only processes below the given ones are ever touched."""

    def __init__(self, roots: list[int], given: argparse.Namespace) -> None:
        self.killed: list[int] = []
        self.seen: set[int] = set()
        self._roots = roots
        self._every = given.every
        self._draw = random.Random(given.seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        due = time.monotonic() + self._every
        while not self._stop.wait(0.1):
            workers = sorted(pid for pid in below(self._roots) if command(pid).startswith("ray::Hand"))
            self.seen.update(workers)
            if time.monotonic() >= due and workers:
                victim = self._draw.choice(workers)
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    self.killed.append(victim)
                due = time.monotonic() + self._every

    def orphans(self) -> list[int]:
        """Browsers of our workers that still run five seconds after the end."""
        end = time.monotonic() + 5
        while (left := self._browsers()) and time.monotonic() < end:
            time.sleep(0.1)
        return left

    def _browsers(self) -> list[int]:
        marks = tuple(f"webapprentice-profile-{pid}-" for pid in self.seen)
        return [pid for pid in processes() if any(mark in command(pid) for mark in marks)]


def processes() -> list[int]:
    """Ids of all processes."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def command(pid: int) -> str:
    """Command line, or nothing when the process is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def below(roots: list[int]) -> set[int]:
    """Descendants of processes."""
    parents: dict[int, int] = {}
    for pid in processes():
        with suppress(OSError):
            parents[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    found, more = set(roots), True
    while more:
        new = {pid for pid, parent in parents.items() if parent in found} - found
        found |= new
        more = bool(new)
    return found - set(roots)


if __name__ == "__main__":
    sys.exit(main())
