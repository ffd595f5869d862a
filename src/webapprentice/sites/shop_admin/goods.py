"""Products and coupons in the back office."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webapprentice.sites.shop.catalogue import like
from webapprentice.sites.shop.forms import asked, cents, day, fields, found, whole
from webapprentice.sites.shop_admin.office import LOW, PAGE, staff
from webapprentice.sites.site import TODAY, goto, paginate, render, row, rows, tell, write

SORTS = {
    "id": ("Oldest first", "id"),
    "name": ("Name", "name COLLATE NOCASE, id"),
    "price": ("Price, low to high", "price, id"),
    "price-down": ("Price, high to low", "price DESC, id"),
    "stock": ("Stock, low to high", "stock, id"),
}
STOCKS = {"low": ("Nearly gone", f"stock < {LOW}"), "out": ("Sold out", "stock = 0"), "in": ("In stock", "stock > 0")}


@staff
async def _products(request: Request) -> Response:
    where, values = ["1"], list[object]()
    if asked(request, "q"):
        where.append("(name LIKE ? ESCAPE '\\' OR sku LIKE ? ESCAPE '\\')")
        values += [like(asked(request, "q")[:80])] * 2
    if asked(request, "category"):
        where.append("category_name = ?")
        values.append(asked(request, "category"))
    if asked(request, "stock") in STOCKS:
        where.append(STOCKS[asked(request, "stock")][1])
    if asked(request, "state") in {"on", "off"}:
        where.append("enabled" if asked(request, "state") == "on" else "NOT enabled")
    sort = asked(request, "sort") if asked(request, "sort") in SORTS else "id"
    listed = rows(request, f"SELECT * FROM listed WHERE {' AND '.join(where)} ORDER BY {SORTS[sort][1]}", *values)
    return render(
        request,
        "products.html",
        page=paginate(listed, asked(request, "page")[:6], PAGE),
        categories=_categories(request),
        stocks=[(key, label) for key, (label, _) in STOCKS.items()],
        sorts=[(key, label) for key, (label, _) in SORTS.items()],
        sort=sort,
        given={name: asked(request, name) for name in ("q", "category", "stock", "state")},
    )


def _categories(request: Request) -> list[str]:
    return [one["name"] for one in rows(request, "SELECT name FROM categories ORDER BY name")]


def _product_of(request: Request) -> dict[str, Any]:
    return found(row(request, "SELECT * FROM listed WHERE sku = ?", request.path_params["sku"]))


@staff
async def _new(request: Request) -> Response:
    return await _edit_page(request, None)


@staff
async def _edit(request: Request) -> Response:
    return await _edit_page(request, _product_of(request))


async def _edit_page(request: Request, product: dict[str, Any] | None) -> Response:
    form, wrong = dict.fromkeys(("name", "sku", "category", "brand", "price", "stock", "description"), ""), {}
    if product:
        form |= {name: str(product[name]) for name in ("name", "sku", "brand", "stock", "description")}
        form |= {"price": f"{product['price'] / 100:.2f}", "category": product["category_name"]}
    form["enabled"] = "yes" if product is None or product["enabled"] else ""
    if request.method == "POST":
        form |= {"enabled": "", **await fields(request)}
        if product:
            form["sku"] = product["sku"]
        wrong = _wrong(request, form, product)
        if not wrong:
            sku = _save(request, form, product)
            tell(request, f"{form['name']} is saved.")
            return goto(f"/products/{sku}")
    return render(
        request,
        "product_edit.html",
        422 if wrong else 200,
        product=product,
        form=form,
        wrong=wrong,
        categories=_categories(request),
    )


def _wrong(request: Request, form: dict[str, str], product: dict[str, Any] | None) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not 3 <= len(form["name"]) <= 100:
        wrong["name"] = "A name has 3 to 100 characters."
    if form["category"] not in _categories(request):
        wrong["category"] = "Choose a category."
    price = cents(form["price"])
    if price is None or price == 0:
        wrong["price"] = "A price is a sum above nothing, such as 12.50."
    if whole(form["stock"], 0, 100_000) is None:
        wrong["stock"] = "The stock is a whole number from 0 to 100000."
    if product is None and not re.fullmatch(r"[A-Z]{2}-[0-9]{3}", form["sku"]):
        wrong["sku"] = "An article number is two capitals and three digits, such as GF-109."
    elif product is None and row(request, "SELECT 1 FROM products WHERE sku = ?", form["sku"]):
        wrong["sku"] = "This article number is taken."
    return wrong


def _save(request: Request, form: dict[str, str], product: dict[str, Any] | None) -> str:
    category = found(row(request, "SELECT id FROM categories WHERE name = ?", form["category"]))["id"]
    values = (form["name"], category, form["brand"][:60], cents(form["price"]), int(form["stock"]), form["description"])
    enabled = int(form["enabled"] == "yes")
    if product:
        write(
            request,
            "UPDATE products SET name=?, category=?, brand=?, price=?, stock=?, description=?, enabled=? WHERE id=?",
            *(*values, enabled, product["id"]),
        )
    else:
        write(
            request,
            "INSERT INTO products (name, category, brand, price, stock, description, enabled, sku, material, weight,"
            " warranty, care, added) VALUES (?,?,?,?,?,?,?,?,'not stated',0,1,'',?)",
            *(*values, enabled, form["sku"], TODAY.isoformat()),
        )
    return form["sku"]


# Coupons

KINDS = {"percent": "Per cent off", "fixed": "Dollars off", "delivery": "Free delivery"}


@staff
async def _coupons(request: Request) -> Response:
    return render(request, "coupons.html", coupons=rows(request, "SELECT * FROM coupons ORDER BY id"), kinds=KINDS)


@staff
async def _coupon_new(request: Request) -> Response:
    return await _coupon_page(request, None)


@staff
async def _coupon(request: Request) -> Response:
    return await _coupon_page(
        request, found(row(request, "SELECT * FROM coupons WHERE code = ?", request.path_params["code"]))
    )


async def _coupon_page(request: Request, coupon: dict[str, Any] | None) -> Response:
    form, wrong = dict.fromkeys(("code", "kind", "amount", "minimum", "ends", "about"), ""), dict[str, str]()
    form["active"] = "yes"
    if coupon:
        form |= {name: str(coupon[name]) for name in ("code", "ends", "about")}
        form["kind"] = KINDS[coupon["kind"]]
        form["amount"] = str(coupon["amount"]) if coupon["kind"] != "fixed" else f"{coupon['amount'] / 100:.2f}"
        form["minimum"] = f"{coupon['minimum'] / 100:.2f}"
        form["active"] = "yes" if coupon["active"] else ""
    if request.method == "POST":
        form |= {"active": "", **await fields(request)}
        if coupon:
            form["code"] = coupon["code"]
        kind = next((key for key, label in KINDS.items() if label == form["kind"]), "")
        percent, fixed = whole(form["amount"], 1, 100), cents(form["amount"])
        amount = {"percent": percent, "fixed": fixed or None, "delivery": 0}.get(kind)
        minimum, ends = cents(form["minimum"] or "0"), day(form["ends"])
        wrong = {
            name: words
            for name, fits, words in (
                ("code", re.fullmatch(r"[A-Z0-9]{4,20}", form["code"]), "A code has 4 to 20 capitals and digits."),
                ("kind", kind, "Choose what the coupon does."),
                ("amount", amount is not None or not kind, "Per cent are 1 to 100; dollars are a sum such as 12.50."),
                ("minimum", minimum is not None, "The least sum is a sum such as 12.50."),
                ("ends", ends, "The last day is a day such as 2026-03-16."),
            )
            if not fits
        }
        if coupon is None and row(request, "SELECT 1 FROM coupons WHERE code = ?", form["code"]):
            wrong["code"] = "This code is taken."
        if not wrong:
            values = (kind, amount, minimum, ends, int(form["active"] == "yes"), form["about"], form["code"])
            if coupon:
                change = "UPDATE coupons SET kind=?, amount=?, minimum=?, ends=?, active=?, about=? WHERE code=?"
            else:
                change = (
                    "INSERT INTO coupons (kind, amount, minimum, ends, active, about, code, used)"
                    " VALUES (?,?,?,?,?,?,?,0)"
                )
            write(request, change, *values)
            tell(request, f"Coupon {form['code']} is saved.")
            return goto("/coupons")
    return render(
        request,
        "coupon_edit.html",
        422 if wrong else 200,
        coupon=coupon,
        form=form,
        wrong=wrong,
        kinds=list(KINDS.values()),
    )


ROUTES = [
    Route("/products", _products),
    Route("/products/new", _new, methods=["GET", "POST"]),
    Route("/products/{sku}", _edit, methods=["GET", "POST"]),
    Route("/coupons", _coupons),
    Route("/coupons/new", _coupon_new, methods=["GET", "POST"]),
    Route("/coupons/{code}", _coupon, methods=["GET", "POST"]),
]
