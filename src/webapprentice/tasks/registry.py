"""Which tasks there are. Every page of the `miniwob` package is one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.records import Limits, Task
from webapprentice.tasks.splits import ATTEMPTED, HELD_OUT, STEP_LIMITS

BENCHMARK = "miniwob"
FLIGHT = "flight."
"""The four pages of the flight domain are `flight.NAME`; they fill an iframe."""
RELOAD = frozenset(
    {
        *("book-flight", "book-flight-nodelay", "chase-circle", "click-pie", "drag-cube", "drag-items"),
        *("drag-items-grid", "drag-sort-numbers", "form-sequence", "moving-items", "scroll-text", "scroll-text-2"),
        *("search-engine", "stock-market", "use-colorwheel", "use-colorwheel-2", "use-slider", "use-slider-2"),
        *("use-spinner", "hover-shape"),
    }
)
"""Pages on which an episode leaves something behind that an in-page restart does not clear away: a value typed into a
text area, a class, a widget that no longer works, a timer. Found by comparing both kinds of reset."""
TIMED = frozenset({"chase-circle", "hover-shape", "moving-items", "simon-says", "stock-market"})
"""Pages that move on their own: what is seen right after a reset depends on the clock."""

# What a page asks for, by the words of its name; everything asks for clicks.
_SKILLS = {
    "type": (
        "enter text-transform login email-inbox-forward email-inbox-reply email-inbox-star-reply email-inbox-nl "
        "copy-paste autocomplete book-flight search-engine terminal guess-number find-greatest find-word "
        "form-sequence-2 form-sequence-3 simple-a visual-addition read-table use-spinner count generate-number "
        "phone-book text-editor multi-layouts multi-orderings order-food sign-agreement odd-or-even flight."
    ),
    "select": "choose-list multi-layouts multi-orderings form-sequence-3 click-scroll-list book-flight flight.",
    "tab": "click-tab click-collapsible focus-text",
    "scroll": "scroll sign-agreement email-inbox social-media",
    "drag": "drag resize-textarea use-slider use-colorwheel highlight-text text-editor circle-center form-sequence",
    "draw": "draw bisect-angle find-midpoint right-angle circle-center",
    "time": "chase-circle moving-items simon-says button-delay hover-shape stock-market",
    "hover": "hover-shape hot-cold click-menu",
}


LISTS = {"attempted": frozenset(ATTEMPTED), "held_out": frozenset(HELD_OUT)}


@cache
def folder() -> Path:
    """Where the `miniwob` package keeps its pages. Raises UnavailableError when it is not installed."""
    spec = find_spec("miniwob")
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError("the MiniWoB++ pages are not installed: pip install --no-deps miniwob==1.1.0")
    return Path(next(iter(spec.submodule_search_locations))) / "html"


def page_of(name: str) -> str:
    """The page of a task, as a path below `folder()`."""
    if name.startswith(FLIGHT):
        return f"flight/{name.removeprefix(FLIGHT)}/wrapper.html"
    return f"miniwob/{name}.html"


@cache
def registry() -> dict[str, Task]:
    """Every task by its id, in alphabetical order."""
    root = folder()
    names = [path.stem for path in (root / "miniwob").glob("*.html")]
    names += [FLIGHT + path.parent.name for path in (root / "flight").glob("*/wrapper.html")]
    return {task.id: task for task in map(_task, sorted(names))}


def _task(name: str) -> Task:
    skills = ["click", *(skill for skill, words in _SKILLS.items() if any(word in name for word in words.split()))]
    return Task(
        id=f"{BENCHMARK}/{name}",
        benchmark=BENCHMARK,
        template=name,
        start_urls=(page_of(name),),
        sites=(BENCHMARK,),
        limits=Limits(steps=STEP_LIMITS.get(name, 30 if name.startswith(FLIGHT) else 10)),
        reset="reload" if name in RELOAD or name.startswith(FLIGHT) else "reseed",
        evaluator={"kind": "page", "unfinished": "0.0"},
        skills=tuple(skills),
    )


def load(pattern: str, benchmark: Path | None = None) -> list[Task]:
    """Tasks whose id matches the pattern, such as `miniwob/*`, `miniwob/click-test` or `sites/shop/*`, or several with
    commas between.

    `benchmark` is a benchmark file, whose tasks are known too. The words `attempted` and `held_out` stand for the lists
    of `splits`, `sites_attempted`, `sites_held_out` and `sites_unseen` for those of the local sites; a part with `-` in
    front leaves its tasks out of those named before it.

    Raises UsageError when a part matches none; the line names the nearest ids.
    """
    parts = [piece.strip() for piece in pattern.split(",") if piece.strip()]
    known, lists = _known(parts, benchmark)
    found: dict[str, Task] = {}
    for piece in parts:
        part = piece.removeprefix("-")
        listed = lists.get(part, ())
        matches = [task for task in known.values() if task.id in listed or fnmatchcase(task.id, part)]
        if not matches:
            near = get_close_matches(part, [*lists, *known], n=3, cutoff=0.5)
            hint = f"; did you mean {', '.join(near)}?" if near else f"; `{BENCHMARK}/*` means all {len(registry())}"
            if benchmark is None and "/" in part and part.partition("/")[0] not in (BENCHMARK, "sites"):
                hint = "; tasks of a benchmark file are known where pool.benchmark names it"
            raise UsageError(f"no task is called {part!r}{hint}")
        if part == piece:
            found.update((task.id, task) for task in matches)
        else:
            for task in matches:
                found.pop(task.id, None)
    if not found:
        raise UsageError("no task was named; for example miniwob/click-test or miniwob/*")
    return list(found.values())


def _known(parts: Sequence[str], benchmark: Path | None) -> tuple[dict[str, Task], dict[str, frozenset[str]]]:
    """Tasks by id, and lists by name, as far as the parts of a pattern can mean them."""
    known: dict[str, Task] = {}
    lists = dict(LISTS)
    if benchmark is not None:
        from webapprentice.tasks.benchmark import BenchmarkConfig

        found = BenchmarkConfig.read(benchmark)
        known.update((task.id, task) for task in found.load())
        words = {part.removeprefix("-") for part in parts}
        lists.update((word, listed) for word in words if (listed := found.listed(word)))
    if any(part.removeprefix("-").startswith("sites") for part in parts):
        from webapprentice.tasks.local import local_lists, local_tasks

        known.update((task.id, task) for task in local_tasks())
        lists.update(local_lists())
    if not known or any(part.removeprefix("-").startswith((BENCHMARK, *LISTS)) for part in parts):
        known.update(registry())
    return known, lists
