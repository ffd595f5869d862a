"""The wiki's own markup, and the HTML it means.

    {{Facts|Height=1,982 m|District=Norden}}     the box of facts, on the first line
    == History ==                                a heading
    * one of a list
    [[Lake Orsa]], [[Lake Orsa|the lake]]        a link to an article
    '''bold'''
    [[Category:Lakes]]                           a category, on a line of its own

Everything else is a paragraph of plain text, escaped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup, escape

_LINK = re.compile(r"\[\[([^\[\]|]{1,120})(?:\|([^\[\]]{1,200}))?\]\]|'''(.{1,300}?)'''")
_HEADING = re.compile(r"^==+ *(.{1,120}?) *==+$")
_CATEGORY = re.compile(r"^\[\[Category: *([^\[\]|]{1,60}?) *\]\]$")
_FACTS = re.compile(r"^\{\{Facts\|(.*)\}\}$")


@dataclass(frozen=True)
class Section:
    """A heading, or none for what stands before the first, and the lines below it."""

    title: str
    text: str


@dataclass(frozen=True)
class Article:
    """The parts of an article."""

    facts: Mapping[str, str]
    sections: Sequence[Section]
    categories: Sequence[str]


def slug_of(title: str) -> str:
    """The last part of an article's address."""
    return re.sub(r"\s+", "_", title.strip()).replace("/", "_")


def read(text: str) -> Article:
    """The parts of a text: `write` is its inverse up to blank lines."""
    facts: dict[str, str] = {}
    categories: list[str] = []
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in text.replace("\r\n", "\n").split("\n"):
        stripped = line.strip()
        if found := _FACTS.match(stripped):
            pairs = (pair.partition("=") for pair in found[1].split("|"))
            facts.update({key.strip(): value.strip() for key, _, value in pairs if key.strip()})
        elif found := _CATEGORY.match(stripped):
            categories.append(found[1])
        elif found := _HEADING.match(stripped):
            sections.append((found[1], []))
        else:
            sections[-1][1].append(line.rstrip())
    made = [Section(title, "\n".join(lines).strip()) for title, lines in sections]
    return Article(facts, [one for n, one in enumerate(made) if n == 0 or one.title], list(dict.fromkeys(categories)))


def write(article: Article) -> str:
    """The text of an article."""
    parts = []
    if article.facts:
        pairs = (f"{_plain(key)}={_plain(value)}" for key, value in article.facts.items())
        parts.append("{{Facts|" + "|".join(pairs) + "}}")
    for section in article.sections:
        parts.append((f"== {section.title} ==\n" if section.title else "") + section.text)
    parts.append("\n".join(f"[[Category:{name}]]" for name in article.categories))
    return "\n\n".join(part for part in parts if part.strip())


def _plain(text: str) -> str:
    """Without what would end a fact."""
    return re.sub(r"\s+", " ", re.sub(r"[|={}\[\]]", " ", text)).strip()


def html(text: str, known: Collection[str]) -> Markup:
    """Paragraphs and lists of a section. `known`: the addresses of articles that exist."""
    parts: list[Markup] = []
    for block in re.split(r"\n{2,}", text.strip()):
        lines = block.split("\n")
        if all(line.startswith("*") for line in lines):
            items = Markup("").join(Markup("<li>{}</li>").format(inline(line[1:].strip(), known)) for line in lines)
            parts.append(Markup("<ul>{}</ul>").format(items))
        elif block:
            parts.append(Markup("<p>{}</p>").format(inline(block, known)))
    return Markup("\n").join(parts)


def inline(text: str, known: Collection[str]) -> Markup:
    """A run of text with its links."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        parts.append(escape(text[end : found.start()]))
        end = found.end()
        if found[3] is not None:
            parts.append(Markup("<strong>{}</strong>").format(found[3]))
            continue
        slug = slug_of(found[1])
        mark = Markup("") if slug in known else Markup(' class="missing" title="There is no such article yet"')
        parts.append(Markup('<a href="/wiki/{}"{}>{}</a>').format(quote(slug), mark, found[2] or found[1]))
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def links(text: str) -> set[str]:
    """Addresses of the articles that a text links to."""
    return {slug_of(found[1]) for found in _LINK.finditer(text) if found[1] and not found[1].startswith("Category:")}


def plain(text: str) -> str:
    """A text without its markup, for lists of what was found."""
    lines = [line for line in text.split("\n") if not (_FACTS.match(line.strip()) or _CATEGORY.match(line.strip()))]
    bare = _LINK.sub(lambda found: found[3] or found[2] or found[1], "\n".join(lines))
    return re.sub(r"\s+", " ", re.sub(r"==+", " ", bare)).strip()
