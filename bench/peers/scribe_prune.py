"""ScribeAgent's preparation in its BeautifulSoup form, after its description: the peer of `bench_prune.py`.

    python bench/peers/scribe_prune.py PAGES --parser html.parser|html5lib --out FILE [--tokenizer FILE]

One JSON object a line: the page's name, its text, and the CPU seconds that it took. The first line gives the set-up.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path

from bs4 import BeautifulSoup, Comment, Doctype, NavigableString, Tag


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


TAGS = words(
    "div body span svg input img p a h1 h2 h3 h4 h5 h6 b i u strong em abbr cite q code ins var area ul li ol "
    "dl dt dd form button col textarea path lightning-primitive-icon select label td canvas circle "
    "i18n-string table tr image footer use option rect mark section th polygon aside main header pre figure"
)
NAMES = words(
    "alt aria-role aria-label aria-selected data-content option_selected placeholder role type node desc "
    "label input name title text value href expanded required selected id class"
)
WHOLE = ("title", "alt", "aria-label", "node")
EMPTY = words("span svg input img p a h1 h2 h3 h4 h5 h6 button textarea select i18n-string canvas")
HOLDS = ("title", "alt", "aria-label", "style")


def token_count(file: str | None):
    """Tokens of a text: by the tokenizer in the file, or a fourth of the characters."""
    if file is None:
        return lambda text: max(1, len(text) // 4)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(file)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def attributes_of(tag: Tag, count) -> None:
    """Rule 6, on one tag."""

    def ratio(text: str) -> float:
        return len(text) / (count(text) + 1e-5)

    for name in list(tag.attrs):
        if name in WHOLE:
            continue
        value = tag.attrs[name]
        if isinstance(value, list):
            value = [one for one in value if ratio(one) >= 2]
            if not value:
                del tag.attrs[name]
                continue
            value = " ".join(value)
        elif len(value) > 32 and ratio(value) < 2:
            del tag.attrs[name]
            continue
        value = value[:32]
        tag.attrs[name] = value
        if "script" in name:
            del tag.attrs[name]
        elif "style" in name:
            if value != "user-select: none":
                del tag.attrs[name]
        elif "jsaction" in name or name.startswith("on"):
            tag.attrs[name] = ""
        elif name not in NAMES or value in ("", "none"):
            del tag.attrs[name]


def prune(html: str, parser: str, count) -> str:
    """Rules 1 to 8."""
    soup = BeautifulSoup(html, parser)
    tags = soup.find_all(True)
    for number, tag in enumerate(reversed(tags)):
        tag.attrs["node"] = str(number)
    for text in [text for text in soup.descendants if isinstance(text, (Comment, Doctype))]:
        text.extract()
    for tag in tags:
        if tag.name in ("style", "script"):
            tag.decompose()
    for tag in soup.find_all(True):
        if tag.name not in TAGS:
            tag.unwrap()
        else:
            node = tag.attrs.pop("node")
            attributes_of(tag, count)
            tag.attrs["node"] = node
    for text in soup.find_all(string=True):
        if isinstance(text, NavigableString) and not text.strip():
            text.extract()
    for tag in reversed(soup.find_all(True)):
        if not tag.contents and tag.name not in EMPTY and not any(name in tag.attrs for name in HOLDS):
            tag.extract()
    return re.sub(r"\s+", " ", soup.prettify()).strip()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--parser", default="html.parser")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tokenizer")
    asked = parser.parse_args()
    sys.setrecursionlimit(16_000)
    count = token_count(asked.tokenizer)
    with asked.out.open("w") if asked.out else sys.stdout as out:
        for path in sorted(asked.pages.rglob("*.html")):
            html = path.read_text(encoding="utf-8", errors="replace")
            began = time.process_time()
            text = prune(html, asked.parser, count)
            line = {"page": str(path.relative_to(asked.pages)), "text": text, "seconds": time.process_time() - began}
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
