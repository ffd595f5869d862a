"""`apprentice ablate`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings, updates
from webapprentice.improve.ablation import AblateConfig

if TYPE_CHECKING:
    from webapprentice.improve.ablation import Trial
    from webapprentice.report.ablation import AblationData


@click.command("ablate")
@run_option
@settings(AblateConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Train and score each cell of a grid; run again, only what is missing is done.

    Writes RUN/ablation.json and RUN/ablation.html, which draws exact match against each axis.
    """
    from webapprentice.improve.ablation import Ablation, cells, recipe_of, split
    from webapprentice.models import counting
    from webapprentice.report.ablation import write_ablation
    from webapprentice.store import Store, write_lines

    config = AblateConfig.resolve(file, sets)
    made = cells(config)
    recipes = [recipe_of(config, cell) for cell in made]
    for name in dict.fromkeys(cell.model for cell in made):
        counting(name, config.options)
    if dry_run:
        with Store.read(run / "store.sqlite") as store:
            training, testing = split(config, run, store)
        value = {"cells": [cell.model_dump() for cell in made], "training": len(training), "testing": len(testing)}
        lines = [f"{len(made)} cells; {len(training):,} trajectories to train on, {len(testing):,} to score on"]
        for cell, how in zip(made, recipes, strict=True):
            lines.append(f"  {cell.name}: " + (updates(how) if cell.fraction else "the base model itself"))
        emit(value, as_json, "\n".join(lines))
        return
    Store.read(run / "store.sqlite").close()
    ticker = Ticker()

    def tell(line: str) -> None:
        ticker(line, passing=" answers, " in line)

    with Store.create(run / "store.sqlite") as store:
        found = asyncio.run(Ablation(run, config, store, tell).run())
    told = {"outcomes": [one.model_dump(mode="json") for one in found]}
    write_lines([json.dumps(told, indent=1)], run / "ablation.json")
    data = page_of(config, found)
    write_ablation(data, run / "ablation.html")
    emit(told, as_json, _text(data) + f"\nthe page is at {run / 'ablation.html'}")


def page_of(config: AblateConfig, found: list[Trial]) -> AblationData:
    """What the page shows of these outcomes."""
    from webapprentice.improve.ablation import AXES, varied
    from webapprentice.report.ablation import AblationData, Point

    shown = {
        "exact": ("EM", "calibrated EM", "target in context"),
        "mind2web_direct": ("step success, macro", "element accuracy, macro", "a positive in context"),
        "mind2web_qa": ("step success, macro", "element accuracy, macro", "a positive among the candidates"),
    }
    points = [
        Point(
            at={axis: one.cell.value(axis) for axis in AXES},
            reading=column.name,
            rows=one.rows,
            updates=one.updates,
            figures=column.figures,
        )
        for one in found
        for column in one.scores.columns
        if column.kind == "model"
    ]
    first = found[0].scores
    return AblationData(
        title="Ablation",
        about=f"{first.setting} on {first.steps:,} steps of {first.trajectories:,} trajectories of {first.collection} "
        f"(data key {first.data}).",
        axes=tuple(axis for axis, _ in varied(config)),
        shown=shown[first.setting],
        points=tuple(points),
    )


def _text(data: AblationData) -> str:
    lines = [data.about]
    for point in data.points:
        at = " · ".join(point.at[axis] for axis in data.axes) or "one cell"
        told = []
        for name in data.shown:
            figure = point.figure(name)
            value = "not measured" if figure is None or figure.value is None else f"{figure.value:.1%}"
            told.append(f"{name} {value}")
        lines.append(f"{at} ({point.reading}, {point.rows:,} rows): {', '.join(told)}")
    return "\n".join(lines)
