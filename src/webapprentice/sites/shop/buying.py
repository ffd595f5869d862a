"""Cart, coupons and checkout."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.shop.catalogue import choices_of, product_of, product_page, show
from webapprentice.sites.shop.forms import fields, found, members, whole
from webapprentice.sites.shop.words import DELIVERIES, FREE_FROM, PAYMENTS
from webapprentice.sites.site import TODAY, goto, row, rows, tell, write

MOST = 20
"""Pieces of one thing that a cart may hold."""


def remembered(request: Request, name: str, default: str = "") -> str:
    """A choice of the checkout, or the coupon."""
    one = row(request, "SELECT value FROM chosen WHERE name = ?", name)
    return default if one is None else str(one["value"])


def remember(request: Request, name: str, value: str) -> None:
    """Keep a choice for the next page."""
    write(request, "INSERT OR REPLACE INTO chosen VALUES (?, ?)", name, value)


def put(request: Request, product: dict[str, Any], choice: str, quantity: int) -> str:
    """Put something into the cart; what is wrong with that, or nothing."""
    there = row(request, "SELECT * FROM cart WHERE product = ? AND choice = ?", product["id"], choice)
    together = quantity + (there["quantity"] if there else 0)
    if product["stock"] == 0:
        return f"{product['name']} is sold out."
    if together > min(MOST, product["stock"]):
        return f"Only {min(MOST, product['stock'])} of {product['name']} can be ordered."
    if there:
        write(request, "UPDATE cart SET quantity = ? WHERE id = ?", together, there["id"])
    else:
        write(request, "INSERT INTO cart (product, choice, quantity) VALUES (?,?,?)", product["id"], choice, quantity)
    return ""


def contents(request: Request) -> list[dict[str, Any]]:
    """Lines of the cart, with what each is and costs."""
    return rows(
        request,
        "SELECT c.id, c.choice, c.quantity, p.id AS product, p.sku, p.name, p.price, p.stock, p.category,"
        " p.price * c.quantity AS sum FROM cart c JOIN products p ON p.id = c.product ORDER BY c.id",
    )


def refusal(coupon: dict[str, Any] | None, goods: int) -> str:
    """Why a coupon cannot be used on goods of this sum in cents; nothing where it can."""
    if coupon is None or not coupon["active"]:
        return "This coupon code is not known."
    if coupon["ends"] < TODAY.isoformat():
        return f"This coupon was good until {coupon['ends']}."
    if goods < coupon["minimum"]:
        return f"This coupon needs goods for ${coupon['minimum'] / 100:.2f} or more."
    return ""


def sums(request: Request) -> dict[str, Any]:
    """Goods, discount, delivery and total of the cart in cents, and the coupon that counts."""
    goods = sum(line["sum"] for line in contents(request))
    coupon = row(request, "SELECT * FROM coupons WHERE code = ?", remembered(request, "coupon"))
    if refusal(coupon, goods):
        coupon = None
    delivery = remembered(request, "delivery", "Standard")
    shipping = DELIVERIES[delivery][0]
    kind, amount = (coupon["kind"], coupon["amount"]) if coupon else ("", 0)
    if delivery == "Standard" and (goods >= FREE_FROM or kind == "delivery"):
        shipping = 0
    discount = {"percent": round(goods * amount / 100), "fixed": min(amount, goods)}.get(kind, 0)
    return {
        "goods": goods,
        "discount": discount,
        "delivery": delivery,
        "shipping": shipping,
        "total": goods - discount + shipping,
        "coupon": coupon["code"] if coupon else "",
    }


async def _add(request: Request) -> Response:
    product, form = product_of(request), await fields(request)
    quantity = whole(form.get("quantity", "1"), 1, MOST)
    given = choices_of(request, product["id"])
    missing = next((name for name, values in given.items() if form.get(name.lower()) not in values), None)
    if missing is not None:
        return product_page(request, product, f"Choose a {missing.lower()} first.")
    if quantity is None:
        return product_page(request, product, f"The quantity is a whole number from 1 to {MOST}.")
    choice = ", ".join(f"{name}: {form[name.lower()]}" for name in given)
    trouble = put(request, product, choice, quantity)
    if trouble:
        return product_page(request, product, trouble)
    tell(request, f"{product['name']} is in your cart.")
    return goto("/cart")


async def _cart(request: Request) -> Response:
    return _cart_page(request)


def _cart_page(request: Request, trouble: str = "", coupon_trouble: str = "", tried: str = "") -> Response:
    return show(
        request,
        "cart.html",
        422 if trouble or coupon_trouble else 200,
        lines=contents(request),
        sums=sums(request),
        trouble=trouble,
        coupon_trouble=coupon_trouble,
        tried=tried,
    )


async def _update(request: Request) -> Response:
    form = await fields(request)
    wanted: dict[int, int] = {}
    for line in contents(request):
        given = form.get(f"quantity-{line['id']}", str(line["quantity"]))
        most = max(1, min(MOST, line["stock"]))
        quantity = whole(given, 0, most)
        if quantity is None:
            return _cart_page(request, f"The quantity of {line['name']} is a whole number from 0 to {most}.")
        wanted[line["id"]] = quantity
    for line_id, quantity in wanted.items():
        if quantity:
            write(request, "UPDATE cart SET quantity = ? WHERE id = ?", quantity, line_id)
        else:
            write(request, "DELETE FROM cart WHERE id = ?", line_id)
    tell(request, "Your cart is up to date.")
    return goto("/cart")


async def _remove(request: Request) -> Response:
    line = whole(request.path_params["line"], 1, 10**9)
    found(row(request, "SELECT 1 FROM cart WHERE id = ?", line))
    write(request, "DELETE FROM cart WHERE id = ?", line)
    return goto("/cart")


async def _coupon(request: Request) -> Response:
    form = await fields(request)
    if "remove" in form:
        write(request, "DELETE FROM chosen WHERE name = 'coupon'")
        return goto("/cart")
    code = form.get("code", "").upper()[:40]
    coupon = row(request, "SELECT * FROM coupons WHERE code = ?", code)
    trouble = refusal(coupon, sums(request)["goods"]) if code else "Type a coupon code first."
    if trouble:
        return _cart_page(request, coupon_trouble=trouble, tried=code)
    remember(request, "coupon", code)
    tell(request, f"Coupon {code} is used.")
    return goto("/cart")


# Checkout: address, delivery, then payment with everything once more


@members
async def _address(request: Request, known: dict[str, Any]) -> Response:
    if not contents(request):
        tell(request, "Your cart is empty.")
        return goto("/cart")
    addresses = rows(request, "SELECT * FROM addresses WHERE customer = ? ORDER BY main DESC, id", known["id"])
    trouble = ""
    if request.method == "POST":
        given = (await fields(request)).get("address", "")
        if given in {str(one["id"]) for one in addresses}:
            remember(request, "address", given)
            return goto("/checkout/delivery")
        trouble = "Choose the address that it goes to."
    chosen = remembered(request, "address", str(addresses[0]["id"]) if addresses else "")
    return show(
        request, "checkout_address.html", 422 if trouble else 200, addresses=addresses, chosen=chosen, trouble=trouble
    )


def _sent_to(request: Request, known: dict[str, Any]) -> dict[str, Any] | None:
    chosen = whole(remembered(request, "address"), 1, 10**9)
    return row(request, "SELECT * FROM addresses WHERE id = ? AND customer = ?", chosen, known["id"])


@members
async def _delivery(request: Request, known: dict[str, Any]) -> Response:
    if not contents(request) or _sent_to(request, known) is None:
        return goto("/checkout")
    trouble = ""
    if request.method == "POST":
        form = await fields(request)
        if form.get("delivery") in DELIVERIES:
            remember(request, "delivery", form["delivery"])
            remember(request, "message", form.get("message", "")[:300])
            return goto("/checkout/payment")
        trouble = "Choose how it is to be delivered."
    return show(
        request,
        "checkout_delivery.html",
        422 if trouble else 200,
        deliveries=DELIVERIES,
        free_from=FREE_FROM,
        sums=sums(request),
        message=remembered(request, "message"),
        trouble=trouble,
    )


@members
async def _payment(request: Request, known: dict[str, Any]) -> Response:
    address, lines = _sent_to(request, known), contents(request)
    if not lines or address is None:
        return goto("/checkout")
    wrong: dict[str, str] = {}
    if request.method == "POST":
        form = await fields(request)
        if form.get("payment") not in PAYMENTS:
            wrong["payment"] = "Choose how you want to pay."
        if form.get("terms") != "yes":
            wrong["terms"] = "Please agree to the terms first."
        short = next((line for line in lines if line["quantity"] > line["stock"]), None)
        if short is not None:
            wrong["lines"] = f"Only {short['stock']} of {short['name']} are left."
        if not wrong:
            return goto(f"/checkout/done/{_place(request, known, address, form['payment'])}")
    return show(
        request,
        "checkout_payment.html",
        422 if wrong else 200,
        lines=lines,
        sums=sums(request),
        address=address,
        payments=PAYMENTS,
        wrong=wrong,
    )


def _place(request: Request, known: dict[str, Any], address: dict[str, Any], payment: str) -> str:
    """Make an order of the cart; its number."""
    total = sums(request)
    last = row(request, "SELECT max(number) AS number FROM orders") or {"number": "0"}
    number = f"{int(last['number']) + 1:08d}"
    place = f"{address['name']}, {address['street']}, {address['postcode']} {address['city']}"
    order = write(
        request,
        "INSERT INTO orders (number, customer, day, status, delivery, payment, address, goods, discount, coupon,"
        " shipping, total, message) VALUES (?,?,?,'Pending',?,?,?,?,?,?,?,?,?)",
        *(number, known["id"], TODAY.isoformat(), total["delivery"], payment, place, total["goods"], total["discount"]),
        *(total["coupon"], total["shipping"], total["total"], remembered(request, "message")),
    )
    for line in contents(request):
        write(
            request,
            "INSERT INTO lines (ordered, product, sku, name, choice, price, quantity) VALUES (?,?,?,?,?,?,?)",
            *(order, line["product"], line["sku"], line["name"], line["choice"], line["price"], line["quantity"]),
        )
        write(request, "UPDATE products SET stock = stock - ? WHERE id = ?", line["quantity"], line["product"])
    write(request, "UPDATE coupons SET used = used + 1 WHERE code = ?", total["coupon"])
    write(request, "DELETE FROM cart")
    write(request, "DELETE FROM chosen")
    return number


@members
async def _done(request: Request, known: dict[str, Any]) -> Response:
    number = request.path_params["number"]
    order = found(row(request, "SELECT * FROM orders WHERE number = ? AND customer = ?", number, known["id"]))
    return show(request, "checkout_done.html", order=order, email=known["email"])


ROUTES = [
    Route("/product/{sku}/cart", _add, methods=["POST"]),
    Route("/cart", _cart),
    Route("/cart/update", _update, methods=["POST"]),
    Route("/cart/coupon", _coupon, methods=["POST"]),
    Route("/cart/{line}/remove", _remove, methods=["POST"]),
    Route("/checkout", _address, methods=["GET", "POST"]),
    Route("/checkout/delivery", _delivery, methods=["GET", "POST"]),
    Route("/checkout/payment", _payment, methods=["GET", "POST"]),
    Route("/checkout/done/{number}", _done),
]
