"""`apprentice dataset`."""

from __future__ import annotations

from pathlib import Path

import click

from webapprentice.cli.options import emit, known, run_option, settings
from webapprentice.core.faults import UsageError
from webapprentice.improve.verbs import RowsConfig


@click.command("dataset")
@run_option
@settings(RowsConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Turn kept attempts into prompt/completion rows; held-out tasks are refused."""
    from webapprentice.curate import examples
    from webapprentice.evaluate import dialect_of
    from webapprentice.improve.workshop import write_rows
    from webapprentice.models import counting
    from webapprentice.store import Store
    from webapprentice.tasks.splits import HELD_OUT

    config = RowsConfig.resolve(file, sets)
    keys = _kept(run / f"{config.keep}.txt") if config.keep else None
    with Store.read(run / "store.sqlite") as store:
        known(store, config.collection)
        kept = list(store.trajectories(config.collection, keys))
    count = counting(config.model, config.options)
    rows = examples(kept, dialect_of(config.rollout), config.dataset, count, held_out=HELD_OUT)
    out = run / f"{config.out}.jsonl"
    if not dry_run:
        write_rows(out, rows.train)
        write_rows(run / f"{config.out}.validation.jsonl", rows.validation)
    value = {"rows": len(rows.train), "validation": len(rows.validation), **rows.counts.model_dump(mode="json")}
    emit(value, as_json, "\n".join(f"{name}: {number}" for name, number in value.items() if name != "rows_by_task"))


def _kept(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except OSError as error:
        raise UsageError(f"there is no list of kept attempts at {path}; run `apprentice filter` first") from error
