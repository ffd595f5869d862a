"""`apprentice export`."""

from __future__ import annotations

from pathlib import Path

import click

from webapprentice.cli.options import emit, run_option
from webapprentice.core.faults import UsageError


@click.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@run_option
@click.option("--collection", help="Only this collection of the store.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(path: Path, run: Path, collection: str | None, as_json: bool) -> None:
    """Write trajectories to PATH: *.jsonl (whole, one a line) or *.parquet (one row a step)."""
    from webapprentice.store import Store, export_jsonl, export_parquet

    writers = {".jsonl": export_jsonl, ".parquet": export_parquet}
    if path.suffix not in writers:
        raise UsageError(f"cannot tell the format of {path}; end it with .jsonl or .parquet")
    with Store.read(run / "store.sqlite") as store:
        if collection is not None:
            store.require(collection)
        number = writers[path.suffix](store.trajectories(collection), path)
    what = "trajectories" if path.suffix == ".jsonl" else "steps"
    emit({"path": str(path), what: number}, as_json, f"{number:,} {what} in {path}")
