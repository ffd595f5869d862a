"""What the verbs share: options, printing, and configuration on the command line."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic_core import to_jsonable_python

from webapprentice.core.config import Config, knobs
from webapprentice.core.text import clean

if TYPE_CHECKING:
    from webapprentice.core.records import Trajectory
    from webapprentice.metrics import Success
    from webapprentice.train import TrainConfig

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=Config)

CONFIGS = {
    "improve": "webapprentice.improve.config:ImproveConfig",
    "rollout": "webapprentice.improve.verbs:AttemptConfig",
    "import": "webapprentice.importers.config:ImportConfig",
    "record": "webapprentice.recorder.config:RecordConfig",
    "replay": "webapprentice.recorder.config:ReplayConfig",
    "filter": "webapprentice.improve.verbs:SiftConfig",
    "calibrate": "webapprentice.curate.calibration:CalibrateConfig",
    "pairs": "webapprentice.curate.preferences:PairsConfig",
    "prefer": "webapprentice.train.config:PreferConfig",
    "reinforce": "webapprentice.evaluate.reinforcing:ReinforceConfig",
    "dataset": "webapprentice.improve.verbs:RowsConfig",
    "train": "webapprentice.improve.verbs:TeachConfig",
    "evaluate": "webapprentice.improve.verbs:ExamineConfig",
    "rescore": "webapprentice.evaluate.rescoring:RescoreConfig",
    "score": "webapprentice.evaluate.scoring.config:ScoreConfig",
    "augment": "webapprentice.evaluate.augment:AugmentConfig",
    "survival": "webapprentice.evaluate.survival:SurvivalConfig",
    "compare": "webapprentice.evaluate.comparison:CompareConfig",
    "synthesize": "webapprentice.synthesis.config:SynthesisConfig",
    "ablate": "webapprentice.improve.ablation:AblateConfig",
    "benchmark": "webapprentice.tasks.benchmark:BenchmarkConfig",
    "site": "webapprentice.tasks.benchmark:SiteConfig",
    "login": "webapprentice.tasks.benchmark:LoginConfig",
}
"""Where the settings of each verb are defined; those of `benchmark`, `site` and `login` are of benchmark files."""


def run_option(command: F) -> F:
    """`--run FOLDER`."""
    return click.option(
        "--run",
        "run",
        type=click.Path(path_type=Path),
        default=Path("runs/default"),
        show_default=True,
        help="Folder of the run: store, rows, models, report.",
    )(command)


def executor_option(command: F) -> F:
    """`--executor local|ray`, the same as `--set pool.executor=...`; gives a pair for `resolve`, or none."""

    def pair(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
        return () if value is None else (f"pool.executor={value}",)

    return click.option(
        "--executor",
        "executor",
        type=click.Choice(["local", "ray"]),
        callback=pair,
        help="Play episodes in this process (the default), or by workers of a Ray cluster.",
    )(command)


def settings(config: type[Config]) -> Callable[[F], F]:
    """`--config`, `--set`, `--dry-run` and `--json` for a verb with this configuration."""

    def decorate(command: F) -> F:
        for option in (
            click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output."),
            click.option("--dry-run", is_flag=True, help="Say what would be done and what it would take; do nothing."),
            click.option(
                "--set",
                "sets",
                multiple=True,
                metavar="NAME=VALUE",
                help=f"Change one setting; see `apprentice config {_verb(config)}`.",
            ),
            click.option("--config", "file", type=click.Path(path_type=Path), help="YAML file with settings."),
        ):
            command = option(command)
        return command

    return decorate


def _verb(config: type[Config]) -> str:
    """By which name `apprentice config` tells of these settings."""
    place = f"{config.__module__}:{config.__name__}"
    return next(verb for verb, known in CONFIGS.items() if known == place)


def emit(value: Any, as_json: bool, text: str) -> None:
    """The result: JSON for programs, text for people, both on standard output. JSON has no infinity: it is null."""
    click.echo(
        json.dumps(to_jsonable_python(value, inf_nan_mode="null"), indent=1)
        if as_json
        else clean(text).replace("\r", " ")
    )


def updates(train: TrainConfig) -> str:
    """How long a training run is."""
    return f"{train.max_steps} updates" if train.max_steps else f"{train.epochs:g} passes over the rows"


def fault_lines(trajectories: Iterable[Trajectory], run: Path, collection: str) -> list[str]:
    """A line for each kind of fault that is not the agent's, with what the first of its kind said, and what next."""
    kinds: dict[str, list[str]] = {}
    for one in trajectories:
        if one.fault is not None and one.fault.owner != "agent":
            kinds.setdefault(f"{one.fault.owner}/{one.fault.kind}", []).append(one.fault.message)
    lines = [f"  {len(said)} x {kind}: {said[0]}".rstrip(": ") for kind, said in sorted(kinds.items())]
    if any(kind.startswith("environment/site_") for kind in kinds):
        lines.append("  when the sites are well, play these again: the same command with --set 'pool.again=[all]'")
    if "model/context_overflow" in kinds:
        lines.append("  this agent's prompts are longer than the model's window: a smaller budget, or another model")
    return [*lines, f"  one by one: apprentice show {collection} --run {run}"] if lines else []


def unless_measured(successes: Iterable[Success]) -> None:
    """Leave with exit code 1 where every episode of one of them was broken by something else than the agent."""
    if any(one.faulted and not one.unjudged and not one.episodes for one in successes):
        sys.exit(1)


class Ticker:
    """Progress on standard error: one line that is rewritten on a terminal, a line every 30 s elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = -1e9
        self._label = ""

    def __call__(self, line: str, passing: bool = False) -> None:
        """Show a line of progress, or a line that stays when it has no `label:` under way and is not `passing`."""
        label = line.split(":")[0]
        lasting = not passing and (" done in " in line or ("episodes" not in line and "update" not in line))
        now = time.monotonic()
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            end = "\n" if lasting else "\r"
            click.echo(f"\x1b[2K{clean(line)[:width]}{end}", err=True, nl=False)
        elif lasting or label != self._label or now - self._last >= 30:
            click.echo(clean(line), err=True)
            self._last, self._label = now, label


def knob_table(config: type[Config]) -> str:
    """Every setting with its type, default and meaning."""
    lines = []
    for name, kind, default, meaning in knobs(config):
        lines.append(f"{name} ({kind}) = {default}")
        if meaning:
            lines.append(f"    {meaning}")
    return "\n".join(lines)
