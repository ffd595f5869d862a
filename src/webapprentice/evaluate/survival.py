"""How often the element that was acted on is still in the text that a model reads, by site and by budget."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.records import Record, Trajectory
from webapprentice.curate.chunked import usable
from webapprentice.curate.sheets import Blob, Desk
from webapprentice.curate.splits import host_of
from webapprentice.dialect import Dialect
from webapprentice.models import ModelConfig
from webapprentice.page.form import Count, Form


class SurvivalConfig(Config):
    """Everything that may differ between two runs of `apprentice survival`."""

    collection: str = "imported/scribe"
    """Which trajectories of the store."""
    budgets: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(2048, 4096, 8192, 16384, 32768), min_length=1)
    """Tokens of page text."""
    dialect: str = "scribe"
    """How pages are put into text by our own rules; ScribeAgent's are always HTML."""
    model: str = "seed"
    """Whose tokenizer counts."""
    options: ModelConfig = ModelConfig()


WAYS = ("taught", "asked", "scribe", "scribe_tail")
"""`taught`: our pruning when the target is known, as in training rows. `asked`: our pruning without knowing it, as when
acting. `scribe`: ScribeAgent's rules, some chunk. `scribe_tail`: its last chunk, as in its own test."""


class Survival(Record):
    """Of one site, or of all."""

    site: str
    steps: int
    """Steps that point at an element."""
    shares: dict[str, dict[int, float]]
    """Way → budget → share of the targets that are in the text; a way is absent where no step has HTML."""


def survival(
    trajectories: Iterable[Trajectory], dialect: Dialect, budgets: tuple[int, ...], count: Count, blob: Blob
) -> list[Survival]:
    """All sites together first, then each, the largest first."""
    steps: Counter[str] = Counter()
    held: dict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    scribe = Desk(dialect, "scribe", "canonical", count, blob)
    for trajectory in trajectories:
        for place, step in enumerate(trajectory.steps):
            target = scribe.target(step)
            if target is None or not usable(step):
                continue
            sites = ("all", host_of(step.observation.url) or "unknown")
            html = step.observation.html is not None and dialect.form is Form.HTML
            found = _kept(trajectory, place, target, dialect, budgets, count, scribe if html else None)
            for site in sites:
                steps[site] += 1
                asked[site].update(("taught", "asked", *(("scribe", "scribe_tail") if html else ())))
                held[site].update(found)
    order = sorted(steps, key=lambda site: (site != "all", -steps[site], site))
    return [
        Survival(
            site=site,
            steps=steps[site],
            shares={
                way: {budget: held[site][way, budget] / asked[site][way] for budget in budgets}
                for way in WAYS
                if asked[site][way]
            },
        )
        for site in order
    ]


def _kept(
    trajectory: Trajectory,
    place: int,
    target: int,
    dialect: Dialect,
    budgets: tuple[int, ...],
    count: Count,
    scribe: Desk | None,
) -> list[tuple[str, int]]:
    """The ways and budgets in which the target of this step is in the text."""
    seen = trajectory.steps[place].observation
    found = []
    for budget in budgets:
        how = dialect.with_(budget=budget)
        for way, known in (("taught", target), ("asked", None)):
            if target in how.describe(seen, count, known).kept:
                found.append((way, budget))
        if scribe is not None:
            parts = scribe.parts(seen, budget)
            found += [("scribe", budget)] if any(target in part for part in parts) else []
            found += [("scribe_tail", budget)] if parts and target in parts[0] else []
    return found


def survival_text(found: list[Survival], budgets: tuple[int, ...], most: int = 20) -> str:
    """A table for people."""
    lines = []
    for one in found[: most + 1]:
        lines.append(f"{one.site}: {one.steps:,} steps with a target")
        for way, shares in one.shares.items():
            lines.append(f"  {way:12s}" + "".join(f"{shares[budget]:>9.2%}" for budget in budgets))
    head = " " * 14 + "".join(f"{budget:>9,}" for budget in budgets)
    more = [f"and {len(found) - most - 1:,} more sites"] if len(found) > most + 1 else []
    return "\n".join([head, *lines, *more])
