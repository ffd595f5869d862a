"""How well rules agree with a truth: each alone and in order, with bars that are tried on tasks they were not found on.

No filter reads what stands here: a calibration says what a filter is worth, and a bar that it finds is only taken over
by whoever sets it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Model, Scorer
from webapprentice.core.records import Trajectory
from webapprentice.curate.filtering import RULES, FilterConfig, Filtered, filter
from webapprentice.curate.judging import Judge
from webapprentice.curate.noise import Calibration, Halves, Threshold, attempts_of, by_task, group_of, rules_key
from webapprentice.dialect import Dialect
from webapprentice.metrics import Agreement, agreement
from webapprentice.metrics.noise import Asked, expected_noise
from webapprentice.models import ModelConfig
from webapprentice.page.form import Count

_BARS = {
    "vote": "vote_share",
    "likely": "likely_least",
    "critique": "critique_threshold",
    "judge": "judge.threshold",
}
_MOST_BARS = 200

Truth = Mapping[str, bool | None]


class CalibrateConfig(Config):
    """Everything that may differ between two runs of `apprentice calibrate`."""

    filter: FilterConfig = FilterConfig()
    """The rules that are calibrated together, in order."""
    each: bool = True
    """Also each rule there is on its own; those that ask a model only where one is given."""
    labels: Path | None = None
    """JSONL or CSV with `key` and `label` (true or false); none: the score in the store is the truth."""
    precision: float | None = Field(default=None, gt=0.0, le=1.0)
    """The bar of a rule with a score is the lowest that is this precise on the first half; none: the best F1."""
    halves: int = Field(default=20, ge=0)
    """Random halves of the tasks on which the expected noise is tried."""
    level: float = Field(default=0.95, gt=0.0, lt=1.0)
    """Of every interval."""
    seed: int = 0
    """Of the halves and of resampling."""
    dialect: str = "compact"
    """The dialect in which the model acted."""
    model: str = ""
    """For `critique`: a model that can score answers."""
    options: ModelConfig = ModelConfig()


@dataclass(frozen=True)
class Asking:
    """What rules may ask."""

    dialect: Dialect
    count: Count
    model: Model | None = None
    scorer: Scorer | None = None
    judge: Judge | None = None


async def calibrate(
    trajectories: Sequence[Trajectory],
    truth: Truth,
    config: CalibrateConfig,
    asking: Asking,
    collection: str,
) -> list[Calibration]:
    """The rules of `config.filter` together, then each alone. Raises as `filter` does."""
    found = []
    for name, rules in _sets(config, asking):
        how = rules.with_(alone=False)
        kept = await _filtered(trajectories, how, asking)
        one = _calibration(name, trajectories, truth, how, kept, asking, collection, config)
        if len(rules.ordered) == 1 and rules.ordered[0] in _BARS:
            one = one.with_(threshold=await _bar(trajectories, truth, how, asking, config))
        found.append(one)
    return found


def truth_by_score(trajectories: Sequence[Trajectory]) -> dict[str, bool | None]:
    """Programmatic reward as the truth; None where nobody judged."""
    return {one.key: None if one.score is None else one.succeeded for one in trajectories}


def halves(groups: Sequence[str], seed: int) -> tuple[set[str], set[str]]:
    """The tasks in two halves; which is in which follows from their names and the seed."""
    ordered = sorted(set(groups), key=lambda group: (seed_for("half", seed, group), group))
    middle = (len(ordered) + 1) // 2
    return set(ordered[:middle]), set(ordered[middle:])


def _sets(config: CalibrateConfig, asking: Asking) -> Iterator[tuple[str, FilterConfig]]:
    own = config.filter
    name = own.preset if own.rules is None else " ".join(own.rules) or "none"
    yield name, own
    for rule in RULES if config.each else ():
        needs = {"critique": asking.scorer, "judge": asking.judge}
        if needs.get(rule, rule) is not None and (rule,) != own.ordered:
            yield rule, own.with_(rules=(rule,), soft=())


async def _filtered(trajectories: Sequence[Trajectory], config: FilterConfig, asking: Asking) -> Filtered:
    return await filter(trajectories, config, asking.scorer, asking.dialect, asking.count, asking.judge)


def _calibration(
    name: str,
    trajectories: Sequence[Trajectory],
    truth: Truth,
    how: FilterConfig,
    found: Filtered,
    asking: Asking,
    collection: str,
    config: CalibrateConfig,
) -> Calibration:
    kept = set(found.kept)
    eligible = [one for one in trajectories if one.key in found.judgments]
    episodes: dict[str, set[int]] = {}
    for one in eligible:
        if truth.get(one.key) is not None:
            episodes.setdefault(group_of(one), set()).add(one.provenance.seed)
    asks = asking.judge.model if asking.judge and "judge" in how.ordered else asking.model
    return Calibration(
        key=rules_key(how, asking.dialect, asking.model, asking.judge.model if asking.judge else None),
        rules=how.ordered,
        name=name,
        dialect=asking.dialect.spelling.value,
        model=asks.key if asks and {"judge", "critique"} & set(how.ordered) else "",
        actors=tuple(sorted({one.provenance.model for one in eligible})),
        collection=collection,
        truth=config.labels.name if config.labels else "score",
        eligible=len(eligible),
        attempts=attempts_of(eligible),
        kept=len(kept),
        undecided=sum(any(one.passed is None for one in found.judgments[key]) for key in kept),
        agreement=_agree(eligible, kept, truth, config),
        by_task=by_task(eligible, kept, truth),
        episodes={task: tuple(sorted(seeds)) for task, seeds in sorted(episodes.items())},
        by_halves=_tried(eligible, kept, truth, config) if config.halves else None,
    )


def _agree(some: Sequence[Trajectory], kept: set[str], truth: Truth, config: CalibrateConfig) -> Agreement:
    return agreement(
        [one.key in kept for one in some],
        [truth.get(one.key) for one in some],
        [group_of(one) for one in some],
        level=config.level,
        seed=config.seed,
    )


def _tried(eligible: Sequence[Trajectory], kept: set[str], truth: Truth, config: CalibrateConfig) -> Halves | None:
    """The noise of one half of the tasks foretold from the other, for many halves."""
    known = by_task(eligible, kept, truth)
    held, widths, errors = 0, [], []
    for turn in range(config.halves):
        first, second = halves([one.task for one in known], seed_for(config.seed, turn))
        rest = [one for one in known if one.task in second and one.rows]
        asked = [Asked(task=one.task, eligible=one.eligible, kept=one.kept, rows=one.rows) for one in rest]
        band = expected_noise(
            [one for one in known if one.task in first], asked, level=config.level, seed=seed_for(config.seed, turn)
        )
        if band is None:
            continue
        true = sum(one.wrong_rows for one in rest) / sum(one.rows for one in rest)
        held += band.low <= true <= band.high
        widths.append(band.high - band.low)
        errors.append(band.estimate - true)
    if not widths:
        return None
    return Halves(
        halves=len(widths),
        held=held,
        level=config.level,
        width=float(np.mean(widths)),
        error=float(np.mean(errors)),
    )


async def _bar(
    trajectories: Sequence[Trajectory], truth: Truth, how: FilterConfig, asking: Asking, config: CalibrateConfig
) -> Threshold | None:
    """The bar of a rule with a score, found on one half of the tasks and tried on the other."""
    (rule,) = how.ordered
    open_to_all = how.with_(
        vote_share=0.0,
        likely_least=None,
        critique_threshold=0.0,
        judge=how.judge.with_(threshold=0.0),
    )
    judge = asking.judge
    free = replace(asking, judge=judge and Judge(judge.model, open_to_all.judge, judge.kept))
    found = await _filtered(trajectories, open_to_all, free)
    scores: dict[str, float | None] = {}
    for key in found.kept:
        (judgment,) = found.judgments[key]
        scores[key] = judgment.score
    eligible = [one for one in trajectories if one.key in found.judgments and truth.get(one.key) is not None]
    first, second = halves([group_of(one) for one in eligible], config.seed)
    mine = [one for one in eligible if group_of(one) in first]
    others = [one for one in eligible if group_of(one) in second]
    bar = _best([(scores[one.key], bool(truth[one.key])) for one in mine if one.key in scores], mine, truth, config)
    if bar is None or not others:
        return None
    kept = {key for key, score in scores.items() if score is None or score >= bar}
    return Threshold(
        knob=_BARS[rule],
        value=bar,
        found_on=_agree(mine, kept, truth, config),
        checked_on=_agree(others, kept, truth, config),
    )


def _best(
    scored: Sequence[tuple[float | None, bool]], mine: Sequence[Trajectory], truth: Truth, config: CalibrateConfig
) -> float | None:
    """The bar with the best F1, or the lowest of the wanted precision; None where there is none."""
    values = sorted({score for score, _ in scored if score is not None and math.isfinite(score)})
    if not values:
        return None
    if len(values) > _MOST_BARS:
        values = [values[round(place)] for place in np.linspace(0, len(values) - 1, _MOST_BARS)]
    solved = sum(bool(truth[one.key]) for one in mine)
    best: tuple[float, float] | None = None
    for bar in values:
        passing = [right for score, right in scored if score is None or score >= bar]
        hits = sum(passing)
        if config.precision is not None:
            if passing and hits / len(passing) >= config.precision:
                return bar
            continue
        f1 = 2 * hits / (len(passing) + solved) if passing or solved else 0.0
        if best is None or f1 > best[0]:
            best = f1, bar
    return best[1] if best else None
