"""Lists of threads, boards, people and what is found."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.forms import asked, fields, first, like
from webapprentice.sites.forum import people, talk
from webapprentice.sites.forum.ground import NOW_TEXT, TITLE_LENGTH, back, board_of, found, page, user, votes
from webapprentice.sites.site import NOW, goto, login_first, paginate, row, rows, tell, write

SORTS = {
    "new": ("New", "created DESC, id DESC"),
    "top": ("Top", "score DESC, id DESC"),
    "comments": ("Most comments", "comments DESC, id DESC"),
}
PERIODS = {
    "all": ("All time", 100_000),
    "day": ("Last 24 hours", 1),
    "week": ("Last 7 days", 7),
    "month": ("Last 30 days", 30),
}
PER_PAGE = 12


def listing(request: Request, where: str, *values: object) -> dict[str, object]:
    """Threads that a condition chooses, in the order and of the time that the address asks for."""
    sort = asked(request, "sort", "new")
    period = asked(request, "period", "all")
    sort, period = sort if sort in SORTS else "new", period if period in PERIODS else "all"
    days = PERIODS[period][1]
    since = "" if period == "all" else f"{NOW - timedelta(days=days):%Y-%m-%d %H:%M}"
    query = f"SELECT * FROM listed WHERE ({where}) AND created >= ? ORDER BY {SORTS[sort][1]}"
    threads = paginate(rows(request, query, *values, since), asked(request, "page"), PER_PAGE)
    return {
        "threads": threads,
        "mine": votes(request, "t"),
        "sort": sort,
        "period": period,
        "sorts": {key: title for key, (title, _) in SORTS.items()},
        "periods": {key: title for key, (title, _) in PERIODS.items()},
    }


async def home(request: Request) -> Response:
    """Threads of the boards that one reads, or of all."""
    only = bool(user(request)) and asked(request, "boards") != "all"
    chosen = "board IN (SELECT board FROM subscriptions WHERE user = ?)" if only else "? IS NOT NULL"
    return page(request, "home.html", 200, only=only, **listing(request, chosen, user(request)))


async def boards(request: Request) -> Response:
    """All boards."""
    order = {"name": "title", "subscribers": "subscribers DESC", "threads": "threads DESC"}
    sort = asked(request, "sort", "name")
    found = rows(
        request,
        "SELECT *, (SELECT count(*) FROM subscriptions WHERE board = name) AS subscribers, "
        "(SELECT count(*) FROM threads WHERE board = name AND gone = '') AS threads, "
        "(SELECT count(*) FROM subscriptions WHERE board = name AND user = ?) AS subscribed "
        f"FROM boards ORDER BY {order.get(sort, 'title')}, title",
        user(request),
    )
    return page(request, "boards.html", boards=found, sort=sort)


async def board(request: Request) -> Response:
    """One board."""
    chosen = board_of(request, request.path_params["board"])
    return page(request, "board.html", 200, board=chosen, **listing(request, "board = ?", chosen["name"]))


async def subscribe(request: Request) -> Response:
    """Begin or stop reading a board."""
    chosen = board_of(request, request.path_params["board"])
    if not user(request):
        return goto(f"/login?next=/b/{chosen['name']}")
    if chosen["subscribed"]:
        write(request, "DELETE FROM subscriptions WHERE board = ? AND user = ?", chosen["name"], user(request))
        tell(request, f"You no longer read {chosen['title']}.")
    else:
        write(request, "INSERT INTO subscriptions VALUES (?, ?)", chosen["name"], user(request))
        tell(request, f"You now read {chosen['title']}.")
    return back(first(await fields(request), "back"), f"/b/{chosen['name']}")


async def submit(request: Request) -> Response:
    """A new thread, with text or with a link."""
    if not user(request):
        return login_first(request)
    every = rows(request, "SELECT name, title FROM boards ORDER BY title")
    given = {"board": request.path_params.get("board", asked(request, "board")), "title": "", "link": "", "body": ""}
    if request.method == "GET":
        return page(request, "submit.html", boards=every, given=given, wrong={}, editing=None)
    form = await fields(request)
    given = {name: first(form, name) for name in given}
    wrong = check(given)
    if given["board"] not in {one["name"] for one in every}:
        wrong["board"] = "Choose a board."
    if wrong:
        return page(request, "submit.html", 422, boards=every, given=given, wrong=wrong, editing=None)
    made = write(
        request,
        "INSERT INTO threads (board, author, title, body, link, created, edited, ups, downs) "
        "VALUES (?, ?, ?, ?, ?, ?, '', 1, 0)",
        *(given["board"], user(request), given["title"], given["body"], given["link"], NOW_TEXT),
    )
    tell(request, "Your thread is online.")
    return goto(f"/t/{made}")


def check(given: dict[str, str]) -> dict[str, str]:
    """What is wrong with a thread, by field."""
    wrong = {}
    if not 3 <= len(given["title"]) <= TITLE_LENGTH:
        wrong["title"] = f"A title has 3 to {TITLE_LENGTH} characters."
    if given["link"] and not given["link"].startswith(("http://", "https://")):
        wrong["link"] = "A link begins with http:// or https://."
    if not given["link"] and not given["body"]:
        wrong["body"] = "Write something, or give a link."
    return wrong


async def profile(request: Request) -> Response:
    """Somebody's threads and comments."""
    who = found(row(request, "SELECT * FROM users WHERE name = ?", request.path_params["name"]))
    threads = rows(request, "SELECT * FROM listed WHERE author = ? ORDER BY created DESC, id DESC", who["name"])
    comments = rows(
        request,
        "SELECT replies.*, threads.title, threads.board FROM replies JOIN threads ON threads.id = thread "
        "WHERE replies.author = ? AND replies.gone = '' AND threads.gone = '' "
        "ORDER BY replies.created DESC, replies.id DESC",
        who["name"],
    )
    moderated = rows(request, "SELECT board FROM moderators WHERE user = ? ORDER BY board", who["name"])
    return page(request, "user.html", who=who, threads=threads, comments=comments, moderated=moderated)


async def search(request: Request) -> Response:
    """Threads by words, board and author."""
    words, chosen, author = asked(request, "q"), asked(request, "board"), asked(request, "author")
    conditions, values = ["(title LIKE ? ESCAPE '\\' OR body LIKE ? ESCAPE '\\')"], [like(words), like(words)]
    for column, value in (("board", chosen), ("author", author)):
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    every = rows(request, "SELECT name, title FROM boards ORDER BY title")
    shown = listing(request, " AND ".join(conditions), *values)
    return page(request, "search.html", 200, q=words, chosen=chosen, author=author, boards=every, **shown)


ROUTES = [
    Route("/", home),
    Route("/boards", boards),
    Route("/b/{board}", board),
    Route("/b/{board}/subscribe", subscribe, methods=["POST"]),
    Route("/submit", submit, methods=["GET", "POST"]),
    Route("/b/{board}/submit", submit, methods=["GET", "POST"]),
    Route("/u/{name}", profile),
    Route("/search", search),
    *talk.ROUTES,
    *people.ROUTES,
]
