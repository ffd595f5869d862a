"""Every Python block of the page about interfaces runs, where its library is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from webapprentice.browser import find_chromium

PAGE = Path(__file__).parents[1] / "docs" / "interfaces.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NEEDS = {
    "interfaces.gym ": "gymnasium",
    "interfaces.browsergym": "browsergym.core",
    "interfaces.foreign": "browsergym.miniwob",
}


@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_block_runs(block: str) -> None:
    needed = next((name for word, name in NEEDS.items() if word in block), "openenv.core")
    pytest.importorskip(needed)
    subprocess.run([sys.executable, "-c", block], check=True, timeout=120)
