"""WebArena-Verified's own evaluators, where the package `webarena-verified` is installed.

They judge what the agent answered and which requests the browser made (a HAR file), not pages. An answer is the JSON
object that WebArena-Verified asks agents for: `task_type`, `status`, `retrieved_data`, `error_details`.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webapprentice.core.faults import Fault, Owner, UnavailableError, UsageError
from webapprentice.core.records import Task
from webapprentice.core.text import squeeze
from webapprentice.tasks.webarena.judging import Part, Verdict
from webapprentice.tasks.webarena.lists import PACKAGE, packaged
from webapprentice.tasks.webarena.records import LIMITS, fill, normal

KIND = "webarena_verified"


class VerifiedPackage:
    """The package's evaluators with one deployment's addresses. Raises UnavailableError where it is not installed."""

    def __init__(self, addresses: Mapping[str, str] | None = None) -> None:
        try:
            api = importlib.import_module(f"{PACKAGE}.api")
            config = importlib.import_module(f"{PACKAGE}.types.config")
        except ImportError as error:
            raise UnavailableError(
                f"webarena-verified is not installed ({error}): pip install webarena-verified"
            ) from error
        sites = {f"__{site.upper()}__": {"urls": [url]} for site, url in normal(addresses or {}).items()}
        given = {"environments": sites} if sites else {}
        self._evaluators = api.WebArenaVerified(config=config.WebArenaVerifiedConfig.model_validate(given))

    def judge(self, task: str | int, answer: str | Mapping[str, Any], har: Path) -> Verdict:
        """The package's verdict on one attempt at the task of this number.

        What it calls an error is no score but a fault of the evaluator: a HAR it cannot read, a task it has not.
        """
        said = answer if isinstance(answer, str) else dict(answer)
        found = self._evaluators.evaluate_task(task_id=int(task), agent_response=said, network_trace=har)
        parts = tuple(_part(one) for one in found.evaluators_results)
        if str(found.status) == "error":
            line = squeeze(str(found.error_msg or next((part.reason for part in parts if part.score is None), "")))
            fault = Fault(owner=Owner.EVALUATOR, kind="verified_package", message=line[:300])
            return Verdict(score=None, parts=parts, fault=fault, verified=True)
        return Verdict(score=float(found.score), parts=parts, verified=True)


def _part(found: Any) -> Part:
    if str(found.status) == "error":
        return Part(kind=str(found.evaluator_name), score=None, reason=squeeze(str(found.error_msg))[:200])
    said = [message for one in found.assertions or () for message in one.assertion_msgs or (one.assertion_name,)]
    reason = squeeze("; ".join(map(str, said))) or ("holds" if found.score else "does not hold")
    return Part(kind=str(found.evaluator_name), score=float(found.score), reason=reason[:200])


def verified_tasks(addresses: Mapping[str, str], file: Path | str | None = None) -> list[Task]:
    """WebArena-Verified's tasks, whose objectives and starts are its own; `VerifiedPackage` judges them.

    Tasks of sites without an address raise UsageError. Without a file the installed package's list is taken.
    """
    path = Path(file) if file is not None else packaged("verified")
    if path is None:
        raise UnavailableError("webarena-verified is not installed: pip install webarena-verified, or name its file")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [_task(row, normal(addresses)) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no list of WebArena-Verified's tasks ({error!r}); check the path") from error


def _task(row: Mapping[str, Any], addresses: Mapping[str, str]) -> Task:
    name = f"{KIND}/{row['task_id']}"
    return Task(
        id=name,
        benchmark=KIND,
        goal=str(row["intent"]),
        start_urls=tuple(fill(list(row["start_urls"]), addresses, f"task {name}")),
        sites=tuple(sorted(row["sites"])),
        template=f"{KIND}/{row['intent_template_id']}",
        limits=LIMITS,
        reset="context",
        evaluator={"kind": KIND, "record": json.dumps(row, separators=(",", ":"))},
    )
