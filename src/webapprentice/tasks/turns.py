"""Who may use a site whose state everybody shares: many at once who only look, or one who changes something."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable


class Turns:
    """Readers and writers of several sites. All sites of an episode are taken at once, so nobody waits in a circle; who
    came first goes first, except that those who would not be in anybody's way need not wait."""

    def __init__(self) -> None:
        self._readers: Counter[str] = Counter()
        self._writers: set[str] = set()
        self._queue: list[tuple[frozenset[str], bool]] = []
        self._changed = asyncio.Condition()

    async def take(self, sites: Iterable[str], changes: bool) -> Turn:
        """Wait until the sites are free for this; give the turn back by `Turn.end`."""
        wanted = (frozenset(sites), changes)
        async with self._changed:
            self._queue.append(wanted)
            try:
                await self._changed.wait_for(lambda: self._free(wanted))
            finally:
                place = next(place for place, one in enumerate(self._queue) if one is wanted)
                del self._queue[place]
                self._changed.notify_all()
            if changes:
                self._writers |= wanted[0]
            else:
                self._readers.update(wanted[0])
        return Turn(self, *wanted)

    def _free(self, wanted: tuple[frozenset[str], bool]) -> bool:
        sites, changes = wanted
        busy = self._writers & sites or (changes and any(self._readers[site] for site in sites))
        earlier = self._queue[: next(place for place, one in enumerate(self._queue) if one is wanted)]
        return not busy and not any(sites & others and (changes or theirs) for others, theirs in earlier)

    async def give(self, sites: frozenset[str], changes: bool) -> None:
        """A turn is over."""
        async with self._changed:
            if changes:
                self._writers -= sites
            else:
                self._readers.subtract(sites)
            self._changed.notify_all()


class Turn:
    """The right to use some sites, until `end`."""

    def __init__(self, turns: Turns, sites: frozenset[str], changes: bool) -> None:
        self._turns: Turns | None = turns
        self._sites, self._changes = sites, changes

    async def end(self) -> None:
        """Give it back; a second time does nothing."""
        turns, self._turns = self._turns, None
        if turns is not None:
            await turns.give(self._sites, self._changes)
