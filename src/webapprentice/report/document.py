"""What every page here is: one file without script, form or link outside itself; nothing is fetched to show it."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from pathlib import Path

from webapprentice.core.faults import OutputError
from webapprentice.report.markup import Child, shorten, style_sheet, tag
from webapprentice.report.style import CSS


def policy() -> str:
    """The page's Content-Security-Policy: this one style sheet by its hash, images inside the page, nothing else."""
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def document(title: str, *body: Child) -> str:
    """The whole page around its body."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("link", rel="icon", href="data:,"),
        tag("title", shorten(title, 200)),
        style_sheet(CSS),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", *body), lang="en").text + "\n"


def write_document(text: str, path: Path) -> None:
    """Write a page to `path`, whole or not at all. Raises OutputError when the disk refuses."""
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
        raise OutputError(f"the page cannot be written to {path}: {error.strerror or error}") from error
