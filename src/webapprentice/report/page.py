"""The report as one HTML file: no script, no form, no link outside itself, nothing to fetch."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from pathlib import Path

from webapprentice.core.faults import OutputError
from webapprentice.report import words
from webapprentice.report.cases import cases
from webapprentice.report.data import ReportData
from webapprentice.report.markup import Html, shorten, style_sheet, tag
from webapprentice.report.sections import curation, headline, provenance, table, trainings
from webapprentice.report.style import CSS
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


def policy() -> str:
    """The page's Content-Security-Policy: this one style sheet by its hash, images inside the page, nothing else."""
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def render_report(report: ReportData) -> str:
    """The whole page."""
    title = shorten(report.title, 200)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        style_sheet(CSS),
    )
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
    page: Html = tag("html", head, tag("body", header, main, footer), lang="en")
    return "<!doctype html>\n" + page.text + "\n"


def write_report(report: ReportData, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises OutputError when the disk refuses."""
    text = render_report(report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"the report cannot be written to {path}: {error.strerror or error}") from error
