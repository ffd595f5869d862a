"""A shop of many pages: sign in, search, put things into a cart, pay by card in a frame of another site."""

from __future__ import annotations

from html import escape

from sites import FAMILY, KINDS, NAMES, THINGS, Answer, Ask, Draw, Site, Workflow, click, fill, outcome
from webapprentice.recorder import Gesture


def goods(draw: Draw) -> list[tuple[str, int]]:
    """What is sold, and for how much."""
    kinds, things = draw.some("kinds", KINDS, 6), draw.some("things", THINGS, 4)
    names = [f"{kind} {thing}" for thing in things for kind in kinds[:3]]
    return [(name, draw.number(f"price {name}", 5, 300)) for name in names]


def customer(draw: Draw) -> tuple[str, str]:
    """Who shops here: user name and password."""
    name = draw.one("name", NAMES).lower()
    return f"{name}.{draw.one('family', FAMILY).lower()}", f"Pw-{name}-{draw.number('password', 1000, 9999)}!x"


def answer(ask: Ask) -> Answer:
    look, draw = ask.look, ask.draw
    user = ask.query.get("user", "")
    cart = [name for name in ask.query.get("cart", "").split("|") if name]
    state = f"user={user}&cart={'|'.join(cart)}"

    def link(path: str, words: str, more: str = "") -> str:
        return f'<a class="{look.cls("link")}" href="{ask.base}{path}?{escape(state + more)}">{words}</a>'

    hidden = "".join(
        f'<input type="hidden" name="{key}" value="{escape(value)}">'
        for key, value in (("user", user), ("cart", "|".join(cart)))
    )
    nav = f"<nav>{link('', 'Home')} {link('cart', f'Cart ({len(cart)})')}</nav>"
    search = (
        f'<form id="{look.id("search")}" action="{ask.base}find">{hidden}'
        f'<input type="search" name="q" class="{look.cls("query")}" aria-label="Search the shop"><button>Search</button></form>'
    )
    match ask.path:
        case "":
            words = f"<p>Welcome, {escape(user)}</p>" if user else link("login", "Sign in")
            return Answer(look.order(nav, f"<h1>The shop</h1>{words}", search), "Shop")
        case "login":
            right = customer(draw)
            if (ask.form.get(look.field("login")), ask.form.get(look.field("secret"))) == right:
                return Answer(goto=f"{ask.base}?user={right[0]}&cart=")
            wrong = "<p role=alert>That is not right.</p>" if ask.form else ""
            return Answer(
                look.order(
                    nav,
                    f'<h1>Sign in</h1>{wrong}<form method="post"><label for="{look.id("user")}">User name</label>'
                    f'<input id="{look.id("user")}" name="{look.field("login")}"><label for="{look.id("pass")}">Password</label>'
                    f'<input type="password" id="{look.id("pass")}" name="{look.field("secret")}"><button>Sign in</button></form>',
                ),
                "Sign in",
            )
        case "find":
            found = [one for one in goods(draw) if ask.query.get("q", "").lower() in one[0].lower()]
            rows = "".join(
                f'<li class="{look.cls("item")}"><h2>{name}</h2><p>{price} EUR</p><form action="{ask.base}add">{hidden}'
                f'<input type="hidden" name="item" value="{name}"><button class="{look.cls("add")}">Add to cart</button></form></li>'
                for name, price in (found if look.variant % 2 == 0 else found[::-1])
            )
            return Answer(look.order(nav, search, f"<h1>{len(found)} found</h1><ul>{rows}</ul>"), "Results")
        case "add":
            more = [*cart, ask.query.get("item", "")]
            return Answer(goto=f"{ask.base}cart?user={user}&cart={'|'.join(more)}".replace(" ", "+"))
        case "cart":
            prices = dict(goods(draw))
            rows = "".join(f"<tr><td>{name}</td><td>{prices.get(name, 0)} EUR</td></tr>" for name in cart)
            ways = "".join(f"<option>{way}</option>" for way in ("Post", "Courier", "Pick up"))
            body = (
                f'<h1>Your cart</h1><table>{rows}</table><form action="{ask.base}pay">{hidden}'
                f'<label>Delivery <select name="way" class="{look.cls("way")}">{ways}</select></label><button>Check out</button></form>'
            )
            return Answer(look.order(nav, body, search), "Cart")
        case "pay":
            done = {"user": user, "cart": cart, "way": ask.query.get("way")}
            frame = f'<iframe title="Card" src="{ask.hosts["desk"]}card" width="500" height="160"></iframe>'
            told = "addEventListener('message', (event) => { if (event.data === 'paid') document.querySelector('#state').textContent = 'Paid'; window.outcome = { ...window.outcome, paid: event.data === 'paid' } })"
            return Answer(
                look.order(nav, f"<h1>Pay</h1>{frame}<p id=state>Not paid yet</p>")
                + outcome(done)
                + f"<script>{told}</script>",
                "Pay",
            )
    return Answer()


def workflows(draw: Draw) -> list[Workflow]:
    user, password = customer(draw)
    sold = goods(draw)
    first, second = draw.some("wanted", [name for name, _ in sold], 2)
    word = first.split()[1]
    way = draw.one("way", ("Courier", "Pick up"))
    login = (
        click("link", "Sign in"),
        fill("textbox", "User name", user),
        fill("textbox", "Password", password),
        click("button", "Sign in"),
    )
    find = (fill("searchbox", "Search the shop", word, submit=True), click("button", "Add to cart", beside=first))
    again = (
        fill("searchbox", "Search the shop", second),
        click("button", "Search"),
        click("button", "Add to cart", beside=second),
    )
    out = (Gesture(do="select", role="combobox", name="Delivery", options=(way,)), click("button", "Check out"))
    card = (
        fill("textbox", "Card number", "4111 1111 1111 1111"),
        fill("textbox", "Security code", "737"),
        click("button", "Pay now"),
    )
    bought = {"user": user, "cart": [first, second], "way": way}
    return [
        Workflow(
            "buy",
            f"Sign in as {user}, put the {first} and the {second} into the cart and check out with {way} as delivery.",
            "",
            (*login, *find, *again, *out),
            bought,
        ),
        Workflow(
            "pay",
            f"Put the {first} into the cart without signing in, check out with {way}, and pay by card.",
            "",
            (*find, *out, *card),
            {"user": "", "cart": [first], "way": way, "paid": True},
        ),
    ]


SITE = Site("shop", answer, workflows)
