"""Reading: articles, categories, history, differences, and what is found."""

from __future__ import annotations

from difflib import SequenceMatcher

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webapprentice.sites.forms import asked, like, number
from webapprentice.sites.site import goto, login_first, paginate, render, rows
from webapprentice.sites.wiki import editing
from webapprentice.sites.wiki.ground import article_of, article_page, known, user, version_of
from webapprentice.sites.wiki.markup import html, plain, read, slug_of

PER_PAGE = 20
SUGGESTIONS = 8
SNIPPET = 180


async def home(request: Request) -> Response:
    """The first page."""
    changes = rows(
        request,
        "SELECT revisions.*, articles.title FROM revisions JOIN articles USING (slug) "
        "ORDER BY created DESC, id DESC LIMIT 8",
    )
    kinds = rows(
        request, "SELECT name, count(*) AS articles FROM categories GROUP BY name ORDER BY articles DESC, name"
    )
    count = len(known(request))
    return render(request, "home.html", changes=changes, categories=kinds[:12], count=count)


async def article(request: Request) -> Response:
    """An article as it is now."""
    one = article_of(request)
    parts = read(one["body"])
    exist = known(request)
    shown = [(section.title, html(section.text, exist)) for section in parts.sections]
    linked = {key: slug_of(value) for key, value in parts.facts.items() if slug_of(value) in exist}
    return article_page(request, "article.html", one, parts=parts, sections=shown, linked=linked, version=None)


async def missing(request: Request) -> Response:
    """What stands where there is no article."""
    try:
        return await article(request)
    except HTTPException:
        return render(request, "nothing.html", 404, title=request.path_params["slug"].replace("_", " "))


async def version(request: Request) -> Response:
    """An article as it once was."""
    one = article_of(request)
    old = version_of(request, one["slug"], number(request.path_params["number"]))
    parts = read(old["body"])
    exist = known(request)
    shown = [(section.title, html(section.text, exist)) for section in parts.sections]
    return article_page(request, "article.html", one, parts=parts, sections=shown, linked={}, version=old)


async def history(request: Request) -> Response:
    """All versions of an article."""
    one = article_of(request)
    versions = rows(request, "SELECT * FROM revisions WHERE slug = ? ORDER BY number DESC", one["slug"])
    return article_page(request, "history.html", one, versions=versions)


async def diff(request: Request) -> Response:
    """What differs between two versions."""
    one = article_of(request)
    old = version_of(request, one["slug"], number(asked(request, "from")))
    new = version_of(request, one["slug"], number(asked(request, "to")))
    before, after = (text["body"].replace("|", "\n|").split("\n") for text in (old, new))
    changes: list[tuple[str, str]] = []
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            changes += [("removed", line) for line in before[i:j] if line.strip()]
            changes += [("added", line) for line in after[k:m] if line.strip()]
    return article_page(request, "diff.html", one, old=old, new=new, changes=changes)


async def backlinks(request: Request) -> Response:
    """Articles that link to this one."""
    one = article_of(request)
    query = "SELECT slug, title FROM articles JOIN links USING (slug) WHERE target = ? ORDER BY title"
    return article_page(request, "backlinks.html", one, found=rows(request, query, one["slug"]))


async def categories(request: Request) -> Response:
    """All categories."""
    query = "SELECT name, count(*) AS articles FROM categories GROUP BY name ORDER BY name"
    return render(request, "categories.html", categories=rows(request, query))


async def category(request: Request) -> Response:
    """The articles of a category."""
    name = request.path_params["name"]
    query = "SELECT slug, title FROM articles JOIN categories USING (slug) WHERE name = ? ORDER BY title"
    found = rows(request, query, name)
    if not found:
        raise HTTPException(404)
    return render(request, "category.html", name=name, articles=paginate(found, asked(request, "page"), PER_PAGE))


async def every(request: Request) -> Response:
    """All articles by title, or those with one first letter."""
    letter = asked(request, "letter")[:1].upper()
    titles = rows(request, "SELECT slug, title FROM articles ORDER BY title")
    letters = sorted({one["title"][0].upper() for one in titles})
    chosen = [one for one in titles if not letter or one["title"][0].upper() == letter]
    page = paginate(chosen, asked(request, "page"), 3 * PER_PAGE)
    return render(request, "all.html", letter=letter, letters=letters, articles=page)


async def search(request: Request) -> Response:
    """Articles by words; a title that is just these words is opened at once, as with `go=1`."""
    words = asked(request, "q")
    found = rows(
        request,
        "SELECT slug, title, body FROM articles WHERE title LIKE ? ESCAPE '\\' OR body LIKE ? ESCAPE '\\' "
        "ORDER BY title NOT LIKE ? ESCAPE '\\', title",
        *[like(words)] * 3,
    )
    if not words:
        found = []
    exact = next((one for one in found if one["title"].lower() == words.lower()), None)
    if exact and asked(request, "go"):
        return goto(f"/wiki/{exact['slug']}")
    page = paginate(found, asked(request, "page"), PER_PAGE)
    shown = [{**one, "snippet": _snippet(plain(one["body"]), words)} for one in page.items]
    return render(request, "search.html", q=words, page=page, found=shown)


def _snippet(text: str, words: str) -> str:
    place = max(0, text.lower().find(words.lower()) - SNIPPET // 3)
    return ("… " if place else "") + text[place : place + SNIPPET] + (" …" if place + SNIPPET < len(text) else "")


async def suggest(request: Request) -> Response:
    """Titles that begin with some letters, as JSON: for the search field."""
    words = asked(request, "q")
    pattern = like(words).removeprefix("%")
    query = "SELECT slug, title FROM articles WHERE title LIKE ? ESCAPE '\\' ORDER BY title LIMIT ?"
    return JSONResponse(rows(request, query, pattern, SUGGESTIONS) if words else [])


async def recent(request: Request) -> Response:
    """Changes to all articles, the latest first."""
    author = asked(request, "author")
    found = rows(
        request,
        "SELECT revisions.*, articles.title FROM revisions JOIN articles USING (slug) "
        "WHERE ? IN ('', author) ORDER BY created DESC, id DESC",
        author,
    )
    editors = [one["author"] for one in rows(request, "SELECT DISTINCT author FROM revisions ORDER BY author")]
    changes = paginate(found, asked(request, "page"), PER_PAGE)
    return render(request, "recent.html", author=author, editors=editors, changes=changes)


async def watchlist(request: Request) -> Response:
    """The articles that one watches, with their last change."""
    if not user(request):
        return login_first(request)
    found = rows(
        request,
        "SELECT articles.slug, title, author, created, summary FROM watching JOIN articles USING (slug) "
        "JOIN revisions USING (slug, number) WHERE user = ? ORDER BY title",
        user(request),
    )
    return render(request, "watchlist.html", found=found)


ROUTES = [
    Route("/", home),
    Route("/wiki/{slug}", missing),
    Route("/wiki/{slug}/history", history),
    Route("/wiki/{slug}/diff", diff),
    Route("/wiki/{slug}/backlinks", backlinks),
    Route("/wiki/{slug}/version/{number}", version),
    Route("/categories", categories),
    Route("/category/{name}", category),
    Route("/all", every),
    Route("/search", search),
    Route("/suggest", suggest),
    Route("/recent", recent),
    Route("/watchlist", watchlist),
    *editing.ROUTES,
]
