"""What the keeper of the sites asks them, from any process that knows their token."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from webapprentice.core.faults import Fault, FaultError, Owner

SECONDS = 10.0


class Control:
    """Asks running sites for sessions and states. Every call raises FaultError owned by `environment`, of the kind
    `site_down` where nobody answers and `site_error` where the answer is no good one."""

    def __init__(self, places: Mapping[str, str], token: str) -> None:
        self._places = places
        self._client = httpx.AsyncClient(timeout=SECONDS, headers={"X-Apprentice-Token": token}, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def reset(self, session: str = "") -> str:
        """A fresh state of all sites under this key, or under a new one; its key."""
        found = await self._ask(next(iter(self._places)), "reset", session)
        return str(found["session"])

    async def drop(self, session: str) -> None:
        """Forget a session."""
        await self._ask(next(iter(self._places)), "drop", session)

    async def state(self, site: str, session: str) -> dict[str, Any]:
        """What a site holds for a session, as JSON values."""
        return await self._ask(site, "state", session)

    async def health(self, site: str) -> None:
        """Ask whether a site is well; raises where it is not."""
        await self._ask(site, "health")

    async def _ask(self, site: str, what: str, session: str = "") -> dict[str, Any]:
        try:
            answer = await self._client.get(f"http://{self._places[site]}/-/{what}", params={"session": session})
        except httpx.HTTPError as error:
            raise _trouble("site_down", f"{site} does not answer: {error or type(error).__name__}") from error
        if answer.status_code != 200:
            raise _trouble("site_error", f"{site} answers {answer.status_code} to {what}")
        found: dict[str, Any] = answer.json()
        return found


def _trouble(kind: str, message: str) -> FaultError:
    return FaultError(Fault(owner=Owner.ENVIRONMENT, kind=kind, message=message[:300]))
