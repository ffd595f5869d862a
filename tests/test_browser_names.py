"""Roles and names agree with Chromium's own accessibility tree, which every expected value is taken from, live."""

from __future__ import annotations

import asyncio
import sys
import tarfile
from pathlib import Path

import pytest

from conftest import Stage
from webapprentice.browser import Browser, Window
from webapprentice.tasks import load
from webapprentice.tasks.miniwob import worlds
from webapprentice.tasks.server import PageServer

sys.path.append(str(Path(__file__).parents[1] / "bench"))
from chromium_tree import Pair, compare
from names import CONFIG

pytestmark = pytest.mark.browser

REAL = Path(__file__).parents[2] / "shared/data/html_readability/readability_test_pages_130.tar.xz"
TASKS = (
    "miniwob/click-checkboxes,miniwob/click-tab,miniwob/click-option,miniwob/choose-list,miniwob/email-inbox,"
    "miniwob/enter-date,miniwob/enter-password,miniwob/flight.AA,miniwob/form-sequence-2,miniwob/phone-book,"
    "miniwob/use-spinner,miniwob/text-editor,miniwob/social-media,miniwob/click-collapsible,miniwob/book-flight"
)


def differing(pairs: list[Pair]) -> list[Pair]:
    return [pair for pair in pairs if not pair.agree and not pair.beyond]


def test_every_case_of_naming_is_what_chromium_makes_of_it(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "naming.html"))
    seen = stage.run(window.observe()).observation
    pairs = [pair for pair in stage.run(compare(window, seen.elements)) if pair.counted]
    assert len(pairs) > 400
    # The page itself says where we differ, and those it names do differ.
    wrong = {pair.html for pair in differing(pairs)}
    assert wrong == {pair.html for pair in pairs if "data-differs" in pair.html.partition(">")[0]}


def test_what_goes_beyond_the_standard_is_only_what_chromium_does_not_name(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "naming.html"))
    seen = stage.run(window.observe()).observation
    beyond = [pair for pair in stage.run(compare(window, seen.elements)) if pair.beyond]
    assert any("loose" in pair.note for pair in beyond)
    for pair in beyond:
        assert pair.ours is not None
        assert pair.theirs is None or pair.theirs.name in ("", pair.ours.name)


def test_what_is_kept_from_listeners_has_no_role_but_can_be_pressed(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "naming.html"))
    seen = stage.run(window.observe()).observation
    link = next(element for element in seen.elements if element.name == "concealed link")
    assert (link.role, link.clickable) == ("", True)
    inert = next(element for element in seen.elements if element.name == "inert link" or element.text == "inert link")
    assert not inert.clickable


LABELS = """(() => {
  document.body.innerHTML = `<label for=a>one</label> <label for=a>two</label> <label>three <input id=a></label>
    <label>around <input></label> <label for=none>nothing <input></label> <label hidden for=b>unseen</label><input id=b>
    <label for=c>outer</label><div id=host></div>
    <label><svg></svg> late <my-field></my-field> <input id=d></label>`;
  const root = host.attachShadow({ mode: 'open' });
  root.innerHTML = '<label for=c>inner</label><input id=c> <label>nested <select><option>x</select></label>';
})()"""


def test_labels_are_those_of_the_fields_own_tree_as_they_are_now(stage: Stage, window: Window) -> None:
    def named() -> list[tuple[str, str]]:
        seen = stage.run(window.observe()).observation
        pairs = [pair for pair in stage.run(compare(window, seen.elements)) if pair.counted]
        assert differing(pairs) == []
        return [(one.tag, one.name) for one in seen.elements if one.tag in ("input", "select")]

    stage.run(window.goto(stage.url + "naming.html"))
    stage.run(window.evaluate(LABELS))
    first = named()
    assert first[:3] == [("input", "one two three"), ("input", "around"), ("input", "")]
    assert [name for _, name in first[4:6]] == ["inner", "nested"]
    other = "const [one, two] = document.querySelectorAll('label'); one.textContent = 'changed'; two.htmlFor = 'b'"
    stage.run(window.evaluate(f"(() => {{ {other} }})()"))
    assert [name for _, name in named()[:4]] == ["changed three", "around", "", "two"]


def test_tasks_agree() -> None:
    async def measure() -> list[Pair]:
        pairs = []
        async with worlds(1, CONFIG) as (world,):
            for task in load(TASKS):
                await world.reset(task, 5)
                seen = await world.window.observe(settle=False)
                pairs += await compare(world.window, seen.observation.elements)
        return [pair for pair in pairs if pair.counted]

    pairs = asyncio.run(measure())
    assert len(pairs) > 80
    assert differing(pairs) == []


def test_real_pages_agree(tmp_path: Path) -> None:
    if not REAL.exists():
        pytest.skip("the real pages are not on this machine")
    names = ("bbc-1", "folha", "quanta-1")
    with tarfile.open(REAL) as archive:
        wanted = [one for one in archive if one.name.endswith(tuple(f"/{name}/source.html" for name in names))]
        archive.extractall(tmp_path, wanted, filter="data")

    async def measure() -> list[Pair]:
        pairs = []
        with PageServer(tmp_path) as server:
            async with Browser.launch(CONFIG.with_(origins=(server.url,))) as browser:
                window = await browser.open()
                for one in wanted:
                    await window.goto(server.url + one.name)
                    seen = await window.observe()
                    pairs += await compare(window, seen.observation.elements)
        return [pair for pair in pairs if pair.counted]

    pairs = asyncio.run(measure())
    assert len(pairs) > 500
    assert len(differing(pairs)) < 0.01 * len(pairs)
