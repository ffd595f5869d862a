# ruff: noqa: SIM905 - lists of words
"""The region that the wiki is about, by rule: names, and figures drawn from them."""

from __future__ import annotations

from zlib import crc32

TOWNS = (
    "Tellby Marnholt Ostervik Halvern Brunnby Sandre Kestholm Lindmark Rovaas Eldby Fjellmo Grantorp Hesselby Imsdal "
    "Jorlund Karsby Lomvik Nordhagen Orrsta Pelby Quarnby Ramsholt Stavre Torsund"
).split()
RIVERS = "Venn Aldra Sorn Tarn Ulva Brisk Keld Losna Ryta Elvar".split()
MOUNTAINS = (
    "Mount Skarn|Mount Varde|Grimtop|Kollhorn|Stenpike|Mount Hallen|Ravnfjell|Tindra|Mount Osk|Bleik Peak|Storhatt|"
    "Mount Lyr|Kvitnos|Mount Dagg"
).split("|")
LAKES = [f"Lake {name}" for name in "Orsa Hymn Visten Bredd Sarn Tolm Eker Nolva Juth Flaren".split()]
DISTRICTS = "Norden|Vestmark|Midland|Ostlund|Sorhavn".split("|")
FIRST = "Alma Bruno Cecilia David Elsa Fredrik Gerda Henrik Ida Johan Karin Ludvig Maja Nils Olga Per".split()
LAST = "Askelund Berge Dahlin Ekvall Frost Gran Hovland Istad Juhl Krogh Lyng Moen Nyberg Orre Palm Rask Sundt".split()
PROFESSIONS = "painter|botanist|engineer|composer|mountaineer|novelist|architect|physician".split("|")
ANIMALS = (
    "Common crane|Eurasian lynx|White-throated dipper|Arctic char|Mountain hare|Golden eagle|Alpine newt|River otter"
).split("|")
GOODS = "timber|glass|wool|paper|copper|cheese|clocks|bricks|linen|salt".split("|")
EDITORS = "konrad lotte rufus vera.m pim sander quill hedda tomas_k".split()


def draw(below: int, *key: object) -> int:
    """A whole number from 0 to `below`, the same one for the same key."""
    return crc32("/".join(map(str, key)).encode()) % below


def pick(among: list[str], *key: object) -> str:
    """One of a list, the same one for the same key."""
    return among[draw(len(among), *key)]


PEOPLE = list(dict.fromkeys(f"{pick(FIRST, n, 'first')} {LAST[n % len(LAST)]}" for n in range(28)))
MUSEUMS = [
    f"{town} {kind} Museum"
    for town, kind in zip(
        TOWNS[::2], "Town|Glass|Railway|Textile|Maritime|Art|Clock|Mining|Paper|Salt|Ski|Radio".split("|"), strict=True
    )
]
CASTLES = [f"{pick(['Gray', 'High', 'Old', 'White'], town)}holm Castle" for town in TOWNS[1:2]] + [
    f"{town} Castle" for town in TOWNS[3::4]
]
RAILWAYS = [f"{first}–{last} Railway" for first, last in zip(TOWNS[0:16:3], TOWNS[1:17:3], strict=False)]


def thousands(number: int) -> str:
    """1982 as 1,982."""
    return f"{number:,}"
