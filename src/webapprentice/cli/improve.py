"""`apprentice improve`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, executor_option, run_option, settings, updates
from webapprentice.improve.config import ImproveConfig


@click.command("improve")
@run_option
@executor_option
@settings(ImproveConfig)
def command(
    run: Path, executor: tuple[str, ...], file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Practise, filter, fine-tune and examine, for one or more rounds; ends with RUN/report.html.

    Run the same command again after a kill: finished stages and saved episodes are not done twice.
    """
    config = ImproveConfig.resolve(file, (*sets, *executor))
    if dry_run:
        plan = _plan(config)
        emit(plan, as_json, "\n".join(f"{name}: {value}" for name, value in plan.items()))
        return
    line = "apprentice improve" + "".join(f" {_quoted(word)}" for word in sys.argv[2:])
    asyncio.run(carry_out(run, config, line, as_json))


async def carry_out(run: Path, config: ImproveConfig, line: str, as_json: bool, again: bool = False) -> None:
    """Do what is left of a run; the report is written when anything was done, is missing, or is wanted again.

    `again` works on nothing: it raises UsageError when the run is not finished.
    """
    from webapprentice.evaluate import hired
    from webapprentice.improve.checking import check
    from webapprentice.improve.gallery import gallery
    from webapprentice.improve.loop import improve
    from webapprentice.improve.reporting import report_data
    from webapprentice.improve.workshop import Workshop
    from webapprentice.report import markdown_table, summary_text, write_report
    from webapprentice.store import Store

    check(config)
    started = time.monotonic()
    with Store.create(run / "store.sqlite") as store, hired(config.pool, Ticker()) as executor:
        workshop = Workshop(run, config, store, Ticker(), executor)
        workshop.stages.frozen = again
        (run / "config.json").write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
        base, rounds = await improve(workshop)
        path = run / "report.html"
        fresh = again or workshop.stages.worked > 0 or not path.is_file()
        cases = await gallery(workshop, base, rounds) if fresh else []
        data = report_data(workshop, base, rounds, cases, line)
        if fresh:
            write_report(data, path)
        (run / "report.md").write_text(markdown_table(data), encoding="utf-8")
        (run / "report.json").write_text(data.without_screenshots().model_dump_json(indent=1) + "\n", encoding="utf-8")
    told = {"number", "seed", "model", "kept", "why", "warnings"}
    kept = [done.model_dump(mode="json", include=told) for done in rounds]
    value = {"report": str(path), "cells": [cell.model_dump(mode="json") for cell in data.cells], "rounds": kept}
    emit(value, as_json, summary_text(data))
    said = f"took {time.monotonic() - started:.0f} s" if fresh else "nothing was left to do"
    click.echo(f"{said}; the report is at {path}", err=as_json)


def _plan(config: ImproveConfig) -> dict[str, object]:
    """Counts, and time at the speeds measured on two CPU cores with the seed model."""
    from webapprentice.improve.checking import check, practice_tasks
    from webapprentice.tasks import load

    check(config)
    practice, exam = practice_tasks(config), load(config.exam.tasks, config.pool.benchmark)
    lines, later = len(config.training_seeds), config.rounds - 1
    attempts = (1 + later * lines) * len(practice) * config.practice.seeds * config.practice.attempts
    models = 1 + lines * (len(config.arms) + later)
    episodes = models * len(exam) * config.exam.seeds * len(config.exam.temperatures)
    made_up = _made_up(config) if config.inventing else "nothing"
    return {
        "model": config.model,
        "practice": f"{attempts:,} episodes on {len(practice)} tasks",
        "made up": made_up,
        "training": f"{models - 1} runs of {updates(config.train)}",
        "exams": f"{episodes:,} episodes on {len(exam)} tasks, {models} models",
        "time": f"about {(attempts + episodes) / 20 / 60 + (models - 1) * 1.5:.0f} minutes on two CPU cores",
    }


def _made_up(config: ImproveConfig) -> str:
    how = config.synthesis
    if config.author is not None:
        return f"{config.author.examples:,} examples a round by {config.author.model}"
    return f"{how.pages:,} pages a round, {how.objectives} objectives each, {how.attempts} attempts each"


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
