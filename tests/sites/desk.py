"""A help desk: an editor in a frame, a code in another tab, an attachment, questions before something is deleted."""

from __future__ import annotations

from sites import CITIES, FAMILY, NAMES, Answer, Ask, Draw, Site, Workflow, click, fill, outcome
from webapprentice.recorder import Gesture


def answer(ask: Ask) -> Answer:
    look, draw = ask.look, ask.draw
    who = f"{draw.one('name', NAMES)} {draw.one('family', FAMILY)}"
    match ask.path:
        case "card":  # shown inside the shop
            return Answer(
                "<form onsubmit=\"parent.postMessage('paid', '*'); this.textContent = 'Thank you'; return false\">"
                + look.order(
                    f'<label>Card number <input autocomplete="cc-number" class="{look.cls("card")}"></label>'
                    f'<label>Security code <input autocomplete="cc-csc" class="{look.cls("cvc")}"></label>'
                )
                + "<button>Pay now</button></form>",
                "Card",
            )
        case "":
            tickets = "".join(
                f'<li class="{look.cls("ticket")}"><a href="{ask.base}ticket?city={city}">Ticket about {city}</a></li>'
                for city in draw.some("cities", CITIES, 5)
            )
            return Answer(
                look.order(f"<h1>Tickets</h1><ul>{tickets}</ul>", "<p class=hint>Five tickets are open.</p>"), "Tickets"
            )
        case "ticket":
            city = ask.query.get("city", "")
            send = (
                "const inner = document.querySelector('iframe').contentDocument;"
                f"window.outcome = {{ city: '{city}', code: document.querySelector('[data-code]').value,"
                " reply: inner.body.innerText.trim(), files: [...document.querySelector('[type=file]').files].map((one) => one.name) };"
                "document.querySelector('output').textContent = 'Sent'; return false"
            )
            form = (
                f'<form onsubmit="{send}"><label>Code <input data-code class="{look.cls("code")}" name="{look.field("place")}"></label>'
                f'<label>Attachment <input type="file" id="{look.id("file")}"></label><button>Send</button><output></output></form>'
            )
            frame = f'<iframe title="Reply" src="{ask.base}editor" width="500" height="120"></iframe>'
            order = f'<p><a target="_blank" href="{ask.base}order?city={city}">Open the order</a></p>'
            remove = (
                "<button onclick=\"const why = prompt('Why is it to be deleted?'); if (why) {"
                f" window.outcome = {{ city: '{city}', deleted: why }}; document.querySelector('output').textContent = 'Deleted' }}\">Delete</button>"
            )
            return Answer(look.order(f"<h1>Ticket of {who}</h1>{order}", frame, form, remove), "Ticket")
        case "order":
            code = f"{ask.query.get('city', '')[:3].upper()}-{draw.number('code', 100, 999)}"
            return Answer(look.wrap(f"<h1>Order</h1><p>The code is</p><p>{code}</p>"), "Order")
        case "editor":
            return Answer(
                f'<div role="textbox" contenteditable="true" aria-label="Message" class="{look.cls("editor")}"></div>',
                "Editor",
            )
    return Answer(outcome(None))


def workflows(draw: Draw) -> list[Workflow]:
    cities = draw.some("cities", CITIES, 5)
    city, other = draw.some("asked", cities, 2)
    code = f"{city[:3].upper()}-{draw.number('code', 100, 999)}"
    reply = f"Dear {draw.one('name', NAMES)}, it is on its way."
    why = draw.one("why", ("duplicate", "spam", "solved"))
    return [
        Workflow(
            "reply",
            f"Answer the ticket about {city} with “{reply}”; the code stands in the order; attach note.txt.",
            "",
            (
                click("link", f"Ticket about {city}"),
                click("link", "Open the order"),
                Gesture(do="switch_tab", index=0),
                fill("textbox", "Message", reply),
                fill("textbox", "Code", code),
                Gesture(do="upload", role="button", name="Attachment", options=("note.txt",)),
                click("button", "Send"),
            ),
            {"city": city, "code": code, "reply": reply, "files": ["note.txt"]},
        ),
        Workflow(
            "delete",
            f"Delete the ticket about {other} and give “{why}” as the reason.",
            "",
            (click("link", f"Ticket about {other}"), Gesture(do="dialog", text=why), click("button", "Delete")),
            {"city": other, "deleted": why},
        ),
    ]


SITE = Site("desk", answer, workflows)
