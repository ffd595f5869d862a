"""Scripted people are recorded on small sites; what they did is played again there, and on the same sites rebuilt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sites.server import SiteServer
from sites.shop import customer
from sites.world import Draw, SiteWorld, browser_config, here, task_of, workflows
from webapprentice.browser import Browser, Window
from webapprentice.core.actions import Hover, Type
from webapprentice.core.records import Trajectory
from webapprentice.page import aimed_at
from webapprentice.recorder import RecordConfig, Recorder, Replay, locating, record_scripted, replay, script
from webapprentice.store import Store

pytestmark = pytest.mark.browser

SEED = 1
WORKFLOWS = workflows(SEED)
SECRETS = {
    "APPRENTICE_SECRET_PASSWORD_1": customer(Draw(SEED))[1],
    "APPRENTICE_SECRET_CARD_1": "4111 1111 1111 1111",
    "APPRENTICE_SECRET_CVC_1": "737",
}


class Ground(NamedTuple):
    """Everything recorded once, and a window to play it in."""

    runner: asyncio.Runner
    server: SiteServer
    player: Window
    store: Store
    made: dict[str, Trajectory]
    files: dict[str, str]

    def play(self, identity: str, variant: int) -> tuple[Replay, Any]:
        """Played, and what the page has come to."""
        world = SiteWorld(self.player)

        async def scene() -> tuple[Replay, Any]:
            await world.reset(task_of(identity, SEED, self.server, variant), SEED)
            told = await replay(
                self.player, self.made[identity], files=self.files, environment=SECRETS, start=None, wait_seconds=3.0
            )
            return told, await world.reached()

        return self.runner.run(scene())


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder: Path = tmp_path_factory.mktemp("sites")
    note = folder / "files" / "note.txt"
    note.parent.mkdir()
    note.write_text("a note")
    config = RecordConfig(browser=browser_config(uploads=str(note.parent)), bar=False, pictures=False)
    made: dict[str, Trajectory] = {}

    async def record(browser: Browser, server: SiteServer, store: Store) -> Window:
        recorder = await Recorder.open(browser, config)
        world = SiteWorld(recorder.window)
        for identity, workflow in WORKFLOWS.items():
            gestures = [
                one.with_(options=tuple(str(note.parent / name) for name in one.options)) if one.do == "upload" else one
                for one in workflow.gestures
            ]
            task = task_of(identity, SEED, server)
            made[identity] = await record_scripted(
                recorder, world, task, SEED, script(gestures), store, folder / "recordings"
            )
        await recorder.close()
        return await browser.open(locating.script())

    with asyncio.Runner() as runner, SiteServer() as server, Store.create(folder / "store.sqlite") as store:
        launching = Browser.launch(config.browser, here)
        browser = runner.run(launching.__aenter__())
        try:
            player = runner.run(record(browser, server, store))
            yield Ground(runner, server, player, store, made, {"note.txt": str(note)})
        finally:
            runner.run(launching.__aexit__(None, None, None))


def test_every_workflow_is_recorded_and_comes_to_what_it_should(ground: Ground) -> None:
    assert len(ground.made) >= 12
    assert {identity: made.score for identity, made in ground.made.items()} == dict.fromkeys(WORKFLOWS, 1.0)
    assert not list(ground.store.path.parent.glob("recordings/*"))
    for made in ground.store.trajectories("recorded"):
        assert made == ground.made[made.task.id]
        assert made.source == "recorded"


def test_what_was_done_is_one_step_each(ground: Ground) -> None:
    kinds = {
        identity: [step.action.kind for step in made.steps if step.action] for identity, made in ground.made.items()
    }
    assert kinds["sites/shop-buy"] == [
        *("click", "type", "type", "click", "type", "click", "type", "click", "click", "select", "click", "stop"),
    ]
    assert kinds["sites/notes-tag"][:3] == ["click", "back", "click"]
    assert kinds["sites/board-move"] == ["drag", "drag", "stop"]
    assert kinds["sites/desk-reply"] == ["click", "click", "switch_tab", "type", "type", "upload", "click", "stop"]
    assert kinds["sites/desk-delete"] == ["click", "dialog", "click", "stop"]
    assert kinds["sites/settings-theme"] == ["hover", "hover", "click", "stop"]
    assert kinds["sites/settings-command"] == ["press", "type", "stop"]
    assert kinds["sites/booking-book"][0] == "select"
    assert "scroll" in kinds["sites/booking-book"]


@pytest.mark.parametrize("identity", WORKFLOWS)
def test_a_recording_plays_on_the_same_site_and_on_it_rebuilt(ground: Ground, identity: str) -> None:
    for variant in (0, 1):
        told, reached = ground.play(identity, variant)
        assert told.complete, [one for one in told.played if one.result != "played"]
        assert reached == WORKFLOWS[identity].outcome
        if variant == 0:
            assert all(exact == of for exact, of in told.locators.values()), told.locators


def test_each_step_has_its_target_in_its_page_and_in_its_html(ground: Ground) -> None:
    aimed = 0
    for made in ground.made.values():
        for step in made.steps:
            for target in step.targets:
                element = step.observation.element(target.node)
                assert element is not None, (made.task.id, step.said)
                if not isinstance(step.action, Hover):
                    assert (element.role or element.tag) == (target.role or target.tag)
                assert step.observation.html is not None
                html = ground.store.blob(step.observation.html).decode()
                elements, node = aimed_at(html, f'[apprentice-node="{target.node}"]')
                found = next((one for one in elements if one.id == node), None)
                assert found is not None, (made.task.id, step.said)
                assert found.tag == element.tag
                assert target.locators
                aimed += 1
    assert aimed > 60


def test_the_page_of_a_step_is_the_one_before_it(ground: Ground) -> None:
    for made in ground.made.values():
        for step in made.steps:
            if isinstance(step.action, Type) and step.targets:
                element = step.observation.element(step.targets[0].node)
                assert element is not None
                assert element.value != step.action.text, (made.task.id, step.said)


def test_frames_and_shadow_roots_are_part_of_the_way_to_an_element(ground: Ground) -> None:
    def hosts(identity: str, name: str) -> tuple[str, ...]:
        steps = ground.made[identity].steps
        return next(target.hosts for step in steps for target in step.targets if target.name == name)

    (card,) = hosts("sites/shop-pay", "Card number")
    assert card.startswith("frame http://desk.test:")
    assert hosts("sites/desk-reply", "Message")[0].startswith("frame ")
    switch = ground.made["sites/settings-switch"].steps[0].targets[0]
    assert [host.partition(" ")[0] for host in switch.hosts] == ["shadow", "shadow"]


def test_a_secret_is_not_told_to_another_origin_nor_made_up(ground: Ground) -> None:
    made = ground.made["sites/shop-buy"]

    async def scene(url: str, environment: dict[str, str]) -> Replay:
        return await replay(ground.player, made, environment=environment, start=url, wait_seconds=1.0)

    url = ground.server.url("shop", SEED)
    told = ground.runner.run(scene(url, {}))
    assert (told.done, told.played[-1].result) == (2, "needs")
    assert "APPRENTICE_SECRET_PASSWORD_1" in told.played[-1].message


def test_a_replay_stops_where_it_is_unclear_what_is_meant(ground: Ground) -> None:
    made = ground.made["sites/notes-edit"]

    async def scene() -> Replay:
        world = SiteWorld(ground.player)
        await world.reset(task_of("sites/notes-new", SEED, ground.server), SEED)
        link = made.steps[0].targets[0].name
        double = (
            "document.querySelector('main').innerHTML = document.querySelector('main').innerHTML"
            f".replace(/<li>[^]*<.ul>/, `${{'<li><b><a href=x>{link}</a></b></li>'.repeat(2)}}</ul>`)"
        )
        await ground.player.evaluate(f"{double}, null")
        return await replay(ground.player, made, start=None, wait_seconds=0.5)

    told = ground.runner.run(scene())
    assert not told.complete
    assert (told.done, told.played[0].result) == (0, "ambiguous")
    assert "nothing tells them apart" in told.played[0].message
