"""The `func:` helpers of records: the released evaluators' five, and `site_state` for local applications.

The five follow from facts about the applications: Magento's REST interface, Postmill's addresses, GitLab's members
page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.tasks.webarena.looking import Looker, Page, ScriptError

SHOP: Final = "shopping"
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?\d+)\]|\[([^\[\]=]+)=([^\[\]]*)\]")


class Scene(NamedTuple):
    """What a helper has besides its arguments."""

    looker: Looker
    page: Page
    """The target's page."""
    addresses: Mapping[str, str]
    states: dict[str, Any]
    """Where values of local applications' states are noted, by `site:path`."""


Helper = Callable[..., Awaitable[str]]
"""Takes a `Scene` and the call's arguments, gives a text; raises FaultError where it cannot."""


async def reddit_get_post_url(_: Scene, url: str) -> str:
    """The address of the post that a forum page belongs to; the page's own where it belongs to none."""
    parts = urlsplit(url)
    path = parts.path.split("/")
    if len(path) < 4 or path[1] != "f":
        return url
    return f"{parts.scheme}://{parts.netloc}/f/{path[2]}/{path[3]}/"


async def gitlab_get_project_memeber_role(scene: Scene, account: str) -> str:
    """The role of an account on a project's members page; empty where it is no member. The name is the records'."""
    wanted = json.dumps(f"@{account}")
    try:
        found = await scene.page.evaluate(
            "(() => { const name = [...document.querySelectorAll("
            "\"td[data-label='Account'] span.gl-avatar-labeled-sublabel\")]"
            f".find(one => one.outerText === {wanted});"
            "const role = name?.closest('tr')?.querySelector('td.col-max-role span');"
            "return role ? role.outerText : ''; })()"
        )
    except ScriptError:
        return ""
    return str(found)


async def shopping_get_latest_order_url(scene: Scene) -> str:
    """The page of the newest order of all, as the shop's customer sees it.

    As released, the order's number (`increment_id`) is taken for its id, which holds in WebArena's shop.
    """
    query = {
        "searchCriteria[sortOrders][0][field]": "created_at",
        "searchCriteria[sortOrders][0][direction]": "DESC",
        "searchCriteria[pageSize]": "1",
    }
    found = await _shop(scene, f"/rest/V1/orders?{urlencode(query)}")
    try:
        number = int(found["items"][0]["increment_id"])
    except (LookupError, TypeError, ValueError):
        _failed("the shop names no order")
    return f"{_address(scene, SHOP)}/sales/order/view/order_id/{number}/"


async def shopping_get_sku_latest_review_author(scene: Scene, sku: str) -> str:
    """Who wrote the newest review of a product; empty where it has none."""
    review = await _latest_review(scene, sku)
    return str(review.get("nickname", "")) if review else ""


async def shopping_get_sku_latest_review_rating(scene: Scene, sku: str) -> str:
    """The newest review's rating in per cent, as text; empty where there is no review."""
    review = await _latest_review(scene, sku)
    if not review:
        return ""
    try:
        return str(review["ratings"][0]["percent"])
    except (LookupError, TypeError):
        _failed(f"the newest review of {sku} has no rating")


async def site_state(scene: Scene, site: str, path: str = "") -> str:
    """A value of a local application's state: a text as it is, anything else as JSON; empty where there is none.

    A path goes by names and list places, `orders[-1].total`, and by the first of a list that has a field,
    `issues[title=Broken link].labels`.
    """
    value = value_at(await scene.looker.state(site), path)
    scene.states[f"{site}:{path}"] = value
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


HELPERS: Final[Mapping[str, Helper]] = {
    helper.__name__: helper
    for helper in (
        reddit_get_post_url,
        gitlab_get_project_memeber_role,
        shopping_get_latest_order_url,
        shopping_get_sku_latest_review_author,
        shopping_get_sku_latest_review_rating,
        site_state,
    )
}


def value_at(value: Any, path: str) -> Any:
    """The part of a JSON value that a path leads to; None where it leads nowhere. Raises FaultError for no path."""
    place = 0
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            _failed(f"{path!r} is no path such as orders[-1].total")
        place = step.end()
        name, index, field, wanted = step.groups()
        value = _inside(value, name, index, field, wanted)
    return value


def _inside(value: Any, name: str | None, index: str | None, field: str | None, wanted: str | None) -> Any:
    if name is not None:
        return value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if index is not None:
        return value[int(index)] if -len(value) <= int(index) < len(value) else None
    return next((one for one in value if isinstance(one, dict) and str(one.get(field)) == wanted), None)


async def _latest_review(scene: Scene, sku: str) -> dict[str, Any] | None:
    found = await _shop(scene, f"/rest/V1/products/{quote(sku, safe='')}/reviews")
    if not isinstance(found, list):
        _failed(f"the shop names no reviews of {sku}")
    return found[-1] if found and isinstance(found[-1], dict) else None


async def _shop(scene: Scene, path: str) -> Any:
    """What the shop's REST interface answers its administrator, asked from a page of the shop's own origin."""
    account = scene.looker.accounts.get("shopping_admin")
    if account is None:
        _failed("the account of the shop's administrator is not known")
    base = _address(scene, SHOP)
    page = await scene.looker.open(f"{base}/robots.txt")
    try:
        who = json.dumps({"username": account[0], "password": account[1]})
        token = await _fetch(page, f"{base}/rest/default/V1/integration/admin/token", {"method": "POST", "body": who})
        return await _fetch(page, base + path, {"headers": {"Authorization": f"Bearer {token}"}})
    finally:
        await page.close()


async def _fetch(page: Page, url: str, how: dict[str, Any]) -> Any:
    headers = {"Content-Type": "application/json", **how.pop("headers", {})}
    options = json.dumps({"credentials": "omit", "headers": headers, **how})
    try:
        found = await page.evaluate(
            f"fetch({json.dumps(url)}, {options}).then(async one => [one.status, await one.text()])"
        )
        status, text = int(found[0]), str(found[1])
    except (ScriptError, TypeError, LookupError, ValueError) as error:
        line = f"the shop did not answer {urlsplit(url).path}: {str(error)[:150]}"
        raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="site_down", message=line)) from error
    if status >= 500:
        line = f"the shop answered {urlsplit(url).path} with status {status}"
        raise FaultError(Fault(owner=Owner.ENVIRONMENT, kind="site_down", message=line))
    if status != 200:
        _failed(f"the shop answered {urlsplit(url).path} with status {status}")
    try:
        return json.loads(text)
    except ValueError:
        _failed(f"the shop's answer to {urlsplit(url).path} is no JSON")


def _address(scene: Scene, site: str) -> str:
    found = scene.addresses.get(site)
    if found is None:
        _failed(f"the address of the site {site!r} is not known")
    return found


def _failed(why: str) -> NoReturn:
    raise FaultError(Fault(owner=Owner.EVALUATOR, kind="helper_failed", message=why))
