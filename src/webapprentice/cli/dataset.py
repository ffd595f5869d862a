"""`apprentice dataset`."""

from __future__ import annotations

from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.improve.verbs import RowsConfig


@click.command("dataset")
@run_option
@settings(RowsConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Turn kept attempts or recordings into rows, split, with a card; held-out tasks are refused.

    Works on all cores in little memory; killed and run again, it goes on.
    """
    from webapprentice.evaluate import dialect_of
    from webapprentice.improve.rows import make_rows, planned
    from webapprentice.tasks.splits import HELD_OUT

    config = RowsConfig.resolve(file, sets)
    if dry_run:
        plan = planned(run, config, HELD_OUT)
        emit(plan, as_json, ", ".join(f"{number:,} trajectories for {part}" for part, number in plan.items()))
        return
    made = make_rows(run, config, dialect_of(config.rollout), HELD_OUT, Ticker())
    counts = made.card.counts
    value = {part: one.rows for part, one in made.card.tokens.items()}
    told = {"rows": value["train"], **value, **counts.model_dump(mode="json"), "files": list(made.files)}
    rows = ", ".join(f"{number:,} {part}" for part, number in value.items())
    left = {name: number for name, number in made.card.left_out.items() if number}
    lines = [f"{counts.trajectories:,} trajectories, {counts.steps:,} steps; rows: {rows}"]
    lines += [f"left out, {name.replace('_', ' ')}: {number:,}" for name, number in left.items()]
    emit(told, as_json, "\n".join([*lines, f"the card is {run / config.out}.card.md"]))
