"""`apprentice calibrate`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from webapprentice.cli.options import emit, run_option, settings
from webapprentice.core.protocols import Scorer
from webapprentice.curate.calibration import CalibrateConfig

if TYPE_CHECKING:
    from webapprentice.curate.noise import Calibration
    from webapprentice.metrics import Interval


@click.command("calibrate")
@click.argument("collection")
@run_option
@click.option("--tasks", is_flag=True, help="Also a line for each task, of the rules together.")
@settings(CalibrateConfig)
def command(
    collection: str, run: Path, tasks: bool, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """How well rules agree with programmatic reward, or with a labelled file: precision, recall, F1 with intervals.

    Bars of rules with a score are found on one half of the tasks and tried on the other. The result goes to
    RUN/calibration.json, from which `filter` and `dataset` foretell the share of wrong rows.
    """
    from webapprentice.cli.filter import words_in
    from webapprentice.curate.calibration import Asking, calibrate, truth_by_score
    from webapprentice.curate.judging import judge_of
    from webapprentice.curate.labels import read_labels
    from webapprentice.curate.noise import FILE, read_calibrations, written
    from webapprentice.dialect import load as load_dialect
    from webapprentice.models import load as load_model
    from webapprentice.store import Store, write_lines

    config = CalibrateConfig.resolve(file, sets)
    with Store.read(run / "store.sqlite") as store:
        store.require(collection)
        attempts = list(store.trajectories(collection, steps=not dry_run))
    labels = read_labels(config.labels) if config.labels else truth_by_score(attempts)
    there = {one.key for one in attempts}
    strange = sorted(set(labels) - there)
    known = sum(labels.get(key) is not None for key in there)
    note = f"{len(attempts):,} attempts, {known:,} with a truth"
    if strange:
        note += f"; {len(strange):,} labels are of no attempt here, such as {', '.join(strange[:3])}"
    if dry_run:
        emit({"attempts": len(attempts), "known": known, "strange": strange}, as_json, note)
        return
    model = load_model(config.model, config.options) if config.model else None
    # Others may write to the store meanwhile, unless a judge's answers are to be kept there.
    asks = bool(config.filter.judge.model)
    with Store.create(run / "store.sqlite") if asks else Store.read(run / "store.sqlite") as store:
        asking = Asking(
            dialect=load_dialect(config.dialect),
            count=model.count if model else words_in,
            model=model,
            scorer=cast(Scorer, model) if hasattr(model, "logprobs") else None,
            judge=judge_of(config.filter.judge, store),
        )
        found = asyncio.run(calibrate(attempts, labels, config, asking, collection))
    mine = {(one.key, one.collection) for one in found}
    older = [one for one in read_calibrations(run) if (one.key, one.collection) not in mine]
    write_lines([written([*older, *found])], run / FILE)
    told = {
        "attempts": len(attempts),
        "known": known,
        "strange": strange,
        "calibrations": [one.model_dump(mode="json") for one in found],
    }
    emit(told, as_json, "\n".join([note, *_table(found), *(_tasks(found[0]) if tasks else [])]))


def _table(found: Sequence[Calibration]) -> list[str]:
    """One line a set of rules."""
    lines = [f"{'rules':<12} {'kept':>6} {'unsure':>6} {'precision':>22} {'recall':>22} {'F1':>22} {'foretold':>9}"]
    for one in found:
        how, held = one.agreement, one.by_halves
        lines.append(
            f"{one.name[:12]:<12} {one.kept / max(one.eligible, 1):>6.1%} {one.undecided:>6} "
            f"{_band(how.precision_clustered or how.precision):>22} {_band(how.recall_clustered or how.recall):>22} "
            f"{_band(how.f1):>22} {f'{held.held} of {held.halves}' if held else '-':>9}"
        )
    lines.append("foretold: random halves of the tasks whose true noise lay in the interval foretold from the others")
    for one in found:
        if (bar := one.threshold) is not None:
            first, second = bar.found_on, bar.checked_on
            lines.append(
                f"{one.name}: {bar.knob}={bar.value:.4g} found on half of the tasks (F1 {_band(first.f1)}); on the "
                f"other half precision {_band(second.precision_clustered or second.precision)}, "
                f"recall {_band(second.recall_clustered or second.recall)}, F1 {_band(second.f1)}"
            )
    return lines


def _tasks(one: Calibration) -> list[str]:
    lines = [f"{'task':<40} {'attempts':>8} {'kept':>6} {'right':>6} {'rows':>6} {'wrong rows':>11}"]
    return lines + [
        f"{task.task:<40} {task.eligible:>8} {task.kept:>6} {task.kept - task.wrong:>6} {task.rows:>6} "
        f"{task.wrong_rows:>11}"
        for task in one.by_task
    ]


def _band(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    return f"{interval.estimate:.1%} [{interval.low:.1%}, {interval.high:.1%}]"
