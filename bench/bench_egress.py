"""How often a page that tries every way out reaches an origin that is not listed: never, if all is well.

    python bench/bench_egress.py --repeats 20

Opens the page again and again in fresh windows, and once with the origin listed, to show that the ways are real. The
exit code is 1 when anything got through.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from egress_ground import ground, try_everything
from webapprentice.browser import Browser, BrowserConfig


async def measure(repeats: int, seconds: float) -> int:
    """Contacts with the forbidden server, over TCP and UDP."""
    async with ground() as there:
        async with Browser.launch(BrowserConfig(origins=(there.url,))) as browser:
            for _ in range(repeats):
                window = await browser.open()
                await try_everything(window, there.url, seconds)
                await window.close()
            got, refused = there.contacts + there.datagrams, browser.ledger.total
        there.reached.clear()
        async with Browser.launch(BrowserConfig(origins=(there.url, there.forbidden))) as browser:
            await try_everything(await browser.open(), there.url, 2 * seconds)
    print(f"listed: {len(there.reached)} ways reached the other origin: {', '.join(sorted(there.reached))}")
    print(f"not listed: {got} contacts in {repeats} repeats; {refused} requests refused")
    return got


def main() -> None:
    """Print both counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    sys.exit(1 if asyncio.run(measure(options.repeats, options.seconds)) else 0)


if __name__ == "__main__":
    main()
