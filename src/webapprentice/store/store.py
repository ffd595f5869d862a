"""The live store: one SQLite file (WAL, synchronous=FULL) with content-addressed, zstd-compressed blobs.

A step is on disk before its `append` returns. Observations are blobs, so a page seen twice is kept once. One writer at
a time holds a lock beside the file; any number of readers may look on.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import zstandard

from webapprentice.core.faults import ApprenticeError, BusyError, Fault, OutputError, UsageError
from webapprentice.core.keys import key_of_bytes
from webapprentice.core.records import Judgment, Observation, Provenance, Record, Source, Step, Task, Trajectory

_OPEN = "state='open' AND state != 'abandoned'"
_CLOSED = "state='closed' AND state != 'abandoned'"
"""What SQLite needs to see to use `episode_once`: an index with a condition is used where that stands word for word."""
SCHEMA = 1
"""Raised with every change of the tables; a newer store is refused, an older one migrated."""

_TABLES = """
CREATE TABLE IF NOT EXISTS blob (key TEXT PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS episode (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    collection TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'abandoned')),
    task TEXT NOT NULL,
    seed INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    ending TEXT,
    score REAL,
    record TEXT NOT NULL,
    started REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS episode_key ON episode (key);
CREATE UNIQUE INDEX IF NOT EXISTS episode_once ON episode (collection, key) WHERE state != 'abandoned';
CREATE TABLE IF NOT EXISTS step (
    episode INTEGER NOT NULL REFERENCES episode (id),
    idx INTEGER NOT NULL,
    observation TEXT NOT NULL REFERENCES blob (key),
    record TEXT NOT NULL,
    PRIMARY KEY (episode, idx)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stage (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    output TEXT NOT NULL,
    seconds REAL NOT NULL,
    finished REAL NOT NULL
) WITHOUT ROWID;
"""


REMEMBERED = 256
"""Observations that a store keeps in memory; of MiniWoB++'s practice, more are not asked for more often."""
LARGE = 200_000
"""Bytes of JSON from which on an observation is not kept in memory: a page of 1.3 MB takes 8 MB there."""
_UNSEEN = Observation(url="")


class Episode(Record):
    """What is known of a trajectory before its first step."""

    key: str
    collection: str
    task: Task
    goal: str
    source: Source = Source.ROLLOUT
    provenance: Provenance = Provenance()


class Store:
    """Trajectories on disk. Make one with `Store.create` (one writer) or `Store.read` (any number of readers)."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: int | None, remember: int = REMEMBERED
    ) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self._open: dict[str, int] = {}
        self._packer = zstandard.ZstdCompressor(level=3)
        self._unpacker = zstandard.ZstdDecompressor()
        self._remembered = lru_cache(maxsize=remember)(self._load_observation)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open for writing; the file is made when it is not there.

        Raises BusyError when another process writes to it, UsageError when its schema is newer than ours or it is no
        store, OutputError when the disk refuses.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise OutputError(
                f"cannot write a store at {path}: {error.strerror or error}; choose another place"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise BusyError(
                f"another process is writing to {path}; wait for it, or stop it, and run this again"
            ) from error
        try:
            with _owned(path):
                connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA foreign_keys=ON")
                _check_schema(path, connection)
                _check_ours(path, connection)
                connection.executescript(_TABLES)
                connection.execute(f"PRAGMA user_version={SCHEMA}")
        except ApprenticeError:
            os.close(lock)
            raise
        return cls(path, connection, lock)

    @classmethod
    def read(cls, path: Path, remember: int = REMEMBERED) -> Self:
        """Open read-only beside a writer; at most so many observations are kept in memory.

        Raises UsageError when there is no store, or one we cannot read.
        """
        if not path.is_file():
            raise UsageError(
                f"there is no store at {path}; give the folder of a run, or make one with `apprentice rollout`"
            )
        with _owned(path):
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10.0
            )
            connection.execute("PRAGMA query_only=ON")
            _check_schema(path, connection)
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                raise UsageError(f"{path} is an SQLite file but not one of our stores")
        return cls(path, connection, None, remember)

    def close(self) -> None:
        """Let the file and the lock go."""
        self._connection.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def begin(self, episode: Episode) -> None:
        """Note that an episode starts. What an earlier, unfinished try of the same key left stays, marked abandoned."""
        with self._commit() as cursor:
            cursor.execute(
                f"UPDATE episode SET state='abandoned' WHERE collection=? AND key=? AND {_OPEN}",
                (episode.collection, episode.key),
            )
            cursor.execute(
                "INSERT INTO episode (key, collection, state, task, seed, attempt, record, started)"
                " VALUES (?, ?, 'open', ?, ?, ?, ?, ?)",
                (
                    episode.key,
                    episode.collection,
                    episode.task.id,
                    episode.provenance.seed,
                    episode.provenance.attempt,
                    episode.model_dump_json(),
                    time.time(),
                ),
            )
            self._open[episode.key] = int(cursor.lastrowid or 0)

    def append(self, key: str, step: Step) -> None:
        """Make one step durable: when this returns, no kill can lose it."""
        with self._commit() as cursor:
            observation = self._put(cursor, step.observation.model_dump_json().encode())
            record = step.model_dump_json(exclude={"observation"})
            cursor.execute("INSERT INTO step VALUES (?, ?, ?, ?)", (self._open[key], step.index, observation, record))

    def finish(self, collection: str, trajectory: Trajectory) -> None:
        """Close an episode that `begin` opened, or write a whole trajectory that came from elsewhere."""
        number = self._open.pop(trajectory.key, None)
        if number is not None and self._saved_steps(number) != len(trajectory.steps):
            number = None  # those are the steps of an earlier try, which `begin` leaves behind as abandoned
        if number is None:
            self.begin(
                Episode(
                    key=trajectory.key,
                    collection=collection,
                    task=trajectory.task,
                    goal=trajectory.goal,
                    source=trajectory.source,
                    provenance=trajectory.provenance,
                )
            )
            for step in trajectory.steps:
                self.append(trajectory.key, step)
            number = self._open.pop(trajectory.key)
        record = trajectory.model_dump(mode="json", exclude={"steps", "final"})
        with self._commit() as cursor:
            if trajectory.final is not None:
                record["final"] = self._put(cursor, trajectory.final.model_dump_json().encode())
            cursor.execute(
                "UPDATE episode SET state='closed', ending=?, score=?, record=? WHERE id=?",
                (trajectory.ending, trajectory.score, json.dumps(record, ensure_ascii=False), number),
            )

    def replace(self, collection: str, trajectory: Trajectory) -> None:
        """Write a trajectory in the place of the one with its key; that stays, marked abandoned."""
        with self.together():
            self._connection.execute(
                f"UPDATE episode SET state='abandoned' WHERE collection=? AND key=? AND {_CLOSED}",
                (collection, trajectory.key),
            )
            self.finish(collection, trajectory)

    def _saved_steps(self, number: int) -> int:
        (count,) = self._connection.execute("SELECT COUNT(*) FROM step WHERE episode=?", (number,)).fetchone()
        return int(count)

    def judge(self, collection: str, key: str, judgments: Iterable[Judgment]) -> None:
        """Add judgments to a closed trajectory, after the others; those of the same judge are taken out."""
        with self._commit() as cursor:
            row = cursor.execute(
                f"SELECT id, record FROM episode WHERE collection=? AND key=? AND {_CLOSED}", (collection, key)
            ).fetchone()
            if row is None:
                raise UsageError(f"the store {self.path} has no finished trajectory {key} in {collection}")
            record = json.loads(row[1])
            added = {judgment.judge: judgment.model_dump(mode="json") for judgment in judgments}
            kept = [judgment for judgment in record["judgments"] if judgment["judge"] not in added]
            record["judgments"] = [*kept, *added.values()]
            cursor.execute("UPDATE episode SET record=? WHERE id=?", (json.dumps(record, ensure_ascii=False), row[0]))

    def decide(
        self,
        collection: str,
        key: str,
        score: float | None,
        fault: Fault | None,
        judgments: Iterable[Judgment],
    ) -> None:
        """Judge a closed trajectory anew: score, fault and judgments; those of other judges stay.

        Raises UsageError when there is no such trajectory.
        """
        with self.together():
            self.judge(collection, key, judgments)
            row = self._connection.execute(
                f"SELECT id, record FROM episode WHERE collection=? AND key=? AND {_CLOSED}", (collection, key)
            ).fetchone()
            record = {**json.loads(row[1]), "score": score, "raw_reward": score}
            record["fault"] = fault and fault.model_dump(mode="json")
            with self._commit() as cursor:
                cursor.execute(
                    "UPDATE episode SET score=?, record=? WHERE id=?",
                    (score, json.dumps(record, ensure_ascii=False), row[0]),
                )

    def abandon(self, collection: str, keys: Iterable[str]) -> None:
        """Set finished trajectories aside, so that they are made again; they stay in the store, marked abandoned."""
        with self._commit() as cursor:
            cursor.executemany(
                f"UPDATE episode SET state='abandoned' WHERE collection=? AND key=? AND {_CLOSED}",
                [(collection, key) for key in keys],
            )

    def put(self, data: bytes) -> str:
        """Keep bytes under their content key; the same bytes are kept once."""
        with self._commit() as cursor:
            return self._put(cursor, data)

    def keep(self, key: str, data: bytes) -> None:  # noqa: ARG002 - other ledgers must know whose bytes these are
        """As `put`, for the episode of this key."""
        self.put(data)

    def complete(self, key: str, name: str, output: dict[str, Any], seconds: float) -> None:
        """Note that a stage with these inputs is finished, and what it gave."""
        with self._commit() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO stage VALUES (?, ?, ?, ?, ?)",
                (key, name, json.dumps(output, ensure_ascii=False), seconds, time.time()),
            )

    # Reading

    def blob(self, key: str) -> bytes:
        """The bytes under a content key. Raises UsageError when there are none."""
        row = self._connection.execute("SELECT data FROM blob WHERE key=?", (key,)).fetchone()
        if row is None:
            raise UsageError(f"the store {self.path} has no blob {key}")
        return self._unpacker.decompress(row[0])

    def stage(self, key: str) -> dict[str, Any] | None:
        """What a finished stage gave; None when it has not been finished."""
        row = self._connection.execute("SELECT output FROM stage WHERE key=?", (key,)).fetchone()
        return dict(json.loads(row[0])) if row else None

    def stages(self) -> list[tuple[str, str, float]]:
        """Key, name and seconds of every finished stage, in the order of finishing."""
        return list(self._connection.execute("SELECT key, name, seconds FROM stage ORDER BY finished"))

    def collections(self) -> dict[str, int]:
        """How many finished trajectories each collection holds."""
        rows = self._connection.execute(
            "SELECT collection, COUNT(*) FROM episode WHERE state='closed' GROUP BY collection ORDER BY MIN(id)"
        )
        return dict(rows)

    def require(self, *collections: str) -> None:
        """Raise UsageError when the store has no such collection."""
        there = self.collections()
        for name in collections:
            if name not in there:
                raise UsageError(f"the store has no collection {name!r}; it has {', '.join(there) or 'none'}")

    def revision(self, collection: str) -> int:
        """A number that is another one whenever a trajectory of the collection was written."""
        query = f"SELECT MAX(id) FROM episode WHERE collection=? AND {_CLOSED}"
        return int(self._connection.execute(query, (collection,)).fetchone()[0] or 0)

    def finished(self, collection: str) -> set[str]:
        """Keys of the finished trajectories of a collection."""
        rows = self._connection.execute(f"SELECT key FROM episode WHERE collection=? AND {_CLOSED}", (collection,))
        return {row[0] for row in rows}

    def counts(self) -> dict[str, int]:
        """How many episodes are closed, open and abandoned, and how many steps and blobs there are."""
        counts = dict(self._connection.execute("SELECT state, COUNT(*) FROM episode GROUP BY state"))
        for table in ("step", "blob"):
            counts[table] = self._connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        return counts

    def trajectories(
        self,
        collection: str | None = None,
        keys: Iterable[str] | None = None,
        *,
        steps: bool = True,
        pages: bool = True,
    ) -> Iterator[Trajectory]:
        """Finished trajectories, oldest first; all collections when none is named.

        Without `steps` only what the whole episode has is read: enough for statistics, and a hundred times faster.
        Without `pages` steps come with an empty observation: enough to count what was done.
        """
        query, given = f"SELECT id, record FROM episode WHERE {_CLOSED}", list[str]()
        if collection is not None:
            query, given = f"{query} AND collection=?", [collection]
        if keys is not None:
            query, given = f"{query} AND key IN (SELECT value FROM json_each(?))", [*given, json.dumps(list(keys))]
        with _owned(self.path):
            found = self._connection.execute(f"{query} ORDER BY id", given).fetchall()
        for number, record in found:
            yield self._trajectory(number, json.loads(record), steps, pages)

    def ordered(
        self, keys: Sequence[str], collection: str | None = None, *, steps: bool = True, pages: bool = True
    ) -> list[Trajectory]:
        """The finished trajectories of these keys, in their order; those that are not there are left out."""
        found = {one.key: one for one in self.trajectories(collection, keys, steps=steps, pages=pages)}
        return [found[key] for key in keys if key in found]

    def steps(self, key: str) -> list[Step]:
        """Saved steps of the newest episode with this key, finished or not."""
        row = self._connection.execute("SELECT id FROM episode WHERE key=? ORDER BY id DESC", (key,)).fetchone()
        return self._steps(row[0]) if row else []

    def _trajectory(self, number: int, record: dict[str, Any], steps: bool, pages: bool) -> Trajectory:
        final = record.pop("final", None)
        if not steps:
            return Trajectory.model_validate(record)
        last = self._observation(final) if final and pages else None
        return Trajectory.model_validate({**record, "steps": self._steps(number, pages), "final": last})

    def _steps(self, number: int, pages: bool = True) -> list[Step]:
        rows = self._connection.execute("SELECT observation, record FROM step WHERE episode=? ORDER BY idx", (number,))
        return [
            Step.model_validate(
                {**json.loads(record), "observation": self._observation(observation) if pages else _UNSEEN}
            )
            for observation, record in rows.fetchall()
        ]

    def _observation(self, key: str) -> Observation:
        size = self._connection.execute("SELECT size FROM blob WHERE key=?", (key,)).fetchone()
        return (self._load_observation if size and size[0] > LARGE else self._remembered)(key)

    def _load_observation(self, key: str) -> Observation:
        return Observation.model_validate_json(self.blob(key))

    def _put(self, cursor: sqlite3.Cursor, data: bytes) -> str:
        key = key_of_bytes(data)
        if cursor.execute("SELECT 1 FROM blob WHERE key=?", (key,)).fetchone() is None:
            cursor.execute("INSERT INTO blob VALUES (?, ?, ?)", (key, len(data), self._packer.compress(data)))
        return key

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make everything written inside durable at once, or nothing of it."""
        with self._commit():
            yield

    @contextmanager
    def _commit(self) -> Iterator[sqlite3.Cursor]:
        if self._lock is None:
            raise UsageError(f"the store {self.path} was opened for reading only")
        with _owned(self.path):
            cursor = self._connection.cursor()
            if self._connection.in_transaction:
                yield cursor
                return
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")


def unreadable(error: Exception) -> UsageError | None:
    """What to say of an error that SQLite gave in the midst of reading; None: it is none of SQLite's."""
    if not isinstance(error, sqlite3.DatabaseError):
        return None
    return UsageError(
        f"the store cannot be read: {error}; it is damaged: `sqlite3 store.sqlite .recover` saves what is whole of it"
    )


@contextmanager
def _owned(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: one line, the right exit code."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if isinstance(error, sqlite3.OperationalError) and ("disk" in text or "readonly" in text or "full" in text):
            raise OutputError(f"cannot write to the store {path}: {text}; what was saved before is intact") from error
        if "locked" in text:
            raise BusyError(f"the store {path} is locked by another process; run this again later") from error
        raise UsageError(f"cannot read the store {path}: {text}; is it one of ours, and whole?") from error


def _check_ours(path: Path, connection: sqlite3.Connection) -> None:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if tables and "blob" not in tables:
        raise UsageError(f"{path} is an SQLite file but not one of our stores; choose another place")


def _check_schema(path: Path, connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise UsageError(
            f"the store {path} has schema {version} and we read up to {SCHEMA}; upgrade webapprentice to open it"
        )
