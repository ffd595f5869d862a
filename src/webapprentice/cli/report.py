"""`apprentice report`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from webapprentice.cli.improve import carry_out
from webapprentice.cli.options import run_option
from webapprentice.core.faults import UsageError
from webapprentice.improve.config import ImproveConfig


@click.command("report")
@run_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(run: Path, as_json: bool) -> None:
    """Write RUN/report.html again, with the configuration that the run was made with."""
    saved = run / "config.json"
    if not saved.is_file():
        raise UsageError(f"there is no run of `apprentice improve` in {run}; it would have left {saved}")
    asyncio.run(carry_out(run, ImproveConfig.resolve(saved), f"apprentice report --run {run}", as_json, again=True))
