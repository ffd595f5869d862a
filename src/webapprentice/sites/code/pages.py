"""Pages of the code hosting that belong to no project: the first one, lists, search, people, groups, new projects."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webapprentice.sites.code import words
from webapprentice.sites.code.data import RANKS, sha
from webapprentice.sites.code.lookup import STAMP, labels_of, me, people, signed, visible
from webapprentice.sites.code.sources import sources
from webapprentice.sites.forms import asked, fields, first
from webapprentice.sites.site import TODAY, goto, paginate, render, row, rows, tell, write

SORTS = {
    "stars": "stars DESC, ref",
    "forks": "forks DESC, ref",
    "name": "path, ref",
    "newest": "created DESC, ref",
    "oldest": "created, ref",
}
SCOPES = ("projects", "issues", "merge_requests", "people")
TAKEN = {"explore", "search", "groups", "people", "new", "login", "logout", "issues", "merge_requests", "suggest"}
"""First parts of addresses that can be no namespace."""


async def home(request: Request) -> Response:
    """Own projects and what happened in them; for a stranger, the projects that most people like."""
    user = me(request)
    if not user:
        return goto("/explore")
    own = rows(
        request,
        """SELECT projects.*, role FROM members JOIN projects ON projects.id = project WHERE user=? ORDER BY ref""",
        user,
    )
    recent = rows(
        request,
        """SELECT commits.*, ref FROM commits JOIN members USING (project) JOIN projects ON projects.id = project
        WHERE user=? ORDER BY at DESC LIMIT 8""",
        user,
    )
    return render(request, "home.html", projects=own, recent=recent, names=people(request))


async def explore(request: Request) -> Response:
    """All projects, sorted, of one language or all."""
    sort, language = asked(request, "sort", "stars"), asked(request, "language")
    query = f"SELECT * FROM projects WHERE {visible()}" + (" AND language = ?" if language else "")
    values = [me(request), *([language] if language else [])]
    found = rows(request, f"{query} ORDER BY {SORTS.get(sort, SORTS['stars'])}", *values)
    return render(
        request,
        "explore.html",
        page=paginate(found, request.query_params.get("page"), 15),
        sort=sort,
        language=language,
        languages=sorted(words.ENDINGS),
        sorts=("stars", "forks", "name", "newest", "oldest"),
    )


async def search(request: Request) -> Response:
    """What has all words that were asked for, in one of four scopes."""
    said, scope = asked(request, "q"), asked(request, "scope", "projects")
    scope = scope if scope in SCOPES else "projects"
    query, texts = {
        "projects": (f"SELECT * FROM projects WHERE {visible()}", "ref || ' ' || about"),
        "issues": (
            f"SELECT issues.*, ref FROM issues JOIN projects ON projects.id = project WHERE {visible()}",
            "title || ' ' || ref",
        ),
        "merge_requests": (
            f"SELECT merges.*, ref FROM merges JOIN projects ON projects.id = project WHERE {visible()}",
            "title || ' ' || ref",
        ),
        "people": ("SELECT * FROM users WHERE ? IS NOT NULL", "user || ' ' || name || ' ' || title || ' ' || location"),
    }[scope]
    parts = said.split()[:8]
    conditions = "".join(f" AND instr(lower({texts}), lower(?)) > 0" for _ in parts)
    found = rows(request, query + conditions, me(request), *parts) if parts else []
    page = paginate(found, request.query_params.get("page"), 12)
    return render(request, "search.html", said=said, scope=scope, scopes=SCOPES, page=page, names=people(request))


async def suggest(request: Request) -> Response:
    """Projects whose name has these letters, for the field at the top of every page."""
    found = rows(
        request,
        f"SELECT ref FROM projects WHERE {visible()} AND instr(ref, lower(?)) > 0 ORDER BY stars DESC LIMIT 6",
        me(request),
        asked(request, "q"),
    )
    return JSONResponse([{"name": one["ref"], "at": f"/{one['ref']}"} for one in found])


@signed
async def mine(request: Request) -> Response:
    """Issues that are assigned to who asks, or merge requests to be reviewed."""
    table = "issues" if request.url.path == "/issues" else "merges"
    who, state = ("assignee", "reviewer")[table == "merges"], asked(request, "state", "open")
    found = rows(
        request,
        f"""SELECT {table}.*, ref FROM {table} JOIN projects ON projects.id = project
        WHERE {who} = ? AND (? = 'all' OR state = ?) ORDER BY updated DESC""",
        me(request),
        state,
        state,
    )
    if table == "issues":
        labels_of(request, found)
    page = paginate(found, request.query_params.get("page"), 12)
    return render(request, "mine.html", page=page, table=table, state=state, names=people(request))


async def groups(request: Request) -> Response:
    """All groups with the number of their projects."""
    found = rows(
        request,
        f"""SELECT groups.*, (SELECT count(*) FROM projects WHERE namespace = groups.path AND {visible()}) AS projects
        FROM groups ORDER BY name""",
        me(request),
    )
    return render(request, "groups.html", groups=found)


async def namespace(request: Request) -> Response:
    """A group, or a person."""
    name = request.path_params["namespace"]
    projects = rows(
        request, f"SELECT * FROM projects WHERE namespace = ? AND {visible()} ORDER BY path", name, me(request)
    )
    group = row(request, "SELECT * FROM groups WHERE path=?", name)
    if group:
        return render(request, "group.html", group=group, projects=projects)
    person = row(request, "SELECT * FROM users WHERE user=?", name)
    if person is None:
        raise HTTPException(404)
    memberships = rows(
        request,
        f"""SELECT ref, role FROM members AS m JOIN projects ON projects.id = m.project
        WHERE m.user = ? AND {visible()} ORDER BY ref""",
        name,
        me(request),
    )
    return render(request, "person.html", person=person, projects=projects, memberships=memberships)


@signed
async def profile(request: Request) -> Response:
    """Where one's own status and words about oneself are changed."""
    if request.method == "POST":
        form = await fields(request)
        status, bio = first(form, "status")[:100], first(form, "bio")
        write(request, "UPDATE users SET status=?, bio=? WHERE user=?", status, bio, me(request))
        tell(request, "Your profile was saved.")
        return goto(f"/{me(request)}")
    return render(request, "profile.html", person=row(request, "SELECT * FROM users WHERE user=?", me(request)))


@signed
async def new_project(request: Request) -> Response:
    """A project of one's own or of a group in which one is a maintainer."""
    spaces = [me(request), *(one["path"] for one in _her_groups(request))]
    form: dict[str, list[str]] = {"namespace": [asked(request, "namespace")]}
    errors: dict[str, str] = {}
    if request.method == "POST":
        form = await fields(request)
        name, space = first(form, "name"), first(form, "namespace")
        errors["name"] = name_trouble(request, space, name)
        if space not in spaces:
            errors["namespace"] = "Choose one of your namespaces."
        if first(form, "visibility") not in ("public", "private"):
            errors["visibility"] = "Choose who may see the project."
        if not any(errors.values()):
            add_project(request, space, name, first(form, "about"), first(form, "language"), first(form, "visibility"))
            tell(request, "The project was created.")
            return goto(f"/{space}/{name}")
    values = {name: first(form, name) for name in ("name", "namespace", "about", "language", "visibility")}
    return render(
        request,
        "new_project.html",
        422 if errors else 200,
        values=values,
        errors=errors,
        spaces=spaces,
        languages=sorted(words.ENDINGS),
    )


def name_trouble(request: Request, space: str, name: str) -> str:
    """What is wrong with the name of a new project; nothing where it is good."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", name):
        return "A name has 1 to 40 small letters, digits and hyphens, and a letter or digit at both ends."
    if row(request, "SELECT 1 FROM projects WHERE ref=?", f"{space}/{name}"):
        return "There is already a project of this name here."
    return ""


def add_project(
    request: Request, space: str, name: str, about: str, language: str, visibility: str, forked_from: str = ""
) -> int:
    """A new project with first files and labels, owned by who asks; its number."""
    ref = f"{space}/{name}"
    language = language if language in words.ENDINGS else "Python"
    made = write(
        request,
        "INSERT INTO projects VALUES (NULL, ?, ?, ?, ?, ?, ?, 'MIT', 0, 0, ?, ?)",
        *(space, name, ref, about, language, visibility, TODAY.isoformat(), forked_from),
    )
    write(request, "INSERT INTO members VALUES (?, ?, ?, ?)", made, me(request), RANKS[-1], TODAY.isoformat())
    for label in words.LABELS:
        write(request, "INSERT INTO labels VALUES (?, ?, ?, ?)", made, *label)
    for path, body in sources(forked_from or ref, about or name, language, "MIT"):
        if forked_from or path == "README.md":
            write(request, "INSERT INTO files VALUES (?, ?, ?)", made, path, body)
    write(
        request,
        "INSERT INTO commits VALUES (?, ?, 'First commit', ?, ?, 'README.md', 9, 0)",
        *(made, sha(ref, 0), me(request), STAMP),
    )
    return made


@signed
async def new_group(request: Request) -> Response:
    """A group; its projects are added one by one."""
    values, errors = {"path": "", "name": "", "about": ""}, {}
    if request.method == "POST":
        form = await fields(request)
        values = {name: first(form, name) for name in values}
        path = values["path"]
        if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", path):
            errors["path"] = "An address has 1 to 40 small letters, digits and hyphens."
        elif path in TAKEN or row(request, "SELECT 1 FROM users WHERE user=?", path):
            errors["path"] = "This address is taken."
        elif row(request, "SELECT 1 FROM groups WHERE path=?", path):
            errors["path"] = "There is already a group at this address."
        if not values["name"]:
            errors["name"] = "A group needs a name."
        if not errors:
            write(request, "INSERT INTO groups VALUES (?, ?, ?)", path, values["name"], values["about"])
            tell(request, "The group was created.")
            return goto(f"/{path}")
    return render(request, "new_group.html", 422 if errors else 200, values=values, errors=errors)


def _her_groups(request: Request) -> list[dict[str, str]]:
    return rows(
        request,
        """SELECT path FROM groups WHERE NOT EXISTS (SELECT 1 FROM projects WHERE namespace = groups.path)
        OR EXISTS (SELECT 1 FROM projects JOIN members ON project = projects.id WHERE namespace = groups.path
        AND user = ? AND role IN ('Owner', 'Maintainer')) ORDER BY path""",
        me(request),
    )
