"""BrowserGym's side of the comparison: one of its environments, a random clicker, as many steps as fit in the time.

Runs in an environment of its own (requirements/peer.txt), once for each environment wanted, because BrowserGym's is
synchronous. Waits for a line on standard input after it is warm, so that all of them start together.

    MINIWOB_URL=http://127.0.0.1:PORT/ python bench/peers/browsergym_steps.py --tasks click-test --seconds 20 --tuned
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from typing import Any

import browsergym.core.env
import browsergym.miniwob
import gymnasium

LONGEST_EPISODE = 5


class Silent:
    """Stands where BrowserGym opens a second browser for its chat window: the tuned form does without."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.messages: list[dict[str, Any]] = []

    def add_message(self, role: str, msg: str) -> None:
        self.messages.append({"role": role, "timestamp": time.time(), "message": msg})

    def close(self) -> None:
        self.messages.clear()


def clickable(observation: dict[str, Any]) -> list[str]:
    """Ids of what can be pressed and seen, as BrowserGym reports them."""
    found = observation["extra_element_properties"].items()
    return [bid for bid, about in found if about["clickable"] and about["visibility"] >= 0.5]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="click-checkboxes,click-test,click-tab,click-option")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--tuned", action="store_true")
    asked = parser.parse_args()
    names = asked.tasks.split(",")
    task = names[asked.number % len(names)]
    options: dict[str, Any] = {
        "pw_chromium_kwargs": {"executable_path": asked.chromium},
    }
    if asked.tuned:
        browsergym.core.env.Chat = Silent
        options |= {"slow_mo": 0, "pre_observation_delay": 0.0}
    rng = random.Random(asked.number)
    env = gymnasium.make(f"browsergym/miniwob.{task}", disable_env_checker=True, **options)
    env.reset(seed=0)
    print("ready", flush=True)
    sys.stdin.readline()
    steps: list[float] = []
    resets: list[float] = []
    until = time.perf_counter() + asked.seconds
    while (began := time.perf_counter()) < until:
        observation, _ = env.reset(seed=rng.randrange(10**6))
        resets.append(time.perf_counter() - began)
        for _ in range(LONGEST_EPISODE):
            offered = clickable(observation)
            action = f"click({rng.choice(offered)!r})" if offered else "noop()"
            began = time.perf_counter()
            observation, _, over, cut, _ = env.step(action)
            steps.append(time.perf_counter() - began)
            if over or cut or time.perf_counter() > until:
                break
    print(json.dumps({"steps": steps, "resets": resets}), flush=True)
    sys.stdin.readline()
    env.close()


if __name__ == "__main__":
    main()
