"""`apprentice dataset`: a collection of the store becomes files of rows, key lists and a card."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from webapprentice.core.faults import UsageError
from webapprentice.core.locks import alone
from webapprentice.core.records import Example, Record, Trajectory
from webapprentice.curate.card import Card, card, written
from webapprentice.curate.dataset import counted, refuse, set_aside
from webapprentice.curate.draws import Draw, chosen, distinct, shuffled
from webapprentice.curate.noise import noise_of
from webapprentice.curate.splits import About, Part, group_of, overlaps, rewritten, split, words_of
from webapprentice.curate.streaming import Recipe, Rendered, render_all, texts
from webapprentice.dialect import Dialect
from webapprentice.improve.verbs import RowsConfig
from webapprentice.store import Store, export_rows, write_lines

Tell = Callable[[str], None]


class Made(Record):
    """What came of it."""

    files: tuple[str, ...]
    card: Card


def make_rows(run: Path, config: RowsConfig, dialect: Dialect, held_out: Sequence[str], tell: Tell) -> Made:
    """Write RUN/OUT.jsonl and what stands beside it; the same call goes on after a kill, and gives the same files.

    Raises UsageError where the store, the collection or the list of kept keys is not there, or a task is held out.
    """
    with alone(run / config.out, "making rows"):
        return _make(run, config, dialect, held_out, tell)


def _make(run: Path, config: RowsConfig, dialect: Dialect, held_out: Sequence[str], tell: Tell) -> Made:
    there, revision = _there(run, config, held_out)
    parts = _parted(there, config)
    work = run / f"{config.out}.parts"
    recipe = Recipe(
        store=str((run / "store.sqlite").absolute()),
        collection=config.collection,
        revision=revision,
        dialect=dialect,
        config=config.dataset,
        pages=config.pages,
        model=config.model,
        options=config.options,
    )
    rendered = render_all(recipe, list(parts), work, config.workers or os.cpu_count() or 1, tell)
    parts |= _elsewhere(rendered.draws, config)
    _honest(there, parts, config)
    rows = _chosen(rendered, parts, config)
    files: list[str] = []
    for part, draws in rows.items():
        stem = f"{config.out}{_SUFFIX[part]}"
        write_rows(run / f"{stem}.jsonl", texts(draws, work))
        files.append(f"{stem}.jsonl")
        files.append(f"{config.out}.{part.value}.txt")
        write_lines(sorted(key for key in parts if parts[key] is part), run / files[-1])
        for kind in config.formats:
            suffix = "parquet" if kind == "parquet" else "trl.jsonl"
            export_rows(texts(draws, work), run / f"{stem}.{suffix}")
            files.append(f"{stem}.{suffix}")
    made = _card(run, there, rendered, rows, parts, config)
    files += _carded(run / config.out, made)
    shutil.rmtree(work)
    _tidy(run, config.out, files)
    return Made(files=tuple(files), card=made)


def planned(run: Path, config: RowsConfig, held_out: Sequence[str]) -> dict[str, int]:
    """How many trajectories each part would have. Raises as `make_rows` does."""
    there, _ = _there(run, config, held_out)
    return dict(Counter(part.value for part in _parted(there, config).values()))


def _there(run: Path, config: RowsConfig, held_out: Sequence[str]) -> tuple[list[Trajectory], int]:
    """The trajectories that are wanted, without their steps, and how often their collection was written to."""
    with Store.read(run / "store.sqlite") as store:
        store.require(config.collection)
        keys = _kept(run / f"{config.keep}.txt") if config.keep else None
        there = list(store.trajectories(config.collection, keys, steps=False))
        revision = store.revision(config.collection)
    if not there:
        which = f"none that {config.keep}.txt names" if config.keep else "none"
        raise UsageError(f"there is nothing to make rows of: {config.collection} holds {which}")
    refuse(there, held_out)
    return there, revision


def _elsewhere(draws: Sequence[Draw], config: RowsConfig) -> dict[str, Part]:
    """What began on a taught site and went on to one that is kept for the test."""
    wanted = {site.lower() for site in config.split.sites}
    return {draw.trajectory: Part.TEST_SITE for draw in draws if draw.site in wanted}


def _honest(there: Sequence[Trajectory], parts: dict[str, Part], config: RowsConfig) -> None:
    """Raise UsageError where an objective that was made from the answers would be asked for them."""
    tests = (Part.TEST, Part.TEST_SITE)
    anew = [one.key for one in there if parts[one.key] in tests and rewritten(one)]
    if anew and not config.split.rewritten:
        raise UsageError(
            f"{len(anew)} workflows of the test have an objective that a model wrote from their own steps; split as "
            "before `apprentice augment` was run, or set split.rewritten=true"
        )


def _tidy(run: Path, out: str, files: Sequence[str]) -> None:
    """Remove what an earlier run left under this name: its tests may name what is taught now."""
    own = {f"{out}{suffix}.{end}" for suffix in _SUFFIX.values() for end in ("jsonl", "parquet", "trl.jsonl")}
    own |= {f"{out}.{part.value}.txt" for part in Part}
    for name in own - set(files):
        (run / name).unlink(missing_ok=True)


_SUFFIX = {Part.TRAIN: "", Part.VALIDATION: ".validation", Part.TEST: ".test", Part.TEST_SITE: ".test_site"}


def _parted(there: Sequence[Trajectory], config: RowsConfig) -> dict[str, Part]:
    parts = split(there, config.split)
    aside = set_aside([t for t in there if parts[t.key] is Part.TRAIN], config.dataset)
    return parts | dict.fromkeys(aside, Part.VALIDATION)


def _chosen(rendered: Rendered, parts: dict[str, Part], config: RowsConfig) -> dict[Part, list[Draw]]:
    """The rows of each part that is there; `train` and `validation` always are."""
    how, tally = config.dataset.choice, rendered.tally
    found: dict[Part, list[Draw]] = {}
    for part in Part:
        if part in (Part.TEST, Part.TEST_SITE) and part not in parts.values():
            continue
        draws = distinct([draw for draw in rendered.draws if parts[draw.trajectory] is part], how, tally)
        taught = part is Part.TRAIN
        found[part] = chosen(draws, how, tally) if taught else shuffled(draws, how.seed, "rows")
    return found


def _card(
    run: Path,
    there: Sequence[Trajectory],
    rendered: Rendered,
    rows: dict[Part, list[Draw]],
    parts: dict[str, Part],
    config: RowsConfig,
) -> Card:
    about = {t.key: About(template=group_of(t, "template"), goal=words_of(t.goal)) for t in there}
    counts = counted(
        rows[Part.TRAIN],
        rendered.tally,
        tasks=(t.task.id for t in there),
        trajectories=len(there),
        validation_trajectories=Counter(parts.values())[Part.VALIDATION],
        steps=rendered.steps,
    )
    return card(
        config.card,
        config.collection,
        there,
        rows,
        rendered.placeholders,
        config.model_dump(mode="json"),
        config.model,
        counts,
        overlaps(rows, about),
        noise_of(run, config.keep, there, Counter(draw.trajectory for draw in rows[Part.TRAIN])),
    )


def write_rows(path: Path, rows: Iterable[Example]) -> None:
    """Write rows as JSONL; the file appears whole or not at all. Raises OutputError where the disk refuses."""
    write_lines((row.model_dump_json() for row in rows), path)


def _carded(out: Path, made: Card) -> list[str]:
    write_lines(written(made).splitlines(), out.with_name(f"{out.name}.card.md"))
    write_lines([made.model_dump_json(indent=1)], out.with_name(f"{out.name}.card.json"))
    return [f"{out.name}.card.md", f"{out.name}.card.json"]


def _kept(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no list of keys: {error}") from error
    except OSError as error:
        raise UsageError(f"there is no list of kept attempts at {path}; run `apprentice filter` first") from error


def read_rows(path: Path) -> list[Example]:
    """Rows of a JSONL file. Raises UsageError naming the line that is none."""
    found = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the rows {path}: {error}") from error
    # Not splitlines: what a page or a model said may hold line separators that JSON leaves as they are.
    for number, row in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        try:
            found.append(Example.model_validate_json(row))
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: not a training row: {str(error).splitlines()[0]}") from error
    return found
