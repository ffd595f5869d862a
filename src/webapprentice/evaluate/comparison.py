"""Runs side by side, from their stores: `apprentice compare`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.faults import Owner, UsageError
from webapprentice.core.protocols import Embedder
from webapprentice.core.records import Task, Trajectory
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.metrics import Episode
from webapprentice.metrics.capability import Template, capabilities, common_text
from webapprentice.metrics.comparison import Compared, Material, Scored, Terms, compare_all
from webapprentice.metrics.conduct import EpisodeConduct
from webapprentice.metrics.trivial import trivial_tasks
from webapprentice.metrics.vertex import Attempt, vertex
from webapprentice.store import Store

_GOALS = 8
"""Objectives of a template that its text is made of."""
_BYTES_PER_TOKEN = 3

Tell = Callable[[str], None]


class CompareConfig(Config):
    """Everything that may differ between two runs of `apprentice compare`."""

    embedder: str = "auto"
    """How texts are compared: `auto`, `minilm`, `lexical`, a sentence-transformers model, or an endpoint's address."""
    threshold: float = Field(default=0.60, gt=0, le=1)
    """Templates of the same sites that are at least so alike are one capability."""
    across_sites: bool = False
    """Compare templates of different sites as well. On MiniWoB++, where each page is a site, this joins pages whose
    objectives are alike."""
    capabilities: int | None = Field(default=None, ge=1)
    """K of the capability score; None takes the number of capabilities of the tasks in all runs."""
    at_least: float = Field(default=0.5, gt=0, le=1)
    """The stricter count of capabilities: share of a task's episodes that the lower bound must reach."""
    trivial: tuple[str, ...] = ()
    """Ids of tasks that the trivial agent solves, besides the 38 known ones of WebArena and those that `baseline` has
    solved."""
    baseline: str = ""
    """Run of the trivial agent (it always stops with N/A): a collection, or FOLDER:COLLECTION."""
    references: tuple[str, ...] = ()
    """Runs whose solved trajectories VERTEX_DTW compares with; none: it is not computed."""
    apart: bool = False
    """Embed page and action apart, so that the action is not cut off behind a long page."""
    page_weight: float = Field(default=0.5, ge=0, le=1)
    """Weight of the page where they are embedded apart; the action has the rest."""
    gamma: float = Field(default=1.0, gt=0)
    """Of the Gaussian kernel."""
    dialect: str = "compact"
    """In which pages are put into text."""
    gain: float = Field(default=0.05, gt=0, le=1)
    """The gain for which it is said how many tasks would show it."""
    power: float = Field(default=0.8, gt=0, lt=1)
    """With what probability."""
    legacy: bool = False
    """Also the released code's intervals over 100 replicates, which are too narrow."""


class Place(NamedTuple):
    """Where a run's trajectories are."""

    name: str
    store: Path
    collection: str


def place_of(name: str, run: Path) -> Place:
    """`COLLECTION` of the run folder, or `FOLDER:COLLECTION`. Raises UsageError when there is no such store."""
    folder, colon, collection = name.partition(":")
    if colon and (Path(folder) / "store.sqlite").is_file():
        return Place(name, Path(folder) / "store.sqlite", collection)
    if colon and "/" in folder and not (run / "store.sqlite").is_file():
        raise UsageError(f"there is no store in {folder}; write FOLDER:COLLECTION with the folder of a run")
    return Place(name, run / "store.sqlite", name)


def compare_runs(
    config: CompareConfig,
    names: Sequence[str],
    run: Path,
    embedder: Embedder,
    tell: Tell = lambda _line: None,
) -> Compared:
    """Read the runs of these names and compare all of them.

    Raises UsageError for a run that is not there, that holds attempts of several models, or when fewer than two are
    named.
    """
    if len(names) < 2:
        raise UsageError("two runs at least are needed; name another collection, or FOLDER:COLLECTION")
    places = [place_of(name, run) for name in names]
    dialect = load_dialect(config.dialect)
    references = _solved([place_of(name, run) for name in config.references])
    baseline = _baseline(place_of(config.baseline, run) if config.baseline else None, pages=bool(references))
    keep = set(references)
    runs, tasks, goals, nodes = [], dict[str, Task](), defaultdict[str, set[str]](set), dict[str, _Nodes]()
    for place in places:
        episodes, conducts = [], []
        kept: _Nodes = {}
        for trajectory in _read(place, pages=bool(keep)):
            episodes.append(Episode.of(trajectory))
            conducts.append(EpisodeConduct.of(trajectory))
            tasks[trajectory.task.id] = trajectory.task
            goals[_template(trajectory.task)].add(trajectory.goal)
            if _item(trajectory) in keep and not _broken(trajectory):
                kept.setdefault(_item(trajectory), []).append(Told(trajectory.key, _texts(trajectory, dialect)))
        nodes[place.name] = kept
        runs.append(Material(place.name, episodes, conducts))
    if len({place[1:] for place in places}) < len(places):
        raise UsageError("a run is named twice; name each once")
    templates = _templates(tasks, goals, config.across_sites)
    trivial = {*config.trivial, *trivial_tasks(tasks), *baseline.solved} & set(tasks)
    said = bool(config.trivial or config.baseline or trivial)
    if keep:
        tell("comparing trajectories with references")
        judged = _Judged(config, embedder, references, baseline.nodes, dialect)
        scored = judged.scores(nodes, tasks)
        if not any(scored.values()):
            raise UsageError(
                "the references solve none of the tasks and seeds of these runs, or only where a run's attempt is the "
                "only reference; name runs that are not compared, of the same seeds where the objective depends on them"
            )
        runs = [run._replace(vertex=scored[run.name]) for run in runs]
    shared = len({frozenset(one.sites) for one in templates}) < len(templates)
    texts = [one.text for one in templates]
    vectors = embedder.embed(texts) if shared else np.zeros((len(texts), 1))  # nothing will be compared
    terms = Terms(
        templates=templates,
        capability_of=capabilities(templates, vectors, config.threshold),
        trivial=trivial if said else None,
        k=config.capabilities,
        at_least=config.at_least,
        gain=config.gain,
        power=config.power,
        legacy=config.legacy,
    )
    try:
        found = compare_all(
            runs,
            terms,
            threshold=config.threshold,
            embedder=embedder.key if shared or keep else "",
            lexical=embedder.lexical and bool(shared or keep),
        )
    except ValueError as error:
        raise UsageError(f"{error}; set capabilities to a number that is large enough, or leave it out") from error
    if found is None:
        raise UsageError("these collections share no task and seed; examine both on the same ones")
    node = f"page and action apart, the page weighing {config.page_weight:g}" if config.apart else "page and action"
    return found.with_(references=sum(map(len, references.values())), node=node if keep else "")


Item = tuple[str, int]
"""Task and seed; the seed is 0 where it does not change the objective."""
Text = tuple[str, str]
"""What was seen before a step, and what was said."""


class Told(NamedTuple):
    """One trajectory in words."""

    key: str
    texts: list[Text]


_Nodes = dict[Item, list[Told]]
"""What a run did at each item; attempts that broke through no fault of the agent are not there."""


class _Baseline(NamedTuple):
    solved: frozenset[str]
    nodes: dict[Item, Trajectory]


class _Judged:
    """Scores runs against references; every text is embedded once."""

    def __init__(
        self,
        config: CompareConfig,
        embedder: Embedder,
        references: dict[Item, list[Trajectory]],
        baseline: dict[Item, Trajectory],
        dialect: Dialect,
    ) -> None:
        self._config, self._embedder = config, embedder
        self._references = {
            item: [Told(one.key, _texts(one, dialect)) for one in many] for item, many in references.items()
        }
        self._baseline = {item: _texts(one, dialect) for item, one in baseline.items() if item in references}

    def scores(self, nodes: dict[str, _Nodes], tasks: dict[str, Task]) -> dict[str, list[Scored]]:
        """Every run's score at each referenced item that it has itself tried; attempts at one item are averaged.

        A trajectory is no reference for itself; an item where some attempt then has none is left out for every run, so
        that no run is measured on other items for being a reference.
        """
        alone = {
            item
            for kept in nodes.values()
            for item, many in kept.items()
            if any(all(one.key == told.key for one in self._references[item]) for told in many)
        }
        nodes = {name: {item: kept[item] for item in kept if item not in alone} for name, kept in nodes.items()}
        items = sorted({item for kept in nodes.values() for item in kept})
        every = [told.texts for kept in nodes.values() for many in kept.values() for told in many]
        every += [told.texts for item in items for told in self._references[item]]
        every += [texts for item in items if (texts := self._baseline.get(item))]
        place = {text: number for number, text in enumerate(sorted({t for texts in every for t in self._parts(texts)}))}
        vectors = self._embedder.embed(list(place))

        def array(texts: list[Text]) -> npt.NDArray[np.float32]:
            rows = [place[text] for text in self._parts(texts)]
            return vectors[rows].reshape(len(texts), -1, vectors.shape[1])

        known = {item: {told.key: array(told.texts) for told in self._references[item]} for item in items}
        against = {item: array(texts) for item in items if (texts := self._baseline.get(item))}
        weights = (self._config.page_weight, 1.0 - self._config.page_weight) if self._config.apart else (1.0,)
        found: dict[str, list[Scored]] = {}
        for name, kept in nodes.items():
            asked = []
            for item, tried in sorted(kept.items()):
                for told in tried:
                    others = [nodes for key, nodes in known[item].items() if key != told.key]
                    test = array(told.texts) if told.texts else None
                    asked.append((item, Attempt(others, test, against.get(item))))
            values = vertex([one for _, one in asked], gamma=self._config.gamma, weights=weights)
            table: dict[Item, list[float]] = defaultdict(list)
            for (item, _), value in zip(asked, values, strict=True):
                if value is not None:
                    table[item].append(value)
            found[name] = [
                Scored(task, seed, _template(tasks[task]), sum(many) / len(many))
                for (task, seed), many in table.items()
            ]
        return found

    def _parts(self, texts: list[Text]) -> list[str]:
        """The texts to be embedded: one a node, or page and action in turns."""
        if self._config.apart:
            return [part for text in texts for part in text]
        return ["\n".join(text) for text in texts]


def _read(place: Place, pages: bool) -> Iterator[Trajectory]:
    with Store.read(place.store) as store:
        store.require(place.collection)
        models = set()
        for trajectory in store.trajectories(place.collection, pages=pages):
            models.add((trajectory.provenance.model, trajectory.provenance.config_hash))
            if len(models) > 1:
                raise UsageError(
                    f"{place.name} holds attempts of 2 models or configurations; examine each under its own label"
                )
            yield trajectory


def _solved(places: Sequence[Place]) -> dict[Item, list[Trajectory]]:
    found: dict[Item, list[Trajectory]] = defaultdict(list)
    for place in places:
        with Store.read(place.store) as store:
            store.require(place.collection)
            keys = [one.key for one in store.trajectories(place.collection, steps=False) if one.succeeded]
            for trajectory in store.trajectories(place.collection, keys):
                if trajectory.steps:
                    found[_item(trajectory)].append(trajectory)
    if places and not found:
        raise UsageError(f"{places[0].name} holds no solved trajectory to compare with; name other references")
    return dict(found)


def _baseline(place: Place | None, pages: bool) -> _Baseline:
    if place is None:
        return _Baseline(frozenset(), {})
    with Store.read(place.store) as store:
        store.require(place.collection)
        there = list(store.trajectories(place.collection, steps=pages))
    nodes = {_item(one): one for one in reversed(there)} if pages else {}
    return _Baseline(frozenset(one.task.id for one in there if one.succeeded), nodes)


def _texts(trajectory: Trajectory, dialect: Dialect) -> list[Text]:
    """For each step the part of its prompt that tells page, address, objective and history, and what was said."""
    told = []
    for place, step in enumerate(trajectory.steps):
        so_far = [(one.said, one.outcome) for one in trajectory.steps[:place]]
        prompt, _ = dialect.prompt(trajectory.goal, step.observation, so_far, _count)
        told.append((prompt[-1].content, step.said))
    return told


def _count(text: str) -> int:
    """Tokens of a text, estimated: the same for every model, so that the same page gives the same node."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def _item(trajectory: Trajectory) -> Item:
    return trajectory.task.id, 0 if trajectory.task.goal is not None else trajectory.provenance.seed


def _broken(trajectory: Trajectory) -> bool:
    return trajectory.fault is not None and trajectory.fault.owner is not Owner.AGENT


def _template(task: Task) -> str:
    return task.template or task.id


def _templates(tasks: dict[str, Task], goals: dict[str, set[str]], across_sites: bool) -> list[Template]:
    """The templates of these tasks; a page of MiniWoB++ is a site of its own."""
    found: dict[str, Template] = {}
    for task in sorted(tasks.values(), key=lambda one: one.id):
        name = _template(task)
        sites = () if across_sites else (name,) if task.benchmark == "miniwob" else task.sites
        found.setdefault(name, Template(id=name, text=common_text(sorted(goals[name])[:_GOALS]), sites=sites))
    return list(found.values())


def outline(config: CompareConfig, names: Sequence[str], run: Path) -> dict[str, int]:
    """How many episodes each run has, references and baseline included. Raises UsageError for one that is not there."""
    found: dict[str, int] = {}
    for name in (*names, *config.references, *filter(None, [config.baseline])):
        place = place_of(name, run)
        with Store.read(place.store) as store:
            store.require(place.collection)
            found[name] = store.collections()[place.collection]
    return found
