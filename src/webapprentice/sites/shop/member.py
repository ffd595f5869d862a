"""What belongs to a customer: orders, returns, addresses, details; and the newsletter and the contact form."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.shop.buying import put
from webapprentice.sites.shop.catalogue import like, show
from webapprentice.sites.shop.forms import (
    address_of_mail,
    asked,
    customer,
    fields,
    fields_and_file,
    found,
    members,
    whole,
)
from webapprentice.sites.shop.words import RETURN_REASONS, STATUSES, TOPICS
from webapprentice.sites.site import TODAY, files, goto, paginate, row, rows, tell, write

RETURN_DAYS = 60
FILE_BYTES = 2_000_000


@members
async def _overview(request: Request, known: dict[str, Any]) -> Response:
    return show(
        request,
        "account.html",
        known=known,
        orders=_orders_of(request, known)[:3],
        address=row(request, "SELECT * FROM addresses WHERE customer = ? AND main", known["id"]),
        subscribed=row(request, "SELECT 1 FROM newsletter WHERE email = ?", known["email"]) is not None,
    )


def _orders_of(request: Request, known: dict[str, Any], status: str = "", words: str = "") -> list[dict[str, Any]]:
    """Orders of a customer, the latest first, of one status and with something of this name."""
    return rows(
        request,
        "SELECT o.*, (SELECT sum(quantity) FROM lines WHERE ordered = o.id) AS pieces FROM orders o WHERE customer = ?"
        " AND (? = '' OR status = ?) AND (number LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM lines WHERE ordered = o.id"
        " AND name LIKE ? ESCAPE '\\')) ORDER BY o.id DESC",
        *(known["id"], status, status, like(words), like(words)),
    )


@members
async def _orders(request: Request, known: dict[str, Any]) -> Response:
    status, words = asked(request, "status"), asked(request, "q")[:80]
    orders = paginate(_orders_of(request, known, status, words), asked(request, "page")[:6], 8)
    return show(request, "orders.html", page=orders, statuses=STATUSES, chosen=status, words=words)


def _order_of(request: Request, known: dict[str, Any]) -> dict[str, Any]:
    number = request.path_params["number"]
    return found(row(request, "SELECT * FROM orders WHERE number = ? AND customer = ?", number, known["id"]))


def _lines_of(request: Request, order: dict[str, Any]) -> list[dict[str, Any]]:
    return rows(request, "SELECT *, price * quantity AS sum FROM lines WHERE ordered = ? ORDER BY id", order["id"])


def _returnable(order: dict[str, Any]) -> bool:
    since = date.fromisoformat(order["day"])
    return order["status"] == "Delivered" and TODAY - since <= timedelta(days=RETURN_DAYS)


@members
async def _order(request: Request, known: dict[str, Any]) -> Response:
    order = _order_of(request, known)
    return show(
        request,
        "order.html",
        order=order,
        lines=_lines_of(request, order),
        shipments=rows(request, "SELECT * FROM shipments WHERE ordered = ?", order["id"]),
        notes=rows(request, "SELECT * FROM notes WHERE ordered = ? AND shown ORDER BY id", order["id"]),
        returns=rows(
            request,
            "SELECT r.*, l.name FROM returns r JOIN lines l ON l.id = r.line WHERE r.ordered = ? ORDER BY r.id",
            order["id"],
        ),
        returnable=_returnable(order),
        cancelable=order["status"] in {"Pending", "Processing", "On hold"},
    )


@members
async def _cancel(request: Request, known: dict[str, Any]) -> Response:
    order = _order_of(request, known)
    if order["status"] in {"Pending", "Processing", "On hold"}:
        write(request, "UPDATE orders SET status = 'Canceled' WHERE id = ?", order["id"])
        tell(request, f"Order {order['number']} is canceled.")
    else:
        tell(request, "This order can no longer be canceled.")
    return goto(f"/account/orders/{order['number']}")


@members
async def _reorder(request: Request, known: dict[str, Any]) -> Response:
    order = _order_of(request, known)
    for line in _lines_of(request, order):
        product = row(request, "SELECT * FROM products WHERE id = ? AND enabled", line["product"])
        trouble = put(request, product, line["choice"], line["quantity"]) if product else "It is no longer on sale."
        tell(request, trouble or f"{line['name']} is in your cart.")
    return goto("/cart")


@members
async def _return(request: Request, known: dict[str, Any]) -> Response:
    order = _order_of(request, known)
    if not _returnable(order):
        tell(request, f"Only what was delivered in the last {RETURN_DAYS} days can be sent back.")
        return goto(f"/account/orders/{order['number']}")
    lines, form, wrong = _lines_of(request, order), {"line": "", "quantity": "1", "reason": "", "comment": ""}, {}
    if request.method == "POST":
        form |= await fields(request)
        line = next((one for one in lines if str(one["id"]) == form["line"]), None)
        quantity = whole(form["quantity"], 1, line["quantity"] if line else 1)
        if line is None:
            wrong["line"] = "Choose what you send back."
        elif quantity is None:
            wrong["quantity"] = f"You can send back 1 to {line['quantity']} of it."
        if form["reason"] not in RETURN_REASONS:
            wrong["reason"] = "Choose a reason."
        if line is not None and not wrong:
            write(
                request,
                "INSERT INTO returns (ordered, line, quantity, reason, comment, status) VALUES (?,?,?,?,?,'Requested')",
                *(order["id"], line["id"], quantity, form["reason"], form["comment"]),
            )
            tell(request, "Your return is noted. Print the label that we send you by e-mail.")
            return goto(f"/account/orders/{order['number']}")
    status = 422 if wrong else 200
    return show(
        request, "return.html", status, order=order, lines=lines, reasons=RETURN_REASONS, form=form, wrong=wrong
    )


@members
async def _addresses(request: Request, known: dict[str, Any]) -> Response:
    form, wrong = {"label": "", "name": known["name"], "street": "", "city": "", "postcode": ""}, {}
    if request.method == "POST":
        form |= await fields(request)
        wrong = {name: "Fill this in." for name in ("label", "name", "street", "city") if not form[name]}
        wrong |= {name: "At most 100 characters." for name in form if len(form[name]) > 100}
        if not (form["postcode"].isascii() and form["postcode"].isdigit() and len(form["postcode"]) == 5):
            wrong["postcode"] = "A postcode has five digits."
        if not wrong:
            write(
                request,
                "INSERT INTO addresses (customer, label, name, street, city, postcode, main) VALUES (?,?,?,?,?,?,0)",
                *(known["id"], form["label"], form["name"], form["street"], form["city"], form["postcode"]),
            )
            tell(request, f"The address {form['label']} is saved.")
            return goto("/account/addresses")
    addresses = rows(request, "SELECT * FROM addresses WHERE customer = ? ORDER BY main DESC, id", known["id"])
    return show(request, "addresses.html", 422 if wrong else 200, addresses=addresses, form=form, wrong=wrong)


@members
async def _address_change(request: Request, known: dict[str, Any]) -> Response:
    address = found(
        row(
            request,
            "SELECT * FROM addresses WHERE id = ? AND customer = ?",
            *(whole(request.path_params["address"], 1, 10**9), known["id"]),
        )
    )
    found(address if request.path_params["what"] in {"main", "delete"} else None)
    if request.path_params["what"] == "main":
        write(request, "UPDATE addresses SET main = (id = ?) WHERE customer = ?", address["id"], known["id"])
        tell(request, f"Deliveries go to {address['label']} from now on.")
    elif address["main"]:
        tell(request, "The main address cannot be deleted. Choose another one first.")
    else:
        write(request, "DELETE FROM addresses WHERE id = ?", address["id"])
        tell(request, f"The address {address['label']} is deleted.")
    return goto("/account/addresses")


@members
async def _details(request: Request, known: dict[str, Any]) -> Response:
    form, wrong = {name: known[name] for name in ("name", "email", "phone")}, {}
    if request.method == "POST":
        form |= await fields(request)
        if not form["name"] or len(form["name"]) > 80:
            wrong["name"] = "A name has 1 to 80 characters."
        if not address_of_mail(form["email"]):
            wrong["email"] = "This is no e-mail address."
        if sum(letter.isdigit() for letter in form["phone"]) < 6 or len(form["phone"]) > 30:
            wrong["phone"] = "A phone number has at least six digits."
        if not wrong:
            write(
                request,
                "UPDATE customers SET name = ?, email = ?, phone = ? WHERE id = ?",
                *(form["name"], form["email"], form["phone"], known["id"]),
            )
            tell(request, "Your details are saved.")
            return goto("/account")
    return show(request, "details.html", 422 if wrong else 200, form=form, wrong=wrong)


async def _newsletter(request: Request) -> Response:
    known = customer(request)
    topics = (
        "Everything",
        *(one["name"] for one in rows(request, "SELECT DISTINCT department AS name FROM categories")),
    )
    form, wrong = {"email": known["email"] if known else "", "topic": "Everything"}, {}
    if request.method == "POST":
        form |= await fields(request)
        if not address_of_mail(form["email"]):
            wrong["email"] = "This is no e-mail address."
        if form["topic"] not in topics:
            wrong["topic"] = "Choose one of these."
        if not wrong and form.get("do") == "Unsubscribe":
            write(request, "DELETE FROM newsletter WHERE email = ?", form["email"])
            tell(request, f"{form['email']} gets no newsletter any more.")
            return goto("/newsletter")
        if not wrong:
            write(request, "INSERT OR REPLACE INTO newsletter VALUES (?, ?)", form["email"], form["topic"])
            tell(request, f"The newsletter goes to {form['email']} from now on.")
            return goto("/newsletter")
    return show(request, "newsletter.html", 422 if wrong else 200, topics=topics, form=form, wrong=wrong)


async def _contact(request: Request) -> Response:
    known = customer(request)
    form = {"name": "", "email": "", "topic": "", "order": asked(request, "order")[:20], "words": ""}
    form |= {name: known[name] for name in ("name", "email")} if known else {}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        given, attached = await fields_and_file(request, "file", FILE_BYTES)
        form |= given
        if not form["name"] or len(form["name"]) > 80:
            wrong["name"] = "A name has 1 to 80 characters."
        if not address_of_mail(form["email"]):
            wrong["email"] = "This is no e-mail address."
        if form["topic"] not in TOPICS:
            wrong["topic"] = "Choose what it is about."
        if form["order"] and row(request, "SELECT 1 FROM orders WHERE number = ?", form["order"]) is None:
            wrong["order"] = "There is no order of this number."
        if len(form["words"]) < 10:
            wrong["words"] = "Write at least ten characters."
        if attached and len(attached[1]) > FILE_BYTES:
            wrong["file"] = "The file is larger than 2 MB."
        if not wrong:
            message = write(
                request,
                "INSERT INTO messages (name, email, topic, ordered, words, file, bytes, day, answered)"
                " VALUES (?,?,?,?,?,?,?,?,0)",
                *(form["name"], form["email"], form["topic"], form["order"], form["words"]),
                *(attached[0] if attached else "", len(attached[1]) if attached else 0, TODAY.isoformat()),
            )
            if attached:
                files(request)[f"message-{message}"] = attached[1]
            tell(request, f"Thank you. Your message has the number {message}.")
            return goto("/contact")
    return show(request, "contact.html", 422 if wrong else 200, topics=TOPICS, form=form, wrong=wrong)


ROUTES = [
    Route("/account", _overview),
    Route("/account/orders", _orders),
    Route("/account/orders/{number}", _order),
    Route("/account/orders/{number}/cancel", _cancel, methods=["POST"]),
    Route("/account/orders/{number}/reorder", _reorder, methods=["POST"]),
    Route("/account/orders/{number}/return", _return, methods=["GET", "POST"]),
    Route("/account/addresses", _addresses, methods=["GET", "POST"]),
    Route("/account/addresses/{address}/{what}", _address_change, methods=["POST"]),
    Route("/account/details", _details, methods=["GET", "POST"]),
    Route("/newsletter", _newsletter, methods=["GET", "POST"]),
    Route("/contact", _contact, methods=["GET", "POST"]),
]
