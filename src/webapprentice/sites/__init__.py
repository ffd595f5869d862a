"""Floor 2: real web applications that run on one machine, with a state of their own for each browser session.

with Serving(every()) as serving:
    ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapprentice.sites.site import Site

NAMES = ("shop", "shop_admin", "forum", "code", "wiki", "map")
"""The sites, in the order of their ports."""


def every() -> dict[str, Site]:
    """All sites, by name. Raises UnavailableError where what serves them is not installed."""
    from webapprentice.core.faults import UnavailableError

    found: dict[str, Site] = {}
    for name in NAMES:
        try:
            found[name] = import_module(f"webapprentice.sites.{name}").SITE
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("webapprentice"):
                raise
            raise UnavailableError("the local sites need more: pip install 'webapprentice[sites]'") from error
    return found
