from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from own_app import OwnApp
from webapprentice.browser import find_chromium
from webapprentice.cluster import ClusterConfig, Foreman, ThreadYard, connect
from webapprentice.cluster.hand import ROOM, Hand
from webapprentice.cluster.roster import Roster
from webapprentice.core.faults import LimitError, Owner, UnavailableError, UsageError
from webapprentice.core.protocols import News, Parcel, Port
from webapprentice.core.records import Ending
from webapprentice.evaluate import Named, PoolConfig, attempt_all
from webapprentice.evaluate.remote import Setup
from webapprentice.models import ScriptedModel
from webapprentice.rollout import Budget, RolloutConfig, RunLimits
from webapprentice.store import Store
from webapprentice.tasks import load

ROOT = Path(__file__).parents[1]
HERE = "test_cluster"
CONFIG = ClusterConfig(close_seconds=2.0, call_seconds=5.0, retries=3)


# Errands, called by name


def echo(setup: bytes, port: Port) -> None:
    """Says every parcel's body back, in two pieces of news."""
    while not port.closed:
        parcel = port.take(0.02)
        if parcel is not None:
            port.tell(News(parcel.key, setup))
            port.tell(News(parcel.key, parcel.body, last=True))


def hopeless(setup: bytes, port: Port) -> None:
    raise UnavailableError("no Chromium found")


def broken(setup: bytes, port: Port) -> None:
    raise KeyError("our own bug")


def flood(setup: bytes, port: Port) -> None:
    parcel = port.take(5.0)
    assert parcel is not None
    for number in range(3 * ROOM):
        port.tell(News(parcel.key, str(number).encode()))
    port.tell(News(parcel.key, b"", last=True))
    while not port.closed:
        port.take(0.05)


def mute(setup: bytes, port: Port) -> None:
    while not port.closed:
        port.take(0.05)


def parcels(number: int) -> list[Parcel]:
    return [Parcel(f"k{n}", str(n).encode()) for n in range(number)]


def carried_out(
    errand: str, yard: ThreadYard, number: int, *, config: ClusterConfig = CONFIG, most: int = 4
) -> tuple[list[News], Foreman]:
    foreman = Foreman(yard, config, most)

    async def run() -> list[News]:
        async with asyncio.timeout(60):
            return [
                one
                async for batch in foreman.carry_out(f"{HERE}:{errand}", b"set up", parcels(number))
                for one in batch
            ]

    return asyncio.run(run()), foreman


# Who has what


@given(
    number=st.integers(1, 12),
    retries=st.integers(0, 3),
    events=st.lists(st.tuples(st.sampled_from(["hand", "news", "late", "lose"]), st.integers(0, 2)), max_size=60),
)
def test_every_parcel_comes_to_one_end_whatever_dies(number: int, retries: int, events: list[tuple[str, int]]) -> None:
    roster, ends = Roster(parcels(number), retries), Counter[str]()
    hands: dict[str, list[str]] = {"0": [], "1": [], "2": []}
    for event, which in [*events, *[("hand", 0), ("news", 0)] * (2 * number)]:
        worker = str(which)
        if event == "hand":
            hands[worker] += [parcel.key for parcel in roster.hand(worker, 3)]
            assert roster.held(worker) <= 3
        elif event == "news" and hands[worker]:
            done = News(hands[worker].pop(0), b"", last=True)
            ends.update(one.key for one in roster.hear(worker, [done, done]) if one.last)
        elif event == "late":
            assert roster.hear("9", [News("k0", b"", last=True)]) == []
        elif event == "lose":
            hands[worker] = []
            ends.update(one.key for one in roster.lose(worker, "gone"))
        else:
            continue
        assert all(times == 1 for times in ends.values())
    for worker in ("1", "2"):
        ends.update(one.key for one in roster.lose(worker, "gone"))
    while found := roster.hand("0", 3):
        ends.update(one.key for one in roster.hear("0", [News(parcel.key, b"", last=True) for parcel in found]))
    assert roster.open == 0
    assert ends == Counter(parcel.key for parcel in parcels(number))


def test_what_killed_two_workers_is_handed_out_alone_and_last() -> None:
    roster = Roster(parcels(5), retries=2)
    assert [parcel.key for parcel in roster.hand("a", 2)] == ["k0", "k1"]
    assert roster.lose("a", "gone") == []
    assert [parcel.key for parcel in roster.hand("b", 2)] == ["k0", "k1"]
    assert roster.lose("b", "gone") == []
    assert [parcel.key for parcel in roster.hand("c", 9)] == ["k2", "k3", "k4"]
    assert [parcel.key for parcel in roster.hand("d", 9)] == ["k0"]
    assert roster.hand("d", 9) == []
    (given_up,) = roster.lose("d", "out of memory")
    assert (given_up.key, given_up.last) == ("k0", True)
    assert "3 times" in given_up.lost
    assert "out of memory" in given_up.lost


# Handing out, with the scripted twin


def test_all_news_comes_in_order_and_each_end_once() -> None:
    news, foreman = carried_out("echo", ThreadYard(3), 50)
    assert Counter(one.key for one in news if one.last) == Counter(parcel.key for parcel in parcels(50))
    for parcel in parcels(50):
        assert [one.body for one in news if one.key == parcel.key] == [b"set up", parcel.body]
    assert foreman.lost == 0


def test_workers_that_die_are_replaced_and_nothing_ends_twice() -> None:
    yard = ThreadYard(3, dies=lambda worker, call: worker <= 6 and call == 1 + worker % 3)
    news, foreman = carried_out("echo", yard, 60)
    assert Counter(one.key for one in news if one.last) == Counter(parcel.key for parcel in parcels(60))
    assert foreman.lost == 6
    assert not any(one.lost for one in news)


def test_a_worker_with_much_to_say_waits_until_it_is_heard() -> None:
    hand = Hand(f"{HERE}:flood", b"")
    hand.start()
    first, over = hand.exchange([("k0", b"")], 5.0)
    time.sleep(0.3)
    second, _ = hand.exchange([], 0.1)
    assert over is None
    assert len(first) <= ROOM
    assert len(second) == ROOM  # it had 300 ms to say more
    assert hand.close(5.0)
    news, _ = carried_out("flood", ThreadYard(1), 1)
    assert [int(one.body) for one in news[:-1]] == list(range(3 * ROOM))


def test_what_workers_raise_is_raised_here() -> None:
    with pytest.raises(UnavailableError, match=r"no Chromium found \(worker on "):
        carried_out("hopeless", ThreadYard(2), 3)
    with pytest.raises(RuntimeError, match="our own bug"):
        carried_out("broken", ThreadYard(2), 3)


def test_a_crew_that_only_dies_is_given_up_with_its_work_left_open() -> None:
    with pytest.raises(UnavailableError, match="died one after the other"):
        carried_out("echo", ThreadYard(2, dies=lambda worker, call: True), 3)


def test_a_worker_that_answers_and_does_nothing_is_replaced() -> None:
    config = CONFIG.with_(silence_seconds=0.3, retries=0)
    yard = ThreadYard(1)
    started = time.monotonic()
    news, foreman = carried_out("mute", yard, 1, config=config)
    assert [bool(one.lost) for one in news] == [True]
    assert foreman.lost == 1
    assert time.monotonic() - started < 20


# Episodes by workers, with Chromium and the scripted twin


def attempts(
    folder: Path, name: str, executor: Foreman | None = None, *, model: ScriptedModel | None = None, seeds: int = 3
) -> tuple[list[str], dict[str, tuple[object, ...]], dict[str, int]]:
    tasks = load("miniwob/click-test,miniwob/enter-text,miniwob/click-checkboxes,miniwob/click-dialog")
    pool = PoolConfig(contexts=2, cluster=ClusterConfig(workers=2))
    with Store.create(folder / f"{name}.sqlite") as store:
        keys = asyncio.run(
            attempt_all(
                model,
                tasks,
                range(seeds),
                1,
                RolloutConfig(max_steps=3),
                store,
                "c",
                pool=pool,
                executor=executor,
                named=Named(name="scripted:stop = x"),
            )
        )
        found = {
            one.key: (one.score, one.ending, tuple((step.said, step.outcome.result) for step in one.steps))
            for one in store.trajectories("c")
        }
        return keys, found, store.counts()


def test_workers_do_not_share_a_site_that_has_one_state_for_everybody(tmp_path: Path) -> None:
    app = OwnApp()  # not even running: it is refused before anybody is asked
    for reset in ({"when": "never"}, {"url": f"{app.url}/testing/reset"}):
        file = app.write(tmp_path, reset=reset)
        pool = PoolConfig(benchmark=file, cluster=ClusterConfig(workers=2))
        foreman = Foreman(ThreadYard(2), pool.cluster, 3)
        with Store.create(tmp_path / "s.sqlite") as store:
            doing = attempt_all(
                None, load("notes/0", file), [0], 1, RolloutConfig(), store, "c", pool=pool, executor=foreman
            )
            with pytest.raises(UsageError, match="notes has one state for everybody"):
                asyncio.run(doing)
    app.close()


def test_workers_in_another_folder_find_the_benchmark_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = OwnApp()
    app.write(tmp_path)
    app.close()
    monkeypatch.chdir(tmp_path)
    told: list[bytes] = []

    class Listening:
        async def carry_out(self, errand: str, setup: bytes, parcels: Sequence[Parcel]) -> AsyncGenerator[list[News]]:
            told.append(setup)
            yield [News(one.key, b"", last=True, lost="nobody works here") for one in parcels]

    pool = PoolConfig(benchmark=Path("notes.yaml"), cluster=ClusterConfig(workers=2))
    with Store.create(tmp_path / "s.sqlite") as store:
        tasks = load("notes/0", pool.benchmark)
        asyncio.run(attempt_all(None, tasks, [0], 1, RolloutConfig(), store, "c", pool=pool, executor=Listening()))
    assert Setup.model_validate_json(told[0]).pool.benchmark == tmp_path / "notes.yaml"


needs_browser = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")


@pytest.mark.browser
@needs_browser
def test_workers_that_die_give_what_this_process_gives(tmp_path: Path) -> None:
    here = attempts(tmp_path, "here")
    yard = ThreadYard(2, dies=lambda worker, call: worker in (1, 3) and call == 4)
    foreman = Foreman(yard, ClusterConfig(workers=2, close_seconds=5.0), 3)
    there = attempts(tmp_path, "there", foreman)
    assert here[:2] == there[:2]
    assert there[2]["closed"] == 12
    assert there[2].get("open", 0) == 0
    assert foreman.lost >= 1


@pytest.mark.browser
@needs_browser
def test_an_episode_whose_workers_all_die_is_the_environments_fault(tmp_path: Path) -> None:
    tasks = load("miniwob/click-test")
    yard = ThreadYard(1, dies=lambda worker, call: call == 2)
    foreman = Foreman(yard, ClusterConfig(workers=1, retries=1, close_seconds=5.0), 1)
    with Store.create(tmp_path / "s.sqlite") as store:
        (key,) = asyncio.run(
            attempt_all(None, tasks, [0], 1, RolloutConfig(), store, "c", pool=PoolConfig(contexts=1), executor=foreman)
        )
        (lost,) = store.trajectories("c")
    assert lost.key == key
    assert (lost.ending, lost.score) == (Ending.FAULT, None)
    assert lost.fault is not None
    assert (lost.fault.owner, lost.fault.kind) == (Owner.ENVIRONMENT, "worker_lost")


@pytest.mark.browser
@needs_browser
def test_workers_load_the_model_by_its_name_and_the_runs_limits_hold(tmp_path: Path) -> None:
    model = ScriptedModel(lambda prompt, sampling: "stop = x", name="stop = x")
    foreman = Foreman(ThreadYard(2), ClusterConfig(workers=2, close_seconds=5.0), 3)
    keys, found, _ = attempts(tmp_path, "named", foreman, model=model, seeds=1)
    assert [found[key][1] for key in keys] == [Ending.STOPPED] * 4
    other = ScriptedModel(lambda prompt, sampling: "stop = y", name="y")
    with pytest.raises(UsageError, match="other weights"):
        attempts(tmp_path, "other", foreman, model=other)
    with Store.create(tmp_path / "l.sqlite") as store, pytest.raises(LimitError, match=r"pool\.limits\.steps"):
        asyncio.run(
            attempt_all(
                None,
                load("miniwob/click-test"),
                range(8),
                1,
                RolloutConfig(),
                store,
                "c",
                pool=PoolConfig(contexts=1),
                budget=Budget(RunLimits(steps=2)),
                executor=Foreman(ThreadYard(1), ClusterConfig(workers=1, close_seconds=5.0), 1),
            )
        )


def test_a_model_that_workers_cannot_have_is_refused(tmp_path: Path) -> None:
    model = ScriptedModel(["stop = x"])
    with Store.create(tmp_path / "s.sqlite") as store, pytest.raises(UsageError, match="endpoint, a checkpoint folder"):
        asyncio.run(
            attempt_all(
                model,
                load("miniwob/click-test"),
                [0],
                1,
                RolloutConfig(),
                store,
                "c",
                executor=Foreman(ThreadYard(1), CONFIG, 1),
                named=Named(name="scripted:@answers.txt"),
            )
        )


# Ray


def test_a_cluster_without_a_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(UsageError, match="allow_unauthenticated=true"), connect(ClusterConfig(address="head:6379")):
        pass


needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_one_line_says_what_to_install() -> None:
    with pytest.raises(UnavailableError, match=r"webapprentice\[ray\]"), connect(ClusterConfig()):
        pass


def told(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


@pytest.mark.browser
@pytest.mark.slow
@needs_ray
@needs_browser
def test_three_nodes_under_kills_give_the_same_episodes() -> None:
    done = told(str(ROOT / "bench/ray_kills.py"), "--episodes", "24", "--every", "4", "--contexts", "2")
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert found["kills"] >= 1
    assert found["same_keys"]
    assert found["episodes_that_differ"] == found["worker_lost"] == found["orphans"] == 0
    assert found["closed"] == found["episodes"]
