"""Who works on a project, towards what, and how it is set up."""

from __future__ import annotations

import re
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from webapprentice.sites.code.data import RANKS
from webapprentice.sites.code.lookup import framed, may, me, members_of, people, project_of, refused, signed
from webapprentice.sites.forms import fields, first
from webapprentice.sites.site import TODAY, goto, row, rows, tell, write

GIVEN = RANKS[:-1]
"""Roles that can be given; an owner stays an owner."""


async def members(request: Request) -> Response:
    """Members, and for a maintainer what changes them: add, a new role, remove."""
    project = project_of(request)
    errors: dict[str, str] = {}
    form: dict[str, list[str]] = {}
    if request.method == "POST":
        if not me(request) or not may(project["role"], "Maintainer"):
            return refused(request, "Only maintainers and owners may change who is a member.")
        form = await fields(request)
        deed, user, role = first(form, "deed"), first(form, "user"), first(form, "role")
        known = {one["user"]: one["role"] for one in members_of(request, project)}
        if deed == "remove" and known.get(user, "Owner") != "Owner":
            write(request, "DELETE FROM members WHERE project=? AND user=?", project["id"], user)
        elif role not in GIVEN:
            errors["role"] = "Choose a role."
        elif deed == "change" and known.get(user, "Owner") != "Owner":
            write(request, "UPDATE members SET role=? WHERE project=? AND user=?", role, project["id"], user)
        elif deed != "add":
            errors["user"] = "An owner stays an owner, and a stranger has no role."
        elif user not in people(request):
            errors["user"] = "There is nobody of this user name."
        elif user in known:
            errors["user"] = "This person is a member already."
        else:
            write(request, "INSERT INTO members VALUES (?, ?, ?, ?)", project["id"], user, role, TODAY.isoformat())
        if not errors:
            tell(request, "The members were saved.")
            return goto(f"/{project['ref']}/members")
    return framed(
        request,
        project,
        "members.html",
        "Members",
        422 if errors else 200,
        members=members_of(request, project),
        roles=GIVEN,
        values={"user": first(form, "user"), "role": first(form, "role")},
        errors=errors,
    )


async def milestones(request: Request) -> Response:
    """Milestones with how much of each is done."""
    project = project_of(request)
    found = rows(
        request,
        """SELECT milestones.*, (SELECT count(*) FROM issues WHERE milestone = milestones.id) AS total,
        (SELECT count(*) FROM issues WHERE milestone = milestones.id AND state = 'closed') AS done
        FROM milestones WHERE project=? ORDER BY due""",
        project["id"],
    )
    return framed(request, project, "milestones.html", "Milestones", milestones=found)


@signed
async def new_milestone(request: Request) -> Response:
    """A milestone with a title, a start and a due date."""
    project = project_of(request)
    if not may(project["role"], "Developer"):
        return refused(request, "Only members from Developer on may make milestones.")
    values, errors = {"title": "", "about": "", "start": "", "due": ""}, {}
    if request.method == "POST":
        form = await fields(request)
        values = {name: first(form, name) for name in values}
        if not values["title"]:
            errors["title"] = "A milestone needs a title."
        for name in ("start", "due"):
            if values[name] and not _dated(values[name]):
                errors[name] = "Write the date as 2026-04-30."
        if not errors and values["start"] and values["due"] and values["due"] < values["start"]:
            errors["due"] = "The due date lies before the start."
        if not errors:
            write(
                request,
                "INSERT INTO milestones VALUES (NULL, ?, ?, ?, ?, ?, 'open')",
                *(project["id"], values["title"], values["about"], values["start"], values["due"]),
            )
            tell(request, "The milestone was created.")
            return goto(f"/{project['ref']}/milestones")
    return framed(
        request, project, "new_milestone.html", "Milestones", 422 if errors else 200, values=values, errors=errors
    )


async def labels(request: Request) -> Response:
    """Labels with their meaning and how many issues have them; a form for another."""
    project = project_of(request)
    errors: dict[str, str] = {}
    if request.method == "POST":
        if not may(project["role"], "Reporter"):
            return refused(request, "Only members from Reporter on may make labels.")
        form = await fields(request)
        name, colour = first(form, "name"), first(form, "colour") or "#566573"
        if not 1 <= len(name) <= 40:
            errors["name"] = "A label has 1 to 40 characters."
        elif row(request, "SELECT 1 FROM labels WHERE project=? AND name=?", project["id"], name):
            errors["name"] = "There is already a label of this name."
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            errors["colour"] = "Write the colour as #1a56b0."
        if not errors:
            write(request, "INSERT INTO labels VALUES (?, ?, ?, ?)", project["id"], name, colour, first(form, "about"))
            tell(request, "The label was created.")
            return goto(f"/{project['ref']}/labels")
    found = rows(
        request,
        """SELECT labels.*, (SELECT count(*) FROM issue_labels JOIN issues ON issues.id = issue
        WHERE issues.project = labels.project AND label = labels.name) AS issues FROM labels
        WHERE project=? ORDER BY name""",
        project["id"],
    )
    return framed(request, project, "labels.html", "Labels", 422 if errors else 200, labels=found, errors=errors)


@signed
async def settings(request: Request) -> Response:
    """Description and who may see the project."""
    project = project_of(request)
    if not may(project["role"], "Maintainer"):
        return refused(request, "Only maintainers and owners may change the settings.")
    errors: dict[str, str] = {}
    if request.method == "POST":
        form = await fields(request)
        project["about"], project["visibility"] = first(form, "about"), first(form, "visibility")
        if not 1 <= len(project["about"]) <= 200:
            errors["about"] = "A description has 1 to 200 characters."
        if project["visibility"] not in ("public", "private"):
            errors["visibility"] = "Choose who may see the project."
        if not errors:
            write(
                request,
                "UPDATE projects SET about=?, visibility=? WHERE id=?",
                *(project["about"], project["visibility"], project["id"]),
            )
            tell(request, "The settings were saved.")
            return goto(f"/{project['ref']}/settings")
    return framed(request, project, "settings.html", "Settings", 422 if errors else 200, errors=errors)


def _dated(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
