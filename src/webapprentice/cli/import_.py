"""`apprentice import`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option
from webapprentice.core.faults import UsageError

FORMATS = ("mind2web", "mind2web_raw", "own", "replayed", "scribe")


@click.command("import")
@click.argument("format", type=click.Choice(FORMATS))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@run_option
@click.option("--collection", help="Where the store keeps them; `imported/FORMAT` unless it is said.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(format: str, files: tuple[Path, ...], run: Path, collection: str | None, as_json: bool) -> None:
    """Read FILES of another project into the store of a run; run again, it goes on where it was stopped.

    scribe: ScribeAgent's CSV. mind2web: Mind2Web and Multimodal-Mind2Web, JSON, with the
    cleaned pages; mind2web_raw: with the raw ones. replayed: re-played steps, JSON lines.
    own: what `apprentice export` wrote. Every row that is left out is counted by its reason.
    """
    from webapprentice.importers import FORMATS as READERS
    from webapprentice.importers import Broken
    from webapprentice.store import Store

    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise UsageError(f"cannot read {missing}: there is no such file")
    name = collection or f"imported/{format}"
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    examples: dict[str, str] = {}
    ticker = Ticker()
    with Store.create(run / "store.sqlite") as store:
        there = store.finished(name)
        for file in files:
            for item in READERS[format](file):
                if isinstance(item, Broken):
                    counts["workflows left out" if item.whole else "rows left out"] += 1
                    reasons[item.reason] += 1
                    examples.setdefault(item.reason, f"{file.name}, {item.where} {item.detail}".strip())
                    continue
                trajectory = item.trajectory
                if trajectory.key in there:
                    counts["already there"] += 1
                    continue
                there.add(trajectory.key)
                with store.together():
                    for page in item.pages.values():
                        store.put(page)
                    store.finish(name, trajectory)
                counts["imported"] += 1
                counts["steps"] += len(trajectory.steps)
                left = sum(reasons.values())
                ticker(f"import: {counts['imported']:,} workflows, {counts['steps']:,} steps, {left:,} left out", True)
    told = {"collection": name, **counts, "reasons": dict(reasons.most_common()), "examples": examples}
    lines = [f"{counts['imported']:,} workflows with {counts['steps']:,} steps are in {name}"]
    lines += [f"  {what}: {number:,}" for what, number in counts.items() if what not in ("imported", "steps")]
    lines += [f"    {number:>7,} {reason} (first: {examples[reason]})" for reason, number in reasons.most_common()]
    emit(told, as_json, "\n".join(lines))
