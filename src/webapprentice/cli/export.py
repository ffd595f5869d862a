"""`apprentice export`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import click

from webapprentice.cli.options import emit, run_option
from webapprentice.core.faults import ApprenticeError, UsageError
from webapprentice.core.records import Judgment, Trajectory


@click.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@run_option
@click.option("--collection", help="Only this collection of the store.")
@click.option("--format", type=click.Choice(["jsonl", "parquet", "devtools"]), help="What PATH ends with, unless said.")
@click.option("--key", help="Only the trajectory whose key begins like this; devtools takes one alone.")
@click.option("--public", is_flag=True, help="Refuse while anything looks like a secret or like somebody's data.")
@click.option("--allow", multiple=True, metavar="KIND", help="With --public: let this kind pass; the file says so.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(
    path: Path,
    run: Path,
    collection: str | None,
    format: str | None,
    key: str | None,
    public: bool,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write trajectories to PATH: *.jsonl (whole, one a line) or *.parquet (one row a step).

    With --format devtools PATH is a user flow for the Recorder of Chrome's DevTools.
    """
    from webapprentice.store import Store, export_jsonl, export_parquet

    kind = format or path.suffix.removeprefix(".")
    if kind not in ("jsonl", "parquet", "devtools"):
        raise UsageError(f"cannot tell the format of {path}; end it with .jsonl or .parquet, or say --format")
    if allow and not public:
        raise UsageError("--allow says what a public export may hold; give --public as well")
    with Store.read(run / "store.sqlite") as store:
        if collection is not None:
            store.require(collection)
        names = [collection] if collection else list(store.collections())
        keys = [one for name in names for one in store.finished(name) if one.startswith(key)] if key else None
        note = ""

        def chosen() -> Iterator[Trajectory]:
            return store.trajectories(collection, keys)

        if public:
            _check(chosen(), allow, run)
            note = f"checked for secrets and personal data; allowed: {', '.join(sorted(allow)) or 'nothing'}"
        found = _noted(chosen(), note) if public else chosen()
        if kind == "devtools":
            number = _flow(list(islice(found, 2)), path)
        else:
            number = export_jsonl(found, path) if kind == "jsonl" else export_parquet(found, path, note)
    what = "steps" if kind == "parquet" else "trajectories"
    emit({"path": str(path), what: number, "allowed": list(allow)}, as_json, f"{number:,} {what} in {path}")


def _flow(found: list[Trajectory], path: Path) -> int:
    """Write the one trajectory as a flow."""
    from webapprentice.importers.flow_export import flow_json
    from webapprentice.store.exports import write_lines

    if len(found) != 1:
        which = "none" if not found else "more than one"
        raise UsageError(f"a flow is one trajectory, and {which} is chosen; name it with --key, see `apprentice show`")
    write_lines([flow_json(found[0])], path)
    return 1


def _check(trajectories: Iterable[Trajectory], allow: tuple[str, ...], run: Path) -> None:
    """Raise an error, exit code 1, while anything is found of a kind that is not allowed."""
    from webapprentice.redaction import findings, summary

    found = [one for trajectory in trajectories for one in findings(trajectory) if one.kind not in allow]
    if found:
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in summary(found).items())
        number = len({one.trajectory for one in found})
        raise ApprenticeError(
            f"not exported: {number:,} trajectories hold what looks like a secret or somebody's data ({kinds}); see "
            f"`apprentice redact --report --run {run}`, then redact them or allow a kind with --allow KIND"
        )


def _noted(trajectories: Iterable[Trajectory], note: str) -> Iterator[Trajectory]:
    """Trajectories that say what was looked for, and what was let pass."""
    for trajectory in trajectories:
        verdict = Judgment(judge="public", passed=True, reason=note)
        yield trajectory.model_copy(update={"judgments": (*trajectory.judgments, verdict)})
