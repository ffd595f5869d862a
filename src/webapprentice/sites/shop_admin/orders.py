"""Orders in the back office: found, changed, noted upon, sent."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.shop.catalogue import like
from webapprentice.sites.shop.forms import asked, cents, fields, found
from webapprentice.sites.shop.words import CARRIERS, STATUSES
from webapprentice.sites.shop_admin.office import PAGE, period, staff
from webapprentice.sites.site import TODAY, account, goto, paginate, render, row, rows, tell, write

SORTS = {
    "new": ("Newest first", "o.id DESC"),
    "old": ("Oldest first", "o.id"),
    "total": ("Total, high to low", "o.total DESC, o.id"),
    "total-up": ("Total, low to high", "o.total, o.id"),
}


@staff
async def _orders(request: Request) -> Response:
    since, until, trouble = period(request)
    where, values = ["o.day BETWEEN ? AND ?"], list[object]([since, until])
    for name, condition in (("status", "o.status = ?"), ("delivery", "o.delivery = ?")):
        if asked(request, name):
            where.append(condition)
            values.append(asked(request, name))
    if asked(request, "q"):
        where.append("(c.name LIKE ? ESCAPE '\\' OR o.number LIKE ? ESCAPE '\\')")
        values += [like(asked(request, "q")[:80])] * 2
    if asked(request, "min"):
        least = cents(asked(request, "min"))
        trouble = trouble if least is not None else "The least total is a sum such as 12.50."
        where.append("o.total >= ?")
        values.append(least or 0)
    sort = asked(request, "sort") if asked(request, "sort") in SORTS else "new"
    found_ones = rows(
        request,
        "SELECT o.*, c.name AS customer_name FROM orders o JOIN customers c ON c.id = o.customer"
        f" WHERE {' AND '.join(where)} ORDER BY {SORTS[sort][1]}",
        *values,
    )
    return render(
        request,
        "office_orders.html",
        422 if trouble else 200,
        page=paginate([] if trouble else found_ones, asked(request, "page")[:6], PAGE),
        total=sum(one["total"] for one in found_ones),
        statuses=STATUSES,
        sorts=[(key, label) for key, (label, _) in SORTS.items()],
        sort=sort,
        given={name: asked(request, name) for name in ("status", "delivery", "q", "from", "to", "min")},
        trouble=trouble,
    )


def _order_of(request: Request) -> dict[str, Any]:
    return found(
        row(
            request,
            "SELECT o.*, c.name AS customer_name, c.email AS email, c.grouped AS grouped FROM orders o"
            " JOIN customers c ON c.id = o.customer WHERE number = ?",
            request.path_params["number"],
        )
    )


@staff
async def _order(request: Request) -> Response:
    return _page(request, _order_of(request), {})


def _page(request: Request, order: dict[str, Any], wrong: dict[str, str], **form: str) -> Response:
    return render(
        request,
        "office_order.html",
        422 if wrong else 200,
        order=order,
        lines=rows(request, "SELECT *, price * quantity AS sum FROM lines WHERE ordered = ? ORDER BY id", order["id"]),
        shipments=rows(request, "SELECT * FROM shipments WHERE ordered = ? ORDER BY id", order["id"]),
        notes=rows(request, "SELECT * FROM notes WHERE ordered = ? ORDER BY id", order["id"]),
        returns=rows(
            request,
            "SELECT r.*, l.name FROM returns r JOIN lines l ON l.id = r.line WHERE r.ordered = ? ORDER BY r.id",
            order["id"],
        ),
        statuses=STATUSES,
        carriers=CARRIERS,
        wrong=wrong,
        form={"carrier": "", "tracking": "", "words": "", **form},
    )


@staff
async def _status(request: Request) -> Response:
    order, status = _order_of(request), (await fields(request)).get("status", "")
    if status not in STATUSES:
        return _page(request, order, {"status": "Choose a status."})
    write(request, "UPDATE orders SET status = ? WHERE id = ?", status, order["id"])
    tell(request, f"Order {order['number']} is {status} now.")
    return goto(f"/orders/{order['number']}")


@staff
async def _note(request: Request) -> Response:
    order, form = _order_of(request), await fields(request)
    words, known = form.get("words", ""), account(request)
    if not words:
        return _page(request, order, {"words": "Write the note first."})
    write(
        request,
        "INSERT INTO notes (ordered, author, day, words, shown) VALUES (?,?,?,?,?)",
        *(order["id"], known.name if known else "", TODAY.isoformat(), words, int(form.get("shown") == "yes")),
    )
    tell(request, "The note is saved.")
    return goto(f"/orders/{order['number']}")


@staff
async def _ship(request: Request) -> Response:
    order, form, wrong = _order_of(request), await fields(request), dict[str, str]()
    carrier, tracking = form.get("carrier", ""), form.get("tracking", "")
    if carrier not in CARRIERS:
        wrong["carrier"] = "Choose a carrier."
    if not (tracking.isascii() and tracking.isalnum() and 6 <= len(tracking) <= 30):
        wrong["tracking"] = "A tracking number has 6 to 30 letters and digits."
    if order["status"] in {"Canceled", "Delivered"}:
        wrong["ship"] = f"An order that is {order['status']} cannot be sent."
    if wrong:
        return _page(request, order, wrong, carrier=carrier, tracking=tracking)
    write(
        request,
        "INSERT INTO shipments (ordered, carrier, tracking, day) VALUES (?,?,?,?)",
        *(order["id"], carrier, tracking, TODAY.isoformat()),
    )
    write(request, "UPDATE orders SET status = 'Shipped' WHERE id = ?", order["id"])
    tell(request, f"Order {order['number']} is on its way.")
    return goto(f"/orders/{order['number']}")


ROUTES = [
    Route("/orders", _orders),
    Route("/orders/{number}", _order),
    Route("/orders/{number}/status", _status, methods=["POST"]),
    Route("/orders/{number}/note", _note, methods=["POST"]),
    Route("/orders/{number}/ship", _ship, methods=["POST"]),
]
