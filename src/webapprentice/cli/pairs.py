"""`apprentice pairs`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from webapprentice.cli.options import emit, run_option, settings
from webapprentice.core.faults import UsageError
from webapprentice.curate.preferences import PairsConfig


@click.command("pairs")
@run_option
@settings(PairsConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Turn better and worse attempts at the same task and seed into preferences, for DPO and KTO.

    Writes RUN/OUT.dpo.jsonl and RUN/OUT.kto.jsonl, which TRL and `datasets` load; `prefer` learns from them.
    """
    from webapprentice.curate.preferences import dpo_rows, kto_rows, pairs
    from webapprentice.dialect import load as load_dialect
    from webapprentice.models import counting
    from webapprentice.store import Store, write_lines
    from webapprentice.tasks.splits import HELD_OUT

    config = PairsConfig.resolve(file, sets)
    with Store.read(run / "store.sqlite") as store:
        store.require(config.collection)
        attempts = list(store.trajectories(config.collection, steps=not dry_run))
    better = {one.key for one in attempts if one.succeeded} if config.by == "reward" else _kept(run, config.keep)
    if dry_run:
        told = {"attempts": len(attempts), "better": sum(one.key in better for one in attempts)}
        emit(told, as_json, f"{told['attempts']:,} attempts, {told['better']:,} of them better")
        return
    dialect = load_dialect(config.dialect)
    dialect = dialect.with_(budget=config.budget) if config.budget else dialect
    found = pairs(attempts, better, config, dialect, counting(config.model), HELD_OUT)
    if not found.preferences:
        why = ", ".join(f"{name} {number}" for name, number in found.tally.items()) or "no two attempts at one seed"
        raise UsageError(f"there is nothing to prefer ({why}); make several attempts at each seed, and filter them")
    files = {}
    for name, rows in (("dpo", dpo_rows(found)), ("kto", kto_rows(found))):
        path = run / f"{config.out}.{name}.jsonl"
        files[path.name] = write_lines((json.dumps(row, ensure_ascii=False) for row in rows), path)
    text = ", ".join(f"{name}: {number:,} rows" for name, number in files.items())
    emit({"files": files, "tally": found.tally}, as_json, f"{text}\n{found.tally}")


def _kept(run: Path, keep: str) -> set[str]:
    path = run / f"{keep}.txt"
    try:
        return set(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}; run `apprentice filter` first, or set by=reward") from error
