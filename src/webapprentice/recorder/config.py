"""Everything that may differ between two recordings."""

from __future__ import annotations

from pydantic import Field

from webapprentice.browser import BrowserConfig
from webapprentice.core.config import Config


class RecordConfig(Config):
    """What is kept of a recording."""

    collection: str = "recorded"
    """Where the trajectory goes in the store."""
    pictures: bool = True
    """Keep a PNG with each step, with the target marked; needs Pillow."""
    html: bool = True
    """Keep the page's HTML with each step, with the node ids in it."""
    hovers: bool = True
    """Note what had to be pointed at before the thing that was pressed was there."""
    redact: bool = True
    """Put placeholders for secrets before anything is written. Off only for pages whose secrets are made up."""
    bar: bool = True
    """Show a small bar in each page that says that it records."""
    skip: str = ""
    """CSS selector of what is left out of the page with everything in it."""
    alias: tuple[str, str] | None = None
    """An address and what stands in its place in what is kept: a port that is another one each time."""
    wait_seconds: float = Field(default=3.0, ge=0.0)
    """How long the page has to come to rest before it is looked at."""
    browser: BrowserConfig = BrowserConfig(headless=False)


class ReplayConfig(Config):
    """How a recording is played."""

    wait_seconds: float = Field(default=5.0, ge=0.0)
    """How long the element of a step has to appear."""
    browser: BrowserConfig = BrowserConfig()
