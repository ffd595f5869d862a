"""Which workflows are taught, which watch the loss, and which are kept for scoring; and what these still share."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.records import Record, Trajectory
from webapprentice.curate.draws import Draw


class Part(StrEnum):
    """One part of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    """Workflows of sites that are taught."""
    TEST_SITE = "test_site"
    """Workflows of sites of which nothing is taught."""


class SplitConfig(Config):
    """What is kept for scoring; what is left is taught, and a share of it watches the loss."""

    test: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the groups set aside for `test`."""
    by: Literal["workflow", "task", "template"] = "workflow"
    """What stays together: all with one objective, whatever they are called; one task; or one template. Each recording
    of a person is a task of its own, so only `workflow` keeps two of the same work together."""
    rewritten: bool = False
    """Let workflows whose objective a model has said anew into the tests, whose answers it may have been made from."""
    sites: tuple[str, ...] = ()
    """Hosts, such as shop.example or shop.example:8080, whose workflows all go to `test_site`."""
    seed: int = 42
    """Of which groups are set aside."""


def host_of(url: str) -> str:
    """Host and port, lower case; empty where there is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def words_of(goal: str) -> str:
    """An objective without case, punctuation and spacing: two that differ in nothing else are one workflow."""
    return " ".join(re.findall(r"\w+", goal.lower()))


def group_of(trajectory: Trajectory, by: str) -> str:
    """Name of what the trajectory must not be parted from."""
    task = trajectory.task
    if by == "workflow":  # by the objective that was first stated, however it was said anew since
        return words_of(task.goal or trajectory.goal) or task.id
    return (task.template or task.id) if by == "template" else task.id


def split(trajectories: Sequence[Trajectory], config: SplitConfig) -> dict[str, Part]:
    """Key → part, of which `validation` is none yet. Depends on keys and contents, not on the order.

    Raises UsageError where a site that is named has no trajectory, or nothing is left to teach.
    """
    wanted = {site.lower() for site in config.sites}
    hosts = {t.key: {host_of(site) for site in (*t.task.sites, *t.task.start_urls)} for t in trajectories}
    unknown = sorted(wanted - {host for every in hosts.values() for host in every})
    if unknown:
        known = sorted({host for every in hosts.values() for host in every if host})
        raise UsageError(
            f"no trajectory is of the site {unknown[0]}; the sites are {', '.join(known[:8]) or 'unknown'}"
        )
    parts = {t.key: Part.TEST_SITE if hosts[t.key] & wanted else Part.TRAIN for t in trajectories}
    groups: dict[str, list[str]] = defaultdict(list)
    for trajectory in trajectories:
        if parts[trajectory.key] is Part.TRAIN:
            groups[group_of(trajectory, config.by)].append(trajectory.key)
    room = config.test * sum(map(len, groups.values()))
    taken = 0
    for group in sorted(groups, key=lambda name: key_of(config.seed, "test", name)):
        if config.test and taken + len(groups[group]) <= room + 1e-9:
            taken += len(groups[group])
            parts.update(dict.fromkeys(groups[group], Part.TEST))
    if trajectories and Part.TRAIN not in parts.values():
        raise UsageError("nothing is left to teach: name fewer test sites")
    return parts


def rewritten(trajectory: Trajectory) -> bool:
    """Whether its objective is not the one that was first stated."""
    return trajectory.task.goal is not None and trajectory.task.goal != trajectory.goal


class Overlap(Record):
    """What the rows of one part share with the training rows."""

    rows: int
    tasks: int
    """Rows whose task is taught too, and so on."""
    templates: int
    goals: int
    """The same words, whatever their case and punctuation."""
    urls: int
    """The same address, without query and fragment."""
    sites: int
    prompts: int
    """The same prompt, letter for letter: those rows measure memory alone."""


class About(Record):
    """What overlap is told from, of one trajectory."""

    template: str
    goal: str


def address_of(url: str) -> str:
    """An address without query and fragment, in 12 hexadecimal digits."""
    return key_of(re.split(r"[?#]", url, maxsplit=1)[0], size=6)


def overlaps(parts: Mapping[Part, Sequence[Draw]], about: Mapping[str, About]) -> dict[str, Overlap]:
    """Of every part but `train`, in order."""
    taught = _traits(parts.get(Part.TRAIN, ()), about)
    found = {}
    for part in (Part.VALIDATION, Part.TEST, Part.TEST_SITE):
        rows = parts.get(part, ())
        shared = Counter(
            name for row in rows for name, value in _of(row, about[row.trajectory]).items() if value in taught[name]
        )
        found[part.value] = Overlap(rows=len(rows), **{name: shared[name] for name in taught})
    return found


def _traits(rows: Iterable[Draw], about: Mapping[str, About]) -> dict[str, set[str]]:
    traits: dict[str, set[str]] = {name: set() for name in ("tasks", "templates", "goals", "urls", "sites", "prompts")}
    for row in rows:
        for name, value in _of(row, about[row.trajectory]).items():
            traits[name].add(value)
    return traits


def _of(row: Draw, told: About) -> dict[str, str]:
    return {
        "tasks": row.task,
        "templates": told.template,
        "goals": told.goal,
        "urls": row.address,
        "sites": row.site,
        "prompts": row.asked,
    }
