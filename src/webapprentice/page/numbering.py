"""One page, two numberings: the element table's ids and those of ScribeAgent's rules."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from webapprentice.core.text import clean

_NOT_LISTED = frozenset({"script", "style", "noscript", "template", "head"})
_DELETED = frozenset({"script", "style"})


MARK = "apprentice-node"
"""The attribute that holds the element table's id in the HTML of a recording."""


def scribe_numbers(html: str, first: int = 1) -> dict[int, int]:
    """The `node` that `Scribe` gives to each element of `from_html`'s table; runs of text have none.

    The table counts elements and texts of the body forwards, ScribeAgent all elements backwards. In the HTML of a
    recording each element says its own id. Linear.
    """
    tree = LexborHTMLParser(clean(html))
    top = tree.body or tree.root
    if tree.root is None or top is None:
        return {}
    found: dict[int, int] = {}
    marked: dict[int, int] = {}
    elements = listed = 0
    stack: list[tuple[LexborNode, bool]] = [(tree.root, False)]
    while stack:
        node, inside = stack.pop()
        inside = inside or node.mem_id == top.mem_id
        if node.is_text_node:
            listed += inside and bool((node.text_content or "").strip())
        if not node.is_element_node and node.mem_id != tree.root.mem_id:
            continue
        tag = node.tag or ""
        inside = inside and tag not in _NOT_LISTED
        if node.is_element_node:
            if inside:
                found[first + listed] = elements
                listed += 1
            mark = node.attributes.get(MARK) or ""
            if mark.isdecimal():
                marked[int(mark)] = elements
            elements += 1
        if tag not in _DELETED:
            stack.extend((child, inside) for child in reversed(_children(node)))
    return {number: elements - 1 - place for number, place in (marked or found).items()}


def _children(node: LexborNode) -> list[LexborNode]:
    found = []
    child = node.first_child
    while child is not None:
        found.append(child)
        child = child.next
    return found
