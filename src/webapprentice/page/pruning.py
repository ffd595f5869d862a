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

from selectolax.lexbor import LexborHTMLParser, LexborNode

from webapprentice.core.records import Record
from webapprentice.page.form import Count, word_set
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
        opened = self._opened[key] = "".join(before), "".join(after), stays
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


class _Open:
    """An element on the way down: where its opening tag stands, and how it is written."""

    __slots__ = ("after", "at", "number", "stays", "tag", "tight")

    def __init__(self, tag: str, number: int, at: int, stays: bool, tight: bool, after: str) -> None:
        self.tag = tag
        self.number = number
        self.at = at
        self.stays = stays
        """Also with nothing in it."""
        self.tight = tight
        """No white space is put around what stands in it."""
        self.after = after
        """Attributes behind the node id."""


class _Writer:
    """One page, in one walk: opening tags are written on the way down and taken back when nothing follows them."""

    def __init__(self, rules: Scribe, target: LexborNode | None) -> None:
        self.rules = rules
        self.target = target.mem_id if target is not None else None
        self.out: list[str] = []
        self.waiting: list[tuple[_Open, bool]] = []
        """Tags that stay and wait for their node ids, and whether the element around them is tight."""
        self.seen = 0
        self.aimed: tuple[str, str, int] | None = None
        """Number of the target, and its opening tag before and after the node id."""
        self.survived = False

    def write(self, root: LexborNode) -> Pruned:
        """Walk everything below the root, which is no element of the document."""
        above: list[_Open | None] = []
        node = root if root.is_element_node else root.first_child
        depth = 0
        while node is not None:
            self._enter(node, above)
            down = node.first_child if len(above) > depth else None
            if down is not None:
                depth, node = depth + 1, down
                continue
            while True:
                if len(above) > depth:
                    self._leave(above)
                following = node.next
                if following is not None or depth == 0:
                    node = following
                    break
                parent = node.parent
                assert parent is not None
                depth, node = depth - 1, parent
        return self._result()

    def _enter(self, node: LexborNode, above: list[_Open | None]) -> None:
        """Write a node; an element that may hold others is put on the way down."""
        if node.is_text_node:
            text = node.text_content or ""
            if text.strip():
                written = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                self.out.append(written if above and above[-1] and above[-1].tight else f" {written} ")
            return
        if not node.is_element_node:
            return
        tag = node.tag or ""
        number, self.seen = self.seen, self.seen + 1
        if tag in _DELETED:
            return
        aimed = self.target is not None and node.mem_id == self.target
        if tag not in TAGS:
            if aimed:
                before, after, _ = self.rules.opening(node.attributes)
                self.aimed = (f"<{tag}{before}", after, number)
            above.append(above[-1] if above and above[-1] is not None and above[-1].tight else None)
            return
        before, after, stays = self.rules.opening(node.attributes)
        if aimed:
            self.aimed = (f"<{tag}{before}", after, number)
            stays = stays or self.rules.protect
        tight = tag in _VERBATIM or (bool(above) and above[-1] is not None and above[-1].tight)
        above.append(_Open(tag, number, len(self.out), stays or tag in _STAYS_EMPTY, tight, after))
        self.out.append(f"<{tag}{before}")

    def _leave(self, above: list[_Open | None]) -> None:
        opened = above.pop()
        around = above[-1] if above else None
        if opened is None or opened is around:  # it was unwrapped
            return
        empty = len(self.out) == opened.at + 1
        if empty and not opened.stays:
            self.out.pop()
            return
        inner = around is not None and around.tight
        self.waiting.append((opened, inner))
        self.survived = self.survived or (self.aimed is not None and self.aimed[2] == opened.number)
        if not (empty and opened.tag in _VOID):
            closing = f"</{opened.tag}>"
            self.out.append(closing if inner else f"{closing} " if opened.tight else f" {closing} ")

    def _result(self) -> Pruned:
        last = self.seen - 1
        for opened, inner in self.waiting:
            end = "/>" if opened.tag in _VOID else ">"
            written = f'{self.out[opened.at]} node="{last - opened.number}"{opened.after}{end}'
            self.out[opened.at] = written if inner else f" {written}" if opened.tight else f" {written} "
        text = _SPACE.sub(" ", "".join(self.out)).strip()
        if self.aimed is None:
            return Pruned(text=text, elements=self.seen, kept=len(self.waiting))
        before, after, number = self.aimed
        return Pruned(
            text=text,
            target=f'{before} node="{last - number}"{after}>',
            target_node=last - number,
            survived=self.survived,
            elements=self.seen,
            kept=len(self.waiting),
        )


def _quoted(name: str, value: str) -> str:
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
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
    sizes: dict[str, int] = {}
    made: list[str] = []
    held: list[str] = []
    room = budget
    for piece in reversed(pieces):
        size = sizes.get(piece)
        if size is None:
            size = sizes[piece] = count(piece)
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
