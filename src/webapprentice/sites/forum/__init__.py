"""A forum of twelve boards: threads, votes, comments in a tree, messages and moderation by role."""

from pathlib import Path

from webapprentice.sites.forum.data import ACCOUNTS, build, state
from webapprentice.sites.forum.pages import ROUTES
from webapprentice.sites.site import Site

_HERE = Path(__file__).parent

SITE = Site(
    name="forum",
    title="Commons Forum",
    build=build,
    routes=ROUTES,
    state=state,
    templates=_HERE / "templates",
    accounts=ACCOUNTS,
    tasks=_HERE / "tasks.json",
    gold=_HERE / "gold.yaml",
)
