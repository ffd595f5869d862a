"""Content-addressed stages: the same inputs are worked on once, however often the command is run."""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any

from webapprentice import __version__
from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.memory import give_back
from webapprentice.store import Store

Tell = Callable[[str], None]
"""Says one line to whoever watches."""


class Stages:
    """The finished stages of one run folder."""

    def __init__(self, store: Store, tell: Tell) -> None:
        self._store = store
        self._tell = tell
        self.frozen = False
        """Only finished stages are wanted; one that is not is a UsageError."""
        self.worked = 0
        """Stages that this process had to work on."""

    async def run(
        self,
        name: str,
        inputs: object,
        work: Callable[[str], Awaitable[dict[str, Any]]],
        there: Callable[[dict[str, Any]], bool] = lambda _: True,
    ) -> dict[str, Any]:
        """What the stage gives, from the store when it was finished before. `work` is handed the stage's key.

        `there` says whether the files that a finished stage left are still there; without them it is done again.
        """
        key = key_of(__version__, name.split(":")[0], inputs)
        done = self._store.stage(key)
        if done is not None and there(done):
            return done
        if self.frozen:
            raise UsageError(f"the run is not finished: {name} is missing; run `apprentice improve` as before")
        self.worked += 1
        started = time.monotonic()
        output = await work(key)
        seconds = time.monotonic() - started
        self._store.complete(key, name, output, seconds)
        self._tell(f"{name}: done in {seconds:.0f} s")
        gc.collect()
        give_back()
        return output
