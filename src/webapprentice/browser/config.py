"""Everything that may differ between two browsers."""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import Field, field_validator

from webapprentice.browser.origins import Rule, canonical_host, place_of
from webapprentice.core.config import Config


class BrowserConfig(Config):
    """How Chromium is started, how much of a page is read, and how long anybody waits."""

    executable: str | None = None
    """Path of the browser; None: the first that `find_chromium` finds."""
    headless: bool = True
    """Without a window. A visible one needs full Chromium and a display."""
    viewport: tuple[int, int] = (1280, 720)
    """Width and height in CSS pixels."""
    locale: str = "en-US"
    """Language of pages and of number formats."""
    timezone: str = "UTC"
    """Time zone that pages see."""
    sandbox: bool | None = None
    """None: on, except for root, where Chromium refuses to start with it."""
    origins: tuple[str, ...] | None = None
    """Origins that pages may reach, such as https://shop.example, *.shop.example or 127.0.0.1:8000; `*` or None: every
    public one. This machine and private networks are reached only where they are listed."""
    networks: tuple[str, ...] = ()
    """Private networks, such as 10.0.0.0/8, into which the name of a listed origin may lead."""
    hosts: dict[str, str] = Field(default_factory=dict)
    """Names that lead to an address of yours, such as shop.test: 127.0.0.1:8301, at the usual port. Pages, models and
    stored trajectories know the site by this name, whatever port it has today. The origin must be listed too."""
    body_bytes: int = Field(default=50_000_000, ge=0)
    """Most that one answer over plain HTTP may carry."""
    tunnel_bytes: int = Field(default=500_000_000, ge=0)
    """Most that one encrypted connection may carry in its life."""
    connections: int = Field(default=512, ge=1)
    """Connections that the pages of one window may hold at one time."""
    quarantine: str | None = None
    """Folder that keeps what pages let download, a folder a window; None: a temporary one, removed with the window."""
    download_bytes: int = Field(default=100_000_000, ge=0)
    """Most that one download may bring; a larger one is cancelled."""
    max_downloads: int = Field(default=20, ge=0)
    """Downloads of one window at the most; 0: none."""
    processes: int = Field(default=0, ge=0, le=64)
    """Browser processes that the windows of one pool are spread over; 0: one a core, with sixteen windows or more
    in each."""
    arguments: tuple[str, ...] = ()
    """More flags for the command line."""
    call_seconds: float = 10.0
    """Deadline of every single call into the browser."""
    act_seconds: float = 5.0
    """The page has this long to take an input event before the action counts as late."""
    navigate_seconds: float = 30.0
    """Deadline of loading an address, and of the page that an action leads to: then the old one is kept."""
    launch_seconds: float = 60.0
    """Deadline of starting the browser."""
    settle_seconds: float = 2.0
    """At most this long for what an action has set in motion to come to rest."""
    recycle_episodes: int = 2_000
    """Episodes after which the browser process is replaced by a new one; 0: never for their number."""
    recycle_mb: int = 4_000
    """Resident memory of the browser's processes, in MB, above which it is replaced."""
    max_nodes: int = 50_000
    """Nodes one observation may hold; beyond them it is marked truncated."""
    table_bytes: int = 1_500_000
    """About this much JSON one observation may be; beyond it, it is marked truncated. What is in view comes first."""
    walk_seconds: float = 0.5
    """Time one observation may take in the page; beyond it, it is marked truncated."""
    frame_seconds: float = 2.0
    """A frame of another origin has this long to answer; one that does not is skipped and counted."""
    html_bytes: int = 5_000_000
    """Most of the raw HTML that is kept when it is asked for."""
    max_tabs: int = 10
    """Tabs of one context at the most; further ones are closed."""
    picture: Literal["none", "plain", "marks"] = "none"
    """What is photographed with each observation: nothing, the page, or the page with the node ids drawn at what can be
    pressed."""
    uploads: str | None = None
    """Folder whose files may be handed to pages; None: no file may."""
    mask_passwords: bool = True
    """Show bullets for what a password field holds."""

    @field_validator("origins")
    @classmethod
    def _readable(cls, origins: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for text in origins or ():
            Rule.read(text)
        return origins

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, hosts: dict[str, str]) -> dict[str, str]:
        for name, place in hosts.items():
            place_of(place)
            if canonical_host(name) != name:
                raise ValueError(f"{name[:80]!r} is no host name; write shop.test")
        return hosts

    @field_validator("networks")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for text in networks:
            ipaddress.ip_network(text)
        return networks
