"""`apprentice replay`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webapprentice.cli.options import emit, run_option, settings
from webapprentice.core.faults import UsageError
from webapprentice.recorder.config import ReplayConfig

if TYPE_CHECKING:
    from webapprentice.core.records import Trajectory
    from webapprentice.recorder.playing import Replay


@click.command("replay")
@click.argument("recording")
@run_option
@click.option("--file", "paths", multiple=True, metavar="NAME=PATH", help="Where a file is that the recording uploads.")
@click.option("--url", help="Begin here and not where the recording began.")
@settings(ReplayConfig)
def command(
    recording: str,
    run: Path,
    paths: tuple[str, ...],
    url: str | None,
    file: Path | None,
    sets: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Play RECORDING (its key, or the first letters of it) from a clean state, without a model.

    Each element is looked for in several ways; where it cannot be told which one is meant, the replay stops. Exit code
    1 when not every step could be played. Secrets come from the environment, such as APPRENTICE_SECRET_PASSWORD_1, or
    from a keyring, and only where they were typed when it was recorded.
    """
    config = ReplayConfig.resolve(file, sets)
    trajectory = _recording(run, recording)
    if dry_run:
        emit([step.said for step in trajectory.steps], as_json, "\n".join(step.said for step in trajectory.steps))
        return
    report = asyncio.run(_replay(trajectory, config, _files(paths), url))
    locators = {kind: {"exact": exact, "of": of} for kind, (exact, of) in report.locators.items()}
    value: dict[str, Any] = {
        **report.model_dump(mode="json"),
        "complete": report.complete,
        "done": report.done,
        "locators": locators,
    }
    emit(value, as_json, _text(report))
    if not report.complete:
        sys.exit(1)


def _recording(run: Path, key: str) -> Trajectory:
    from webapprentice.store import Store

    with Store.read(run / "store.sqlite") as store:
        found = [name for group in store.collections() for name in store.finished(group) if name.startswith(key)]
        if len(set(found)) != 1:
            raise UsageError(
                f"{len(set(found))} trajectories of {run} begin with {key!r}; `apprentice show` lists them"
            )
        return next(iter(store.trajectories(keys=found)))


def _files(paths: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in paths:
        name, equals, path = pair.partition("=")
        if not equals or not Path(path).is_file():
            raise UsageError(f"--file {pair} is no NAME=PATH of a file that is there")
        found[name] = str(Path(path).absolute())
    return found


async def _replay(trajectory: Trajectory, config: ReplayConfig, files: dict[str, str], url: str | None) -> Replay:
    from webapprentice.browser import Browser
    from webapprentice.browser.origins import origin_of
    from webapprentice.recorder.locating import script
    from webapprentice.recorder.playing import beginning, replay

    start = url or beginning(trajectory)
    changes: dict[str, Any] = {}
    if config.browser.origins is None:
        urls = [start, *(step.observation.url for step in trajectory.steps)]
        known = {str(origin_of(one)) for one in urls if one.startswith(("http:", "https:"))}
        changes["origins"] = ("*", *sorted(known))
    if files and config.browser.uploads is None:
        folders = {str(Path(path).parent) for path in files.values()}
        if len(folders) > 1:
            raise UsageError("the files to be uploaded lie in several folders; put them into one")
        changes["uploads"] = folders.pop()
    async with Browser.launch(config.browser.with_(**changes)) as browser:
        window = await browser.open(script())
        return await replay(window, trajectory, wait_seconds=config.wait_seconds, files=files, start=start)


def _text(report: Replay) -> str:
    lines = [f"{report.key}  {report.goal}"]
    for one in report.played:
        lost = [trial.kind for trial in one.trials if not trial.exact]
        note = f"   (no longer exact: {', '.join(dict.fromkeys(lost))})" if lost else ""
        said = one.said if one.result == "played" else f"{one.said}\n        {one.result}: {one.message}"
        lines.append(f"{'ok  ' if one.result == 'played' else 'STOP'} {one.index:>3} {said}{note}")
    kinds = ", ".join(f"{kind} {exact}/{of}" for kind, (exact, of) in report.locators.items())
    return "\n".join([*lines, f"{report.done} of {report.steps} steps played; locators still exact: {kinds or 'none'}"])
