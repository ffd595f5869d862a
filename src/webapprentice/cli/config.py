"""`apprentice config`."""

from __future__ import annotations

import importlib

import click

from webapprentice.cli.options import emit, knob_table
from webapprentice.core.config import Config

_CLASSES = {
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


@click.command("config")
@click.argument("verb", type=click.Choice(list(_CLASSES)))
@click.option("--json", "as_json", is_flag=True, help="Print the JSON schema, for editors.")
def command(verb: str, as_json: bool) -> None:
    """Print every setting of VERB: name, type, default, meaning."""
    config = config_of(verb)
    emit(config.model_json_schema() if as_json else None, as_json, "" if as_json else knob_table(config))


def config_of(verb: str) -> type[Config]:
    """The configuration class of a verb."""
    module, _, name = _CLASSES[verb].partition(":")
    found: type[Config] = getattr(importlib.import_module(module), name)
    return found
