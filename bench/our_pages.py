"""Our side of bench_pages.py: what a window sees, and the accessibility form that a model reads of it.

    python bench/our_pages.py [--origin http://127.0.0.1:8000]
    python bench/our_pages.py --huge 200000 --origin http://127.0.0.1:8000/

The second form prints how long an observation takes, what it holds and what this process grows by.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "peers"))
from looking import CHANGE, NODES, Clock, serve  # noqa: E402

from measuring import percentile  # noqa: E402
from webapprentice.browser import Browser, BrowserConfig, Window  # noqa: E402
from webapprentice.core.records import Observation  # noqa: E402
from webapprentice.page import Form, render  # noqa: E402

ALL = 10**9
"""A budget that cuts nothing."""


def observed(runner: asyncio.Runner, window: Window) -> Observation:
    """What is seen. Not as what `run` returns: to compare two signal handlers it writes out the whole of its result,
    which takes longer than a look."""
    found: list[Observation] = []

    async def look() -> None:
        found.append((await window.observe()).observation)

    runner.run(look())
    return found[0]


@contextmanager
def opened(origin: str) -> Iterator[tuple[asyncio.Runner, Window]]:
    """A window of a browser of its own, and the loop that both belong to."""
    with asyncio.Runner() as runner:
        launching = Browser.launch(BrowserConfig(origins=(origin,)))
        browser = runner.run(launching.__aenter__())
        try:
            yield runner, runner.run(browser.open())
        finally:
            runner.run(launching.__aexit__(None, None, None))


def answer(origin: str) -> None:
    """Serve one window to bench_pages.py."""
    with opened(origin) as (runner, window):

        def goto(url: str) -> int:
            runner.run(window.goto(url))
            return int(runner.run(window.evaluate(NODES)))

        def look() -> tuple[Clock, str]:
            clock = Clock()
            seen = observed(runner, window)
            clock.lap("observe")
            text = render(seen.elements, Form.AXTREE, ALL, len).text
            clock.lap("render")
            runner.run(window.screenshot())
            clock.lap("picture")
            clock.parts["text"] = clock.parts["observe"] + clock.parts["render"]
            return clock, text

        serve(goto, lambda number: runner.run(window.evaluate(f"{CHANGE}({number})")), look)


def resident(name: str = "VmRSS") -> float:
    """Memory of this process alone, in MB; VmHWM is the most it has been."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def huge(origin: str, page: str, nodes: int, looks: int) -> dict[str, Any]:
    """Figures of one page of about so many nodes: a row is an element and its text."""
    with opened(origin) as (runner, window):
        runner.run(window.goto(f"{origin}{page}?n={nodes // 2}"))
        there = int(runner.run(window.evaluate(NODES)))
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
        before, taken, drawn = resident(), [], []
        for number in range(looks):
            runner.run(window.evaluate(f"{CHANGE}({number})"))
            began = time.perf_counter()
            seen = observed(runner, window)
            taken.append(time.perf_counter() - began)
            began = time.perf_counter()
            render(seen.elements, Form.AXTREE, ALL, len)
            drawn.append(time.perf_counter() - began)
        peak = resident("VmHWM")
        gc.collect()
        return {
            "nodes": there,
            "first_ms": 1000 * taken[0],
            "ms_p50": percentile(taken, 0.5),
            "ms_max": 1000 * max(taken),
            "render_ms_p50": percentile(drawn, 0.5),
            "truncated": seen.truncated,
            "elements": len(seen.elements),
            "grown_mb_peak": peak - before,
            "grown_mb_kept": resident() - before,
        }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--origin", required=True)
    parser.add_argument("--huge", type=int, default=0)
    parser.add_argument("--page", default="huge.html")
    parser.add_argument("--looks", type=int, default=7)
    asked = parser.parse_args()
    if asked.huge:
        print(json.dumps(huge(asked.origin, asked.page, asked.huge, asked.looks)))
    else:
        answer(asked.origin)


if __name__ == "__main__":
    main()
