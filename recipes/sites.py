"""From workflows recorded on the local sites to a tuned model, examined live on tasks and a site that nobody showed it.

    python recipes/sites.py --run runs/sites [--seeds 6] [--updates 1600] [--grounded]

A scripted person does every practised task of the sites in front of the recorder; the seed model learns from it. Both
models are then asked for each next step of workflows that nobody showed them (held-out templates, and a site that was
never recorded), and examined live on practised tasks, on held-out templates and on that site by `apprentice evaluate`,
the command that would run WebArena. Run again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from webapprentice.browser import Browser
from webapprentice.core.actions import Action
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Observation, Task
from webapprentice.recorder import RecordConfig, Recorder, record_scripted
from webapprentice.sites import every
from webapprentice.sites.serving import Serving
from webapprentice.store import Store
from webapprentice.tasks import load
from webapprentice.tasks.gold import NotThere, action_of
from webapprentice.tasks.local import local_benchmark, local_solutions
from webapprentice.tasks.probing import Prober
from webapprentice.tasks.siteworld import Shared, SiteWorld, browser_for

AT_ONCE = 3
PRACTISED, *UNTAUGHT = LISTS = ("sites_attempted", "sites_held_out", "sites_unseen")


async def record(run: Path, store: Store, tasks: str, collection: str, seeds: Sequence[int]) -> None:
    """A person on every task of a list; seeds differ in the numbers that elements have."""
    failed: dict[str, str] = {}
    with Serving(every()) as serving:
        benchmark = local_benchmark(serving)
        browser = browser_for(benchmark)
        config = RecordConfig(
            browser=browser, redact=False, bar=False, pictures=False, html=False, collection=collection
        )
        there = {(one.task.id, one.provenance.seed) for one in store.trajectories(config.collection, steps=False)}
        left = [(task, seed) for seed in seeds for task in load(tasks) if (task.id, seed) not in there]
        async with Browser.launch(config.browser) as chromium, Prober(benchmark) as prober:
            shared = Shared(benchmark, prober)

            async def work() -> None:
                recorder = await Recorder.open(chromium, config)
                world = SiteWorld(recorder.window, shared)
                while left:
                    task, seed = left.pop()
                    try:
                        await record_scripted(recorder, world, task, seed, person(task), store, run / "recordings")
                    except FaultError as error:
                        failed[task.id] = str(error)
                await recorder.close()

            await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    for name, why in failed.items():
        print(f"record: {name}: {why}", file=sys.stderr)


def person(task: Task) -> Any:
    """Does what the solution says, and waits for what is not there yet."""
    lines = local_solutions()[task.id]

    def decide(_goal: str, seen: Observation, done: Sequence[object]) -> Action | None:
        try:
            return action_of(lines[len(done)] if len(done) < len(lines) else "stop", seen)
        except NotThere:
            return None

    return decide


def apprentice(verb: str, run: Path, *sets: str) -> dict[str, Any]:
    """One command; its result."""
    command = [sys.executable, "-m", "webapprentice", verb, "--run", str(run), "--json"]
    command += [part for pair in sets for part in ("--set", pair)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/sites"))
    parser.add_argument("--seeds", type=int, default=6, help="recordings of each practised task")
    parser.add_argument("--updates", type=int, default=1600)
    parser.add_argument("--exam-seeds", type=int, default=2)
    parser.add_argument("--grounded", action="store_true", help="Hold both to elements of the page in the live exams.")
    asked = parser.parse_args()
    run: Path = asked.run
    (run / "recordings").mkdir(parents=True, exist_ok=True)
    with Store.create(run / "store.sqlite") as store:
        asyncio.run(record(run, store, PRACTISED, "recorded", range(asked.seeds)))
        for name in UNTAUGHT:
            asyncio.run(record(run, store, name, f"recorded-{name}", range(asked.exam_seeds)))
        made_by = [one.score for one in store.trajectories("recorded", steps=False)]
    print(f"recorded: {len(made_by)}, of which {sum(score == 1.0 for score in made_by)} solve their task")
    made = apprentice(
        *("dataset", run, "rollout.dialect=compact", "dataset.completion=canonical", "keep=", "collection=recorded")
    )
    print(f"{made['steps']} steps, {made['train']} rows")
    how = ("train.method=full", "train.learning_rate=1e-3", "train.batch_size=16", f"train.max_steps={asked.updates}")
    if not (run / "model").is_dir():
        apprentice("train", run, *how, "train.base_model=seed", "train.warmup=0.05")
    models = (("base", "seed"), ("tuned", str(run / "model")))
    for name in UNTAUGHT:
        for label, model in models:
            against = [f"against=score-{name}-base"] if label == "tuned" else []
            how = ("dialect=compact", f"model={model}", f"out=score-{name}-{label}", *against)
            told = apprentice("score", run, f"collection=recorded-{name}", *how)
            print(f"next step, {name}, {label}: {json.dumps(told)}")
    held = ("exam.rollout.grounded=true",) if asked.grounded else ()
    for name in LISTS:
        for label, model in models:
            exam = ("exam.first_seed=50000", f"exam.seeds={asked.exam_seeds}", f"exam.tasks={name}", *held)
            told = apprentice("evaluate", run, f"model={model}", f"label={name}-{label}", *exam)
            for collection, found in told.items():
                print(f"live, {collection}: {json.dumps({**found['success'], 'tasks': None})}")


if __name__ == "__main__":
    main()
