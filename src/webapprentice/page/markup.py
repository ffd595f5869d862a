"""The HTML form: pruned markup in which every element carries `node="id"`, as ScribeAgent reads it.

    <form node="4">
    <input type="text" name="user" value="bob" node="6">
    <button node="7">Sign in</button></form>

The rules are those of ScribeAgent's preparation (arXiv 2411.15004 and its released code): a white list of tags, the
others unwrapped; a white list of attributes; attributes that look like random ids (fewer than two characters a token)
dropped, the others cut to 32 characters; childless structure removed. Two differences: ids are the element table's own,
and what can be clicked is never childless structure. Only over budget does more go, least useful first.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from webapprentice.core.records import Element
from webapprentice.core.text import squeeze
from webapprentice.page.form import INTERACTIVE, Count, Cut, PageText, shows_value, word_set
from webapprentice.page.outline import Outline, squeeze_in

TAGS = word_set(
    "div body span svg input img p a h1 h2 h3 h4 h5 h6 b i u strong em abbr cite q code ins var area ul li ol "
    "dl dt dd form button col textarea path lightning-primitive-icon select label td canvas circle "
    "i18n-string table tr image footer use option rect mark section th polygon aside main header pre figure"
)
ATTRIBUTES = word_set(
    "alt aria-role aria-label aria-selected data-content option_selected placeholder role type desc label "
    "input name title text value href expanded required selected id class"
)
_WHOLE = frozenset({"title", "alt", "aria-label"})
_NEVER_CHILDLESS = word_set("span svg input img p a h1 h2 h3 h4 h5 h6 button textarea select i18n-string canvas")
_DELETED = frozenset({"script", "style", "noscript", "template"})
_VOID = word_set("area br col hr img input")
_STATES = ("checked", "selected", "expanded", "disabled", "required")
_LONG, _SHORT, _RUN = 32, 16, 100
_LABEL_WORDS = 80


def render_markup(elements: Sequence[Element], budget: int, count: Count, target: int | None) -> PageText:
    """Pruned markup of at most `budget` tokens; the target's tag and those around it stay."""
    draft = _Draft(Outline(elements, target), count)
    text = draft.draw()
    size = count(text)
    for why, lighten in (
        ("invisible", draft.drop_invisible),
        ("long attribute", draft.shorten_attributes),
        ("long text", draft.shorten_texts),
    ):
        if size <= budget:
            break
        touched = lighten()
        if touched:
            text = draft.draw()
            after = count(text)
            draft.cuts.append(Cut(why=why, nodes=touched, tokens=max(0, size - after)))
            size = after
    if size > budget:
        text, keep = squeeze_in(draft.sizes(), draft.ranks(), budget, count, draft.draw)
        gone = tuple(e.id for e, stays, was in zip(elements, keep, draft.alive, strict=True) if was and not stays)
        draft.cuts.append(Cut(why="over budget", nodes=gone, tokens=max(0, size - count(text))))
    return PageText(text=text, kept=tuple(draft.drawn), cut=tuple(draft.cuts))


def tag_label(element: Element) -> str:
    """The opening tag with its short attributes, and the element's name after it."""
    attributes = {
        name: value for name, value in element.attributes.items() if name in ATTRIBUTES and len(value) <= _LONG
    }
    attributes.pop("class", None)
    return _open(element, attributes) + squeeze(element.name)[:_LABEL_WORDS]


def _open(element: Element, attributes: dict[str, str]) -> str:
    shown = "".join(f' {name}="{escape(squeeze(value))}"' for name, value in attributes.items())
    states = "".join(f" {state}" for state in _STATES if state in element.states and state not in attributes)
    return f'<{element.tag}{shown}{states} node="{element.id}">'


class _Draft:
    """One page on its way to fitting: what is alive, its tags and its texts by index."""

    def __init__(self, outline: Outline, count: Count) -> None:
        self.outline = outline
        self.cuts: list[Cut] = []
        self.drawn: list[int] = []
        self._count = count
        self._ratios: dict[str, bool] = {}
        elements = outline.elements
        deleted = [False] * len(elements)
        for i, element in enumerate(elements):
            above = outline.parent[i]
            deleted[i] = element.tag in _DELETED or (above >= 0 and deleted[above])
        self.alive = [
            i in outline.ancestors or (not gone and (element.tag == "#text" or element.tag in TAGS))
            for i, (element, gone) in enumerate(zip(elements, deleted, strict=True))
        ]
        self.texts = [escape(squeeze(e.text), quote=False) if e.tag == "#text" else "" for e in elements]
        self._note("tag not kept", [i for i in range(len(elements)) if not self.alive[i]])
        before = list(self.alive)
        self._bare(self.alive)
        self._note("empty structure", [i for i, was in enumerate(before) if was and not self.alive[i]])
        self.attributes = self._chosen()
        self.opens = [_open(e, a) if e.tag != "#text" else "" for e, a in zip(elements, self.attributes, strict=True)]
        self.inner = [_options(e, bool(outline.children[i])) for i, e in enumerate(elements)]

    def _note(self, why: str, indices: Sequence[int]) -> None:
        if indices:
            elements = [self.outline.elements[i] for i in indices]
            tokens = self._count(" ".join(e.text if e.tag == "#text" else f"<{e.tag}>" for e in elements))
            self.cuts.append(Cut(why=why, nodes=tuple(e.id for e in elements), tokens=tokens))

    def _bare(self, alive: list[bool], emptied: bool = False) -> None:
        """Take life from texts without words and from structure with nothing in it, bottom up.

        `emptied`: also from tags that may stand alone but had something in them, which the budget took.
        """
        outline = self.outline
        filled = [False] * len(alive)
        for i in range(len(alive) - 1, -1, -1):
            element = outline.elements[i]
            if alive[i] and i not in outline.ancestors:
                if element.tag == "#text":
                    alive[i] = bool(self.texts[i])
                elif not filled[i] and (element.tag not in _NEVER_CHILDLESS or (emptied and bool(outline.children[i]))):
                    alive[i] = (
                        element.clickable
                        or element.role in INTERACTIVE
                        or any(element.attributes.get(name) for name in _WHOLE)
                    )
            if (alive[i] or filled[i]) and outline.parent[i] >= 0:
                filled[outline.parent[i]] = True

    def _chosen(self) -> list[dict[str, str]]:
        """Every element's attributes after the rules."""
        chosen: list[dict[str, str]] = []
        touched: list[int] = []
        lost: list[str] = []
        for element, alive in zip(self.outline.elements, self.alive, strict=True):
            kept: dict[str, str] = {}
            for name, value in element.attributes.items() if alive else ():
                if name not in ATTRIBUTES:
                    continue
                short = value if name in _WHOLE else self._shortened(name, value)
                if short not in ("", "none"):
                    kept[name] = short
                if short != value:
                    lost.append(value[len(short) :])
                    touched.append(element.id)
            if shows_value(element) and element.value and element.tag == "input":
                kept["value"] = element.value[:_RUN]
            chosen.append(kept)
        if touched:
            nodes = tuple(dict.fromkeys(touched))
            self.cuts.append(
                Cut(why="attribute like a random id, or long", nodes=nodes, tokens=self._count(" ".join(lost)))
            )
        return chosen

    def _shortened(self, name: str, value: str) -> str:
        if name == "class":
            return " ".join(one for one in value.split() if self._wordy(one))[:_LONG]
        if len(value) > _LONG and not self._wordy(value):
            return ""
        return value[:_LONG]

    def _wordy(self, value: str) -> bool:
        known = self._ratios.get(value)
        if known is None:
            known = self._ratios[value] = len(value) / (self._count(value) + 1e-5) >= 2
        return known

    def drop_invisible(self) -> tuple[int, ...]:
        """Elements and texts that nobody can see; what is visible inside them stays."""
        gone = []
        for i, element in enumerate(self.outline.elements):
            if self.alive[i] and not element.visible and i not in self.outline.ancestors:
                self.alive[i] = False
                gone.append(element.id)
        return tuple(gone)

    def shorten_attributes(self) -> tuple[int, ...]:
        """No classes and addresses, nothing over 16 characters; the target keeps its own."""
        touched = []
        for i, (element, attributes) in enumerate(zip(self.outline.elements, self.attributes, strict=True)):
            if not self.alive[i] or i == self.outline.target:
                continue
            short = {name: value[:_SHORT] for name, value in attributes.items() if name not in ("class", "href")}
            if short != attributes:
                self.opens[i] = _open(element, short)
                touched.append(element.id)
        return tuple(touched)

    def shorten_texts(self) -> tuple[int, ...]:
        """Runs of text cut to 100 characters."""
        touched = []
        for i, element in enumerate(self.outline.elements):
            if self.alive[i] and len(self.texts[i]) > _RUN and i != self.outline.target:
                self.texts[i] = escape(squeeze(element.text)[:_RUN].rstrip() + "…", quote=False)
                touched.append(element.id)
        return tuple(touched)

    def sizes(self) -> list[int]:
        """Characters that each element or text adds."""
        return [
            len(self.texts[i]) + 2 * len(element.tag) + len(self.opens[i]) + len(self.inner[i]) if self.alive[i] else 0
            for i, element in enumerate(self.outline.elements)
        ]

    def ranks(self) -> list[int]:
        """Least first to stay; 0 for the target and what is around it."""
        return [0 if i in self.outline.ancestors else self.outline.rank(i) for i in range(len(self.alive))]

    def draw(self, keep: Sequence[bool] | None = None) -> str:
        """The markup of what is alive and kept; notes the node ids in `drawn`."""
        alive = self.alive if keep is None else [a and k for a, k in zip(self.alive, keep, strict=True)]
        self._bare(alive, emptied=keep is not None)
        out: list[str] = []
        self.drawn = []
        stack = self.outline.roots[::-1]
        while stack:
            i = stack.pop()
            if i < 0:
                out.append(f"</{self.outline.elements[~i].tag}>")
                continue
            element = self.outline.elements[i]
            if alive[i]:
                self.drawn.append(element.id)
                if element.tag == "#text":
                    out.append((" " if out and not out[-1].endswith(">") else "") + self.texts[i])
                else:
                    out.append(("\n" if out else "") + self.opens[i] + self.inner[i])
                    if element.tag not in _VOID:
                        stack.append(~i)
            stack.extend(reversed(self.outline.children[i]))
        return "".join(out)


def _options(element: Element, has_children: bool) -> str:
    """What stands in a form control that the table has no children for."""
    if has_children:
        return ""
    if element.options:
        return "".join(
            f"<option{' selected' if option == element.value else ''}>{escape(squeeze(option), quote=False)}</option>"
            for option in element.options
        )
    return escape((element.value or "")[: 2 * _RUN], quote=False) if element.tag == "textarea" else ""
