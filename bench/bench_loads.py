"""How long a task page takes to load: the address is opened again and again, and its files come from the server.

    python bench/bench_loads.py --pages 60

Prints median, 90th and 10th percentile and the fastest load in milliseconds; the first three loads are not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from webapprentice.browser import BrowserConfig
from webapprentice.tasks.miniwob import worlds

PAGES = ("miniwob/click-test.html", "miniwob/email-inbox.html", "miniwob/book-flight.html")


async def measure(count: int, cached: bool) -> list[float]:
    """Milliseconds of each load, in order."""
    taken = []
    async with worlds(1, BrowserConfig()) as (world,):
        window = world.window
        if not cached:
            await window.send([("Network.setCacheDisabled", {"cacheDisabled": True})], 5.0, "turning the cache off")
        for number in range(count + 3):
            began = time.perf_counter()
            await window.goto(world._url + PAGES[number % len(PAGES)])
            taken.append(1000 * (time.perf_counter() - began))
    return taken[3:]


def main() -> None:
    """Print one line for loads with the browser's cache and one for loads without."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=60)
    options = parser.parse_args()
    for cached in (True, False):
        taken = sorted(asyncio.run(measure(options.pages, cached)))
        tenth = taken[len(taken) // 10]
        print(
            f"{'cache on ' if cached else 'cache off'} median {statistics.median(taken):6.1f} ms, "
            f"p90 {taken[int(0.9 * len(taken))]:6.1f} ms, p10 {tenth:6.1f} ms, fastest {taken[0]:6.1f} ms"
        )


if __name__ == "__main__":
    main()
