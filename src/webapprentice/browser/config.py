"""Everything that may differ between two browsers."""

from __future__ import annotations

from webapprentice.core.records import Record


class BrowserConfig(Record):
    """How Chromium is started, how much of a page is read, and how long anybody waits."""

    executable: str | None = None
    """Path of the browser; None: the first that `find_chromium` finds."""
    headless: bool = True
    viewport: tuple[int, int] = (1280, 720)
    """Width and height in CSS pixels."""
    locale: str = "en-US"
    timezone: str = "UTC"
    sandbox: bool | None = None
    """None: on, except for root, where Chromium refuses to start with it."""
    hosts: tuple[str, ...] | None = None
    """Names the browser may resolve; None: all of them. A convenience, not a security boundary."""
    arguments: tuple[str, ...] = ()
    """More flags for the command line."""
    call_seconds: float = 10.0
    """Deadline of every single call into the browser."""
    act_seconds: float = 5.0
    """The page has this long to take an input event before the action counts as late."""
    navigate_seconds: float = 30.0
    launch_seconds: float = 60.0
    settle_seconds: float = 2.0
    """At most this long for what an action has set in motion to come to rest."""
    max_nodes: int = 50_000
    walk_seconds: float = 0.5
    """Nodes and time one observation may take; beyond either it is marked truncated."""
    html_bytes: int = 5_000_000
    max_tabs: int = 10
    mask_passwords: bool = True
    """Show bullets for what a password field holds."""
