"""The words that the code hosting's first rows are made of."""

PEOPLE = (
    ("mira", "Mira Solberg", "Staff engineer", "Bergen"),
    ("tobias", "Tobias Wren", "Release manager", "Leeds"),
    ("adaeze", "Adaeze Obi", "Backend developer", "Lagos"),
    ("luca", "Luca Ferrante", "Frontend developer", "Turin"),
    ("hana", "Hana Kimura", "Data engineer", "Sapporo"),
    ("oskar", "Oskar Lindqvist", "Site reliability engineer", "Uppsala"),
    ("priya", "Priya Raman", "Security engineer", "Chennai"),
    ("bea", "Beatriz Campos", "Designer", "Porto"),
    ("yusuf", "Yusuf Demir", "Mobile developer", "Izmir"),
    ("nell", "Nell Ashdown", "Technical writer", "Cork"),
    ("viktor", "Viktor Hale", "Embedded developer", "Tartu"),
    ("sunita", "Sunita Rao", "Product manager", "Pune"),
    ("emeka", "Emeka Nwosu", "Platform engineer", "Abuja"),
    ("clara", "Clara Dubois", "Test engineer", "Lyon"),
    ("ravi", "Ravi Menon", "Compiler engineer", "Kochi"),
    ("freya", "Freya Holm", "Accessibility lead", "Aarhus"),
    ("mateo", "Mateo Ibarra", "Student", "Rosario"),
    ("ingrid", "Ingrid Vale", "Researcher", "Tromso"),
    ("quentin", "Quentin Moss", "Systems administrator", "Bath"),
    ("amara", "Amara Diallo", "Machine learning engineer", "Dakar"),
    ("dmitri", "Dmitri Antonov", "Database engineer", "Varna"),
    ("wren", "Wren Calloway", "Community manager", "Boise"),
    ("kofi", "Kofi Mensah", "Web developer", "Accra"),
    ("elin", "Elin Sandvik", "Graphics programmer", "Oslo"),
)

GROUPS = (
    ("harbor", "Harbor Tools", "Small command line tools that do one thing."),
    ("lumen", "Lumen Labs", "Charts, colours and everything that is looked at."),
    ("atlas", "Open Atlas", "Maps and geographic data that anybody may use."),
    ("granary", "Granary", "Storage engines, queues and backups."),
    ("kite", "Kite Mobile", "Applications for telephones and the libraries below them."),
    ("papermill", "Papermill", "Writing, typesetting and publishing."),
    ("orchard", "Orchard Home", "Sensors, heating and light at home."),
)

PROJECTS = (
    ("harbor", "gangway", "Watches folders and runs a command when something changes", "Go"),
    ("harbor", "bollard", "Keeps processes running and starts them again when they end", "Rust"),
    ("harbor", "tidelog", "Reads log files of many machines as one stream", "Go"),
    ("harbor", "rigging", "Sets up a fresh machine from one file of settings", "Python"),
    ("harbor", "winch", "Copies large files over bad connections", "Rust"),
    ("harbor", "sounding", "Measures how long commands take and draws a table", "Python"),
    ("lumen", "prism", "Colour palettes that stay readable for everybody", "TypeScript"),
    ("lumen", "candela", "Charts that work without a mouse", "TypeScript"),
    ("lumen", "halogen", "A drawing area with layers and undo", "TypeScript"),
    ("lumen", "aperture", "Resizes and crops pictures while they are served", "Rust"),
    ("lumen", "contrast-check", "Finds text on web pages that is hard to read", "Python"),
    ("lumen", "lantern", "Slides written as plain text", "TypeScript"),
    ("atlas", "contour", "Draws height lines from elevation data", "Python"),
    ("atlas", "wayfinder", "Shortest paths for walking, cycling and driving", "Rust"),
    ("atlas", "gazetteer", "Place names in many languages", "Python"),
    ("atlas", "tileserver", "Serves map tiles from a single file", "Go"),
    ("atlas", "survey", "Collects corrections to maps in the field", "Kotlin"),
    ("granary", "silo", "An embedded key-value store", "Rust"),
    ("granary", "thresher", "A job queue with retries and schedules", "Python"),
    ("granary", "chaff", "Removes duplicate files safely", "Go"),
    ("granary", "hopper", "Streams rows from one database to another", "Python"),
    ("granary", "millstone", "Compresses columns of numbers", "Rust"),
    ("granary", "sheaf", "Encrypted backups to any storage", "Go"),
    ("kite", "bridle", "Navigation between the screens of an application", "Kotlin"),
    ("kite", "spar", "Network requests that survive lost connections", "Kotlin"),
    ("kite", "updraft", "Push messages for small teams", "Python"),
    ("kite", "tailwind-weather", "The weather where you are, and nothing else", "Kotlin"),
    ("kite", "pocket-ledger", "Counts what a household spends", "Kotlin"),
    ("papermill", "quire", "Turns Markdown into printed books", "Python"),
    ("papermill", "foolscap", "An editor for long texts", "TypeScript"),
    ("papermill", "marginalia", "Comments in the margin of any web page", "TypeScript"),
    ("papermill", "errata", "Finds spelling mistakes in documentation", "Python"),
    ("papermill", "colophon", "Static sites with footnotes done right", "Go"),
    ("orchard", "trellis", "Connects sensors of all makers", "Python"),
    ("orchard", "graft", "Firmware for small temperature sensors", "C"),
    ("orchard", "espalier", "Plans of the house on which lamps can be switched", "TypeScript"),
    ("orchard", "windfall", "Learns when heating is needed", "Python"),
    ("orchard", "pruner", "Switches off what nobody uses", "Go"),
    ("mira", "dotfiles", "Settings of my machines", "Python"),
    ("mira", "sourdough-timer", "Tells when the dough has to be folded", "TypeScript"),
    ("mira", "reading-list", "Books I have read, with notes", "Python"),
    ("luca", "portfolio", "My web page", "TypeScript"),
    ("hana", "rail-delays", "Which trains are late, and how late", "Python"),
    ("ravi", "tiny-lisp", "A Lisp in six hundred lines", "C"),
    ("mateo", "chess-clock", "A clock for two players", "Kotlin"),
    ("elin", "ray-notebook", "Experiments with ray tracing", "Rust"),
    ("quentin", "backup-scripts", "What runs at night", "Go"),
    ("amara", "birdsong", "Tells birds apart by their voices", "Python"),
)

PARTS = {
    "Go": ("watcher", "config", "logger", "scheduler", "client", "filter"),
    "Rust": ("index", "parser", "buffer", "cache", "writer", "cursor"),
    "Python": ("loader", "report", "settings", "worker", "exporter", "validator"),
    "TypeScript": ("canvas", "tooltip", "theme", "keyboard", "palette", "toolbar"),
    "Kotlin": ("screen", "session", "storage", "notifier", "request", "theme"),
    "C": ("reader", "heap", "sensor", "clock", "printer", "symbols"),
}
"""The parts that programs in each language are made of, and that issues are about."""

ENDINGS = {"Go": "go", "Rust": "rs", "Python": "py", "TypeScript": "ts", "Kotlin": "kt", "C": "c"}

FAULTS = (
    "{Part} crashes when the input is empty",
    "{Part} ignores the time zone",
    "{Part} is slow with more than a thousand entries",
    "Wrong message when the {part} cannot be reached",
    "{Part} keeps a file open after an error",
    "Letters with accents are lost in the {part}",
    "{Part} uses too much memory over night",
    "{Part} writes the same line twice",
)
WISHES = (
    "Let the {part} be switched off",
    "Dark colours for the {part}",
    "{Part} should remember its last state",
    "Undo for changes in the {part}",
    "Show progress while the {part} works",
    "Keyboard shortcuts for the {part}",
)
WRITINGS = (
    "Document the options of the {part}",
    "Example for the {part} is out of date",
    "Explain how the {part} and the tests fit together",
)
CHORES = (
    "Split the {part} into two modules",
    "Tests for the {part} fail now and then",
    "Remove the old {part}",
)

LABELS = (
    ("bug", "#c0392b", "Something does not work"),
    ("feature", "#1e8449", "Something new"),
    ("documentation", "#2471a3", "Words, not code"),
    ("maintenance", "#7d6608", "Nobody sees it, everybody needs it"),
    ("urgent", "#922b21", "Before everything else"),
    ("good first issue", "#6c3483", "For whoever is new here"),
    ("needs discussion", "#566573", "Not decided yet"),
)

DEEDS = (
    "Fix an off-by-one error in the {part}",
    "Make the {part} faster for long inputs",
    "Add tests for the {part}",
    "Rename a variable in the {part}",
    "Document the {part}",
    "Handle empty input in the {part}",
    "Remove dead code from the {part}",
    "Let the {part} report its errors",
    "Update the settings of the {part}",
    "Simplify the {part}",
)

REMARKS = (
    "I can reproduce this on my machine.",
    "This also happens in the last release.",
    "Is anybody working on this? I could take it.",
    "A test that shows the problem would help.",
    "Works for me after a clean installation.",
    "We talked about this last week and agreed to keep it small.",
    "Let us do this after the release.",
    "I have a branch that goes half of the way.",
    "Thank you for the report.",
    "Could you add the output of the version command?",
)

REVIEWS = (
    "Please add a line to the changelog.",
    "The name of this function promises more than it does.",
    "Looks good to me.",
    "Could the second loop be left out?",
    "I would like a test for the empty case.",
    "Rebased on main, the tests pass now.",
    "Small change, large effect. Nice.",
    "Why is this limit needed?",
)

LICENSES = ("MIT", "Apache-2.0", "GPL-3.0", "BSD-3-Clause", "MPL-2.0")
