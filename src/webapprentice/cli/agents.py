"""`apprentice agents`, and `apprentice agents prompts`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from webapprentice.cli.options import emit

_SAYS = {
    "dialect": "a model, asked once a step in the dialect of the rollout",
    "webarena": "two-shot chain of thought over the accessibility tree (Patel et al. 2024)",
    "scribe": "ScribeAgent alone: pruned HTML, all chunks, several answers, a vote (Shen et al. 2024)",
    "stages": "ScribeAgent's four stages, with any model in any role",
    "trivial": "stops at once with N/A; asks no model",
    "random": "an action at random of what the page offers; asks no model",
}


@click.group("agents", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON on standard output.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List who can act in a rollout or an exam (`--set rollout.agent=NAME`), and with which prompts."""
    if context.invoked_subcommand is not None:
        return
    from webapprentice.rollout.agents.config import Agent
    from webapprentice.rollout.agents.wording import USED, VARIABLES

    found = {name: {"what": _SAYS[name], "prompts": list(USED.get(name, ()))} for name in get_args(Agent)}
    lines = [f"{name:<9} {about['what']}" for name, about in found.items()]
    lines.append("")
    for wording, variables in VARIABLES.items():
        agents = ", ".join(agent for agent, names in USED.items() if wording in names)
        needs = ", ".join("{{" + one + "}}" for one in sorted(variables))
        lines.append(f"{wording + '.txt':<14} {agents:<14} needs {needs}")
    emit(found, as_json, "\n".join(lines))


@command.command("prompts")
@click.argument("folder", type=click.Path(path_type=Path))
def prompts(folder: Path) -> None:
    """Copy every prompt into FOLDER, to be read and changed; `--set rollout.prompts=FOLDER` then takes them from there.

    Files that you remove are taken from the package. A file for one site, such as `refine.shop.txt`, is used for the
    tasks of that site.
    """
    from webapprentice.rollout.agents import copy_prompts

    for path in copy_prompts(folder):
        click.echo(str(path))
