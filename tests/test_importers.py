"""Other people's recordings: what is read, what is left out and why, and files that are broken anywhere."""

from __future__ import annotations

import csv
import json
import lzma
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples import trajectory
from test_cli import apprentice, refused
from webapprentice.core.actions import Click, Press, Select, Type
from webapprentice.core.faults import UsageError
from webapprentice.importers import FORMATS, Broken, Item, Ready, streams
from webapprentice.importers.common import Unusable, css_of_xpath
from webapprentice.importers.scribe_csv import COLUMNS, english
from webapprentice.store import Store

DATA = Path(__file__).parents[2] / "shared" / "data"
PAGE = '<html><head><title>Shop</title></head><body><input id="q"><button class="go">Find</button></body></html>'


def ready(items: Iterable[Item]) -> list[Ready]:
    return [item for item in items if isinstance(item, Ready)]


def broken(items: Iterable[Item]) -> Counter[str]:
    return Counter(item.reason for item in items if isinstance(item, Broken))


def scribe_row(workflow: str, number: int, **changes: str) -> dict[str, str]:
    row = dict(
        zip(
            COLUMNS,
            (
                *(workflow, "Find a table", "mouse_click_action", "Click on Find", "https://shop.example/a?b=1"),
                *("button.go", str(number), PAGE, f"{workflow}-{number}"),
            ),
            strict=True,
        )
    )
    return {**row, **changes}


def write_csv(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_scribes_rows_become_steps_with_their_elements(tmp_path: Path) -> None:
    typed = {
        "action_kind": "keyboard_sequence_action",
        "action_description": 'Type "a \\"b\\""',
        "action_target_selector": "#q",
    }
    keys = {
        "action_kind": "keyboard_combination_action",
        "action_description": "Press [Ctrl + A]",
        "action_target_selector": "#q",
    }
    rows = [scribe_row("w1", 3), scribe_row("w1", 1, **typed), scribe_row("w1", 2, **keys)]
    (made,) = ready(FORMATS["scribe"](write_csv(tmp_path / "a.csv", rows)))
    assert [type(step.action) for step in made.trajectory.steps] == [Type, Press, Click]
    first, second, third = made.trajectory.steps
    assert isinstance(first.action, Type)
    assert first.action.text == 'a "b"'
    assert isinstance(second.action, Press)
    assert second.action.keys == "Ctrl+A"
    assert isinstance(third.action, Click)
    aimed = third.observation.element(third.action.node)
    assert aimed is not None
    assert (aimed.tag, aimed.name) == ("button", "Find")
    assert made.trajectory.goal == "Find a table"
    assert made.trajectory.task.sites == ("https://shop.example",)
    assert third.observation.title == "Shop"
    assert made.pages[third.observation.html or ""].decode() == PAGE


def test_each_of_scribes_filters_is_counted(tmp_path: Path) -> None:
    rows = [
        scribe_row("kept", 1),
        scribe_row("kept", 2, action_kind="instruction"),
        scribe_row("kept", 3, action_description=" "),
        scribe_row("kept", 4, action_description="Haga clic en añadir"),
        scribe_row("kept", 5, action_dom=""),
        scribe_row("kept", 6, action_id="kept-1"),
        scribe_row("kept", 1),
        scribe_row("section", 1, action_kind="section"),
        scribe_row("lost", 1),
        scribe_row("lost", 2, action_target_selector="em"),
        scribe_row("odd", 1, action_kind="dance"),
        scribe_row("foreign", 1, document_metadata_name="Añadir una página más"),
        scribe_row("kept", 9),
    ]
    items = list(FORMATS["scribe"](write_csv(tmp_path / "a.csv", rows)))
    assert [item.trajectory.task.id for item in ready(items)] == ["scribe/kept"]
    assert len(ready(items)[0].trajectory.steps) == 1
    assert broken(items) == {
        "an instruction": 1,
        "no description": 1,
        "description not in English": 1,
        "no page": 1,
        "action seen before": 1,
        "twice the same row": 1,
        "holds a section": 1,
        "target not on the page": 1,
        "a kind of action that is not known": 1,
        "objective not in English": 1,
        "rows apart; sort the file by workflow": 1,
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Click Save", True),
        ("naïve", False),
        ("Haga clic en añadir", False),
        ("Жми Ё", True),
        ("Нажмите кнопку", False),
        ("Add – to cart", True),
    ],
)
def test_the_papers_test_of_english(text: str, wanted: bool) -> None:
    assert english(text) is wanted


def test_a_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("one,two\n1,2\n")
    with pytest.raises(UsageError, match="no column document_metadata_id"):
        list(FORMATS["scribe"](tmp_path / "a.csv"))


def mind2web_task(name: str, *operations: tuple[str, str, str], candidates: Any = None) -> dict[str, Any]:
    page = (
        '<html><body backend_node_id="1"><input backend_node_id="2"><select backend_node_id="3"></select>'
        '<a backend_node_id="4">Go</a></body></html>'
    )
    return {
        "annotation_id": name,
        "website": "shop",
        "confirmed_task": "Buy a table",
        "action_reprs": [f"[x] {op}" for op, _, _ in operations],
        "actions": [
            {
                "operation": {"op": op, "value": value},
                "cleaned_html": page,
                "pos_candidates": [{"backend_node_id": "1"}, {"backend_node_id": node, "is_original_target": True}]
                if candidates is None
                else candidates,
            }
            for op, value, node in operations
        ],
    }


def test_mind2webs_tasks_become_trajectories(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    good = mind2web_task("t1", ("TYPE", "tables", "2"), ("SELECT", "Oak", "3"), ("CLICK", "", "4"))
    strings = mind2web_task("t2", ("CLICK", "", "4"), candidates=[json.dumps({"backend_node_id": "4"})])
    empty = mind2web_task("t3", ("CLICK", "", "4"), candidates=[])
    path.write_text(json.dumps([good, strings, empty, {"annotation_id": "t4"}, mind2web_task("t5", ("FLY", "", "4"))]))
    items = list(FORMATS["mind2web"](path))
    first, second = ready(items)
    assert [step.action for step in first.trajectory.steps] == [
        Type(node=2, text="tables"),
        Select(node=3, options=("Oak",)),
        Click(node=4),
    ]
    assert second.trajectory.steps[0].action == Click(node=4)
    assert set(broken(items)) == {
        "no step has a target on its page",
        "not a task of Mind2Web",
        "an operation that is not known",
    }


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 20])
def test_objects_are_found_wherever_the_file_is_cut(size: int, tmp_path: Path) -> None:
    told = [{"a": 'x"y\\', "b": {"c": ["{", "}", "\\\\"]}}, {}, {"d": "é[\U0001f600]"}]
    for text in (json.dumps(told), "\n".join(map(json.dumps, told)), json.dumps(told, ensure_ascii=False, indent=2)):
        (tmp_path / "a.json").write_text(text, encoding="utf-8")
        assert list(streams.objects(tmp_path / "a.json", size)) == told


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=600), st.sampled_from(sorted(FORMATS)))
def test_any_file_is_read_to_its_end_or_refused_in_one_line(tmp_path: Path, data: bytes, name: str) -> None:
    (tmp_path / "any").write_bytes(data)
    with suppress(UsageError):  # ScribeAgent's reader wants its columns
        assert not ready(FORMATS[name](tmp_path / "any"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cell=st.text(max_size=60), column=st.sampled_from(COLUMNS))
def test_any_cell_may_hold_anything(tmp_path: Path, cell: str, column: str) -> None:
    odd = scribe_row("w", 2, **{column: cell.encode("utf-8", "replace").decode()})
    items = list(FORMATS["scribe"](write_csv(tmp_path / "a.csv", [scribe_row("w", 1), odd, scribe_row("x", 1)])))
    assert any(item.trajectory.task.id == "scribe/x" for item in ready(items)) or column == "document_metadata_id"


def test_own_lines_come_back_and_broken_ones_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    made = trajectory()
    path.write_text(f"{made.model_dump_json()}\n{{}}\nnothing\n")
    items = list(FORMATS["own"](path))
    assert [item.trajectory for item in ready(items)] == [made]
    assert broken(items) == {"not a trajectory": 2}


@pytest.mark.parametrize("xpath", ["", "//a", "/a[@x]", "/html/body/div[2]/", "/svg:g", "a/b"])
def test_an_xpath_that_is_no_path_of_tags_is_refused(xpath: str) -> None:
    with pytest.raises(Unusable):
        css_of_xpath(xpath)


def test_a_path_of_tags_finds_the_same_element() -> None:
    assert css_of_xpath("/html/body/div[2]/a") == "html > body > div:nth-of-type(2) > a:nth-of-type(1)"


def test_real_replayed_steps(tmp_path: Path) -> None:
    source = DATA / "wai_steps" / "gmail_183706_function.jsonl.xz"
    if not source.exists():
        pytest.skip("the replayed steps are not on this machine")
    made = ready(islice(FORMATS["replayed"](source), 12))
    assert len(made) > 4
    assert sum(len(item.trajectory.steps) for item in made) > 15
    for item in made:
        for step in item.trajectory.steps:
            node = getattr(step.action, "node", None)
            assert node is None or step.observation.element(node) is not None
    assert {item.trajectory.score for item in made} <= {0.0, 1.0}


def test_the_command_imports_once_and_says_what_it_left_out(tmp_path: Path) -> None:
    rows = [scribe_row("w1", 1), scribe_row("w2", 1), scribe_row("w2", 2, action_dom="")]
    source = write_csv(tmp_path / "a.csv", rows)
    run = tmp_path / "run"
    told = json.loads(apprentice("import", "scribe", str(source), "--run", str(run), "--json").stdout)
    assert (told["imported"], told["steps"], told["reasons"]) == (2, 2, {"no page": 1})
    told = json.loads(apprentice("import", "scribe", str(source), "--run", str(run), "--json").stdout)
    assert told["already there"] == 2
    assert "imported" not in told
    with Store.read(run / "store.sqlite") as store:
        found = list(store.trajectories("imported/scribe"))
        assert len(found) == 2
        assert store.blob(found[0].steps[0].observation.html or "").decode() == PAGE
    settings_ = ("collection=imported/scribe", "keep=", "rollout.dialect=scribe", "dataset.completion=canonical")
    words = [word for setting in (*settings_, "dataset.validation=0") for word in ("--set", setting)]
    made = apprentice("dataset", "--run", str(run), *words)
    assert made.returncode == 0, made.stderr
    lines = [json.loads(line) for line in (run / "rows.jsonl").read_text().splitlines()]
    assert lines[0]["completion"].splitlines()[2] == "Action: mouse_click_action"
    refused(apprentice("import", "scribe", str(tmp_path / "none.csv"), "--run", str(run)), 2, "none.csv")


def test_replayed_rows_that_are_odd_are_told_and_the_others_read(tmp_path: Path) -> None:
    def row(task: str, **changes: Any) -> dict[str, Any]:
        told = {"run": "r", "task_id": task, "instruction": "Find it", "step": 1, "action": "click", "html": PAGE}
        return {**told, "url": "http://app/", "target": {"xpath": "/html/body/button"}, **changes}

    rows = [
        "half a li",
        json.dumps({"action": "click"}),
        json.dumps(row("no text", action="input", args={})),
        json.dumps(row("no page", html=None)),
        json.dumps(row("a word", target="button")),
        json.dumps(row("a list", args=[1], action="input")),
        json.dumps(row("good")),
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    items = list(FORMATS["replayed"](tmp_path / "a.jsonl"))
    assert [item.trajectory.task.id for item in ready(items)] == ["replayed/r/good"]
    assert broken(items) == {"not a JSON object": 1, "no page": 2, "a step that is not understood": 3}
    (tmp_path / "a.jsonl.xz").write_bytes(lzma.compress("\n".join(rows * 200).encode())[:-40])
    assert broken(FORMATS["replayed"](tmp_path / "a.jsonl.xz"))["the file is cut off or damaged from here on"] == 1
