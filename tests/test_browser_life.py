"""Coming to rest, deadlines, and the way back: page, context, browser."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from conftest import Stage
from webapprentice.browser import Browser, BrowserConfig, Window, act, find_chromium
from webapprentice.browser.chromium import sweep
from webapprentice.core.actions import Click, Select, Type
from webapprentice.core.faults import FaultError, Owner, UnavailableError
from webapprentice.core.records import Observation

pytestmark = pytest.mark.browser


def node(observation: Observation, name: str) -> int:
    return next(element.id for element in observation.elements if element.name == name)


def said(observation: Observation) -> str:
    return " ".join(element.text for element in observation.elements if element.text.endswith(("done", "idle")))


@pytest.mark.parametrize("what", ["timer", "fetch", "frames", "fade"])
@pytest.mark.parametrize("page", ["lively.html", "lively.html?spin"])
def test_an_observation_waits_for_what_the_action_set_in_motion(
    stage: Stage, window: Window, what: str, page: str
) -> None:
    stage.run(window.goto(stage.url + page))
    seen = stage.run(window.observe()).observation
    stage.run(act(window, Click(node=node(seen, what))))
    after = stage.run(window.observe())
    assert said(after.observation) == f"{what} done"
    assert after.quiet


PENDING = {
    "a timer that ends": ("timer", "setTimeout(() => 0, 100)"),
    "a timer that is put off": ("timer", "const t = setTimeout(() => 0, 450); onmousedown = () => clearTimeout(t)"),
    "a frame that ends": ("frames", "requestAnimationFrame(() => 0)"),
    "a chain of timers that ends": ("timer", "chain(5, (go) => setTimeout(go, 20), () => 0)"),
    "a timer that goes on": ("timer", "(function turn() { setTimeout(turn, 20) })()"),
    "a timer of a frame": ("timer", "frames[0].setTimeout(() => 0, 100)"),
    "a request": ("fetch", "window.fetch('shadow.html')"),
    "a request in a request": ("fetch", "window.fetch('shadow.html').then((reply) => reply.text())"),
}
"""What is to be pressed, and what the page has begun just before."""


@pytest.mark.parametrize("pending", PENDING)
def test_what_was_pending_before_the_action_does_not_stand_for_what_it_sets_in_motion(
    stage: Stage, window: Window, pending: str
) -> None:
    what, begun = PENDING[pending]
    stage.run(window.goto(stage.url + "lively.html"))
    stage.run(window.evaluate("document.body.append(document.createElement('iframe'))"))
    seen = stage.run(window.observe()).observation
    just_before = f"const begin = __apprentice.begin; __apprentice.begin = () => {{ {begun}; begin(); }}"
    stage.run(window.evaluate(f"(() => {{ {just_before} }})()"))
    stage.run(act(window, Click(node=node(seen, what))))
    after = stage.run(window.observe())
    assert said(after.observation) == f"{what} done"
    assert after.quiet


ENDLESS = {
    "a poll": "(function poll() { setTimeout(() => window.fetch('shadow.html').then(poll), 20) })()",
    "a sleeping loop": "(async () => { for (;;) await new Promise((go) => setTimeout(go, 20)) })()",
    "a drawing loop": "(async () => { for (;;) await new Promise(requestAnimationFrame) })()",
    "a watchdog": "((w) => setInterval(() => { clearTimeout(w); w = setTimeout(say, 450) }, 60))(setTimeout(say, 450))",
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_goes_on_for_ever_is_not_waited_for(stage: Stage, window: Window, what: str) -> None:
    stage.run(window.goto(stage.url + "lively.html"))
    seen = stage.run(window.observe()).observation
    stage.run(window.evaluate(f"void {ENDLESS[what]}"))
    for _ in range(5):
        stage.run(act(window, Click(node=node(seen, "slow"))))
        assert stage.run(window.observe()).quiet


def test_a_look_that_was_given_up_does_nothing_to_those_after_it(stage: Stage, window: Window) -> None:
    async def scene() -> None:
        await window.goto(stage.url + "lively.html")
        seen = (await window.observe()).observation
        await act(window, Click(node=node(seen, "timer")))
        overtaken = asyncio.create_task(window.evaluate("__apprentice.look({ cap: 2000 })"))
        await asyncio.sleep(0)  # it is asked first
        assert said((await window.observe()).observation) == "timer done"
        assert await overtaken == ""

    stage.run(scene())


def test_a_navigation_is_waited_for_and_its_elements_are_new(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "lively.html"))
    seen = stage.run(window.observe()).observation
    stage.run(act(window, Click(node=node(seen, "away"))))
    after = stage.run(window.observe()).observation
    assert after.title == "Names"
    assert min(element.id for element in after.elements) > max(element.id for element in seen.elements)


SENDING = """<title>Before</title>
<form action=/there method=post><button>post</button></form>
<form action=/there><input aria-label=enter name=words></form>
<form action=/there><select aria-label=choose onchange="this.form.requestSubmit()"><option>a<option>b</select></form>
<form action=/there id=late><button type=button onclick="late.submit()">script</button></form>
<form onsubmit="event.preventDefault(); out.textContent = 'taken over'"><button>own</button></form>
<output id=out></output>"""


class Slow:
    """Gives the page with forms at once, and the page that they lead to when it is let go."""

    def __init__(self) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        body = SENDING.encode()
        if path.startswith(b"/there"):
            body = b"<title>After</title><p>here</p>"
            self.asked.set()
            await self.go.wait()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@pytest.mark.parametrize("what", ["post", "enter", "choose", "script"])
def test_a_form_that_was_sent_is_waited_for(stage: Stage, window: Window, what: str) -> None:
    async def scene() -> None:
        slow = Slow()
        async with await asyncio.start_server(slow.answer, "127.0.0.1", 0) as server:
            address = "http://{}:{}".format(*server.sockets[0].getsockname())
            window.allow((address,))
            await window.goto(address)
            place = node((await window.observe()).observation, what)
            action = {"enter": Type(node=place, text="x", submit=True), "choose": Select(node=place, options=("b",))}
            await act(window, action.get(what, Click(node=place)))
            looking = asyncio.create_task(window.observe())
            async with asyncio.timeout(10.0):
                await slow.asked.wait()
            assert not (await asyncio.wait({looking}, timeout=0.2))[0], "the page that is being left was read"
            slow.go.set()
            assert (await looking).observation.title == "After"

    stage.run(scene())


def test_a_form_that_the_page_takes_over_is_not_waited_for(stage: Stage, window: Window) -> None:
    async def scene() -> None:
        slow = Slow()
        slow.go.set()
        async with await asyncio.start_server(slow.answer, "127.0.0.1", 0) as server:
            address = "http://{}:{}".format(*server.sockets[0].getsockname())
            window.allow((address,))
            await window.goto(address)
            await act(window, Click(node=node((await window.observe()).observation, "own")))
            after = await window.observe()
            assert after.quiet
            assert after.observation.title == "Before"
            assert await window.evaluate("out.textContent") == "taken over"

    stage.run(scene())


def test_nobody_waits_for_a_timer_of_seconds(stage: Stage, window: Window) -> None:
    stage.run(window.goto(stage.url + "lively.html"))
    seen = stage.run(window.observe()).observation
    began = time.perf_counter()
    stage.run(act(window, Click(node=node(seen, "slow"))))
    assert said(stage.run(window.observe()).observation) == "idle"
    assert time.perf_counter() - began < 3


def test_a_killed_browser_is_started_again(stage: Stage) -> None:
    async def scene() -> None:
        async with Browser.launch(stage.browser.config) as browser:
            first, second = await browser.open(), await browser.open()
            await first.goto(stage.url + "names.html")
            pid = browser.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(FaultError) as caught:
                await _until_it_fails(first)
            assert caught.value.fault.owner is Owner.ENVIRONMENT
            for window in (first, second):
                await window.renew()
                await window.goto(stage.url + "names.html")
                assert (await window.observe()).observation.title == "Names"
            assert browser.pid not in (None, pid)

    stage.run(scene())


def test_whoever_waits_for_a_page_is_told_that_the_browser_has_died(stage: Stage) -> None:
    async def scene(body: bool) -> str:
        asked, serving = asyncio.Event(), []

        async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            serving.append(asyncio.current_task())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n<p>half of it")
            asked.set()
            await reader.read()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

        server = await asyncio.start_server(half, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with Browser.launch(stage.browser.config.with_(origins=(url,))) as browser:
            window = await browser.open()
            loading = asyncio.create_task(window.goto(url))
            await asked.wait()
            while body and not window.url.startswith(url):  # noqa: ASYNC110 - the window tells nobody
                await asyncio.sleep(0)
            assert browser.pid is not None
            os.kill(browser.pid, signal.SIGKILL)
            with pytest.raises(FaultError) as caught:
                await loading
            assert not window.healthy
        server.close()
        await asyncio.gather(*serving, return_exceptions=True)
        return caught.value.fault.kind

    assert stage.run(scene(body=False)) == "browser_dead"
    assert stage.run(scene(body=True)) == "browser_dead"


def test_a_browser_that_is_ended_while_it_starts_is_started_once_more(stage: Stage, tmp_path: Path) -> None:
    wrapper, doomed = tmp_path / "chromium", tmp_path / "doomed"
    wrapper.write_text(
        f'#!/bin/sh\nif [ -f {doomed} ]; then rm {doomed}; exit 1; fi\n{stage.browser.executable} "$@"\n'
    )
    wrapper.chmod(0o755)

    async def scene() -> None:
        async with Browser.launch(stage.browser.config.with_(executable=str(wrapper))) as browser:
            window = await browser.open()
            assert browser.pid is not None
            doomed.touch()
            os.kill(browser.pid, signal.SIGKILL)
            await window.renew()
            await window.goto(stage.url + "names.html")
            assert (await window.observe()).observation.title == "Names"
            assert not doomed.exists()

    stage.run(scene())


def test_what_outlives_a_killed_browser_is_ended_with_it(stage: Stage, tmp_path: Path) -> None:
    wrapper, note = tmp_path / "chromium", tmp_path / "pid"
    wrapper.write_text(f'#!/bin/sh\nsleep 300 &\necho $! > {note}\nexec {stage.browser.executable} "$@"\n')
    wrapper.chmod(0o755)

    async def scene() -> int:
        async with Browser.launch(stage.browser.config.with_(executable=str(wrapper))) as browser:
            pipe = browser._pipe
            assert pipe is not None
            os.kill(pipe.pid, signal.SIGKILL)
            await pipe.over.wait()
            return int(note.read_text())

    assert _running({stage.run(scene())}) == set()


async def _until_it_fails(window: Window) -> None:
    async with asyncio.timeout(5):
        while True:
            await window.observe()


def test_the_last_rung_replaces_a_browser_that_answers_no_more(stage: Stage) -> None:
    async def scene() -> None:
        async with Browser.launch(stage.browser.config.with_(call_seconds=2.0)) as browser:
            window = await browser.open()
            pid = browser.pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            await window.renew()
            await window.goto(stage.url + "names.html")
            assert (await window.observe()).observation.title == "Names"
            assert browser.pid != pid

    stage.run(scene())


def test_every_window_has_the_keyboard(stage: Stage) -> None:
    async def scene() -> list[str | None]:
        windows = [await stage.browser.open() for _ in range(4)]

        async def fill(number: int, window: Window) -> str | None:
            await window.goto(stage.url + "forms.html")
            seen = (await window.observe(probe="document.hasFocus()")).observation
            field = node(seen, "Name")
            await act(window, Type(node=field, text=f"window {number}"))
            after = await window.observe(probe="document.hasFocus()")
            assert after.extra is True
            found = after.observation.element(field)
            return found.value if found else None

        values = await asyncio.gather(*(fill(number, window) for number, window in enumerate(windows)))
        for window in windows:
            await window.close()
        return list(values)

    assert stage.run(scene()) == [f"window {number}" for number in range(4)]


def test_windows_share_no_storage(stage: Stage) -> None:
    async def scene() -> object:
        first, second = await stage.browser.open(), await stage.browser.open()
        for window in (first, second):
            await window.goto(stage.url + "names.html")
        await first.evaluate("document.cookie = 'a=1', localStorage.setItem('a', 1)")
        left = await second.evaluate("document.cookie + localStorage.length")
        await first.close()
        await second.close()
        return left

    assert stage.run(scene()) == "0"


def test_the_browser_is_looked_for_where_it_was_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "chrome"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("WEBAPPRENTICE_CHROMIUM", str(own))
    assert find_chromium() == own
    monkeypatch.setenv("WEBAPPRENTICE_CHROMIUM", str(tmp_path / "nothing"))
    with pytest.raises(UnavailableError, match="WEBAPPRENTICE_CHROMIUM"):
        find_chromium()
    monkeypatch.delenv("WEBAPPRENTICE_CHROMIUM")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() is None
    download = tmp_path / "chromium-1" / "chrome-linux" / "chrome"
    download.parent.mkdir(parents=True)
    download.write_text("#!/bin/sh\n")
    download.chmod(0o755)
    assert find_chromium() == download


def test_without_a_browser_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("PATH", str(tmp_path)), ("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WEBAPPRENTICE_CHROMIUM", raising=False)

    async def launch() -> None:
        async with Browser.launch(BrowserConfig()):
            pass

    with pytest.raises(UnavailableError, match="playwright install chromium") as caught:
        asyncio.run(launch())
    assert caught.value.exit_code == 69
    assert "\n" not in str(caught.value)


def test_the_version_says_whether_the_sandbox_is_on(stage: Stage) -> None:
    assert stage.browser.version.startswith("chromium 1")
    assert ("no sandbox" in stage.browser.version) == (os.geteuid() == 0)


def test_a_browser_that_has_served_long_is_replaced_between_episodes(stage: Stage) -> None:
    async def scene() -> None:
        async with Browser.launch(stage.browser.config.with_(recycle_episodes=3)) as browser:
            windows = [await browser.open() for _ in range(2)]
            pids = set()
            for _ in range(7):
                for window in windows:
                    await browser.tend()
                    if window.outdated:
                        await window.renew()
                    await window.goto(stage.url + "names.html")
                    assert (await window.observe()).observation.title == "Names"
                    pids.add(browser.pid)
            assert len(pids) == 5
            assert _running(pids - {browser.pid}) == set()
        assert _running(pids) == set()

    stage.run(scene())


def _running(pids: set[int | None], within: float = 5.0) -> set[int]:
    """Those that still run after so many seconds; one that has ended and was not fetched by its parent does not."""
    until = time.monotonic() + within
    while True:
        left = {pid for pid in pids if pid is not None and _state(pid) not in ("", "Z")}
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_nothing_is_left_when_we_are_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from webapprentice.browser import Browser\n"
        "async def stay():\n"
        "    async with Browser.launch() as browser:\n"
        "        await browser.open()\n"
        "        print(browser.pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(stay())\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    assert _running({pid}) == set()
    profiles = list(tmp_path.glob("webapprentice-profile-*"))
    assert profiles
    sweep(tmp_path)
    assert list(tmp_path.glob("webapprentice-profile-*")) == []


def test_a_document_whose_scripts_may_not_run_is_read_all_the_same(stage: Stage) -> None:
    body = b"<!doctype html><title>Still</title><button>press</button>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: sandbox\r\nConnection: close\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async def scene() -> Observation:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        window = Window(stage.browser, stage.browser.config.with_(origins=(url,)))
        await window.renew()
        await window.goto(url)
        seen = (await window.observe()).observation
        await window.close()
        server.close()
        return seen

    seen = stage.run(scene())
    assert seen.title == "Still"
    assert node(seen, "press")
