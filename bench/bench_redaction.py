"""How many secrets are found by their shape, what real pages lose to that, and what it costs.

python bench/bench_redaction.py
"""

from __future__ import annotations

import base64
import random
import string
import tarfile
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from webapprentice.core.records import Observation
from webapprentice.page import from_html
from webapprentice.redaction import Redactor, placeholders
from webapprentice.redaction.shapes import luhn

REAL = Path(__file__).parents[2] / "shared/data/html_readability/readability_test_pages_130.tar.xz"
CHANCE = random.Random(7)
SMALL = string.ascii_lowercase + string.digits
VALUES: dict[str, Callable[[], str]] = {
    "32 hexadecimals": lambda: CHANCE.randbytes(16).hex(),
    "16 hexadecimals": lambda: CHANCE.randbytes(8).hex(),
    "UUID": lambda: str(uuid.UUID(bytes=CHANCE.randbytes(16))),
    "base64 of 16 bytes": lambda: base64.b64encode(CHANCE.randbytes(16)).decode(),
    "base64 of 32 bytes, for addresses": lambda: base64.urlsafe_b64encode(CHANCE.randbytes(32)).decode().rstrip("="),
    "24 letters and digits": lambda: "".join(CHANCE.choices(string.ascii_letters + string.digits, k=24)),
    "16 small letters and digits": lambda: "".join(CHANCE.choices(SMALL, k=16)),
    "10 small letters and digits": lambda: "".join(CHANCE.choices(SMALL, k=10)),
}
PLACES = {
    "address": "https://e.example/a?session_id={}&b=1",
    "JSON": '{{"csrfToken": "{}", "n": 1}}',
    "hidden field": '<input type="hidden" name="authenticity_token" value="{}">',
    "header": "X-Auth-Token: {}",
}
CARDS = (
    *(("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15)),
    *(("6011", 16), ("65", 16), ("3528", 16), ("36", 14), ("62", 16)),
)


def card() -> str:
    prefix, length = CHANCE.choice(CARDS)
    body = prefix + "".join(CHANCE.choices(string.digits, k=length - len(prefix) - 1))
    digits = next(body + last for last in string.digits if luhn(body + last))
    sign = CHANCE.choice(("", " ", "-"))
    cuts = (4, 8, 12) if length == 16 else (4, 10)
    return sign.join(digits[a:b] for a, b in zip((0, *cuts), (*cuts, length), strict=True))


def found(text: str, secret: str) -> bool:
    cleaned = Redactor().html(text)
    return bool(placeholders(cleaned)) and secret[4:-4] not in cleaned


def main() -> None:
    for name, value in VALUES.items():
        shares = []
        for place in PLACES.values():
            values = [value() for _ in range(1000)]
            shares.append(sum(found(place.format(one), one) for one in values))
        print(f"{name:<36}", *(f"{place} {share / 10:.1f} %" for place, share in zip(PLACES, shares, strict=True)))
    cards = [card() for _ in range(3000)]
    print(f"cards: {sum(found(f'card: {one}, thanks', one) for one in cards):,} of {len(cards):,}")
    if REAL.is_file():
        pages()


def pages() -> None:
    size, seconds, runs, changed = 0, 0.0, 0, 0
    kinds: Counter[str] = Counter()
    with tarfile.open(REAL) as members:
        for member in members:
            if not (member.isfile() and member.name.endswith("/source.html")):
                continue
            file = members.extractfile(member)
            html = file.read().decode("utf-8", "replace") if file is not None else ""
            redactor = Redactor()
            redactor.learn("password", "hunter2!xyz")
            redactor.learn("card", "4111111111111111")
            redactor.learn("pin", "4321")
            start = time.process_time()
            cleaned = redactor.html(html)
            seconds += time.process_time() - start
            size += len(html)
            for name, times in placeholders(cleaned).items():
                kinds[name[2:].split(":")[0]] += times
            elements = from_html(html)
            after = Redactor().observation(Observation(url="", elements=elements)).elements
            runs += sum(one.tag == "#text" for one in elements)
            changed += sum(one.text != other.text for one, other in zip(elements, after, strict=True))
    print(f"raw HTML of real pages: {size / 1e6:.1f} MB, masked {dict(kinds.most_common())}")
    print(f"their visible text: {changed} of {runs:,} runs changed")
    print(f"{seconds / size * 2e8:.0f} ms of processor time for 200 kB with three secrets learned")


if __name__ == "__main__":
    main()
