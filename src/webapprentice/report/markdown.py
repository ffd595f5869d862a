"""The table of arms as Markdown, for a README or a paper's appendix."""

from __future__ import annotations

from webapprentice.core.text import clean, squeeze
from webapprentice.report import words
from webapprentice.report.data import Cell, ReportData, Split

_SPLITS = {Split.ATTEMPTED: "practised", Split.HELD_OUT: "held out", Split.ALL: "all"}


def markdown_table(report: ReportData) -> str:
    """One row an arm: success at each temperature on practised, held-out and all tasks, with the paired difference to
    the base in points and its interval; the relative change on practised tasks at the highest temperature last."""
    columns = [
        (temperature, split)
        for temperature in sorted(report.temperatures, reverse=True)
        for split in _SPLITS
        if report.cell(report.base, temperature, split) is not None
    ]
    head = ["arm", *(f"{words.decoding(t)}, {_SPLITS[split]}" for t, split in columns), "relative, practised"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for arm in report.arms:
        title = squeeze(clean(arm.title)).replace("|", "\\|")
        cells = [_cell(report.cell(arm.key, *column)) for column in columns]
        lines.append("| " + " | ".join([title, *cells, _relative(report, arm.key)]) + " |")
    return "\n".join(lines) + "\n"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return words.MISSING
    rate = words.percent(cell.rate.value)
    if cell.difference is None:
        return rate
    return f"{rate}, {words.points(cell.difference.value)} {words.between(cell.difference.interval, signed=True)}"


def _relative(report: ReportData, arm: str) -> str:
    cell = report.cell(arm, max(report.temperatures), Split.ATTEMPTED) if report.temperatures else None
    found = cell.difference.relative if cell and cell.difference else None
    if found is None:
        return ""
    return f"{found.estimate:+.0%} [{found.low:+.0%}, {found.high:+.0%}]".replace("-", "−")
