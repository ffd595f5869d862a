"""An ablation as one HTML page that opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from webapprentice.core.records import Record
from webapprentice.metrics import Figure
from webapprentice.report import charts
from webapprentice.report.document import document, write_document
from webapprentice.report.markup import Html, shorten, tag

_SCALE = charts.Scale(-0.01, 1.04)
"""Shares, with room for the last number."""
_LOOKS = ("improved", "reward", "base", "other")


class Point(Record):
    """One cell of a grid at one reading."""

    at: dict[str, str]
    """Value on each axis."""
    reading: str
    """Such as `greedy` or `T = 1`."""
    rows: int
    updates: int
    figures: tuple[Figure, ...]

    def figure(self, name: str) -> Figure | None:
        """The figure of this name."""
        return next((one for one in self.figures if one.name == name), None)


class AblationData(Record):
    """What the page shows."""

    title: str
    about: str
    """What was scored, on what data, by which keys."""
    axes: tuple[str, ...]
    """Those with more than one value."""
    shown: tuple[str, ...]
    """Names of the figures that are drawn."""
    points: tuple[Point, ...]


def render_ablation(data: AblationData) -> str:
    """The whole page."""
    title = shorten(data.title, 200)
    legend = [
        tag("span", tag("span", class_=f"swatch {look}"), name) for name, look in zip(data.shown, _LOOKS, strict=False)
    ]
    drawn = [_axis(data, axis) for axis in data.axes]
    main = tag(
        "main",
        tag("p", shorten(data.about, 800), class_="lead"),
        tag("div", legend, class_="legend"),
        drawn or tag("p", "One cell: there is nothing to compare."),
        tag("h2", "All cells"),
        _table(data),
        tag(
            "p",
            "Lines are 95 % intervals that resample tasks; training was repeated with no other seed.",
            class_="note",
        ),
    )
    return document(title, tag("header", tag("h1", title)), main, tag("footer", "“Not measured” is never 0."))


def write_ablation(data: AblationData, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises OutputError when the disk refuses."""
    write_document(render_ablation(data), path)


def _axis(data: AblationData, axis: str) -> Html:
    """One axis: a group for each combination of the others, a row for each value."""
    groups: dict[tuple[str, ...], list[Point]] = {}
    for point in data.points:
        rest = tuple(f"{name} {point.at[name]}" for name in data.axes if name != axis)
        groups.setdefault((*rest, point.reading), []).append(point)
    rows: list[Html] = []
    for rest, points in groups.items():
        if len(points) > 1:
            rows.append(tag("tr", tag("th", " · ".join(rest), colspan=2)))
            rows += [_row(point, axis, data.shown) for point in points]
    scale = tag("tr", tag("th", axis), tag("th", charts.axis(_SCALE)))
    grid = tag("table", tag("thead", scale), tag("tbody", rows))
    return tag("section", tag("h2", f"By {axis}"), tag("div", grid, class_="card tablecard"))


def _row(point: Point, axis: str, shown: Sequence[str]) -> Html:
    marks = [
        charts.Mark(found.value, found.interval, look, f"{name}: {_said(found)}")
        for name, look in zip(shown, _LOOKS, strict=False)
        if (found := point.figure(name)) is not None and found.value is not None
    ]
    chart = charts.dots(marks, _SCALE, height=26)
    return tag("tr", tag("td", shorten(point.at[axis], 120)), tag("td", chart, class_="wide"))


def _table(data: AblationData) -> Html:
    heads = [*data.axes, "reading", "rows", "updates", *data.shown]
    rows = []
    for point in data.points:
        told = [*(shorten(point.at[axis], 120) for axis in data.axes), point.reading]
        told += [f"{point.rows:,}", f"{point.updates:,}", *(_said(point.figure(name)) for name in data.shown)]
        rows.append(tag("tr", [tag("td", one) for one in told]))
    table = tag("table", tag("thead", tag("tr", [tag("th", one) for one in heads])), tag("tbody", rows))
    return tag("div", table, class_="card tablecard")


def _said(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "not measured"
    text = f"{figure.value:.1%}"
    if figure.interval is not None:
        text += f" [{figure.interval.low:.1%}, {figure.interval.high:.1%}]"
    return f"{text} of {figure.over:,}"
