"""Records scripted people on the sites, plays them on the same sites and on rebuilt ones, and says what held.

    python bench/bench_replay.py 5 3        # seeds, variants

A seed varies names, prices and contents; a variant every id, class, field name and the layout.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sites.server import SiteServer
from sites.shop import customer
from sites.world import Draw, SiteWorld, browser_config, here, task_of, workflows
from webapprentice.browser import Browser
from webapprentice.recorder import RecordConfig, Recorder, locating, record_scripted, replay, script
from webapprentice.store import Store


async def measure(seeds: int, variants: int, folder: Path) -> dict[str, Any]:
    """Steps and workflows played for each variant, and for each kind of locator how many are still exact."""
    note = folder / "files" / "note.txt"
    note.parent.mkdir()
    note.write_text("a note")
    config = RecordConfig(browser=browser_config(uploads=str(note.parent)), bar=False, pictures=False)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    locators: dict[int, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    recorded = Counter[str]()
    with SiteServer() as server, Store.create(folder / "store.sqlite") as store:
        async with Browser.launch(config.browser, here) as browser:
            recorder, player = await Recorder.open(browser, config), await browser.open(locating.script())
            for seed in range(seeds):
                secrets = {
                    "APPRENTICE_SECRET_PASSWORD_1": customer(Draw(seed))[1],
                    "APPRENTICE_SECRET_CARD_1": "4111 1111 1111 1111",
                    "APPRENTICE_SECRET_CVC_1": "737",
                }
                for identity, workflow in workflows(seed).items():
                    gestures = [
                        one.with_(options=(str(note),)) if one.do == "upload" else one for one in workflow.gestures
                    ]
                    task = task_of(identity, seed, server)
                    world = SiteWorld(recorder.window)
                    made = await record_scripted(
                        recorder, world, task, seed, script(gestures), store, folder / "recordings"
                    )
                    recorded["workflows"] += 1
                    recorded["solved"] += made.succeeded
                    recorded["steps"] += len(made.steps)
                    for variant in range(variants + 1):
                        judge = SiteWorld(player)
                        await judge.reset(task_of(identity, seed, server, variant), seed)
                        told = await replay(
                            player, made, files={"note.txt": str(note)}, environment=secrets, start=None
                        )
                        count = counts[variant]
                        count["steps"] += told.steps
                        count["played"] += told.done
                        count["solved"] += told.complete and await judge.reached() == workflow.outcome
                        for kind, (exact, of) in told.locators.items():
                            locators[variant][kind].update(exact=exact, of=of)
            await recorder.close()
    return {
        "recorded": dict(recorded),
        "variants": {
            variant: {**counts[variant], "locators": {kind: f"{n['exact']}/{n['of']}" for kind, n in kinds.items()}}
            for variant, kinds in locators.items()
        },
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        numbers = [int(word) for word in sys.argv[1:]] or [5, 3]
        print(json.dumps(asyncio.run(measure(numbers[0], numbers[1], Path(place))), indent=1))
