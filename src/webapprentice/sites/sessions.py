"""State of each browser session: a copy in memory of each site's first database, made when it is first asked for."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time

from webapprentice.sites.site import Account, Site

KEPT = 512
"""Sessions that are kept; the one that was not used for longest goes first."""


@dataclass
class Session:
    """What one browser has done on all sites."""

    key: str
    databases: dict[str, sqlite3.Connection] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    flashes: dict[str, list[str]] = field(default_factory=dict)

    def close(self) -> None:
        """Forget everything."""
        for database in self.databases.values():
            database.close()
        self.databases.clear()


class Sessions:
    """All sessions of one set of sites. Only ever used by the one thread that serves."""

    def __init__(self, sites: Mapping[str, Site], login_seconds: float) -> None:
        self._first = {name: _first(site) for name, site in sites.items() if not site.shares}
        self._kept: OrderedDict[str, Session] = OrderedDict()
        self._secret = secrets.token_bytes(32)
        self._sites = sites
        self._login_seconds = login_seconds

    def __len__(self) -> int:
        return len(self._kept)

    def reset(self, key: str = "") -> Session:
        """A fresh session under this key, or under a new one."""
        key = key or secrets.token_hex(8)
        old = self._kept.pop(key, None)
        if old is not None:
            old.close()
        session = self._kept[key] = Session(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)[1].close()
        return session

    def of(self, key: str) -> Session:
        """The session of this key; a fresh one where there is none."""
        session = self._kept.get(key)
        if session is None:
            return self.reset(key)
        self._kept.move_to_end(key)
        return session

    def database(self, session: Session, site: str) -> sqlite3.Connection:
        """The session's own database of a site."""
        site = self._sites[site].shares or site
        found = session.databases.get(site)
        if found is None:
            found = session.databases[site] = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            found.deserialize(self._first[site])
            found.row_factory = sqlite3.Row
        return found

    # Who is signed in stands in a signed cookie: it outlives a reset and ends by itself.

    def ticket(self, site: str, user: str, now: float | None = None) -> str:
        """What proves that somebody has signed in."""
        said = f"{user}|{int(time() if now is None else now)}"
        return f"{said}|{self._sign(site, said)}"

    def account(self, site: str, ticket: str) -> Account | None:
        """Who brings this ticket; None where it is none, or too old."""
        said, _, mark = ticket.rpartition("|")
        user, _, since = said.rpartition("|")
        if not hmac.compare_digest(mark.encode(), self._sign(site, said).encode()):
            return None
        if time() - int(since) >= self._login_seconds:
            return None
        return self._sites[site].accounts.get(user)

    def expire(self) -> None:
        """Every ticket that was given out so far is worth nothing from now on."""
        self._secret = secrets.token_bytes(32)

    def _sign(self, site: str, said: str) -> str:
        return hmac.new(self._secret, f"{site}|{said}".encode(), hashlib.sha256).hexdigest()[:32]


def _first(site: Site) -> bytes:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.row_factory = sqlite3.Row
    site.build(database)
    database.execute("VACUUM")
    data = database.serialize()
    database.close()
    return data
