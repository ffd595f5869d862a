"""A journey is booked: dates, lists, boxes, a slider, a long page, a question before it is cancelled."""

from __future__ import annotations

from sites import CITIES, FAMILY, NAMES, Answer, Ask, Draw, Site, Workflow, click, fill
from webapprentice.recorder import Gesture

EXTRAS = ("Breakfast", "Parking", "Late arrival", "Insurance")
SCRIPT = """
const value = (what) => document.querySelector(`[data-is="${what}"]`).value;
const report = (more) => {
  window.outcome = { to: value('to'), on: value('on'), people: value('people'), name: value('name'),
    room: (document.querySelector('[type=radio]:checked') || { dataset: { room: null } }).dataset.room,
    extras: [...document.querySelectorAll('[type=checkbox]:checked')].map((one) => one.dataset.extra), ...more };
};
document.querySelector('form').onsubmit = () => { report({ state: 'booked' }); document.querySelector('output').textContent = 'Booked'; return false; };
document.querySelector('[data-cancel]').onclick = () => {
  if (confirm('Cancel the journey?')) { report({ state: 'cancelled' }); document.querySelector('output').textContent = 'Cancelled'; }
};
"""


def answer(ask: Ask) -> Answer:
    look, draw = ask.look, ask.draw
    cities = "".join(f"<option>{city}</option>" for city in draw.some("cities", CITIES, 8))
    where = (
        f'<label for="{look.id("to")}">Destination</label><select data-is="to" id="{look.id("to")}">{cities}</select>'
    )
    when = f'<label>Date <input type="date" data-is="on" name="{look.field("on")}"></label>'
    who = (
        f'<label>Name <input data-is="name" class="{look.cls("name")}"></label>'
        f'<label>Travellers <input type="number" data-is="people" value="1" min="1" max="9"></label>'
    )
    rooms = "".join(
        f'<label><input type="radio" name="{look.field("room")}" data-room="{room}"> {room} room</label>'
        for room in ("Single", "Double")
    )
    extras = "".join(
        f'<label class="{look.cls("extra")}"><input type="checkbox" data-extra="{extra}"> {extra}</label>'
        for extra in EXTRAS
    )
    terms = "".join(f"<p>{n}. Terms of the journey.</p>" for n in range(1, 40))
    boxes = look.order(
        where,
        when,
        who,
        f"<fieldset><legend>Room</legend>{rooms}</fieldset>",
        f"<fieldset><legend>Extras</legend>{extras}</fieldset>",
    )
    end = "<button>Book</button><output></output>"
    return Answer(
        f"<h1>Journeys from {draw.one('from', CITIES)}</h1><form>{boxes}{terms}{end}</form><button data-cancel>Cancel the journey</button>"
        f"<script>{SCRIPT}</script>",
        "Journeys",
    )


def workflows(draw: Draw) -> list[Workflow]:
    city = draw.one("to", draw.some("cities", CITIES, 8))
    day = f"{draw.number('year', 2026, 2028)}-{draw.number('month', 1, 12):02}-{draw.number('day', 1, 28):02}"
    name = f"{draw.one('name', NAMES)} {draw.one('family', FAMILY)}"
    people, room = str(draw.number("people", 2, 6)), draw.one("room", ("Single", "Double"))
    extras = draw.some("extras", EXTRAS, 2)
    fields = (
        Gesture(do="select", role="combobox", name="Destination", options=(city,)),
        fill("textbox", "Date", day),
        fill("textbox", "Name", name),
        fill("spinbutton", "Travellers", people),
        click("radio", f"{room} room"),
        *(click("checkbox", extra) for extra in extras),
    )
    told = {
        "to": city,
        "on": day,
        "people": people,
        "name": name,
        "room": room,
        "extras": [extra for extra in EXTRAS if extra in extras],
    }
    return [
        Workflow(
            "book",
            f"Book a {room.lower()} room in {city} on {day} for {people} in the name of {name}, with {' and '.join(extras).lower()}.",
            "",
            (*fields, Gesture(do="scroll", text="down"), click("button", "Book")),
            {**told, "state": "booked"},
        ),
        Workflow(
            "cancel",
            f"Choose {city} as the destination, then cancel the journey.",
            "",
            (fields[0], Gesture(do="dialog", accept=True), click("button", "Cancel the journey")),
            {**told, "on": "", "people": "1", "name": "", "room": None, "extras": [], "state": "cancelled"},
        ),
    ]


SITE = Site("booking", answer, workflows)
