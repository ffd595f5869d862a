"""What the imaginary world is filled with: names, places, things, and words that mean nothing."""

# ruff: noqa: SIM905 - lists of words read better as words

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

_T = TypeVar("_T")

FIRST = """Anna Boris Clara Dmitri Elena Farid Greta Hugo Ingrid Jonas Katya Lars Mina Nadia Otto Priya Quentin Rosa
Stefan Tamara Umar Vera Walter Xenia Yusuf Zelda Amir Bella Carlos Diana Erik Fiona Gustav Hana Igor Julia Karim
Lena Marco Nina Olga Pablo Rita Sven Tariq Ursula Viktor Wanda Yara Zoltan Alma Bruno Celia Dario Edith Felix Gwen
Hector Iris Jorge Kira Leon Maya Noel Paula Ralf Silvia Theo Uma Vito Wendy Ada Ben Cleo Dora Eli Finn Gus Hal Ida
Jan Kim Lee Mo Ned Pat Rob Sue Tom Una Val Will Zoe Nicole Marcus Sandra Keith Gloria Trevor Yvonne Dennis Brenda
Howard""".split()
LAST = """Abbott Becker Castillo Dalton Eriksen Fischer Garcia Hoffman Ivanov Jansen Kowalski Lindgren Moreau Novak
Okafor Petrov Quinn Romero Schmidt Tanaka Ueda Vargas Weber Xu Yilmaz Zhang Adler Bianchi Cohen Duarte Egan Ferrari
Grant Hughes Ito Joshi Kaur Lopez Murphy Nguyen Olsen Park Rossi Singh Turner Usman Vance Wolf Young Zimmer""".split()
PLACES = """Lisbon Oslo Cairo Lima Quito Dakar Hanoi Seoul Kyoto Delhi Mumbai Berlin Prague Vienna Madrid Seville
Porto Athens Sofia Riga Tallinn Helsinki Bergen Dublin Leeds York Boston Denver Austin Tampa Reno Toronto Calgary
Havana Bogota Santiago Nairobi Accra Lagos Tunis Rabat Beirut Amman Baku Tbilisi Kabul Dhaka Manila Jakarta Perth
Sydney Auckland Suva France Spain Chile Peru Ghana Kenya Egypt Qatar Nepal Japan Korea Norway Sweden Finland Poland
Serbia Malta Cyprus Iceland Brazil Mexico Canada Cuba Jamaica Belize Panama Bolivia Uruguay Angola Zambia Malawi
Rwanda Sudan Chad Niger Mali Togo Benin Latvia Estonia Austria Hungary Croatia Albania Turkey Oman Yemen India Laos
Samoa Tonga Fiji""".split()
THINGS = """apple pear plum grape lemon mango peach melon onion carrot potato garlic pepper rice bread butter cheese
yogurt honey sugar salt coffee tea juice water milk table chair lamp sofa shelf mirror carpet pillow blanket window
door garden roof kitchen bottle glass plate spoon knife fork basket bucket hammer ladder needle thread button ribbon
jacket shirt trousers scarf gloves boots sandals hat belt watch ring ticket wallet camera phone laptop tablet
printer cable battery engine bicycle tractor train plane boat bridge tunnel tower castle museum library school
market bakery river mountain valley forest desert island beach harbor storm cloud rain snow thunder moon star planet
rocket robot violin piano guitar drum trumpet painting poem novel letter magazine map compass candle lantern whistle
marble puzzle dice card horse donkey rabbit fox wolf bear tiger lion zebra monkey otter seal whale dolphin shark
salmon tuna crab lobster spider beetle ant bee butterfly eagle falcon owl raven sparrow pigeon duck goose swan
turtle lizard snake frog""".split()
COLOURS = """red blue green yellow purple orange pink brown black white gray teal olive navy cyan magenta""".split()
QUALITIES = """big small large tiny huge warm cold fresh quiet loud fast slow bright dark soft hard light heavy new
old clean dirty simple strange gentle sharp round flat deep narrow wide early late happy sad brave calm clever cheap
rich free open secret modern ancient plain fancy""".split()
VERBS = """walk run jump read write sing dance cook bake paint build carry throw catch open close push pull turn
watch listen speak travel swim climb sleep dream learn teach plan order pack move mix wash dry cut fold share trade
send gather collect measure count""".split()
FUNCTION = """the a of to and in for on with at by from as is was are that this it its or not be have more than some
any about after before over under between into through during each every most other such only own same so too very
can will just now then once here there when where why how all both few""".split()
TOPICS = """Home News Sports Weather Travel Music Movies Books Games Health Science Finance Careers Support Contact
Help About Products Services Pricing Blog Forum Events Gallery Team Privacy Terms Account Profile Settings Orders
Cart Wishlist Downloads Reports Users Groups Messages Calendar Tasks Files Photos Videos Archive Billing Security
Shipping Returns Details Overview Reviews Options Advanced General Notes History""".split()
COMMANDS = """Save Send Search Delete Edit Add Remove Next Previous Back Continue Start Finish Reset Clear Refresh
Update Upload Download Print Share Copy Paste Cut Undo Redo Open Close Cancel OK Yes No Accept Decline Agree Retry
Skip Login Logout Register Join Leave Follow Like Reply Forward Archive Buy Sell Order Checkout Apply Confirm Submit
Done View More Less Show Hide Expand Collapse Zoom Play Pause Stop Record Filter Sort Import Export Help Preview
Publish Enter""".split()
LATIN = """lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt labore dolore magna
aliqua enim minim veniam quis nostrud exercitation ullamco laboris nisi aliquip commodo consequat duis aute irure
reprehenderit voluptate velit esse cillum fugiat nulla pariatur excepteur sint occaecat cupidatat non proident sunt
culpa qui officia deserunt mollit anim laborum vitae suspendisse tellus mauris massa nunc turpis felis ornare lectus
porta risus morbi cras eget arcu ante nec faucibus semper justo viverra auctor""".split()
MONTHS = """January February March April May June July August September October November December""".split()
_ONSETS = """b c d f g h j k l m n p r s t v w z bl br ch cl cr dr
fl fr gl gr ph pl pr qu sc sh sk sl sn sp st th tr""".split()
_VOWELS = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "au", "ea", "ee", "ia", "ie", "io", "oa", "oo", "ou", "y"]
_CODAS = ["", "", "", "", *["l", "m", "n", "r", "s", "t", "x", "nd", "ng", "nt", "rk", "rt", "sh", "ss", "st", "ck"]]


def pick(rng: Random, items: Sequence[_T]) -> _T:
    """One of a list; cheaper than `Random.choice`."""
    return items[int(rng.random() * len(items))]


def junk(rng: Random) -> str:
    """A pronounceable word that nobody has seen before."""
    syllables = 1 + int(rng.random() * 2.6)
    return "".join(pick(rng, _ONSETS) + pick(rng, _VOWELS) + pick(rng, _CODAS) for _ in range(syllables))


def scramble(rng: Random, low: int = 2, high: int = 8) -> str:
    """Letters and digits in no order, as in a password."""
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    if rng.random() < 0.5:
        alphabet = alphabet[:26]
    return "".join(pick(rng, list(alphabet)) for _ in range(rng.randint(low, high)))


def styled(rng: Random, word: str) -> str:
    """The word in lower case, capitalised, or in capitals, as pages have it."""
    roll = rng.random()
    if roll < 0.4:
        return word.lower()
    return word.upper() if roll > 0.92 else word[:1].upper() + word[1:]


_POOLS: tuple[tuple[float, Callable[[Random], str]], ...] = (
    (0.20, lambda rng: styled(rng, pick(rng, THINGS))),
    (0.34, lambda rng: styled(rng, pick(rng, COMMANDS))),
    (0.44, lambda rng: styled(rng, pick(rng, TOPICS))),
    (0.54, lambda rng: pick(rng, FIRST)),
    (0.60, lambda rng: pick(rng, PLACES)),
    (0.72, lambda rng: styled(rng, pick(rng, LATIN))),
    (0.90, lambda rng: styled(rng, junk(rng))),
    (0.94, lambda rng: styled(rng, pick(rng, QUALITIES + VERBS))),
    (0.97, lambda rng: str(rng.randint(0, 10 ** rng.randint(1, 3)))),
    (1.00, lambda rng: scramble(rng)),
)


def word(rng: Random) -> str:
    """One word of any sort."""
    roll = rng.random()
    return next(draw for bound, draw in _POOLS if roll <= bound)(rng)


def label(rng: Random, longest: int = 3) -> str:
    """One to `longest` words, as on a button or in a link."""
    first = word(rng)
    more = 0 if rng.random() < 0.62 else rng.randint(1, max(1, longest - 1))
    return " ".join([first] + [word(rng).lower() for _ in range(more)])


def sentence(rng: Random, low: int = 2, high: int = 9) -> str:
    """Running text: half of it English-like, half of it filler."""
    pool: Callable[[], str]
    if rng.random() < 0.5:

        def pool() -> str:
            return pick(rng, FUNCTION if rng.random() < 0.45 else pick(rng, [THINGS, VERBS, QUALITIES]))
    else:

        def pool() -> str:
            return pick(rng, LATIN) if rng.random() < 0.75 else junk(rng)

    text = " ".join(pool() for _ in range(rng.randint(low, high)))
    return text[:1].upper() + text[1:] + ("." if rng.random() < 0.6 else "")


def some(rng: Random, count: int, draw: Callable[[Random], str] | None = None) -> list[str]:
    """`count` different strings (case ignored), all of one sort more often than not."""
    make = draw or pick(rng, [word, word, label, _same_sort(rng)])
    found: dict[str, str] = {}
    for attempt in range(40 * count):
        text = make(rng) if attempt < 20 * count else label(rng)
        found.setdefault(text.casefold(), text)
        if len(found) == count:
            break
    return list(found.values())


def _same_sort(rng: Random) -> Callable[[Random], str]:
    """A draw from one list, in one style."""
    pool = pick(rng, [FIRST, PLACES, THINGS, TOPICS, COMMANDS, LATIN, COLOURS, LAST])
    lower = rng.random() < 0.4
    return lambda inner: pick(inner, pool).lower() if lower else pick(inner, pool)


def full_name(rng: Random) -> str:
    """First and last name."""
    return f"{pick(rng, FIRST)} {pick(rng, LAST)}"


def phone(rng: Random) -> str:
    """A telephone number in one of the usual shapes."""
    digits = "".join(str(rng.randint(0, 9)) for _ in range(10))
    return pick(
        rng, [f"{digits[:3]}-{digits[3:7]}", f"{digits[:3]}-{digits[3:6]}-{digits[6:]}", digits[:7], digits[:4]]
    )


def mail(rng: Random) -> str:
    """An e-mail address."""
    who, host, end = pick(rng, FIRST), pick(rng, [junk(rng), "mail", "post"]), pick(rng, ["com", "org", "net", "io"])
    return f"{who.lower()}@{host}.{end}"


def date(rng: Random) -> str:
    """A date in one of the usual shapes."""
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1950, 2030)
    return pick(rng, [f"{month:02d}/{day:02d}/{year}", f"{year}-{month:02d}-{day:02d}", f"{month}/{day}/{year}"])


def clock(rng: Random) -> str:
    """A time of day in one of the usual shapes."""
    hour, minute = rng.randint(1, 12), rng.randint(0, 59)
    return pick(rng, [f"{hour}:{minute:02d} {pick(rng, ['AM', 'PM'])}", f"{hour + 11:02d}:{minute:02d}"])
