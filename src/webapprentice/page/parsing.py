"""Raw HTML becomes the element table that a browser would have given, as far as markup alone can say.

No style sheet is applied and no script runs, so `visible` means only that the markup does not hide it, everything
counts as in view, and boxes are empty.
"""

from __future__ import annotations

from collections.abc import Collection

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from webapprentice.core.records import Element
from webapprentice.core.text import clean, squeeze
from webapprentice.page.form import INTERACTIVE, word_set
from webapprentice.page.outline import Outline
from webapprentice.page.roles import NAMED_BY_CONTENT, clickable, hidden, role_of, states_of

_SKIPPED = frozenset({"script", "style", "noscript", "template", "head"})
_KEPT = word_set(
    "id class type name href placeholder title alt value for role src label desc text required selected "
    "checked expanded data-content option_selected"
)
_NAME = 200
"""Characters of a name at the most."""


def from_html(html: str, first: int = 1, keep: Collection[str] = ()) -> tuple[Element, ...]:
    """The elements of a page's body in document order, with node ids from `first` up.

    `keep` names further attributes worth keeping, such as an importer's own ids. Every string is accepted; linear in
    its length, whatever its depth.
    """
    return aimed_at(html, None, first, keep)[0]


def aimed_at(
    html: str, selector: str | None, first: int = 1, keep: Collection[str] = ()
) -> tuple[tuple[Element, ...], int | None]:
    """As `from_html`, with the node id of what the CSS selector finds first; None where it finds nothing listed."""
    tree = LexborHTMLParser(clean(html))
    top = tree.body or tree.root
    if top is None:
        return (), None
    found = first_match(tree, selector)
    rows, aimed = _walk(top, first, frozenset(keep), found.mem_id if found is not None else None)
    return _named(rows), aimed


def first_match(tree: LexborHTMLParser, selector: str | None) -> LexborNode | None:
    """What the selector finds first; None where it finds nothing or is no selector."""
    if not selector:
        return None
    try:
        return tree.css_first(selector)
    except (SelectolaxError, ValueError, TypeError):
        return None


def _walk(top: LexborNode, first: int, keep: frozenset[str], target: int | None) -> tuple[list[Element], int | None]:
    """Elements and runs of text, without names from elsewhere; and the id of the target."""
    aimed: int | None = None
    rows: list[Element] = []
    above: list[tuple[int | None, bool]] = [(None, True)]
    node: LexborNode | None = top
    while node is not None:
        parent, visible = above[-1]
        down = None
        tag = node.tag or ""
        if node.is_text_node:
            text = node.text_content or ""
            if text.strip():
                rows.append(
                    Element(id=first + len(rows), parent=parent, tag="#text", text=squeeze(text), visible=visible)
                )
        elif node.is_element_node and tag not in _SKIPPED:
            element = _element(node, tag, first + len(rows), parent, visible, keep)
            rows.append(element)
            if target is not None and node.mem_id == target:
                aimed = element.id
            down = node.first_child
            if down is not None:
                above.append((element.id, element.visible))
        node = down if down is not None else _next(node, above)
    return rows, aimed


def _next(node: LexborNode, above: list[tuple[int | None, bool]]) -> LexborNode | None:
    """The node after this one and all that is in it."""
    here: LexborNode | None = node
    while here is not None and len(above) > 1:
        if here.next is not None:
            return here.next
        here = here.parent
        above.pop()
    return None


def _element(
    node: LexborNode, tag: str, number: int, parent: int | None, visible: bool, keep: frozenset[str]
) -> Element:
    given = {name.lower(): value or "" for name, value in node.attributes.items()}
    role = role_of(tag, given)
    return Element(
        id=number,
        parent=parent,
        tag=tag,
        role=role,
        value=given.get("value") if tag == "input" else None,
        states=states_of(tag, given),
        attributes={n: v for n, v in given.items() if n in _KEPT or n in keep or n.startswith("aria-")},
        visible=visible and not hidden(tag, given),
        clickable=clickable(tag, role, given, INTERACTIVE),
    )


def _named(rows: list[Element]) -> tuple[Element, ...]:
    """The rows with names, values and options that stand elsewhere in the markup; contents grow bottom up, capped."""
    outline = Outline(rows, None)
    contents = [""] * len(rows)
    for i in range(len(rows) - 1, -1, -1):
        row = rows[i]
        own = row.text if row.tag == "#text" else contents[i] or row.attributes.get("alt", "")
        contents[i] = own[:_NAME]
        above = outline.parent[i]
        if above >= 0 and own and row.tag not in ("select", "textarea"):
            contents[above] = f"{contents[i]} {contents[above]}"[:_NAME].rstrip()
    by_html_id: dict[str, int] = {}
    labelled: dict[str, str] = {}
    wrapped: list[str] = [""] * len(rows)
    for i, row in enumerate(rows):
        above = outline.parent[i]
        wrapped[i] = contents[i] if row.tag == "label" else (wrapped[above] if above >= 0 else "")
        if row.attributes.get("id"):
            by_html_id.setdefault(row.attributes["id"], i)
        if row.tag == "label" and row.attributes.get("for"):
            labelled.setdefault(row.attributes["for"], contents[i])
    chosen = _choices(rows, outline, contents)
    named = []
    for i, row in enumerate(rows):
        changes: dict[str, object] = {}
        if row.tag != "#text":
            name = _name(row, contents, by_html_id, labelled, wrapped[i], contents[i])
            if name:
                changes["name"] = name
        if row.tag == "textarea":
            changes["value"] = contents[i]
        if i in chosen:
            changes["options"], changes["value"] = chosen[i]
        named.append(row.model_copy(update=changes) if changes else row)
    return tuple(named)


def _name(
    row: Element,
    contents: list[str],
    by_html_id: dict[str, int],
    labelled: dict[str, str],
    wrapped: str,
    content: str,
) -> str:
    """The accessible name, in the order of the standard: labelledby, label, native labels, content, title."""
    attributes = row.attributes
    by = attributes.get("aria-labelledby", "").split()[:8]
    control = row.tag in ("input", "select", "textarea", "meter", "progress")
    candidates = [
        " ".join(contents[by_html_id[one]] for one in by if one in by_html_id) if by else "",
        attributes.get("aria-label", ""),
        labelled.get(attributes.get("id", ""), "") if control else "",
        wrapped if control else "",
        attributes.get("alt", "") if row.tag in ("img", "input", "area") else "",
        attributes.get("value", "") if row.tag == "input" and row.role == "button" else "",
        content if row.role in NAMED_BY_CONTENT and not control else "",
        attributes.get("label", "") if row.tag in ("option", "optgroup") else "",
        attributes.get("title", ""),
        attributes.get("placeholder", "") if control else "",
    ]
    return next((name for candidate in candidates if candidate and (name := squeeze(candidate)[:_NAME])), "")


def _choices(
    rows: list[Element], outline: Outline, contents: list[str]
) -> dict[int, tuple[tuple[str, ...], str | None]]:
    """Options and current value of every drop-down, by index."""
    owner = [-1] * len(rows)
    options: dict[int, list[str]] = {}
    value: dict[int, str] = {}
    for i, row in enumerate(rows):
        above = outline.parent[i]
        owner[i] = i if row.tag == "select" else (owner[above] if above >= 0 else -1)
        if row.tag == "select":
            options[i] = []
        elif row.tag == "option" and owner[i] >= 0:
            text = contents[i] or row.attributes.get("label", "")
            options[owner[i]].append(text)
            if "selected" in row.states:
                value[owner[i]] = text
    found: dict[int, tuple[tuple[str, ...], str | None]] = {}
    for i, texts in options.items():
        single = rows[i].role != "listbox"
        found[i] = (tuple(texts), value.get(i, texts[0] if texts and single else None))
    return found
