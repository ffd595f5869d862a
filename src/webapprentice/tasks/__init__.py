"""Tasks and the worlds they are played in.

async with worlds(2, BrowserConfig()) as (first, second):
    start = await first.reset(load("miniwob/click-test")[0], seed=1)
    happened = await first.step(Click(node=start.observation.elements[-2].id))
"""

from __future__ import annotations

from webapprentice.tasks.registry import load, registry

__all__ = ["load", "registry"]
