"""Words that the shop's first rows are made of."""

from __future__ import annotations

CATALOGUE: dict[str, dict[str, tuple[str, str, str]]] = {
    "Garden": {
        "Garden furniture": (
            "GF",
            "acacia wood, powder-coated steel, recycled plastic",
            "folding chair 49, bench 129, bistro table 89, deck chair 65, parasol 74, lounge cushion 24",
        ),
        "Hand tools": (
            "HT",
            "forged steel, stainless steel, ash wood",
            "pruning shears 22, hand trowel 11, hedge clippers 34, leaf rake 19, weeding fork 13, spade 38",
        ),
        "Planters": (
            "PL",
            "terracotta, fibre clay, zinc",
            "hanging basket 16, window box 21, terracotta pot 9, raised bed 79, plant stand 32, herb trough 18",
        ),
        "Watering": (
            "WA",
            "galvanised steel, soft rubber, brass",
            "watering can 17, garden hose 36, spray nozzle 12, rain barrel 95, drip kit 44, hose reel 58",
        ),
    },
    "Kitchen": {
        "Cookware": (
            "CO",
            "cast iron, stainless steel, enamelled steel",
            "frying pan 39, saucepan 33, stock pot 54, casserole 86, wok 47, griddle 42",
        ),
        "Knives": (
            "KN",
            "carbon steel, stainless steel, beech wood",
            "chef knife 64, bread knife 37, paring knife 15, knife block 72, sharpener 26, cutting board 29",
        ),
        "Tableware": (
            "TW",
            "stoneware, porcelain, glass",
            "dinner plate 14, soup bowl 12, serving dish 31, salt shaker 8, fruit bowl 27, water jug 23",
        ),
        "Coffee and tea": (
            "CT",
            "glass, brushed steel, ceramic",
            "coffee grinder 59, pour-over dripper 19, tea kettle 45, milk frother 28, espresso cup 10, tea tin 7",
        ),
    },
    "Home office": {
        "Notebooks": (
            "NB",
            "recycled paper, linen, cork",
            "dotted notebook 12, pocket journal 8, weekly planner 18, sketch pad 14, guest book 26, index cards 6",
        ),
        "Pens": (
            "PE",
            "brass, aluminium, cedar wood",
            "fountain pen 48, gel pen set 9, drafting pencil 16, brush pen 7, pen case 21, marker set 13",
        ),
        "Desk lamps": (
            "DL",
            "aluminium, oak, matt steel",
            "clamp lamp 42, reading lamp 37, task light 69, floor lamp 98, light bar 55, bulb pack 15",
        ),
        "Storage": (
            "ST",
            "felt, birch plywood, wire mesh",
            "letter tray 17, filing box 14, drawer unit 119, cable box 22, magazine rack 25, wall shelf 46",
        ),
    },
    "Outdoor": {
        "Backpacks": (
            "BP",
            "ripstop nylon, waxed canvas, recycled polyester",
            "day pack 58, trekking pack 139, roll-top bag 76, hip bag 29, rain cover 16, child carrier 149",
        ),
        "Tents": (
            "TE",
            "ripstop nylon, aluminium, polyester",
            "dome tent 159, tunnel tent 229, tarp 54, ground sheet 24, tent pegs 13, beach shelter 62",
        ),
        "Sleeping": (
            "SL",
            "down, hollow fibre, brushed cotton",
            "summer sleeping bag 72, winter sleeping bag 146, air mat 66, foam mat 21, travel pillow 18, hammock 49",
        ),
        "Bottles": (
            "BO",
            "stainless steel, glass, tritan",
            "steel bottle 24, thermos flask 35, water bladder 31, filter bottle 43, folding cup 9, lunch box 27",
        ),
    },
    "Clothing": {
        "Jackets": (
            "JA",
            "merino wool, recycled polyester, waxed cotton",
            "rain jacket 119, fleece jacket 69, down vest 94, wind breaker 58, work coat 105, rain poncho 26",
        ),
        "Shirts": (
            "SH",
            "organic cotton, linen, merino wool",
            "t-shirt 22, flannel shirt 45, linen shirt 52, polo shirt 34, long sleeve 29, undershirt 17",
        ),
        "Socks": (
            "SO",
            "merino wool, organic cotton, bamboo",
            "hiking socks 15, running socks 12, wool socks 18, ankle socks 8, knee socks 14, slipper socks 20",
        ),
        "Hats and gloves": (
            "HG",
            "merino wool, fleece, leather",
            "knit beanie 19, sun hat 27, work gloves 16, winter gloves 33, neck gaiter 13, baseball cap 21",
        ),
    },
    "Electronics": {
        "Headphones": (
            "HP",
            "aluminium, soft silicone, vegan leather",
            "over-ear headphones 129, sport earbuds 59, studio headphones 169, kids headphones 32,"
            " headphone stand 24, ear pads 14",
        ),
        "Speakers": (
            "SP",
            "birch plywood, fabric, aluminium",
            "shower speaker 36, bookshelf speaker 149, party speaker 189, desk speaker 64, sound bar 139,"
            " wall mount 28",
        ),
        "Chargers": (
            "CH",
            "aluminium, braided nylon, recycled plastic",
            "travel charger 27, power bank 45, charging cable 11, wireless pad 34, car charger 19, solar panel 88",
        ),
        "Keyboards": (
            "KB",
            "aluminium, recycled plastic, walnut",
            "compact keyboard 79, number pad 33, wireless mouse 38, trackball 57, wrist rest 18, desk mat 25",
        ),
    },
}
"""Category -> (prefix of article numbers, materials, things and about what they cost) in each department."""

BRANDS = (
    "Alderway", "Bramble & Co", "Cordova", "Dunmore", "Elstree", "Fjellson", "Granary", "Hollin",
    "Iverson", "Juniper Row", "Kestrel", "Larkfield", "Marlowe", "Northgate",
)  # fmt: skip

COLORS = ("Black", "Forest green", "Sand", "Navy", "Rust", "White", "Slate grey", "Mustard")
SIZES = ("S", "M", "L", "XL")
CAPACITIES = ("0.5 litre", "0.75 litre", "1 litre")

PURPOSES = (
    "made for daily use and easy to look after",
    "light enough to carry and strong enough to last",
    "a plain design that goes with everything you own",
    "finished by hand in small series",
    "for small homes: it takes little room when it is put away",
    "tested through two winters by our own staff",
)
CARE = ("Wipe clean with a damp cloth.", "Wash at 30 degrees.", "Keep dry when not in use.", "Safe in the dishwasher.")

FIRST_NAMES = (
    "Oskar", "Priya", "Tomas", "Leila", "Grace", "Hugo", "Yuki", "Marta", "Dele", "Ines", "Viktor", "Chloe",
    "Rafael", "Nadia", "Simon", "Aiko", "Bruno", "Freya", "Karim", "Lucia", "Petra", "Owen", "Zofia", "Malik",
)  # fmt: skip
LAST_NAMES = (
    "Brandt", "Castillo", "Doyle", "Eriksen", "Fontana", "Gupta", "Haas", "Ito", "Jankowski", "Keller", "Lund",
    "Moreau", "Novak", "Okafor", "Pereira", "Quinn", "Rossi", "Stein", "Tanaka",
)  # fmt: skip
STREETS = ("Mill Lane", "Station Road", "Orchard Street", "High Street", "Birch Avenue", "Canal Walk", "Church Hill")
CITIES = (
    ("Ashford", "10210"), ("Bellmere", "20440"), ("Corwen", "31105"), ("Dalton", "42300"),
    ("Eastvale", "53012"), ("Fairhaven", "64120"), ("Greenholm", "75330"),
)  # fmt: skip

REVIEWS: dict[int, tuple[tuple[str, str], ...]] = {
    1: (
        ("Broke in a week", "It came apart on the fifth day and the glue smelled."),
        ("Sent it back", "Not what the picture shows. The edges were rough."),
        ("Too small", "Much smaller than I thought from the measures."),
    ),
    2: (
        ("Not for me", "It works, but it feels cheap for what it costs."),
        ("Poor packing", "Arrived with a dent because the box was far too thin."),
        ("Colour is off", "The colour looks nothing like the one on the screen."),
    ),
    3: (
        ("It is all right", "Does its job. I would not buy it twice."),
        ("Good but slow to come", "Nice thing, though delivery took two weeks."),
    ),
    4: (
        ("Very nearly perfect", "I use it every day. A longer warranty would be welcome."),
        ("Solid", "Well made and heavier than it looks."),
        ("Good value", "Twice the price elsewhere for the same quality."),
        ("Bought a second one", "My sister wanted one as soon as she saw it."),
    ),
    5: (
        ("Could not be happier", "Looks lovely and works as it should."),
        ("Best I have owned", "After a year it is still as good as new."),
        ("A fine present", "My father has not put it down since."),
        ("Excellent", "Quick delivery, careful packing, very good quality."),
    ),
}
"""Titles and words by stars."""

TOPICS = ("Order", "Delivery", "Return", "Product question", "Invoice", "Something else")
RETURN_REASONS = ("Damaged on arrival", "Wrong item", "Does not fit", "Not as described", "Changed my mind")
CARRIERS = ("Swift Parcel", "National Post", "GreenBike")
GROUPS = ("General", "Wholesale", "VIP")
STATUSES = ("Pending", "Processing", "Shipped", "Delivered", "Canceled", "On hold")
DELIVERIES: dict[str, tuple[int, str]] = {
    "Standard": (490, "3 to 5 working days"),
    "Express": (1250, "next working day"),
    "Pick-up": (0, "at our store in Ashford"),
}
"""Price in cents and how long it takes."""
FREE_FROM = 15000
"""Standard delivery costs nothing from this sum of goods on, in cents."""
PAYMENTS = ("Invoice", "Card ending in 4417", "Gift card")
