"""Floor 6: the command `apprentice`. Each verb is a module, imported when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, NoReturn

import click

from webapprentice import __version__
from webapprentice.core.faults import ApprenticeError
from webapprentice.core.text import clean

VERBS = {
    "improve": "Practise, filter, fine-tune, examine: rounds of self-improvement, with a report.",
    "rollout": "Let a model (or the scripted solvers) attempt tasks in real Chromium.",
    "agents": "List the agents that can act, or copy out their prompts to change them.",
    "filter": "Keep the attempts that pass rules; say what each rule dropped.",
    "calibrate": "How often filter rules are right, against reward or a labelled file, with intervals.",
    "dataset": "Turn kept attempts into prompt/completion rows.",
    "pairs": "Turn better and worse attempts at one task and seed into preferences (DPO, KTO).",
    "prefer": "Learn from preferences: DPO or KTO, through TRL.",
    "reinforce": "Learn from reward: groups of live episodes, GRPO, through TRL.",
    "train": "Fine-tune a model on rows: full or LoRA, resumed from verified checkpoints.",
    "evaluate": "Examine a model on unseen seeds, at T = 1 and greedy, with intervals.",
    "rescore": "Judge attempts on web sites again from what was kept, with a judge for open questions.",
    "sites": "Run the local web applications: a shop, a forum, code hosting, a wiki, a map.",
    "score": "Ask a model about recorded steps: exact match, Mind2Web; without a browser.",
    "ablate": "Train and score a grid of models, contexts, data and page forms; draw what each changes.",
    "compare": "Put runs side by side: paired differences, capabilities gained and lost, likeness to solved ones.",
    "report": "Write the report of a run again.",
    "tasks": "List the tasks, attempted or held out; `tasks check` examines environments, yours too.",
    "import": "Read other people's recordings into a run's store; say what was left out and why.",
    "record": "Record what you do in a browser, without its secrets.",
    "replay": "Play a recording without a model; say which ways to find its elements still hold.",
    "export": "Write trajectories as JSONL or Parquet.",
    "augment": "Let a model say objectives and vague steps anew; cached, the test's objectives untouched.",
    "synthesize": "Let a model make up examples on websites it has not practised; every answer checked.",
    "survival": "How often the right element is in the text that a model reads, by site and budget.",
    "redact": "Put placeholders in the place of secrets; list what still looks like one.",
    "prune": "Show what a model would see of a page: an HTML file or an address.",
    "show": "Print one trajectory step by step, or what a store holds.",
    "doctor": "Check this machine: Python, Chromium, packages, disk, GPU.",
    "config": "Print every setting of a verb with its default and meaning.",
}


MODULES = {"import": "import_"}
"""Verbs whose names are no names in Python."""


class _Lazy(click.Group):
    """A group whose commands are modules; `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            import difflib

            near = difflib.get_close_matches(cmd_name, VERBS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(VERBS)}"
            ctx.fail(f"there is no command {cmd_name!r}{hint}")
        module = importlib.import_module(f"webapprentice.cli.{MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="apprentice")
def apprentice() -> None:
    """Teach an open language model to use websites, and measure honestly whether it got better.

    Start with `apprentice improve --run runs/first`. Exit codes: 0 done, 1 what was
    checked does not hold, 2 wrong input, 4 a limit that you set was reached, 69 something
    needed is missing, 70 a bug or a broken model, 74 disk, 75 somebody else is at work
    there, 130 interrupted.
    """


def main() -> None:
    """Run the command line; every expected failure is one line on standard error."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        apprentice.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped; what was saved is kept, run the same command to go on", 130)
    except BaseExceptionGroup as group:
        known, rest = group.split(ApprenticeError)
        if known is None or rest is not None:
            _crash(group)
        _fail(str(_first(known)), _first(known).exit_code)
    except ApprenticeError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if error.errno is None:  # a deadline that nobody caught
            _crash(error)
        _fail(f"{error.filename or 'a file'} cannot be read or written: {error.strerror or error}", 74)
    except Exception as error:
        from webapprentice.store import unreadable

        if damaged := unreadable(error):
            _fail(str(damaged), damaged.exit_code)
        _crash(error)


def _first(group: BaseExceptionGroup[Any]) -> ApprenticeError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _crash(error: BaseException) -> NoReturn:
    """Our own bug: all there is to know about it, and exit code 70."""
    import traceback

    traceback.print_exception(error)
    _fail("this is a bug; what was saved is kept", 70)


def _fail(line: str, code: int) -> NoReturn:
    click.echo(f"apprentice: {clean(' '.join(line.split()))}", err=True)
    sys.exit(code)
