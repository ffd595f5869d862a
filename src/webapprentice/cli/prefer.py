"""`apprentice prefer`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings, updates
from webapprentice.core.faults import UsageError
from webapprentice.train import PreferConfig


@click.command("prefer")
@run_option
@settings(PreferConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Learn from preferences between answers: DPO or KTO, through TRL (pip install 'webapprentice[rl]').

    Reads the rows of `apprentice pairs`; the model in RUN/OUT is one that `evaluate`, `score` and `train` load.
    """
    config = PreferConfig.resolve(file, sets)
    rows = _rows(run / f"{config.pairs}.{config.how}.jsonl")
    if dry_run:
        emit({"rows": len(rows)}, as_json, f"{len(rows):,} rows, {updates(config.train)}")
        return
    from webapprentice.train import prefer

    ticker = Ticker()
    report = prefer(
        rows,
        config,
        run / config.out,
        lambda step, steps, loss: ticker(f"{config.how}: update {step}/{steps}, loss {loss:.4f}", step < steps),
    )
    first, last = (report.margins[0], report.margins[-1]) if report.margins else (0.0, 0.0)
    spent = report.spent
    text = (
        f"{report.steps} updates on {report.rows:,} rows, loss {report.losses[0]:.3f} -> {report.losses[-1]:.3f}, "
        f"margin {first:.3f} -> {last:.3f}; {spent.tokens_trained:,} tokens trained, {spent.seconds:.0f} s\n"
        f"the model is at {run / config.out}"
    )
    emit(report.model_dump(mode="json"), as_json, text)


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the pairs {path}; run `apprentice pairs` first") from error
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise UsageError(f"{path} is no JSON lines: {error}") from error
