"""Browsers killed under a rollout cost time, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from webapprentice.browser import find_chromium

KILLS = Path(__file__).parents[1] / "bench" / "kills.py"


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
def test_ten_kills_change_no_result_and_leave_nothing() -> None:
    command = [sys.executable, str(KILLS), "--kills", "10", "--worlds", "3", "--pause", "0.3"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert ran.stdout, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])  # how soon is for the bench to judge, on a quiet machine
    assert (told["kills"], told["never_noticed"], told["never_back"]) == (10, 0, 0)
    assert told["abandoned"] > 0  # the kills did meet episodes
    assert told["jobs"] > 10
    assert (told["missing"], told["twice"], told["differ"], told["faults"]) == (0, 0, 0, {})
    assert (told["processes_left"], told["folders_left"]) == (0, [])
    assert "Traceback" not in ran.stderr
    assert "never retrieved" not in ran.stderr
