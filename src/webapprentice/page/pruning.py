"""ScribeAgent's preparation of raw HTML (arXiv 2411.15004, section 4 and its released code), rule by rule.

    <html><body><div class="row x9f3Qz"><button onclick="go()" type="submit">Save</button></div></body></html>

becomes

    <body node="2"> <div class="row" node="1"> <button onclick="" type="submit" node="0"> Save </button> </div> </body>

The tree is the one that browsers build (lexbor), where the released code has Python's `html.parser`; node ids count the
elements of that tree from the last to the first. `docs/pruning.md` lists every difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from webapprentice.core.records import Record
from webapprentice.page.form import Count, sizes_of, word_set
from webapprentice.page.markup import TAGS
from webapprentice.page.parsing import first_match

MAX_LEN = 32
"""Characters of an attribute value."""
TOKEN_RATIO = 2.0
"""Characters per token below which a string looks like a random id."""
ATTRIBUTES = word_set(
    "alt aria-role aria-label aria-selected data-content option_selected placeholder role type node desc label "
    "input name title text value href expanded required selected id class"
)
REMEMBERED = 100_000
"""Attribute values, and sets of attributes, that are kept in memory at the most."""
_WHOLE = frozenset({"title", "alt", "aria-label", "node"})
_DELETED = frozenset({"script", "style"})
_STAYS_EMPTY = word_set("span svg input img p a h1 h2 h3 h4 h5 h6 button textarea select i18n-string canvas")
_STAYS_WITH = frozenset({"title", "alt", "aria-label", "style"})
_VOID = word_set(
    "area base basefont bgsound br col command embed frame hr image img input isindex keygen link menuitem "
    "meta nextid param source spacer track wbr"
)
_VERBATIM = frozenset({"pre", "textarea"})
_SELECTABLE = "user-select: none"
_SPACE = re.compile(r"\s+")


class Pruned(Record):
    """A page after ScribeAgent's rules."""

    text: str
    target: str | None = None
    """The target's opening tag under the same rules; None where no selector was given or nothing matched."""
    target_node: int | None = None
    survived: bool | None = None
    """Whether the target's tag is in the text; None without a target."""
    elements: int = 0
    """Elements in the page."""
    kept: int = 0
    """Of them, in the text."""


class Scribe:
    """The rules with their memory: attribute values that came before are not counted in tokens again.

    `protect`: the target is not childless structure even when it is empty. The released code deletes it, and then drops
    the row or trains on an answer that its prompt does not hold.
    """

    def __init__(self, count: Count, protect: bool = True) -> None:
        self._count = count
        self.protect = protect
        self._wordy: dict[str, bool] = {}
        self._written: dict[tuple[str, str], str] = {}
        self._opened: dict[tuple[tuple[str, str | None], ...], tuple[str, str, bool]] = {}

    def prune(self, html: str, selector: str | None = None) -> Pruned:
        """The page's text, and the target that the CSS selector finds first. Never raises for any HTML or selector."""
        tree = LexborHTMLParser(html.encode("utf-8", "replace"))
        root = tree.root
        if root is None:
            return Pruned(text="")
        return _Writer(self, first_match(tree, selector)).write(root)

    def opening(self, attributes: dict[str, str | None]) -> tuple[str, str, bool]:
        """The attributes that stay, by name, those before `node` apart from those after it, each with a space in front;
        and whether one of them keeps an empty element."""
        key = tuple(attributes.items())
        known = self._opened.get(key)
        if known is not None:
            return known
        before: list[str] = []
        after: list[str] = []
        stays = False
        for name in sorted(attributes):
            value = attributes[name] or ""
            written = self._written.get((name, value))
            if written is None:
                if len(self._written) >= REMEMBERED:
                    self._written.clear()
                written = self._written[name, value] = self._attribute(name, value)
            if written:
                (before if name < "node" else after).append(written)
                stays = stays or name in _STAYS_WITH
        if len(self._opened) >= REMEMBERED:
            self._opened.clear()
        opened = self._opened[key] = _SPACE.sub(" ", "".join(before)), _SPACE.sub(" ", "".join(after)), stays
        return opened

    def _attribute(self, name: str, value: str) -> str:
        """One attribute as it is written, with a space in front; empty when it goes."""
        # In another order than the paper's, to the same end: what goes whatever it holds is not counted in tokens.
        if name in _WHOLE:
            return _quoted(name, value)
        if "script" in name:
            return ""
        if "style" in name:
            return _quoted(name, value) if value == _SELECTABLE else ""
        emptied = "jsaction" in name or name.startswith("on")
        if not emptied and name not in ATTRIBUTES:
            return ""
        if name == "class":
            value = " ".join(one for one in value.split() if self.wordy(one))
        elif len(value) > MAX_LEN and not self.wordy(value):
            return ""
        if emptied:
            return _quoted(name, "")
        return _quoted(name, value[:MAX_LEN]) if value not in ("", "none") else ""

    def wordy(self, value: str) -> bool:
        """Whether a string has at least two characters a token, as words have and random ids do not."""
        known = self._wordy.get(value)
        if known is None:
            if len(self._wordy) >= REMEMBERED:
                self._wordy.clear()
            known = self._wordy[value] = len(value) / (self._count(value) + 1e-5) >= TOKEN_RATIO
        return known


class _Tag(NamedTuple):
    """How the elements of one tag are written."""

    start: str
    end: str
    closing: str
    stays: bool
    """Also with nothing in it."""
    verbatim: bool
    """No white space is put around what stands in it."""
    void: bool


def _tag(name: str) -> _Tag:
    void = name in _VOID
    return _Tag(
        f"<{name}", "/>" if void else ">", f"</{name}>", name in _STAYS_EMPTY, verbatim=name in _VERBATIM, void=void
    )


_LISTED = {name: _tag(name) for name in TAGS}


class _Writer:
    """One page, in one walk from its end to its beginning, as the node ids run.

    So an element's number is known, and whether anything stands in it, when its opening tag is written. What is written
    has no white space around it and single spaces in it.
    """

    def __init__(self, rules: Scribe, target: LexborNode | None) -> None:
        self.rules = rules
        self.target = target.mem_id if target is not None else None
        self.out: list[str] = []
        self.seen = 0
        self.kept = 0
        self.aimed: tuple[str, int] | None = None
        """The target's opening tag and number."""
        self.survived = False

    def write(self, root: LexborNode) -> Pruned:
        """Walk the root, which has no siblings that are elements or text, and everything below it."""
        out = self.out
        above: list[tuple[LexborNode, _Tag | None, int, bool]] = []
        tight = False
        node: LexborNode | None = root
        while node is not None:
            text = node.text_content
            if text is None:
                tag = node.tag or ""
                listed = _LISTED.get(tag)
                if tag in _DELETED:
                    self.seen += 1
                elif listed is not None or node.is_element_node:
                    entered = node, listed, len(out), tight
                    if listed is not None:
                        out.append(listed.closing)
                    inside = node.last_child
                    if inside is not None:
                        above.append(entered)
                        tight = tight or (listed is not None and listed.verbatim)
                        node = inside
                        continue
                    self._leave(*entered)
            elif words := text.split():
                out.append(_escaped(text if tight else " ".join(words)))
            following = node.prev
            while following is None and above:
                node, listed, at, tight = above.pop()
                self._leave(node, listed, at, tight)
                following = node.prev
            node = following
        return self._result()

    def _leave(self, node: LexborNode, listed: _Tag | None, at: int, tight: bool) -> None:
        """Write the opening tag of an element whose closing tag stands at `at`, or take that one back.

        `tight`: no white space is put around the element.
        """
        number, self.seen = self.seen, self.seen + 1
        aimed = self.target is not None and node.mem_id == self.target
        if listed is None and not aimed:
            return
        before, after, stays = self.rules.opening(node.attributes)
        if aimed:
            self.aimed = f'<{node.tag}{before} node="{number}"{after}>', number
            stays = stays or self.rules.protect
        if listed is None:
            return
        start, end, _, stays_empty, verbatim, void = listed
        out = self.out
        empty = len(out) == at + 1
        if empty and (void or not (stays or stays_empty)):
            out.pop()
            if not (stays or stays_empty):
                return
        self.kept += 1
        self.survived = self.survived or aimed
        out.append(f'{start}{before} node="{number}"{after}{end}')
        if verbatim and not tight:
            whole = "".join(reversed(out[at:]))
            out[at:] = [" ".join(whole.split())]

    def _result(self) -> Pruned:
        tag, number = self.aimed or (None, None)
        return Pruned(
            text=" ".join(reversed(self.out)),
            target=tag,
            target_node=number,
            survived=self.survived if self.aimed else None,
            elements=self.seen,
            kept=self.kept,
        )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(name: str, value: str) -> str:
    value = _escaped(value)
    if '"' not in value:
        return f' {name}="{value}"'
    return f" {name}='{value}'" if "'" not in value else f' {name}="{value.replace(chr(34), "&quot;")}"'


def chunks(text: str, budget: int, count: Count) -> list[str]:
    """The text in pieces of at most `budget` tokens, cut in front of tags; the last one first, as in the paper.

    Each tag with what follows it is counted once, so time is linear; a single one over budget stays whole.
    """
    starts = [found.start() for found in re.finditer("<", text)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    pieces = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    return _packed(pieces, budget, count)


def _packed(pieces: Sequence[str], budget: int, count: Count) -> list[str]:
    unlike = list(dict.fromkeys(pieces))
    sizes = dict(zip(unlike, sizes_of(unlike, count), strict=True))
    made: list[str] = []
    held: list[str] = []
    room = budget
    for piece in reversed(pieces):
        size = sizes[piece]
        if held and size > room:
            made.append("".join(reversed(held)))
            held, room = [], budget
        held.append(piece)
        room -= size
    if held:
        made.append("".join(reversed(held)))
    return made


def holding(pieces: Sequence[str], target: str | None) -> int:
    """The chunk that holds this opening tag (`Pruned.target`); the first of all, the page's end, where none does."""
    mark = (target or "").rstrip(">")
    return next((place for place, piece in enumerate(pieces) if mark and mark in piece), 0)
