"""`apprentice doctor`."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click

from webapprentice.cli.options import emit
from webapprentice.core.faults import ApprenticeError, UnavailableError


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(as_json: bool) -> None:
    """Check this machine; each line says ok, warn or fail, and what to do."""
    found = {name: _asked(check) for name, check in _CHECKS.items()}
    text = "\n".join(f"{state:<5} {name:<12} {words}" for name, (state, words) in found.items())
    emit({name: {"state": state, "words": words} for name, (state, words) in found.items()}, as_json, text)
    failed = [name for name, (state, _) in found.items() if state == "fail"]
    if failed:
        raise UnavailableError(f"not everything needed is here: {', '.join(failed)}")


def _asked(check: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    try:
        return check()
    except ApprenticeError as error:
        return "fail", str(error)


def _python() -> tuple[str, str]:
    return ("ok" if sys.version_info >= (3, 11) else "fail"), f"{platform.python_version()} on {platform.platform()}"


def _chromium() -> tuple[str, str]:
    from webapprentice.browser import find_chromium

    found = find_chromium()
    if found is None:
        return "fail", "none found; run `make setup`, or name one in WEBAPPRENTICE_CHROMIUM"
    return "ok", str(found)


def _sandbox() -> tuple[str, str]:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return "warn", "running as root: Chromium's own sandbox is off; use another user for pages you do not trust"
    return "ok", "Chromium's own sandbox can be used"


def _pages() -> tuple[str, str]:
    from webapprentice.tasks import load

    return "ok", f"{len(load('miniwob/*'))} MiniWoB++ tasks"


def _training() -> tuple[str, str]:
    missing = [name for name in ("torch", "transformers", "peft") if importlib.util.find_spec(name) is None]
    if missing:
        return "warn", f"without {', '.join(missing)} only endpoints can be used: pip install 'webapprentice[train]'"
    gpu = "an NVIDIA driver is here" if shutil.which("nvidia-smi") else "no NVIDIA driver: training runs on the CPU"
    return "ok", f"torch {version('torch')}; {gpu}"


def _cluster() -> tuple[str, str]:
    if importlib.util.find_spec("ray") is None:
        return "ok", "Ray is not installed; only `--executor ray` needs it: pip install 'webapprentice[ray]'"
    old = tuple(map(int, version("ray").split(".")[:2])) < (2, 54)
    return (
        ("warn", f"Ray {version('ray')} is refused: install 2.54 or newer") if old else ("ok", f"Ray {version('ray')}")
    )


def _disk() -> tuple[str, str]:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return ("ok" if free > 2 else "warn"), f"{free:.0f} GB free here"


def _cores() -> tuple[str, str]:
    return "ok", f"{os.cpu_count()} cores"


_CHECKS: dict[str, Callable[[], tuple[str, str]]] = {
    "python": _python,
    "chromium": _chromium,
    "sandbox": _sandbox,
    "pages": _pages,
    "training": _training,
    "cluster": _cluster,
    "disk": _disk,
    "cores": _cores,
}
