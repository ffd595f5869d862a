"""Observing heavy pages: ours, BrowserGym's and WebArena's in turns on the same pages, and ours on huge ones.

    python bench/bench_pages.py --peer .venv-peer/bin/python --rounds 5

In each round every contender loads the page and looks at once (`first`), then at the page with one text changed
(`next`), as after an agent's action. Times are of the text that a model reads; pictures are timed apart. WebArena's is
the text of the whole page, as ours and BrowserGym's. Ratios are of the rounds' medians, with a bootstrap interval over
rounds. The pages are one of MiniWoB++, `bench/pages/shop.html` and, where they are there, the largest of 130 saved
pages (`--data`). The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from measuring import cpu_seconds
from webapprentice.browser import find_chromium
from webapprentice.metrics import percentile, resample
from webapprentice.tasks.registry import folder as miniwob
from webapprentice.tasks.server import PageServer

HERE = Path(__file__).parent
HUGE = HERE.parent / "tests" / "pages" / "huge.html"
DATA = HERE.parent.parent / "shared" / "data" / "html_readability" / "readability_test_pages_130.tar.xz"
SIZES = (20_000, 200_000, 1_000_000)
OURS = "ours"
SAVED = "saved.html"
SMALL = "miniwob/click-checkboxes.html"
QUIET = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
"""Saved pages load nothing and run nothing, the same for every contender."""


class Contender:
    """A process with one browser, asked line by line."""

    def __init__(self, name: str, command: Sequence[str], looks: int) -> None:
        self.name = name
        self.looks = looks
        """How often it looks in one round: who is fast is looked at more often."""
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} has ended early; run its script by hand to see why")
        told: dict[str, Any] = json.loads(line)
        return told

    def ask(self, line: str) -> dict[str, Any]:
        """One command and its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._hear()

    def round(self, url: str) -> list[dict[str, Any]]:
        """Looks at a page that has just been loaded, each followed by one after a change."""
        found = []
        for number in range(self.looks):
            nodes = self.ask(f"goto {url}")["nodes"]
            for kind in ("first", "next"):
                if kind == "next":
                    self.ask(f"change {number}")
                spent = cpu_seconds(self._process.pid)
                told = self.ask("look")
                found.append({**told, "kind": kind, "nodes": nodes, "cpu": cpu_seconds(self._process.pid) - spent})
        return found

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()


def contenders(python: str, origin: str, stack: ExitStack) -> list[Contender]:
    """All three, each with its browser open."""
    chromium = ["--chromium", str(find_chromium())]
    made = []
    for name, command, looks in (
        (OURS, [sys.executable, str(HERE / "our_pages.py"), "--origin", origin], 5),
        ("BrowserGym", [python, str(HERE / "peers" / "browsergym_pages.py"), *chromium], 1),
        ("WebArena", [python, str(HERE / "peers" / "webarena_pages.py"), *chromium], 1),
    ):
        made.append(Contender(name, command, looks))
        stack.callback(made[-1].close)
    return made


def compare(all_of_them: list[Contender], url: str, rounds: int) -> dict[str, Any]:
    """Figures by kind of look and contender."""
    looks: dict[str, list[list[dict[str, Any]]]] = {one.name: [] for one in all_of_them}
    for number in range(rounds):
        turn = number % len(all_of_them)
        for one in [*all_of_them[turn:], *all_of_them[:turn]]:
            looks[one.name].append(one.round(url))
    found: dict[str, Any] = {"nodes": looks[OURS][0][0]["nodes"]}
    for kind in ("first", "next"):
        mine = _medians(looks[OURS], kind, "text")
        mine_with = [one + other for one, other in zip(mine, _medians(looks[OURS], kind, "picture"), strict=True)]
        for name, its in looks.items():
            every = [look for each in its for look in each if look["kind"] == kind]
            text = sorted(look["ms"]["text"] for look in every)
            theirs = _medians(its, kind, "text")
            both = [one + other for one, other in zip(theirs, _medians(its, kind, "picture"), strict=True)]
            found[f"{kind}, {name}"] = {
                "text_ms_p50": statistics.median(text),
                "text_ms_p95": text[round(0.95 * (len(text) - 1))],
                "render_ms_p50": statistics.median(look["ms"].get("render", 0.0) for look in every),
                "picture_ms_p50": statistics.median(look["ms"]["picture"] for look in every),
                "cpu_ms": 1000 * statistics.fmean(look["cpu"] for look in every),
                "lines": every[-1]["lines"],
                "characters": every[-1]["characters"],
                "looks": len(every),
                "ratio": ratio(theirs, mine),
                "ratio_with_picture": ratio(both, mine_with),
            }
    return found


def _medians(rounds: list[list[dict[str, Any]]], kind: str, part: str) -> list[float]:
    return [statistics.median(look["ms"][part] for look in each if look["kind"] == kind) for each in rounds]


def ratio(theirs: list[float], mine: list[float]) -> list[float]:
    """Mean over mean, and the 95 % interval when whole rounds are drawn again."""
    totals = np.array([theirs, mine]).T
    drawn = resample(totals, 10_000, 0)
    found = percentile(drawn[:, 0] / drawn[:, 1], float(np.mean(theirs) / np.mean(mine)), 0.95, "bootstrap, rounds")
    return [found.estimate, found.low, found.high]


@contextmanager
def pages(data: Path) -> Iterator[tuple[Path, list[str]]]:
    """A folder with the pages, and the names of those to compare on."""
    with tempfile.TemporaryDirectory(prefix="webapprentice-pages-") as name:
        folder = Path(name)
        shutil.copy(HERE / "pages" / "shop.html", folder)
        shutil.copy(HUGE, folder)
        for part in ("core", "common"):
            shutil.copytree(miniwob() / part, folder / part)
        (folder / SMALL).parent.mkdir()
        begin = "<script>addEventListener('load', () => core.startEpisodeReal())</script>"
        (folder / SMALL).write_text((miniwob() / SMALL).read_text() + begin)  # nobody presses START there
        names = [SMALL, "shop.html"]
        if data.exists():
            (folder / SAVED).write_text(largest(data))
            names.append(SAVED)
        yield folder, names


def largest(archive: Path) -> str:
    """The saved page with most tags, kept from loading and running anything."""
    with tarfile.open(archive) as pack:
        read = (pack.extractfile(one) for one in pack if one.name.endswith("source.html"))
        texts = [file.read().decode("utf-8", "replace") for file in read if file is not None]
    text = max(texts, key=lambda text: len(re.findall(r"<[a-zA-Z]", text)))
    return re.sub(r"(?i)<head\b[^>]*>", lambda head: head[0] + QUIET, text, count=1)


def table(head: str, rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns; the first to the left."""
    cells = [head.split("|"), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    for row in cells:
        print("  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]))
    print(flush=True)


def _ratio(told: list[float]) -> str:
    return "{:.0f} [{:.0f}, {:.0f}]".format(*told) if told[0] >= 10 else "{:.1f} [{:.1f}, {:.1f}]".format(*told)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default="", help="Python of the peers' environment; without it only ours is measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--saved-rounds", type=int, default=1, help="of the saved page, which takes minutes")
    parser.add_argument("--data", type=Path, default=DATA, help="archive of saved pages; skipped where it is not")
    asked = parser.parse_args()
    result: dict[str, Any] = {"load_average": os.getloadavg()[0]}
    with pages(asked.data) as (folder, names), PageServer(folder) as server:
        if asked.peer:
            with ExitStack() as stack:
                all_of_them = contenders(asked.peer, server.url, stack)
                for name in names:
                    rounds = asked.saved_rounds if name == SAVED else asked.rounds
                    result[name] = compare(all_of_them, server.url + name, rounds)
                    show(name, result[name])
        result["huge"] = [alone(server.url, size) for size in SIZES]
    rows = [
        (
            f"{one['nodes']:,} nodes",
            *(f"{one[key]:.0f}" for key in ("first_ms", "ms_p50", "ms_max", "render_ms_p50")),
            one["truncated"],
            f"{one['elements']:,}",
            f"{one['grown_mb_peak']:.0f}",
            f"{one['grown_mb_kept']:.0f}",
        )
        for one in result["huge"]
    ]
    table("ours|first ms|p50 ms|max ms|text ms|truncated|elements|peak +MB|kept +MB", rows)
    print(json.dumps(result))


def show(page: str, found: dict[str, Any]) -> None:
    """One table."""
    rows = [
        (
            name,
            f"{one['text_ms_p50']:.1f}",
            f"{one['text_ms_p95']:.1f}",
            f"{one['render_ms_p50']:.1f}" if name.endswith(OURS) else "",
            f"{one['picture_ms_p50']:.0f}",
            f"{one['cpu_ms']:.0f}",
            f"{one['lines']:,}",
            f"{one['characters']:,}",
            _ratio(one["ratio"]),
            _ratio(one["ratio_with_picture"]),
            one["looks"],
        )
        for name, one in found.items()
        if name != "nodes"
    ]
    head = f"{page}, {found['nodes']:,} nodes|p50 ms|p95 ms|of it text|picture|CPU-ms|lines|characters"
    table(head + "|times ours|with picture|looks", rows)


def alone(origin: str, size: int) -> dict[str, Any]:
    """Ours on a huge page, in a process of its own."""
    command = [sys.executable, str(HERE / "our_pages.py"), "--origin", origin, "--huge", str(size)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


if __name__ == "__main__":
    main()
