"""The file that a recording is kept in while it is made: one event a line, on disk before the next one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from webapprentice.core.faults import BusyError, OutputError, UsageError
from webapprentice.core.records import Provenance, Record, Task
from webapprentice.recorder.events import Event

SUFFIX = ".events.jsonl"


class Header(Record):
    """The first line: what is recorded."""

    key: str
    collection: str
    task: Task
    goal: str = ""
    provenance: Provenance = Provenance()
    placeholders: tuple[str, ...] = ()


class Spool:
    """Events on their way to being a trajectory."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.header = header
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            if os.fstat(self._file).st_size == 0:
                self._write(header)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another --run") from error

    def put(self, event: Event) -> None:
        """Make one event durable."""
        self._write(event)

    def _write(self, record: Record) -> None:
        line = record.model_dump_json(exclude_defaults=True).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except OSError as error:
            raise OutputError(
                f"cannot write {self.path}: {error.strerror or error}; what was recorded is kept"
            ) from error

    def remove(self) -> None:
        """The trajectory is in the store: the events are not needed any more."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(path: Path) -> tuple[Header, list[Event]]:
    """What a spool holds; a last line that was not finished is left out. Raises UsageError for anything else."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        header = Header.model_validate_json(lines[0])
        return header, [Event.model_validate_json(line) for line in lines[1:-1] if line]
    except ValidationError as error:
        raise UsageError(f"{path} is no recording of ours, or damaged; remove it to go on without it") from error


def mend(path: Path) -> None:
    """Cut off a last line that was not finished, so that another can be written."""
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        os.truncate(path, len(whole))


def spools(folder: Path) -> Iterator[Path]:
    """The recordings of a folder that were not finished, oldest first."""
    yield from sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)


def unfinished(folder: Path) -> Path:
    """The recording to go on with. Raises UsageError where there is none, or more than one."""
    found = list(spools(folder))
    if not found:
        raise UsageError(f"no recording in {folder} was interrupted; begin one with `apprentice record URL`")
    if len(found) > 1:
        raise BusyError(f"{len(found)} recordings in {folder} were interrupted; give the key of one: {_keys(found)}")
    return found[0]


def _keys(found: list[Path]) -> str:
    return ", ".join(path.name.removesuffix(SUFFIX) for path in found)
