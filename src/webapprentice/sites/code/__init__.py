"""Code hosting with an issue tracker: groups, projects, files, commits, issues, merge requests, members."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from webapprentice.sites.code import pages, repository, team, tracker, words
from webapprentice.sites.code.data import build, state
from webapprentice.sites.site import Account, Site

_HERE = Path(__file__).parent
_BOTH = ["GET", "POST"]
_AT = "/{namespace}/{path}"

SITE = Site(
    name="code",
    title="Codeyard",
    build=build,
    state=state,
    templates=_HERE / "templates",
    accounts={
        user: Account(user, f"{user}-at-codeyard", name)
        for user, name, *_ in words.PEOPLE
        if user in ("mira", "tobias", "luca")
    },
    tasks=_HERE / "tasks.json",
    gold=_HERE / "gold.yaml",
    routes=[
        Route("/", pages.home),
        Route("/explore", pages.explore),
        Route("/search", pages.search),
        Route("/suggest", pages.suggest),
        Route("/groups", pages.groups),
        Route("/profile", pages.profile, methods=_BOTH),
        Route("/issues", pages.mine),
        Route("/merge_requests", pages.mine),
        Route("/new/project", pages.new_project, methods=_BOTH),
        Route("/new/group", pages.new_group, methods=_BOTH),
        Route(f"{_AT}/tree/{{file:path}}", repository.tree),
        Route(f"{_AT}/blob/{{file:path}}", repository.blob),
        Route(f"{_AT}/raw/{{file:path}}", repository.raw),
        Route(f"{_AT}/commits", repository.commits),
        Route(f"{_AT}/commits/{{sha}}", repository.commit),
        Route(f"{_AT}/contributors", repository.contributors),
        Route(f"{_AT}/star", repository.star, methods=["POST"]),
        Route(f"{_AT}/fork", repository.fork, methods=["POST"]),
        Route(f"{_AT}/issues", tracker.issues),
        Route(f"{_AT}/issues/new", tracker.new_issue, methods=_BOTH),
        Route(f"{_AT}/issues/{{iid}}", tracker.issue),
        Route(f"{_AT}/issues/{{iid}}/edit", tracker.edit_issue, methods=["POST"]),
        Route(f"{_AT}/issues/{{iid}}/comment", tracker.comment, methods=["POST"]),
        Route(f"{_AT}/merge_requests", tracker.merges),
        Route(f"{_AT}/merge_requests/{{iid}}", tracker.merge),
        Route(f"{_AT}/merge_requests/{{iid}}/comment", tracker.comment, methods=["POST"]),
        Route(f"{_AT}/merge_requests/{{iid}}/{{deed}}", tracker.decide, methods=["POST"]),
        Route(f"{_AT}/members", team.members, methods=_BOTH),
        Route(f"{_AT}/milestones", team.milestones),
        Route(f"{_AT}/milestones/new", team.new_milestone, methods=_BOTH),
        Route(f"{_AT}/labels", team.labels, methods=_BOTH),
        Route(f"{_AT}/settings", team.settings, methods=_BOTH),
        Route(_AT, repository.overview),
        Route("/{namespace}", pages.namespace),
    ],
)
