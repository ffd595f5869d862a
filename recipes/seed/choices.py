"""Choosing: check boxes, radio buttons, drop-downs, list boxes, and putting things in order."""

from __future__ import annotations

from random import Random

from seed import words
from seed.forms import confirmer, finish
from seed.page import Act, Block, Line, Page
from seed.wording import listed, say
from seed.words import pick

TICK = (
    "<please> <tick> %0 <then> <confirm>",
    "<tick> %0",
    "<tick> (the|these|the boxes|the boxes for|the options|these words :|) %0 <then> <confirm>",
    "(I like|I need|I want|we take|order|add) %0 <then> <confirm>",
    "(only|just|exactly) %0 (should be ticked|should be on|need a mark|) <then> <confirm>",
    "(put|place) (marks|a mark|a tick) (at|next to|on) %0 <then> <confirm>",
    "<confirm> (with|after) %0 (ticked|checked|chosen|)",
    "%0 : <tick> (them|these|those) <then> <confirm>",
)
TICK_ALL = (
    "<tick> (everything|all|all of them|every box|all boxes|each one) <then> <confirm>",
    "(everything|all of it) (should|must) be (ticked|on|checked) <then> <confirm>",
)
TICK_NONE = (
    "<tick> (nothing|none|no box|not one of them) <then> <confirm>",
    "leave (everything|all boxes|all) (empty|as it is) <then> <confirm>",
)
CHOOSE = (
    "<please> <choose> %0 <then> <confirm>",
    "<choose> %0",
    "<choose> <the> (option|entry|value|choice|one|radio|alternative|) %0 <then> <confirm>",
    "(I want|I prefer|we need|my answer is|make it) %0 <then> <confirm>",
    "%0 (is the right one|is right|please|is my choice|it is) . <confirm>",
    "(change|set|switch) (the choice|it|the selection|) to %0 <then> <confirm>",
    "<confirm> (with|after choosing|for) %0",
)
CHOOSE_IN = (
    "<choose> %0 (for|in|as|under|from) <the> %1 <then> <confirm>",
    "(set|change) %1 to %0 <then> <confirm>",
    "%1 (is|should be|must be|:) %0 <then> <confirm>",
    "(for|in|from|under) %1 <choose> %0 <then> <confirm>",
)
DRAG = (
    "(drag|move|pull|carry|bring|put) %0 (to|onto|over|on|into) %1 <then> <confirm>",
    "%0 (belongs|goes|should go) (to|on|into|onto) %1",
    "(drop|place|leave) %0 (on|in|at) %1 <then> <confirm>",
)
DRAG_PLACE = (
    "(drag|move|pull|bring|put) %0 (to|into) (the|) %1 (place|position|spot|row) <then> <confirm>",
    "%0 (should|must) (be|come|stand) %1 <then> <confirm>",
)


def _options(rng: Random, page: Page, role: str, names: list[str]) -> list[Line]:
    """Check boxes or radio buttons, named or nameless beside their words."""
    style = rng.random()
    lines = []
    for name in names:
        line = Line(role, name if style < 0.62 else "", called=name)
        beside = Line("text", name)
        page.add(*([line] if style < 0.62 else [line, beside] if style < 0.92 else [beside, line]))
        lines.append(line)
    return lines


def boxes(rng: Random, page: Page) -> None:
    """Scene: check boxes, some of them checked, and a button."""
    names = words.some(rng, pick(rng, [1, 2, 3, 3, 4, 5, 6, 7, 9, 12, 16]))
    if rng.random() < 0.5:
        page.add(Line(pick(rng, ["text", "heading"]), words.sentence(rng, 1, 4)))
    lines = _options(rng, page, pick(rng, ["checkbox"] * 8 + ["switch"]), names)
    share = pick(rng, [0.0, 0.0, 0.3, 0.6, 1.0])
    for line in lines:
        if rng.random() < share:
            line.states.append("checked")
    confirm = confirmer(rng, page, 0.93)
    page.ask("tick several", 2.5, lambda inner: _tick(inner, lines, confirm))
    page.ask("tick all or none", 0.25, lambda inner: _tick_all(inner, lines, confirm))


def _tick(rng: Random, lines: list[Line], confirm: Line | None) -> Block | None:
    """Tick those named, in the order they are named; then confirm."""
    on = [line for line in lines if line.states]
    off = [line for line in lines if not line.states]
    rng.shuffle(on)
    more = (
        rng.sample(off, min(len(off), pick(rng, [0, 1, 1, 2, 2, 3, 4])))
        if on
        else rng.sample(off, min(len(off), pick(rng, [1, 1, 2, 2, 3, 4, 6])))
    )
    wanted = on + more
    if len(on) > 1 and rng.random() < 0.07:
        stray = wanted.pop(0)
        goal = say(rng, TICK, listed(rng, [line.known_as for line in wanted]), confirm=finish(rng, confirm))
        return Block(goal, Act("click", stray), [Act("click", line) for line in (stray, *on[1:])])
    goal = say(rng, TICK, listed(rng, [line.known_as for line in wanted]), confirm=finish(rng, confirm))
    act = Act("click", more[0] if more else confirm)
    return Block(goal, act, [Act("click", line) for line in on]) if act.target else None


def _tick_all(rng: Random, lines: list[Line], confirm: Line | None) -> Block | None:
    """Tick every box, or confirm with none."""
    on = [line for line in lines if line.states]
    if not on and rng.random() < 0.4:
        return Block(say(rng, TICK_NONE, confirm=finish(rng, confirm)), Act("click", confirm)) if confirm else None
    left = next((line for line in lines if not line.states), confirm)
    if left is None:
        return None
    goal = say(rng, TICK_ALL, confirm=finish(rng, confirm))
    return Block(goal, Act("click", left), [Act("click", line) for line in on])


def radios(rng: Random, page: Page) -> None:
    """Scene: radio buttons of which one can be checked, and a button."""
    names = words.some(rng, pick(rng, [2, 3, 3, 4, 5, 7]))
    if rng.random() < 0.5:
        page.add(Line(pick(rng, ["text", "heading"]), words.sentence(rng, 1, 4)))
    lines = _options(rng, page, "radio", names)
    checked = pick(rng, lines) if rng.random() < 0.5 else None
    if checked is not None:
        checked.states.append("checked")
    confirm = confirmer(rng, page, 0.9)

    def ask(inner: Random) -> Block | None:
        if checked is not None and confirm is not None and inner.random() < 0.6:
            did = [Act("click", checked)] if inner.random() < 0.95 else []
            return Block(
                say(inner, CHOOSE, checked.known_as, confirm=finish(inner, confirm)), Act("click", confirm), did
            )
        wanted = pick(inner, [line for line in lines if line is not checked])
        return Block(say(inner, CHOOSE, wanted.known_as, confirm=finish(inner, confirm)), Act("click", wanted))

    page.ask("choose one", 2.0, ask)


def dropdowns(rng: Random, page: Page) -> None:
    """Scene: one to three drop-downs or list boxes, and a button."""
    count = pick(rng, [1, 1, 1, 2, 3])
    lines = []
    for _ in range(count):
        options = words.some(rng, pick(rng, [2, 3, 4, 5, 8, 12, 20]))
        role = pick(rng, ["combobox"] * 5 + ["listbox"])
        value = pick(rng, options) if role == "combobox" or rng.random() < 0.4 else ""
        if role == "combobox" and rng.random() < 0.15:
            options, value = ["", *options], pick(rng, ["", value])
        label = pick(rng, ["Size", "Country", "Color", "Kind", "Sort by", "Month", "Language", words.label(rng, 2)])
        named = rng.random() < 0.45 or count > 1
        line = Line(role, label if named and rng.random() < 0.6 else "", value, options=options, called=label)
        if named and not line.name:
            page.add(Line("text", label + pick(rng, ["", ":"])))
        page.add(line)
        lines.append(line)
    confirm = confirmer(rng, page, 0.9)
    if rng.random() < 0.1 and confirm is None:
        confirm = confirmer(rng, page, 1.0)
    page.ask("drop-down", 2.0, lambda inner: _choose(inner, lines, confirm))


def _choose(rng: Random, lines: list[Line], confirm: Line | None) -> Block | None:
    """Choose one entry; confirm when it is chosen already."""
    line = pick(rng, lines)
    done = bool(line.value) and confirm is not None and rng.random() < 0.45
    wanted = line.value if done else pick(rng, [option for option in line.options if option])
    if wanted == line.value:
        done = confirm is not None
    if len(lines) > 1 and line.known_as:
        goal = say(rng, CHOOSE_IN, wanted, line.known_as, confirm=finish(rng, confirm))
    else:
        goal = say(rng, CHOOSE, wanted, confirm=finish(rng, confirm))
    step = Act("choose", line, wanted)
    return Block(goal, Act("click", confirm), [step]) if done else Block(goal, step)


def tiles(rng: Random, page: Page) -> None:
    """Scene: things that can be dragged onto each other or into another order."""
    names = words.some(rng, pick(rng, [2, 3, 4, 5, 6]))
    lines = [Line("item", name) for name in names]
    page.add(*lines)
    confirm = confirmer(rng, page, 0.6)

    def ask(inner: Random) -> Block | None:
        first, second = inner.sample(lines, 2)
        if inner.random() < 0.5:
            goal = say(inner, DRAG, first.name, second.name, confirm=finish(inner, confirm))
        else:
            place = (
                "last" if second is lines[-1] else f"{['1st', '2nd', '3rd', '4th', '5th', '6th'][lines.index(second)]}"
            )
            goal = say(inner, DRAG_PLACE, first.name, "~" + place, confirm=finish(inner, confirm))
        step = Act("drag", first, to=second)
        if confirm is not None and inner.random() < 0.3:
            return Block(goal, Act("click", confirm), [step])
        return Block(goal, step)

    page.ask("drag", 1.5, ask)
