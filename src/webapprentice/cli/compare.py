"""`apprentice compare`."""

from __future__ import annotations

from pathlib import Path

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.evaluate.comparison import CompareConfig


@click.command("compare")
@click.argument("base")
@click.argument("tuned", nargs=-1, required=True)
@run_option
@click.option("--references", multiple=True, metavar="RUN", help="Solved trajectories for VERTEX_DTW; repeatable.")
@click.option("--baseline", metavar="RUN", help="The trivial agent's attempts; as `--set baseline=RUN`.")
@click.option("--legacy", is_flag=True, help="Also the released code's intervals; as `--set legacy=true`.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Also draw it, to this file.")
@settings(CompareConfig)
def command(
    base: str,
    tuned: tuple[str, ...],
    run: Path,
    references: tuple[str, ...],
    baseline: str | None,
    legacy: bool,
    page: Path | None,
    file: Path | None,
    sets: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Compare runs, paired by task and seed: BASE against one or more TUNED, and all with one another.

    A run is a collection of the store of --run, such as exam/base/T1, or FOLDER:COLLECTION for one of another run.
    """
    from webapprentice.evaluate.comparison import compare_runs, outline
    from webapprentice.models.embedding import embedder
    from webapprentice.report.comparison import write_comparison
    from webapprentice.report.comparison_text import comparison_text

    config = CompareConfig.resolve(file, sets, references=references or None, baseline=baseline, legacy=legacy or None)
    names = (base, *tuned)
    if dry_run:
        plan = outline(config, names, run)
        emit(plan, as_json, "\n".join(f"{name}: {count:,} episodes" for name, count in plan.items()))
        return
    ticker = Ticker()
    notes: list[str] = []
    vectors = embedder(config.embedder, run / "vectors", notes.append)
    found = compare_runs(config, names, run, vectors, lambda line: ticker(line, True))
    for line in notes if found.embedder else ():
        click.echo(line, err=True)
    if page is not None:
        write_comparison(found, page)
    told = {**found.together.model_dump(mode="json"), **found.model_dump(mode="json", exclude={"together"})}
    emit(told, as_json, comparison_text(found))
