"""`apprentice train`."""

from __future__ import annotations

from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings, updates
from webapprentice.improve.verbs import TeachConfig


@click.command("train")
@run_option
@settings(TeachConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Fine-tune a model on rows; run again after a kill to go on from the newest verified checkpoint."""
    config = TeachConfig.resolve(file, sets)
    from webapprentice.improve.workshop import read_rows, trainer_teller

    rows = read_rows(run / f"{config.rows}.jsonl")
    if dry_run:
        emit({"rows": len(rows)}, as_json, f"{len(rows)} rows, {updates(config.train)}")
        return
    from webapprentice.train import train

    report = train(rows, config.train, run / config.out, trainer_teller(Ticker(), "train"))
    emit(report.model_dump(mode="json"), as_json, f"the model is at {run / config.out}")
