"""The strings of an observation that a page fills, taken out in order and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from webapprentice.core.records import Download, Element, Observation, Tab


def strings(seen: Observation) -> list[str]:
    """All of them; `rebuilt` takes as many, in the same order."""
    found: list[str] = []

    def keep(text: str) -> str:
        found.append(text)
        return text

    _visit(seen, keep)
    return found


def rebuilt(seen: Observation, texts: Iterator[str]) -> Observation:
    """The observation with these strings in place of its own."""
    return _visit(seen, lambda _text: next(texts))


def _visit(seen: Observation, give: Callable[[str], str]) -> Observation:
    """Runs of text come last and in document order, so that what stands next to each other on the page does so here."""
    changes: dict[str, object] = {"url": give(seen.url), "title": give(seen.title)}
    for name in ("dialog", "last_error"):
        text = getattr(seen, name)
        changes[name] = give(text) if text else text
    changes["tabs"] = tuple(Tab(url=give(tab.url), title=give(tab.title), active=tab.active) for tab in seen.tabs)
    changes["downloads"] = tuple(_renamed(download, give) for download in seen.downloads)
    changed = [element if element.tag == "#text" else _element(element, give) for element in seen.elements]
    for place, element in enumerate(changed):
        if element.tag == "#text":
            changed[place] = _changed(element, {"text": give(element.text)})
    changes["elements"] = tuple(changed)
    return seen.model_copy(update=changes)


def _renamed(download: Download, give: Callable[[str], str]) -> Download:
    return download.model_copy(update={"name": give(download.name)})


def _element(element: Element, give: Callable[[str], str]) -> Element:
    changes: dict[str, object] = {"name": give(element.name)}
    if element.value is not None:
        changes["value"] = give(element.value)
    if element.options:
        changes["options"] = tuple(map(give, element.options))
    if element.attributes:
        changes["attributes"] = {name: give(text) for name, text in element.attributes.items()}
    return _changed(element, changes)


def _changed(element: Element, changes: dict[str, object]) -> Element:
    """A copy only where something differs: most elements of most pages hold no secret."""
    real = {name: value for name, value in changes.items() if value != getattr(element, name)}
    return element.model_copy(update=real) if real else element
