"""The report for a terminal: plain text, no colours, nothing that a page could smuggle into a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from webapprentice.core.text import clean, squeeze
from webapprentice.report import words
from webapprentice.report.data import Curation, ReportData, Split
from webapprentice.report.markup import shorten

_WIDTH = 100


def summary_text(report: ReportData) -> str:
    """The result, the table of arms and what the filter did, in at most 100 columns where names allow."""
    blocks = [
        [_plain(report.title) + (f"   (run {_plain(report.origin.run)})" if report.origin.run else "")],
        textwrap.wrap(words.summary(report), _WIDTH, initial_indent="  ", subsequent_indent="  "),
        _headline(report),
        _arms(report),
        _filter(report.curation),
        [
            line
            for caution in words.cautions(report)
            for line in textwrap.wrap(caution, _WIDTH, initial_indent="  * ", subsequent_indent="    ")
        ],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _headline(report: ReportData) -> list[str]:
    if report.improved == report.base:
        return []
    rows = [["decoding", "tasks", "base", "improved", "difference", "sign test"]]
    for temperature in report.temperatures:
        for split in Split:
            base, improved = (
                report.cell(report.base, temperature, split),
                report.cell(report.improved, temperature, split),
            )
            if base is None and improved is None:
                continue
            difference = improved.difference if improved else None
            change = words.MISSING
            if difference is not None:
                change = f"{words.points(difference.value)} {words.between(difference.interval, signed=True)}"
            sign = words.probability(difference.sign_p if difference else None)
            rates = [
                f"{words.percent(cell.rate.value)} ({cell.rate.solved}/{cell.rate.counted})" if cell else words.MISSING
                for cell in (base, improved)
            ]
            rows.append([words.decoding(temperature), split.value.replace("_", "-"), *rates, change, sign])
    return _columns(rows) if len(rows) > 1 else []


def _arms(report: ReportData) -> list[str]:
    rows = [["arm", *(f"{words.decoding(t)}, all" for t in report.temperatures), "faults"]]
    for arm in report.arms:
        row, faults = [shorten(_plain(arm.title), 40)], []
        for temperature in report.temperatures:
            cell = report.cell(arm.key, temperature)
            if cell is None:
                row.append(words.MISSING)
                continue
            gain = f"  {words.points(cell.difference.value)}" if cell.difference else ""
            row.append(words.percent(cell.rate.value) + gain)
            faults.append(cell.rate.faults)
        known = [fault for fault in faults if fault is not None]
        rows.append([*row, str(sum(known)) if known and len(known) == len(faults) else words.MISSING])
    return _columns(rows) if report.temperatures else []


def _filter(curated: Curation | None) -> list[str]:
    if curated is None:
        return []
    tasks = (
        ""
        if curated.tasks_kept is None or curated.tasks is None
        else f" on {curated.tasks_kept} of {curated.tasks} tasks"
    )
    last = curated.rules[-1] if curated.rules else None
    lines = [f"  Filter kept {curated.kept:,} of {curated.attempts:,} attempts{tasks}."]
    if last is not None:
        lines.append(
            f"  Precision {words.percent(curated.base_precision)} → {words.percent(last.precision)}, recall "
            f"{words.percent(last.recall)}, by a reward that was never used to select."
        )
    return lines


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _plain(text: str) -> str:
    return squeeze(clean(text))
