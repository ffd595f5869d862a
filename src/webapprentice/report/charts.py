"""Charts as plain SVG. Positions across are percentages, so a chart keeps its text and dots at any width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from webapprentice.metrics import Interval
from webapprentice.report.data import LossPoint
from webapprentice.report.markup import Html, tag

_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_MOST_POINTS = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """One dot with its interval."""

    value: float
    interval: Interval | None
    look: str
    """CSS class: base, improved, reward, other."""
    says: str
    """Shown under the pointer and read aloud."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From a value to a place across the chart."""

    low: float = 0.0
    high: float = 1.0

    def place(self, value: float) -> str:
        """A percentage of the chart's width, never outside it."""
        share = (value - self.low) / (self.high - self.low)
        return f"{100 * min(max(share, 0.0), 1.0):.2f}%"


def around_zero(values: Sequence[float]) -> Scale:
    """A scale for differences: symmetric about zero, in steps of five points, at least ten."""
    reach = max([0.1, *(abs(value) for value in values)])
    steps = -(-reach // 0.05)
    return Scale(-0.05 * steps, 0.05 * steps)


def dots(
    marks: Sequence[Mark], scale: Scale, *, height: int = 22, grid: Sequence[float] = _TICKS, band: bool = False
) -> Html:
    """One row: every mark on its own level, faint grid lines, and a band from the first mark to the last if wanted."""
    lines: list[Html] = [
        _line(scale.place(at), 0, height, "zero" if at == 0 and scale.low < 0 else "grid") for at in grid
    ]
    if band and len(marks) == 2 and marks[0].value != marks[1].value:
        low, high = sorted(mark.value for mark in marks)
        left, right = scale.place(low), scale.place(high)
        width = f"{float(right[:-1]) - float(left[:-1]):.2f}%"
        look = "span up" if marks[1].value > marks[0].value else "span down"
        lines.append(tag("rect", x=left, y=2, width=width, height=height - 4, class_=look))
    gap = height / (len(marks) + 1) if marks else height
    for number, mark in enumerate(marks):
        lines.append(_mark(mark, scale, round(gap * (number + 1), 1)))
    says = "; ".join(mark.says for mark in marks) or "not measured"
    return tag("svg", lines, width="100%", height=height, role="img", aria_label=says)


def axis(scale: Scale, ticks: Sequence[float] = _TICKS, signed: bool = False) -> Html:
    """The numbers under or over a column of rows."""
    texts = [
        tag(
            "text",
            f"{100 * at:+.0f}".replace("-", "−") if signed and at else f"{100 * at:.0f}",
            x=scale.place(at),
            y=11,
            text_anchor="middle",
        )
        for at in ticks
    ]
    return tag("svg", texts, width="100%", height=15, aria_hidden="true")


def funnel(total: int, left: int, dropped: int) -> Html:
    """A bar of all attempts: what a rule left, what it dropped, what was gone before."""
    whole = max(total, 1)
    kept, gone = 100 * left / whole, 100 * dropped / whole
    says = f"{left} left, {dropped} dropped, of {total}"
    return tag(
        "svg",
        tag("title", says),
        tag("rect", x=0, y=4, width="100%", height=10, class_="rest"),
        tag("rect", x=0, y=4, width=f"{kept:.2f}%", height=10, class_="kept"),
        tag("rect", x=f"{kept:.2f}%", y=4, width=f"{gone:.2f}%", height=10, class_="gone"),
        width="100%",
        height=18,
        role="img",
        aria_label=says,
    )


def share(part: float, whole: float) -> Html:
    """A plain bar."""
    width = 100 * part / whole if whole > 0 else 0.0
    bars = [
        tag("rect", x=0, y=4, width="100%", height=8, class_="rest"),
        tag("rect", x=0, y=4, width=f"{min(width, 100.0):.2f}%", height=8, class_="kept"),
    ]
    return tag("svg", bars, width="100%", height=16, aria_hidden="true")


def curve(loss: Sequence[LossPoint], validation: Sequence[LossPoint]) -> Html:
    """Loss against updates, from zero up so that a small fall looks small."""
    loss, validation = finite(loss), finite(validation)
    every = [*loss, *validation]
    if not every:
        return tag("p", "Every loss was infinite or no number.")
    first, last = min(point.step for point in every), max(point.step for point in every)
    top = max(point.loss for point in every) * 1.05 or 1.0
    size = 150
    parts: list[Html] = []
    for number in range(5):
        y = size * number / 4
        parts.append(tag("line", x1=0, x2="100%", y1=y, y2=y, class_="grid"))
        parts.append(tag("text", f"{top * (1 - number / 4):.2f}", x=-6, y=y + 4, text_anchor="end"))
    parts.append(tag("text", f"{first}", x=0, y=size + 16))
    parts.append(tag("text", f"{last} updates", x="100%", y=size + 16, text_anchor="end"))
    lines = [
        tag("polyline", points=_points(points, first, last, top), class_=look)
        for points, look in ((thin(loss), "curve"), (thin(validation), "curve check"))
        if points
    ]
    inner = tag("svg", lines, viewBox="0 0 1000 1000", preserveAspectRatio="none", width="100%", height=size)
    says = (
        f"Loss over {last - first} updates, from {every[0].loss:.3f} to {loss[-1].loss if loss else every[-1].loss:.3f}"
    )
    return tag("div", tag("svg", parts, inner, width="100%", height=size, role="img", aria_label=says), class_="chart")


def finite(points: Sequence[LossPoint]) -> list[LossPoint]:
    """Without the points of a training that diverged."""
    return [point for point in points if math.isfinite(point.loss)]


def thin(points: Sequence[LossPoint], most: int = _MOST_POINTS) -> list[LossPoint]:
    """At most `most` points: the means of equal runs, so that a spike between two kept points is not lost."""
    if len(points) <= most:
        return list(points)
    means = []
    for number in range(most):
        run = points[number * len(points) // most : (number + 1) * len(points) // most]
        means.append(LossPoint(step=run[-1].step, loss=sum(point.loss for point in run) / len(run)))
    return means


def _points(points: Sequence[LossPoint], first: int, last: int, top: float) -> str:
    width = max(last - first, 1)
    return " ".join(f"{1000 * (p.step - first) / width:.1f},{1000 * (1 - p.loss / top):.1f}" for p in points)


def _line(x: str, top: float, bottom: float, look: str) -> Html:
    return tag("line", x1=x, x2=x, y1=top, y2=bottom, class_=look)


def _mark(mark: Mark, scale: Scale, y: float) -> Html:
    parts: list[Html] = [tag("title", mark.says)]
    if mark.interval is not None:
        ends = {"x1": scale.place(mark.interval.low), "x2": scale.place(mark.interval.high)}
        parts.append(tag("line", y1=y, y2=y, class_=f"{mark.look} w", **ends))
    parts.append(tag("circle", cx=scale.place(mark.value), cy=y, r=4, class_=mark.look))
    return tag("g", parts)
