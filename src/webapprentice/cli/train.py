"""`apprentice train`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings, updates
from webapprentice.improve.verbs import TeachConfig


@click.command("train")
@run_option
@click.option("--recipe", help="A named set of settings, below those of --config and --set: scribe or self-improve.")
@click.option(
    "--show", "show", is_flag=True, help="Only print the rows of the first update and what is trained of them."
)
@settings(TeachConfig)
def command(
    run: Path,
    recipe: str | None,
    show: bool,
    file: Path | None,
    sets: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fine-tune a model on rows; run again after a kill to go on from the newest verified checkpoint."""
    from webapprentice.train import recipe as named

    config = TeachConfig.resolve(file, sets, recipe=named(recipe) if recipe else None)
    from webapprentice.improve.rows import read_rows
    from webapprentice.improve.telling import trainer_teller

    rows = read_rows(run / f"{config.rows}.jsonl")
    watched = run / f"{config.rows}.validation.jsonl"
    validation = read_rows(watched) if watched.is_file() else []
    if dry_run:
        told = {"rows": len(rows), "validation": len(validation)}
        emit(told, as_json, f"{len(rows)} rows, {len(validation)} to watch, {updates(config.train)}")
        return
    if show:
        from webapprentice.train import preview

        found = preview(rows, config.train)
        shown = "\n\n".join(f"{read}\n>>> trained:\n{trained}" for read, trained in found)
        emit([{"read": read, "trained": trained} for read, trained in found], as_json, shown)
        return
    from webapprentice.train import train

    first = os.environ.get("RANK", "0") == "0"  # of several processes, started by `accelerate launch`, one speaks
    tell = trainer_teller(Ticker(), "train") if first else None
    report = train(rows, config.train, run / config.out, tell, validation)
    if first:
        emit(report.model_dump(mode="json"), as_json, f"the model is at {run / config.out}")
