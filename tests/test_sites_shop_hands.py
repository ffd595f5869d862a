"""The shop and its back office under hands that mean no good, and whether their tasks are whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from shop_visit import PENDING, Visit
from webapprentice.sites import every
from webapprentice.sites.serving import Serving, url_of
from webapprentice.sites.shop import SITE as SHOP
from webapprentice.sites.shop.forms import address_of_mail, cents, day, whole
from webapprentice.sites.shop_admin import SITE as OFFICE
from webapprentice.tasks.gold import load_gold
from webapprentice.tasks.webarena.helpers import value_at
from webapprentice.tasks.webarena.records import read_records


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with Serving({"shop": SHOP, "shop_admin": OFFICE}) as running:
        yield running


@pytest.fixture
def visit(serving: Serving, request: pytest.FixtureRequest) -> Iterator[Visit]:
    one = Visit(serving, f"test {request.node.name}"[:60].replace(" ", "-").replace("[", "-").replace("]", ""))
    yield one
    one.shop.close()
    one.office.close()


SCRIPT = "<script>alert('x')</script>\"'&"


def test_nothing_stored_becomes_markup(visit: Visit) -> None:
    shop, office = visit.shop, visit.office
    shop.post("/product/GF-101/review", data={"rating": "5", "title": SCRIPT, "body": SCRIPT, "author": SCRIPT})
    office.post(f"/reviews/{visit.state('reviews[-1].id')}/approve")
    shop.post("/contact", data={"name": SCRIPT, "email": "<b>@x.y", "topic": "Order", "words": SCRIPT},
              files={"file": (f"{SCRIPT}.png", b"x")})  # fmt: skip
    address = {"label": SCRIPT, "name": SCRIPT, "street": SCRIPT, "city": SCRIPT, "postcode": "12345"}
    shop.post("/account/addresses", data=address)
    shop.post("/account/details", data={"name": SCRIPT, "email": "<b>@x.y", "phone": "<i>123456"})
    product = {"name": SCRIPT, "category": "Knives", "brand": SCRIPT, "price": "9", "stock": "9", "description": SCRIPT}
    office.post("/products/KN-101", data=product | {"enabled": "yes"})
    office.post(
        "/coupons/SPRING10", data={"kind": "Per cent off", "amount": "9", "ends": "2027-01-01", "about": SCRIPT}
    )
    office.post(f"/orders/{PENDING}/note", data={"words": SCRIPT, "shown": "yes"})
    visit.put("KN-101", 1)
    shop.post("/checkout", data={"address": "51"})
    shop.post("/checkout/delivery", data={"delivery": "Standard", "message": SCRIPT})
    shop.post("/checkout/payment", data={"payment": "Invoice", "terms": "yes"})
    shop.post("/product/KN-101/wish")
    visit.put("KN-101", 1)
    places = [
        *(shop.get(place) for place in ("/", "/category/knives", f"/search?q={SCRIPT}&brand={SCRIPT}&min={SCRIPT}")),
        *(shop.get(place) for place in ("/product/GF-101", "/product/KN-101", "/cart", "/wishlist", "/checkout")),
        *(
            shop.get(place)
            for place in ("/account", "/account/addresses", "/account/details", "/newsletter", "/contact")
        ),
        *(shop.get(f"/account/orders/{number}") for number in (PENDING, "01000427")),
        shop.get(f"/account/orders?q={SCRIPT}"),
        *(office.get(place) for place in ("/", "/orders", "/orders/01000427", f"/orders/{PENDING}", "/products")),
        *(office.get(place) for place in ("/products/KN-101", "/customers", "/customers/1", "/reviews", "/coupons")),
        *(office.get(place) for place in ("/coupons/SPRING10", "/messages", "/reports?kind=brands")),
        *(office.get(f"/{place}?q={SCRIPT}&from={SCRIPT}") for place in ("orders", "products", "customers", "reviews")),
    ]
    hit = [page for page in places if "alert(" in page.text]
    assert len(hit) >= 25
    for page in places:
        assert "<script>alert" not in page.text, page.url
        assert not re.search(r'="[^"<>]*<script', page.text), page.url


ODD = (
    "",
    "0",
    "-1",
    "99999999999999999999999",
    "1e309",
    "NaN",
    "x" * 600,
    "\x00",
    "é\u202e😀",
    "%",
    "2026-13-45",
    "[]",
    "1;2",
)


def test_nothing_that_a_browser_sends_is_an_error_of_ours(visit: Visit) -> None:
    names = (
        "q", "page", "sort", "min", "max", "stars", "stock", "brand", "reviews", "status", "rating", "from", "to",
        "kind",
        "period", "group", "city", "category", "state", "order", "address", "delivery", "payment", "quantity", "size",
        "code", "amount", "minimum", "ends", "price", "name", "sku", "email", "phone", "line", "reason", "words",
        "carrier", "tracking", "title", "body", "author", "topic", "label", "street", "postcode",
    )  # fmt: skip
    known = {"sku": "JA-101", "slug": "knives", "number": PENDING, "customer": "1", "review": "3", "message": "3",
             "code": "SPRING10", "address": "50", "line": "1", "what": "main"}  # fmt: skip
    seen: Counter[int] = Counter()
    for client, site in ((visit.shop, SHOP), (visit.office, OFFICE)):
        client.follow_redirects = False
        for route in site.routes:
            assert isinstance(route, Route)
            visit.put("CO-101", 1)
            for number, odd in enumerate(ODD):
                there = re.sub(r"\{(\w+)\}", lambda found: known[found[1]], route.path)
                off = re.sub(r"\{\w+\}", lambda _, odd=odd: str(httpx.QueryParams({"q": odd}))[2:] or "-", route.path)
                sent = dict.fromkeys(names, odd)
                for method in sorted((route.methods or set()) - {"HEAD"}):
                    where = there if number % 2 else off
                    data = {"data": sent} if method == "POST" else {"params": sent}
                    answer = client.request(method, where, **data)  # type: ignore[arg-type]
                    seen[answer.status_code] += 1
                    assert answer.status_code in {200, 303, 404, 422}, (method, where, odd, answer.status_code)
        for body, kind in ((b"%ff=%zz&&=", "application/x-www-form-urlencoded"), (b"\xff--", "multipart/form-data"),
                           (b"{}", "application/json")):  # fmt: skip
            answer = client.post("/cart/coupon", content=body, headers={"Content-Type": kind})
            assert answer.status_code in {303, 400, 404, 422}
    assert seen[200] > 200
    assert seen[404] > 100
    assert seen[422] > 50


def test_every_link_leads_somewhere(visit: Visit) -> None:
    visit.put("CO-101", 1)
    for client, start in ((visit.shop, "/"), (visit.office, "/")):
        todo, seen = [start, "/account"] if client is visit.shop else [start], set[str]()
        while todo and len(seen) < 160:
            place = todo.pop()
            seen.add(place)
            page = client.get(place)
            assert page.status_code == 200, place
            for link in re.findall(r'(?:href|action)="([^"#]*)"', page.text):
                found = unescape(link)
                found = place.split("?")[0] + found if found.startswith("?") else found
                if (
                    found.startswith("/")
                    and found not in seen
                    and "logout" not in found
                    and f'action="{link}"' not in page.text
                ):
                    todo.append(found)
        assert len(seen) == 160


@pytest.mark.parametrize("site", [SHOP, OFFICE], ids=lambda site: site.name)
def test_tasks_are_whole_and_each_has_a_solution(site: Any) -> None:
    records, gold = read_records(site.tasks), load_gold(site.gold, {one: url_of(one) for one in every()})
    assert [record.id for record in records] == list(gold)
    assert all(2 <= len(lines) <= 12 for lines in gold.values())
    assert all(lines[-1].startswith("stop") for lines in gold.values())
    templates = Counter(record.template_id for record in records)
    assert sum(2 <= count <= 4 for count in templates.values()) >= 7
    for record in records:
        filled = record.template
        for name, value in record.instantiation.items():
            filled = filled.replace("{{" + name + "}}", str(value))
        assert filled == record.intent


def test_what_tasks_ask_of_the_state_is_plain(visit: Visit) -> None:
    paths = set(re.findall(r"site_state\('\w+', '([^']*)'\)", SHOP.tasks.read_text() + OFFICE.tasks.read_text()))  # type: ignore[union-attr]
    assert len(paths) > 60
    held = visit.state("")
    for path in paths:
        found = value_at(held, path)
        assert found is None or isinstance(found, str | int | float), path


def test_fields_are_read_strictly() -> None:
    assert [cents(text) for text in ("12", "12.5", "$1,05", "0.999", "-1", "1e3", "")] == [
        1200,
        1250,
        105,
        None,
        None,
        None,
        None,
    ]
    assert [whole(text, 1, 20) for text in ("1", "20", "21", "٣", "1.0", "")] == [1, 20, None, None, None, None]
    assert [day(text) for text in ("2026-03-16", "2026-02-30", "soon")] == ["2026-03-16", None, None]
    assert [address_of_mail(text) for text in ("a@b.cc", "a b@c.dd", "a@b", "@b.cc")] == [True, False, False, False]
