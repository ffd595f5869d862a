"""Customers, their reviews and their messages in the back office."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.shop.catalogue import like
from webapprentice.sites.shop.forms import asked, fields, found, whole
from webapprentice.sites.shop.words import GROUPS
from webapprentice.sites.shop_admin.office import PAGE, SOLD, staff
from webapprentice.sites.site import goto, paginate, render, row, rows, tell, write

SORTS = {
    "name": ("Name", "name COLLATE NOCASE, id"),
    "orders": ("Most orders", "orders DESC, id"),
    "spent": ("Highest spending", "spent DESC, id"),
    "since": ("Newest customers", "since DESC, id"),
}
SPENDING = (
    "SELECT c.*, a.city AS city, a.street AS street, a.postcode AS postcode,"
    f" (SELECT count(*) FROM orders o WHERE o.customer = c.id AND {SOLD}) AS orders,"
    f" (SELECT coalesce(sum(total), 0) FROM orders o WHERE o.customer = c.id AND {SOLD}) AS spent"
    " FROM customers c LEFT JOIN addresses a ON a.customer = c.id AND a.main"
)


@staff
async def _customers(request: Request) -> Response:
    where, values = ["1"], list[object]()
    if asked(request, "q"):
        where.append("(name LIKE ? ESCAPE '\\' OR email LIKE ? ESCAPE '\\' OR phone LIKE ? ESCAPE '\\')")
        values += [like(asked(request, "q")[:80])] * 3
    for name, condition in (("group", "grouped = ?"), ("city", "city = ?")):
        if asked(request, name):
            where.append(condition)
            values.append(asked(request, name))
    sort = asked(request, "sort") if asked(request, "sort") in SORTS else "name"
    known = rows(request, f"SELECT * FROM ({SPENDING}) WHERE {' AND '.join(where)} ORDER BY {SORTS[sort][1]}", *values)
    return render(
        request,
        "customers.html",
        page=paginate(known, asked(request, "page")[:6], PAGE),
        groups=GROUPS,
        cities=[one["city"] for one in rows(request, "SELECT DISTINCT city FROM addresses ORDER BY city")],
        sorts=[(key, label) for key, (label, _) in SORTS.items()],
        sort=sort,
        given={name: asked(request, name) for name in ("q", "group", "city")},
    )


def _customer_of(request: Request) -> dict[str, Any]:
    known = whole(request.path_params["customer"], 1, 10**9)
    return found(row(request, f"SELECT * FROM ({SPENDING}) WHERE id = ?", known))


@staff
async def _customer(request: Request) -> Response:
    known = _customer_of(request)
    orders = rows(request, "SELECT * FROM orders WHERE customer = ? ORDER BY id DESC", known["id"])
    return render(request, "customer.html", known=known, groups=GROUPS, orders=orders)


@staff
async def _group(request: Request) -> Response:
    known, group = _customer_of(request), (await fields(request)).get("group", "")
    if group not in GROUPS:
        tell(request, "There is no such group.")
    else:
        write(request, "UPDATE customers SET grouped = ? WHERE id = ?", group, known["id"])
        tell(request, f"{known['name']} is in the group {group} now.")
    return goto(f"/customers/{known['id']}")


@staff
async def _reviews(request: Request) -> Response:
    where, values = ["1"], list[object]()
    if asked(request, "status"):
        where.append("r.status = ?")
        values.append(asked(request, "status"))
    if asked(request, "rating"):
        where.append("r.rating = ?")
        values.append(whole(asked(request, "rating"), 1, 5) or 0)
    if asked(request, "q"):
        where.append("(p.name LIKE ? ESCAPE '\\' OR r.author LIKE ? ESCAPE '\\' OR r.title LIKE ? ESCAPE '\\')")
        values += [like(asked(request, "q")[:80])] * 3
    listed = rows(
        request,
        "SELECT r.*, p.name AS product_name FROM reviews r JOIN products p ON p.id = r.product"
        f" WHERE {' AND '.join(where)} ORDER BY r.day DESC, r.id DESC",
        *values,
    )
    return render(
        request,
        "reviews.html",
        page=paginate(listed, asked(request, "page")[:6], PAGE),
        given={name: asked(request, name) for name in ("status", "rating", "q")},
    )


def _review_of(request: Request) -> dict[str, Any]:
    return found(
        row(
            request,
            "SELECT r.*, p.name AS product_name, p.sku AS sku FROM reviews r JOIN products p ON p.id = r.product"
            " WHERE r.id = ?",
            whole(request.path_params["review"], 1, 10**9),
        )
    )


@staff
async def _review(request: Request) -> Response:
    return render(request, "office_review.html", review=_review_of(request))


@staff
async def _approve(request: Request) -> Response:
    review = _review_of(request)
    write(request, "UPDATE reviews SET status = 'Approved' WHERE id = ?", review["id"])
    tell(request, f"The review “{review['title']}” is in the shop now.")
    return goto("/reviews?status=Pending")


@staff
async def _hide(request: Request) -> Response:
    review = _review_of(request)
    write(request, "UPDATE reviews SET status = 'Pending' WHERE id = ?", review["id"])
    tell(request, f"The review “{review['title']}” is no longer in the shop.")
    return goto(f"/reviews/{review['id']}")


@staff
async def _delete(request: Request) -> Response:
    review = _review_of(request)
    write(request, "DELETE FROM reviews WHERE id = ?", review["id"])
    tell(request, f"The review “{review['title']}” is deleted.")
    return goto("/reviews?status=Pending")


@staff
async def _messages(request: Request) -> Response:
    return render(request, "messages.html", messages=rows(request, "SELECT * FROM messages ORDER BY id DESC"))


@staff
async def _answered(request: Request) -> Response:
    number = whole(request.path_params["message"], 1, 10**9)
    found(row(request, "SELECT 1 FROM messages WHERE id = ?", number))
    write(request, "UPDATE messages SET answered = 1 WHERE id = ?", number)
    tell(request, f"Message {number} is answered.")
    return goto("/messages")


ROUTES = [
    Route("/customers", _customers),
    Route("/customers/{customer}", _customer),
    Route("/customers/{customer}/group", _group, methods=["POST"]),
    Route("/reviews", _reviews),
    Route("/reviews/{review}", _review),
    Route("/reviews/{review}/approve", _approve, methods=["POST"]),
    Route("/reviews/{review}/hide", _hide, methods=["POST"]),
    Route("/reviews/{review}/delete", _delete, methods=["POST"]),
    Route("/messages", _messages),
    Route("/messages/{message}/answered", _answered, methods=["POST"]),
]
