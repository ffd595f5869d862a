"""Runs side by side as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.metrics import Figure, Interval
from webapprentice.metrics.capability import Moved, Shown
from webapprentice.metrics.comparison import Compared, Pair, Side
from webapprentice.report.words import MISSING

_SHOWN = 6
"""Capabilities of a list that are written out."""


def comparison_text(found: Compared) -> str:
    """The headline, a line a run, a line a pair, and the capabilities gained and lost against the first run."""
    parts = [_headline(found), *(_side(side, found) for side in found.sides)]
    if len(found.sides) > 2:
        parts += [_difference(pair) for pair in found.differences]
    parts += [_needed(pair) for pair in found.differences if pair.base == found.sides[0].name]
    first = found.sides[0].name
    parts += [_moved(moved) for moved in found.moves if moved.other == first]
    parts.append(_by(found))
    return "\n".join(part for part in parts if part)


def _headline(found: Compared) -> str:
    """The first run against all others, as one change."""
    change, sign = found.together.micro, found.together.sign
    band = change.difference_seeds or change.difference
    text = f"{change.base:.1%} -> {change.tuned:.1%}, difference {change.gain:+.1%}"
    if band:
        text += f" [{band.low:+.1%}, {band.high:+.1%}]"
    relative = change.relative_seeds or change.relative
    if relative:
        text += f", relative {relative.estimate:+.1%} [{relative.low:+.1%}, {relative.high:+.1%}]"
    text += f"\n{found.together.pairs} pairs on {found.together.tasks} tasks; {sign.better} tasks better, "
    return text + f"{sign.worse} worse, exact sign test p = {sign.p_value:.3g}"


def _side(side: Side, found: Compared) -> str:
    solved = side.success
    clustered = solved.micro_clustered or solved.micro
    lines = [f"\n{side.name}", f"  solved            {_share(clustered)} of {solved.episodes:,}"]
    if side.without_trivial is not None:
        lines.append(
            f"  without trivial   {_share(side.without_trivial.micro_clustered or side.without_trivial.micro)} of "
            f"{side.without_trivial.episodes:,}; the trivial agent solves {side.trivial_share or 0:.1%} of all tasks"
        )
    elif side.trivial_share is not None:
        lines.append(f"  without trivial   the same; the trivial agent solves {side.trivial_share:.1%} of all tasks")
    can = side.capability
    text = f"  capabilities      {len(can.possessed)} of K = {can.k} ({can.score:.1%})"
    if side.capability_without_trivial is not None:
        left = side.capability_without_trivial
        text += f"; without trivial tasks {len(left.possessed)} of {left.k}"
    if side.capability_at_least is not None:
        certain = len(side.capability_at_least.possessed)
        text += f"; {certain} solved at a rate of {found.at_least:.0%} or more (lower bound)"
    lines.append(text)
    if side.vertex is not None:
        text = f"  VERTEX_DTW        {_figure(side.vertex.mean)} of {side.vertex.mean.over:,}"
        text += f"; by capability {_figure(side.vertex.by_capability)}"
        if side.vertex.without_trivial is not None:
            text += f"; without trivial tasks {_figure(side.vertex.without_trivial)}"
        lines.append(text)
    ways = side.conduct
    lines.append(f"  steps an episode  {_figure(ways.length, 2)}")
    lines.append(
        f"  of {ways.steps:,} steps  {_percent(ways.unreadable)} unreadable, {_percent(ways.undone)} not carried out, "
        f"{_percent(ways.repeated)} repeated"
    )
    if ways.solved:
        lines.append(
            f"  a solved episode  {ways.tokens / ways.solved:,.0f} tokens, {ways.seconds / ways.solved:,.1f} s, "
            f"{ways.steps / ways.solved:,.1f} steps"
        )
    for name, interval in (side.legacy or {}).items():
        lines.append(f"  legacy: {name} {interval.estimate:.4f} [{interval.low:.4f}, {interval.high:.4f}]")
    return "\n".join(lines)


def _difference(pair: Pair) -> str:
    change, sign = pair.comparison.micro, pair.comparison.sign
    band = f" [{change.difference.low:+.1%}, {change.difference.high:+.1%}]" if change.difference else ""
    text = f"\n{pair.base} -> {pair.tuned}: {change.gain:+.1%}{band}, {sign.better} better, {sign.worse} worse, "
    text += f"p = {sign.p_value:.3g}"
    return text + (f", VERTEX_DTW {_figure(pair.vertex)}" if pair.vertex and pair.vertex.value is not None else "")


def _needed(pair: Pair) -> str:
    lines = []
    if pair.price.tokens is not None and pair.price.seconds is not None and pair.price.steps is not None:
        lines.append(
            f"{pair.tuned}: each of {pair.price.extra:g} further solved episodes took {pair.price.tokens:,.0f} tokens, "
            f"{pair.price.seconds:,.1f} s, {pair.price.steps:,.1f} steps of the whole run"
        )
    wanted = pair.needed
    if wanted is not None and wanted.clusters is not None:
        seeds = f"{wanted.seeds:,} seeds of each template there is" if wanted.seeds else "no number of seeds"
        lines.append(
            f"{pair.tuned}: to see a gain of {wanted.gain:.0%} with {wanted.power:.0%} power: "
            f"{wanted.clusters:,} templates, or {seeds}"
        )
    return "\n".join(lines)


def _moved(moved: Moved) -> str:
    lines = []
    for word, some in (("gained", moved.gained), ("lost", moved.lost)):
        lines.append(f"{moved.run} {word} {len(some)} capabilities" + (": " if some else "") + _list(some))
    return "\n".join(lines)


def _list(some: Sequence[Shown]) -> str:
    shown = [f"{one.capability} ({one.examples[0][:60]})" if one.examples else one.capability for one in some[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else "")


def _by(found: Compared) -> str:
    if not found.embedder:
        return f"\n{found.templates} templates, each with sites of its own, each a capability"
    how = "words alone (lexical)" if found.lexical else found.embedder
    text = (
        f"\n{found.templates} templates, {found.capabilities} capabilities; alike from {found.threshold:g} on, by {how}"
    )
    return text + (f"; VERTEX_DTW against {found.references:,} trajectories, {found.node}" if found.references else "")


def _share(interval: Interval | None) -> str:
    return MISSING if interval is None else f"{interval.estimate:.1%} [{interval.low:.1%}, {interval.high:.1%}]"


def _figure(figure: Figure, digits: int = 4) -> str:
    if figure.value is None:
        return MISSING
    band = figure.interval
    return f"{figure.value:.{digits}f}" + (f" [{band.low:.{digits}f}, {band.high:.{digits}f}]" if band else "")


def _percent(figure: Figure) -> str:
    return MISSING if figure.value is None else f"{figure.value:.1%}"
