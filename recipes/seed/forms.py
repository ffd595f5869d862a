"""Fields to fill: one, several, a log-in, the same text twice, a date, a number; values copied from the page."""

# ruff: noqa: SIM905 - lists of words read better as words

from __future__ import annotations

from collections.abc import Callable
from random import Random

from seed import words
from seed.page import Act, Block, Line, Page
from seed.wording import say
from seed.words import pick

CONFIRM = """Submit Submit Save OK Done Confirm Apply Send Continue Go Finish Register Order Book Search Next Update
Accept Login Enter Create Add Post Ready""".split()
Draw = Callable[[Random], str]


def _name(rng: Random) -> str:
    return pick(rng, words.FIRST)


def _short(rng: Random) -> str:
    return " ".join(words.word(rng) for _ in range(pick(rng, [1, 1, 1, 2, 3])))


def _number(rng: Random) -> str:
    return str(rng.randint(0, 10 ** rng.randint(1, 4)))


FIELDS: tuple[tuple[str, Draw], ...] = (
    ("Name|First name|Given name|Your name|Nickname", _name),
    ("Last name|Surname|Family name", lambda rng: pick(rng, words.LAST)),
    ("Full name|Recipient|Guest|Author|To", words.full_name),
    ("Username|User name|User|Login|Account", lambda rng: pick(rng, [_name, words.junk, words.scramble])(rng)),
    ("Password|Passcode|Secret|PIN|Passphrase", words.scramble),
    ("E-mail|Email|Email address|Mail", words.mail),
    ("Phone|Phone number|Telephone|Mobile", words.phone),
    ("City|Town|Country|Destination|Place|From|Departure", lambda rng: pick(rng, words.PLACES)),
    ("Street|Address|Line 1", lambda rng: f"{rng.randint(1, 99)} {words.junk(rng).title()} Street"),
    ("Zip|Postcode|Zip code", lambda rng: str(rng.randint(10000, 99999))),
    ("Date|Birthday|Arrival|Start date|Due date|Date of birth", words.date),
    ("Time|Start|Alarm", words.clock),
    ("Age|Amount|Quantity|Count|Price|Number", _number),
    ("Subject|Title|Topic|Company|Search|Query|Keyword|Item", _short),
    ("Message|Comment|Note|Description|Review|Text|Reply", lambda rng: words.sentence(rng, 2, 6)),
    ("Color|Colour|Animal|Fruit|Tag|Word", lambda rng: pick(rng, words.COLOURS + words.THINGS)),
)
FILL_ONE = (
    "<please> <type> %0 (in|into|as|for|to|under) <the> %1 <field>",
    "<type> %0 (in|into) (the|) %1 <then> <confirm>",
    "(the|) %1 (is|should be|must be|will be|:) %0",
    "<field> %1 (gets|takes|needs) %0 <then> <confirm>",
    "(set|change|update) (the|) %1 to %0 <then> <confirm>",
    "(for|in) %1 <type> %0",
    "%1 : %0",
    "make %1 (say|read|equal|be) %0 <then> <confirm>",
    "use %0 (as|for) (the|) %1 <then> <confirm>",
    "with %0 (in|as) %1 , <confirm>",
)
FILL_ONLY = (
    "<please> <type> %0",
    "<type> %0 (in|into) (the|) (only|single|) <field>",
    "<type> %0 <then> <confirm>",
    "<type> %0 (in|into|in to) <the> <field> <then> <confirm>",
    "(the|) <field> (should|must) (contain|have|say|read) %0 <then> <confirm>",
    "(write down|answer with|say|spell) %0 (here|) <then> <confirm>",
    "put the (text|word|value|string|number) %0 (in|into) <the> <field> <then> <confirm>",
    "%0 (goes|belongs) (in|into) <the> <field>",
)
FILL_SEVERAL = (
    "<please> <type> %0",
    "<type> (these|the following|) : %0 <then> <confirm>",
    "(fill|complete) (the form|it|in the form) with %0 <then> <confirm>",
    "(my|the|) (details|data) (are|:) %0 . <confirm>",
    "<type> %0 <then> <confirm>",
    "<confirm> with %0",
)
LOG_IN = (
    "(log in|sign in|login) (as|with) %0 (and|using|with|,) (password|passcode|secret|) %1 <then> <confirm>",
    "(sign|log) %0 in (with|using) %1",
    "(your|my|the) (user|user name|account) (is|:) %0 (and|,) (the|your|my) (password|secret) "
    "(is|:) %1 . (log in|<confirm>)",
    "use %0 (and|with|/) %1 to (log in|get in|sign in)",
    "(get in|enter) (as|with) %0 , %1",
    "<type> (user|name|login) %0 <then> (secret|pass word|code) %1 <then> <confirm>",
)
TWICE = (
    "<type> %0 (twice|two times|in both|in each|everywhere|in both places) <then> <confirm>",
    "(both|all) <field> (get|take|should be|should have|must contain) %0 <then> <confirm>",
    "<type> %0 and (repeat|confirm) it <then> <confirm>",
    "(choose|set) %0 as (the|your new|) (secret|passcode|pass word) , (also in the second|again "
    "below|and again) <then> <confirm>",
    "(fill|complete) every <field> with %0 <then> <confirm>",
)
COPY = (
    "(copy|repeat|duplicate|transfer|bring) (what is in|the text of|the content of|) %0 "
    "(to|into|in) %1 <then> <confirm>",
    "%1 (should|must) (be|say|have) the same as %0",
    "(take|read) %0 and (write|put) it (in|into) %1 <then> <confirm>",
)
CASE = (
    "<type> %0 (in|using) (%1) <then> <confirm>",
    "<type> (the|) (%1) (form|version|spelling|) of %0 <then> <confirm>",
    "(%1) : %0 , <type> it <then> <confirm>",
)


def field(rng: Random, role: str, label: str, **more: object) -> list[Line]:
    """A labelled field as real pages have it: named, or nameless beside its label."""
    style = rng.random()
    line = Line(role, called=label)
    for key, value in more.items():
        setattr(line, key, value)
    if style < 0.5:
        line.name = label
        return [line]
    mark = pick(rng, ["", ":", ":", "*"])
    if style < 0.93:
        return [Line("text", label + mark), line]
    return [line, Line("text", label + mark)]


def confirmer(rng: Random, page: Page, chance: float = 0.85) -> Line | None:
    """Most forms have a button that ends them."""
    if rng.random() > chance:
        return None
    line = Line(
        pick(rng, ["button"] * 8 + ["link", "item"]), pick(rng, CONFIRM) if rng.random() < 0.85 else words.label(rng)
    )
    page.add(line)
    if rng.random() < 0.12:
        other = Line("button", pick(rng, ["Cancel", "Reset", "Back", "Clear", "Help", words.label(rng, 2)]))
        page.lines.insert(len(page.lines) - int(rng.random() < 0.5), other)
    return line


def finish(rng: Random, line: Line | None) -> str:
    """How the button is called in the goal; now and then by any other word."""
    if line is None or rng.random() < 0.06:
        return pick(rng, CONFIRM)
    return line.known_as


class Form:
    """Fields with the values they hold at this moment, and what to type into each."""

    def __init__(self, rng: Random, page: Page, kinds: list[tuple[str, Draw]]) -> None:
        self.fields: list[tuple[Line, Draw]] = []
        filled = pick(rng, [0.0, 0.0, 0.5, 1.0, rng.random()])
        for label, draw in kinds:
            role = "spinbutton" if draw is _number and rng.random() < 0.5 else "textbox"
            role = "searchbox" if label == "Search" and rng.random() < 0.5 else role
            value = draw(rng) if rng.random() < filled else ""
            lines = field(rng, role, label, value=value)
            self.fields.append((next(line for line in lines if line.actable), draw))
            page.add(*lines)
        self.confirm = confirmer(rng, page)

    def fill(self, rng: Random, order: list[int], values: list[str], goal: str) -> Block | None:
        """The next action when these fields are to hold these values, in this order."""
        did = []
        for index, value in zip(order, values, strict=True):
            line = self.fields[index][0]
            if line.value == value:
                did.append(Act("type", line, value))
                continue
            verb = "send" if self.confirm is None and index == order[-1] and rng.random() < 0.15 else "type"
            return Block(goal, Act(verb, line, value), did)
        if self.confirm is None:
            return Block(goal, Act("press", None, "Enter"), did) if rng.random() < 0.2 else None
        return Block(goal, Act("click", self.confirm), did)

    def value_for(self, rng: Random, index: int) -> str:
        """What the field holds already, mostly; otherwise something new."""
        line, draw = self.fields[index]
        return line.value if line.value and rng.random() < 0.93 else draw(rng)

    def one(self, rng: Random) -> Block | None:
        """Fill one field by its label, or the only one there is."""
        index = int(rng.random() * len(self.fields))
        value = self.value_for(rng, index)
        confirm = finish(rng, self.confirm)
        if len(self.fields) == 1 and rng.random() < 0.6:
            goal = say(rng, FILL_ONLY, value, confirm=confirm)
        else:
            goal = say(rng, FILL_ONE, value, self.fields[index][0].known_as, confirm=confirm)
        return self.fill(rng, [index], [value], goal)

    def several(self, rng: Random) -> Block | None:
        """Fill some or all of the fields."""
        if len(self.fields) < 2:
            return None
        order = [index for index in range(len(self.fields)) if self.fields[index][0].value or rng.random() < 0.8]
        if len(order) < 2:
            return None
        if rng.random() < 0.25:
            rng.shuffle(order)
        order.sort(key=lambda index: not self.fields[index][0].value)
        values = [self.value_for(rng, index) for index in order]
        labels = [self.fields[index][0].known_as for index in order]
        shape = pick(
            rng, ["{1} as {0}", "{0} : {1}", "{0} {1}", "{1} for {0}", "{0} = {1}", "{1} in {0}", "{0} is {1}"]
        )
        mark = pick(rng, ['"', "", "'"])
        parts = [shape.format(label, f"{mark}{value}{mark}") for label, value in zip(labels, values, strict=True)]
        joined = pick(rng, [", ", " and ", ", and ", " ; "]).join(parts)
        goal = say(rng, FILL_SEVERAL, "~" + joined, confirm=finish(rng, self.confirm))
        return self.fill(rng, order, values, goal)

    def copy(self, rng: Random) -> Block | None:
        """Repeat the content of one field in another."""
        full = [index for index, (line, _) in enumerate(self.fields) if line.value]
        if not full or len(self.fields) < 2:
            return None
        source = pick(rng, full)
        target = pick(rng, [index for index in range(len(self.fields)) if index != source])
        names = [self.fields[index][0].known_as for index in (source, target)]
        goal = say(rng, COPY, *names, confirm=finish(rng, self.confirm))
        return self.fill(rng, [target], [self.fields[source][0].value], goal)


def form(rng: Random, page: Page) -> None:
    """Scene: one to five fields."""
    count = pick(rng, [1, 1, 2, 2, 3, 4, 5])
    kinds = []
    for labels, draw in rng.sample(FIELDS, count):
        label = pick(rng, labels.split("|"))
        kinds.append((words.label(rng, 2) if rng.random() < 0.15 else label, draw))
    if count == 1 and rng.random() < 0.5:
        kinds = [("", kinds[0][1])]
    made = Form(rng, page, kinds)
    if kinds[0][0]:
        page.ask("fill one", 1.0, made.one)
        page.ask("fill several", 2.0 if count > 1 else 0, made.several)
        page.ask("copy", 0.4 if count > 1 else 0, made.copy)
        return
    page.ask("fill one", 1.5, lambda inner: _only(inner, made))
    page.ask("case", 0.25, lambda inner: _case(inner, made))


def _only(rng: Random, made: Form) -> Block | None:
    """The only field, which nobody named."""
    value = made.value_for(rng, 0)
    return made.fill(rng, [0], [value], say(rng, FILL_ONLY, value, confirm=finish(rng, made.confirm)))


def _case(rng: Random, made: Form) -> Block | None:
    """The same letters in capitals, or without."""
    word = pick(rng, [*words.FIRST, *words.THINGS])
    style, value = pick(
        rng,
        [
            ("capitals|upper case|all capital letters|block letters|uppercase", word.upper()),
            ("small letters|lower case|lowercase|all lower-case letters", word.lower()),
        ],
    )
    shown = pick(rng, [word, word.lower(), word.upper(), word.title()])
    templates = tuple(template.replace("%1", style) for template in CASE)
    return made.fill(rng, [0], [value], say(rng, templates, shown, confirm=finish(rng, made.confirm)))


def login(rng: Random, page: Page) -> None:
    """Scene: user name and password."""
    user = pick(rng, ["Username", "User", "User name", "Login", "E-mail", "Account", "Name", "Member"])
    secret = pick(rng, ["Password", "Passcode", "Secret", "PIN", "Pass phrase", "Password"])
    kinds: list[tuple[str, Draw]] = [(user, _name if rng.random() < 0.5 else words.junk), (secret, words.scramble)]
    made = Form(rng, page, kinds)

    def ask(inner: Random) -> Block | None:
        values = [made.value_for(inner, 0), made.value_for(inner, 1)]
        return made.fill(inner, [0, 1], values, say(inner, LOG_IN, *values, confirm=finish(inner, made.confirm)))

    page.ask("log in", 2.0, ask)
    page.ask("fill several", 0.5, made.several)


def twice(rng: Random, page: Page) -> None:
    """Scene: two or three fields that want the same text."""
    first = pick(rng, ["Password", "Passcode", "New password", "E-mail", "Code", "Text", words.label(rng, 2)])
    again = pick(rng, ["Repeat", "Again", "Verify", "Repeat password", "Verify password", "Retype", f"{first} again"])
    draw = pick(rng, [words.scramble, words.scramble, words.mail, words.word])
    made = Form(rng, page, [(first, draw), (again, draw)])
    lines = [line for line, _ in made.fields]
    if lines[1].value and rng.random() < 0.9:
        lines[1].value = lines[0].value

    def ask(inner: Random) -> Block | None:
        value = made.value_for(inner, 0)
        return made.fill(inner, [0, 1], [value, value], say(inner, TWICE, value, confirm=finish(inner, made.confirm)))

    page.ask("same text twice", 2.0, ask)


def dated(rng: Random, page: Page) -> None:
    """Scene: one date, time or number in a field with its own ways."""
    draw = pick(rng, [words.date, words.clock, _number])
    role = "spinbutton" if draw is _number else "textbox"
    label = pick(rng, ["", "Date", "Day", "When", "Time", "Amount", "Level", "Pick a day", words.label(rng, 2)])
    value = pick(rng, ["", "", draw(rng)])
    lines = field(rng, role, label, value=value) if label else [Line(role, value=value)]
    line = next(line for line in lines if line.actable)
    page.add(*lines)
    made = Form.__new__(Form)
    made.fields, made.confirm = [(line, draw)], confirmer(rng, page)
    templates = (
        *FILL_ONLY,
        "(pick|choose|select|set|go to|take) %0 <then> <confirm>",
        "(set|change) (it|the date|the day|the value|the time|the number) to %0 <then> <confirm>",
        "(the|) (date|day|time|value|number) (is|should be|must be) %0 <then> <confirm>",
    )

    def ask(inner: Random) -> Block | None:
        wanted = made.value_for(inner, 0)
        return made.fill(inner, [0], [wanted], say(inner, templates, wanted, confirm=finish(inner, made.confirm)))

    page.ask("date or number", 1.5, ask)
