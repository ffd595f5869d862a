"""BrowserGym's side of bench_pages.py: one observation of its environment, and the text that its agents make of it.

Runs in the environment of the peers (requirements/peer.txt), without the chat browser. Its picture cannot be left out:
it is taken a second time alone, and what that takes is told apart from the rest.

    python bench/peers/browsergym_pages.py --chromium /usr/bin/chromium-headless-shell
"""

from __future__ import annotations

import argparse

import browsergym.core.env
import gymnasium
from browsergym.core.observation import extract_screenshot
from browsergym.utils.obs import flatten_axtree_to_str
from browsergym_steps import Silent
from looking import CHANGE, NODES, Clock, serve


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", required=True)
    asked = parser.parse_args()
    browsergym.core.env.Chat = Silent
    env = gymnasium.make(
        "browsergym/openended",
        disable_env_checker=True,
        task_kwargs={"start_url": "about:blank", "goal": "look"},
        pw_chromium_kwargs={"executable_path": asked.chromium},
        slow_mo=0,
        pre_observation_delay=0.0,
    )
    env.reset(seed=0)
    bare = env.unwrapped

    def goto(url: str) -> int:
        bare.page.goto(url)
        return int(bare.page.evaluate(NODES))

    def look() -> tuple[Clock, str]:
        clock = Clock()
        seen = bare._get_obs()
        text = flatten_axtree_to_str(seen["axtree_object"])
        clock.lap("text")
        extract_screenshot(bare.page)
        clock.lap("picture")
        clock.parts["text"] -= clock.parts["picture"]
        return clock, text

    serve(goto, lambda number: bare.page.evaluate(f"{CHANGE}({number})"), look)
    env.close()


if __name__ == "__main__":
    main()
