"""Success by task: one row a task, one column of dots a temperature."""

from __future__ import annotations

from webapprentice.report import charts, words
from webapprentice.report.charts import Mark
from webapprentice.report.data import Rate, ReportData, Split, TaskRow
from webapprentice.report.markup import Html, shorten, tag
from webapprentice.report.sections import section

_MOST = 400


def tasks(report: ReportData) -> Html:
    """Base and improved, task by task, grouped by split, the largest gain at the first temperature on top."""
    if not report.tasks:
        return section("tasks", "Task by task", tag("p", f"Success by task was {words.MISSING}."))
    temperatures = tuple(sorted({row.temperature for row in report.tasks}, reverse=True))[:3]
    legend = tag(
        "div",
        tag("span", tag("span", class_="swatch"), "base"),
        tag("span", tag("span", class_="swatch improved"), "improved"),
        tag("span", "lines: 95 % intervals; numbers: percent solved"),
        class_="legend",
    )
    groups = [_group(report, split, temperatures) for split in (Split.ATTEMPTED, Split.HELD_OUT, Split.ALL)]
    return section("tasks", "Task by task", legend, tag("div", groups, class_="card tasks"))


def _group(report: ReportData, split: Split, temperatures: tuple[float, ...]) -> list[Html]:
    rows = {(row.task, row.temperature): row for row in report.tasks if row.split is split}
    names = sorted({name for name, _ in rows}, key=lambda name: _order(rows.get((name, temperatures[0])), name))
    if not names:
        return []
    look = f"task t{len(temperatures)}"
    heads = [tag("span", f"{words.SPLITS[split]} ({len(names):,})", class_="name")]
    under = [tag("span", class_="name")]
    for temperature in temperatures:
        changes = [_gain(rows.get((name, temperature))) for name in names]
        better = sum(change is not None and change > 0 for change in changes)
        worse = sum(change is not None and change < 0 for change in changes)
        heads += [
            tag("span", f"{words.decoding(temperature)}: {better} better, {worse} worse", class_="under soft"),
            tag("span", class_="under"),
        ]
        under += [charts.axis(charts.Scale()), tag("span")]
    body = [tag("div", _cells(name, rows, temperatures), class_=look) for name in names[:_MOST]]
    left = len(names) - _MOST
    note = [tag("p", f"… {left:,} more tasks", class_="note")] if left > 0 else []
    return [tag("div", heads, class_=f"{look} heading"), tag("div", under, class_=f"{look} axis"), *body, *note]


def _order(row: TaskRow | None, name: str) -> tuple[float, float, str]:
    gain = _gain(row)
    base = row.base.value if row is not None and row.base is not None else None
    return (2.0 if gain is None else -gain, -(base or 0.0), name)


def _gain(row: TaskRow | None) -> float | None:
    if row is None or row.base is None or row.improved is None or row.base.value is None or row.improved.value is None:
        return None
    return row.improved.value - row.base.value


def _cells(name: str, rows: dict[tuple[str, float], TaskRow], temperatures: tuple[float, ...]) -> list[Html]:
    cells = [tag("span", shorten(name.removeprefix("miniwob/"), 160), class_="name", title=shorten(name, 200))]
    for temperature in temperatures:
        row = rows.get((name, temperature))
        base, improved = (row.base, row.improved) if row is not None else (None, None)
        marks = [*_mark(base, "base"), *_mark(improved, "improved")]
        cells.append(charts.dots(marks, charts.Scale(), band=True))
        which = tag("span", f"{words.decoding(temperature)}: ", class_="which")
        cells.append(tag("span", which, f"{_short(base)} → {_short(improved)}", class_="change"))
    return cells


def _mark(rate: Rate | None, look: str) -> list[Mark]:
    if rate is None or rate.value is None:
        return []
    says = f"{look} {words.fraction(rate)}, {words.percent(rate.value)} {words.between(rate.interval)}"
    return [Mark(rate.value, rate.interval, look, says)]


def _short(rate: Rate | None) -> str:
    return "?" if rate is None or rate.value is None else f"{100 * rate.value:.0f}"
