"""Tasks on somebody's own application: signed in, made new, judged once at the end, and every trouble by its name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from own_app import OwnApp
from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Goto, Stop
from webapprentice.core.faults import Fault, FaultError, Owner, UsageError
from webapprentice.core.protocols import Verdict
from webapprentice.core.records import Ending, Task
from webapprentice.evaluate import PoolConfig, attempt_all
from webapprentice.evaluate.rescoring import RescoreConfig, rescore
from webapprentice.models.scripted import ScriptedModel
from webapprentice.rollout import RolloutConfig
from webapprentice.sites import every
from webapprentice.sites.serving import Serving
from webapprentice.store import Store
from webapprentice.tasks import load
from webapprentice.tasks.benchmark import BenchmarkConfig
from webapprentice.tasks.conformance import examine
from webapprentice.tasks.environments import Played, solver_of
from webapprentice.tasks.local import local_benchmark
from webapprentice.tasks.probing import Prober
from webapprentice.tasks.siteworld import Held, SiteWorld, site_worlds

pytestmark = pytest.mark.browser


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnApp]:
    monkeypatch.setenv("NOTES_PASSWORD", "pw")
    with OwnApp() as running:
        yield running


async def _solve(world: SiteWorld, task: Task, file: Path) -> Verdict:
    start = await world.reset(task, 1)
    solve, seen = solver_of(task, file), start.observation
    assert solve is not None
    taken: list[object] = []
    while True:
        action = solve(start.goal, seen, taken)  # type: ignore[arg-type]
        happened = await world.step(action)
        if isinstance(action, Stop):
            return await world.verdict(action.answer)
        taken.append(action)
        seen = happened.observation or seen


@asynccontextmanager
async def _world(file: Path) -> AsyncIterator[SiteWorld]:
    async with site_worlds(BenchmarkConfig.read(file), 1, BrowserConfig(call_seconds=6.0)) as (world,):
        yield world


def test_solutions_score_and_idling_does_not_and_somebody_is_signed_in_once(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path, auth="auth")

    async def scene() -> None:
        async with _world(file) as world:
            for task in load("notes/*,-notes/4", file):
                assert (await _solve(world, task, file)).score == 1.0, task.id
                await world.reset(task, 1)
                idle = await world.verdict("")
                assert (idle.score, idle.fault) == (0.0, None), task.id
            assert app.logins == 1
            app.tickets.clear()  # the login has ended
            assert (await _solve(world, load("notes/2", file)[0], file)).score == 1.0
            assert app.logins == 2
        async with _world(file) as world:  # another run finds the login in its folder
            await world.reset(load("notes/0", file)[0], 1)
        assert app.logins == 2
        assert (tmp_path / "auth" / "notes_state.json").stat().st_mode & 0o077 == 0

    asyncio.run(scene())


def test_the_judge_looks_beside_the_agents_page_and_never_moves_it(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path)

    async def scene() -> None:
        async with _world(file) as world:
            task = load("notes/2", file)[0]
            await world.reset(task, 1)
            await world.step(Goto(url=f"{app.url}/about"))
            verdict = await world.verdict("")
            evidence = Held.model_validate_json(verdict.evidence or b"").evidence
            assert evidence.url == f"{app.url}/about"
            assert world.window.tabs == 1
            assert world.window.url == f"{app.url}/about"
            assert evidence.targets[0].content == "buy milk"
            assert verdict.score == 0.0

    asyncio.run(scene())


def test_what_is_wrong_with_a_site_has_a_name_and_is_nobodys_failure(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path)

    async def fault(world: SiteWorld) -> tuple[str, str]:
        with pytest.raises(FaultError) as told:
            await world.reset(load("notes/2", file)[0], 1)
        return told.value.fault.owner, told.value.fault.kind

    async def scene() -> None:
        async with _world(file) as world:
            task = load("notes/2", file)[0]
            app.status = 500
            assert await fault(world) == ("environment", "site_error")
            app.status, app.broken_reset = 0, True
            assert await fault(world) == ("environment", "reset_failed")
            app.broken_reset = False
            await world.reset(task, 1)  # and it goes on as if nothing had been
            app.status = 500
            verdict = await world.verdict("")
            assert verdict.score is None
            assert verdict.fault is not None
            assert (verdict.fault.owner, verdict.fault.kind) == ("environment", "site_error")
            app.status, app.sick_pages = 0, ("/",)
            await world.reset(task, 1)
            verdict = await world.verdict("")
            assert verdict.fault is not None
            assert (verdict.fault.kind, verdict.fault.message) == ("site_error", f"{app.url}/ answers 500")

    asyncio.run(scene())
    gone = app.write(tmp_path, sites={"notes": {"url": "http://127.0.0.1:9"}}, reset={"when": "never"})

    async def down() -> None:
        async with _world(gone) as world:
            assert await fault(world) == ("environment", "site_down")

    asyncio.run(down())


def test_a_wrong_account_and_a_login_page_without_its_fields_say_so(
    app: OwnApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told(file: Path) -> str:
        async with _world(file) as world:
            with pytest.raises(FaultError) as found:
                await world.reset(load("notes/0", file)[0], 1)
            assert found.value.fault.kind == "login_failed"
            return found.value.fault.message

    monkeypatch.setenv("NOTES_PASSWORD", "wrong")
    assert "check its account" in asyncio.run(told(app.write(tmp_path)))
    login = {"page": "/login", "user": "ann", "password": "pw", "user_field": "#nobody", "signed_in": "/account"}
    file = app.write(tmp_path, sites={"notes": {"url": app.url, "login": login}})
    assert "has no #nobody" in asyncio.run(told(file))
    monkeypatch.delenv("NOTES_PASSWORD")
    with pytest.raises(UsageError, match="NOTES_PASSWORD"):
        asyncio.run(told(app.write(tmp_path)))


def test_an_application_keeps_its_promises(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path)
    report = asyncio.run(examine(Played(load("notes/2,notes/4", file), file, BrowserConfig(call_seconds=6.0))))
    assert [finding for finding in report.findings if finding.state == "broken"] == []
    skipped = {(finding.task, finding.words) for finding in report.findings if finding.state == "skipped"}
    assert skipped == {("notes/4", "only a language model can judge this")}


def test_a_state_that_all_browsers_share_is_found_out(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path, reset={"url": f"{app.url}/testing/reset", "cookie": "unknown"})
    report = asyncio.run(examine(Played(load("notes/2", file), file, BrowserConfig(call_seconds=6.0))))
    broken = {finding.check for finding in report.findings if finding.state == "broken"}
    assert "the known solution scores 1, in its own world and its own episode alone" in broken
    alone = app.write(tmp_path, reset={"url": f"{app.url}/testing/reset"})
    with pytest.raises(UsageError, match="played one by one"):
        asyncio.run(examine(Played(load("notes/2", alone), alone)))


def test_a_rollout_judges_at_its_end_and_keeps_what_it_judged_by(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path)
    pool = PoolConfig(benchmark=file, contexts=3, browser=BrowserConfig(call_seconds=6.0))
    with Store.create(tmp_path / "store.sqlite") as store:
        asyncio.run(attempt_all(None, load("notes/*", file), [0], 1, RolloutConfig(), store, "gold", pool=pool))
        found = {one.task.id: one for one in store.trajectories("gold")}
        assert {name: one.score for name, one in found.items()} == {
            **{f"notes/{number}": 1.0 for number in range(4)},
            "notes/4": None,
        }
        assert all(one.ending is Ending.STOPPED and one.fault is None for one in found.values())
        (opinion,) = found["notes/4"].judgments
        assert opinion.passed is None
        assert "question" in opinion.reason
        assert opinion.evidence is not None
        assert Held.model_validate_json(store.blob(opinion.evidence)).evidence.answer == "fine"


def test_open_questions_are_judged_later_and_a_judge_that_is_offline_costs_nothing(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path)
    pool = PoolConfig(benchmark=file, contexts=2, browser=BrowserConfig(call_seconds=6.0))
    offline = FaultError(Fault(owner=Owner.MODEL, kind="llm_connection", message="nobody there"))
    how = RescoreConfig(collection="gold")

    def scores(store: Store) -> dict[str, tuple[float | None, str | None]]:
        return {one.task.id: (one.score, one.fault and one.fault.kind) for one in store.trajectories("gold")}

    with Store.create(tmp_path / "store.sqlite") as store:
        asyncio.run(attempt_all(None, load("notes/1,notes/4", file), [0], 1, RolloutConfig(), store, "gold", pool=pool))
        steps = [one.steps for one in store.trajectories("gold")]
        app.status = 500  # from here on the sites are not needed
        assert asyncio.run(rescore(store, "gold", how, None)).unjudged == 1
        report = asyncio.run(rescore(store, "gold", how, ScriptedModel([offline] * 4)))
        assert report.faults == {"evaluator/judge_offline": 1}
        assert scores(store) == {"notes/1": (1.0, None), "notes/4": (None, "judge_offline")}
        judge = ScriptedModel(["They say the same. Verdict: correct"])
        report = asyncio.run(rescore(store, "gold", how, judge))
        assert (report.changed, report.judged, report.solved, len(judge.asked)) == (1, 2, 2, 1)
        again = asyncio.run(rescore(store, "gold", how, judge))
        assert (again.changed, again.solved, len(judge.asked)) == (0, 2, 1)
        assert [one.steps for one in store.trajectories("gold")] == steps
        verified = asyncio.run(rescore(store, "gold", how.with_(verified=True), judge))
        assert verified.solved == 2
        found = next(store.trajectories("gold"))
        assert {one.judge for one in found.judgments} == {"webarena", "webarena/verified"}


def test_attempts_that_a_site_spoiled_are_made_again_alone(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path)
    pool = PoolConfig(benchmark=file, contexts=2, browser=BrowserConfig(call_seconds=6.0))

    def attempt(store: Store, pool: PoolConfig) -> dict[str, str | None]:
        tasks = load("notes/0,notes/2", file)
        asyncio.run(attempt_all(None, tasks, [0], 1, RolloutConfig(), store, "gold", pool=pool))
        return {one.task.id: one.fault and one.fault.kind for one in store.trajectories("gold")}

    with Store.create(tmp_path / "store.sqlite") as store:
        app.sick_pages = ("/testing/state",)
        assert attempt(store, pool) == {"notes/0": None, "notes/2": "site_error"}
        app.sick_pages = ()
        assert attempt(store, pool) == {"notes/0": None, "notes/2": "site_error"}  # finished is finished
        with pytest.raises(UsageError, match="no attempt of gold ended in 'site_eror'; did you mean site_error"):
            attempt(store, pool.with_(again=("site_eror",)))
        assert attempt(store, pool.with_(again=("site_error",))) == {"notes/0": None, "notes/2": None}
        assert all(one.succeeded for one in store.trajectories("gold"))
        assert store.counts()["abandoned"] >= 1


def test_on_a_site_that_all_share_a_fault_in_the_middle_holds_nobody_up(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path, reset={"when": "never"})
    pool = PoolConfig(benchmark=file, contexts=2, browser=BrowserConfig(call_seconds=6.0))
    fault = FaultError(Fault(owner=Owner.MODEL, kind="llm_refused", message="no"))
    model = ScriptedModel(lambda _prompt, _sampling: fault)
    with Store.create(tmp_path / "store.sqlite") as store:
        how = RolloutConfig(dialect="webarena")
        asyncio.run(attempt_all(model, load("notes/2", file), [0, 1, 2], 1, how, store, "made", pool=pool))
        faults = [one.fault and one.fault.kind for one in store.trajectories("made")]
    assert faults == ["llm_refused"] * 3


def test_what_one_site_gave_is_not_kept_for_another(tmp_path: Path) -> None:
    async def scene() -> None:
        with Serving(every()) as serving:
            benchmark = local_benchmark(serving).with_(auth=tmp_path)
            async with site_worlds(benchmark, 1, BrowserConfig(call_seconds=6.0)) as (world,):
                await world.reset(load("sites/shop/*")[0].with_(sites=("shop", "forum")), 1)
        for name in ("shop", "forum"):
            kept = json.loads((tmp_path / f"{name}_state.json").read_text())["cookies"]
            assert {one["domain"].lstrip(".") for one in kept} == {f"{name}.test"}

    asyncio.run(scene())


def test_who_goes_to_the_login_page_by_itself_meets_no_wall_there(app: OwnApp, tmp_path: Path) -> None:
    file = app.write(tmp_path)

    async def scene() -> None:
        async with _world(file) as world:
            await world.reset(load("notes/0", file)[0], 1)
            assert (await world.step(Goto(url=f"{app.url}/login"))).wall is None
            app.tickets.clear()  # the login has ended under the agent
            assert (await world.step(Goto(url=f"{app.url}/login"))).wall == "blocked_login"

    asyncio.run(scene())


def test_a_connection_that_the_server_has_given_up_is_no_site_that_is_down(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        writer.write(answer)
        await writer.drain()
        if asked == 1:  # keeps the connection, and then hangs up on the next question
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        benchmark = BenchmarkConfig.model_validate({"name": "x", "sites": {"x": {"url": url}}})
        async with Prober(benchmark) as prober:
            await prober.health("x")
            await prober.health("x")
        server.close()

    asyncio.run(scene())
    assert asked == 2
