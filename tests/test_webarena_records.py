from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.records import Task
from webapprentice.tasks.webarena import (
    TaskRecord,
    changes_state,
    parse_record,
    read_records,
    record_of,
    task_of,
    tasks_from,
)
from webapprentice.tasks.webarena.calls import parse_call
from webapprentice.tasks.webarena.lists import describe, packaged, search, select, selection
from webapprentice.tasks.webarena.order import waits_for
from webapprentice.tasks.webarena.records import effect
from webapprentice.tasks.webarena.verified_package import verified_tasks
from webarena_records import ADDRESSES, LOCATED, SAMPLES, answered, placed, record, shown


def written(folder: Path, *records: Any, name: str = "tasks.json") -> Path:
    (folder / name).write_text(json.dumps([getattr(one, "data", one) for one in records]), encoding="utf-8")
    return folder / name


def test_a_task_has_addresses_in_its_start_and_placeholders_in_its_record(tmp_path: Path) -> None:
    one = record(
        5, start_url="__SHOP__/lamp |AND| __CODE__/a", sites=["shop", "code", "shop"], extra={"é": [None, 1.5]}
    )
    (task,) = tasks_from(
        written(tmp_path, one), {"SHOP": "http://127.0.0.1:1/", "__CODE__": "http://127.0.0.1:2"}, "ours"
    )
    assert (task.id, task.benchmark, task.template, task.sites) == ("ours/5", "ours", "ours/7", ("code", "shop"))
    assert task.start_urls == ("http://127.0.0.1:1/lamp", "http://127.0.0.1:2/a")
    assert (task.goal, task.reset, task.limits.steps, task.limits.seconds) == (one.intent, "context", 30, 600)
    assert json.loads(task.evaluator["record"]) == one.data
    assert record_of(Task.model_validate_json(task.model_dump_json())) == one
    assert task_of(one, ADDRESSES).id == "webarena/5"


def test_a_site_without_an_address_is_one_clear_line(tmp_path: Path) -> None:
    for one in (record(start_url="__WIKI__/x"), placed("__WIKI__/x"), shown({**LOCATED, "url": "__WIKI__/x"})):
        with pytest.raises(
            UsageError, match=r"^task webarena/1 needs the address of the site 'wiki'; known: shop"
        ) as said:
            tasks_from(written(tmp_path, one), {"shop": "http://x.test"})
        assert "\n" not in str(said.value)


def target(**changes: Any) -> dict[str, Any]:
    return {"eval_types": ["program_html"], "program_html": [{**LOCATED, **changes}]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"task_id": None}, "task_id"),
        ({"task_id": True}, "task_id"),
        ({"intent": 3}, "intent"),
        ({"sites": "shop"}, "sites"),
        ({"sites": [1]}, "sites"),
        ({"start_url": ["x"]}, "start_url"),
        ({"instantiation_dict": []}, "instantiation_dict"),
        ({"eval": None}, "eval"),
        ({"eval_types": []}, "eval.eval_types"),
        ({"eval_types": ["string_matches"]}, "eval.eval_types"),
        ({"reference_answers": None}, "eval.reference_answers"),
        ({"reference_answers": {"exact": "x"}}, "eval.reference_answers"),
        ({"reference_answers": {"exact_match": ["x"]}}, "eval.reference_answers.exact_match"),
        ({"reference_answers": {"must_include": [3]}}, "eval.reference_answers.must_include"),
        ({"eval_types": ["url_match"], "reference_url": None}, "eval.reference_url"),
        ({"eval_types": ["url_match"], "url_note": "EXACT"}, "eval.url_note"),
        ({"eval_types": ["program_html"], "program_html": None}, "eval.program_html"),
        (target(locator="//div"), "eval.program_html[0].locator"),
        (target(locator="func:open('/etc/passwd')"), "eval.program_html[0].locator"),
        (target(locator="func:site_state(shop)"), "eval.program_html[0].locator"),
        (target(url="func:nothing"), "eval.program_html[0].url"),
        (target(url=None), "eval.program_html[0].url"),
        (target(url=""), "eval.program_html[0].url"),
        (target(prep_actions="x"), "eval.program_html[0].prep_actions"),
        (target(required_contents={"has": 1}), "eval.program_html[0].required_contents"),
        (target(required_contents={"exact_match": 1}), "eval.program_html[0].required_contents.exact_match"),
    ],
)
def test_a_bad_record_is_named_by_file_task_and_field(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    data = json.loads(record(12).compact)
    for name, value in changes.items():
        home = data if name in data else data["eval"]
        home[name] = value
    with pytest.raises(UsageError) as said:
        read_records(written(tmp_path, data))
    assert str(said.value).startswith(f"{tmp_path / 'tasks.json'}: task {data['task_id']}: {field} ")
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no valid JSON"),
        ("[]", "holds no task"),
        ("[3]", "a JSON object"),
        ("[" * 100_000, "no valid JSON"),
        (None, "cannot read"),
    ],
)
def test_a_file_that_holds_no_tasks_is_refused(tmp_path: Path, text: str | None, word: str) -> None:
    if text is not None:
        (tmp_path / "tasks.json").write_text(text)
    with pytest.raises(UsageError, match=word):
        read_records(tmp_path / "tasks.json")


def test_a_folder_is_read_in_the_order_of_its_numbers_and_a_number_is_there_once(tmp_path: Path) -> None:
    for number in (10, 9, 2):
        written(tmp_path, record(number), name=f"{number}.json")
    assert [one.id for one in read_records(tmp_path)] == ["2", "9", "10"]
    written(tmp_path, record(9), name="again.json")
    with pytest.raises(UsageError, match="task 9 is there twice"):
        read_records(tmp_path)


def test_what_a_records_own_evaluators_do_not_use_may_be_anything() -> None:
    one = parse_record(
        {**record().data, "eval": {**record().eval, "program_html": [{"url": "", "x": []}], "reference_url": 3}}
    )
    assert (one.targets, one.eval["reference_url"]) == ((), 3)
    bare = parse_record({"task_id": "a", "intent": "Do it", "sites": [], "eval": record().eval})
    assert (bare.start_urls, bare.template, bare.template_id, bare.instantiation) == ((), "", "task-a", {})


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (record(), "reads"),
        (placed("__SHOP__/x"), "navigates"),
        (shown(LOCATED), "changes"),
        (shown({"exact_match": "x"}), "changes"),  # a shop's own page shows what was stored
        (shown({"exact_match": "x"}, sites=["map"]), "navigates"),
        (shown({**LOCATED, "url": "func:site_state('shop', 'last')"}), "changes"),
        (shown({**LOCATED, "url": "last", "locator": "func:site_state('map', 'saved')"}, sites=["map"]), "changes"),
    ],
)
def test_what_a_task_does_follows_from_how_it_is_judged(one: Any, expected: str) -> None:
    assert (effect(one), changes_state(one)) == (expected, expected == "changes")
    assert changes_state(parse_record({**one.data, "require_reset": True}))


def test_tasks_that_share_a_site_wait_for_each_other_where_one_changes_it() -> None:
    def reads(number: int, *sites: str) -> TaskRecord:
        return record(number, sites=list(sites))

    def changes(number: int, *sites: str) -> TaskRecord:
        return shown(LOCATED, task_id=number, sites=list(sites))

    tasks = [
        reads(1, "shop"),
        reads(2, "shop", "code"),
        changes(3, "shop"),
        changes(4, "shop"),
        reads(5, "shop", "code"),
    ]
    tasks += [reads(6, "shop"), changes(7, "code"), reads(8, "map")]
    assert waits_for(tasks) == {
        **{"1": (), "2": (), "3": ("1", "2"), "4": ("3",), "5": ("4",), "6": ("4",), "7": ("2", "5"), "8": ()},
    }


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("func:a()", "a", ()),
        ("func:b(__page__, 'x y', 3, [1])", "b", ("x y", 3, [1])),
        ("func: c('__last_url__')", "c", ("__last_url__",)),
    ],
)
def test_a_call_is_read(text: str, name: str, arguments: tuple[Any, ...]) -> None:
    assert parse_call(text) == (name, arguments)


@pytest.mark.parametrize(
    "text",
    [
        *("func:a", "func:a(b)", "func:a(b())", "func:a.b()", "func:a(x='1')", "func:(lambda: 1)()", "func:", "a()"),
        *("func:a()()", "func:a(*'xy')", "func:__import__('os').remove('x')", "func:a(1 if 1 else 2)", "func:a('\0')"),
        "func:" + "(" * 500,
    ],
)
def test_what_is_no_call_with_literals_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_call(text)


def test_the_address_of_the_last_page_is_put_into_a_call_as_text() -> None:
    evil = "http://x.test/');__import__('os')#"
    assert parse_call("func:reddit_get_post_url('__last_url__')").at(evil).arguments == (evil,)


# Lists


def test_a_list_is_taken_from_a_file_in_any_of_its_forms(tmp_path: Path) -> None:
    numbers = list(range(258))
    forms: list[Any] = [numbers, {"task_ids": numbers}, [{"task_id": number} for number in numbers]]
    for form in forms:
        (tmp_path / "hard.json").write_text(json.dumps(form))
        assert selection("hard", tmp_path / "hard.json") == tuple(map(str, numbers))
    (tmp_path / "lite.json").write_text(json.dumps([{"task_id": n, "old_task_id": 800 - n} for n in range(165)]))
    assert selection("lite", tmp_path / "lite.json")[:2] == ("800", "799")


@pytest.mark.parametrize("held", [[1, 2], {"ids": []}, [{"id": 1}], ["x"], 3])
def test_another_file_is_refused_as_a_list(tmp_path: Path, held: Any) -> None:
    (tmp_path / "x.json").write_text(json.dumps(held))
    with pytest.raises(UsageError, match=r"x\.json"):
        selection("hard", tmp_path / "x.json")


def test_a_list_that_nobody_has_is_unavailable_and_an_unknown_one_refused() -> None:
    with pytest.raises(UnavailableError, match="name its file"):
        selection("lite")
    with pytest.raises(UsageError, match="there are lite, verified, hard"):
        selection("easy")
    if packaged("hard") is None:
        with pytest.raises(UnavailableError, match="pip install webarena-verified"):
            selection("hard")
        with pytest.raises(UnavailableError, match="webarena-verified"):
            verified_tasks(ADDRESSES)


def test_records_are_selected_in_the_lists_order() -> None:
    records = [record(number) for number in (1, 2, 3)]
    assert [one.id for one in select(records, ["3", "1"])] == ["3", "1"]
    with pytest.raises(UsageError, match="2 tasks of the list are not in the records, first 7"):
        select(records, ["7", "1", "8"])


def test_a_task_is_described_in_one_line_and_as_json() -> None:
    two = task_of(record(3, start_url="__SHOP__ |AND| __SHOP__/lamp"), ADDRESSES, "ours")
    what = describe(two)
    assert what.line == "ours/3 [shop] reads, ours/7 'What does {{thing}} cost?': string_match.exact_match"
    assert (what.pages, what.values, json.loads(what.model_dump_json())["evaluators"]) == (
        2,
        {"thing": "the lamp"},
        ["string_match.exact_match"],
    )
    kinds = {kind for one in SAMPLES for kind in describe(task_of(one, ADDRESSES)).evaluators}
    assert kinds == {
        *("string_match.exact_match", "string_match.must_include", "string_match.fuzzy_match", "url_match"),
        *("program_html.exact_match", "program_html.must_include"),
    }


def test_tasks_are_found_by_words_site_and_evaluator() -> None:
    tasks = [
        task_of(record(1), ADDRESSES),
        task_of(
            answered({"must_include": ["x"]}, task_id=2, intent="Find a CHAIR", intent_template="", sites=["code"]),
            ADDRESSES,
        ),
        task_of(placed("__SHOP__/x"), ADDRESSES).with_(id="webarena/3"),
    ]

    def found(*given: Any, **more: Any) -> list[str]:
        return [task.id[-1] for task in search(tasks, *given, **more)]

    assert found() == ["1", "2", "3"]
    assert found("chair find") == ["2"]
    assert found("{{thing}}") == ["1", "3"]
    assert found(sites=["code"]) == ["2"]
    assert found(evaluators=["url_match", "string_match.exact"]) == ["1", "3"]
    assert found("chair", sites=["shop"]) == []
