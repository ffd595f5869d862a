"""Walls as a browser shows them: told from pages that can be used, among them MiniWoB++'s own tasks to sign in."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Stage
from test_page_walls import GOAL, OPEN, WALLS
from webapprentice.browser import BrowserConfig, Window
from webapprentice.page import Wall, wall
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import worlds
from webapprentice.tasks.server import PageServer

pytestmark = pytest.mark.browser
DETECTED = 0.9


async def _walls(stage: Stage, url: str, paths: list[str]) -> list[Wall | None]:
    window = Window(stage.browser, stage.browser.config.with_(origins=(url,)))
    await window.renew()
    found = []
    for place, path in enumerate(paths):
        await window.goto(f"{url}{place}.html")
        await window.evaluate(f"history.replaceState(0, '', {path!r})")
        found.append(wall((await window.observe()).observation, GOAL))
    await window.close()
    return found


def _found(stage: Stage, folder: Path, pages: list[tuple[str, str]]) -> list[Wall | None]:
    for place, (_, html) in enumerate(pages):
        (folder / f"{place}.html").write_text(f"<!doctype html><meta charset=utf-8><title></title>{html}")
    with PageServer(folder) as server:
        return stage.run(_walls(stage, server.url, [path for path, _ in pages]))


def test_nine_walls_of_ten_are_named(stage: Stage, tmp_path: Path) -> None:
    expected = [kind for kind, _, _ in WALLS.values()]
    found = _found(stage, tmp_path, [(path, html) for _, path, html in WALLS.values()])
    right = sum(one is other for one, other in zip(found, expected, strict=True))
    assert right >= DETECTED * len(WALLS), dict(zip(WALLS, found, strict=True))
    assert {kind for kind, one in zip(expected, found, strict=True) if kind is one} == set(Wall)


def test_a_page_that_can_be_used_is_no_wall(stage: Stage, tmp_path: Path) -> None:
    found = _found(stage, tmp_path, list(OPEN.values()))
    assert dict(zip(OPEN, found, strict=True)) == dict.fromkeys(OPEN)


def test_the_tasks_of_miniwob_are_no_walls(stage: Stage) -> None:
    async def scene() -> list[Wall | None]:
        async with worlds(1, BrowserConfig()) as (world,):
            found = []
            for task in load("miniwob/login-user,miniwob/login-user-popup,miniwob/enter-password,miniwob/email-inbox"):
                scene = await world.reset(task, 1)
                found.append(wall(scene.observation, scene.goal))
            return found

    assert stage.run(scene()) == [None] * 4
