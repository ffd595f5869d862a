"""The words that the map's first rows are made of."""

CITY_ROWS = (
    "Anchor Street",
    "Bellfounder Row",
    "Castle Street",
    "Dyers Lane",
    "Embankment",
    "Ferry Street",
    "Granary Lane",
    "Hopfield Road",
    "Ironmonger Street",
)
CITY_COLUMNS = (
    "Alder Road",
    "Birch Road",
    "Chestnut Avenue",
    "Damson Road",
    "Elm Avenue",
    "Fir Road",
    "High Street",
    "Hazel Road",
    "Ivy Lane",
    "Juniper Road",
    "Larch Road",
    "Maple Avenue",
)
BRACKWELL_ROWS = ("Chapel Street", "Orchard Street", "Quarry Road", "Station Road")
BRACKWELL_COLUMNS = ("Abbey Lane", "Brook Lane", "Copper Lane", "Drovers Way", "East Lane")
OSTER_ROWS = ("Dune Road", "Gull Street", "Lighthouse Road", "Pier Street")
OSTER_COLUMNS = ("Amber Lane", "Beacon Lane", "Coral Lane", "Driftwood Lane")

DISTRICTS = ("Northgate", "Old Town", "Castle Hill", "Riverside", "Mill End", "Southfield")

CATEGORIES: dict[str, tuple[str, str]] = {
    "bakery": ("07:00-18:00", "{} Bakery"),
    "bank": ("09:00-16:30", "{} Bank"),
    "bookshop": ("10:00-18:30", "{} Books"),
    "cafe": ("08:00-19:00", "{} Café"),
    "cinema": ("14:00-23:30", "{} Cinema"),
    "hospital": ("00:00-24:00", "{} Hospital"),
    "hotel": ("00:00-24:00", "{} Hotel"),
    "library": ("09:30-19:00", "{} Library"),
    "museum": ("10:00-17:00", "{} Museum"),
    "park": ("06:00-22:00", "{} Park"),
    "pharmacy": ("08:30-18:30", "{} Pharmacy"),
    "post office": ("09:00-17:30", "{} Post Office"),
    "restaurant": ("12:00-22:30", "{} Restaurant"),
    "school": ("08:00-16:00", "{} School"),
    "sports centre": ("07:00-22:00", "{} Sports Centre"),
    "supermarket": ("08:00-21:00", "{} Supermarket"),
    "theatre": ("17:00-23:00", "{} Theatre"),
}
"""Hours of a weekday, and how a place of this kind is called."""
RARE = ("hospital", "cinema", "theatre", "museum", "library", "park", "post office")
"""Of these there are few; all others stand at many corners."""

NAMES = (
    "Acorn",
    "Bluebell",
    "Cobble",
    "Copper Kettle",
    "Corner House",
    "Driftwood",
    "Falcon",
    "Foxglove",
    "Golden Hind",
    "Harbour View",
    "Heron",
    "Hollyhock",
    "Kingfisher",
    "Lantern",
    "Linden",
    "Magpie",
    "Meridian",
    "Millrace",
    "Nightingale",
    "Oak and Ash",
    "Old Mill",
    "Otter",
    "Pebble",
    "Pilgrim",
    "Quayside",
    "Redwood",
    "Robin",
    "Rosemary",
    "Saffron",
    "Seven Stars",
    "Sparrow",
    "Swallow",
    "Tamarind",
    "Thistle",
    "Three Bridges",
    "Tinker",
    "Walnut Tree",
    "Weaver",
    "White Hart",
    "Wren",
)

STATIONS = (("Larkhaven Central Station", 6, 3), ("Larkhaven Harbour Station", 2, 8), ("Castle Hill Station", 10, 1))
"""Railway stations of the city with the column and row of their crossing."""
