"""Pages that change: tabs, sections, trees, menus, results, page numbers, dialogs, suggestions, calendars."""

from __future__ import annotations

from random import Random

from seed import words
from seed.forms import confirmer, finish
from seed.page import Act, Block, Line, Page
from seed.wording import say
from seed.words import pick

HUNT = (
    "<find> %0 (in|under|behind|among|on|below) (the|these|any of the) %1s <then> <press> it",
    "<find> %0 <then> <press> it",
    "(look|go|search) through (the|) %1s (until|till) (you see|there is) %0 <then> <press> it",
    "<open> (the|) %1s (one by one|one after another|in turn) (to|and) (reach|<press>) %0",
    "(somewhere|in one of the %1s|on one of the %1s) (there is|hides|you will see) %0 : <press> it",
    "<press> %0 , (it is|you will see it) in one of the %1s",
)
MENU = (
    "<open> %0 (in|from|of) the menu",
    "(in the menu|from the menu) <press> %0",
    "<press> %1 (>|then|,|/) %0",
    "(under|in|from) %1 <press> %0",
    "menu : %1 (>|then|/) %0",
    "<find> %0 (under|in|below) %1 <then> <press> it",
)
CLOSE = (
    "(close|dismiss|shut|get rid of|remove) (the|this|that|) (dialog|window|pop-up|popup|message|box|overlay|notice)",
    "(the|this) (dialog|window|pop-up|popup|message) (is in the way|must go|should be gone) (, close it|)",
    "(make|let) the (dialog|window|popup|message) (disappear|go away)",
    "(close|dismiss) it",
    "(cancel|leave|exit) (the|this) (dialog|window|popup|question)",
)
AGREE = (
    "(agree|accept|say yes|confirm it|answer positively|go ahead) (in the dialog|to the question|to the message|)",
    "(accept|confirm|approve) (the|this) (dialog|question|message|popup)",
)
REFUSE = (
    "(refuse|decline|say no|cancel it|answer negatively|do not agree) (in the dialog|to the question|to the message|)",
    "(cancel|refuse|reject|decline) (the|this) (dialog|question|message|popup|offer)",
)
SEARCH = (
    "(search|look) for %0 (and|then|,) (<open>|<press>) the %1 (result|hit|match|entry|link)",
    "<find> %0 with the search (box|field|) <then> <open> (number|result|hit) %1",
    "(query|search) %0 <then> <press> (the|) %1 (result|one|hit)",
    "<open> the %1 (hit|result|entry) (when searching|of a search|you get) for %0",
)
SEARCH_ONLY = (
    "(search|look) for %0",
    "(run|start|make) a search for %0",
    "(query|google) %0",
    "<find> (pages|things|something|everything) about %0",
)
PAGED = (
    "<find> %0 (on the pages|in the results|in the list|page by page|) <then> <press> it",
    "(go|look|leaf) through the pages (until|till) %0 (appears|shows up|comes) <then> <press> it",
)
PAGE_NUMBER = ("(go to|<open>|show) page (number|) %0", "page %0 (please|)", "(jump|turn) to page %0")
SUGGEST = (
    "<type> (a|the|any) (word|name|place|entry) (that starts|starting|beginning) with %0 (using the "
    "suggestions|) <then> <confirm>",
    "(use|take) the suggestion (that starts|starting|beginning) with %0 <then> <confirm>",
    "<choose> (a|the) (suggestion|completion|proposal) (for|beginning with|of) %0 <then> <confirm>",
)
DAY = (
    "<choose> (the|) %0 (in the calendar|) <then> <confirm>",
    "(set|change) the (date|day) to %0 <then> <confirm>",
    "(the|) (date|day|appointment) (is|should be|:) %0 <then> <confirm>",
    "(go to|mark|take) %0 (in|on) the calendar <then> <confirm>",
)


def _content(rng: Random, names: list[str], role: str) -> list[Line]:
    """What one section shows: words, or pressable words between filler."""
    lines = []
    for name in names:
        if rng.random() < 0.4:
            lines.append(Line("text", words.sentence(rng)))
        lines.append(Line(role, name))
    return lines


def sections(rng: Random, page: Page) -> None:
    """Scene: tabs or collapsible sections of which one or none is open; look for something, one after the other."""
    count = pick(rng, [2, 3, 3, 4, 5])
    kind = pick(rng, ["tab", "tab", "section"])
    role = "tab" if rng.random() < 0.75 else pick(rng, ["link", "item", "button", "heading"][:3])
    numbered = rng.random() < 0.5
    stem = pick(rng, ["Tab", "Section", "Part", "Tab #", "Section #", "Page", "Chapter"])
    names = [f"{stem} {index + 1}" for index in range(count)] if numbered else words.some(rng, count)
    heads = [Line(role, name) for name in names]
    opened = rng.randint(-1 if kind == "section" else 0, count - 1)
    inside = _content(rng, words.some(rng, rng.randint(1, 6)), pick(rng, ["link", "link", "item", "button"]))
    mark = rng.random() < 0.6
    if rng.random() < 0.12:
        page.add(Line("item"))
    for index, head in enumerate(heads):
        if index == opened and mark:
            head.states += pick(rng, [["selected"], ["selected", "expanded"]]) if role == "tab" else ["expanded"]
        page.add(head)
        if index == opened and kind == "section":
            page.add(*inside)
    if kind == "tab":
        page.add(*inside)
    confirm = confirmer(rng, page, 0.2) if kind == "section" else None

    def ask(inner: Random) -> Block | None:
        noun = "~" + pick(inner, [kind, kind, "tab", "section", "part", "panel"])
        seen = heads[: opened + 1] if opened >= 0 else []
        did = [Act("click", head) for head in (seen if kind == "section" else seen[1:])]
        shown = [line for line in inside if line.actable] if opened >= 0 else []
        if shown and inner.random() < 0.5:
            wanted = pick(inner, shown)
            return Block(say(inner, HUNT, wanted.name, noun), Act("click", wanted), did)
        if inner.random() < 0.12 and numbered:
            head = pick(inner, heads)
            goal = say(inner, ("<open> (the|) (%0|) (number|) %1", "<open> %1"), noun, "~" + head.name)
            return Block(goal, Act("click", head))
        if opened + 1 >= count:
            return None
        return Block(say(inner, HUNT, words.label(inner), noun), Act("click", heads[opened + 1]), did)

    page.ask("look through", 2.5, ask)
    if confirm:
        page.ask("look through", 0.3, lambda inner: Block(
            say(inner, ("<open> %0 <then> <confirm>",), heads[max(opened, 0)].name, confirm=finish(inner, confirm)),
            Act("click", confirm if opened >= 0 else heads[0]),
            [Act("click", heads[opened])] if opened >= 0 else [],
        ))  # fmt: skip


def menu(rng: Random, page: Page) -> None:
    """Scene: a menu or tree with one entry open; the way down is given, or must be guessed."""
    role = pick(rng, ["menuitem", "menuitem", "treeitem", "item", "link", "button"])
    tops = [Line(role, name) for name in words.some(rng, pick(rng, [1, 2, 3, 4, 5]))]
    children = [Line(role, name) for name in words.some(rng, rng.randint(1, 5))]
    opened = pick(rng, [*tops, None])
    mark = rng.random() < 0.5
    for top in tops:
        page.add(top)
        if top is opened:
            top.states.extend(["expanded"] if mark else [])
            page.add(*children)
    verb = "hover" if role in ("menuitem", "link") and rng.random() < 0.35 else "click"

    def down(inner: Random) -> Block | None:
        if opened is not None and inner.random() < 0.6:
            child = pick(inner, children)
            return Block(say(inner, MENU, child.name, opened.name), Act("click", child), [Act(verb, opened)])
        ways = [top for top in tops if top is not opened]
        if not ways:
            return None
        way = pick(inner, ways)
        return Block(say(inner, MENU[2:], words.label(inner, 2), way.name), Act(verb, way))

    page.ask("menu or tree", 2.5, down)


def dialog(rng: Random, page: Page) -> None:
    """Scene: a dialog with a cross, or with yes and no."""
    if rng.random() < 0.6:
        page.add(Line(pick(rng, ["text", "heading"]), words.label(rng)))
    cross = Line(
        pick(rng, ["button", "button", "item", "link"]), pick(rng, ["Close", "close", "×", "x", "X", "Dismiss", ""])
    )
    lines = [Line("text", words.sentence(rng))]
    yes = Line("button", pick(rng, ["OK", "Yes", "Accept", "Agree", "Continue", "Allow", "Ok"]))
    no = Line("button", pick(rng, ["Cancel", "No", "Decline", "Not now", "Later", "Refuse"]))
    answers = pick(rng, [[], [], [yes], [yes, no], [no, yes], [no]])
    lines += [cross, *answers] if rng.random() < 0.5 or not answers else answers
    if lines[-1] is cross and rng.random() < 0.5:
        lines = [cross, lines[0]]
    page.add(*lines)
    ways: list[tuple[tuple[str, ...], Line]] = []
    if cross in lines:
        ways += [(CLOSE, cross)] * 3
    elif no in lines:
        ways.append((CLOSE, no))
    elif yes in lines:
        ways.append((CLOSE, yes))
    ways += [(AGREE, yes)] if yes in lines else []
    ways += [(REFUSE, no)] if no in lines else []

    def ask(inner: Random) -> Block | None:
        wording, line = pick(inner, ways)
        return Block(say(inner, wording), Act("click", line))

    page.ask("dialog", 1.5, ask)


def search(rng: Random, page: Page) -> None:
    """Scene: a search field, its button, and perhaps its results with page numbers."""
    query = words.word(rng)
    stage = pick(rng, ["empty", "typed", "found", "found"])
    role = pick(rng, ["textbox", "searchbox", "textbox"])
    box = Line(role, pick(rng, ["", "Search", "Query", ""]), value=query if stage != "empty" else "")
    button = Line(pick(rng, ["button", "button", "item"]), pick(rng, ["Search", "Go", "Find", "search", "Look up"]))
    by_key = rng.random() < 0.15
    page.add(*([box] if by_key else [box, button]))
    asked = Act("send", box, query) if by_key else Act("type", box, query)
    did = [asked] if by_key else [asked, Act("click", button)]
    size = rng.randint(2, 5)
    results = [Line("link", name) for name in words.some(rng, size)] if stage == "found" else []
    for line in results:
        page.add(line)
        if rng.random() < 0.6:
            page.add(Line("text", words.sentence(rng)))
    leaf, forward = rng.randint(0, 2), Line("link", pick(rng, [">", "Next", "next", "»", "More"]))
    if results and rng.random() < 0.8:
        page.add(*([Line("link", pick(rng, ["<", "Previous", "«"]))] if leaf else []))
        page.add(*(Line("link", str(number)) for number in range(1, rng.randint(1, 4))), forward)
    ordinal = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]

    def ask(inner: Random) -> Block | None:
        wanted = query if stage != "empty" else words.word(inner)
        if stage == "empty":
            act = Act("send" if by_key else "type", box, wanted)
            place = inner.randint(0, 8)
        elif stage == "typed":
            act, place = Act("click", button), inner.randint(0, 8)
            if by_key:
                return None
        else:
            here = inner.random() < 0.7 or forward not in page.lines
            place = leaf * size + inner.randint(0, size - 1) if here else leaf * size + size + inner.randint(0, 2)
            act = Act("click", results[place - leaf * size] if here else forward)
        if place > 9:
            return None
        history = [] if stage == "empty" else [asked] if stage == "typed" else did + [Act("click", forward)] * leaf
        if stage != "found" and inner.random() < 0.3:
            return Block(say(inner, SEARCH_ONLY, wanted), act, history)
        shown = (
            ordinal[place] if inner.random() < 0.5 else f"{place + 1}{['st', 'nd', 'rd'][place] if place < 3 else 'th'}"
        )
        return Block(say(inner, SEARCH, wanted, "~" + shown), act, history)

    page.ask("search", 2.5, ask)


def paged(rng: Random, page: Page) -> None:
    """Scene: a list in pages; what is looked for is here, or on one of the next."""
    role = pick(rng, ["link", "item", "button", "option"])
    lines = [Line(role, name) for name in words.some(rng, rng.randint(2, 6))]
    page.add(*lines)
    forward = Line(pick(rng, ["link", "button"]), pick(rng, [">", "Next", "Next page", "More", "»", "Show more"]))
    numbers = [Line(forward.role, str(number)) for number in range(1, rng.randint(2, 6))] if rng.random() < 0.5 else []
    page.add(*numbers, forward)
    leaf = pick(rng, [0, 0, 1, 2])

    def ask(inner: Random) -> Block | None:
        did = [Act("click", forward)] * leaf
        if numbers and inner.random() < 0.25:
            line = pick(inner, numbers)
            return Block(say(inner, PAGE_NUMBER, "~" + line.name), Act("click", line))
        if inner.random() < 0.5:
            line = pick(inner, lines)
            return Block(say(inner, PAGED, line.name), Act("click", line), did)
        return Block(say(inner, PAGED, words.label(inner)), Act("click", forward), did)

    page.ask("pages", 1.5, ask)


def suggestions(rng: Random, page: Page) -> None:
    """Scene: a field that proposes completions."""
    names = [
        name for name in words.some(rng, 6, lambda inner: pick(inner, words.PLACES + words.FIRST)) if len(name) > 3
    ]
    target = pick(rng, names)
    start = target[: rng.randint(2, 3)]
    stage = pick(rng, ["empty", "open", "taken"])
    box = Line(pick(rng, ["textbox", "combobox"]), pick(rng, ["", "Place", "Tags", "Name", "City"]))
    box.value = {"empty": "", "open": start, "taken": target}[stage]
    page.add(box)
    proposals = [
        Line(pick(rng, ["option", "item", "menuitem"]), name) for name in rng.sample(names, min(3, len(names)))
    ]
    for line in proposals:
        line.role = proposals[0].role
    proposals = [line for line in proposals if not line.name.startswith(start)]
    chosen = Line(proposals[0].role if proposals else "option", target)
    proposals.insert(rng.randint(0, len(proposals)), chosen)
    confirm = confirmer(rng, page, 0.85)
    if stage == "open":
        page.add(*proposals)

    def ask(inner: Random) -> Block | None:
        wanted = start if stage != "empty" else pick(inner, names)[: inner.randint(2, 3)]
        goal = say(inner, SUGGEST, wanted, confirm=finish(inner, confirm))
        typed = Act("type", box, wanted)
        if stage == "empty":
            return Block(goal, typed)
        if stage == "open":
            return Block(goal, Act("click", chosen), [typed])
        return Block(goal, Act("click", confirm), [typed, Act("click", chosen)]) if confirm else None

    page.ask("suggestions", 1.5, ask)


def calendar(rng: Random, page: Page) -> None:
    """Scene: a field with a month to leaf through."""
    month, year = rng.randint(0, 11), rng.randint(2005, 2030)
    box = Line("textbox", pick(rng, ["", "Date", "Day", "When"]))
    stage = pick(rng, ["closed", "open", "open", "taken"])
    page.add(box)
    back = Line(pick(rng, ["link", "button", "item"]), pick(rng, ["Prev", "Previous", "<", "Back"]))
    forward = Line(back.role, pick(rng, ["Next", ">", "Forward"]) if back.name != "<" else ">")
    low = rng.randint(1, 12)
    days = [Line("link" if rng.random() < 0.9 else "item", str(day)) for day in range(low, low + 17)]
    if stage == "open":
        page.add(back, forward, Line("text", f"{words.MONTHS[month]} {year}"), *days)
    confirm = confirmer(rng, page, 0.9)
    numeric = rng.random() < 0.6

    def spell(which: int, day: int) -> str:
        return f"{which + 1:02d}/{day:02d}/{year}" if numeric else f"{words.MONTHS[which]} {day}"

    if stage == "taken":
        box.value = f"{month + 1:02d}/{low:02d}/{year}"

    def ask(inner: Random) -> Block | None:
        opener = Act("click", box)
        if stage == "closed":
            goal = say(inner, DAY, spell(inner.randint(0, 11), inner.randint(1, 28)), confirm=finish(inner, confirm))
            return Block(goal, opener)
        if stage == "taken":
            goal = say(inner, DAY, spell(month, low), confirm=finish(inner, confirm))
            return Block(goal, Act("click", confirm), [opener, Act("click", days[0])]) if confirm else None
        if inner.random() < 0.5:
            line = pick(inner, days)
            goal = say(inner, DAY, spell(month, int(line.name)), confirm=finish(inner, confirm))
            return Block(goal, Act("click", line), [opener])
        other = inner.choice([which for which in range(12) if which != month])
        way = forward if other > month else back
        goal = say(inner, DAY, spell(other, inner.randint(1, 28)), confirm=finish(inner, confirm))
        return Block(goal, Act("click", way), [opener] + [Act("click", way)] * pick(inner, [0, 0, 1, 2]))

    page.ask("calendar", 2.0, ask)
