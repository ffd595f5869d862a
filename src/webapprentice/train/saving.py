"""Weights that a foreign trainer made, as a signed folder like any other of ours."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from webapprentice.core.config import Config
from webapprentice.core.faults import OutputError, UsageError
from webapprentice.core.records import Record
from webapprentice.models.checkpoints import key_of_weights, verify
from webapprentice.train.loop import commit

_REPORT = "report.json"
R = TypeVar("R", bound=Record)


def finished(out: Path, run: str, kind: type[R]) -> R | None:
    """The report of a result that is there; None where there is none.

    Raises UsageError where the folder holds something else, OutputError where it is damaged.
    """
    if not out.exists():
        return None
    if not (out / _REPORT).is_file():
        raise UsageError(f"{out} exists and is no result of training; choose another folder")
    if verify(out).get("run") != run:
        raise UsageError(f"{out} holds the result of another run; choose another folder or remove it")
    try:
        return kind.model_validate_json((out / _REPORT).read_bytes())
    except ValidationError as error:
        raise OutputError(f"{out / _REPORT} cannot be read: {str(error).splitlines()[0]}") from error


def save(model: Any, tokenizer: Any, out: Path, report: R, config: Config, run: str) -> R:
    """Write model, tokenizer, settings and report to `out`, which appears whole or not at all; gives the report with
    the folder's content key."""
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    report = report.with_(key=key_of_weights(partial))
    (partial / _REPORT).write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (partial / "config.train.json").write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
    commit(partial, out, run=run)
    verify(out)
    return report
