"""The first rows of the shop, made by rule: the same on every machine. Money is whole cents, days are ISO dates."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import timedelta

from webapprentice.sites.shop import words
from webapprentice.sites.site import TODAY

ORDERS = 240
CUSTOMERS = 48
EMMA = 1
"""Customer who is signed in."""

SCHEMA = """
CREATE TABLE categories (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, name TEXT, department TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT UNIQUE, name TEXT, category INTEGER, brand TEXT, price INTEGER,
  stock INTEGER, enabled INTEGER, material TEXT, weight INTEGER, warranty INTEGER, care TEXT, description TEXT,
  added TEXT);
CREATE TABLE choices (product INTEGER, name TEXT, value TEXT);
CREATE INDEX choices_of ON choices (product);
CREATE TABLE customers (id INTEGER PRIMARY KEY, user TEXT UNIQUE, name TEXT, email TEXT, phone TEXT, grouped TEXT,
  since TEXT);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer INTEGER, label TEXT, name TEXT, street TEXT, city TEXT,
  postcode TEXT, main INTEGER);
CREATE TABLE reviews (id INTEGER PRIMARY KEY, product INTEGER, author TEXT, rating INTEGER, title TEXT, body TEXT,
  day TEXT, status TEXT);
CREATE INDEX reviews_of ON reviews (product);
CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT UNIQUE, customer INTEGER, day TEXT, status TEXT, delivery TEXT,
  payment TEXT, address TEXT, goods INTEGER, discount INTEGER, coupon TEXT, shipping INTEGER, total INTEGER,
  message TEXT DEFAULT '');
CREATE INDEX orders_of ON orders (customer);
CREATE TABLE lines (id INTEGER PRIMARY KEY, ordered INTEGER, product INTEGER, sku TEXT, name TEXT, choice TEXT,
  price INTEGER, quantity INTEGER);
CREATE INDEX lines_of ON lines (ordered);
CREATE TABLE notes (id INTEGER PRIMARY KEY, ordered INTEGER, author TEXT, day TEXT, words TEXT, shown INTEGER);
CREATE TABLE shipments (id INTEGER PRIMARY KEY, ordered INTEGER, carrier TEXT, tracking TEXT, day TEXT);
CREATE TABLE returns (id INTEGER PRIMARY KEY, ordered INTEGER, line INTEGER, quantity INTEGER, reason TEXT,
  comment TEXT, status TEXT);
CREATE TABLE coupons (id INTEGER PRIMARY KEY, code TEXT UNIQUE, kind TEXT, amount INTEGER, minimum INTEGER, ends TEXT,
  active INTEGER, used INTEGER, about TEXT);
CREATE TABLE cart (id INTEGER PRIMARY KEY, product INTEGER, choice TEXT, quantity INTEGER);
CREATE VIEW listed AS SELECT p.*, c.name AS category_name, c.slug AS category_slug, c.department AS department,
  (SELECT round(avg(rating), 1) FROM reviews WHERE product = p.id AND status = 'Approved') AS rating,
  (SELECT count(*) FROM reviews WHERE product = p.id AND status = 'Approved') AS reviews
  FROM products p JOIN categories c ON c.id = p.category;
CREATE TABLE chosen (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE wishes (id INTEGER PRIMARY KEY, product INTEGER UNIQUE);
CREATE TABLE newsletter (email TEXT PRIMARY KEY, topic TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY, name TEXT, email TEXT, topic TEXT, ordered TEXT, words TEXT, file TEXT,
  bytes INTEGER, day TEXT, answered INTEGER);
"""

COUPONS = (
    ("SPRING10", "percent", 10, 0, "2026-04-30", 1, "10 % off everything this spring"),
    ("TENOFF60", "fixed", 1000, 6000, "2026-12-31", 1, "10 dollars off from 60 dollars"),
    ("FREESHIP", "delivery", 0, 3000, "2026-06-30", 1, "Standard delivery for nothing"),
    ("WINTER25", "percent", 25, 0, "2026-02-28", 1, "Winter sale"),
    ("VIP15", "percent", 15, 10000, "2026-12-31", 1, "For our best customers"),
    ("GARDEN5", "fixed", 500, 2500, "2026-05-31", 1, "Garden weeks"),
    ("WELCOME", "percent", 5, 0, "2027-01-31", 1, "First order"),
    ("STAFF40", "percent", 40, 0, "2026-12-31", 0, "Staff only, switched off"),
)
"""Code, kind, per cent or cents off, least sum of goods, last day, active, what for."""


def draw(size: int, *key: object) -> int:
    """A whole number from 0 to below `size` that follows from the key alone."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % size


def slug(name: str) -> str:
    """A name as it stands in an address."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def build(db: sqlite3.Connection) -> None:
    """Make all tables and rows."""
    db.executescript(SCHEMA)
    db.execute("BEGIN")
    _catalogue(db)
    _customers(db)
    _reviews(db)
    db.executemany(
        "INSERT INTO coupons (code, kind, amount, minimum, ends, active, about, used) VALUES (?,?,?,?,?,?,?,?)",
        [(*one, 3 + draw(40, "used", one[0])) for one in COUPONS],
    )
    _orders(db)
    _messages(db)
    db.executemany("INSERT INTO wishes (product) VALUES (?)", [(5,), (40,), (97,), (118,)])
    db.execute("COMMIT")


def _day(back: int) -> str:
    return (TODAY - timedelta(days=back)).isoformat()


def _catalogue(db: sqlite3.Connection) -> None:
    number = 0
    for department, categories in words.CATALOGUE.items():
        for category, (prefix, materials, things) in categories.items():
            home = db.execute(
                "INSERT INTO categories (slug, name, department) VALUES (?,?,?)", (slug(category), category, department)
            ).lastrowid
            for place, thing in enumerate(things.split(",")):
                number += 1
                noun, _, price = thing.strip().rpartition(" ")
                _product(db, number, home or 0, f"{prefix}-{101 + place}", noun, int(price), materials.split(", "))
                _choices(db, number, department, category, noun)


def _product(
    db: sqlite3.Connection, number: int, category: int, sku: str, noun: str, price: int, materials: list[str]
) -> None:
    brand = words.BRANDS[draw(len(words.BRANDS), "brand", sku)]
    material = materials[draw(len(materials), "material", sku)]
    cents = 100 * price + (-1, -5, -50, -10, 0)[draw(5, "cents", sku)]
    stock = 0 if draw(17, "gone", sku) == 0 else 2 + draw(90, "stock", sku)
    purpose = words.PURPOSES[draw(len(words.PURPOSES), "purpose", sku)]
    db.execute(
        "INSERT INTO products VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            number,
            sku,
            f"{brand} {noun}",
            category,
            brand,
            cents,
            stock,
            int(draw(29, "enabled", sku) > 0),
            material,
            60 + 10 * draw(60, "weight", sku) + 12 * price,
            1 + draw(5, "warranty", sku),
            words.CARE[draw(len(words.CARE), "care", sku)],
            f"The {noun} by {brand}: {purpose}. The material is {material}.",
            _day(430 + draw(700, "added", sku)),
        ),
    )


def _choices(db: sqlite3.Connection, product: int, department: str, category: str, noun: str) -> None:
    given: list[tuple[str, str]] = []
    if department == "Clothing" and category != "Hats and gloves":
        given += [("Size", size) for size in words.SIZES]
    if department in {"Clothing", "Outdoor"} or category in {"Garden furniture", "Headphones"}:
        first = draw(len(words.COLORS), "color", product)
        given += [("Color", words.COLORS[(first + step * 3) % len(words.COLORS)]) for step in range(3)]
    if "bottle" in noun or noun == "thermos flask":
        given += [("Capacity", size) for size in words.CAPACITIES]
    db.executemany("INSERT INTO choices VALUES (?,?,?)", [(product, *one) for one in given])


def _customers(db: sqlite3.Connection) -> None:
    people = [("emma", "Emma Sandberg"), ("jonas", "Jonas Weller")]
    for place in range(CUSTOMERS - len(people)):
        first = words.FIRST_NAMES[place % len(words.FIRST_NAMES)]
        last = words.LAST_NAMES[(place * 7 + place // len(words.FIRST_NAMES)) % len(words.LAST_NAMES)]
        people.append((f"{first}.{last}".lower(), f"{first} {last}"))
    for number, (user, name) in enumerate(people, 1):
        group = words.GROUPS[(0, 0, 0, 0, 1, 0, 2, 0)[number % 8]]
        phone = f"555-0{100 + draw(900, 'phone', user)}"
        email = f"{user if '.' in user else '.'.join(name.lower().split())}@mail.example"
        since = _day(430 + draw(1100, "since", user))
        db.execute("INSERT INTO customers VALUES (?,?,?,?,?,?,?)", (number, user, name, email, phone, group, since))
        _address(db, number, "Home", name, user)
    _address(db, EMMA, "Work", "Emma Sandberg, Tidewater Studio", "emma at work")
    _address(db, EMMA, "Parents", "Lena Sandberg", "emma's parents")


def _address(db: sqlite3.Connection, customer: int, label: str, name: str, key: str) -> None:
    city, postcode = words.CITIES[draw(len(words.CITIES), "city", key)]
    street = f"{1 + draw(120, 'house', key)} {words.STREETS[draw(len(words.STREETS), 'street', key)]}"
    db.execute(
        "INSERT INTO addresses (customer, label, name, street, city, postcode, main) VALUES (?,?,?,?,?,?,?)",
        (customer, label, name, street, city, postcode, int(label == "Home")),
    )


def _reviews(db: sqlite3.Connection) -> None:
    names = [name for (name,) in db.execute("SELECT name FROM customers WHERE id > 2 ORDER BY id")]
    products = [number for (number,) in db.execute("SELECT id FROM products ORDER BY id")]
    made = []
    for product in products:
        for place in range(draw(8, "reviews", product)):
            rating = (1, 2, 3, 4, 4, 5, 5, 5)[draw(8, "rating", product, place)]
            texts = words.REVIEWS[rating]
            title, body = texts[(draw(len(texts), "text", product) + place) % len(texts)]
            author = names[(draw(len(names), "author", product) + 5 * place) % len(names)]
            status = "Pending" if draw(19, "wait", product, place) == 0 else "Approved"
            back = 1 + draw(20, "new", product, place) if status == "Pending" else 25 + draw(400, "old", product, place)
            made.append((product, author, rating, title, body, _day(back), status))
    db.executemany(
        "INSERT INTO reviews (product, author, rating, title, body, day, status) VALUES (?,?,?,?,?,?,?)", made
    )


def _orders(db: sqlite3.Connection) -> None:
    people = dict(
        db.execute(
            "SELECT customer, name || ', ' || street || ', ' || postcode || ' ' || city FROM addresses WHERE main"
        )
    )
    products = list(db.execute("SELECT id, sku, name, price FROM products WHERE enabled ORDER BY id"))
    choices: dict[int, dict[str, list[str]]] = {}
    for product, name, value in db.execute("SELECT product, name, value FROM choices"):
        choices.setdefault(product, {}).setdefault(name, []).append(value)
    for place in range(ORDERS):
        customer = EMMA if place % 15 == 9 else 2 + draw(CUSTOMERS - 1, "who", place)
        back = (ORDERS - 1 - place) * 425 // ORDERS
        chosen = sorted({draw(len(products), "what", place, step) for step in range(1 + draw(4, "many", place))})
        lines = []
        for step in chosen:
            product, sku, name, price = products[step]
            choice = ", ".join(
                f"{kind}: {values[draw(len(values), 'choice', place, kind)]}"
                for kind, values in choices.get(product, {}).items()
            )
            lines.append((product, sku, name, choice, price, 1 + draw(9, "quantity", place, step) // 4))
        _order(db, place, customer, people[customer], back, lines)


def _order(
    db: sqlite3.Connection,
    place: int,
    customer: int,
    address: str,
    back: int,
    lines: list[tuple[int, str, str, str, int, int]],
) -> None:
    goods = sum(price * quantity for *_, price, quantity in lines)
    coupon = ("", "", "", "SPRING10", "", "WELCOME", "")[draw(7, "coupon", place)]
    discount = round(goods * {"": 0, "SPRING10": 10, "WELCOME": 5}[coupon] / 100)
    delivery = ("Standard", "Standard", "Express", "Pick-up")[draw(4, "delivery", place)]
    shipping = 0 if delivery == "Standard" and goods >= words.FREE_FROM else words.DELIVERIES[delivery][0]
    payment = words.PAYMENTS[draw(3, "payment", place)]
    number, day = f"{1000187 + place:08d}", _day(back)
    order = db.execute(
        "INSERT INTO orders (number, customer, day, status, delivery, payment, address, goods, discount, coupon,"
        " shipping, total) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (number, customer, day, _status(place, back), delivery, payment, address, goods, discount, coupon, shipping,
         goods - discount + shipping),
    ).lastrowid  # fmt: skip
    db.executemany(
        "INSERT INTO lines (ordered, product, sku, name, choice, price, quantity) VALUES (?,?,?,?,?,?,?)",
        [(order, *line) for line in lines],
    )
    if _status(place, back) in {"Shipped", "Delivered"}:
        carrier = words.CARRIERS[draw(3, "carrier", place)]
        tracking = f"{carrier[:2].upper()}{10000000 + draw(80000000, 'tracking', place)}"
        sent = _day(max(0, back - 1 - draw(2, "sent", place)))
        db.execute(
            "INSERT INTO shipments (ordered, carrier, tracking, day) VALUES (?,?,?,?)", (order, carrier, tracking, sent)
        )


def _status(place: int, back: int) -> str:
    if draw(13, "status", place) == 0:
        return "Canceled"
    if back > 30:
        return "Delivered"
    if back > 12:
        return "Shipped" if place % 3 else "Delivered"
    return ("Pending", "Processing", "Pending", "On hold")[place % 4]


def _messages(db: sqlite3.Connection) -> None:
    people = list(db.execute("SELECT name, email FROM customers WHERE id BETWEEN 5 AND 9 ORDER BY id"))
    texts = (
        ("Delivery", "My parcel should have been here on Friday. Where is it?"),
        ("Invoice", "Please send me the invoice again, with our tax number on it."),
        ("Product question", "Can the raised bed stay outside in winter?"),
        ("Return", "How long do I have to send a pair of gloves back?"),
        ("Something else", "Do you have a store in Dalton?"),
    )
    for place, ((name, email), (topic, text)) in enumerate(zip(people, texts, strict=True)):
        db.execute(
            "INSERT INTO messages (name, email, topic, ordered, words, file, bytes, day, answered)"
            " VALUES (?,?,?,'',?,'',0,?,?)",
            (name, email, topic, text, _day(9 - place), int(place < 2)),
        )
