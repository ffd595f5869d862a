"""A browser that exists on paper only: the twin of `Looker`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.tasks.webarena.looking import ScriptError


@dataclass
class ScriptedPage:
    """A page that holds what it is told to hold."""

    at: str
    content: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """By expression; an expression that is not there throws. A `FaultError` in it is raised."""
    evaluated: list[str] = field(default_factory=list)
    closed: int = 0
    """How many times it was closed."""

    async def url(self) -> str:
        return self.at

    async def html(self) -> str:
        return self.content

    async def evaluate(self, expression: str) -> Any:
        """The value. Raises ScriptError where there is none."""
        self.evaluated.append(expression)
        if expression not in self.values:
            raise ScriptError(f"nothing is known of {expression}")
        value = self.values[expression]
        if isinstance(value, FaultError):
            raise value
        return value

    async def close(self) -> None:
        self.closed += 1


@dataclass
class ScriptedLooker(ScriptedPage):
    """The agent's page, and what other addresses lead to."""

    pages: Mapping[str, ScriptedPage] = field(default_factory=dict)
    """By the address asked for; any other does not answer."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)
    """By site; any other has none."""
    opened: list[str] = field(default_factory=list)

    async def open(self, url: str) -> ScriptedPage:
        """The page there. Raises FaultError where there is none."""
        self.opened.append(url)
        if url not in self.pages:
            raise _down(url)
        return self.pages[url]

    async def state(self, site: str) -> Any:
        """The site's state. Raises FaultError where it has none."""
        if site not in self.states:
            raise _down(site)
        return self.states[site]


def _down(what: str) -> FaultError:
    return FaultError(Fault(owner=Owner.ENVIRONMENT, kind="site_down", message=f"{what} does not answer"))
