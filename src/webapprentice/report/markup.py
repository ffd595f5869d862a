"""HTML that cannot be injected into: text is escaped unless it was made here.

`tag` builds every element of a report. A plain string among its children is text and is escaped; only `Html`, which
nothing but this module makes, passes as it is. Attributes that could run something are refused outright.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_ATTRIBUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_REFUSED_TAGS = frozenset({"script", "iframe", "object", "embed", "base", "form"})
_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffc\\ufffe\\uffff]"
)
_VOID = frozenset({"meta", "link", "br", "wbr", "hr", "image", "line", "circle", "rect", "path", "polyline", "input"})
_DATA = re.compile(r"data:(image/png;base64,[A-Za-z0-9+/=]*|,)")


@dataclass(frozen=True, slots=True)
class Html:
    """Finished HTML."""

    text: str


Child: TypeAlias = "Html | str | int | Iterable[Child] | None"


def visible(text: str) -> str:
    """The text with what the eye would miss spelled out: `⟨U+202E⟩` for a direction override, and so on."""
    known = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", known)


def shorten(text: str, most: int) -> str:
    """At most `most` characters, with a note of how many were left out."""
    left = len(text) - most
    return text if left <= 0 else f"{text[:most]} … {left:,} more character{'s' if left > 1 else ''}"


def join(children: Iterable[Child]) -> Html:
    """The children one after another."""
    return Html("".join(_render(child) for child in children))


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """One element. A trailing underscore of an attribute's name is dropped, others become hyphens.

    An attribute that is None or False is left out. Raises ValueError for an element or attribute that could run
    code or fetch something.
    """
    if not _NAME.fullmatch(name.lower()) or name.lower() in _REFUSED_TAGS:
        raise ValueError(f"a report has no <{name}> elements")
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{opening}/>" if not children else f"<{opening}>{_all(children)}</{name}>")
    lead = "\n" if name == "pre" else ""  # the parser drops one newline after <pre>; this is the one
    return Html(f"<{opening}>{lead}{_all(children)}</{name}>")


def style_sheet(css: str) -> Html:
    """The one style element of a report; the text is ours, never a page's."""
    if "</" in css:
        raise ValueError("a style sheet cannot hold a closing tag")
    return Html(f"<style>{css}</style>")


def _all(children: Iterable[Child]) -> str:
    return "".join(_render(child) for child in children)


def _render(child: Child) -> str:
    match child:
        case None:
            return ""
        case Html(text=text):
            return text
        case str():
            return html.escape(visible(child), quote=True)
        case int():
            return str(child)
        case _:
            return _all(child)


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if not _ATTRIBUTE.fullmatch(name) or name.lower().startswith("on") or name.lower() in ("style", "src", "srcdoc"):
        raise ValueError(f"a report has no {name} attributes")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if name == "href" and not (re.fullmatch(r"#[a-z0-9-]+", text) or _DATA.fullmatch(text)):
        raise ValueError("a report links to nothing outside itself")
    return f' {name}="{html.escape(visible(text), quote=True)}"'
