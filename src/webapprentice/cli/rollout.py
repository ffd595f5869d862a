"""`apprentice rollout`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from webapprentice.cli.options import Ticker, emit, executor_option, fault_lines, run_option, settings, unless_measured
from webapprentice.improve.verbs import AttemptConfig


@click.command("rollout")
@run_option
@executor_option
@settings(AttemptConfig)
def command(
    run: Path, executor: tuple[str, ...], file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Attempt tasks in real Chromium; every step is saved as it happens."""
    from webapprentice.tasks import load

    config = AttemptConfig.resolve(file, (*sets, *executor))
    tasks = load(config.tasks, config.pool.benchmark)
    if dry_run:
        number = len(tasks) * config.seeds * config.attempts
        value: dict[str, Any] = {"tasks": len(tasks), "episodes": number, "collection": config.collection}
        emit(
            value,
            as_json,
            f"{number:,} episodes on {len(tasks)} tasks, about {number / 20 / 60:.0f} minutes on two cores",
        )
        return
    asyncio.run(_rollout(run, config, as_json))


async def _rollout(run: Path, config: AttemptConfig, as_json: bool) -> None:
    from webapprentice.evaluate import Named, acting_model, attempt_all, hired
    from webapprentice.improve.telling import teller
    from webapprentice.metrics import both_readings, episodes_of
    from webapprentice.rollout import Budget
    from webapprentice.store import Store
    from webapprentice.tasks import load

    model = acting_model(config.model, config.options, config.rollout)
    named, budget = Named.of(config.model, config.options), Budget(config.pool.limits)
    with Store.create(run / "store.sqlite") as store, hired(config.pool, Ticker()) as executor:
        keys = await attempt_all(
            model,
            load(config.tasks, config.pool.benchmark),
            range(config.first_seed, config.first_seed + config.seeds),
            config.attempts,
            config.rollout,
            store,
            config.collection,
            pool=config.pool,
            tell=teller(Ticker(), config.collection),
            budget=budget,
            executor=executor,
            named=named,
        )
        found = list(store.trajectories(config.collection, keys, steps=False))
        success, strict = both_readings(episodes_of(found))
    value = {
        "collection": config.collection,
        "keys": keys,
        "success": success.model_dump(mode="json"),
        "faults_as_failures": strict.model_dump(mode="json"),
    }
    band = success.micro
    rate = f"{band.estimate:.1%} [{band.low:.1%}, {band.high:.1%}]" if band else "not measured"
    lines = [f"{config.collection}: {success.episodes} episodes, success {rate}, faults kept apart: {success.faulted}"]
    if success.unjudged:
        lines.append(f"  {success.unjudged} not judged yet: apprentice rescore --run {run} --set judge.model=NAME")
    emit(value, as_json, "\n".join([*lines, *fault_lines(found, run, config.collection)]))
    unless_measured([success])
