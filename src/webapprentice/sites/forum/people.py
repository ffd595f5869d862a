"""Messages between members, and what one says of oneself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.forms import asked, fields, first
from webapprentice.sites.forum.ground import NOW_TEXT, found, id_of, page, user
from webapprentice.sites.site import goto, login_first, row, rows, tell, write

BIO_LENGTH = 300


async def settings(request: Request) -> Response:
    """One's own name and words."""
    if not user(request):
        return login_first(request)
    who = found(row(request, "SELECT * FROM users WHERE name = ?", user(request)))
    if request.method == "GET":
        return page(request, "settings.html", who=who, wrong={})
    form = await fields(request)
    given = {"full_name": first(form, "full_name"), "bio": first(form, "bio")}
    wrong = {}
    if not 1 <= len(given["full_name"]) <= 60:
        wrong["full_name"] = "A name has 1 to 60 characters."
    if len(given["bio"]) > BIO_LENGTH:
        wrong["bio"] = f"At most {BIO_LENGTH} characters; these are {len(given['bio'])}."
    if wrong:
        return page(request, "settings.html", 422, who={**who, **given}, wrong=wrong)
    write(request, "UPDATE users SET full_name = ?, bio = ? WHERE name = ?", *given.values(), user(request))
    tell(request, "Saved.")
    return goto(f"/u/{user(request)}")


async def messages(request: Request) -> Response:
    """What was received, and what was sent."""
    if not user(request):
        return login_first(request)
    received = rows(request, "SELECT * FROM messages WHERE receiver = ? ORDER BY sent DESC, id DESC", user(request))
    sent = rows(request, "SELECT * FROM messages WHERE sender = ? ORDER BY sent DESC, id DESC", user(request))
    return page(request, "messages.html", received=received, sent=sent)


async def message(request: Request) -> Response:
    """One message; it counts as read from now on."""
    if not user(request):
        return login_first(request)
    one = _own(request)
    if one["receiver"] == user(request):
        write(request, "UPDATE messages SET unread = 0 WHERE id = ?", one["id"])
    return page(request, "message.html", message=one)


async def delete(request: Request) -> Response:
    """Throw a message away."""
    write(request, "DELETE FROM messages WHERE id = ?", _own(request)["id"])
    tell(request, "Message deleted.")
    return goto("/messages")


def _own(request: Request) -> dict[str, object]:
    query = "SELECT * FROM messages WHERE id = ? AND ? IN (sender, receiver)"
    return found(row(request, query, id_of(request), user(request)))


async def compose(request: Request) -> Response:
    """A new message."""
    if not user(request):
        return login_first(request)
    given = {"to": asked(request, "to"), "subject": asked(request, "subject"), "body": ""}
    if request.method == "GET":
        return page(request, "compose.html", given=given, wrong={})
    form = await fields(request)
    given = {name: first(form, name) for name in given}
    wrong = {}
    if row(request, "SELECT 1 FROM users WHERE name = ?", given["to"]) is None:
        wrong["to"] = "There is no member of this name."
    if not 1 <= len(given["subject"]) <= 120:
        wrong["subject"] = "A subject has 1 to 120 characters."
    if not given["body"]:
        wrong["body"] = "Write something."
    if wrong:
        return page(request, "compose.html", 422, given=given, wrong=wrong)
    write(
        request,
        "INSERT INTO messages (sender, receiver, subject, body, sent, unread) VALUES (?, ?, ?, ?, ?, 1)",
        *(user(request), given["to"], given["subject"], given["body"], NOW_TEXT),
    )
    tell(request, f"Your message to {given['to']} was sent.")
    return goto("/messages")


ROUTES = [
    Route("/settings", settings, methods=["GET", "POST"]),
    Route("/messages", messages),
    Route("/messages/new", compose, methods=["GET", "POST"]),
    Route("/messages/{id}", message),
    Route("/messages/{id}/delete", delete, methods=["POST"]),
]
