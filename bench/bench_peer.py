"""Ours against BrowserGym: the same MiniWoB++ pages, browser and policy (random clicks), in turns in one run.

    python bench/bench_peer.py --peer .venv-peer/bin/python --concurrency 1,4,16 --seconds 12 --rounds 3

BrowserGym loads its page in a new browser at each reset and has no other reset; ours restarts the episode inside the
page (`reseed`), loads the page again (`reload`) or does so in a new context (`context`), and all are shown. `tuned` is
BrowserGym without its delays and without its chat browser. Medians over the rounds. The last line but one is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measuring import cpu_seconds, memory_mb, percentile
from webapprentice.browser import find_chromium
from webapprentice.tasks.registry import folder
from webapprentice.tasks.server import PageServer

HERE = Path(__file__).parent
TASKS = "click-checkboxes,click-test,click-tab,click-option"
SHOWN = ("steps_per_second", "reset_ms_p50", "step_ms_p50", "step_ms_p95", "cpu_ms_per_step", "memory_mb_per_world")


def ours(count: int, seconds: float, reset: str) -> dict[str, float]:
    """One run of bench_steps.py in a process of its own."""
    tasks = ",".join(f"miniwob/{name}" for name in TASKS.split(","))
    command = [sys.executable, str(HERE / "bench_steps.py"), "--clicks", "--tasks", tasks, "--reset", reset]
    command += ["--worlds", str(count), "--seconds", str(seconds)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60 + 3 * seconds)
    told: dict[str, float] = json.loads(ran.stdout.splitlines()[-2])
    return told


def browsergym(python: str, url: str, count: int, seconds: float, tuned: bool) -> dict[str, float]:
    """`count` environments, each in a process of its own, measured from the moment when all of them are warm."""
    command = [python, str(HERE / "peers" / "browsergym_steps.py"), "--tasks", TASKS, "--seconds", str(seconds)]
    command += ["--chromium", str(find_chromium()), *(["--tuned"] if tuned else [])]
    environment = {**os.environ, "MINIWOB_URL": url}
    peers = [
        subprocess.Popen(
            [*command, "--number", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        for number in range(count)
    ]
    try:
        for peer in peers:
            _line(peer)
        spent, began = sum(cpu_seconds(peer.pid) for peer in peers), time.perf_counter()
        for peer in peers:
            _go(peer)
        told = [json.loads(_line(peer)) for peer in peers]
        wall = time.perf_counter() - began
        spent = sum(cpu_seconds(peer.pid) for peer in peers) - spent
        memory = sum(memory_mb(peer.pid) for peer in peers)
        for peer in peers:
            _go(peer)
            peer.wait(60)
    finally:
        for peer in peers:
            peer.kill()
    steps = [step for one in told for step in one["steps"]]
    resets = [reset for one in told for reset in one["resets"]]
    return {
        "steps_per_second": len(steps) / wall,
        "reset_ms_p50": percentile(resets, 0.5),
        "step_ms_p50": percentile(steps, 0.5),
        "step_ms_p95": percentile(steps, 0.95),
        "cpu_ms_per_step": 1000 * spent / max(1, len(steps)),
        "memory_mb_per_world": memory / count,
    }


def _line(peer: subprocess.Popen[str]) -> str:
    assert peer.stdout is not None
    line = peer.stdout.readline()
    if not line:
        raise SystemExit("BrowserGym's side has ended early; run bench/peers/browsergym_steps.py by hand to see why")
    return line


def _go(peer: subprocess.Popen[str]) -> None:
    assert peer.stdin is not None
    peer.stdin.write("\n")
    peer.stdin.flush()


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    """Of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in SHOWN}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="Python of an environment with BrowserGym")
    parser.add_argument("--concurrency", default="1,4,16")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--default", action="store_true", help="BrowserGym as it comes, too")
    asked = parser.parse_args()
    result: dict[str, Any] = {}
    with PageServer(folder()) as server:
        url = f"{server.url}miniwob/"
        for count in map(int, asked.concurrency.split(",")):
            runs: dict[str, list[dict[str, float]]] = {}
            for _ in range(asked.rounds):
                runs.setdefault("ours, reseed", []).append(ours(count, asked.seconds, "reseed"))
                runs.setdefault("BrowserGym tuned", []).append(browsergym(asked.peer, url, count, asked.seconds, True))
                for reset in ("reload", "context"):
                    runs.setdefault(f"ours, {reset}", []).append(ours(count, asked.seconds, reset))
                if asked.default:
                    runs.setdefault("BrowserGym default", []).append(
                        browsergym(asked.peer, url, count, asked.seconds, False)
                    )
            found = {name: median(each) for name, each in runs.items()}
            base = found["BrowserGym tuned"]["steps_per_second"]
            for name, figures in found.items():
                figures["ratio"] = figures["steps_per_second"] / base
                shown = ", ".join(f"{key} {value:.1f}" for key, value in figures.items())
                print(f"{count:3d} environments, {name}: {shown}", flush=True)
            result[str(count)] = found
    print(json.dumps(result))
    best = {count: found["ours, reseed"]["ratio"] for count, found in result.items()}
    print(
        "steps/s against BrowserGym tuned: " + ", ".join(f"{ratio:.0f} x at {count}" for count, ratio in best.items())
    )


if __name__ == "__main__":
    main()
