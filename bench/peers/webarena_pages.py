"""WebArena's side of bench_pages.py: what its environment shows to agents, by its own code unmodified.

Runs in the environment of the peers (requirements/peer.txt). The browser is opened as its environment does it; only
the program is named, and no actions are made. `--viewport` keeps what is in view, as its published runs did: the same
calls into the browser, and a shorter text.

    python bench/peers/webarena_pages.py --chromium /usr/bin/chromium-headless-shell
"""

from __future__ import annotations

import argparse
import warnings

from looking import CHANGE, NODES, Clock, serve
from playwright.sync_api import sync_playwright

warnings.simplefilter("ignore")
from webarena.browser_env.processors import ImageObservationProcessor, TextObervationProcessor  # noqa: E402

SIZE = {"width": 1280, "height": 720}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--viewport", action="store_true")
    asked = parser.parse_args()
    text = TextObervationProcessor("accessibility_tree", asked.viewport, SIZE)
    image = ImageObservationProcessor("")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(headless=True, executable_path=asked.chromium)
        page = browser.new_context(viewport=SIZE, device_scale_factor=1).new_page()
        client = page.context.new_cdp_session(page)
        client.send("Accessibility.enable")

        def goto(url: str) -> int:
            page.goto(url)
            return int(page.evaluate(NODES))

        def look() -> tuple[Clock, str]:
            clock = Clock()
            told = text.process(page, client)
            clock.lap("text")
            image.process(page, client)
            clock.lap("picture")
            return clock, told

        serve(goto, lambda number: page.evaluate(f"{CHANGE}({number})"), look)
        browser.close()


if __name__ == "__main__":
    main()
