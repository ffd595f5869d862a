"""What collecting evidence needs of a browser, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class ScriptError(Exception):
    """JavaScript that was run in a page threw; the page itself is well."""


class Page(Protocol):
    """A page that can be read."""

    async def url(self) -> str:
        """Its address now. Raises FaultError where the page does not answer."""
        ...

    async def html(self) -> str:
        """The whole document as HTML, as it is now. Raises FaultError where the page does not answer."""
        ...

    async def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is awaited; `undefined` is None.

        Raises ScriptError where it throws, FaultError where the page does not answer.
        """
        ...


class OpenedPage(Page, Protocol):
    """A page that was opened to be read."""

    async def close(self) -> None:
        """Close it; never raises."""
        ...


class Looker(Page, Protocol):
    """What collecting needs of a browser. Its own three are those of the agent's page, which it never moves."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Base address of each site by its name."""
        ...

    @property
    def accounts(self) -> Mapping[str, tuple[str, str]]:
        """Name and password by site, for the applications' own interfaces; `shopping_admin` reads reviews."""
        ...

    async def open(self, url: str) -> OpenedPage:
        """A page of its own at this address, loaded, with the agent's cookies.

        Raises FaultError owned by the environment where the site does not answer.
        """
        ...

    async def state(self, site: str) -> Any:
        """The state of a local application in the agent's session, as a JSON value. Raises FaultError."""
        ...
