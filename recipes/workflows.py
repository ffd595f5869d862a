"""From recorded workflows to a tuned model: scripted people are recorded, the seed model learns, both are scored.

    python recipes/workflows.py --run runs/workflows [--seeds 60] [--miniwob-seeds 15] [--updates 600]

Six small sites (tests/sites) and MiniWoB++'s practised tasks with a scripted solver. One site is never taught, nor is a
share of the workflows of the others. Exact match is told for both, greedy and at T = 1, and live success on seeds that
nobody was recorded on. Run again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from sites.server import SiteServer
from sites.world import SiteWorld, browser_config, here, task_of, workflows
from webapprentice.browser import Browser, BrowserConfig
from webapprentice.core.faults import FaultError
from webapprentice.core.protocols import Sampling
from webapprentice.core.records import Limits, Provenance, Task, Trajectory
from webapprentice.dialect import load as load_dialect
from webapprentice.metrics import wilson
from webapprentice.models import load as load_model
from webapprentice.recorder import RecordConfig, Recorder, record_scripted, script
from webapprentice.rollout import Batcher, Job, ModelActor, RolloutConfig, rollout
from webapprentice.store import Store
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import ADDRESS, PREPARE, SKIP, VIEWPORT, MiniWob, folder
from webapprentice.tasks.server import PageServer
from webapprentice.tasks.solvers import SOLVERS

HELD_OUT_SITE = "booking.test"
NO_UPLOADS = frozenset({"sites/desk-reply"})
"""Workflows that need a file of the person's own."""
AT_ONCE = 4
LIVE_FROM = 50_000
"""First seed of the live exam."""


def site_tasks(seed: int, server: SiteServer) -> list[Task]:
    """What can be done on the sites with this seed."""
    found = []
    for identity in workflows(seed):
        if identity not in NO_UPLOADS:
            site = f"http://{identity.partition('/')[2].partition('-')[0]}.test"
            task = task_of(identity, seed, server)
            found.append(task.with_(sites=(site,), limits=Limits(steps=14), evaluator={"kind": "outcome"}))
    return found


async def record_sites(run: Path, store: Store, seeds: Sequence[int]) -> None:
    """A person on every workflow of every seed."""
    with SiteServer() as server:
        alias = f".test:{server.port}", ".test"
        config = RecordConfig(browser=browser_config(), bar=False, pictures=False, alias=alias)
        todo = [(task, seed) for seed in seeds for task in site_tasks(seed, server)]

        async def one(recorder: Recorder, task: Task, seed: int) -> None:
            person = script(workflows(seed)[task.id].gestures)
            await record_scripted(recorder, SiteWorld(recorder.window), task, seed, person, store, run / "recordings")

        async with Browser.launch(config.browser, here) as chromium:
            await _all(chromium, config, "", todo, store, one)


async def record_miniwob(run: Path, store: Store, seeds: Sequence[int]) -> None:
    """The scripted solvers of the practised tasks, in front of the recorder."""
    with PageServer(folder()) as server:
        browser = BrowserConfig(viewport=VIEWPORT, mask_passwords=False, origins=(server.url,))
        config = RecordConfig(
            browser=browser, redact=False, bar=False, pictures=False, html=False, skip=SKIP, alias=(server.url, ADDRESS)
        )
        tasks = [task for task in load("attempted") if task.id in SOLVERS]
        todo = [(task.with_(sites=("http://miniwob.test",)), seed) for task in tasks for seed in seeds]

        async def one(recorder: Recorder, task: Task, seed: int) -> None:
            world = MiniWob(recorder.window, server.url)
            await record_scripted(recorder, world, task, seed, SOLVERS[task.id], store, run / "recordings")

        async with Browser.launch(browser) as chromium:
            await _all(chromium, config, PREPARE, todo, store, one)


async def _all(
    chromium: Browser,
    config: RecordConfig,
    prepare: str,
    todo: list[tuple[Task, int]],
    store: Store,
    one: Callable[[Recorder, Task, int], Any],
) -> None:
    there = {(t.task.id, t.provenance.seed) for t in store.trajectories(config.collection, steps=False)}
    left = [(task, seed) for task, seed in todo if (task.id, seed) not in there][::-1]
    failed: dict[str, int] = {}

    async def work() -> None:
        recorder = await Recorder.open(chromium, config, *([prepare] if prepare else []))
        while left:
            task, seed = left.pop()
            try:
                await one(recorder, task, seed)
            except FaultError as error:
                failed[task.id] = failed.get(task.id, 0) + 1
                print(f"record: {task.id} seed {seed}: {error}", file=sys.stderr)
            if len(left) % 50 == 0:
                print(f"record: {len(left)} left", file=sys.stderr, flush=True)
        await recorder.close()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    if failed:
        print(f"record: not recorded: {failed}", file=sys.stderr)


def apprentice(verb: str, run: Path, *sets: str) -> dict[str, Any]:
    """One command; its result."""
    command = [sys.executable, "-m", "webapprentice", verb, "--run", str(run), "--json"]
    command += [part for pair in sets for part in ("--set", pair)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


async def live(model_name: str, label: str, seeds: Sequence[int], store: Store) -> dict[str, list[float]]:
    """Scores by site (or `miniwob`), greedy, on seeds that nobody was recorded on."""
    model, dialect = load_model(model_name), load_dialect("compact")
    batcher = Batcher(model, 8)
    serving = asyncio.ensure_future(batcher.serve())
    greedy = Sampling(temperature=0.0, max_tokens=dialect.answer)
    collection = f"live/{label}"

    def actor(_job: Job) -> ModelActor:
        return ModelActor(batcher, dialect, greedy, model.count)

    about = Provenance(model=model.key, temperature=0.0, spelling="compact")
    with SiteServer() as server, PageServer(folder()) as pages:
        sites = [Job(key=f"{label}-{t.id}-{s}", task=t, seed=s) for s in seeds for t in site_tasks(s, server)]
        async with Browser.launch(browser_config(), here) as chromium:
            worlds = [SiteWorld(await chromium.open()) for _ in range(8)]
            await rollout(sites, worlds, actor, store, collection, origin=about, config=RolloutConfig(max_steps=14))
        tasks = [task for task in load("attempted") if task.id in SOLVERS]
        wobs = [Job(key=f"{label}-{t.id}-{s}", task=t, seed=s) for s in seeds for t in tasks]
        async with Browser.launch(BrowserConfig(viewport=VIEWPORT, origins=(pages.url,))) as chromium:
            more = [MiniWob(await chromium.open(PREPARE), pages.url) for _ in range(8)]
            await rollout(wobs, more, actor, store, collection, origin=about)
    serving.cancel()
    found: dict[str, list[float]] = {}
    for one in store.trajectories(collection, steps=False):
        if one.countable and one.score is not None:
            found.setdefault(_place(one), []).append(float(one.succeeded))
    return found


def _place(trajectory: Trajectory) -> str:
    if trajectory.task.benchmark != "sites":
        return "MiniWoB++, practised tasks"
    return "held-out site" if HELD_OUT_SITE in trajectory.task.sites[0] else "taught sites"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/workflows"))
    parser.add_argument("--seeds", type=int, default=60, help="of each workflow of the sites")
    parser.add_argument("--miniwob-seeds", type=int, default=15)
    parser.add_argument("--live-seeds", type=int, default=10)
    parser.add_argument("--updates", type=int, default=600)
    parser.add_argument("--only-record", action="store_true")
    asked = parser.parse_args()
    run: Path = asked.run
    (run / "recordings").mkdir(parents=True, exist_ok=True)
    with Store.create(run / "store.sqlite") as store:
        asyncio.run(record_sites(run, store, range(asked.seeds)))
        asyncio.run(record_miniwob(run, store, range(asked.miniwob_seeds)))
    if asked.only_record:
        return
    compact = ("rollout.dialect=compact", "dataset.completion=canonical", "keep=", "collection=recorded")
    made = apprentice("dataset", run, *compact, "split.test=0.15", f"split.sites=[{HELD_OUT_SITE}]")
    rows = ", ".join(f"{made[part]} {part}" for part in ("train", "validation", "test", "test_site"))
    print(f"{made['steps']} steps; rows: {rows}")
    how = ("train.method=full", "train.learning_rate=1e-3", "train.batch_size=16", f"train.max_steps={asked.updates}")
    if not (run / "model").is_dir():
        apprentice("train", run, *how, "train.base_model=seed", "train.warmup=0.05", "train.validate_every=100")
    table: dict[str, Any] = {}
    for part in ("test", "test_site"):
        for label, name in (("base", "seed"), ("tuned", str(run / "model"))):
            table[f"{part}/{label}"] = apprentice(
                *("score", run, "collection=recorded", f"keys=rows.{part}.txt", "train_keys=rows.train.txt"),
                *("dialect=compact", f"model={name}", f"out=score-{part}-{label}"),
                *([f"against=score-{part}-base"] if label == "tuned" else []),
            )
    with Store.create(run / "store.sqlite") as store:
        for label, name in (("base", "seed"), ("tuned", str(run / "model"))):
            seeds = range(LIVE_FROM, LIVE_FROM + asked.live_seeds)
            for place, scores in sorted(asyncio.run(live(name, label, seeds, store)).items()):
                found = wilson(int(sum(scores)), len(scores))
                share = f"{found.estimate:.1%} [{found.low:.1%}, {found.high:.1%}]" if found else "none"
                print(f"live, {place}, {label}: {share} of {len(scores)}")
    print(json.dumps(table))


if __name__ == "__main__":
    main()
