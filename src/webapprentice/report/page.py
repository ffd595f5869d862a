"""The report as one HTML file: no script, no form, no link outside itself, nothing to fetch."""

from __future__ import annotations

from pathlib import Path

from webapprentice.report import words
from webapprentice.report.cases import cases
from webapprentice.report.data import ReportData
from webapprentice.report.document import document, write_document
from webapprentice.report.markup import shorten, tag
from webapprentice.report.sections import curation, headline, provenance, table, trainings
from webapprentice.report.tasks import tasks

_PARTS = (
    ("headline", "Result"),
    ("arms", "All arms"),
    ("tasks", "Task by task"),
    ("filter", "Filter"),
    ("training", "Training"),
    ("cases", "Step by step"),
    ("provenance", "Provenance"),
)


def render_report(report: ReportData) -> str:
    """The whole page."""
    title = shorten(report.title, 200)
    origin = report.origin
    made = " · ".join(
        part for part in (f"run {origin.run}" if origin.run else "", origin.created, origin.browser) if part
    )
    header = tag(
        "header",
        tag("h1", title),
        tag("div", shorten(made, 600), class_="soft"),
        tag("nav", [tag("a", name, href=f"#{anchor}") for anchor, name in _PARTS]),
    )
    main = tag(
        "main",
        headline(report),
        table(report),
        tasks(report),
        curation(report.curation),
        trainings(report),
        cases(report),
        provenance(report),
    )
    footer = tag("footer", f"“{words.MISSING[0].upper()}{words.MISSING[1:]}” means that nobody looked; it is never 0.")
    return document(title, header, main, footer)


def write_report(report: ReportData, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises OutputError when the disk refuses."""
    write_document(render_report(report), path)
