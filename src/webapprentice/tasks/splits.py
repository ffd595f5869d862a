"""Which MiniWoB++ tasks are attempted, which are held out, and which are left aside, by a rule anybody can check.

The rule, in order; nothing in it looks at how well a model does:

1. `PAGES` says of every page in the package what it needs. A page is *eligible* when its needs are among `SKILLS`:
   click, hover, type, select, tab, scroll. What needs more (drag, draw, sight, reckoning, luck...) is excluded.
2. A page that is another page with an animation taken out, or another page under a second name, is counted once.
3. Pages that share their generator, or most of it, form a *family*. A family keeps at most `FAMILY_CAP` pages, those
   that come first by a hash of their names, so that the ten mailboxes do not outweigh everything else.
4. Families are put in the order of a hash of their names. Whole families are held out, in that order, until at least
   `WHOLE_FAMILIES` pages are: no page like them is ever attempted.
5. Of every other family with three pages or more, the one that comes last by hash is held out as a sibling: the model
   has practised on pages like it, but not on it.
6. The rest is attempted.

Transfer to `HELD_OUT_FAMILIES` is therefore transfer to new kinds of page, and to `HELD_OUT_SIBLINGS` to new pages of
a known kind; the two are never reported as one number without also being told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from webapprentice.core.keys import seed_for
from webapprentice.core.records import Task

SKILLS: Final = frozenset({"click", "hover", "type", "select", "tab", "scroll"})
FAMILY_CAP: Final = 4
WHOLE_FAMILIES: Final = 10
SIBLINGS_FROM: Final = 3
"""A family of so many pages, or more, gives one to the held-out siblings."""

REASONS: Final = {
    "drag": "things must be dragged, or text marked with the mouse",
    "draw": "something must be drawn, or a point placed in a plane",
    "drawn": "what is clicked is a figure in an SVG picture, not an element with a name",
    "sight": "the answer is a colour, an icon or a picture that no text of the page tells",
    "reckoning": "a calculation decides",
    "luck": "chance decides whether one attempt can succeed",
    "clock": "the page scores when something is done, or changes by itself",
    "memory": "the page hides what was seen one step earlier",
    "length": "the shortest way takes more than fifteen actions",
    "keys": "raw key presses go to a field that cannot be seen",
    "game": "a game against an opponent",
    "site": "a copy of an airline's whole booking site inside a frame, with limits of its own",
    "unscored": "the page never gives a reward",
}
"""What a need outside `SKILLS` means, in words."""

# family: {page: needs}; the words of `needs` are separated by spaces
_ELIGIBLE: Final[dict[str, dict[str, str]]] = {
    "choose-date": {
        "choose-date-easy": "click",
        "choose-date-medium": "click",
        "choose-date-nodelay": "click",
        "choose-date": "click",
    },
    "list": {"choose-list": "click select", "click-scroll-list": "click select scroll"},
    "click-button": {"click-button": "click", "unicode-test": "click"},
    "click-test": {
        "click-test": "click",
        "click-test-2": "click",
        "click-test-transfer": "click",
        "click-button-sequence": "click",
    },
    "tick-and-submit": {
        "click-checkboxes": "click",
        "click-checkboxes-large": "click",
        "click-checkboxes-soft": "click",
        "click-checkboxes-transfer": "click",
        "click-option": "click",
    },
    "click-collapsible": {
        "click-collapsible": "click",
        "click-collapsible-nodelay": "click",
        "click-collapsible-2": "click",
        "click-collapsible-2-nodelay": "click",
    },
    "click-dialog": {"click-dialog": "click", "click-dialog-2": "click"},
    "click-link": {"click-link": "click"},
    "click-menu": {"click-menu": "click hover"},
    "click-tab": {
        "click-tab": "click tab",
        "click-tab-2": "click tab",
        "click-tab-2-easy": "click tab",
        "click-tab-2-medium": "click tab",
        "click-tab-2-hard": "click tab",
    },
    "click-widget": {"click-widget": "click"},
    "copy-paste": {"copy-paste": "type click", "copy-paste-2": "type click"},
    "email-inbox": {
        "email-inbox": "click type scroll",
        "email-inbox-delete": "click",
        "email-inbox-forward": "click type",
        "email-inbox-forward-nl": "click type",
        "email-inbox-forward-nl-turk": "click type scroll",
        "email-inbox-important": "click",
        "email-inbox-nl-turk": "click type scroll",
        "email-inbox-noscroll": "click type",
        "email-inbox-reply": "click type",
        "email-inbox-star-reply": "click type",
    },
    "enter-date": {"enter-date": "type click", "enter-time": "type click"},
    "enter-text": {"enter-text": "type click", "enter-text-2": "type click", "enter-text-dynamic": "type click"},
    "login": {"enter-password": "type click", "login-user": "type click", "login-user-popup": "type click"},
    "find-greatest": {"find-greatest": "click"},
    "find-word": {"find-word": "type click"},
    "focus-text": {"focus-text": "click", "focus-text-2": "click"},
    "form-sequence": {"form-sequence-2": "click type", "form-sequence-3": "click select"},
    "guess-number": {"guess-number": "type click"},
    "layouts": {"multi-layouts": "type click", "multi-orderings": "type click"},
    "navigate-tree": {"navigate-tree": "click"},
    "order-food": {"order-food": "click scroll"},
    "paged": {"phone-book": "click", "search-engine": "type click"},
    "read-table": {"read-table": "type click", "read-table-2": "type click"},
    "scroll-text": {
        "scroll-text": "scroll type click",
        "scroll-text-2": "scroll click",
        "sign-agreement": "scroll type click length",
    },
    "social-media": {
        "social-media": "click scroll",
        "social-media-all": "click scroll",
        "social-media-some": "click scroll",
    },
    "text-transform": {"text-transform": "type click"},
    "autocomplete": {"use-autocomplete": "type click", "use-autocomplete-nodelay": "type click"},
    "use-spinner": {"use-spinner": "click"},
    "travel": {
        "book-flight": "type click scroll",
        "book-flight-nodelay": "type click scroll",
        "buy-ticket": "click",
    },
}

_OUTSIDE: Final[dict[str, str]] = {
    "ascending-numbers": "click drawn memory",
    "bisect-angle": "draw",
    "button-delay": "click clock",
    "chase-circle": "clock unscored",
    "circle-center": "draw",
    "click-color": "click sight",
    "click-menu-2": "click sight",
    "click-pie": "click drawn",
    "click-pie-nodelay": "click drawn",
    "click-shades": "click sight",
    "click-shape": "click drawn sight",
    "count-shape": "click sight",
    "count-sides": "click sight",
    "daily-calendar": "drag type click",
    "drag-box": "drag",
    "drag-circle": "drag",
    "drag-cube": "drag",
    "drag-items": "drag",
    "drag-items-grid": "drag",
    "drag-shapes": "drag",
    "drag-shapes-2": "drag",
    "drag-single-shape": "drag",
    "drag-sort-numbers": "drag",
    "draw-circle": "draw",
    "draw-line": "draw",
    "find-midpoint": "draw",
    "flight.AA": "site",
    "flight.Alaska": "site",
    "flight.Alaska-auto": "site",
    "flight.Alaska-auto-medium": "site",
    "form-sequence": "drag click",
    "generate-number": "click luck",
    "grid-coordinate": "click drawn",
    "highlight-text": "drag click",
    "highlight-text-2": "drag click",
    "hot-cold": "clock draw",
    "hover-shape": "clock unscored",
    "identify-shape": "click sight",
    "moving-items": "clock unscored",
    "number-checkboxes": "click sight",
    "odd-or-even": "click reckoning",
    "resize-textarea": "drag click",
    "right-angle": "draw",
    "simon-says": "click clock sight",
    "simple-algebra": "type click reckoning",
    "simple-arithmetic": "type click reckoning",
    "stock-market": "click clock",
    "terminal": "keys",
    "text-editor": "drag click",
    "tic-tac-toe": "click game luck",
    "use-colorwheel": "sight drag",
    "use-colorwheel-2": "sight drag",
    "use-slider": "drag click",
    "use-slider-2": "drag click",
    "visual-addition": "sight type click reckoning",
}

_SAME_AS: Final = {
    "book-flight": "book-flight-nodelay",
    "choose-date": "choose-date-nodelay",
    "click-collapsible": "click-collapsible-nodelay",
    "click-collapsible-2": "click-collapsible-2-nodelay",
    "use-autocomplete": "use-autocomplete-nodelay",
    "click-checkboxes-transfer": "click-checkboxes",
    "click-test-transfer": "click-test-2",
}
"""Pages counted once: an animation apart, or in the mode the package ships with, they are the page on the right."""


class Page(NamedTuple):
    """What the split needs to know of one page."""

    needs: frozenset[str]
    family: str
    """Name of the group of pages made alike; a page outside the rule is its own family."""


class Split(NamedTuple):
    """The outcome of the rule; every tuple is sorted and holds task ids such as `miniwob/click-test`."""

    attempted: tuple[str, ...]
    siblings: tuple[str, ...]
    families: tuple[str, ...]
    excluded: dict[str, str]
    """Task id → the reason, in words."""


def _pages() -> dict[str, Page]:
    inside = {
        name: Page(frozenset(needs.split()), family)
        for family, members in _ELIGIBLE.items()
        for name, needs in members.items()
    }
    return inside | {name: Page(frozenset(needs.split()), name) for name, needs in _OUTSIDE.items()}


PAGES: Final = _pages()
"""Every page of the package."""


def identifier(name: str) -> str:
    """The task id of a page."""
    return f"miniwob/{name}"


def by_hash(names: Iterable[str]) -> list[str]:
    """The names in an order that depends on nothing but the names."""
    return sorted(names, key=lambda name: (seed_for("miniwob split", name), name))


def split(pages: dict[str, Page]) -> Split:
    """Apply the rule in the module's docstring."""
    excluded: dict[str, str] = {}
    families: dict[str, list[str]] = defaultdict(list)
    for name, page in pages.items():
        beyond = sorted(page.needs - SKILLS)
        if beyond:
            excluded[identifier(name)] = "; ".join(REASONS[need] for need in beyond)
        elif name in _SAME_AS:
            excluded[identifier(name)] = f"counted once, as {_SAME_AS[name]}"
        else:
            families[page.family].append(name)
    for family, members in families.items():
        kept = by_hash(members)[:FAMILY_CAP]
        for name in set(members) - set(kept):
            excluded[identifier(name)] = f"the family {family} is capped at {FAMILY_CAP} pages"
        families[family] = kept
    whole: list[str] = []
    siblings: list[str] = []
    attempted: list[str] = []
    for family in by_hash(families):
        members = families[family]
        if len(whole) < WHOLE_FAMILIES:
            whole += members
        elif len(members) >= SIBLINGS_FROM:
            siblings.append(members[-1])
            attempted += members[:-1]
        else:
            attempted += members
    attempted, siblings, whole = (sorted(map(identifier, names)) for names in (attempted, siblings, whole))
    return Split(tuple(attempted), tuple(siblings), tuple(whole), dict(sorted(excluded.items())))


_SPLIT: Final = split(PAGES)

ATTEMPTED: Final = _SPLIT.attempted
"""Ids of the tasks that a model practises on."""
HELD_OUT_SIBLINGS: Final = _SPLIT.siblings
"""Ids never attempted, whose families are."""
HELD_OUT_FAMILIES: Final = _SPLIT.families
"""Ids never attempted, of families that are not either."""
HELD_OUT: Final = tuple(sorted(HELD_OUT_SIBLINGS + HELD_OUT_FAMILIES))
EXCLUDED: Final = _SPLIT.excluded
"""Task id → why it is neither attempted nor held out."""

SAME_AS: Final = {identifier(name): identifier(kept) for name, kept in _SAME_AS.items()}
"""Task id → the id of the page that it is counted as."""

STEP_LIMITS: Final[dict[str, int]] = {
    **dict.fromkeys(
        (
            "buy-ticket",
            "choose-list",
            "click-button",
            "click-button-sequence",
            "click-collapsible-nodelay",
            "click-dialog",
            "click-dialog-2",
            "click-link",
            "click-option",
            "click-scroll-list",
            "click-tab",
            "click-tab-2-medium",
            "click-test",
            "click-test-2",
            "click-widget",
            "copy-paste",
            "copy-paste-2",
            "email-inbox-delete",
            "enter-date",
            "enter-text",
            "enter-text-2",
            "enter-text-dynamic",
            "enter-time",
            "find-word",
            "focus-text",
            "focus-text-2",
            "read-table",
            "scroll-text",
            "text-transform",
            "unicode-test",
        ),
        5,
    ),
    **dict.fromkeys(
        ("click-menu", "click-shades", "click-tab-2-hard", "generate-number", "order-food", "scroll-text-2"), 12
    ),
    **dict.fromkeys(
        (
            "book-flight",
            "book-flight-nodelay",
            "choose-date",
            "choose-date-nodelay",
            "click-checkboxes-large",
            "guess-number",
            "social-media-all",
            "social-media-some",
            "use-spinner",
        ),
        15,
    ),
    "sign-agreement": 40,
}
"""Page name → actions allowed, where the default of ten is not it: about twice what a script needs, from 5 to 15 for
whatever is attempted or held out."""


# The local sites

UNSEEN_SITE: Final = "wiki"
"""All tasks that touch this site are held out."""
UNSEEN_SHARE: Final = 4
"""One in so many templates of the other sites is held out too."""
_SITES = "sites"


def kept_for_exams(task: Task) -> bool:
    """Whether a task is held out by rule: of MiniWoB++ as above, copies too; of the local sites what touches the unseen
    one, and templates whose names' hash says so. Of anybody else's benchmark none is. Nothing looks at results."""
    if task.id in HELD_OUT or SAME_AS.get(task.id) in HELD_OUT:
        return True
    if task.benchmark.partition("/")[0] != _SITES:
        return False
    return UNSEEN_SITE in task.sites or sha256(task.template.encode()).digest()[0] % UNSEEN_SHARE == 0
