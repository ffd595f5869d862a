"""Made-up examples per second from a server that takes its time, one sample at a time and many at once.

    python bench/bench_synthesis.py [--examples 64] [--seconds 0.2] [--spoiled 0.3]

The server is the scripted author of the tests over HTTP on this machine: each answer takes so long, and so large a
share of them is spoiled (bits cut out, doubled, moved). Printed: seconds, examples per second, answers per example.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from made_endpoint import Body, Endpoint, Line, Reply, prompt_of, says, serving
from made_syntheses import answer, made, seeded
from synthesis_judge import fault_of, mutated
from webapprentice.models import ModelConfig, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--spoiled", type=float, default=0.3)
    parser.add_argument("--windows", type=int, nargs="+", default=[1, 8, 32, 64])
    given = parser.parse_args()
    print("window examples samples seconds per_second answers_each wrong")
    for window in given.windows:
        examples = given.examples if window > 1 else max(4, given.examples // 8)
        with serving() as server, tempfile.TemporaryDirectory() as folder:
            server.policy = slow(given.seconds, given.spoiled)
            line(window, examples, server, Path(folder))


def slow(seconds: float, spoiled: float) -> object:
    def policy(_number: int, body: Body) -> Reply:
        good, rng = answer(prompt_of(body), body["seed"]), random.Random(body["seed"])
        text = mutated(good, rng) if rng.random() < spoiled else good

        def reply(to: Line) -> None:
            time.sleep(seconds)
            says(text)(to)

        return reply

    return policy


def line(window: int, examples: int, server: Endpoint, run: Path) -> None:
    options = ModelConfig(concurrency=window)
    with seeded(run) as store:
        model = load(server.url, options)
        began = time.monotonic()
        told = asyncio.run(made(run, store, model, examples=examples, window=window, options=options))
        seconds = time.monotonic() - began
        wrong = sum(bool(fault_of(one)) for one in store.trajectories("synthetic/examples"))
    each, speed = told.answers / told.examples, told.examples / seconds
    print(window, told.examples, told.samples, f"{seconds:.1f}", f"{speed:.2f}", f"{each:.1f}", wrong, flush=True)


if __name__ == "__main__":
    main()
