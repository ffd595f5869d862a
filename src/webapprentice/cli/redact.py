"""`apprentice redact`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapprentice.cli.options import emit, run_option

if TYPE_CHECKING:
    from webapprentice.core.records import Observation
    from webapprentice.redaction import Redactor
    from webapprentice.store import Store


@click.command("redact")
@run_option
@click.option("--collection", help="Only this collection of the store.")
@click.option("--report", is_flag=True, help="Change nothing; list what is masked and what still looks like a secret.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(run: Path, collection: str | None, report: bool, as_json: bool) -> None:
    """Copy trajectories with placeholders for their secrets, as `redacted/COLLECTION`; with --report, only look.

    The copies keep no pictures, since a picture may show what was masked. The originals stay where they are.
    """
    from webapprentice.redaction import Redactor, findings, masked, summary
    from webapprentice.store import Store

    path = run / "store.sqlite"
    with Store.read(path) as store:
        if collection is not None:
            store.require(collection)
        names = (
            [collection] if collection else [name for name in store.collections() if not name.startswith("redacted/")]
        )
        if report:
            hidden, found = [], []
            for trajectory in store.trajectories(collection):
                hidden += masked(trajectory)
                found += findings(trajectory, lambda key: store.blob(key).decode("utf-8", "replace"))
            told = {
                "masked": [one.model_dump(mode="json") for one in hidden],
                "found": [one.model_dump(mode="json") for one in found],
                "kinds": summary(found),
            }
            lines = [f"{len(hidden):,} placeholders, {len(found):,} findings {summary(found) or ''}".rstrip()]
            lines += [f"  masked {one.placeholder} {one.times} times in {one.trajectory}" for one in hidden]
            for one in found:
                place = "" if one.step is None else f" step {one.step},"
                lines.append(f"  found {one.kind} in {one.trajectory},{place} {one.where}: {one.hint}")
            emit(told, as_json, "\n".join(lines))
            return
    counts: dict[str, int] = {}
    with Store.create(path) as store:
        for name in names:
            target = f"redacted/{name}"
            there = store.finished(target)
            for trajectory in store.trajectories(name):
                if trajectory.key in there:
                    continue
                redactor = Redactor()
                for step in trajectory.steps:
                    _page(store, redactor, step.observation)
                cleaned = redactor.trajectory(trajectory)
                with store.together():
                    steps = tuple(
                        step.model_copy(update={"observation": _kept(store, redactor, step.observation)})
                        for step in cleaned.steps
                    )
                    final = _kept(store, redactor, cleaned.final) if cleaned.final else None
                    store.finish(target, cleaned.model_copy(update={"steps": steps, "final": final}))
                counts[target] = counts.get(target, 0) + 1
    lines = [f"{number:,} trajectories are in {name}" for name, number in counts.items()] or ["nothing to do"]
    emit(counts, as_json, "\n".join(lines))


def _page(store: Store, redactor: Redactor, seen: Observation) -> str | None:
    """The raw HTML of an observation without secrets; its fields are learned."""
    return redactor.html(store.blob(seen.html).decode("utf-8", "replace")) if seen.html else None


def _kept(store: Store, redactor: Redactor, seen: Observation) -> Observation:
    page = _page(store, redactor, seen)
    key = store.put(page.encode()) if page is not None else None
    return seen.model_copy(update={"html": key, "screenshot": None})
