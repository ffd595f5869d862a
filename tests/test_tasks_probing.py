"""Asking sites over HTTP and making them new, and what a benchmark file may say; no browser."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from webapprentice.core.actions import Action, Click, Select, Type
from webapprentice.core.faults import FaultError, UsageError
from webapprentice.core.records import Element, Observation
from webapprentice.tasks.benchmark import BenchmarkConfig
from webapprentice.tasks.gold import action_of, load_gold
from webapprentice.tasks.probing import Prober
from webapprentice.tasks.siteworld import Shared


class _BelowAPath(BaseHTTPRequestHandler):
    """Members only, below /app; the state says which session was asked for."""

    def do_GET(self) -> None:
        self.close_connection = True
        stranger = self.path == "/app/account" and "ticket=good" not in self.headers.get("Cookie", "")
        self.send_response(303 if stranger else 200)
        if stranger:
            self.send_header("Location", "/app/login")
        self.end_headers()
        self.wfile.write(f'"{self.path}"'.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def below() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _BelowAPath) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/app"
        server.shutdown()


def _benchmark(url: str = "http://127.0.0.1:9", **parts: Any) -> BenchmarkConfig:
    login = {"user": "ann", "password": "pw", "signed_in": "/account"}
    site = {"url": url, "login": login, "state": "/state?part=all"}
    return BenchmarkConfig.model_validate({"name": "app", "sites": {"app": site}, **parts})


def test_who_is_sent_to_a_login_page_below_the_sites_own_path_is_not_signed_in(below: str) -> None:
    async def scene() -> None:
        async with Prober(_benchmark(below)) as prober:
            ticket = {"name": "ticket", "domain": "127.0.0.1", "path": "/"}
            assert await prober.signed_in("app", ({**ticket, "value": "good"},))
            assert not await prober.signed_in("app", ({**ticket, "value": "old"},))

    asyncio.run(scene())


def test_a_session_is_asked_for_whatever_is_in_its_key_and_in_the_address(below: str) -> None:
    async def scene() -> None:
        async with Prober(_benchmark(below)) as prober:
            assert await prober.state("app", "a&b c") == "/app/state?part=all&session=a%26b+c"

    asyncio.run(scene())


def test_a_reset_that_came_to_nothing_does_not_count_as_the_runs_one(tmp_path: Path) -> None:
    tries, new = tmp_path / "tries", tmp_path / "new"
    command = f"echo >> '{tries}'; test $(wc -l < '{tries}') -gt 1 && echo >> '{new}'"

    async def scene() -> None:
        benchmark = _benchmark(reset={"when": "run", "command": command})
        async with Prober(benchmark) as prober:
            shared = Shared(benchmark, prober)
            with pytest.raises(FaultError, match="reset command ends with 1"):
                await shared.session("")
            for _ in range(2):
                assert await shared.session("") == ""

    asyncio.run(scene())
    assert (tries.read_text(), new.read_text()) == ("\n\n", "\n")


def test_nothing_that_a_late_reset_has_started_goes_on_afterwards(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    async def scene() -> None:
        benchmark = _benchmark(reset={"command": f"(sleep 0.8; touch '{mark}'); true", "seconds": 0.2})
        async with Prober(benchmark) as prober:
            with pytest.raises(FaultError, match="the sites were not new within"):
                await prober.reset()

    asyncio.run(scene())
    time.sleep(1.0)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": "sites"}, "sites is the name of tasks that come with us"),
        ({"sites": {"app": {"url": "127.0.0.1:8000"}}}, "is no address of a site"),
        ({"sites": {"app": {"url": "http://a b/"}}}, "is no origin"),
        ({"sites": {"app": {"url": "http://app.test", "place": "nowhere"}}}, "has no port"),
        ({"sites": {"app": {"url": "http://app.test:80", "place": "127.0.0.1:8301"}}}, "no port in its address"),
        (
            {"sites": {"app": {"url": "http://app.test", "helth": "/"}}},
            "no setting sites.app.helth; did you mean health?",
        ),
        ({"viewprt": [800, 600]}, "no setting viewprt; did you mean viewport?"),
        ({"sites": {"app": {"login": {"password": "x"}}}}, "sites.app.url is needed and is not there"),
        ({"reset": {"when": "run"}}, "needs a url or a command"),
        ({"reset": {"cookie": "c", "command": "true"}}, "a cookie of each browser's own"),
        ({"reset": {"cookie": "c", "url": "http://app.test/reset", "when": "run"}}, "a cookie of each browser's own"),
    ],
)
def test_what_a_benchmark_file_says_wrongly_is_told_in_one_line(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(yaml.safe_dump({"name": "app", "sites": {"app": {"url": "http://app.test"}}, **changes}))
    with pytest.raises(UsageError) as told:
        BenchmarkConfig.read(file)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("lines", ["1: stop", "1:", "1: 4"])
def test_a_solution_is_a_list_of_lines(tmp_path: Path, lines: str) -> None:
    file = tmp_path / "gold.yaml"
    file.write_text(lines)
    with pytest.raises(UsageError, match="the solution of 1 is a list of lines"):
        load_gold(file, {})


def test_a_solution_names_sites_as_task_files_do(tmp_path: Path) -> None:
    file = tmp_path / "gold.yaml"
    file.write_text("""1: ['goto "__SHOP__/orders"', stop]""")
    assert load_gold(file, {"shop": "http://shop.test"}) == {"1": ('goto "http://shop.test/orders"', "stop")}
    with pytest.raises(UsageError, match="the solution of 1 needs the address of the site 'shop'"):
        load_gold(file, {"forum": "http://forum.test"})


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('click button "Add"  near "near"', Click(node=3)),
        ('type textbox "near" "near"', Type(node=4, text="near")),
        ('type textbox "near" "near" enter near "near you"', Type(node=4, text="near", submit=True)),
        ('select combobox "Sort" "near"', Select(node=5, options=("near",))),
        ('select combobox "Sort" "a" "b"', Select(node=5, options=("a", "b"))),
    ],
)
def test_the_word_near_can_be_read_and_typed_too(line: str, found: Action) -> None:
    names = (
        ("#text", "", "far"),
        ("button", "Add", ""),
        ("button", "Add", ""),
        ("textbox", "near", ""),
        ("combobox", "Sort", ""),
    )
    elements = tuple(
        Element(id=number, tag=role, role=role, name=name, text=text)
        for number, (role, name, text) in enumerate(names, 1)
    )
    page = Observation(url="http://app.test/", elements=(*elements, Element(id=9, tag="#text", text="near you")))
    assert action_of(line, page) == found


@pytest.mark.parametrize(
    "line", ['type textbox "near" near "near you"', 'type textbox "near" "x" entr', 'click button "Add" near']
)
def test_a_line_with_too_much_or_too_little_is_no_step(line: str) -> None:
    field = Element(id=4, tag="input", role="textbox", name="near")
    button = Element(id=5, tag="button", role="button", name="Add")
    with pytest.raises(UsageError, match="is no step of a solution"):
        action_of(line, Observation(url="http://app.test/", elements=(field, button)))


def test_solutions_and_tasks_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    record = {"task_id": 1, "intent": "Go", "sites": ["app"], "eval": {"eval_types": ["string_match"]}}
    record["eval"] |= {"reference_answers": {"exact_match": "x"}, "reference_url": "", "program_html": []}
    tasks, gold = tmp_path / "tasks.json", tmp_path / "gold.yaml"
    gold.write_text("12: [stop]")
    benchmark = _benchmark(tasks=tasks, gold=gold)
    tasks.write_text(json.dumps([{**record, "start_url": "__APP__/"}]))
    with pytest.raises(UsageError, match=r"gold.yaml solves 12, and there is no such task; did you mean 1\?"):
        benchmark.solutions()
    tasks.write_text(json.dumps([{**record, "start_url": "", "sites": ["shop"]}]))
    with pytest.raises(UsageError, match=r"task app/1 begins nowhere"):
        benchmark.load()
