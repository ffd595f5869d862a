"""`apprentice config`."""

from __future__ import annotations

import importlib

import click

from webapprentice.cli.options import CONFIGS, emit, knob_table
from webapprentice.core.config import Config


@click.command("config")
@click.argument("verb", type=click.Choice(list(CONFIGS)))
@click.option("--json", "as_json", is_flag=True, help="Print the JSON schema, for editors.")
def command(verb: str, as_json: bool) -> None:
    """Print every setting of VERB: name, type, default, meaning."""
    config = config_of(verb)
    emit(config.model_json_schema() if as_json else None, as_json, "" if as_json else knob_table(config))


def config_of(verb: str) -> type[Config]:
    """The configuration class of a verb."""
    module, _, name = CONFIGS[verb].partition(":")
    found: type[Config] = getattr(importlib.import_module(module), name)
    return found
