"""The back office of the shop: the same database, seen by those who work there."""

from pathlib import Path

from webapprentice.sites.shop.data import build
from webapprentice.sites.shop.state import state
from webapprentice.sites.shop_admin import goods, office, orders, people
from webapprentice.sites.site import Account, Site

HERE = Path(__file__).parent

SITE = Site(
    name="shop_admin",
    title="Hearth & Field back office",
    build=build,
    routes=[*office.ROUTES, *orders.ROUTES, *goods.ROUTES, *people.ROUTES],
    state=state,
    templates=HERE / "templates",
    accounts={
        "admin": Account("admin", "copper-88-kettle", "Alma Reyes", "admin"),
        "clerk": Account("clerk", "paper-31-window", "Ned Farrow", "clerk"),
    },
    shares="shop",
    tasks=HERE / "tasks.json",
    gold=HERE / "gold.yaml",
)
