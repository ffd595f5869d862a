"""What stands beside trained weights for people: what they are, and which recordings they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from webapprentice.core.records import Example
from webapprentice.train.config import TrainConfig, TrainReport

SOURCES = "trajectories.txt"


def sources(examples: Sequence[Example]) -> list[str]:
    """Keys of the trajectories that the examples come from."""
    return sorted({example.trajectory for example in examples if example.trajectory})


def model_card(report: TrainReport, config: TrainConfig, examples: Sequence[Example]) -> str:
    """Markdown with the front matter that model hubs read."""
    local = config.base_model.startswith(("/", "."))
    name = config.base_model.rstrip("/").rpartition("/")[2] if local else config.base_model
    tasks = Counter(example.task for example in examples if example.task)
    perplexity = dict(report.perplexities).get(report.best_step or report.steps)
    adapter = report.method == "lora"
    lines = [
        "---",
        f"base_model: {name}",
        *(["library_name: peft"] if adapter else ["library_name: transformers"]),
        "tags: [web-agent, webapprentice]",
        "---",
        "",
        f"# {'An adapter for' if adapter else 'Weights tuned from'} {name}",
        "",
        f"Trained on {report.rows:,} rows of {len(sources(examples)):,} trajectories and {len(tasks):,} tasks, "
        f"{report.steps:,} updates of {config.batch_size} rows. Of {report.row_tokens:,} tokens the loss applies to "
        f"{report.trained_tokens:,}.",
        f"The base is the one whose content key is `{report.base}`; the run's key is `{report.run}`.",
        *([f"Perplexity of the validation rows: {perplexity:.3f}."] if perplexity is not None else []),
        *(
            [f"The weights are those of update {report.best_step:,}, which had the lowest perplexity."]
            if report.best_step is not None
            else []
        ),
        *(
            [
                f"Positions are stretched {report.rope_factor:g} times (linear): load the base with "
                f"`rope_type: linear, factor: {report.rope_factor:g}`, or take the folder `merged`."
            ]
            if report.rope_factor > 1
            else []
        ),
        "",
        f"* `{SOURCES}`: keys of the trajectories, as they stand in the store of the run",
        "* `config.train.json`: every setting",
        "* `report.json`: losses, what was left out and why",
        "* `manifest.json`: size and SHA-256 of every file",
        "",
        "## Use",
        "",
        "    apprentice evaluate --set model=THIS_FOLDER",
        *(
            [
                "",
                "or `PeftModel.from_pretrained(base, THIS_FOLDER)`."
                + (
                    " vLLM takes adapters without trained norms and embeddings only; give it `merged`."
                    if config.train_norms or "embed_tokens" in config.lora_targets or "lm_head" in config.lora_targets
                    else " vLLM: `--enable-lora --lora-modules name=THIS_FOLDER`."
                ),
            ]
            if adapter
            else []
        ),
    ]
    return "\n".join(lines) + "\n"
