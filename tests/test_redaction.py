"""What is learned disappears in every spelling, what looks like a secret is found, and the rest of a page stays."""

from __future__ import annotations

import base64
import html
import json
import tarfile
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from samples import step, trajectory
from webapprentice.core.actions import Click, Goto, Press, Select, Stop, Type
from webapprentice.core.records import Element, Observation, Tab
from webapprentice.page import from_html
from webapprentice.redaction import Redactor, findings, placeholders
from webapprentice.redaction.findings import suspicious
from webapprentice.redaction.needles import Needle

REAL = Path(__file__).parents[2] / "shared/data/html_readability/readability_test_pages_130.tar.xz"
SPELLINGS = {
    "plain": lambda value: value,
    "upper case": str.upper,
    "lower case": str.lower,
    "in an address": quote_plus,
    "every byte of an address": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "twice in an address": lambda value: quote(quote(value, safe=""), safe=""),
    "HTML": html.escape,
    "HTML by numbers": lambda value: "".join(f"&#{ord(one)};" for one in value),
    "HTML by hexadecimals": lambda value: "".join(f"&#x{ord(one):x};" for one in value),
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON in JSON": lambda value: json.dumps(json.dumps(value))[3:-3],
    "JSON by numbers": lambda value: "".join(f"\\u{ord(one):04x}" for one in value),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 after a name": lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
    "base64 in the midst": lambda value: base64.b64encode(f"ab {value} and more".encode()).decode(),
    "base64 for addresses": lambda value: base64.urlsafe_b64encode(f"?{value}".encode()).decode(),
    "hexadecimal": lambda value: value.encode().hex(),
    "backwards": lambda value: value[::-1],
    "in groups": lambda value: " ".join(value[at : at + 4] for at in range(0, len(value), 4)),
    "in groups with dashes": lambda value: "-".join(value[at : at + 4] for at in range(0, len(value), 4)),
    "inside a word": lambda value: f"user{value}name",
}
SECRETS = (
    "hunter2!",
    "Tr0ub4dor&3",
    'q"<w>e\\r/ty',
    "correct horse battery",
    "пароль77",
    "Grüße-2024",
    "482913",
    "a+b=c%d1",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_learned_secret_disappears_in_every_spelling(spelling: str, secret: str) -> None:
    redactor = Redactor()
    assert redactor.learn("password", secret) == "{{password:1}}"
    said = SPELLINGS[spelling](secret)
    for text in (f"before {said} after", f'{{"x": "{said}", "y": 1}}', f"https://e.example/a?b={said}&c=1"):
        cleaned = redactor.clean(text)
        assert said.strip() not in cleaned
        assert secret not in cleaned
        assert cleaned.count("{{password:1}}") == 1, cleaned
        assert redactor.clean(cleaned) == cleaned


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="{}\0"), min_size=8, max_size=30),
    st.text(max_size=40),
    st.sampled_from(sorted(SPELLINGS)),
)
@example("NOSCRIPT", "", "backwards")
@settings(max_examples=60, deadline=None)
def test_no_spelling_of_any_secret_stays(secret: str, around: str, spelling: str) -> None:
    redactor = Redactor()
    redactor.learn("secret", secret)
    said = SPELLINGS[spelling](secret)
    if sum(map(str.isalnum, secret)) < 6 or Needle(secret, "").weak or not said.strip():
        return  # what is short, or a word of every page, is tested by itself below
    text = f"{around}\n {said} \n{around}"
    cleaned = redactor.clean(text)
    assert redactor.clean(cleaned) == cleaned
    if spelling in ("plain", "base64", "hexadecimal", "backwards") and secret.isascii():
        assert said.strip() not in cleaned


def test_a_secret_that_tags_divide() -> None:
    redactor = Redactor()
    redactor.learn("password", "hunter2!x9")
    page = "<p><b>hunt</b><i class=k>er2</i>!x9</p><script>var p='hunter2!x9'</script><!-- HUNTER2!X9 -->"
    cleaned = redactor.html(page)
    assert not any(part in cleaned for part in ("er2", "!x9", "HUNT"))
    assert redactor.html(cleaned) == cleaned
    seen = Observation(url="https://e.example/?u=hunter2%21x9", elements=from_html(page))
    said = redactor.observation(seen).model_dump_json()
    assert not any(part in said for part in ("hunt", "er2", "x9"))
    assert redactor.observation(redactor.observation(seen)) == redactor.observation(seen)


def test_a_secret_that_a_long_string_cuts_off() -> None:
    redactor = Redactor()
    redactor.learn("password", "correct horse battery")
    cut = ("x" * 105 + " correct horse battery")[:120]
    seen = Observation(url="", elements=(Element(id=1, tag="p", attributes={"title": cut}),))
    assert redactor.observation(seen).elements[0].attributes["title"] == "x" * 105 + " {{password:1}}"


def test_a_secret_coded_in_two_ways_disappears_in_both() -> None:
    redactor = Redactor()
    redactor.learn("password", "hunter2!x9")
    first, second = (base64.b64encode(f"{before}hunter2!x9".encode()).decode() for before in ("ab", ""))
    for text in (f"{first} - {second}", f"{second} - {first}", f"{first} {second} {first}"):
        assert set(redactor.clean(text).replace("-", " ").split()) == {"{{password:1}}"}


def test_a_secret_of_signs_alone() -> None:
    redactor = Redactor()
    assert redactor.clean("/a?password=!!$$!!$$!!$$!!&b=1") == "/a?password={{password:1}}&b=1"
    redactor.learn("password", "#*#*#*#*#")
    assert redactor.clean("it is #*#*#*#*# now") == "it is {{password:2}} now"


def test_a_secret_that_is_a_word_of_every_page_goes_from_where_it_is_a_whole_value() -> None:
    redactor = Redactor()
    page = '<noscript>a</noscript><input type="password" name="p" value="noscript"><p>noscript</p><p>Use noscript</p>'
    held = "{{password:1}}"
    assert redactor.html(page) == page.replace('"noscript"', f'"{held}"').replace("<p>noscript<", f"<p>{held}<")
    assert redactor.url("https://e.example/?p=noscript&q=1") == f"https://e.example/?p={held}&q=1"


def test_placeholders_are_typed_and_stay_the_same() -> None:
    redactor = Redactor()
    assert [redactor.learn("password", "first-pass"), redactor.learn("card", "4111 1111 1111 1111")] == [
        "{{password:1}}",
        "{{card:1}}",
    ]
    assert redactor.learn("password", "other-pass") == "{{password:2}}"
    assert redactor.learn("otp", "first-pass") == "{{password:1}}"
    assert redactor.learn("password", "{{password:1}}") == "{{password:1}}"
    assert redactor.learn("password", "") == ""
    assert redactor.clean("4111-1111-1111-1111 and 4111111111111111") == "{{card:1}} and {{card:1}}"
    assert dict(placeholders(redactor.clean("first-pass, other-pass"))) == {"{{password:1}}": 1, "{{password:2}}": 1}


def test_a_secret_like_a_placeholder_does_not_nest() -> None:
    redactor = Redactor()
    redactor.learn("password", "password1")
    redactor.learn("password", "{{password:")
    once = redactor.clean("it is password1, {{password:")
    assert redactor.clean(once) == once


SHORT = "Total 123 of 1,123 items; order 4123; room 123 and tel 0123; .a123 {width: 123px}"


def test_a_short_secret_goes_only_where_it_stands_alone() -> None:
    redactor = Redactor()
    redactor.learn("cvc", "123")
    assert redactor.clean(SHORT) == SHORT
    assert redactor.clean("your CVC is 123.") == "your CVC is {{cvc:1}}."
    assert redactor.url("https://e.example/pay?x=123&page=1234") == "https://e.example/pay?x={{cvc:1}}&page=1234"
    page = f"<p>{SHORT}</p><input name=x value=123><td> 123 </td>"
    assert redactor.html(page) == f"<p>{SHORT}</p><input name=x value={{{{cvc:1}}}}><td> {{{{cvc:1}}}} </td>"
    seen = redactor.observation(Observation(url="about:blank", elements=from_html(page)))
    texts = [element.text for element in seen.elements if element.tag == "#text"]
    assert texts == [SHORT, "{{cvc:1}}"]


def test_a_word_of_every_page_as_a_password_leaves_the_page_whole() -> None:
    redactor = Redactor()
    redactor.learn("password", "password")
    page = "<input type=password name=password><p>Forgot your password?</p>"
    assert redactor.html(page) == page
    assert redactor.action(Type(node=1, text="password")) == Type(node=1, text="{{password:1}}")


SHAPED = {
    "card": "paid with 4111 1111 1111 1111 today",
    "amex": "3782-822463-10005",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "bearer": "Authorization: Bearer 8f14e45fceea167a5a36dedd4bea2543",
    "basic": "authorization: Basic dXNlcjpodW50ZXIyMTIz",
    "github": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "slack": "xoxb-2222222222-3333333333-abcdefABCDEF",
    "google": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "stripe": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/IBAAKCAQ\n-----END RSA PRIVATE KEY-----",
    "userinfo": "see https://jo:s3cr3t@e.example/x",
    "cookie": "Cookie: theme=dark; SID=31d4d96e407aad42",
    "set-cookie": "Set-Cookie: id=a3fWa81xQ2; Path=/",
    "parameter": "/cb?state=xyz1Q8kd93jd0&lang=en",
    "code": "/cb?code=482913",
    "json": '{"accessToken": "q8w7e6r5t4y3u2", "name": "Jo"}',
    "header": "X-CSRF-Token: 7d8f9a0b1c2d3e4f",
    "path": "/reset-password/9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d",
    "fragment": "/#access_token=ya29x8d7f6g5h4j3k2&expires_in=3600",
}


@pytest.mark.parametrize("name", SHAPED)
def test_secrets_that_nobody_told_of(name: str) -> None:
    redactor = Redactor()
    cleaned = redactor.clean(SHAPED[name])
    assert len(placeholders(cleaned)) == 1, cleaned
    assert redactor.clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111 1111 1111 1112 of 2024-11-21, 14:02:11, item 978-3-16-148410-0",
        "EUR 1,234,567.89 and 0800 123 4567",
        "https://e.example/search?q=session+token&page=2&key=price&code=US&state=open",
        "<div class='css-1q2w3e4r5t6 sc-a8f7d6e5'>commit 3f786850e387550fdab836ed7e6dc881de23001b</div>",
        '{"sessionTimeout": "30minutes", "tokenType": "bearer", "keyboard": "qwertzuiop12"}',
        "Cookie: we use them to make this site work",
        "Bearer of good news, authorization is needed; basic understanding",
        "f=1234567890123456&id=0000000000000000",
        "user-profile-settings-page-2 tokenization-strategies-2024",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert Redactor().clean(text) == text
    assert Redactor().url(text) == text


def test_fields_that_hold_secrets() -> None:
    redactor = Redactor()
    page = (
        "<meta name=csrf-token content='9sK2jd8fJ3kd'><input type=PASSWORD name=pw value=opensesame>"
        "<input autocomplete=one-time-code value=771204><input type=hidden name=authenticity_token value=Zx81kd02mfP1>"
        "<input type=hidden name=lang value=en><input name=card_number value='4000 0000 0000 0002'>"
        "<input name=q value=kettle><p>opensesame 771204 Zx81kd02mfP1 9sK2jd8fJ3kd</p>"
    )
    cleaned = redactor.html(page)
    assert cleaned.endswith("<p>{{password:1}} {{code:1}} {{token:2}} {{token:1}}</p>")
    assert [kept in cleaned for kept in ("value=en", "value=kettle", "0002")] == [True, True, False]
    assert redactor.html(cleaned) == cleaned


def test_a_password_that_is_shown_stays_one() -> None:
    redactor = Redactor()

    def field(kind: str, value: str) -> Observation:
        attributes = {"type": kind, "name": "secretword"}
        return Observation(url="", elements=(Element(id=1, tag="input", value=value, attributes=attributes),))

    dotted = redactor.observation(field("password", "•••••"))
    assert dotted.elements[0].value == "•" * 8
    assert redactor.observation(field("text", "abc")).elements[0].value == "{{password:1}}"


def test_actions() -> None:
    redactor = Redactor()
    field = Element(id=4, tag="input", attributes={"type": "password"})
    assert redactor.action(Type(node=4, text="hunter2!"), field) == Type(node=4, text="{{password:1}}")
    assert redactor.action(Type(node=5, text="again hunter2!")) == Type(node=5, text="again {{password:1}}")
    assert redactor.action(Goto(url="https://e.example/?p=hunter2!")) == Goto(url="https://e.example/?p={{password:1}}")
    assert redactor.action(Select(node=1, options=("hunter2!",))) == Select(node=1, options=("{{password:1}}",))
    assert redactor.action(Stop(answer="it is HUNTER2!")) == Stop(answer="it is {{password:1}}")
    assert redactor.action(Press(node=4, keys="h"), field) == Press(node=4, keys="Unidentified")
    assert redactor.action(Press(node=4, keys="Enter"), field) == Press(node=4, keys="Enter")
    assert redactor.action(Click(node=4), field) == Click(node=4)


def test_addresses_within_addresses() -> None:
    redactor = Redactor()
    inner = quote("https://e.example/in?token=a1b2c3d4e5f6g7h8&lang=en", safe="")
    cleaned = redactor.url(f"https://login.example/?next={inner}&session=k9j8h7g6f5d4&page=2#code=482913")
    assert [kind in cleaned for kind in ("{{token:1}}", "{{token:2}}", "{{code:1}}", "lang", "page=2")] == [True] * 5
    assert not any(secret in cleaned for secret in ("a1b2c3", "k9j8", "482913"))
    assert redactor.url(cleaned) == cleaned
    assert redactor.url("https://jo:s3cret@e.example/a") == "https://{{userinfo:1}}@e.example/a"


def test_an_empty_page_and_a_blank_password() -> None:
    redactor = Redactor()
    assert redactor.learn("password", "  ") == "  "
    assert redactor.observation(Observation(url="")) == Observation(url="")
    assert (redactor.clean(""), redactor.url(""), redactor.html("")) == ("", "", "")


def test_boxes_of_what_shows_a_secret() -> None:
    redactor = Redactor()
    redactor.learn("code", "482913")
    elements = (
        Element(id=1, tag="p", box=(0, 0, 200, 20)),
        Element(id=2, tag="#text", parent=1, text="Your code is 482 913"),
        Element(id=3, tag="input", value="4829 13", box=(0, 30, 90, 20)),
        Element(id=4, tag="input", value="kettle", box=(0, 60, 90, 20)),
        Element(id=5, tag="button", name="482913", visible=False, box=(0, 90, 90, 20)),
    )
    seen = Observation(url="", title="482913", tabs=(Tab(url="", title="482913"),), elements=elements)
    assert redactor.boxes(seen) == ((0, 0, 200, 20), (0, 30, 90, 20))
    assert "482" not in redactor.observation(seen).model_dump_json()


PERSONAL = {
    "write to jo.doe+x@mail.co.uk.": ["email"],
    "call +49 (0)30 1234-5678 or (206) 652-6593": ["phone", "phone"],
    "DE89 3704 0044 0532 0130 00 and GB82WEST12345698765432": ["iban", "iban"],
    "SSN 078-05-1120": ["ssn"],
    "at 45 Oak Avenue or Lange Gasse, Hauptstraße 12": ["address", "address"],
    "paid with 4111 1111 1111 1111": ["card"],
    "DE89 3704 0044 0532 0130 01": [],
    "me@example.com, root@localhost, a@b.test, @someone, x@y": [],
    "version 1.2.3-4567, 2024-11-21 10:00, EUR 1,234.50, ISBN 978-3-16-148410-0, 10.0.0.1:8080": [],
    "{{email:1}} {{card:2}}": [],
}


@pytest.mark.parametrize("text", PERSONAL)
def test_what_looks_like_somebodys_data(text: str) -> None:
    assert sorted(found.kind for found in suspicious(text)) == PERSONAL[text]


def test_names_are_found_by_their_fields_and_never_repeated() -> None:
    def field(value: str, **attributes: str) -> Element:
        return Element(id=len(value), tag="input", value=value, attributes=attributes)

    fields = (
        field("Ada", name="first_name"),
        field("Lovelace", autocomplete="family-name"),
        field("opensesame", type="password"),
        field("••••", type="password"),
        field("{{password:1}}", type="password"),
        field("kettle", name="username-filter"),
    )
    seen = Observation(url="https://e.example/", elements=fields)
    found = findings(trajectory(steps=(step(0, "open jo@mail.de", Click(node=1), seen=seen),)))
    assert [(one.kind, one.step, one.hint) for one in found if one.step == 0] == [
        ("email", 0, "j…e (10 characters)"),
        ("name", 0, "A…a (3 characters)"),
        ("name", 0, "L…e (8 characters)"),
        ("password", 0, "o…e (10 characters)"),
    ]


@given(st.text(st.sampled_from("@.+-0123456789 aZ()/") | st.characters(), max_size=200))
@example("@a." * 400)
@example("+1 " * 400)
@example("12 Aa " * 300)
@example("DE89 " * 300)
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_searched(text: str) -> None:
    assert all(0 <= found.start < found.end <= len(text) for found in suspicious(text))


def test_the_text_of_real_pages_stays() -> None:
    if not REAL.is_file():
        pytest.skip("no real pages beside the project")
    runs = 0
    with tarfile.open(REAL) as pages:
        for member in pages:
            if not (member.isfile() and member.name.endswith("/source.html") and member.size < 80_000):
                continue
            file = pages.extractfile(member)
            assert file is not None
            elements = from_html(file.read().decode("utf-8", "replace"))
            cleaned = Redactor().observation(Observation(url="", elements=elements))
            changed = [one for one, other in zip(elements, cleaned.elements, strict=True) if one.text != other.text]
            runs += len(elements)
            assert all("password=" in one.text or "Bearer" in one.text for one in changed), member.name
    assert runs > 4000


@given(st.text(max_size=300))
@example("a=" * 800)
@example("password=!!!!!!!!!!!!&" * 20)
@example("aHVudGVyMiE" * 200)
@example("cookie: a=bbbbbbbbbbb1;" * 200)
@example("=1" * 800)
@example("<" * 1000)
@example("1 " * 1000)
@example("eyJaaaaaaaa." * 500)
@example("https://" * 800)
@example("cookie: a=" * 500)
@example("-----BEGIN PRIVATE KEY-----" * 300)
@example("&#" * 800)
@example("%4" * 800 + "%41" * 800)
@settings(max_examples=30, deadline=None)
def test_any_text_is_cleaned_and_cleaned_once(text: str) -> None:
    redactor = Redactor()
    redactor.learn("password", "hunter2!")
    redactor.learn("pin", "4321")
    for clean in (redactor.clean, redactor.url, redactor.html):
        once = clean(text)
        assert clean(once) == once
