"""Scores as text."""

from __future__ import annotations

from webapprentice.core.text import squeeze
from webapprentice.evaluate.scoring.run import Column, Scores
from webapprentice.metrics import Figure


def table_text(scores: Scores) -> str:
    """A table with a line a figure and a column a reading or baseline, and what stands behind it."""
    lines = [
        f"{scores.setting} · {squeeze(scores.model)[:80]} (key {scores.model_key}) · {scores.collection}: "
        f"{scores.trajectories:,} trajectories, {scores.steps:,} steps (data key {scores.data})"
    ]
    if scores.taught:
        lines.append(f"{scores.taught:,} of them taught this model: their figures measure memory, not skill")
    if scores.left_out:
        lines.append(f"{scores.left_out:,} steps left out: no action that was carried out")
    if scores.without_target:
        lines.append(f"{scores.without_target:,} steps have no target on their page: nobody was asked, they are wrong")
    names = [figure.name for figure in scores.columns[0].figures]
    for column in scores.columns[1:]:
        names += [figure.name for figure in column.figures if figure.name not in names]
    width = max(map(len, names))
    cells = [[_cell(column, name) for name in names] for column in scores.columns]
    widths = [max(len(column.name), *map(len, some)) for column, some in zip(scores.columns, cells, strict=True)]
    head = "  ".join(column.name.ljust(w) for column, w in zip(scores.columns, widths, strict=True))
    lines += ["", f"{'':{width}}  {head}".rstrip()]
    for place, name in enumerate(names):
        row = "  ".join(some[place].ljust(w) for some, w in zip(cells, widths, strict=True))
        lines.append(f"{name:{width}}  {row}".rstrip())
    lines.append("")
    for figure in scores.differences:
        lines.append(f"steps right, {figure.name}: {_points(figure)}")
    for figure in scores.against:
        times = "over" in figure.name
        lines.append(f"steps right, {figure.name}: {_times(figure) if times else _points(figure)}")
    for column in scores.columns:
        if column.kind == "model":
            lines.append(
                f"{column.name}: {column.answers:,} answers, {column.unreadable:,} without a readable action on the "
                f"page, {column.refused:,} refused"
            )
    if not scores.learned_from:
        lines.append("baselines: not measured; they learn from trajectories that keys and split leave")
    else:
        lines.append(f"baselines learned from {scores.learned_from:,} other trajectories")
    return "\n".join(lines)


def _cell(column: Column, name: str) -> str:
    figure = next((one for one in column.figures if one.name == name), None)
    if figure is None:
        return "–"
    return "not measured" if figure.value is None else _share(figure)


def _times(figure: Figure) -> str:
    if figure.value is None:
        return "not defined: nothing was right before"
    text = f"{figure.value:.1f} times"
    if figure.interval is not None:
        low, high = figure.interval.low, figure.interval.high
        text += f" [{low:.1f}, {high:.1f}]" if high < 1e6 else f" [{low:.1f}, no bound]"
    return text


def _points(figure: Figure) -> str:
    if figure.value is None:
        return "not measured"
    text = f"{100 * figure.value:+.1f} points"
    if figure.interval is not None:
        text += f" [{100 * figure.interval.low:+.1f}, {100 * figure.interval.high:+.1f}]"
    return text


def _share(figure: Figure) -> str:
    assert figure.value is not None
    text = f"{figure.value:.1%}"
    if figure.interval is not None:
        text += f" [{figure.interval.low:.1%}, {figure.interval.high:.1%}]"
    return f"{text} of {figure.over:,}"
