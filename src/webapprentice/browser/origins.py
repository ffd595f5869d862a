"""Which origins a browser may speak to: addresses are taken apart as browsers do it, then compared as values.

Pure: names are resolved elsewhere, and what they resolve to is asked about here a second time (`Policy.reachable`).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from encodings.idna import nameprep
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from webapprentice.core.records import Task

PORTS = {"http": 80, "https": 443}
_SAME = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_DEVIATING = re.compile("[ßς\u200c\u200d]")
"""Letters that the newer standard of domain names keeps and the older one replaces."""
_LOCAL = ("localhost", "local", "internal", "intranet", "test", "lan", "home", "corp", "private", "home.arpa")
"""Endings of names that no public server can answer for."""
_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
            *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "3fff::/20"),
        ),
    )
)
"""Loopback, private, shared, link-local, metadata, documentation, multicast and reserved addresses."""
_UNICAST = ipaddress.ip_network("2000::/3")
"""The part of IPv6 that is given out; everything else is closed, whatever it may become."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Origin(NamedTuple):
    """Who is spoken to, in one spelling only."""

    scheme: str
    """http or https; ws and wss count as these."""
    host: str
    """Lower case ASCII without a final dot, or an address in its shortest form (IPv6 without brackets)."""
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")


def origin_of(url: str) -> Origin:
    """The origin of an http, https, ws or wss address, read as browsers read it. Raises ValueError."""
    scheme, host, port = _parts(url)
    return Origin(scheme, canonical_host(host), PORTS[scheme] if port is None else port)


def _parts(url: str) -> tuple[str, str, int | None]:
    text = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(33)))))
    found = _SCHEME.match(text)
    if found is None:
        raise ValueError("no address with a scheme")
    scheme = _SAME.get(found[1].lower())
    if scheme is None:
        raise ValueError(f"only http and https are opened, not {found[1].lower()[:20]}")
    authority = re.split(r"[/\\?#]", text[found.end() :].lstrip("/\\"), maxsplit=1)[0]
    host, port = _host_and_port(authority.rpartition("@")[2])
    return scheme, host, port


def _host_and_port(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?", text)
    if found is None:
        raise ValueError(f"no host and port: {text[:80]!r}")
    if not found[2]:
        return found[1], None
    if len(found[2].lstrip("0")) > 5 or int(found[2]) > 65535:
        raise ValueError(f"no port: {found[2][:20]}")
    return found[1], int(found[2])


def canonical_host(raw: str) -> str:
    """The one spelling of a host. Raises ValueError for what no browser would connect to."""
    if raw.startswith("["):
        return str(_plain(ipaddress.IPv6Address(_without_zone(raw[1:-1]))))
    try:
        host = unquote_to_bytes(raw).decode()
    except UnicodeError as error:
        raise ValueError("the host is no UTF-8") from error
    labels = _ascii(host).split(".")
    if len(labels) > 1 and not labels[-1]:
        labels.pop()
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return str(_four(labels))
    name = ".".join(labels)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"no host name: {raw[:80]!r}")
    return name


def _without_zone(text: str) -> str:
    if "%" in text:
        raise ValueError("an address with a zone")
    return text


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    return ".".join(_label(label) for label in re.split("[.\u3002\uff0e\uff61]", host))


def _label(label: str) -> str:
    if label.isascii():
        return label.lower()
    try:
        newer = _DEVIATING.search(label)
        prepared = unicodedata.normalize("NFC", label.lower()) if newer else nameprep(label)
        # The standard's own dot-like signs may appear only now: "℅" becomes "c/o", "。" a dot.
        return prepared if prepared.isascii() else f"xn--{prepared.encode('punycode').decode()}"
    except UnicodeError as error:
        raise ValueError(f"no host name: {label[:80]!r}") from error


def _four(labels: Sequence[str]) -> ipaddress.IPv4Address:
    """An IPv4 address in decimal, octal or hexadecimal, of one to four parts."""
    if len(labels) > 4:
        raise ValueError("an address of more than four parts")
    numbers = [_number(label) for label in labels]
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):
        raise ValueError("an address that is too large")
    return ipaddress.IPv4Address(last + sum(number << 8 * (3 - place) for place, number in enumerate(first)))


def _number(label: str) -> int:
    if len(label) > 40:
        raise ValueError("an address that is too long")
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    if len(label) > 1 and label.startswith("0"):
        return int(label, 8)
    return int(label)


def _plain(address: Address) -> Address:
    """An IPv4 address that hides in an IPv6 one, as itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def public(address: str) -> bool:
    """Whether this is an address of the open internet, whatever it is wrapped in."""
    try:
        plain = _plain(ipaddress.ip_address(_without_zone(address)))
    except ValueError:
        return False
    if any(plain.version == network.version and plain in network for network in _CLOSED):
        return False
    if isinstance(plain, ipaddress.IPv6Address):
        if plain in _TRANSLATED:
            return public(str(ipaddress.IPv4Address(int(plain) & 0xFFFFFFFF)))
        if plain not in _UNICAST:
            return False
        if plain.sixtofour is not None:
            return public(str(plain.sixtofour))
    return plain.is_global


def literal(host: str) -> bool:
    """Whether the host is an address and no name."""
    return ":" in host or host.rpartition(".")[2].isdigit()


class Rule(NamedTuple):
    """One entry of an allow-list."""

    schemes: tuple[str, ...]
    host: str
    """Canonical; empty for every public host."""
    below: bool
    """Written `*.host`: names below it, and not the host itself."""
    port: int | None
    """None: the scheme's own. 0: any."""

    @classmethod
    def read(cls, text: str) -> Rule:
        """From `https://shop.example`, `shop.example:8443`, `*.shop.example`, `http://127.0.0.1:*` or `*`.

        Raises ValueError that says what would fit.
        """
        if text == "*":
            return cls(("http", "https"), "", True, 0)
        found = re.fullmatch(r"(?:([A-Za-z]+)://)?(\*\.)?([^/\\?#@*\s]+?)(:\*)?/?", text)
        scheme = found and (_SAME.get(found[1].lower()) if found[1] else "")
        if found is None or scheme is None:
            raise ValueError(
                f"{text[:80]!r} is no origin; write https://shop.example, *.shop.example or 127.0.0.1:8000"
            )
        host, port = _host_and_port(found[3])
        if found[4] and port is not None:
            raise ValueError(f"{text[:80]!r} has two ports")
        name = canonical_host(host)
        if found[2] and literal(name):
            raise ValueError(f"{text[:80]!r}: there are no names below an address")
        return cls((scheme,) if scheme else ("http", "https"), name, bool(found[2]), 0 if found[4] else port)

    def covers(self, origin: Origin) -> bool:
        """Whether the origin is meant."""
        if origin.scheme not in self.schemes:
            return False
        if self.port != 0 and origin.port != (PORTS[origin.scheme] if self.port is None else self.port):
            return False
        if not self.host:
            return not (public_name_only(origin.host))
        return origin.host.endswith(f".{self.host}") if self.below else origin.host == self.host


def public_name_only(host: str) -> bool:
    """Whether "any public host" leaves this one out: a closed address, or a name of this machine or network."""
    return not public(host) if literal(host) else _local(host)


def _local(name: str) -> bool:
    return "." not in name or any(name == ending or name.endswith(f".{ending}") for ending in _LOCAL)


def place_of(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8301`. Raises ValueError."""
    host, port = _host_and_port(text)
    if port is None:
        raise ValueError(f"{text[:80]!r} has no port; write 127.0.0.1:8301")
    return canonical_host(host), port


class Policy:
    """An allow-list of origins. Closed addresses are reached only when they are listed themselves.

    `networks` are closed networks, such as 10.0.0.0/8, into which a listed name may lead; `hosts` are names with the
    one place that each of them leads to.
    """

    def __init__(
        self,
        origins: Iterable[str] | None = None,
        networks: Iterable[str] = (),
        hosts: Mapping[str, str] | None = None,
    ) -> None:
        self._places = {name: place_of(place) for name, place in (hosts or {}).items()}
        self.origins = ("*",) if origins is None else tuple(origins)
        self.rules = tuple(Rule.read(text) for text in self.origins)
        self.networks = tuple(ipaddress.ip_network(text) for text in networks)

    def refuses(self, origin: Origin) -> str | None:
        """Why nobody may go there, before any name is resolved; None where the origin is allowed."""
        if any(rule.covers(origin) for rule in self.rules):
            return None
        if public_name_only(origin.host):
            return "addresses of this machine and of private networks must be listed one by one"
        return "it is not among the allowed origins"

    def place(self, origin: Origin) -> tuple[str, int] | None:
        """Where this origin's name leads by the user's own word; None where names are resolved as usual."""
        return self._places.get(origin.host) if origin.port == PORTS[origin.scheme] else None

    def reachable(self, origin: Origin, addresses: Iterable[str]) -> tuple[str, ...]:
        """Those of the addresses its name resolves to that may be connected to, in order.

        A name that the public can give out leads into closed networks only where these are listed, so that nobody
        lets a name of their own point at this machine.
        """
        exact = any(rule.covers(origin) and rule.host and not rule.below for rule in self.rules)
        own = exact and (literal(origin.host) or _local(origin.host))
        return tuple(one for one in addresses if public(one) or own or (exact and self._listed(one)))

    def _listed(self, address: str) -> bool:
        plain = _plain(ipaddress.ip_address(address.partition("%")[0]))
        return any(plain.version == network.version and plain in network for network in self.networks)


def verdict(policy: Policy, url: str) -> str | None:
    """Why the address may not be opened; None where it may."""
    try:
        return policy.refuses(origin_of(url))
    except ValueError as error:
        return str(error)


def origins_of(task: Task) -> tuple[str, ...]:
    """The allow-list that a task's own start addresses and sites give; empty where it names none in full."""
    found: dict[str, None] = {}
    for place in (*task.start_urls, *task.sites):
        url = place if "://" in place else f"https://{place}"
        try:
            origin = origin_of(url)
        except ValueError:
            continue
        if "://" in place or ("." in origin.host and "/" not in place):
            found[str(origin)] = None
    return tuple(found)
