"""Which fields hold a secret, and which names (of fields, parameters, headers) say that their value is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

AUTOCOMPLETE = {
    "current-password": "password",
    "new-password": "password",
    "one-time-code": "code",
    "cc-number": "card",
    "cc-csc": "cvc",
    "cc-exp": "expiry",
    "cc-exp-month": "expiry",
    "cc-exp-year": "expiry",
    "cc-name": "holder",
    "cc-given-name": "holder",
    "cc-additional-name": "holder",
    "cc-family-name": "holder",
    "cc-type": "card_type",
}
"""Tokens of `autocomplete` whose fields are secret whatever their type."""
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+(?![a-z])|\d+")
_ALWAYS = {
    "password": "password",
    "passwd": "password",
    "passwort": "password",
    "kennwort": "password",
    "pwd": "password",
    "passphrase": "password",
    "passcode": "code",
    "pin": "pin",
    "otp": "code",
    "totp": "code",
    "cvc": "cvc",
    "cvv": "cvc",
    "csc": "cvc",
    "ccnum": "card",
    "ccnumber": "card",
    "cardnumber": "card",
    "iban": "iban",
    "ssn": "ssn",
}
"""Words of a name whose value is a secret, however it looks."""
_LOOKING = (
    "token tokens session sess sessid sessionid phpsessid jsessionid sid key apikey csrf csrftoken xsrf auth "
    "authorization authenticity code sig signature nonce state ticket jwt assertion credential credentials hmac access "
    "refresh verifier challenge secret viewstate samlresponse samlrequest bearer accesskey authkey authtoken "
    "accesstoken refreshtoken idtoken clientsecret"
)
_LOOKS = frozenset(_LOOKING.split())
"""Words of a name whose value is a secret when it looks random."""
_DIGITS = frozenset({"code", "pin", "otp", "token"})
_DIGIT = re.compile(r"[0-9]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BASE64 = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^+=]*[+=])[A-Za-z0-9+/]{16,4000}={0,2}")
"""With the signs that only base64 has."""
_RUN = re.compile(r"[A-Za-z0-9]+")


def words_of(name: str) -> list[str]:
    """The words of a name in any of the usual spellings: `X-CSRF-Token`, `csrfToken`, `csrf_token`."""
    return [word.lower() for word in _WORD.findall(name[:100])]


def secret_name(name: str) -> str:
    """The kind of secret that a name announces, whatever its value; empty where it announces none."""
    words = words_of(name)
    for word in [*words, *("".join(pair) for pair in pairwise(words))]:
        if word in _ALWAYS:
            return _ALWAYS[word]
    return ""


def secret_value(name: str, value: str) -> str:
    """The kind of secret that this value under this name is; empty where it is none."""
    if len(value) < 3 or value.startswith("{{"):
        return ""
    kind = secret_name(name)
    if kind:
        return kind
    words = words_of(name)
    words += ["".join(words)]
    hit = next((word for word in words if word in _LOOKS), "")
    if not hit:
        return ""
    if random_looking(value) or (hit in _DIGITS and value.isdigit() and 6 <= len(value) <= 8):
        return {"code": "code", "key": "key", "apikey": "key"}.get(hit, "token")
    return ""


def random_looking(value: str) -> bool:
    """A run of letters and digits that nobody would type by hand: long, and mixed as words and dates are not."""
    if len(value) < 8 or (len(value) < 16 and _DIGIT.search(value) is None):
        return False
    if _UUID.fullmatch(value) or (_BASE64.fullmatch(value) and len(value) % 4 == 0):
        return True
    longest = max(_RUN.findall(value[:4096]), key=len, default="")
    if len(longest) < 8:
        return len(value) >= 24 and sum(map(str.isdigit, value)) >= 6 and any(map(str.isalpha, value))
    digits = sum(map(longest.count, "0123456789"))
    if digits == len(longest):
        return len(longest) >= 18
    if digits < 2:
        humps = sum(a.islower() and b.isupper() for a, b in pairwise(longest))
        vowels = sum(map(longest.lower().count, "aeiou")) / len(longest)
        mixed = len(longest) >= 16 and ((humps >= 3 and vowels < 0.3) or (humps >= 5 and vowels < 0.36))
        return mixed or (digits == 1 and len(longest) >= 12 and vowels < 0.25)
    if len(set(longest)) < 5:
        return False
    turns = sum(a.isdigit() != b.isdigit() for a, b in pairwise(longest))
    return turns >= 2 or len(longest) >= 20


def secret_field(attributes: Mapping[str, str], tag: str = "input") -> str:
    """The kind of secret that a form field with these attributes holds; empty where it holds none.

    Names are looked at only where the type is one that a secret can be typed into.
    """
    kind = attributes.get("type", "").strip().lower()
    if kind == "password":
        words = set(words_of(f"{attributes.get('name', '')} {attributes.get('id', '')}"))
        return next(
            (_ALWAYS[word] for word in sorted(words) if _ALWAYS.get(word) in ("pin", "cvc", "code")), "password"
        )
    for token in attributes.get("autocomplete", "").lower().split():
        if token in AUTOCOMPLETE:
            return AUTOCOMPLETE[token]
    if tag not in ("input", "textarea") or kind not in ("", "text", "tel", "number", "hidden"):
        return ""
    return next(
        (found for found in (secret_name(attributes.get(name, "")) for name in ("name", "id", "aria-label")) if found),
        "",
    )
