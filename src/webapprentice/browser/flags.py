"""The command line that Chromium is started with."""

from __future__ import annotations

import os

from webapprentice.browser.config import BrowserConfig

FLAGS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--enable-automation",
    "--password-store=basic",
    "--use-mock-keychain",
    "--disable-gpu",
    "--disable-quic",
    # Nothing leaves but through the proxy: no UDP, no names looked up, no connections made ahead.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--dns-prefetch-disable",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-breakpad",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-field-trial-config",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-back-forward-cache",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    # As full Chromium does it: what hangs or crashes in a frame of another site leaves the page alone.
    "--site-per-process",
    "--metrics-recording-only",
    "--force-color-profile=srgb",
    "--mute-audio",
    # The first great collection comes when 4 MB of scripts' objects have grown old, not 256: pages that are loaded and
    # done with leave much behind.
    "--js-flags=--initial-old-space-size=4",
    # One process less. It is not in a sandbox when it stands by itself either.
    "--enable-features=NetworkServiceInProcess2",
)
OFF = (
    "Translate",
    "MediaRouter",
    "OptimizationHints",
    "AutofillServerCommunication",
    "HttpsUpgrades",
    "GlobalMediaControls",
    "DestroyProfileOnBrowserClose",
    # A renderer kept ready belongs to one context: with several, every load ended it and started another.
    "SpareRendererForSitePerProcess",
    # Else what a page does after an input waits for the next frame, and so do we.
    "DeferRendererTasksAfterInput",
    # A load takes over the frame that is there, as it was for long, in place of building a new view for it.
    "RenderDocument",
    # Free memory is kept by each thread for its own next need: 2 MB a renderer, and no faster for it here.
    "PartitionAllocLargeThreadCacheSize",
    "PartitionAllocLargeEmptySlotSpanRing",
)
"""Features of Chromium that are on by default."""
HEADLESS = (
    "--headless",
    "--hide-scrollbars",
    # A mouse and no finger: else style sheets take the machine for a telephone.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)
VISIBLE = ("--no-startup-window",)
"""The windows that are asked for, and no empty one beside them."""
SMALL_MEMORY = 256 * 2**20
"""Bytes of shared memory below which Chromium crashes on larger pages; containers often have 64 MB."""
LARGEST = (800, 600)
"""What the browser keeps drawn of a window without a screen; pages are as large as `viewport` says all the same."""
FLAT = ("--disable-software-rasterizer",)
"""For pages that draw nothing in three dimensions: the program that would do it is not loaded, 15 MB."""


LISTS = {"--disable-features": ",", "--enable-features": ",", "--js-flags": " "}
"""Of these Chromium heeds the last one alone: what a configuration gives is added to ours."""


def flags(config: BrowserConfig) -> list[str]:
    """The command line's flags, in order; they belong into the provenance of what was seen."""
    chosen = [*FLAGS, f"--disable-features={','.join(OFF)}"]
    chosen += [f"--accept-lang={config.locale}", f"--lang={config.locale}"]
    if config.headless:
        width, height = map(min, config.viewport, LARGEST)
        chosen += [*HEADLESS, f"--window-size={width},{height}"]
    else:
        chosen += VISIBLE
    if _little_shared_memory():
        chosen.append("--disable-dev-shm-usage")
    if not sandboxed(config):
        chosen.append("--no-sandbox")
    for flag in config.arguments:
        name, _, values = flag.partition("=")
        place = next((n for n, one in enumerate(chosen) if one.startswith(f"{name}=")), None)
        if name in LISTS and place is not None:
            chosen[place] += LISTS[name] + values
        else:
            chosen.append(flag)
    return chosen


def sandboxed(config: BrowserConfig) -> bool:
    """Whether Chromium's own sandbox is on; root has to do without."""
    return config.sandbox if config.sandbox is not None else not (hasattr(os, "geteuid") and os.geteuid() == 0)


def _little_shared_memory() -> bool:
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return False
    return found.f_frsize * found.f_blocks < SMALL_MEMORY
