"""Kills a recorder, or its browser, at random moments while a scripted person works, and counts what is lost.

    python bench/recorder_kills.py 50

After each gesture the recorder's process says that it was heard. Everything that was said more than a second before the
kill must be in the trajectory that `apprentice record --close` makes of what is left.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sites.server import SiteServer
from sites.world import SiteWorld, browser_config, here, task_of
from webapprentice.browser import Browser
from webapprentice.core.actions import Type
from webapprentice.recorder import Gesture, RecordConfig, Recorder, record_scripted, script
from webapprentice.recorder.live import close
from webapprentice.recorder.spool import spools
from webapprentice.store import Store

TASK = "sites/notes-new"
ROUNDS = 12
"""Notes that the person writes, three gestures each, before the recording would end."""


def gestures() -> list[Gesture]:
    """Write notes one after the other; each text is another one."""
    made = []
    for number in range(ROUNDS):
        made += [
            Gesture(do="click", role="button", name="New note"),
            Gesture(do="type", role="textbox", name="Text", text=f"note number {number} of the day"),
            Gesture(do="click", role="button", name="Save"),
        ]
    return made


async def work(folder: Path, port: int) -> None:
    """The process that is killed: says `pid N` of its browser, and `N TIME` after each gesture."""
    config = RecordConfig(browser=browser_config(), bar=False, pictures=False)
    server = SiteServer.at(port)
    with Store.create(folder / "store.sqlite") as store:
        async with Browser.launch(config.browser, here) as browser:
            print("pid", browser.pid, flush=True)
            recorder = await Recorder.open(browser, config)
            person = script(gestures())

            def said(goal: str, seen: Any, done: Any) -> Any:
                print(len(done), time.time(), flush=True)
                return person(goal, seen, done)

            task = task_of(TASK, 0, server)
            await record_scripted(recorder, SiteWorld(recorder.window), task, 0, said, store, folder / "recordings")


def round_of(folder: Path, port: int, whom: str, after: float) -> dict[str, Any]:
    """One kill, `after` seconds behind the first gesture, and what is left."""
    command = [sys.executable, __file__, "--work", str(folder), str(port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    browser = int(child.stdout.readline().split()[1])
    child.stdout.readline()
    time.sleep(after)
    killed = time.time()
    os.kill(child.pid if whom == "recorder" else browser, signal.SIGKILL)
    rest, _ = child.communicate(timeout=60)
    heard = [line.split() for line in rest.splitlines()]
    sure = max((int(count) for count, at in heard if float(at) < killed - 1.0), default=0)
    left = list(spools(folder / "recordings"))
    if not left:
        return {"whom": whom, "lost": 0, "steps": None, "sure": sure, "valid": False}
    with Store.create(folder / "store.sqlite") as store:
        made = close(left[0], RecordConfig(), store)
        again = next(store.trajectories("recorded"))
    texts = [step.action.text for step in made.steps if isinstance(step.action, Type)]
    wanted = [one.text for one in gestures() if one.do == "type"]
    whole = all(text == want for text, want in zip(texts[:-1], wanted, strict=False))
    half = not texts or wanted[len(texts) - 1].startswith(texts[-1])
    return {
        "whom": whom,
        "sure": sure,
        "steps": len(made.steps),
        "lost": max(0, sure - len(made.steps)),
        "valid": again == made and whole and half and made.ending == "cancelled",
    }


def main(number: int) -> None:
    """So many kills, every third one of the browser; one line of figures."""
    chance = random.Random(number)
    found = []
    with SiteServer() as server:
        for count in range(number):
            with tempfile.TemporaryDirectory() as folder:
                whom = "browser" if count % 3 == 2 else "recorder"
                found.append(round_of(Path(folder), server.port, whom, chance.uniform(0.0, 3.0)))
    sums = {
        "kills": len(found),
        "of the browser": sum(one["whom"] == "browser" for one in found),
        "valid": sum(one["valid"] for one in found),
        "gestures heard a second before": sum(one["sure"] for one in found),
        "of them lost": sum(one["lost"] for one in found),
        "steps kept": sum(one["steps"] or 0 for one in found),
    }
    print(json.dumps(sums, indent=1))
    if sums["valid"] < len(found) or sums["of them lost"]:
        print(json.dumps([one for one in found if one["lost"] or not one["valid"]], indent=1))
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        asyncio.run(work(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
