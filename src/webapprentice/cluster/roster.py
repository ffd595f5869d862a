"""Who has which parcel. Pure: no clock, no process, no Ray."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from webapprentice.core.protocols import News, Parcel

SUSPECT = 2
"""Losses after which a parcel is handed out alone and last: if it kills its workers, it takes no others with it."""


class Roster:
    """Parcels by worker. Each parcel comes to one end, however many workers die with it in hand."""

    def __init__(self, parcels: Sequence[Parcel], retries: int) -> None:
        self._retries = retries
        self._waiting = deque({parcel.key: parcel for parcel in parcels}.values())
        self._suspects: deque[Parcel] = deque()
        self._held: dict[str, dict[str, Parcel]] = {}
        self._losses = Counter[str]()

    @property
    def open(self) -> int:
        """Parcels that have not come to an end."""
        return len(self._waiting) + len(self._suspects) + sum(map(len, self._held.values()))

    def held(self, worker: str) -> int:
        """Parcels that this worker has."""
        return len(self._held.get(worker, ()))

    def hand(self, worker: str, most: int) -> list[Parcel]:
        """Parcels for a worker that may have `most` at one time."""
        mine = self._held.setdefault(worker, {})
        found: list[Parcel] = []
        if any(self._losses[key] >= SUSPECT for key in mine):
            return found
        while self._waiting and len(mine) < most:
            found.append(self._waiting.popleft())
            mine[found[-1].key] = found[-1]
        if self._suspects and not mine and most > 0:
            found.append(self._suspects.popleft())
            mine[found[-1].key] = found[-1]
        return found

    def hear(self, worker: str, news: Sequence[News]) -> list[News]:
        """The part of a worker's news that counts: of parcels that are in its hands, and in nobody else's."""
        mine = self._held.get(worker, {})
        counts = []
        for one in news:
            if one.key in mine:
                counts.append(one)
                if one.last:
                    del mine[one.key]
        return counts

    def lose(self, worker: str, why: str) -> list[News]:
        """Take everything from a worker that died; gives the end of the parcels that have died too often."""
        given_up, again = list[News](), list[Parcel]()
        for parcel in self._held.pop(worker, {}).values():
            self._losses[parcel.key] += 1
            if self._losses[parcel.key] > self._retries:
                times = self._losses[parcel.key]
                given_up.append(News(parcel.key, b"", True, f"its worker died {times} times, the last: {why}"))
            elif self._losses[parcel.key] >= SUSPECT:
                self._suspects.append(parcel)
            else:
                again.append(parcel)
        self._waiting.extendleft(reversed(again))
        return given_up
