"""`apprentice score`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.evaluate.scoring import Outline, ScoreConfig


@click.command("score")
@run_option
@click.option("--legacy", is_flag=True, help="Also count as ScribeAgent's released code does; as `--set legacy=true`.")
@settings(ScoreConfig)
def command(run: Path, legacy: bool, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Ask a model what it would have done at recorded steps, and count how often it is right.

    Nothing is acted out. Every answer is kept: run again, only what is missing is asked. The table also goes to
    RUN/score.json.
    """
    from webapprentice.evaluate.scoring import outline, score, table_text
    from webapprentice.models import counting
    from webapprentice.models import load as load_model
    from webapprentice.store import Store, write_lines

    config = ScoreConfig.resolve(file, sets, legacy=legacy or None)
    if dry_run:
        with Store.read(run / "store.sqlite") as store:
            found = outline(config, run, store, counting(config.model, config.options))
        emit(found.model_dump(mode="json"), as_json, _plan(found))
        return
    Store.read(run / "store.sqlite").close()
    model = load_model(config.model, config.options)
    ticker = Ticker()
    with Store.create(run / "store.sqlite") as store:
        scores = asyncio.run(score(config, run, store, model, lambda line: ticker(line, True)))
    write_lines([scores.model_dump_json(indent=1)], run / f"{config.out}.json")
    emit(scores.model_dump(mode="json", exclude={"right"}), as_json, table_text(scores))


def _plan(found: Outline) -> str:
    seconds = f", about {found.seconds:,.0f} s by earlier answers in this store" if found.seconds is not None else ""
    return (
        f"{found.steps:,} steps of {found.trajectories:,} trajectories: {found.prompts:,} prompts with "
        f"{found.prompt_tokens:,} tokens, at most {found.answers:,} answers{seconds}"
    )
