"""Issues and merge requests of a project, and what is said about them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from webapprentice.sites.code.data import sha
from webapprentice.sites.code.lookup import (
    STAMP,
    framed,
    labels_of,
    may,
    me,
    members_of,
    one_of,
    project_of,
    refused,
    signed,
    touch,
)
from webapprentice.sites.forms import asked, fields, first, number
from webapprentice.sites.site import goto, paginate, row, rows, tell, write

ORDERS = {
    "newest": "created DESC",
    "oldest": "created",
    "updated": "updated DESC",
    "comments": "comments DESC, created DESC",
    "title": "title",
}
_FILTERS = {
    "label": "EXISTS (SELECT 1 FROM issue_labels WHERE issue = issues.id AND label = ?)",
    "assignee": "assignee = ?",
    "author": "author = ?",
    "milestone": "milestone IN (SELECT id FROM milestones WHERE title = ?)",
    "q": "instr(lower(title), lower(?)) > 0",
}


async def issues(request: Request) -> Response:
    """Issues of a state, narrowed down and sorted."""
    project = project_of(request)
    chosen = {name: asked(request, name) for name in (*_FILTERS, "state", "sort")}
    chosen["state"] = chosen["state"] if chosen["state"] in ("closed", "all") else "open"
    chosen["sort"] = chosen["sort"] if chosen["sort"] in ORDERS else "newest"
    conditions = "".join(f" AND {text}" for name, text in _FILTERS.items() if chosen[name])
    found = rows(
        request,
        f"""SELECT issues.*, (SELECT count(*) FROM notes WHERE kind = 'issue' AND target = issues.id) AS comments
        FROM issues WHERE project = ? AND (? = 'all' OR state = ?) {conditions} ORDER BY {ORDERS[chosen["sort"]]}""",
        *(project["id"], chosen["state"], chosen["state"]),
        *(chosen[name] for name in _FILTERS if chosen[name]),
    )
    page = paginate(found, request.query_params.get("page"), 12)
    labels_of(request, page.items)
    return framed(
        request,
        project,
        "issues.html",
        "Issues",
        page=page,
        chosen=chosen,
        orders=tuple(ORDERS),
        **_choices(request, project),
    )


async def issue(request: Request) -> Response:
    """An issue with its comments."""
    return _issue(request)


def _issue(request: Request, status: int = 200, **errors: str) -> Response:
    project = project_of(request)
    found = one_of(request, "issues", project)
    labels_of(request, [found])
    goal = row(request, "SELECT * FROM milestones WHERE id=?", found["milestone"])
    return framed(
        request,
        project,
        "issue.html",
        "Issues",
        status,
        issue=found,
        milestone=goal,
        notes=_notes(request, "issue", found),
        errors=errors,
        **_choices(request, project),
    )


@signed
async def new_issue(request: Request) -> Response:
    """A form, and the issue that it makes."""
    project = project_of(request)
    errors: dict[str, str] = {}
    form: dict[str, list[str]] = {}
    if request.method == "POST":
        form = await fields(request)
        if not first(form, "title"):
            errors["title"] = "An issue needs a title."
        elif len(first(form, "title")) > 200:
            errors["title"] = "A title has at most 200 characters."
        if not errors:
            last = row(request, "SELECT max(iid) AS iid FROM issues WHERE project=?", project["id"])
            iid = 1 + ((last and last["iid"]) or 0)
            made = write(
                request,
                "INSERT INTO issues VALUES (NULL, ?, ?, ?, ?, ?, '', NULL, 'open', ?, ?)",
                *(project["id"], iid, first(form, "title"), first(form, "body"), me(request), STAMP, STAMP),
            )
            if may(project["role"], "Reporter"):
                _give(request, project, made, form)
            tell(request, "The issue was created.")
            return goto(f"/{project['ref']}/issues/{iid}")
    values = {name: first(form, name) for name in ("title", "body", "assignee", "milestone")}
    return framed(
        request,
        project,
        "new_issue.html",
        "Issues",
        422 if errors else 200,
        values=values,
        picked=form.get("label", []),
        errors=errors,
        **_choices(request, project),
    )


@signed
async def edit_issue(request: Request) -> Response:
    """Title, words and the three things at the side of an issue."""
    project = project_of(request)
    found = one_of(request, "issues", project)
    if not may(project["role"], "Reporter") and found["author"] != me(request):
        return refused(request, "Only members from Reporter on, and whoever wrote it, may change an issue.")
    form = await fields(request)
    if "title" in form:
        title = first(form, "title")
        if not 1 <= len(title) <= 200:
            return _issue(request, 422, title="A title has 1 to 200 characters.")
        write(request, "UPDATE issues SET title=?, body=? WHERE id=?", title, first(form, "body"), found["id"])
    elif may(project["role"], "Reporter"):
        _give(request, project, found["id"], form)
    touch(request, "issues", found["id"])
    tell(request, "The issue was saved.")
    return goto(f"/{project['ref']}/issues/{found['iid']}")


def _give(request: Request, project: dict[str, Any], issue_id: int, form: dict[str, list[str]]) -> None:
    """Set assignee, milestone and labels; what the project does not have is left out."""
    known = _choices(request, project)
    assignee = first(form, "assignee")
    assignee = assignee if assignee in {one["user"] for one in known["members"]} else ""
    milestone = number(first(form, "milestone"))
    milestone = milestone if milestone in {one["id"] for one in known["milestones"]} else None
    write(request, "UPDATE issues SET assignee=?, milestone=? WHERE id=?", assignee, milestone, issue_id)
    write(request, "DELETE FROM issue_labels WHERE issue=?", issue_id)
    for label in {one["name"] for one in known["labels"]} & set(form.get("label", [])):
        write(request, "INSERT INTO issue_labels VALUES (?, ?)", issue_id, label)


@signed
async def comment(request: Request) -> Response:
    """Say something about an issue or a merge request, or close or reopen it, with or without words."""
    project = project_of(request)
    table = "merges" if "/merge_requests/" in request.url.path else "issues"
    found = one_of(request, table, project)
    form = await fields(request)
    words, deed = first(form, "body"), first(form, "deed")
    if words:
        write(
            request,
            "INSERT INTO notes VALUES (NULL, ?, ?, ?, ?, ?)",
            *(table[:-1], found["id"], me(request), words, STAMP),
        )
        touch(request, table, found["id"])
    elif deed not in ("close", "reopen"):
        return (_merge if table == "merges" else _issue)(request, 422, body="Write a comment first.")
    if deed in ("close", "reopen"):
        if not may(project["role"], "Reporter") and found["author"] != me(request):
            return refused(request, "Only members from Reporter on, and whoever wrote it, may close or reopen this.")
        if found["state"] != "merged":
            write(
                request, f"UPDATE {table} SET state=? WHERE id=?", "closed" if deed == "close" else "open", found["id"]
            )
            touch(request, table, found["id"])
    return goto(request.url.path.removesuffix("/comment"))


async def merges(request: Request) -> Response:
    """Merge requests of a state."""
    project = project_of(request)
    state = asked(request, "state", "open")
    state = state if state in ("merged", "closed", "all") else "open"
    author, reviewer, said = asked(request, "author"), asked(request, "reviewer"), asked(request, "q")
    found = rows(
        request,
        """SELECT merges.*, (SELECT count(*) FROM notes WHERE kind = 'merge' AND target = merges.id) AS comments
        FROM merges WHERE project = ? AND (? = 'all' OR state = ?) AND (? = '' OR author = ?)
        AND (? = '' OR reviewer = ?) AND instr(lower(title), lower(?)) > 0 ORDER BY created DESC""",
        *(project["id"], state, state, author, author, reviewer, reviewer, said),
    )
    chosen = {"state": state, "author": author, "reviewer": reviewer, "q": said}
    return framed(
        request,
        project,
        "merges.html",
        "Merge requests",
        page=paginate(found, request.query_params.get("page"), 12),
        chosen=chosen,
        members=members_of(request, project),
    )


async def merge(request: Request) -> Response:
    """A merge request with what was said about it and what it changes."""
    return _merge(request)


def _merge(request: Request, status: int = 200, **errors: str) -> Response:
    project = project_of(request)
    found = one_of(request, "merges", project)
    approvals = [one for one in found["approvals"].split(",") if one]
    return framed(
        request,
        project,
        "merge.html",
        "Merge requests",
        status,
        merge=found,
        approvals=approvals,
        notes=_notes(request, "merge", found),
        members=members_of(request, project),
        changes=_changes(project["ref"], found),
        errors=errors,
    )


@signed
async def decide(request: Request) -> Response:
    """Approve a merge request, merge it, mark it as ready, or ask somebody for a review."""
    project = project_of(request)
    found = one_of(request, "merges", project)
    deed = request.path_params["deed"]
    if not may(project["role"], "Maintainer" if deed == "merge" else "Developer"):
        return refused(request, "Merging needs a Maintainer; everything else here a Developer.")
    if found["state"] != "open":
        tell(request, "This merge request is not open any more.")
    elif deed == "merge" and found["draft"]:
        tell(request, "A draft cannot be merged: mark it as ready first.")
    elif deed == "merge":
        write(request, "UPDATE merges SET state='merged' WHERE id=?", found["id"])
        write(request, "UPDATE issues SET state='closed' WHERE project=? AND iid=?", project["id"], found["closes"])
        write(
            request,
            "INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, 12, 4)",
            *(project["id"], sha(project["ref"], f"merge {found['iid']}"), f"Merge: {found['title']}"),
            *(me(request), STAMP, _changes(project["ref"], found)["path"]),
        )
        tell(request, "The merge request was merged.")
    elif deed == "approve":
        given = [one for one in found["approvals"].split(",") if one]
        given = [one for one in given if one != me(request)] if me(request) in given else [*given, me(request)]
        write(request, "UPDATE merges SET approvals=? WHERE id=?", ",".join(given), found["id"])
    elif deed == "ready":
        write(request, "UPDATE merges SET draft = 1 - draft WHERE id=?", found["id"])
    elif deed == "reviewer":
        wanted = first(await fields(request), "reviewer")
        known = {one["user"] for one in members_of(request, project)} | {""}
        if wanted not in known:
            return _merge(request, 422, reviewer="Choose a member of this project.")
        write(request, "UPDATE merges SET reviewer=? WHERE id=?", wanted, found["id"])
        tell(request, "The reviewer was saved.")
    touch(request, "merges", found["id"])
    return goto(f"/{project['ref']}/merge_requests/{found['iid']}")


def _changes(ref: str, merge: dict[str, Any]) -> dict[str, Any]:
    """What a merge request would change: one constant of the file that its branch is named after."""
    part = merge["source"].rpartition("-")[0]
    name = sha(ref, merge["iid"])
    return {"path": f"src/{part}", "old": f"limit = {int(name[:2], 16)}", "new": f"limit = {int(name[2:5], 16)}"}


def _notes(request: Request, kind: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    return rows(request, "SELECT * FROM notes WHERE kind=? AND target=? ORDER BY at, id", kind, found["id"])


def _choices(request: Request, project: dict[str, Any]) -> dict[str, Any]:
    """What an issue of the project can be given."""
    return {
        "members": members_of(request, project),
        "labels": rows(request, "SELECT * FROM labels WHERE project=? ORDER BY name", project["id"]),
        "milestones": rows(request, "SELECT * FROM milestones WHERE project=? ORDER BY due", project["id"]),
    }
