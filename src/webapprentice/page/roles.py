"""Roles and states that HTML implies, as far as markup alone can say."""

from __future__ import annotations

from collections.abc import Mapping

from webapprentice.page.form import word_set

_BY_TAG = {
    "article": "article",
    "aside": "complementary",
    "button": "button",
    "dd": "definition",
    "details": "group",
    "dialog": "dialog",
    "dt": "term",
    "fieldset": "group",
    "figure": "figure",
    "footer": "contentinfo",
    "form": "form",
    "header": "banner",
    "hr": "separator",
    "iframe": "iframe",
    "img": "image",
    "li": "listitem",
    "main": "main",
    "math": "math",
    "menu": "list",
    "meter": "meter",
    "nav": "navigation",
    "ol": "list",
    "optgroup": "group",
    "option": "option",
    "output": "status",
    "p": "paragraph",
    "progress": "progressbar",
    "summary": "button",
    "table": "table",
    "tbody": "rowgroup",
    "td": "cell",
    "textarea": "textbox",
    "tfoot": "rowgroup",
    "th": "columnheader",
    "thead": "rowgroup",
    "tr": "row",
    "ul": "list",
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "heading"),
}
_BY_INPUT_TYPE = {
    "button": "button",
    "checkbox": "checkbox",
    "file": "button",
    "image": "button",
    "number": "spinbutton",
    "radio": "radio",
    "range": "slider",
    "reset": "button",
    "search": "searchbox",
    "submit": "button",
    "hidden": "",
}
NAMED_BY_CONTENT = word_set(
    "button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio option "
    "radio row rowheader switch tab tooltip treeitem"
)
"""Roles whose accessible name is the text inside, when nothing else names them."""

_ARIA_STATES = {
    f"aria-{state}": state
    for state in ("checked", "selected", "expanded", "disabled", "pressed", "required", "readonly", "invalid")
}


def role_of(tag: str, attributes: Mapping[str, str]) -> str:
    """The ARIA role of an element, explicit or implied; empty where there is none."""
    explicit = attributes.get("role", "").split()
    if explicit:
        return {"img": "image", "none": "", "presentation": ""}.get(explicit[0].lower(), explicit[0].lower())
    if tag == "a" or tag == "area":
        return "link" if "href" in attributes else ""
    if tag == "input":
        kind = attributes.get("type", "text").lower()
        role = _BY_INPUT_TYPE.get(kind, "textbox")
        return "combobox" if role in ("textbox", "searchbox") and "list" in attributes else role
    if tag == "select":
        size = attributes.get("size", "")
        return "listbox" if "multiple" in attributes or (size.isdecimal() and size not in ("0", "1")) else "combobox"
    return _BY_TAG.get(tag, "")


def states_of(tag: str, attributes: Mapping[str, str]) -> tuple[str, ...]:
    """States that the markup gives, `aria-*` or native."""
    found = [state for name, state in _ARIA_STATES.items() if attributes.get(name) == "true"]
    if attributes.get("aria-expanded") == "false":
        found.append("collapsed")
    if tag in ("input", "option", "select", "textarea", "button", "fieldset", "optgroup"):
        native = ("checked", "selected", "disabled", "required", "readonly", "multiple")
        found.extend(state for state in native if state in attributes and state not in found)
    if tag in ("details", "dialog") and "open" in attributes:
        found.append("expanded")
    return tuple(found)


def clickable(tag: str, role: str, attributes: Mapping[str, str], interactive: frozenset[str]) -> bool:
    """Whether the markup says that it can be pressed."""
    if tag == "input" and attributes.get("type", "").lower() == "hidden":
        return False
    if role in interactive or tag in ("label", "select", "textarea", "input", "summary"):
        return True
    tabindex = attributes.get("tabindex", "")
    return "onclick" in attributes or tabindex.isdecimal() or attributes.get("contenteditable") in ("", "true")


def hidden(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether the element's own markup hides it."""
    if "hidden" in attributes or (tag == "input" and attributes.get("type", "").lower() == "hidden"):
        return True
    style = attributes.get("style", "").replace(" ", "").lower()
    return "display:none" in style or "visibility:hidden" in style
