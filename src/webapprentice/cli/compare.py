"""`apprentice compare`."""

from __future__ import annotations

from pathlib import Path

import click

from webapprentice.cli.options import emit, run_option
from webapprentice.core.faults import UsageError


@click.command("compare")
@click.argument("base")
@click.argument("tuned", nargs=-1, required=True)
@run_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(base: str, tuned: tuple[str, ...], run: Path, as_json: bool) -> None:
    """Compare collections of a store, paired by task and seed: BASE against one or more TUNED (training seeds)."""
    from webapprentice.metrics import compare, episodes_of
    from webapprentice.store import Store

    with Store.read(run / "store.sqlite") as store:
        store.require(base, *tuned)
        attempts = {name: list(store.trajectories(name, steps=False)) for name in (base, *tuned)}
    for name, some in attempts.items():
        models = {(one.provenance.model, one.provenance.config_hash) for one in some}
        if len(models) > 1:
            raise UsageError(
                f"{name} holds attempts of {len(models)} models or configurations; examine each under its own label"
            )
    runs = [episodes_of(attempts[name]) for name in (base, *tuned)]
    found = compare(runs[0], runs[1:])
    if found is None:
        raise UsageError("these collections share no task and seed; examine both on the same ones")
    change = found.micro
    band = change.difference_seeds or change.difference
    text = f"{change.base:.1%} -> {change.tuned:.1%}, difference {change.gain:+.1%}"
    if band:
        text += f" [{band.low:+.1%}, {band.high:+.1%}]"
    relative = change.relative_seeds or change.relative
    if relative:
        text += f", relative {relative.estimate:+.1%} [{relative.low:+.1%}, {relative.high:+.1%}]"
    sign = found.sign
    text += f"\n{found.pairs} pairs on {found.tasks} tasks; {sign.better} tasks better, {sign.worse} worse"
    text += f", exact sign test p = {sign.p_value:.3g}"
    emit(found.model_dump(mode="json"), as_json, text)
