# ruff: noqa: E501 - lists of words
"""Word lists that the forum's first rows are made from."""

from __future__ import annotations

PEOPLE = (
    ("mira", "Mira Lind", "Grows too many plants on a small balcony."),
    ("otto", "Otto Brandt", "Looks after a few boards here. Be kind."),
    ("selma", "Selma Okafor", "Bakes on Sundays, cycles on Mondays."),
    ("jonas_r", "Jonas Rehn", "Night sky, cheap lenses."),
    ("petra", "Petra Novak", "Retired engineer. Repairs everything twice."),
    ("tariq", "Tariq Haddad", "Board games and strong coffee."),
    ("wren", "Wren Hollis", "Birds first, then breakfast."),
    ("ilse", "Ilse Vogt", "Long walks, short posts."),
    ("dmitri", "Dmitri Sokolov", "Old cameras."),
    ("yuki", "Yuki Mori", "Sourdough since 2014."),
    ("carlos", "Carlos Vega", "Commutes by bike in all weather."),
    ("amina", "Amina Diallo", "Learning my fourth language."),
    ("bengt", "Bengt Ahl", "Mostly reading."),
    ("noor", "Noor Rahman", "Window sills are gardens too."),
    ("felix", "Felix Baum", "Ask me about hinges."),
    ("greta", "Greta Holm", "Hut to hut every summer."),
    ("hugo", "Hugo Marchand", "Tastes coffee for a living."),
    ("lena", "Lena Fischer", "Maps, tents, soup."),
    ("marek", "Marek Dudek", "Solder and patience."),
    ("olive", "Olive Tran", "Keeps a list of every bird."),
)
"""User name, full name and what they say of themselves. The first signs in by default; the second moderates."""

BOARDS = (
    (
        "gardening",
        "Gardening",
        "Beds, borders and balconies.",
        "raised bed|compost heap|tomato patch|herb corner|rain barrel|greenhouse|apple tree|bean trellis|seed tray|hedge",
    ),
    (
        "cycling",
        "Cycling",
        "Commuting, touring and keeping bikes running.",
        "commuter bike|rear brake|chain|cargo trailer|saddle|dynamo light|tubeless tyre|pannier|folding bike|gear hub",
    ),
    (
        "baking",
        "Baking",
        "Bread and everything else from the oven.",
        "sourdough starter|rye loaf|pizza stone|cinnamon bun|brioche|baking steel|flatbread|pie crust|bread knife|oven",
    ),
    (
        "boardgames",
        "Board games",
        "What is on the table tonight.",
        "two-player game|rulebook|card sleeve|solo mode|expansion|dice tower|party game|campaign|insert|auction game",
    ),
    (
        "birding",
        "Birding",
        "Sightings, calls and equipment.",
        "nest box|feeder|pair of binoculars|field guide|heron|spotting scope|dawn chorus|kingfisher|owl call|bird list",
    ),
    (
        "repair",
        "Repair café",
        "Fix it before you replace it.",
        "toaster|zip|kettle|cordless drill|wobbly chair|vacuum cleaner|laptop hinge|desk lamp|radio|sewing machine",
    ),
    (
        "hiking",
        "Hiking",
        "Routes, huts and boots.",
        "ridge walk|hut|rain jacket|walking pole|tent|map case|stove|river crossing|pair of boots|night hike",
    ),
    (
        "photography",
        "Photography",
        "Light, film and sensors.",
        "film camera|tripod|prime lens|darkroom|light meter|portrait|flash|street photo|contact sheet|scanner",
    ),
    (
        "houseplants",
        "Houseplants",
        "Green things that live indoors.",
        "monstera|fern|cactus|orchid|grow light|rubber plant|watering can|spider plant|peace lily|terrarium",
    ),
    (
        "coffee",
        "Coffee",
        "Beans, brewing and cups.",
        "hand grinder|pour-over|espresso machine|moka pot|light roast|milk jug|filter paper|cold brew|kettle|cupping spoon",
    ),
    (
        "languages",
        "Language learning",
        "From the first word to the last exam.",
        "flash card deck|language exchange|grammar book|podcast|accent|dictionary|evening course|diary|phrase book|exam",
    ),
    (
        "astronomy",
        "Astronomy",
        "What is up tonight.",
        "telescope|star atlas|eyepiece|comet|meteor shower|red torch|dark site|moon map|camera mount|planet sketch",
    ),
)
"""Name, title, description, and what people there write about."""

TITLES = (
    "How do you look after your {0}?",
    "My first {0} after one season",
    "What would you change about this {0}?",
    "Is a second-hand {0} worth it?",
    "Small win: the {0} finally works for me",
    "Looking for advice on a {0}",
    "The {0} that surprised everybody",
    "Three mistakes I made with my {0}",
    "Who else has a {0} like this?",
    "Unpopular opinion about every {0}",
)

BODIES = (
    "I have had this {0} for {1} months and still learn something every week. What do you do that beginners do not?",
    "It cost me {1} euros and a free evening. Here is what went well, and what I would not do again.",
    "A neighbour gave me a {0} and {1} pages of notes. Before I start I would like to hear from people who have done it.",
    "Short version: {1} attempts, one success. I am happy to answer questions about the {0}.",
    "Please be honest. I can return the {0} within {1} days.",
    "I kept a log for {1} weeks. The {0} needed less attention than I thought, and always at the wrong time.",
)

COMMENTS = (
    "I did the same with my {0} and it lasted {1} years.",
    "Give it {1} days before you change anything.",
    "Thank you, this is the clearest post on the {0} I have read here.",
    "I disagree. A {0} is only as good as the hands that use it.",
    "Mine cost {1} euros and I have never looked back.",
    "Could you show a picture of the {0}?",
    "The trick is to do less. I touch mine once every {1} days.",
    "Ask at the library, they lend out a {0}.",
    "Second this. It took me {1} tries.",
    "Not for me, but I see why people like it.",
    "What did you use before the {0}?",
    "You will want a spare. I keep {1}.",
)

SPECIAL = (
    (
        "hiking",
        "greta",
        "Mount Skarn by the east ridge: trip report",
        "We went up in {1} hours. The wiki article has the history of the first ascent; read it before you go.",
        "__WIKI__/wiki/Mount_Skarn",
        "2026-03-12 18:40",
    ),
    (
        "birding",
        "wren",
        "Cranes have come back to Lake Orsa",
        "Counted {1} this morning from the north shore. The article on the lake should say so.",
        "__WIKI__/wiki/Lake_Orsa",
        "2026-03-14 07:15",
    ),
    (
        "photography",
        "dmitri",
        "The Tellby town museum shows old glass plates",
        "The show is open until May. Bring a loupe; {1} plates are on the light table.",
        "__WIKI__/wiki/Tellby",
        "2026-03-10 12:05",
    ),
    (
        "cycling",
        "carlos",
        "Riding along the river Venn from source to mouth",
        "It took me {1} days with luggage. Distances are in the wiki article.",
        "__WIKI__/wiki/Venn",
        "2026-03-13 20:20",
    ),
    (
        "houseplants",
        "bengt",
        "CHEAP PLANT LIGHTS buy now 80 % off",
        "Click my profile for {1} offers, only today!!!",
        "",
        "2026-03-15 03:12",
    ),
    (
        "houseplants",
        "mira",
        "Which window for my new fern?",
        "North or east? The room is {1} square metres and a little dry.",
        "",
        "2026-03-11 16:30",
    ),
)
"""Threads that tasks speak of: board, author, title, body, link, time."""

ANSWERS = (
    ("Which window for my new fern?", "noor", "East, and a bowl of water next to it.", "2026-03-12 08:15"),
    ("Which window for my new fern?", "wren", "North if you mist it twice a week.", "2026-03-13 06:50"),
    ("Looking for advice on a terrarium", "mira", "Put charcoal at the botom, then gravel.", "2026-03-10 17:45"),
    (
        "CHEAP PLANT LIGHTS buy now 80 % off",
        "otto",
        "Somebody with the keys please take this down.",
        "2026-03-15 09:00",
    ),
)
"""Comments that tasks speak of: title of the thread, author, text, time."""
