"""Solvers for pages where something must be typed or set, and mostly submitted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from webapprentice.core.actions import Action, Click, Scroll
from webapprentice.core.records import Element
from webapprentice.tasks.solvers.scene import Scene, click, fill, foremost

_QUOTED: Final = r'"(.*)"'
_PLACES: Final = {"1st": 0, "2nd": 1, "3rd": 2}
_TURNS: Final = 5
"""Turns of the wheel that reach an end of the longest text area."""


def submitted(scene: Scene, fields: Iterable[tuple[Element, str]]) -> Action:
    """Fill the fields in order, then click the button."""
    return scene.first(*(fill(field, text) for field, text in fields), click(scene.one("button")))


def enter_quoted(scene: Scene) -> Action:
    """Type the quoted text, in upper or lower case where that is asked."""
    (text,) = scene.said(_QUOTED)
    if "upper case" in scene.goal:
        text = text.upper()
    elif "lower case" in scene.goal:
        text = text.lower()
    return submitted(scene, [(scene.one("input"), text)])


def enter_password(scene: Scene) -> Action:
    """Type the password twice."""
    (text,) = scene.said(r'password "(.*)" into')
    return submitted(scene, [(field, text) for field in scene.find("input")])


def log_in(scene: Scene) -> Action:
    """Type name and password; send away a pop-up first and type again what it may have swallowed."""
    refusals = scene.find(html_id="popup-cancel")
    if refusals:
        return click(refusals[0])
    name, password = scene.said(r'"(.*)" and the password "(.*)" into')
    fields = [(scene.one(html_id="username"), name), (scene.one(html_id="password"), password)]
    button = click(scene.one("button"))
    plan: list[Action] = [*(fill(field, text) for field, text in fields), button]
    since = max((index for index, step in enumerate(scene.past) if step.action not in plan), default=-1) + 1
    return Scene(scene.goal, scene.observation, scene.past[since:]).first(*plan)


def enter_date(scene: Scene) -> Action:
    """Type a date as the objective writes it."""
    return submitted(scene, [(scene.one("input"), scene.said(r"Enter ([\d/]+) as the date")[0])])


def enter_time(scene: Scene) -> Action:
    """Type a time of day as the objective writes it."""
    return submitted(scene, [(scene.one("input"), scene.said(r"Enter (\d+:\d+\s*[AP]M) as the time")[0])])


def nth_word(scene: Scene) -> Action:
    """Type the n-th word of the paragraph."""
    (number,) = scene.said(r"the (\d+)\w\w word")
    word = scene.text(scene.one("p")).split()[int(number) - 1]
    return submitted(scene, [(scene.one("input"), word.strip(".,"))])


def last_word(scene: Scene) -> Action:
    """Type the last word of a long text area."""
    word = (scene.one("textarea").value or "").split()[-1]
    return submitted(scene, [(scene.one("input"), word.strip(".,"))])


def copy(scene: Scene) -> Action:
    """Copy the text of a text area into the text field."""
    place = re.search(r"from the (\w+) text area", scene.goal)
    source = scene.one("textarea", nth=_PLACES[place[1]] if place else 0)
    return submitted(scene, [(scene.one("input"), source.value or "")])


def captcha(scene: Scene) -> Action:
    """Type the slanted letters."""
    return submitted(scene, [(scene.one("input"), scene.text(scene.one(html_id="captcha")).replace(" ", ""))])


def _cell_beside(scene: Scene, label: str) -> str:
    row = scene.around(scene.one("td", text=label), "tr")
    return scene.text(scene.one("td", within=row, nth=1))


def table_value(scene: Scene) -> Action:
    """Type the value the table gives for a label."""
    (label,) = scene.said(r"value of (.*) into")
    return submitted(scene, [(scene.one("input"), _cell_beside(scene, label))])


def table_values(scene: Scene) -> Action:
    """Type the values for both labels of the form."""
    labels = [scene.text(label).rstrip(":") for label in scene.find("label")]
    return submitted(
        scene, [(field, _cell_beside(scene, label)) for field, label in zip(scene.find("input"), labels, strict=True)]
    )


def search_movies(scene: Scene) -> Action:
    """Fill three fields, in whatever order and layout they come, and submit by whatever is there for it."""
    genre, director, year = scene.said(r"Search for (.*) movies directed by (.*) from year (\d+)")
    answers = {"genre": genre, "director": director, "year": year, "date": year}
    actions = []
    for field in scene.find("input"):
        label = foremost(text for outer in scene.above(field) if (text := scene.text(outer))).lower()
        actions.append(fill(field, foremost(answer for word, answer in answers.items() if word in label)))
    submit = [*scene.find("button"), *scene.find(cls="final"), *scene.find(cls="ui-submit")]
    return scene.first(*actions, click(foremost(submit)))


def scroll_to_end(scene: Scene) -> Action:
    """Scroll a text area to its top or bottom, then submit."""
    (end,) = scene.said(r"to the (top|bottom)")
    turn = Scroll(direction="down" if end == "bottom" else "up", node=scene.one("textarea").id)
    return turn if len(scene.past) < _TURNS else click(scene.one("button"))


def sign(scene: Scene) -> Action:
    """Scroll through the agreement where that is asked, sign, and press the button named."""
    if "Click the cancel" in scene.goal:
        return click(scene.one("button", text="Cancel"))
    name, button = scene.said(r'the name "(.*)" then press "(Agree|Cancel)"')
    field = scene.one("input")
    if "disabled" in field.states:
        return Scroll(direction="down", node=scene.one("textarea").id)
    return scene.first(fill(field, name), click(scene.one("button", text=button)))


def radio_and_number(scene: Scene) -> Action:
    """Choose the n-th radio button, type a number into the m-th field, submit."""
    radio, number, field = scene.said(r'the (\w+) radio button and enter the number "(-?\d+)" into the (\w+) textbox')
    return scene.first(
        click(scene.one("input", kind="radio", nth=_PLACES[radio])),
        fill(scene.one("input", kind="text", nth=_PLACES[field]), number),
        click(scene.one("button")),
    )


def custom_list_and_button(scene: Scene) -> Action:
    """Open a drop-down made of list items, click one, then click a button."""
    option, button = scene.said(r'Choose (.*) from the dropdown, then click the button labeled "(.*)"')
    chosen = scene.one(cls="selectric")
    if scene.text(scene.one(cls="label", within=chosen)) == option:
        return click(scene.one("button", text=button))
    items = scene.find("li", text=option)
    return click(items[0]) if items else click(chosen)


def guess(scene: Scene) -> Action:
    """Halve the range until the number is found."""
    low, high = 0, 9
    for moment in (*scene.earlier(), scene):
        for hint in moment.find(html_id="lower"):
            high = min(high, moment.numbers(hint)[0] - 1)
        for hint in moment.find(html_id="higher"):
            low = max(low, moment.numbers(hint)[0] + 1)
    typing = fill(scene.one("input"), str((low + high) // 2))
    last = scene.past[-1].action if scene.past else None
    return click(scene.one("button")) if last == typing else typing


def spin(scene: Scene) -> Action:
    """Click the small arrows until the number is right, then submit."""
    (wanted,) = map(int, scene.said(r"Select (-?\d+) with"))
    now = int(scene.one("input").value or 0)
    if now == wanted:
        return click(scene.one("button", text="Submit"))
    return click(scene.one("a", cls="ui-spinner-up" if wanted > now else "ui-spinner-down"))


def complete(scene: Scene) -> Action:
    """Type the beginning, take the suggestion that ends right, submit."""
    (start,) = scene.said(r'starts with "([^"]*)"')
    end = re.search(r'ends with "([^"]*)"', scene.goal)
    field, submit = scene.one("input"), click(scene.one("button"))
    typing = fill(field, start)
    if not scene.done(typing):
        return typing
    if any(isinstance(step.action, Click) and step.action != submit for step in scene.past):
        return submit
    suggestions = scene.find(cls="ui-menu-item-wrapper")
    return click(foremost(entry for entry in suggestions if scene.text(entry).endswith(end[1] if end else "")))


def solve_sum(scene: Scene) -> Action:
    """Work out a sum of two digits."""
    left, sign_, right = re.findall(r"\d+|[-+x]", scene.text(scene.one(html_id="math-problem")))[:3]
    a, b = int(left), int(right)
    return submitted(scene, [(scene.one("input"), str({"+": a + b, "-": a - b, "x": a * b}[sign_]))])


def solve_for_x(scene: Scene) -> Action:
    """Work out x in `x + 3 = 5` and its like."""
    left, sign_, right, _, total = scene.text(scene.one(html_id="math-problem")).split()
    if sign_ == "+":
        answer = int(total) - int(right if left == "x" else left)
    else:
        answer = int(total) + int(right) if left == "x" else int(left) - int(total)
    return submitted(scene, [(scene.one("input"), str(answer))])


def count_blocks(scene: Scene) -> Action:
    """Count the blocks."""
    return submitted(scene, [(scene.one("input"), str(len(scene.find(cls="addition-block"))))])


FORMS: Final[dict[str, Callable[[Scene], Action]]] = {
    "enter-text": enter_quoted,
    "enter-text-2": enter_quoted,
    "enter-text-dynamic": enter_quoted,
    "enter-password": enter_password,
    "login-user": log_in,
    "login-user-popup": log_in,
    "enter-date": enter_date,
    "enter-time": enter_time,
    "find-word": nth_word,
    "scroll-text": last_word,
    "scroll-text-2": scroll_to_end,
    "sign-agreement": sign,
    "copy-paste": copy,
    "copy-paste-2": copy,
    "text-transform": captcha,
    "read-table": table_value,
    "read-table-2": table_values,
    "multi-layouts": search_movies,
    "multi-orderings": search_movies,
    "form-sequence-2": radio_and_number,
    "form-sequence-3": custom_list_and_button,
    "guess-number": guess,
    "use-spinner": spin,
    "use-autocomplete": complete,
    "use-autocomplete-nodelay": complete,
    "simple-arithmetic": solve_sum,
    "simple-algebra": solve_for_x,
    "visual-addition": count_blocks,
}
"""Page name → what to do next."""
