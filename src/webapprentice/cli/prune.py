"""`apprentice prune`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webapprentice.cli.options import emit
from webapprentice.core.faults import FaultError, UsageError

if TYPE_CHECKING:
    from webapprentice.page.form import Count

POLICIES = ("default", "scribe")


@click.command("prune")
@click.argument("page")
@click.option("--policy", type=click.Choice(POLICIES), default="default", show_default=True, help="Whose rules.")
@click.option("--budget", default=8_192, show_default=True, help="Tokens of page text at the most.")
@click.option("--model", default="seed", show_default=True, help="Whose tokenizer counts: folder, Hugging Face name.")
@click.option("--target", metavar="CSS", help="An element that must stay: the right answer of a training row.")
@click.option("--json", "as_json", is_flag=True, help="Print text and figures as JSON on standard output.")
def command(page: str, policy: str, budget: int, model: str, target: str | None, as_json: bool) -> None:
    """Show what a model would see of PAGE: an HTML file, an address, or - for standard input.

    The text goes to standard output; what was cut, and what became of the target, to standard error.
    """
    from webapprentice.models.places import counter

    if budget < 1:
        raise UsageError(f"--budget is {budget}; it must be at least 1 token")
    count = counter(model)
    html = _html(page)
    told = _scribe(html, budget, count, target) if policy == "scribe" else _default(html, budget, count, target)
    if target and told["target"] is None:
        raise UsageError(f"nothing on the page matches --target {target!r}")
    told = {"policy": policy, "characters": len(html), "tokens": count(told["text"]), **told}
    emit(told, as_json, told["text"])
    lines = [
        f"{told['characters']:,} characters of HTML became {told['tokens']:,} tokens ({policy}, budget {budget:,})"
    ]
    for cut in told["cut"]:
        sizes = [f"{cut[what]:,} {what}" for what in ("elements", "tokens") if cut[what]]
        lines.append(f"  {cut['why']}: {', '.join(sizes)}")
    if target:
        lines.append(f"target {'is in the text' if told['survived'] else 'WAS CUT'}: {told['target']}")
    click.echo("\n".join(lines), err=True)


def _scribe(html: str, budget: int, count: Count, target: str | None) -> dict[str, Any]:
    from webapprentice.page import Scribe, chunks, holding

    pruned = Scribe(count).prune(html, target)
    pieces = chunks(pruned.text, budget, count)
    shown = pruned.target if pruned.survived else None
    chosen = holding(pieces, shown)
    cut = [{"why": "by the rules", "elements": pruned.elements - pruned.kept, "tokens": 0}]
    text = pieces[chosen] if pieces else ""
    if len(pieces) > 1:
        rest = sum(count(piece) for piece in pieces) - count(pieces[chosen])
        cut.append({"why": f"in {len(pieces) - 1} other chunks", "elements": 0, "tokens": rest})
    return {
        "text": text,
        "chunks": len(pieces),
        "cut": cut,
        "target": pruned.target,
        "survived": shown is not None and shown.rstrip(">") in text,
    }


def _default(html: str, budget: int, count: Count, target: str | None) -> dict[str, Any]:
    from webapprentice.page import aimed_at, label, render

    elements, node = aimed_at(html, target)
    aimed = next((element for element in elements if element.id == node), None)
    text = render(elements, "html", budget, count, node)
    return {
        "text": text.text,
        "chunks": 1,
        "cut": [{"why": cut.why, "elements": len(cut.nodes), "tokens": cut.tokens} for cut in text.cut],
        "target": label(aimed, elements, "html") if aimed else None,
        "survived": aimed is not None and aimed.id in text.kept,
    }


def _html(page: str) -> str:
    if page == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    if page.startswith(("http://", "https://")):
        return asyncio.run(_fetched(page))
    try:
        return Path(page).read_text("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{page} cannot be read: {error.strerror}") from error


async def _fetched(url: str) -> str:
    """The page's HTML as a browser holds it after its scripts have run."""
    from webapprentice.browser import Browser, BrowserConfig
    from webapprentice.browser.origins import origin_of

    try:
        origin = str(origin_of(url))
    except ValueError as error:
        raise UsageError(f"{url} cannot be opened: {error}") from error
    async with Browser.launch(BrowserConfig(origins=("*", origin))) as browser:
        window = await browser.open()
        try:
            await window.goto(url)
            return (await window.observe(html=True)).html or ""
        except FaultError as error:
            raise UsageError(f"{url} cannot be read: {error.fault.message}") from error
