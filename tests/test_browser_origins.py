"""The allow-list against addresses that were made to slip through it."""

from __future__ import annotations

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapprentice.browser import BrowserConfig, origins_of
from webapprentice.browser.origins import Origin, Policy, Rule, canonical_host, origin_of, public, verdict
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Task

LISTED = Policy(["https://ok.com", "*.wide.example", "http://127.0.0.1:8000", "shop.example:8443", "http://[::1]:9000"])
ANYWHERE = Policy(None)

PASSES = (
    *("https://ok.com", "HTTPS://OK.COM/", "https://ok.com:443/a?b#c", "https://ok.com./", "https://user:pw@ok.com/"),
    *("https:ok.com", "https:\\\\ok.com\\a", " https://ok.com\t", "ht\ntps://o\nk.com", "wss://ok.com/chat"),
    *(
        "https://o%6b.com",
        "https://ＯＫ.com",
        "https://ok。com",
        "https://ok.com?@evil.com",
        "https://ok.com#@evil.com",
    ),
    *("https://ok.com/@evil.com", "https://evil.com@ok.com/", "https://evil.com%40ok.com@ok.com", "https://ok.com:/"),
    *("http://a.wide.example", "https://a.b.wide.example", "https://A.WIDE.example.", "ws://127.0.0.1:8000/"),
    *("http://127.0.0.1:8000/a", "http://127.1:8000", "http://2130706433:8000", "http://0x7f000001:8000"),
    *("http://0177.0.0.1:8000", "http://[::ffff:127.0.0.1]:8000", "http://[::ffff:7f00:1]:8000", "http://[::1]:9000"),
    *("http://[0:0:0:0:0:0:0:1]:9000/", "http://shop.example:8443", "https://shop.example:08443"),
)

REFUSED = (
    # a listed name as a part of something else
    *("https://ok.com@evil.com", "https://ok.com%2eevil.com", "https://ok.com%2Eevil.com", "https://ok.com.evil.com"),
    *("https://ok.com%20@evil.com", "https://ok.com%00@evil.com", "https://ok.com%00.evil.com", "https://notok.com"),
    *(
        "https://ok.comm",
        "https://ok.co",
        "https://ok-com",
        "https://xok.com",
        "https://sub.ok.com",
        "https://ok.com..",
    ),
    *(
        "https://evil.com/https://ok.com",
        "https://evil.com?ok.com",
        "https://evil.com#ok.com",
        "https://evil.com\\ok.com",
    ),
    *("https://evil.com\\@ok.com", "https://evil.com/@ok.com", "https://evil.com?@ok.com", "https://evil.com#@ok.com"),
    *("https://ok.com:443@evil.com", "https://ok.com:pw@evil.com:443", "https://a@ok.com@evil.com", "//evil.com"),
    *(
        "https://ok.com\t@evil.com",
        "https://ok.com\n.evil.com",
        "https:evil.com",
        "https:/\\evil.com",
        "https:///evil.com",
    ),
    *(
        "https://wide.example",
        "https://awide.example",
        "https://a.wide.example.evil.com",
        "https://wide.example.evil.com",
    ),
    # another scheme, another port
    *(
        "http://ok.com",
        "ws://ok.com",
        "https://ok.com:444",
        "https://ok.com:80",
        "http://ok.com:443",
        "https://ok.com:0",
    ),
    *(
        "https://ok.com:65536",
        "https://ok.com:99999999999",
        "https://ok.com:4 43",
        "https://ok.com:-443",
        "ftp://ok.com",
    ),
    *(
        "https://ok.com:443:443",
        "https://ok.com:٤٤٣",
        "https://shop.example",
        "http://shop.example:80",
        "gopher://ok.com",
    ),
    *(
        "https://127.0.0.1:8000",
        "http://127.0.0.1",
        "http://127.0.0.1:8001",
        "http://localhost:8000",
        "http://[::1]:8000",
    ),
    # no addresses of the web
    *(
        "javascript:alert(1)",
        "data:text/html,https://ok.com",
        "blob:https://ok.com/1",
        "file:///etc/passwd",
        "about:blank",
    ),
    *(
        "about:srcdoc",
        "filesystem:https://ok.com/temporary/a",
        "chrome://settings",
        "view-source:https://ok.com",
        "ok.com",
    ),
    *(
        "devtools://devtools",
        "chrome-extension://abc/a",
        "mailto:a@ok.com",
        "intent://ok.com",
        "",
        " ",
        ":",
        "https:",
        "https://",
    ),
    *("https://@", "https://:443", "https://?ok.com", "https://#ok.com", "https://user@", "jar:https://ok.com!/a", "x"),
    # names that look alike
    *(
        "https://оk.com",
        "https://οk.com",
        "https://ok.соm",
        "https://օk.com",
        "https://ök.com",
        "https://xn--k-0ga.com",
    ),
    *(
        "https://ok.com\u2024evil.com",
        "https://0k.com",
        "https://ok.c\u00adom.evil.com",
        "https://oκ.com",
    ),
    # hosts that are none
    *(
        "https://ok.com|evil.com",
        "https://ok.com<",
        "https://ok.com^",
        "https://ok .com",
        "https://ok.com%",
        "https://ok%zz.com",
    ),
    *(
        "https://[ok.com]",
        "https://[::1",
        "https://::1]",
        "https://[::1%25lo]:9000",
        "https://[fe80::1%eth0]",
        "https://.ok.com",
    ),
    *(
        "https://ok..com",
        "https://%ff.com",
        f"https://{'a' * 64}.com",
        f"https://{'a.' * 200}com",
        "https://*.wide.example",
    ),
)

CLOSED = (
    *(
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
    ),
    *(
        "0x7F.0x0.0x0.0x1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ),
    *(
        "a.localhost",
        "foo.localhost.",
        "printer",
        "router.local",
        "db.internal",
        "nas.lan",
        "metadata.google.internal",
        "a.test",
    ),
    *(
        "0.0.0.0",
        "0",
        "0x0",
        "00000000000",
        "10.0.0.1",
        "10.1",
        "0xa000001",
        "167772161",
        "172.16.0.1",
        "172.31.255.255",
    ),
    *(
        "192.168.0.1",
        "192.168.1",
        "0xc0a80001",
        "3232235521",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
    ),
    *(
        "100.64.0.1",
        "100.127.255.255",
        "100.100.100.200",
        "198.18.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
    ),
    *(
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "192.88.99.1",
        "[::]",
        "[::1]",
        "[0::1]",
        "[::127.0.0.1]",
    ),
    *(
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a00:1]",
    ),
    *(
        "[2002:7f00:1::]",
        "[2002:a00:1::]",
        "[2002:a9fe:a9fe::]",
        "[2001::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
    ),
    *(
        "[ff02::1]",
        "[ff0e::1]",
        "[2001:db8::1]",
        "[100::1]",
        "[64:ff9b:1::1]",
        "[::ffff:0:127.0.0.1]",
        "[3fff::1]",
        "[5f00::1]",
    ),
    # and what is no address at all
    *(
        "256.0.0.1",
        "1.2.3.4.5",
        "127.0.0.08",
        "127.0.0.1.1",
        "0x100000000",
        "4294967296",
        "1..2",
        "[::1%lo]",
    ),
)


@pytest.mark.parametrize("url", PASSES)
def test_what_is_listed_passes_in_every_spelling(url: str) -> None:
    assert verdict(LISTED, url) is None


@pytest.mark.parametrize("url", REFUSED)
def test_what_only_looks_listed_is_refused(url: str) -> None:
    assert verdict(LISTED, url)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", CLOSED)
def test_closed_places_are_refused_where_every_public_origin_is_allowed(host: str, scheme: str) -> None:
    assert verdict(ANYWHERE, f"{scheme}://{host}/")
    assert verdict(ANYWHERE, f"{scheme}://ok.com@{host}:8080/a")


def test_public_places_pass_where_every_public_origin_is_allowed() -> None:
    for host in (
        "example.com",
        "8.8.8.8",
        "1.1.1.1",
        "[2606:4700::1111]",
        "bücher.example",
        "a_b.example.org",
        "xn--bcher-kva.ch",
    ):
        assert verdict(ANYWHERE, f"https://{host}:8443/a") is None, host
    assert verdict(Policy(["*", "127.0.0.1:*"]), "http://127.0.0.1:5555") is None
    assert verdict(Policy(["*", "127.0.0.1:*"]), "http://127.0.0.2:5555")


def test_five_hundred_made_up_addresses_never_slip_through() -> None:
    """A hostile host, dressed in the ways that fool comparisons of strings."""
    chance = random.Random(8)
    hosts = (
        "evil.com",
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "[::1]",
        "2130706434",
        "0x7f000001",
        "ok.com.evil.com",
    )
    dresses = (
        *(
            "https://ok.com@{}",
            "https://ok.com:443@{}",
            "https://ok.com%20@{}",
            "https:\\\\{}",
            "https:{}",
            "https://{}\\ok.com",
        ),
        *(
            "https://{}/ok.com",
            "https://{}?ok.com",
            "https://{}#@ok.com",
            "https://{}\\@ok.com",
            "h\nttps://{}",
            "\x00https://{}",
        ),
        *(
            "https://{}:443",
            "https://{}:8443",
            "http://{}:8001",
            "wss://{}",
            "ws://ok.com@{}",
            "HTTPS://OK.COM@{}",
            "https:////{}",
        ),
        *(
            "https://ok.com&@{}",
            "https://ok.com;@{}",
            "https://ok.com%2f@{}",
            "https://%6f%6b.com@{}",
            "https://{}.",
            "https://{}:",
        ),
    )
    tried = set()
    while len(tried) < 500:
        host = chance.choice(hosts)
        if chance.random() < 0.5:
            host = "".join(one.upper() if chance.random() < 0.5 else one for one in host)
        if chance.random() < 0.3 and "[" not in host:
            place = chance.randrange(len(host))
            host = f"{host[:place]}%{ord(host[place]):02x}{host[place + 1 :]}"
        url = chance.choice(dresses).format(host) + chance.choice(
            ("", "/", "/a", "?b=https://ok.com", "#c", "\t", "/%2e%2e/")
        )
        tried.add(url)
        assert verdict(LISTED, url), url


@given(st.text(max_size=60))
def test_any_text_is_a_verdict_and_never_an_error(text: str) -> None:
    for url in (text, f"https://{text}", f"http://ok.com{text}", f"https://{text}@ok.com"):
        verdict(LISTED, url)


@given(st.text(max_size=40))
def test_what_a_host_is_called_is_stable(text: str) -> None:
    try:
        host = canonical_host(text)
    except ValueError:
        return
    assert host.isascii()
    assert host == host.lower()
    assert canonical_host(f"[{host}]" if ":" in host else host) == host


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_in_every_base(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    a, b, c, d = address.packed
    spellings = (str(number), hex(number), f"0{number:o}", f"{a}.{number & 0xFFFFFF}", f"{a:#x}.{b}.{(c << 8) | d}")
    for spelling in (*spellings, f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"[::ffff:{address}]", f"{address}."):
        assert canonical_host(spelling) == str(address)
    assert not (public(str(address)) and address.is_private)


@given(st.ip_addresses())
def test_nothing_closed_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
    ):
        mapped = getattr(address, "ipv4_mapped", None)
        nat64 = mapped is not None or (address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96"))
        assert nat64 or not public(str(address))
        assert mapped is None or public(str(address)) == public(str(mapped))


def test_a_name_may_not_lead_into_a_closed_network_unless_this_is_said() -> None:
    site, local = Origin("https", "ok.com", 443), Origin("http", "shop", 80)
    mixed = ("10.0.0.5", "93.184.216.34", "127.0.0.1", "::1", "::ffff:10.0.0.5", "fe80::1%eth0")
    assert Policy(["ok.com"]).reachable(site, mixed) == ("93.184.216.34",)
    assert Policy(["*.com", "*"]).reachable(site, mixed) == ("93.184.216.34",)
    assert Policy(["ok.com"], ["10.0.0.0/8"]).reachable(site, mixed) == ("10.0.0.5", "93.184.216.34", "::ffff:10.0.0.5")
    assert Policy(["*"], ["10.0.0.0/8"]).reachable(site, mixed) == ("93.184.216.34",)
    assert Policy(["http://shop"]).reachable(local, ("172.18.0.3",)) == ("172.18.0.3",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ok.com/path",
        "https://ok.com/a",
        "a@ok.com",
        "ftp://ok.com",
        "*.*",
        "o*k.com",
        "ok.com:99999",
        "*.1.2.3.4",
        *("[::1", "ok.com:1:*", "javascript:x", "ok com", "https://*", "*:80"),
    ],
)
def test_an_entry_that_is_no_origin_is_refused_when_the_configuration_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Rule.read(text)
    with pytest.raises(UsageError, match="origins"):
        BrowserConfig.resolve(origins=[text])


def test_a_task_gives_an_allow_list_of_its_own() -> None:
    task = Task(
        id="a/b",
        benchmark="a",
        start_urls=(
            "https://Shop.example:443/cart?a=1",
            "http://127.0.0.1:7770/",
            "miniwob/click-test.html",
            "about:blank",
        ),
        sites=("reddit", "wiki.example", "*", "https://shop.example"),
    )
    assert origins_of(task) == ("https://shop.example", "http://127.0.0.1:7770", "https://wiki.example")
    assert [str(origin_of(one)) for one in origins_of(task)] == list(origins_of(task))
