"""`apprentice show`."""

from __future__ import annotations

from pathlib import Path

import click

from webapprentice.cli.options import emit, run_option
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Trajectory


@click.command("show")
@click.argument("key", required=False)
@run_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole record as JSON on standard output.")
@click.option(
    "--stages", is_flag=True, help="Print, as JSON, what an agent's stages were asked and said: a line a step."
)
def command(key: str | None, run: Path, as_json: bool, stages: bool) -> None:
    """Print one trajectory step by step (KEY may be its first letters), the trajectories of a collection (KEY is its
    name), or what the store holds.
    """
    from webapprentice.store import Store

    if stages and key is None:
        raise UsageError("--stages shows one trajectory; give its key: apprentice show KEY --stages")
    with Store.read(run / "store.sqlite") as store:
        if key is None:
            value = {"collections": store.collections(), "counts": store.counts()}
            lines = [f"{name:<32} {number:>7,} trajectories" for name, number in store.collections().items()]
            lines.append(", ".join(f"{number:,} {name}" for name, number in store.counts().items()))
            lines += [f"their keys: apprentice show {name} --run {run}" for name in [*store.collections()][:1]]
            emit(value, as_json, "\n".join(lines))
            return
        if key in store.collections():
            found = list(store.trajectories(key, steps=False))
            emit(
                [one.model_dump(mode="json", exclude={"steps"}) for one in found], as_json, "\n".join(map(_line, found))
            )
            return
        matching = [
            name for collection in store.collections() for name in store.finished(collection) if name.startswith(key)
        ]
        if len(set(matching)) != 1:
            raise UsageError(
                f"{len(set(matching))} trajectories begin with {key!r}; give more of the key"
                if matching
                else f"no trajectory begins with {key!r}; apprentice show COLLECTION --run {run} lists their keys; "
                f"there are {', '.join(store.collections()) or 'no collections'}"
            )
        trajectory = next(iter(store.trajectories(keys=matching)))
        told = [store.blob(step.transcript) for step in trajectory.steps if step.transcript is not None]
    if stages:
        if not told:
            raise UsageError(f"{trajectory.key} has no stages: its agent was asked once a step; leave --stages out")
        for one in told:
            click.echo(one)
        return
    emit(trajectory.model_dump(mode="json"), as_json, _text(trajectory))


def _line(one: Trajectory) -> str:
    judged = "never judged" if one.score is None else f"score {one.score:g}"
    fault = f", {one.fault.owner}/{one.fault.kind}: {one.fault.message}" if one.fault is not None else ""
    return f"{one.key[:12]}  {one.task.id:<32} seed {one.provenance.seed:<6} {one.ending}, {judged}{fault}"


def _text(trajectory: Trajectory) -> str:
    from webapprentice.dialect import load

    dialect = load(trajectory.provenance.spelling or "compact")
    lines = [f"{trajectory.key}  {trajectory.task.id}  seed {trajectory.provenance.seed}", f"goal: {trajectory.goal}"]
    lines += [f"before: {step.said}" for step in trajectory.before]
    for step in trajectory.steps:
        page = dialect.describe(step.observation, lambda text: len(text.split())).text
        lines += ["", f"step {step.index}", *(f"    {line}" for line in page.splitlines())]
        lines += [f"  said: {step.said}", f"  {step.outcome.result}: {step.outcome.message}".rstrip(": ")]
    judged = "never judged" if trajectory.score is None else f"score {trajectory.score:g}"
    lines += ["", f"ended: {trajectory.ending}; {judged}"]
    lines += [f"  {one.judge}: {one.reason}" for one in trajectory.judgments if one.reason]
    if trajectory.fault is not None:
        lines.append(f"  {trajectory.fault.owner}/{trajectory.fault.kind}: {trajectory.fault.message}".rstrip(": "))
    return "\n".join(lines)
