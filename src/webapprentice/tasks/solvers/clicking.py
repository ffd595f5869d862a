"""Solvers for pages where the right thing, or things, must be clicked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from webapprentice.core.actions import Action, Select
from webapprentice.core.records import Element
from webapprentice.tasks.solvers.scene import Scene, click, foremost, hover

_QUOTED: Final = r'"(.*)"'
_PLACES: Final = {"1st": 0, "2nd": 1, "3rd": 2}


def only_button(scene: Scene) -> Action:
    """Click the one button there is."""
    return click(scene.one("button"))


def numbered_button(scene: Scene) -> Action:
    """Click the button called ONE or TWO."""
    (name,) = scene.said(r"button (ONE|TWO)\.")
    return click(scene.one("button", text=name))


def button_sequence(scene: Scene) -> Action:
    """Click ONE, then TWO."""
    return scene.first(*(click(scene.one("button", text=name)) for name in ("ONE", "TWO")))


def quoted_button(scene: Scene) -> Action:
    """Click the button whose words stand in quotes in the objective."""
    return click(scene.one("button", text=scene.said(_QUOTED)[0]))


def quoted_link(scene: Scene) -> Action:
    """Click the link whose words stand in quotes in the objective."""
    return click(scene.one(cls="alink", text=scene.said(_QUOTED)[0]))


def _look_through(scene: Scene, openers: list[Element]) -> Action:
    """Click the quoted link when it can be seen, or else the next thing that may bring it up."""
    links = scene.find(cls="alink", text=scene.said(_QUOTED)[0])
    if links:
        return click(links[0])
    return click(foremost(opener for opener in openers if not scene.done(click(opener))))


def tabbed_link(scene: Scene) -> Action:
    """Look through the tabs for a link."""
    tabs = scene.find("a", cls="ui-tabs-anchor")
    active = [tab for tab in tabs if "ui-tabs-active" in scene.around(tab, "li").attributes.get("class", "")]
    return _look_through(scene, [tab for tab in tabs if tab not in active])


def named_tab(scene: Scene) -> Action:
    """Click the tab the objective names."""
    return click(scene.one("a", text=scene.said(r"(Tab #\d)")[0]))


def collapsed_link(scene: Scene) -> Action:
    """Open the sections one by one until the link is seen."""
    return _look_through(scene, scene.find("h3"))


def collapsed_submit(scene: Scene) -> Action:
    """Open the section, then submit."""
    return scene.first(click(scene.one("h3")), click(scene.one("button")))


def close_dialog(scene: Scene) -> Action:
    """Click the cross of the dialog."""
    return click(scene.one(cls="ui-dialog-titlebar-close"))


def dialog_button(scene: Scene) -> Action:
    """Click the dialog's button that the objective names; x is the cross."""
    (name,) = scene.said(_QUOTED)
    return close_dialog(scene) if name == "x" else click(scene.one("button", text=name))


def nested_menu(scene: Scene) -> Action:
    """Point at each menu on the way, then click the last item."""
    path = scene.said(r"Select (.*)")[0].split(">")
    entries = {scene.text(item): item for item in scene.find(cls="ui-menu-item-wrapper")}
    if path[-1] in entries:
        return click(entries[path[-1]])
    return hover(foremost(entries[name] for name in reversed(path) if name in entries))


def ticked(scene: Scene, kind: str) -> Action:
    """Tick what the objective lists, then submit."""
    (listed,) = scene.said(r"Select (.*) and click Submit")
    names = listed.split(", ")
    for box in scene.find("input", kind=kind):
        wanted = scene.text(scene.around(box, "label")) in names
        if wanted != ("checked" in box.states):
            return click(box)
    return click(scene.one("button"))


def tick_boxes(scene: Scene) -> Action:
    """Tick the listed check boxes, then submit."""
    return ticked(scene, "checkbox")


def tick_option(scene: Scene) -> Action:
    """Choose the named radio button, then submit."""
    (name,) = scene.said(r"Select (.*) and click Submit")
    boxes = scene.find("input", kind="radio")
    box = foremost(box for box in boxes if scene.text(scene.around(box, "label")) == name)
    return click(scene.one("button")) if "checked" in box.states else click(box)


def from_list(scene: Scene) -> Action:
    """Choose from a drop-down or a list box, then submit."""
    (listed,) = scene.said(r"Select (.*) from the (?:scroll )?list and click Submit")
    box = scene.one("select")
    options = tuple(listed.split(", ")) if "scroll list" in scene.goal else (listed,)
    return scene.first(Select(node=box.id, options=options), click(scene.one("button")))


def widget(scene: Scene) -> Action:
    """Click a widget of the kind asked for."""
    (kind,) = scene.said(_QUOTED)
    if kind in ("button", "textarea"):
        return click(scene.one(kind))
    accepted = (kind,) if kind != "text" else ("text", "input")
    return click(foremost(box for box in scene.find("input") if box.attributes.get("type", "text") in accepted))


def focus(scene: Scene) -> Action:
    """Click into the n-th text box; into the only one where no number is told."""
    place = re.search(r"the (\w+) input", scene.goal)
    return click(scene.one("input", nth=_PLACES[place[1]] if place else 0))


def tree_node(scene: Scene) -> Action:
    """Open folders, outermost first, until the name is seen; click it."""
    (name,) = scene.said(_QUOTED)
    nodes = scene.find("span", cls="folder") + scene.find("span", cls="file")
    named = [node for node in nodes if scene.text(node) == name]
    closed = (folder for folder in scene.find("span", cls="folder") if not scene.done(click(folder)))
    return click(foremost((*named, *closed)))


CLICKING: Final[dict[str, Callable[[Scene], Action]]] = {
    "click-test": only_button,
    "click-test-2": numbered_button,
    "click-test-transfer": numbered_button,
    "click-button-sequence": button_sequence,
    "click-button": quoted_button,
    "unicode-test": quoted_button,
    "click-link": quoted_link,
    "click-tab": named_tab,
    "click-tab-2": tabbed_link,
    "click-tab-2-easy": tabbed_link,
    "click-tab-2-medium": tabbed_link,
    "click-tab-2-hard": tabbed_link,
    "click-collapsible": collapsed_submit,
    "click-collapsible-nodelay": collapsed_submit,
    "click-collapsible-2": collapsed_link,
    "click-collapsible-2-nodelay": collapsed_link,
    "click-dialog": close_dialog,
    "click-dialog-2": dialog_button,
    "click-menu": nested_menu,
    "click-checkboxes": tick_boxes,
    "click-checkboxes-large": tick_boxes,
    "click-checkboxes-transfer": tick_boxes,
    "click-option": tick_option,
    "choose-list": from_list,
    "click-scroll-list": from_list,
    "click-widget": widget,
    "focus-text": focus,
    "focus-text-2": focus,
    "navigate-tree": tree_node,
}
"""Page name → what to do next."""
