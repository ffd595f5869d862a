"""A thread and what is said, voted and moderated in it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.forms import asked, fields, first, number
from webapprentice.sites.forum.ground import (
    NOW_TEXT,
    TITLE_LENGTH,
    back,
    board_of,
    found,
    id_of,
    moderates,
    page,
    user,
    votes,
)
from webapprentice.sites.site import goto, login_first, row, rows, tell, write

ORDERS = {"top": "score DESC, id", "new": "id DESC", "old": "id"}
DEEPEST = 8
"""Comments are set in no further than this."""
CHANGES = {
    "lock": ("locked = 1", "Thread locked."),
    "unlock": ("locked = 0", "Thread unlocked."),
    "pin": ("pinned = 1", "Thread pinned."),
    "unpin": ("pinned = 0", "Thread unpinned."),
    "remove": ("gone = 'removed'", "Thread removed."),
    "restore": ("gone = ''", "Thread restored."),
}
"""What a moderator may do to a thread."""


async def thread(request: Request) -> Response:
    """A thread with its comments."""
    return _thread(request, _of(request, "threads"))


def _thread(request: Request, one: dict[str, Any], wrong: str = "", given: str = "", to: int | None = None) -> Response:
    order = asked(request, "sort", "top")
    order = order if order in ORDERS else "top"
    said = rows(request, f"SELECT * FROM replies WHERE thread = ? ORDER BY {ORDERS[order]}", one["id"])
    score = row(request, "SELECT coalesce(sum(value), 0) AS n FROM votes WHERE kind = 't' AND item = ?", one["id"])
    one = {**one, "score": one["ups"] - one["downs"] + (score["n"] if score else 0)}
    return page(
        request,
        "thread.html",
        422 if wrong else 200,
        thread=one,
        board=board_of(request, one["board"]),
        comments=_tree(said),
        count=sum(not comment["gone"] for comment in said),
        sort=order,
        moderator=moderates(request, one["board"]),
        mine=votes(request, "t"),
        my=votes(request, "c"),
        wrong=wrong,
        given=given,
        to=to,
    )


def _tree(comments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Comments one after the other, each behind what it answers, with its depth."""
    below: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    for comment in comments:
        below[comment["parent"]].append(comment)
    flat: list[dict[str, Any]] = []
    waiting = [(one, 0) for one in reversed(below[None])]
    while waiting:
        one, depth = waiting.pop()
        flat.append({**one, "depth": min(depth, DEEPEST)})
        waiting += [(reply, depth + 1) for reply in reversed(below[one["id"]])]
    return flat


def _of(request: Request, table: str) -> dict[str, Any]:
    return found(row(request, f"SELECT * FROM {table} WHERE id = ?", id_of(request)))


async def comment(request: Request) -> Response:
    """Answer a thread or a comment."""
    one = _of(request, "threads")
    if not user(request):
        return goto(f"/login?next=/t/{one['id']}")
    form = await fields(request)
    body, to = first(form, "body"), number(first(form, "parent"))
    if to is not None and not row(request, "SELECT 1 FROM comments WHERE id = ? AND thread = ?", to, one["id"]):
        to = None
    if one["locked"] or one["gone"]:
        return _thread(request, one, "This thread takes no more comments.", body, to)
    if not body:
        return _thread(request, one, "Write something first.", body, to)
    made = write(
        request,
        "INSERT INTO comments (thread, parent, author, body, created, edited, ups, downs) "
        "VALUES (?, ?, ?, ?, ?, '', 1, 0)",
        *(one["id"], to, user(request), body, NOW_TEXT),
    )
    tell(request, "Your comment is online.")
    return goto(f"/t/{one['id']}#c{made}")


async def vote(request: Request) -> Response:
    """Vote up or down; the same vote again takes it back."""
    table = "threads" if request.url.path.startswith("/t/") else "comments"
    one, kind = _of(request, table), table[0]
    place = f"/t/{one['id'] if kind == 't' else one['thread']}"
    if not user(request):
        return goto(f"/login?next={place}")
    form = await fields(request)
    value = 1 if first(form, "value") == "1" else -1
    before = votes(request, kind).get(one["id"])
    write(request, "DELETE FROM votes WHERE kind = ? AND item = ? AND user = ?", kind, one["id"], user(request))
    if before != value:
        write(request, "INSERT INTO votes VALUES (?, ?, ?, ?)", kind, one["id"], user(request), value)
    return back(first(form, "back"), place)


async def edit(request: Request) -> Response:
    """Change one's own thread or comment."""
    table = "threads" if request.url.path.startswith("/t/") else "comments"
    one = _own(request, table)
    if one is None:
        return login_first(request)
    place = f"/t/{one['id'] if table == 'threads' else one['thread']}"
    if request.method == "GET":
        return page(request, "edit.html", kind=table, one=one, wrong={}, place=place)
    form = await fields(request)
    given = {name: first(form, name) for name in ("title", "body")}
    wrong = {}
    if table == "threads" and not 3 <= len(given["title"]) <= TITLE_LENGTH:
        wrong["title"] = f"A title has 3 to {TITLE_LENGTH} characters."
    if not given["body"] and not one.get("link"):
        wrong["body"] = "Write something."
    if wrong:
        return page(request, "edit.html", 422, kind=table, one={**one, **given}, wrong=wrong, place=place)
    if table == "threads":
        write(request, "UPDATE threads SET title = ? WHERE id = ?", given["title"], one["id"])
    write(request, f"UPDATE {table} SET body = ?, edited = ? WHERE id = ?", given["body"], NOW_TEXT, one["id"])
    tell(request, "Your changes are online.")
    return goto(place)


async def delete(request: Request) -> Response:
    """Delete one's own thread or comment."""
    table = "threads" if request.url.path.startswith("/t/") else "comments"
    one = _own(request, table)
    if one is None:
        return goto("/login")
    write(request, f"UPDATE {table} SET gone = 'deleted' WHERE id = ?", one["id"])
    tell(request, "Deleted.")
    return goto(f"/b/{one['board']}" if table == "threads" else f"/t/{one['thread']}")


def _own(request: Request, table: str) -> dict[str, Any] | None:
    """What the address names, if it is there and one's own; None for a stranger. Raises HTTPException 404."""
    one = _of(request, table)
    if user(request) and (one["author"] != user(request) or one["gone"]):
        raise HTTPException(404)
    return one if user(request) else None


async def moderate(request: Request) -> Response:
    """What a moderator of the board does to a thread. Answers 404 to everybody else."""
    one = _of(request, "threads")
    if not moderates(request, one["board"]):
        raise HTTPException(404)
    change, words = CHANGES.get(first(await fields(request), "do"), ("", "Nothing was done."))
    if change:
        write(request, f"UPDATE threads SET {change} WHERE id = ?", one["id"])
    tell(request, words)
    return goto(f"/t/{one['id']}")


async def remove(request: Request) -> Response:
    """A moderator takes a comment out."""
    one = _of(request, "comments")
    inside = found(row(request, "SELECT board FROM threads WHERE id = ?", one["thread"]))
    if not moderates(request, inside["board"]):
        raise HTTPException(404)
    write(request, "UPDATE comments SET gone = 'removed' WHERE id = ?", one["id"])
    tell(request, "Comment removed.")
    return goto(f"/t/{one['thread']}")


ROUTES = [
    Route("/t/{id}", thread),
    Route("/t/{id}/comment", comment, methods=["POST"]),
    Route("/t/{id}/moderate", moderate, methods=["POST"]),
    Route("/c/{id}/remove", remove, methods=["POST"]),
    *(Route(f"/{kind}/{{id}}/vote", vote, methods=["POST"]) for kind in "tc"),
    *(Route(f"/{kind}/{{id}}/edit", edit, methods=["GET", "POST"]) for kind in "tc"),
    *(Route(f"/{kind}/{{id}}/delete", delete, methods=["POST"]) for kind in "tc"),
]
