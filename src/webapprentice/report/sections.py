"""The numbers of a report: headline, full table, filter, training, provenance. Each function gives one section."""

from __future__ import annotations

from webapprentice.report import charts, words
from webapprentice.report.charts import Mark
from webapprentice.report.data import Arm, Cell, Curation, Difference, ReportData, Role, RuleRow, Split, Training
from webapprentice.report.markup import Child, Html, join, shorten, tag

_MOST_CONFIG = 20_000
_LOOKS = {Role.REWARD: "reward", Role.NO_FILTER: "other", Role.OTHER: "other", Role.BASE: "base"}


def section(anchor: str, title: str, *body: Child) -> Html:
    """One titled part of the page."""
    return tag("section", tag("h2", title), *body, id=anchor)


def definitions(pairs: list[tuple[str, Child]], look: str | None = None) -> Html:
    """A list of names and values."""
    return tag("dl", [join([tag("dt", shorten(name, 160)), tag("dd", value)]) for name, value in pairs], class_=look)


def headline(report: ReportData) -> Html:
    """What happened, in one sentence and one card a temperature."""
    cards = [_card(report, temperature) for temperature in report.temperatures]
    cautions = [tag("li", caution) for caution in words.cautions(report)]
    return section(
        "headline",
        "Result",
        tag("p", words.summary(report), class_="lead"),
        tag("div", cards, class_="cards") if cards else None,
        tag("ul", cautions, class_="care") if cautions else None,
    )


def _card(report: ReportData, temperature: float) -> Html:
    base, improved = report.cell(report.base, temperature), report.cell(report.improved, temperature)
    title = "Decoded greedily" if temperature == 0 else f"Sampled at {words.decoding(temperature)}"
    if base is None or improved is None:
        return tag("div", tag("h3", title), tag("p", words.MISSING), class_="card")
    if report.improved == report.base:
        solved = f"Base: {words.fraction(base.rate)} solved, 95 % {words.between(base.rate.interval)}"
        return tag("div", tag("h3", title), tag("p", solved), class_="card")
    difference = improved.difference
    change = tag(
        "div",
        tag("span", words.percent(base.rate.value), class_="was"),
        tag("span", "→", class_="arrow"),
        tag("span", words.percent(improved.rate.value), class_="now"),
        class_="big",
    )
    plot = charts.dots(
        [*_marks(base, "base", "base"), *_marks(improved, "improved", "improved")], charts.Scale(), height=30
    )
    return tag(
        "div",
        tag("h3", title),
        change,
        tag("p", _chip(difference, words.finding(difference))),
        plot,
        charts.axis(charts.Scale()),
        definitions(_facts(report, temperature, base, improved)),
        class_="card",
    )


def _gain(gain: float | None, difference: Difference | None) -> str:
    if gain is None:
        return words.MISSING
    band = difference.relative if difference else None
    between = f" [{words.points(band.low, 0)}, {words.points(band.high, 0)}]" if band else ""
    return f"{words.points(gain, 0)} %{between}"


def _facts(report: ReportData, temperature: float, base: Cell, improved: Cell) -> list[tuple[str, Child]]:
    difference, held_out = improved.difference, report.cell(report.improved, temperature, Split.HELD_OUT)
    gain = words.relative(report, temperature)
    arm = report.arm(report.improved)
    taught = arm.training_seeds if arm else ()
    seeds = f"{len(taught)}, namely {', '.join(map(str, taught))}" if taught else "not recorded"
    facts: list[tuple[str, Child]] = [
        ("Base", f"{words.fraction(base.rate)} solved, 95 % {words.between(base.rate.interval)}"),
        ("Improved", f"{words.fraction(improved.rate)} solved, 95 % {words.between(improved.rate.interval)}"),
        ("Difference", _spelled(difference)),
        ("Relative gain", _gain(gain, difference)),
        ("Sign test", _sign(difference)),
        ("Tasks", words.count(improved.tasks)),
        ("Held-out", _spelled(held_out.difference) if held_out else words.MISSING),
        ("Training seeds", seeds),
    ]
    if improved.by_seed:
        facts.append(("By seed", ", ".join(words.percent(value) for value in improved.by_seed)))
    return facts


def _spelled(difference: Difference | None) -> str:
    if difference is None:
        return words.MISSING
    spelled = f"{words.points(difference.value)} points {words.between(difference.interval, signed=True)}"
    return spelled if difference.pairs is None else f"{spelled}, {difference.pairs:,} pairs"


def _sign(difference: Difference | None) -> str:
    if difference is None or difference.sign_p is None:
        return words.MISSING
    sides = ""
    if difference.better is not None and difference.worse is not None:
        sides = f" ({difference.better:,} {difference.sign_unit} better, {difference.worse:,} worse)"
    return words.probability(difference.sign_p) + sides


def _chip(difference: Difference | None, text: str) -> Html:
    look = "chip wrapchip"
    if difference is not None and difference.interval is not None and difference.interval.excludes_zero:
        look += " up" if difference.value > 0 else " down"
    return tag("span", text, class_=look)


def _marks(cell: Cell | None, name: str, look: str) -> list[Mark]:
    if cell is None or cell.rate.value is None:
        return []
    says = f"{name} {words.percent(cell.rate.value)} {words.between(cell.rate.interval)}"
    return [Mark(cell.rate.value, cell.rate.interval, look, says)]


def look_of(report: ReportData, arm: Arm) -> str:
    """The CSS class of an arm's dots."""
    return "improved" if arm.key == report.improved else _LOOKS.get(arm.role, "other")


def table(report: ReportData) -> Html:
    """Every arm, temperature and split; faults apart and, in the last column, read as failures."""
    if not report.cells:
        return section("arms", "All arms", tag("p", f"Success was {words.MISSING}."))
    notes = [
        tag("li", tag("b", shorten(arm.title, 160)), ": ", shorten(arm.note, 1000)) for arm in report.arms if arm.note
    ]
    return section(
        "arms",
        "All arms",
        tag(
            "p",
            "Differences are paired with the base on the same tasks and seeds; intervals are 95 %, success by Wilson, "
            "differences by a bootstrap that resamples whole tasks, and training seeds where there are several. "
            "Episodes in which environment, model or evaluator "
            "failed are kept out of the success rate, counted apart, and read as failures in the last column.",
            class_="note",
        ),
        [_arms_at(report, temperature) for temperature in report.temperatures],
        tag("ul", notes, class_="care") if notes else None,
    )


def _arms_at(report: ReportData, temperature: float) -> Html:
    cells = [cell for cell in report.cells if cell.temperature == temperature]
    intervals = [cell.difference.interval for cell in cells if cell.difference and cell.difference.interval]
    scale = charts.around_zero([edge for interval in intervals for edge in (interval.low, interval.high)])
    heads = [
        tag("th", "Arm"),
        tag("th", "Success", class_="num"),
        tag("th", charts.axis(charts.Scale(), (0.0, 0.5, 1.0)), class_="plotcell"),
        tag("th", "Difference, points", class_="num"),
        tag("th", charts.axis(scale, (scale.low, 0.0, scale.high), signed=True), class_="plotcell"),
        tag("th", "Solved", class_="num"),
        tag("th", "Faults", class_="num"),
        tag("th", "Faults as failures", class_="num"),
    ]
    groups = [_group(report, temperature, split, scale) for split in Split]
    grid = tag("table", tag("thead", tag("tr", heads)), groups)
    title = "Decoded greedily" if temperature == 0 else f"Sampled at {words.decoding(temperature)}"
    return join([tag("h3", title), tag("div", grid, class_="card tablecard")])


def _group(report: ReportData, temperature: float, split: Split, scale: charts.Scale) -> Html | None:
    rows = [(arm, report.cell(arm.key, temperature, split)) for arm in report.arms]
    known = [cell for _, cell in rows if cell is not None]
    if not known:
        return tag("tbody", tag("tr", tag("th", f"{words.SPLITS[split]}: {words.MISSING}", colspan=8)), class_="group")
    tasks = next((cell.tasks for cell in known if cell.tasks is not None), None)
    size = f" ({tasks:,})" if tasks is not None else ""
    first = tag("tr", tag("th", f"{words.SPLITS[split]}{size}", colspan=8))
    return tag("tbody", first, [_row(report, arm, cell, scale) for arm, cell in rows], class_="group")


def _row(report: ReportData, arm: Arm, cell: Cell | None, scale: charts.Scale) -> Html:
    look = look_of(report, arm)
    name = tag("th", tag("span", class_=f"swatch {look}"), shorten(arm.title, 160))
    if cell is None or cell.rate.value is None:
        return tag("tr", name, tag("td", words.MISSING, colspan=7, class_="soft"))
    difference = cell.difference
    shown: list[Child] = ["–"] if arm.key == report.base else [words.MISSING]
    change: list[Mark] = []
    if difference is not None:
        span = words.between(difference.interval, signed=True)
        shown = [words.points(difference.value), " ", tag("span", span, class_="ci")]
        change = [Mark(difference.value, difference.interval, look, f"{words.points(difference.value)} {span}")]
    return tag(
        "tr",
        name,
        tag(
            "td",
            words.percent(cell.rate.value),
            " ",
            tag("span", words.between(cell.rate.interval), class_="ci"),
            class_="num",
        ),
        tag("td", charts.dots(_marks(cell, arm.title, look), charts.Scale(), height=18), class_="plotcell"),
        tag("td", shown, class_="num"),
        tag("td", charts.dots(change, scale, height=18, grid=(scale.low, 0.0, scale.high)), class_="plotcell"),
        tag("td", words.fraction(cell.rate), class_="num"),
        tag("td", words.count(cell.rate.faults), class_="num"),
        tag("td", words.percent(cell.rate.strict), class_="num"),
        class_="main" if arm.key == report.improved else None,
    )


def curation(curated: Curation | None) -> Html:
    """What each rule of the filter dropped, and what that was worth by a reward that it never saw."""
    if curated is None:
        return section("filter", "Filter", tag("p", f"The filter was {words.MISSING}."))
    tasks = "" if curated.tasks is None else f" of {curated.tasks:,} tasks"
    left = "" if curated.tasks_kept is None else f" of {curated.tasks_kept:,} tasks"
    rows = "" if curated.rows is None else f", which made {curated.rows:,} training rows"
    heads = ["Rule", "Seen", "Dropped", "Left, of all attempts", "Tasks left", "Precision", "Recall"]
    looks = [None, "num", "num", None, "num", "num never", "num never"]
    start = _rule_cells("all attempts", "", None, None, curated.attempts, curated.attempts, curated.tasks)
    precision = [words.percent(curated.base_precision), "–" if curated.base_precision is None else "100.0 %"]
    body = [tag("tr", start, [tag("td", text, class_="num never") for text in precision])]
    body += [_rule(rule, curated.attempts) for rule in curated.rules]
    head = tag("thead", tag("tr", [tag("th", text, class_=look) for text, look in zip(heads, looks, strict=True)]))
    return section(
        "filter",
        "What the filter kept",
        tag("p", f"{curated.attempts:,} attempts{tasks}; {curated.kept:,} kept{left}{rows}."),
        tag("div", tag("table", head, tag("tbody", body)), class_="card tablecard"),
        tag(
            "p",
            tag("span", "Precision and recall", class_="never"),
            " compare what is left after each rule with the programmatic reward. They were computed afterwards: the "
            "reward was never used to select.",
            class_="note",
        ),
        tag("p", shorten(curated.note, 1000), class_="note") if curated.note else None,
    )


def _rule(rule: RuleRow, attempts: int) -> Html:
    left = max(rule.seen - rule.dropped, 0)
    cells = _rule_cells(rule.name, rule.description, rule.seen, rule.dropped, left, attempts, rule.tasks)
    measured = [tag("td", words.percent(value), class_="num never") for value in (rule.precision, rule.recall)]
    return tag("tr", cells, measured)


def _rule_cells(
    name: str, about: str, seen: int | None, dropped: int | None, left: int, attempts: int, tasks: int | None
) -> Html:
    said = tag("div", shorten(about, 300), class_="note") if about else None
    return join(
        [
            tag("td", tag("b", shorten(name, 160)), said, class_="wide"),
            tag("td", "–" if seen is None else f"{seen:,}", class_="num"),
            tag("td", "–" if dropped is None else f"{dropped:,}", class_="num"),
            tag(
                "td",
                charts.funnel(attempts, left, dropped or 0),
                tag("span", f"{left:,}", class_="ci"),
                class_="plotbar",
            ),
            tag("td", words.count(tasks), class_="num"),
        ]
    )


def trainings(report: ReportData) -> Html:
    """One card a training run."""
    if not report.trainings:
        return section("training", "Training", tag("p", f"Training was {words.MISSING}."))
    cards = [_training(report, run) for run in report.trainings[:24]]
    return section("training", "Training", tag("div", cards, class_="cards"))


def _training(report: ReportData, run: Training) -> Html:
    arm = report.arm(run.arm)
    seed = "" if run.seed is None else f", seed {run.seed}"
    rate = words.MISSING if run.learning_rate is None else f"{run.learning_rate:g}"
    epochs = words.MISSING if run.epochs is None else f"{run.epochs:g}"
    last = run.loss[-1].loss if run.loss else None
    facts: list[tuple[str, Child]] = [
        ("Rows", words.count(run.rows)),
        ("Epochs", epochs),
        ("Updates", words.count(run.updates) + (f" of {run.batch:,} rows" if run.batch else "")),
        ("Learning rate", rate),
        ("Method", shorten(run.method or words.MISSING, 160)),
        ("Parameters", words.count(run.parameters)),
        ("Last loss", words.MISSING if last is None else f"{last:.3f}"),
        ("Wall time", words.duration(run.seconds)),
    ]
    chart = charts.curve(run.loss, run.validation) if run.loss or run.validation else tag("p", f"Loss {words.MISSING}.")
    key = tag("p", "Dashed: validation.", class_="note") if run.validation else None
    return tag(
        "div",
        tag("h3", shorten(arm.title if arm else run.arm, 160), seed),
        chart,
        key,
        definitions(facts, "paired"),
        class_="card",
    )


def provenance(report: ReportData) -> Html:
    """Where the numbers came from and what to type to get them again."""
    origin = report.origin
    facts: list[tuple[str, Child]] = [
        ("Run", origin.run or "not recorded"),
        ("Made", origin.created or "not recorded"),
        *((f"Model, {name}", key) for name, key in origin.models.items()),
        ("Configuration", origin.config_hash or "not recorded"),
        ("Commit", origin.commit or "not recorded"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in origin.versions.items()) or "not recorded"),
        ("Browser", origin.browser or "not recorded"),
        ("Machine", origin.machine or "not recorded"),
        ("Cores", "not recorded" if origin.cores is None else str(origin.cores)),
    ]
    command = [tag("h3", "To reproduce"), tag("pre", shorten(origin.command, 4000))] if origin.command else []
    config = tag("pre", shorten(origin.config, _MOST_CONFIG))
    short = [(name, shorten(value, 4000) if isinstance(value, str) else value) for name, value in facts]
    return section(
        "provenance",
        "Provenance",
        tag("div", tag("div", definitions(short), class_="card"), _stages(report), class_="cards"),
        [tag("p", shorten(note, 1000), class_="note") for note in origin.notes[:20]],
        command,
        tag("details", tag("summary", "Configuration"), config) if origin.config else None,
    )


def _stages(report: ReportData) -> Html:
    stages = report.origin.stages[:60]
    total = sum(stage.seconds or 0.0 for stage in stages)
    rows = [
        tag(
            "tr",
            tag("th", shorten(stage.name, 160), class_="wide"),
            tag("td", charts.share(stage.seconds or 0.0, total), class_="plotbar"),
            tag("td", words.duration(stage.seconds), class_="num"),
        )
        for stage in stages
    ]
    if not rows:
        return tag("div", tag("h3", "Wall time"), tag("p", words.MISSING), class_="card")
    final = tag("tr", tag("th", "Total"), tag("td"), tag("td", words.duration(total), class_="num"))
    body = tag("table", tag("tbody", rows, final))
    return tag("div", tag("h3", "Wall time"), tag("div", body, class_="scroll"), class_="card")
