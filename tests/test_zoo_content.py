"""What cannot be read has words in its place; what is broken is observed, put into text, stored and read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Keeper
from samples import trajectory
from webapprentice.browser import Window, act
from webapprentice.core.actions import Click
from webapprentice.core.records import Observation, Result
from webapprentice.page import Form, render
from webapprentice.store import Store
from zoo.content import BROKEN, OPAQUE, PAGES, PLACES

pytestmark = pytest.mark.browser
ROOM = 20_000


def _words(text: str) -> int:
    return len(text.split())


@pytest.fixture(scope="module")
def visitor(zoo: Keeper) -> Iterator[Window]:
    window = zoo.run(zoo.window())
    yield window
    zoo.run(window.close())


def _seen(keeper: Keeper, window: Window, name: str) -> Observation:
    async def scene() -> Observation:
        await window.goto(f"{keeper.url}{name}.{PAGES[name].ending}")
        return (await window.observe()).observation

    return keeper.run(scene())


@pytest.mark.parametrize("name", OPAQUE)
def test_what_cannot_be_read_has_words_in_its_place(zoo: Keeper, visitor: Window, name: str) -> None:
    seen = _seen(zoo, visitor, name)
    for form in Form:
        text = render(seen.elements, form, ROOM, _words).text
        for place in PLACES[name]:
            assert place.replace(" ", "") in "".join(text.split()), (form, text)


@pytest.mark.parametrize("name", ["closed-root", "closed-frame"])
def test_what_a_closed_shadow_root_holds_can_be_pressed_and_stays_closed_for_the_page(
    zoo: Keeper, visitor: Window, name: str
) -> None:
    async def scene() -> list[str]:
        window = visitor
        await window.goto(zoo.page(name))
        seen = (await window.observe()).observation
        button = next(element.id for element in seen.elements if element.name == "inside")
        outcome = await act(window, Click(node=button))
        assert outcome.result is Result.DONE
        seen = (await window.observe()).observation
        closed = "(self[0] ? self[0].document : document).getElementById('host').shadowRoot === null"
        assert await window.evaluate(closed)
        return [element.name for element in seen.elements if element.id == button]

    assert zoo.run(scene()) == ["pressed"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_page_is_seen_and_put_into_text(zoo: Keeper, visitor: Window, name: str) -> None:
    seen = _seen(zoo, visitor, name)
    assert not seen.torn
    for form in Form:
        for budget in (ROOM, 5):
            text = render(seen.elements, form, budget, _words).text
            assert text.encode().decode() == text
            assert "\0" not in text


def test_broken_pages_are_stored_and_read_again(zoo: Keeper, visitor: Window, tmp_path: Path) -> None:
    pages = [_seen(zoo, visitor, name) for name in BROKEN]
    whole = trajectory("k")
    whole = whole.with_(
        steps=tuple(whole.steps[0].with_(index=place, observation=page) for place, page in enumerate(pages))
    )
    with Store.create(tmp_path / "s.sqlite") as store:
        store.finish("c", whole)
    with Store.read(tmp_path / "s.sqlite") as store:
        assert list(store.trajectories("c")) == [whole]


WORDS = {
    "broken-end": "begun",
    "broken-comment": "before",
    "bom-8": "zoë",
    "bom-16": "zoë",
    "only-words": "just words",
    "bare-drawing": "drawn words",
    "strict": "fine",
    "bidi": "pay 001 now x",
    "surrogates": "a\ufffdb",
}


@pytest.mark.parametrize("name", WORDS)
def test_what_can_be_read_of_a_broken_page_is_read(zoo: Keeper, visitor: Window, name: str) -> None:
    seen = _seen(zoo, visitor, name)
    assert WORDS[name] in " ".join(element.text for element in seen.elements if element.text)
