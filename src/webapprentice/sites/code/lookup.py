"""What all pages of the code hosting ask: which project, who may do what, and the frame around it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapprentice.sites.code.data import RANKS
from webapprentice.sites.forms import number
from webapprentice.sites.site import NOW, Handler, account, login_first, render, row, rows

STAMP = NOW.strftime("%Y-%m-%d %H:%M")
"""The time of whatever is done now."""


def me(request: Request) -> str:
    """The signed-in user; nothing for a stranger."""
    found = account(request)
    return found.user if found else ""


def role_in(request: Request, project: dict[str, Any]) -> str:
    """The role of the signed-in user in a project; nothing for who is no member."""
    found = row(request, "SELECT role FROM members WHERE project=? AND user=?", project["id"], me(request))
    return str(found["role"]) if found else ""


def may(role: str, least: str) -> bool:
    """Whether a role is at least another."""
    return role in RANKS and RANKS.index(role) >= RANKS.index(least)


def project_of(request: Request) -> dict[str, Any]:
    """The project of the address, with the role of who asks as `role`. Raises HTTPException 404, also for a private
    one of others."""
    ref = f"{request.path_params['namespace']}/{request.path_params['path']}"
    found = row(request, "SELECT * FROM projects WHERE ref=?", ref)
    if found is None:
        raise HTTPException(404)
    found["role"] = role_in(request, found)
    if found["visibility"] == "private" and not found["role"]:
        raise HTTPException(404)
    return found


def visible(alias: str = "projects") -> str:
    """The SQL condition, with one mark for a user, under which a project may be seen."""
    return (
        f"({alias}.visibility = 'public' OR EXISTS (SELECT 1 FROM members WHERE members.project = {alias}.id"
        " AND members.user = ?))"
    )


def one_of(request: Request, table: str, project: dict[str, Any]) -> dict[str, Any]:
    """The issue or merge request of the address. Raises HTTPException 404."""
    iid = number(request.path_params["iid"])
    found = row(request, f"SELECT * FROM {table} WHERE project=? AND iid=?", project["id"], iid)
    if found is None:
        raise HTTPException(404)
    return found


def members_of(request: Request, project: dict[str, Any]) -> list[dict[str, Any]]:
    """Members with their names, by role and then by name."""
    found = rows(
        request,
        "SELECT members.*, users.name FROM members JOIN users USING (user) WHERE project=? ORDER BY users.name",
        project["id"],
    )
    return sorted(found, key=lambda one: -RANKS.index(one["role"]))


def people(request: Request) -> dict[str, str]:
    """Names by user."""
    return {one["user"]: one["name"] for one in rows(request, "SELECT user, name FROM users ORDER BY name")}


def labels_of(request: Request, issues: Sequence[dict[str, Any]]) -> None:
    """Give each issue its labels, as a list of names with colours."""
    marks = ", ".join("?" * len(issues))
    found = rows(
        request,
        f"""SELECT issue, label AS name, colour FROM issue_labels JOIN issues ON issues.id = issue
        JOIN labels ON labels.project = issues.project AND labels.name = label
        WHERE issue IN ({marks}) ORDER BY label""",
        *(issue["id"] for issue in issues),
    )
    for issue in issues:
        issue["labels"] = [one for one in found if one["issue"] == issue["id"]]


def framed(
    request: Request, project: dict[str, Any], template: str, tab: str, status: int = 200, **values: object
) -> Response:
    """A page of a project, below the project's name and tabs."""
    counts = row(
        request,
        """SELECT (SELECT count(*) FROM issues WHERE project = :p AND state = 'open') AS issues,
        (SELECT count(*) FROM merges WHERE project = :p AND state = 'open') AS merges,
        (SELECT count(*) FROM members WHERE project = :p) AS members""".replace(":p", str(project["id"])),
    )
    starred = row(request, "SELECT 1 FROM stars WHERE project=? AND user=?", project["id"], me(request)) is not None
    at = f"/{project['ref']}"
    return render(
        request,
        template,
        status,
        project=project,
        tab=tab,
        at=at,
        counts=counts,
        starred=starred,
        may={least: may(project["role"], least) for least in RANKS},
        names=people(request),
        **values,
    )


def signed(handler: Handler) -> Handler:
    """The page for who is signed in; a stranger is asked to sign in first."""

    @wraps(handler)
    async def asked(request: Request) -> Response:
        if account(request) is None:
            return login_first(request)
        return await handler(request)

    return asked


def refused(request: Request, why: str) -> Response:
    """The page that says that one may not."""
    return render(request, "refused.html", 403, why=why)


def touch(request: Request, table: str, row_id: int) -> None:
    """Mark an issue or merge request as changed now."""
    request.state.database.execute(f"UPDATE {table} SET updated=? WHERE id=?", (STAMP, row_id))
