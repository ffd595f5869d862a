"""`apprentice reinforce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapprentice.cli.options import Ticker, emit, run_option, settings
from webapprentice.evaluate.reinforcing import ReinforceConfig

if TYPE_CHECKING:
    from webapprentice.train import GroupUpdate


@click.command("reinforce")
@run_option
@settings(ReinforceConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Learn from the reward of live episodes: GRPO on groups of attempts, through TRL.

    Needs pip install 'webapprentice[rl]'. The model in RUN/OUT is one that `evaluate`, `score` and `train` load.
    """
    from webapprentice.evaluate.reinforcing import episodes_of, learn
    from webapprentice.store import Store

    config = ReinforceConfig.resolve(file, sets)
    group = config.group
    each = group.groups * group.attempts
    if dry_run:
        number = len(episodes_of(config))
        told = {"episodes": number, "updates": group.updates, "attempts": group.updates * each}
        emit(told, as_json, f"{number:,} episodes to draw from, {group.updates} updates of {each} attempts")
        return
    ticker = Ticker()

    def tell(update: int, updates: int, what: GroupUpdate) -> None:
        ticker(f"reinforce: update {update}/{updates}, {_line(what)}", update < updates)

    with Store.create(run / "store.sqlite") as store:
        report = learn(config, run, store, tell)
    spent = report.spent
    text = (
        f"{len(report.updates)} updates; first {_line(report.updates[0])}; last {_line(report.updates[-1])}\n"
        f"{spent.episodes:,} attempts, {spent.tokens_generated:,} tokens generated, {spent.tokens_trained:,} trained, "
        f"{spent.seconds:.0f} s\nthe model is at {run / config.out}"
    )
    emit(report.model_dump(mode="json"), as_json, text)


def _line(one: GroupUpdate) -> str:
    reward = "no reward" if one.reward is None else f"reward {one.reward:.3f}"
    lost = f", {one.lost} lost" if one.lost else ""
    return f"{reward}, {one.spread:.0%} of the groups teach, {one.steps} steps{lost}"
