"""A data set of any size: pages become rows on all cores, part by part, and a killed run goes on where it was.

What is held in memory is a line of keys for each row (`Draw`), never its text. Parts lie in a work folder until the
files are written; each is whole or not there.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing.connection import wait as ended
from pathlib import Path
from typing import Any, NamedTuple

from webapprentice import __version__
from webapprentice.core.faults import OutputError
from webapprentice.core.keys import key_of
from webapprentice.core.records import Example, Record
from webapprentice.curate.dataset import DatasetConfig, rows
from webapprentice.curate.draws import Draw, drawn
from webapprentice.curate.sheets import Desk, Pages
from webapprentice.curate.splits import address_of, host_of
from webapprentice.dialect import Dialect
from webapprentice.models import ModelConfig, counting
from webapprentice.store import Store

AT_ONCE = 16
"""Trajectories of one part."""
REMEMBERED = 32
"""Observations that a worker holds at a time."""
_OPEN = 64  # part files that are read from at a time
_PLACEHOLDER = re.compile(r"\{\{(\w+):\d+\}\}")

Tell = Callable[[str], None]


class Recipe(Record):
    """All that the text of a row depends on, but for the trajectories."""

    store: str
    collection: str
    revision: int
    """Another one whenever the collection was written to."""
    dialect: Dialect
    config: DatasetConfig
    pages: Pages
    model: str
    """Whose tokenizer counts."""
    options: ModelConfig

    def key(self, keys: Sequence[str]) -> str:
        """Content key of the parts that these trajectories become."""
        how = (self.collection, self.revision, self.dialect, self.config, self.pages, self.model, self.options, AT_ONCE)
        return key_of("parts", __version__, how, list(keys))


class Rendered(NamedTuple):
    """All parts: rows without their text, and what was left out."""

    draws: list[Draw]
    tally: Counter[str]
    steps: int
    characters: int
    """Of all prompts."""
    placeholders: Counter[str]
    """Typed placeholders in objectives and answers, by kind."""


def render_all(recipe: Recipe, keys: Sequence[str], work: Path, workers: int, tell: Tell) -> Rendered:
    """Render the trajectories of these keys into parts below `work`, in their sorted order, by so many processes.

    Parts that an earlier call with the same arguments has finished are taken as they are. Raises OutputError where the
    disk refuses.
    """
    ordered = sorted(keys)
    jobs = [ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE)]
    _prepare(work, recipe.key(ordered))
    waiting = [number for number in range(len(jobs)) if not _index(work, number).is_file()]
    if waiting:
        _work_off(recipe, jobs, waiting, work, workers, tell)
    draws: list[Draw] = []
    tally: Counter[str] = Counter()
    placeholders: Counter[str] = Counter()
    steps = characters = 0
    for number in range(len(jobs)):
        told = json.loads(_index(work, number).read_bytes())
        draws += [_draw(line) for line in told["draws"]]
        tally.update(told["tally"])
        steps += told["steps"]
        characters += told["characters"]
        placeholders.update(told["placeholders"])
    return Rendered(draws, tally, steps, characters, placeholders)


def texts(draws: Sequence[Draw], work: Path) -> Iterator[Example]:
    """The rows themselves, each with its weight, in this order."""

    @lru_cache(maxsize=_OPEN)
    def part(number: int) -> _File:
        return _File(_rows(work, number))

    for draw in draws:
        number, offset, length = draw.place
        row = Example.model_validate_json(part(number).read(offset, length))
        yield row.model_copy(update={"weight": draw.weight})


class _File:
    def __init__(self, path: Path) -> None:
        self._number = os.open(path, os.O_RDONLY)

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._number, length, offset)

    def __del__(self) -> None:
        os.close(self._number)


def _rows(work: Path, number: int) -> Path:
    return work / f"part-{number:06d}.jsonl"


def _index(work: Path, number: int) -> Path:
    return work / f"part-{number:06d}.index.json"


def _draw(line: list[Any]) -> Draw:
    made = Draw(*line)
    (number, offset, length), (asked, answered) = made.place, made.tokens  # JSON has made lists of them
    return made._replace(place=(number, offset, length), tokens=(asked, answered))


def _prepare(work: Path, key: str) -> None:
    """A work folder for this key; parts of another one go."""
    note = work / "key"
    try:
        if work.is_dir() and (not note.is_file() or note.read_text() != key):
            shutil.rmtree(work)
        work.mkdir(parents=True, exist_ok=True)
        note.write_text(key)
    except OSError as error:
        raise OutputError(f"cannot write to {work}: {error.strerror or error}; choose another place") from error


def _work_off(
    recipe: Recipe, jobs: Sequence[Sequence[str]], waiting: Sequence[int], work: Path, workers: int, tell: Tell
) -> None:
    began, done, pages = time.monotonic(), 0, 0
    context = multiprocessing.get_context("spawn")
    left = iter(waiting)
    running: set[Future[int]] = set()
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(recipe, work)) as pool:
        try:
            while True:
                for number in left:
                    with _deaf():  # what is interrupted is this process; those that it starts end with it
                        running.add(pool.submit(_part, number, jobs[number]))
                    if len(running) >= 2 * workers:
                        break
                if not running:
                    return
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                for one in ready:
                    pages += one.result()
                    done += 1
                spent = time.monotonic() - began
                rest = spent / done * (len(waiting) - done)
                tell(f"dataset: {done:,} of {len(waiting):,} parts, {pages / spent:.0f} pages/s, {rest:.0f} s left")
        except BrokenProcessPool as error:
            raise OutputError("a process that makes rows was killed; run this again to go on where it was") from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes started meanwhile do not hear Control+C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Bench:
    """What one worker process works with."""

    recipe: Recipe
    work: Path
    store: Store
    count: Callable[[str], int]
    desk: Desk | None


def _begin(recipe: Recipe, work: Path) -> None:
    """Set a worker process up; it ends with the process that started it, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel
        threading.Thread(target=lambda: (ended([sentinel]), os._exit(1)), daemon=True).start()
    _Bench.recipe, _Bench.work = recipe, work
    _Bench.store = Store.read(Path(recipe.store), remember=REMEMBERED)
    _Bench.count = counting(recipe.model, recipe.options)
    history = recipe.config.completion
    desk = Desk(recipe.dialect, recipe.pages, history, _Bench.count, _Bench.store.blob)
    _Bench.desk = None if recipe.pages == "default" else desk


def _part(number: int, keys: Sequence[str]) -> int:
    """Write one part and then its index; returns how many pages it has."""
    recipe, count = _Bench.recipe, _Bench.count
    tally: Counter[str] = Counter()
    draws: list[Draw] = []
    placeholders: Counter[str] = Counter()
    steps = characters = offset = 0
    final = _rows(_Bench.work, number)
    partial = final.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            for trajectory in _Bench.store.trajectories(recipe.collection, keys):
                steps += len(trajectory.steps)
                placeholders.update(_PLACEHOLDER.findall(trajectory.goal))
                pages = {step.index: step.observation.url for step in trajectory.steps}
                said = {step.index: step.action.model_dump_json() for step in trajectory.steps if step.action}
                for row in rows(trajectory, recipe.dialect, recipe.config, count, tally, _Bench.desk):
                    line = row.model_dump_json().encode() + b"\n"
                    characters += sum(len(message.content) for message in row.messages)
                    placeholders.update(_PLACEHOLDER.findall(said[row.step]))
                    url = pages[row.step]
                    tokens = sum(count(message.content) for message in row.messages), count(row.completion)
                    draws.append(
                        drawn(row, (number, offset, len(line)))._replace(
                            site=host_of(url), address=address_of(url), tokens=tokens
                        )
                    )
                    file.write(line)
                    offset += len(line)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(final)
        index = _index(_Bench.work, number)
        told = {"draws": draws, "tally": tally, "steps": steps, "characters": characters, "placeholders": placeholders}
        index.with_suffix(".partial").write_text(json.dumps(told), encoding="utf-8")
        index.with_suffix(".partial").replace(index)
    except OSError as error:
        raise OutputError(f"cannot write {final}: {error.strerror or error}") from error
    return steps
