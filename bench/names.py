"""How often roles and names in observations agree with Chromium's own accessibility tree.

    python bench/names.py [--tasks 'miniwob/*' --seeds 2] [--pages FOLDER|PAGES.tar.xz|STEPS.jsonl.xz ...] [--list FILE]

Prints a table: for each corpus the interactive elements (Chromium gives them an interactive role or the focus, or the
observation calls them interactive), and on how many role, name and both agree. Elements that only one of the two has
count as disagreement, and so do those that we name on purpose where the standard has no name; their number stands in
the next column. The last column are those that can be pressed and have no role for either (not among the elements).
`--list` writes every disagreement to a file, grouped by cause. Pages are served on 127.0.0.1 and reach nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
import tarfile
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from chromium_tree import Pair, compare
from webapprentice.browser import Browser, BrowserConfig
from webapprentice.core.faults import FaultError
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import worlds
from webapprentice.tasks.server import PageServer

CONFIG = BrowserConfig(max_nodes=500_000, table_bytes=200_000_000, walk_seconds=20.0, call_seconds=60.0)
"""Budgets that cut nothing: what is left out cannot be compared."""


@dataclass
class Corpus:
    """What was compared, by page."""

    title: str
    pages: int = 0
    pairs: list[tuple[str, Pair]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, page: str, pairs: Iterable[Pair]) -> None:
        self.pages += 1
        self.pairs += [(page, pair) for pair in pairs]

    def row(self) -> str:
        """One line of the table."""
        pairs = [pair for _, pair in self.pairs if pair.counted]
        total = len(pairs) or 1
        shares = [100 * sum(kind) / total for kind in zip(*((p.role, p.name, p.agree) for p in pairs), strict=True)]
        beyond = sum(pair.beyond for pair in pairs)
        cells = " | ".join(f"{share:.2f} %" for share in shares)
        pressable = len(self.pairs) - len(pairs)
        return f"| {self.title} | {self.pages} | {len(pairs)} | {cells} | {beyond} | {pressable} |"


def cause(pair: Pair) -> str:
    """What kind of disagreement it is."""
    if not pair.counted:
        kept = "concealed" in pair.note
        return "pressable, but " + ("kept from those who listen" if kept else "without a role: it listens, or looks so")
    if pair.beyond:
        kinds = {"editable": "text that can be edited", "loose": "bare label before a field"}
        kind = next((text for word, text in kinds.items() if word in pair.note), "what listens for presses")
        return f"beyond the standard: {kind}"
    if pair.ours is None and pair.theirs is not None:
        return f"not listed: {pair.theirs.role or 'focusable'} <{pair.tag}> {pair.note}"
    if pair.theirs is None and pair.ours is not None:
        return f"not interactive in Chromium: {pair.ours.role} <{pair.tag}> ({pair.note})"
    assert pair.ours is not None
    assert pair.theirs is not None
    if not pair.role:
        return f"role {pair.ours.role or 'none'} for {pair.theirs.role or 'none'} <{pair.tag}> {pair.note}"
    kind = "missing" if not pair.ours.name else "too much" if not pair.theirs.name else "different"
    if "".join(pair.ours.name.split()) == "".join(pair.theirs.name.split()):
        kind = "white space"
    return f"name {kind}: {pair.ours.role or 'none'} <{pair.tag}> {pair.note}"


def listing(corpora: Iterable[Corpus], most: int) -> str:
    """Disagreements grouped by corpus and cause, the commonest cause first; at most so many examples of a cause."""
    out = []
    for corpus in corpora:
        groups: dict[str, list[tuple[str, Pair]]] = defaultdict(list)
        for page, pair in corpus.pairs:
            if not pair.agree:
                groups[cause(pair)].append((page, pair))
        counted = [pair for _, pair in corpus.pairs if pair.counted]
        out.append(f"## {corpus.title}: {sum(not pair.agree for pair in counted)} of {len(counted)}")
        for title, members in sorted(groups.items(), key=lambda item: -len(item[1])):
            out.append(f"\n### {len(members)} × {title}\n")
            counts = Counter(members)
            for (page, pair), times in list(counts.items())[:most]:
                often = f" ({times} times)" if times > 1 else ""
                said = f"ours {_said(pair.ours)}, Chromium {_said(pair.theirs)}"
                out.append(f"* {page}{often}: {said}: `{pair.html}`")
            if len(counts) > most:
                out.append(f"* … and {len(counts) - most} more")
        out += [f"\nLeft out: {text}" for text in corpus.left_out]
        out.append("")
    return "\n".join(out)


def _said(said: object) -> str:
    return "nothing" if said is None else json.dumps(said, ensure_ascii=False)


async def tasks(pattern: str, seeds: int) -> Corpus:
    """The tasks' pages as episodes begin."""
    corpus = Corpus(f"MiniWoB++, {seeds} seeds")
    async with worlds(1, CONFIG) as (world,):
        for task in load(pattern):
            for seed in range(seeds):
                await world.reset(task, seed)
                # The harness of the benchmark is part of the page, and compared too.
                seen = await world.window.observe(settle=False)
                corpus.add(f"{task.template} {seed}", await compare(world.window, seen.observation.elements))
    return corpus


async def pages(title: str, folder: Path, names: list[str], seconds: float) -> Corpus:
    """Files of a folder, each loaded by itself with no network."""
    corpus = Corpus(title)
    with PageServer(folder) as server:
        async with Browser.launch(CONFIG.with_(origins=(server.url,))) as browser:
            window = await browser.open()
            for name in names:
                try:
                    if not window.healthy:
                        await window.renew()
                    await window.goto(server.url + name)
                    seen = await window.observe()
                    if seen.observation.truncated:
                        corpus.left_out.append(f"{name}: truncated")
                        continue
                    corpus.add(name, await compare(window, seen.observation.elements, seconds))
                except FaultError as error:
                    corpus.left_out.append(f"{name}: {error.fault.kind}: {error.fault.message[:100]}")
                    window.healthy = False
    return corpus


def unpack(source: Path, into: Path) -> list[str]:
    """Put the pages of a folder, an archive or a file of steps below `into`; returns their names there."""
    if source.is_dir():
        into.symlink_to(source.resolve(), target_is_directory=True)
    elif ".tar" in source.name:
        with tarfile.open(source) as archive:
            archive.extractall(into, filter="data")
    else:
        into.mkdir()
        with lzma.open(source, "rt", encoding="utf-8") as lines:
            known: set[str] = set()
            for line in lines:
                html = json.loads(line).get("html")
                if html and html not in known:
                    known.add(html)
                    (into / f"{len(known):04}.html").write_text(html, "utf-8")
    every = sorted(path.relative_to(into.resolve()).as_posix() for path in into.resolve().rglob("*.html"))
    return [name for name in every if name.endswith("/source.html")] or every


async def measure(options: argparse.Namespace) -> AsyncIterator[Corpus]:
    if options.seeds:
        yield await tasks(options.tasks, options.seeds)
    with tempfile.TemporaryDirectory() as folder:
        for place, source in enumerate(options.pages):
            into = Path(folder) / str(place)
            names = unpack(source, into)
            step = max(1, len(names) // options.most) if options.most else 1
            yield await pages(source.name.partition(".")[0], into, names[::step], options.limit)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="miniwob/*")
    parser.add_argument("--seeds", type=int, default=2, help="episodes of each task; 0: no tasks")
    parser.add_argument("--pages", type=Path, nargs="*", default=[])
    parser.add_argument("--most", type=int, default=0, help="about so many pages of each source, evenly chosen; 0: all")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds that Chromium's tree of one frame may take")
    parser.add_argument("--list", type=Path, help="file for the disagreements")
    parser.add_argument("--examples", type=int, default=10**6, help="at most this many of each cause")
    options = parser.parse_args()
    print("| corpus | pages | elements | role | name | both | named beyond it | pressable only |")
    print("|---|---|---|---|---|---|---|---|")
    corpora = []
    async for corpus in measure(options):
        corpora.append(corpus)
        print(corpus.row(), flush=True)
        for text in corpus.left_out:
            print(f"left out: {text}", flush=True)
    if options.list:
        options.list.write_text(listing(corpora, options.examples), "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
