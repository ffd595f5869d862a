"""What the page shows, what it admits not to know, and what it leaves out."""

from __future__ import annotations

import base64
import hashlib
import re
import stat
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from report_sample import EMPTY, NAMES, png, sample, step
from webapprentice.core.actions import Click, Drag
from webapprentice.core.faults import OutputError
from webapprentice.metrics import Interval
from webapprentice.report import (
    Arm,
    Attempt,
    Case,
    CaseKind,
    Cell,
    Difference,
    LossPoint,
    Rate,
    ReportData,
    RuleRow,
    Split,
    Training,
    charts,
    markdown_table,
    render_report,
    summary_text,
    words,
    write_report,
)
from webapprentice.report import cases as case_cards
from webapprentice.report.markup import shorten, visible


def parsed(report: ReportData) -> LexborHTMLParser:
    return LexborHTMLParser(render_report(report))


def text_of(report: ReportData, part: str) -> str:
    node = parsed(report).css_first(f"#{part}")
    assert node is not None
    return " ".join(node.text(deep=True, separator=" ").split())


def two_arms(value: float, low: float, high: float, *, temperature: float = 1.0, **changes: object) -> ReportData:
    """A report of one number."""
    rate = Rate(solved=30, counted=100, faults=0)
    difference = Difference(value=value, interval=Interval(estimate=value, low=low, high=high))
    cells = (
        Cell(arm="base", temperature=temperature, rate=rate),
        Cell(arm="new", temperature=temperature, rate=rate, difference=difference),
    )
    arms = (Arm(key="base", title="base"), Arm(key="new", title="new", training_seeds=(0, 1)))
    return ReportData(base="base", improved="new", arms=arms, cells=cells).with_(**changes)


def test_the_page_has_its_parts_in_order() -> None:
    tree = parsed(sample())
    sections = [node.attributes["id"] for node in tree.css("section")]
    assert sections == ["headline", "arms", "tasks", "filter", "training", "cases", "provenance"]
    assert len(tree.css("#headline .card")) == 2
    assert len(tree.css("#arms table")) == 2
    assert len(tree.css("#arms tbody.group")) == 6
    assert len(tree.css("#arms tr.main")) == 6
    assert len(tree.css("#tasks .task")) == len(NAMES) + 4
    assert len(tree.css("#filter tbody tr")) == 6
    assert len(tree.css("#training polyline")) == 4
    assert len(tree.css("#cases details")) == 8
    assert [node.attributes["href"] for node in tree.css("nav a")] == [f"#{part}" for part in sections]


def test_the_policy_allows_this_style_sheet_and_nothing_else() -> None:
    tree = parsed(sample())
    meta = tree.css_first('meta[http-equiv="Content-Security-Policy"]')
    style = tree.css_first("style")
    assert meta is not None
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.text().encode()).digest()).decode()
    assert meta.attributes["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert len(tree.css("style")) == 1
    assert "http" not in style.text()


def test_what_was_not_measured_is_said_and_never_zero() -> None:
    page = LexborHTMLParser(render_report(EMPTY)).body
    assert page is not None
    text = page.text(deep=True, separator=" ")
    assert text.count("not measured") >= 5
    assert not re.search(r"\b0(\.0+)? ?%", text)
    assert "not measured" in summary_text(EMPTY)


def test_a_cell_that_is_missing_is_said() -> None:
    whole = sample()
    fewer = whole.with_(cells=tuple(c for c in whole.cells if (c.arm, c.split) != ("none", Split.HELD_OUT)))
    assert text_of(fewer, "arms").count("no filter not measured") == 2
    only_all = whole.with_(cells=tuple(c for c in whole.cells if c.split is Split.ALL))
    assert "Held-out tasks: not measured" in text_of(only_all, "arms")


def test_precision_that_nobody_measured_is_not_zero() -> None:
    whole = sample()
    assert whole.curation is not None
    blind = tuple(RuleRow(name=rule.name, seen=rule.seen, dropped=rule.dropped) for rule in whole.curation.rules)
    text = text_of(whole.with_(curation=whole.curation.with_(rules=blind, base_precision=None)), "filter")
    assert text.count("not measured") == 3 * 5 + 1
    assert "never used to select" in text


@pytest.mark.parametrize(
    ("value", "low", "high", "says"),
    [
        (0.09, 0.03, 0.16, "a gain is shown (+9.0 points)"),
        (0.04, -0.02, 0.12, "the interval includes zero: no gain is shown (+4.0 points)"),
        (0.0, 0.0, 0.0, "no gain is shown (0.0 points)"),
        (-0.05, -0.09, -0.01, "the model got worse (−5.0 points)"),
        (0.02, 0.0, 0.05, "the interval includes zero: no gain is shown"),
    ],
)
def test_the_sentence_claims_what_the_interval_allows(value: float, low: float, high: float, says: str) -> None:
    report = two_arms(value, low, high)
    assert says in words.summary(report)
    assert says in text_of(report, "headline")


def test_without_an_interval_nothing_is_claimed() -> None:
    report = two_arms(0.5, 0.4, 0.6)
    bare = report.with_(cells=(report.cells[0], report.cells[1].with_(difference=Difference(value=0.5))))
    assert "nothing is shown" in words.summary(bare)
    assert "a gain is shown" not in render_report(bare)


def test_cautions_name_sharpening_one_seed_and_a_sign_test_that_disagrees() -> None:
    sharpened = " ".join(words.cautions(sample()))
    assert "may be sharpening" in sharpened
    report = two_arms(0.1, 0.02, 0.2)
    difference = report.cells[1].difference
    assert difference is not None
    doubtful = report.cells[1].with_(difference=difference.with_(sign_p=0.2))
    cautions = " ".join(words.cautions(report.with_(cells=(report.cells[0], doubtful))))
    assert "does not reject chance" in cautions
    lone = (report.arms[0], report.arms[1].with_(training_seeds=(3,)))
    assert "One training seed" in " ".join(words.cautions(report.with_(arms=lone)))
    assert words.cautions(report) == []


def test_training_seeds_are_counted_and_named_so_that_seed_0_is_not_taken_for_none() -> None:
    assert "2, namely 0, 1" in render_report(sample())
    report = two_arms(0.1, 0.02, 0.2)
    lone = (report.arms[0], report.arms[1].with_(training_seeds=(0,)))
    assert "1, namely 0" in render_report(report.with_(arms=lone))


def test_both_readings_of_faults_are_shown() -> None:
    rate = Rate(solved=30, counted=90, faults=10)
    assert rate.value == pytest.approx(1 / 3)
    assert rate.strict == pytest.approx(0.3)
    assert Rate(solved=0, counted=0, faults=0).value is None
    assert Rate(solved=3, counted=9).strict is None
    report = two_arms(0.0, -0.1, 0.1)
    text = text_of(report.with_(cells=(report.cells[0].with_(rate=rate), report.cells[1])), "arms")
    assert "33.3 %" in text
    assert "30 / 90 10 30.0 %" in text


def test_tasks_are_grouped_and_the_largest_gain_comes_first() -> None:
    whole = sample()
    node = parsed(whole).css("#tasks .task:not(.axis)")
    names = [row.css_first("span").text() for row in node]  # type: ignore[union-attr]
    held_out = names.index("Held-out tasks (17)")
    assert names[0] == "Attempted tasks (40)"
    rows = {row.task.removeprefix("miniwob/"): row for row in whole.tasks if row.temperature == 1.0}
    for group in (names[1:held_out], names[held_out + 1 :]):
        gains = [rows[name].improved.value - rows[name].base.value for name in group]  # type: ignore
        assert gains == sorted(gains, reverse=True)


def test_long_texts_and_many_things_are_cut_with_a_count() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "abc … 1 more character"
    assert shorten("a" * 5000, 10) == "a" * 10 + " … 4,990 more characters"
    long = step(0, page="x" * 9000, said="y" * 5000)
    many = Attempt(arm="a", steps=(long,) * 50, ending="page")
    case = Case(kind=CaseKind.OTHER, task="t", goal="g" * 3000, attempts=(many,))
    page = render_report(EMPTY.with_(cases=(case,) * 60))
    tree = LexborHTMLParser(page)
    assert len(tree.css("details.case")) == case_cards.MOST_CASES
    assert len(tree.css("details.case")[0].css(".step")) == case_cards.MOST_STEPS
    text = text_of(EMPTY.with_(cases=(case,)), "cases")
    assert "… 3,000 more characters" in text
    assert "… 20 more steps" in text
    assert "… 20 more cases" in page


def test_pictures_stay_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    one = len(step(0).screenshot or b"")
    monkeypatch.setattr(case_cards, "MOST_PNGS", 2 * one)
    tree = parsed(sample())
    assert len(tree.css("#cases image")) == 2
    assert "left out" in text_of(sample(), "cases")


def test_the_target_is_outlined_where_the_element_was() -> None:
    shown = case_cards.picture(step(0, box=(10, 20, 30, 40), action=Click(node=1, at=(3, 4)))).text
    svg = LexborHTMLParser(shown).css_first("svg")
    assert svg is not None
    assert svg.attributes["viewBox"] == "0 0 160 210"
    target = svg.css_first("rect.target")
    spot = svg.css_first("circle")
    assert target is not None
    assert spot is not None
    assert [target.attributes[name] for name in ("x", "y", "width", "height")] == ["9", "19", "32", "42"]
    assert (spot.attributes["cx"], spot.attributes["cy"]) == ("13", "24")


def test_a_drag_is_drawn_from_one_element_to_the_other_or_by_its_offset() -> None:
    def ends(action: Drag, to: tuple[int, int, int, int] | None) -> list[str | None]:
        shown = case_cards.picture(step(0, box=(0, 0, 20, 10), box_to=to, action=action)).text
        line = LexborHTMLParser(shown).css_first("line")
        assert line is not None
        return [line.attributes[name] for name in ("x1", "y1", "x2", "y2")]

    assert ends(Drag(node=1, to=2), (100, 50, 20, 20)) == ["10", "5", "110", "60"]
    assert ends(Drag(node=1, by=(7, -3), at=(1, 2)), None) == ["1", "2", "8", "-1"]


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", png(1, 1)[:20], b"<svg onload=alert(1)>"])
def test_what_is_no_png_is_left_out(data: bytes) -> None:
    shown = case_cards.picture(step(0, screenshot=data)).text
    assert "no PNG" in shown
    assert "data:" not in shown


def test_a_training_that_diverged_is_drawn_without_its_broken_points() -> None:
    loss = (LossPoint(step=1, loss=2.0), LossPoint(step=2, loss=float("nan")), LossPoint(step=3, loss=float("inf")))
    report = EMPTY.with_(trainings=(Training(arm="new", loss=loss), Training(arm="new", loss=loss[1:])))
    page = render_report(report)
    assert "Every loss was infinite or no number" in page
    assert "nan," not in page
    assert len(charts.thin([LossPoint(step=n, loss=1.0) for n in range(5000)])) == 300


def test_the_file_is_whole_private_to_nobody_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    write_report(sample(), path)
    write_report(sample(), path)
    assert path.read_text(encoding="utf-8") == render_report(sample())
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.stat().st_size < 1_000_000


def test_a_refusing_disk_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(EMPTY, tmp_path / "file" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(EMPTY, tmp_path / "folder")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_a_report_survives_json_with_and_without_its_pictures() -> None:
    whole = sample()
    assert ReportData.model_validate_json(whole.model_dump_json()) == whole
    light = whole.without_screenshots()
    assert all(step.screenshot is None for case in light.cases for attempt in case.attempts for step in attempt.steps)
    assert len(light.model_dump_json()) < len(whole.model_dump_json())


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_report(sample()) == render_report(sample())


def test_the_terminal_summary_is_a_compact_table() -> None:
    text = summary_text(sample())
    assert max(map(len, text.splitlines())) <= 100
    assert re.search(r"T = 1 +held-out +21\.6 % \(73/338\) +30\.7 % \(104/339\) +\+7\.2 \[−0\.8, \+16\.8\]", text)
    assert "Filter kept 389 of 2,160 attempts on 31 of 40 tasks." in text
    assert "reward filter" in text


def test_unseen_characters_are_spelled_out() -> None:
    assert visible("a\u202eb\x00c\ufeff\x1b[31m") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+FEFF⟩⟨U+001B⟩[31m"
    assert visible("line\r\none\rtwo\tthree\n") == "line\none\ntwo\tthree\n"


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(None, "not measured"), (0.04, "0.0 s"), (59.9, "59.9 s"), (450.0, "7 min 30 s"), (7500.0, "2 h 05 min")],
)
def test_durations_are_said_in_the_unit_that_fits(seconds: float | None, says: str) -> None:
    assert words.duration(seconds) == says


def test_numbers_in_words() -> None:
    assert words.points(-0.0001) == "0.0"
    assert words.points(-0.02) == "−2.0"
    assert words.probability(0.0002) == "p < 0.001"
    assert words.percent(None) == "not measured"
    assert words.plainly(None) == "no action"
    assert words.plainly(Click(node=4, count=2)) == "click [4] count 2"


def test_the_model_s_own_interval_is_the_one_shown() -> None:
    assert charts.Scale().place(1.7) == "100.00%"
    assert charts.Scale(-0.1, 0.1).place(0.0) == "50.00%"
    assert charts.around_zero([0.12, -0.3]) == charts.Scale(pytest.approx(-0.3), pytest.approx(0.3))


def test_the_markdown_table_has_a_row_an_arm_and_says_what_the_cells_say() -> None:
    report = sample()
    lines = markdown_table(report).splitlines()
    assert len(lines) == 2 + len(report.arms)
    assert len({line.count("|") for line in lines}) == 1
    improved = next(line for line in lines if report.arm(report.improved).title in line)  # type: ignore[union-attr]
    cell = report.cell(report.improved, 1.0, Split.HELD_OUT)
    assert cell is not None
    assert cell.difference is not None
    assert f"{100 * cell.rate.value:.1f} %" in improved  # type: ignore[operator]
    assert f"{100 * cell.difference.value:+.1f}".replace("-", "−") in improved
    assert "not measured" not in lines[2]


def test_a_run_without_a_model_claims_no_improved_one() -> None:
    report = two_arms(0.0, -1.0, 1.0)
    alone = report.with_(improved="base", arms=report.arms[:1], cells=report.cells[:1])
    assert "No model was made" in summary_text(alone)
    assert "improved" not in summary_text(alone)
    shown = text_of(alone, "headline")
    assert "No model was made" in shown
    assert "Base: 30 / 100 solved" in shown
    assert "Improved" not in shown
