"""What stands between bench_pages.py and a contender: one line in, one line of JSON out; standard library only."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

NODES = """(() => {
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
  let count = 1;
  while (walker.nextNode()) count += 1;
  return count;
})()"""
"""All nodes of the document, as JavaScript."""

CHANGE = """((n) => {
  const places = [...document.querySelectorAll('td, p, li, span')].filter((place) => place.firstChild?.nodeType === 3);
  places[(n * 31) % places.length].firstChild.data = `seen ${n}`;
})"""
"""A function that changes one text of the page, as an agent's action would."""


class Clock:
    """Milliseconds of named parts."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self._began = time.perf_counter()

    def lap(self, name: str) -> None:
        """What has passed since the last lap belongs to this part."""
        now = time.perf_counter()
        self.parts[name] = 1000 * (now - self._began)
        self._began = now


def lines(text: str) -> int:
    """Lines that say something: one node each."""
    return sum(bool(line.strip()) for line in text.splitlines())


def serve(goto: Callable[[str], int], change: Callable[[int], None], look: Callable[[], tuple[Clock, str]]) -> None:
    """Answer until the input ends: `goto URL` with the nodes of the page, `change N`, `look` with its times."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        told: dict[str, Any] = {}
        if word == "goto":
            told = {"nodes": goto(rest)}
        elif word == "change":
            change(int(rest))
        elif word == "look":
            clock, text = look()
            told = {"ms": clock.parts, "lines": lines(text), "characters": len(text)}
        print(json.dumps(told), flush=True)
