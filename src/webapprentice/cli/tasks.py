"""`apprentice tasks`, and `apprentice tasks check`."""

from __future__ import annotations

import asyncio
import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapprentice.cli.options import Ticker, emit

if TYPE_CHECKING:
    from webapprentice.core.records import Task
    from webapprentice.tasks.conformance import Finding, Report


class _Tasks(click.Group):
    """A group that lists when it is not told what else to do: `apprentice tasks PATTERN`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            near = difflib.get_close_matches(args[0], self.commands, n=1, cutoff=0.75) if args else []
            if near:
                ctx.fail(f"there is no command {args[0]!r} of tasks; did you mean {near[0]}?")
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("tasks", cls=_Tasks)
def command() -> None:
    """List tasks, or check that environments keep their promises; `apprentice tasks PATTERN` lists."""


@command.command("list")
@click.argument("pattern", default="miniwob/*")
@click.option("--benchmark", type=click.Path(path_type=Path), help="Benchmark file whose tasks are listed too.")
@click.option("--words", default="", help="Only tasks whose objective or template has all of these words.")
@click.option("--site", "sites", multiple=True, help="Only tasks of this site; several times for several sites.")
@click.option("--evaluator", "evaluators", multiple=True, help="Only tasks judged so, such as url_match.")
@click.option("--json", "as_json", is_flag=True, help="Print the tasks as JSON on standard output.")
def listing(
    pattern: str,
    benchmark: Path | None,
    words: str,
    sites: tuple[str, ...],
    evaluators: tuple[str, ...],
    as_json: bool,
) -> None:
    """List tasks: of MiniWoB++ what they ask for and whether they are attempted, held out, or left aside and why; of
    web sites their template, sites and evaluators, with the exit code 1 when nothing fits what is searched."""
    from webapprentice.tasks import load
    from webapprentice.tasks.webarena.lists import describe, search

    tasks = load(pattern, benchmark)
    plain = [task for task in tasks if task.evaluator.get("kind") != "webarena"]
    others = search([task for task in tasks if task not in plain], words, sites, evaluators)
    if words or sites or evaluators:
        plain = [task for task in plain if not evaluators and _fits(task, words, sites)]
    found = [describe(task) for task in others]
    lines = [*_miniwob_lines(plain), *(one.line for one in found)]
    lines.append(_summary(plain, others))
    value = [task.model_dump(mode="json") for task in plain] + [one.model_dump(mode="json") for one in found]
    emit(value, as_json, "\n".join(lines))
    if not value:
        sys.exit(1)


def _fits(task: Task, words: str, sites: tuple[str, ...]) -> bool:
    return all(word in task.id for word in words.casefold().split()) and (not sites or bool({*sites} & {*task.sites}))


def _summary(plain: list[Task], others: list[Task]) -> str:
    from webapprentice.tasks.splits import ATTEMPTED, HELD_OUT

    said = [f"{len(plain) + len(others)} tasks"]
    if plain:
        said.append(f"{len(ATTEMPTED)} attempted, {len(HELD_OUT)} held out in all")
    if others:
        said.append(f"{len({task.template for task in others})} templates")
        said.append(f"{len({task.sites for task in others})} sets of sites")
    return ", ".join(said)


def _miniwob_lines(tasks: list[Task]) -> list[str]:
    from webapprentice.tasks.solvers import SOLVERS, WITHOUT
    from webapprentice.tasks.splits import ATTEMPTED, EXCLUDED, HELD_OUT

    lines = []
    for task in tasks:
        place = "attempted" if task.id in ATTEMPTED else "held out" if task.id in HELD_OUT else "aside"
        solver = "solver" if task.id in SOLVERS else ""
        lines.append(
            f"{task.id:<42} {place:<10} {solver:<7} {', '.join(task.skills):<24} {EXCLUDED.get(task.id, '')}".rstrip()
        )
        if task.id in WITHOUT:
            lines.append(f"{'':<42} no solver: {WITHOUT[task.id]}")
    return lines


@command.command("import")
@click.argument("benchmark", type=click.Choice(["webarena"]))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("webarena.yaml"), show_default=True)
@click.option("--host", default="localhost", show_default=True, help="Where the containers run, at their usual ports.")
@click.option("--site", "sites", multiple=True, metavar="NAME=URL", help="Another address of one site.")
def importing(benchmark: str, path: Path, out: Path, host: str, sites: tuple[str, ...]) -> None:  # noqa: ARG001
    """Check WebArena's task records (test.raw.json, or a folder) and write the benchmark file that plays them."""
    from webapprentice.core.faults import UsageError
    from webapprentice.tasks.benchmark import BenchmarkConfig
    from webapprentice.tasks.presets import write_webarena
    from webapprentice.tasks.webarena.records import changes_state, read_records

    wrong = [one for one in sites if "=" not in one]
    if wrong:
        raise UsageError(f"--site takes NAME=URL, such as shopping=http://10.0.0.5:7770; this was {wrong[0]!r}")
    records = read_records(path)
    file = write_webarena(out, path, host, dict(one.split("=", 1) for one in sites))
    tasks = BenchmarkConfig.read(file).load()
    changing = sum(map(changes_state, records))
    templates = len({task.template for task in tasks})
    click.echo(f"{file}: {len(tasks)} tasks of {templates} templates; {changing} of them leave the sites changed")
    click.echo(f"next: check the addresses in {file}, then apprentice tasks login {file}")


@command.command("login")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--site", "sites", multiple=True, help="Only this site; several times for several sites.")
def login(file: Path, sites: tuple[str, ...]) -> None:
    """Ask whether the sites of a benchmark file are well, and sign in at each that wants it.

    Login states are kept in the benchmark's folder `auth` and made again when they have ended. Exit code 1 when a site
    is not well or nobody could sign in.
    """
    from webapprentice.core.faults import UsageError
    from webapprentice.tasks.benchmark import BenchmarkConfig
    from webapprentice.tasks.siteworld import sign_in

    benchmark = BenchmarkConfig.read(file)
    unknown = sorted({*sites} - {*benchmark.sites})
    if unknown:
        raise UsageError(f"{file} has no site {unknown[0]!r}; it has {', '.join(benchmark.sites)}")
    told = asyncio.run(sign_in(benchmark, sites or tuple(benchmark.sites)))
    for name, words in told.items():
        click.echo(f"{name:<16} {words or 'well'}")
    if any(words and words != "signed in" for words in told.values()):
        sys.exit(1)


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
