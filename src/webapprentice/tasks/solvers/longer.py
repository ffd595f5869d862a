"""Solvers for pages that look like small applications: mail, posts, a shop, a calendar."""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Callable
from typing import Final

from webapprentice.core.actions import Action
from webapprentice.core.records import Element
from webapprentice.tasks.solvers.scene import MissingError, Scene, click, fill, foremost

_MONTHS: Final = list(month_name)
"""English names; January is at 1."""
_DELETING: Final = re.compile(r"delet|trash|get rid|don't want|out of my inbox|remove|throw away|recycling", re.I)
_STARRING: Final = re.compile(r"important|star|flag|importnat", re.I)


# Mail


def mail(scene: Scene) -> Action:
    """Open the right mail and delete, star, answer or forward it."""
    if scene.sees("reply"):
        (answer,) = scene.said(r'"(.*)"')
        return scene.first(fill(scene.one("textarea"), answer), click(scene.one(html_id="send-reply")))
    if scene.sees("forward"):
        _, receiver = _correspondents(scene)
        return scene.first(fill(scene.one("input"), receiver), click(scene.one(html_id="send-forward")))
    verb = _verb(scene.goal)
    if scene.sees("email"):
        return click(scene.one(cls={"reply": "email-reply", "forward": "email-forward"}.get(verb, verb)))
    sender, _ = _correspondents(scene)
    thread = scene.around(scene.one(cls="email-sender", text=sender), cls="email-thread")
    if verb in ("trash", "star"):
        return click(scene.one(cls=verb, within=thread))
    return click(scene.one(cls="email-subject", within=thread))


def _verb(goal: str) -> str:
    if '"' in goal:
        return "reply"
    return "trash" if _DELETING.search(goal) else "star" if _STARRING.search(goal) else "forward"


def _correspondents(scene: Scene) -> tuple[str, str]:
    """Who sent the mail and who is to get it; the receiver is empty where there is none."""
    plain = re.search(r"email by (\w+) and (?:forward that email to (\w+)\.|reply|click)", scene.goal)
    if plain:
        return plain[1], plain[2] or ""
    moments = (scene, *scene.earlier())
    known = {moment.text(name) for moment in moments for name in moment.find(cls="email-sender")}
    words = re.sub(r'".*"', "", scene.goal)
    named = sorted((name for name in known if re.search(rf"\b{name}", words)), key=words.find)
    if len(named) < 2:
        return (named[0] if named else ""), ""
    for pattern in (r"\bto {}\b(?! from)", r"\bto {}\b", r"\b(?:send|forward|give|let|want) {}\b(?!')", r"^{}\b"):
        fits = [name for name in named if re.search(pattern.format(name), words, re.I)]
        if len(fits) == 1:
            return next(name for name in named if name != fits[0]), fits[0]
    return named[0], named[1]


# Posts, pages of results, contacts


def _posts(scene: Scene, user: str) -> list[Element]:
    return [scene.around(name, cls="media") for name in scene.find(cls="username", text=user, hidden=True)]


def post_button(scene: Scene) -> Action:
    """Click a button of a user's post; some are behind the dots."""
    user, button = scene.said(r'user (@\w+), click on the "(.*)" button')
    post = foremost(_posts(scene, user))
    if button in ("Reply", "Retweet", "Like"):
        return click(scene.one(cls=button.lower(), within=post))
    entries = [item for item in scene.find("li", within=post) if scene.text(item).startswith(button)]
    return click(entries[0]) if entries else click(scene.one(cls="more", within=post))


def post_buttons(scene: Scene) -> Action:
    """Click a button on all posts of a user, or on so many, then submit."""
    button, amount, user = scene.said(r'the "(\w+)" button on (all|\d+) posts? by (@\w+)')
    posts = _posts(scene, user)
    wanted = posts if amount == "all" else posts[: int(amount)]
    buttons = [scene.one(cls=button.lower(), within=post, hidden=True) for post in wanted]
    return scene.first(*map(click, buttons), click(scene.one("button")))


def contact(scene: Scene) -> Action:
    """Turn pages until the person is shown, then click what is asked for."""
    name, what = scene.said(r"Find (.*) in the contact book and click on their (\w+)")
    if scene.find("h2", text=name):
        return click(scene.one("a", cls=what))
    return click(scene.one("a", text=">"))


def search_result(scene: Scene) -> Action:
    """Search, turn to the page of the n-th result, click it."""
    query, place = scene.said(r'enter "(.*)" and press "Search", then find and click the (\d+)')
    searching = (fill(scene.one("input"), query), click(scene.one(html_id="search")))
    if not all(scene.done(action) for action in searching):
        return scene.first(*searching)
    page, row = divmod(int(place) - 1, 3)
    active = scene.one("li", cls="active")
    if scene.text(active) != str(page + 1):
        return click(scene.one("a", text=str(page + 1)))
    return click(scene.one("a", cls="search-title", nth=row))


# Food, numbers, cards


def order(scene: Scene) -> Action:
    """Order dishes by name, or so many of one kind."""
    items = scene.find(cls="food-item", hidden=True)  # what was scrolled away still counts
    wanted: dict[int, int] = {}
    kind = re.search(r"Order (\d+) items that are ([\w-]+)", scene.goal)
    if kind:
        wanted[foremost(item for item in items if _serves(scene, item, kind[2])).id] = int(kind[1])
    else:
        names = scene.said(r"each item: (.*)")[0].split(", ")
        wanted = {
            item.id: 1 for item in items if scene.text(scene.one(cls="item-name", within=item, hidden=True)) in names
        }
    for item in items:
        ordered = sum(scene.numbers(item))
        if ordered < wanted.get(item.id, 0):
            return click(scene.one(cls="add", within=item, hidden=True))
    return click(scene.one("button"))


def _serves(scene: Scene, item: Element, kind: str) -> bool:
    return any(image.attributes.get("alt") == kind for image in scene.find("img", within=item, hidden=True))


def odd_or_even(scene: Scene) -> Action:
    """Mark every number, then submit."""
    marks = []
    for row in scene.find(cls="row"):
        (number,) = scene.numbers(scene.one(cls="display-number", within=row))
        marks.append(click(scene.one("button", cls="odd" if number % 2 else "even", within=row)))
    return scene.first(*marks, click(scene.one("button", text="Submit")))


def generate(scene: Scene) -> Action:
    """Draw numbers until one fits."""
    shown = scene.numbers(scene.one(html_id="display-number"))
    bound = [int(number) for number in re.findall(r"\d+", scene.goal)]
    fits = bool(shown) and (
        shown[0] < bound[0]
        if "less than" in scene.goal
        else shown[0] > bound[0]
        if "greater than" in scene.goal
        else shown[0] % 2 == ("odd" in scene.goal)
    )
    return click(scene.one("button", text="Submit" if fits else "Generate"))


def greatest_card(scene: Scene) -> Action:
    """Turn every card once, then turn the greatest again, and submit."""
    cards = scene.find(cls="card")
    values: dict[int, int] = {}
    for moment in (*scene.earlier(), scene):
        for card in moment.find(cls="card"):
            if "hidden" not in card.attributes["class"].split():
                values[card.id] = moment.numbers(card)[0]
    unseen = [card for card in cards if card.id not in values]
    if unseen:
        return click(unseen[0])
    best = max(cards, key=lambda card: values[card.id])
    turned = "hidden" not in best.attributes["class"].split()
    return click(scene.one("button")) if turned else click(best)


# Travel and dates


def _minutes(text: str) -> int:
    hours, minutes = re.findall(r"\d+", text)[:2]
    return int(hours) * 60 + int(minutes)


def _best_flight(scene: Scene) -> Action:
    """Click the button of the cheapest, dearest, shortest or longest trip on the page."""
    flights = scene.find(cls="flight")
    if not flights:
        raise MissingError("no flights yet")

    def measure(flight: Element) -> int:
        if "cost" in scene.goal or "cheapest" in scene.goal:
            return scene.numbers(scene.one("button", within=flight))[0]
        return _minutes(scene.text(scene.one(cls="time-duration", within=flight)))

    least = "cheapest" in scene.goal or "shortest" in scene.goal
    chosen = (min if least else max)(flights, key=measure)
    return click(scene.one("button", within=chosen))


def book_flight(scene: Scene) -> Action:
    """Fill in both airports and the date, search, book the cheapest or shortest flight."""
    if scene.find(cls="flight"):
        return _best_flight(scene)
    origin, destination, date = scene.said(r"from: (.*) to: (.*) on ([\d/]+)\.")
    for place, html_id in ((origin, "flight-from"), (destination, "flight-to")):
        field = scene.one(html_id=html_id)
        if re.search(rf"{re.escape(place)}.*\(|\({re.escape(place)}\)", field.value or ""):
            continue
        if (field.value or "") != place:
            return fill(field, place)
        return click(foremost(entry for entry in scene.find(cls="ui-menu-item-wrapper") if place in scene.text(entry)))
    return _date_then(scene, date, click(scene.one(html_id="search")))


def pick_date(scene: Scene) -> Action:
    """Turn the calendar to the month, click the day, submit."""
    (date,) = scene.said(r"Select ([\d/]+) as the date")
    return _date_then(scene, date, click(scene.one("button")))


def _date_then(scene: Scene, date: str, submit: Action) -> Action:
    field = scene.one(html_id="datepicker")
    if field.value == date:
        return submit
    titles = scene.find(cls="ui-datepicker-title")
    if not titles:
        return click(field)
    month, day, year = (int(part) for part in date.split("/"))
    name, shown_year = scene.text(titles[0]).split()
    away = (int(shown_year) - year) * 12 + _MONTHS.index(name) - month
    if away:
        return click(scene.one("a", cls="ui-datepicker-prev" if away > 0 else "ui-datepicker-next"))
    return click(scene.one("a", cls="ui-state-default", text=str(day)))


LONGER: Final[dict[str, Callable[[Scene], Action]]] = {
    **dict.fromkeys(
        (
            "email-inbox",
            "email-inbox-delete",
            "email-inbox-forward",
            "email-inbox-forward-nl",
            "email-inbox-forward-nl-turk",
            "email-inbox-important",
            "email-inbox-nl-turk",
            "email-inbox-noscroll",
            "email-inbox-reply",
            "email-inbox-star-reply",
        ),
        mail,
    ),
    "social-media": post_button,
    "social-media-all": post_buttons,
    "social-media-some": post_buttons,
    "phone-book": contact,
    "search-engine": search_result,
    "order-food": order,
    "odd-or-even": odd_or_even,
    "generate-number": generate,
    "find-greatest": greatest_card,
    "buy-ticket": _best_flight,
    "book-flight": book_flight,
    "book-flight-nodelay": book_flight,
    "choose-date": pick_date,
    "choose-date-easy": pick_date,
    "choose-date-medium": pick_date,
    "choose-date-nodelay": pick_date,
}
"""Page name → what to do next."""
