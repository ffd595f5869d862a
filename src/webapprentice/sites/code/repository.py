"""Pages of what a project holds: its first page, files, commits and contributors; stars and forks."""

from __future__ import annotations

from collections import Counter

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from webapprentice.sites.code.lookup import framed, me, project_of, signed
from webapprentice.sites.code.pages import add_project, name_trouble
from webapprentice.sites.forms import asked
from webapprentice.sites.site import goto, paginate, row, rows, tell, write


async def overview(request: Request) -> Response:
    """The folder at the top, the latest commit and the page of introduction."""
    project = project_of(request)
    readme = row(request, "SELECT body FROM files WHERE project=? AND path='README.md'", project["id"])
    last = row(request, "SELECT * FROM commits WHERE project=? ORDER BY at DESC LIMIT 1", project["id"])
    return framed(
        request,
        project,
        "project.html",
        "Overview",
        entries=_entries(request, project["id"], ""),
        readme=readme["body"] if readme else "",
        last=last,
    )


async def tree(request: Request) -> Response:
    """A folder."""
    project = project_of(request)
    folder = request.path_params["file"].strip("/")
    entries = _entries(request, project["id"], folder)
    if not entries:
        raise HTTPException(404)
    return framed(request, project, "tree.html", "Files", folder=folder, entries=entries, crumbs=_crumbs(folder))


async def blob(request: Request) -> Response:
    """A file with numbered lines."""
    project = project_of(request)
    path = request.path_params["file"].strip("/")
    found = row(request, "SELECT * FROM files WHERE project=? AND path=?", project["id"], path)
    if found is None:
        raise HTTPException(404)
    last = row(
        request, "SELECT * FROM commits WHERE project=? AND path=? ORDER BY at DESC LIMIT 1", project["id"], path
    )
    lines = found["body"].rstrip("\n").split("\n")
    return framed(request, project, "blob.html", "Files", path=path, lines=lines, last=last, crumbs=_crumbs(path))


async def raw(request: Request) -> Response:
    """A file as it is."""
    project = project_of(request)
    path = request.path_params["file"].strip("/")
    found = row(request, "SELECT body FROM files WHERE project=? AND path=?", project["id"], path)
    if found is None:
        raise HTTPException(404)
    return PlainTextResponse(found["body"], headers={"X-Content-Type-Options": "nosniff"})


async def commits(request: Request) -> Response:
    """Commits, the latest first, of one author or all."""
    project = project_of(request)
    author, said = asked(request, "author"), asked(request, "q")
    found = rows(
        request,
        """SELECT * FROM commits WHERE project=? AND (? = '' OR author = ?)
        AND instr(lower(message), lower(?)) > 0 ORDER BY at DESC""",
        *(project["id"], author, author, said),
    )
    authors = [
        one["author"]
        for one in rows(request, "SELECT DISTINCT author FROM commits WHERE project=? ORDER BY 1", project["id"])
    ]
    page = paginate(found, request.query_params.get("page"), 10)
    return framed(request, project, "commits.html", "Commits", page=page, author=author, authors=authors, said=said)


async def commit(request: Request) -> Response:
    """One commit."""
    project = project_of(request)
    found = row(request, "SELECT * FROM commits WHERE project=? AND sha=?", project["id"], request.path_params["sha"])
    if found is None:
        raise HTTPException(404)
    return framed(request, project, "commit.html", "Commits", commit=found)


async def contributors(request: Request) -> Response:
    """Who made how many commits."""
    project = project_of(request)
    found = rows(request, "SELECT author, at, added, removed FROM commits WHERE project=?", project["id"])
    counted = Counter(one["author"] for one in found).most_common()
    table = [
        {
            "author": author,
            "commits": count,
            "added": sum(one["added"] for one in found if one["author"] == author),
            "removed": sum(one["removed"] for one in found if one["author"] == author),
            "last": max(one["at"] for one in found if one["author"] == author)[:10],
        }
        for author, count in sorted(counted, key=lambda pair: (-pair[1], pair[0]))
    ]
    return framed(request, project, "contributors.html", "Contributors", table=table)


@signed
async def star(request: Request) -> Response:
    """Star a project, or take the star back."""
    project = project_of(request)
    starred = row(request, "SELECT 1 FROM stars WHERE project=? AND user=?", project["id"], me(request))
    if starred:
        write(request, "DELETE FROM stars WHERE project=? AND user=?", project["id"], me(request))
    else:
        write(request, "INSERT INTO stars VALUES (?, ?)", project["id"], me(request))
    write(request, "UPDATE projects SET stars = stars + ? WHERE id=?", -1 if starred else 1, project["id"])
    return goto(f"/{project['ref']}")


@signed
async def fork(request: Request) -> Response:
    """A copy of one's own of a project."""
    project = project_of(request)
    trouble = name_trouble(request, me(request), project["path"])
    if trouble:
        tell(request, f"The project was not forked. {trouble}")
        return goto(f"/{project['ref']}")
    add_project(
        request,
        *(me(request), project["path"], project["about"], project["language"], project["visibility"]),
        forked_from=project["ref"],
    )
    write(request, "UPDATE projects SET forks = forks + 1 WHERE id=?", project["id"])
    tell(request, "The project was forked.")
    return goto(f"/{me(request)}/{project['path']}")


def _entries(request: Request, project: int, folder: str) -> list[dict[str, object]]:
    """Folders and files directly in a folder, folders first."""
    prefix = f"{folder}/" if folder else ""
    files = rows(request, "SELECT path, length(body) AS size FROM files WHERE project=? ORDER BY path", project)
    below = [(one["path"].removeprefix(prefix), one["size"]) for one in files if one["path"].startswith(prefix)]
    folders = sorted({path.partition("/")[0] for path, _ in below if "/" in path})
    return [
        *({"name": name, "folder": True, "path": prefix + name, "size": None} for name in folders),
        *(
            {"name": path, "folder": False, "path": prefix + path, "size": size}
            for path, size in below
            if "/" not in path
        ),
    ]


def _crumbs(path: str) -> list[tuple[str, str]]:
    """Name and path of every folder on the way, and of the last part."""
    parts = path.split("/")
    return [(part, "/".join(parts[: n + 1])) for n, part in enumerate(parts)]
