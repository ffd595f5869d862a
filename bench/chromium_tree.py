"""What Chromium's own accessibility tree says of the interactive elements of a page, beside what an observation says.

The tree is asked for with `Accessibility.getFullAXTree`, once for each frame of the page's process, right after the
observation; elements are matched by the browser's own node ids.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NamedTuple

from webapprentice.browser import Window
from webapprentice.core.records import Element

INTERACTIVE = frozenset(
    {
        *(
            "button",
            "checkbox",
            "combobox",
            "link",
            "listbox",
            "menuitem",
            "menuitemcheckbox",
            "menuitemradio",
            "option",
        ),
        *("radio", "searchbox", "slider", "spinbutton", "switch", "tab", "textbox", "treeitem"),
    }
)
"""ARIA roles of what a person works."""
ARIA = {
    "ColorWell": "textbox",
    "ComboBoxMenuButton": "combobox",
    "ComboBoxSelect": "combobox",
    "Date": "textbox",
    "DateTime": "textbox",
    "DescriptionList": "",
    "DisclosureTriangle": "button",
    "DisclosureTriangleGrouped": "button",
    "Iframe": "iframe",
    "IframePresentational": "iframe",
    "InputTime": "textbox",
    "LabelText": "",
    "LayoutTable": "table",
    "LayoutTableCell": "cell",
    "LayoutTableRow": "row",
    "Legend": "",
    "ListMarker": "",
    "MenuListOption": "option",
    "MenuListPopup": "listbox",
    "Pre": "",
    "Canvas": "canvas",
    "Audio": "audio",
    "Video": "video",
    "Section": "",
    "SectionWithoutName": "",
    "SectionFooter": "",
    "SectionHeader": "",
    "Summary": "button",
    "ToggleButton": "button",
    "PopUpButton": "button",
    "generic": "",
    "none": "",
    "presentation": "",
    "img": "image",
}
"""Chromium's internal role names that ARIA has another word for, or none. Fields for dates, times and colours have no
ARIA role; they are worked like text fields, and called so. An empty role is `generic` or nothing."""
LONGEST = 200
"""Characters of a name that an observation keeps."""
_NOT_KEPT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff]"
)

# On an element: the number that the walker gave it, and what helps to tell why two readers disagree about it.
_ABOUT = """function () {
  const seen = window.top.__apprentice, node = this;
  const select = node.localName === 'option' ? node.closest('select') : null;
  const before = node.previousElementSibling;
  return JSON.stringify({
    id: seen.id(node) || 0, tag: node.localName || '', html: (node.outerHTML || '').slice(0, 400),
    concealed: Boolean(node.closest && node.closest('[aria-hidden="true" i]')),
    rendered: Boolean(node.checkVisibility && node.checkVisibility({ visibilityProperty: true })),
    editable: Boolean(node.isContentEditable),
    loose: Boolean(before && before.localName === 'label' && !before.htmlFor && !before.control),
    select: select ? seen.id(select) || 0 : 0, index: select ? [...select.options].indexOf(node) : 0,
  });
}"""


class Said(NamedTuple):
    """Role and name of one element, by one reader."""

    role: str
    name: str


class Pair(NamedTuple):
    """One interactive element and what both readers say of it."""

    tag: str
    html: str
    """The beginning of its markup."""
    ours: Said | None
    """None: it is not listed as interactive."""
    theirs: Said | None
    """None: Chromium's tree does not have it as interactive."""
    note: str = ""
    """What tells why they may differ."""
    beyond: bool = False
    """The observation says on purpose more than the standard."""

    @property
    def counted(self) -> bool:
        """What only can be pressed, and has no role for either reader, is told apart."""
        return self.theirs is not None or not self.beyond

    @property
    def role(self) -> bool:
        """Both know it and agree on the role."""
        return self.ours is not None and self.theirs is not None and self.ours.role == self.theirs.role

    @property
    def name(self) -> bool:
        """Both know it and agree on the name."""
        return self.ours is not None and self.theirs is not None and self.ours.name == self.theirs.name

    @property
    def agree(self) -> bool:
        """Role and name are the same."""
        return self.role and self.name


def flat(text: str) -> str:
    """A name as observations keep it: white space collapsed, nothing unprintable, not too long.

    Signs of private fonts (icons) are nothing that can be read and count as nothing.
    """
    return " ".join(_NOT_KEPT.sub("", text).split())[:LONGEST].strip()


def aria(role: str) -> str:
    """Chromium's role as an ARIA role."""
    return ARIA.get(role, role)


class _Node(NamedTuple):
    said: Said
    ignored: bool
    focusable: bool
    raw: str

    @property
    def interactive(self) -> bool:
        focusable = self.focusable and self.raw != "RootWebArea"
        return not self.ignored and (self.said.role in INTERACTIVE or focusable)


async def tree(window: Window, seconds: float) -> dict[int, _Node]:
    """Chromium's tree of the active tab by backend node id; FaultError when it takes longer than `seconds` a frame."""
    await window.ask("Accessibility.enable", {}, "turning accessibility on")
    told = await window.ask("Page.getFrameTree", {}, "reading the frames")
    frames, found = [told["frameTree"]], {}
    while frames:
        frame = frames.pop()
        frames += frame.get("childFrames", ())
        asked = {"frameId": frame["frame"]["id"]}
        answer = await window.ask("Accessibility.getFullAXTree", asked, "reading Chromium's tree", seconds)
        for node in answer["nodes"]:
            if "backendDOMNodeId" in node:
                found[node["backendDOMNodeId"]] = _read(node)
    return found


def _read(node: dict[str, Any]) -> _Node:
    raw = node.get("role", {}).get("value", "")
    properties = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
    said = Said(aria(raw), flat(str(node.get("name", {}).get("value", ""))))
    return _Node(said, bool(node.get("ignored")), bool(properties.get("focusable")), raw)


async def compare(window: Window, elements: tuple[Element, ...], seconds: float = 30.0) -> list[Pair]:
    """Every element that either reader takes for interactive, in no particular order."""
    theirs = await tree(window, seconds)
    reachable = await _open(window)
    lines = {element.id: element for element in elements}
    met: set[int] = set()
    keys = [key for key, node in theirs.items() if node.interactive and key in reachable]
    pairs = []
    for key, about in zip(keys, await _all_about(window, keys), strict=True):
        met.add(about["id"])
        pairs.append(_pair(about, _ours(about, lines), theirs[key].said, lines.get(about["id"])))
    rest = [one for one in elements if one.id not in met and one.visible and (one.role in INTERACTIVE or one.clickable)]
    keys = await _keys(window, [one.id for one in rest])
    for line, key, about in zip(rest, keys, await _all_about(window, keys), strict=True):
        found = theirs.get(key)
        note = "no node" if found is None else f"ignored, {found.raw}" if found.ignored else found.raw
        pairs.append(_pair(about, Said(line.role, flat(line.name)), None, line, note))
    return pairs


def _ours(about: dict[str, Any], lines: dict[int, Element]) -> Said | None:
    if about["select"] in lines:
        options = lines[about["select"]].options
        return Said("option", flat(options[about["index"]])) if 0 <= about["index"] < len(options) else None
    line = lines.get(about["id"])
    return None if line is None else Said(line.role, flat(line.name))


def _pair(about: dict[str, Any], ours: Said | None, theirs: Said | None, line: Element | None, note: str = "") -> Pair:
    notes = [note, *(word for word in ("concealed", "loose") if about[word])]
    if not about["rendered"]:
        notes.append("not rendered")
    listens = line is not None and line.clickable and line.role not in INTERACTIVE
    nameless = ours is not None and theirs is not None and not theirs.name and bool(ours.name)
    beyond = (nameless and (about["loose"] or listens)) or (theirs is None and listens)
    if (
        ours is not None
        and ours.role == "textbox"
        and about["editable"]
        and "role=" not in about["html"].partition(">")[0]
    ):
        notes.append("editable")
        beyond = True
    html = " ".join(about["html"].split())[:200]
    return Pair(about["tag"], html, ours, theirs, ", ".join(filter(None, notes)), beyond)


async def _open(window: Window) -> set[int]:
    """Elements that scripts of the page can reach: what lies in closed shadow roots, such as the browser's own, is left
    out."""
    told = await window.ask("DOM.getDocument", {"depth": -1, "pierce": True}, "reading the document")
    nodes, found = [told["root"]], set()
    while nodes:
        node = nodes.pop()
        found.add(node["backendNodeId"])
        nodes += node.get("children", ())
        nodes += (root for root in node.get("shadowRoots", ()) if root["shadowRootType"] == "open")
        if "contentDocument" in node:
            nodes.append(node["contentDocument"])
    return found


async def _all_about(window: Window, keys: list[int]) -> list[dict[str, Any]]:
    found = []
    for start in range(0, len(keys), 100):
        found += await asyncio.gather(*(_about(window, key) for key in keys[start : start + 100]))
    return found


async def _about(window: Window, key: int) -> dict[str, Any]:
    held = await window.ask("DOM.resolveNode", {"backendNodeId": key, "objectGroup": "names"}, "finding a node")
    call = {"objectId": held["object"]["objectId"], "functionDeclaration": _ABOUT, "returnByValue": True}
    told = await window.ask("Runtime.callFunctionOn", call, "asking about a node")
    return dict(json.loads(told["result"]["value"]))


async def _keys(window: Window, ids: list[int]) -> list[int]:
    """The browser's own ids of elements that the walker has numbered."""
    if not ids:
        return []
    expression = f"{json.dumps(ids)}.map((id) => __apprentice.node(id))"
    held = await window.ask("Runtime.evaluate", {"expression": expression, "objectGroup": "names"}, "collecting")
    asked = {"objectId": held["result"]["objectId"], "ownProperties": True}
    listed = await window.ask("Runtime.getProperties", asked, "collecting")
    objects = {one["name"]: one["value"].get("objectId") for one in listed["result"] if one["name"].isdecimal()}
    asking = (
        window.ask("DOM.describeNode", {"objectId": objects[str(place)]}, "describing a node")
        for place in range(len(ids))
    )
    return [told["node"]["backendNodeId"] for told in await asyncio.gather(*asking)]
