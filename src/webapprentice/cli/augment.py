"""`apprentice augment`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.evaluate.augment import AugmentConfig


@click.command("augment")
@run_option
@settings(AugmentConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Let a model say objectives and vague steps anew; the objectives of test workflows stay as they are.

    Answers are kept: run again, only what is missing is asked. Descriptions count with dataset.completion=described.
    """
    from webapprentice.evaluate.augment import augment
    from webapprentice.models import load
    from webapprentice.store import Store

    config = AugmentConfig.resolve(file, sets)
    with Store.read(run / "store.sqlite") as store:
        store.require(config.collection)
        number = len(store.finished(config.collection))
    if dry_run:
        emit({"trajectories": number}, as_json, f"{number:,} trajectories; {', '.join(config.what)}")
        return
    model, ticker = load(config.model, config.options), Ticker()
    with Store.create(run / "store.sqlite") as store:
        made = asyncio.run(augment(config, run, store, model, lambda line: ticker(line, True)))
    told = made.model_dump(mode="json")
    emit(told, as_json, "\n".join(f"{name}: {value}" for name, value in told.items()))
