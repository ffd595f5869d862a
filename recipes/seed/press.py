"""Pressing things: by name, by role alone, by place in a row, one after the other; and the clutter around them."""

from __future__ import annotations

from random import Random

from seed import words
from seed.page import Act, Block, Line, Page
from seed.wording import listed, say
from seed.words import pick

CLICKABLE = ("button", "link", "tab", "item", "menuitem", "image", "option", "treeitem", "radio", "checkbox", "switch")
ROLE_WORDS: dict[str, tuple[str, ...]] = {
    "button": ("button", "push button", "button"),
    "link": ("link", "hyperlink", "link"),
    "tab": ("tab",),
    "item": ("item", "thing", "element", "entry", "box", "word", "row", "part", "piece of text", "icon"),
    "menuitem": ("menu item", "menu entry", "entry of the menu", "menu option"),
    "image": ("image", "picture", "icon"),
    "option": ("option", "list entry", "choice"),
    "treeitem": ("folder", "tree entry", "node", "branch"),
    "radio": ("radio button", "radio", "round button", "option circle", "radio option"),
    "checkbox": ("checkbox", "check box", "tick box"),
    "switch": ("switch", "toggle"),
    "textbox": ("text box", "textbox", "input field", "text field", "entry field", "text input", "field", "text area"),
    "combobox": ("drop-down", "dropdown", "select box", "drop-down list", "select menu", "combo box"),
    "spinbutton": ("number field", "spinner", "number box"),
    "slider": ("slider",),
    "searchbox": ("search box", "search field"),
}
ORDINALS = (
    ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th"),
    ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    ("topmost", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    ("number 1", "number 2", "number 3", "number 4", "number 5", "number 6", "number 7", "number 8", "number 9"),
)
BY_NAME = (
    "<please> <press> %0",
    "<please> <press> <the> %0 %1",
    "<please> <press> <the> %1 %0",
    "<please> <press> <the> %1 <named> %0",
    "(there is|you see|the page has) (a|one) %1 <named> %0 : <press> it",
    "%0 (is what I want|please|is the one to <press>|, that is all|should be pressed|needs a click)",
    "<find> <the> %1 %0 and <press> it",
    "<find> %0 <then> <press> it",
    "<open> %0",
    "(give|do) %0 (a click|one press)",
    "(make|perform) (a|one) click at (the %1|) %0",
    "<press> the one <named> %0",
    "(mouse|pointer) (to|over) %0 <then> click",
    "move on (with|via|through) %0",
    "(your|the) target (is|:) %0",
    "among (these|all of them|the %1s) <press> %0",
)
BY_ROLE = (
    "<press> (the only|the single|the one) %0",
    "<please> <press> (the|a|some|any) %0 (here|on this page|you see|)",
    "(there is|find) (a|one) %0 (here|), <press> it",
    "(give|do) (the|a) %0 (a click|one press)",
    "%0 : (one press|press it|click)",
    "use (the|a) %0 (once|)",
)
BY_PLACE = (
    "<press> the %0 %1",
    "<please> <press> the %0 of the %1s",
    "(take|<press>) the %0 %1 (from the top|counted from above|on this page|in the list|here|)",
    "(the|) %0 %1 (please|is the one to press|: click it)",
    "<press> %1 %0 (only|and nothing else|)",
)
SEQUENCE = (
    "<press> %0 (first|) <then> (then|afterwards|) %1",
    "first %0 <then> %1",
    "<press> %0 <then> <press> %1",
    "(start with|begin with) %0 , (go on with|continue with|then) %1",
    "<press> %0 before (you <press>|) %1",
    "after (pressing|) %0 <press> %1 (too|as well|)",
    "<please> <press> (these|) in (this|the given) order : %0 , %1",
)
SEQUENCE_3 = (
    "<press> %0 , %1 and %2 (in this order|one after the other|)",
    "first %0 , then %1 , then %2",
    "<press> %0 <then> <press> %1 <then> <press> %2",
    "(the order is|order :|sequence :) %0 %1 %2",
)


def clutter(rng: Random) -> list[Line]:
    """Lines that have nothing to do with the instruction."""
    roll = rng.random()
    if roll < 0.55:
        return [Line("text", words.sentence(rng))]
    if roll < 0.68:
        return [Line("heading", words.label(rng))]
    if roll < 0.76:
        return [Line("text", pick(rng, [words.word, words.date, words.clock, words.full_name, words.mail])(rng))]
    if roll < 0.82:
        return [Line("image", words.label(rng) if rng.random() < 0.6 else "")]
    if roll < 0.88:
        return [Line("link", words.label(rng))]
    if roll < 0.94:
        return [Line("item") for _ in range(pick(rng, [1, 1, 2, 3]))]
    return [Line(pick(rng, ["button", "item", "textbox", "checkbox"]), words.label(rng) if rng.random() < 0.7 else "")]


def scatter(rng: Random, page: Page) -> None:
    """Put clutter before, after and between; many pages have none."""
    amount = pick(rng, [0, 0, 0, 1, 2, 3, 6, 10])
    for _ in range(amount):
        place = pick(rng, [0, len(page.lines), rng.randint(0, len(page.lines))])
        page.lines[place:place] = clutter(rng)


def things(rng: Random, page: Page) -> None:
    """Scene: things to press, of one role or of several."""
    count = pick(rng, [1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 18])
    roles = [pick(rng, ["button", "link", "item", "item", "tab", "menuitem", "image", "radio", "checkbox"])]
    if rng.random() < 0.4:
        roles += ["button", "link", "textbox", "radio", "checkbox", "item", "combobox"]
    names = words.some(rng, count)
    if rng.random() < 0.1 and len(names) > 2:
        names[-1] = names[0]
    for name in names:
        role = pick(rng, roles)
        if role == "combobox":
            options = words.some(rng, rng.randint(2, 5))
            page.add(Line(role, "", value=options[0], options=options))
        elif rng.random() < 0.04:
            page.add(Line("item"))
        elif role == "textbox" or (len(roles) > 1 and rng.random() < 0.2):
            page.add(Line(role, ""))
        else:
            page.add(Line(role, name))
        if rng.random() < 0.15:
            page.add(Line("text", words.sentence(rng)))
    page.ask("sequence", 0.8, lambda inner: sequence(inner, page))


def prose(rng: Random, page: Page) -> None:
    """Scene: running text with links or other pressable words inside."""
    role = pick(rng, ["link", "link", "item"])
    for _ in range(rng.randint(2, 7)):
        page.add(Line("text", words.sentence(rng, 2, 12)))
        if rng.random() < 0.8:
            page.add(Line(role, words.label(rng)))


def bars(rng: Random, page: Page) -> None:
    """Scene: a row of buttons or links below or above something else."""
    role = pick(rng, ["button", "link", "item", "image"])
    page.add(*(Line(role, name) for name in words.some(rng, rng.randint(1, 4))))


def by_name(rng: Random, page: Page) -> Block | None:
    """Press what carries these words."""
    lines = [line for line in page.lines if line.role in CLICKABLE and line.known_as]
    if not lines:
        return None
    line = pick(rng, lines)
    name = " ".join(line.known_as.split())
    twins = [other for other in lines if other.known_as == line.known_as]
    roll = rng.random()
    if len(twins) > 1:
        if len({other.role for other in twins}) < len(twins):
            return None
        goal = say(rng, BY_NAME[1:4], name, "~" + pick(rng, ROLE_WORDS[line.role]))
        return Block(goal, _press(rng, line))
    if roll < 0.06:
        name = name.lower()
    elif roll < 0.09:
        name = name.upper()
    said_role = pick(rng, ROLE_WORDS[line.role])
    if rng.random() < 0.15:
        said_role = pick(rng, ["thing", "one", "control", "entry", "button", "link", "item"])
    return Block(say(rng, BY_NAME, name, "~" + said_role), _press(rng, line))


def _press(rng: Random, line: Line) -> Act:
    return Act("click", line) if rng.random() < 0.995 else Act("doubleclick", line)


def by_role(rng: Random, page: Page) -> Block | None:
    """Press the element of a sort, whatever it is called."""
    by: dict[str, list[Line]] = {}
    for line in page.actable():
        by.setdefault(line.role, []).append(line)
    few = [role for role, lines in by.items() if role in ROLE_WORDS and (len(lines) == 1 or rng.random() < 0.15)]
    if not few:
        return None
    role = pick(rng, few)
    templates = BY_ROLE
    if role in ("textbox", "searchbox", "spinbutton"):
        templates = (*BY_ROLE, "(put|set|move) the (cursor|caret) (in|into|inside) (the|) %0", "activate (the|a) %0")
    return Block(say(rng, templates, "~" + pick(rng, ROLE_WORDS[role])), Act("click", pick(rng, by[role])))


def by_place(rng: Random, page: Page) -> Block | None:
    """Press the third of its sort."""
    by: dict[str, list[Line]] = {}
    for line in page.actable():
        by.setdefault(line.role, []).append(line)
    many = [role for role, lines in by.items() if role in ROLE_WORDS and len(lines) > 1]
    if not many:
        return None
    role = pick(rng, many)
    lines = by[role]
    place = int(rng.random() * min(len(lines), pick(rng, [3, 6, 9])))
    ordinal = "last" if place == len(lines) - 1 and rng.random() < 0.5 else pick(rng, ORDINALS)[place]
    return Block(say(rng, BY_PLACE, "~" + ordinal, "~" + pick(rng, ROLE_WORDS[role])), Act("click", lines[place]))


def sequence(rng: Random, page: Page) -> Block | None:
    """Press several things in the order given."""
    lines = [line for line in page.lines if line.role in CLICKABLE and line.known_as]
    count = pick(rng, [2, 2, 2, 3])
    if len(lines) < count:
        return None
    chosen = rng.sample(lines, count)
    names = [line.known_as for line in chosen]
    if len(set(names)) < count:
        return None
    if rng.random() < 0.3:
        role = pick(rng, ROLE_WORDS[chosen[0].role])
        names = [f"~{role} {name}" if rng.random() < 0.7 else name for name in names]
    at = int(rng.random() * count)
    if count == 3 and rng.random() < 0.15:
        goal = say(
            rng,
            ("<press> %0", "<press> (all of|) these (in order|) : %0"),
            listed(rng, [n.removeprefix("~") for n in names]),
        )
    else:
        goal = say(rng, SEQUENCE if count == 2 else SEQUENCE_3, *names)
    return Block(goal, Act("click", chosen[at]), [Act("click", line) for line in chosen[:at]])
