"""`apprentice evaluate`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from webapprentice.cli.options import Ticker, emit, executor_option, fault_lines, run_option, settings, unless_measured
from webapprentice.improve.verbs import ExamineConfig


@click.command("evaluate")
@run_option
@executor_option
@settings(ExamineConfig)
def command(
    run: Path, executor: tuple[str, ...], file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Examine a model on unseen seeds at every temperature."""
    from webapprentice.tasks import load

    config = ExamineConfig.resolve(file, (*sets, *executor))
    tasks = load(config.exam.tasks, config.pool.benchmark)
    if dry_run:
        number = len(tasks) * config.exam.seeds * len(config.exam.temperatures)
        emit({"episodes": number}, as_json, f"{number:,} episodes on {len(tasks)} tasks")
        return
    asyncio.run(_evaluate(run, config, as_json))


async def _evaluate(run: Path, config: ExamineConfig, as_json: bool) -> None:
    from webapprentice.evaluate import Cast, Named, acting_model, attempt_all, hired
    from webapprentice.improve.telling import teller
    from webapprentice.metrics import both_readings, episodes_of
    from webapprentice.rollout import Budget
    from webapprentice.store import Store
    from webapprentice.tasks import load

    model = acting_model(config.model, config.options, config.exam.rollout)
    exam, value, lines, rates = config.exam, dict[str, Any](), [], []
    named, budget, cast = Named.of(config.model, config.options), Budget(config.pool.limits), Cast()
    with Store.create(run / "store.sqlite") as store, hired(config.pool, Ticker()) as executor:
        for temperature in exam.temperatures if model else (0.0,):
            collection = f"exam/{config.label}/T{temperature:g}"
            keys = await attempt_all(
                model,
                load(exam.tasks, config.pool.benchmark),
                range(exam.first_seed, exam.first_seed + exam.seeds),
                1,
                exam.rollout.with_(temperature=temperature),
                store,
                collection,
                pool=config.pool,
                tell=teller(Ticker(), collection),
                budget=budget,
                executor=executor,
                named=named,
                cast=cast,
            )
            found = list(store.trajectories(collection, keys, steps=False))
            success, strict = both_readings(episodes_of(found))
            value[collection] = {"success": success.model_dump(mode="json"), "strict": strict.model_dump(mode="json")}
            rates.append(success)
            band = success.micro
            rate = f"{band.estimate:.1%} [{band.low:.1%}, {band.high:.1%}]" if band else "not measured"
            lines.append(f"{collection}: {rate} of {success.episodes} episodes; faults kept apart: {success.faulted}")
            lines.extend(fault_lines(found, run, collection))
            lines.extend(f"    {one.task:<40} {one.solved}/{one.episodes}" for one in success.tasks)
    emit(value, as_json, "\n".join(lines))
    unless_measured(rates)
