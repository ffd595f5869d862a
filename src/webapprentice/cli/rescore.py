"""`apprentice rescore`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.evaluate.rescoring import RescoreConfig, Rescored


@click.command("rescore")
@run_option
@click.option("--verified", is_flag=True, help="Mend known faults of the released evaluators; as --set verified=true.")
@settings(RescoreConfig)
def command(run: Path, verified: bool, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Judge attempts on web sites again from what was kept of their end: no browser, no site.

    With `--set judge.model=NAME` open questions of fuzzy matching are put to that model. Run again, it asks only what
    has no reply yet.
    """
    from webapprentice.evaluate.rescoring import asker, held_by, rescore
    from webapprentice.store import Store

    config = RescoreConfig.resolve(file, sets, verified=verified or None)
    if dry_run:
        with Store.read(run / "store.sqlite") as store:
            store.require(config.collection)
            found = [held_by(store, one) for one in store.trajectories(config.collection, steps=False)]
        value = {"attempts": len(found), "with_evidence": sum(one is not None for one in found)}
        emit(value, as_json, f"{value['with_evidence']} of {value['attempts']} attempts can be judged again")
        return
    Store.read(run / "store.sqlite").close()
    model, ticker = asker(config.judge), Ticker()
    with Store.create(run / "store.sqlite") as store:
        store.require(config.collection)
        report = asyncio.run(rescore(store, config.collection, config, model, tell=lambda line: ticker(line, True)))
    emit(report.model_dump(mode="json"), as_json, _words(config, report))


def _words(config: RescoreConfig, report: Rescored) -> str:
    lines = [
        f"{config.collection}: {report.trajectories} attempts judged again, {report.changed} differ",
        f"solved {report.solved} of {report.judged} judged, {report.unjudged} not judged",
    ]
    if report.unjudged and not config.judge.model:
        lines.append("  a language model can tell: --set judge.model=NAME")
    lines += [f"  {count} x {kind}, not the agent's" for kind, count in sorted(report.faults.items())]
    if report.without_evidence:
        lines.append(f"  {report.without_evidence} have no evidence: only playing them again can judge them")
    return "\n".join(lines)
