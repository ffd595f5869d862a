"""`apprentice import`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.core.faults import UsageError
from webapprentice.importers import FORMATS
from webapprentice.importers.config import ImportConfig


@click.command("import")
@click.argument("format", type=click.Choice(list(FORMATS)))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@run_option
@click.option("--collection", help="Where the store keeps them; `imported/FORMAT` unless it is said.")
@settings(ImportConfig)
def command(
    format: str,
    files: tuple[Path, ...],
    run: Path,
    collection: str | None,
    file: Path | None,
    sets: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read FILES of another project into the store of a run; run again, it goes on where it was stopped.

    scribe: ScribeAgent's CSV. mind2web: Mind2Web and Multimodal-Mind2Web, JSON, with the
    cleaned pages; mind2web_raw: with the raw ones. replayed: re-played steps, JSON lines.
    own: what `apprentice export` wrote. devtools: user flows of Chrome's Recorder, done again
    in a browser. weblinx: replay.json in the folder of its demonstration. miniwob: human
    demonstrations of MiniWoB++, JSON. autowebbench: single steps, JSON. Every row that is left
    out is counted by its reason.
    """
    from webapprentice.importers.common import Broken, Item
    from webapprentice.store import Store

    config = ImportConfig.resolve(file, sets)
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise UsageError(f"cannot read {missing}: there is no such file")
    name = collection or f"imported/{format}"
    if dry_run:
        plan = {"format": format, "files": [str(file) for file in files], "collection": name}
        emit(plan, as_json, f"would read {len(files)} files of the format {format} into {name}")
        return

    def items(file: Path) -> Iterator[Item]:
        if format == "devtools":
            from webapprentice.importers import devtools

            return devtools.read(file, config, there)
        return FORMATS[format](file)

    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    examples: dict[str, str] = {}
    ticker = Ticker()
    with Store.create(run / "store.sqlite") as store:
        there = store.finished(name)
        for file in files:
            for item in items(file):
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
    if reasons and not (counts["imported"] or counts["already there"]):
        raise SystemExit(1)
