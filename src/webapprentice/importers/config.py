"""How recordings without pages are filled."""

from __future__ import annotations

from pydantic import Field

from webapprentice.browser.config import BrowserConfig
from webapprentice.core.config import Config


class ImportConfig(Config):
    """How `apprentice import` fills recordings that hold no pages, by doing them again in a browser."""

    unfilled: bool = False
    """Take such a recording as it is, without pages; no rows can be made of it."""
    element_seconds: float = Field(default=10.0, gt=0.0, le=300.0)
    """An element that a step points at has this long to appear, unless the step says otherwise."""
    scrolls: int = Field(default=20, ge=1, le=200)
    """Turns of the wheel at the most for one recorded scroll position."""
    redact: bool = True
    """Put placeholders in the place of secrets before anything is kept."""
    browser: BrowserConfig = BrowserConfig()
    """The browser; sites on this machine or in private networks must be listed in `browser.origins`."""
