"""What the shop holds, as plain JSON values, for whoever judges. Money is in dollars."""

from __future__ import annotations

import sqlite3
from typing import Any


def state(db: sqlite3.Connection) -> dict[str, Any]:
    """Everything that tasks may ask about; lists are in the order in which things came to be."""
    coupon = db.execute("SELECT value FROM chosen WHERE name = 'coupon'").fetchone()
    return {
        "products": _all(
            db,
            "SELECT sku, p.name AS name, c.name AS category, brand, price / 100.0 AS price, stock, enabled, description"
            " FROM products p JOIN categories c ON c.id = p.category ORDER BY p.id",
        ),
        "cart": _all(
            db,
            "SELECT sku, name, choice, quantity FROM cart c JOIN products p ON p.id = c.product ORDER BY c.id",
        ),
        "cart_count": db.execute("SELECT coalesce(sum(quantity), 0) FROM cart").fetchone()[0],
        "coupon": coupon[0] if coupon else "",
        "wish_count": db.execute("SELECT count(*) FROM wishes").fetchone()[0],
        "review_count": db.execute("SELECT count(*) FROM reviews").fetchone()[0],
        "orders": _orders(db),
        "wishlist": _all(db, "SELECT sku, name FROM wishes w JOIN products p ON p.id = w.product ORDER BY w.id"),
        "reviews": _all(
            db,
            "SELECT r.id AS id, sku, name AS product, author, rating, title, body, status FROM reviews r"
            " JOIN products p ON p.id = r.product ORDER BY r.id",
        ),
        "customers": _all(db, 'SELECT user, name, email, phone, grouped AS "group" FROM customers ORDER BY id'),
        "addresses": _all(
            db,
            "SELECT user, label, a.name AS name, street, city, postcode, main FROM addresses a"
            " JOIN customers c ON c.id = a.customer ORDER BY a.id",
        ),
        "coupons": _all(
            db,
            "SELECT code, kind, CASE kind WHEN 'fixed' THEN amount / 100.0 ELSE amount END AS amount,"
            " minimum / 100.0 AS minimum, ends, active, used, about FROM coupons ORDER BY id",
        ),
        "newsletter": _all(db, "SELECT email, topic FROM newsletter ORDER BY rowid"),
        "messages": _all(
            db,
            'SELECT name, email, topic, ordered AS "order", words, file, bytes, answered FROM messages ORDER BY id',
        ),
    }


def _all(db: sqlite3.Connection, query: str) -> list[dict[str, Any]]:
    return [dict(one) for one in db.execute(query)]


def _orders(db: sqlite3.Connection) -> list[dict[str, Any]]:
    parts: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for name, query in {
        "items": "SELECT ordered, sku, name, choice, price / 100.0 AS price, quantity FROM lines ORDER BY id",
        "notes": "SELECT ordered, author, words, shown FROM notes ORDER BY id",
        "shipments": "SELECT ordered, carrier, tracking FROM shipments ORDER BY id",
        "returns": "SELECT r.ordered AS ordered, l.sku AS sku, l.name AS name, r.quantity AS quantity, reason, comment,"
        " status FROM returns r JOIN lines l ON l.id = r.line ORDER BY r.id",
    }.items():
        of = parts[name] = {}
        for one in _all(db, query):
            of.setdefault(one.pop("ordered"), []).append(one)
    orders = _all(
        db,
        "SELECT o.id AS id, number, user AS customer, day, status, delivery, payment, address, coupon, message,"
        " discount / 100.0 AS discount, shipping / 100.0 AS shipping, total / 100.0 AS total FROM orders o"
        " JOIN customers c ON c.id = o.customer ORDER BY o.id",
    )
    for order in orders:
        number = order.pop("id")
        order.update({name: of.get(number, []) for name, of in parts.items()})
    return orders
