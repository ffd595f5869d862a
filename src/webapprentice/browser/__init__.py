"""The door to Chromium: windows that are observed, acted in, and brought back after a hang. The protocol stays in here.

    async with Browser.launch(BrowserConfig()) as browser:
        window = await browser.open()
        await window.goto("https://example.org")
        seen = await window.observe()
        outcome = await act(window, Click(node=seen.observation.elements[0].id))

The names are loaded on first use: `import webapprentice.browser` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webapprentice.browser.acting import act, landed
    from webapprentice.browser.chromium import Browser, find_chromium
    from webapprentice.browser.config import BrowserConfig
    from webapprentice.browser.looking import Seen
    from webapprentice.browser.origins import origins_of
    from webapprentice.browser.window import Window

_HOMES = {
    "Browser": "chromium",
    "BrowserConfig": "config",
    "Seen": "looking",
    "Window": "window",
    "act": "acting",
    "find_chromium": "chromium",
    "landed": "acting",
    "origins_of": "origins",
}

__all__ = ["Browser", "BrowserConfig", "Seen", "Window", "act", "find_chromium", "landed", "origins_of"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"webapprentice.browser.{_HOMES[name]}"), name)
