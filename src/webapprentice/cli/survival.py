"""`apprentice survival`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.evaluate.survival import SurvivalConfig

if TYPE_CHECKING:
    from webapprentice.core.records import Trajectory


@click.command("survival")
@run_option
@settings(SurvivalConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """How often the element that was acted on is in the text that a model reads, by site and by budget of tokens."""
    from webapprentice.dialect import load
    from webapprentice.evaluate.survival import survival, survival_text
    from webapprentice.models import counting
    from webapprentice.store import Store, write_lines

    config = SurvivalConfig.resolve(file, sets)
    with Store.read(run / "store.sqlite", remember=64) as store:
        store.require(config.collection)
        number = len(store.finished(config.collection))
        if dry_run:
            emit({"trajectories": number}, as_json, f"{number:,} trajectories, {len(config.budgets)} budgets")
            return
        ticker, done = Ticker(), 0

        def each() -> Iterator[Trajectory]:
            nonlocal done
            for trajectory in store.trajectories(config.collection):
                yield trajectory
                done += 1
                ticker(f"survival: {done:,} of {number:,} trajectories", True)

        count = counting(config.model, config.options)
        found = survival(each(), load(config.dialect), config.budgets, count, store.blob)
    told = [one.model_dump(mode="json") for one in found]
    write_lines([json.dumps(told, indent=1)], run / "survival.json")
    emit(told, as_json, survival_text(found, config.budgets))
