"""Looking around: first page, categories, search, product pages and their reviews."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webapprentice.sites.shop.data import slug
from webapprentice.sites.shop.forms import asked, cents, customer, fields, found, members, whole
from webapprentice.sites.site import TODAY, account, goto, paginate, render, row, rows, tell, write

PAGE = 12
SORTS = {
    "": ("Best match", "id"),
    "price": ("Price, low to high", "price, id"),
    "price-down": ("Price, high to low", "price DESC, id"),
    "rating": ("Customer rating", "rating IS NULL, rating DESC, reviews DESC, id"),
    "new": ("Newest first", "added DESC, id"),
    "name": ("Name", "name COLLATE NOCASE, id"),
}


def show(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """A page of the shop: knows what is in the cart and the departments of the menu."""
    counted = row(request, "SELECT coalesce(sum(quantity), 0) AS n FROM cart") or {"n": 0}
    departments = rows(request, "SELECT department AS name FROM categories GROUP BY department ORDER BY min(id)")
    menu = [{"name": one["name"], "slug": slug(one["name"])} for one in departments]
    return render(request, template, status, in_cart=counted["n"], departments=menu, **values)


async def _home(request: Request) -> Response:
    newest = rows(request, "SELECT * FROM listed WHERE enabled ORDER BY added DESC, id LIMIT 4")
    best = rows(
        request, "SELECT * FROM listed WHERE enabled AND reviews > 3 ORDER BY rating DESC, reviews DESC, id LIMIT 4"
    )
    return show(request, "home.html", newest=newest, best=best)


async def _department(request: Request) -> Response:
    known = rows(request, "SELECT DISTINCT department FROM categories")
    name = next((one["department"] for one in known if slug(one["department"]) == request.path_params["slug"]), None)
    found(row(request, "SELECT 1 FROM categories WHERE department = ?", name))
    categories = rows(
        request,
        "SELECT c.name, c.slug, count(p.id) AS products, min(p.price) AS cheapest FROM categories c"
        " JOIN products p ON p.category = c.id AND p.enabled WHERE department = ? GROUP BY c.id ORDER BY c.id",
        name,
    )
    return show(request, "department.html", name=name, categories=categories)


async def _category(request: Request) -> Response:
    category = found(row(request, "SELECT * FROM categories WHERE slug = ?", request.path_params["slug"]))
    return _listing(request, category["name"], "category_slug = ?", [category["slug"]], category=category)


async def _search(request: Request) -> Response:
    words = asked(request, "q")[:100].split()
    where, values = ["1"], list[object]()
    for word in words:
        places = ("name", "description", "sku", "category_name")
        where.append("(" + " OR ".join(f"{one} LIKE ? ESCAPE '\\'" for one in places) + ")")
        values += [like(word)] * len(places)
    title = f"Results for “{' '.join(words)}”" if words else "All products"
    return _listing(request, title, " AND ".join(where), values, category=None)


def like(word: str) -> str:
    """A pattern for LIKE ... ESCAPE '\\\\' that finds this text anywhere."""
    for special in "\\%_":
        word = word.replace(special, "\\" + special)
    return f"%{word}%"


def _listing(
    request: Request, title: str, where: str, values: list[object], category: dict[str, Any] | None
) -> Response:
    """Products that fit, narrowed and sorted as the address says."""
    base = f"FROM listed WHERE enabled AND {where}"
    brands = [one["brand"] for one in rows(request, f"SELECT DISTINCT brand {base} ORDER BY brand", *values)]
    departments = [one["department"] for one in rows(request, f"SELECT DISTINCT department {base} ORDER BY 1", *values)]
    narrowed, more, trouble = base, list(values), ""
    for name, condition in (("brand", "brand = ?"), ("department", "department = ?")):
        if asked(request, name):
            narrowed, more = f"{narrowed} AND {condition}", [*more, asked(request, name)]
    for name, condition in (("min", "price >= ?"), ("max", "price <= ?")):
        if asked(request, name):
            limit = cents(asked(request, name))
            if limit is None:
                trouble = f"“{asked(request, name)[:20]}” is not a price: write it as 12 or 12.50."
            else:
                narrowed, more = f"{narrowed} AND {condition}", [*more, limit]
    if asked(request, "stars"):
        narrowed, more = f"{narrowed} AND rating >= ?", [*more, whole(asked(request, "stars"), 1, 5) or 1]
    if asked(request, "stock"):
        narrowed += " AND stock > 0"
    sort = asked(request, "sort") if asked(request, "sort") in SORTS else ""
    products = rows(request, f"SELECT * {narrowed} ORDER BY {SORTS[sort][1]}", *more)
    return show(
        request,
        "listing.html",
        title=title,
        category=category,
        page=paginate(products, asked(request, "page")[:6], PAGE),
        brands=brands,
        all_departments=departments,
        sorts=[(key, label) for key, (label, _) in SORTS.items()],
        sort=sort,
        asked={name: asked(request, name) for name in ("q", "brand", "department", "min", "max", "stars", "stock")},
        trouble=trouble,
    )


async def _suggest(request: Request) -> Response:
    words = asked(request, "q")[:100]
    fit = rows(
        request,
        "SELECT name, sku FROM products WHERE enabled AND name LIKE ? ESCAPE '\\' ORDER BY name, id LIMIT 6",
        like(words),
    )
    return JSONResponse(fit if len(words) > 1 else [])


def product_of(request: Request) -> dict[str, Any]:
    """The product that the address names, if it is on sale. Raises HTTPException 404."""
    return found(row(request, "SELECT * FROM listed WHERE enabled AND sku = ?", request.path_params["sku"]))


def choices_of(request: Request, product: int) -> dict[str, list[str]]:
    """What has to be chosen for a product, such as its size, and what there is."""
    given: dict[str, list[str]] = {}
    for one in rows(request, "SELECT name, value FROM choices WHERE product = ? ORDER BY rowid", product):
        given.setdefault(one["name"], []).append(one["value"])
    return given


async def _product(request: Request) -> Response:
    return product_page(request, product_of(request))


def product_page(request: Request, product: dict[str, Any], trouble: str = "") -> Response:
    """The page of a product; `trouble` says what is wrong with what was to be put in the cart."""
    sorts = {"new": "day DESC, id", "low": "rating, id", "high": "rating DESC, id"}
    order = asked(request, "reviews") if asked(request, "reviews") in sorts else "new"
    reviews = rows(
        request,
        f"SELECT * FROM reviews WHERE product = ? AND status = 'Approved' ORDER BY {sorts[order]}",
        product["id"],
    )
    alike = rows(
        request,
        "SELECT * FROM listed WHERE enabled AND category = ? AND id <> ? ORDER BY id LIMIT 4",
        product["category"],
        product["id"],
    )
    return show(
        request,
        "product.html",
        422 if trouble else 200,
        product=product,
        choices=choices_of(request, product["id"]),
        reviews=paginate(reviews, asked(request, "page")[:6], 5),
        order=order,
        alike=alike,
        wished=row(request, "SELECT 1 FROM wishes WHERE product = ?", product["id"]) is not None,
        trouble=trouble,
        open_tab="reviews" if asked(request, "reviews") or asked(request, "page") else "details",
    )


async def _review(request: Request) -> Response:
    product, known = product_of(request), customer(request)
    form = {"rating": "", "title": "", "body": "", "author": known["name"] if known else ""}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        form |= await fields(request)
        rating = whole(form["rating"], 1, 5)
        if rating is None:
            wrong["rating"] = "Choose from one to five stars."
        if not form["title"] or len(form["title"]) > 80:
            wrong["title"] = "Give it a title of at most 80 characters."
        if len(form["body"]) < 5:
            wrong["body"] = "Write at least a few words."
        if not form["author"] or len(form["author"]) > 60:
            wrong["author"] = "Say by what name it is to be shown."
        if not wrong:
            write(
                request,
                "INSERT INTO reviews (product, author, rating, title, body, day, status)"
                " VALUES (?,?,?,?,?,?,'Pending')",
                *(product["id"], form["author"], rating, form["title"], form["body"], TODAY.isoformat()),
            )
            tell(request, "Thank you. Your review is shown when it has been checked.")
            return goto(f"/product/{product['sku']}")
    return show(request, "review.html", 422 if wrong else 200, product=product, form=form, wrong=wrong)


async def _wish(request: Request) -> Response:
    product = product_of(request)
    if account(request) is None:
        return goto(f"/login?next=/product/{product['sku']}")
    write(request, "INSERT OR IGNORE INTO wishes (product) VALUES (?)", product["id"])
    tell(request, f"{product['name']} is on your wish list.")
    return goto(f"/product/{product['sku']}")


@members
async def _wishes(request: Request, _known: dict[str, Any]) -> Response:
    wanted = rows(request, "SELECT l.* FROM wishes w JOIN listed l ON l.id = w.product ORDER BY w.id")
    return show(request, "wishes.html", products=wanted)


@members
async def _unwish(request: Request, _known: dict[str, Any]) -> Response:
    product = found(row(request, "SELECT * FROM products WHERE sku = ?", request.path_params["sku"]))
    write(request, "DELETE FROM wishes WHERE product = ?", product["id"])
    tell(request, f"{product['name']} is no longer on your wish list.")
    return goto("/wishlist")


ROUTES = [
    Route("/", _home),
    Route("/department/{slug}", _department),
    Route("/category/{slug}", _category),
    Route("/search", _search),
    Route("/suggest", _suggest),
    Route("/product/{sku}", _product),
    Route("/product/{sku}/review", _review, methods=["GET", "POST"]),
    Route("/product/{sku}/wish", _wish, methods=["POST"]),
    Route("/wishlist", _wishes),
    Route("/wishlist/{sku}/remove", _unwish, methods=["POST"]),
]
