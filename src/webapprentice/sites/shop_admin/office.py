"""What the pages of the back office share, its first page and the sums on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.shop.forms import asked, day
from webapprentice.sites.shop.words import STATUSES
from webapprentice.sites.site import TODAY, Handler, account, login_first, render, row, rows

SOLD = "o.status <> 'Canceled'"
"""Orders that count as sales."""
LOW = 5
"""Stock below which a product is listed as nearly gone."""
PAGE = 20


def staff(handler: Callable[[Request], Awaitable[Response]]) -> Handler:
    """A page for who works here; strangers are sent to the login page."""

    @wraps(handler)
    async def page(request: Request) -> Response:
        return login_first(request) if account(request) is None else await handler(request)

    return page


def number(request: Request, query: str, *values: object) -> int:
    """The one number that a query gives; 0 for NULL."""
    found = row(request, query, *values)
    return next(iter(found.values())) or 0 if found else 0


def best_sellers(request: Request, since: str, until: str, most: int = 1000) -> list[dict[str, Any]]:
    """Products by pieces sold in a period, days included: sku, name, pieces, revenue in cents."""
    return rows(
        request,
        "SELECT l.sku, l.name, sum(l.quantity) AS pieces, sum(l.price * l.quantity) AS revenue FROM lines l"
        f" JOIN orders o ON o.id = l.ordered WHERE {SOLD} AND o.day BETWEEN ? AND ? GROUP BY l.product"
        " ORDER BY pieces DESC, revenue DESC, l.sku LIMIT ?",
        *(since, until, most),
    )


def sales(request: Request, since: str, until: str) -> dict[str, Any]:
    """Number and revenue in cents of the orders of a period, days included."""
    return row(
        request,
        "SELECT count(*) AS orders, coalesce(sum(total), 0) AS revenue FROM orders o"
        f" WHERE {SOLD} AND day BETWEEN ? AND ?",
        *(since, until),
    ) or {"orders": 0, "revenue": 0}


def period(request: Request) -> tuple[str, str, str]:
    """First and last day that the address asks for, and what is wrong with it."""
    since, until, trouble = asked(request, "from"), asked(request, "to"), ""
    for given in (since, until):
        if given and day(given) is None:
            trouble = f"“{given[:20]}” is not a day: write it as 2026-03-16."
    first, last = day(since) or "2000-01-01", day(until) or TODAY.isoformat()
    if first > last:
        trouble = "The period ends before it begins."
    return first, last, trouble


PERIODS = {
    "month": ("This month", "2026-03-01", "2026-03-16"),
    "last": ("Last month", "2026-02-01", "2026-02-28"),
    "year": ("This year", "2026-01-01", "2026-03-16"),
    "2025": ("Year 2025", "2025-01-01", "2025-12-31"),
}


@staff
async def _dashboard(request: Request) -> Response:
    chosen = asked(request, "period") if asked(request, "period") in PERIODS else "month"
    _, since, until = PERIODS[chosen]
    counts = {
        one["status"]: one["n"] for one in rows(request, "SELECT status, count(*) AS n FROM orders GROUP BY status")
    }
    return render(
        request,
        "dashboard.html",
        chosen=chosen,
        periods=PERIODS,
        sales=sales(request, since, until),
        best=best_sellers(request, since, until, 5),
        counts=[(status, counts.get(status, 0)) for status in STATUSES],
        latest=rows(
            request,
            "SELECT o.*, c.name AS customer_name FROM orders o JOIN customers c ON c.id = o.customer"
            " ORDER BY o.id DESC LIMIT 5",
        ),
        waiting=number(request, "SELECT count(*) FROM reviews WHERE status = 'Pending'"),
        unanswered=number(request, "SELECT count(*) FROM messages WHERE NOT answered"),
        low=number(request, "SELECT count(*) FROM products WHERE enabled AND stock < ?", LOW),
    )


KINDS = {
    "sales": "Sales by month",
    "days": "Sales by day",
    "products": "Best sellers",
    "brands": "Brands",
    "customers": "Customers",
    "coupons": "Coupons",
    "returns": "Returns",
}


@staff
async def _reports(request: Request) -> Response:
    kind = asked(request, "kind") if asked(request, "kind") in KINDS else "sales"
    since, until, trouble = period(request)
    heads, body = _table(request, kind, since, until)
    return render(
        request,
        "reports.html",
        422 if trouble else 200,
        kinds=KINDS,
        kind=kind,
        given={"from": asked(request, "from"), "to": asked(request, "to")},
        trouble=trouble,
        heads=heads,
        table=[] if trouble else body[:200],
    )


def _table(request: Request, kind: str, since: str, until: str) -> tuple[tuple[str, ...], list[list[object]]]:
    """Heads and rows of a report; what ends in `(cents)` there is money."""
    if kind == "products":
        best = best_sellers(request, since, until)
        return ("Article", "Product", "Pieces", "Revenue"), [
            [one["sku"], one["name"], one["pieces"], money(one["revenue"])] for one in best
        ]
    heads, query = _QUERIES[kind]
    found = rows(request, query, since, until)
    return heads, [[money(value) if key == "money" else value for key, value in one.items()] for one in found]


def money(cents: int) -> str:
    """Dollars as they are written on the pages."""
    return f"${cents / 100:,.2f}"


_QUERIES = {
    "sales": (
        ("Month", "Orders", "Revenue"),
        f"SELECT substr(day, 1, 7) AS month, count(*), sum(total) AS money FROM orders o WHERE {SOLD}"
        " AND day BETWEEN ? AND ? GROUP BY month ORDER BY month",
    ),
    "days": (
        ("Day", "Orders", "Revenue"),
        f"SELECT day, count(*), sum(total) AS money FROM orders o WHERE {SOLD} AND day BETWEEN ? AND ?"
        " GROUP BY day ORDER BY day DESC",
    ),
    "brands": (
        ("Brand", "Pieces", "Revenue"),
        "SELECT p.brand, sum(l.quantity) AS pieces, sum(l.price * l.quantity) AS money FROM lines l"
        f" JOIN orders o ON o.id = l.ordered JOIN products p ON p.id = l.product WHERE {SOLD}"
        " AND o.day BETWEEN ? AND ? GROUP BY p.brand ORDER BY money DESC, p.brand",
    ),
    "customers": (
        ("Customer", "Orders", "Revenue"),
        "SELECT c.name, count(*) AS n, sum(total) AS money FROM orders o JOIN customers c ON c.id = o.customer"
        f" WHERE {SOLD} AND o.day BETWEEN ? AND ? GROUP BY c.id ORDER BY money DESC, c.name",
    ),
    "coupons": (
        ("Coupon", "Orders", "Discount"),
        f"SELECT coupon, count(*) AS n, sum(discount) AS money FROM orders o WHERE {SOLD} AND coupon <> ''"
        " AND day BETWEEN ? AND ? GROUP BY coupon ORDER BY n DESC, coupon",
    ),
    "returns": (
        ("Reason", "Returns", "Pieces"),
        "SELECT r.reason, count(*) AS n, sum(r.quantity) AS pieces FROM returns r JOIN orders o ON o.id = r.ordered"
        " WHERE o.day BETWEEN ? AND ? GROUP BY r.reason ORDER BY n DESC, r.reason",
    ),
}

ROUTES = [Route("/", _dashboard), Route("/reports", _reports)]
