"""A shop: catalogue, cart, checkout, and what belongs to a customer."""

from pathlib import Path

from webapprentice.sites.shop import buying, catalogue, member
from webapprentice.sites.shop.data import build
from webapprentice.sites.shop.state import state
from webapprentice.sites.site import Account, Site

HERE = Path(__file__).parent

SITE = Site(
    name="shop",
    title="Hearth & Field",
    build=build,
    routes=[*catalogue.ROUTES, *buying.ROUTES, *member.ROUTES],
    state=state,
    templates=HERE / "templates",
    accounts={
        "emma": Account("emma", "maple-42-lantern", "Emma Sandberg"),
        "jonas": Account("jonas", "river-17-bicycle", "Jonas Weller"),
    },
    tasks=HERE / "tasks.json",
    gold=HERE / "gold.yaml",
)
