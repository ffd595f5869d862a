"""`apprentice synthesize`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.core.faults import ApprenticeError
from webapprentice.synthesis.config import SynthesisConfig


@click.command("synthesize")
@run_option
@settings(SynthesisConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Let a model make up examples on websites it has not practised: objective, plan, address, action, page.

    Every answer is checked and kept: run again, only what is missing is asked. Answers that were not used are in
    RUN/synthetic.NAME.rejected.jsonl with their reasons.
    """
    from webapprentice.models import load
    from webapprentice.models.embedding import embedder
    from webapprentice.store import Store
    from webapprentice.synthesis.prompts import Prompts
    from webapprentice.synthesis.run import rejected_file, synthesize
    from webapprentice.tasks.splits import HELD_OUT

    config = SynthesisConfig.resolve(file, sets)
    Prompts.load(config.prompts)
    with Store.read(run / "store.sqlite") as store:
        store.require(*config.collections)
        there = store.collections()
    if dry_run:
        told = {name: there[name] for name in config.collections}
        wanted = f"{config.examples:,} examples from at most {config.most:,} samples"
        emit({**told, "examples": config.examples}, as_json, f"{sum(told.values()):,} seed trajectories; {wanted}")
        return
    ticker = Ticker()
    model, alike = load(config.model, config.options), embedder(config.embedder, run / "vectors", ticker)
    with Store.create(run / "store.sqlite") as store:
        made = asyncio.run(
            synthesize(config, run, store, model, alike, lambda line: ticker(line, True), frozenset(HELD_OUT))
        )
    told = made.model_dump(mode="json")
    emit(told, as_json, "\n".join(f"{name}: {value}" for name, value in told.items()))
    if made.examples < config.examples:
        raise ApprenticeError(
            f"only {made.examples:,} of {config.examples:,} examples came of {made.samples:,} samples, and no more "
            f"may be begun; see {run / rejected_file(config.name)} for what was wrong, or set samples higher"
        )
