"""Trajectories as JSONL (whole, one a line) and as Parquet (one row a step); both written aside and renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from webapprentice.core.faults import OutputError, UsageError
from webapprentice.core.records import Example, Trajectory

_ROWS_AT_ONCE = 500


def export_jsonl(trajectories: Iterable[Trajectory], path: Path) -> int:
    """Write one trajectory a line; returns how many. The file appears whole or not at all."""
    return write_lines((trajectory.model_dump_json() for trajectory in trajectories), path)


def write_lines(lines: Iterable[str], path: Path) -> int:
    """Write lines; returns how many. The file appears whole or not at all; raises OutputError."""
    number = 0
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(line + "\n")
                number += 1
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return number


def read_jsonl(path: Path) -> Iterator[Trajectory]:
    """Trajectories of a JSONL file. Raises UsageError that names the line when one cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield Trajectory.model_validate_json(line)
                except ValidationError as error:
                    first = error.errors(include_url=False)[0]
                    where = ".".join(map(str, first["loc"]))
                    raise UsageError(f"{path}, line {number}: {where or 'not a trajectory'}: {first['msg']}") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error


def export_parquet(trajectories: Iterable[Trajectory], path: Path, note: str = "") -> int:
    """Write one row a step; returns how many. Checked by reading the footer back before it takes its name.

    The note stands in the file's metadata, under `webapprentice`.
    """
    import pyarrow as pa

    schema = pa.schema(
        [
            ("trajectory", pa.string()),
            ("task", pa.string()),
            ("template", pa.string()),
            ("goal", pa.string()),
            ("source", pa.string()),
            ("seed", pa.int64()),
            ("attempt", pa.int64()),
            ("model", pa.string()),
            ("ending", pa.string()),
            ("score", pa.float64()),
            ("raw_reward", pa.float64()),
            ("fault", pa.string()),
            ("step", pa.int64()),
            ("url", pa.string()),
            ("said", pa.string()),
            ("action", pa.string()),
            ("result", pa.string()),
            ("logprob", pa.float64()),
            ("observation", pa.string()),
        ]
    )
    if note:
        schema = schema.with_metadata({"webapprentice": note})
    return _parquet(_rows(trajectories), path, schema)


def _parquet(rows: Iterator[dict[str, Any]], path: Path, schema: Any) -> int:
    """Write rows of a schema; the file appears whole, and read back, or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    part = path.with_name(path.name + ".part")
    number = 0
    try:
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for batch in _batches(rows):
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                number += len(batch)
        if pq.ParquetFile(part).metadata.num_rows != number:
            raise OutputError(f"{path} did not read back as it was written; the disk may be failing")
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return number


def export_rows(rows: Iterable[Example], path: Path) -> int:
    """Write training rows as *.parquet, or as JSONL, with the columns that `datasets` and TRL load as they are.

    `prompt` and `completion` are lists of messages (role, content); the loss applies to `completion` alone.
    """
    if path.suffix == ".parquet":
        return _parquet(map(_conversational, rows), path, _row_schema())
    return write_lines((json.dumps(_conversational(row), ensure_ascii=False) for row in rows), path)


def _conversational(row: Example) -> dict[str, Any]:
    return {
        "prompt": [{"role": message.role, "content": message.content} for message in row.messages],
        "completion": [{"role": "assistant", "content": row.completion}],
        "weight": row.weight,
        "trajectory": row.trajectory,
        "step": row.step,
        "task": row.task,
    }


def _row_schema() -> Any:
    import pyarrow as pa

    chat = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    about = [("weight", pa.float64()), ("trajectory", pa.string()), ("step", pa.int64()), ("task", pa.string())]
    return pa.schema([("prompt", chat), ("completion", chat), *about])


def _rows(trajectories: Iterable[Trajectory]) -> Iterator[dict[str, Any]]:
    for trajectory in trajectories:
        about = trajectory.provenance
        common = {
            "trajectory": trajectory.key,
            "task": trajectory.task.id,
            "template": trajectory.task.template,
            "goal": trajectory.goal,
            "source": str(trajectory.source),
            "seed": about.seed,
            "attempt": about.attempt,
            "model": about.model,
            "ending": str(trajectory.ending),
            "score": trajectory.score,
            "raw_reward": trajectory.raw_reward,
            "fault": f"{trajectory.fault.owner}/{trajectory.fault.kind}" if trajectory.fault else None,
        }
        for step in trajectory.steps:
            yield {
                **common,
                "step": step.index,
                "url": step.observation.url,
                "said": step.said,
                "action": step.action.model_dump_json() if step.action else None,
                "result": str(step.outcome.result),
                "logprob": step.logprob,
                "observation": step.observation.model_dump_json(),
            }


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
