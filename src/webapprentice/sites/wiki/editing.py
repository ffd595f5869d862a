"""Writing: new articles, whole texts or one section, facts and categories, old versions brought back, discussion."""

from __future__ import annotations

import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.forms import asked, fields, first, number
from webapprentice.sites.site import goto, login_first, render, row, rows, tell, write
from webapprentice.sites.wiki import markup
from webapprentice.sites.wiki.ground import NOW_TEXT, article_of, article_page, known, store, user, version_of
from webapprentice.sites.wiki.markup import Article, Section, html, read, slug_of

LONGEST = 15_000
_TITLE = re.compile(r"\w[^\[\]{}|#<>/?%\"\\\n]{1,79}")


async def edit(request: Request) -> Response:
    """Change an article: all of it, a section by number, or `section=new`."""
    if not user(request):
        return login_first(request)
    one = article_of(request)
    part = asked(request, "section")
    parts = read(one["body"])
    place = number(part)
    if part not in ("", "new") and (place is None or place >= len(parts.sections)):
        raise HTTPException(404)
    section = None if place is None else parts.sections[place]
    given = {"title": section.title if section else "", "text": section.text if section else "", "summary": ""}
    if not part:
        given["text"] = one["body"]
    headed = part == "new" or bool(section and section.title)
    values: dict[str, Any] = {"part": part, "headed": headed, "base": one["number"], "preview": None}
    if request.method == "GET":
        return article_page(request, "edit.html", one, given=given, wrong={}, **values)
    form = await fields(request)
    given = {name: first(form, name) for name in given}
    wrong = _wrong(given, headed, number(first(form, "base")), one["number"])
    if first(form, "do") == "preview" or wrong:
        shown = read(given["text"]).sections if not part else [Section(given["title"], given["text"])]
        values["preview"] = [(one.title, html(one.text, known(request))) for one in shown]
        return article_page(request, "edit.html", one, 422 if wrong else 200, given=given, wrong=wrong, **values)
    body = given["text"] if not part else _with_section(parts, place, Section(given["title"], given["text"]))
    store(request, one["slug"], one["title"], body, given["summary"])
    tell(request, "Your change is saved.")
    return goto(f"/wiki/{one['slug']}")


def _wrong(given: dict[str, str], headed: bool, base: int | None, now: int) -> dict[str, str]:
    wrong = {}
    if base != now:
        wrong["base"] = f"The article is at version {now} by now; open it again before you save."
    if headed and not re.fullmatch(r"[^=\n]{1,100}", given["title"]):
        wrong["title"] = "A heading has 1 to 100 characters, none of them =."
    if not given["text"]:
        wrong["text"] = "Write something."
    if len(given["text"]) > LONGEST:
        wrong["text"] = f"At most {LONGEST} characters; these are {len(given['text'])}."
    return wrong


def _with_section(parts: Article, place: int | None, section: Section) -> str:
    sections = list(parts.sections)
    if place is None:
        sections.append(section)
    else:
        sections[place] = section
    return markup.write(Article(parts.facts, sections, parts.categories))


async def facts(request: Request) -> Response:
    """Change the box of facts and the categories, field by field."""
    if not user(request):
        return login_first(request)
    one = article_of(request)
    parts = read(one["body"])
    given = {**parts.facts}
    names = ", ".join(parts.categories)
    if request.method == "GET":
        return article_page(request, "facts.html", one, given=given, names=names, wrong={})
    form = await fields(request)
    given = {key: first(form, f"fact {key}")[:200] for key in given}
    names = first(form, "categories")[:400]
    key, value = first(form, "new name")[:60], first(form, "new value")[:200]
    wrong = {key: "A fact cannot be empty." for key, value in given.items() if not value}
    wrong |= {
        key: "These characters cannot stand here: | = { } [ ]" for key in given if re.search(r"[|={}\[\]]", given[key])
    }
    if bool(key) != bool(value) or re.search(r"[|={}\[\]]", key + value):
        wrong["new name"] = "A new fact has a name and a value, without | = { } [ ]."
    if re.search(r"[\[\]|]", names):
        wrong["categories"] = "Names of categories are separated by commas, without brackets."
    if wrong:
        return article_page(request, "facts.html", one, 422, given=given, names=names, wrong=wrong)
    chosen = list(dict.fromkeys(name.strip()[:60] for name in names.split(",") if name.strip()))
    body = markup.write(Article({**given, **({key: value} if key else {})}, parts.sections, chosen))
    store(request, one["slug"], one["title"], body, first(form, "summary")[:200])
    tell(request, "Your change is saved.")
    return goto(f"/wiki/{one['slug']}")


async def new(request: Request) -> Response:
    """Begin an article."""
    if not user(request):
        return login_first(request)
    given = {"title": asked(request, "title"), "text": "", "category": ""}
    every = [one["name"] for one in rows(request, "SELECT DISTINCT name FROM categories ORDER BY name")]
    if request.method == "GET":
        return render(request, "new.html", given=given, wrong={}, categories=every)
    form = await fields(request)
    given = {name: first(form, name) for name in given}
    slug = slug_of(given["title"])
    wrong = {}
    if not _TITLE.fullmatch(given["title"]):
        wrong["title"] = (
            "A title has 2 to 80 characters, begins with a letter or digit, and has none of [ ] { } | # < > / ? %."
        )
    elif row(request, "SELECT 1 FROM articles WHERE slug = ?", slug):
        wrong["title"] = "There is an article of this title."
    if not given["text"] or len(given["text"]) > LONGEST:
        wrong["text"] = f"An article has 1 to {LONGEST} characters."
    if given["category"] and given["category"] not in every:
        wrong["category"] = "Choose a category of the list, or none."
    if wrong:
        return render(request, "new.html", 422, given=given, wrong=wrong, categories=every)
    body = given["text"] + (f"\n\n[[Category:{given['category']}]]" if given["category"] else "")
    store(request, slug, given["title"], body, "New article")
    tell(request, "The article is online.")
    return goto(f"/wiki/{slug}")


async def restore(request: Request) -> Response:
    """Bring an old version back, as a new one."""
    one = article_of(request)
    if not user(request):
        return goto(f"/login?next=/wiki/{one['slug']}/history")
    old = version_of(request, one["slug"], number(first(await fields(request), "number")))
    store(request, one["slug"], one["title"], old["body"], f"Back to version {old['number']}")
    tell(request, f"Version {old['number']} is back.")
    return goto(f"/wiki/{one['slug']}")


async def watch(request: Request) -> Response:
    """Begin or stop watching an article."""
    one = article_of(request)
    if not user(request):
        return goto(f"/login?next=/wiki/{one['slug']}")
    if row(request, "SELECT 1 FROM watching WHERE slug = ? AND user = ?", one["slug"], user(request)):
        write(request, "DELETE FROM watching WHERE slug = ? AND user = ?", one["slug"], user(request))
        tell(request, f"You no longer watch {one['title']}.")
    else:
        write(request, "INSERT INTO watching VALUES (?, ?)", one["slug"], user(request))
        tell(request, f"You now watch {one['title']}.")
    return goto(f"/wiki/{one['slug']}")


async def talk(request: Request) -> Response:
    """The discussion of an article; a new topic, or an answer to one."""
    one = article_of(request)
    if request.method == "GET":
        return _talk(request, one, {}, {"topic": "", "body": ""}, None)
    if not user(request):
        return goto(f"/login?next=/talk/{one['slug']}")
    form = await fields(request)
    given, to = {"topic": first(form, "topic")[:120], "body": first(form, "body")[:5000]}, number(first(form, "parent"))
    above = row(request, "SELECT * FROM talk WHERE id = ? AND slug = ? AND parent IS NULL", to, one["slug"])
    wrong = {} if given["body"] else {"body": "Write something."}
    if above is None and not given["topic"]:
        wrong["topic"] = "A topic needs a title."
    if wrong:
        return _talk(request, one, wrong, given, above["id"] if above else None)
    write(
        request,
        "INSERT INTO talk (slug, parent, topic, author, created, body) VALUES (?, ?, ?, ?, ?, ?)",
        *(one["slug"], above["id"] if above else None, above["topic"] if above else given["topic"]),
        *(user(request), NOW_TEXT, given["body"]),
    )
    tell(request, "Your words are online.")
    return goto(f"/talk/{one['slug']}")


def _talk(
    request: Request, one: dict[str, Any], wrong: dict[str, str], given: dict[str, str], to: int | None
) -> Response:
    every = rows(request, "SELECT * FROM talk WHERE slug = ? ORDER BY id", one["slug"])
    found = [
        {**topic, "replies": [reply for reply in every if reply["parent"] == topic["id"]]}
        for topic in every
        if topic["parent"] is None
    ]
    status = 422 if wrong else 200
    return article_page(request, "talk.html", one, status, found=found, wrong=wrong, given=given, to=to)


ROUTES = [
    Route("/new", new, methods=["GET", "POST"]),
    Route("/wiki/{slug}/edit", edit, methods=["GET", "POST"]),
    Route("/wiki/{slug}/facts", facts, methods=["GET", "POST"]),
    Route("/wiki/{slug}/restore", restore, methods=["POST"]),
    Route("/wiki/{slug}/watch", watch, methods=["POST"]),
    Route("/talk/{slug}", talk, methods=["GET", "POST"]),
]
