"""Floor 1, pure: a table of elements becomes text inside a token budget, with a log of what was cut.

One code path serves recordings, benchmarks, training and live acting; a raw HTML file joins it through `from_html`.
"""

from webapprentice.page.form import Cut, Form, PageText
from webapprentice.page.parsing import aimed_at, from_html
from webapprentice.page.pruning import Pruned, Scribe, chunks, holding
from webapprentice.page.rendering import label, render
from webapprentice.page.walls import Wall, wall
from webapprentice.page.written import read_written

__all__ = [
    "Cut",
    "Form",
    "PageText",
    "Pruned",
    "Scribe",
    "Wall",
    "aimed_at",
    "chunks",
    "from_html",
    "holding",
    "label",
    "read_written",
    "render",
    "wall",
]
