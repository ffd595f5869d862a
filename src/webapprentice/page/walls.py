"""Pages that stand in the way: a proof of being human, a demand to sign in, a consent that covers everything.

They are told apart and never passed: who meets one says so, and it is counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import urlsplit

from webapprentice.core.records import Element, Observation


class Wall(StrEnum):
    """What stands in the way."""

    CAPTCHA = "blocked_captcha"
    """A proof of being human is asked for before the page goes on."""
    LOGIN = "blocked_login"
    """The page wants an account that the objective says nothing of."""
    COOKIES = "blocked_cookies"
    """A consent covers the page. The agent may answer it; nobody answers it for the agent."""


_CHALLENGE = re.compile(
    r"verify (?:that )?you(?:'re| are) (?:a )?(?:human|not a (?:ro)?bot)|i(?:'| a)m (?:not a robot|human)"
    r"|are you (?:a )?(?:human|(?:ro)?bot)\b|prove (?:that )?you(?:'re| are) (?:human|not a (?:ro)?bot)"
    r"|checking (?:if the site connection is secure|your browser)|unusual (?:traffic|activity) from your"
    r"|complete the (?:security check|captcha)|(?:press|click) (?:and|&) hold|\bcaptcha\b"
    r"|(?:enter|type) the (?:characters|letters|text) (?:you see|shown|in the (?:image|picture))"
    r"|select all (?:images|squares|pictures) with|needs to review the security of your connection",
    re.IGNORECASE,
)
_VENDOR = re.compile(
    r"recaptcha|hcaptcha|arkoselabs|funcaptcha|challenges\.cloudflare|turnstile|geo\.captcha-delivery|px-captcha"
    r"|awswaf-captcha|geetest|friendly-?captcha|mtcaptcha",
    re.IGNORECASE,
)
_SIGN_IN = re.compile(
    r"\b(?:(?:sign|log)[ -]?(?:in|on)|authenticate) (?:to|before|for access|is required|required|with your)"
    r"|(?:must|need to|have to|please) (?:be )?(?:sign(?:ed)?|log(?:ged)?)[ -]?in"
    r"|session (?:has )?(?:expired|timed out)|(?:members|subscribers) only"
    r"|(?:create|register for) an account to (?:continue|see|read|view)"
    r"|login required|sign-?in required",
    re.IGNORECASE,
)
_ACCOUNT_GOAL = re.compile(
    r"\b(?:log|sign)(?:ging|ing)?[ -]?(?:in|on|up|into)\b|\blog ?in\b|\bpassword\b|\buser ?name\b"
    r"|\bauthenticat|\bregister\b|\bcredentials?\b|\b(?:create|open|make) (?:an?|my|your|the) (?:\w+ )?account\b",
    re.IGNORECASE,
)
_LOGIN_PATH = re.compile(r"/(?:log-?in|sign-?in|sso|oauth2?|auth|session/new|accounts?/login)(?:[/.]|$)", re.IGNORECASE)
_CONSENT = re.compile(
    r"\b(?:we (?:and our (?:\d+ )?partners )?(?:use|store|value)|this (?:site|website) uses|uses?) [\w ,]{0,40}cookies"
    r"|cookie (?:consent|preferences|settings|policy)|we value your privacy|consent to (?:the use of )?cookies",
    re.IGNORECASE,
)
_CONSENT_BUTTON = re.compile(
    r"^(?:accept|allow|agree|i agree|ok|got it|reject|decline|deny|refuse|manage|only necessary|consent|customi[sz]e)",
    re.IGNORECASE,
)
_FIELDS = frozenset({"textbox", "searchbox", "combobox", "checkbox", "radio", "slider", "spinbutton", "listbox"})
_PRESSED = frozenset({"button", "link", "tab", "menuitem", "option"})
_FEW = 12
"""Other things to act on: a page that offers more than these can be used in spite of what it asks."""


def wall(observation: Observation, goal: str = "") -> Wall | None:
    """What keeps the agent from the page, as far as can be seen; None where nothing does.

    A form to sign in with counts only when the objective speaks of no account: signing in may be the task itself.
    """
    shown = [element for element in observation.elements if element.visible]
    text = " ".join([observation.title, *_words(shown)])[:20_000]
    offered = [element for element in shown if element.clickable or element.role in _FIELDS | _PRESSED]
    passwords = [element for element in shown if _password(element)]
    if _challenged(shown, text, offered) and "captcha" not in goal.lower():
        return Wall.CAPTCHA
    if not _ACCOUNT_GOAL.search(goal) and _demands_account(observation.url, text, offered, passwords):
        return Wall.LOGIN
    if _covered_by_consent(shown, text, offered):
        return Wall.COOKIES
    return None


def _words(elements: Iterable[Element]) -> Iterable[str]:
    return (element.text if element.tag == "#text" else element.name for element in elements if _wording(element))


def _wording(element: Element) -> bool:
    return bool(element.text or element.name) and element.tag != "option"


def _password(element: Element) -> bool:
    return element.tag == "input" and element.attributes.get("type", "").lower() == "password"


def _marked(element: Element) -> bool:
    """A vendor's frame or box."""
    if element.tag not in ("iframe", "div", "script", "input", "textarea", "form"):
        return False
    wanted = (element.attributes.get(name, "") for name in ("src", "class", "id", "name", "title"))
    return bool(_VENDOR.search(" ".join(wanted)))


def _challenged(shown: list[Element], text: str, offered: list[Element]) -> bool:
    asked = _CHALLENGE.search(text) is not None
    marked = any(_marked(element) for element in shown)
    if not asked and not marked:
        return False
    # A form, such as a search or a comment, may carry a challenge in its corner: the page can still be used.
    others = [one for one in offered if not _marked(one) and not _CHALLENGE.search(one.name) and one.tag != "iframe"]
    return len(others) <= (_FEW if asked and marked else _FEW // 3)


def _demands_account(url: str, text: str, offered: list[Element], passwords: list[Element]) -> bool:
    said = _SIGN_IN.search(text) is not None
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    sent = _LOGIN_PATH.search(path) is not None
    few = len(offered) <= 2 * _FEW
    if passwords:
        return few and (said or sent)
    return (
        few and said and (sent or any(re.match(r"(?:sign|log) ?in|continue with", one.name, re.I) for one in offered))
    )


def _covered_by_consent(shown: list[Element], text: str, offered: list[Element]) -> bool:
    if not _CONSENT.search(text):
        return False
    buttons = [one for one in offered if _CONSENT_BUTTON.match(one.name)]
    modal = any(one.role in ("dialog", "alertdialog") and one.attributes.get("aria-modal") == "true" for one in shown)
    return bool(buttons) and (modal or len(offered) <= len(buttons) + 4)
