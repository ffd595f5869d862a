"""Tabs that a page opens for itself share its process, its language and its time zone, and are tabs like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Stage
from webapprentice.browser import BrowserConfig, Window, act
from webapprentice.core.actions import Click
from webapprentice.core.records import Observation
from webapprentice.tasks.server import PageServer

pytestmark = pytest.mark.browser
OPENER = """<!doctype html><title>opener</title><button onclick="window.open('opened.html')">open</button>"""
OPENED = """<!doctype html><title>opened</title><p id="p"></p><script>
p.textContent = new Intl.NumberFormat().format(1.5) + ' ' + Intl.DateTimeFormat().resolvedOptions().timeZone
</script>"""


@pytest.mark.parametrize(("locale", "number"), [("en-US", "1.5"), ("de-DE", "1,5")])
def test_a_window_that_a_script_opens_becomes_the_active_tab(
    stage: Stage, tmp_path: Path, locale: str, number: str
) -> None:
    (tmp_path / "opener.html").write_text(OPENER)
    (tmp_path / "opened.html").write_text(OPENED)

    async def scene(url: str) -> Observation:
        config = BrowserConfig(locale=locale, timezone="Europe/Berlin", origins=(url,))
        window = Window(stage.browser, config)
        await window.renew()
        await window.goto(f"{url}opener.html")
        seen = (await window.observe()).observation
        await act(window, Click(node=next(e.id for e in seen.elements if e.role == "button")))
        seen = (await window.observe()).observation
        await window.close()
        return seen

    with PageServer(tmp_path) as server:
        seen = stage.run(scene(server.url))
    assert (seen.title, len(seen.tabs)) == ("opened", 2)
    assert f"{number} Europe/Berlin" in [element.text for element in seen.elements]
