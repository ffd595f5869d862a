"""Selectors of recorded flows, found in an observation of the live page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from webapprentice.browser import Window
from webapprentice.core.faults import FaultError
from webapprentice.core.records import Element, Observation
from webapprentice.core.text import squeeze
from webapprentice.importers.flows import Selector

FRAMES = frozenset({"iframe", "frame"})
_ARIA = re.compile(r'aria/(?P<name>.*?)(?:\[role="(?P<role>[^"]*)"\])?$', re.DOTALL)
_NAMED = re.compile(r'\[name="((?:[^"\\]|\\.)*)"\]')
# One selector, or a chain of them from host to host, among the documents of the nodes with these ids. Gives the id of
# what is found, or of the closest element around it that has one; 0 where there is none.
_FIND = """((chain, ids) => {
  const own = __apprentice;
  const known = new Map();
  for (const id of ids) {
    const node = own.node(id);
    if (node && node.nodeType === 1 && node.isConnected) known.set(node, id);
  }
  const inside = function* (root) {
    yield root;
    for (const node of root.querySelectorAll('*')) {
      const shadow = own.shadow(node);
      if (shadow) yield* inside(shadow);
    }
  };
  const one = (root, part) => {
    if (part.startsWith('xpath/')) {
      const path = part.slice(6).replace(/^\\/{3}/, '//');
      const found = (root.ownerDocument || root).evaluate(path, root, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null);
      return found.singleNodeValue;
    }
    if (!part.startsWith('pierce/')) return root.querySelector(part.replace(/^css\\//, ''));
    for (const place of inside(root)) { const found = place.querySelector(part.slice(7)); if (found) return found; }
    return null;
  };
  for (const doc of new Set([...known.keys()].map((node) => node.ownerDocument))) {
    let root = doc;
    try {
      for (const part of chain) { root = one(root === doc ? doc : own.shadow(root) || root, part); if (!root) break; }
    } catch { root = null; }
    for (let node = root; node; node = node.parentElement || (node.getRootNode() || {}).host) {
      if (known.has(node)) return known.get(node);
    }
  }
  return 0;
})"""


async def find(
    window: Window, seen: Observation, selectors: Sequence[Selector], frame: Sequence[int] = ()
) -> int | None:
    """The node id of what the first selector that leads anywhere points at; None where none does."""
    elements = within(seen, frame)
    for chain in selectors:
        last = chain[-1]
        node: int | None
        if last.startswith("aria/"):
            node = by_name(elements, last)
        elif last.startswith("text/"):
            node = by_text(elements, last.removeprefix("text/"))
        else:
            node = await _by_path(window, elements, [part for part in chain if not part.startswith(("aria/", "text/"))])
        if node is not None:
            return node
    return None


def within(seen: Observation, frame: Sequence[int]) -> list[Element]:
    """The elements of one document: the main one, or that of a frame of a frame; all of them where it is not there."""
    hosts = hosts_of(seen.elements)
    host: int | None = None
    for place in frame:
        inner = [one.id for one in seen.elements if one.tag in FRAMES and hosts[one.id] == host]
        if not 0 <= place < len(inner):
            return list(seen.elements)
        host = inner[place]
    return [one for one in seen.elements if hosts[one.id] == host]


def hosts_of(elements: Sequence[Element]) -> dict[int, int | None]:
    """Node id → the id of the frame element that it stands in; None for the main document."""
    tags = {one.id: one.tag for one in elements}
    hosts: dict[int, int | None] = {}
    for one in elements:
        above = one.parent
        hosts[one.id] = above if above is not None and tags.get(above) in FRAMES else hosts.get(above or 0)
    return hosts


def by_name(elements: Sequence[Element], selector: str) -> int | None:
    """What an `aria/Name[role="button"]` points at."""
    found = _ARIA.match(selector)
    name, role = (found["name"], found["role"]) if found else ("", None)
    named = _NAMED.search(name)
    name = squeeze(named[1].replace('\\"', '"') if named else name)
    fits = [one for one in elements if one.tag != "#text" and one.name == name and role in (None, one.role)]
    return _best(fits) if name or role else None


def by_text(elements: Sequence[Element], text: str) -> int | None:
    """The innermost element that holds this text."""
    sought = squeeze(text)
    if not sought:
        return None
    tags = {one.id: one for one in elements}
    exact = [one.parent for one in elements if one.tag == "#text" and one.text == sought]
    part = [one.parent for one in elements if one.tag == "#text" and sought in one.text]
    holders = [tags[node] for node in (*exact, *part) if node is not None and node in tags]
    return _best(holders or [one for one in elements if one.tag != "#text" and sought in (one.name, one.value)])


def _best(fits: Sequence[Element]) -> int | None:
    return next((one.id for one in fits if one.visible), fits[0].id if fits else None)


async def _by_path(window: Window, elements: Sequence[Element], chain: Sequence[str]) -> int | None:
    """What CSS, XPath or pierce selectors lead to; frames of other origins are asked by themselves."""
    ids = [one.id for one in elements if one.tag != "#text"]
    homes = {id(home): home for home in map(window.home, ids)}
    for home in homes.values():
        here = [node for node in ids if window.home(node) is home]
        try:
            node = await window.evaluate(f"{_FIND}({json.dumps(chain)}, {json.dumps(here)})", "looking", home=home)
        except FaultError as error:
            if error.fault.kind != "script_error":
                raise
            continue
        if isinstance(node, int) and node in here:
            return node
    return None
