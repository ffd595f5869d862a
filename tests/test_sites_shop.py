"""The shop and its back office: what they sell, what they take, and what they refuse."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from shop_visit import DELIVERED, PENDING, Visit, words
from webapprentice.sites.serving import COOKIE, Serving
from webapprentice.sites.shop import SITE as SHOP
from webapprentice.sites.shop.data import build
from webapprentice.sites.shop_admin import SITE as OFFICE


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


def test_the_first_rows_are_always_the_same_and_enough() -> None:
    made = []
    for _ in range(2):
        db = sqlite3.connect(":memory:", isolation_level=None)
        db.row_factory = sqlite3.Row
        build(db)
        made.append(SHOP.state(db))
        db.close()
    assert made[0] == made[1]
    counts = {name: len(made[0][name]) for name in ("products", "orders", "customers", "reviews")}
    assert counts == {"products": 144, "orders": 240, "customers": 48, "reviews": 502}
    for order in made[0]["orders"]:
        goods = sum(item["price"] * item["quantity"] for item in order["items"])
        assert order["total"] == pytest.approx(goods - order["discount"] + order["shipping"])


def test_listing_is_searched_narrowed_sorted_and_paged(visit: Visit) -> None:
    def names(place: str) -> list[str]:
        return [
            unescape(name)
            for name in re.findall(r'<h3><a href="/product/[^"]+">([^<]+)</a>', visit.shop.get(place).text)
        ]

    products = [one for one in visit.state("products") if one["enabled"]]
    cookware = sorted((one for one in products if one["category"] == "Cookware"), key=lambda one: one["price"])
    assert names("/category/cookware?sort=price") == [one["name"] for one in cookware]
    assert names("/category/cookware?sort=price-down&max=50") == [
        one["name"] for one in reversed(cookware) if one["price"] <= 50
    ]
    assert names("/search?q=kettle") == ["Larkfield tea kettle"]
    assert names("/search?q=HP-103") == ["Kestrel studio headphones"]
    assert names("/search?q=%25") == []
    assert names("/search?q=down+vest") == []  # not on sale
    pages = [names(f"/search?sort=name&page={number}") for number in range(1, 13)]
    assert [len(page) for page in pages] == [12] * 11 + [7]
    assert [name for page in pages for name in page] == sorted((one["name"] for one in products), key=str.lower)
    assert {one["name"] for one in products if one["brand"] == "Iverson"} == set(names("/search?brand=Iverson"))
    assert "“cheap” is not a price" in words(visit.shop.get("/category/knives?max=cheap"))
    assert visit.shop.get("/suggest?q=kettle").json() == [{"name": "Larkfield tea kettle", "sku": "CT-103"}]
    assert visit.shop.get("/suggest?q=k").json() == []


def test_an_order_from_cart_to_confirmation(visit: Visit) -> None:
    assert "Choose a size first." in words(visit.put("SO-103", 2))
    assert "Choose a color first." in words(visit.put("SO-103", 2, size="M", color="Violet"))
    visit.put("SO-103", 2, size="M", color="Navy")  # 17.95 each
    visit.put("CO-106", 1)  # 41.50
    assert "Total $82.30" in words(visit.shop.get("/cart"))  # 35.90 + 41.50 + 4.90
    assert "This coupon was good until 2026-02-28." in words(visit.shop.post("/cart/coupon", data={"code": "WINTER25"}))
    assert "goods for $100.00 or more" in words(visit.shop.post("/cart/coupon", data={"code": "vip15"}))
    assert "not known" in words(visit.shop.post("/cart/coupon", data={"code": "STAFF40"}))
    page = words(visit.shop.post("/cart/coupon", data={"code": "spring10"}))
    assert "Discount (SPRING10) -$7.74" in page
    assert "Total $74.56" in page
    assert "Choose the address" in words(visit.shop.post("/checkout", data={"address": "2"}))  # somebody else's
    page = words(visit.shop.post("/checkout", data={"address": "49"}))
    assert "step 2 of 3" in page
    assert "Choose how" in words(visit.shop.post("/checkout/delivery", data={"delivery": "Balloon"}))
    visit.shop.post("/checkout/delivery", data={"delivery": "Express", "message": "Ring twice"})
    assert "agree to the terms" in words(visit.shop.post("/checkout/payment", data={"payment": "Invoice"}))
    assert visit.state("orders[-1].number") == "01000426"
    page = words(visit.shop.post("/checkout/payment", data={"payment": "Invoice", "terms": "yes"}))
    assert "Order number 01000427 , $82.16" in page  # 69.66 + 12.50
    order = visit.state("orders[-1]")
    assert (order["total"], order["discount"], order["shipping"], order["coupon"]) == (82.16, 7.74, 12.5, "SPRING10")
    assert (order["customer"], order["status"], order["message"]) == ("emma", "Pending", "Ring twice")
    assert "20 Canal Walk" in order["address"]
    assert [(one["sku"], one["choice"], one["quantity"]) for one in order["items"]] == [
        ("SO-103", "Size: M, Color: Navy", 2),
        ("CO-106", "", 1),
    ]
    assert visit.state("products[sku=SO-103].stock") == 46
    assert (visit.state("cart_count"), visit.state("coupon")) == (0, "")
    assert "Ring twice" in words(visit.office.get("/orders/01000427"))


def test_what_a_cart_refuses_and_what_delivery_costs(visit: Visit) -> None:
    assert "is sold out" in words(visit.put("HT-102", 1))
    assert "Only 3 of Cordova spade" in words(visit.put("HT-106", 4))
    assert "whole number from 1 to 20" in words(visit.put("CO-101", 0))
    visit.put("CO-104", 1)  # 85.90
    line = re.search(r'name="quantity-(\d+)"', visit.shop.get("/cart").text)
    assert line is not None
    name = f"quantity-{line[1]}"
    assert "whole number from 0 to 8" in words(visit.shop.post("/cart/update", data={name: "9"}))
    page = words(visit.shop.post("/cart/update", data={name: "2"}))
    assert "Standard delivery $0.00 Total $171.80" in page  # 150 and more
    visit.shop.post("/cart/update", data={name: "1"})
    assert "Total $85.90" in words(visit.shop.post("/cart/coupon", data={"code": "FREESHIP"}))
    assert "Total $80.80" in words(visit.shop.post("/cart/coupon", data={"code": "TENOFF60"}))
    assert "Total $90.80" in words(visit.shop.post("/cart/coupon", data={"remove": "1"}))
    visit.shop.post("/cart/update", data={name: "0"})
    assert visit.state("cart_count") == 0
    assert "Your cart is empty." in words(visit.shop.get("/checkout"))


def test_what_a_customer_can_do_with_orders(visit: Visit) -> None:
    assert "Cancel order" in visit.shop.get(f"/account/orders/{PENDING}").text
    visit.shop.post(f"/account/orders/{PENDING}/cancel")
    assert visit.state(f"orders[number={PENDING}].status") == "Canceled"
    assert "no longer be canceled" in words(visit.shop.post(f"/account/orders/{DELIVERED}/cancel"))
    assert "Only what was delivered" in words(visit.shop.get("/account/orders/01000391/return"))  # 61 days ago
    page = visit.shop.post(f"/account/orders/{DELIVERED}/return", data={"line": "1", "reason": "Sun"})
    assert page.status_code == 422
    assert "Choose what you send back." in words(page)
    assert "Choose a reason." in words(page)
    lines = re.findall(
        r'name="line" value="(\d+)"> ([^(]+) \(2', visit.shop.get(f"/account/orders/{DELIVERED}/return").text
    )
    form = {"line": dict(map(reversed, lines))["Marlowe winter gloves"], "quantity": "3", "reason": "Does not fit"}
    assert "send back 1 to 2" in words(visit.shop.post(f"/account/orders/{DELIVERED}/return", data=form))
    visit.shop.post(f"/account/orders/{DELIVERED}/return", data=form | {"quantity": "2"})
    assert visit.state(f"orders[number={DELIVERED}].returns") == [
        {"sku": "HG-104", "name": "Marlowe winter gloves", "quantity": 2, "reason": "Does not fit", "comment": "",
         "status": "Requested"}
    ]  # fmt: skip
    visit.shop.post(f"/account/orders/{DELIVERED}/reorder")
    assert {one["sku"]: one["quantity"] for one in visit.state("cart")} == {
        "PL-106": 2, "JA-104": 1, "HG-102": 1, "HG-104": 2,
    }  # fmt: skip
    assert visit.shop.get("/account/orders/01000425").status_code == 404  # somebody else's


def test_addresses_details_wishes_and_newsletter(visit: Visit) -> None:
    new = {"label": "Cabin", "name": "Emma", "street": "7 Pine Road", "city": "Fairhaven", "postcode": "6412"}
    page = visit.shop.post("/account/addresses", data=new)
    assert re.search(r'name="postcode"[^>]*>\s*<p class="error" role="alert">A postcode has five digits', page.text)
    visit.shop.post("/account/addresses", data=new | {"postcode": "64120"})
    assert visit.state("addresses[-1].street") == "7 Pine Road"
    visit.shop.post("/account/addresses/51/main")
    assert (visit.state("addresses[label=Cabin].main"), visit.state("addresses[0].main")) == (1, 0)
    assert "cannot be deleted" in words(visit.shop.post("/account/addresses/51/delete"))
    visit.shop.post("/account/addresses/49/delete")
    assert visit.state("addresses[label=Work]") is None
    for place in ("2/main", "51/burn", "x/main"):
        assert visit.shop.post(f"/account/addresses/{place}").status_code == 404
    page = visit.shop.post("/account/details", data={"name": "", "email": "emma@", "phone": "12"})
    assert page.text.count('role="alert"') == 3
    visit.shop.post("/product/CT-103/wish")
    visit.shop.post("/wishlist/GF-105/remove")
    assert [one["sku"] for one in visit.state("wishlist")] == ["TW-104", "JA-101", "HG-104", "CT-103"]
    visit.shop.post("/newsletter", data={"email": "a@b.example", "topic": "Garden", "do": "Subscribe"})
    assert visit.state("newsletter") == [{"email": "a@b.example", "topic": "Garden"}]
    visit.shop.post("/newsletter", data={"email": "a@b.example", "topic": "Garden", "do": "Unsubscribe"})
    assert visit.state("newsletter") == []


def test_a_message_with_a_file_reaches_the_back_office(visit: Visit) -> None:
    form = {"name": "Emma", "email": "emma@mail.example", "topic": "Return", "words": "It came with a dent, see here."}
    page = visit.shop.post("/contact", data=form | {"order": "99"}, files={"file": ("dent.png", b"x" * 2_000_001)})
    assert "There is no order of this number." in words(page)
    assert "larger than 2 MB" in words(page)
    visit.shop.post("/contact", data=form | {"order": DELIVERED}, files={"file": ("dent.png", b"pixels")})
    told = visit.state("messages[-1]")
    assert (told["order"], told["file"], told["bytes"], told["answered"]) == (DELIVERED, "dent.png", 6, 0)
    assert "dent.png (6 bytes)" in words(visit.office.get("/messages"))
    visit.office.post("/messages/6/answered")
    assert visit.state("messages[-1].answered") == 1


def test_a_review_is_shown_when_it_was_approved(visit: Visit) -> None:
    page = visit.shop.post("/product/SP-104/review", data={"rating": "6", "title": "", "body": "x"})
    assert page.text.count('role="alert"') == 3
    form = {"rating": "2", "title": "Too quiet", "body": "Hardly to be heard.", "author": "Emma S."}
    visit.shop.post("/product/SP-104/review", data=form)
    assert "Too quiet" not in visit.shop.get("/product/SP-104").text
    number = visit.state("reviews[-1].id")
    assert "Too quiet" in visit.office.get("/reviews?status=Pending").text
    visit.office.post(f"/reviews/{number}/approve")
    assert "Hardly to be heard." in words(visit.shop.get("/product/SP-104?reviews=new"))
    visit.office.post(f"/reviews/{number}/hide")
    assert "Too quiet" not in visit.shop.get("/product/SP-104").text
    visit.office.post(f"/reviews/{number}/delete")
    assert visit.state("review_count") == 502


def test_what_the_back_office_changes_shows_in_the_shop(visit: Visit) -> None:
    form = {"name": "Northgate day pack", "category": "Backpacks", "brand": "Northgate", "price": "54.5", "stock": "7"}
    visit.office.post("/products/BP-101", data=form | {"enabled": "yes", "sku": "XX-999"})
    page = words(visit.shop.get("/product/BP-101"))
    assert "$54.50 Only 7 left" in page
    visit.office.post("/products/BP-101", data=form)
    assert visit.shop.get("/product/BP-101").status_code == 404
    page = visit.office.post("/products/new", data=form | {"sku": "BP-101", "price": "-3", "stock": "many"})
    assert "This article number is taken." in words(page)
    assert page.text.count('role="alert"') == 3
    visit.office.post("/products/new", data=form | {"sku": "BP-109", "name": "Northgate tote", "enabled": "yes"})
    assert "Northgate tote" in words(visit.shop.get("/product/BP-109"))
    coupon = {
        "code": "EASTER",
        "kind": "Dollars off",
        "amount": "5",
        "minimum": "20",
        "ends": "2026-04-12",
        "active": "yes",
    }
    page = visit.office.post("/coupons/new", data=coupon | {"code": "SPRING10", "amount": "five", "ends": "soon"})
    assert page.text.count('role="alert"') == 3
    visit.office.post("/coupons/new", data=coupon)
    visit.put("BP-109", 1)
    assert "Total $54.40" in words(visit.shop.post("/cart/coupon", data={"code": "EASTER"}))
    visit.office.post("/coupons/EASTER", data=coupon | {"active": ""})
    assert "Total $59.40" in words(visit.shop.get("/cart"))
    assert "Choose a carrier" in words(visit.office.post(f"/orders/{PENDING}/ship", data={"tracking": "GB123456"}))
    visit.office.post(f"/orders/{PENDING}/ship", data={"carrier": "GreenBike", "tracking": "GB123456"})
    visit.office.post(f"/orders/{PENDING}/note", data={"words": "Left at noon", "shown": "yes"})
    visit.office.post(f"/orders/{PENDING}/note", data={"words": "Pays late"})
    page = words(visit.shop.get(f"/account/orders/{PENDING}"))
    assert "Status Shipped" in page
    assert "GreenBike, tracking number GB123456" in page
    assert "Left at noon" in page
    assert "Pays late" not in page
    visit.office.post("/customers/1/group", data={"group": "VIP"})
    assert visit.state("customers[user=emma].group") == "VIP"


def test_reports_agree_with_the_orders(visit: Visit) -> None:
    sold = [one for one in visit.state("orders") if one["status"] != "Canceled"]
    august = [one for one in sold if one["day"].startswith("2025-08")]
    assert f"2025-08 {len(august)} ${sum(one['total'] for one in august):,.2f}" in words(visit.office.get("/reports"))
    pieces: Counter[str] = Counter()
    for order in sold:
        if order["day"].startswith("2025-06"):
            for item in order["items"]:
                pieces[item["name"]] += item["quantity"]
    (name, most), *_ = pieces.most_common(1)
    page = words(visit.office.get("/reports?kind=products&from=2025-06-01&to=2025-06-30"))
    assert f"Revenue KB-103 {name} {most} " in page or re.search(rf"Revenue \S+ {name} {most} ", page)
    assert "is not a day" in words(visit.office.get("/reports?from=June"))
    assert "ends before it begins" in words(visit.office.get("/reports?from=2026-03-01&to=2026-02-01"))


def test_strangers_see_the_shop_but_no_account_and_no_office(serving: Serving) -> None:
    for site, places in (
        ("shop", ("/account", "/account/orders", f"/account/orders/{PENDING}", "/account/addresses", "/wishlist")),
        (
            "shop_admin",
            ("/", "/orders", "/products", "/products/new", "/customers", "/reviews", "/coupons", "/reports"),
        ),
    ):
        with httpx.Client(base_url=f"http://{serving.places[site]}", cookies={COOKIE: "stranger"}) as client:
            for place in places:
                assert client.get(place).headers["location"].startswith("/login?next=")
            assert client.post("/orders/01000421/status", data={"status": "Canceled"}).status_code in (303, 404)
    with httpx.Client(base_url=f"http://{serving.places['shop']}", cookies={COOKIE: "stranger"}) as client:
        assert client.get("/product/GF-101").status_code == 200
