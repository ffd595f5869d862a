"""Numbers and findings in words: how a report says things, for the page and for the terminal alike."""

from __future__ import annotations

from webapprentice.core.actions import Action
from webapprentice.metrics import Interval
from webapprentice.report.data import Cell, Difference, Rate, ReportData, Split

MISSING = "not measured"
_CERTAIN = 0.05
"""Level of the intervals and of the sign test."""

SPLITS = {Split.ALL: "All tasks", Split.ATTEMPTED: "Attempted tasks", Split.HELD_OUT: "Held-out tasks"}


def percent(value: float | None, digits: int = 1) -> str:
    """`39.8 %`, or that it was not measured."""
    return MISSING if value is None else f"{100 * value:.{digits}f} %"


def points(value: float | None, digits: int = 1) -> str:
    """A difference of two rates with its sign: `+9.3`; a true minus sign for losses."""
    if value is None:
        return MISSING
    text = f"{100 * value:+.{digits}f}"
    return "0." + "0" * digits if float(text) == 0 else text.replace("-", "−")


def between(interval: Interval | None, signed: bool = False) -> str:
    """`[35.7, 44.0]`, in percent or points."""
    if interval is None:
        return "[no interval]"
    if signed:
        return f"[{points(interval.low)}, {points(interval.high)}]"
    return f"[{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def count(value: int | None) -> str:
    """`12,345`, or that it was not measured."""
    return MISSING if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """`3.2 s`, `7 min 30 s`, `2 h 05 min`."""
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def probability(value: float | None) -> str:
    """`p = 0.041`, `p < 0.001`."""
    if value is None:
        return f"p {MISSING}"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def decoding(temperature: float) -> str:
    """`greedy` or `T = 1`."""
    return "greedy" if temperature == 0 else f"T = {temperature:g}"


def fraction(rate: Rate) -> str:
    """`215 / 540`."""
    return f"{rate.solved:,} / {rate.counted:,}"


def relative(report: ReportData, temperature: float, split: Split = Split.ALL) -> float | None:
    """Gain divided by the base's success; None where either is missing or the base solved nothing."""
    base, improved = report.cell(report.base, temperature, split), report.cell(report.improved, temperature, split)
    if base is None or improved is None or improved.difference is None or not base.rate.value:
        return None
    return improved.difference.value / base.rate.value


def finding(difference: Difference | None) -> str:
    """What a difference shows, never more than its interval allows."""
    if difference is None or difference.interval is None:
        return "no interval was computed: nothing is shown"
    if not difference.interval.excludes_zero:
        return "the interval includes zero: no gain is shown"
    if difference.value < 0:
        return "the interval lies below zero: the model got worse"
    return "the interval excludes zero: a gain is shown"


def cautions(report: ReportData) -> list[str]:
    """What a careful reader would hold against the headline."""
    if report.improved == report.base:
        return []
    found = [_sharpening(report, temperature) for temperature in report.temperatures if temperature > 0]
    for temperature in report.temperatures:
        cell = report.cell(report.improved, temperature)
        if cell and _disagree(cell):
            found.append(
                f"{decoding(temperature)}: the interval excludes zero but the sign test over "
                f"{cell.difference.sign_unit if cell.difference else 'tasks'} does not reject chance."
            )
    arm = report.arm(report.improved)
    if arm is not None and len(arm.training_seeds) < 2:
        known = "One training seed" if arm.training_seeds else "The training seeds were not recorded"
        found.append(f"{known}: how much another seed would differ was not measured.")
    faults = [cell.rate.faults for cell in report.cells if cell.split is Split.ALL]
    if not faults or any(count is None for count in faults):
        found.append("Episodes with faults of the environment were not counted for every arm.")
    return [caution for caution in found if caution]


def _sharpening(report: ReportData, temperature: float) -> str:
    greedy, improved = report.cell(report.base, 0.0), report.cell(report.improved, temperature)
    if greedy is None or improved is None or greedy.rate.value is None or improved.rate.value is None:
        return ""
    if not greedy.rate.value or greedy.rate.value < improved.rate.value:
        return ""
    return (
        f"The base decoded greedily already solves {percent(greedy.rate.value)}, no less than the improved model at "
        f"{decoding(temperature)}: the gain there may be sharpening rather than learning."
    )


def _disagree(cell: Cell) -> bool:
    difference = cell.difference
    if difference is None or difference.interval is None or difference.sign_p is None:
        return False
    return difference.interval.excludes_zero and difference.sign_p > _CERTAIN


def plainly(action: Action | None) -> str:
    """An action as verb and arguments, in no model's spelling: `type [22] text “bob”`."""
    if action is None:
        return "no action"
    fields = action.model_dump(exclude_defaults=True, exclude={"kind"})
    node = fields.pop("node", None)
    shown = [f"{key} “{value}”" if isinstance(value, str) else f"{key} {value}" for key, value in fields.items()]
    return " ".join([action.kind.replace("_", " "), *([f"[{node}]"] if node is not None else []), *shown])


def summary(report: ReportData) -> str:
    """The whole result in one sentence that claims no more than the intervals do."""
    if report.improved == report.base:
        return "No model was made, so there is nothing to compare with the base."
    clauses = [_clause(report, temperature) for temperature in report.temperatures]
    held_out = {t: report.cell(report.improved, t, Split.HELD_OUT) for t in report.temperatures}
    known = {t: _shown(cell.difference) for t, cell in held_out.items() if cell is not None}
    if len(set(known.values())) == 1:
        clauses.append(f"on tasks it never attempted {next(iter(known.values()))}")
    else:
        clauses += [f"on tasks it never attempted, {decoding(t)}, {shown}" for t, shown in known.items()]
    text = "; ".join(clause for clause in clauses if clause) or f"success was {MISSING}"
    return f"{text[0].upper()}{text[1:]}."


def _clause(report: ReportData, temperature: float) -> str:
    cell = report.cell(report.improved, temperature)
    how = "decoded greedily" if temperature == 0 else f"sampled at {decoding(temperature)}"
    if cell is None or cell.difference is None:
        return f"{how} the difference was {MISSING}"
    return f"{how} {_shown(cell.difference)} ({points(cell.difference.value)} points)"


def _shown(difference: Difference | None) -> str:
    if difference is None or difference.interval is None:
        return "nothing is shown, for want of an interval"
    if not difference.interval.excludes_zero:
        return "the interval includes zero: no gain is shown"
    return "a gain is shown" if difference.value > 0 else "the model got worse"
