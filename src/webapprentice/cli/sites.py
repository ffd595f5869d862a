"""`apprentice sites`."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import click

from webapprentice.cli.options import emit


@click.group("sites")
def command() -> None:
    """Run the local web applications: a shop with its back office, a forum, code hosting, a wiki, a map.

    Rollouts on `sites/...` tasks start them by themselves; this is for looking at them, and for other programs.
    """


@command.command("up")
@click.option(
    "--port",
    type=click.IntRange(0, 65530),
    default=8300,
    show_default=True,
    help="First port; the sites take this one and those after it, or any that are free where it is 0.",
)
@click.option("--file", type=click.Path(path_type=Path), help="Write addresses, places and token here as JSON.")
def up(port: int, file: Path | None) -> None:
    """Serve all sites until Ctrl-C. Every browser gets a state of its own, by a cookie."""
    from webapprentice.sites import every
    from webapprentice.sites.serving import Serving

    over = threading.Event()
    with Serving(every(), first_port=port) as serving:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: over.set())
        for name, site in serving.sites.items():
            account = next(iter(site.accounts.values()), None)
            entry = f"sign in as {account.user} / {account.password}" if account else "no account needed"
            click.echo(f"{site.title:<26} http://{serving.places[name]}/  {entry}")
        click.echo("Ctrl-C ends them; a new private window of your browser starts with fresh data")
        if file is not None:
            told = {"places": serving.places, "hosts": serving.hosts, "token": serving.token}
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(file, flags, 0o600), "w", encoding="utf-8") as out:
                file.chmod(0o600)  # before there is anything in it: the token is nobody else's
                json.dump(told, out, indent=1)
        over.wait()


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON on standard output.")
def listing(as_json: bool) -> None:
    """List the sites, their accounts and how many tasks each has."""
    from webapprentice.sites import every
    from webapprentice.sites.serving import url_of
    from webapprentice.tasks.local import local_tasks
    from webapprentice.tasks.splits import kept_for_exams

    found = []
    for name, site in every().items():
        tasks = [task for task in local_tasks() if task.benchmark == f"sites/{name}"]
        found.append(
            {
                "site": name,
                "title": site.title,
                "url": url_of(name),
                "accounts": len(site.accounts),
                "tasks": len(tasks),
                "templates": len({task.template for task in tasks}),
                "held_out": sum(map(kept_for_exams, tasks)),
            }
        )
    lines = [
        f"{one['site']:<12} {one['title']:<26} {one['tasks']:>3} tasks of {one['templates']:>2} templates, "
        f"{one['held_out']:>2} held out, {one['accounts']} accounts"
        for one in found
    ]
    emit(found, as_json, "\n".join(lines))
