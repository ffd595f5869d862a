"""Trajectories step by step: what the model saw, what it said, what was done, what came of it."""

from __future__ import annotations

import base64
import struct

from webapprentice.core.actions import Click, Drag
from webapprentice.core.records import Result
from webapprentice.report import words
from webapprentice.report.data import Attempt, Case, CaseKind, ReportData, ShownStep, Split
from webapprentice.report.markup import Child, Html, join, shorten, tag
from webapprentice.report.sections import definitions, section

MOST_CASES = 40
MOST_STEPS = 30
MOST_PAGE = 6000
MOST_SAID = 2000
MOST_LINE = 400
MOST_PNG = 300_000
"""Bytes of one screenshot; a larger one is named and left out."""
MOST_PNGS = 24_000_000
"""Bytes of all screenshots of a report together, the first cases first."""

_KINDS = {
    CaseKind.GAINED: ("gained", "up"),
    CaseKind.LOST: ("lost", "down"),
    CaseKind.BOTH_FAIL: ("both fail", ""),
    CaseKind.BOTH_SUCCEED: ("both succeed", ""),
    CaseKind.DROPPED_GOOD: ("filter dropped a solved one", "down"),
    CaseKind.DROPPED_BAD: ("filter dropped a failed one", ""),
    CaseKind.KEPT_GOOD: ("filter kept a solved one", ""),
    CaseKind.KEPT_BAD: ("filter was fooled", "down"),
    CaseKind.FAULT: ("fault", ""),
    CaseKind.OTHER: ("other", ""),
}


def cases(report: ReportData) -> Html:
    """All chosen trajectories, collapsible, the first one open."""
    if not report.cases:
        return section("cases", "Step by step", tag("p", "No trajectories were chosen."))
    shown = report.cases[:MOST_CASES]
    allowed = _affordable(shown)
    body = [_case(case, number, allowed) for number, case in enumerate(shown)]
    left = len(report.cases) - len(shown)
    return section(
        "cases",
        "Step by step",
        tag(
            "p",
            "The page text is what the model read; the outlined element is the one its action pointed at. "
            "Seeds are those of the examination, except where the filter is named.",
            class_="note",
        ),
        body,
        tag("p", f"… {left:,} more cases", class_="note") if left else None,
    )


def _affordable(shown: tuple[Case, ...]) -> frozenset[tuple[int, int, int]]:
    left, found = MOST_PNGS, set()
    for c, case in enumerate(shown):
        for a, attempt in enumerate(case.attempts):
            for s, step in enumerate(attempt.steps[:MOST_STEPS]):
                size = len(step.screenshot or b"")
                if 0 < size <= min(left, MOST_PNG):
                    left -= size
                    found.add((c, a, s))
    return frozenset(found)


def _case(case: Case, number: int, allowed: frozenset[tuple[int, int, int]]) -> Html:
    name, look = _KINDS[case.kind]
    place = "held-out" if case.split is Split.HELD_OUT else None
    seed = "" if case.seed is None else f"seed {case.seed}"
    summary = tag(
        "summary",
        tag("span", name, class_=f"chip {look}".strip()),
        tag("span", shorten(case.task, 160), class_="taskname"),
        tag("span", shorten(case.goal, 500), class_="goal"),
        tag("span", place, class_="chip") if place else None,
        tag("span", seed, class_="note"),
    )
    attempts = [_attempt(attempt, (number, index), allowed) for index, attempt in enumerate(case.attempts[:4])]
    return tag(
        "details",
        summary,
        tag("div", attempts, class_="attempts"),
        class_="case",
        id=f"case-{number + 1}",
        open=number == 0,
    )


def _attempt(attempt: Attempt, place: tuple[int, int], allowed: frozenset[tuple[int, int, int]]) -> Html:
    steps = [
        _step(step, index + 1, (*place, index) in allowed) for index, step in enumerate(attempt.steps[:MOST_STEPS])
    ]
    left = len(attempt.steps) - len(steps)
    length = f"{len(attempt.steps)} step{'' if len(attempt.steps) == 1 else 's'}"
    facts = [length, f"ended: {attempt.ending.value.replace('_', ' ')}"]
    facts += [words.decoding(attempt.temperature)] if attempt.temperature is not None else []
    facts += [words.duration(attempt.seconds)] if attempt.seconds is not None else []
    heading = tag(
        "h3",
        tag("span", shorten(attempt.arm, 160)),
        _verdict(attempt),
        tag("span", " · ".join(facts), class_="note"),
    )
    dropped = f"Dropped by the rule “{shorten(attempt.dropped_by, 200)}”." if attempt.dropped_by else None
    return tag(
        "div",
        heading,
        tag("p", dropped, class_="note") if dropped else None,
        tag("p", f"Fault: {shorten(attempt.fault, MOST_LINE)}", class_="note") if attempt.fault else None,
        steps or tag("p", "No step was taken.", class_="note"),
        tag("p", f"… {left:,} more steps", class_="note") if left else None,
        class_="attempt",
    )


def _verdict(attempt: Attempt) -> Html:
    if attempt.fault and attempt.score is None:
        return tag("span", "fault", class_="chip")
    if attempt.succeeded is None:
        return tag("span", "not judged", class_="chip")
    return tag("span", "solved", class_="chip up") if attempt.succeeded else tag("span", "failed", class_="chip down")


def _step(step: ShownStep, number: int, allowed: bool) -> Html:
    page = tag("pre", shorten(step.page, MOST_PAGE)) if step.page is not None else None
    shot = picture(step) if allowed else _absent(step)
    heading = [tag("span", f"Step {number}")]
    heading += [tag("span", shorten(step.url, 160))] if step.url else []
    done = step.outcome.result is Result.DONE
    outcome: list[Child] = [
        tag("span", step.outcome.result.value, class_="chip" if done else "chip down"),
        " ",
        shorten(step.outcome.message, MOST_LINE),
        " (page unchanged)" if step.outcome.changed is False else "",
        " (episode over)" if step.outcome.done else "",
    ]
    action = words.plainly(step.action) + (f" → {step.target}" if step.target else "")
    reason = f": {step.unread}" if step.unread else ""
    facts: list[tuple[str, Child]] = [
        ("said", tag("span", shorten(step.said, MOST_SAID), class_="said")),
        ("did", shorten(action + reason, MOST_LINE)),
        ("result", outcome),
    ]
    if step.probability is not None:
        facts.append(("chance", f"{words.percent(step.probability)} by the model's own account"))
    text = page or tag("p", "Page text not kept.", class_="note")
    read = tag("div", text, definitions(facts, "facts"), class_="read")
    return tag("div", tag("h4", heading), tag("div", shot, read, class_="seen"), class_="step")


def _absent(step: ShownStep) -> Html | None:
    if step.screenshot is None:
        return None
    return tag("p", f"Screenshot of {len(step.screenshot):,} bytes left out.", class_="note")


def picture(step: ShownStep) -> Html:
    """The screenshot with the action's target outlined; a note where the bytes are no PNG."""
    size = _png_size(step.screenshot or b"")
    if size is None:
        return tag("p", "The screenshot is no PNG and was left out.", class_="note")
    width, height = step.viewport if min(step.viewport) > 0 else size
    data = "data:image/png;base64," + base64.b64encode(step.screenshot or b"").decode("ascii")
    shown = min(width, 240)
    drawing = tag(
        "svg",
        tag("image", href=data, x=0, y=0, width=width, height=height, preserveAspectRatio="none"),
        _outline(step),
        viewBox=f"0 0 {width} {height}",
        width=shown,
        height=round(height * shown / width),
        role="img",
        aria_label=f"Screenshot, {width} by {height}" + (", target outlined" if step.box else ""),
    )
    return tag("div", drawing, class_="shot")


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", data[16:24])
    return (width, height) if 0 < width <= 8000 and 0 < height <= 8000 else None


def _outline(step: ShownStep) -> Html:
    parts: list[Html] = []
    for box in (step.box, step.box_to):
        if box is not None:
            x, y, width, height = box
            place = {"x": x - 1, "y": y - 1, "width": max(width, 4) + 2, "height": max(height, 4) + 2, "rx": 2}
            parts += [tag("rect", class_="halo", **place), tag("rect", class_="target", **place)]
    match step.action, step.box:
        case Click(at=(dx, dy)), (x, y, _, _):
            parts.append(tag("circle", cx=x + dx, cy=y + dy, r=3, class_="spot"))
        case Drag() as drag, (x, y, width, height):
            ends = _drag(drag, (x, y, width, height), step.box_to)
            parts.append(tag("line", class_="drag", x1=ends[0], y1=ends[1], x2=ends[2], y2=ends[3]))
            parts.append(tag("circle", cx=ends[2], cy=ends[3], r=3, class_="spot"))
        case _:
            pass
    return join(parts)


def _drag(
    drag: Drag, box: tuple[int, int, int, int], to: tuple[int, int, int, int] | None
) -> tuple[int, int, int, int]:
    x, y = _point(box, drag.at)
    if to is not None:
        return (x, y, *_point(to, drag.to_at))
    dx, dy = drag.by or (0, 0)
    return (x, y, x + dx, y + dy)


def _point(box: tuple[int, int, int, int], at: tuple[int, int] | None) -> tuple[int, int]:
    x, y, width, height = box
    dx, dy = at or (width // 2, height // 2)
    return x + dx, y + dy
