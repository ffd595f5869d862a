# ruff: noqa: E501 - a line is a paragraph of the wiki
"""First text of every article, in the wiki's markup."""

from __future__ import annotations

from collections.abc import Iterator

from webapprentice.sites.wiki.words import (
    ANIMALS,
    CASTLES,
    DISTRICTS,
    GOODS,
    LAKES,
    MOUNTAINS,
    MUSEUMS,
    PEOPLE,
    PROFESSIONS,
    RAILWAYS,
    RIVERS,
    TOWNS,
    draw,
    pick,
    thousands,
)


def every() -> Iterator[tuple[str, str]]:
    """Title and text of all articles."""
    for kind, names in (
        (_town, TOWNS),
        (_river, RIVERS),
        (_mountain, MOUNTAINS),
        (_lake, LAKES),
        (_person, PEOPLE),
        (_museum, MUSEUMS),
        (_castle, CASTLES),
        (_railway, RAILWAYS),
        (_animal, ANIMALS),
    ):
        for name in names:
            yield name, kind(name)
    yield from _lists()


def river_of(town: str) -> str:
    """The river that a town stands on."""
    return pick(RIVERS, town, "river")


def height(mountain: str) -> int:
    """In metres."""
    return 812 + draw(1240, mountain, "height")


def born(person: str) -> int:
    """Year of birth."""
    return 1780 + draw(120, person, "born")


def length(river: str) -> int:
    """In kilometres."""
    return 38 + draw(290, river, "km")


def _facts(**facts: str) -> str:
    return "{{Facts|" + "|".join(f"{key.replace('_', ' ')}={value}" for key, value in facts.items()) + "}}"


def _town(name: str) -> str:
    founded, people = 1050 + draw(700, name, "founded"), 1200 + draw(60_000, name, "people")
    district, river, other = pick(DISTRICTS, name, "in"), river_of(name), TOWNS[TOWNS.index(name) - 5]
    fire = max(founded + 90, 1700) + draw(150, name, "fire")
    museum = next((one for one in MUSEUMS if one.startswith(name)), "")
    castle = next((one for one in CASTLES if one.startswith(name)), "")
    sights = [f"* [[{one}]]" for one in (museum, castle) if one] + [f"* The bridge over the [[{river}]]"]
    railway = next((one for one in RAILWAYS if name in one), "")
    facts = _facts(
        Population=thousands(people),
        Founded=str(founded),
        District=district,
        River=river,
        Elevation=f"{20 + draw(480, name, 'elevation')} m",
        Twin_town=TOWNS[(TOWNS.index(name) + 11) % len(TOWNS)],
    )
    return f"""{facts}

'''{name}''' is a town on the [[{river}]] in the district of {district}. It has {thousands(people)} inhabitants.

== History ==
The place is first named in a deed of {founded}. A fire in {fire} destroyed {12 + draw(140, name, "houses")} houses; the town hall was built again within {2 + draw(9, name, "years")} years.

== Economy ==
For two centuries {name} lived on {pick(GOODS, name, "old")}. Today most people work in trade and in the making of {pick(GOODS, name, "new")}.

== Sights ==
{chr(10).join(sights)}

== Transport ==
{f"The station is on the [[{railway}]]." if railway else f"There is no railway; buses run to [[{other}]] every {10 + 5 * draw(6, name, 'bus')} minutes."}

[[Category:Towns]]
[[Category:{district}]]"""


def _river(name: str) -> str:
    source, mouth = MOUNTAINS[RIVERS.index(name)], LAKES[RIVERS.index(name) - 3]
    towns = [town for town in TOWNS if river_of(town) == name]
    facts = _facts(Length=f"{length(name)} km", Source=source, Mouth=mouth, Bridges=str(3 + draw(40, name, "bridges")))
    listed = "\n".join(f"* [[{town}]]" for town in towns) or "No town stands on its banks."
    return f"""{facts}

The '''{name}''' is a river of {length(name)} kilometres. It rises at [[{source}]] and flows into [[{mouth}]].

== Course ==
In its upper part it falls by {4 + draw(20, name, "fall")} metres a kilometre. Boats can use the last {5 + draw(25, name, "boats")} kilometres.

== Towns ==
{listed}

== Floods ==
The highest water was measured in {1820 + draw(190, name, "flood")}, {3 + draw(5, name, "metres")}.{draw(10, name, "part")} metres above normal.

[[Category:Rivers]]"""


def _mountain(name: str) -> str:
    district, climber = pick(DISTRICTS, name, "in"), pick(PEOPLE, name, "climber")
    year = born(climber) + 24 + draw(15, name, "ascent")
    facts = _facts(Height=f"{thousands(height(name))} m", District=district, First_ascent=str(year), Climber=climber)
    return f"""{facts}

'''{name}''' is a mountain of {thousands(height(name))} metres in the district of {district}.

== First ascent ==
[[{climber}]] and two guides reached the top in {year}, on the {["second", "third", "fourth", "fifth"][draw(4, name, "try")]} attempt.

== Routes ==
The usual way takes {3 + draw(6, name, "hours")} hours from the hut, which has {12 + 4 * draw(15, name, "beds")} beds and is open from June to September.

== Nature ==
The [[{pick(ANIMALS, name, "animal")}]] is often seen on its slopes.

[[Category:Mountains]]
[[Category:{district}]]"""


def _lake(name: str) -> str:
    town = pick(TOWNS, name, "town")
    facts = _facts(
        Area=f"{2 + draw(90, name, 'area')} km²",
        Depth=f"{8 + draw(150, name, 'depth')} m",
        Islands=str(draw(24, name, "islands")),
        Nearest_town=town,
    )
    return f"""{facts}

'''{name}''' is a lake near [[{town}]].

== Bathing ==
The water is {14 + draw(8, name, "warm")} degrees warm in July. It has {2 + draw(6, name, "beaches")} public beaches.

== Nature ==
The [[{pick(ANIMALS, name, "animal")}]] breeds on the north shore. Fishing needs a permit, which is sold in [[{town}]].

[[Category:Lakes]]"""


def _person(name: str) -> str:
    year, town = born(name), pick(TOWNS, name, "birthplace")
    work, died = pick(PROFESSIONS, name, "work"), year + 48 + draw(45, name, "age")
    facts = _facts(Born=str(year), Birthplace=town, Died=str(died), Profession=work)
    climbed = [mountain for mountain in MOUNTAINS if pick(PEOPLE, mountain, "climber") == name]
    built = [museum for museum in MUSEUMS if pick(PEOPLE, museum, "architect") == name]
    known = [f"* First on [[{one}]]" for one in climbed] + [f"* Design of the [[{one}]]" for one in built]
    listed = "\n".join(known) or f"* {5 + draw(60, name, 'works')} letters, kept in the archive of [[{town}]]"
    return f"""{facts}

'''{name}''' ({year} to {died}) was a {work} from [[{town}]].

== Life ==
{name} was the {["first", "second", "third", "fourth"][draw(4, name, "child")]} of {4 + draw(6, name, "children")} children and left school at {12 + draw(7, name, "school")}. The move to [[{pick(TOWNS, name, "moved")}]] came in {year + 21 + draw(15, name, "year")}.

== Known for ==
{listed}

[[Category:People]]
[[Category:{work.capitalize()}s]]"""


def _museum(name: str) -> str:
    town = next(town for town in TOWNS if name.startswith(town))
    architect, opened = pick(PEOPLE, name, "architect"), 1895 + draw(120, name, "opened")
    closed = pick(["Monday", "Tuesday", "Wednesday"], name, "closed")
    facts = _facts(
        Town=town, Opened=str(opened), Architect=architect, Visitors=thousands(4000 + draw(90_000, name)), Closed=closed
    )
    return f"""{facts}

The '''{name}''' in [[{town}]] was opened in {opened}. The house goes back to a design by [[{architect}]].

== Collection ==
It shows {200 + draw(5000, name, "objects")} objects on {2 + draw(4, name, "floors")} floors. The oldest is from {1300 + draw(400, name, "oldest")}.

== Visit ==
Closed on {closed}. A ticket is {5 + draw(11, name, "ticket")} crowns, children go free.

[[Category:Museums]]"""


def _castle(name: str) -> str:
    town = next((town for town in TOWNS if name.startswith(town)), TOWNS[1])
    built = 1180 + draw(420, name, "built")
    facts = _facts(Town=town, Built=str(built), Towers=str(1 + draw(7, name, "towers")))
    return f"""{facts}

'''{name}''' stands above [[{town}]]. It was begun in {built}.

== History ==
The castle was besieged {1 + draw(5, name, "sieges")} times and never taken. Since {1900 + draw(90, name, "open")} it is open to the public.

[[Category:Castles]]"""


def _railway(name: str) -> str:
    first, last = name.removesuffix(" Railway").split("–")
    opened, long = 1858 + draw(60, name, "opened"), 21 + draw(120, name, "length")
    facts = _facts(Opened=str(opened), Length=f"{long} km", Stations=str(4 + draw(16, name, "stations")))
    return f"""{facts}

The '''{name}''' joins [[{first}]] and [[{last}]] over {long} kilometres. The first train ran in {opened}.

== Line ==
It has {1 + draw(9, name, "tunnels")} tunnels. The longest bridge crosses the [[{river_of(last)}]].

[[Category:Railways]]"""


def _animal(name: str) -> str:
    facts = _facts(
        Counted=f"{40 + draw(2500, name, 'count')} (2024)", Status=pick(["rare", "common", "protected"], name)
    )
    return f"""{facts}

The '''{name.lower()}''' lives in the region all year. It is most often seen near [[{pick(LAKES, name, "lake")}]].

== Counts ==
Volunteers count it each May. The first count, in {1961 + draw(40, name, "first")}, found {10 + draw(500, name, "found")}.

[[Category:Animals]]"""


def _lists() -> Iterator[tuple[str, str]]:
    high = sorted(MOUNTAINS, key=height, reverse=True)
    long = sorted(RIVERS, key=length, reverse=True)
    yield (
        "List of mountains",
        "The mountains of the region, by height.\n\n== By height ==\n"
        + "\n".join(f"* [[{one}]], {thousands(height(one))} m" for one in high)
        + "\n\n[[Category:Lists]]\n[[Category:Mountains]]",
    )
    yield (
        "List of rivers",
        "The rivers of the region, by length.\n\n== By length ==\n"
        + "\n".join(f"* [[{one}]], {length(one)} km" for one in long)
        + "\n\n[[Category:Lists]]\n[[Category:Rivers]]",
    )
    yield (
        "Vennland",
        "'''Vennland''' is the region that this wiki is about. It has five districts: "
        + ", ".join(DISTRICTS)
        + ".\n\n== Lists ==\n* [[List of mountains]]\n* [[List of rivers]]\n\n[[Category:Lists]]",
    )
