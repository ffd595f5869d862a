"""Walls, and pages that only look like one; read from markup, as recordings are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapprentice.core.records import Observation
from webapprentice.page import Wall, from_html, wall

GOAL = "Find the cheapest blue kettle and put it into the basket"
SHOP = "".join(f"<a href='/p{n}'>Kettle {n}</a><button>Buy {n}</button>" for n in range(20))
FORM = (
    "<form><label>E-mail <input type=email></label><label>Password <input type=password></label>"
    "<button>Sign in</button></form>"
)
WALLS = {
    "a box to tick": (
        Wall.CAPTCHA,
        "/",
        "<h1>Just a moment</h1><p>Verify you are human by completing the action below.</p>"
        "<iframe src='https://challenges.cloudflare.com/x' title='Widget'></iframe><p>shop.example needs to review the "
        "security of your connection before proceeding.</p>",
    ),
    "pictures to choose": (
        Wall.CAPTCHA,
        "/search",
        "<p>Our systems have detected unusual traffic from your computer network.</p><div class=g-recaptcha>"
        "<iframe src='https://www.google.com/recaptcha/api2/anchor'></iframe></div><p>I'm not a robot</p>",
    ),
    "letters to read": (
        Wall.CAPTCHA,
        "/errors/validate",
        "<h4>Enter the characters you see below</h4><p>Sorry, we just need to make sure you're not a robot.</p>"
        "<img src=a.jpg><input placeholder='Type characters'><button>Continue shopping</button><a href=#>Terms</a>",
    ),
    "a button to hold": (
        Wall.CAPTCHA,
        "/",
        "<h1>Are you a human?</h1><p>Press and hold the button to confirm</p>"
        "<div id=px-captcha role=button>Press &amp; Hold</div>",
    ),
    "a form sent to the login page": (
        Wall.LOGIN,
        "/login?next=/basket",
        f"<h1>Welcome back</h1>{FORM}<a href=#>Forgot?</a>",
    ),
    "a demand to sign in": (Wall.LOGIN, "/report/7", f"<p>Please sign in to see this page.</p>{FORM}"),
    "a session that is over": (Wall.LOGIN, "/inbox", f"<p>Your session has expired.</p>{FORM}"),
    "single sign-on": (
        Wall.LOGIN,
        "/sso/start",
        "<h2>Sign in to continue to Wiki</h2><button>Continue with Example ID</button><a href=#>Help</a>",
    ),
    "an article for members": (
        Wall.LOGIN,
        "/story",
        "<p>Create an account to continue reading.</p><a href=/login>Sign in</a><a href=/join>Join</a>",
    ),
    "a consent over everything": (
        Wall.COOKIES,
        "/",
        "<div role=dialog aria-modal=true><h2>We value your privacy</h2><p>We and our 812 partners store cookies.</p>"
        f"<button>Accept all</button><button>Reject all</button><button>Manage options</button></div>{SHOP}",
    ),
    "a consent and nothing else": (
        Wall.COOKIES,
        "/",
        "<p>This website uses cookies.</p><button>I agree</button><a href=#>Privacy policy</a>",
    ),
}
OPEN = {
    "a shop": ("/", SHOP),
    "a shop with a link to sign in": ("/", f"<a href=/login>Sign in</a><p>Sign in to see your orders</p>{SHOP}"),
    "a consent in the corner": ("/", f"<div><p>We use cookies.</p><button>Accept</button></div>{SHOP}"),
    "a form guarded in a corner": (
        "/contact",
        "<form><label>Message <textarea></textarea></label><div class=g-recaptcha></div>"
        f"<button>Send</button></form>{SHOP}",
    ),
    "an article about captchas": (
        "/wiki/captcha",
        "<h1>CAPTCHA</h1><p>A captcha asks whether you are human.</p>"
        + "".join(f"<a href=/w{n}>Link {n}</a>" for n in range(30)),
    ),
    "a form with a password and no demand": ("/account/new-kettle", f"<p>Join our list</p>{FORM}"),
    "a page that is empty": ("/", ""),
    "a sentence on cookies to bake": (
        "/recipe",
        "<h1>Oat cookies</h1><p>This recipe uses butter.</p><button>Print</button>",
    ),
    "a hidden challenge": ("/", f"<div hidden>Verify you are human</div>{SHOP}"),
}


def seen(path: str, html: str, title: str = "") -> Observation:
    return Observation(url=f"https://shop.example{path}", title=title, elements=from_html(html))


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_is_named(name: str) -> None:
    expected, path, html = WALLS[name]
    assert wall(seen(path, html), GOAL) is expected


@pytest.mark.parametrize("name", OPEN)
def test_a_page_that_can_be_used_is_no_wall(name: str) -> None:
    assert wall(seen(*OPEN[name]), GOAL) is None


@pytest.mark.parametrize(
    "goal",
    [
        'Enter the username "ann" and the password "x1" into the text fields and press login.',
        "Log in as ann",
        "Sign in and tell me how many orders are open",
        "Create an account for ann@example.org",
        "Logging in with the credentials ann / x1, open the inbox",
    ],
)
@pytest.mark.parametrize("name", [name for name in WALLS if WALLS[name][0] is Wall.LOGIN])
def test_signing_in_is_no_wall_where_it_is_the_task(name: str, goal: str) -> None:
    _, path, html = WALLS[name]
    assert wall(seen(path, html), goal) is None


def test_an_objective_that_only_mentions_a_catalogue_or_a_blog_does_not_open_a_login_page() -> None:
    _, path, html = WALLS["a demand to sign in"]
    for goal in ("Open the catalogue in Oslo", "Read the newest blog entry", "Write down the signs in the list", ""):
        assert wall(seen(path, html), goal) is Wall.LOGIN


@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=60))
def test_any_page_has_a_verdict(html: str, goal: str, path: str) -> None:
    wall(seen(path, html), goal)
