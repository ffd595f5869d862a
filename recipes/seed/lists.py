"""Pages made of rows: tables, values to be read and typed, mail, posts, things to compare."""

from __future__ import annotations

from random import Random

from seed import words
from seed.forms import FIELDS, Draw, confirmer, finish
from seed.page import Act, Block, Line, Page
from seed.wording import say
from seed.words import pick

ROW_ACTION = (
    "<press> %0 (for|of|in the row of|next to|beside|at) %1",
    "<press> the %0 <btn> (for|of|in the row of|next to|beside|at) %1",
    "(for|in the row of|at|next to) %1 <press> %0",
    "%0 %1",
    "(the row|the entry|the line) (of|with|for) %1 : <press> %0",
)
READ_TYPE = (
    "<type> (the|) %0 of %1 <then> <confirm>",
    "(what is|find|look up) (the|) %0 (of|for) %1 (?|) <type> it <then> <confirm>",
    "(tell|give) (me|us) (the|) %0 (of|for) %1 <then> <confirm>",
    "(the|) %0 (of|for) %1 (goes|belongs) (in|into) the <field> <then> <confirm>",
)
READ_SIMPLE = (
    "<type> what (is written|stands) (after|next to|beside|under) %0 <then> <confirm>",
    "<type> the (value|text|number) of %0 <then> <confirm>",
    "(copy|repeat) the (value|text) of %0 (into|in) the <field> <then> <confirm>",
)
REPEAT = (
    "<type> (the text|what you see|the words|the sentence) (above|shown|of the page|on the page) "
    "(into|in) the <field> <then> <confirm>",
    "(copy|repeat|retype) the (text|words|sentence) (above|shown|of the page|) <then> <confirm>",
)
LARGEST = (
    "<press> the (largest|biggest|highest|greatest) (number|value|one|)",
    "which number is (largest|highest) ? <press> it",
)
SMALLEST = ("<press> the (smallest|lowest|least) (number|value|one|)", "which number is (smallest|lowest) ? <press> it")
OPEN_MAIL = (
    "(open|read|show) the (mail|message|letter) (of|from|by) %0",
    "(see|check) what %0 (wrote|says|sent)",
    "<find> the (mail|message) (by|from|of) %0",
)
MAIL_ACTION = (
    "%0 the (mail|message|letter) (of|from|by) %1",
    "<find> the (mail|message) (from|of|by) %1 (and|then) %0 it",
    "%0 (what|the one) %1 (wrote|sent)",
)
MAIL_REPLY = (
    "(answer|reply to|respond to|write back to) %0 (with|saying|:) %1",
    "(answer|reply to) (the|) (mail|message) (of|from) %0 (with|using) (the text|the words|) %1",
    "tell %0 : %1 (in a reply|)",
)
MAIL_FORWARD = (
    "(forward|pass on|send on) (the|) (mail|message) (of|from|by) %0 to %1",
    "(let|make) %1 (have|read|see) (the mail|the message|what) (of|from) %0",
    "(pass|send) what %0 wrote (on|) to %1",
)
POST_ACTION = (
    "%0 (the post|the message|what|the entry) (by|of|from) %1",
    "%1 (wrote a post|has posted) : %0 it",
    "%0 %1",
    "(on|at|for) (the post|the entry) (of|by) %1 <press> %0",
)
SUM = (
    "(what is|how much is|compute|work out|solve) (it|this|the sum|) (? |) <type> (it|the result|) <then> <confirm>",
)


def table(rng: Random, page: Page) -> None:
    """Scene: rows with a name, values, and perhaps a button."""
    columns = rng.sample([(pick(rng, labels.split("|")), draw) for labels, draw in FIELDS], pick(rng, [1, 2, 2, 3]))
    people = words.some(
        rng, pick(rng, [2, 3, 4, 5]), pick(rng, [words.full_name, lambda inner: pick(inner, words.FIRST)])
    )
    actions = words.some(rng, pick(rng, [0, 0, 1, 2]), lambda inner: pick(inner, words.COMMANDS).title())
    role = pick(rng, ["button", "link", "item"])
    header = rng.random() < 0.5
    head_first = pick(rng, ["Name", "Person", "Who", "Member"])
    if header:
        page.add(*(Line("text", label) for label in (head_first, *(label for label, _ in columns))))
    rows: list[tuple[str, list[str], list[Line]]] = []
    for person in people:
        values = [draw(rng) for _, draw in columns]
        buttons = [Line(role, name) for name in actions]
        page.add(Line("text", person))
        for (label, _), value in zip(columns, values, strict=True):
            page.add(
                *([] if header else [Line("text", label + ":")] if rng.random() < 0.7 else []), Line("text", value)
            )
        page.add(*buttons)
        rows.append((person, values, buttons))
    if actions:
        page.ask("row action", 2.5, lambda inner: _row_action(inner, rows))
    if rng.random() < 0.75:
        _reader(rng, page, [(label, draw) for label, draw in columns], rows)


def _row_action(rng: Random, rows: list[tuple[str, list[str], list[Line]]]) -> Block:
    """Press a button in the row that somebody names."""
    person, values, buttons = pick(rng, rows)
    line = pick(rng, buttons)
    key = person if rng.random() < 0.75 else pick(rng, values)
    name = line.name.lower() if rng.random() < 0.3 else line.name
    return Block(say(rng, ROW_ACTION, name if rng.random() < 0.5 else "~" + name, key), Act("click", line))


def _reader(
    rng: Random, page: Page, columns: list[tuple[str, Draw]], rows: list[tuple[str, list[str], list[Line]]]
) -> None:
    """A field that wants a value of the table."""
    typed = pick(rng, rows)[1][0] if rng.random() < 0.4 else ""
    box = Line("textbox", pick(rng, ["", "", "Answer", "Value"]), value=typed)
    page.add(box)
    confirm = confirmer(rng, page, 0.85)

    def ask(inner: Random) -> Block | None:
        person, values, _ = pick(inner, rows)
        column = int(inner.random() * len(columns))
        value = values[column]
        if typed:
            person, value, column = next((row[0], row[1][0], 0) for row in rows if row[1][0] == typed)
        goal = say(inner, READ_TYPE, "~" + columns[column][0].lower(), person, confirm=finish(inner, confirm))
        step = Act("type", box, value)
        if typed:
            return Block(goal, Act("click", confirm), [step]) if confirm else None
        return Block(goal, step)

    page.ask("read and type", 2.0, ask)


def facts(rng: Random, page: Page) -> None:
    """Scene: labelled values, or a text, to be repeated in a field."""
    count = pick(rng, [1, 1, 2, 3, 4])
    labels = words.some(rng, count, lambda inner: words.label(inner, 2))
    values = [pick(rng, [words.label, words.phone, words.date, words.sentence, words.word])(rng) for _ in labels]
    bare = count == 1 and rng.random() < 0.6
    for label, value in zip(labels, values, strict=True):
        page.add(*([] if bare else [Line("text", label + pick(rng, ["", ":"]))]), Line("text", value))
    done = rng.random() < 0.4
    box = Line("textbox", pick(rng, ["", "", "Answer", "Copy"]), value=" ".join(values[0].split()[:5]) if done else "")
    page.add(box)
    confirm = confirmer(rng, page, 0.85)

    def ask(inner: Random) -> Block | None:
        place = 0 if done else int(inner.random() * count)
        value = " ".join(values[place].split()[:5]).rstrip(".") if not done else box.value
        name = finish(inner, confirm)
        goal = say(inner, REPEAT, confirm=name) if bare else say(inner, READ_SIMPLE, labels[place], confirm=name)
        step = Act("type", box, value)
        if done:
            return Block(goal, Act("click", confirm), [step]) if confirm else None
        return Block(goal, step)

    page.ask("read and type", 1.5, ask)


def numbers(rng: Random, page: Page) -> None:
    """Scene: numbers to compare, or a small sum."""
    if rng.random() < 0.35:
        left, right = rng.randint(0, 10), rng.randint(0, 10)
        sign = pick(rng, ["+", "+", "-"])
        total = str(left + right if sign == "+" else left - right)
        page.add(Line("text", f"{left} {sign} {right} ="))
        box = Line("textbox", "")
        page.add(box)
        confirm = confirmer(rng, page)
        page.ask(
            "sum", 1.0, lambda inner: Block(say(inner, SUM, confirm=finish(inner, confirm)), Act("type", box, total))
        )
        return
    top = pick(rng, [10, 100, 1000])
    role = pick(rng, ["button", "item", "link"])
    values = sorted(rng.sample(range(top), pick(rng, [2, 3, 4, 6])))
    lines = [Line(role, str(value)) for value in values]
    page.add(*rng.sample(lines, len(lines)))
    page.ask("compare", 1.0, lambda inner: Block(say(inner, LARGEST), Act("click", lines[-1])))
    page.ask("compare", 1.0, lambda inner: Block(say(inner, SMALLEST), Act("click", lines[0])))


ICONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "star": (("star", "Star", "favourite", "important"), ("star", "mark", "mark as important", "put a star on")),
    "reply": (("reply", "Reply", "answer"), ("answer", "reply to", "respond to")),
    "trash": (("trash", "delete", "Delete", "bin"), ("delete", "remove", "throw away", "bin", "trash")),
    "forward": (("forward", "Forward", "send on"), ("forward", "pass on", "send on")),
    "archive": (("archive", "Archive"), ("archive", "put away", "store")),
}


def mail(rng: Random, page: Page) -> None:
    """Scene: an inbox, an open message, or an answer being written."""
    people = words.some(rng, rng.randint(2, 6), lambda inner: pick(inner, words.FIRST))
    kinds = rng.sample(list(ICONS), rng.randint(1, 3))
    mode = pick(rng, ["list", "list", "message", "writing"])
    if mode != "list":
        return _one_mail(rng, page, people[0], mode)
    if rng.random() < 0.6:
        page.add(Line(pick(rng, ["heading", "text"]), pick(rng, ["Inbox", "Mail", "Messages", "Primary"])))
    wrapped, bare = rng.random() < 0.5, rng.random() < 0.3
    rows: list[tuple[str, Line, dict[str, Line]]] = []
    for person in people:
        subject, body = words.sentence(rng, 1, 4), words.sentence(rng, 2, 8)
        opener = Line("item", f"{person} {subject} {body}" if wrapped else person)
        page.add(opener)
        if not wrapped:
            page.add(Line("item" if rng.random() < 0.4 else "text", subject))
        icons = {kind: Line(pick(rng, ["item", "button", "image"]), pick(rng, ICONS[kind][0])) for kind in kinds}
        if bare:
            page.add(*(Line("item") for _ in kinds))
            icons = {}
        page.add(*icons.values())
        rows.append((person, opener, icons))

    def ask(inner: Random) -> Block:
        person, opener, icons = pick(inner, rows)
        roll = inner.random()
        if roll < 0.35:
            return Block(say(inner, OPEN_MAIL, person), Act("click", opener))
        kind = pick(inner, list(ICONS))
        if roll < 0.8:
            goal = say(inner, MAIL_ACTION, "~" + pick(inner, ICONS[kind][1]), person)
        elif roll < 0.9:
            kind, goal = "reply", say(inner, MAIL_REPLY, person, words.sentence(inner, 2, 5).rstrip("."))
        else:
            kind, goal = "forward", say(inner, MAIL_FORWARD, person, pick(inner, words.FIRST))
        return Block(goal, Act("click", icons.get(kind, opener)))

    page.ask("mail", 2.0, ask)
    return None


def _one_mail(rng: Random, page: Page, person: str, mode: str) -> None:
    """One message, open, with its icons; or the form of an answer."""
    opened = Act("click", Line("item", person, id=rng.randint(5, 80)))
    if mode == "message":
        page.add(Line("text", words.sentence(rng, 1, 4)), Line("text", person), Line("text", words.sentence(rng, 4, 9)))
        icons = {kind: Line(pick(rng, ["item", "button", "image"]), pick(rng, ICONS[kind][0])) for kind in ICONS}
        page.add(*rng.sample(list(icons.values()), len(icons)))

        def ask(inner: Random) -> Block:
            kind = pick(inner, list(ICONS))
            roll = inner.random()
            if kind == "reply" and roll < 0.7:
                goal = say(inner, MAIL_REPLY, person, words.sentence(inner, 2, 5).rstrip("."))
            elif kind == "forward" and roll < 0.7:
                goal = say(inner, MAIL_FORWARD, person, pick(inner, words.FIRST))
            else:
                goal = say(inner, MAIL_ACTION, "~" + pick(inner, ICONS[kind][1]), person)
            return Block(goal, Act("click", icons[kind]), [opened])

        return page.ask("mail", 2.0, ask)
    reply = rng.random() < 0.5
    text = words.sentence(rng, 2, 5).rstrip(".") if reply else pick(rng, words.FIRST)
    done = rng.random() < 0.5
    if reply:
        page.add(Line("text", f"to: {person}"))
    box = Line(
        "textbox", pick(rng, ["", "to", "Text"] if not reply else ["", "Message", "Reply"]), value=text if done else ""
    )
    send = Line(pick(rng, ["button", "item", "image"]), pick(rng, ["Send", "send", "Deliver"]))
    page.add(*rng.sample([box, send], 2))
    started = Act("click", Line("item", "reply" if reply else "forward", id=rng.randint(5, 80)))

    def write(inner: Random) -> Block:
        what = text if done else words.sentence(inner, 2, 5).rstrip(".") if reply else pick(inner, words.FIRST)
        goal = say(inner, MAIL_REPLY if reply else MAIL_FORWARD, person, what)
        step = Act("type", box, what)
        return (
            Block(goal, Act("click", send), [opened, started, step]) if done else Block(goal, step, [opened, started])
        )

    return page.ask("mail", 2.0, write)


POST_ICONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("like", ("like", "Like", "give a like to", "heart")),
    ("share", ("share", "Share", "spread", "repost")),
    ("reply", ("reply to", "answer", "Reply")),
    ("follow", ("follow", "Follow")),
    ("more", ("see more of", "show more of", "more")),
    ("block", ("block", "Block", "silence")),
)


def posts(rng: Random, page: Page) -> None:
    """Scene: posts of several people, each with the same icons."""
    people = words.some(rng, rng.randint(1, 4), pick(rng, [lambda inner: pick(inner, words.FIRST), words.full_name]))
    icons = rng.sample(POST_ICONS, rng.randint(2, 4))
    role = pick(rng, ["item", "button", "link", "image"])
    handles = rng.random() < 0.6
    title = rng.random() < 0.3
    rows = []
    for person in people:
        handle = "@" + pick(rng, [person.split()[0].lower(), words.junk(rng)])
        body = Line("text", words.sentence(rng, 3, 9))
        lines = {name: Line(role, name.title() if title else name) for name, _ in icons}
        page.add(Line("text", person), *([Line("text", handle)] if handles else []), body, *lines.values())
        rows.append((handle if handles and rng.random() < 0.5 else person, lines))

    def ask(inner: Random) -> Block:
        person, lines = pick(inner, rows)
        name, spoken = pick(inner, icons)
        return Block(say(inner, POST_ACTION, "~" + pick(inner, spoken), person), Act("click", lines[name]))

    page.ask("posts", 2.0, ask)


STEP = (
    "(take|order|get|buy|add|I want) %0 %1 <then> <confirm>",
    "(set|change) (the number of|) %1 to %0 <then> <confirm>",
    "(we need|bring) %0 of %1 <then> <confirm>",
    "%0 x %1 <then> <confirm>",
)


def steppers(rng: Random, page: Page) -> None:
    """Scene: things to order, each with minus and plus."""
    names = words.some(rng, rng.randint(1, 6))
    less, more = pick(rng, [("-", "+"), ("-", "+"), ("less", "more"), ("remove", "add")])
    role, shows = pick(rng, ["item", "button"]), rng.random() < 0.5
    rows = []
    for name in names:
        count = pick(rng, [0, 0, 1, 2])
        plus = Line(role, more)
        page.add(Line("text", name), Line(role, less), *([Line("text", str(count))] if shows else []), plus)
        rows.append((name, count, plus))
    confirm = confirmer(rng, page, 0.85)

    def ask(inner: Random) -> Block | None:
        name, count, plus = pick(inner, rows)
        done = count > 0 and confirm is not None and inner.random() < 0.4
        wanted = count if done else count + inner.randint(1, 2)
        amount = str(wanted) if inner.random() < 0.6 else ["zero", "one", "two", "three", "four"][wanted]
        goal = say(inner, STEP, "~" + amount, name, confirm=finish(inner, confirm))
        return Block(goal, Act("click", confirm if done else plus), [Act("click", plus)] * count)

    page.ask("steppers", 1.5, ask)
