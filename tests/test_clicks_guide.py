"""The guide "From your own clicks to your own model", command by command; only the clicks are a scripted person's."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from sites.server import SiteServer
from sites.world import SiteWorld, browser_config, here, task_of, workflows
from webapprentice.browser import Browser
from webapprentice.cli import apprentice
from webapprentice.recorder import RecordConfig, Recorder, record_scripted, script
from webapprentice.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.slow]

GUIDE = Path(__file__).parents[1] / "docs" / "clicks.md"
SHOWN = ("sites/settings-theme", "sites/settings-command")


async def record(run: Path) -> None:
    """What the guide's reader would have done by hand."""
    config = RecordConfig(browser=browser_config(), bar=False, pictures=False)
    with SiteServer() as server, Store.create(run / "store.sqlite") as store:
        async with Browser.launch(config.browser, here) as chromium:
            recorder = await Recorder.open(chromium, config)
            for seed in range(4):
                for identity in SHOWN:
                    person = script(workflows(seed)[identity].gestures)
                    task = task_of(identity, seed, server)
                    world = SiteWorld(recorder.window)
                    await record_scripted(recorder, world, task, seed, person, store, run / "recordings")
            await recorder.close()


def test_the_guide_leads_from_clicks_to_a_better_model(tmp_path: Path) -> None:
    lines = re.findall(r"^    (apprentice .*)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    verbs = [line.split()[1] for line in lines]
    assert verbs == ["record", "show", "redact", "survival", "dataset", "train", "train", "score", "score"]
    run = tmp_path / "runs" / "mine"
    run.mkdir(parents=True)
    asyncio.run(record(run))
    said = {}
    for line in lines[1:]:
        arguments = [word.replace("runs/mine", str(run)) for word in shlex.split(line)[1:]]
        done = CliRunner().invoke(apprentice, arguments, catch_exceptions=False, standalone_mode=False)
        assert done.exit_code == 0, line
        said[line] = done.output
    assert "survival" in verbs
    assert any(">>> trained:" in output for output in said.values())
    before, after = (json.loads((run / f"{name}.json").read_text()) for name in ("before", "after"))
    assert before["data"] == after["data"]
    assert before["model"] != after["model"]
    assert (run / "model" / "README.md").is_file()
    assert (run / "rows.card.md").is_file()
    (found,) = [float(re.findall(r"EM\D+([\d.]+)", said[line])[0]) for line in lines if "out=after" in line]
    assert found > 20.0
