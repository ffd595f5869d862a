"""Runs side by side as one HTML page that opens without a network."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from webapprentice.metrics import Figure, Interval
from webapprentice.metrics.capability import Moved, Shown
from webapprentice.metrics.comparison import Compared, Pair, Side
from webapprentice.report import charts, words
from webapprentice.report.document import document, write_document
from webapprentice.report.markup import Child, Html, shorten, tag

_SHARES = charts.Scale(-0.01, 1.04)
_ROUND = re.compile(r"-r(\d+)(?=/|$)")
_BINS = 20
_LISTED = 40
"""Capabilities of a list that are written out."""
_LOOKS = ("base", "improved", "reward", "other")


def render_comparison(found: Compared) -> str:
    """The whole page."""
    title = shorten(" · ".join(side.name for side in found.sides), 160)
    parts = (_lead(found), _forest(found), _runs(found), _rounds(found), _capabilities(found), _vertex(found))
    main = tag("main", parts, _conduct(found), _cost(found), _needed(found), _method(found))
    header = tag("header", tag("h1", "Comparison of runs"), tag("div", title, class_="soft"))
    footer = tag("footer", "“Not measured” means that nobody looked; it is never 0.")
    return document(title, header, main, footer)


def write_comparison(found: Compared, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises OutputError when the disk refuses."""
    write_document(render_comparison(found), path)


def _lead(found: Compared) -> Html:
    first = found.sides[0].name
    own = [pair for pair in found.differences if pair.base == first]
    clear = [pair for pair in own if (gap := pair.comparison.micro.difference) is not None and gap.excludes_zero]
    up = sum(pair.comparison.micro.gain > 0 for pair in clear)
    text = (
        f"Paired differences from {first}, by their whole interval: {up} above zero, {len(clear) - up} below, "
        f"{len(own) - len(clear)} neither."
    )
    return tag("p", shorten(text, 400), class_="lead")


def _section(name: str, note: str, *children: Child) -> Html:
    return tag("section", tag("h2", name), tag("p", note, class_="note"), children)


def _table(heads: Sequence[Child], rows: Sequence[Sequence[Child]], chart: int | None = None) -> Html:
    """A table in a card; the column `chart` holds drawings."""

    def cell(number: int, child: Child) -> Html:
        return tag("td", child, class_="wide" if number == chart else None)

    body = [tag("tr", [cell(number, child) for number, child in enumerate(row)]) for row in rows]
    table = tag("table", tag("thead", tag("tr", [tag("th", one) for one in heads])), tag("tbody", body))
    return tag("div", table, class_="card tablecard")


def _name(text: str) -> str:
    return shorten(text, 80)


def _forest(found: Compared) -> Html:
    """Every pair's difference with its interval, about zero."""
    gaps = [pair.comparison.micro.difference for pair in found.differences]
    ends = [end for gap in gaps if gap is not None for end in (gap.low, gap.high)]
    scale = charts.around_zero([*ends, *(pair.comparison.micro.gain for pair in found.differences)])
    ticks = [scale.low, scale.low / 2, 0.0, scale.high / 2, scale.high]
    rows: list[list[Child]] = []
    for pair in found.differences:
        change, sign = pair.comparison.micro, pair.comparison.sign
        gap = change.difference
        clear = gap is not None and gap.excludes_zero
        look = "base" if not clear else "improved" if change.gain > 0 else "reward"
        told = f"{words.points(change.gain)} {words.between(gap, signed=True)}"
        mark = charts.Mark(change.gain, gap, look, f"{pair.base} to {pair.tuned}: {told} points")
        rows.append(
            [
                f"{_name(pair.base)} → {_name(pair.tuned)}",
                charts.dots([mark], scale, height=24, grid=ticks),
                told,
                f"{sign.better} / {sign.worse} / {sign.tied}",
                words.probability(sign.p_value),
                f"{pair.comparison.pairs:,} on {pair.comparison.clusters:,}",
            ]
        )
    heads: list[Child] = ["from → to", charts.axis(scale, ticks, signed=True), "points", "better / worse / tied"]
    note = (
        "Paired by task and seed; 95 % intervals resample whole templates of tasks; the sign test counts templates. "
        "Nothing is corrected for the number of pairs. Blue: the whole interval lies above zero; violet: below."
    )
    return _section("Paired differences", note, _table([*heads, "sign test", "pairs on templates"], rows, chart=1))


def _runs(found: Compared) -> Html:
    trivial = any(side.trivial_share is not None for side in found.sides)
    rows: list[list[Child]] = []
    for number, side in enumerate(found.sides):
        solved = side.success.micro_clustered or side.success.micro
        marks = (
            [charts.Mark(solved.estimate, solved, _look(number), f"{side.name}: {_shared(solved)}")] if solved else []
        )
        row: list[Child] = [
            _name(side.name),
            charts.dots(marks, _SHARES),
            _shared(solved),
            f"{side.success.episodes:,}",
        ]
        if trivial:
            left = side.without_trivial
            row += [
                _shared((left.micro_clustered or left.micro) if left else None),
                words.percent(side.trivial_share),
            ]
        row += [f"{len(side.capability.possessed)} of {side.capability.k}"]
        certain = side.capability_at_least
        row += [str(len(certain.possessed)) if certain else words.MISSING]
        row += [_figure(side.vertex.mean if side.vertex else None, 3)]
        rows.append(row)
    heads: list[Child] = ["run", charts.axis(_SHARES), "solved, %", "episodes"]
    if trivial:
        heads += ["without trivial tasks, %", "trivial agent"]
    heads += ["capabilities", f"rate at least {found.at_least:.0%}", "VERTEX_DTW"]
    note = (
        "Intervals resample whole templates of tasks. Capabilities: one solved episode is enough; then those with a "
        f"task whose rate's lower bound reaches {found.at_least:.0%}."
    )
    return _section("Runs", note, _table(heads, rows, chart=1))


def _rounds(found: Compared) -> Html | None:
    """Success over rounds, where the names of the runs tell rounds: a curve for each arm, training seed and decoding.

    A run without a round in its name is round 0 of the curves with its last part, such as `T1`.
    """
    curves: dict[str, dict[int, Side]] = defaultdict(dict)
    for side in found.sides:
        match = _ROUND.search(side.name)
        if match:
            curves[f"{side.name[: match.start()]}{side.name[match.end() :]}"][int(match[1])] = side
    for name, points in curves.items():
        start = [one for one in found.sides if not _ROUND.search(one.name) and _last(one.name) == _last(name)]
        if len(start) == 1:
            points.setdefault(0, start[0])
    curves = {name: points for name, points in curves.items() if len(points) > 1}
    if not curves:
        return None
    cards = [
        tag("div", tag("h3", _name(name)), _curve(points), class_="card") for name, points in sorted(curves.items())
    ]
    note = "Percent solved; round 0 is the model before any training. Lines are 95 % intervals over templates of tasks."
    return _section("Rounds", note, tag("div", cards, class_="cards"))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _curve(points: Mapping[int, Side]) -> Html:
    """One curve: rounds across, shares upwards."""
    height, most = 140, max(points)

    def up(share: float) -> float:
        return round(height * (1.0 - share), 1)

    parts: list[Html] = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(tag("line", x1=0, x2="100%", y1=up(share), y2=up(share), class_="grid"))
        parts.append(tag("text", f"{100 * share:.0f}", x=-6, y=up(share) + 4, text_anchor="end"))
    before: tuple[str, float] | None = None
    said = []
    for number, side in sorted(points.items()):
        solved = side.success.micro_clustered or side.success.micro
        if solved is None:
            continue
        x, look = f"{4 + 92 * number / most:.2f}%", "base" if number == 0 else "improved"
        said.append(f"round {number}: {_shared(solved)}")
        if before is not None:
            parts.append(tag("line", x1=before[0], x2=x, y1=before[1], y2=up(solved.estimate), class_="curve"))
        parts.append(tag("line", x1=x, x2=x, y1=up(solved.high), y2=up(solved.low), class_=f"{look} w"))
        parts.append(tag("circle", tag("title", said[-1]), cx=x, cy=up(solved.estimate), r=4, class_=look))
        parts.append(tag("text", f"{number}", x=x, y=height + 16, text_anchor="middle"))
        before = (x, up(solved.estimate))
    return tag(
        "div", tag("svg", parts, width="100%", height=height, role="img", aria_label="; ".join(said)), class_="chart"
    )


def _capabilities(found: Compared) -> Html:
    first = found.sides[0].name
    cards = [_moved(moved) for moved in found.moves if moved.other == first]
    others = [
        [_name(moved.run), _name(moved.other), str(len(moved.gained)), str(len(moved.lost))]
        for moved in found.moves
        if first not in (moved.run, moved.other)
    ]
    note = (
        f"A capability is possessed when one episode of one of its tasks is solved. {found.templates} templates make "
        f"{found.capabilities} capabilities."
    )
    rest = (tag("h3", "All others"), _table(["run", "against", "gained", "lost"], others)) if others else None
    return _section("Capabilities gained and lost", note, tag("div", cards, class_="cards"), rest)


def _moved(moved: Moved) -> Html:
    def listed(word: str, look: str, some: Sequence[Shown]) -> list[Child]:
        items = [
            tag(
                "li", one.capability, tag("div", shorten(one.examples[0], 140), class_="note") if one.examples else None
            )
            for one in some[:_LISTED]
        ]
        more = tag("li", f"and {len(some) - _LISTED} more") if len(some) > _LISTED else None
        chip = tag("span", f"{len(some)} {word}", class_=f"chip {look if some else ''}".strip())
        return [tag("p", chip), tag("ul", items, more, class_="care") if some else None]

    return tag(
        "div",
        tag("h3", f"{_name(moved.run)} against {_name(moved.other)}"),
        listed("gained", "up", moved.gained),
        listed("lost", "down", moved.lost),
        class_="card",
    )


def _vertex(found: Compared) -> Html | None:
    """How the scores of each run are spread, as a histogram a run."""
    sides = [side for side in found.sides if side.vertex is not None]
    if not sides:
        return None
    scores = [score for side in sides if side.vertex for score in side.vertex.scores]
    low, high = min([0.0, *scores]), max([1.0, *scores])
    scale = charts.Scale(low, high)
    ticks = [low + (high - low) * number / 4 for number in range(5)]
    rows: list[list[Child]] = []
    for side in sides:
        assert side.vertex is not None
        bars = _histogram(side.vertex.scores, scale, side.name)
        mean, best = side.vertex.mean, side.vertex.by_capability
        rows.append([_name(side.name), bars, _figure(mean, 3), f"{mean.over:,}", _figure(best, 3)])
    told = [
        [f"{_name(p.base)} → {_name(p.tuned)}", _figure(p.vertex, 3, True), f"{p.vertex.over:,}"]
        for p in found.differences
        if p.vertex
    ]
    note = (
        f"How much the trajectories look like {found.references:,} that solved the tasks, less the trivial agent's "
        f"where it was given; {found.node}. 1 is the same, 0 an attempt without a step; tasks that a run has not tried "
        "are left out."
    )
    axis = tag(
        "svg",
        [tag("text", f"{at:.2f}", x=scale.place(at), y=11, text_anchor="middle") for at in ticks],
        width="100%",
        height=15,
        aria_hidden="true",
    )
    return _section(
        "VERTEX_DTW",
        note,
        _table(["run", axis, "mean", "of", "best of each capability"], rows, chart=1),
        tag("h3", "Differences"),
        _table(["from → to", "mean difference", "of"], told),
    )


def _histogram(scores: Sequence[float], scale: charts.Scale, name: str) -> Html:
    counts = [0] * _BINS
    for score in scores:
        share = (score - scale.low) / (scale.high - scale.low)
        counts[min(int(share * _BINS), _BINS - 1)] += 1
    most, height = max(counts), 46
    bars: list[Html] = [tag("line", x1=0, x2="100%", y1=height, y2=height, class_="grid")]
    for number, count in enumerate(counts):
        if count:
            tall = max(1.0, round((height - 4) * count / most, 1))
            low = scale.low + (scale.high - scale.low) * number / _BINS
            says = tag("title", f"{count} from {low:.2f}")
            where = {"x": f"{100 * number / _BINS + 0.4:.2f}%", "width": f"{100 / _BINS - 0.8:.2f}%"}
            bars.append(tag("rect", says, y=height - tall, height=tall, class_="kept", **where))
    label = f"{name}: {len(scores)} scores from {min(scores):.2f} to {max(scores):.2f}"
    return tag("svg", bars, width="100%", height=height + 2, role="img", aria_label=label)


def _conduct(found: Compared) -> Html:
    rows = [
        [
            _name(side.name),
            _figure(side.conduct.length, 2),
            _percents(side.conduct.unreadable),
            _percents(side.conduct.undone),
            _percents(side.conduct.repeated),
        ]
        for side in found.sides
    ]
    note = "Shares of all steps, in percent. Not carried out: the element was gone, hidden, covered or of another kind."
    heads = ["run", "steps an episode", "unreadable", "not carried out", "repeated"]
    return _section("Conduct", note, _table(heads, rows))


def _cost(found: Compared) -> Html:
    rows = []
    for side in found.sides:
        ways, solved = side.conduct, max(side.conduct.solved, 0)
        each = [ways.tokens, ways.seconds, ways.steps]
        told = [f"{one / solved:,.1f}" if solved else words.MISSING for one in each]
        rows.append([_name(side.name), f"{ways.tokens:,}", words.duration(ways.seconds), f"{ways.steps:,}", *told])
    gains = [
        [f"{_name(pair.base)} → {_name(pair.tuned)}", *_price(pair)]
        for pair in found.differences
        if pair.price.steps is not None
    ]
    heads = ["run", "tokens", "time", "steps", "tokens a solved episode", "seconds", "steps"]
    note = "Without what training cost. A token that a backend did not count is not in here."
    more = _table(["from → to", "further episodes solved", "tokens each", "seconds each", "steps each"], gains)
    return _section("Cost", note, _table(heads, rows), (tag("h3", "Of a gain"), more) if gains else None)


def _price(pair: Pair) -> list[str]:
    price = pair.price
    each = (price.tokens, price.seconds, price.steps)
    return [f"{price.extra:g}", *(f"{one:,.1f}" if one is not None else words.MISSING for one in each)]


def _needed(found: Compared) -> Html | None:
    rows = []
    for pair in found.differences:
        wanted, seen = pair.needed, pair.spread
        if wanted is None or seen is None or wanted.clusters is None:
            continue
        seeds = f"{wanted.seeds:,}" if wanted.seeds is not None else "none is enough"
        now = f"{seen.clusters:,} of {seen.seeds:.1f}"
        rows.append([f"{_name(pair.base)} → {_name(pair.tuned)}", now, f"{wanted.clusters:,}", seeds])
    if not rows:
        return None
    first = next(pair.needed for pair in found.differences if pair.needed is not None)
    note = f"What would show a gain of {words.points(first.gain)} points with a power of {first.power:.0%}."
    heads = ["from → to", "templates of seeds now", "templates needed", "or seeds of each"]
    return _section("Size of the examination", note, _table(heads, rows))


def _method(found: Compared) -> Html:
    how = "their words alone (lexical)" if found.lexical else f"the encoder {found.embedder}"
    text = f"Templates of the same sites are one capability from a likeness of {found.threshold:g} on, by {how}."
    if not found.embedder:
        text = "Each template has sites of its own, so each is a capability of its own."
    if found.trivial:
        text += f" {len(found.trivial)} tasks are trivial: refusing solves them."
    return tag("p", shorten(text, 600), class_="note")


def _look(number: int) -> str:
    return _LOOKS[min(number, 1)]


def _shared(interval: Interval | None) -> str:
    if interval is None:
        return words.MISSING
    return f"{100 * interval.estimate:.1f} {words.between(interval)}"


def _percents(figure: Figure) -> str:
    if figure.value is None:
        return words.MISSING
    return f"{100 * figure.value:.1f} {words.between(figure.interval)}"


def _figure(figure: Figure | None, digits: int, signed: bool = False) -> str:
    if figure is None or figure.value is None:
        return words.MISSING
    plus = "+" if signed else ""
    band = figure.interval
    text = f"{figure.value:{plus}.{digits}f}"
    text += f" [{band.low:{plus}.{digits}f}, {band.high:{plus}.{digits}f}]" if band else ""
    return text.replace("-", "−")
