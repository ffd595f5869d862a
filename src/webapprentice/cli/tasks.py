"""`apprentice tasks`, and `apprentice tasks check`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapprentice.cli.options import Ticker, emit

if TYPE_CHECKING:
    from webapprentice.tasks.conformance import Finding, Report


class _Tasks(click.Group):
    """A group that lists when it is not told what else to do: `apprentice tasks PATTERN`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("tasks", cls=_Tasks)
def command() -> None:
    """List tasks, or check that environments keep their promises; `apprentice tasks PATTERN` lists."""


@command.command("list")
@click.argument("pattern", default="miniwob/*")
@click.option("--json", "as_json", is_flag=True, help="Print the tasks as JSON on standard output.")
def listing(pattern: str, as_json: bool) -> None:
    """List tasks: what they ask for, and whether they are attempted, held out, or left aside and why."""
    from webapprentice.tasks import load
    from webapprentice.tasks.solvers import SOLVERS, WITHOUT
    from webapprentice.tasks.splits import ATTEMPTED, EXCLUDED, HELD_OUT

    tasks = load(pattern)
    lines = []
    for task in tasks:
        place = "attempted" if task.id in ATTEMPTED else "held out" if task.id in HELD_OUT else "aside"
        solver = "solver" if task.id in SOLVERS else ""
        lines.append(
            f"{task.id:<42} {place:<10} {solver:<7} {', '.join(task.skills):<24} {EXCLUDED.get(task.id, '')}".rstrip()
        )
        if task.id in WITHOUT:
            lines.append(f"{'':<42} no solver: {WITHOUT[task.id]}")
    lines.append(f"{len(tasks)} tasks, {len(ATTEMPTED)} attempted, {len(HELD_OUT)} held out in all")
    emit([task.model_dump(mode="json") for task in tasks], as_json, "\n".join(lines))


@command.command("check")
@click.argument("what", default="miniwob/*")
@click.option("--json", "as_json", is_flag=True, help="Print every finding as JSON on standard output.")
def check(what: str, as_json: bool) -> None:
    """Check what every world promises: same seed same episode, nothing left over, named outcomes, deadlines, ...

    WHAT is a pattern of our tasks, the benchmark file (FILE.yaml) of your application, or `module:factory` of an
    environment of yours: a callable without arguments that gives an object with `tasks` and `worlds(count)`. Exit code
    0 when everything holds, 1 when something does not.
    """
    from webapprentice.tasks import load
    from webapprentice.tasks.conformance import NAMES, examine, named
    from webapprentice.tasks.environments import Played

    sys.path.insert(0, str(Path.cwd()))
    file = Path(what) if what.endswith((".yaml", ".yml")) else None
    environment = named(what) if ":" in what else Played(load("*" if file else what, file), file)
    ticker, number = Ticker(), len(environment.tasks)
    states: list[str] = []

    def tell(finding: Finding) -> None:
        states.append(finding.state)
        if len(states) % len(NAMES) == 0:
            ticker(f"check: episodes of task {len(states) // len(NAMES)} of {number}, {states.count('broken')} broken")

    report = asyncio.run(examine(environment, tell))
    emit(report.model_dump(mode="json"), as_json, _table(report, number))
    if not report.held:
        sys.exit(1)


def _table(report: Report, tasks: int) -> str:
    from webapprentice.tasks.conformance import NAMES

    lines = [f"{'held':>5} {'broken':>6} {'skipped':>7}  check"]
    for name in NAMES:
        states = [finding.state for finding in report.of(name)]
        lines.append(f"{states.count('held'):>5} {states.count('broken'):>6} {states.count('skipped'):>7}  {name}")
    broken = [finding for finding in report.findings if finding.state == "broken"]
    if broken:
        lines.append("")
        lines.extend(f"{finding.task}: not so: {finding.check}\n    {finding.words}" for finding in broken)
    lines.append(f"{tasks} tasks: " + (f"{len(broken)} promises broken" if broken else "everything holds"))
    return "\n".join(lines)
