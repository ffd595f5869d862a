"""A written accessibility tree becomes a table of elements, so that a made-up page can be rendered like any other.

The inverse of `page.axtree`, and what language models write in its place: other quotation marks, no quotation marks,
`focused: True` and other properties, WebArena's line of tabs above, an end that broke off.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from webapprentice.core.records import Element
from webapprentice.core.text import clean, squeeze
from webapprentice.page.form import IMAGES, INTERACTIVE, VALUED, word_set

LONGEST = 200_000
"""Characters of a tree that are read; a longer one is refused."""
WIDEST = 5_000
"""Characters of one line at the most."""
MOST = 2_000
"""Elements of a page at the most."""
DEEPEST = 60
"""Levels at the most."""

_LINE = re.compile(r"^(?P<indent>[ \t]*)(?:[-*]\s+)?\[(?P<id>[0-9]{1,9})\]\s*(?P<rest>.*)$")
_ROLE = re.compile(r"([A-Za-z][A-Za-z-]{0,39})\b:?\s*(.*)", re.DOTALL)
_PROPERTY = re.compile(
    r"(?:^|\s)(?P<name>[A-Za-z][A-Za-z-]{1,30}):\s*(?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)"
)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_ESCAPED = re.compile(r"\\(['\"\\])")
_TABS = re.compile(r"^\s*Tab [0-9]+ ?(\(current\))?: ?(?P<title>[^|]*)", re.IGNORECASE)

_ALIASES = {
    "img": "image",
    "input": "textbox",
    "textfield": "textbox",
    "textarea": "textbox",
    "dropdown": "combobox",
    "select": "combobox",
    "menulistpopup": "listbox",
    "menulistoption": "option",
    "comboboxmenubutton": "combobox",
    "anchor": "link",
    "a": "link",
    "header": "heading",
    "text": "statictext",
    "label": "labeltext",
    "disclosuretriangle": "button",
    "popupbutton": "button",
    "togglebutton": "button",
    "section": "region",
    "rootwebarea": "document",
    "layouttable": "table",
    "layouttablerow": "row",
    "layouttablecell": "cell",
    "descriptionlist": "list",
    "contentinfo": "contentinfo",
}
_TAGS = {
    "alert": "div",
    "alertdialog": "dialog",
    "article": "article",
    "banner": "header",
    "blockquote": "blockquote",
    "button": "button",
    "caption": "caption",
    "cell": "td",
    "checkbox": "input",
    "columnheader": "th",
    "combobox": "input",
    "complementary": "aside",
    "contentinfo": "footer",
    "definition": "dd",
    "dialog": "dialog",
    "document": "body",
    "feed": "div",
    "figure": "figure",
    "form": "form",
    "grid": "table",
    "gridcell": "td",
    "group": "div",
    "heading": "h2",
    "iframe": "iframe",
    "image": "img",
    "link": "a",
    "list": "ul",
    "listbox": "select",
    "listitem": "li",
    "log": "div",
    "main": "main",
    "menu": "menu",
    "menubar": "div",
    "menuitem": "div",
    "menuitemcheckbox": "div",
    "menuitemradio": "div",
    "meter": "meter",
    "navigation": "nav",
    "note": "div",
    "option": "option",
    "paragraph": "p",
    "progressbar": "progress",
    "radio": "input",
    "radiogroup": "div",
    "region": "section",
    "row": "tr",
    "rowgroup": "tbody",
    "rowheader": "th",
    "scrollbar": "div",
    "search": "search",
    "searchbox": "input",
    "separator": "hr",
    "slider": "input",
    "spinbutton": "input",
    "status": "output",
    "switch": "button",
    "tab": "button",
    "table": "table",
    "tablist": "div",
    "tabpanel": "div",
    "term": "dt",
    "textbox": "input",
    "time": "time",
    "timer": "div",
    "toolbar": "div",
    "tooltip": "div",
    "tree": "ul",
    "treeitem": "li",
}
_INPUTS = {"checkbox": "checkbox", "radio": "radio", "searchbox": "search", "slider": "range", "spinbutton": "number"}
_LABELLED = VALUED | IMAGES | {"checkbox", "radio", "switch", "separator", "iframe", "navigation", "region", "form"}
"""Roles whose names are no text inside them."""
_STATES = word_set("checked selected pressed expanded collapsed disabled focused required readonly multiple invalid")
_TRUE = frozenset({"true", "1", "yes"})


class Page(NamedTuple):
    """What a written tree shows."""

    elements: tuple[Element, ...]
    nodes: frozenset[int]
    """Ids of the nodes that are written; runs of text that only repeat a name have further ones."""
    title: str
    text: str
    """The lines that were read; what stands around them is left out."""


class Unparsed(ValueError):  # noqa: N818 - how the reason leaves
    """Why a text is no page, in words that many texts may share."""


def parse(text: str) -> Page:
    """The page that a text shows. Total: any text gives a page, or raises Unparsed with a reason.

    Lines before the first node are left out, of which a line of tabs gives the title; the page ends at the first
    blank line that no node follows, or at the first line that is none. A line without a closing quotation mark at the
    very end broke off and is left out. Elements are in document order; a line stands inside the nearest line above it
    that is indented less.
    """
    if len(text) > LONGEST:
        raise Unparsed("longer than any page")
    lines = clean(text).replace("```", "").split("\n")
    start = next((place for place, line in enumerate(lines) if _LINE.match(line)), None)
    if start is None:
        raise Unparsed("no node in it")
    title = next((squeeze(found["title"]) for line in lines[:start] if (found := _TABS.match(line))), "")
    elements: list[Element] = []
    around: list[tuple[int, int]] = []
    seen: set[int] = set()
    kept: list[str] = []
    for place in range(start, len(lines)):
        line = lines[place].rstrip()
        if not line:
            if place + 1 < len(lines) and _LINE.match(lines[place + 1]):
                continue
            break
        if len(line) > WIDEST:
            raise Unparsed("a line longer than any name")
        match = _LINE.match(line)
        if match is None:
            break
        made = _element(match)
        if made is None:
            if place == len(lines) - 1:
                break
            raise Unparsed("a node without a role")
        if made.id in seen:
            raise Unparsed("one id for two nodes")
        seen.add(made.id)
        indent = len(match["indent"].replace("\t", "    "))
        while around and around[-1][0] >= indent:
            around.pop()
        if len(around) >= DEEPEST:
            raise Unparsed("deeper than any page")
        elements.append(made if not around else made.model_copy(update={"parent": around[-1][1]}))
        if len(elements) > MOST:
            raise Unparsed("more nodes than any page")
        kept.append(line)
        if made.tag != "#text":
            around.append((indent, made.id))
    if not elements:
        raise Unparsed("no node in it")
    first = elements[0]
    return Page(
        _worded(elements), frozenset(seen), title or (first.name if first.role == "document" else ""), "\n".join(kept)
    )


def _worded(elements: list[Element]) -> tuple[Element, ...]:
    """The elements with their names where the other page forms look for them: as a run of text inside, under a node id
    of its own, or as an attribute."""
    parents = {element.parent for element in elements}
    free = max(element.id for element in elements) + 1
    found: list[Element] = []
    for element in elements:
        if not element.name or element.tag in ("#text", "body"):
            found.append(element)
        elif element.id not in parents and element.role not in _LABELLED and not element.options:
            found += [element, Element(id=free, parent=element.id, tag="#text", text=element.name)]
            free += 1
        elif element.role in INTERACTIVE or element.role in _LABELLED:
            found.append(element.model_copy(update={"attributes": {**element.attributes, "aria-label": element.name}}))
        else:
            found.append(element)
    return tuple(found)


def _element(match: re.Match[str]) -> Element | None:
    found = _ROLE.match(match["rest"])
    if found is None:
        return None
    role, rest = found[1].lower().replace("-", ""), found[2]
    role = _ALIASES.get(role, role)
    name, rest = _name(rest)
    node = int(match["id"])
    if role == "statictext" or (role not in _TAGS and role not in ("labeltext", "generic", "none", "presentation")):
        return Element(id=node, tag="#text", text=name)  # words of an unknown kind are words all the same
    if role == "labeltext":
        return Element(id=node, tag="label", name=name, clickable=True)
    if role in ("generic", "none", "presentation"):
        return Element(id=node, tag="div", name=name, clickable=bool(name))  # ours are written for nothing else
    given = {one["name"].lower(): one["value"] for one in _PROPERTY.finditer(rest)}
    options = tuple(_texts(rest.partition("options:")[2])) if "options:" in rest else ()
    value = given.get("value") or given.get("valuetext")
    states = tuple(sorted(state for state in _STATES if given.get(state, "").strip("'\"").lower() in _TRUE))
    if given.get("expanded", "").lower() == "false":
        states = tuple(sorted({*states, "collapsed"}))
    tag = "select" if role == "combobox" and options else _TAGS[role]
    kind = {"type": _INPUTS[role]} if tag == "input" and role in _INPUTS else {}
    return Element(
        id=node,
        tag=tag,
        role=role,
        name=name,
        value=_bare(value) if value else None,
        states=states,
        options=options,
        attributes=kind,
        clickable=role in INTERACTIVE,
    )


def _name(rest: str) -> tuple[str, str]:
    """The name at the beginning, and what follows it. Without quotation marks it goes on to the first property."""
    rest = rest.strip()
    if rest[:1] in ("'", '"'):
        mark = rest[0]
        for match in re.finditer(re.escape(mark), rest[1:]):
            end = match.start() + 1
            after = rest[end + 1 :]
            if rest[end - 1] != "\\" and (not after or re.match(r"\s*$|\s+[A-Za-z][A-Za-z-]{1,30}:|\s*[,(]", after)):
                return _unescaped(rest[1:end]), after
        return _unescaped(rest[1:].removesuffix(mark)), ""
    first = _PROPERTY.search(rest)
    if first is None:
        return squeeze(rest), ""
    return squeeze(rest[: first.start()]), rest[first.start() :]


def _texts(listed: str) -> list[str]:
    """The quoted strings of a list; those that follow another property's name are not in it."""
    found = []
    end = 0
    for match in _QUOTED.finditer(listed):
        if listed[end : match.start()].strip(" ,\t[("):
            break
        found.append(_unescaped(match[1] if match[1] is not None else match[2]))
        end = match.end()
    return [text for text in found if text]


def _bare(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return _unescaped(value[1:-1])
    return squeeze(value)


def _unescaped(text: str) -> str:
    return squeeze(_ESCAPED.sub(r"\1", text))
