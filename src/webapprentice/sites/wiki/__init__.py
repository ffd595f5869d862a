"""A wiki about a region that does not exist: articles, categories, history, discussion. Members write."""

from pathlib import Path

from webapprentice.sites.site import Site
from webapprentice.sites.wiki.data import ACCOUNTS, build, state
from webapprentice.sites.wiki.pages import ROUTES

_HERE = Path(__file__).parent

SITE = Site(
    name="wiki",
    title="Vennland Wiki",
    build=build,
    routes=ROUTES,
    state=state,
    templates=_HERE / "templates",
    accounts=ACCOUNTS,
    tasks=_HERE / "tasks.json",
    gold=_HERE / "gold.yaml",
)
