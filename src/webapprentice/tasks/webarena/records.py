"""WebArena's task records: read, checked, kept as they are, and turned into tasks.

A record is kept whole, its unknown fields and its placeholders (`__SHOPPING__`, `__SHOP_ADMIN__`) too: addresses
belong to a deployment and are filled in where a record is used. A placeholder `__NAME__` stands for the site `name`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

from webapprentice.core.faults import UsageError
from webapprentice.core.records import Limits, Record, Task
from webapprentice.tasks.webarena.calls import parse_call
from webapprentice.tasks.webarena.helpers import HELPERS

KIND: Final = "webarena"
"""`Task.evaluator["kind"]` of these tasks, and the benchmark of WebArena's own records."""
EVALUATORS: Final = ("string_match", "url_match", "program_html")
STRING_CHECKS: Final = ("exact_match", "must_include", "fuzzy_match")
LIMITS: Final = Limits(steps=30, seconds=600.0, step_seconds=60.0)
AND, OR = " |AND| ", " |OR| "
_PLACEHOLDER = re.compile(r"__([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)__")
_FORMS_ONLY = frozenset({"map", "wikipedia"})
"""Sites whose tasks look things up: what `program_html` reads there is a form or a page, never a stored change."""


class TaskRecord(Record):
    """One record as its file has it, every field kept."""

    data: dict[str, Any]

    @property
    def id(self) -> str:
        """`task_id`, as text."""
        return str(self.data["task_id"])

    @property
    def intent(self) -> str:
        return str(self.data["intent"])

    @property
    def sites(self) -> tuple[str, ...]:
        """Sorted, each once."""
        return tuple(sorted(set(self.data["sites"])))

    @property
    def template(self) -> str:
        """The intent with `{{name}}` where tasks of one template differ; empty where the record has none."""
        return str(self.data.get("intent_template") or "")

    @property
    def template_id(self) -> str:
        """`intent_template_id` as text; `task-ID` where the record names none, so that it is a cluster of its own."""
        found = self.data.get("intent_template_id")
        return f"task-{self.id}" if found is None else str(found)

    @property
    def instantiation(self) -> dict[str, Any]:
        """What stands for each name of the template."""
        return dict(self.data.get("instantiation_dict") or {})

    @property
    def require_reset(self) -> bool:
        """The record says that the sites must be as new before it; WebArena's own records all say no."""
        return bool(self.data.get("require_reset"))

    @property
    def start_urls(self) -> tuple[str, ...]:
        """With placeholders; several were joined by ` |AND| `."""
        url = self.data.get("start_url")
        return tuple(one.strip() for one in url.split(AND)) if url else ()

    @property
    def eval(self) -> dict[str, Any]:
        found: dict[str, Any] = self.data["eval"]
        return found

    @property
    def eval_types(self) -> tuple[str, ...]:
        return tuple(self.eval["eval_types"])

    @property
    def targets(self) -> tuple[dict[str, Any], ...]:
        """What `program_html` looks at; empty where the record is not judged by it."""
        return tuple(self.eval["program_html"]) if "program_html" in self.eval_types else ()

    @cached_property
    def compact(self) -> str:
        """The record as JSON without white space, in ASCII; reading it gives the record back."""
        return json.dumps(self.data, separators=(",", ":"))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Sites whose address the start and the evaluation need, sorted."""
        needed = json.dumps([self.data.get("start_url"), self.eval])
        return tuple(sorted({name.lower() for name in _PLACEHOLDER.findall(needed)}))


def parse_record(data: object, where: str = "the record") -> TaskRecord:
    """A checked record. Only what its own `eval_types` use is checked; everything is kept.

    Raises UsageError that names `where`, the task and the field.
    """
    if not isinstance(data, dict):
        raise UsageError(f"{where}: a task is a JSON object, not {_said(data)}; compare WebArena's test.raw.json")
    check = _Check(data, where)
    check("task_id", data.get("task_id"), int, str)
    check("intent", data.get("intent"), str)
    check("sites", data.get("sites"), list)
    for name in data["sites"]:
        check("sites", name, str)
    check("start_url", data.get("start_url"), str, None)
    check("intent_template_id", data.get("intent_template_id"), int, str, None)
    check("intent_template", data.get("intent_template"), str, None)
    check("instantiation_dict", data.get("instantiation_dict"), dict, None)
    check("require_reset", data.get("require_reset"), bool, None)
    check("eval", data.get("eval"), dict)
    _check_eval(data["eval"], check)
    return TaskRecord(data=data)


class _Check:
    """Says which task of which file has which field wrong."""

    def __init__(self, data: dict[str, Any], where: str) -> None:
        self.task, self.where = data.get("task_id"), where

    def __call__(self, field: str, value: object, *kinds: type | None) -> None:
        fits = any(value is None if kind is None else type(value) is kind for kind in kinds)
        if not fits:
            wanted = " or ".join("null" if kind is None else _NAMES[kind] for kind in kinds)
            self.refuse(field, f"must be {wanted}, not {_said(value)}")

    def refuse(self, field: str, why: str) -> NoReturn:
        raise UsageError(f"{self.where}: task {self.task}: {field} {why}; mend the record or leave it out")


_NAMES: Final = {int: "a whole number", str: "text", list: "a list", dict: "an object", bool: "true or false"}


def _said(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_eval(found: dict[str, Any], check: _Check) -> None:
    check("eval.eval_types", found.get("eval_types"), list)
    kinds = found["eval_types"]
    for kind in kinds:
        if kind not in EVALUATORS:
            check.refuse("eval.eval_types", f"holds {_said(kind)}; known: {', '.join(EVALUATORS)}")
    if not kinds:
        check.refuse("eval.eval_types", "is empty, so nothing would ever be judged")
    if "string_match" in kinds:
        _check_answers(found, check)
    if "url_match" in kinds:
        check("eval.reference_url", found.get("reference_url"), str)
        if (note := found.get("url_note", "GOLD in PRED")) != "GOLD in PRED":
            check.refuse("eval.url_note", f"is {_said(note)}; the one rule there is: GOLD in PRED")
    if "program_html" in kinds:
        check("eval.program_html", found.get("program_html"), list)
        for number, target in enumerate(found["program_html"]):
            _check_target(f"eval.program_html[{number}]", target, check)


def _check_answers(found: dict[str, Any], check: _Check) -> None:
    field = "eval.reference_answers"
    answers = found.get("reference_answers")
    check(field, answers, dict, list)
    if not isinstance(
        answers, dict
    ):  # an older form of the benchmark, which the released evaluators cannot judge either
        return
    for name, value in answers.items():
        if name not in STRING_CHECKS:
            check.refuse(field, f"has {_said(name)}; known: {', '.join(STRING_CHECKS)}")
        if name == "exact_match":
            check(f"{field}.{name}", value, str)
        else:
            check(f"{field}.{name}", value, list, str)
            for one in value if isinstance(value, list) else ():
                check(f"{field}.{name}", one, str)
    check("eval.string_note", found.get("string_note"), str, None)


def _check_target(field: str, target: object, check: _Check) -> None:
    check(field, target, dict)
    assert isinstance(target, dict)
    check(f"{field}.url", target.get("url"), str)
    if not target["url"].strip():
        check.refuse(f"{field}.url", "is empty; it is an address, a func: call, or last for the agent's own page")
    check(f"{field}.locator", target.get("locator"), str)
    locator = target["locator"]
    if locator.strip() and not locator.startswith(("document.", "[...document.", "func:")):
        check.refuse(f"{field}.locator", f"is {_said(locator)}; it starts with document., [...document. or func:")
    for name, text in (("url", target["url"]), ("locator", locator)):
        if text.startswith("func"):
            try:
                call = parse_call(text)
            except UsageError as error:
                check.refuse(f"{field}.{name}", f"cannot be called: {error}")
            if call.name not in HELPERS:
                check.refuse(f"{field}.{name}", f"calls {call.name!r}; known: {', '.join(sorted(HELPERS))}")
    check(f"{field}.prep_actions", target.get("prep_actions"), list, None)
    for action in target.get("prep_actions") or ():
        check(f"{field}.prep_actions", action, str)
    wanted = target.get("required_contents")
    check(f"{field}.required_contents", wanted, dict)
    assert isinstance(wanted, dict)
    how = next((how for how in STRING_CHECKS if how in wanted), None)
    if how is None:
        check.refuse(f"{field}.required_contents", f"names none of {', '.join(STRING_CHECKS)}")
    check(f"{field}.required_contents.{how}", wanted[how], str if how == "exact_match" else list)
    for one in wanted[how] if isinstance(wanted[how], list) else ():
        check(f"{field}.required_contents.{how}", one, str)


def read_records(path: Path | str) -> list[TaskRecord]:
    """The records of a JSON file (a list, or one record), or of all `*.json` files of a folder, by their names.

    Raises UsageError where nothing can be read, a record is wrong, or two have the same `task_id`.
    """
    found = [parse_record(data, where) for where, data in _read(Path(path))]
    seen: set[str] = set()
    for record in found:
        if record.id in seen:
            raise UsageError(f"{path}: task {record.id} is there twice; each task_id must be its own")
        seen.add(record.id)
    if not found:
        raise UsageError(f"{path} holds no task; it should be WebArena's test.raw.json or files like it")
    return found


def _read(path: Path) -> Iterator[tuple[str, object]]:
    files = sorted(path.glob("*.json"), key=_in_order) if path.is_dir() else [path]
    for file in files:
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot read the tasks {file}: {why}; check the path") from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{file} is no valid JSON: {error}; it should be like WebArena's test.raw.json") from error
        for data in held if isinstance(held, list) else [held]:
            yield str(file), data


def _in_order(file: Path) -> tuple[bool, int, str]:
    number = file.stem
    return (not number.isdecimal(), int(number) if number.isdecimal() else 0, file.name)


def site_of(name: str) -> str:
    """`__SHOP_ADMIN__`, `SHOP_ADMIN` and `shop_admin` are the same site."""
    return name.strip("_").lower()


def normal(addresses: Mapping[str, str]) -> dict[str, str]:
    """Addresses by site name, without a slash at their end: a second slash in a URL would be another URL."""
    return {site_of(name): address.rstrip("/") for name, address in addresses.items()}


def fill(value: Any, addresses: Mapping[str, str], where: str = "the task") -> Any:
    """The value with every placeholder in every text replaced. Raises UsageError where a site has no address."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _address(found[1].lower(), addresses, where), value)
    if isinstance(value, list):
        return [fill(one, addresses, where) for one in value]
    if isinstance(value, dict):
        return {name: fill(one, addresses, where) for name, one in value.items()}
    return value


def _address(site: str, addresses: Mapping[str, str], where: str) -> str:
    found = addresses.get(site)
    if found is None:
        known = ", ".join(sorted(addresses)) or "none"
        raise UsageError(f"{where} needs the address of the site {site!r}; known: {known}; name it, or leave it out")
    return found


def task_of(record: TaskRecord, addresses: Mapping[str, str], benchmark: str = KIND) -> Task:
    """The task of a record; its record keeps the placeholders. Raises UsageError where a site has no address."""
    where, known = f"task {benchmark}/{record.id}", normal(addresses)
    for site in record.placeholders:
        _address(site, known, where)
    return Task(
        id=f"{benchmark}/{record.id}",
        benchmark=benchmark,
        goal=record.intent,
        start_urls=tuple(fill(url, known, where) for url in record.start_urls),
        sites=record.sites,
        template=f"{benchmark}/{record.template_id}",
        limits=LIMITS,
        reset="context",
        evaluator={"kind": KIND, "record": record.compact},
    )


def tasks_from(path: Path | str, addresses: Mapping[str, str], benchmark: str = KIND) -> list[Task]:
    """Every task of a file or a folder, in its order.

    `addresses` gives each site's base address by its name. Raises UsageError as `read_records` and `task_of` do.
    """
    return [task_of(record, addresses, benchmark) for record in read_records(path)]


def record_of(task: Task) -> TaskRecord:
    """The record that a task was made of. Raises UsageError for any other task."""
    if task.evaluator.get("kind") != KIND or "record" not in task.evaluator:
        raise UsageError(f"{task.id} is no WebArena task: its evaluator holds no record")
    try:
        return parse_record(json.loads(task.evaluator["record"]), task.id)
    except ValueError as error:
        raise UsageError(f"{task.id}: the record in its evaluator is no JSON: {error}; import it again") from error


Effect = Literal["reads", "navigates", "changes"]


def effect(record: TaskRecord) -> Effect:
    """What a task is about, derived from how it is judged.

    `changes`: some target of `program_html` is a page loaded anew, what an application itself says (`func:`), or the
    agent's own page on a site where what it shows was stored before. `navigates`: only where the agent stands is
    judged. `reads`: only its answer is.
    """
    if any(target["url"] != "last" or target["locator"].startswith("func:") for target in record.targets):
        return "changes"
    if record.targets:
        stored = "url_match" in record.eval_types or not _FORMS_ONLY & set(record.sites)
        return "changes" if stored else "navigates"
    return "reads" if "string_match" in record.eval_types else "navigates"


def changes_state(record: TaskRecord) -> bool:
    """Whether solving the task leaves the sites changed, so that it must not run twice, or beside others, unreset.

    Also true where the record says `require_reset`. What it cannot know: a task judged by its answer alone whose
    objective nevertheless asks for a change; `docs/webarena-evaluators.md` counts them.
    """
    return record.require_reset or effect(record) == "changes"
