"""What `verified` puts in the place of the released evaluators' known faults.

Each has a name and a section in `docs/webarena-evaluators.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from webapprentice.tasks.webarena.records import OR, TaskRecord
from webapprentice.tasks.webarena.rules import Released, bare

_FIGURE: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?")
_WHOLE: Final = re.compile(r"[$€£]?(\d{1,3}(?:,\d{3})+|\d+)%?")


class Mended(Released):
    """The released comparisons with `alternatives`, `figures`, `letters`, `addresses`, `reasons` and `silence` mended."""

    keeps_parts = True
    asks_of_nothing = False

    def answered(self, reference: str, answer: str, alone: bool) -> bool:
        """Some alternative is there, as a whole figure or word where it is one."""
        return any(_holds(bare(one), bare(answer), alone) for one in reference.split(OR))

    def shown(self, reference: str, content: str) -> bool:
        """As for an answer; one letter may be a part of a word, as released."""
        return any(_holds(bare(one), bare(content), False) for one in reference.split(OR))

    def reached(self, reference: str, url: str) -> bool:
        """One alternative by itself: the same host, its path or one below it, and its query's values."""
        return any(_leads(one, url) for one in reference.split(OR))


def _holds(wanted: str, said: str, alone: bool) -> bool:
    if whole := _WHOLE.fullmatch(wanted):
        figure = Decimal(whole[1].replace(",", ""))
        return any(Decimal(found.replace(",", "")) == figure for found in _FIGURE.findall(said))
    if alone and len(wanted) == 1 and wanted.isalpha():
        return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", said) is not None
    before = r"(?<!\d)(?<!\d[.,])" if wanted[:1].isdigit() else ""
    decimals = re.search(r"\.\d+$", wanted) is not None  # more of them may follow: records cut coordinates short
    after = r"(?!\d)" if wanted[-1:].isdigit() and not decimals else ""
    return re.search(f"{before}{re.escape(wanted)}{after}", said) is not None


def _leads(reference: str, url: str) -> bool:
    wanted, found = urlsplit(reference.rstrip("/")), urlsplit(url.rstrip("/"))
    if wanted.netloc.lower() != found.netloc.lower():
        return False
    path = wanted.path.rstrip("/")
    if found.path.rstrip("/") != path and not found.path.startswith(f"{path}/"):
        return False
    query = parse_qs(found.query)
    return all(set(values) & set(query.get(name, ())) for name, values in parse_qs(wanted.query).items())


class Correction(NamedTuple):
    """What is wrong in one of WebArena's records, and what it should say."""

    intent: str
    """The record's objective begins like this: other lists number their tasks anew."""
    texts: Mapping[str, str]
    """Parts of texts in `eval`, and what stands there instead; a text that becomes empty is taken from its list."""
    why: str


_MONTHS: Final = {"Sepetember": "September", "Octorbor": "October", "Feburary": "February"}
_MONTHLY: Final = Correction("Presents the monthly count", _MONTHS, "months are misspelt in what the judge compares")

CORRECTIONS: Final[Mapping[str, Correction]] = {
    "43": Correction(
        "List the top 3 search terms", {"Antonia Racer Tank": "nike"}, "the third term of the shop's list is nike"
    ),
    "76": Correction(
        "Given the following locations", {"The order is ": ""}, "a lead-in of the annotator is asked for word by word"
    ),
    "107": _MONTHLY,
    "108": _MONTHLY,
    "109": _MONTHLY,
    "110": _MONTHLY,
    "111": _MONTHLY,
    "124": Correction("What is the price range", {"0.14": "0.01", "745.00": "298"}, "the range is 0.01 to 298"),
    "125": Correction("What is the price range", {"85": "179.99"}, "the range is 1.46 to 179.99"),
    "186": Correction(
        "Give me the product names", {"Minera Luma Tech": "Minerva LumaTech"}, "the product's name is misspelt"
    ),
    "286": Correction(
        "Show the least expensive ssd hard drive",
        {
            "external-hard-drive-2tb-ultra-thin-external-hard-drive-2000gb-ultra-high-speed-portable-3-1-type-c-storage-"
            "drive-compatible-with-pc-laptop-and-mac-2tb-a1": "portable-ssd-2tb-external-hard-drive-mobile-solid-state-"
            "drive-portable-hard-drive-for-pc-laptop-and-mac-data-storage-and-transfer-2tb-silver"
        },
        "the referenced drive is no SSD",
    ),
    "291": Correction("Tell me the total spend", {"148": "148.8 |OR| 148"}, "the sum is 148.80"),
    "385": Correction(
        "List the customer names", {"N Randall": "", "Amazon Customer": ""}, "these two do not say that it looks good"
    ),
    "407": Correction(
        "Upvote the newest post",
        {"/124993/meta-s-llama-weights-leaked-on-torrent-and-the-best-thing": "/125036"},
        "the address is that of the hottest post, not the newest",
    ),
    "408": Correction(
        "Upvote the newest post",
        {"/39244/eli5-how-does-pinching-a-ribbon-and-sliding-your-finger": "/125342"},
        "the address is that of the hottest post, not the newest",
    ),
    "584": Correction(
        "Create a new forum named Karaoke", {"/f/Karaoke": "/f/Karaoke/edit"}, "only the edit page has the fields"
    ),
    "679": Correction("Lookup orders", {"Completed": "Complete"}, "the shop calls the status Complete"),
    "715": Correction(
        "Thumbs down the top 2 post ever",
        {
            "/84338/the-scientist-who-discovered-sperm-was-so-grossed-out-he": "/58888",
            "/105990/4-500-year-old-sumerian-temple-dedicated-to-mighty-thunder": "/41616",
        },
        "the two best posts of all time are others",
    ),
    "780": Correction("Increase the price of white Ingrid", {"64.00": "101.00"}, "the price of 84 is to rise by 17"),
    "782": Correction(
        "Increase the price of all blue running",
        {"22.33": "35.67", "21.56": "34.44"},
        "29 and 28 are to rise by 23 %, not to fall",
    ),
}
"""By `task_id` of WebArena's own list."""


def corrected(record: TaskRecord) -> TaskRecord:
    """The record with its own known mistakes corrected; any other comes back itself."""
    found = CORRECTIONS.get(record.id)
    if found is None or not record.intent.startswith(found.intent):
        return record
    return TaskRecord(data={**record.data, "eval": _replaced(record.eval, found.texts)})


def _replaced(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in texts.items():
            if not (old in new and new in value):  # corrected already
                value = value.replace(old, new)
        return value
    if isinstance(value, list):
        return [new for one in value if (new := _replaced(one, texts)) != "" or one == ""]
    if isinstance(value, dict):
        return {name: _replaced(one, texts) for name, one in value.items()}
    return value
