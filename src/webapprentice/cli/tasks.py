"""`apprentice tasks`."""

from __future__ import annotations

import click

from webapprentice.cli.options import emit


@click.command("tasks")
@click.argument("pattern", default="miniwob/*")
@click.option("--json", "as_json", is_flag=True, help="Print the tasks as JSON on standard output.")
def command(pattern: str, as_json: bool) -> None:
    """List tasks: what they ask for, and whether they are attempted, held out, or left aside and why."""
    from webapprentice.tasks import load
    from webapprentice.tasks.solvers import SOLVERS
    from webapprentice.tasks.splits import ATTEMPTED, EXCLUDED, HELD_OUT

    tasks = load(pattern)
    lines = []
    for task in tasks:
        place = "attempted" if task.id in ATTEMPTED else "held out" if task.id in HELD_OUT else "aside"
        solver = "solver" if task.id in SOLVERS else ""
        lines.append(
            f"{task.id:<42} {place:<10} {solver:<7} {', '.join(task.skills):<24} {EXCLUDED.get(task.id, '')}".rstrip()
        )
    lines.append(f"{len(tasks)} tasks, {len(ATTEMPTED)} attempted, {len(HELD_OUT)} held out in all")
    emit([task.model_dump(mode="json") for task in tasks], as_json, "\n".join(lines))
