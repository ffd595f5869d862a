"""Synthesis through a real server on this machine that misbehaves in every way that servers do."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from made_endpoint import (
    Body,
    Endpoint,
    Reply,
    endless,
    hang,
    late,
    overflow,
    prompt_of,
    raw,
    reset,
    says,
    serving,
    status,
    trickle,
)
from made_syntheses import OPTIONS, answer, made, seeded, stage_of
from synthesis_judge import fault_of
from webapprentice import models
from webapprentice.core.faults import FaultError, LimitError
from webapprentice.core.records import Trajectory
from webapprentice.models.endpoint import EndpointModel
from webapprentice.store import Store
from webapprentice.synthesis import Synthesized

WANTED = 8


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with serving() as endpoint:
        yield endpoint


def write(
    folder: Path, server: Endpoint, examples: int = WANTED, options: dict[str, Any] | None = None, **settings: Any
) -> Synthesized:
    how = OPTIONS.with_(**(options or {}))
    fresh = not (folder / "store.sqlite").exists()

    async def go() -> Synthesized:
        model = models.load(server.url, how)
        assert isinstance(model, EndpointModel)
        try:
            return await made(folder, store, model, examples=examples, options=how, **settings)
        finally:
            await model.aclose()

    with seeded(folder) if fresh else Store.create(folder / "store.sqlite") as store:
        return asyncio.run(go())


def written(folder: Path) -> list[Trajectory]:
    with Store.read(folder / "store.sqlite") as store:
        return list(store.trajectories("synthetic/examples"))


def lines(folder: Path) -> list[str]:
    return [one.model_dump_json() for one in written(folder)]


def calm(folder: Path, server: Endpoint, examples: int = WANTED) -> list[str]:
    """What comes of it when nothing goes wrong."""
    server.policy = lambda _number, _body: None
    write(folder, server, examples)
    server.asked.clear()
    server.answered.clear()
    return lines(folder)


def test_a_storm_of_passing_trouble_costs_nothing_but_time(tmp_path: Path, server: Endpoint) -> None:
    want = calm(tmp_path / "calm", server)
    storm = [
        *[status(429, retry_after="0.05"), status(429), status(429, retry_after="soon"), status(500), status(502)],
        *[status(503, retry_after="0"), reset, hang, late, trickle],
    ]
    met = Counter[str]()

    def policy(number: int, _body: Body) -> Reply | None:
        if number % 2:
            return None
        reply = storm[number // 2 % len(storm)]
        met[getattr(reply, "__name__", "") + str(number // 2 % len(storm))] += 1
        return reply

    server.policy = policy
    told = write(tmp_path / "storm", server)
    assert lines(tmp_path / "storm") == want
    assert len(met) == len(storm)
    assert (told.examples, told.rejected) == (WANTED, {})
    assert 2 <= server.most <= OPTIONS.concurrency
    once = Counter(server.answered)
    assert told.asked == len(once)  # what came late was asked again, and counted once
    assert len(server.asked) < 3 * told.asked


def test_garbage_is_refused_with_its_reason(tmp_path: Path, server: Endpoint) -> None:
    """Contents of every kind, and bodies that are no answers; what is kept passes a judge of its own."""

    def spoiled(body: Body) -> dict[str, Reply]:
        good = answer(prompt_of(body), body["seed"])
        return {
            "empty": says(""),
            "prose": says("Certainly! Here is what I would do on such a page, step by step."),
            "twice": says(good + "\n" + good),
            "ids": says(good.replace("[", "[9")),
            "long": says("a" * 1_000_000),
            "cut": says(good[: len(good) // 2], "length"),
            "spaces": says(" " * 3_000, "length"),
            "json": raw(b"{"),
            "bytes": raw(b"\xff\xfe\x00"),
            "shape": raw(b'{"choices": [{"message": {"content": null}}]}'),
            "refusal": raw(b'{"choices": [{"message": {"content": null, "refusal": "no"}}]}'),
            "overflow": overflow,
            "invalid": raw(json.dumps({"choices": [{"message": {"content": "a\ud800b"}}]}).encode()),
        }

    seen = Counter[str]()

    def policy(number: int, body: Body) -> Reply | None:
        if body["seed"] % 2:
            return None
        kinds = spoiled(body)
        kind = list(kinds)[number // 2 % len(kinds)]
        seen[kind] += 1
        return kinds[kind]

    server.policy = policy
    told = write(tmp_path, server, examples=16)
    assert told.examples == 16
    assert [fault_of(one) for one in written(tmp_path)] == [""] * 16
    assert len(seen) == 13
    # Cut short in the middle, some answers still are what was asked for: a first line, the upper half of a page.
    assert sum(told.rejected.values()) >= sum(seen.values()) - seen["cut"] - seen["twice"] - seen["ids"]
    for fault in ("llm_bad_output", "llm_refusal", "context_overflow"):
        assert any(reason.endswith(f": {fault}") for reason in told.rejected)


def test_an_answer_without_an_end_is_cut_off(tmp_path: Path, server: Endpoint) -> None:
    server.policy = lambda number, _body: endless if number == 3 else None
    told = write(tmp_path, server, examples=2, options={"timeout": 5.0})
    assert told.examples == 2
    assert [reason.split(": ")[1] for reason in told.rejected] == ["llm_bad_output"]


def test_a_server_that_dies_for_a_while_costs_no_sample(tmp_path: Path, server: Endpoint) -> None:
    want = calm(tmp_path / "calm", server)
    server.policy = lambda number, _body: status(503) if 10 <= number < 14 else None
    told = write(tmp_path / "died", server, options={"retries": 0, "timeout": 20.0})
    assert lines(tmp_path / "died") == want
    assert (told.rejected, told.given_up) == ({}, {})
    assert told.failures == 4


def test_a_server_that_stays_dead_stops_the_run_which_goes_on_later(tmp_path: Path, server: Endpoint) -> None:
    want = calm(tmp_path / "calm", server)
    server.policy = lambda number, _body: reset if number > 12 else None
    with pytest.raises(FaultError, match=r"has not answered for \d+ s; .* run this again to go on") as caught:
        write(tmp_path / "dead", server, options={"retries": 0, "timeout": 20.0}, patience=1.0)
    assert caught.value.fault.kind == "llm_connection"
    server.policy = lambda _number, _body: None
    before = len(set(server.answered))
    told = write(tmp_path / "dead", server)
    assert lines(tmp_path / "dead") == want
    assert told.asked == len(set(server.answered)) - before == told.answers - before


def test_a_question_that_nobody_can_answer_is_given_up_alone(tmp_path: Path, server: Endpoint) -> None:
    poison: list[str] = []

    def policy(_number: int, body: Body) -> Reply | None:
        prompt = prompt_of(body)
        if stage_of(prompt) == "page" and not poison:
            poison.append(prompt)
        return hang if prompt in poison else None

    server.policy = policy
    told = write(tmp_path, server, options={"retries": 0, "timeout": 1.0}, tries=1)
    assert (told.examples, told.samples) == (WANTED, WANTED + 1)
    assert told.rejected == {"page: llm_timeout": 1}


def test_another_model_behind_the_same_name_stops_the_run(tmp_path: Path, server: Endpoint) -> None:
    server.model = "small-v1"

    def swapped(number: int, _body: Body) -> Reply | None:
        server.model = "small-v1" if number <= 20 else "small-v2"
        return None

    want = calm(tmp_path / "calm", server)
    server.policy = swapped
    with pytest.raises(FaultError, match="answered as small-v1 and now as small-v2") as caught:
        write(tmp_path / "swap", server)
    assert caught.value.fault.kind == "llm_swapped"
    assert len(server.answered) <= 20 + OPTIONS.concurrency
    with pytest.raises(FaultError, match="answered as small-v1 and now as small-v2"):
        write(tmp_path / "swap", server)  # remembered
    server.model = "small-v1"
    server.policy = lambda _number, _body: None
    write(tmp_path / "swap", server)
    assert lines(tmp_path / "swap") == want


def test_limits_of_money_and_time_hold_with_many_calls_under_way(tmp_path: Path, server: Endpoint) -> None:
    def spent() -> float:
        return (server.tokens[0] * 1.0 + server.tokens[1] * 10.0) / 1e6

    limits = {"money": 0.02, "price_in": 1.0, "price_out": 10.0}
    with pytest.raises(LimitError, match=r"limits\.money was reached \(0\.02\)"):
        write(tmp_path, server, limits=limits)
    assert 0.02 <= spent() < 0.025
    server.policy = lambda _number, _body: hang
    began = time.monotonic()
    with pytest.raises(LimitError, match=r"limits\.seconds was reached"):
        write(tmp_path, server, limits={"seconds": 0.5}, options={"timeout": 60.0, "deadline": 60.0})
    assert time.monotonic() - began < 10.0


def test_who_may_not_ask_is_told_at_once(tmp_path: Path, server: Endpoint) -> None:
    server.policy = lambda _number, _body: status(401)
    with pytest.raises(FaultError, match="status 401") as caught:
        write(tmp_path, server)
    assert caught.value.fault.kind == "llm_denied"
    assert len(server.asked) <= OPTIONS.concurrency + WANTED


def test_killed_at_any_moment_it_comes_to_the_same(tmp_path: Path, server: Endpoint) -> None:
    want = calm(tmp_path / "calm", server, 12)
    seeded(tmp_path / "killed").close()
    rng, kills, total = random.Random(7), 2, 0
    sets = [f"model={server.url}", "examples=12", "embedder=lexical", "options.concurrency=8", "options.timeout=20"]
    words = [sys.executable, "-m", "webapprentice", "synthesize", "--run", str(tmp_path / "killed"), "--json"]
    words += [word for one in sets for word in ("--set", one)]
    for life in range(kills + 1):
        last, now = life == kills, threading.Event()
        at = len(server.asked) + rng.randrange(5, 22)
        server.policy = lambda number, _body, at=at, now=now: now.set() if number >= at else None  # type: ignore[misc]
        environment = {**os.environ, "PYTHONHASHSEED": str(life + 1)}
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
            if not last:
                assert now.wait(60)
                process.kill()
            out, err = process.communicate(timeout=60)
        assert process.returncode == (0 if last else -9), err
        total = json.loads(out)["answers"] if last else 0
    assert lines(tmp_path / "killed") == want
    twice = len(server.asked) - len(set(server.asked))
    assert len(set(server.asked)) == total
    assert twice <= kills * 8  # only what was under way at a kill
