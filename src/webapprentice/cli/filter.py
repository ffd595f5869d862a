"""`apprentice filter`."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import cast

import click

from webapprentice.cli.options import emit, run_option, settings
from webapprentice.core.protocols import Scorer
from webapprentice.curate import Filtered
from webapprentice.improve.verbs import SiftConfig
from webapprentice.metrics import Interval


@click.command("filter")
@run_option
@settings(SiftConfig)
def command(run: Path, file: Path | None, sets: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Keep the attempts that pass the rules, and say what each rule dropped."""
    from webapprentice.curate import filter as sift
    from webapprentice.curate.judging import judge_of
    from webapprentice.curate.noise import noise_of, rules_key, said, sifted_from
    from webapprentice.dialect import load as load_dialect
    from webapprentice.models import load as load_model
    from webapprentice.store import Store, write_lines

    config = SiftConfig.resolve(file, sets)
    if dry_run:
        emit(config.filter.model_dump(mode="json"), as_json, "rules in order: " + ", ".join(config.filter.ordered))
        return
    model = load_model(config.model, config.options) if config.model else None
    scorer = cast(Scorer, model) if hasattr(model, "logprobs") else None
    with Store.read(run / "store.sqlite") as store:
        store.require(config.collection)
    dialect = load_dialect(config.dialect)
    with Store.create(run / "store.sqlite") as store:
        attempts = list(store.trajectories(config.collection, steps=False))
        judge = judge_of(config.filter.judge, store) if "judge" in config.filter.ordered else None
        count, whole = model.count if model else words_in, partial(store.ordered, collection=config.collection)
        found = asyncio.run(sift(attempts, config.filter, scorer, dialect, count, judge, whole))
        kept = store.ordered(found.kept, config.collection, pages=False)
        with store.together():
            for key, judgments in found.judgments.items():
                store.judge(config.collection, key, judgments)
    key = rules_key(config.filter, dialect, model, judge.model if judge else None)
    sifted = sifted_from(found, attempts, key, config.collection)
    write_lines([sifted.model_dump_json(indent=1)], run / f"{config.keep}.filter.json")
    write_lines(found.kept, run / f"{config.keep}.txt")
    noisy = noise_of(run, config.keep, kept)
    told = {**found.model_dump(mode="json", exclude={"judgments"}), "noise": noisy.model_dump(mode="json")}
    emit(told, as_json, f"{_table(found)}\n{said(noisy)}")


def words_in(text: str) -> int:
    """How many words; enough where no model's budget is at stake."""
    return len(text.split())


def _table(found: Filtered) -> str:
    """One line a rule."""
    lines = [f"{found.seen} attempts, {found.eligible} eligible, faults left out: {sum(found.faulted.values())}"]
    lines.append(f"{'rule':<10} {'seen':>6} {'dropped':>8} {'precision*':>11} {'recall*':>8} {'tasks':>6}")
    for rule in found.rules:
        precision, recall = rule.so_far.precision, rule.so_far.recall
        lines.append(
            f"{rule.name:<10} {rule.seen:>6} {rule.dropped:>8} {_share(precision):>11} {_share(recall):>8}"
            f" {rule.coverage.covered:>6}"
        )
    lines.append(f"kept {len(found.kept)} on {found.coverage.covered} of {found.coverage.tasks} tasks")
    lines.append("* of what is left, by programmatic reward; for reading only, never used to select")
    return "\n".join(lines)


def _share(interval: Interval | None) -> str:
    return f"{interval.estimate:.1%}" if interval else "-"
