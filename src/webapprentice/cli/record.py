"""`apprentice record`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.core.faults import UsageError
from webapprentice.recorder.config import RecordConfig

if TYPE_CHECKING:
    from webapprentice.core.records import Trajectory


@click.command("record")
@click.argument("url", required=False)
@run_option
@click.option("--goal", default="", help="The objective; it can also be said in the page's bar.")
@click.option("--headless", is_flag=True, help="Without a window, for scripts; orders come on standard input.")
@click.option("--resume", is_flag=True, help="Go on with the recording that was interrupted; URL may be its key.")
@click.option("--close", is_flag=True, help="Make a trajectory of the recording that was interrupted.")
@settings(RecordConfig)
def command(
    url: str | None,
    run: Path,
    goal: str,
    headless: bool,
    resume: bool,
    close: bool,
    file: Path | None,
    sets: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Record what you do in a browser, from URL on: every step, with the page before it, into the run's store.

    What is secret never reaches the disk: passwords, codes, card numbers and the like become placeholders such as
    {{password:1}}, also where a page shows them again.
    """
    config = RecordConfig.resolve(file, (*sets, "browser.headless=true") if headless else sets)
    if dry_run:
        value: dict[str, Any] = {"url": url, "collection": config.collection, "store": str(run / "store.sqlite")}
        emit(value, as_json, f"records {url or 'an interrupted recording'} into {config.collection} of {run}")
        return
    trajectory = _record(url, run, goal, resume, close, config)
    emit(
        {
            "key": trajectory.key,
            "collection": config.collection,
            "steps": len(trajectory.steps),
            "goal": trajectory.goal,
        },
        as_json,
        f"{trajectory.key}: {len(trajectory.steps)} steps recorded; "
        f"play them with `apprentice replay {trajectory.key} --run {run}`",
    )


def _record(url: str | None, run: Path, goal: str, resume: bool, close: bool, config: RecordConfig) -> Trajectory:
    from webapprentice.recorder import live
    from webapprentice.recorder.spool import SUFFIX, unfinished
    from webapprentice.store import Store

    folder, ticker = run / "recordings", Ticker()
    if not (resume or close):
        if url is None:
            raise UsageError("say where to begin: apprentice record URL; or --resume what was interrupted")
        live.ready(config)
        with Store.create(run / "store.sqlite") as store:
            return asyncio.run(live.record(url, goal, config, store, folder, ticker))
    path = folder / f"{url}{SUFFIX}" if url else unfinished(folder)
    if not path.is_file():
        raise UsageError(f"there is no interrupted recording {url} in {folder}")
    with Store.create(run / "store.sqlite") as store:
        if close:
            return live.close(path, config, store)
        return asyncio.run(live.resume(path, config, store, ticker))
